//! Signatures that are the hash of a whole file, of a section of a program or of its imports
//! (.hdb .hsb .mdb .msb .imp), hashes of good files (.fp .sfp), and the owner's lists of hashes.
//!
//! Each pair of purpose and algorithm has a table of its own, ordered by size and then by hash, so
//! that nothing is hashed whose size occurs nowhere. Start with [`HashMatcher`].

mod compiler;
mod digests;
mod matcher;
mod table;

pub(crate) use compiler::HashCompiler;
pub(crate) use matcher::{GoodFiles, HashMatcher};

/// What is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// A file.
    File,
    /// A section of a program.
    Section,
    /// The imports of a program.
    Imports,
    /// A file that is known to be good.
    Good,
}

/// By which algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Algorithm {
    Md5,
    Sha1,
    Sha256,
}

impl Algorithm {
    const ALL: [Algorithm; 3] = [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256];

    /// Octets of a hash.
    const fn width(self) -> usize {
        match self {
            Algorithm::Md5 => 16,
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
        }
    }

    /// The algorithm whose hashes have so many octets.
    fn of_width(width: usize) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|one| one.width() == width)
    }

    fn title(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha1 => "SHA-1",
            Algorithm::Sha256 => "SHA-256",
        }
    }
}

/// The tag of the section of the pack that holds a table.
fn tag(purpose: Purpose, algorithm: Algorithm) -> [u8; 4] {
    let purpose = match purpose {
        Purpose::File => b'F',
        Purpose::Section => b'S',
        Purpose::Imports => b'I',
        Purpose::Good => b'G',
    };
    let algorithm = match algorithm {
        Algorithm::Md5 => b'5',
        Algorithm::Sha1 => b'1',
        Algorithm::Sha256 => b'2',
    };
    [b'H', b'S', purpose, algorithm]
}

/// The octets of hexadecimal text; `None` when it is none.
pub(crate) fn octets_of_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |octet: u8| char::from(octet).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

/// Hexadecimal text of octets.
pub(crate) fn hex(octets: &[u8]) -> String {
    use std::fmt::Write;
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, octet| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{octet:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
