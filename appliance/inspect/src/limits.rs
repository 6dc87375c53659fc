//! Every bound of this crate in one place.

use std::time::Duration;

/// Octets of leaf paths and types in one answer, so that it stays below `ipc::limits::ANSWER_OCTETS`.
pub const LEAVES_TEXT_OCTETS: usize = 256 * 1024;
/// Octets of the texts of findings in one answer, for the same reason.
pub const FINDINGS_TEXT_OCTETS: usize = 384 * 1024;
/// A message is read into memory whole when it is at most this part of a cell's memory: decoding
/// may need as much again for each of two nested encodings.
pub const BODY_SHARE: u64 = 3;
/// Octets read or copied at a time.
pub const CHUNK_OCTETS: usize = 64 * 1024;
/// Octets of buffer that a cell keeps between messages.
pub const KEPT_BUFFER_OCTETS: usize = 1024 * 1024;
/// A cell retires when its scans took this part of its CPU limit, so that every message has most of
/// the limit for itself.
pub const CPU_SHARE: u32 = 4;
/// A cell retires when it had more memory than this part of its limit above what a fresh one has:
/// what one large message left behind is given back to the system.
pub const MEMORY_SHARE: u64 = 2;
/// A message ends by itself when it has used all parts but one of the time after which its cell is
/// killed.
pub const TIME_PARTS: u32 = 5;
/// How often the keeper looks for a new pattern pack.
pub const PACK_LOOK: Duration = Duration::from_secs(1);
/// How long the keeper waits before it offers again what cells refused and what nothing can replace.
pub const OFFER_AGAIN: Duration = Duration::from_secs(2);
/// The header of the messages on which a cell tries out an outfit.
pub const TRIAL_HEAD: &[u8] = b"From: a@example.test\r\nTo: b@example.test\r\nSubject: trial\r\n\
    Date: Thu, 1 Jan 1970 00:00:00 +0000\r\nMessage-ID: <trial@example.test>\r\n\r\n";
/// Octets of a text that explains a failure.
pub const REASON_OCTETS: usize = 300;
/// A cell that ends sooner than this, other than by retiring, ended in haste.
pub const HASTE: Duration = Duration::from_secs(1);
/// Cells that may end in haste, one after another, before the keeper slows down.
pub const HASTY_ENDS: u32 = 16;
/// The longest wait before the next cell after many hasty ends.
pub const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// Cells at most, whatever the machine or the settings say.
pub const CELLS: usize = 256;
/// Recipients whose domains are taken for the owner's.
pub const OWN_DOMAINS: usize = 100;
