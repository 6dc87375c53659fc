//! Waiting for something to happen, with a bound and a reason.

use std::time::{Duration, Instant};

use crate::limits;

/// Looks until `look` gives a value; panics with `what` when `within` has gone by.
pub fn wait_for<T>(what: &str, within: Duration, look: impl FnMut() -> Option<T>) -> T {
    wait_until(within, look).unwrap_or_else(|| panic!("waited {within:?} in vain for {what}"))
}

/// Looks until `look` gives a value, or gives up after `within`.
pub fn wait_until<T>(within: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + within;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() >= end {
            return None;
        }
        std::thread::park_timeout(limits::LOOK);
    }
}
