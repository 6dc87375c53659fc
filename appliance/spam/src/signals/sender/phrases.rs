//! Tables of phrases of several kinds, found in one pass over a folded text.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::text::fold;

/// A table: each line of its source is `kind: phrase, phrase`; lines that begin with `#` are notes.
#[derive(Debug)]
pub(in crate::signals) struct Phrases {
    automaton: Option<AhoCorasick>,
    phrases: Vec<(&'static str, String)>,
}

impl Phrases {
    /// Reads a table.
    pub fn read(source: &'static str) -> Self {
        let lines = source.lines().filter(|line| !line.starts_with('#'));
        let phrases: Vec<(&str, String)> =
            lines.filter_map(|line| line.split_once(':')).flat_map(kind).collect();
        let automaton = AhoCorasick::builder()
            // Each worker builds its own: a DFA would take megabytes for a few microseconds.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::LeftmostLongest)
            .build(phrases.iter().map(|(_, phrase)| phrase.as_str()));
        Phrases { automaton: automaton.ok(), phrases }
    }

    /// The phrases in a folded text, whole words only, with their kinds, in order.
    pub fn find<'s>(&'s self, text: &'s str) -> impl Iterator<Item = (&'static str, &'s str)> {
        let all = self.automaton.iter().flat_map(move |one| one.find_iter(text));
        all.filter_map(move |found| {
            let (kind, phrase) = self.phrases.get(found.pattern().as_usize())?;
            is_whole(text, found.start(), found.end()).then_some((*kind, phrase.as_str()))
        })
    }

    /// The first phrase of a kind in a folded text.
    pub fn first<'s>(&'s self, kind: &str, text: &'s str) -> Option<&'s str> {
        self.find(text).find(|(found, _)| *found == kind).map(|(_, phrase)| phrase)
    }
}

fn kind(
    (kind, list): (&'static str, &'static str),
) -> impl Iterator<Item = (&'static str, String)> {
    let phrases = list.split(',').map(fold).filter(|phrase| !phrase.is_empty());
    phrases.map(move |phrase| (kind.trim(), phrase))
}

/// Whether what lies between two places is no part of a longer word. Scripts that are written
/// without spaces have no such places.
fn is_whole(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).and_then(|text| text.chars().next_back());
    let after = text.get(end..).and_then(|text| text.chars().next());
    let first = text.get(start..).and_then(|text| text.chars().next());
    let last = text.get(..end).and_then(|text| text.chars().next_back());
    !(joins(before) && joins(first) || joins(last) && joins(after))
}

/// Whether a letter is of a script that puts spaces between words.
fn joins(letter: Option<char>) -> bool {
    letter.is_some_and(|one| one.is_alphanumeric() && u32::from(one) < 0x0e00)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_found_as_whole_words_and_longest_first() {
        let table = Phrases::read("# note\na: help, help desk\nb: \u{51c6}\u{5907}, x");
        let found: Vec<_> = table.find("help desk, helper, \u{6211}\u{51c6}\u{5907}x xx").collect();
        assert_eq!(found, [("a", "help desk"), ("b", "\u{51c6}\u{5907}"), ("b", "x")]);
        assert_eq!(table.first("b", "help"), None);
    }
}
