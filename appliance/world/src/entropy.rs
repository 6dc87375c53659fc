//! Randomness that an attacker cannot guess.

use ring::rand::{SecureRandom, SystemRandom};

/// Gives random octets.
pub trait Entropy: Send + Sync {
    /// Fills `target` with octets that nobody else knows.
    fn fill(&self, target: &mut [u8]);

    /// A random number.
    fn number(&self) -> u64 {
        let mut octets = [0; 8];
        self.fill(&mut octets);
        u64::from_le_bytes(octets)
    }
}

/// The kernel's random number generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealEntropy;

impl Entropy for RealEntropy {
    fn fill(&self, target: &mut [u8]) {
        let source = SystemRandom::new();
        // getrandom(2) fails only before the kernel's pool is ready; nothing may run on guessable
        // numbers, so wait for it.
        while source.fill(target).is_err() {
            std::thread::yield_now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(RealEntropy.number(), RealEntropy.number());
    }
}
