//! When to try again, when to tell, when to give up. Pure: time and chance are parameters.

use mail::Timestamp;

use crate::settings::Retry;

/// What follows from an attempt that did not end the matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Try again then.
    Again(Timestamp),
    /// The lifetime is over.
    GiveUp,
}

/// When to try again after `attempts` attempts (at least 1). `chance` is any random number: it
/// moves the wait by up to 10 % either way, so that a herd does not come back as one.
#[must_use]
pub fn next(
    retry: &Retry,
    received: Timestamp,
    now: Timestamp,
    attempts: u32,
    null_sender: bool,
    chance: u32,
) -> Next {
    let end = end(retry, received, null_sender);
    if now >= end {
        return Next::GiveUp;
    }
    let place = (attempts.max(1) as usize - 1).min(retry.waits_seconds.len().saturating_sub(1));
    let wait = retry.waits_seconds.get(place).copied().unwrap_or(3600) * 1000;
    let jitter = wait / 5 * u64::from(chance % 1001) / 1000;
    let at = Timestamp(now.0 + wait - wait / 10 + jitter);
    // One last attempt falls at the end of the lifetime.
    Next::Again(at.min(end))
}

/// When mail is given up.
#[must_use]
pub fn end(retry: &Retry, received: Timestamp, null_sender: bool) -> Timestamp {
    let lifetime = if null_sender { retry.notice_lifetime_seconds } else { retry.lifetime_seconds };
    received.plus_seconds(lifetime)
}

/// Whether the sender is to be told now that its mail is late.
#[must_use]
pub fn is_late(retry: &Retry, received: Timestamp, now: Timestamp) -> bool {
    retry.delay_notice_seconds > 0 && now >= received.plus_seconds(retry.delay_notice_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_000_000);

    #[test]
    fn waits_follow_the_list_and_the_last_repeats() {
        let retry = Retry::default();
        for (attempts, seconds) in [(1, 300), (2, 600), (5, 3600), (6, 3600), (100, 3600)] {
            let Next::Again(at) = next(&retry, START, START, attempts, false, 500) else {
                panic!("given up");
            };
            assert_eq!(at, START.plus_seconds(seconds), "{attempts}");
        }
    }

    #[test]
    fn the_lifetime_ends_it_and_notices_live_shorter() {
        let retry = Retry::default();
        let late = START.plus_seconds(86_400);
        assert_eq!(next(&retry, START, late, 30, true, 0), Next::GiveUp);
        assert!(matches!(next(&retry, START, late, 30, false, 0), Next::Again(_)));
        let end = START.plus_seconds(432_000);
        assert_eq!(next(&retry, START, end, 99, false, 0), Next::GiveUp);
        let before = Timestamp(end.0 - 1);
        assert_eq!(next(&retry, START, before, 99, false, 0), Next::Again(end));
    }

    #[test]
    fn lateness_can_be_switched_off() {
        let mut retry = Retry::default();
        assert!(is_late(&retry, START, START.plus_seconds(14_400)));
        retry.delay_notice_seconds = 0;
        assert!(!is_late(&retry, START, START.plus_seconds(999_999)));
    }

    proptest::proptest! {
        #[test]
        fn the_jitter_stays_within_a_tenth(chance: u32, attempts in 1_u32..50) {
            let retry = Retry::default();
            let Next::Again(at) = next(&retry, START, START, attempts, false, chance) else {
                panic!("given up");
            };
            let wait = retry.waits_seconds[(attempts as usize - 1).min(4)] * 1000;
            let waited = at.since(START);
            assert!(waited >= wait * 9 / 10 && waited <= wait * 11 / 10);
        }
    }
}
