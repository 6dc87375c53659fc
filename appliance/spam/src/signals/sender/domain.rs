//! What a domain's name alone tells: whose organisation, free mail, how cheap its top level is.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Second levels under which countries give out names.
const SECOND: &[&str] = &[
    "ac", "adv", "co", "com", "edu", "gen", "go", "gob", "gouv", "gov", "gv", "info", "mil", "ne",
    "net", "nom", "or", "org", "web",
];

/// Providers that give mailboxes to anybody, under any top level that they use.
const FREE_EVERYWHERE: &[&str] = &[
    "aol", "gmail", "gmx", "googlemail", "hotmail", "lycos", "mailinator", "msn", "outlook",
    "protonmail", "rediffmail", "rocketmail", "tutanota", "yahoo", "yandex", "ymail", "zoho",
];

/// The others, by their whole names.
static FREE: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    include_str!("freemail.txt").lines().map(str::trim).filter(|line| !line.is_empty()).collect()
});

/// Top levels whose names cost next to nothing or are given without question, with how far that
/// goes, in tenths.
const CHEAP: &[(&str, u8)] = &[
    ("autos", 8), ("bar", 5), ("beauty", 8), ("best", 6), ("bid", 8), ("boats", 8), ("bond", 8),
    ("buzz", 8), ("cam", 8), ("casa", 5), ("cc", 4), ("cfd", 10), ("cf", 9), ("click", 9),
    ("club", 4), ("cyou", 10), ("date", 8), ("download", 8), ("fit", 6), ("fun", 6), ("ga", 9),
    ("gq", 9), ("hair", 8), ("help", 5), ("homes", 8), ("host", 5), ("icu", 9), ("info", 2),
    ("lat", 7), ("link", 5), ("live", 4), ("loan", 9), ("lol", 7), ("makeup", 8), ("ml", 9),
    ("mom", 8), ("monster", 8), ("motorcycles", 8), ("online", 5), ("pics", 7), ("press", 4),
    ("pro", 2), ("pw", 6), ("quest", 8), ("rest", 8), ("review", 8), ("ru", 2), ("sbs", 10),
    ("shop", 4), ("site", 5), ("skin", 8), ("space", 5), ("store", 4), ("stream", 8), ("su", 6),
    ("support", 5), ("surf", 7), ("tk", 9), ("top", 8), ("trade", 8), ("vip", 6), ("website", 6),
    ("win", 8), ("work", 6), ("ws", 3), ("xyz", 7), ("yachts", 8), ("zip", 8),
];

/// The part of a domain that somebody registered.
pub(in crate::signals) fn organisation(domain: &str) -> &str {
    let mut ends = domain.rmatch_indices('.').map(|(at, _)| at + 1);
    let (Some(top), Some(second)) = (ends.next(), ends.next()) else { return domain };
    let label = domain.get(second..top.saturating_sub(1)).unwrap_or_default();
    let is_country = domain.len().saturating_sub(top) == 2;
    let start = match ends.next() {
        third if is_country && SECOND.contains(&label) => third.unwrap_or(0),
        _ => second,
    };
    domain.get(start..).unwrap_or(domain)
}

/// The name that somebody chose: the first label of the organisation.
pub(in crate::signals) fn chosen(domain: &str) -> &str {
    organisation(domain).split('.').next().unwrap_or_default()
}

/// Whether two domains are of one organisation, as far as names tell.
pub(in crate::signals) fn is_same(one: &str, other: &str) -> bool {
    organisation(one).eq_ignore_ascii_case(organisation(other))
}

/// Whether anybody can have a mailbox there.
pub(in crate::signals) fn is_free_mail(domain: &str) -> bool {
    let organisation = organisation(domain);
    FREE_EVERYWHERE.contains(&chosen(domain)) || FREE.contains(organisation)
}

/// How cheap the top level of a domain is, 0 to 1.
pub(in crate::signals) fn cheapness(domain: &str) -> f32 {
    let top = domain.rsplit('.').next().unwrap_or_default();
    let found = CHEAP.iter().find(|(name, _)| *name == top);
    found.map_or(0.0, |(_, tenths)| f32::from(*tenths) / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organisations_are_told_by_the_name_that_is_registered() {
        for (domain, expected) in [
            ("mail.example.com", "example.com"),
            ("a.b.example.co.uk", "example.co.uk"),
            ("example.co.uk", "example.co.uk"),
            ("localhost", "localhost"),
            ("com.br", "com.br"),
            ("", ""),
        ] {
            assert_eq!(organisation(domain), expected);
        }
        assert_eq!(chosen("www.example.com.br"), "example");
        assert!(is_same("a.example.org", "EXAMPLE.org") && !is_same("a.org", "b.org"));
    }

    #[test]
    fn free_mail_and_cheap_names_are_known() {
        assert!(is_free_mail("yahoo.co.jp") && is_free_mail("web.de") && is_free_mail("gmail.com"));
        assert!(!is_free_mail("example.com") && !is_free_mail("outlook.example.com"));
        assert!(cheapness("a.cfd") > 0.9 && cheapness("example.com") < 0.01);
    }
}
