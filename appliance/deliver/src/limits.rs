//! Every bound of this crate in one place.

/// Octets of a message that is framed in memory as a whole; larger ones are read twice, chunk by
/// chunk: once to check them, once to send them.
pub const WHOLE_MESSAGE_OCTETS: u64 = 256 * 1024;
/// Octets read from a larger message, and written to the next hop, at a time.
pub const CHUNK_OCTETS: usize = 64 * 1024;
/// Octets of a message buffer that an idle connection keeps for the next message.
pub const KEPT_BUFFER_OCTETS: usize = 64 * 1024;
/// Octets read from a next hop at a time.
pub const READ_OCTETS: usize = 4096;
/// Hosts of one next hop that are looked at.
pub const HOSTS: usize = 10;
/// Addresses tried in one attempt before it is given up.
pub const ADDRESSES: usize = 6;
/// Idle connections kept in all.
pub const IDLE_CONNECTIONS: usize = 500;
/// Addresses remembered as being down or as having broken TLS.
pub const REMEMBERED_ADDRESSES: usize = 10_000;
/// Seconds for which an address that did not answer is tried last.
pub const DOWN_SECONDS: u64 = 60;
/// Seconds for which an address whose TLS failed is spoken to in clear text (opportunistic only).
pub const CLEAR_TEXT_SECONDS: u64 = 600;
/// Seconds for the reply to the end of the data (RFC 5321 section 4.5.3.2.6: 10 minutes).
pub const END_OF_DATA_SECONDS: u64 = 600;
/// Seconds for the reply to QUIT; nothing depends on it.
pub const QUIT_SECONDS: u64 = 2;
/// Seconds for a TLS handshake.
pub const HANDSHAKE_SECONDS: u64 = 30;
/// Seconds in which attempts under way may end when the role is stopped.
pub const STOP_SECONDS: u64 = 10;
/// Octets of the file with the trusted certificates.
pub const CERTIFICATES_OCTETS: u64 = 16 * 1024 * 1024;
/// Seconds for a reply that explains why a next hop stopped reading the message.
pub const LAST_WORDS_SECONDS: u64 = 2;
