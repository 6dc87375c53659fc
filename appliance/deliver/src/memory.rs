//! What was learnt about addresses and is worth knowing for a while: which did not answer, and whose
//! TLS is broken. Bounded, and lost at a restart without harm.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::limits;

/// Addresses with the time until which something holds for them.
#[derive(Debug)]
pub(crate) struct Remembered {
    held: Mutex<HashMap<SocketAddr, Instant>>,
    lasting: Duration,
}

impl Remembered {
    pub(crate) fn new(lasting: Duration) -> Self {
        Remembered { held: Mutex::default(), lasting }
    }

    /// Remembers an address from now on.
    pub(crate) fn remember(&self, address: SocketAddr) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= limits::REMEMBERED_ADDRESSES {
            // Starting anew costs a few failed tries; looking for the oldest costs every call.
            held.clear();
        }
        held.insert(address, Instant::now() + self.lasting);
    }

    /// Takes it back: the address has proved otherwise.
    pub(crate) fn forget(&self, address: SocketAddr) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&address);
    }

    pub(crate) fn holds(&self, address: SocketAddr) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(&address).is_some_and(|until| *until > Instant::now())
    }
}

/// All that is remembered.
#[derive(Debug)]
pub(crate) struct Memory {
    /// Did not answer: tried last.
    pub(crate) down: Remembered,
    /// TLS failed: spoken to in clear text where that is allowed.
    pub(crate) clear_text: Remembered,
}

impl Default for Memory {
    fn default() -> Self {
        Memory {
            down: Remembered::new(Duration::from_secs(limits::DOWN_SECONDS)),
            clear_text: Remembered::new(Duration::from_secs(limits::CLEAR_TEXT_SECONDS)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], last))
    }

    #[test]
    fn an_address_is_held_for_its_time_and_no_longer() {
        let long = Remembered::new(Duration::from_secs(60));
        long.remember(address(1));
        assert!(long.holds(address(1)) && !long.holds(address(2)));
        long.forget(address(1));
        assert!(!long.holds(address(1)));
        let short = Remembered::new(Duration::ZERO);
        short.remember(address(1));
        assert!(!short.holds(address(1)));
    }

    #[test]
    fn memory_is_bounded() {
        let memory = Remembered::new(Duration::from_secs(60));
        for port in 0..u16::MAX {
            memory.remember(address(port));
            assert!(memory.held.lock().unwrap().len() <= limits::REMEMBERED_ADDRESSES);
        }
    }
}
