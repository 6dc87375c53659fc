//! The size of the message as received compares with a number (features D-25).

use mail::Envelope;

use super::Answer;
use crate::condition::{Comparison, Condition};

/// The size asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    comparison: Comparison,
    octets: u64,
}

impl Size {
    pub(super) fn of(condition: &Condition) -> Self {
        Size { comparison: condition.comparison, octets: condition.octets }
    }

    pub(super) fn ask(self, envelope: &Envelope) -> Answer {
        let (size, words) = (envelope.size, self.comparison.words());
        Answer {
            holds: self.comparison.holds(size, self.octets),
            because: format!("it has {size} bytes; asked is {words} {}", self.octets),
        }
    }
}
