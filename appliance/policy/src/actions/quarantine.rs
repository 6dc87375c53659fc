//! Keep in a quarantine area.

use mail::Fate;

use super::Consequence;
use crate::settings::Rule;

pub(super) fn act(rule: &Rule) -> Consequence {
    Consequence::End(Fate::Quarantine { area: rule.area.clone() })
}
