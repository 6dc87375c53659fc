//! A signature or list entry of phishing matched, or the message looks like phishing.

use mail::{FindingKind, Findings, SpamClass};

use super::threshold::{Threshold, percent, reasons};
use super::{Answer, quote};

pub(super) fn ask(findings: &Findings, threshold: Threshold) -> Answer {
    if let Some(found) = quote(findings, |finding| finding.kind == FindingKind::Phishing) {
        return Answer::yes(format!("found the phishing {found}"));
    }
    looks_like(findings, SpamClass::Phishing, threshold)
        .unwrap_or_else(|| Answer::no("no phishing was found"))
}

/// The answer for a message of this class; `None` when it is of another.
pub(super) fn looks_like(
    findings: &Findings,
    class: SpamClass,
    threshold: Threshold,
) -> Option<Answer> {
    let spam = &findings.spam;
    if spam.class != Some(class) {
        return None;
    }
    let seen = format!("it looks like {}, probability {}", article(class), percent(spam));
    Some(if threshold.is_reached(spam) {
        Answer::yes(format!("{seen} reaches {}{}", threshold.words(), reasons(spam)))
    } else {
        Answer::no(&format!("{seen} is below {}", threshold.words()))
    })
}

fn article(class: SpamClass) -> &'static str {
    match class {
        SpamClass::Impostor => "an impostor's",
        SpamClass::Malware => "a carrier of malware",
        class => class.word(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::{Condition, Question};
    use crate::{Senders, made};

    fn asked(findings: &Findings) -> (bool, String) {
        made::asked(Condition::of(Question::Phishing), &Senders::default(), findings)
    }

    #[test]
    fn what_looks_like_phishing_holds_from_the_catch_rate_on() {
        assert!(asked(&made::judged(Some(SpamClass::Phishing), 0.8)).0);
        let (holds, because) = asked(&made::judged(Some(SpamClass::Phishing), 0.6));
        let expected = "it looks like phishing, probability 60 % is below 80 % (catch rate medium)";
        assert_eq!((holds, because.as_str()), (false, expected));
        assert!(!asked(&made::judged(Some(SpamClass::Spam), 1.0)).0);
    }

    #[test]
    fn a_signature_needs_no_probability() {
        let (holds, because) = asked(&made::found(FindingKind::Phishing, "Phish.X"));
        assert_eq!((holds, because.as_str()), (true, "found the phishing Phish.X in 2"));
    }
}
