//! To whom it is addressed, and whether it knows whom it writes to.

use super::sender::domain::{is_free_mail, is_same, organisation};
use crate::header::Mailbox;
use crate::said::{Group, Say, Signal, Toward};
use crate::sight::Sight;
use mail::SpamClass;

const fn signal(
    name: &'static str,
    class: Option<SpamClass>,
    prior: f32,
    words: &'static str,
) -> Signal {
    Signal { name, group: Group::Recipient, toward: Toward::Unwanted(class), prior, words }
}

const PHISHING: Option<SpamClass> = Some(SpamClass::Phishing);

const NO_RECIPIENT: Signal = signal("no-recipient", None, 0.6, "no recipient stands in the header");
const UNDISCLOSED: Signal =
    signal("undisclosed-recipients", None, 0.9, "its recipients are not disclosed");
const NO_ADDRESS: Signal =
    signal("recipient-no-address", None, 0.8, "the recipient in the header is no address");
const NEIGHBOURS: Signal = signal(
    "neighbouring-recipients",
    None,
    2.0,
    "its recipients stand side by side in a sorted list of addresses",
);
const MANY: Signal =
    signal("many-recipients", None, 0.4, "it has many recipients in different organisations");
const NAME_IS_LOCAL: Signal = signal(
    "recipient-name-is-mailbox",
    None,
    0.3,
    "the recipient's name is the mailbox name, as a program writes that knows no name",
);
const HIDDEN_COPY: Signal =
    signal("hidden-copy", None, 0.4, "none of those who get it stands in the header");
const UNFILLED: Signal = signal(
    "unfilled-template",
    None,
    2.0,
    "a place that should have been filled in for its reader was left as it was",
);
pub(super) const GREETS_ADDRESS: Signal = signal(
    "greets-address",
    PHISHING,
    1.0,
    "it greets its reader by the address, since it knows no name",
);
pub(super) const OWN_DOMAIN_IN_TEXT: Signal = signal(
    "recipient-domain-as-sender",
    PHISHING,
    2.0,
    "it speaks as the mail system or staff of the recipient's domain, and comes from elsewhere",
);

pub(super) const SIGNALS: &[&Signal] = &[
    &NO_RECIPIENT,
    &UNDISCLOSED,
    &NO_ADDRESS,
    &NEIGHBOURS,
    &MANY,
    &NAME_IS_LOCAL,
    &HIDDEN_COPY,
    &UNFILLED,
    &GREETS_ADDRESS,
    &OWN_DOMAIN_IN_TEXT,
];

pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    header(sight, say);
    unfilled(sight, say);
    let from = sight.headers.from().first().map_or("", Mailbox::domain);
    for address in addressees(sight).filter(|one| !is_same(one.domain(), from)).take(3) {
        greeting(sight, &address, say);
        own_domain(sight, &address, say);
    }
}

/// Who gets it: by the envelope where there is one, by the header otherwise.
pub(super) fn addressees(sight: &Sight<'_>) -> impl Iterator<Item = Mailbox> {
    let envelope = sight
        .around
        .recipients
        .iter()
        .map(|one| Mailbox { name: String::new(), address: one.to_string().to_lowercase() });
    let all: Vec<Mailbox> = envelope.chain(sight.headers.to().iter().cloned()).take(8).collect();
    all.into_iter().filter(|one| !one.domain().is_empty() && !one.local().is_empty())
}

fn header(sight: &Sight<'_>, say: &mut Say) {
    let to = sight.headers.to();
    let raw = sight.headers.first("To");
    let has_address = to.iter().any(|one| one.address.contains('@'));
    match raw {
        None if !sight.headers.has("Cc") => say.that(&NO_RECIPIENT, 1.0, "neither To nor Cc"),
        Some(raw) if !has_address => {
            let lower = raw.to_ascii_lowercase();
            let is_hidden = lower.contains("undisclosed") || lower.contains("recipient");
            let signal = if is_hidden || raw.is_empty() { &UNDISCLOSED } else { &NO_ADDRESS };
            say.that(signal, 1.0, raw);
        }
        _ => {}
    }
    neighbours(to, say);
    if let [one] = to
        && one.name.len() >= 2
        && (one.name.eq_ignore_ascii_case(one.local()))
    {
        say.that(&NAME_IS_LOCAL, 1.0, format!("\"{}\" <{}>", one.name, one.address));
    }
    let envelope = sight.around.recipients;
    let is_named = |one: &mail::Address| {
        let address = one.to_string();
        to.iter().any(|known| known.address.eq_ignore_ascii_case(&address))
    };
    if !envelope.is_empty() && !to.is_empty() && !envelope.iter().any(is_named) {
        say.that(&HIDDEN_COPY, 1.0, "the recipients of the envelope are not in To or Cc");
    }
}

/// Addresses as they follow each other in a sorted list: same start, or the same name at many
/// providers, and no names of people.
fn neighbours(to: &[Mailbox], say: &mut Say) {
    if to.len() < 5 || to.iter().any(|one| !one.name.is_empty() && one.name != one.address) {
        return;
    }
    let locals = || to.iter().map(Mailbox::local);
    let starts = |local: &str| local.chars().take(3).collect::<String>();
    let pairs = locals().zip(locals().skip(1));
    let near = pairs.filter(|(one, two)| starts(one) == starts(two)).count();
    let share = near as f32 / (to.len() - 1) as f32;
    let shown = || to.iter().take(4).map(|one| one.address.as_str()).collect::<Vec<_>>().join(", ");
    if share > 0.5 {
        say.that(&NEIGHBOURS, share, shown());
    }
    let first = to.first().map_or("", Mailbox::domain);
    if to.len() >= 10 && to.iter().any(|one| !is_same(one.domain(), first)) {
        say.that(&MANY, 1.0, format!("{} recipients: {}", to.len(), shown()));
    }
}

/// Places to be filled in, as programs for bulk mail write them.
const PLACES: &[&str] = &[
    "[[-email-]]",
    "[-email-]",
    "##email##",
    "#email#",
    "{{email}}",
    "{email}",
    "%email%",
    "[[email]]",
    "##victimemail##",
    "[-domain-]",
    "##domain##",
    "{{domain}}",
    "%domain%",
    "##victimdomain",
    "{{name}}",
    "##name##",
    "[fname]",
    "{fname}",
    "%fname%",
    "{first_name}",
    "{{first_name}}",
    "%first_name%",
    "{firstname}",
    "%firstname%",
    "[firstname]",
    "##user##",
    "[-user-]",
    "{{user}}",
    "%user%",
    "{{username}}",
    "[-time-]",
    "[-randomstring-]",
    "##date1##",
    "[-emailuser-]",
    "[-emaildomain-]",
    "{random}",
    "%random%",
    "%rnd",
    "%to_cc_",
    "%custom_",
    "[random",
    "{%rand",
    "%%email%%",
    "%%name%%",
    "@@email@@",
    "*|fname|*",
    "*|email|*",
    "{{ email }}",
];

fn unfilled(sight: &Sight<'_>, say: &mut Say) {
    let from = sight.headers.first("From").unwrap_or_default().to_ascii_lowercase();
    let subject = sight.subject.to_ascii_lowercase();
    let start = first_octets(&sight.body.folded, 1500);
    for (text, strength) in [(subject.as_str(), 1.0), (from.as_str(), 1.0), (start, 0.7)] {
        if !text.contains(['[', '{', '%', '#', '@', '*', '$']) {
            continue;
        }
        if let Some(place) = PLACES.iter().find(|place| text.contains(*place)) {
            say.that(&UNFILLED, strength, *place);
        }
    }
}

/// The start of a text, cut between characters.
fn first_octets(text: &str, octets: usize) -> &str {
    text.get(..text.floor_char_boundary(octets)).unwrap_or_default()
}

/// Greeting by address, or by the mailbox name of it, within the first lines.
fn greeting(sight: &Sight<'_>, to: &Mailbox, say: &mut Say) {
    const GREETINGS: &[&str] = &[
        "dear",
        "hello",
        "hi",
        "hey",
        "hallo",
        "attention",
        "attn",
        "user",
        "valued",
        "welcome",
        "guten tag",
        "sehr geehrte",
        "sehr geehrter",
        "liebe",
        "lieber",
        "bonjour",
        "cher",
        "chere",
        "hola",
        "estimado",
        "estimada",
        "querido",
        "ola",
        "prezado",
        "prezada",
        "caro",
        "cara",
        "gentile",
        "ciao",
        "salve",
        "beste",
        "geachte",
        "dag",
        "witaj",
        "szanowny",
        "czesc",
        "hej",
        "ahoj",
        "dobry den",
        "kedves",
        "draga",
        "merhaba",
        "sayin",
        "account",
        "user",
        "client",
        "customer",
        "kunde",
        "utilisateur",
        "usuario",
        "utente",
    ];
    let start = first_octets(&sight.body.folded, 400);
    let Some(at) = start.find(&to.address) else {
        local_greeting(start, to, GREETINGS, say);
        return;
    };
    let before =
        start.get(..at).unwrap_or_default().trim_end_matches([' ', ',', ':', '!', '<', '(']);
    let is_greeted = GREETINGS.iter().any(|word| before.ends_with(word)) || before.is_empty();
    if is_greeted {
        say.that(&GREETS_ADDRESS, 1.0, excerpt(start, at, to.address.len()));
    }
}

/// Mailbox names that are no names of people: with dots, digits or underscores.
fn local_greeting(start: &str, to: &Mailbox, greetings: &[&str], say: &mut Say) {
    let local = to.local();
    if local.len() < 3
        || !local.contains(['.', '_', '-', '0', '1', '2', '3', '4', '5', '7', '8', '9'])
    {
        return;
    }
    let Some(at) = start.find(local) else { return };
    let before = start.get(..at).unwrap_or_default().trim_end_matches([' ', ',', ':', '!']);
    let after = start.get(at + local.len()..).and_then(|rest| rest.chars().next());
    if after != Some('@') && greetings.iter().any(|word| before.ends_with(word)) {
        say.that(&GREETS_ADDRESS, 0.9, excerpt(start, at, local.len()));
    }
}

fn excerpt(text: &str, at: usize, length: usize) -> String {
    let from = text.floor_char_boundary(at.saturating_sub(30));
    let to = text.floor_char_boundary(at.saturating_add(length).saturating_add(10));
    text.get(from..to).unwrap_or_default().to_owned()
}

/// The recipient's domain named as who speaks: `example.com webmail`, `the example.com team`.
fn own_domain(sight: &Sight<'_>, to: &Mailbox, say: &mut Say) {
    const SPEAKERS: &[&str] = &[
        "support",
        "admin",
        "administrator",
        "webmail",
        "mail",
        "mailbox",
        "email",
        "e-mail",
        "team",
        "helpdesk",
        "help desk",
        "it ",
        "it-",
        "server",
        "security",
        "portal",
        "service",
        "account",
        "cpanel",
        "storage",
        "quarantine",
        "message",
        "voicemail",
        "hr ",
        "payroll",
        "postmaster",
        "mailserver",
        "password",
        "notification",
        "host",
        "domain",
        "systems",
        "all rights reserved",
    ];
    let domain = organisation(to.domain());
    if is_free_mail(domain) || !domain.contains('.') || domain.len() < 5 {
        return;
    }
    let start = first_octets(&sight.body.folded, 6000);
    for (text, most) in [(sight.subject_folded.as_str(), 1.0), (start, 1.0)] {
        for (at, _) in text.match_indices(domain).take(10) {
            let before = text.get(..at).and_then(|text| text.chars().next_back());
            let after = text.get(at + domain.len()..).unwrap_or_default();
            let is_bare =
                before.is_none_or(|one| !one.is_alphanumeric() && !"@./-_=".contains(one));
            let is_end = !after.starts_with(['/', '-', '_', '@']);
            let next = after.trim_start_matches([' ', '|', ':', '\'', '"', ')', ']']);
            if is_bare && is_end && SPEAKERS.iter().any(|word| next.starts_with(word)) {
                say.that(&OWN_DOMAIN_IN_TEXT, most, excerpt(text, at, domain.len() + 12));
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made;

    fn said(raw: &str, name: &str) -> f32 {
        made::strength(&made::said_by(look, raw), name)
    }

    const TO: &str = "From: x@example.org\r\nTo: john.doe@example.com\r\n";

    /// Each hostile form with its honest twin.
    #[test]
    fn hostile_forms_are_said_and_their_honest_twins_are_not() {
        let body = |text: &str| format!("{TO}\r\n{text}\r\n");
        let header = |text: &str| format!("{text}\r\n\r\nx\r\n");
        for (name, hostile, honest) in [
            ("no-recipient", header("From: x@example.org"), header("Cc: a@example.com")),
            (
                "undisclosed-recipients",
                header("To: undisclosed-recipients:;"),
                header("To: a@example.com"),
            ),
            ("recipient-no-address", header("To: friend"), header("To: friend@example.com")),
            (
                "neighbouring-recipients",
                header(
                    "To: john1@a.example, john2@a.example, john3@b.example, john77@c.example, johnny@d.example",
                ),
                header(
                    "To: ann@a.example, bob@a.example, cem@b.example, dora@c.example, eva@d.example",
                ),
            ),
            (
                "recipient-name-is-mailbox",
                header("To: jdoe84 <jdoe84@example.com>"),
                header("To: John Doe <jdoe84@example.com>"),
            ),
            (
                "unfilled-template",
                body("Dear [[-Email-]], your password expires"),
                body("Dear [editor], I sent 5 % of {a, b}"),
            ),
            (
                "greets-address",
                body("Hello john.doe@example.com, your mailbox is full"),
                body("Hello John, I forwarded your mail"),
            ),
            (
                "greets-address",
                body("Dear john.doe, your mailbox"),
                body("Dear John Doe, your book"),
            ),
            (
                "recipient-domain-as-sender",
                body("Sign in to keep your password. example.com Webmail Team"),
                body("I saw your page at www.example.com and write to a@example.com"),
            ),
        ] {
            assert!(said(&hostile, name) > 0.3, "{name}: {hostile}");
            assert!(said(&honest, name) < 0.01, "{name}: {honest}");
        }
    }

    #[test]
    fn the_own_mail_system_may_speak_for_its_domain() {
        let raw = "From: it@example.com\r\nTo: john.doe@example.com\r\n\r\nThe example.com mail server moves on Monday.\r\n";
        assert!(said(raw, "recipient-domain-as-sender") < 0.01);
    }

    #[test]
    fn a_hidden_copy_is_told_by_the_envelope() {
        let address: mail::Address = "john@example.com".parse().unwrap();
        let recipients = [address];
        let around = crate::Around { recipients: &recipients, ..crate::Around::default() };
        let said = |to: &str| {
            let raw = format!("To: {to}\r\n\r\nx\r\n");
            made::sighted_with(raw.as_bytes(), &[], around, |sight| {
                let mut say = Say::default();
                look(sight, &mut say);
                say.has(&HIDDEN_COPY)
            })
        };
        assert!(said("ann@example.org") && !said("John@Example.com"));
    }
}
