//! What a rule asks of a message. Each condition answers whether it holds, and why, in words.

mod ambiguous;
mod malware;
mod spam;
mod unscannable;

use mail::{Finding, FindingKind, Findings};

use crate::limits;
use crate::settings::{Rule, When};

/// The answer of a condition.
pub(crate) struct Answer {
    /// Whether it holds.
    pub(crate) holds: bool,
    /// The reason in words, whichever way.
    pub(crate) because: String,
}

impl Answer {
    fn yes(because: String) -> Self {
        Answer { holds: true, because }
    }

    fn no(because: &str) -> Self {
        Answer { holds: false, because: because.to_owned() }
    }
}

/// Asks the condition of a rule.
pub(crate) fn ask(rule: &Rule, findings: &Findings) -> Answer {
    match rule.when {
        When::Always => Answer::yes("it applies to every message".to_owned()),
        When::Malware => malware::ask(findings),
        When::Spam => spam::ask(findings, rule.spam_at_least_percent),
        When::Unscannable => unscannable::ask(findings),
        When::Ambiguous => ambiguous::ask(findings),
    }
}

/// The findings of one kind in words: name and place of the first few.
fn quote(findings: &Findings, kind: FindingKind) -> Option<String> {
    let named: Vec<String> = findings
        .list
        .iter()
        .filter(|finding| finding.kind == kind)
        .take(limits::QUOTED_FINDINGS)
        .map(spoken)
        .collect();
    (!named.is_empty()).then(|| named.join(", "))
}

fn spoken(finding: &Finding) -> String {
    if finding.place.is_empty() {
        finding.name.clone()
    } else {
        format!("{} in {}", finding.name, finding.place)
    }
}
