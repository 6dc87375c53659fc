//! Holds links against the rules on phishing.

use std::collections::{HashMap, HashSet};

use unpack::{Origin, Text};

use super::{Pattern, Rules, SECTION};
use crate::expressions::Expressions;
use crate::limits;
use crate::links::{Address, Link, digest, links};
use crate::pack::{Pack, PackError};
use crate::scanner::{Hits, Look, Matcher};

/// Looks for links that pretend.
pub(crate) struct PhishingMatcher {
    hosts: HashMap<String, u32>,
    patterns: Vec<Pattern>,
    expressions: Expressions,
    good_pairs: HashMap<String, Vec<String>>,
    good: Expressions,
    hashes: Vec<([u8; 32], u32)>,
    good_hashes: Vec<[u8; 32]>,
}

fn expressions(patterns: &[Pattern]) -> Expressions {
    Expressions::new(patterns.iter().map(|one| (one.text.as_str(), one.needed.as_slice())))
}

impl PhishingMatcher {
    /// A matcher; `None` when the pack has no such rules.
    ///
    /// # Errors
    /// When the section is damaged.
    pub(crate) fn new(pack: &Pack) -> Result<Option<Self>, PackError> {
        let section = pack.section(SECTION);
        if section.is_empty() {
            return Ok(None);
        }
        let rules: Rules = postcard::from_bytes(section).map_err(|error| PackError::Section {
            section: "PHSH".to_owned(),
            reason: error.to_string(),
        })?;
        let mut good_pairs: HashMap<String, Vec<String>> = HashMap::new();
        for (target, text) in rules.good_pairs {
            good_pairs.entry(target).or_default().push(text);
        }
        Ok(Some(PhishingMatcher {
            hosts: rules.hosts.into_iter().collect(),
            expressions: expressions(&rules.patterns),
            patterns: rules.patterns,
            good_pairs,
            good: expressions(&rules.good_patterns),
            hashes: rules.hashes,
            good_hashes: rules.good_hashes,
        }))
    }

    /// The number of the name of a known address.
    fn known(&self, address: &Address) -> Option<u32> {
        if self.hashes.is_empty() {
            return None;
        }
        let digests: Vec<[u8; 32]> = address.keys().iter().map(|key| digest(key)).collect();
        if digests.iter().any(|hash| self.good_hashes.binary_search(hash).is_ok()) {
            return None;
        }
        let found = digests.iter().find_map(|hash| {
            let at = self.hashes.binary_search_by_key(hash, |row| row.0).ok()?;
            self.hashes.get(at)
        });
        found.map(|row| row.1)
    }

    /// The number of the name when the text of a link pretends another host.
    fn pretends(&mut self, target: &Address, text: &Address) -> Option<u32> {
        if is_same_owner(&target.host, &text.host) {
            return None;
        }
        let pair = format!("{}:{}", origin(target), origin(text));
        let host = text.hosts().find_map(|host| self.hosts.get(host).copied());
        let name = host.or_else(|| {
            first(&mut self.expressions, &pair).and_then(|at| Some(self.patterns.get(at)?.name))
        })?;
        let is_good =
            self.is_good_pair(target, text) || first(&mut self.good, &format!("{pair}/")).is_some();
        (!is_good).then_some(name)
    }

    fn is_good_pair(&self, target: &Address, text: &Address) -> bool {
        let mut texts = target.hosts().filter_map(|host| self.good_pairs.get(host)).flatten();
        texts.any(|good| text.hosts().any(|host| host == good))
    }
}

/// The first expression that matches.
fn first(expressions: &mut Expressions, text: &str) -> Option<usize> {
    let candidates = expressions.candidates(text.as_bytes());
    candidates
        .into_iter()
        .find(|at| expressions.matches(*at, text.as_bytes()))
        .map(|at| at as usize)
}

/// An address as rules on pairs see it: cut after the host.
fn origin(address: &Address) -> String {
    address.host.clone()
}

/// Whether two hosts have the same name under a suffix where names are sold. The suffix is guessed:
/// two labels where both are short (`co.uk`), else one.
fn is_same_owner(one: &str, other: &str) -> bool {
    owned(one) == owned(other)
}

fn owned(host: &str) -> &str {
    let ends: Vec<usize> = host.rmatch_indices('.').map(|(at, _)| at).take(3).collect();
    let short = |range: Option<&str>| range.is_some_and(|label| label.len() <= 3);
    let start = match ends.as_slice() {
        [last, second, rest @ ..]
            if host.len() - last <= 3 && short(host.get(second + 1..*last)) =>
        {
            rest.first().map_or(0, |at| at + 1)
        }
        [_, second, ..] => second + 1,
        _ => 0,
    };
    host.get(start..).unwrap_or(host)
}

impl Matcher for PhishingMatcher {
    fn look(&mut self, look: &Look<'_>, hits: &mut Hits) {
        if look.specimen.origin != Origin::Text(Text::Links) {
            return;
        }
        let mut seen: HashSet<Link<'_>> = HashSet::new();
        for link in links(look.specimen.octets) {
            if seen.len() >= limits::LINKS {
                hits.undecided(format!("more than {} different links", limits::LINKS));
                return;
            }
            if seen.insert(link) {
                self.link(link, hits);
            }
        }
    }
}

impl PhishingMatcher {
    fn link(&mut self, link: Link<'_>, hits: &mut Hits) {
        let Some(target) = Address::read(link.target) else { return };
        if let Some(name) = self.known(&target) {
            hits.hit(name, format!("a link to {}{}", target.host, target.path));
        }
        // Words are no address: only a text without a gap can pretend one.
        let text = Some(link.text).filter(|text| !text.contains(char::is_whitespace));
        let Some(text) = text.and_then(Address::read) else { return };
        if let Some(name) = self.pretends(&target, &text) {
            hits.hit(name, format!("a link shows {} and leads to {}", text.host, target.host));
        }
    }
}
