//! What is read in pictures, and how long that takes: `cargo run --release -p gatepost-spam
//! --example pictures -- FILE...`

use std::time::Instant;

use gatepost_spam::{Around, Sights};

/// Times that each picture is read.
const ROUNDS: u32 = 20;

fn main() -> Result<(), std::io::Error> {
    for path in std::env::args().skip(1) {
        let octets = std::fs::read(&path)?;
        let types = filetype::identify(&octets);
        let start = Instant::now();
        for _ in 0..ROUNDS {
            Sights::default().picture(&octets, &types);
        }
        let taken = start.elapsed() / ROUNDS;
        let mut sights = Sights::default();
        sights.picture(&octets, &types);
        let mail = message::read(b"From: a@example.org\r\n\r\n");
        let sight = sights.sight(&mail, &[], Around::default());
        println!("{path}: {:?}, {:?}, {taken:?}", sight.pictures, sight.codes);
    }
    Ok(())
}
