//! Every bound of this crate in one place.

/// Messages whose envelope and body descriptor are held in memory at a time. What waits beyond
/// this lies in the spool only.
pub const LOADED_MESSAGES: usize = 4096;
/// Rows of a listing made in one go before other work gets its turn.
pub const LIST_PAGE: usize = 256;
/// Octets kept of a remote reply in the record of a message.
pub const REASON_OCTETS: usize = 200;
/// Workers that may end on one mail before it is unscannable (features B-13).
pub const STRIKES: u8 = 2;
/// Longest wait that a retry schedule may name, in seconds.
pub const WAIT_SECONDS: u64 = 86_400;
/// Destinations with a queue of their own in memory; idle ones are forgotten beyond this.
pub const DESTINATIONS: usize = 10_000;
/// Steps of making room that the spool takes in one go.
pub const CHORES: usize = 16;
