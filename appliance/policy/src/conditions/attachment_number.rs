//! The number of attachments, as a mail reader counts them, compares with a number (features D-23).

use super::{Answer, Subject};
use crate::condition::{Comparison, Condition};

/// The number asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    comparison: Comparison,
    count: u32,
    inline_pictures: bool,
}

impl Number {
    pub(super) fn of(condition: &Condition) -> Self {
        let Condition { comparison, count, inline_pictures, .. } = *condition;
        Number { comparison, count, inline_pictures }
    }

    pub(super) fn ask(self, subject: &Subject<'_>) -> Answer {
        let attachments = subject.attachments().iter();
        let count = attachments.filter(|one| one.is_counted(self.inline_pictures)).count();
        Answer {
            holds: self.comparison.holds(count as u64, u64::from(self.count)),
            because: format!(
                "it has {count} attachments; asked is {} {}",
                self.comparison.words(),
                self.count
            ),
        }
    }
}
