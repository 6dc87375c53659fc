//! What has become of a message, as a set of marks that only grows. A set, since the events of one
//! message come from several roles and in any order, and since its recipients may part ways.

use mail::{Deed, Fate, MailEvent, Outcome};

/// A set of marks, kept as one integer column; joining two is a bitwise or.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State(pub u32);

impl State {
    /// Sealed on stable storage.
    pub const RECEIVED: State = State(1);
    /// Nothing is left to do.
    pub const FINISHED: State = State(1 << 1);
    /// A next hop took it for a recipient.
    pub const DELIVERED: State = State(1 << 2);
    /// A next hop put it off at least once.
    pub const DEFERRED: State = State(1 << 3);
    /// A next hop refused it for a recipient.
    pub const FAILED: State = State(1 << 4);
    /// The vault holds it for a recipient.
    pub const QUARANTINED: State = State(1 << 5);
    /// Dropped by policy for a recipient.
    pub const DISCARDED: State = State(1 << 6);
    /// Refused inside the session.
    pub const REFUSED: State = State(1 << 7);
    /// Released from quarantine.
    pub const RELEASED: State = State(1 << 8);
    /// Deleted or bounced by an operator.
    pub const DELETED: State = State(1 << 9);
    /// Policy returns it to its sender.
    pub const RETURNED: State = State(1 << 10);
    /// Its sender was told of a failure.
    pub const NOTIFIED: State = State(1 << 11);

    /// Both sets together.
    #[must_use]
    pub fn with(self, other: State) -> State {
        State(self.0 | other.0)
    }

    /// True when every mark of `other` is here.
    #[must_use]
    pub fn has(self, other: State) -> bool {
        self.0 & other.0 == other.0
    }

    /// The marks that one event sets.
    #[must_use]
    pub fn of(event: &MailEvent) -> State {
        match &event.deed {
            Deed::Received { .. } => State::RECEIVED,
            Deed::Finished => State::FINISHED,
            Deed::Answered { reply, .. } if reply.is_permanent() => State::REFUSED,
            Deed::Attempted { outcome: Outcome::Delivered(_), .. } => State::DELIVERED,
            Deed::Attempted { outcome: Outcome::Deferred(_), .. } => State::DEFERRED,
            Deed::Attempted { outcome: Outcome::Failed(_), .. } => State::FAILED,
            Deed::Quarantined { .. } => State::QUARANTINED,
            Deed::Discarded { .. } => State::DISCARDED,
            Deed::Released { .. } => State::RELEASED,
            Deed::Operated { action, .. } if matches!(action.as_str(), "delete" | "bounce") => {
                State::DELETED
            }
            Deed::Judged(verdict)
                if verdict.rulings.iter().any(|it| matches!(it.fate, Fate::Return { .. })) =>
            {
                State::RETURNED
            }
            Deed::Notified { action, .. } if action == "failed" => State::NOTIFIED,
            _ => State::default(),
        }
    }

    /// The word for lists: `delivered`, `quarantined`, `refused` ...; several joined by `+` where
    /// recipients parted ways; `deferred` or `waiting` while something is left to do.
    #[must_use]
    pub fn word(self) -> String {
        if self.has(State::REFUSED) {
            return "refused".to_owned();
        }
        let mut words: Vec<&str> = ENDS
            .iter()
            .filter(|(mark, _)| self.has(*mark))
            .map(|(_, word)| *word)
            .filter(|word| *word != "quarantined" || !self.has(State::RELEASED))
            .collect();
        if !self.has(State::FINISHED) && self.has(State::DEFERRED) {
            words.push("deferred");
        }
        if words.is_empty() {
            words.push(if self.has(State::FINISHED) { "finished" } else { "waiting" });
        }
        words.join("+")
    }
}

const ENDS: [(State, &str); 7] = [
    (State::DELIVERED, "delivered"),
    (State::FAILED, "failed"),
    (State::QUARANTINED, "quarantined"),
    (State::DISCARDED, "discarded"),
    (State::RELEASED, "released"),
    (State::DELETED, "deleted"),
    (State::RETURNED, "returned"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn word(marks: &[State]) -> String {
        marks.iter().fold(State::default(), |sum, mark| sum.with(*mark)).word()
    }

    #[test]
    fn the_word_names_what_became_of_each_recipient() {
        assert_eq!(word(&[State::RECEIVED]), "waiting");
        assert_eq!(word(&[State::RECEIVED, State::DEFERRED]), "deferred");
        assert_eq!(word(&[State::DEFERRED, State::DELIVERED, State::FINISHED]), "delivered");
        assert_eq!(word(&[State::DEFERRED, State::DELIVERED]), "delivered+deferred");
        assert_eq!(word(&[State::DELIVERED, State::QUARANTINED]), "delivered+quarantined");
        assert_eq!(word(&[State::QUARANTINED, State::RELEASED]), "released");
        assert_eq!(word(&[State::RETURNED, State::REFUSED, State::FINISHED]), "refused");
        assert_eq!(word(&[State::FINISHED]), "finished");
    }
}
