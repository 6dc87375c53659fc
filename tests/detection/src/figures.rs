//! Shares with their intervals, and the area under the curve.

/// A share of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// Those that were flagged.
    pub flagged: u32,
    /// All.
    pub all: u32,
}

impl Share {
    /// Of a list.
    #[must_use]
    pub fn of(flags: impl Iterator<Item = bool>) -> Self {
        let add =
            |sum: Share, flag| Share { flagged: sum.flagged + u32::from(flag), all: sum.all + 1 };
        flags.fold(Share::default(), add)
    }

    /// Per cent.
    #[must_use]
    pub fn per_cent(self) -> f64 {
        100.0 * f64::from(self.flagged) / f64::from(self.all.max(1))
    }

    /// The Wilson interval of 95 per cent, in per cent.
    #[must_use]
    pub fn interval(self) -> (f64, f64) {
        const Z: f64 = 1.959_964;
        let all = f64::from(self.all.max(1));
        let share = f64::from(self.flagged) / all;
        let middle = share + Z * Z / (2.0 * all);
        let width = Z * (share * (1.0 - share) / all + Z * Z / (4.0 * all * all)).sqrt();
        let scale = 100.0 / (1.0 + Z * Z / all);
        (((middle - width) * scale).max(0.0), ((middle + width) * scale).min(100.0))
    }

    /// As it stands in a table: `97.2 (95.1-98.4)`.
    #[must_use]
    pub fn shown(self) -> String {
        if self.all == 0 {
            return "-".to_owned();
        }
        let (from, to) = self.interval();
        format!("{:.1} ({from:.1}-{to:.1})", self.per_cent())
    }
}

/// How often an unwanted message scores above a wanted one, ties counting half.
#[must_use]
pub fn area(scores: &[(f64, bool)]) -> f64 {
    let mut sorted = scores.to_vec();
    sorted.sort_by(|one, two| one.0.total_cmp(&two.0));
    let (mut below, mut sum) = (0.0, 0.0);
    let (mut unwanted, mut wanted) = (0.0, 0.0);
    for same in sorted.chunk_by(|one, two| one.0.total_cmp(&two.0).is_eq()) {
        let count =
            |kind| same.iter().fold(0.0, |sum, one| sum + f64::from(u8::from(one.1 == kind)));
        let (bad, good) = (count(true), count(false));
        sum += bad * (below + good / 2.0);
        below += good;
        unwanted += bad;
        wanted += good;
    }
    let pairs: f64 = unwanted * wanted;
    if pairs > 0.0 { sum / pairs } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        let (from, to) = Share { flagged: 0, all: 100 }.interval();
        assert!(from.abs() < 1e-9 && (to - 3.70).abs() < 0.01, "{from} {to}");
        let (from, to) = Share { flagged: 95, all: 100 }.interval();
        assert!((from - 88.82).abs() < 0.01 && (to - 97.85).abs() < 0.01, "{from} {to}");
        assert_eq!(Share::default().shown(), "-");
    }

    #[test]
    fn the_area_counts_pairs_in_order() {
        assert!((area(&[(1.0, false), (2.0, true)]) - 1.0).abs() < 1e-9);
        assert!((area(&[(1.0, true), (2.0, false)])).abs() < 1e-9);
        assert!((area(&[(1.0, true), (1.0, false)]) - 0.5).abs() < 1e-9);
        assert!(area(&[(1.0, true)]).is_nan());
    }
}
