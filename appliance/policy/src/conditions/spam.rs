//! The probability of spam reaches a threshold.

use mail::{FindingKind, Findings};

use super::{Answer, quote};

pub(super) fn ask(findings: &Findings, at_least_percent: u32) -> Answer {
    let percent = findings.spam.probability * 100.0;
    // A probability that is no number must not pass as clean: it reaches every threshold.
    let reached = percent.is_nan() || percent >= f64::from(at_least_percent);
    if !reached {
        return Answer::no(&format!(
            "spam probability {percent:.0} % is below {at_least_percent} %"
        ));
    }
    let found = quote(findings, |finding| finding.kind == FindingKind::Spam);
    let found = found.map_or(String::new(), |found| format!(": {found}"));
    Answer::yes(format!("spam probability {percent:.0} % reaches {at_least_percent} %{found}"))
}
