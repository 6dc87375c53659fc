//! Phishing by links: what a link shows against where it leads (.pdb, .wdb), and hashes of known
//! addresses (.gdb). Format: docs.clamav.net, "Phishing signatures".
//!
//! A link is suspected when its text names a host that phishing likes to pretend (.pdb), and it
//! leads to a host of somebody else, unless the pair is known to be good (.wdb).

mod compiler;
mod matcher;

use serde::{Deserialize, Serialize};

pub(crate) use compiler::PhishingCompiler;
pub(crate) use matcher::PhishingMatcher;

/// The section of the pack: one [`Rules`].
const SECTION: [u8; 4] = *b"PHSH";

/// A regular expression, and what stands in everything that it matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pattern {
    text: String,
    needed: Vec<u8>,
    /// Number of the name; 0 where there is none.
    name: u32,
}

/// Everything that the sources said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Rules {
    /// Hosts that phishing pretends to be, with the number of the name.
    hosts: Vec<(String, u32)>,
    /// Expressions over `target:text`.
    patterns: Vec<Pattern>,
    /// Pairs of hosts of target and text that are good.
    good_pairs: Vec<(String, String)>,
    /// Expressions over `target:text/` that are good.
    good_patterns: Vec<Pattern>,
    /// Hashes of addresses, in order, with the number of the name.
    hashes: Vec<([u8; 32], u32)>,
    /// Hashes of addresses that are good, in order.
    good_hashes: Vec<[u8; 32]>,
}

#[cfg(test)]
mod tests;
