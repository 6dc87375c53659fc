//! The probability of unwanted mail reaches a threshold (features D-28), unless the sender is
//! approved (D-29) or the text exempt (D-31); a blocked sender is spam for certain (D-30).

use mail::{EngineName, FindingKind, Findings};

use super::threshold::{Threshold, percent, reasons};
use super::{Answer, Subject, quote};

/// How the names of findings begin that exempt a message from this condition.
const EXEMPT: &str = "exempt:";

pub(super) fn ask(subject: &Subject<'_>, threshold: Threshold) -> Answer {
    let opinion = subject.opinion();
    if let Some(blocked) = &opinion.blocked {
        return Answer::yes(format!("the sender is blocked, so it is spam for certain: {blocked}"));
    }
    let judged = judge(subject.findings, threshold);
    // A probability that is no number is no judgement that could be skipped.
    if subject.findings.spam.probability.is_nan() {
        return judged;
    }
    let skipped = match (exemption(subject.findings), &opinion.approved) {
        (Some(rule), _) => Some(format!("the text exemption {rule} holds")),
        (None, Some(entry)) => Some(format!("the sender is approved: {entry}")),
        (None, None) => None,
    };
    match (skipped, &opinion.unused) {
        (Some(skipped), _) => Answer::no(&format!("{skipped}; skipped: {}", judged.because)),
        (None, Some(unused)) => {
            Answer { because: format!("{}; approved: {unused}", judged.because), ..judged }
        }
        (None, None) => judged,
    }
}

fn judge(findings: &Findings, threshold: Threshold) -> Answer {
    let (spam, least) = (&findings.spam, threshold.words());
    let percent = percent(spam);
    if !threshold.is_reached(spam) {
        return Answer::no(&format!("spam probability {percent} is below {least}"));
    }
    let found = quote(findings, |finding| finding.kind == FindingKind::Spam);
    let found = found.map_or_else(|| reasons(spam), |found| format!(": {found}"));
    Answer::yes(format!("spam probability {percent} reaches {least}{found}"))
}

/// The text exemption that holds.
fn exemption(findings: &Findings) -> Option<&str> {
    let of_engine = findings.list.iter().filter(|one| one.engine == EngineName::Expressions);
    of_engine.filter(|one| one.counts()).find_map(|one| one.name.strip_prefix(EXEMPT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::{CatchRate, Condition, Question};
    use crate::{ApprovedSender, BlockedSender, Senders, made};
    use mail::{Finding, SpamClass};

    fn spam(catch_rate: CatchRate) -> Condition {
        Condition { catch_rate, ..Condition::of(Question::Spam) }
    }

    fn approving() -> Senders {
        let entry = ApprovedSender {
            pattern: "away.test".into(),
            even_if_unauthenticated: true,
            ..ApprovedSender::default()
        };
        Senders { approved: vec![entry], ..Senders::default() }
    }

    #[test]
    fn the_reason_tells_level_probability_and_signals() {
        let findings = made::judged(None, 0.9);
        let none = Senders::default();
        let (holds, because) = made::asked(spam(CatchRate::Medium), &none, &findings);
        let expected = "spam probability 90 % reaches 80 % (catch rate medium): the link leads \
                        elsewhere (x.test); it asks for money";
        assert_eq!((holds, because.as_str()), (true, expected));
        let (holds, because) = made::asked(spam(CatchRate::Low), &none, &findings);
        assert_eq!(
            (holds, because.as_str()),
            (false, "spam probability 90 % is below 95 % (catch rate low)")
        );
    }

    #[test]
    fn an_approved_sender_is_skipped_and_the_trace_says_what_was() {
        let findings = made::judged(None, 0.999);
        let (holds, because) = made::asked(spam(CatchRate::Medium), &approving(), &findings);
        assert!(!holds);
        assert!(because.starts_with("the sender is approved: envelope sender bob@away.test"));
        assert!(because.contains("skipped: spam probability over 99 % reaches 80 %"), "{because}");
    }

    #[test]
    fn approval_skips_neither_phishing_nor_impostors_nor_malware() {
        for (question, findings) in [
            (Question::Phishing, made::judged(Some(SpamClass::Phishing), 0.99)),
            (Question::Impostor, made::judged(Some(SpamClass::Impostor), 0.99)),
            (Question::Phishing, made::found(FindingKind::Phishing, "x")),
            (Question::Malware, made::infected()),
        ] {
            assert!(made::asked(Condition::of(question), &approving(), &findings).0, "{question}");
        }
    }

    #[test]
    fn an_entry_for_authenticated_senders_is_told_and_not_used() {
        let mut senders = approving();
        senders.approved[0].even_if_unauthenticated = false;
        let (holds, because) =
            made::asked(spam(CatchRate::Medium), &senders, &made::judged(None, 0.9));
        assert!(
            holds && because.ends_with("not used: the sender is not authenticated"),
            "{because}"
        );
    }

    #[test]
    fn a_blocked_sender_is_spam_whatever_the_mail_looks_like() {
        let entry = BlockedSender { pattern: "bob@away.test".into(), ..BlockedSender::default() };
        let senders = Senders { blocked: vec![entry], ..approving() };
        let (holds, because) =
            made::asked(spam(CatchRate::Low), &senders, &made::judged(None, 0.0));
        assert!(holds && because.contains("envelope sender bob@away.test"), "{because}");
    }

    #[test]
    fn a_text_exemption_skips_this_condition_alone() {
        let mut findings = made::judged(Some(SpamClass::Phishing), 0.99);
        let none = Senders::default();
        let note =
            |engine| Finding::new(engine, FindingKind::Defect, "exempt:Tickets", "subject", "");
        findings.list.push(note(EngineName::Structure));
        assert!(
            made::asked(spam(CatchRate::Medium), &none, &findings).0,
            "no other engine exempts"
        );
        findings.list.push(note(EngineName::Expressions));
        let (holds, because) = made::asked(spam(CatchRate::Medium), &none, &findings);
        assert!(!holds && because.starts_with("the text exemption Tickets holds; skipped"));
        assert!(made::asked(Condition::of(Question::Phishing), &none, &findings).0);
    }

    #[test]
    fn no_list_hides_a_probability_that_is_no_number() {
        let findings = made::judged(None, f64::NAN);
        assert!(made::asked(spam(CatchRate::Low), &approving(), &findings).0);
    }
}
