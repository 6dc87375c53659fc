//! Which messages an operator means.

use mail::{Envelope, MessageId, Timestamp};
use policy::Wildcard;
use serde::Deserialize;

use crate::core::Stage;
use crate::record::{Left, Record};

/// A filter as the command line sends it; every field narrows it. Patterns take `*` and `?`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    /// Queue id.
    pub id: Option<String>,
    /// `active`, `deferred` or `hold`.
    pub view: Option<String>,
    /// Pattern of the envelope sender.
    pub sender: Option<String>,
    /// Pattern of any recipient with something left to do.
    pub recipient: Option<String>,
    /// Pattern of the last remote answer.
    pub reason: Option<String>,
    /// Only messages at least this old.
    pub older_than_seconds: Option<u64>,
    /// At most this many.
    pub limit: Option<u64>,
    /// Count only; do nothing.
    pub dry_run: bool,
}

/// A filter ready for use.
pub(crate) struct Compiled {
    id: Option<MessageId>,
    view: Option<String>,
    sender: Option<Wildcard>,
    recipient: Option<Wildcard>,
    reason: Option<Wildcard>,
    received_before: Option<Timestamp>,
}

fn pattern(text: Option<&str>) -> Result<Option<Wildcard>, String> {
    let compile = |text: &str| {
        Wildcard::new(text).map_err(|reason| format!("{text:?} is no pattern: {reason}"))
    };
    text.map(compile).transpose()
}

/// The word for a stage in listings and filters.
pub(crate) fn view(stage: Stage) -> &'static str {
    match stage {
        Stage::Waiting | Stage::Working | Stage::Parked => "active",
        Stage::Deferred(_) => "deferred",
        Stage::Held => "hold",
    }
}

impl Filter {
    /// Checks and compiles.
    pub(crate) fn compile(&self, now: Timestamp) -> Result<Compiled, String> {
        let id = self.id.as_deref().map(str::parse).transpose();
        let view = self.view.clone();
        if view.as_deref().is_some_and(|v| !["active", "deferred", "hold"].contains(&v)) {
            return Err("a view is active, deferred or hold".to_owned());
        }
        Ok(Compiled {
            id: id.map_err(|error: mail::IdError| error.to_string())?,
            view,
            sender: pattern(self.sender.as_deref())?,
            recipient: pattern(self.recipient.as_deref())?,
            reason: pattern(self.reason.as_deref())?,
            received_before: self
                .older_than_seconds
                .map(|seconds| Timestamp(now.0.saturating_sub(seconds.saturating_mul(1000)))),
        })
    }

    /// True when nothing narrows the filter: every message is meant.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.id.is_none()
            && self.view.is_none()
            && self.sender.is_none()
            && self.recipient.is_none()
            && self.reason.is_none()
            && self.older_than_seconds.is_none()
    }
}

impl Compiled {
    /// The one message that can match, if the filter names one.
    pub(crate) fn only(&self) -> Option<MessageId> {
        self.id
    }

    /// True when nothing but id and view is asked, so that no look into the spool is needed.
    pub(crate) fn needs_no_look(&self) -> bool {
        self.sender.is_none()
            && self.recipient.is_none()
            && self.reason.is_none()
            && self.received_before.is_none()
    }

    /// The part that needs no look into the spool.
    pub(crate) fn may_match(&self, id: MessageId, stage: Stage) -> bool {
        self.id.is_none_or(|wanted| wanted == id)
            && self.view.as_deref().is_none_or(|wanted| wanted == view(stage))
    }

    /// The rest.
    pub(crate) fn matches(&self, envelope: &Envelope, record: &Record) -> bool {
        let sender = || envelope.sender.to_string();
        let any_recipient = |wanted: &Wildcard| {
            let waits = |index: usize| record.left.get(index).is_none_or(|l| *l != Left::Nothing);
            let mut waiting = envelope.recipients.iter().enumerate().filter(|(n, _)| waits(*n));
            waiting.any(|(_, recipient)| wanted.matches(&recipient.address.to_string()))
        };
        self.sender.as_ref().is_none_or(|wanted| wanted.matches(&sender()))
            && self.recipient.as_ref().is_none_or(any_recipient)
            && self.reason.as_ref().is_none_or(|wanted| wanted.matches(&record.reason))
            && self.received_before.is_none_or(|before| envelope.received <= before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_filters_say_why() {
        let bad = |filter: Filter| filter.compile(Timestamp(0)).err().unwrap();
        assert!(bad(Filter { id: Some("x".into()), ..Filter::default() }).contains("13"));
        assert!(bad(Filter { view: Some("x".into()), ..Filter::default() }).contains("view"));
        assert!(bad(Filter { sender: Some("".into()), ..Filter::default() }).contains("pattern"));
    }

    #[test]
    fn a_filter_of_nothing_is_everything() {
        assert!(Filter { limit: Some(5), dry_run: true, ..Filter::default() }.is_everything());
        assert!(!Filter { sender: Some("*".into()), ..Filter::default() }.is_everything());
    }

    #[test]
    fn views_and_ids_are_told_without_the_spool() {
        let filter = Filter { view: Some("hold".into()), ..Filter::default() };
        let compiled = filter.compile(Timestamp(0)).unwrap();
        assert!(compiled.may_match(MessageId(1), Stage::Held));
        assert!(!compiled.may_match(MessageId(1), Stage::Working));
    }
}
