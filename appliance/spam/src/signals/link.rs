//! Where links lead, and whether they say so.

mod answer;
mod recipient;
mod words;

use mail::SpamClass;

use crate::address::{Scheme, Url};
use crate::domains::services::Service;
use crate::domains::{brands, cheapness, is_free_mail, randomness};
use crate::said::{Group, Say, Signal, Toward};
use crate::sight::{LinkKind, Sight};
use crate::standing::{Click, Clicks, Standing};
use crate::text::fold;

const PHISHING: Toward = Toward::Unwanted(Some(SpamClass::Phishing));
const UNWANTED: Toward = Toward::Unwanted(None);

const fn signal(name: &'static str, toward: Toward, prior: f32, words: &'static str) -> Signal {
    Signal { name, group: Group::Link, toward, prior, words }
}

pub(super) const TEXT_ELSEWHERE: Signal = signal(
    "link-text-elsewhere",
    PHISHING,
    2.2,
    "the text of a link shows another place than it leads to",
);
pub(super) const NUMBER: Signal =
    signal("link-number", UNWANTED, 1.8, "a link leads to a number instead of a name");
pub(super) const ODD_NUMBER: Signal =
    signal("link-odd-number", PHISHING, 3.0, "the number that a link leads to is disguised");
pub(super) const PUNYCODE: Signal =
    signal("link-confusable", PHISHING, 2.5, "a link's host is written with look-alike letters");
pub(super) const USER_INFO: Signal = signal(
    "link-user-info",
    PHISHING,
    2.5,
    "a link shows a name in front of an @ and leads to what follows it",
);
pub(super) const DISGUISED: Signal =
    signal("link-disguised", UNWANTED, 1.8, "a link is written so that filters misread it");
pub(super) const DEFANGED: Signal =
    signal("link-defanged", UNWANTED, 0.3, "a link is written so that no program sees it");
pub(super) const HOSTED: Signal = signal(
    "link-hosted",
    PHISHING,
    0.9,
    "what is to be clicked is at a service that hosts for anybody",
);
pub(super) const HOSTED_ONLY: Signal = signal(
    "link-hosted-only",
    PHISHING,
    1.5,
    "all that is to be clicked is at a service that hosts for anybody",
);
pub(super) const SHORT_ONLY: Signal =
    signal("link-short-only", UNWANTED, 1.3, "all that is to be clicked is behind a shortener");
pub(super) const REDIRECTED: Signal = signal(
    "link-redirected",
    PHISHING,
    2.0,
    "a link goes through a well-known site to a stranger's",
);
pub(super) const HOPS: Signal =
    signal("link-hops", PHISHING, 1.2, "a link goes through several redirections");
pub(super) const RECIPIENT: Signal =
    signal("link-recipient", PHISHING, 1.5, "the recipient's address is in a link");
pub(super) const RECIPIENT_FRAGMENT: Signal = signal(
    "link-recipient-fragment",
    PHISHING,
    3.0,
    "the recipient's address is behind a link's # or in base64",
);
pub(super) const LOGIN_WORDS: Signal =
    signal("link-login-words", PHISHING, 1.0, "a stranger's link speaks of signing in");
pub(super) const ONE_STRANGER: Signal =
    signal("link-one-stranger", UNWANTED, 0.6, "all that is to be clicked is one stranger's");
pub(super) const RANDOM_HOST: Signal =
    signal("link-random-host", UNWANTED, 1.2, "a link's host is random letters");
pub(super) const HACKED_PATH: Signal = signal(
    "link-hacked-path",
    PHISHING,
    1.6,
    "a link leads into the inside of somebody's web site software",
);
pub(super) const CHEAP_TOP: Signal = signal(
    "link-cheap-top",
    UNWANTED,
    1.3,
    "what is to be clicked is under a top-level domain that is often thrown away",
);
pub(super) const ODD_PORT: Signal =
    signal("link-odd-port", UNWANTED, 0.8, "a link leads to an unusual port");
pub(super) const DATA: Signal =
    signal("link-data", PHISHING, 2.5, "a link holds a page instead of leading to one");
pub(super) const DEEP_HOST: Signal =
    signal("link-deep-host", PHISHING, 0.8, "a stranger's host has many or very long labels");
pub(super) const FORM_ELSEWHERE: Signal =
    signal("link-form-elsewhere", PHISHING, 1.5, "a form is sent to a stranger");
pub(super) const CODE: Signal =
    signal("link-code", PHISHING, 1.2, "a code in a picture leads to a stranger's");
pub(super) const CHAT: Signal =
    signal("link-chat", UNWANTED, 0.8, "what is to be clicked leads to a chat");
pub(super) const OWN_ONLY: Signal =
    signal("link-own-only", Toward::Wanted, 0.2, "all that is to be clicked is the sender's");

pub(super) const SIGNALS: &[&Signal] = &[
    &TEXT_ELSEWHERE,
    &NUMBER,
    &ODD_NUMBER,
    &PUNYCODE,
    &USER_INFO,
    &DISGUISED,
    &DEFANGED,
    &HOSTED,
    &HOSTED_ONLY,
    &SHORT_ONLY,
    &REDIRECTED,
    &HOPS,
    &RECIPIENT,
    &RECIPIENT_FRAGMENT,
    &LOGIN_WORDS,
    &ONE_STRANGER,
    &RANDOM_HOST,
    &HACKED_PATH,
    &CHEAP_TOP,
    &ODD_PORT,
    &DATA,
    &DEEP_HOST,
    &FORM_ELSEWHERE,
    &CODE,
    &CHAT,
    &OWN_ONLY,
    &answer::ELSEWHERE,
    &answer::CALLBACK,
];

pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    let clicks = Clicks::of(sight);
    for click in &clicks.list {
        written(click, say);
        shown(click, &clicks, say);
        if !click.is_aside {
            place(click, &clicks, say);
        }
    }
    recipient::look(sight, &clicks, say);
    together(&clicks, say);
    embedded(sight, say);
    answer::look(sight, &clicks, say);
}

/// How an address is written.
fn written(click: &Click<'_>, say: &mut Say) {
    let url = click.url;
    if url.tricks.is_number {
        let strength = if is_private(&url.host) { 0.15 } else { click.pull() };
        say.that(&NUMBER, strength, format!("a link leads to {}", url.host));
    }
    if url.tricks.odd_number {
        say.that(&ODD_NUMBER, 1.0, format!("{} means {}", cut(&click.link.target), url.host));
    }
    if !url.user.is_empty() {
        let strength = if url.user.contains('.') { 1.0 } else { 0.4 };
        let evidence = format!("a link shows {} and leads to {}", cut(&url.user), url.host);
        say.that(&USER_INFO, strength, evidence);
    }
    if url.tricks.percent || url.tricks.slashes {
        let strength = if url.tricks.percent { 1.0 } else { 0.5 };
        say.that(&DISGUISED, strength, cut(&click.link.target));
    }
    if url.tricks.defanged {
        say.that(&DEFANGED, 1.0, cut(&click.link.target));
    }
    confusable(url, say);
}

/// Addresses of local networks.
fn is_private(host: &str) -> bool {
    let beginnings = ["10.", "192.168.", "127.", "169.254.", "0."];
    let second = host.strip_prefix("172.").and_then(|rest| rest.split('.').next()?.parse().ok());
    beginnings.iter().any(|one| host.starts_with(one))
        || second.is_some_and(|second: u8| (16..32).contains(&second))
}

/// Hosts that read as ASCII and are none.
fn confusable(url: &Url, say: &mut Say) {
    if !url.host.contains("xn--") {
        return;
    }
    let (shown, _) = idna::domain_to_unicode(&url.host);
    let has_both = |label: &str| {
        let has_latin = label.bytes().any(|octet| octet.is_ascii_alphabetic());
        has_latin && label.chars().any(|one| one >= '\u{370}')
    };
    let reads_as_ascii = |label: &str| !label.is_ascii() && fold(label).is_ascii();
    if shown.split('.').any(has_both) {
        say.that(&PUNYCODE, 1.0, format!("{shown} is {}", url.host));
    } else if shown.split('.').any(reads_as_ascii) {
        // Honest names with marks, such as those of towns, look like this too.
        say.that(&PUNYCODE, 0.15, format!("{shown} is {}", url.host));
    }
}

/// Whether a link leads to what it shows.
fn shown(click: &Click<'_>, clicks: &Clicks<'_>, say: &mut Say) {
    let Some(shown) = words::host_shown(&click.link.words) else { return };
    let leads = &click.url.host;
    let hops = click.url.through.iter().map(|hop| hop.host.as_str());
    let mut places = hops.chain([leads.as_str()]);
    if places.any(|host| words::is_same_place(&shown, host)) {
        return;
    }
    let is_brand = brands::is_known(&shown);
    let is_senders = crate::domains::are_kin(&shown, clicks.from);
    let strength = match click.standing {
        Standing::Own | Standing::Kin | Standing::Mailer | Standing::Known => 0.0,
        Standing::Short => 0.3,
        Standing::Number | Standing::Hosted(_) | Standing::Chat => 1.0,
        Standing::Foreign if is_brand => 1.0,
        Standing::Foreign if is_senders => 0.3,
        Standing::Foreign => 0.5,
    };
    let evidence = format!("the text says {}, the link leads to {leads}", cut(&shown));
    say.that(&TEXT_ELSEWHERE, strength, evidence);
}

/// What one place looks like.
fn place(click: &Click<'_>, clicks: &Clicks<'_>, say: &mut Say) {
    let url = click.url;
    if click.standing.strangeness() <= 0.0 {
        return;
    }
    let pull = click.pull();
    let evidence = || format!("a link leads to {}", cut(&address(url)));
    if let Standing::Hosted(service) = click.standing {
        let evidence = format!("a link leads to {}, which is {}", url.host, service.words());
        say.that(&HOSTED, service.hosting() * pull, evidence);
    }
    if click.standing == Standing::Chat {
        say.that(&CHAT, pull, evidence());
    }
    redirected(click, say);
    let login = words::login_words(url);
    say.that(&LOGIN_WORDS, login * pull, evidence());
    say.that(&HACKED_PATH, words::hacked(url) * pull, evidence());
    if click.standing == Standing::Foreign {
        say.that(&CHEAP_TOP, cheapness(&url.host) * pull, evidence());
    }
    let random = url.host.split('.').rev().skip(1).map(randomness).fold(0.0, f32::max);
    let is_tenant = matches!(click.standing, Standing::Hosted(_));
    say.that(&RANDOM_HOST, random * pull * if is_tenant { 0.5 } else { 1.0 }, evidence());
    if url.port.is_some_and(|port| !matches!(port, 80 | 443)) && !is_private(&url.host) {
        say.that(&ODD_PORT, pull, evidence());
    }
    if click.standing == Standing::Foreign {
        say.that(&DEEP_HOST, depth(&url.host) * pull, evidence());
    }
    if click.link.kind == LinkKind::Form && !clicks.from.is_empty() {
        say.that(&FORM_ELSEWHERE, click.standing.strangeness().max(0.6), evidence());
    }
    if click.link.kind == LinkKind::Code {
        say.that(&CODE, click.standing.strangeness().max(0.5), evidence());
    }
}

fn redirected(click: &Click<'_>, say: &mut Say) {
    let url = click.url;
    let is_ours = |service: Option<Service>| {
        matches!(service, Some(Service::Wrapper | Service::Mailer | Service::Shortener))
    };
    let mut open = url
        .through
        .iter()
        .filter(|hop| (hop.is_redirector || brands::is_known(&hop.host)) && !is_ours(hop.service));
    let wraps = |hop: &&crate::address::Hop| hop.service != Some(Service::Wrapper);
    let hops = url.through.iter().filter(wraps).count();
    if let Some(hop) = open.next() {
        let strength = if click.standing == Standing::Foreign { 0.6 } else { 1.0 };
        let evidence = format!("a link goes through {} to {}", hop.host, url.host);
        say.that(&REDIRECTED, strength * click.pull(), evidence);
    }
    if hops >= 2 {
        let strength = if hops > 2 { 1.0 } else { 0.6 };
        say.that(&HOPS, strength, format!("{hops} redirections to {}", url.host));
    }
}

/// How much a host hides its end behind labels, 0 to 1.
fn depth(host: &str) -> f32 {
    let labels = host.split('.').count();
    let is_long = host.len() > 50 || host.split('.').any(|label| label.len() > 30);
    match labels {
        ..=4 if !is_long => 0.0,
        ..=5 => 0.5,
        _ => 1.0,
    }
}

/// What all links are together.
fn together(clicks: &Clicks<'_>, say: &mut Say) {
    let Some(strangest) = clicks.strangest() else {
        if clicks.all_are_own() && !is_free_mail(clicks.from) {
            say.that(&OWN_ONLY, 1.0, format!("all links lead to {}", clicks.from));
        }
        return;
    };
    let answers = |click: &Click<'_>| {
        matches!(click.standing, Standing::Own | Standing::Kin | Standing::Mailer)
    };
    if clicks.calls().any(answers) {
        return;
    }
    let pull = strangest.pull();
    let host = &strangest.url.host;
    if let Some(least) = least(clicks, hosting) {
        let strength = (0.2 + least) * pull;
        say.that(&HOSTED_ONLY, strength, format!("all links lead to such as {host}"));
    }
    if clicks.strange().all(|click| click.standing == Standing::Short) {
        say.that(&SHORT_ONLY, pull, format!("all links lead to such as {host}"));
    }
    let domain = &strangest.url.domain;
    let is_one = clicks.strange().all(|click| click.url.domain == *domain);
    if is_one && strangest.standing == Standing::Foreign {
        let is_written = strangest.link.kind == LinkKind::Written;
        let strength = if is_free_mail(clicks.from) || is_written { 0.5 } else { 1.0 };
        say.that(&ONE_STRANGER, strength * pull, format!("all links lead to {domain}"));
    }
}

fn hosting(click: &Click<'_>) -> f32 {
    if let Standing::Hosted(service) = click.standing { service.hosting() } else { 0.0 }
}

/// The least of all strange links, when it is above 0.
fn least(clicks: &Clicks<'_>, weight: fn(&Click<'_>) -> f32) -> Option<f32> {
    let least = clicks.strange().map(weight).fold(1.0, f32::min);
    (least > 0.0).then_some(least)
}

/// Links that hold what they show.
fn embedded(sight: &Sight<'_>, say: &mut Say) {
    for (link, url) in sight.links.iter().zip(&sight.urls) {
        if url.scheme == Scheme::Data && link.kind == LinkKind::Anchor {
            let is_page = ["text/html", "application/", "image/svg"];
            let strength =
                if is_page.iter().any(|kind| url.path.starts_with(kind)) { 1.0 } else { 0.3 };
            say.that(&DATA, strength, cut(&link.target));
        }
    }
}

/// An address as a person reads it.
fn address(url: &Url) -> String {
    let query = if url.query.is_empty() { "" } else { "?" };
    [url.host.as_str(), &url.path, query, &url.query].concat()
}

/// What fits into evidence.
fn cut(text: &str) -> String {
    text.get(..text.floor_char_boundary(80)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
