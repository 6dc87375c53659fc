//! What is said of unwanted mail: one probability, a class, and the terms that it is the sum of.

use serde::{Deserialize, Serialize};

/// What kind of unwanted or bulk mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SpamClass {
    /// Unsolicited bulk mail and fraud.
    Spam,
    /// Asks for credentials or payment in somebody else's name.
    Phishing,
    /// Pretends to come from somebody the reader knows.
    Impostor,
    /// Brings malware or leads to it.
    Malware,
    /// Marketing and newsletters that the reader may have asked for.
    Marketing,
    /// Notices of social networks.
    Social,
    /// Notices of forums and mailing lists.
    Forum,
}

impl SpamClass {
    /// The one word for it in faces, scripts and settings.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            SpamClass::Spam => "spam",
            SpamClass::Phishing => "phishing",
            SpamClass::Impostor => "impostor",
            SpamClass::Malware => "malware",
            SpamClass::Marketing => "marketing",
            SpamClass::Social => "social",
            SpamClass::Forum => "forum",
        }
    }

    /// Whether it is graymail: bulk mail that is never called spam (features F-12).
    #[must_use]
    pub fn is_graymail(self) -> bool {
        matches!(self, SpamClass::Marketing | SpamClass::Social | SpamClass::Forum)
    }
}

/// How much is to be caught (features D-28). The one place where levels mean probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SpamLevel {
    /// Catches the most; now and then what was wanted.
    High,
    /// The usual one.
    Medium,
    /// Catches the surest only.
    Low,
}

impl SpamLevel {
    /// The one word for it in faces, scripts and settings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            SpamLevel::High => "high",
            SpamLevel::Medium => "medium",
            SpamLevel::Low => "low",
        }
    }

    /// The probability from which mail is caught, in percent.
    #[must_use]
    pub const fn percent(self) -> u32 {
        match self {
            SpamLevel::High => 50,
            SpamLevel::Medium => 80,
            SpamLevel::Low => 95,
        }
    }
}

/// One term of the sum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpamTerm {
    /// Name of the signal.
    pub signal: String,
    /// What it adds to the log-odds (natural); negative speaks for wanted mail.
    pub log_odds: f32,
    /// What the signal means.
    pub words: String,
    /// What was seen.
    pub evidence: String,
}

/// A judgement of one message.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SpamJudgement {
    /// Probability that it is unwanted, 0 to 1.
    pub probability: f64,
    /// What it most likely is; `None` for mail that is neither unwanted nor bulk.
    pub class: Option<SpamClass>,
    /// Why, the weightiest first, bounded.
    pub terms: Vec<SpamTerm>,
}

impl SpamJudgement {
    /// A bare probability.
    #[must_use]
    pub fn of(probability: f64) -> Self {
        SpamJudgement { probability, ..SpamJudgement::default() }
    }
}
