//! Every bound that this crate puts on a process, in one place.

/// Descriptors a cell may hold: standard streams, its channel, two per job in flight and slack.
pub const CELL_DESCRIPTORS: u64 = 64;
/// Descriptors any other role may hold, where the hard limit allows.
pub const ROLE_DESCRIPTORS: u64 = 65_536;
/// Octets of stack, heap and writable data of a cell before its first mail.
pub const CELL_BASE_OCTETS: u64 = 24 * 1024 * 1024;
/// Address space of a cell beyond its memory limit: the program itself, its libraries, the read-only
/// pattern pack, which is mapped and shared (1 GiB at most), and what the machine that runs YARA rules
/// reserves without using it. Room and not memory: all that a cell can write counts as data, since its
/// filter allows no shared mapping.
pub const CELL_MAPPED_OCTETS: u64 = 8 * 1024 * 1024 * 1024;
/// Octets a cell may write into one file: the largest message with its added header lines.
pub const CELL_WRITTEN_OCTETS: u64 = 4 * 1024 * 1024 * 1024 + 1024 * 1024;
/// Seconds between the soft and the hard CPU limit: the soft one names its cause, the hard one kills.
pub const CPU_GRACE_SECONDS: u64 = 1;
/// Sockets handed to one child.
pub const PASSED_SOCKETS: usize = 64;
