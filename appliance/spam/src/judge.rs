//! From what was said to one probability with its reasons.

use mail::{SpamClass, SpamJudgement, SpamTerm};

use crate::fuse::{self, GROUPS, Sums, Weighed};
use crate::model::{Levels, Model};
use crate::said::{Said, Say, Signal, Toward};
use crate::sense;
use crate::sight::Sight;
use crate::signals;

/// Terms of a judgement; what is left out weighs less than those shown.
const TERMS: usize = 40;
/// From which sum of bulk marks, weighed by their priors, mail is graymail.
const BULK: f64 = 1.0;

/// Judges messages. Says the same of a message whatever was judged before.
#[derive(Debug)]
pub struct Judge {
    model: Model,
    weights: Vec<(&'static str, f64)>,
    bounds: [f64; GROUPS.len()],
}

impl Default for Judge {
    /// A judge with the model that ships.
    fn default() -> Self {
        Judge::new(Model::built_in())
    }
}

impl Judge {
    /// A judge with a model.
    #[must_use]
    pub fn new(model: Model) -> Self {
        let known = &model.weights().signals;
        let weight = |signal: &'static Signal| {
            let at = known.binary_search_by(|(name, _)| name.as_str().cmp(signal.name));
            let known = at.ok().and_then(|at| known.get(at));
            (signal.name, f64::from(known.map_or(signal.prior, |(_, weight)| *weight)))
        };
        let mut weights: Vec<_> = signals::all().map(weight).collect();
        weights.sort_unstable_by_key(|(name, _)| *name);
        let bounds = model.weights().bounds();
        Judge { model, weights, bounds }
    }

    /// Where levels begin.
    #[must_use]
    pub fn levels(&self) -> Levels {
        self.model.weights().levels
    }

    /// What the signals say of a message.
    #[must_use]
    pub fn said(&self, sight: &Sight<'_>) -> Vec<Said> {
        let mut say = Say::default();
        signals::look(sight, &self.model, &mut say);
        say.into_list()
    }

    /// What the table of senses is asked for a message.
    #[must_use]
    pub fn senses(&self, sight: &Sight<'_>) -> Vec<u16> {
        let mut say = Say::default();
        signals::look_plainly(sight, &mut say);
        sense::features(sight, say.so_far())
    }

    /// Judges a message.
    #[must_use]
    pub fn judge(&self, sight: &Sight<'_>) -> SpamJudgement {
        self.fuse(self.said(sight))
    }

    /// Judges by what was said, in any order.
    #[must_use]
    pub fn fuse(&self, mut said: Vec<Said>) -> SpamJudgement {
        said.sort_by_key(|one| one.signal.name);
        let weighed: Vec<Weighed> = said.iter().filter_map(|one| self.weighed(one)).collect();
        let sums = Sums::of(&weighed, &self.bounds);
        let log_odds = self.model.weights().calibrated(self.bias() + sums.total());
        let probability = 1.0 / (1.0 + (-log_odds).exp());
        let mut classes = Classes::default();
        let mut terms = Vec::with_capacity(said.len());
        for one in said {
            let part = self.weighed(&one).map_or(0.0, |weighed| sums.part(&weighed));
            classes.add(&one, part);
            terms.push(term(one, part));
        }
        // The sort is stable: what weighs the same stays in order of names.
        terms.sort_by(|one, two| two.log_odds.abs().total_cmp(&one.log_odds.abs()));
        terms.truncate(TERMS);
        let class = classes.class(probability >= self.levels().high);
        SpamJudgement { probability, class, terms }
    }

    fn bias(&self) -> f64 {
        f64::from(self.model.weights().bias)
    }

    fn weight(&self, signal: &Signal) -> f64 {
        let at = self.weights.binary_search_by(|(name, _)| (*name).cmp(signal.name));
        let known = at.ok().and_then(|at| self.weights.get(at));
        known.map_or(f64::from(signal.prior), |(_, weight)| *weight)
    }

    /// What one said thing weighs; `None` for bulk marks, which say nothing of whether it is wanted.
    fn weighed(&self, said: &Said) -> Option<Weighed> {
        let is_wanted = match said.signal.toward {
            Toward::Unwanted(_) => false,
            Toward::Wanted => true,
            Toward::Bulk(_) => return None,
        };
        let value = self.weight(said.signal) * f64::from(said.strength);
        Some(Weighed { group: fuse::place(said.signal.group), is_wanted, value })
    }
}

fn term(said: Said, part: f64) -> SpamTerm {
    // A term is shown to people; 32 bits are plenty.
    #[allow(clippy::cast_possible_truncation)]
    let log_odds = part as f32;
    let words = said.signal.words.to_owned();
    SpamTerm { signal: said.signal.name.to_owned(), log_odds, words, evidence: said.evidence }
}

/// What the terms speak for.
#[derive(Debug, Default)]
struct Classes {
    unwanted: Vec<(SpamClass, f64)>,
    bulk: Vec<(SpamClass, f64)>,
}

impl Classes {
    fn add(&mut self, said: &Said, part: f64) {
        let weight = f64::from(said.strength) * f64::from(said.signal.prior);
        match said.signal.toward {
            Toward::Unwanted(Some(class)) => count(&mut self.unwanted, class, part),
            Toward::Bulk(class) => count(&mut self.bulk, class, weight),
            Toward::Unwanted(None) | Toward::Wanted => {}
        }
    }

    fn class(&self, is_unwanted: bool) -> Option<SpamClass> {
        if is_unwanted {
            return Some(largest(&self.unwanted).map_or(SpamClass::Spam, |(class, _)| class));
        }
        let sum: f64 = self.bulk.iter().map(|(_, sum)| sum).sum();
        largest(&self.bulk).filter(|_| sum >= BULK).map(|(class, _)| class)
    }
}

fn count(list: &mut Vec<(SpamClass, f64)>, class: SpamClass, part: f64) {
    match list.iter_mut().find(|(one, _)| *one == class) {
        Some((_, sum)) => *sum += part,
        None => list.push((class, part)),
    }
}

/// The first of the largest in the order of classes, so that a tie is no accident of order.
fn largest(list: &[(SpamClass, f64)]) -> Option<(SpamClass, f64)> {
    list.iter().copied().max_by(|one, two| one.1.total_cmp(&two.1).then(two.0.cmp(&one.0)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::said::Group;

    fn said(signal: &'static Signal, strength: f32) -> Said {
        Said { signal, strength, evidence: String::new() }
    }

    fn some() -> impl Strategy<Value = Vec<Said>> {
        let all: Vec<&'static Signal> = signals::all().collect();
        let one = (prop::sample::select(all), 0.01..=1.0_f32);
        prop::collection::vec(one, 0..40).prop_map(|list| {
            let mut said: Vec<Said> = list.iter().map(|(signal, s)| said(signal, *s)).collect();
            said.sort_by_key(|one| one.signal.name);
            said.dedup_by_key(|one| one.signal.name);
            said
        })
    }

    #[test]
    fn nothing_said_is_wanted_mail() {
        let judgement = Judge::default().fuse(Vec::new());
        assert!(judgement.probability < 0.1 && judgement.class.is_none());
    }

    #[test]
    fn statistics_alone_quarantine_nothing() {
        for judge in [Judge::default(), Judge::new(Model::default())] {
            let of = |group| signals::all().filter(move |one| one.group == group);
            let both = of(Group::Statistics).chain(of(Group::Campaign));
            let unwanted = both.filter(|one| one.toward != Toward::Wanted);
            let judgement = judge.fuse(unwanted.map(|one| said(one, 1.0)).collect());
            assert!(judgement.probability < judge.levels().medium, "{judgement:?}");
        }
    }

    #[test]
    fn no_signal_alone_reaches_a_level() {
        let judge = Judge::default();
        for signal in signals::all() {
            let judgement = judge.fuse(vec![said(signal, 1.0)]);
            assert!(judgement.probability < judge.levels().medium, "{}", signal.name);
        }
    }

    #[test]
    fn the_class_is_that_of_the_heaviest_terms_and_a_tie_has_an_order() {
        let mut classes = Classes::default();
        count(&mut classes.unwanted, SpamClass::Phishing, 2.0);
        count(&mut classes.unwanted, SpamClass::Spam, 1.5);
        count(&mut classes.unwanted, SpamClass::Spam, 1.0);
        assert_eq!(classes.class(true), Some(SpamClass::Spam));
        count(&mut classes.unwanted, SpamClass::Phishing, 0.5);
        assert_eq!(classes.class(true), Some(SpamClass::Spam));
        assert_eq!(Classes::default().class(true), Some(SpamClass::Spam));
        assert_eq!(classes.class(false), None);
        count(&mut classes.bulk, SpamClass::Forum, 1.2);
        assert_eq!(classes.class(false), Some(SpamClass::Forum));
    }

    proptest! {
        #[test]
        fn the_order_of_what_was_said_changes_nothing(list in some()) {
            let judge = Judge::default();
            let mut other = list.clone();
            other.reverse();
            prop_assert_eq!(judge.fuse(list), judge.fuse(other));
        }

        #[test]
        fn what_speaks_against_a_message_never_helps_it(list in some(), at in 0..40_usize) {
            let judge = Judge::default();
            let Some(one) = list.get(at).cloned() else { return Ok(()) };
            let mut without = list.clone();
            without.remove(at);
            let (with, without) = (judge.fuse(list).probability, judge.fuse(without).probability);
            match one.signal.toward {
                Toward::Unwanted(_) => prop_assert!(with >= without - 1e-12),
                Toward::Wanted => prop_assert!(with <= without + 1e-12),
                Toward::Bulk(_) => prop_assert!((with - without).abs() < 1e-12),
            }
        }

        #[test]
        fn a_probability_is_one_and_its_terms_are_few_and_sorted(list in some()) {
            let judgement = Judge::default().fuse(list);
            prop_assert!((0.0..=1.0).contains(&judgement.probability));
            prop_assert!(judgement.terms.len() <= TERMS);
            let sizes = judgement.terms.iter().map(|term| -term.log_odds.abs());
            prop_assert!(sizes.collect::<Vec<_>>().is_sorted());
        }
    }
}
