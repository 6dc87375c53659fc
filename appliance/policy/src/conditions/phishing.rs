//! A signature or list entry of phishing matched.

use mail::{FindingKind, Findings};

use super::{Answer, quote};

pub(super) fn ask(findings: &Findings) -> Answer {
    match quote(findings, |finding| finding.kind == FindingKind::Phishing) {
        Some(found) => Answer::yes(format!("found the phishing {found}")),
        None => Answer::no("no phishing was found"),
    }
}
