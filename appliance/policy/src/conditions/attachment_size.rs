//! The decoded size of one attachment, or of all together, compares with a number (features D-22).

use super::{Answer, Subject};
use crate::attachments::Attachment;
use crate::condition::{Comparison, Condition};

/// The size asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    comparison: Comparison,
    octets: u64,
    sum: bool,
}

impl Size {
    pub(super) fn of(condition: &Condition) -> Self {
        Size { comparison: condition.comparison, octets: condition.octets, sum: condition.sum }
    }

    pub(super) fn ask(self, subject: &Subject<'_>) -> Answer {
        let bound = format!("{} {} bytes", self.comparison.words(), self.octets);
        let holds = |octets| self.comparison.holds(octets, self.octets);
        let counted = |one: &&Attachment<'_>| one.is_counted(true);
        if self.sum {
            let sizes = subject.attachments().iter().filter(counted).map(|one| one.leaf.size);
            let sum = sizes.fold(0_u64, u64::saturating_add);
            let because = format!("all attachments together have {sum} bytes; asked is {bound}");
            return Answer { holds: holds(sum), because };
        }
        match subject.places(false, |one| one.is_counted(true) && holds(one.leaf.size)) {
            Some(found) => Answer::yes(format!("{found} has {bound}")),
            None => Answer::no(&format!("no attachment has {bound}")),
        }
    }
}
