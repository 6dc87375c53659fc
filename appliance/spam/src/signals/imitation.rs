//! Known names that are worn by somebody else: brands and look-alike domains.

mod claims;

use mail::SpamClass;

use crate::domains::brands::{self, Name};
use crate::domains::look_alike::{disguised, is_regional, look_alike, nameless};
use crate::domains::services::{Service, service};
use crate::domains::{is_free_mail, label, registrable};
use crate::said::{Group, Say, Signal, Toward};
use crate::sight::Sight;
use crate::standing::{Click, Clicks, Standing};
use crate::text::fold;

const PHISHING: Toward = Toward::Unwanted(Some(SpamClass::Phishing));

const fn signal(name: &'static str, toward: Toward, prior: f32, words: &'static str) -> Signal {
    Signal { name, group: Group::Imitation, toward, prior, words }
}

pub(super) const NAME: Signal =
    signal("brand-name", PHISHING, 2.8, "the sender's name is that of a brand, the address is not");
pub(super) const LOCAL: Signal = signal(
    "brand-local-part",
    PHISHING,
    1.0,
    "a brand stands in front of the @ of a sender that is not its own",
);
pub(super) const FROM: Signal =
    signal("brand-sender", PHISHING, 2.8, "the sender's domain is made to look like a brand's");
pub(super) const LINK: Signal =
    signal("brand-link", PHISHING, 2.8, "a link's host is made to look like a brand's");
pub(super) const PATH: Signal =
    signal("brand-path", PHISHING, 1.5, "a stranger's link names a brand and speaks of signing in");
pub(super) const SUBJECT: Signal = signal(
    "brand-subject",
    PHISHING,
    1.2,
    "the subject names a brand, sender and links are somebody else's",
);
pub(super) const TEXT: Signal = signal(
    "brand-text",
    PHISHING,
    1.0,
    "the message opens with a brand, sender and links are somebody else's",
);
pub(super) const CLAIM: Signal = signal(
    "brand-claim",
    PHISHING,
    1.6,
    "the message is signed by a brand, sender and links are somebody else's",
);
pub(super) const PICTURE: Signal = signal(
    "brand-picture",
    PHISHING,
    1.5,
    "pictures are a brand's own, sender and links are somebody else's",
);
pub(super) const STRAYS: Signal = signal(
    "brand-strays",
    PHISHING,
    1.8,
    "the sender's address is a brand's, what is to be clicked is not",
);
pub(super) const TRUE: Signal =
    signal("brand-true", Toward::Wanted, 1.0, "sender and links are all one brand's");

pub(super) const NAMELESS: Signal = signal(
    "service-words-domain",
    PHISHING,
    1.2,
    "sender or link has a domain of the words that services speak of, and of no name",
);

pub(super) const SIGNALS: &[&Signal] = &[
    &NAMELESS, &NAME, &LOCAL, &FROM, &LINK, &PATH, &SUBJECT, &TEXT, &CLAIM, &PICTURE, &STRAYS,
    &TRUE,
];

pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    let clicks = Clicks::of(sight);
    let Some(from) = sight.headers.from().first() else { return };
    let sender = Sender::of(from.domain());
    let name = fold(&from.name);
    if !PROGRAMS.contains(&from.local()) {
        display(&name, &sender, say);
        local(from.local(), &sender, say);
    }
    look_alikes(&name, &sender, &clicks, say);
    if !sender.is_known {
        claims::look(sight, &sender, &clicks, say);
    } else {
        known(sight, &sender, &clicks, say);
    }
}

/// Programs that write from their own name at the domain of whoever runs them.
pub(super) const PROGRAMS: &[&str] = &[
    "wordpress",
    "cpanel",
    "plesk",
    "joomla",
    "drupal",
    "typo3",
    "magento",
    "prestashop",
    "whmcs",
    "mailman",
    "jira",
    "confluence",
    "gitlab",
    "nextcloud",
    "owncloud",
    "synology",
    "zabbix",
    "nagios",
    "moodle",
];

/// The sender's domain as brands stand to it.
#[derive(Debug)]
pub(super) struct Sender<'s> {
    /// The domain of From.
    pub domain: &'s str,
    /// Whether anybody gets a mailbox there.
    pub is_free: bool,
    /// Whether it is a brand's, and not free mail.
    pub is_known: bool,
}

impl<'s> Sender<'s> {
    fn of(domain: &'s str) -> Self {
        let is_free = is_free_mail(domain);
        let is_hosted = service(domain, "").is_some_and(Service::is_hosting);
        let is_tenant = domain.ends_with(".onmicrosoft.com");
        let is_known = !is_free && !is_tenant && !is_hosted && brands::is_known(domain);
        Sender { domain, is_free, is_known }
    }

    /// Whether the domain is one of the brand of this name. Free mail is nobody's.
    pub fn is_of(&self, name: &Name) -> bool {
        !self.domain.ends_with(".onmicrosoft.com") && brands::owns(name, self.domain)
    }

    /// Whether the domain's name holds that of the brand: its own perhaps, that no table knows.
    pub fn bears(&self, name: &Name) -> bool {
        name.compact.len() >= 3
            && label(registrable(self.domain)).replace('-', "").contains(&name.compact)
    }
}

/// Words beside a brand that make a display name the brand's own voice.
const VOICES: &[&str] = &[
    "team",
    "support",
    "security",
    "account",
    "accounts",
    "service",
    "services",
    "billing",
    "id",
    "alert",
    "alerts",
    "notification",
    "notifications",
    "delivery",
    "customer",
    "online",
    "bank",
    "rewards",
    "reward",
    "tracking",
    "parcel",
    "express",
    "help",
    "helpdesk",
    "center",
    "centre",
    "care",
    "update",
    "updates",
    "noreply",
    "no-reply",
    "inc",
    "verification",
    "verify",
    "info",
    "admin",
    "administrator",
    "mail",
    "mailer",
    "official",
    "payments",
    "payment",
    "invoice",
    "message",
    "center",
    "kundenservice",
    "kundendienst",
    "sicherheit",
    "kundensupport",
    "konto",
    "paket",
    "benachrichtigung",
    "client",
    "clients",
    "clientele",
    "livraison",
    "securite",
    "colis",
    "equipe",
    "cliente",
    "clientes",
    "clienti",
    "servicio",
    "seguridad",
    "equipo",
    "atencion",
    "sicurezza",
    "assistenza",
    "servizio",
    "avvisi",
    "klantenservice",
    "beveiliging",
    "obsluga",
    "bezpieczenstwo",
    "suporte",
    "seguranca",
    "entrega",
    "banque",
    "banco",
    "banca",
    "loyalty",
    "membership",
    "subscription",
    "renewal",
    "store",
    "prime",
    "giftcard",
    "gift",
    "card",
    "sign",
    "document",
    "documents",
    "shared",
    "voicemail",
    "storage",
    "password",
    "fraud",
    "department",
    "dept",
    "desk",
    "notice",
    "confirmation",
    "order",
    "orders",
    "365",
    "group",
    "survey",
    "refund",
    "protection",
    "business",
    "ads",
    "cloud",
    "drive",
    "drive",
    "teams",
];

/// Whether a text has a word of a service's voice.
fn has_voice(folded: &str) -> bool {
    let is_part = |one: char| !one.is_alphanumeric() && one != '-';
    folded.split(is_part).any(|word| VOICES.contains(&word))
}

/// A brand's name as the sender's name.
fn display(name: &str, sender: &Sender<'_>, say: &mut Say) {
    let mentions: Vec<_> = brands::mentions(name).take(8).collect();
    if mentions.iter().any(|one| sender.is_of(one.name) && !sender.is_free) {
        return;
    }
    for mention in &mentions {
        let strength = worn(name, mention, sender);
        let evidence =
            format!("the sender is called \"{name}\", the address is at {}", sender.domain);
        say.that(&NAME, strength, evidence);
    }
    for (word, known) in name.split_whitespace().filter_map(|word| Some((word, disguised(word)?))) {
        let evidence = format!("\"{word}\" is made to read like {}", known.text);
        say.that(&NAME, 1.0, evidence);
    }
}

/// How surely a display name claims to be the brand, 0 to 1.
fn worn(folded: &str, mention: &brands::Mention, sender: &Sender<'_>) -> f32 {
    let rest = [folded.get(..mention.start), folded.get(mention.end..)];
    let rest = rest.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let is_whole = !rest.chars().any(char::is_alphanumeric);
    let has_voice = has_voice(&rest);
    let base = match (is_whole, has_voice, mention.name.is_ordinary) {
        (true, _, false) | (false, true, false) => 1.0,
        (false, true, true) => 0.7,
        (true, _, true) => 0.5,
        (false, false, false) if is_regional(mention.name) => 0.25,
        (false, false, false) if mention.start == 0 && rest.split_whitespace().count() <= 2 => 0.8,
        (false, false, false) if mention.start == 0 => 0.5,
        (false, false, false) => 0.3,
        (false, false, true) => 0.0,
    };
    let bears = sender.bears(mention.name);
    // A provider writes from the domain that its customers have too.
    let is_provider = brands::kind(mention.name.brand) == "telecom" && sender.is_of(mention.name);
    base * match (sender.is_known || is_provider, bears) {
        (true, _) => 0.2,
        (false, true) if nameless(registrable(sender.domain)) > 0.0 => 0.7,
        (false, true) => 0.35,
        (false, false) => 1.0,
    }
}

/// A brand in front of the `@`.
fn local(local: &str, sender: &Sender<'_>, say: &mut Say) {
    if sender.is_known {
        return;
    }
    let words = local.split(|one: char| !one.is_alphanumeric()).filter(|word| word.len() >= 5);
    for word in words.take(6) {
        let Some(mention) = brands::mentions(word).find(|one| one.end - one.start == word.len())
        else {
            continue;
        };
        let is_claim = !mention.name.is_ordinary && !sender.is_of(mention.name);
        if is_claim && !sender.bears(mention.name) {
            say.that(&LOCAL, 1.0, format!("{local} at {}", sender.domain));
        }
    }
}

/// Hosts that wear a brand's name.
fn look_alikes(name: &str, sender: &Sender<'_>, clicks: &Clicks<'_>, say: &mut Say) {
    if let Some(found) = look_alike(sender.domain) {
        let is_named = name.contains(&found.name.text);
        let is_sure = is_named && found.strength >= 0.4;
        let strength = if is_sure { found.strength + 0.2 } else { found.strength };
        let evidence = format!("{} wears {}: {}", sender.domain, found.name.text, found.how);
        say.that(&FROM, strength, evidence);
    }
    nobodys(sender.domain, sender.is_known, 1.0, say);
    let mut last = "";
    for click in clicks.nameable().take(60) {
        let host = click.url.host.as_str();
        if host != last
            && let Some(found) = look_alike(host)
        {
            let evidence = format!("{host} wears {}: {}", found.name.text, found.how);
            say.that(&LINK, found.strength * click.pull().max(0.8), evidence);
        }
        if host != last && matches!(click.standing, Standing::Foreign | Standing::Kin) {
            nobodys(host, false, click.pull(), say);
        }
        last = host;
        path(click, say);
    }
}

/// A domain that is no name at all.
fn nobodys(host: &str, is_known: bool, pull: f32, say: &mut Say) {
    let domain = registrable(host);
    if !is_known && !is_free_mail(domain) {
        say.that(&NAMELESS, nameless(domain) * pull, domain);
    }
}

/// A brand in the path of a page to sign in.
fn path(click: &Click<'_>, say: &mut Say) {
    let path = click.url.path.to_lowercase();
    let speaks =
        ["login", "signin", "verify", "secure", "account", "auth", "confirm", "update", "webmail"];
    if path.len() < 8 || !speaks.iter().any(|word| path.contains(word)) {
        return;
    }
    let mention = brands::mentions(&path).find(|one| {
        !one.name.is_ordinary
            && one.name.compact.len() >= 5
            && !brands::owns(one.name, &click.url.host)
    });
    if let Some(mention) = mention {
        let evidence = format!("{} in {}{path}", mention.name.text, click.url.host);
        say.that(&PATH, click.pull(), evidence);
    }
}

/// Kinds of brands that send nobody elsewhere.
const KEEPING: &[&str] = &["bank", "pay", "parcel", "tax", "crypto", "insure", "utility"];

/// A sender whose domain is a brand's.
fn known(sight: &Sight<'_>, sender: &Sender<'_>, clicks: &Clicks<'_>, say: &mut Say) {
    let Some(owner) = brands::owner(sender.domain) else { return };
    let is_own = |click: &Click<'_>| matches!(click.standing, Standing::Own | Standing::Kin);
    let Some(strangest) = clicks.strangest() else {
        let strength = match sight.around.authentication.and_then(|one| one.dmarc.or(one.dkim)) {
            Some(true) => 1.0,
            Some(false) => 0.0,
            None => 0.6,
        };
        if clicks.calls().any(is_own) {
            say.that(&TRUE, strength, format!("sender and links are {}'s", owner.name));
        }
        return;
    };
    if !KEEPING.contains(&owner.kind) {
        return;
    }
    let strength = match strangest.standing {
        Standing::Foreign if clicks.calls().any(is_own) => 0.2,
        Standing::Foreign => 0.5,
        _ => strangest.standing.strangeness(),
    };
    let evidence = format!("{} sends, {} is to be clicked", sender.domain, strangest.url.host);
    say.that(&STRAYS, strength * strangest.pull(), evidence);
}
