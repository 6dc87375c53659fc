//! Who wrote before, and what others report.

use mail::SpamClass;

use crate::domains::is_free_mail;
use crate::said::{Group, Say, Signal, Toward};
use crate::sight::{Authentication, History, Sight};

const fn signal(
    name: &'static str,
    group: Group,
    toward: Toward,
    prior: f32,
    words: &'static str,
) -> Signal {
    Signal { name, group, toward, prior, words }
}

pub(super) const KNOWN: Signal = signal(
    "sender-known",
    Group::History,
    Toward::Wanted,
    2.5,
    "the sender wrote wanted mail before",
);
pub(super) const WRITTEN_TO: Signal = signal(
    "sender-written-to",
    Group::History,
    Toward::Wanted,
    2.5,
    "somebody here wrote to the sender before",
);
pub(super) const UNWANTED_BEFORE: Signal = signal(
    "sender-unwanted-before",
    Group::History,
    Toward::Unwanted(None),
    2.5,
    "the sender wrote unwanted mail before",
);
pub(super) const FIRST_CONTACT: Signal = signal(
    "sender-first-contact",
    Group::History,
    Toward::Unwanted(None),
    0.3,
    "the sender never wrote before",
);
pub(super) const FORGED: Signal = signal(
    "sender-forged",
    Group::Reputation,
    Toward::Unwanted(Some(SpamClass::Phishing)),
    2.0,
    "the sender's domain says that this is not from it",
);
pub(super) const UNSIGNED_SOURCE: Signal = signal(
    "sender-source-refused",
    Group::Reputation,
    Toward::Unwanted(None),
    0.7,
    "the sender's domain does not send from there",
);
pub(super) const AUTHENTIC: Signal = signal(
    "sender-authentic",
    Group::Reputation,
    Toward::Wanted,
    0.4,
    "the sender's domain vouches for the message",
);

pub(super) const SIGNALS: &[&Signal] =
    &[&KNOWN, &WRITTEN_TO, &UNWANTED_BEFORE, &FIRST_CONTACT, &FORGED, &UNSIGNED_SOURCE, &AUTHENTIC];

pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    if let Some(history) = &sight.around.history {
        before(history, trust(sight.around.authentication), say);
    }
    if let Some(authentication) = sight.around.authentication {
        let from = sight.headers.from().first().map_or("", |from| from.domain());
        reported(authentication, from, say);
    }
}

/// How far the sender is who it says to be, 0 to 1: history is the true sender's alone.
fn trust(authentication: Option<Authentication>) -> f32 {
    let Some(checks) = authentication else { return 0.4 };
    match (checks.dmarc, checks.dkim, checks.spf) {
        (Some(true), _, _) | (None, Some(true), _) => 1.0,
        (Some(false), _, _) => 0.0,
        (None, _, Some(true)) => 0.7,
        (None, Some(false), _) | (None, _, Some(false)) => 0.0,
        (None, None, None) => 0.4,
    }
}

/// What messages before say, each less than the one before it.
fn before(history: &History, trust: f32, say: &mut Say) {
    let much = |count: f32| if count > 0.0 { count / (count + 2.0) } else { 0.0 };
    let all = history.wanted + history.unwanted;
    let share = if all > 0.0 { history.wanted / all } else { 0.0 };
    let count = |count: f32| format!("about {count:.0} messages");
    let good = share.powi(4) * much(history.wanted) * trust;
    say.that(&KNOWN, good, count(history.wanted));
    say.that(&WRITTEN_TO, much(2.0 * history.written_to) * trust, count(history.written_to));
    say.that(&UNWANTED_BEFORE, (1.0 - share) * much(history.unwanted), count(history.unwanted));
    if all <= 0.0 && history.written_to <= 0.0 {
        say.that(&FIRST_CONTACT, 1.0, "no message before");
    }
}

/// What the checks of who sent it say.
fn reported(checks: Authentication, from: &str, say: &mut Say) {
    if checks.dmarc == Some(false) {
        // Lists and forwarding break it too; a signature that holds is the domain's own word.
        let strength = if checks.dkim == Some(true) { 0.2 } else { 1.0 };
        say.that(&FORGED, strength, format!("DMARC fails for {from}"));
    }
    if checks.spf == Some(false) && checks.dkim != Some(true) {
        say.that(&UNSIGNED_SOURCE, 1.0, "SPF fails");
    }
    if checks.dmarc == Some(true) || checks.dkim == Some(true) {
        let strength = if is_free_mail(from) { 0.5 } else { 1.0 };
        say.that(&AUTHENTIC, strength, format!("DMARC or DKIM passes for {from}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made::{sighted_with, strength};
    use crate::sight::Around;

    fn said(around: Around<'_>, signal: &Signal) -> f32 {
        sighted_with(b"From: a@acme.com\r\n\r\nx", &[], around, |sight| {
            let mut say = Say::default();
            look(sight, &mut say);
            strength(&say.into_list(), signal.name)
        })
    }

    fn checks(spf: bool, dkim: bool, dmarc: bool) -> Option<Authentication> {
        Some(Authentication { spf: Some(spf), dkim: Some(dkim), dmarc: Some(dmarc) })
    }

    #[test]
    fn good_history_counts_for_the_true_sender_alone() {
        let history = Some(History { wanted: 20.0, unwanted: 0.0, written_to: 3.0 });
        let with = |authentication| Around { history, authentication, ..Around::default() };
        assert!(said(with(checks(true, true, true)), &KNOWN) > 0.8);
        assert!(said(with(checks(true, true, true)), &WRITTEN_TO) > 0.6);
        assert!(said(with(checks(false, false, false)), &KNOWN) <= 0.0);
        let unknown = said(with(None), &KNOWN);
        assert!(unknown > 0.0 && unknown < 0.5);
    }

    #[test]
    fn bad_history_and_first_contact_are_said() {
        let bad = History { wanted: 0.0, unwanted: 10.0, written_to: 0.0 };
        let around = |history| Around { history: Some(history), ..Around::default() };
        assert!(said(around(bad), &UNWANTED_BEFORE) > 0.7);
        assert!(said(around(History::default()), &FIRST_CONTACT) >= 1.0);
        assert!(said(around(bad), &FIRST_CONTACT) <= 0.0);
        assert!(said(Around::default(), &FIRST_CONTACT) <= 0.0);
    }

    #[test]
    fn a_forged_sender_is_said_and_an_authentic_one_is_good() {
        let with = |authentication| Around { authentication, ..Around::default() };
        assert!(said(with(checks(false, false, false)), &FORGED) >= 1.0);
        assert!(said(with(checks(true, true, true)), &FORGED) <= 0.0);
        assert!(said(with(checks(true, true, true)), &AUTHENTIC) >= 1.0);
        assert!(said(with(None), &FORGED) <= 0.0);
    }

    #[test]
    fn numbers_that_are_none_say_nothing() {
        let odd = History { wanted: f32::NAN, unwanted: f32::NAN, written_to: f32::NAN };
        let around = Around { history: Some(odd), ..Around::default() };
        assert!(said(around, &KNOWN) <= 0.0);
    }
}
