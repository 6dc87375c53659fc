//! Every bound of this crate in one place.

/// Characters of a text unless the field says otherwise.
pub const TEXT_CHARACTERS: u64 = 1024;
/// Entries of a list unless the field says otherwise.
pub const LIST_ENTRIES: u64 = 100_000;
/// Steps of a dotted path.
pub const PATH_STEPS: usize = 16;
/// Octets of an import document.
pub const DOCUMENT_OCTETS: usize = 16 * 1024 * 1024;
/// Problems that one check reports; more help nobody.
pub const PROBLEMS: usize = 200;
/// Characters of a value that a problem quotes.
pub const QUOTED_CHARACTERS: usize = 60;
/// Assignments in one patch.
pub const CHANGES: usize = 10_000;
