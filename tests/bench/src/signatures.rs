//! Made ClamAV databases of the size and mix of the real ones: none of them matches anything.
//!
//! The mix, by kind: 62 % hashes of PE sections (.mdb, .msb), 30 % hashes of files (.hdb, .hsb), 5 %
//! body signatures (.ndb), 3 % logical signatures (.ldb). That is about what `main` and `daily`
//! held together in their last published counts, with the byte code left out. Every tenth body
//! signature has wildcards, every twentieth alternatives; a fifth of them is for any file, half for
//! PE files, the rest for HTML, OLE, mail, text, ELF and PDF.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use gatepost_test_e2e::Random;

/// Signatures of a full database.
pub const COUNT: u64 = 1_100_000;

/// Makes the line of one number.
type Make = fn(&mut Random, u64) -> String;

/// Writes databases of about `count` signatures into a folder; gives the number written.
///
/// # Errors
/// The kernel's.
pub fn write(folder: &Path, count: u64) -> Result<u64> {
    let mut random = Random::new(1988);
    let kinds: [(&str, u64, Make); 6] = [
        ("bench.mdb", count * 55 / 100, |random, number| {
            format!("{}:{}:Win.Trojan.Bench-{number}-0", size(random), hex(random, 16))
        }),
        ("bench.msb", count * 7 / 100, |random, number| {
            format!("{}:{}:Win.Malware.Bench-{number}-1:73", size(random), hex(random, 32))
        }),
        ("bench.hdb", count * 20 / 100, |random, number| {
            format!("{}:{}:Win.Trojan.Bench-{number}-2", hex(random, 16), size(random))
        }),
        ("bench.hsb", count * 10 / 100, |random, number| {
            format!("{}:{}:Doc.Dropper.Bench-{number}-3:73", hex(random, 32), size(random))
        }),
        ("bench.ndb", count * 5 / 100, body),
        ("bench.ldb", count * 3 / 100, logical),
    ];
    let mut written = 0;
    for (name, many, make) in kinds {
        let mut file = BufWriter::new(File::create(folder.join(name))?);
        for number in 0..many {
            writeln!(file, "{}", make(&mut random, number))?;
        }
        file.flush()?;
        written += many;
    }
    Ok(written)
}

fn below(random: &mut Random, bound: u64) -> u64 {
    random.number() % bound
}

/// Sizes of files and sections: multiples of 512 as often as not.
fn size(random: &mut Random) -> u64 {
    let size = 200 + below(random, 2_000_000);
    if random.number() & 1 == 0 { size / 512 * 512 + 512 } else { size }
}

fn hex(random: &mut Random, octets: u64) -> String {
    (0..octets).map(|_| format!("{:02x}", random.number() & 255)).collect()
}

/// Octets that look like text, for signatures on HTML, mail and scripts.
fn words(random: &mut Random, octets: u64) -> String {
    (0..octets).map(|_| format!("{:02x}", b'a' + (random.number() % 26) as u8)).collect()
}

/// The octets of one pattern: 12 to 60 fixed ones, sometimes with wildcards or alternatives.
fn pattern(random: &mut Random, is_text: bool) -> String {
    let draw = |random: &mut Random, octets| {
        if is_text { words(random, octets) } else { hex(random, octets) }
    };
    let octets = 12 + below(random, 48);
    let first = draw(random, octets);
    match random.number() % 20 {
        0 => format!("{first}*{}", draw(random, 10)),
        1 => format!("{first}{{{}-{}}}{}", 2, 2 + below(random, 60), draw(random, 8)),
        2 => {
            let (one, other) = (draw(random, 2), draw(random, 2));
            format!("{first}({one}|{other}){}", draw(random, 6))
        }
        3 => format!("{first}????{}", draw(random, 6)),
        _ => first,
    }
}

/// Target type, and whether its octets are text.
fn target(random: &mut Random) -> (u8, bool) {
    match random.number() % 20 {
        0..4 => (0, false),
        4..14 => (1, false),
        14 | 15 => (3, true),
        16 => (2, false),
        17 => (4, true),
        18 => (7, true),
        _ if random.number() & 1 == 0 => (6, false),
        _ => (10, false),
    }
}

fn body(random: &mut Random, number: u64) -> String {
    let (target, is_text) = target(random);
    let offset = match random.number() % 20 {
        0..3 if target == 1 => "EP+0".to_owned(),
        3 | 4 => below(random, 4096).to_string(),
        5 => format!("EOF-{}", 60 + below(random, 4096)),
        _ => "*".to_owned(),
    };
    format!("Win.Trojan.Bench-{number}-4:{target}:{offset}:{}", pattern(random, is_text))
}

fn logical(random: &mut Random, number: u64) -> String {
    let (target, is_text) = target(random);
    let many = 2 + below(random, 4);
    // Every subsignature must be spoken of: clamd takes no other.
    let all: Vec<String> = (0..many).map(|at| at.to_string()).collect();
    let expression = match random.number() % 4 {
        0 => all.join("|"),
        1 => format!("{}>1", all.join("&")),
        _ => all.join("&"),
    };
    let patterns: Vec<String> = (0..many).map(|_| pattern(random, is_text)).collect();
    format!(
        "Win.Malware.Bench-{number}-5;Engine:81-255,Target:{target};{expression};{}",
        patterns.join(";")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mix_is_as_told_and_comes_again() {
        let write_one = || {
            let folder = tempfile::TempDir::new().unwrap();
            let written = write(folder.path(), 2000).unwrap();
            let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
            (written, read("bench.ndb"), read("bench.ldb"), read("bench.mdb").lines().count())
        };
        let (written, bodies, logical, sections) = write_one();
        assert_eq!((written, sections, bodies.lines().count()), (2000, 1100, 100));
        for line in logical.lines() {
            let fields: Vec<&str> = line.split(';').collect();
            let spoken = fields[2].replace(">1", "").split(['&', '|']).count();
            assert_eq!(spoken, fields.len() - 3, "{line}");
        }
        assert_eq!(write_one().1, bodies);
    }
}
