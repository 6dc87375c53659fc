//! The message pretends to come from somebody the reader knows (features F-11 and F-15).

use mail::{Findings, SpamClass};

use super::Answer;
use super::phishing::looks_like;
use super::threshold::Threshold;

pub(super) fn ask(findings: &Findings, threshold: Threshold) -> Answer {
    looks_like(findings, SpamClass::Impostor, threshold)
        .unwrap_or_else(|| Answer::no("it does not look like an impostor's"))
}
