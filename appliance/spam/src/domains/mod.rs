//! What is known of domains: under which suffixes they are sold, who gives them away, who sends for
//! others, and whose names are worth imitating. The tables stand beside as text, one kind a line.

pub(crate) mod brands;
pub(crate) mod look_alike;
pub(crate) mod services;

use std::sync::LazyLock;

use crate::word_list::{FixedMap, FixedSet};

/// Suffixes of two labels, such as `co.uk`.
static SUFFIXES: LazyLock<FixedSet<String>> = LazyLock::new(|| {
    let mut all = FixedSet::default();
    for line in lines(include_str!("suffixes.txt")) {
        let mut words = line.split_whitespace();
        let last = words.next().unwrap_or_default();
        all.extend(words.map(|word| format!("{word}.{last}")));
    }
    all
});

/// Domains with mailboxes for anybody.
static FREE_MAIL: LazyLock<FixedSet<&str>> = LazyLock::new(|| {
    lines(include_str!("free_mail.txt")).flat_map(str::split_whitespace).collect()
});

/// Cheap top-level domains.
static TOPS: LazyLock<FixedMap<&str, f32>> = LazyLock::new(|| {
    let mut all = FixedMap::default();
    for line in lines(include_str!("tops.txt")) {
        let mut words = line.split_whitespace();
        let weight = words.next().and_then(|word| word.parse().ok()).unwrap_or_default();
        all.extend(words.map(|word| (word, weight)));
    }
    all
});

/// Top-level domains of long standing that are no country's.
const OLD_TOPS: &[&str] = &[
    "com", "net", "org", "edu", "gov", "mil", "int", "info", "biz", "eu", "coop", "aero", "museum",
    "name", "pro", "cat", "jobs", "travel", "asia", "tel", "arpa", "mobi",
];

/// Lines of a table without its comments.
pub(crate) fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Every ending of a host at a label, the whole host first, the last label last.
pub(crate) fn endings(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |rest| rest.split_once('.').map(|(_, rest)| rest)).take(12)
}

/// The domain that somebody registered: one label more than the suffix. The host itself when it has
/// no more than the suffix.
pub(crate) fn registrable(host: &str) -> &str {
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at);
    let (Some(_), Some(second)) = (dots.next(), dots.next()) else { return host };
    let two = host.get(second + 1..).unwrap_or(host);
    if !SUFFIXES.contains(two) {
        return two;
    }
    dots.next().and_then(|third| host.get(third + 1..)).unwrap_or(host)
}

/// The suffix under which a registrable domain stands.
pub(crate) fn suffix(domain: &str) -> &str {
    domain.split_once('.').map_or("", |(_, suffix)| suffix)
}

/// The first label of a domain.
pub(crate) fn label(domain: &str) -> &str {
    domain.split('.').next().unwrap_or(domain)
}

/// Whether anybody gets a mailbox under this domain.
pub(crate) fn is_free_mail(domain: &str) -> bool {
    FREE_MAIL.contains(domain)
}

/// How cheap the top-level domain of a host is, 0 to 1.
pub(crate) fn cheapness(host: &str) -> f32 {
    let two = host.rmatch_indices('.').nth(1).and_then(|(at, _)| host.get(at + 1..));
    let one = host.rsplit('.').next();
    [two.or(Some(host)), one]
        .into_iter()
        .flatten()
        .filter_map(|end| TOPS.get(end))
        .fold(0.0, |most, weight| weight.max(most))
}

/// Whether the last label is one that domains end with.
pub(crate) fn is_top(label: &str) -> bool {
    let is_country = label.len() == 2 && label.bytes().all(|octet| octet.is_ascii_alphabetic());
    is_country || OLD_TOPS.contains(&label) || TOPS.contains_key(label)
}

/// Whether both are of one organisation as far as names tell.
pub(crate) fn are_kin(one: &str, other: &str) -> bool {
    !one.is_empty() && registrable(one) == registrable(other)
}

/// Whether two domains bear one name: the same label under other suffixes, or one label inside the
/// other, as `acme.com` and `acme-mail.com` do.
pub(crate) fn are_alike(one: &str, other: &str) -> bool {
    let (one, other) = (label(registrable(one)), label(registrable(other)));
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    short == long && !short.is_empty() || short.len() >= 5 && long.contains(short)
}

/// Whether a label looks as if nobody chose it: digits and letters mixed, or letters that nobody
/// can say. 0 to 1.
pub(crate) fn randomness(label: &str) -> f32 {
    let label = label.strip_prefix("www").unwrap_or(label);
    let letters = label.bytes().filter(u8::is_ascii_alphabetic).count();
    let digits = label.bytes().filter(u8::is_ascii_digit).count();
    if letters + digits < 8 || label.starts_with("xn--") {
        return 0.0;
    }
    let (changes, run) = rhythm(label);
    let mut score: f32 = 0.0;
    if digits >= 2 && changes >= 3 {
        score += 0.3 + 0.1 * f32::from(changes.min(6));
    }
    if run >= 6 {
        score += 0.2 + 0.1 * f32::from((run - 5).min(6));
    }
    score.min(1.0)
}

/// How often letters and digits change places, and the longest run of consonants.
fn rhythm(label: &str) -> (u8, u8) {
    let (mut changes, mut run, mut longest) = (0u8, 0u8, 0u8);
    let mut was_digit = None;
    for octet in label.bytes() {
        let is_digit = octet.is_ascii_digit();
        if was_digit.is_some_and(|was| was != is_digit) && octet != b'-' {
            changes = changes.saturating_add(1);
        }
        was_digit = if octet == b'-' { None } else { Some(is_digit) };
        let is_consonant = octet.is_ascii_alphabetic() && !b"aeiouy".contains(&octet);
        run = if is_consonant { run.saturating_add(1) } else { 0 };
        longest = longest.max(run);
    }
    (changes, longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registrable_domain_is_found_under_suffixes_of_one_and_two_labels() {
        for (host, domain) in [
            ("www.paypal.com", "paypal.com"),
            ("a.b.example.co.uk", "example.co.uk"),
            ("example.co.uk", "example.co.uk"),
            ("co.uk", "co.uk"),
            ("localhost", "localhost"),
            ("mail.firma.com.br", "firma.com.br"),
            ("x.y.firma.de", "firma.de"),
            ("", ""),
        ] {
            assert_eq!(registrable(host), domain, "{host}");
        }
    }

    #[test]
    fn free_mail_is_known_world_wide() {
        assert!(FREE_MAIL.len() >= 250);
        for domain in ["gmail.com", "gmx.de", "qq.com", "naver.com", "libero.it", "wp.pl"] {
            assert!(is_free_mail(domain), "{domain}");
        }
        assert!(!is_free_mail("example.com"));
    }

    #[test]
    fn cheap_tops_weigh_and_old_ones_do_not() {
        assert!(cheapness("a.tk") > 0.9 && cheapness("x.ru.com") > 0.7);
        assert!(cheapness("example.com") <= 0.0 && cheapness("example.co.uk") <= 0.0);
    }

    #[test]
    fn random_labels_are_told_from_chosen_ones() {
        for random in ["x7k2p9qw4z", "bcdfghjklmn", "a1b2c3d4e5"] {
            assert!(randomness(random) >= 0.5, "{random}");
        }
        for chosen in ["sourceforge", "office365", "web2print", "lengthstrong", "rhythms"] {
            assert!(randomness(chosen) < 0.5, "{chosen}");
        }
    }

    #[test]
    fn kin_is_one_domain_and_alike_is_one_name() {
        assert!(are_kin("mail.acme.com", "acme.com") && !are_kin("acme.com", "acme.net"));
        assert!(are_alike("acme.com", "acme.net") && are_alike("zalando.de", "zalando-mail.com"));
        assert!(!are_alike("acme.com", "other.com") && !are_kin("", ""));
    }
}
