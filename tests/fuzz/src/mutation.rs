//! Inputs of a target: its corpus, its seeds, and mutations of both by a fixed seed.

use std::path::Path;

use gatepost_test_e2e::Random;

use crate::Target;

/// Octets that matter to the parsers, offered to the mutations.
const SPICE: [&[u8]; 16] = [
    b"\r\n",
    b"\r",
    b"\n",
    b".",
    b"\r\n.\r\n",
    b"\0",
    b"\xff",
    b"<",
    b">",
    b"@",
    b"--",
    b"\r\n\r\n",
    b"BDAT 5 LAST\r\n",
    b"250-",
    b"{",
    b"=?utf-8?B?",
];

/// The corpus and the seeds of a target, each with a name, in a fixed order.
///
/// # Panics
/// When a file cannot be read.
#[must_use]
pub fn corpus(target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let mut inputs: Vec<(String, Vec<u8>)> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let octets = std::fs::read(entry.path()).unwrap();
            let octets = if name.ends_with(".escaped") { unescape(&octets) } else { octets };
            (name, octets)
        })
        .collect();
    let seeds = (target.seeds)().into_iter().enumerate();
    inputs.extend(seeds.map(|(number, octets)| (format!("seed {number}"), octets)));
    inputs.sort();
    inputs
}

/// Files named `.escaped` are text: `\r`, `\n`, `\t`, `\0`, `\\`, `\xHH`; real line ends are dropped.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut octets = text.iter().copied().filter(|octet| *octet != b'\n');
    while let Some(octet) = octets.next() {
        out.push(match (octet, octet == b'\\') {
            (_, true) => match octets.next().unwrap() {
                b'r' => b'\r',
                b'n' => b'\n',
                b't' => b'\t',
                b'0' => 0,
                b'x' => {
                    let digits = [octets.next().unwrap(), octets.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                other => other,
            },
            (plain, false) => plain,
        });
    }
    out
}

/// One to four changes to an input.
#[must_use]
pub fn mutate(input: &[u8], random: &mut Random) -> Vec<u8> {
    let mut octets = input.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(octets.len() as u64 + 1) as usize;
        match random.below(5) {
            0 if at < octets.len() => octets[at] = random.number() as u8,
            1 => drop(octets.splice(at..at, random.one_of(&SPICE).iter().copied())),
            2 => octets.truncate(at),
            3 if at < octets.len() => {
                let end = (at + random.below(16) as usize).min(octets.len());
                octets.drain(at..end);
            }
            _ => {
                let end = (at + random.below(64) as usize).min(octets.len());
                let copy = octets[at..end].to_vec();
                octets.splice(at..at, copy);
            }
        }
    }
    octets
}

/// Runs one input; when it panics, the input is printed so that it can go into the corpus.
pub fn attempt(target: &Target, name: &str, input: &[u8]) {
    let outcome = std::panic::catch_unwind(|| (target.run)(input));
    if let Err(panic) = outcome {
        eprintln!("{} on {name}:\n{}", target.name, input.escape_ascii());
        std::panic::resume_unwind(panic);
    }
}
