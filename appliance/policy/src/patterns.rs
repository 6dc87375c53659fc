//! A list of address patterns, ready for use. A list may have a million entries (a block list, say),
//! so most of them are found without looking at the others.

use std::collections::HashSet;

use crate::Wildcard;

/// The patterns of one list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Patterns {
    /// The list was empty, or has a pattern that matches everything.
    everything: bool,
    /// Whole addresses.
    addresses: HashSet<String>,
    /// The domains of patterns such as `*@example.test`.
    domains: HashSet<String>,
    /// All other patterns.
    rest: Vec<Wildcard>,
}

/// An address to be looked for in many lists.
pub(crate) struct Sought {
    text: String,
    characters: Vec<char>,
}

impl Sought {
    /// Case does not matter.
    pub(crate) fn new(address: &str) -> Self {
        let text = address.to_lowercase();
        let characters = text.chars().collect();
        Sought { text, characters }
    }

    fn domain(&self) -> &str {
        self.text.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

fn is_literal(text: &str) -> bool {
    !text.contains(['*', '?'])
}

impl Patterns {
    /// Compiles a list. An empty one means everybody; an entry that is no pattern means nobody.
    pub(crate) fn compile(list: &[String]) -> Self {
        let mut patterns = Patterns { everything: list.is_empty(), ..Patterns::default() };
        for text in list {
            patterns.add(text);
        }
        patterns
    }

    fn add(&mut self, text: &str) {
        let Ok(wildcard) = Wildcard::new(text) else { return };
        let text = text.to_lowercase();
        let whole = |rest: &&str| is_literal(rest) && !rest.is_empty() && !rest.contains('@');
        let domain = text.strip_prefix("*@").filter(whole);
        if text == "*" {
            self.everything = true;
        } else if is_literal(&text) {
            self.addresses.insert(text);
        } else if let Some(domain) = domain {
            self.domains.insert(domain.to_owned());
        } else {
            self.rest.push(wildcard);
        }
    }

    /// Whether any of them matches.
    pub(crate) fn match_any(&self, sought: &Sought) -> bool {
        self.everything
            || self.addresses.contains(&sought.text)
            || (!self.domains.is_empty() && self.domains.contains(sought.domain()))
            || self.rest.iter().any(|pattern| pattern.fits(&sought.characters))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(list: &[&str]) -> Patterns {
        Patterns::compile(&list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn an_empty_list_is_everybody_and_a_bad_one_nobody() {
        assert!(patterns(&[]).match_any(&Sought::new("a@b.test")));
        assert!(!patterns(&["a\nb"]).match_any(&Sought::new("a@b.test")));
    }

    #[test]
    fn every_kind_of_pattern_is_found() {
        let list = patterns(&["Ann@A.test", "*@b.test", "*@*.c.test", "x?@d.test"]);
        for good in ["ann@a.test", "ANN@a.TEST", "any@B.test", "q@deep.c.test", "x1@d.test"] {
            assert!(list.match_any(&Sought::new(good)), "{good}");
        }
        for bad in ["bob@a.test", "any@sub.b.test", "q@c.test", "x12@d.test", "", "b.test"] {
            assert!(!list.match_any(&Sought::new(bad)), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_list_says_the_same_as_its_patterns_one_by_one(
            list in proptest::collection::vec("[ab*?@.]{1,6}", 1..6),
            text in "[abAB@.]{0,7}",
        ) {
            let single = list.iter().any(|one| Wildcard::new(one).unwrap().matches(&text));
            assert_eq!(Patterns::compile(&list).match_any(&Sought::new(&text)), single);
        }
    }
}
