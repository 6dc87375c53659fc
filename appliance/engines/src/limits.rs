//! Every bound of this crate in one place.

/// Findings of one engine in one message; a thousand infected parts are as bad as a hundred.
pub const FINDINGS: usize = 100;
/// Leaves that are told (the same number stands in `ipc::limits`, two floors up); more is a limit.
pub const LEAVES: usize = 5000;
/// Octets of the evidence of a finding.
pub const EVIDENCE_OCTETS: usize = 400;
/// Octets of the text of a message that lists of keywords look at.
pub const LISTED_OCTETS: usize = 4 * 1024 * 1024;
/// Places of one target that are told of one list.
pub const LISTED_PLACES: usize = 16;
/// Facts that one finding quotes.
pub const QUOTED: usize = 3;
/// Facts about documents that are kept to be judged together.
pub const FACTS: usize = 2000;
/// Octets of a script that are looked at.
pub const SCRIPT_OCTETS: usize = 256 * 1024;
/// Archives inside one another from which that alone is odd.
pub const NESTED_ARCHIVES: usize = 4;
/// Files of an archive up to which a script in it stands out.
pub const FEW_FILES: usize = 5;
/// Blanks before an extension that hide it.
pub const HIDING_BLANKS: usize = 8;
