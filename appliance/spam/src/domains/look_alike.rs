//! Names that are made to be taken for others: swapped letters, added words, other suffixes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::brands::{self, Name};
use super::{cheapness, is_top, label, registrable, services, suffix};
use crate::word_list::FixedMap;

/// A host that wears the name of a brand that does not own it.
#[derive(Debug, Clone)]
pub(crate) struct LookAlike {
    /// The brand's name.
    pub name: &'static Name,
    /// How sure, above 0 up to 1.
    pub strength: f32,
    /// How it is made, in words.
    pub how: &'static str,
}

/// Words that make a brand's name in a host a claim to be its service.
const SERVICE_WORDS: &[&str] = &[
    "login",
    "log",
    "signin",
    "sign",
    "secure",
    "security",
    "verify",
    "verification",
    "account",
    "accounts",
    "support",
    "service",
    "services",
    "update",
    "updates",
    "alert",
    "alerts",
    "help",
    "helpdesk",
    "helpcenter",
    "billing",
    "payment",
    "payments",
    "pay",
    "confirm",
    "auth",
    "id",
    "online",
    "customer",
    "client",
    "clients",
    "kunden",
    "kunde",
    "konto",
    "sicherheit",
    "portal",
    "web",
    "webmail",
    "mail",
    "access",
    "unlock",
    "recovery",
    "refund",
    "notification",
    "notice",
    "info",
    "contact",
    "center",
    "centre",
    "app",
    "my",
    "user",
    "users",
    "validation",
    "validate",
    "track",
    "tracking",
    "parcel",
    "delivery",
    "package",
    "colis",
    "paket",
    "envio",
    "redelivery",
    "express",
    "cliente",
    "clientes",
    "clienti",
    "espace",
    "compte",
    "cuenta",
    "acceso",
    "secur",
    "securite",
    "seguro",
    "seguridad",
    "sicher",
    "verif",
    "meldung",
    "servizio",
    "assistenza",
    "acces",
    "connexion",
    "identification",
    "authentication",
    "sso",
    "mfa",
    "otp",
    "renew",
    "renewal",
    "subscription",
    "invoice",
    "reward",
    "rewards",
    "claim",
    "bonus",
    "gift",
    "wallet",
    "team",
    "manage",
    "management",
    "settings",
    "resolution",
    "dispute",
    "safe",
    "safety",
    "bank",
    "banking",
    "netbanking",
    "ebanking",
    "home",
    "office",
    "cloud",
    "docs",
    "drive",
    "share",
    "file",
    "files",
    "document",
    "storage",
    "admin",
    "noreply",
    "no",
    "reply",
    "email",
    "us",
    "uk",
    "de",
    "fr",
    "es",
    "it",
    "eu",
    "com",
    "www",
    "net",
    "inc",
    "ltd",
    "global",
    "official",
    "limited",
];

/// Words that brands themselves run together with their name in domains that they send from.
const OWN_WAYS: &[&str] = &[
    "mail",
    "email",
    "emails",
    "mailer",
    "news",
    "newsletter",
    "info",
    "club",
    "group",
    "travel",
    "shop",
    "store",
    "card",
    "cards",
    "rewards",
    "offers",
    "deals",
    "careers",
    "jobs",
    "events",
    "us",
    "uk",
    "de",
    "fr",
    "es",
    "it",
    "eu",
];

/// Names that are looked for in hosts, by what stands there.
static EXACT: LazyLock<FixedMap<&str, &Name>> = LazyLock::new(|| {
    let mut all = FixedMap::default();
    for name in hosted() {
        all.entry(name.compact.as_str()).or_insert(name);
    }
    all
});

/// The same by their shape.
static SHAPES: LazyLock<FixedMap<String, &Name>> = LazyLock::new(|| {
    let mut all = FixedMap::default();
    for name in hosted().filter(|name| name.compact.len() >= 5) {
        all.entry(shape(&name.compact)).or_insert(name);
    }
    all
});

/// Hashes of the same with no letter and with one letter left out, in order, to find what differs in
/// one letter.
static NEARLY: LazyLock<Vec<(u32, &Name)>> = LazyLock::new(|| {
    let distinct: BTreeMap<&str, &Name> =
        hosted().map(|name| (name.compact.as_str(), name)).collect();
    let long = distinct.into_values().filter(|name| name.compact.len() >= 6);
    let mut all: Vec<(u32, &Name)> = long
        .flat_map(|name| {
            let whole = std::iter::once(hash(&name.compact, ""));
            deletions(&name.compact).chain(whole).map(move |hash| (hash, name))
        })
        .collect();
    all.sort_by_key(|(hash, _)| *hash);
    all.shrink_to_fit();
    all
});

/// Long names, found inside of labels.
static INSIDE: LazyLock<Option<(AhoCorasick, Vec<&Name>)>> = LazyLock::new(|| {
    let distinct: BTreeMap<&str, &Name> = hosted()
        .filter(|name| name.compact.len() >= 6)
        .map(|name| (name.compact.as_str(), name))
        .collect();
    let finder = AhoCorasick::new(distinct.keys()).ok()?;
    Some((finder, distinct.into_values().collect()))
});

/// Names that mean their brand when they stand in a host.
fn hosted() -> impl Iterator<Item = &'static Name> {
    brands::names().iter().filter(|name| {
        !name.is_ordinary && name.text.is_ascii() && (3..=24).contains(&name.compact.len())
    })
}

/// A label as it looks at a glance: letters that are taken for each other are one.
pub(crate) fn shape(text: &str) -> String {
    let latin: String = text.chars().map(latin).collect();
    let joined = latin.replace("rn", "m").replace("vv", "w");
    joined.chars().map(glance).collect()
}

/// What a digit or sign in the place of a letter stands for.
fn glance(one: char) -> char {
    match one {
        '0' => 'o',
        '1' | 'i' | '|' | '!' => 'l',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' | '9' => 'g',
        '7' => 't',
        '8' => 'b',
        other => other,
    }
}

/// A letter of another script as the Latin letter that it looks like.
fn latin(one: char) -> char {
    match one {
        'а' | 'ɑ' | 'α' | 'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ạ' | 'ă' | 'ą' | 'ā' => {
            'a'
        }
        'ь' | 'в' | 'ƅ' | 'ḃ' => 'b',
        'с' | 'ϲ' | 'ç' | 'ć' | 'č' | 'ċ' => 'c',
        'ԁ' | 'ɗ' | 'đ' | 'ď' | 'ḍ' => 'd',
        'е' | 'є' | 'ё' | 'è' | 'é' | 'ê' | 'ë' | 'ė' | 'ę' | 'ě' | 'ē' | 'ẹ' => 'e',
        'ɡ' | 'ġ' | 'ğ' | 'ģ' | 'ĝ' => 'g',
        'һ' | 'н' | 'ħ' | 'ḥ' => 'h',
        'і' | 'ї' | 'ι' | 'ı' | 'ì' | 'í' | 'î' | 'ï' | 'ị' | 'į' | 'ī' => 'i',
        'ј' => 'j',
        'к' | 'κ' | 'ķ' | 'ḳ' => 'k',
        'ӏ' | 'ł' | 'ĺ' | 'ļ' | 'ľ' | 'ḷ' => 'l',
        'м' | 'ṃ' => 'm',
        'п' | 'η' | 'ñ' | 'ń' | 'ň' | 'ņ' | 'ṇ' => 'n',
        'о' | 'ο' | 'σ' | 'օ' | 'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ọ' | 'ō' | 'ő' => {
            'o'
        }
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'г' | 'ŕ' | 'ř' | 'ṛ' => 'r',
        'ѕ' | 'ś' | 'š' | 'ş' | 'ș' | 'ṣ' => 's',
        'т' | 'τ' | 'ť' | 'ţ' | 'ț' | 'ṭ' => 't',
        'υ' | 'ս' | 'ù' | 'ú' | 'û' | 'ü' | 'ụ' | 'ū' | 'ů' | 'ű' => 'u',
        'ѵ' | 'ν' | 'ṿ' => 'v',
        'ԝ' | 'ω' | 'ŵ' | 'ẃ' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'ү' | 'γ' | 'ý' | 'ÿ' | 'ỵ' => 'y',
        'ź' | 'ž' | 'ż' | 'ẓ' => 'z',
        other => other,
    }
}

/// The hash of two pieces of a text (FNV-1a).
fn hash(front: &str, back: &str) -> u32 {
    let octets = front.bytes().chain(back.bytes());
    octets.fold(0x811c_9dc5, |sum, octet| (sum ^ u32::from(octet)).wrapping_mul(0x0100_0193))
}

/// Hashes of every text that is this one without one letter.
fn deletions(text: &str) -> impl Iterator<Item = u32> + '_ {
    text.char_indices().map(|(at, one)| {
        let (front, back) = text.split_at_checked(at).unwrap_or((text, ""));
        hash(front, back.get(one.len_utf8()..).unwrap_or_default())
    })
}

/// Names that are found under a hash.
fn nearly_under(hash: u32) -> impl Iterator<Item = &'static Name> {
    let start = NEARLY.partition_point(|(one, _)| *one < hash);
    let here = NEARLY.iter().skip(start).take_while(move |(one, _)| *one == hash);
    here.map(|(_, name)| *name)
}

/// Whether one letter more, less, other or swapped makes one of the other.
pub(crate) fn differ_in_one(one: &str, other: &str) -> bool {
    if one == other || one.len().abs_diff(other.len()) > 1 {
        return false;
    }
    let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let end = |text: &str, skip: usize| text.as_bytes().get(same + skip..).map(<[u8]>::to_vec);
    let replaced = end(one, 1) == end(other, 1);
    let swapped = one.as_bytes().get(same) == other.as_bytes().get(same + 1)
        && one.as_bytes().get(same + 1) == other.as_bytes().get(same)
        && end(one, 2) == end(other, 2);
    match one.len().cmp(&other.len()) {
        std::cmp::Ordering::Equal => replaced || swapped,
        std::cmp::Ordering::Less => end(one, 0) == end(other, 1),
        std::cmp::Ordering::Greater => end(one, 1) == end(other, 0),
    }
}

/// How much a registrable domain is made of words that services speak of, 0 to 1: nobody's name.
pub(crate) fn nameless(domain: &str) -> f32 {
    let words = label(domain).split('-').filter(|word| !word.is_empty());
    let all = words.clone().count();
    let speaks = words.filter(|word| word.len() >= 4 && is_service(word)).count();
    match (all, speaks) {
        (2.., 2..) => 1.0,
        (3.., 1) => 0.6,
        (2, 1) => 0.4,
        _ => 0.0,
    }
}

/// The brand that a host wears the name of without being its own.
pub(crate) fn look_alike(host: &str) -> Option<LookAlike> {
    let is_hosted = services::service(host, "").is_some_and(|one| one.hosting() >= 0.5);
    if !host.contains('.') || brands::is_known(host) && !is_hosted {
        return None;
    }
    let original = host;
    let host = unicode(host);
    let domain = registrable(&host);
    let mut best = own_label(domain);
    let under = host.strip_suffix(domain).unwrap_or_default().trim_end_matches('.');
    let labels: Vec<&str> = under.split('.').filter(|label| !label.is_empty()).take(8).collect();
    for (at, label) in labels.iter().enumerate() {
        let next = labels.get(at + 1).copied();
        best = stronger(best, sub_label(label, next.is_some_and(is_top)));
    }
    best.filter(|one| !brands::owns(one.name, original))
}

/// How surely a host wears a brand's name, 0 to 1.
pub(crate) fn look_alike_strength(host: &str) -> f32 {
    look_alike(host).map_or(0.0, |found| found.strength)
}

fn stronger(one: Option<LookAlike>, other: Option<LookAlike>) -> Option<LookAlike> {
    match (one, other) {
        (Some(one), Some(other)) if other.strength > one.strength => Some(other),
        (Some(one), _) => Some(one),
        (None, other) => other,
    }
}

/// A host as it is shown: punycode decoded.
fn unicode(host: &str) -> String {
    if host.contains("xn--") { idna::domain_to_unicode(host).0 } else { host.to_owned() }
}

/// The label that somebody registered.
fn own_label(domain: &str) -> Option<LookAlike> {
    let own = label(domain);
    if let Some(name) = EXACT.get(own) {
        let is_long = own.len() >= 5;
        let strength = 0.1 + 0.6 * cheapness(suffix(domain));
        return is_long.then_some(LookAlike {
            name,
            strength,
            how: "the name under another suffix",
        });
    }
    stronger(worn(own), tokens(own))
}

/// A label in front of the registered domain.
fn sub_label(label: &str, is_whole_domain: bool) -> Option<LookAlike> {
    if let Some(name) = EXACT.get(label) {
        let strength = if is_whole_domain { 1.0 } else { 0.4 };
        let is_sure = is_whole_domain || label.len() >= 5;
        let how = "the name stands in front of another domain";
        return is_sure.then_some(LookAlike { name, strength, how });
    }
    stronger(worn(label), tokens(label))
}

/// A whole label that reads like a name.
fn worn(text: &str) -> Option<LookAlike> {
    let compact: String = text.chars().filter(|one| *one != '-').collect();
    let latin: String = compact.chars().map(latin).collect();
    if let Some(name) = SHAPES.get(&shape(&compact)).filter(|name| name.compact != compact) {
        return Some(LookAlike { name, strength: 1.0, how: "letters that look alike" });
    }
    if latin != compact && EXACT.contains_key(latin.as_str()) {
        let name = EXACT.get(latin.as_str())?;
        return Some(LookAlike { name, strength: 1.0, how: "letters of another alphabet" });
    }
    if text.contains('-') && compact.len() >= 6 && EXACT.contains_key(compact.as_str()) {
        let name = EXACT.get(compact.as_str())?;
        return Some(LookAlike { name, strength: 0.6, how: "the name with hyphens" });
    }
    nearly(&compact)
}

/// The name that a word of a text is made to read like, with letters that look alike.
pub(crate) fn disguised(word: &str) -> Option<&'static Name> {
    let compact: String = word.chars().filter(|one| one.is_alphanumeric()).collect();
    let is_name = compact.chars().all(char::is_alphabetic) && EXACT.contains_key(compact.as_str());
    if is_name || !(5..=24).contains(&compact.len()) {
        return None;
    }
    SHAPES.get(&shape(&compact)).copied().filter(|name| name.compact != compact)
}

/// A label that differs from a name in one letter.
fn nearly(compact: &str) -> Option<LookAlike> {
    if !(5..=25).contains(&compact.len()) || is_word(compact) {
        return None;
    }
    let keys = std::iter::once(hash(compact, "")).chain(deletions(compact));
    let mut names = keys.flat_map(nearly_under);
    let name = names.find(|name| differ_in_one(compact, &name.compact))?;
    // A missing or added `s` at the end, or a digit, is how honest companies are named too.
    let is_plural = compact.trim_end_matches('s') == name.compact.trim_end_matches('s');
    let strength = if is_plural { 0.3 } else { 0.7 };
    Some(LookAlike { name, strength, how: "one letter differs" })
}

/// Ordinary words that are one letter from a name.
const WORDS: &[&str] = &[
    "finance", "finances", "trade", "postal", "argent", "goggle", "shoppe", "contact", "hotels",
    "expert", "spotify", "ontrack",
];

fn is_word(text: &str) -> bool {
    SERVICE_WORDS.contains(&text) || WORDS.contains(&text)
}

/// Names that honest branches of a group have in common, each with its place behind it.
const REGIONAL: &[&str] = &[
    "sparkasse",
    "sparkassen",
    "volksbank",
    "volksbanken",
    "raiffeisenbank",
    "raiffeisen",
    "raiffeisenbanken",
    "creditagricole",
    "creditmutuel",
    "caisseepargne",
    "caissedepargne",
    "banquepopulaire",
    "desjardins",
];

/// Whether the name stands for a group of many houses.
pub(crate) fn is_regional(name: &Name) -> bool {
    REGIONAL.contains(&name.compact.as_str())
}

/// A name among other words of a label.
fn tokens(text: &str) -> Option<LookAlike> {
    let parts: Vec<&str> = text.split('-').filter(|part| !part.is_empty()).take(10).collect();
    let mut best = None;
    for (at, part) in parts.iter().enumerate() {
        let others = parts.iter().enumerate().filter(|(other, _)| *other != at);
        let has_service = others.clone().any(|(_, other)| is_service(other));
        let strength = if has_service { 1.0 } else { 0.4 };
        if parts.len() > 1 {
            best = stronger(best, token(part, strength));
        }
        best = stronger(best, inside(part, has_service));
    }
    best
}

fn token(part: &str, strength: f32) -> Option<LookAlike> {
    let shaped = || SHAPES.get(&shape(part)).filter(|name| name.compact != part);
    if let Some(name) = EXACT.get(part) {
        let strength = if strength < 1.0 && is_regional(name) { 0.1 } else { strength };
        return Some(LookAlike { name, strength, how: "the name with words added" });
    }
    shaped().map(|name| LookAlike { name, strength: 1.0, how: "letters that look alike" })
}

fn is_service(word: &str) -> bool {
    let word = word.trim_matches(|one: char| one.is_ascii_digit());
    word.is_empty() || SERVICE_WORDS.contains(&word)
}

/// A long name that is run together with other words.
fn inside(part: &str, has_service: bool) -> Option<LookAlike> {
    let (finder, names) = INSIDE.as_ref()?;
    let mut best = None;
    for found in finder.find_overlapping_iter(part).take(4) {
        let (front, back) = (part.get(..found.start())?, part.get(found.end()..)?);
        let Some(name) = names.get(found.pattern().as_usize()) else { continue };
        if front.is_empty() && back.is_empty() {
            continue;
        }
        let sides = [front, back].into_iter().filter(|side| !side.is_empty());
        let is_claim = sides.clone().all(is_service);
        let is_own_way = sides.clone().all(|side| OWN_WAYS.contains(&side));
        let strength = match (is_claim, has_service && (front.is_empty() || back.is_empty())) {
            (true, _) if is_own_way => 0.3,
            (true, _) => 1.0,
            (false, true) => 0.7,
            (false, false) if name.compact.len() >= 7 && front.is_empty() => 0.3,
            (false, false) => continue,
        };
        let how = "the name run together with other words";
        best = stronger(best, Some(LookAlike { name, strength, how }));
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strength(host: &str) -> f32 {
        look_alike(host).map_or(0.0, |one| one.strength)
    }

    #[test]
    fn hosts_that_wear_a_name_are_seen() {
        for host in [
            "paypa1.com",
            "paypal.com.secure-login.example",
            "paypal-secure.com",
            "securepaypal.com",
            "login-microsoft.com",
            "rnicrosoft.com",
            "xn--pypal-4ve.com",
            "arnazon.com",
            "netf1ix-billing.info",
            "dhl-tracking.top",
            "microsoftonline.com.auth.example.net",
            "faceb00k.com",
        ] {
            assert!(strength(host) >= 0.6, "{host} {}", strength(host));
        }
    }

    #[test]
    fn true_and_ordinary_hosts_are_not() {
        for host in [
            "www.paypal.com",
            "paypal.co.uk",
            "amazon.de",
            "example.com",
            "sourceforge.net",
            "pineapple.org",
            "orangecounty.gov",
            "applebees.com",
            "chasewoods.com",
            "visaforyou.org",
            "targetshooting.com",
            "lists.example.org",
            "ups-and-downs.org",
            "",
            "localhost",
        ] {
            assert!(strength(host) < 0.3, "{host} {}", strength(host));
        }
    }

    #[test]
    fn domains_of_service_words_alone_are_nobodys() {
        assert!(nameless("account-verify.com") >= 1.0 && nameless("my-secure-files.net") >= 1.0);
        assert!(nameless("acme-tools.com") <= 0.0 && nameless("secure.com") <= 0.0);
    }

    #[test]
    fn one_letter_more_less_other_or_swapped_is_one_difference() {
        for (one, other) in
            [("paypal", "payppal"), ("paypal", "papal"), ("paypal", "paybal"), ("paypal", "papyal")]
        {
            assert!(differ_in_one(one, other) && differ_in_one(other, one), "{other}");
        }
        for (one, other) in [("paypal", "paypal"), ("paypal", "pampas"), ("a", "abc")] {
            assert!(!differ_in_one(one, other), "{other}");
        }
    }
}
