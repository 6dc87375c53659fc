//! Who the sender says to be: the forms of From, Sender and Reply-To.

pub(in crate::signals) mod domain;
pub(in crate::signals) mod phrases;
pub(in crate::signals) mod random;

use std::sync::LazyLock;

use mail::SpamClass;

use super::imitation::PROGRAMS;
use crate::domains::brands;
use crate::header::Mailbox;
use crate::said::{Group, Say, Signal, Toward};
use crate::sight::Sight;
use crate::text::fold;
use domain::{cheapness, chosen, is_free_mail, is_same, organisation};
use phrases::Phrases;
use random::oddness;

const fn signal(
    name: &'static str,
    class: Option<SpamClass>,
    prior: f32,
    words: &'static str,
) -> Signal {
    Signal { name, group: Group::Sender, toward: Toward::Unwanted(class), prior, words }
}

const PHISHING: Option<SpamClass> = Some(SpamClass::Phishing);
const SPAM: Option<SpamClass> = Some(SpamClass::Spam);

const NO_FROM: Signal = signal("no-from", None, 1.5, "there is no sender in the header");
const SEVERAL_FROM: Signal =
    signal("several-from", None, 1.0, "several senders stand where one is usual");
const FROM_NO_ADDRESS: Signal =
    signal("from-no-address", None, 0.8, "the sender's address is none that could be answered");
const NAME_IS_OTHER_ADDRESS: Signal = signal(
    "name-is-other-address",
    PHISHING,
    2.2,
    "the sender's name shows an address of another domain than the sender's",
);
pub(super) const INTERNAL_NAME: Signal = signal(
    "internal-name-from-outside",
    PHISHING,
    1.8,
    "the sender is called like the recipient's own mail system or staff, and writes from elsewhere",
);
pub(super) const SERVICE_FREE_MAIL: Signal = signal(
    "service-name-free-mail",
    PHISHING,
    2.2,
    "the sender is called like a department and writes from free mail",
);
const FIRM_FREE_MAIL: Signal = signal(
    "firm-name-free-mail",
    SPAM,
    1.3,
    "the sender is called like a firm or office and writes from free mail",
);
const TITLE_FREE_MAIL: Signal = signal(
    "title-free-mail",
    SPAM,
    0.8,
    "the sender's name has a title in front and the mail comes from free mail",
);
pub(super) const RECIPIENT_IN_NAME: Signal = signal(
    "recipient-in-sender-name",
    PHISHING,
    2.2,
    "the sender's name has the recipient's address or domain in it, and the mail comes from elsewhere",
);
const ODD_LOCAL: Signal =
    signal("odd-sender-local", None, 1.0, "a program made up the sender's mailbox name");
const ODD_DOMAIN: Signal =
    signal("odd-sender-domain", None, 1.3, "a program made up the sender's domain");
const DIGITS_LOCAL: Signal = signal(
    "digits-sender-local",
    None,
    0.5,
    "the sender's mailbox name has more digits than a year",
);
pub(super) const REPLY_FREE_MAIL: Signal = signal(
    "reply-to-free-mail",
    None,
    1.2,
    "answers go to free mail, and the sender's address is elsewhere",
);
pub(super) const REPLY_OTHER_FREE_MAIL: Signal = signal(
    "reply-to-other-free-mail",
    None,
    2.3,
    "the sender and the answers are at two different mailboxes of free mail",
);
const REPLY_ELSEWHERE: Signal =
    signal("reply-to-elsewhere", None, 0.3, "answers go to another organisation than the sender's");
const FROM_IS_TO: Signal =
    signal("from-is-to", None, 0.9, "sender and recipient are the same address");
const MANY_LABELS: Signal =
    signal("many-sender-labels", None, 0.5, "the sender's domain has many labels");
const CHEAP_DOMAIN: Signal = signal(
    "cheap-sender-domain",
    None,
    1.3,
    "the sender's domain is under a top level where names cost next to nothing",
);
const NOREPLY_FREE_MAIL: Signal = signal(
    "noreply-free-mail",
    PHISHING,
    1.8,
    "an automatic sender's name stands at a provider of free mail",
);
pub(super) const TENANT_SENDER: Signal = signal(
    "bare-tenant-sender",
    None,
    1.5,
    "the sender's domain is the working name of a cloud tenant, which firms do not write from",
);
const INVISIBLE_NAME: Signal = signal(
    "invisible-in-sender-name",
    None,
    2.2,
    "the sender's name has characters that cannot be seen or letters in disguise",
);
const NAME_IS_MESSAGE: Signal = signal(
    "sender-name-is-message",
    None,
    1.0,
    "the sender's name is a message: numbers, amounts, exclamations",
);
const CAPITAL_NAME: Signal =
    signal("capital-sender-name", None, 0.4, "the sender's name is all capitals");
const NO_NAME: Signal = signal("no-sender-name", None, 0.2, "the sender has no name");
const EMOJI_NAME: Signal = signal("emoji-sender-name", None, 0.3, "the sender's name has emoji");

pub(super) const SIGNALS: &[&Signal] = &[
    &NO_FROM,
    &SEVERAL_FROM,
    &FROM_NO_ADDRESS,
    &NAME_IS_OTHER_ADDRESS,
    &INTERNAL_NAME,
    &SERVICE_FREE_MAIL,
    &FIRM_FREE_MAIL,
    &TITLE_FREE_MAIL,
    &RECIPIENT_IN_NAME,
    &ODD_LOCAL,
    &ODD_DOMAIN,
    &DIGITS_LOCAL,
    &REPLY_FREE_MAIL,
    &REPLY_OTHER_FREE_MAIL,
    &REPLY_ELSEWHERE,
    &FROM_IS_TO,
    &MANY_LABELS,
    &CHEAP_DOMAIN,
    &NOREPLY_FREE_MAIL,
    &TENANT_SENDER,
    &INVISIBLE_NAME,
    &NAME_IS_MESSAGE,
    &CAPITAL_NAME,
    &NO_NAME,
    &EMOJI_NAME,
];

/// Words in names of senders.
static WORDS: LazyLock<Phrases> = LazyLock::new(|| Phrases::read(include_str!("sender/words.txt")));

pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    let all = sight.headers.from();
    let Some(from) = all.iter().find(|one| !one.address.is_empty()) else {
        let signal = if all.is_empty() { &NO_FROM } else { &FROM_NO_ADDRESS };
        say.that(signal, 1.0, sight.headers.first("From").unwrap_or("no From"));
        return;
    };
    if all.len() > 1 || sight.headers.all("From").count() > 1 {
        say.that(&SEVERAL_FROM, 1.0, shown(all));
    }
    address(from, say);
    local(from, say);
    replies(from, sight, say);
    recipients(from, sight, say);
    if from.name.is_empty() {
        say.that(&NO_NAME, 1.0, from.address.as_str());
    } else {
        name_form(from, say);
        name_words(from, sight, say);
    }
}

fn shown(all: &[Mailbox]) -> String {
    all.iter().take(4).map(|one| one.address.as_str()).collect::<Vec<_>>().join(", ")
}

/// What the domain tells.
fn address(from: &Mailbox, say: &mut Say) {
    let domain = from.domain();
    let is_answerable = domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.');
    if !is_answerable || from.address.contains(char::is_whitespace) {
        say.that(&FROM_NO_ADDRESS, 1.0, from.address.as_str());
        return;
    }
    // Little is cheap about top levels that many honest people have.
    say.that(&CHEAP_DOMAIN, (cheapness(domain) - 0.4) / 0.6, domain);
    say.that(&ODD_DOMAIN, oddness(chosen(domain)), domain);
    let labels = domain.split('.').count();
    if labels >= 5 {
        say.that(&MANY_LABELS, if labels == 5 { 0.5 } else { 1.0 }, domain);
    }
    if domain.ends_with(".onmicrosoft.com") {
        say.that(&TENANT_SENDER, 1.0, domain);
    }
}

/// What the mailbox name tells. Addresses that answers are counted by are made up by rights: they
/// are long, or have marks in them.
fn local(from: &Mailbox, say: &mut Say) {
    const AUTOMATIC: &[&str] =
        &["noreply", "donotreply", "notification", "notifications", "mailerdaemon", "postmaster"];
    let local = from.local();
    let plain: String = local.chars().filter(char::is_ascii_alphanumeric).collect();
    if is_free_mail(from.domain()) && AUTOMATIC.iter().any(|one| plain.starts_with(one)) {
        say.that(&NOREPLY_FREE_MAIL, 1.0, from.address.as_str());
    }
    if local.len() > 24 || local.contains(['=', '+']) {
        return;
    }
    say.that(&ODD_LOCAL, oddness(local), local);
    let digits = local.bytes().filter(u8::is_ascii_digit).count();
    let letters = local.bytes().filter(u8::is_ascii_alphabetic).count();
    if digits > 4 && letters > 0 {
        say.that(&DIGITS_LOCAL, 1.0, local);
    }
}

/// Where the forms of web sites write from.
const FORMS: &[&str] = &[
    "webform",
    "web-form",
    "forms",
    "form",
    "kontaktformular",
    "formular",
    "www-data",
    "webmaster",
];

fn replies(from: &Mailbox, sight: &Sight<'_>, say: &mut Say) {
    let Some(to) = sight.headers.reply_to().iter().find(|one| one.address.contains('@')) else {
        return;
    };
    if to.address == from.address || sight.headers.to().iter().any(|one| one.address == to.address)
    {
        return;
    }
    let evidence = || format!("from {}, answers to {}", from.address, to.address);
    // The same person at two places is told by the name.
    // Forms of web sites write from the site, and answers go to whoever filled them in.
    let is_form = PROGRAMS.contains(&from.local()) || FORMS.contains(&from.local());
    let strength = if is_form || alike(to.local(), from.local()) { 0.3 } else { 1.0 };
    match (is_free_mail(from.domain()), is_free_mail(to.domain())) {
        (true, true) => say.that(&REPLY_OTHER_FREE_MAIL, strength, evidence()),
        (false, true) => say.that(&REPLY_FREE_MAIL, strength, evidence()),
        _ if !is_same(from.domain(), to.domain()) => {
            say.that(&REPLY_ELSEWHERE, strength, evidence());
        }
        _ => {}
    }
}

/// Whether two mailbox names are of one person.
fn alike(one: &str, other: &str) -> bool {
    let letters =
        |text: &str| -> String { text.chars().filter(|one| one.is_alphabetic()).collect() };
    let (one, other) = (letters(one), letters(other));
    one.len() >= 3 && other.len() >= 3 && (one.contains(&other) || other.contains(&one))
}

fn recipients(from: &Mailbox, sight: &Sight<'_>, say: &mut Say) {
    let to = sight.headers.to();
    if let [only] = to
        && only.address == from.address
    {
        say.that(&FROM_IS_TO, 1.0, from.address.as_str());
    }
    let name = from.name.to_lowercase();
    for one in to.iter().take(5).filter(|one| !is_same(one.domain(), from.domain())) {
        let organisation = organisation(one.domain());
        let is_known = is_free_mail(one.domain()) || !organisation.contains('.');
        if !one.address.is_empty() && name.contains(&one.address) {
            say.that(&RECIPIENT_IN_NAME, 1.0, evidence(from, &one.address));
        } else if !is_known && name.contains(organisation) {
            say.that(&RECIPIENT_IN_NAME, 0.9, evidence(from, organisation));
        } else if one.local().len() >= 5 && has_word(&name, one.local()) && !is_list(sight) {
            say.that(&RECIPIENT_IN_NAME, 0.3, evidence(from, one.local()));
        }
    }
}

fn evidence(from: &Mailbox, what: &str) -> String {
    format!("{what} in the name of \"{}\" <{}>", from.name, from.address)
}

/// A mailing list's name stands in its posts' names and is their recipient.
fn is_list(sight: &Sight<'_>) -> bool {
    sight.subject.contains('[') || sight.headers.has("List-Id")
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|one: char| !one.is_alphanumeric() && !"._-".contains(one)).any(|one| one == word)
}

/// What the name is made of.
fn name_form(from: &Mailbox, say: &mut Say) {
    let name = from.name.as_str();
    let evidence = || format!("\"{name}\" <{}>", from.address);
    if let Some(other) = address_in(name)
        && !is_same(other, from.domain())
        && !name.contains(" via ")
    {
        say.that(&NAME_IS_OTHER_ADDRESS, 1.0, evidence());
    }
    if name.chars().any(is_disguised) {
        say.that(&INVISIBLE_NAME, 1.0, format!("\"{}\"", name.escape_unicode()));
    }
    if name.chars().any(is_emoji) {
        say.that(&EMOJI_NAME, 1.0, evidence());
    }
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let marks = name.matches(['!', '$', '%', '#', '*', '\u{20ac}', '\u{a3}']).count();
    if !name.contains('@') && (digits >= 4 || marks > 0) {
        say.that(&NAME_IS_MESSAGE, if digits >= 4 && marks > 0 { 1.0 } else { 0.6 }, evidence());
    }
    let is_long = name.chars().filter(|one| one.is_alphabetic()).count() >= 8;
    if is_long && name.contains(' ') && !name.chars().any(char::is_lowercase) && name.is_ascii() {
        say.that(&CAPITAL_NAME, 1.0, evidence());
    }
}

/// The domain of an address that stands in a text.
fn address_in(text: &str) -> Option<&str> {
    let (before, after) = text.split_once('@')?;
    let domain =
        after.split(|one: char| !one.is_alphanumeric() && one != '.' && one != '-').next()?;
    let has_local = before.chars().next_back().is_some_and(char::is_alphanumeric);
    (has_local && domain.trim_matches('.').contains('.')).then_some(domain.trim_matches('.'))
}

/// Characters that show nothing, or show letters by other means than letters.
pub(super) fn is_disguised(one: char) -> bool {
    let joins = matches!(one, '\u{200c}' | '\u{200d}');
    let hides = matches!(one, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{3164}' |
        '\u{ffa0}' | '\u{180e}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' |
        '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e007f}');
    // Mathematical alphabets and letters in circles.
    let poses = matches!(one, '\u{1d400}'..='\u{1d7ff}' | '\u{24b6}'..='\u{24e9}' |
        '\u{1f130}'..='\u{1f189}');
    // Joiners are at home in emoji and in scripts of India and Persia.
    (hides && !joins) || poses
}

/// Pictures among the letters.
pub(super) fn is_emoji(one: char) -> bool {
    matches!(one, '\u{1f300}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b50}'..='\u{2b55}')
}

/// What the name says.
fn name_words(from: &Mailbox, sight: &Sight<'_>, say: &mut Say) {
    let folded = fold(&from.name);
    let is_free = is_free_mail(from.domain());
    let to = sight.headers.to();
    let is_inside = to.iter().any(|one| is_same(one.domain(), from.domain()));
    let evidence = || format!("\"{}\" <{}>", from.name, from.address);
    for (kind, phrase) in WORDS.find(&folded) {
        // A name that is nothing but the words says it outright.
        let share = phrase.len() as f32 / folded.len().max(1) as f32;
        match kind {
            "internal" if is_free => say.that(&SERVICE_FREE_MAIL, 1.0, evidence()),
            "internal" if !is_inside && !is_own(from, phrase) && !is_known(from) => {
                say.that(&INTERNAL_NAME, (0.4 + share * 0.6).min(1.0), evidence());
            }
            "service" if is_free => {
                say.that(&SERVICE_FREE_MAIL, (0.4 + share * 0.6).min(1.0), evidence());
            }
            "firm" if is_free => say.that(&FIRM_FREE_MAIL, 0.8, evidence()),
            "title" if is_free && folded.starts_with(phrase) && folded.len() > phrase.len() => {
                say.that(&TITLE_FREE_MAIL, 1.0, evidence());
            }
            _ => {}
        }
    }
}

/// Servers that return mail, and firms that are known.
fn is_known(from: &Mailbox) -> bool {
    let local = from.local();
    local == "mailer-daemon" || local == "postmaster" || brands::is_known(from.domain())
}

/// Firms that sell such services are called by them.
fn is_own(from: &Mailbox, phrase: &str) -> bool {
    let word = phrase.split(' ').next().unwrap_or_default();
    word.len() >= 3 && chosen(from.domain()).contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made;

    fn said(header: &str, name: &str) -> f32 {
        let raw = format!("{header}\r\nSubject: x\r\n\r\nx\r\n");
        made::strength(&made::said_by(look, &raw), name)
    }

    const TO: &str = "\r\nTo: john.doe@example.com";

    /// Each hostile form with its honest twin.
    #[test]
    fn hostile_forms_are_said_and_their_honest_twins_are_not() {
        for (name, hostile, honest) in [
            ("no-from", "To: a@example.org", "From: a@example.org"),
            ("several-from", "From: a@example.org, b@example.org", "From: a@example.org"),
            ("from-no-address", "From: root", "From: root@example.org"),
            (
                "name-is-other-address",
                "From: \"service@paypal.com\" <x@example.org>",
                "From: \"x@example.org\" <x@mail.example.org>",
            ),
            (
                "name-is-other-address",
                "From: \"ceo@example.com\" <x@example.org>",
                "From: \"'ann@example.com' via Team\" <team@example.org>",
            ),
            (
                "internal-name-from-outside",
                "From: IT Helpdesk <x@example.org>",
                "From: IT Helpdesk <it@example.com>",
            ),
            (
                "internal-name-from-outside",
                "From: =?utf-8?b?6YKu566x566h55CG5ZGY?= <x@example.org>",
                "From: Webmail News <x@webmail.example>",
            ),
            (
                "service-name-free-mail",
                "From: Account Security Team <xx@gmail.com>",
                "From: Account Security Team <xx@example.org>",
            ),
            (
                "firm-name-free-mail",
                "From: Miller Holdings Ltd <m@gmail.com>",
                "From: Miller Holdings Ltd <m@miller.example>",
            ),
            (
                "title-free-mail",
                "From: Barrister J. Cole <c@yahoo.com>",
                "From: J. Cole <c@yahoo.com>",
            ),
            (
                "recipient-in-sender-name",
                "From: \"example.com Support\" <x@example.org>",
                "From: \"example.com Support\" <x@mail.example.com>",
            ),
            ("odd-sender-local", "From: xkqzvwptjr@example.org", "From: marketing@example.org"),
            (
                "odd-sender-domain",
                "From: info@qzxkvwptjr.example",
                "From: info@schwarzschild.example",
            ),
            ("digits-sender-local", "From: ann83920183@example.org", "From: ann1983@example.org"),
            (
                "reply-to-free-mail",
                "From: ann@example.org\r\nReply-To: claims@gmail.com",
                "From: ann@example.org\r\nReply-To: tickets@example.org",
            ),
            (
                "reply-to-other-free-mail",
                "From: ann@yahoo.com\r\nReply-To: claims77@gmail.com",
                "From: ann@yahoo.com\r\nReply-To: ann@yahoo.com",
            ),
            (
                "reply-to-elsewhere",
                "From: ann@example.org\r\nReply-To: x@example.net",
                "From: ann@mail.example.org\r\nReply-To: x@example.org",
            ),
            ("from-is-to", "From: john.doe@example.com", "From: ann@example.com"),
            ("many-sender-labels", "From: a@a.b.c.d.example.org", "From: a@mail.example.co.uk"),
            ("cheap-sender-domain", "From: a@example.icu", "From: a@example.org"),
            ("noreply-free-mail", "From: no-reply@outlook.com", "From: no-reply@example.org"),
            ("bare-tenant-sender", "From: a@abc.onmicrosoft.com", "From: a@microsoft.com"),
            (
                "invisible-in-sender-name",
                "From: Pay\u{200b}Pal <a@example.org>",
                "From: J\u{f6}rg \u{1f600} <a@example.org>",
            ),
            (
                "sender-name-is-message",
                "From: Invoice #40021 <a@example.org>",
                "From: Studio 54 <a@example.org>",
            ),
            (
                "capital-sender-name",
                "From: ANN MILLER <a@example.org>",
                "From: IBM <a@example.org>",
            ),
            ("no-sender-name", "From: a@example.org", "From: Ann <a@example.org>"),
            (
                "emoji-sender-name",
                "From: Ann \u{1f381} <a@example.org>",
                "From: Ann <a@example.org>",
            ),
        ] {
            let to = if name == "no-from" { "" } else { TO };
            assert!(said(&format!("{hostile}{to}"), name) > 0.2, "{name}: {hostile}");
            assert!(said(&format!("{honest}{to}"), name) < 0.01, "{name}: {honest}");
        }
    }

    #[test]
    fn the_same_person_at_two_mailboxes_counts_little() {
        let header = "From: ann.miller@yahoo.com\r\nReply-To: annmiller@gmail.com";
        assert!(said(header, "reply-to-other-free-mail") < 0.4);
    }

    #[test]
    fn addresses_that_count_bounces_are_not_odd() {
        let header = "From: bounce+k3j9dk2mz0=example.com@example.org";
        assert!(said(header, "odd-sender-local") < 0.01);
    }
}
