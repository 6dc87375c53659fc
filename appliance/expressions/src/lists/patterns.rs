//! All expressions of all lists. Only those whose needed text was seen are looked for.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;

use crate::pattern::{Pattern, Undecided};

/// Gathers expressions.
#[derive(Debug, Default)]
pub(super) struct PatternsBuilder {
    list: Vec<(Pattern, usize)>,
    needs: BTreeMap<Vec<u8>, Vec<u32>>,
    free: Vec<u32>,
}

/// Expressions that can be looked for.
#[derive(Debug)]
pub(super) struct Patterns {
    list: Vec<(Pattern, usize)>,
    literals: Option<AhoCorasick>,
    /// For each literal the expressions that need it.
    needing: Vec<Vec<u32>>,
    /// Expressions that need nothing.
    free: Vec<u32>,
}

impl PatternsBuilder {
    /// Adds an expression of a list; gives its number, `None` when it cannot be used.
    pub fn add(&mut self, text: &str, case_sensitive: bool, list: usize) -> Option<u32> {
        let pattern = Pattern::compile(text, case_sensitive).ok()?;
        let number = u32::try_from(self.list.len()).ok()?;
        let needed = pattern.needed().to_ascii_lowercase();
        if needed.is_empty() {
            self.free.push(number);
        } else {
            self.needs.entry(needed).or_default().push(number);
        }
        self.list.push((pattern, list));
        Some(number)
    }

    pub fn build(self) -> Patterns {
        let (literals, mut needing): (Vec<Vec<u8>>, Vec<Vec<u32>>) = self.needs.into_iter().unzip();
        let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(&literals);
        let automaton = automaton.ok().filter(|_| !literals.is_empty());
        let mut free = self.free;
        if automaton.is_none() {
            // Without the automaton every expression comes into question.
            free.extend(needing.drain(..).flatten());
        }
        Patterns { list: self.list, literals: automaton, needing, free }
    }
}

impl Patterns {
    /// The list of an expression.
    pub fn list_of(&self, number: u32) -> Option<usize> {
        self.list.get(number as usize).map(|(_, list)| *list)
    }

    /// Expressions that may match a text.
    pub fn candidates(&self, text: &str) -> BTreeSet<u32> {
        let mut found: BTreeSet<u32> = self.free.iter().copied().collect();
        for seen in self.literals.iter().flat_map(|literals| literals.find_overlapping_iter(text)) {
            found.extend(self.needing.get(seen.pattern().as_usize()).into_iter().flatten());
        }
        found
    }

    /// Where an expression matches.
    pub fn find(
        &self,
        number: u32,
        text: &str,
        most: usize,
    ) -> Result<Vec<(usize, usize)>, Undecided> {
        self.list.get(number as usize).map_or(Ok(Vec::new()), |(one, _)| one.find(text, most))
    }
}
