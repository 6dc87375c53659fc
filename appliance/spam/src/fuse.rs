//! The sum: what was said, weighed, with every group and the whole say of wanted marks bounded.
//!
//! More evidence against a message never lowers the sum, more evidence for it never raises it, and
//! the order of what was said changes nothing.

use crate::said::Group;

/// Every group with its name in models and the most that it may add or take away.
pub const GROUPS: [(Group, &str, f32); 18] = [
    (Group::Header, "header", 3.5),
    (Group::Sender, "sender", 4.0),
    (Group::Recipient, "recipient", 2.5),
    (Group::Link, "link", 4.5),
    (Group::Imitation, "imitation", 5.0),
    (Group::Speech, "speech", 5.0),
    (Group::Topic, "topic", 5.0),
    (Group::Language, "language", 4.0),
    (Group::Page, "page", 4.0),
    (Group::Picture, "picture", 3.5),
    (Group::Attachment, "attachment", 4.5),
    (Group::Bulk, "bulk", 3.0),
    (Group::History, "history", 3.0),
    (Group::Reputation, "reputation", 5.0),
    (Group::Statistics, "statistics", 1.5),
    (Group::Sense, "sense", 3.5),
    (Group::Campaign, "campaign", 2.0),
    (Group::Together, "together", 5.0),
];

/// The most that all wanted marks together take away.
const WANTED: f64 = 5.0;
/// What is left of it at least, however strong the imitation.
const WANTED_LEAST: f64 = 1.0;
/// How much of it each unit of imitation costs.
const WANTED_LOST: f64 = 0.6;

/// A sum that grows as `sum` up to three fifths of `bound`, ever slower above, and never reaches
/// `bound`.
#[must_use]
pub fn soft(sum: f64, bound: f64) -> f64 {
    let knee = bound * 0.6;
    let room = bound - knee;
    if sum <= knee || room <= 0.0 {
        return sum.min(bound);
    }
    knee + room * (1.0 - (-(sum - knee) / room).exp())
}

/// How fast [`soft`] grows at `sum`.
#[must_use]
pub fn slope(sum: f64, bound: f64) -> f64 {
    let knee = bound * 0.6;
    let room = bound - knee;
    if sum <= knee { 1.0 } else { (-(sum - knee) / room.max(1e-9)).exp() }
}

/// Where a group stands in [`GROUPS`].
#[must_use]
pub fn place(group: Group) -> usize {
    GROUPS.iter().position(|(one, _, _)| *one == group).unwrap_or_default()
}

/// One weighed thing: its group's place, whether it speaks for wanted mail, and weight times
/// strength, never negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weighed {
    /// Place of the group.
    pub group: usize,
    /// Whether it speaks for wanted mail.
    pub is_wanted: bool,
    /// Weight times strength.
    pub value: f64,
}

/// Sums of one message.
#[derive(Debug, Clone, Copy)]
pub struct Sums {
    against: [f64; GROUPS.len()],
    wanted: [f64; GROUPS.len()],
    bounds: [f64; GROUPS.len()],
    cap: f64,
    all_wanted: f64,
}

impl Sums {
    /// Adds everything up with bounds of the groups.
    #[must_use]
    pub fn of(weighed: &[Weighed], bounds: &[f64; GROUPS.len()]) -> Self {
        let mut sums = Sums {
            against: [0.0; GROUPS.len()],
            wanted: [0.0; GROUPS.len()],
            bounds: *bounds,
            cap: WANTED,
            all_wanted: 0.0,
        };
        for one in weighed {
            let side = if one.is_wanted { &mut sums.wanted } else { &mut sums.against };
            if let Some(sum) = side.get_mut(one.group) {
                *sum += one.value;
            }
        }
        let worn = |group| sums.bounded(&sums.against, place(group));
        let imitation = worn(Group::Imitation) + worn(Group::Together);
        let all_wanted = (0..GROUPS.len()).map(|at| sums.bounded(&sums.wanted, at)).sum();
        Sums { cap: (WANTED - WANTED_LOST * imitation).max(WANTED_LEAST), all_wanted, ..sums }
    }

    fn sum(side: &[f64; GROUPS.len()], at: usize) -> f64 {
        side.get(at).copied().unwrap_or_default()
    }

    fn bound(&self, at: usize) -> f64 {
        self.bounds.get(at).copied().unwrap_or_default()
    }

    fn bounded(&self, side: &[f64; GROUPS.len()], at: usize) -> f64 {
        soft(Self::sum(side, at), self.bound(at))
    }

    /// What all that was said adds to the log-odds.
    #[must_use]
    pub fn total(&self) -> f64 {
        let against: f64 = (0..GROUPS.len()).map(|at| self.bounded(&self.against, at)).sum();
        against - soft(self.all_wanted, self.cap)
    }

    /// What one thing adds to the total: its part of what its group adds.
    #[must_use]
    pub fn part(&self, one: &Weighed) -> f64 {
        let side = if one.is_wanted { &self.wanted } else { &self.against };
        let sum = Self::sum(side, one.group);
        if sum <= 0.0 {
            return 0.0;
        }
        let part = one.value / sum * self.bounded(side, one.group);
        if !one.is_wanted {
            return part;
        }
        let share = soft(self.all_wanted, self.cap) / self.all_wanted.max(1e-9);
        -part * share
    }

    /// How fast the total grows with one thing's value, the cap of wanted marks held still.
    #[must_use]
    pub fn slope(&self, one: &Weighed) -> f64 {
        let side = if one.is_wanted { &self.wanted } else { &self.against };
        let own = slope(Self::sum(side, one.group), self.bound(one.group));
        if one.is_wanted { -own * slope(self.all_wanted, self.cap) } else { own }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bounds() -> [f64; GROUPS.len()] {
        GROUPS.map(|(_, _, bound)| f64::from(bound))
    }

    fn weighed() -> impl Strategy<Value = Weighed> {
        (0..GROUPS.len(), any::<bool>(), 0.0..4.5_f64)
            .prop_map(|(group, is_wanted, value)| Weighed { group, is_wanted, value })
    }

    #[test]
    fn the_bound_is_never_passed_and_never_stops_growth() {
        let mut last = -1.0;
        for step in 0..200 {
            let value = soft(f64::from(step) / 10.0, 4.0);
            assert!(value > last && value < 4.0);
            last = value;
        }
    }

    #[test]
    fn cheap_marks_buy_little_freedom_from_imitation() {
        let mark = |at| Weighed { group: at, is_wanted: true, value: 2.0 };
        let mut all: Vec<Weighed> = (0..GROUPS.len()).map(mark).collect();
        all.push(Weighed { group: place(Group::Imitation), is_wanted: false, value: 4.5 });
        all.push(Weighed { group: place(Group::Together), is_wanted: false, value: 4.5 });
        let without = Sums::of(&all[GROUPS.len()..], &bounds()).total();
        assert!(without - Sums::of(&all, &bounds()).total() <= 1.0);
    }

    proptest! {
        #[test]
        fn evidence_against_never_lowers_and_evidence_for_never_raises(
            list in prop::collection::vec(weighed(), 0..30), one in weighed(), more in 0.0..2.0_f64,
        ) {
            let before = Sums::of(&list, &bounds()).total();
            let mut with = list.clone();
            with.push(one);
            let after = Sums::of(&with, &bounds()).total();
            with.pop();
            with.push(Weighed { value: one.value + more, ..one });
            let stronger = Sums::of(&with, &bounds()).total();
            let sign = if one.is_wanted { -1.0 } else { 1.0 };
            prop_assert!(sign * (after - before) >= -1e-9);
            prop_assert!(sign * (stronger - after) >= -1e-9);
        }

        #[test]
        fn one_thing_moves_the_sum_by_no_more_than_its_bound(
            list in prop::collection::vec(weighed(), 0..30), mut one in weighed(),
        ) {
            one.is_wanted = false;
            let before = Sums::of(&list, &bounds()).total();
            let mut with = list;
            with.push(one);
            // What it takes from the cap of wanted marks counts as its own.
            let most = one.value * (1.0 + WANTED_LOST);
            prop_assert!(Sums::of(&with, &bounds()).total() - before <= most + 1e-9);
        }

        #[test]
        fn the_order_changes_nothing(list in prop::collection::vec(weighed(), 0..30)) {
            let mut other = list.clone();
            other.reverse();
            let (one, two) = (Sums::of(&list, &bounds()), Sums::of(&other, &bounds()));
            prop_assert!((one.total() - two.total()).abs() < 1e-9);
        }

        #[test]
        fn the_parts_are_the_whole(list in prop::collection::vec(weighed(), 0..30)) {
            let sums = Sums::of(&list, &bounds());
            let parts: f64 = list.iter().map(|one| sums.part(one)).sum();
            prop_assert!((parts - sums.total()).abs() < 1e-6);
        }
    }
}
