//! Every bound on what a next hop may send us, and on what we send it in one go.

/// Octets of one reply line, its end included. RFC 5321 section 4.5.3.1.5 says 512; hosts that
/// explain a refusal at length go beyond it, so four times as much is read.
pub const REPLY_LINE_OCTETS: usize = 2048;
/// Lines of one reply.
pub const REPLY_LINES: usize = 100;
/// Commands written in one group under PIPELINING. A remote that does not read while it writes
/// (RFC 2920 section 3.1) cannot be driven into a deadlock by so few.
pub const PIPELINED_COMMANDS: usize = 128;
