//! Signals that mean more together. Looks at what the others said, and at nothing else: a pair is a
//! row of a table, two lists of names. Either side alone is common in honest mail; a lure that
//! leads to a stranger's page, or a plea for money whose answers go to another mailbox, is not.

use std::sync::LazyLock;

use mail::SpamClass;

use crate::said::{Group, Say, Signal, Toward};
use crate::sight::Sight;
use crate::word_list::FixedMap;

const PHISHING: Option<SpamClass> = Some(SpamClass::Phishing);
const SPAM: Option<SpamClass> = Some(SpamClass::Spam);
const IMPOSTOR: Option<SpamClass> = Some(SpamClass::Impostor);

const fn signal(
    name: &'static str,
    class: Option<SpamClass>,
    prior: f32,
    words: &'static str,
) -> Signal {
    Signal { name, group: Group::Together, toward: Toward::Unwanted(class), prior, words }
}

const LURE_AWAY: Signal =
    signal("lure-to-stranger", PHISHING, 1.3, "asks to act, and by a page that is a stranger's");
const BRAND_LURE: Signal =
    signal("brand-asks", PHISHING, 2.2, "asks to act in the name of a brand that did not send it");
const BRAND_AWAY: Signal =
    signal("brand-leads-away", PHISHING, 1.8, "a brand's name is worn and the way leads elsewhere");
const NAMED_LURE: Signal =
    signal("lure-made-for-reader", PHISHING, 1.8, "a lure is filled in with its reader's address");
const CODE_LURE: Signal =
    signal("code-lure", PHISHING, 1.5, "a code in a picture is the way to what is asked for");
const FILE_LURE: Signal =
    signal("file-lure", PHISHING, 1.8, "an attached page is the way to what is asked for");
const NOTE_ELSEWHERE: Signal = signal(
    "request-answered-elsewhere",
    IMPOSTOR,
    2.0,
    "money or a favour is asked for, and the sender's address does not fit",
);
const CALL_ELSEWHERE: Signal = signal(
    "callback-from-stranger",
    PHISHING,
    1.8,
    "a charge to call about comes from an address that does not fit",
);
const FRAUD_ELSEWHERE: Signal = signal(
    "fraud-answered-elsewhere",
    SPAM,
    2.0,
    "an offer of fraud, and answers go elsewhere or recipients are not named",
);
const TOPIC_FORGED: Signal =
    signal("offer-by-forger", SPAM, 1.5, "what spam sells, in mail whose header is made up");
const TOPIC_AWAY: Signal =
    signal("offer-to-stranger", SPAM, 1.0, "what spam sells, by a link that hides where it leads");
const HIDING: Signal =
    signal("hides-what-it-wants", SPAM, 2.0, "a lure or an offer is hidden from filters");
const PICTURE_AWAY: Signal = signal(
    "picture-leads-away",
    SPAM,
    0.9,
    "one picture that is to be clicked leads to a stranger's page",
);
const FORGED_AWAY: Signal = signal(
    "forger-leads-away",
    None,
    0.9,
    "a made-up header, and a link that leads to a stranger's",
);

pub(super) const SIGNALS: &[&Signal] = &[
    &LURE_AWAY,
    &BRAND_LURE,
    &BRAND_AWAY,
    &NAMED_LURE,
    &CODE_LURE,
    &FILE_LURE,
    &NOTE_ELSEWHERE,
    &CALL_ELSEWHERE,
    &FRAUD_ELSEWHERE,
    &TOPIC_FORGED,
    &TOPIC_AWAY,
    &HIDING,
    &PICTURE_AWAY,
    &FORGED_AWAY,
];

/// Acts that lead a reader to give something away.
const LURES: &[&str] = &[
    "asks-credentials",
    "account-threat",
    "storage-full",
    "held-mail",
    "payment-failed",
    "parcel-held",
    "refund-waiting",
    "unpaid-fine",
    "document-waiting",
    "voicemail-waiting",
    "scan-to-sign-in",
    "password-expires",
    "wallet",
    "legal-threat",
    "consent",
    "alarm",
    "reward-survey",
];
/// Somebody else's name.
const NAMES: &[&str] = &[
    "brand-name",
    "brand-local-part",
    "brand-sender",
    "brand-subject",
    "brand-claim",
    "brand-picture",
    "impostor-organisation",
    "internal-name-from-outside",
    "service-name-free-mail",
    "recipient-in-sender-name",
    "recipient-domain-as-sender",
];
/// Ways to a stranger's page.
const AWAY: &[&str] = &[
    "link-text-elsewhere",
    "link-number",
    "link-odd-number",
    "link-confusable",
    "link-user-info",
    "link-disguised",
    "link-hosted-only",
    "link-short-only",
    "link-hops",
    "link-redirected",
    "link-recipient",
    "link-recipient-fragment",
    "link-login-words",
    "link-one-stranger",
    "link-random-host",
    "link-hacked-path",
    "link-cheap-top",
    "link-data",
    "link-deep-host",
    "link-form-elsewhere",
    "link-code",
    "brand-link",
    "brand-path",
];
/// Those of them that hardly any honest sender takes.
const HIDDEN_WAYS: &[&str] = &[
    "link-number",
    "link-odd-number",
    "link-disguised",
    "link-short-only",
    "link-random-host",
    "link-hacked-path",
    "link-cheap-top",
    "link-hosted-only",
    "link-chat",
];
/// The reader's own address or domain where a template put it.
const READER: &[&str] = &[
    "link-recipient",
    "link-recipient-fragment",
    "recipient-in-subject",
    "greets-address",
    "recipient-in-sender-name",
    "recipient-domain-as-sender",
    "recipient-in-attachment-name",
    "impostor-recipient-domain-alike",
    "impostor-domain-in-link",
];
const CODES: &[&str] = &["link-code", "code-alone", "code-called-for", "code-for-recipient"];
const FILES: &[&str] = &[
    "page-attached",
    "attached-page-asks",
    "attached-page-with-script",
    "document-with-link-alone",
];
/// What impostors ask for.
const FAVOURS: &[&str] = &[
    "availability-probe",
    "gift-card-request",
    "secret-payment",
    "bank-details-change",
    "payroll-change",
];
/// Senders that do not fit who they say to be.
const MISFITS: &[&str] = &[
    "reply-to-free-mail",
    "reply-to-other-free-mail",
    "title-free-mail",
    "firm-name-free-mail",
    "service-name-free-mail",
    "impostor-person",
    "impostor-organisation",
    "impostor-own-domain-alike",
    "impostor-recipient-domain-alike",
    "link-answer-elsewhere",
    "internal-name-from-outside",
    "false-reply",
    "digits-sender-local",
];
const CALLBACK: &[&str] = &["call-about-a-charge"];
const FRAUDS: &[&str] = &[
    "advance-fee",
    "donation-fraud",
    "lottery",
    "investment",
    "loan-offer",
    "easy-job",
    "easy-money",
];
const ELSEWHERE: &[&str] = &[
    "reply-to-free-mail",
    "reply-to-other-free-mail",
    "reply-to-elsewhere",
    "link-answer-elsewhere",
    "undisclosed-recipients",
    "no-recipient",
    "hidden-copy",
    "recipient-no-address",
];
const TOPICS: &[&str] = &[
    "pharmacy",
    "potency",
    "sexual",
    "dating",
    "gambling",
    "replicas",
    "diplomas",
    "cheap-software",
    "mortgages",
    "stock-tip",
    "home-income",
    "multi-level",
    "body-remedies",
    "search-ranking",
    "address-lists",
    "chain-letter",
    "bulk-mailing",
    "selling-talk",
    "spam-excuse",
    "easy-money",
    "travel-prize",
];
const FORGERIES: &[&str] = &[
    "forged-mail-program",
    "forged-boundary",
    "half-of-outlook",
    "bulk-mail-program",
    "random-mail-program",
    "message-id-not-of-provider",
    "message-id-of-recipient",
    "odd-message-id",
    "no-message-id",
    "random-message-id-host",
    "odd-sender-local",
    "odd-sender-domain",
    "false-server-greeting",
    "field-name-in-value",
    "sent-by-injected-script",
    "random-subject-tail",
    "neighbouring-recipients",
    "unfilled-template",
];
const HIDDEN_WORDS: &[&str] = &[
    "hidden-text",
    "disguised-letters",
    "words-broken-by-nothing",
    "letters-in-own-elements",
    "unseen-in-words",
    "mixed-scripts",
    "styled-letters",
    "turned-writing",
    "disguised-words",
    "hidden-prose",
    "random-tail",
    "gibberish",
    "invisible-in-subject",
    "invisible-in-sender-name",
    "letters-apart-in-subject",
];
const PICTURES: &[&str] = &["linked-picture-alone", "picture-for-text", "picture-in-pieces"];

/// What is said when both sides were.
struct Row {
    signal: &'static Signal,
    one: &'static [&'static [&'static str]],
    two: &'static [&'static [&'static str]],
}

const ROWS: &[Row] = &[
    Row { signal: &LURE_AWAY, one: &[LURES], two: &[AWAY] },
    Row { signal: &BRAND_LURE, one: &[LURES, CALLBACK], two: &[NAMES] },
    Row { signal: &BRAND_AWAY, one: &[NAMES], two: &[AWAY] },
    Row { signal: &NAMED_LURE, one: &[LURES], two: &[READER] },
    Row { signal: &CODE_LURE, one: &[LURES, NAMES], two: &[CODES] },
    Row { signal: &FILE_LURE, one: &[LURES, NAMES], two: &[FILES] },
    Row { signal: &NOTE_ELSEWHERE, one: &[FAVOURS], two: &[MISFITS] },
    Row { signal: &CALL_ELSEWHERE, one: &[CALLBACK], two: &[MISFITS, NAMES, FORGERIES] },
    Row { signal: &FRAUD_ELSEWHERE, one: &[FRAUDS], two: &[ELSEWHERE] },
    Row { signal: &TOPIC_FORGED, one: &[TOPICS, FRAUDS], two: &[FORGERIES] },
    Row { signal: &TOPIC_AWAY, one: &[TOPICS, FRAUDS], two: &[HIDDEN_WAYS] },
    Row { signal: &HIDING, one: &[TOPICS, FRAUDS, LURES, NAMES], two: &[HIDDEN_WORDS] },
    Row { signal: &PICTURE_AWAY, one: &[PICTURES], two: &[AWAY] },
    Row { signal: &FORGED_AWAY, one: &[FORGERIES], two: &[HIDDEN_WAYS] },
];

/// A row with its signals as places among all that stand in the table.
struct Pair {
    signal: &'static Signal,
    one: Vec<usize>,
    two: Vec<usize>,
}

/// The table with its names looked up.
struct Table {
    pairs: Vec<Pair>,
    signals: Vec<&'static Signal>,
    places: FixedMap<&'static str, usize>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { pairs: Vec::new(), signals: Vec::new(), places: FixedMap::default() };
    for row in ROWS {
        let (one, two) = (table.side(row.one), table.side(row.two));
        table.pairs.push(Pair { signal: row.signal, one, two });
    }
    table
});

impl Table {
    fn side(&mut self, lists: &[&'static [&'static str]]) -> Vec<usize> {
        let names = lists.iter().flat_map(|list| list.iter());
        names.filter_map(|name| self.place(name)).collect()
    }

    fn place(&mut self, name: &'static str) -> Option<usize> {
        if let Some(place) = self.places.get(name) {
            return Some(*place);
        }
        let signal = super::all().find(|one| one.name == name)?;
        self.places.insert(name, self.signals.len());
        self.signals.push(signal);
        Some(self.signals.len() - 1)
    }

    /// How strongly each signal of the table was said.
    fn strengths(&self, say: &Say) -> Vec<f32> {
        let mut strengths = vec![0.0; self.signals.len()];
        for said in say.list() {
            let place = self.places.get(said.signal.name);
            if let Some(strength) = place.and_then(|place| strengths.get_mut(*place)) {
                *strength = said.strength;
            }
        }
        strengths
    }
}

pub(super) fn look(_sight: &Sight<'_>, say: &mut Say) {
    let table = &*TABLE;
    let strengths = table.strengths(say);
    let words = |place: usize| table.signals.get(place).map_or("", |signal| signal.words);
    for pair in &table.pairs {
        let Some((one, strength)) = strongest(&pair.one, None, &strengths) else { continue };
        let Some((two, other)) = strongest(&pair.two, Some(one), &strengths) else { continue };
        let evidence = format!("{}; {}", words(one), words(two));
        say.that(pair.signal, strength.min(other), evidence);
    }
}

/// The strongest of a side, the other side's own not counted twice.
fn strongest(side: &[usize], but: Option<usize>, strengths: &[f32]) -> Option<(usize, f32)> {
    let said = side.iter().filter_map(|one| Some((*one, *strengths.get(*one)?)));
    let said = said.filter(|(one, strength)| *strength > 0.0 && Some(*one) != but);
    // The first of equals, so that the table's order decides.
    said.reduce(|best, one| if one.1 > best.1 { one } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made::{sighted, strength};

    fn told(names: &[(&str, f32)]) -> Vec<crate::Said> {
        sighted(b"Subject: x\r\n\r\nx\r\n", |sight| {
            let mut say = Say::default();
            for (name, strength) in names {
                say.that(super::super::all().find(|one| one.name == *name).unwrap(), *strength, "");
            }
            look(sight, &mut say);
            say.into_list()
        })
    }

    #[test]
    fn every_name_in_the_table_is_a_signal() {
        for row in ROWS {
            for name in row.one.iter().chain(row.two).flat_map(|list| list.iter()) {
                assert!(super::super::all().any(|one| one.name == *name), "{name}");
            }
        }
    }

    #[test]
    fn no_row_reads_what_another_says() {
        for row in ROWS {
            assert!(!TABLE.places.contains_key(row.signal.name), "{}", row.signal.name);
        }
    }

    #[test]
    fn a_lure_means_more_when_it_leads_to_a_stranger_and_no_more_than_its_weaker_side() {
        let said = told(&[("asks-credentials", 0.9), ("link-hosted-only", 0.4)]);
        assert!((strength(&said, "lure-to-stranger") - 0.4).abs() < 1e-6);
        assert!(strength(&told(&[("asks-credentials", 1.0)]), "lure-to-stranger") < 1e-6);
        assert!(strength(&told(&[("link-hosted-only", 1.0)]), "lure-to-stranger") < 1e-6);
    }

    #[test]
    fn one_signal_is_not_both_sides() {
        let said = told(&[("service-name-free-mail", 1.0)]);
        assert_eq!(said.len(), 1);
    }

    #[test]
    fn an_impostors_favour_needs_a_sender_that_does_not_fit() {
        let said = told(&[("gift-card-request", 1.0), ("reply-to-free-mail", 1.0)]);
        assert!(strength(&said, "request-answered-elsewhere") > 0.9);
        let said = told(&[("gift-card-request", 1.0), ("talk", 1.0)]);
        assert!(strength(&said, "request-answered-elsewhere") < 1e-6);
    }
}
