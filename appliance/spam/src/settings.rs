//! The settings section `unwanted`: what judges of unwanted mail know of the owner.

use mail::{Address, Day, Domain};
use schema::Problem;

use crate::address::Url;
use crate::listed::host_of;

schema::table! {
    /// A person whose name is worth imitating.
    pub struct Person {
        /// The name as people write it, such as `Maria Keller`.
        pub name: String = String::new(), in 1..=100,
        /// Other ways to write it.
        pub variants: Vec<String> = Vec::new(), in 0..=20,
        /// The addresses that are truly theirs, private ones included.
        pub addresses: Vec<Address> = Vec::new(), in 0..=20,
    }
}

schema::choice! {
    /// How a link is compared with an entry.
    pub enum LinkMatch {
        /// It leads to this domain or one below it.
        Domain = "domain",
        /// It begins with this, scheme left out, up to the end of a step of its path.
        Prefix = "prefix",
        /// It holds this word. In approved links the registered domain must hold it: anybody can
        /// write a word elsewhere in a link.
        Keyword = "keyword",
    }
}

schema::table! {
    /// A link that is known.
    pub struct ListedLink {
        /// A domain such as `example.test`, the beginning of a link such as
        /// `https://example.test/shop`, or a word.
        pub pattern: String = String::new(), in 3..=2048,
        /// How links are compared with it.
        pub compare: LinkMatch = LinkMatch::Domain,
        /// The last day of the entry, YYYY-MM-DD. Empty: no end.
        pub until: String = String::new(), in 0..=10,
        /// Where the entry comes from, such as a person or a feed. Shown where it acts.
        pub source: String = String::new(), in 0..=100,
        /// Free text for the owner.
        pub note: String = String::new(), in 0..=400,
    }
}

schema::settings! {
    /// Spam, phishing, bulk mail and impostors.
    pub struct Unwanted = "unwanted", touches Live, checked by check {
        /// People whose names are worth imitating: directors, accountants, administrators. Mail in
        /// their names from other addresses counts as an impostor's.
        pub persons: Vec<Person> = Vec::new(), in 0..=5000,
        /// Domains of yours beside those that mail is received for: mail from domains that look like
        /// them counts as an impostor's.
        pub own_domains: Vec<Domain> = Vec::new(), in 0..=10_000,
        /// Links that are never taken for a sign of unwanted mail.
        pub approved_links: Vec<ListedLink> = Vec::new(), in 0..=50_000,
        /// Links that make a message phishing.
        pub blocked_links: Vec<ListedLink> = Vec::new(), in 0..=50_000,
    }
}

/// Problems that one check tells.
const PROBLEMS: usize = 1000;

/// What the kinds of the fields cannot say.
fn check(unwanted: &Unwanted) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (list, entries) in
        [("approved_links", &unwanted.approved_links), ("blocked_links", &unwanted.blocked_links)]
    {
        for (place, entry) in entries.iter().enumerate() {
            problems.extend(check_link(&format!("{list}.{place}"), entry));
        }
    }
    problems.truncate(PROBLEMS);
    problems
}

fn check_link(path: &str, entry: &ListedLink) -> Vec<Problem> {
    let pattern = entry.pattern.as_str();
    let fault = match entry.compare {
        LinkMatch::Domain if host_of(pattern).is_none() => {
            Some(("no domain", "Write a domain such as example.test, or set compare."))
        }
        LinkMatch::Prefix if !Url::read(pattern).is_web() => {
            Some(("no beginning of a link", "Write something like https://example.test/shop."))
        }
        LinkMatch::Keyword if pattern.trim().chars().count() < 3 => {
            Some(("too short a word", "Give at least three characters."))
        }
        _ => None,
    };
    let pattern = fault.map(|(what, remedy)| {
        Problem::new(format!("{path}.pattern"), format!("{pattern:?} is {what}."), remedy)
    });
    let until = (!entry.until.is_empty() && Day::read(&entry.until).is_none()).then(|| {
        Problem::new(
            format!("{path}.until"),
            format!("{:?} is no date.", entry.until),
            "Write it as 2027-12-31, or leave it empty.",
        )
    });
    pattern.into_iter().chain(until).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_is_in_order() {
        assert!(schema::Tree::new().with::<Unwanted>().faults().is_empty());
        assert!(check(&Unwanted::default()).is_empty());
    }

    #[test]
    fn entries_that_would_never_match_are_problems() {
        let entry = |compare, pattern: &str, until: &str| ListedLink {
            compare,
            pattern: pattern.into(),
            until: until.into(),
            ..ListedLink::default()
        };
        let unwanted = Unwanted {
            approved_links: vec![
                entry(LinkMatch::Domain, "good.example", "2027-12-31"),
                entry(LinkMatch::Domain, "https://good.example/", ""),
            ],
            blocked_links: vec![
                entry(LinkMatch::Prefix, "not a link", ""),
                entry(LinkMatch::Keyword, "wp-login", "31.12.2027"),
            ],
            ..Unwanted::default()
        };
        let paths: Vec<String> = check(&unwanted).into_iter().map(|one| one.path).collect();
        let expected =
            ["approved_links.1.pattern", "blocked_links.0.pattern", "blocked_links.1.until"];
        assert_eq!(paths, expected);
    }
}
