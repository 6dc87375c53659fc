//! Findings: facts with evidence, no opinions. An engine says what it saw; policy says what it means.

use serde::{Deserialize, Serialize};

/// The engine that made a finding, by its file name under `engines`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EngineName {
    /// Known malware.
    Virus,
    /// Unwanted bulk mail.
    Spam,
    /// The shape of the message itself: defects, limits, ambiguity.
    Structure,
}

/// What kind of fact a finding is. Rules match on this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FindingKind {
    /// A signature of malware matched.
    Malware,
    /// A signal that the mail is spam.
    Spam,
    /// Two mail readers could read the message differently.
    Ambiguous,
    /// A harmless defect.
    Defect,
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Who says so.
    pub engine: EngineName,
    /// What kind of fact.
    pub kind: FindingKind,
    /// Its name, for example `EICAR-Test-File` or `GTUBE`.
    pub name: String,
    /// Where: the path of the leaf, such as `2/invoice.zip/a.docm`; empty for the whole message.
    pub place: String,
    /// What was seen, in words a person can check.
    pub evidence: String,
}

/// One leaf of the message that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaf {
    /// Path of part numbers and names.
    pub path: String,
    /// Declared MIME type, lower case, `type/subtype`.
    pub mime: String,
    /// Decoded octets.
    pub size: u64,
}

/// Why a message could not be scanned to the end. Never the same as clean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unscannable {
    /// A limit was reached; the text names it and its value.
    Limit(String),
    /// Two workers ended on this mail; the text says how.
    KilledWorkers(String),
    /// The worker answered something that is no answer.
    BadAnswer(String),
}

/// Everything that inspection says about one message.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Findings {
    /// The facts.
    pub list: Vec<Finding>,
    /// Probability of spam, 0 to 1.
    pub spam_probability: f64,
    /// Why the scan did not end, if it did not.
    pub unscannable: Option<Unscannable>,
    /// The leaves that were looked at (bounded; see `ipc::limits`).
    pub leaves: Vec<Leaf>,
    /// Subject, decoded, cut to a bounded length.
    pub subject: String,
    /// Header Message-ID without angle brackets, cut to a bounded length.
    pub header_id: String,
    /// Header From as displayed, cut to a bounded length.
    pub header_from: String,
    /// Wall time of the scan in microseconds.
    pub microseconds: u64,
}

impl Findings {
    /// Findings for a message that could not be scanned.
    #[must_use]
    pub fn unscannable(why: Unscannable) -> Self {
        Findings { unscannable: Some(why), ..Findings::default() }
    }

    /// True when a finding of this kind is there.
    #[must_use]
    pub fn has(&self, kind: FindingKind) -> bool {
        self.list.iter().any(|finding| finding.kind == kind)
    }
}
