//! Every bound of this crate in one place.

use std::time::Duration;

/// Octets of leaf paths and types in one answer, so that it stays below `ipc::limits::ANSWER_OCTETS`.
pub const LEAVES_TEXT_OCTETS: usize = 256 * 1024;
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
