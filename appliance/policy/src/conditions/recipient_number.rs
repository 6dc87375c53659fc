//! The number of recipients compares with a number (features D-26).

use mail::Envelope;

use super::Answer;
use crate::condition::{Comparison, Condition};

/// The number asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    comparison: Comparison,
    count: u32,
}

impl Number {
    pub(super) fn of(condition: &Condition) -> Self {
        Number { comparison: condition.comparison, count: condition.count }
    }

    pub(super) fn ask(self, envelope: &Envelope) -> Answer {
        let (number, words) = (envelope.recipients.len(), self.comparison.words());
        Answer {
            holds: self.comparison.holds(number as u64, u64::from(self.count)),
            because: format!("it has {number} recipients; asked is {words} {}", self.count),
        }
    }
}
