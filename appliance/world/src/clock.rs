//! Time of day. Never sleeps and never measures how long something took.

use std::time::{SystemTime, UNIX_EPOCH};

use mail::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now. May go back when the system clock is set back.
    fn now(&self) -> Timestamp;
}

/// The system clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Timestamp {
        // A clock before 1970 is a machine without time: 0 says so without stopping mail.
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_is_past_2020() {
        assert!(RealClock.now() > Timestamp(1_577_836_800_000));
    }
}
