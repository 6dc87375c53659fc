//! The row of one message: what lists and filters need, folded from some of its events. Later
//! events make a further summary; the database joins the two (see `store`).

use mail::{Address, Deed, Fate, MailEvent, Sender, Timestamp};

use crate::limits;
use crate::state::State;

/// What some events say about their message. `None` = these events do not say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Time of the earliest event.
    pub first: Timestamp,
    /// Time of the latest event.
    pub last: Timestamp,
    /// The reverse-path; `<>` for the null path.
    pub sender: Option<String>,
    /// The first recipients, separated by `, `.
    pub recipients: Option<String>,
    /// How many recipients there are.
    pub recipient_count: Option<i64>,
    /// Subject, bounded.
    pub subject: Option<String>,
    /// IP address of the client.
    pub client: Option<String>,
    /// The rule that decided, the first that did not deliver where there are several.
    pub rule: Option<String>,
    /// Octets.
    pub size: Option<i64>,
    /// What has become of it.
    pub state: State,
}

impl Summary {
    /// The summary of these events.
    #[must_use]
    pub fn of(events: &[MailEvent]) -> Self {
        let mut summary = Summary {
            first: events.iter().map(|event| event.at).min().unwrap_or_default(),
            last: events.iter().map(|event| event.at).max().unwrap_or_default(),
            ..Summary::default()
        };
        for event in events {
            summary.state = summary.state.with(State::of(event));
            summary.learn(&event.deed);
        }
        summary
    }

    fn learn(&mut self, deed: &Deed) {
        match deed {
            Deed::Received { client, sender, recipients, size, .. } => {
                self.client = Some(client.ip().to_string());
                self.sender = Some(path(sender));
                self.recipients = Some(listed(recipients));
                self.recipient_count = i64::try_from(recipients.len()).ok();
                self.size = i64::try_from(*size).ok();
            }
            Deed::Inspected(findings) if !findings.subject.is_empty() => {
                self.subject = Some(cut(&findings.subject));
            }
            Deed::Judged(verdict) => {
                let mut rulings = verdict.rulings.iter();
                let telling = rulings.clone().find(|it| it.fate != Fate::Deliver);
                self.rule = telling.or_else(|| rulings.next()).map(|it| cut(&it.rule));
            }
            _ => {}
        }
    }
}

/// A reverse-path as people write it.
#[must_use]
pub fn path(sender: &Sender) -> String {
    match sender {
        Sender::Null => "<>".to_owned(),
        Sender::Mailbox(address) => address.to_string(),
    }
}

fn listed(recipients: &[Address]) -> String {
    let mut text = String::new();
    for recipient in recipients.iter().take(limits::LISTED_RECIPIENTS) {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&recipient.to_string());
    }
    text
}

fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(limits::TEXT_OCTETS);
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made;

    #[test]
    fn a_whole_message_is_summed_up() {
        let summary = Summary::of(&made::quarantined(7));
        assert_eq!(summary.sender.as_deref(), Some("Bob@sender.test"));
        assert_eq!(summary.recipients.as_deref(), Some("ann@example.test"));
        assert_eq!(summary.subject.as_deref(), Some("Invoice overdue"));
        assert_eq!(summary.client.as_deref(), Some("192.0.2.7"));
        assert_eq!(summary.rule.as_deref(), Some("Global antivirus"));
        assert_eq!((summary.size, summary.recipient_count), (Some(5120), Some(1)));
        assert_eq!(summary.last.since(summary.first), 31);
        assert_eq!(summary.state.word(), "quarantined");
    }

    #[test]
    fn what_the_events_do_not_say_stays_open() {
        let later = [made::attempted(7, 40, &["ann@example.test"], made::ok())];
        let summary = Summary::of(&later);
        assert_eq!((summary.sender, summary.subject), (None, None));
        assert_eq!(summary.state, State::DELIVERED);
    }

    #[test]
    fn long_subjects_and_recipient_lists_are_cut() {
        assert_eq!(cut(&"ü".repeat(1000)).len(), limits::TEXT_OCTETS);
        let many: Vec<Address> =
            (0..50).map(|n| format!("u{n}@example.test").parse().unwrap()).collect();
        assert_eq!(listed(&many).split(", ").count(), limits::LISTED_RECIPIENTS);
    }
}
