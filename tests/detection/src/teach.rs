//! From the corpora to the model that ships.

use anyhow::{Context, Result};
use spam::{Judge, Levels, Model, Weights, osb};

use crate::corpus::{Class, Message, archive, cases};
use crate::fit::{Fitted, Sample, Signals, Source, fit, line};
use crate::look;
use crate::mangle::Change;
use crate::words::{self, Words};

/// Parts of the corpus; the words of one are read with the table of all others.
const FOLDS: usize = 4;
/// What the old corpus counts for: it is large, but all of one age.
const CORPUS_MESSAGES: f64 = 400.0;
/// What the hand-made mail of today counts for.
const CASES_MESSAGES: f64 = 500.0;
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

/// The model as octets, and what is worth saying about it.
///
/// # Errors
/// When a corpus cannot be read.
pub fn teach() -> Result<Option<(Vec<u8>, String)>> {
    let (Some(train), Some(tune)) = (archive("sa-train")?, archive("sa-tune")?) else {
        return Ok(None);
    };
    let signals = Signals::default();
    let judge = Judge::new(Model::default());
    let texts: Vec<Words> = look::each(&train, |sight| Words::of(&osb::features(sight)));
    let old = samples(&signals, &judge, &train, &texts);
    let modern = cases("tune")?;
    let readings = read_by_others(&signals, &train, &texts, &modern);
    let new = changed(&signals, &judge, &modern, &readings);
    let count = old.len() + new.len();
    let fitted = fit(
        &signals,
        &[
            Source { samples: old, messages: CORPUS_MESSAGES },
            Source { samples: new, messages: CASES_MESSAGES },
        ],
    );
    let all = train.iter().zip(&texts).map(|(one, words)| (one.class.is_unwanted(), words));
    let table = words::table(all);
    let mut weights = weights(&signals, &fitted);
    let unfinished = Model::put_together(&weights, &table, &[]);
    let sums = sums(unfinished, &tune, &modern)?;
    let report = calibrate(&mut weights, &sums);
    let model = Model::put_together(&weights, &table, &[]);
    let moved = moved(&signals, &fitted);
    let report = format!(
        "{moved}{report}{} octets, {} samples, bias {:.3}\n",
        model.len(),
        count,
        fitted.bias
    );
    Ok(Some((model, report)))
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

fn samples(signals: &Signals, judge: &Judge, train: &[Message], texts: &[Words]) -> Vec<Sample> {
    let readings = readings(signals, train, texts);
    changed(signals, judge, train, &readings)
}

/// What the words of mail of another origin say.
fn read_by_others(
    signals: &Signals,
    train: &[Message],
    texts: &[Words],
    others: &[Message],
) -> Vec<Vec<(usize, f64)>> {
    let all = train.iter().zip(texts).map(|(one, words)| (one.class.is_unwanted(), words));
    let octets = words::table(all);
    let table = osb::Table::open(&octets).unwrap_or_default();
    let words = look::each(others, |sight| Words::of(&osb::features(sight)));
    words.iter().map(|words| said_by_words(signals, words.read(&table).score)).collect()
}

/// Both statistical signals as places and strengths.
fn said_by_words(signals: &Signals, score: f32) -> Vec<(usize, f64)> {
    let sides = [("words-of-unwanted-mail", score), ("words-of-wanted-mail", -score)];
    let said = sides.into_iter().filter(|(_, strength)| *strength > 0.0);
    said.filter_map(|(name, strength)| Some((signals.place(name)?, f64::from(strength)))).collect()
}

/// Every message and its changed copies, which count as one together.
fn changed(
    signals: &Signals,
    judge: &Judge,
    train: &[Message],
    readings: &[Vec<(usize, f64)>],
) -> Vec<Sample> {
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
            samples.push(Sample { is_unwanted: one.class.is_unwanted(), weight, said });
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

/// What the words of each message say, read with a table that never saw it.
fn readings(signals: &Signals, train: &[Message], texts: &[Words]) -> Vec<Vec<(usize, f64)>> {
    let tables: Vec<Vec<u8>> = (0..FOLDS)
        .map(|fold| {
            let others = train.iter().zip(texts).enumerate();
            let others = others.filter(|(at, _)| at % FOLDS != fold);
            words::table(others.map(|(_, (one, words))| (one.class.is_unwanted(), words)))
        })
        .collect();
    let reading = |(at, words): (usize, &Words)| {
        let octets = tables.get(at % FOLDS).map_or(&[][..], Vec::as_slice);
        said_by_words(signals, words.read(&osb::Table::open(octets).unwrap_or_default()).score)
    };
    texts.iter().enumerate().map(reading).collect()
}

/// Sums of the messages that thresholds are set on, and whether each is unwanted.
fn sums(model: Vec<u8>, tune: &[Message], cases: &[Message]) -> Result<Vec<(f64, Class)>> {
    let model = Model::open(std::sync::Arc::new(model)).context("the model just made")?;
    let judge = Judge::new(model);
    let stripped = tune.iter().filter_map(|one| copy(one, &[Change::Stripped]));
    let all: Vec<Message> = tune.iter().cloned().chain(stripped).chain(cases.to_vec()).collect();
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
    let medium = (at(1) + 0.05).clamp(0.5, 1.2);
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
