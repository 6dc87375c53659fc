//! Weights by maximum a posteriori: logistic regression with a Gaussian prior around what general
//! knowledge says of each signal, signs and sizes bounded.
//!
//! The corpus is of one age and one place, so it moves a weight only as far as many messages of it
//! agree, and never far from its prior.

use spam::fuse::{GROUPS, Sums, Weighed, place};
use spam::{Said, Signal, Toward};

/// How far a weight may be from its prior, as the deviation of a Gaussian.
const DEVIATION: f64 = 0.7;
/// The same of the bias. Next to nothing: priors and thresholds are made for the one they stand
/// with, and half of the corpus being unwanted says nothing of the mail of a company.
const BIAS_DEVIATION: f64 = 0.2;
/// The most that a signal may come to weigh, so that none alone is enough for a verdict.
const MOST: f64 = 3.8;
const ROUNDS: u32 = 250;

/// One message, or one changed copy of it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Whether it is unwanted.
    pub is_unwanted: bool,
    /// How much it counts.
    pub weight: f64,
    /// Which signals were said and how strongly.
    pub said: Vec<(usize, f64)>,
}

/// Samples of one origin.
#[derive(Debug, Clone)]
pub struct Source {
    /// The samples.
    pub samples: Vec<Sample>,
    /// The messages that all of them together count for: a corpus may be large, but all of one kind.
    pub messages: f64,
}

/// The signals that weigh, in order of names.
#[derive(Debug)]
pub struct Signals(Vec<&'static Signal>);

impl Default for Signals {
    fn default() -> Self {
        let mut all: Vec<_> =
            spam::all().filter(|one| !matches!(one.toward, Toward::Bulk(_))).collect();
        all.sort_by_key(|one| one.name);
        Signals(all)
    }
}

impl Signals {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[&'static Signal] {
        &self.0
    }

    /// What was said as places and strengths.
    #[must_use]
    pub fn places(&self, said: &[Said]) -> Vec<(usize, f64)> {
        let place = |one: &Said| self.0.binary_search_by_key(&one.signal.name, |s| s.name).ok();
        let both = |one: &Said| place(one).map(|at| (at, f64::from(one.strength)));
        said.iter().filter_map(both).collect()
    }

    /// The place of one signal.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.0.binary_search_by_key(&name, |one| one.name).ok()
    }
}

/// What was learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// Log-odds before anything was seen.
    pub bias: f64,
    /// Weights in the order of [`Signals`].
    pub weights: Vec<f64>,
}

impl Fitted {
    /// What general knowledge says, before any training.
    #[must_use]
    pub fn prior(signals: &Signals) -> Self {
        let weights = signals.all().iter().map(|one| f64::from(one.prior)).collect();
        Fitted { bias: -4.0, weights }
    }

    fn weighed(&self, signals: &Signals, said: &[(usize, f64)]) -> Vec<Weighed> {
        let one = |(at, strength): &(usize, f64)| {
            let signal = signals.all().get(*at)?;
            let value = self.weights.get(*at)? * strength;
            let is_wanted = signal.toward == Toward::Wanted;
            Some(Weighed { group: place(signal.group), is_wanted, value })
        };
        said.iter().filter_map(one).collect()
    }

    /// The sum of a sample.
    #[must_use]
    pub fn log_odds(&self, signals: &Signals, said: &[(usize, f64)]) -> f64 {
        self.bias + Sums::of(&self.weighed(signals, said), &bounds()).total()
    }
}

fn bounds() -> [f64; GROUPS.len()] {
    GROUPS.map(|(_, _, bound)| f64::from(bound))
}

/// The least and the most that a signal may come to weigh. Marks of wanted mail, which the corpus'
/// old mailing lists are full of, stay close to what is generally known.
fn range(signal: &Signal) -> (f64, f64) {
    let prior = f64::from(signal.prior);
    match signal.toward {
        Toward::Wanted => (prior * 0.5, prior * 1.5),
        // What is all but certain by general knowledge stays strong, whatever a corpus of few cases
        // says of it.
        _ if prior >= 1.5 => (prior * 0.6, (prior * 1.5 + 0.5).min(MOST).max(prior)),
        _ => (prior * 0.1, (prior * 2.0 + 0.5).min(MOST).max(prior)),
    }
}

/// Learns weights. Sums are formed in the order of the samples, so the same samples give the same
/// octets.
#[must_use]
pub fn fit(signals: &Signals, sources: &[Source]) -> Fitted {
    let prior = Fitted::prior(signals);
    let mut now = prior.clone();
    let messages: f64 = sources.iter().map(|one| one.messages).sum();
    let samples: Vec<Sample> = sources.iter().flat_map(balanced).collect();
    let steps = steps(signals, &samples);
    for _ in 0..ROUNDS {
        let (bias, mut slopes) = slopes(signals, &samples, &now);
        let pull = (now.bias - prior.bias) / BIAS_DEVIATION.powi(2);
        now.bias -= (bias + pull) / (messages * 0.25 + BIAS_DEVIATION.powi(-2));
        for (at, slope) in slopes.iter_mut().enumerate() {
            let (Some(weight), Some(known)) = (now.weights.get_mut(at), prior.weights.get(at))
            else {
                continue;
            };
            let pull = (*weight - known) / DEVIATION.powi(2);
            let step = steps.get(at).copied().unwrap_or(1.0);
            let (least, most) = signals.all().get(at).map_or((0.0, 0.0), |one| range(one));
            *weight = (*weight - (*slope + pull) / step).clamp(least, most);
        }
    }
    now
}

/// Both kinds of a source count the same, and all together as it says.
fn balanced(source: &Source) -> Vec<Sample> {
    let total = |kind: bool| -> f64 {
        let of_kind = source.samples.iter().filter(|one| one.is_unwanted == kind);
        of_kind.map(|one| one.weight).sum()
    };
    let share = |kind| source.messages / 2.0 / f64::max(total(kind), 1e-9);
    let (unwanted, wanted) = (share(true), share(false));
    let mut all = source.samples.clone();
    for one in &mut all {
        one.weight *= if one.is_unwanted { unwanted } else { wanted };
    }
    all
}

/// A bound of the curvature along each weight, which makes every step safe: a sample's terms share
/// a quarter of their number.
fn steps(signals: &Signals, samples: &[Sample]) -> Vec<f64> {
    let mut steps = vec![DEVIATION.powi(-2); signals.all().len()];
    for sample in samples {
        let total: f64 = 1.0 + sample.said.iter().map(|(_, strength)| strength).sum::<f64>();
        for (at, strength) in &sample.said {
            if let Some(step) = steps.get_mut(*at) {
                *step += sample.weight * 0.25 * strength * total;
            }
        }
    }
    steps
}

fn slopes(signals: &Signals, samples: &[Sample], now: &Fitted) -> (f64, Vec<f64>) {
    let mut slopes = vec![0.0; signals.all().len()];
    let mut bias = 0.0;
    let bounds = bounds();
    for sample in samples {
        let weighed = now.weighed(signals, &sample.said);
        let sums = Sums::of(&weighed, &bounds);
        let probability = 1.0 / (1.0 + (-(now.bias + sums.total())).exp());
        let error = sample.weight * (probability - f64::from(u8::from(sample.is_unwanted)));
        bias += error;
        for ((at, strength), one) in sample.said.iter().zip(&weighed) {
            if let Some(slope) = slopes.get_mut(*at) {
                *slope += error * strength * sums.slope(one);
            }
        }
    }
    (bias, slopes)
}

/// Slope and height of the straight line from sums to log-odds that fits best (Platt), both kinds
/// counting the same.
#[must_use]
pub fn line(sums: &[(f64, bool)]) -> (f64, f64) {
    let count = |kind: bool| sums.iter().filter(|(_, is)| *is == kind).count().max(1);
    let share = |kind: bool| 0.5 / f64::from(u32::try_from(count(kind)).unwrap_or(u32::MAX));
    let (unwanted, wanted) = (share(true), share(false));
    let (mut slope, mut height) = (1.0_f64, 0.0_f64);
    for _ in 0..2000 {
        let (mut by_slope, mut by_height) = (0.0, 0.0);
        for (sum, is_unwanted) in sums {
            let probability = 1.0 / (1.0 + (-(slope * sum + height)).exp());
            let weight = if *is_unwanted { unwanted } else { wanted };
            let error = weight * (probability - f64::from(u8::from(*is_unwanted)));
            by_slope += error * sum;
            by_height += error;
        }
        slope = (slope - by_slope * 0.2).clamp(0.5, 1.5);
        height = (height - by_height * 1.0).clamp(-5.0, 5.0);
    }
    (slope, height)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(signals: &Signals, samples: &[Sample]) -> Fitted {
        fit(signals, &[Source { samples: samples.to_vec(), messages: 400.0 }])
    }

    fn sample(is_unwanted: bool, at: usize) -> Sample {
        Sample { is_unwanted, weight: 1.0, said: vec![(at, 1.0)] }
    }

    fn hostile(signals: &Signals) -> usize {
        let is = |one: &&&'static Signal| {
            matches!(one.toward, Toward::Unwanted(_)) && (0.5..2.0).contains(&one.prior)
        };
        let first = signals.all().iter().find(is).unwrap();
        signals.place(first.name).unwrap()
    }

    #[test]
    fn what_is_not_in_the_corpus_keeps_its_prior() {
        let signals = Signals::default();
        let fitted = fitted(&signals, &[]);
        for (weight, signal) in fitted.weights.iter().zip(signals.all()) {
            assert!((weight - f64::from(signal.prior)).abs() < 1e-9);
        }
    }

    #[test]
    fn evidence_moves_a_weight_within_its_range_and_never_over_nought() {
        let signals = Signals::default();
        let at = hostile(&signals);
        let prior = f64::from(signals.all()[at].prior);
        let against = fitted(&signals, &vec![sample(false, at); 500]).weights[at];
        let for_it = fitted(&signals, &vec![sample(true, at); 500]).weights[at];
        assert!(against < prior && prior < for_it, "{against} {prior} {for_it}");
        assert!(against > 0.0);
    }

    #[test]
    fn a_rare_signal_stays_near_its_prior() {
        let signals = Signals::default();
        let at = hostile(&signals);
        let mut samples = vec![sample(true, usize::MAX); 2000];
        samples.extend(vec![sample(false, usize::MAX); 2000]);
        samples.push(sample(false, at));
        let moved = fitted(&signals, &samples).weights[at] - f64::from(signals.all()[at].prior);
        assert!(moved.abs() < 0.1, "{moved}");
    }

    #[test]
    fn the_same_samples_give_the_same_weights() {
        let signals = Signals::default();
        let samples: Vec<Sample> =
            (0..signals.all().len()).map(|at| sample(at.is_multiple_of(2), at)).collect();
        assert_eq!(fitted(&signals, &samples), fitted(&signals, &samples));
    }

    #[test]
    fn a_line_through_well_parted_sums_is_steep_and_stands_between() {
        let sums: Vec<(f64, bool)> =
            (0..100).map(|at| (f64::from(at) / 10.0 - 5.0, at >= 60)).collect();
        let (slope, height) = line(&sums);
        assert!(slope > 1.0 && (-height / slope - 1.0).abs() < 0.5, "{slope} {height}");
    }
}
