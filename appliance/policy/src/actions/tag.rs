//! Put a text before the subject.

use mail::Amendment;

use super::Consequence;
use crate::settings::Rule;

pub(super) fn act(rule: &Rule) -> Consequence {
    Consequence::Amend(Amendment::TagSubject { text: rule.tag_text.clone() })
}
