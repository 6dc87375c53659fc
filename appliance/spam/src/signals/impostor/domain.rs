//! Whether a domain is made to look like another.

use crate::domains::look_alike::{differ_in_one, shape};
use crate::domains::{cheapness, label, suffix};

/// Words that are added to a name to make it look like its owner's.
const ADDED: &[&str] = &[
    "mail", "secure", "login", "support", "service", "services", "hr", "payroll", "it", "helpdesk",
    "portal", "online", "finance", "invoice", "billing", "accounts", "payments", "pay", "office",
    "admin", "team", "group", "corp", "inc", "ltd", "llc", "gmbh", "global", "intl", "us", "uk",
    "de", "eu", "com", "email", "web", "auth", "sso", "vpn", "docs", "cloud", "security", "ag",
];

/// How surely one registrable domain is made to be taken for another, above 0 up to 1, and how.
pub(super) fn alike(own: &str, other: &str) -> Option<(f32, &'static str)> {
    if own.is_empty() || own == other {
        return None;
    }
    let shown =
        if other.contains("xn--") { idna::domain_to_unicode(other).0 } else { other.to_owned() };
    let (mine, theirs) = (label(own), label(&shown));
    if mine.len() < 3 || theirs.is_empty() {
        return None;
    }
    if mine == theirs {
        let cheap = cheapness(suffix(&shown));
        return Some((0.3 + 0.5 * cheap, "the same name under another suffix"));
    }
    if shape(mine) == shape(theirs) {
        return Some((1.0, "letters that look alike"));
    }
    if theirs.replace('-', "") == mine.replace('-', "") {
        return Some((0.9, "hyphens"));
    }
    if mine.len() >= 5 && differ_in_one(mine, theirs) {
        return Some((0.9, "one letter differs"));
    }
    added(mine, theirs)
}

fn added(mine: &str, theirs: &str) -> Option<(f32, &'static str)> {
    let rest = theirs.strip_prefix(mine).or_else(|| theirs.strip_suffix(mine))?;
    let words = rest.trim_matches('-');
    let is_parted = rest.starts_with('-') || rest.ends_with('-');
    let is_known = words.split('-').all(|word| ADDED.contains(&word));
    match (is_known, is_parted) {
        (true, true) => Some((0.9, "words added")),
        (true, false) if mine.len() >= 5 => Some((0.8, "words added")),
        (false, true) if mine.len() >= 5 => Some((0.5, "words added")),
        _ => None,
    }
}
