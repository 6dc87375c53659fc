//! Every bound of this crate in one place.

/// Octets of a connection's read buffer at its start. It must hold the longest command line.
pub const BUFFER_START_OCTETS: usize = 4096;
/// Octets of a connection's read buffer when a body begins: most messages fit.
pub const BUFFER_BODY_OCTETS: usize = 16 * 1024;
/// Octets of a connection's read buffer at most.
pub const BUFFER_OCTETS: usize = 64 * 1024;
/// Messages that are sealed but not answered by queue before new ones get 451.
pub const UNANSWERED_MESSAGES: usize = 10_000;
/// Numbers of closed segments that are told again to a restarted queue.
pub const CLOSED_SEGMENTS: usize = 65_536;
/// Octets of one Received field that are looked at.
pub const RECEIVED_FIELD_OCTETS: usize = 2048;
/// Octets of the `by` name that are kept to name a hop.
pub const HOP_NAME_OCTETS: usize = 100;
/// Received fields with our own name before a message counts as looping.
pub const OWN_HOPS: u32 = 3;
/// Records per second about connections that came to nothing.
pub const ENDED_RECORDS_A_SECOND: u32 = 200;
/// Octets that are read and dropped after we close, so that the client sees our last reply.
pub const LINGER_OCTETS: usize = 256 * 1024;
/// Seconds of that reading.
pub const LINGER_SECONDS: u64 = 2;
/// Seconds for a TLS handshake.
pub const HANDSHAKE_SECONDS: u64 = 30;
/// Seconds that sessions get to end when the role stops.
pub const STOP_SECONDS: u64 = 10;
/// Descriptors this role asks for: each connection takes one, each unanswered message two.
pub const DESCRIPTORS: u64 = 65_536;
/// Recipients of one message, whatever the settings say.
pub const RECIPIENTS: u32 = 99_999;
/// Seconds that the last records get to reach the ledger when the role stops.
pub const FLUSH_SECONDS: u64 = 2;
/// Seconds that the start waits for queue before doors open all the same.
pub const QUEUE_SECONDS: u64 = 5;
