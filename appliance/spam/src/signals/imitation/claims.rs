//! Brands that subject, text and pictures claim to speak for.

use crate::domains::brands::{self, Mention};
use crate::domains::look_alike::look_alike_strength;
use crate::said::Say;
use crate::sight::{LinkKind, Sight};
use crate::standing::{Click, Clicks, Standing};
use crate::text::fold;

use super::{CLAIM, PICTURE, SUBJECT, Sender, TEXT};

/// Octets at the begin of the text that name who writes.
const OPENING: usize = 500;
/// Octets at either end of the text in which it is signed.
const SIGNED: usize = 1800;
/// Pictures at the top of which one is a logo.
const LOGOS: usize = 3;

pub(super) fn look(sight: &Sight<'_>, sender: &Sender<'_>, clicks: &Clicks<'_>, say: &mut Say) {
    let is_answer = sight.headers.has("In-Reply-To") || sight.headers.has("References");
    let strangest = clicks.strangest();
    let strange = strangest.map_or(0.0, weight);
    let where_to = strangest.map_or("", |click| &click.url.host);
    signed(sight, sender, strange, where_to, say);
    if strange <= 0.0 || is_answer {
        return;
    }
    let names = |text: &str| named(text, sender, clicks);
    if let Some(name) = names(&sight.subject_folded) {
        let evidence = format!("the subject names {name}, a link leads to {where_to}");
        say.that(&SUBJECT, strange, evidence);
    }
    let text = &sight.body.folded;
    let opening = text.get(..text.floor_char_boundary(OPENING)).unwrap_or_default();
    if let Some(name) = names(opening) {
        let evidence = format!("the text opens with {name}, a link leads to {where_to}");
        say.that(&TEXT, 0.6 * strange, evidence);
    }
    titled(sight, sender, clicks, strange, say);
    pictured(sight, sender, clicks, strange, say);
}

/// How strange a click is, 0 to 1. Where the host wears a brand's name it is strange enough.
fn weight(click: &Click<'_>) -> f32 {
    let base = match click.standing {
        Standing::Foreign => 0.7,
        other => other.strangeness(),
    };
    let wears = look_alike_strength(&click.url.host);
    base.max(wears) * click.pull()
}

/// A name in a text that neither the sender nor any link bears out.
fn named(text: &str, sender: &Sender<'_>, clicks: &Clicks<'_>) -> Option<&'static str> {
    let is_worn = |mention: &Mention| {
        let name = mention.name;
        !name.is_ordinary
            && name.text.len() >= 3
            && brands::kind(name.brand) != "social"
            && !sender.is_of(name)
            && !sender.bears(name)
            && !is_shop_talk(text, mention)
    };
    let strangest = clicks.strangest()?;
    let found = brands::mentions(text).take(20).find(is_worn)?;
    (!brands::owns(found.name, &strangest.url.host)).then_some(found.name.text.as_str())
}

/// Whether a brand is named as a means only: to pay with, to read with, to follow on.
fn is_shop_talk(text: &str, mention: &Mention) -> bool {
    let before = text.get(..mention.start).unwrap_or_default().trim_end();
    let last = before.rsplit(' ').next().unwrap_or_default();
    let means = [
        "on", "via", "with", "by", "mit", "per", "bei", "uber", "avec", "sur", "chez", "con", "en",
        "su", "or", "oder", "ou", "o", "than", "like", "about", "against", "vs", "versus", "use",
        "using",
    ];
    means.contains(&last) || before.ends_with(',')
}

/// A brand in the title or as the text of a picture at the top.
fn titled(
    sight: &Sight<'_>,
    sender: &Sender<'_>,
    clicks: &Clicks<'_>,
    strange: f32,
    say: &mut Say,
) {
    let Some(page) = sight.pages.first().filter(|_| sight.body.has_html) else { return };
    if let Some(name) = named(&fold(&page.title), sender, clicks) {
        say.that(&TEXT, 0.9 * strange, format!("the page is titled {name}"));
    }
    let logos = page.pictures.iter().take(LOGOS).map(|picture| fold(&picture.alternative));
    for text in logos.filter(|text| !text.is_empty() && text.len() <= 60) {
        if let Some(name) = named(&text, sender, clicks) {
            say.that(&TEXT, strange, format!("a picture at the top says {name}"));
        }
    }
}

/// Pictures fetched from a brand that the text names.
fn pictured(
    sight: &Sight<'_>,
    sender: &Sender<'_>,
    clicks: &Clicks<'_>,
    strange: f32,
    say: &mut Say,
) {
    let fetched = sight.links.iter().zip(&sight.urls);
    let hosts =
        fetched.filter(|(link, url)| link.kind == LinkKind::Fetched && url.service.is_none());
    let Some((_, url)) = hosts.take(20).find(|(_, url)| {
        brands::owner(&url.host).is_some_and(|owner| !matches!(owner.kind, "social" | "cloud"))
    }) else {
        return;
    };
    let text = &sight.body.folded;
    let start = text.get(..text.floor_char_boundary(SIGNED)).unwrap_or_default();
    let owns = |mention: &Mention| brands::owns(mention.name, &url.host);
    let is_named = brands::mentions(start)
        .chain(brands::mentions(&sight.subject_folded))
        .any(|one| owns(&one));
    let is_theirs =
        clicks.calls().any(|click| click.url.domain == url.domain) || url.domain == sender.domain;
    if is_named && !is_theirs {
        say.that(&PICTURE, strange, format!("pictures come from {}", url.host));
    }
}

/// A brand in the place of a signature or of a notice of rights.
fn signed(sight: &Sight<'_>, sender: &Sender<'_>, strange: f32, where_to: &str, say: &mut Say) {
    let text = &sight.body.folded;
    let start = text.len().saturating_sub(SIGNED);
    let end = text.get(text.ceil_char_boundary(start)..).unwrap_or_default();
    let claims = |mention: &Mention| {
        let name = mention.name;
        is_signature(end, mention) && !sender.is_of(name) && !sender.bears(name)
    };
    let Some(found) = brands::mentions(end).take(60).find(claims) else { return };
    let strength = if strange > 0.0 { 0.4 + 0.6 * strange } else { 0.3 };
    let evidence = format!("signed as {}, {} writes {where_to}", found.name.text, sender.domain);
    say.that(&CLAIM, strength, evidence);
}

/// Whether a name stands where its owner's would.
fn is_signature(text: &str, mention: &Mention) -> bool {
    let front = mention.start.saturating_sub(24);
    let before = text.get(text.ceil_char_boundary(front)..mention.start).unwrap_or_default();
    let after = text.get(mention.end..).unwrap_or_default();
    let after = after.get(..after.floor_char_boundary(30)).unwrap_or_default();
    let rights = ['\u{a9}'].iter().any(|one| before.contains(*one))
        || before.contains("(c) ")
        || before.contains("copyright");
    let teams = [
        " team",
        " security team",
        " support team",
        " account team",
        " accounts team",
        " customer service",
        " customer support",
        " customer care",
        " kundenservice",
        " service team",
        " support center",
        " security department",
        " -team",
        "-team",
        " sicherheitsteam",
    ];
    let greets = [
        "equipe ",
        "equipo ",
        "equipo de ",
        "team di ",
        "l'equipe ",
        "servicio de ",
        "team ",
        "ihr ",
        "ihre ",
    ];
    rights
        || teams.iter().any(|team| after.starts_with(team))
        || !mention.name.is_ordinary && greets.iter().any(|greet| before.ends_with(greet))
}
