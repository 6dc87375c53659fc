//! What a domain's name alone tells: whose organisation, free mail, how cheap its top level is.

use crate::domains;
pub(in crate::signals) use domains::{cheapness, registrable as organisation};

/// Providers that give mailboxes to anybody, under any top level that they use.
const FREE_EVERYWHERE: &[&str] = &[
    "aol",
    "gmail",
    "gmx",
    "googlemail",
    "hotmail",
    "lycos",
    "mailinator",
    "msn",
    "outlook",
    "protonmail",
    "rediffmail",
    "rocketmail",
    "tutanota",
    "yahoo",
    "yandex",
    "ymail",
    "zoho",
];

/// The name that somebody chose: the first label of the organisation.
pub(in crate::signals) fn chosen(domain: &str) -> &str {
    domains::label(organisation(domain))
}

/// Whether two domains are of one organisation, as far as names tell.
pub(in crate::signals) fn is_same(one: &str, other: &str) -> bool {
    organisation(one).eq_ignore_ascii_case(organisation(other))
}

/// Whether anybody can have a mailbox there.
pub(in crate::signals) fn is_free_mail(domain: &str) -> bool {
    FREE_EVERYWHERE.contains(&chosen(domain)) || domains::is_free_mail(organisation(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organisations_are_told_by_the_name_that_is_registered() {
        assert_eq!(chosen("www.example.com.br"), "example");
        assert!(is_same("a.example.org", "EXAMPLE.org") && !is_same("a.org", "b.org"));
    }

    #[test]
    fn free_mail_is_known_under_all_top_levels() {
        for domain in ["yahoo.co.jp", "web.de", "gmail.com", "t-online.de", "seznam.cz", "qq.com"] {
            assert!(is_free_mail(domain), "{domain}");
        }
        assert!(!is_free_mail("example.com") && !is_free_mail("outlook.example.com"));
    }
}
