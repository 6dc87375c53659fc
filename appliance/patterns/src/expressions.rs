//! Regular expressions of databases: checked when a pack is made, built when one first comes into
//! question, and looked for only where the literal that each of them needs was seen.

use std::collections::HashMap;

use aho_corasick::AhoCorasick;
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::{Hir, HirKind};

use crate::limits;

/// Builds an expression over octets.
///
/// # Errors
/// In words, when it is none or too large.
pub(crate) fn build(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .unicode(false)
        .size_limit(limits::EXPRESSION_OCTETS)
        .dfa_size_limit(limits::EXPRESSION_OCTETS)
        .build()
        .map_err(|error| format!("its regular expression cannot be used: {error}"))
}

/// The longest run of octets, lower case, that stands in everything that the expression matches;
/// empty when there is none that is sure.
pub(crate) fn needed(pattern: &str) -> Vec<u8> {
    let parser =
        regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern);
    parser.map(|hir| longest(&hir).to_ascii_lowercase()).unwrap_or_default()
}

fn longest(hir: &Hir) -> Vec<u8> {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.to_vec(),
        HirKind::Capture(capture) => longest(&capture.sub),
        HirKind::Repetition(repeat) if repeat.min > 0 => longest(&repeat.sub),
        HirKind::Concat(parts) => longest_of(parts),
        _ => Vec::new(),
    }
}

/// The longest of parts that follow one another; literals side by side are one. A class of one
/// letter in both cases is that letter, since the run is looked for in any case.
fn longest_of(parts: &[Hir]) -> Vec<u8> {
    let (mut best, mut run) = (Vec::new(), Vec::new());
    for part in parts {
        match (part.kind(), letter(part)) {
            (HirKind::Literal(literal), _) => run.extend_from_slice(&literal.0),
            (_, Some(octet)) => run.push(octet),
            _ => {
                keep(&mut best, std::mem::take(&mut run));
                keep(&mut best, longest(part));
            }
        }
    }
    keep(&mut best, run);
    best
}

fn keep(best: &mut Vec<u8>, other: Vec<u8>) {
    if other.len() > best.len() {
        *best = other;
    }
}

fn letter(hir: &Hir) -> Option<u8> {
    let HirKind::Class(regex_syntax::hir::Class::Bytes(class)) = hir.kind() else { return None };
    match class.ranges() {
        [upper, lower]
            if upper.start() == upper.end()
                && lower.start() == lower.end()
                && upper.start().to_ascii_lowercase() == lower.start() =>
        {
            Some(lower.start())
        }
        _ => None,
    }
}

/// Many expressions over one kind of short text.
#[derive(Debug)]
pub(crate) struct Expressions {
    patterns: Vec<String>,
    literals: Option<AhoCorasick>,
    /// For each literal the expressions that need it.
    needing: Vec<Vec<u32>>,
    /// Expressions that need nothing.
    free: Vec<u32>,
    built: HashMap<u32, Option<Regex>>,
}

impl Expressions {
    /// Expressions with what each of them needs ([`needed`]).
    pub(crate) fn new<'p>(patterns: impl Iterator<Item = (&'p str, &'p [u8])>) -> Self {
        let (mut list, mut free) = (Vec::new(), Vec::new());
        let mut literals: HashMap<&[u8], Vec<u32>> = HashMap::new();
        for ((pattern, needed), number) in patterns.zip(0_u32..) {
            list.push(pattern.to_owned());
            if needed.is_empty() {
                free.push(number)
            } else {
                literals.entry(needed).or_default().push(number)
            }
        }
        let (literals, needing): (Vec<&[u8]>, Vec<Vec<u32>>) = literals.into_iter().unzip();
        let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(&literals);
        let automaton = automaton.ok().filter(|_| !literals.is_empty());
        Expressions { patterns: list, literals: automaton, needing, free, built: HashMap::new() }
    }

    /// Numbers of the expressions that may match a text, in order.
    pub(crate) fn candidates(&self, text: &[u8]) -> Vec<u32> {
        let mut found = self.free.clone();
        for seen in self.literals.iter().flat_map(|literals| literals.find_overlapping_iter(text)) {
            found.extend(self.needing.get(seen.pattern().as_usize()).into_iter().flatten());
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether an expression matches a text.
    pub(crate) fn matches(&mut self, number: u32, text: &[u8]) -> bool {
        if self.built.len() >= limits::EXPRESSIONS_BUILT {
            self.built.clear();
        }
        let patterns = &self.patterns;
        let build = || build(patterns.get(number as usize)?).ok();
        let expression = self.built.entry(number).or_insert_with(build);
        expression.as_ref().is_some_and(|expression| expression.is_match(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_expression_needs_stands_in_all_that_it_matches() {
        assert_eq!(needed(r"\.(exe|scr)$"), b".");
        assert_eq!(needed(r"^Invoice[0-9]+\.pdf\.exe$"), b".pdf.exe");
        assert_eq!(needed(r"(?i)Invoice"), b"invoice");
        assert_eq!(needed("(abc)?"), b"");
        assert_eq!(needed("(abcd)+x"), b"abcd");
        assert_eq!(needed("a|b"), b"");
    }

    #[test]
    fn only_expressions_whose_literal_was_seen_come_into_question() {
        let patterns = [r"\.exe$", "(?i)Invoice", ".*", r"zzz"];
        let needs: Vec<Vec<u8>> = patterns.iter().map(|one| needed(one)).collect();
        let pairs = patterns.iter().copied().zip(needs.iter().map(|need| &need[..]));
        let mut expressions = Expressions::new(pairs);
        assert_eq!(expressions.candidates(b"INVOICE.exe"), [0, 1, 2]);
        assert!(expressions.matches(1, b"my invoice"));
        assert!(!expressions.matches(0, b"a.EXE"));
        assert_eq!(expressions.candidates(b""), [2]);
    }

    #[test]
    fn an_expression_that_would_fill_the_memory_is_refused() {
        assert!(build("((a{1000}){1000}){1000}").is_err());
        assert!(build("(").is_err());
        assert!(build(r"[[:alpha:]]+\.js$").is_ok());
    }
}
