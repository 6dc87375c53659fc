//! A lesson, and what the journal says of lessons.

use mail::Timestamp;
use serde::{Deserialize, Serialize};

use crate::limits;

/// What somebody called a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Label {
    /// It was wanted.
    Wanted,
    /// It was not.
    Unwanted,
    /// It was phishing.
    Phishing,
}

impl Label {
    /// The one word for it in faces and scripts.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Label::Wanted => "wanted",
            Label::Unwanted => "unwanted",
            Label::Phishing => "phishing",
        }
    }

    /// Whether it speaks against a message.
    #[must_use]
    pub fn is_against(self) -> bool {
        self != Label::Wanted
    }
}

/// One message that somebody called something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lesson {
    /// When.
    pub at: Timestamp,
    /// Whose mail it is: the owner's domain of the recipient; `all` when it is not told.
    pub tenant: String,
    /// Who says so.
    pub who: String,
    /// What.
    pub label: Label,
    /// The message's own id, for people.
    pub message: String,
    /// Who sent it, as far as that is known.
    pub sender: String,
    /// Hashes of what stands in it, each once, in order.
    pub features: Vec<u64>,
    /// The sketch of its text; empty when it is too short for one.
    pub sketch: Vec<u8>,
}

impl Lesson {
    /// The same with its features in order and each once. `None` when it is larger than any that a
    /// cell makes.
    pub(crate) fn in_order(mut self) -> Option<Lesson> {
        let names = [&self.tenant, &self.who, &self.message, &self.sender];
        let is_short = names.iter().all(|name| name.len() <= limits::NAME_OCTETS);
        let is_sketch = self.sketch.is_empty() || self.sketch.len() == spam::Local::SKETCH_OCTETS;
        self.features.sort_unstable();
        self.features.dedup();
        let fits = is_short && is_sketch && self.features.len() <= limits::FEATURES;
        fits.then_some(self)
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    /// Something was taught.
    Taught(Lesson),
    /// A lesson was taken back.
    Undone {
        /// Its number.
        lesson: u64,
        /// Who took it back.
        who: String,
        /// When.
        at: Timestamp,
    },
    /// Everything after a version was taken back.
    RolledBack {
        /// The version that holds again.
        version: u64,
        /// Who did it.
        who: String,
        /// When.
        at: Timestamp,
    },
    /// Old lessons and those taken back were dropped: nothing before can be gone back to.
    Compacted,
}

/// One record of the journal. Numbers rise; the number of the last record is the version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its number.
    pub number: u64,
    /// What happened.
    pub deed: Deed,
}
