//! A synthetic set of signatures in ClamAV's formats, in the mix of the real one.
//!
//! The mix is that of ClamAV's main and daily databases: of all signatures about 62 % are hashes of
//! sections (.mdb, .msb), 30 % hashes of files (.hdb, .hsb), 5 % extended bodies (.ndb) and 3 %
//! logical signatures (.ldb). Half of the hashes are MD5, half SHA-256. Of the extended ones six in
//! ten are plain octets, the others have gaps, nibbles and alternatives; one in three is for PE,
//! with offsets of programs. The same count always gives the same octets, for any engine.

use std::fmt::Write;

/// Names and texts of the databases with so many signatures in all.
pub fn databases(signatures: usize) -> Vec<(&'static str, String)> {
    let mut chance = Chance(0x5eed);
    let of = |percent: usize| signatures * percent / 100;
    vec![
        ("synthetic.mdb", lines(of(31), |at, line| section(&mut chance, at, 16, line))),
        ("synthetic.msb", lines(of(31), |at, line| section(&mut chance, at, 32, line))),
        ("synthetic.hdb", lines(of(15), |at, line| file(&mut chance, at, 16, line))),
        ("synthetic.hsb", lines(of(15), |at, line| file(&mut chance, at, 32, line))),
        ("synthetic.ndb", lines(of(5), |at, line| extended(&mut chance, at, line))),
        ("synthetic.ldb", lines(of(3), |at, line| logical(&mut chance, at, line))),
    ]
}

/// Octets by chance that can be repeated (SplitMix64).
pub struct Chance(pub u64);

impl Chance {
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound
    }
}

fn lines(count: usize, mut line: impl FnMut(usize, &mut String)) -> String {
    let mut text = String::new();
    for at in 0..count {
        line(at, &mut text);
        text.push('\n');
    }
    text
}

fn hex(chance: &mut Chance, octets: u64, out: &mut String) {
    for _ in 0..octets {
        let _ = write!(out, "{:02x}", chance.below(256));
    }
}

/// Sizes of files and sections are multiples of 512 more often than not.
fn size(chance: &mut Chance) -> u64 {
    if chance.below(4) > 0 {
        512 * (1 + chance.below(4000))
    } else {
        1000 + chance.below(3_000_000)
    }
}

fn section(chance: &mut Chance, at: usize, octets: u64, out: &mut String) {
    let _ = write!(out, "{}:", size(chance));
    hex(chance, octets, out);
    let _ = write!(out, ":Win.Trojan.Agent-{}", 1_000_000 + at);
}

fn file(chance: &mut Chance, at: usize, octets: u64, out: &mut String) {
    hex(chance, octets, out);
    let _ = write!(out, ":{}:Win.Malware.Generic-{}", size(chance), 4_000_000 + at);
}

fn extended(chance: &mut Chance, at: usize, out: &mut String) {
    let offset = ["*", "*", "EP+0", "EP+16,64", "S0+32", "EOF-512,256"][chance.below(6) as usize];
    let target =
        if offset.contains(['P', 'S']) { 1 } else { [0, 0, 1, 3, 7][chance.below(5) as usize] };
    let _ = write!(out, "Win.Trojan.Body-{at}:{target}:{offset}:");
    body(chance, out);
}

fn body(chance: &mut Chance, out: &mut String) {
    let length = 8 + chance.below(56);
    hex(chance, length, out);
    if chance.below(10) < 6 {
        return;
    }
    for _ in 0..1 + chance.below(4) {
        out.push_str(
            ["{4}", "{-20}", "*", "??", "4?", "(41|42)", "{10-80}"][chance.below(7) as usize],
        );
        let length = 4 + chance.below(12);
        hex(chance, length, out);
    }
}

fn logical(chance: &mut Chance, at: usize, out: &mut String) {
    let parts = 2 + chance.below(4);
    let expression: Vec<String> = (0..parts).map(|part| part.to_string()).collect();
    let _ = write!(
        out,
        "Win.Downloader.Logical-{at};Engine:81-255,Target:{};{}",
        chance.below(2),
        expression.join("&")
    );
    for _ in 0..parts {
        out.push(';');
        let words = 3 + chance.below(3);
        for _ in 0..words {
            word(chance, out);
        }
        if chance.below(3) == 0 {
            out.push_str("::i");
        }
    }
}

/// A syllable of letters, as most parts of logical signatures are texts.
fn word(chance: &mut Chance, out: &mut String) {
    for set in [&b"bcdfghjklmnpqrstvwxz"[..], b"aeiouy", b"bcdfghjklmnpqrstvwxz.-_/ 0123456789"] {
        let letter = set[chance.below(set.len() as u64) as usize];
        let _ = write!(out, "{letter:02x}");
    }
}
