//! The table of what texts are about (`spam::sense`), learned from messages: logistic regression over
//! classes and facts, drawn to nought.

use spam::sense;

/// How far weights stray from nought, as the deviation of a Gaussian: of one sense, of two together.
const DEVIATIONS: (f64, f64) = (10.0, 5.0);
/// Messages that a feature must stand in.
const MESSAGES: usize = 4;
const ROUNDS: u32 = 200;

/// The features of one message, how much it counts, and what it is.
#[derive(Debug, Clone, Copy)]
pub struct Senses<'s> {
    /// Its features, each once.
    pub features: &'s [u16],
    /// How much it counts.
    pub weight: f64,
    /// Whether it is unwanted.
    pub is_unwanted: bool,
}

/// What is being learned.
struct Fit {
    intercept: f64,
    weights: Vec<f64>,
}

impl Fit {
    fn log_odds(&self, features: &[u16]) -> f64 {
        let share = f64::from(sense::share(features.len()));
        let of = |one: &u16| self.weights.get(usize::from(*one)).copied().unwrap_or_default();
        self.intercept + share * features.iter().map(of).sum::<f64>()
    }
}

/// A table from messages. The same messages in the same order give the same octets.
#[must_use]
pub fn table(messages: &[Senses<'_>]) -> Vec<u8> {
    let known = known(messages);
    let deviation = |at: usize| if is_pair(at) { DEVIATIONS.1 } else { DEVIATIONS.0 };
    let pull: Vec<f64> = (0..known.len()).map(|at| deviation(at).powi(-2)).collect();
    let steps = steps(messages, &pull);
    let mut now = Fit { intercept: 0.0, weights: vec![0.0; known.len()] };
    let mut last = now.weights.clone();
    let total: f64 = messages.iter().map(|one| one.weight).sum();
    for round in 0..ROUNDS {
        let (by_intercept, slopes) = slopes(messages, &now);
        now.intercept -= by_intercept / (total * 0.25).max(1e-9);
        // Nesterov's look ahead.
        let ahead = f64::from(round) / f64::from(round + 3);
        for (at, weight) in now.weights.iter_mut().enumerate() {
            let (Some(slope), Some(step), Some(pull), Some(last)) =
                (slopes.get(at), steps.get(at), pull.get(at), last.get_mut(at))
            else {
                continue;
            };
            if known.get(at) != Some(&true) {
                continue;
            }
            let next = *weight - (slope + pull * *weight) / step;
            *weight = next + ahead * (next - *last);
            *last = next;
        }
    }
    let kept = last.iter().enumerate().filter(|(_, weight)| weight.abs() > 0.02);
    let kept: Vec<(u16, f32)> =
        kept.filter_map(|(at, weight)| Some((u16::try_from(at).ok()?, narrow(*weight)))).collect();
    sense::Table::put_together(narrow(now.intercept), &kept)
}

fn narrow(value: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "rounded to what a table holds")]
    let narrow = (value * 256.0).round() as f32;
    narrow / 256.0
}

fn is_pair(feature: usize) -> bool {
    u16::try_from(feature).is_ok_and(sense::is_pair)
}

/// Which features stand in messages enough.
fn known(messages: &[Senses<'_>]) -> Vec<bool> {
    let mut counts = vec![0_usize; sense::OCTETS - 4];
    for feature in messages.iter().flat_map(|one| one.features) {
        if let Some(count) = counts.get_mut(usize::from(*feature)) {
            *count += 1;
        }
    }
    counts.into_iter().map(|count| count >= MESSAGES).collect()
}

/// A bound of the curvature along each weight, which makes every step safe.
fn steps(messages: &[Senses<'_>], pull: &[f64]) -> Vec<f64> {
    let mut steps = pull.to_vec();
    for one in messages {
        // The square of one share, times the number of features.
        let step = one.weight * 0.25;
        for feature in one.features {
            if let Some(sum) = steps.get_mut(usize::from(*feature)) {
                *sum += step;
            }
        }
    }
    steps
}

fn slopes(messages: &[Senses<'_>], now: &Fit) -> (f64, Vec<f64>) {
    let mut slopes = vec![0.0; now.weights.len()];
    let mut by_intercept = 0.0;
    for one in messages {
        let probability = 1.0 / (1.0 + (-now.log_odds(one.features)).exp());
        let error = one.weight * (probability - f64::from(u8::from(one.is_unwanted)));
        by_intercept += error;
        let error = error * f64::from(sense::share(one.features.len()));
        for feature in one.features {
            if let Some(slope) = slopes.get_mut(usize::from(*feature)) {
                *slope += error;
            }
        }
    }
    (by_intercept, slopes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn senses(features: &[u16], is_unwanted: bool) -> Senses<'_> {
        Senses { features, weight: 1.0, is_unwanted }
    }

    #[test]
    fn what_stands_in_unwanted_mail_speaks_against_and_rare_features_say_nothing() {
        let mut all = Vec::new();
        for _ in 0..30 {
            all.push(senses(&[0, 193], true));
            all.push(senses(&[193, 386], false));
        }
        all.push(senses(&[579], true));
        all.push(senses(&[], false));
        let octets = table(&all);
        let table = sense::Table::open(&octets).unwrap();
        assert!(table.read(&[0]).score > 0.3 && table.read(&[386]).score < -0.3);
        let rare = table.read(&[579]).score;
        assert!(rare.abs() < 0.1, "{rare}");
    }

    #[test]
    fn the_same_messages_give_the_same_octets() {
        let all = [senses(&[0, 1, 2], true), senses(&[2, 3], false)].repeat(20);
        assert_eq!(table(&all), table(&all));
    }
}
