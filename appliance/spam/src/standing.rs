//! How the links of a message stand to its sender.

use crate::address::Url;
use crate::domains::services::Service;
use crate::domains::{are_alike, are_kin, brands, is_free_mail, label};
use crate::listed::is_approved;
use crate::sight::{Around, Link, LinkKind, Sight};

/// Whose a link's host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The sender's, or of the same brand.
    Own,
    /// It bears the sender's name.
    Kin,
    /// A service that sends and tracks for others.
    Mailer,
    /// A well-known site or service, or a brand of its own.
    Known,
    /// A chat.
    Chat,
    /// Anybody's, at a service that hosts for anybody.
    Hosted(Service),
    /// Behind a shortener.
    Short,
    /// A bare number.
    Number,
    /// Somebody else's.
    Foreign,
}

impl Standing {
    /// Whether neither the sender nor a known name answers for what is shown there, 0 to 1.
    pub fn strangeness(self) -> f32 {
        match self {
            Standing::Own | Standing::Kin | Standing::Mailer | Standing::Known => 0.0,
            Standing::Chat => 0.4,
            Standing::Hosted(service) => 0.3 + 0.7 * service.hosting(),
            Standing::Short => 0.7,
            Standing::Number => 1.0,
            Standing::Foreign => 0.6,
        }
    }
}

/// Something to click.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Click<'s> {
    /// The link.
    pub link: &'s Link,
    /// Where it leads.
    pub url: &'s Url,
    /// Whose that is.
    pub standing: Standing,
    /// Whether it is one of those beside the matter: to unsubscribe, terms, social networks.
    pub is_aside: bool,
}

impl Click<'_> {
    /// How much a link of its kind asks to be clicked, 0 to 1.
    pub fn pull(&self) -> f32 {
        match self.link.kind {
            // Who writes hxxp wants nobody to go there.
            _ if self.url.tricks.defanged => 0.1,
            LinkKind::Anchor | LinkKind::Form | LinkKind::Code => 1.0,
            LinkKind::Attached => 0.8,
            LinkKind::Written => 0.6,
            LinkKind::Fetched => 0.0,
        }
    }
}

/// All that can be clicked in a message.
#[derive(Debug)]
pub(crate) struct Clicks<'s> {
    /// Domain of From.
    pub from: &'s str,
    /// Links to the web, those that are fetched without a click left out.
    pub list: Vec<Click<'s>>,
}

/// What was found out of a link once, for all who look at clicks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stand {
    standing: Standing,
    is_aside: bool,
}

impl Stand {
    /// Of a link; `None` when it is nothing to click.
    pub fn of(link: &Link, url: &Url, from: &str, around: &Around<'_>) -> Option<Self> {
        if link.kind == LinkKind::Fetched || !url.is_web() || is_approved(around, url) {
            return None;
        }
        let standing = standing(url, from);
        Some(Stand { standing, is_aside: is_aside(link, url, standing) })
    }
}

impl<'s> Clicks<'s> {
    /// The links of a message.
    pub fn of(sight: &'s Sight<'_>) -> Self {
        let from = sight.headers.from().first().map_or("", |from| from.domain());
        let links = sight.links.iter().zip(&sight.urls).zip(&sight.stands);
        let click = |((link, url), stand): ((&'s Link, &'s Url), &Option<Stand>)| {
            let Stand { standing, is_aside } = (*stand)?;
            Some(Click { link, url, standing, is_aside })
        };
        Clicks { from, list: links.filter_map(click).collect() }
    }

    /// Those that matter.
    pub fn calls(&self) -> impl Iterator<Item = &Click<'s>> {
        self.list.iter().filter(|click| !click.is_aside)
    }

    /// Those that matter and for which nobody known answers.
    pub fn strange(&self) -> impl Iterator<Item = &Click<'s>> {
        self.calls().filter(|click| click.standing.strangeness() > 0.0)
    }

    /// Those that matter, but for known names and services: what anybody may have named as they like.
    pub fn nameable(&self) -> impl Iterator<Item = &Click<'s>> {
        let is_named =
            |standing| matches!(standing, Standing::Known | Standing::Mailer | Standing::Number);
        self.calls().filter(move |click| !is_named(click.standing))
    }

    /// The strangest of those that matter.
    pub fn strangest(&self) -> Option<&Click<'s>> {
        let weight = |click: &Click<'_>| click.standing.strangeness() * click.pull();
        self.strange().fold(None, |best: Option<&Click<'s>>, one| match best {
            Some(best) if weight(best) >= weight(one) => Some(best),
            _ => Some(one),
        })
    }

    /// Whether all that matter lead to the sender.
    pub fn all_are_own(&self) -> bool {
        self.calls().next().is_some()
            && self.calls().all(|click| matches!(click.standing, Standing::Own | Standing::Kin))
    }
}

fn standing(url: &Url, from: &str) -> Standing {
    let is_hosted = url.service.is_some_and(Service::is_hosting);
    let is_own = !is_free_mail(from) && are_kin(&url.host, from);
    if url.tricks.is_number {
        return Standing::Number;
    }
    if is_own && (!is_hosted || url.host == from) || is_same_brand(&url.host, from) {
        return Standing::Own;
    }
    match url.service {
        Some(Service::Mailer) => Standing::Mailer,
        Some(Service::Shortener) => Standing::Short,
        Some(Service::Chat) => Standing::Chat,
        Some(service) if service.is_hosting() => Standing::Hosted(service),
        Some(_) => Standing::Known,
        None if brands::is_known(&url.host) => Standing::Known,
        None if !is_free_mail(from) && are_alike(&url.domain, from) => Standing::Kin,
        None => Standing::Foreign,
    }
}

/// Whether one brand owns both hosts, and neither gives away room under it.
fn is_same_brand(host: &str, from: &str) -> bool {
    !is_free_mail(from)
        && brands::owners(from).any(|brand| brands::owners(host).any(|other| other == brand))
}

/// Words of links that no message is about.
const ASIDE: &[&str] = &[
    "unsub",
    "optout",
    "opt-out",
    "opt_out",
    "preferences",
    "preference",
    "privacy",
    "terms",
    "abmeld",
    "abbestell",
    "austragen",
    "datenschutz",
    "impressum",
    "agb",
    "desinscri",
    "désinscri",
    "desabonn",
    "désabonn",
    "confidentialit",
    "mentions",
    "baja",
    "cancelar suscrip",
    "privacidad",
    "disiscri",
    "cancellati",
    "afmeld",
    "uitschrijv",
    "wypis",
    "rezygn",
    "отпис",
    "view in browser",
    "view online",
    "im browser",
    "webversion",
    "voir en ligne",
    "imprint",
    "配信停止",
    "退订",
    "copyright",
    "legal",
];

fn is_aside(link: &Link, url: &Url, standing: Standing) -> bool {
    if matches!(link.kind, LinkKind::Code | LinkKind::Form) {
        return false;
    }
    let words = link.words.to_lowercase();
    if link.words.len() <= 60 && ASIDE.iter().any(|word| words.contains(word)) {
        return true;
    }
    let is_profile = standing == Standing::Known && matches!(url.service, Some(Service::Site));
    is_profile || matches!(label(&url.host), "unsubscribe" | "optout")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(target: &str, from: &str) -> Standing {
        standing(&Url::read(target), from)
    }

    #[test]
    fn links_stand_to_their_sender() {
        assert_eq!(stands("https://www.acme.com/x", "mail.acme.com"), Standing::Own);
        assert_eq!(stands("https://aka.ms/x", "microsoft.com"), Standing::Own);
        assert_eq!(stands("https://acmetools-news.com/x", "acmetools.com"), Standing::Kin);
        assert_eq!(stands("https://u1.ct.sendgrid.net/x", "acme.com"), Standing::Mailer);
        assert_eq!(stands("https://x.r2.dev/", "acme.com"), Standing::Hosted(Service::Storage));
        assert_eq!(stands("https://bit.ly/x", "acme.com"), Standing::Short);
        assert_eq!(stands("https://www.paypal.com/x", "acme.com"), Standing::Known);
        assert_eq!(stands("http://192.0.2.1/", "acme.com"), Standing::Number);
        assert_eq!(stands("https://evil.example/", "acme.com"), Standing::Foreign);
    }

    #[test]
    fn another_customer_of_the_same_host_or_free_mail_is_not_the_sender() {
        assert_ne!(stands("https://a.web.app/", "b.web.app"), Standing::Own);
        assert_ne!(stands("https://sites.google.com/x", "gmail.com"), Standing::Own);
    }
}
