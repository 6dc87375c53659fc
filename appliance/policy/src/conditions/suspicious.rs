//! All heuristics together reach a threshold.

use mail::{FindingKind, Findings};

use super::{Answer, quote};

pub(super) fn ask(findings: &Findings, at_least_percent: u32) -> Answer {
    let percent = u32::from(findings.suspicion());
    if percent < at_least_percent {
        return Answer::no(&format!("suspicion {percent} % is below {at_least_percent} %"));
    }
    let found =
        quote(findings, |finding| finding.kind == FindingKind::Suspicious && finding.weight > 0);
    let found = found.map_or(String::new(), |found| format!(": {found}"));
    Answer::yes(format!("suspicion {percent} % reaches {at_least_percent} %{found}"))
}
