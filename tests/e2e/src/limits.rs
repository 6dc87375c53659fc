//! Every bound of the harness in one place.

use std::time::Duration;

/// A gateway that is not ready after this has failed to start.
pub const START: Duration = Duration::from_secs(60);
/// A reply that has not come after this will not come.
pub const REPLY: Duration = Duration::from_secs(60);
/// Mail that has not moved after this is stuck.
pub const DELIVERY: Duration = Duration::from_secs(120);
/// How often a condition that nothing announces (a file, a process) is looked at.
pub const LOOK: Duration = Duration::from_millis(5);
/// Octets of one reply line that the client reads.
pub const REPLY_LINE: usize = 4096;
