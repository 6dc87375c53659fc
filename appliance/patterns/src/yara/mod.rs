//! YARA rules (.yar, .yara), by YARA-X.
//!
//! Rules are compiled when the pack is made and stored in YARA-X's own form, which must come from a
//! trusted hand: the section has a checksum of its own, and a pack is signed as a whole. A cell has
//! no threads, so YARA-X's time limit (a thread) is not used: what bounds a scan are
//! [`crate::limits::YARA_OCTETS`], [`crate::limits::YARA_MATCHES`] and the cell's CPU limit.

mod compiler;
mod matcher;

use serde::{Deserialize, Serialize};

pub(crate) use compiler::YaraCompiler;
pub(crate) use matcher::YaraMatcher;

/// The section of the pack: CRC-32C of the rest, octets of the table, table, rules.
const SECTION: [u8; 4] = *b"YARA";

/// One rule: where its name stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    namespace: String,
    rule: String,
    name: u32,
}

#[cfg(test)]
mod tests;
