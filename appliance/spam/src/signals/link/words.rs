//! What the words and paths of links say.

use crate::address::Url;
use crate::domains::{is_top, registrable};

/// The host that the words of a link show, when they show one and little else.
pub(super) fn host_shown(words: &str) -> Option<String> {
    let words = words.trim();
    if words.len() > 200 || !words.contains('.') {
        return None;
    }
    let word = words.split_whitespace().find(|word| word.contains('.'))?;
    let word = word.trim_matches(|one: char| !one.is_alphanumeric() && one != '/');
    let lower = word.to_lowercase();
    let has_scheme = lower.starts_with("http://") || lower.starts_with("https://");
    let is_alone = words.split_whitespace().count() == 1;
    let is_address = has_scheme || lower.starts_with("www.");
    let is_host = is_address || is_alone && reads_as_host(&lower);
    if !is_host || lower.contains('@') {
        return None;
    }
    let host = Url::read(&lower).through.first().map(|hop| hop.host.clone());
    let host = host.unwrap_or_else(|| Url::read(&lower).host);
    let last = host.rsplit('.').next().unwrap_or_default();
    (host.contains('.') && is_top(last)).then_some(host)
}

/// Whether a bare word is rather a host than a file name or a number.
fn reads_as_host(word: &str) -> bool {
    let host = word.split('/').next().unwrap_or(word);
    let last = host.rsplit('.').next().unwrap_or_default();
    let files =
        ["pl", "py", "sh", "rs", "md", "cc", "ps", "so", "zip", "mov", "app", "in", "is", "it"];
    let has_path = word.contains('/');
    is_top(last)
        && (has_path || !files.contains(&last))
        && host.bytes().any(|one| one.is_ascii_alphabetic())
}

/// Whether both hosts are of one place: the same domain, or the same name under another suffix.
pub(super) fn is_same_place(shown: &str, leads: &str) -> bool {
    let (shown, leads) = (registrable(shown), registrable(leads));
    shown == leads || crate::domains::label(shown) == crate::domains::label(leads)
}

/// Words of pages that ask for credentials.
const LOGIN: &[&str] = &[
    "login",
    "signin",
    "logon",
    "verify",
    "verification",
    "verif",
    "webmail",
    "owa",
    "password",
    "passwd",
    "auth",
    "oauth",
    "sso",
    "validate",
    "validation",
    "unlock",
    "banking",
    "ebanking",
    "office365",
    "o365",
    "outlook",
    "mailbox",
    "roundcube",
    "zimbra",
    "cpanel",
    "wallet",
    "credential",
    "credentials",
    "2fa",
    "mfa",
    "otp",
    "reactivate",
    "reactivation",
    "suspended",
    "confirm",
    "confirmation",
    "account",
    "secure",
    "security",
    "update",
    "recover",
    "identity",
    "authenticate",
    "authentication",
    "connexion",
    "identification",
    "anmelden",
    "anmeldung",
    "acceso",
    "accedi",
    "kyc",
    "restore",
    "docusign",
    "sharepoint",
    "onedrive",
    "voicemail",
    "redelivery",
    "netbank",
    "signon",
    "portal",
    "espace",
    "customs",
    "billing",
    "refund",
];

/// How much a link speaks of signing in, 0 to 1.
pub(super) fn login_words(url: &Url) -> f32 {
    let text = [&url.host, "/", url.path.as_str()].concat().to_ascii_lowercase();
    let words = text.split(|one: char| !one.is_ascii_alphanumeric()).take(60);
    let mut seen = [""; 3];
    let mut count = 0;
    for word in words.filter(|word| LOGIN.contains(word)) {
        if !seen.contains(&word)
            && let Some(place) = seen.get_mut(count)
        {
            *place = word;
            count += 1;
        }
    }
    match count {
        0 => 0.0,
        1 => 0.4,
        2 => 0.8,
        _ => 1.0,
    }
}

/// How much a path is the inside of a web site's software, where no page for people is, 0 to 1.
pub(super) fn hacked(url: &Url) -> f32 {
    let path = url.path.to_ascii_lowercase();
    let is_page =
        [".php", ".html", ".htm"].iter().any(|end| path.ends_with(end)) || path.ends_with('/');
    let has = |part: &str| path.contains(part);
    if has("/wp-includes/") || has("/wp-content/plugins/") || has("/wp-content/themes/") {
        return 1.0;
    }
    if has("/.well-known/") || has("/wp-admin/") && !has("admin-ajax") {
        return if is_page || has("/.well-known/") { 1.0 } else { 0.6 };
    }
    if has("/wp-content/") || has("/components/com_") || has("/sites/default/files/") {
        return if is_page { 0.8 } else { 0.0 };
    }
    let hidden = path.split('/').any(|part| part.starts_with('.') && part.len() > 2);
    if hidden { 0.7 } else { 0.0 }
}
