//! The recipient's address in links: how a page greets its victim by name.

use crate::address::{Url, base64_text, percent_decoded};
use crate::said::Say;
use crate::sight::Sight;
use crate::standing::{Click, Clicks, Standing};

use super::{RECIPIENT, RECIPIENT_FRAGMENT, cut};

/// Links that are looked at.
const LINKS: usize = 60;
/// Recipients that are looked for.
const RECIPIENTS: usize = 5;

pub(super) fn look(sight: &Sight<'_>, clicks: &Clicks<'_>, say: &mut Say) {
    let recipients = recipients(sight);
    if recipients.is_empty() {
        return;
    }
    for click in clicks.list.iter().take(LINKS) {
        let Some((place, address)) = found(click.url, &recipients) else { continue };
        let evidence = format!("{address} is in a link to {}", cut(&click.url.host));
        match place {
            Place::Open if !click.is_aside && !is_about_lists(click.url) => {
                say.that(&RECIPIENT, doubt(click), evidence);
            }
            Place::Open => {}
            Place::Covered => {
                let strength = if click.is_aside { 0.2 } else { 1.0 } * doubt(click);
                say.that(&RECIPIENT_FRAGMENT, strength, evidence);
            }
        }
    }
}

/// Where an address stands in a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the query or the path.
    Open,
    /// Behind the `#`, which no server sees, or in base64.
    Covered,
}

/// How little the sender's own systems would put an address there, 0 to 1.
fn doubt(click: &Click<'_>) -> f32 {
    match click.standing {
        Standing::Own | Standing::Kin => 0.1,
        Standing::Mailer => 0.1,
        Standing::Known => 0.3,
        Standing::Foreign => 0.7,
        _ => 1.0,
    }
}

fn recipients(sight: &Sight<'_>) -> Vec<String> {
    let header = sight.headers.to().iter().map(|to| to.address.clone());
    let envelope = sight.around.recipients.iter().map(|to| to.to_string().to_lowercase());
    let is_address = |one: &String| one.len() >= 6 && one.contains('@');
    header.chain(envelope).filter(is_address).take(RECIPIENTS).collect()
}

fn found<'r>(url: &Url, recipients: &'r [String]) -> Option<(Place, &'r str)> {
    let among = |text: &str| {
        let lower = text.to_lowercase();
        recipients.iter().find(|one| lower.contains(one.as_str())).map(String::as_str)
    };
    let fragment = percent_decoded(&url.fragment);
    if let Some(address) = among(&fragment) {
        return Some((Place::Covered, address));
    }
    for text in [&url.fragment, &url.query, &url.path] {
        for token in tokens(&percent_decoded(text)) {
            if let Some(address) =
                base64_text(token).filter(|text| text.contains('@')).and_then(|text| among(&text))
            {
                return Some((Place::Covered, address));
            }
        }
    }
    if !url.query.contains(['@', '%']) && !url.path.contains(['@', '%']) {
        return None;
    }
    among(&url.tail()).map(|address| (Place::Open, address))
}

/// Runs of characters that base64 is made of.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let is_coded = |one: char| one.is_ascii_alphanumeric() || matches!(one, '+' | '-' | '_');
    text.split(move |one: char| !is_coded(one))
        .filter(|token| (12..=400).contains(&token.len()))
        .take(12)
}

/// Whether a link is about the recipient's place on a list.
fn is_about_lists(url: &Url) -> bool {
    let tail = url.tail();
    let words = [
        "unsub", "optout", "opt-out", "remove", "preferen", "subscri", "profile", "manage",
        "listinfo", "options", "confirm", "rsvp", "feedback", "survey", "track", "click", "member",
    ];
    words.iter().any(|word| tail.contains(word) || url.host.contains(word))
}
