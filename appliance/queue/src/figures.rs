//! What queue has seen of scanning, in figures: for metrics and for people. Counted since the start
//! of the role; nothing here decides anything.

use std::collections::BTreeMap;

use ipc::contracts::{End, Retirement, Used};
use mail::Findings;
use serde_json::{Value, json};

/// Upper bounds of the classes of a [`Histogram`], in microseconds: three for each power of ten from
/// a clean small mail to the wall time limit.
const BOUNDS: [u64; 17] = [
    100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000,
    1_000_000, 2_000_000, 5_000_000, 10_000_000, 30_000_000,
];

/// How often durations of each class were seen.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    counts: [u64; BOUNDS.len()],
    over: u64,
    sum: u64,
}

impl Histogram {
    /// Notes one duration.
    pub(crate) fn note(&mut self, microseconds: u64) {
        let class = BOUNDS.iter().position(|bound| microseconds <= *bound);
        let count = class.and_then(|class| self.counts.get_mut(class)).unwrap_or(&mut self.over);
        *count += 1;
        self.sum = self.sum.saturating_add(microseconds);
    }

    /// As `{"histogram_seconds": [[bound, count] ...], "sum": ..., "count": ...}`.
    fn figures(&self) -> Value {
        // Durations of a role's life are far below what a double holds exactly.
        #[allow(clippy::cast_precision_loss)]
        let seconds = |microseconds: u64| microseconds as f64 / 1e6;
        let classes = BOUNDS.iter().zip(self.counts);
        let classes: Vec<Value> =
            classes.map(|(bound, count)| json!([seconds(*bound), count])).collect();
        let count = self.counts.iter().sum::<u64>() + self.over;
        json!({"histogram_seconds": classes, "sum": seconds(self.sum), "count": count})
    }
}

/// The figures.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// From the line to a cell.
    pub(crate) waited: Histogram,
    /// From a cell's job to its answer, by our own clock: milliseconds only.
    turned: Histogram,
    /// In the cell, by its own word.
    scanned: Histogram,
    /// CPU time in the cell, by its own word.
    worked: Histogram,
    octets: u64,
    members: u64,
    member_octets: u64,
    findings: u64,
    unscannable: u64,
    high_water: u64,
    deaths: BTreeMap<&'static str, u64>,
    retirements: BTreeMap<&'static str, u64>,
    kills: BTreeMap<&'static str, u64>,
}

impl Figures {
    /// One message was inspected. Every number but `octets` and `milliseconds` is the cell's word.
    pub(crate) fn inspected(
        &mut self,
        findings: &Findings,
        used: Used,
        octets: u64,
        milliseconds: u64,
    ) {
        self.turned.note(milliseconds.saturating_mul(1000));
        self.scanned.note(findings.microseconds);
        self.worked.note(used.cpu_microseconds);
        self.octets = self.octets.saturating_add(octets);
        for leaf in findings.leaves.iter().filter(|leaf| leaf.depth > 0) {
            self.members += 1;
            self.member_octets = self.member_octets.saturating_add(leaf.size);
        }
        self.findings += findings.list.len() as u64;
        self.unscannable += u64::from(findings.unscannable.is_some());
        self.high_water = self.high_water.max(used.resident_octets);
    }

    /// A cell has ended.
    pub(crate) fn ended(&mut self, end: End) {
        if end != End::Exit {
            *self.deaths.entry(end.word()).or_default() += 1;
        }
    }

    /// A cell ends by itself.
    pub(crate) fn retired(&mut self, because: Retirement) {
        *self.retirements.entry(because.word()).or_default() += 1;
    }

    /// A cell was killed by our order; `word` names why.
    pub(crate) fn killed(&mut self, word: &'static str) {
        *self.kills.entry(word).or_default() += 1;
    }

    /// All of them, for metrics.
    pub(crate) fn told(&self) -> Value {
        json!({
            "wait": self.waited.figures(),
            "turn": self.turned.figures(),
            "time": self.scanned.figures(),
            "cpu": self.worked.figures(),
            "octets": self.octets,
            "members": self.members,
            "member_octets": self.member_octets,
            "findings": self.findings,
            "unscannable": self.unscannable,
            "memory_high_water_octets": self.high_water,
            "deaths": self.deaths,
            "retirements": self.retirements,
            "kills": self.kills,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_their_classes() {
        let mut histogram = Histogram::default();
        for microseconds in [0, 100, 101, 30_000_000, 30_000_001, u64::MAX] {
            histogram.note(microseconds);
        }
        let told = histogram.figures();
        assert_eq!(told["count"], 6);
        assert_eq!(told["histogram_seconds"][0], json!([0.0001, 2]));
        assert_eq!(told["histogram_seconds"][1], json!([0.0002, 1]));
        assert_eq!(told["histogram_seconds"][16], json!([30.0, 1]));
    }

    #[test]
    fn members_are_what_lies_in_containers() {
        let mut figures = Figures::default();
        let leaf = |depth, size| mail::Leaf { depth, size, ..mail::Leaf::default() };
        let findings =
            Findings { leaves: vec![leaf(0, 9), leaf(1, 5), leaf(2, 6)], ..Findings::default() };
        let used = Used { cpu_microseconds: 3, resident_octets: 77 };
        figures.inspected(&findings, used, 100, 1);
        figures.ended(End::Exit);
        figures.ended(End::Cpu);
        let told = figures.told();
        assert_eq!((&told["members"], &told["member_octets"]), (&json!(2), &json!(11)));
        assert_eq!((&told["octets"], &told["memory_high_water_octets"]), (&json!(100), &json!(77)));
        assert_eq!(told["deaths"], json!({"cpu": 1}));
    }
}
