//! All phrases of all lists, found in one pass over a text, and what keywords make of them.

use std::collections::{BTreeMap, HashMap};

use aho_corasick::AhoCorasick;

use crate::limits;
use crate::query::{Query, Term};
use crate::reading::Span;

/// Where each phrase stands, by its number, from the start of the text on.
pub(crate) type Found = BTreeMap<u32, Vec<Span>>;

/// Gathers phrases.
#[derive(Debug, Default)]
pub(crate) struct TermsBuilder {
    ends: Vec<Ends>,
    by_literal: HashMap<String, Vec<u32>>,
}

/// How a phrase must end.
#[derive(Debug, Clone, Copy)]
struct Ends {
    open_start: bool,
    open_end: bool,
    /// The list that it is of.
    list: usize,
}

/// Phrases that can be looked for.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    automaton: Option<AhoCorasick>,
    /// For each literal of the automaton the phrases that are written so.
    of_literal: Vec<Vec<u32>>,
    ends: Vec<Ends>,
}

impl TermsBuilder {
    /// Adds a phrase of a list; gives its number.
    pub fn add(&mut self, term: Term, list: usize) -> u32 {
        let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.ends.push(Ends { open_start: term.open_start, open_end: term.open_end, list });
        self.by_literal.entry(term.literal).or_default().push(number);
        number
    }

    pub fn build(self) -> Terms {
        let mut all: Vec<(String, Vec<u32>)> = self.by_literal.into_iter().collect();
        all.sort();
        let (literals, of_literal): (Vec<String>, Vec<Vec<u32>>) = all.into_iter().unzip();
        let automaton = AhoCorasick::new(&literals).ok().filter(|_| !literals.is_empty());
        Terms { automaton, of_literal, ends: self.ends }
    }
}

impl Terms {
    pub fn is_empty(&self) -> bool {
        self.automaton.is_none()
    }

    /// The list of a phrase.
    pub fn list_of(&self, number: u32) -> Option<usize> {
        self.ends.get(number as usize).map(|one| one.list)
    }

    /// Looks for all phrases.
    pub fn find(&self, text: &str) -> Found {
        let mut found = Found::new();
        let Some(automaton) = &self.automaton else { return found };
        for seen in automaton.find_overlapping_iter(text) {
            let span = Span { start: seen.start(), end: seen.end() };
            for number in self.of_literal.get(seen.pattern().as_usize()).into_iter().flatten() {
                let Some(ends) = self.ends.get(*number as usize) else { continue };
                if ends.fit(text, span) {
                    let places = found.entry(*number).or_default();
                    if places.len() < limits::PLACES {
                        places.push(span);
                    }
                }
            }
        }
        found
    }
}

impl Ends {
    fn fit(self, text: &str, span: Span) -> bool {
        let inside = text.get(span.start..span.end).unwrap_or_default();
        let before = text.get(..span.start).and_then(|text| text.chars().next_back());
        let after = text.get(span.end..).and_then(|text| text.chars().next());
        (self.open_start || !is_joined(before, inside.chars().next()))
            && (self.open_end || !is_joined(inside.chars().next_back(), after))
    }
}

/// Whether two characters side by side are of one word. Scripts that put no space between words
/// give no sign of where one ends, so any place may be the end of one.
fn is_joined(one: Option<char>, two: Option<char>) -> bool {
    let in_word = |c: char| c.is_alphanumeric() && !has_no_spaces(c);
    one.is_some_and(in_word) && two.is_some_and(in_word)
}

fn has_no_spaces(one: char) -> bool {
    matches!(
        u32::from(one),
        0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3040..=0x30ff | 0x3400..=0x9fff
            | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff
    )
}

/// Where a keyword stands: `None` when it does not hold, nothing when it holds for what is not
/// there. `piece` numbers the words of the text.
pub(crate) fn places(
    query: &Query<u32>,
    found: &Found,
    piece: &dyn Fn(usize) -> usize,
) -> Option<Vec<Span>> {
    match query {
        Query::Term(number) => found.get(number).cloned(),
        Query::Not(inner) => match places(inner, found, piece) {
            Some(_) => None,
            None => Some(Vec::new()),
        },
        Query::And(all) => {
            let mut spans = Vec::new();
            for one in all {
                spans.extend(places(one, found, piece)?);
            }
            Some(sorted(spans))
        }
        Query::Or(all) => {
            let those: Vec<_> = all.iter().filter_map(|one| places(one, found, piece)).collect();
            (!those.is_empty()).then(|| sorted(those.concat()))
        }
        Query::Near(words, one, two) => {
            let (one, two) = (places(one, found, piece)?, places(two, found, piece)?);
            let near = one.iter().filter_map(|span| nearest(*span, &two, *words, piece));
            let near: Vec<Span> = near.take(limits::PLACES).collect();
            (!near.is_empty()).then_some(near)
        }
    }
}

fn sorted(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    spans.dedup();
    spans.truncate(limits::PLACES);
    spans
}

/// The span from one place to the nearest of others, when that is near enough.
fn nearest(
    span: Span,
    others: &[Span],
    words: u32,
    piece: &dyn Fn(usize) -> usize,
) -> Option<Span> {
    let at = others.partition_point(|other| other.start < span.start);
    // Neighbours on both sides; the first of them may be the same place.
    let around = others.get(at.saturating_sub(2)..at.saturating_add(3).min(others.len()))?;
    let distance = |other: &Span| {
        let (first, second) =
            if other.start < span.start { (*other, span) } else { (span, *other) };
        let between = piece(second.start).saturating_sub(piece(first.end.saturating_sub(1)));
        (second.start >= first.end).then_some(between)
    };
    let (near, other) = around
        .iter()
        .filter_map(|one| Some((distance(one)?, one)))
        .min_by_key(|(near, _)| *near)?;
    (near <= words as usize)
        .then(|| Span { start: span.start.min(other.start), end: span.end.max(other.end) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::Reading;

    fn stands(keyword: &str, text: &str) -> Option<Vec<String>> {
        let mut builder = TermsBuilder::default();
        let query = Query::read(keyword, &str::to_lowercase).unwrap();
        let query = query.numbered(&mut |term| builder.add(term, 0));
        let reading = Reading::new(text, str::to_lowercase);
        let found = builder.build().find(reading.folded());
        let spans = places(&query, &found, &|at| reading.piece_of_folded(at))?;
        Some(spans.iter().map(|one| reading.folded()[one.start..one.end].to_owned()).collect())
    }

    fn holds(keyword: &str, text: &str) -> bool {
        stands(keyword, text).is_some()
    }

    #[test]
    fn a_word_is_found_as_a_whole() {
        assert!(holds("sex", "Sex, please"));
        for text in ["Essex", "sexton", "unisex", "sex2"] {
            assert!(!holds("sex", text), "{text}");
        }
        assert!(holds("c++", "in c++11"));
        assert!(holds("密码", "请输入密码并确认"));
    }

    #[test]
    fn a_star_opens_a_word_on_its_side() {
        assert!(holds("wor*", "a worker") && !holds("wor*", "a sworn"));
        assert!(holds("*work", "homework") && !holds("*work", "homeworker"));
        assert!(holds("*work*", "homeworkers"));
    }

    #[test]
    fn operators_put_words_together() {
        assert!(holds("a1 AND b1", "b1 then a1") && !holds("a1 AND b1", "a1"));
        assert!(holds("a1 OR b1", "b1") && !holds("a1 OR b1", "c1"));
        assert!(holds("NOT a1", "c1") && !holds("NOT a1", "a1"));
        assert!(holds("a1 NOT b1", "a1 c1") && !holds("a1 NOT b1", "a1 b1"));
    }

    #[test]
    fn near_counts_words_in_any_order() {
        assert_eq!(
            stands("wire NEAR3 transfer", "please transfer it by wire today").unwrap(),
            ["transfer it by wire"]
        );
        assert!(!holds("wire NEAR2 transfer", "transfer it by wire"));
        assert!(!holds("wire NEAR wire", "one wire only"));
        assert!(holds("wire NEAR wire", "wire and wire"));
        assert!(holds("pay NEAR3 now NEAR3 bank", "pay it now at the bank"));
    }

    #[test]
    fn a_flood_of_one_word_is_noted_in_part() {
        let text = "spam ".repeat(20_000);
        assert_eq!(stands("spam", &text).unwrap().len(), limits::PLACES);
        assert!(holds("spam NEAR3 spam", &text));
    }
}
