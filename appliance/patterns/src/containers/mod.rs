//! Signatures on what a container says of its members (.cdb): name, sizes, place, encryption.
//! Format: docs.clamav.net, "Signatures based on container metadata".
//!
//! Where clamscan 1.4.6 goes its own ways, this follows the documentation: clamscan was seen to
//! pay no heed to the checksum field.

mod compiler;
mod matcher;

use serde::{Deserialize, Serialize};

pub(crate) use compiler::ContainerCompiler;
pub(crate) use matcher::ContainerMatcher;

/// The section of the pack: a list of [`Signature`].
const SECTION: [u8; 4] = *b"CDB ";

/// Numbers from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Span(u64, u64);

impl Span {
    const ANY: Span = Span(0, u64::MAX);

    fn has(self, number: u64) -> bool {
        (self.0..=self.1).contains(&number)
    }
}

/// In which containers a member may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Holder {
    Any,
    /// A message: the member is an attachment.
    Mail,
    /// A container of this type (`filetype::FileType::name`).
    Named(String),
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Signature {
    name: u32,
    holder: Holder,
    holder_octets: Span,
    /// Regular expression over the path of the member in its container; empty for any.
    pattern: String,
    /// What stands in every path that the pattern matches, lower case.
    needed: Vec<u8>,
    packed: Span,
    real: Span,
    encrypted: Option<bool>,
    number: Span,
    crc32: Option<u32>,
}

#[cfg(test)]
mod tests;
