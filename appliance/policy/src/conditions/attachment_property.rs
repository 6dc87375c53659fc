//! Something is true of an attachment (features D-24).

use mail::Properties;

use super::{Answer, Subject};
use crate::condition::Condition;

/// The properties asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    properties: Properties,
    inside: bool,
}

impl Wanted {
    pub(super) fn of(condition: &Condition) -> Self {
        let mut properties = Properties::default();
        condition.properties.iter().for_each(|property| properties.add(property.bit()));
        Wanted { properties, inside: condition.inside_archives }
    }

    pub(super) fn ask(self, subject: &Subject<'_>) -> Answer {
        let words = |set: Properties| set.words().collect::<Vec<_>>().join(" or ");
        let looked_at = subject.attachments().iter().filter(|one| self.inside || !one.is_inside);
        let seen = looked_at.fold(0, |seen, one| seen | one.leaf.properties.0);
        match subject.places(self.inside, |one| one.leaf.properties.any(self.properties)) {
            Some(found) => {
                let held = Properties(seen & self.properties.0);
                Answer::yes(format!("{} is true of {found}", words(held)))
            }
            None => {
                Answer::no(&format!("no attachment has the property {}", words(self.properties)))
            }
        }
    }
}
