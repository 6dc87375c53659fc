//! Finds the words and phrases of the lexicon in a text that was written anew.
//!
//! Words and phrases begin where a word begins, so each word of a text is looked up once, and again
//! by each of its beginnings for the stems. Entries of writing without blanks begin anywhere; one
//! automaton finds them, in texts that have any.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::{Class, Meaning, NAMES, Sentence, Set};
use crate::word_list::{Head, WordList};

/// The words with what they are about.
pub(super) struct Finder {
    words: WordList,
    word_sets: Vec<Set>,
    dense: Option<AhoCorasick>,
    dense_sets: Vec<Set>,
}

impl Finder {
    /// Of classes and patterns: ` word `, ` stem`, ` two words `, or dense writing.
    pub fn of(entries: impl Iterator<Item = (Class, String)>) -> Self {
        let mut all: BTreeMap<String, Set> = BTreeMap::new();
        for (class, pattern) in entries {
            let set = all.entry(pattern).or_default();
            *set = set.with(Set::of(&[class]));
        }
        let (words, dense): (Vec<_>, Vec<_>) =
            all.iter().partition(|(pattern, _)| pattern.starts_with(' '));
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .build(dense.iter().map(|(pattern, _)| pattern));
        let plain = words.iter().filter_map(|(pattern, _)| pattern.get(1..));
        Finder {
            words: WordList::of(plain.map(|word| (word, head(word)))),
            word_sets: words.iter().map(|(_, set)| **set).collect(),
            dense: automaton.ok(),
            dense_sets: dense.iter().map(|(_, set)| **set).collect(),
        }
    }

    /// Tells each sentence of a text what it is about, and the whole.
    pub fn read(&self, meaning: &mut Meaning) {
        meaning.distinct = vec![0; NAMES.len()];
        let (text, distinct) = (meaning.text.as_str(), &mut meaning.distinct);
        let mut marks = Marks::new(&mut meaning.sentences, distinct, self.word_sets.len());
        self.words(text, |number, end| marks.add(number, &self.word_sets, end));
        if let Some(dense) = self.dense.as_ref().filter(|_| !text.is_ascii()) {
            let mut marks = Marks::new(&mut meaning.sentences, distinct, self.dense_sets.len());
            for found in dense.find_overlapping_iter(text) {
                marks.add(found.pattern().as_usize(), &self.dense_sets, found.end());
            }
        }
        for one in &meaning.sentences {
            meaning.all = meaning.all.with(one.set);
        }
        for one in &meaning.disguised {
            meaning.all = meaning.all.with(one.set);
            count(distinct, one.set);
        }
    }

    /// Hands over the number and the end of each word and phrase, in order of their beginnings.
    fn words(&self, text: &str, mut found: impl FnMut(usize, usize)) {
        for start in memchr::memchr_iter(b' ', text.as_bytes()).map(|blank| blank + 1) {
            let rest = text.as_bytes().get(start..).unwrap_or_default();
            let mut head = Head::EMPTY;
            for octet in rest.iter().take_while(|octet| !matches!(octet, b' ' | b'\n')) {
                head = head.with(*octet);
                for (number, word) in self.words.under(head) {
                    if rest.starts_with(word.as_bytes()) {
                        found(number, start + word.len());
                    }
                }
            }
        }
    }

    /// What a single word is about, when it is known whole.
    pub fn classes_of(&self, word: &str) -> Set {
        let head = word.bytes().fold(Head::EMPTY, Head::with);
        let is_whole = |known: &str| known.strip_suffix(' ') == Some(word);
        let whole = self.words.under(head).filter(|(_, known)| is_whole(known));
        whole.fold(Set::default(), |set, (number, _)| set.with(at(&self.word_sets, number)))
    }
}

/// Octets of the first word of a pattern.
fn head(pattern: &str) -> usize {
    pattern.find(' ').unwrap_or(pattern.len())
}

fn at(sets: &[Set], number: usize) -> Set {
    sets.get(number).copied().unwrap_or_default()
}

/// Takes down what is found, sentence after sentence. No entry reaches over the end of one, so what
/// is found in order is in the order of sentences too.
struct Marks<'m> {
    sentences: std::slice::IterMut<'m, Sentence>,
    sentence: Option<&'m mut Sentence>,
    distinct: &'m mut [u8],
    met: Vec<u64>,
}

impl<'m> Marks<'m> {
    fn new(sentences: &'m mut [Sentence], distinct: &'m mut [u8], entries: usize) -> Self {
        let mut sentences = sentences.iter_mut();
        let sentence = sentences.next();
        Marks { sentences, sentence, distinct, met: vec![0; entries.div_ceil(64)] }
    }

    fn add(&mut self, number: usize, sets: &[Set], end: usize) {
        let set = at(sets, number);
        while self.sentence.as_ref().is_some_and(|one| one.end < end.saturating_sub(1)) {
            self.sentence = self.sentences.next();
        }
        if let Some(one) = &mut self.sentence {
            one.set = one.set.with(set);
        }
        let bit = 1 << (number % 64);
        if let Some(bits) = self.met.get_mut(number / 64)
            && *bits & bit == 0
        {
            *bits |= bit;
            count(self.distinct, set);
        }
    }
}

fn count(distinct: &mut [u8], set: Set) {
    for place in set.places() {
        if let Some(one) = distinct.get_mut(place) {
            *one = one.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{FILES, FINDER, entries};
    use super::*;

    fn patterns() -> Vec<String> {
        let all: BTreeMap<String, Set> = FILES
            .iter()
            .flat_map(|file| entries(file))
            .map(|(_, one)| (one, Set::default()))
            .collect();
        all.into_keys().filter(|pattern| pattern.starts_with(' ')).collect()
    }

    #[test]
    fn every_entry_is_found_where_it_stands_alone() {
        for (class, pattern) in FILES.iter().flat_map(|file| entries(file)) {
            let text = format!(" x {} y ", pattern.trim());
            let end = text.len() - 1;
            let sentences = vec![Sentence { end, ..Sentence::default() }];
            let mut meaning = Meaning { text, sentences, ..Meaning::default() };
            FINDER.read(&mut meaning);
            assert!(meaning.sentences[0].set.has(class), "{pattern:?}");
        }
    }

    proptest! {
        // Each case looks for every entry at every word.
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn looking_up_beginnings_finds_what_looking_for_each_entry_finds(
            picks in prop::collection::vec((0..20_000_usize, 0..4_u8), 1..12)
        ) {
            let patterns = patterns();
            let mut text = String::from(" ");
            for (pick, way) in picks {
                let word = patterns[pick % patterns.len()].trim();
                match way {
                    0 => text.push_str(&word.chars().skip(1).collect::<String>()),
                    1 => text.push_str(&format!("{word}s")),
                    2 => text.push_str(&format!("{word} \n")),
                    _ => text.push_str(word),
                }
                text.push(' ');
            }
            let mut found = Vec::new();
            FINDER.words(&text, |number, end| found.push((number, end)));
            found.sort_unstable();
            let mut wanted = Vec::new();
            for (number, pattern) in patterns.iter().enumerate() {
                for at in text.match_indices(' ').map(|(at, _)| at) {
                    if text[at..].starts_with(pattern.as_str()) {
                        wanted.push((number, at + pattern.len()));
                    }
                }
            }
            wanted.sort_unstable();
            prop_assert_eq!(found, wanted);
        }
    }
}
