//! Two mail readers, or two unpackers, could read the message differently.

use mail::{FindingKind, Findings};

use super::{Answer, quote};

pub(super) fn ask(findings: &Findings) -> Answer {
    match quote(findings, |finding| finding.kind == FindingKind::Ambiguous) {
        Some(found) => Answer::yes(format!("readers may disagree about it: {found}")),
        None => Answer::no("it reads in one way only"),
    }
}
