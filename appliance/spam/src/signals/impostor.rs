//! People and domains of the owner that somebody else claims to be. What is not configured is taken
//! from the recipient's own address.

mod domain;
mod person;

use mail::SpamClass;

use crate::domains::{brands, is_free_mail, label, registrable};
use crate::said::{Group, Say, Signal, Toward};
use crate::sight::Sight;
use crate::standing::Clicks;
use crate::text::fold;

const IMPOSTOR: Toward = Toward::Unwanted(Some(SpamClass::Impostor));
const PHISHING: Toward = Toward::Unwanted(Some(SpamClass::Phishing));

const fn signal(name: &'static str, toward: Toward, prior: f32, words: &'static str) -> Signal {
    Signal { name, group: Group::Imitation, toward, prior, words }
}

pub(super) const PERSON: Signal = signal(
    "impostor-person",
    IMPOSTOR,
    3.2,
    "the sender bears the name of a person here, the address is not theirs",
);
pub(super) const OWN_ALIKE: Signal = signal(
    "impostor-own-domain-alike",
    IMPOSTOR,
    3.2,
    "the sender's domain is made to look like one of the owner's",
);
pub(super) const OWN_UNPROVEN: Signal = signal(
    "impostor-own-domain-unproven",
    IMPOSTOR,
    2.2,
    "the sender claims a domain of the owner and does not prove it",
);
pub(super) const ADDRESS_IN_NAME: Signal = signal(
    "impostor-address-in-name",
    IMPOSTOR,
    2.5,
    "the sender's name holds an address of this organisation, the true one is elsewhere",
);
pub(super) const RECIPIENT_ALIKE: Signal = signal(
    "impostor-recipient-domain-alike",
    IMPOSTOR,
    2.5,
    "the sender's domain is made to look like the recipient's",
);
pub(super) const ORGANISATION: Signal = signal(
    "impostor-organisation",
    PHISHING,
    2.4,
    "the sender's name is that of the recipient's organisation, the address is elsewhere",
);
pub(super) const DOMAIN_IN_TEXT: Signal = signal(
    "impostor-domain-in-text",
    PHISHING,
    1.2,
    "the message speaks for the recipient's domain, and strangers' links are to be clicked",
);
pub(super) const DOMAIN_IN_LINK: Signal = signal(
    "impostor-domain-in-link",
    PHISHING,
    2.5,
    "a stranger's host wears the name of the recipient's domain",
);

pub(super) const SIGNALS: &[&Signal] = &[
    &PERSON,
    &OWN_ALIKE,
    &OWN_UNPROVEN,
    &ADDRESS_IN_NAME,
    &RECIPIENT_ALIKE,
    &ORGANISATION,
    &DOMAIN_IN_TEXT,
    &DOMAIN_IN_LINK,
];

/// Recipients whose domains are looked at.
const RECIPIENTS: usize = 4;

pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    let Some(from) = sight.headers.from().first().filter(|from| !from.address.is_empty()) else {
        return;
    };
    let name = fold(&from.name);
    person::look(sight, from, say);
    own(sight, from.domain(), say);
    let homes = homes(sight);
    if homes.iter().any(|home| registrable(from.domain()) == *home) {
        return;
    }
    let clicks = Clicks::of(sight);
    for home in &homes {
        claimed(&name, home, from.domain(), say);
        alike(home, from.domain(), say);
        linked(home, sight, &clicks, say);
    }
}

/// Registrable domains of the recipients and of the owner that are nobody else's.
fn homes(sight: &Sight<'_>) -> Vec<String> {
    let header = sight.headers.to().iter().take(RECIPIENTS).map(|to| to.domain().to_owned());
    let envelope = sight.around.recipients.iter().take(RECIPIENTS).map(|to| to.to_string());
    let envelope =
        envelope.filter_map(|one| one.rsplit_once('@').map(|(_, domain)| domain.to_lowercase()));
    let own = sight.around.own_domains.iter().cloned();
    let mut homes: Vec<String> = Vec::new();
    for domain in header.chain(envelope).chain(own) {
        let home = registrable(&domain);
        let is_one = home.contains('.') && !is_free_mail(&domain) && !is_free_mail(home);
        if is_one && !brands::is_known(home) && !homes.iter().any(|one| one == home) {
            homes.push(home.to_owned());
        }
    }
    homes.truncate(20);
    homes
}

/// The owner's own domains, worn or claimed.
fn own(sight: &Sight<'_>, from: &str, say: &mut Say) {
    let is_own = |own: &&String| from == own.as_str() || from.ends_with(&format!(".{own}"));
    let Some(own) = sight.around.own_domains.iter().find(is_own) else {
        for own in sight.around.own_domains {
            if let Some((strength, how)) = domain::alike(registrable(own), registrable(from)) {
                say.that(&OWN_ALIKE, strength, format!("{from} looks like {own}: {how}"));
            }
        }
        return;
    };
    let Some(checks) = sight.around.authentication else { return };
    let is_proven = [checks.dmarc, checks.dkim, checks.spf].contains(&Some(true));
    if !is_proven || checks.dmarc == Some(false) {
        let strength = if checks.dmarc == Some(false) { 1.0 } else { 0.6 };
        say.that(&OWN_UNPROVEN, strength, format!("nothing proves that {own} sent it"));
    }
}

/// Words of those who keep an organisation's systems and pay its people.
const OFFICES: &[&str] = &[
    "it",
    "support",
    "helpdesk",
    "help",
    "desk",
    "admin",
    "administrator",
    "administration",
    "mail",
    "email",
    "webmail",
    "mailserver",
    "server",
    "hr",
    "payroll",
    "security",
    "service",
    "services",
    "notification",
    "notifications",
    "alert",
    "alerts",
    "team",
    "system",
    "systems",
    "postmaster",
    "account",
    "accounts",
    "accounting",
    "finance",
    "voicemail",
    "voice",
    "fax",
    "scanner",
    "scan",
    "quarantine",
    "storage",
    "cloud",
    "sharepoint",
    "docs",
    "documents",
    "document",
    "portal",
    "management",
    "office",
    "benefits",
    "human",
    "resources",
    "edv",
    "personalabteilung",
    "buchhaltung",
    "verwaltung",
    "informatique",
    "rh",
    "comptabilite",
    "soporte",
    "informatica",
    "nomina",
    "administracion",
    "assistenza",
    "amministrazione",
    "beheer",
    "sikkerhed",
    "password",
    "update",
    "host",
    "hosting",
    "domain",
    "mailbox",
    "no-reply",
    "noreply",
    "department",
    "dept",
    "network",
    "secure",
    "message",
    "messages",
    "via",
    "share",
];

/// A display name that claims to be the recipient's organisation.
fn claimed(name: &str, home: &str, from: &str, say: &mut Say) {
    if name.is_empty() || brands::is_known(from) && !is_free_mail(from) {
        return;
    }
    let evidence = || format!("the sender is called \"{name}\", the address is at {from}");
    if name.contains(home) {
        let is_address = name.contains(&format!("@{home}"));
        let signal = if is_address { &ADDRESS_IN_NAME } else { &ORGANISATION };
        say.that(signal, 1.0, evidence());
        return;
    }
    let own = label(home);
    let words = || name.split(|one: char| !one.is_alphanumeric() && one != '-');
    let has_office = words().any(|word| OFFICES.contains(&word));
    let bears = registrable(from).contains(own) || from.contains(own);
    if own.len() >= 3 && has_office && !bears && words().any(|word| word == own) {
        say.that(&ORGANISATION, 0.8, evidence());
    }
}

/// A sender's domain that looks like the recipient's.
fn alike(home: &str, from: &str, say: &mut Say) {
    if is_free_mail(from) || brands::is_known(from) {
        return;
    }
    let Some((strength, how)) = domain::alike(home, registrable(from)) else { return };
    // The recipient's organisation may have more domains than anybody told.
    let strength = if strength < 0.9 { strength * 0.4 } else { strength };
    say.that(&RECIPIENT_ALIKE, strength, format!("{from} looks like {home}: {how}"));
}

/// The recipient's domain in links and beside them.
fn linked(home: &str, sight: &Sight<'_>, clicks: &Clicks<'_>, say: &mut Say) {
    let own = label(home);
    for click in clicks.nameable().take(60) {
        let host = click.url.host.as_str();
        if registrable(host) == home {
            continue;
        }
        let dashed = home.replace('.', "-");
        let evidence = || format!("{host} wears {home}");
        if host.contains(&format!("{home}.")) || host.contains(&dashed) {
            say.that(&DOMAIN_IN_LINK, 1.0, evidence());
        } else if click.standing.strangeness() > 0.0
            && own.len() >= 5
            && host.split(['.', '-']).any(|word| word == own)
        {
            say.that(&DOMAIN_IN_LINK, 0.5 * click.pull(), evidence());
        }
    }
    let Some(strangest) = clicks.strangest().filter(|one| registrable(&one.url.host) != home)
    else {
        return;
    };
    let text = &sight.body.folded;
    let text = text.get(..text.floor_char_boundary(2000)).unwrap_or_default();
    if stands_alone(&sight.subject_folded, home) || stands_alone(text, home) {
        let strength = (0.4 + strangest.standing.strangeness()) * strangest.pull();
        let evidence = format!("it speaks of {home}, a link leads to {}", strangest.url.host);
        say.that(&DOMAIN_IN_TEXT, strength, evidence);
    }
}

/// Whether a domain stands in a text by itself, not as a part of an address.
fn stands_alone(text: &str, domain: &str) -> bool {
    let is_part =
        |one: char| one.is_alphanumeric() || matches!(one, '@' | '.' | '-' | '/' | '=' | '_');
    text.match_indices(domain).take(20).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + domain.len()..).unwrap_or_default();
        let continues =
            after.starts_with(|one: char| one.is_alphanumeric() || matches!(one, '-' | '/' | '@'));
        !before.is_some_and(is_part) && !continues
    })
}

#[cfg(test)]
mod tests;
