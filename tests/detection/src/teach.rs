//! From the corpora to the model that ships.

use std::fmt::Write;

use anyhow::{Context, Result};
use spam::{Judge, Levels, Model, Weights, osb, sense};

use crate::corpus::{Class, Message, archive, cases};
use crate::figures::area;
use crate::fit::{Fitted, Sample, Signals, Source, fit, line};
use crate::look;
use crate::mangle::Change;
use crate::notes::notes;
use crate::senses::{self, Senses};
use crate::words::{self, Words};

/// Parts of the corpus; the words of one are read with the table of all others.
const FOLDS: usize = 4;
/// What the old corpus counts for: it is large, but all of one age.
const CORPUS_MESSAGES: f64 = 400.0;
/// What the hand-made mail of today counts for.
const CASES_MESSAGES: f64 = 500.0;
/// How often each of it counts in the table of words.
const CASES_TIMES: usize = 4;
/// Probability at which the default level begins.
const MEDIUM: f64 = 0.8;

/// The copies that a message is learned from beside itself, so that neither its age nor what a
/// mailbox or a list added to it is learned.
const COPIES: [&[Change]; 5] = [
    &[Change::Stripped],
    &[Change::Bare],
    &[Change::Bare, Change::Dates, Change::From],
    &[Change::Stripped, Change::Dates, Change::OnlyHtml],
    &[Change::Stripped, Change::Dates, Change::OnlyPlain],
];

/// The model as octets, and what is worth saying about it; with the judgement of each hand-made mail
/// by what was learned of other topics when `is_listed`.
///
/// # Errors
/// When a corpus cannot be read.
pub fn teach(is_listed: bool) -> Result<Option<(Vec<u8>, String)>> {
    let (Some(train), Some(tune)) = (archive("sa-train")?, archive("sa-tune")?) else {
        return Ok(None);
    };
    let mut modern = cases("tune")?;
    modern.extend(notes()?);
    let lessons = Lessons::of(train, modern);
    let whole = lessons.learn(None);
    let mut weights = weights(&lessons.signals, &whole.fitted);
    let unfinished = Model::put_together(&weights, &lessons.words, &[], &whole.senses);
    let mut sums = sums(unfinished, &tune)?;
    sums.extend(lessons.sums_of_cases());
    let calibrated = calibrate(&mut weights, &sums);
    let model = Model::put_together(&weights, &lessons.words, &[], &whole.senses);
    let moved = moved(&lessons.signals, &whole.fitted);
    let parted = parted(&lessons, &sums, &weights, is_listed);
    let report = format!(
        "{moved}{calibrated}{parted}{} octets, {} samples, bias {:.3}\n",
        model.len(),
        lessons.old.samples.len() + lessons.new.samples.len(),
        whole.fitted.bias
    );
    Ok(Some((model, report)))
}

/// Messages of one origin, and what there is to learn of each.
struct Origin {
    messages: Vec<Message>,
    /// The fold of each.
    folds: Vec<usize>,
    /// What its text is about.
    senses: Vec<Vec<u16>>,
    /// Each message and its changed copies: its place, and what was said of it.
    samples: Vec<(usize, Sample)>,
    /// What all of them count for.
    count: f64,
}

impl Origin {
    fn of(
        messages: Vec<Message>,
        readings: &[Vec<(usize, f64)>],
        signals: &Signals,
        count: f64,
    ) -> Self {
        let judge = Judge::new(Model::default());
        let senses = look::each(&messages, |sight| judge.senses(sight));
        let samples = changed(signals, &judge, &messages, readings);
        let folds = messages.iter().map(|one| fold(&one.name)).collect();
        Origin { messages, folds, senses, samples, count }
    }

    /// Messages with their senses, those of one fold left out; both kinds count the same.
    fn senses(&self, without: Option<usize>) -> Vec<Senses<'_>> {
        let all = self.messages.iter().zip(&self.senses).zip(&self.folds);
        let kept = all.filter(|(_, fold)| Some(**fold) != without).map(|(pair, _)| pair);
        let kept: Vec<_> = kept.map(|(one, all)| (one.class.is_unwanted(), all)).collect();
        let share = |kind: bool| {
            let of_kind = kept.iter().filter(|(is_unwanted, _)| *is_unwanted == kind).count();
            self.count / 2.0 / f64::from(u32::try_from(of_kind.max(1)).unwrap_or(u32::MAX))
        };
        let (unwanted, wanted) = (share(true), share(false));
        let mut all = Vec::with_capacity(kept.len());
        for (is_unwanted, features) in kept {
            let weight = if is_unwanted { unwanted } else { wanted };
            all.push(Senses { features, weight, is_unwanted });
        }
        all
    }

    /// Samples with what a table that never saw them makes of their senses.
    fn read(
        &self,
        signals: &Signals,
        tables: &[Vec<u8>],
        without: Option<usize>,
    ) -> Vec<(usize, Sample)> {
        let mut all = Vec::with_capacity(self.samples.len());
        for (at, sample) in &self.samples {
            let fold = self.folds.get(*at).copied().unwrap_or_default();
            if Some(fold) == without {
                continue;
            }
            let mut sample = sample.clone();
            sample.said.extend(self.said_by_senses(signals, tables, *at));
            all.push((*at, sample));
        }
        all
    }

    fn said_by_senses(
        &self,
        signals: &Signals,
        tables: &[Vec<u8>],
        at: usize,
    ) -> Vec<(usize, f64)> {
        let fold = self.folds.get(at).copied().unwrap_or_default();
        let table = tables.get(fold).map_or(&[][..], Vec::as_slice);
        let table = sense::Table::open(table).unwrap_or_default();
        let features = self.senses.get(at).map_or(&[][..], Vec::as_slice);
        said_by(
            signals,
            "sense-of-unwanted-mail",
            "sense-of-wanted-mail",
            table.read(features).score,
        )
    }
}

/// The fold of a message by its name. Numbers of one topic of the hand-made mail stay together, so
/// that no message is read with what was learned of its twin.
fn fold(name: &str) -> usize {
    let is_topic = !name.contains("sa-");
    let numbered = name.trim_end_matches(".eml").trim_end_matches(|one: char| one.is_ascii_digit());
    let key = if is_topic { numbered } else { name };
    key.bytes().fold(7, |sum: usize, octet| (sum * 31 + usize::from(octet)) % 65_521) % FOLDS
}

/// The words of messages of one origin: whether unwanted, fold, words.
struct Texts(Vec<(bool, usize, Words)>);

impl Texts {
    fn of(messages: &[Message]) -> Self {
        let words = look::each(messages, |sight| Words::of(&osb::features(sight)));
        let all = messages.iter().zip(words);
        Texts(all.map(|(one, words)| (one.class.is_unwanted(), fold(&one.name), words)).collect())
    }

    /// What the words of each message say, read with a table that never saw it.
    fn read(&self, signals: &Signals, tables: &[Vec<u8>]) -> Vec<Vec<(usize, f64)>> {
        let reading = |(_, fold, words): &(bool, usize, Words)| {
            let octets = tables.get(*fold).map_or(&[][..], Vec::as_slice);
            let table = osb::Table::open(octets).unwrap_or_default();
            let score = words.read(&table).score;
            said_by(signals, "words-of-unwanted-mail", "words-of-wanted-mail", score)
        };
        self.0.iter().map(reading).collect()
    }
}

fn table_of_words(old: &Texts, new: &Texts, without: Option<usize>) -> Vec<u8> {
    let all = old.0.iter().map(|one| (one, 1)).chain(new.0.iter().map(|one| (one, CASES_TIMES)));
    let kept = all.filter(|((_, fold, _), _)| Some(*fold) != without);
    words::table(
        kept.flat_map(|((kind, _, words), times)| std::iter::repeat_n((*kind, words), times)),
    )
}

/// All that there is to learn from.
struct Lessons {
    signals: Signals,
    old: Origin,
    new: Origin,
    /// The table of words.
    words: Vec<u8>,
    /// Tables of senses, each of all folds but one.
    senses: Vec<Vec<u8>>,
}

/// What was learned.
struct Learned {
    fitted: Fitted,
    senses: Vec<u8>,
}

impl Lessons {
    fn of(train: Vec<Message>, modern: Vec<Message>) -> Self {
        let signals = Signals::default();
        let (old, new) = (Texts::of(&train), Texts::of(&modern));
        let words = table_of_words(&old, &new, None);
        let tables: Vec<Vec<u8>> =
            (0..FOLDS).map(|fold| table_of_words(&old, &new, Some(fold))).collect();
        let (own, others) = (old.read(&signals, &tables), new.read(&signals, &tables));
        let old = Origin::of(train, &own, &signals, CORPUS_MESSAGES);
        let new = Origin::of(modern, &others, &signals, CASES_MESSAGES);
        let mut lessons = Lessons { signals, old, new, words, senses: Vec::new() };
        lessons.senses = (0..FOLDS).map(|fold| lessons.table_of_senses(Some(fold))).collect();
        lessons
    }

    fn table_of_senses(&self, without: Option<usize>) -> Vec<u8> {
        let mut all = self.old.senses(without);
        all.extend(self.new.senses(without));
        senses::table(&all)
    }

    /// Learns from everything, or everything but one fold of the hand-made mail.
    fn learn(&self, without: Option<usize>) -> Learned {
        let samples = |origin: &Origin, without| {
            let all = origin.read(&self.signals, &self.senses, without);
            Source {
                samples: all.into_iter().map(|(_, one)| one).collect(),
                messages: origin.count,
            }
        };
        let sources = [samples(&self.old, None), samples(&self.new, without)];
        let fitted = fit(&self.signals, &sources);
        let senses = if without.is_none() { self.table_of_senses(None) } else { Vec::new() };
        Learned { fitted, senses }
    }

    /// Sums of the hand-made mail, each by what was learned without its fold.
    fn sums_of_cases(&self) -> Vec<(f64, Class)> {
        let fitted: Vec<Fitted> = (0..FOLDS).map(|fold| self.learn(Some(fold)).fitted).collect();
        let read = self.new.read(&self.signals, &self.senses, None);
        let mut firsts: Vec<Option<f64>> = vec![None; self.new.messages.len()];
        for (at, sample) in read {
            let fold = self.new.folds.get(at).copied().unwrap_or_default();
            // The message as it is comes before its copies.
            if let (Some(first @ None), Some(fitted)) = (firsts.get_mut(at), fitted.get(fold)) {
                *first = Some(fitted.log_odds(&self.signals, &sample.said));
            }
        }
        let messages = self.new.messages.iter().zip(firsts);
        messages.filter_map(|(one, sum)| Some((sum?, one.class))).collect()
    }
}

/// How many of each kind of hand-made mail are caught by what was learned of other topics.
fn parted(lessons: &Lessons, sums: &[(f64, Class)], weights: &Weights, is_listed: bool) -> String {
    let cases =
        sums.get(sums.len().saturating_sub(lessons.new.messages.len())..).unwrap_or_default();
    let medium = weights.levels.medium;
    let is_caught = |sum: f64| 1.0 / (1.0 + (-weights.calibrated(sum)).exp()) >= medium;
    let mut report = String::new();
    for kind in [false, true] {
        report.push_str("topics left out while learning:");
        for class in Class::ALL {
            let all = cases.iter().zip(&lessons.new.messages);
            let of = all.filter(|((_, one), message)| {
                *one == class && message.name.starts_with("notes/") == kind
            });
            let caught = of.clone().filter(|((sum, _), _)| is_caught(*sum)).count();
            report.push_str(&format!(" {} {caught}/{}", class.word(), of.count()));
        }
        report.push_str(if kind { " of notes\n" } else { " of cases\n" });
    }
    let pairs: Vec<_> = cases.iter().map(|(sum, class)| (*sum, class.is_unwanted())).collect();
    let _ = writeln!(report, "ROC area of both {:.3}", area(&pairs));
    if is_listed {
        let mut all: Vec<_> = cases.iter().zip(&lessons.new.messages).collect();
        all.sort_by(|one, two| two.0.0.total_cmp(&one.0.0));
        let line = |((sum, _), message): &(&(f64, Class), &Message)| {
            let mark = if is_caught(*sum) == message.class.is_unwanted() { ' ' } else { '!' };
            format!("{mark} {:6.2} {}\n", weights.calibrated(*sum), message.name)
        };
        report.extend(all.iter().map(line));
    }
    report
}

fn weights(signals: &Signals, fitted: &Fitted) -> Weights {
    let all = signals.all().iter().zip(&fitted.weights);
    Weights {
        bias: narrow(fitted.bias),
        signals: all.map(|(one, weight)| (one.name.to_owned(), narrow(*weight))).collect(),
        ..Weights::default()
    }
}

fn narrow(value: f64) -> f32 {
    // The model holds 32 bits; rounded so that the last bit of a sum does not matter.
    #[allow(clippy::cast_possible_truncation)]
    let narrow = ((value * 4096.0).round() / 4096.0) as f32;
    narrow
}

/// What a score from -1 to 1 says by two signals.
fn said_by(signals: &Signals, against: &str, wanted: &str, score: f32) -> Vec<(usize, f64)> {
    let said = [(against, score), (wanted, -score)].into_iter().filter(|(_, one)| *one > 0.0);
    said.filter_map(|(name, strength)| Some((signals.place(name)?, f64::from(strength)))).collect()
}

/// Every message and its changed copies, which count as one together.
fn changed(
    signals: &Signals,
    judge: &Judge,
    train: &[Message],
    readings: &[Vec<(usize, f64)>],
) -> Vec<(usize, Sample)> {
    let mut piles: Vec<Vec<(usize, Message)>> = vec![train.iter().cloned().enumerate().collect()];
    piles.extend(COPIES.iter().map(|changes| {
        let copy = |(at, one): (usize, &Message)| Some((at, copy(one, changes)?));
        train.iter().enumerate().filter_map(copy).collect()
    }));
    let mut copies = vec![0_u32; train.len()];
    for (at, _) in piles.iter().flatten() {
        if let Some(count) = copies.get_mut(*at) {
            *count += 1;
        }
    }
    let mut samples = Vec::new();
    for pile in piles {
        let messages: Vec<Message> = pile.iter().map(|(_, one)| one.clone()).collect();
        for ((at, one), said) in pile.iter().zip(look::said(&messages, judge)) {
            let mut said = signals.places(&said);
            said.extend(readings.get(*at).into_iter().flatten());
            let weight = 1.0 / f64::from(copies.get(*at).copied().unwrap_or(1));
            samples.push((*at, Sample { is_unwanted: one.class.is_unwanted(), weight, said }));
        }
    }
    samples
}

fn copy(message: &Message, changes: &[Change]) -> Option<Message> {
    let mut raw = message.raw.clone();
    for change in changes {
        raw = change.apply(&raw)?;
    }
    Some(Message { raw, ..message.clone() })
}

/// Sums of messages that nothing was learned from, and what each is.
fn sums(model: Vec<u8>, tune: &[Message]) -> Result<Vec<(f64, Class)>> {
    let model = Model::open(std::sync::Arc::new(model)).context("the model just made")?;
    let judge = Judge::new(model);
    let stripped = tune.iter().filter_map(|one| copy(one, &[Change::Stripped]));
    let all: Vec<Message> = tune.iter().cloned().chain(stripped).collect();
    let judged = look::each(&all, |sight| judge.judge(sight).probability);
    // Without calibration the probability is the sum's own.
    let sum = |probability: f64| (probability / (1.0 - probability)).ln().clamp(-30.0, 30.0);
    Ok(judged.into_iter().map(sum).zip(all.iter().map(|one| one.class)).collect())
}

/// Sets calibration and levels: medium flags about one wanted message in a thousand of those that
/// it is set on, low next to none, high about five.
fn calibrate(weights: &mut Weights, sums: &[(f64, Class)]) -> String {
    let mut wanted: Vec<f64> =
        sums.iter().filter(|(_, class)| !class.is_unwanted()).map(|(sum, _)| *sum).collect();
    wanted.sort_by(|one, two| two.total_cmp(one));
    let at = |thousandth: usize| {
        let place = wanted.len() * thousandth / 1000;
        wanted.get(place).copied().unwrap_or_default()
    };
    let pairs: Vec<(f64, bool)> =
        sums.iter().map(|(sum, class)| (*sum, class.is_unwanted())).collect();
    let (slope, _) = line(&pairs);
    // Never looser than what two good signs reach, however clean the mail at hand is.
    let medium = (at(1) + 0.05).clamp(0.5, 1.5);
    let low = (at(0) + 0.5).clamp(medium + 1.0, medium + 2.0);
    let high = (at(5) + 0.05).clamp(medium - 1.25, medium - 0.5);
    let height = (MEDIUM / (1.0 - MEDIUM)).ln();
    let point = |sum: f64| (narrow(sum), narrow(height + slope * (sum - medium)));
    weights.calibration = vec![point(medium - 4.0), point(medium + 4.0)];
    let probability = |sum: f64| 1.0 / (1.0 + (-(height + slope * (sum - medium))).exp());
    let round = |value: f64| (value * 100.0).round() / 100.0;
    weights.levels = Levels {
        low: round(probability(low)).clamp(0.81, 0.99),
        medium: MEDIUM,
        high: round(probability(high)).clamp(0.2, 0.79),
    };
    format!(
        "levels begin at log-odds {high:.2}, {medium:.2}, {low:.2}: probabilities {:?}; slope {slope:.2}\n",
        weights.levels
    )
}

/// The weights that moved most.
fn moved(signals: &Signals, fitted: &Fitted) -> String {
    let all = signals.all().iter().zip(&fitted.weights);
    let mut moved: Vec<(f64, String)> = all
        .map(|(one, weight)| {
            let by = weight - f64::from(one.prior);
            (by, format!("  {:<34} {:.2} -> {weight:.2}\n", one.name, one.prior))
        })
        .collect();
    moved.sort_by(|one, two| two.0.abs().total_cmp(&one.0.abs()).then(one.1.cmp(&two.1)));
    moved.into_iter().take(40).map(|(_, line)| line).collect()
}
