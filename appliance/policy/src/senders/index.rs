//! Finds the entries of a list that mean a sender. A list may have a million entries, so all but
//! free patterns are looked up in one sorted table.

use mail::Day;

use crate::Wildcard;

/// What an entry asks of an address or a name. All in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// This whole address, or this whole name.
    Whole(Box<str>),
    /// Every address of this domain.
    Domain(Box<str>),
    /// Every address of the domains below this one.
    Below(Box<str>),
    /// Any other pattern.
    Pattern(Wildcard),
}

/// How exactly an entry names a sender: the larger the more exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exactness {
    Pattern,
    Below,
    Domain,
    Whole,
}

impl Key {
    /// Of a pattern of addresses. A pattern without `@` is one of domains.
    pub(super) fn of_address(pattern: &str) -> Option<Key> {
        let wildcard = Wildcard::new(pattern).ok()?;
        let text = pattern.to_lowercase();
        let domain = match text.split_once('@') {
            None => Some(text.as_str()),
            Some(("*", domain)) if !domain.contains('@') => Some(domain),
            Some(_) => None,
        };
        let below = domain.and_then(|domain| domain.strip_prefix("*."));
        let literal = |text: &&str| !text.is_empty() && !text.contains(['*', '?']);
        if let Some(below) = below.filter(literal) {
            return Some(Key::Below(below.into()));
        }
        match domain {
            Some(domain) if literal(&domain) => Some(Key::Domain(domain.into())),
            Some(domain) if !text.contains('@') => {
                Wildcard::new(&format!("*@{domain}")).ok().map(Key::Pattern)
            }
            None if literal(&text.as_str()) => Some(Key::Whole(text.into())),
            _ => Some(Key::Pattern(wildcard)),
        }
    }

    /// Of a pattern of names.
    pub(super) fn of_name(pattern: &str) -> Option<Key> {
        let wildcard = Wildcard::new(pattern).ok()?;
        if pattern.contains(['*', '?']) {
            return Some(Key::Pattern(wildcard));
        }
        Some(Key::Whole(pattern.to_lowercase().into()))
    }

    fn sorted(&self) -> Option<(Exactness, &str)> {
        match self {
            Key::Whole(text) => Some((Exactness::Whole, text)),
            Key::Domain(text) => Some((Exactness::Domain, text)),
            Key::Below(text) => Some((Exactness::Below, text)),
            Key::Pattern(_) => None,
        }
    }

    fn exactness(&self) -> Exactness {
        self.sorted().map_or(Exactness::Pattern, |(exactness, _)| exactness)
    }
}

/// One entry. `Mark` is what its list knows beside the pattern.
#[derive(Debug, Clone)]
pub(super) struct Entry<Mark> {
    key: Key,
    /// The pattern as its owner wrote it.
    pub(super) pattern: Box<str>,
    /// The last day; `None` for no end.
    pub(super) until: Option<Day>,
    pub(super) mark: Mark,
}

impl<Mark> Entry<Mark> {
    /// `None` for a pattern that is none, or an end that cannot be read: an entry never lasts by a
    /// mistake.
    pub(super) fn new(key: Option<Key>, pattern: &str, until: &str, mark: Mark) -> Option<Self> {
        let until = match until {
            "" => None,
            date => Some(Day::read(date)?),
        };
        Some(Entry { key: key?, pattern: pattern.into(), until, mark })
    }

    /// How exactly it names a sender.
    pub(super) fn exactness(&self) -> Exactness {
        self.key.exactness()
    }
}

/// The entries of one list.
#[derive(Debug, Clone)]
pub(super) struct Index<Mark> {
    /// Those that can be looked up, in order of what is looked up.
    sorted: Vec<Entry<Mark>>,
    patterns: Vec<Entry<Mark>>,
}

impl<Mark> Default for Index<Mark> {
    fn default() -> Self {
        Index { sorted: Vec::new(), patterns: Vec::new() }
    }
}

impl<Mark> Index<Mark> {
    pub(super) fn new(entries: impl Iterator<Item = Entry<Mark>>) -> Self {
        let (mut sorted, patterns): (Vec<_>, Vec<_>) =
            entries.partition(|entry| entry.key.sorted().is_some());
        // Stable: of entries for the same the first stays the first.
        sorted.sort_by(|one, two| one.key.sorted().cmp(&two.key.sorted()));
        sorted.shrink_to_fit();
        Index { sorted, patterns }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sorted.is_empty() && self.patterns.is_empty()
    }

    /// The entries that mean this address, in lower case.
    pub(super) fn of_address<'s>(
        &'s self,
        address: &'s str,
    ) -> impl Iterator<Item = &'s Entry<Mark>> {
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        // A domain has at most 127 labels.
        let parents = std::iter::successors(Some(domain), |domain| {
            domain.split_once('.').map(|(_, parent)| parent)
        });
        let below = parents.skip(1).flat_map(|parent| self.found(Exactness::Below, parent));
        self.found(Exactness::Whole, address)
            .chain(self.found(Exactness::Domain, domain))
            .chain(below)
            .chain(self.fitting(address))
    }

    /// The entries that mean this name, in lower case.
    pub(super) fn of_name<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Entry<Mark>> {
        self.found(Exactness::Whole, name).chain(self.fitting(name))
    }

    fn found<'s>(
        &'s self,
        exactness: Exactness,
        text: &'s str,
    ) -> impl Iterator<Item = &'s Entry<Mark>> {
        let wanted = Some((exactness, text));
        let start = self.sorted.partition_point(|entry| entry.key.sorted() < wanted);
        self.sorted.iter().skip(start).take_while(move |entry| entry.key.sorted() == wanted)
    }

    fn fitting(&self, text: &str) -> impl Iterator<Item = &Entry<Mark>> {
        let characters: Vec<char> =
            if self.patterns.is_empty() { Vec::new() } else { text.chars().collect() };
        self.patterns.iter().filter(move |entry| match &entry.key {
            Key::Pattern(pattern) => pattern.fits(&characters),
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(patterns: &[&str]) -> Index<()> {
        let entry = |one: &&str| Entry::new(Key::of_address(one), one, "", ());
        Index::new(patterns.iter().filter_map(entry))
    }

    fn found(patterns: &[&str], address: &str) -> Vec<String> {
        let index = index(patterns);
        index.of_address(address).map(|entry| entry.pattern.to_string()).collect()
    }

    #[test]
    fn every_form_of_entry_is_found_and_the_most_exact_first() {
        let list =
            ["a*@x.test", "*.x.test", "X.test", "Ann@x.test", "*@y.*", "*@*.z.test", "*.w?.test"];
        assert_eq!(found(&list, "ann@x.test"), ["Ann@x.test", "X.test", "a*@x.test"]);
        assert_eq!(found(&list, "ann@deep.er.x.test"), ["*.x.test"]);
        assert_eq!(found(&list, "bob@y.example"), ["*@y.*"]);
        assert_eq!(found(&list, "bob@a.z.test"), ["*@*.z.test"]);
        assert_eq!(found(&list, "bob@a.w1.test"), ["*.w?.test"]);
        for other in ["ann@z.test", "x.test", "", "ann@x.test.evil.test", "bob@evilx.test"] {
            assert_eq!(found(&list, other), Vec::<String>::new(), "{other}");
        }
    }

    #[test]
    fn an_end_that_cannot_be_read_is_no_entry() {
        assert!(Entry::new(Key::of_address("a.test"), "a.test", "soon", ()).is_none());
        assert!(Entry::new(Key::of_address("a\n"), "a\n", "", ()).is_none());
    }

    #[test]
    fn a_long_list_is_looked_up_and_not_walked() {
        let entries = (0..200_000).filter_map(|number| {
            let pattern = format!("user{number}@mail{}.test", number % 977);
            Entry::new(Key::of_address(&pattern), &pattern, "", ())
        });
        let index = Index::new(entries);
        let begin = std::time::Instant::now();
        for number in 0..1000 {
            let address = format!("user{number}@mail{number}.test");
            assert_eq!(index.of_address(&address).count(), usize::from(number < 977));
        }
        assert!(begin.elapsed().as_secs() < 2);
    }

    proptest::proptest! {
        #[test]
        fn the_index_says_the_same_as_its_patterns_one_by_one(
            list in proptest::collection::vec("[ab*?.]{0,3}@[ab*.]{1,5}", 1..6),
            address in "[ab.]{0,3}@[ab.]{0,5}",
        ) {
            let patterns: Vec<&str> = list.iter().map(String::as_str).collect();
            let single = list.iter().filter(|one| Wildcard::new(one).unwrap().matches(&address)).count();
            assert_eq!(found(&patterns, &address).len(), single);
        }
    }
}
