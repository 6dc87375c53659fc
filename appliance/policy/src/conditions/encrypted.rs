//! Something in the message is encrypted and could not be opened.

use mail::{FindingKind, Findings};

use super::{Answer, quote};

pub(super) fn ask(findings: &Findings) -> Answer {
    match quote(findings, |finding| finding.kind == FindingKind::Encrypted) {
        Some(found) => Answer::yes(format!("could not be opened: {found}")),
        None => Answer::no("nothing is encrypted that could not be opened"),
    }
}
