//! Whether a hit is covered by an exception of the owner. Pure: who asks says which day it is.

use crate::lists::day;
use crate::scanner::Hit;
use crate::settings::Exception;
use crate::{Class, hashes};

/// What a hit was found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'s> {
    /// Domain of the envelope sender; empty for the null sender.
    pub sender_domain: &'s str,
    /// Domain of the recipient.
    pub recipient_domain: &'s str,
    /// SHA-256 of the file, when it is known.
    pub file_sha256: Option<[u8; 32]>,
    /// The day, in days since 1970-01-01.
    pub day: u32,
}

/// The first exception that covers a hit. A limit that was reached is no signature: nothing covers
/// it.
#[must_use]
pub fn is_excepted<'e>(
    hit: &Hit,
    exceptions: &'e [Exception],
    scope: &Scope<'_>,
) -> Option<&'e Exception> {
    if hit.class == Class::Undecided {
        return None;
    }
    exceptions.iter().find(|exception| covers(exception, hit, scope))
}

fn covers(exception: &Exception, hit: &Hit, scope: &Scope<'_>) -> bool {
    let domain = |list: &[schema::DomainPattern], domain: &str| {
        list.is_empty() || list.iter().any(|pattern| matches(pattern, domain))
    };
    exception.signatures.iter().any(|pattern| is_like(&hit.name, pattern))
        && domain(&exception.sender_domains, scope.sender_domain)
        && domain(&exception.recipient_domains, scope.recipient_domain)
        && is_file(&exception.file_sha256, scope.file_sha256)
        && is_current(&exception.until, scope.day)
}

fn matches(pattern: &schema::DomainPattern, domain: &str) -> bool {
    domain.parse().is_ok_and(|domain: mail::Domain| pattern.matches(&domain))
}

fn is_file(wanted: &str, file: Option<[u8; 32]>) -> bool {
    wanted.is_empty() || digest_of(wanted).is_some_and(|wanted| file == Some(wanted))
}

/// An end that cannot be read has passed: an exception never lasts by a mistake.
fn is_current(until: &str, today: u32) -> bool {
    until.is_empty() || day_of(until).is_some_and(|last| today <= last)
}

/// The octets of a SHA-256 in hexadecimal.
pub(crate) fn digest_of(text: &str) -> Option<[u8; 32]> {
    hashes::octets_of_hex(text)?.try_into().ok()
}

/// The day of a date, in days since 1970-01-01.
pub(crate) fn day_of(date: &str) -> Option<u32> {
    day(date).ok()
}

/// Whether a name is like a pattern with `*` and `?`, in any case. Both are walked once, with one
/// place to come back to.
fn is_like(name: &str, pattern: &str) -> bool {
    let (name, pattern) = (name.as_bytes(), pattern.as_bytes());
    let (mut at, mut want) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(octet) = name.get(at) {
        match pattern.get(want) {
            Some(b'*') => {
                star = Some((at, want));
                want += 1;
            }
            Some(wanted) if *wanted == b'?' || wanted.eq_ignore_ascii_case(octet) => {
                at += 1;
                want += 1;
            }
            _ => {
                let Some((from, place)) = star else { return false };
                star = Some((from + 1, place));
                (at, want) = (from + 1, place + 1);
            }
        }
    }
    pattern.get(want..).unwrap_or_default().iter().all(|octet| *octet == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(name: &str) -> Hit {
        Hit {
            name: name.into(),
            class: Class::Malware,
            place: "1/a.exe".into(),
            source: "own.hdb:1".into(),
            evidence: String::new(),
        }
    }

    const SCOPE: Scope<'_> = Scope {
        sender_domain: "partner.example",
        recipient_domain: "ours.example",
        file_sha256: Some([7; 32]),
        day: 20_819,
    };

    fn exception(signature: &str) -> Exception {
        Exception { signatures: vec![signature.into()], ..Exception::default() }
    }

    fn covered(exception: &Exception) -> bool {
        is_excepted(&hit("Win.Trojan.Agent-1"), std::slice::from_ref(exception), &SCOPE).is_some()
    }

    #[test]
    fn names_are_compared_with_wildcards_in_any_case() {
        for pattern in ["Win.Trojan.Agent-1", "win.*", "*Agent-?", "*.*.*", "*a*t*"] {
            assert!(covered(&exception(pattern)), "{pattern}");
        }
        for pattern in ["Win.Trojan.Agent", "Win.Trojan.Agent-1?", "*Agent-2", "?", ""] {
            assert!(!covered(&exception(pattern)), "{pattern}");
        }
    }

    #[test]
    fn everything_that_is_given_must_hold() {
        let whole = Exception {
            sender_domains: schema::DomainPattern::list(&["partner.example"]),
            recipient_domains: schema::DomainPattern::list(&["ours.example"]),
            file_sha256: "07".repeat(32),
            until: "2027-01-01".into(),
            ..exception("Win.*")
        };
        assert!(covered(&whole));
        let list = schema::DomainPattern::list(&["other.example"]);
        assert!(!covered(&Exception { sender_domains: list.clone(), ..whole.clone() }));
        assert!(!covered(&Exception { recipient_domains: list, ..whole.clone() }));
        assert!(!covered(&Exception { file_sha256: "08".repeat(32), ..whole.clone() }));
        assert!(!covered(&Exception { until: "2026-12-31".into(), ..whole.clone() }));
        assert!(!covered(&Exception { until: "never".into(), ..whole }));
    }

    #[test]
    fn a_limit_that_was_reached_cannot_be_excepted() {
        let undecided = Hit { class: Class::Undecided, ..hit("Patterns.Undecided") };
        assert!(is_excepted(&undecided, &[exception("Patterns.*")], &SCOPE).is_none());
    }
}
