//! Verdicts: exactly one [`Fate`] per recipient, with the rule and the evidence.

use serde::{Deserialize, Serialize};

use crate::{Reply, Timestamp};

/// What happens to a message for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// Deliver to where the routes say.
    Deliver,
    /// Keep in a quarantine area instead of delivering.
    Quarantine {
        /// Name of the area.
        area: String,
    },
    /// Drop silently, on record.
    Discard,
    /// Refuse: this reply inside the session; after it a notice, where the sender is proven.
    Return {
        /// A 5xx reply.
        reply: Reply,
    },
    /// Send to a given host in place of normal routing.
    HandOff {
        /// Host name or address.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// Hold until a time, then deliver.
    Postpone {
        /// When.
        until: Timestamp,
    },
}

impl Fate {
    /// The one word for this fate in faces and scripts.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Fate::Deliver => "deliver",
            Fate::Quarantine { .. } => "quarantine",
            Fate::Discard => "discard",
            Fate::Return { .. } => "return",
            Fate::HandOff { .. } => "hand-off",
            Fate::Postpone { .. } => "postpone",
        }
    }
}

/// A change to the message on its way out. Made in `inspect`, ordered by policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Amendment {
    /// Add a header field at the top.
    AddHeader {
        /// Field name (RFC 5322 section 2.2).
        name: String,
        /// Unfolded value.
        value: String,
    },
    /// Put a text before the subject, unless it is there already.
    TagSubject {
        /// For example `[Spam]`.
        text: String,
    },
}

/// One step of judging: a rule, whether it held, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Name of the rule.
    pub rule: String,
    /// Whether it matched.
    pub matched: bool,
    /// The reason in words.
    pub because: String,
}

/// What was decided for some recipients. The rulings of a verdict partition the recipients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// Indices into `Envelope::recipients`, ascending.
    pub recipients: Vec<u32>,
    /// What happens.
    pub fate: Fate,
    /// The rule that decided; `default` when none matched.
    pub rule: String,
    /// The evidence in one sentence.
    pub because: String,
    /// Changes to make on the way out.
    pub amendments: Vec<Amendment>,
}

/// The judgement of one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Revision of the settings that judged.
    pub revision: u64,
    /// The rulings; together they cover every recipient exactly once.
    pub rulings: Vec<Ruling>,
    /// Every rule looked at, in order.
    pub steps: Vec<Step>,
}
