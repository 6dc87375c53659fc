//! Every bound of this crate in one place.

use std::time::Duration;

/// Octets of one frame: an envelope with 99,999 long recipients fits, a hostile length does not.
pub const FRAME_OCTETS: usize = 64 * 1024 * 1024;
/// Octets of one answer of a cell.
pub const ANSWER_OCTETS: usize = 1024 * 1024;
/// Terms of a judgement of unwanted mail.
pub const SPAM_TERMS: usize = 40;
/// Features that are learned of one message.
pub const MATERIAL_FEATURES: usize = 2000;
/// Octets of the sketch of a text.
pub const SKETCH_OCTETS: usize = 128;
/// Domains of recipients in what is learned of a message.
pub const MATERIAL_DOMAINS: usize = 8;
/// Octets of a domain (RFC 5321 section 4.5.3.1.2).
pub const DOMAIN_OCTETS: usize = 255;
/// Octets of the table of what was taught.
pub const LEARNED_OCTETS: usize = 256 * 1024;
/// Findings in one answer of a cell.
pub const FINDINGS: usize = 1000;
/// Leaves in one answer of a cell.
pub const LEAVES: usize = 5000;
/// Octets of one text inside a finding.
pub const FINDING_TEXT_OCTETS: usize = 1024;
/// True types of one leaf in one answer of a cell.
pub const LEAF_TYPES: usize = 8;
/// Octets of the name of a type.
pub const TYPE_NAME_OCTETS: usize = 32;
/// Descriptors in one frame.
pub const DESCRIPTORS: usize = 4;
/// Frames gathered into one system call.
pub const GATHER_FRAMES: usize = 64;
/// Callers at a time that have not said who they are.
pub const UNHEARD_CALLERS: usize = 64;
/// Wait before a connection that has ended is made again, and before a failed accept is tried again:
/// a peer that takes callers and drops them must not keep both busy.
pub const PAUSE: Duration = Duration::from_millis(100);
/// Events that a role keeps in memory while the ledger is away; what comes then is dropped, counted.
pub const PENDING_EVENTS: usize = 200_000;
/// Octets of a pattern pack: 1.1 million signatures take a twentieth of it.
pub const PACK_OCTETS: u64 = 1024 * 1024 * 1024;
