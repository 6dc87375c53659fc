//! Every bound of this crate in one place.

/// Octets after which a segment of messages is closed and the next one begun.
pub const SEGMENT_OCTETS: u64 = 64 << 20;
/// Octets after which a segment of the journal is closed. Small, so that it is read whole.
pub const JOURNAL_OCTETS: u64 = 16 << 20;
/// Octets of zeros written ahead of the records. A sync that only overwrites needs no commit of the
/// file system's own journal, which halves its time and its CPU (measured on ext4: 98 against
/// 200 microseconds).
pub const AHEAD_OCTETS: u64 = 1 << 20;
/// Octets of a record's head: an encoded envelope or a message's state.
pub const HEAD_OCTETS: usize = 8 << 20;
/// Octets of a body that is kept inside a segment; a larger one has a file of its own.
pub const INLINE_OCTETS: usize = 256 << 10;
/// Octets of bodies of all open drafts together that are held in memory.
pub const DRAFT_MEMORY_OCTETS: usize = 64 << 20;
/// Octets that one group commit writes at most, so that the first of a group never waits long.
pub const GROUP_OCTETS: u64 = 8 << 20;
/// Messages in one group commit at most.
pub const GROUP_MESSAGES: usize = 512;
/// Segments that the keeper holds open for reading.
pub const OPEN_SEGMENTS: usize = 64;
/// Messages copied out of a nearly empty segment in one step of tidying.
pub const COPIES_PER_STEP: usize = 256;
/// Octets copied out in one step of tidying.
pub const COPY_OCTETS: u64 = 4 << 20;
/// Records of an old journal segment gone through in one step of tidying.
pub const CLEANED_PER_STEP: usize = 4096;
/// Octets read at once when a segment is searched.
pub const WINDOW_OCTETS: usize = 256 << 10;
/// The reserve, if none is set: this many octets or [`RESERVE_PERCENT`], whichever is less.
pub const RESERVE_OCTETS: u64 = 2 << 30;
/// See [`RESERVE_OCTETS`].
pub const RESERVE_PERCENT: u64 = 5;
/// Drafts between two looks at the room left on the disk.
pub const DRAFTS_PER_LOOK: u64 = 32;
