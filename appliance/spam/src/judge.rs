//! From what was said to one probability with its reasons.

use mail::{SpamJudgement, SpamTerm};

use crate::model::Model;
use crate::said::{Said, Say, Toward};
use crate::sight::Sight;
use crate::signals;

/// Log-odds before anything was seen.
const BIAS: f32 = -4.0;

/// Judges messages. Says the same of a message whatever was judged before.
#[derive(Debug, Default)]
pub struct Judge {
    _model: Model,
}

impl Judge {
    /// A judge with a model.
    #[must_use]
    pub fn new(model: Model) -> Self {
        Judge { _model: model }
    }

    /// What the signals say of a message.
    #[must_use]
    pub fn said(&self, sight: &Sight<'_>) -> Vec<Said> {
        let mut say = Say::default();
        signals::look(sight, &mut say);
        say.into_list()
    }

    /// Judges a message.
    #[must_use]
    pub fn judge(&self, sight: &Sight<'_>) -> SpamJudgement {
        let mut odds = BIAS;
        let mut terms = Vec::new();
        for one in self.said(sight) {
            let log_odds = match one.signal.toward {
                Toward::Unwanted(_) => one.signal.prior * one.strength,
                Toward::Wanted => -one.signal.prior * one.strength,
                Toward::Bulk(_) => continue,
            };
            odds += log_odds;
            terms.push(SpamTerm {
                signal: one.signal.name.to_owned(),
                log_odds,
                words: one.signal.words.to_owned(),
                evidence: one.evidence,
            });
        }
        let probability = 1.0 / (1.0 + f64::from(-odds).exp());
        SpamJudgement { probability, class: None, terms }
    }
}
