//! The owner's lists of links, ready to be asked (features G-3).

use aho_corasick::AhoCorasick;
use mail::{Day, Timestamp};

use crate::address::Url;
use crate::settings::{LinkMatch, ListedLink, Unwanted};
use crate::sight::Around;

/// Approved and blocked links. Made once for many messages.
#[derive(Debug, Default)]
pub struct LinkLists {
    approved: List,
    blocked: List,
}

impl LinkLists {
    /// Compiles the lists of the settings. An entry that cannot be read means nothing.
    #[must_use]
    pub fn new(unwanted: &Unwanted) -> Self {
        LinkLists {
            approved: List::new(&unwanted.approved_links),
            blocked: List::new(&unwanted.blocked_links),
        }
    }

    /// The entry that blocks a link, or a service that it goes through, in words.
    pub(crate) fn blocked(&self, url: &Url, at: Option<Timestamp>) -> Option<String> {
        if self.blocked.entries.is_empty() {
            return None;
        }
        let day = at.map(Timestamp::day);
        let hop = || url.through.iter().find_map(|hop| self.blocked.of_host(&hop.host, day));
        let entry = self.blocked.of_url(url, day).or_else(hop)?;
        let source = if entry.source.is_empty() { "" } else { ", says " };
        Some(format!("{} is on the list of blocked links{source}{}", entry.pattern, entry.source))
    }

    /// Whether a link is approved. What it goes through must be approved as well, but for services
    /// that are known to lead anybody anywhere: where those lead to is known.
    pub(crate) fn approves(&self, url: &Url, at: Option<Timestamp>) -> bool {
        if self.approved.entries.is_empty() {
            return false;
        }
        let day = at.map(Timestamp::day);
        let mut through = url.through.iter();
        let has_word = || self.approved.keyword(&url.domain, day).is_some();
        (self.approved.of_host(&url.host, day).is_some()
            || self.approved.of_prefix(url, day).is_some()
            || has_word())
            && through
                .all(|hop| hop.is_redirector || self.approved.of_host(&hop.host, day).is_some())
    }
}

/// Whether the owner approved of where a link leads: then where it leads is no signal.
pub(crate) fn is_approved(around: &Around<'_>, url: &Url) -> bool {
    around.links.is_some_and(|lists| lists.approves(url, around.received))
}

/// One entry.
#[derive(Debug)]
struct Entry {
    pattern: Box<str>,
    source: Box<str>,
    until: Option<Day>,
}

impl Entry {
    /// Where nobody knows the day, an entry with an end has ended: it never lasts by a mistake.
    fn is_current(&self, day: Option<Day>) -> bool {
        match (self.until, day) {
            (None, _) => true,
            (Some(_), None) => false,
            (until, Some(day)) => day.is_within(until),
        }
    }
}

/// What stands in a list, by what is looked up.
#[derive(Debug, Default)]
struct List {
    entries: Vec<Entry>,
    /// Domains in order, each with its entry.
    domains: Vec<(Box<str>, usize)>,
    /// Host, the rest, and the entry, in order.
    prefixes: Vec<(Box<str>, Box<str>, usize)>,
    keywords: Option<AhoCorasick>,
    /// The entry of each keyword.
    words: Vec<usize>,
}

impl List {
    fn new(all: &[ListedLink]) -> Self {
        let mut list = List::default();
        let mut keywords = Vec::new();
        for one in all {
            let until = match one.until.as_str() {
                "" => None,
                date => match Day::read(date) {
                    Some(day) => Some(day),
                    None => continue,
                },
            };
            let at = list.entries.len();
            if !list.add(one, at, &mut keywords) {
                continue;
            }
            let (pattern, source) = (one.pattern.as_str().into(), one.source.as_str().into());
            list.entries.push(Entry { pattern, source, until });
        }
        list.domains.sort();
        list.prefixes.sort();
        if !keywords.is_empty() {
            list.keywords =
                AhoCorasick::builder().ascii_case_insensitive(true).build(&keywords).ok();
        }
        list
    }

    /// Takes in the pattern of an entry. False when it is none.
    fn add(&mut self, one: &ListedLink, at: usize, keywords: &mut Vec<String>) -> bool {
        match one.compare {
            LinkMatch::Domain => {
                let Some(host) = host_of(&one.pattern) else { return false };
                self.domains.push((host.into(), at));
            }
            LinkMatch::Prefix => {
                let url = Url::read(&one.pattern);
                if !url.is_web() {
                    return false;
                }
                let rest = rest_of(&url);
                self.prefixes.push((url.host.into(), rest.into(), at));
            }
            LinkMatch::Keyword => {
                let word = one.pattern.to_lowercase();
                if word.trim().is_empty() {
                    return false;
                }
                keywords.push(word);
                self.words.push(at);
            }
        }
        true
    }

    fn of_url(&self, url: &Url, day: Option<Day>) -> Option<&Entry> {
        let word = || {
            self.keywords.as_ref()?;
            self.keyword(&[url.host.as_str(), &url.tail()].concat(), day)
        };
        self.of_host(&url.host, day).or_else(|| self.of_prefix(url, day)).or_else(word)
    }

    /// The entry of a host, or of a domain above it.
    fn of_host(&self, host: &str, day: Option<Day>) -> Option<&Entry> {
        if self.domains.is_empty() {
            return None;
        }
        // A host has at most 127 labels.
        let names = std::iter::successors(Some(host), |name| Some(name.split_once('.')?.1));
        names.take(127).find_map(|name| {
            let start = self.domains.partition_point(|(known, _)| known.as_ref() < name);
            let same =
                self.domains.iter().skip(start).take_while(|(known, _)| known.as_ref() == name);
            self.current(same.map(|(_, at)| *at), day)
        })
    }

    fn of_prefix(&self, url: &Url, day: Option<Day>) -> Option<&Entry> {
        if self.prefixes.is_empty() || !url.is_web() {
            return None;
        }
        let (host, rest) = (url.host.as_str(), rest_of(url));
        let start = self.prefixes.partition_point(|(known, _, _)| known.as_ref() < host);
        let same =
            self.prefixes.iter().skip(start).take_while(|(known, _, _)| known.as_ref() == host);
        let fits = same.filter(|(_, prefix, _)| begins(&rest, prefix));
        self.current(fits.map(|(_, _, at)| *at), day)
    }

    fn keyword(&self, text: &str, day: Option<Day>) -> Option<&Entry> {
        let found = self.keywords.as_ref()?.find_overlapping_iter(text);
        // A text may hold a short keyword very often.
        let entries = found.take(1000).filter_map(|one| self.words.get(one.pattern().as_usize()));
        self.current(entries.copied(), day)
    }

    fn current(&self, mut at: impl Iterator<Item = usize>, day: Option<Day>) -> Option<&Entry> {
        at.find_map(|at| self.entries.get(at).filter(|entry| entry.is_current(day)))
    }
}

/// The host of a pattern of domains, as links have it.
pub(crate) fn host_of(pattern: &str) -> Option<String> {
    let name = pattern.trim().trim_start_matches("*.").trim_matches('.');
    if name.is_empty() || name.contains(['/', '@', '?', '#', ':', '*', ' ']) {
        return None;
    }
    let host = Url::read(&["http://", name, "/"].concat()).host;
    host.contains('.').then_some(host)
}

/// What follows the host: port, path and query, percent signs resolved.
fn rest_of(url: &Url) -> String {
    let port = url.port.filter(|port| !matches!(port, 80 | 443));
    let port = port.map_or(String::new(), |port| format!(":{port}"));
    let tail = url.tail();
    let tail = tail.strip_suffix('?').unwrap_or(&tail);
    if tail.starts_with('/') { [&port, tail].concat() } else { [&port, "/", tail].concat() }
}

/// Whether a prefix ends where a step of a path does.
fn begins(rest: &str, prefix: &str) -> bool {
    let ends = |after: &str| {
        after.is_empty()
            || prefix.ends_with(['/', '?', '=', '&'])
            || after.starts_with(['/', '?', '&', '#'])
    };
    rest.strip_prefix(prefix).is_some_and(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(compare: LinkMatch, pattern: &str) -> ListedLink {
        ListedLink { compare, pattern: pattern.into(), ..ListedLink::default() }
    }

    fn blocking(compare: LinkMatch, pattern: &str, target: &str) -> bool {
        let blocked_links = vec![entry(compare, pattern)];
        let lists = LinkLists::new(&Unwanted { blocked_links, ..Unwanted::default() });
        lists.blocked(&Url::read(target), None).is_some()
    }

    fn approving(compare: LinkMatch, pattern: &str, target: &str) -> bool {
        let approved_links = vec![entry(compare, pattern)];
        let lists = LinkLists::new(&Unwanted { approved_links, ..Unwanted::default() });
        lists.approves(&Url::read(target), None)
    }

    #[test]
    fn a_domain_means_itself_and_what_is_below_it() {
        for target in ["https://evil.example/x", "http://A.Evil.Example:8080", "//evil.example/"] {
            assert!(blocking(LinkMatch::Domain, "Evil.example", target), "{target}");
        }
        for target in ["https://notevil.example/x", "https://evil.example.org/", "mailto:a@b.org"] {
            assert!(!blocking(LinkMatch::Domain, "*.evil.example", target), "{target}");
        }
    }

    #[test]
    fn a_disguised_host_is_the_host_it_leads_to() {
        for target in
            ["http:\\\\evil.example", "https://paypal.com@evil.example/", "https://%65vil.example/"]
        {
            assert!(blocking(LinkMatch::Domain, "evil.example", target), "{target}");
        }
    }

    #[test]
    fn a_prefix_ends_where_a_step_of_the_path_does() {
        let blocks = |target| blocking(LinkMatch::Prefix, "https://host.example/~bad", target);
        assert!(blocks("http://host.example/~bad") && blocks("https://host.example/~bad/a?b"));
        assert!(blocks("https://HOST.example/%7Ebad/"));
        assert!(!blocks("https://host.example/~badger") && !blocks("https://host.example/"));
        assert!(!blocks("https://other.example/~bad"));
        assert!(blocking(LinkMatch::Prefix, "https://host.example", "https://host.example/any"));
    }

    #[test]
    fn a_keyword_blocks_anywhere_and_approves_in_the_registered_domain_only() {
        assert!(blocking(LinkMatch::Keyword, "wp-login", "https://a.example/x/WP-Login.php"));
        assert!(approving(LinkMatch::Keyword, "ourfirm", "https://www.ourfirm.co.uk/x"));
        for target in
            ["https://ourfirm.evil.org/", "https://evil.org/ourfirm", "https://evil.org/?ourfirm"]
        {
            assert!(!approving(LinkMatch::Keyword, "ourfirm", target), "{target}");
        }
    }

    #[test]
    fn an_approved_target_behind_an_unknown_service_is_not_approved() {
        let approves = |target| approving(LinkMatch::Domain, "good.example", target);
        assert!(approves("https://good.example/a"));
        assert!(!approves("https://good.example.evil.org/"));
        assert!(!approves("https://evil.org/out?url=https%3A%2F%2Fgood.example%2Fa"));
        assert!(!approves("https://good.example/out?url=https%3A%2F%2Fevil.org%2Fa"));
    }

    #[test]
    fn without_lists_nothing_is_approved() {
        let approved_links = vec![entry(LinkMatch::Domain, "good.example")];
        let lists = LinkLists::new(&Unwanted { approved_links, ..Unwanted::default() });
        let url = Url::read("https://good.example/");
        assert!(is_approved(&Around { links: Some(&lists), ..Around::default() }, &url));
        assert!(!is_approved(&Around::default(), &url));
    }

    #[test]
    fn entries_end_and_tell_their_source() {
        let entry = ListedLink {
            until: "1970-01-02".into(),
            source: "our desk".into(),
            ..entry(LinkMatch::Domain, "evil.example")
        };
        let lists = LinkLists::new(&Unwanted { blocked_links: vec![entry], ..Unwanted::default() });
        let url = Url::read("https://evil.example/");
        let at = |days: u64| lists.blocked(&url, Some(Timestamp(days * 86_400_000)));
        let words = "evil.example is on the list of blocked links, says our desk";
        assert_eq!(at(1).unwrap(), words);
        assert!(at(2).is_none() && lists.blocked(&url, None).is_none());
    }

    #[test]
    fn what_is_no_entry_means_nothing() {
        for (compare, pattern) in [
            (LinkMatch::Domain, "a b"),
            (LinkMatch::Domain, "example"),
            (LinkMatch::Prefix, "mailto:a@b.org"),
            (LinkMatch::Keyword, " "),
        ] {
            assert!(!blocking(compare, pattern, "https://a.example/b"), "{pattern}");
        }
    }
}
