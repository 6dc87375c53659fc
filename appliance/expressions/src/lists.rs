//! Lists, compiled, and what they say of a text.

use std::collections::BTreeSet;

use mail::Day;

use crate::evidence::{self, Quote};
use crate::limits;
use crate::pattern::Undecided;
use crate::predefined::predefined;
use crate::query::Query;
use crate::reading::{Reading, Span};
use crate::settings::{Entry, Exemption, Expressions, Kind, List, Matching, Where};
use crate::terms::{self, Found, Terms, TermsBuilder};

mod patterns;

use patterns::{Patterns, PatternsBuilder};

/// Makes text as it reads: lower case, without disguises, white space as single spaces.
pub type Fold = fn(&str) -> String;

/// Which texts of a message there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// The subject.
    Subject,
    /// The text of the message, as it is shown.
    Body,
    /// A header field; its name is the place.
    Headers,
    /// The text of an attachment.
    Attachments,
    /// The name of a file.
    Names,
}

impl Target {
    /// The one word for it in findings and settings.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Target::Subject => "subject",
            Target::Body => "body",
            Target::Headers => "headers",
            Target::Attachments => "attachments",
            Target::Names => "names",
        }
    }
}

/// One text.
#[derive(Debug, Clone, Copy)]
pub struct Text<'t> {
    /// What it is of the message.
    pub target: Target,
    /// Where: the name of a header field, the path of a leaf.
    pub place: &'t str,
    /// The text, decoded.
    pub text: &'t str,
}

/// What is said of one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A list matches.
    Matched {
        /// Its name.
        list: String,
        /// What matched, in words.
        evidence: String,
        /// The weights of what matched.
        score: u32,
    },
    /// Whether a list matches is not known: a limit ended the look.
    Undecided {
        /// Its name.
        list: String,
        /// Why.
        why: String,
    },
    /// An exemption from the spam condition matches.
    Exempt {
        /// Its name.
        name: String,
        /// What matched, in words.
        evidence: String,
    },
}

/// Lists and exemptions that can be looked for.
#[derive(Debug)]
pub struct Lists {
    fold: Fold,
    lists: Vec<Compiled>,
    folded: Terms,
    plain: Terms,
    patterns: Patterns,
    /// Lists that may match where nothing of them stands.
    always: Vec<usize>,
}

#[derive(Debug)]
struct Compiled {
    name: String,
    purpose: Purpose,
    matching: Matching,
    characters: usize,
    threshold: u32,
    entries: Vec<CompiledEntry>,
}

#[derive(Debug)]
enum Purpose {
    List,
    /// An exemption: the only target that it looks at, the field, the last day. `Some(None)` is a
    /// day that cannot be read: it never acts.
    Exemption(Target, String, Option<Option<Day>>),
}

#[derive(Debug)]
struct CompiledEntry {
    weight: u32,
    count_once: bool,
    what: What,
}

#[derive(Debug)]
enum What {
    Folded(Query<u32>),
    Plain(Query<u32>),
    Pattern(u32),
}

/// What is compiled so far.
struct Builder {
    fold: Fold,
    lists: Vec<Compiled>,
    folded: TermsBuilder,
    plain: TermsBuilder,
    patterns: PatternsBuilder,
    always: Vec<usize>,
}

impl Default for Lists {
    fn default() -> Self {
        Lists::compile(&Expressions::default(), |text| text.to_lowercase())
    }
}

impl Lists {
    /// Compiles what is enabled. `fold` is done to keywords and texts alike. Entries were checked
    /// when the settings were committed; one that cannot be used all the same is left out.
    #[must_use]
    pub fn compile(section: &Expressions, fold: Fold) -> Self {
        let mut builder = Builder {
            fold,
            lists: Vec::new(),
            folded: TermsBuilder::default(),
            plain: TermsBuilder::default(),
            patterns: PatternsBuilder::default(),
            always: Vec::new(),
        };
        let shipped: Vec<List> = section.predefined.iter().map(|one| predefined(*one)).collect();
        for list in shipped.iter().chain(&section.lists).filter(|list| list.enabled) {
            builder.list(list, Purpose::List);
        }
        for exemption in section.exemptions.iter().filter(|one| one.enabled) {
            builder.exemption(exemption);
        }
        builder.build()
    }

    /// Whether any list or exemption looks at texts of this kind.
    #[must_use]
    pub fn want(&self, target: Target) -> bool {
        self.lists.iter().any(|list| match &list.purpose {
            Purpose::List => true,
            Purpose::Exemption(one, ..) => *one == target,
        })
    }

    /// Looks at one text. Lines are ended by LF for expressions, and line ends behind the text are
    /// left out. `today` decides which exemptions still hold; `is_over` ends the look in time.
    #[must_use]
    pub fn look(
        &self,
        text: &Text<'_>,
        today: Option<Day>,
        is_over: &dyn Fn() -> bool,
    ) -> Vec<Said> {
        if self.lists.is_empty() || text.text.is_empty() {
            return Vec::new();
        }
        let reading = Reading::new(text.text, self.fold);
        let folded =
            if self.folded.is_empty() { Found::new() } else { self.folded.find(reading.folded()) };
        let plain =
            if self.plain.is_empty() { Found::new() } else { self.plain.find(reading.plain()) };
        let candidates = self.patterns.candidates(&reading.shown);
        let touched = self.touched(&folded, &plain, &candidates);
        let look = Look { lists: self, reading, folded, plain, candidates, is_over };
        let lists = touched.into_iter().filter_map(|number| self.lists.get(number));
        lists.filter(|list| list.is_for(text, today)).filter_map(|list| look.judge(list)).collect()
    }

    /// The lists of which something was seen.
    fn touched(
        &self,
        folded: &Found,
        plain: &Found,
        candidates: &BTreeSet<u32>,
    ) -> BTreeSet<usize> {
        let mut touched: BTreeSet<usize> = self.always.iter().copied().collect();
        touched.extend(folded.keys().filter_map(|number| self.folded.list_of(*number)));
        touched.extend(plain.keys().filter_map(|number| self.plain.list_of(*number)));
        touched.extend(candidates.iter().filter_map(|number| self.patterns.list_of(*number)));
        touched
    }
}

impl Builder {
    fn list(&mut self, list: &List, purpose: Purpose) {
        let number = self.lists.len();
        let entries: Vec<CompiledEntry> =
            list.entries.iter().filter_map(|entry| self.entry(entry, number)).collect();
        if entries.iter().any(CompiledEntry::holds_without_words) {
            self.always.push(number);
        }
        self.lists.push(Compiled {
            name: list.name.clone(),
            purpose,
            matching: list.matching,
            characters: list.characters as usize,
            threshold: list.threshold,
            entries,
        });
    }

    fn exemption(&mut self, one: &Exemption) {
        let target = match one.place {
            Where::Header => Target::Headers,
            Where::Subject => Target::Subject,
            Where::Body => Target::Body,
        };
        let until = (!one.until.is_empty()).then(|| Day::read(&one.until));
        let entry = Entry {
            text: one.text.clone(),
            kind: one.kind,
            case_sensitive: one.case_sensitive,
            ..Entry::default()
        };
        let list = List { name: one.name.clone(), entries: vec![entry], ..List::default() };
        self.list(&list, Purpose::Exemption(target, one.field.clone(), until));
    }

    fn entry(&mut self, entry: &Entry, list: usize) -> Option<CompiledEntry> {
        let what = match (entry.kind, entry.case_sensitive) {
            (Kind::Expression, case) => {
                What::Pattern(self.patterns.add(&entry.text, case, list)?)
            }
            (Kind::Keyword, false) => {
                let query = Query::read(&entry.text, &self.fold).ok()?;
                What::Folded(query.numbered(&mut |term| self.folded.add(term, list)))
            }
            (Kind::Keyword, true) => {
                let query = Query::read(&entry.text, &single_spaced).ok()?;
                What::Plain(query.numbered(&mut |term| self.plain.add(term, list)))
            }
        };
        Some(CompiledEntry { weight: entry.weight, count_once: entry.count_once, what })
    }

    fn build(self) -> Lists {
        Lists {
            fold: self.fold,
            lists: self.lists,
            folded: self.folded.build(),
            plain: self.plain.build(),
            patterns: self.patterns.build(),
            always: self.always,
        }
    }
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl CompiledEntry {
    fn holds_without_words(&self) -> bool {
        match &self.what {
            What::Folded(query) | What::Plain(query) => query.holds_without_words(),
            What::Pattern(_) => false,
        }
    }
}

impl Compiled {
    /// Whether it looks at this text today.
    fn is_for(&self, text: &Text<'_>, today: Option<Day>) -> bool {
        let Purpose::Exemption(target, field, until) = &self.purpose else { return true };
        let in_field =
            *target != Target::Headers || text.place.eq_ignore_ascii_case(field.as_str());
        let in_time = match until {
            None => true,
            Some(last) => today.zip(*last).is_some_and(|(today, last)| today <= last),
        };
        *target == text.target && in_field && in_time
    }

    /// How many matches of an entry are worth looking for.
    fn most(&self, entry: &CompiledEntry) -> usize {
        match self.matching {
            Matching::Any | Matching::All => 1,
            Matching::Score if entry.count_once => 1,
            Matching::Score => limits::MATCHES,
            Matching::Within => match entry.what {
                What::Pattern(_) => limits::PLACED_MATCHES,
                What::Folded(_) | What::Plain(_) => limits::PLACES,
            },
        }
    }
}

/// The look at one text.
struct Look<'l, 't> {
    lists: &'l Lists,
    reading: Reading<'t>,
    folded: Found,
    plain: Found,
    candidates: BTreeSet<u32>,
    is_over: &'l dyn Fn() -> bool,
}

/// What came of one entry.
enum Outcome {
    Matches {
        /// As they stand in the shown text.
        shown: Vec<Span>,
        quote: Quote,
    },
    None,
    Undecided(String),
}

/// What came of the entries of a list.
#[derive(Default)]
struct Sum {
    quotes: Vec<Quote>,
    /// The matches with the numbers of their entries.
    hits: Vec<(Span, usize)>,
    /// Entries that match, with and without a place.
    matched: usize,
    placed: usize,
    missing: usize,
    score: u32,
    undecided: Option<String>,
    /// An entry matches at more places than are noted.
    is_flooded: bool,
}

impl Look<'_, '_> {
    fn judge(&self, list: &Compiled) -> Option<Said> {
        let sum = self.sum(list);
        let all = sum.missing == 0 && sum.matched > 0;
        let is_open = sum.undecided.is_some();
        let (holds, may_hold) = match list.matching {
            Matching::Any => (sum.matched > 0, is_open),
            Matching::All => (all && !is_open, sum.missing == 0 && is_open),
            Matching::Within => {
                let may_hold = sum.missing == 0 && (is_open || sum.is_flooded);
                (all && !is_open && self.is_within(list, &sum), may_hold)
            }
            Matching::Score => (sum.score >= list.threshold, is_open),
        };
        match (&list.purpose, holds) {
            (Purpose::List, true) => Some(matched(list, sum)),
            (Purpose::Exemption(..), true) => Some(Said::Exempt {
                name: list.name.clone(),
                evidence: evidence::words(sum.quotes),
            }),
            // An exemption that is not sure does not act.
            (Purpose::List, false) if may_hold => {
                let flood = || "an entry matches at more places than are looked at".to_owned();
                let why = sum.undecided.unwrap_or_else(flood);
                Some(Said::Undecided { list: list.name.clone(), why })
            }
            _ => None,
        }
    }

    fn sum(&self, list: &Compiled) -> Sum {
        let mut sum = Sum::default();
        for (number, entry) in list.entries.iter().enumerate() {
            match self.outcome(entry, list.most(entry)) {
                Outcome::None => sum.missing = sum.missing.saturating_add(1),
                Outcome::Undecided(why) => sum.undecided = Some(why),
                Outcome::Matches { shown, quote } => {
                    let times = if entry.count_once { 1 } else { quote.count.max(1) };
                    let times = u32::try_from(times).unwrap_or(u32::MAX);
                    sum.score = sum.score.saturating_add(entry.weight.saturating_mul(times));
                    sum.matched = sum.matched.saturating_add(1);
                    sum.placed = sum.placed.saturating_add(usize::from(!shown.is_empty()));
                    if list.matching == Matching::Within && shown.len() >= list.most(entry) {
                        sum.is_flooded = true;
                    }
                    sum.hits.extend(shown.into_iter().map(|span| (span, number)));
                    sum.quotes.push(quote);
                }
            }
        }
        sum
    }

    fn outcome(&self, entry: &CompiledEntry, most: usize) -> Outcome {
        match &entry.what {
            What::Folded(query) => {
                let piece = |at| self.reading.piece_of_folded(at);
                let spans = terms::places(query, &self.folded, &piece);
                let shown = |span| self.reading.shown_of_folded(span);
                keyword(query, spans, self.reading.folded(), &shown, most)
            }
            What::Plain(query) => {
                let piece = |at| self.reading.piece_of_plain(at);
                let spans = terms::places(query, &self.plain, &piece);
                let shown = |span| self.reading.shown_of_plain(span);
                keyword(query, spans, self.reading.plain(), &shown, most)
            }
            What::Pattern(number) => self.expression(*number, most),
        }
    }

    fn expression(&self, number: u32, most: usize) -> Outcome {
        if !self.candidates.contains(&number) {
            return Outcome::None;
        }
        if (self.is_over)() {
            return Outcome::Undecided("the time for this message was over".to_owned());
        }
        match self.lists.patterns.find(number, &self.reading.shown, most) {
            Err(why) => Outcome::Undecided(told(&why)),
            Ok(found) => match found.first() {
                None => Outcome::None,
                Some((start, end)) => {
                    let text = self.reading.shown.get(*start..*end).unwrap_or_default().to_owned();
                    let quote = Quote { start: *start, text, count: found.len() };
                    let shown = found.iter().map(|(start, end)| Span { start: *start, end: *end });
                    Outcome::Matches { shown: shown.collect(), quote }
                }
            },
        }
    }

    /// Whether one match of each entry that has a place lies within the characters allowed.
    fn is_within(&self, list: &Compiled, sum: &Sum) -> bool {
        let hits = in_characters(&self.reading.shown, sum.hits.clone());
        let mut counts = vec![0_usize; list.entries.len()];
        let (mut present, mut left) = (0_usize, 0_usize);
        for (span, entry) in &hits {
            let Some(count) = counts.get_mut(*entry) else { continue };
            *count = count.saturating_add(1);
            present = present.saturating_add(usize::from(*count == 1));
            while present == sum.placed {
                let Some((first, of)) = hits.get(left) else { break };
                if span.end.saturating_sub(first.start) <= list.characters {
                    return true;
                }
                let Some(count) = counts.get_mut(*of) else { break };
                *count = count.saturating_sub(1);
                present = present.saturating_sub(usize::from(*count == 0));
                left = left.saturating_add(1);
            }
        }
        sum.placed == 0
    }
}

fn told(why: &Undecided) -> String {
    format!("an expression was not decided: {why}")
}

fn matched(list: &Compiled, sum: Sum) -> Said {
    let words = evidence::words(sum.quotes);
    let evidence = match list.matching {
        Matching::Any | Matching::All => words,
        Matching::Within => format!("{words}, within {} characters", list.characters),
        Matching::Score => format!("{words}; score {} of {}", sum.score, list.threshold),
    };
    Said::Matched { list: list.name.clone(), evidence, score: sum.score }
}

/// What came of a keyword whose words stand at `spans` of `text`.
fn keyword(
    query: &Query<u32>,
    spans: Option<Vec<Span>>,
    text: &str,
    shown: &dyn Fn(Span) -> Span,
    most: usize,
) -> Outcome {
    let Some(spans) = spans else { return Outcome::None };
    let quoted = |span: &Span| text.get(span.start..span.end).unwrap_or_default();
    // Words that only hold together are one match, however often each of them stands there.
    let is_one = matches!(query, Query::And(_) | Query::Not(_));
    let count = if is_one { 1 } else { spans.len() };
    let mut words: Vec<&str> =
        spans.iter().take(if is_one { limits::QUOTED } else { 1 }).map(quoted).collect();
    words.dedup();
    let first = words.join(" ... ");
    let shown: Vec<Span> = spans.into_iter().take(most).map(shown).collect();
    let start = shown.first().map_or(0, |span| span.start);
    Outcome::Matches { shown, quote: Quote { start, text: first, count: count.min(most.max(1)) } }
}

/// Places in characters in place of octets, in order.
fn in_characters(text: &str, mut hits: Vec<(Span, usize)>) -> Vec<(Span, usize)> {
    hits.sort_unstable();
    let count = |from: usize, to: usize| text.get(from..to).map_or(0, |text| text.chars().count());
    let (mut at, mut characters) = (0, 0_usize);
    for (span, _) in &mut hits {
        characters = characters.saturating_add(count(at, span.start));
        at = span.start;
        let length = count(span.start, span.end);
        *span = Span { start: characters, end: characters.saturating_add(length) };
    }
    hits
}

#[cfg(test)]
mod tests;
