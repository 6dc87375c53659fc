//! How sure a judgement must be (features D-28).

use mail::{SpamJudgement, SpamLevel};

use crate::condition::{CatchRate, Condition};

/// What a probability must reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Threshold {
    /// `None` for the owner's own percentage.
    level: Option<SpamLevel>,
    percent: u32,
}

impl Threshold {
    pub(super) fn of(condition: &Condition) -> Self {
        let level = match condition.catch_rate {
            CatchRate::High => Some(SpamLevel::High),
            CatchRate::Medium => Some(SpamLevel::Medium),
            CatchRate::Low => Some(SpamLevel::Low),
            CatchRate::Own => None,
        };
        Threshold { level, percent: level.map_or(condition.at_least_percent, SpamLevel::percent) }
    }

    /// Whether a judgement reaches it. A probability that is no number must not pass as clean: it
    /// reaches every threshold.
    pub(super) fn is_reached(self, judgement: &SpamJudgement) -> bool {
        let percent = judgement.probability * 100.0;
        percent.is_nan() || percent + 1e-6 >= f64::from(self.percent)
    }

    /// For people: `80 % (catch rate medium)`.
    pub(super) fn words(self) -> String {
        match self.level {
            Some(level) => format!("{} % (catch rate {})", self.percent, level.word()),
            None => format!("{} %", self.percent),
        }
    }
}

/// The probability for people. What is short of certainty is not shown as certain.
pub(super) fn percent(judgement: &SpamJudgement) -> String {
    let percent = judgement.probability * 100.0;
    if (99.5..100.0).contains(&percent) {
        "over 99 %".to_owned()
    } else {
        format!("{percent:.0} %")
    }
}

/// Signals quoted in a reason.
const QUOTED: usize = 3;

/// The weightiest signals that speak against a message, for the end of a reason.
pub(super) fn reasons(judgement: &SpamJudgement) -> String {
    let against = judgement.terms.iter().filter(|term| term.log_odds > 0.0).take(QUOTED);
    let words: Vec<String> = against
        .map(|term| match term.evidence.as_str() {
            "" => term.words.clone(),
            evidence => format!("{} ({evidence})", term.words),
        })
        .collect();
    if words.is_empty() { String::new() } else { format!(": {}", words.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::Question;

    fn threshold(catch_rate: CatchRate) -> Threshold {
        let condition =
            Condition { catch_rate, at_least_percent: 33, ..Condition::of(Question::Spam) };
        Threshold::of(&condition)
    }

    #[test]
    fn levels_stand_for_probabilities_and_are_told_with_them() {
        for (rate, least, words) in [
            (CatchRate::High, 0.5, "50 % (catch rate high)"),
            (CatchRate::Medium, 0.8, "80 % (catch rate medium)"),
            (CatchRate::Low, 0.95, "95 % (catch rate low)"),
            (CatchRate::Own, 0.33, "33 %"),
        ] {
            let threshold = threshold(rate);
            assert!(threshold.is_reached(&SpamJudgement::of(least)), "{rate}");
            assert!(!threshold.is_reached(&SpamJudgement::of(least - 0.001)), "{rate}");
            assert_eq!(threshold.words(), words);
        }
    }

    #[test]
    fn what_is_no_number_reaches_everything() {
        assert!(threshold(CatchRate::Low).is_reached(&SpamJudgement::of(f64::NAN)));
    }

    #[test]
    fn only_certainty_is_shown_as_certain() {
        assert_eq!(percent(&SpamJudgement::of(0.9999)), "over 99 %");
        assert_eq!(percent(&SpamJudgement::of(1.0)), "100 %");
        assert_eq!(percent(&SpamJudgement::of(0.123)), "12 %");
    }
}
