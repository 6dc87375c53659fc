//! How fast, and how large: `cargo run --release -p gatepost-patterns --example speed [SIGNATURES]`.
//!
//! With `--write FOLDER` it only writes the databases, for another engine to be measured with.

// A measurement may end loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

mod database;

use std::sync::Arc;
use std::time::Instant;

use filetype::{FileType, Types};
use gatepost_patterns::{CompileOptions, Pack, Scanner, Source, compile};
use unpack::{Origin, Specimen};

use database::Chance;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let count = arguments.iter().find_map(|text| text.parse().ok()).unwrap_or(1_100_000);
    let databases = database::databases(count);
    if let Some(at) = arguments.iter().position(|text| text == "--write") {
        for (name, text) in databases {
            std::fs::write(std::path::Path::new(&arguments[at + 1]).join(name), text).unwrap();
        }
        return;
    }
    let all = measure("all", databases.clone());
    scan("all", all);
    let bodies =
        databases.into_iter().filter(|row| row.0.ends_with("ndb") || row.0.ends_with("ldb"));
    scan("bodies", measure("bodies", bodies.collect()));
}

/// Compiles and opens, with times.
fn measure(name: &str, databases: Vec<(&'static str, String)>) -> Pack {
    let sources: Vec<Source> =
        databases.into_iter().map(|(name, text)| Source::new(name, text.into_bytes())).collect();
    let octets: usize = sources.iter().map(|source| source.octets.len()).sum();
    let start = Instant::now();
    let compiled = compile(&sources, &CompileOptions::default()).unwrap();
    let compiling = start.elapsed();
    drop(sources);
    let report = compiled.report;
    println!(
        "{name}: {} signatures of {} MB compiled in {compiling:.2?} to {:.1} MB; {} problems, {:?}",
        report.signatures,
        octets / 1_000_000,
        compiled.octets.len() as f64 / 1e6,
        report.problems.len() as u64 + report.more_problems,
        report.unsupported
    );
    let start = Instant::now();
    let pack = Pack::open(Arc::new(compiled.octets)).unwrap();
    let scanner = Scanner::new(pack.clone()).unwrap();
    println!("{name}: opened with a scanner in {:.2?}", start.elapsed());
    drop(scanner);
    let start = Instant::now();
    pack.verify().unwrap();
    println!("{name}: verified in {:.2?}", start.elapsed());
    for (tag, section) in pack.sections() {
        if section.len() > 100_000 {
            println!(
                "{name}: section {} {:.2} MB",
                String::from_utf8_lossy(&tag),
                section.len() as f64 / 1e6
            );
        }
    }
    pack
}

/// Scans several kinds of octets, with speeds.
fn scan(name: &str, pack: Pack) {
    let mut scanner = Scanner::new(pack).unwrap();
    let mut chance = Chance(7);
    let binary: Vec<u8> = (0..4 << 20).flat_map(|_| chance.number().to_le_bytes()).collect();
    let words: Vec<String> = (0..5000).map(|_| word(&mut chance)).collect();
    let mut text = String::new();
    while text.len() < 32 << 20 {
        text.push_str(&words[chance.below(5000) as usize]);
        text.push(if chance.below(12) == 0 { '\n' } else { ' ' });
    }
    let mut program = b"MZ".to_vec();
    program.extend_from_slice(&binary[..8 << 20]);
    for (kind, octets, piece) in [
        ("unknown", &binary[..], 32 << 20),
        ("unknown", &binary[..], 30_000),
        ("pe-exe", &program[..], 30_000),
        ("text", text.as_bytes(), 32 << 20),
        ("text", text.as_bytes(), 30_000),
        ("html", text.as_bytes(), 30_000),
    ] {
        let types = Types::of(FileType::named(kind).unwrap());
        let mut hits = Vec::new();
        let start = Instant::now();
        for octets in octets.chunks(piece) {
            let specimen = Specimen {
                place: "",
                name: "",
                origin: Origin::Part,
                types: &types,
                octets,
                depth: 0,
                parent: None,
            };
            scanner.begin();
            scanner.scan(&specimen, &mut hits);
        }
        let speed = octets.len() as f64 / start.elapsed().as_secs_f64() / 1e6;
        println!("{name}: {kind} in pieces of {piece}: {speed:.0} MB/s, {} hits", hits.len());
    }
}

fn word(chance: &mut Chance) -> String {
    let length = 2 + chance.below(9);
    (0..length)
        .map(|_| char::from(b"eeettaaooinnssrhldcumfpgwybvkxjqz"[chance.below(33) as usize]))
        .collect()
}
