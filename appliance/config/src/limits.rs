//! Every bound of this crate in one place.

/// Revision files kept.
pub const REVISION_FILES: u64 = 50;
/// Revisions kept in sled; older ones cannot be restored.
pub const REVISIONS: u64 = 500;
/// Octets of a record inside sled. Above about 128 KB sled writes files that it never syncs.
pub const RECORD_OCTETS: usize = 64 * 1024;
/// Octets of one revision, wherever it lies.
pub const REVISION_OCTETS: usize = 64 * 1024 * 1024;
/// Octets that sled may cache. It has been seen to take several times what it is given.
pub const CACHE_OCTETS: u64 = 16 * 1024 * 1024;
/// Damaged stores kept for a look.
pub const SET_ASIDE: usize = 3;
/// Starts that may end while sled is being opened before it is set aside unread: a damaged file
/// can make it abort the process, which nothing here can catch.
pub const OPENINGS: u64 = 3;
/// Characters of a reason.
pub const REASON_CHARACTERS: usize = 1000;
/// How often a locked sled is tried again. Only this process can hold it: the threads of a sled
/// that was just closed end a moment later.
pub const LOCK_TRIES: u32 = 100;
/// Milliseconds between two such tries.
pub const LOCK_WAIT_MILLISECONDS: u64 = 20;
