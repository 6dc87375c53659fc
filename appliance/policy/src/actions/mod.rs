//! What a rule does. Each action is one file; [`act`] says whether judging ends.

mod quarantine;
mod refuse;
mod tag;

use mail::{Amendment, Fate};

use crate::settings::{Action, Rule};

pub(crate) use refuse::refuse_with;

/// What follows from a rule that holds.
pub(crate) enum Consequence {
    /// The end for the recipients it covers.
    End(Fate),
    /// A change; the next rule is looked at.
    Amend(Amendment),
}

/// The consequence of a rule.
pub(crate) fn act(rule: &Rule) -> Consequence {
    match rule.action {
        Action::Quarantine => quarantine::act(rule),
        Action::Refuse => refuse::act(rule),
        Action::Discard => Consequence::End(Fate::Discard),
        Action::Tag => tag::act(rule),
        Action::Deliver => Consequence::End(Fate::Deliver),
    }
}
