//! A container, or the message itself, is damaged.

use mail::{FindingKind, Findings};

use super::{Answer, quote};

pub(super) fn ask(findings: &Findings) -> Answer {
    match quote(findings, |finding| finding.kind == FindingKind::Broken) {
        Some(found) => Answer::yes(format!("damaged: {found}")),
        None => Answer::no("nothing is damaged"),
    }
}
