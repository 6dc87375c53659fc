//! The form of the subject.

use super::recipient::addressees;
use super::sender::domain::{is_free_mail, is_same, organisation};
use super::sender::random::oddness;
use super::sender::{is_disguised, is_emoji};
use crate::header::Mailbox;
use crate::said::{Group, Say, Signal, Toward};
use crate::sight::Sight;
use mail::SpamClass;

const fn signal(name: &'static str, prior: f32, words: &'static str) -> Signal {
    Signal { name, group: Group::Header, toward: Toward::Unwanted(None), prior, words }
}

const EMPTY: Signal = signal("empty-subject", 0.3, "the subject is empty");
const CAPITALS: Signal = signal("capital-subject", 0.8, "the subject is all capitals");
pub(super) const FALSE_REPLY: Signal = signal(
    "false-reply",
    0.8,
    "the subject says that it is an answer, and nothing shows what it answers",
);
pub(super) const RECIPIENT_IN_SUBJECT: Signal = Signal {
    name: "recipient-in-subject",
    group: Group::Recipient,
    toward: Toward::Unwanted(Some(SpamClass::Phishing)),
    prior: 1.6,
    words: "the recipient's address, mailbox name or domain stands in the subject",
};
const RANDOM_TAIL: Signal =
    signal("random-subject-tail", 1.4, "the subject ends in letters or numbers without sense");
const APART: Signal =
    signal("letters-apart-in-subject", 1.8, "letters of words in the subject stand apart");
const EMOJI: Signal = signal("emoji-in-subject", 0.3, "the subject has several emoji");
const ENCODED_ASCII: Signal = signal(
    "subject-encoded-without-need",
    0.7,
    "the subject is encoded although it is plain ASCII",
);
const SHOUTS: Signal = signal("exclamations-in-subject", 0.6, "the subject shouts");
const MONEY: Signal =
    signal("money-in-subject", 0.4, "the subject names an amount of money or a share");
const INVISIBLE: Signal = signal(
    "invisible-in-subject",
    2.2,
    "the subject has characters that cannot be seen or letters in disguise",
);
const BARE_NUMBER: Signal =
    signal("bare-number-subject", 0.5, "the subject is a number and a word for a paper, no more");
const CALLED_ADVERTISING: Signal =
    signal("called-advertising", 2.3, "the subject says that it is advertising");
const QUOTED_NAME: Signal =
    signal("subject-is-odd-word", 0.8, "the whole subject is one word that no language makes");

pub(super) const SIGNALS: &[&Signal] = &[
    &EMPTY,
    &CAPITALS,
    &FALSE_REPLY,
    &RECIPIENT_IN_SUBJECT,
    &RANDOM_TAIL,
    &APART,
    &EMOJI,
    &ENCODED_ASCII,
    &SHOUTS,
    &MONEY,
    &INVISIBLE,
    &BARE_NUMBER,
    &CALLED_ADVERTISING,
    &QUOTED_NAME,
];

pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    let subject = sight.subject.trim();
    if subject.is_empty() {
        say.that(&EMPTY, 1.0, "no subject");
        return;
    }
    letters(subject, say);
    tail(subject, say);
    marks(subject, say);
    encoding(sight, subject, say);
    false_reply(sight, subject, say);
    recipients(sight, say);
    if subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("adv"))
        && subject
            .get(3..)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', ' ', '-', '.']))
    {
        say.that(&CALLED_ADVERTISING, 1.0, subject);
    }
}

fn letters(subject: &str, say: &mut Say) {
    let letters = subject.chars().filter(|one| one.is_alphabetic()).count();
    let small = subject.chars().filter(|one| one.is_lowercase()).count();
    let large = subject.chars().filter(|one| one.is_uppercase()).count();
    if letters >= 12 && small == 0 && large * 2 > letters && subject.trim().contains(' ') {
        say.that(&CAPITALS, 1.0, subject);
    }
    if subject.chars().any(is_disguised) {
        say.that(&INVISIBLE, 1.0, subject.escape_unicode().to_string());
    }
    if subject.chars().filter(|one| is_emoji(*one)).count() >= 2 {
        say.that(&EMOJI, 1.0, subject);
    }
    let apart = longest_apart(subject);
    if apart >= 4 {
        say.that(&APART, if apart == 4 { 0.6 } else { 1.0 }, subject);
    }
}

/// The most single letters in a row with the same mark or space between them.
fn longest_apart(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    let mut between = None;
    let mut before: Option<char> = None;
    for one in text.chars() {
        let is_letter = one.is_alphabetic();
        match before {
            Some(last) if last.is_alphabetic() && is_letter => run = 0,
            Some(last) if !last.is_alphabetic() && is_letter => {
                let is_same = run == 0 || between == Some(last);
                run = if is_same && " .-_*|~".contains(last) { run + 1 } else { 1 };
                between = Some(last);
            }
            Some(last) if !last.is_alphabetic() && !is_letter => run = 0,
            _ => {}
        }
        longest = longest.max(run);
        before = Some(one);
    }
    longest
}

/// The subject of a report on a domain's mail, as RFC 7489 (section 7.2.1.1) has it.
pub(super) fn is_report(subject: &str) -> bool {
    subject.trim_start_matches("[preview] ").starts_with("report domain:")
        && subject.contains("report-id")
}

/// What stands behind a gap, or behind the last word, to make each copy another.
fn tail(subject: &str, say: &mut Say) {
    if let Some((words, tail)) = subject.rsplit_once("     ") {
        let tail = tail.trim();
        if !words.trim().is_empty() && !tail.is_empty() && !tail.contains(' ') {
            say.that(&RANDOM_TAIL, 1.0, tail);
        }
    }
    let Some((words, last)) = subject.rsplit_once(' ') else {
        let word = subject.trim_matches(|one: char| !one.is_alphanumeric());
        say.that(&QUOTED_NAME, oddness(word), subject);
        return;
    };
    // References in brackets and with marks inside are those of tickets.
    if is_report(&subject.to_lowercase()) {
        return;
    }
    let is_plain = last.bytes().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit());
    let is_word = words.chars().any(char::is_lowercase);
    if is_plain && is_word && last.bytes().any(|one| one.is_ascii_lowercase()) {
        say.that(&RANDOM_TAIL, oddness(last), last);
    }
}

fn marks(subject: &str, say: &mut Say) {
    let shouts = subject.matches('!').count();
    if shouts >= 2 {
        say.that(&SHOUTS, if shouts == 2 { 0.6 } else { 1.0 }, subject);
    }
    if let Some(amount) = amount(subject) {
        say.that(&MONEY, 1.0, amount);
    }
    let digits = subject.bytes().filter(u8::is_ascii_digit).count();
    let words =
        subject.split(|one: char| !one.is_alphabetic()).filter(|word| word.len() > 1).count();
    if digits >= 4 && words <= 1 {
        say.that(&BARE_NUMBER, 1.0, subject);
    }
}

/// An amount: a sign of money with digits beside it, or a share in percent.
fn amount(text: &str) -> Option<&str> {
    const SIGNS: [char; 4] = ['$', '\u{20ac}', '\u{a3}', '%'];
    text.split_whitespace()
        .find(|word| word.contains(SIGNS) && word.bytes().any(|one| one.is_ascii_digit()))
}

/// Encoded words around what needs none.
fn encoding(sight: &Sight<'_>, subject: &str, say: &mut Say) {
    let raw = sight.headers.first("Subject").unwrap_or_default();
    if !raw.contains("=?") || !subject.is_ascii() {
        return;
    }
    // Long ones are encoded whole by some programs whatever they hold.
    let lower = raw.to_ascii_lowercase();
    let is_base64 = lower.contains("?b?");
    say.that(&ENCODED_ASCII, if is_base64 { 1.0 } else { 0.5 }, raw);
}

/// What stands in front of subjects of answers and forwarded mail.
const ANSWERS: &[&str] = &[
    "re:",
    "re :",
    "aw:",
    "sv:",
    "antw:",
    "vs:",
    "odp:",
    "ynt:",
    "rif:",
    "res:",
    "r:",
    "ref:",
    "fwd:",
    "fw:",
    "wg:",
    "tr:",
    "rv:",
    "enc:",
    "vb:",
    "pd:",
    "i:",
    "ilt:",
    "doorst:",
    "re[",
    "\u{56de}\u{590d}:",
    "\u{56de}\u{590d}\u{ff1a}",
    "\u{7b54}\u{590d}:",
    "\u{7b54}\u{590d}\u{ff1a}",
    "\u{8f6c}\u{53d1}:",
    "\u{8f6c}\u{53d1}\u{ff1a}",
    "\u{43e}\u{442}:",
];

/// Whether a subject says that it is an answer or forwarded.
pub(super) fn is_answer(subject: &str) -> bool {
    let mut start = subject.trim_start();
    // A mailing list's tag stands in front, and gateways put theirs there.
    while let Some((_, rest)) = start.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        start = rest.trim_start();
    }
    let start = start.get(..start.floor_char_boundary(12)).unwrap_or_default().to_lowercase();
    ANSWERS.iter().any(|answer| start.starts_with(answer))
}

fn false_reply(sight: &Sight<'_>, subject: &str, say: &mut Say) {
    let headers = &sight.headers;
    let has_thread =
        ["In-Reply-To", "References", "Thread-Index"].iter().any(|one| headers.has(one));
    if is_answer(subject) && !has_thread && !has_quote(sight) {
        say.that(&FALSE_REPLY, 1.0, subject);
    }
}

/// Whether the text has something that it answers or forwards.
fn has_quote(sight: &Sight<'_>) -> bool {
    let text = if sight.body.plain.is_empty() { &sight.body.shown } else { &sight.body.plain };
    text.lines().any(|line| line.trim_start().starts_with(['>', '|']))
        || super::bulk::has_earlier_mail(sight)
        || sight.mail.parts.iter().any(|part| part.mime.starts_with("message/"))
}

fn recipients(sight: &Sight<'_>, say: &mut Say) {
    let from = sight.headers.from().first().map_or("", Mailbox::domain);
    let subject = sight.subject.to_lowercase();
    if is_report(&subject) {
        return;
    }
    for to in addressees(sight).filter(|to| !is_same(to.domain(), from)).take(4) {
        let domain = organisation(to.domain());
        let local = to.local();
        if subject.contains(&to.address) {
            say.that(&RECIPIENT_IN_SUBJECT, 1.0, to.address.as_str());
        } else if !is_free_mail(domain) && domain.contains('.') && subject.contains(domain) {
            // Registrars and web hosts name the domain that a mail is about.
            say.that(&RECIPIENT_IN_SUBJECT, 0.6, domain);
        } else if is_addressed(&subject, local) {
            say.that(&RECIPIENT_IN_SUBJECT, 0.6, local);
        }
    }
}

/// Whether a mailbox name stands in front with a comma, or is no word of a language and stands
/// anywhere.
fn is_addressed(subject: &str, local: &str) -> bool {
    if local.len() < 2 {
        return false;
    }
    let first = subject.split([' ', '\t']).next().unwrap_or_default();
    let is_first = first.len() > local.len()
        && first
            .strip_prefix(local)
            .is_some_and(|rest| matches!(rest, "," | ":" | "!" | "-" | " -"));
    let is_strange = local.len() >= 4
        && local.contains(['.', '_', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    let mut words = subject.split(|one: char| one.is_whitespace() || ",:;!?()[]\"'".contains(one));
    is_first || is_strange && words.any(|word| word == local)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made;

    fn said(raw: &str, name: &str) -> f32 {
        made::strength(&made::said_by(look, raw), name)
    }

    /// Each hostile form with its honest twin.
    #[test]
    fn hostile_forms_are_said_and_their_honest_twins_are_not() {
        for (name, hostile, honest) in [
            ("empty-subject", "", "hello"),
            ("capital-subject", "URGENT BUSINESS PROPOSAL", "Meeting with NASA and ESA in MUC"),
            ("false-reply", "RE: your payment", "your payment"),
            (
                "recipient-in-subject",
                "john.doe@example.com password expires",
                "password of the door",
            ),
            ("recipient-in-subject", "john.doe, your parcel", "John Doe, your parcel"),
            ("random-subject-tail", "Great offer             sdfkj", "Minutes of the meeting"),
            ("random-subject-tail", "Great offer qzxkvwptjr", "Great schwarzschild"),
            ("letters-apart-in-subject", "buy v.i.a.g.r.a now", "J. R. R. Tolkien, e.g. a b"),
            ("letters-apart-in-subject", "F R E E gift", "Plan B or A"),
            ("emoji-in-subject", "\u{1f381}\u{1f381} Gift", "Gift \u{1f381}"),
            (
                "subject-encoded-without-need",
                "=?utf-8?B?SGVsbG8gdGhlcmU=?=",
                "=?utf-8?Q?J=C3=B6rg?=",
            ),
            ("exclamations-in-subject", "Buy now!!!", "Thank you!"),
            ("money-in-subject", "Your $5,000 are here", "Where is the dollar?"),
            ("invisible-in-subject", "Pass\u{200b}word", "Passwort f\u{fc}r J\u{f6}rg"),
            ("bare-number-subject", "Invoice 8837261", "Invoice 8837261 for garden work"),
            ("called-advertising", "ADV: cheap loans", "Advent calendar"),
            ("subject-is-odd-word", "qzxkvwptjr", "Information"),
        ] {
            let raw = |subject: &str| {
                format!(
                    "From: x@example.org\r\nTo: john.doe@example.com\r\nSubject: {subject}\r\n\r\nx\r\n"
                )
            };
            assert!(said(&raw(hostile), name) > 0.3, "{name}: {hostile}");
            assert!(said(&raw(honest), name) < 0.01, "{name}: {honest}");
        }
    }

    #[test]
    fn true_answers_are_not_false_ones() {
        for raw in [
            "Subject: Re: a\r\nReferences: <1@a.example>\r\n\r\nyes\r\n",
            "Subject: Re: a\r\n\r\nOn Monday you wrote:\r\n> question\r\nyes\r\n",
            "Subject: Fwd: a\r\n\r\n-----Original Message-----\r\nFrom: a@example.org\r\n\r\nx\r\n",
        ] {
            assert!(said(raw, "false-reply") < 0.01, "{raw}");
        }
    }

    #[test]
    fn tags_in_front_do_not_hide_an_answer() {
        assert!(
            is_answer("[list] Re: a")
                && is_answer("AW: a")
                && is_answer("\u{56de}\u{590d}\u{ff1a}a")
        );
        assert!(!is_answer("Reminder: a") && !is_answer("[Re] a"));
    }
}
