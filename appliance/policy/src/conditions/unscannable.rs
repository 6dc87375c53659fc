//! The message could not be scanned to the end. Never the same as clean.

use mail::{FindingKind, Findings};

use super::{Answer, quote};

pub(super) fn ask(findings: &Findings) -> Answer {
    if let Some(why) = &findings.unscannable {
        return Answer::yes(format!("it could not be scanned to the end: {}", why.reason()));
    }
    let ends = [FindingKind::Limit, FindingKind::Unsupported];
    match quote(findings, |finding| ends.contains(&finding.kind)) {
        Some(found) => Answer::yes(format!("it could not be scanned to the end: {found}")),
        None => Answer::no("it was scanned to the end"),
    }
}
