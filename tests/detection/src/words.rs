//! The table of words and word pairs (`spam::osb`), counted from messages.

use spam::osb::{self, Feature, Reading};

/// Messages that a word must stand in.
const WORD_MESSAGES: u32 = 6;
/// Messages that a pair must stand in.
const PAIR_MESSAGES: u32 = 5;
/// Log-odds that a pair must have to be kept; words are kept for how well they are known.
const PAIR_WEIGHT: f64 = 1.0;
/// A feature of few messages weighs less: its messages over this many more.
const SHRINK: f64 = 8.0;
/// Features that the table may hold.
const FEATURES: usize = 260_000;

/// The features of one message, each once.
#[derive(Debug, Clone, Default)]
pub struct Words {
    hashes: Vec<(u32, bool)>,
}

impl Words {
    /// Of the features of a message.
    #[must_use]
    pub fn of(features: &[Feature<'_>]) -> Self {
        let mut hashes: Vec<_> = features.iter().map(|one| (one.hash, one.is_pair())).collect();
        hashes.sort_unstable();
        hashes.dedup();
        Words { hashes }
    }

    /// What a table says of them.
    #[must_use]
    pub fn read(&self, table: &osb::Table<'_>) -> Reading {
        let feature = |(hash, is_pair): &(u32, bool)| Feature {
            hash: *hash,
            first: if *is_pair { "-" } else { "" },
            last: "-",
        };
        osb::read_features(&self.hashes.iter().map(feature).collect::<Vec<_>>(), table)
    }
}

/// A table from messages, unwanted or not.
#[must_use]
pub fn table<'w>(messages: impl Iterator<Item = (bool, &'w Words)>) -> Vec<u8> {
    let mut all: Vec<(u32, bool, bool)> = Vec::new();
    let (mut unwanted, mut wanted) = (0_u32, 0_u32);
    for (is_unwanted, words) in messages {
        *(if is_unwanted { &mut unwanted } else { &mut wanted }) += 1;
        all.extend(words.hashes.iter().map(|(hash, is_pair)| (*hash, *is_pair, is_unwanted)));
    }
    all.sort_unstable();
    let mut kept = Vec::new();
    for same in all.chunk_by(|one, two| one.0 == two.0) {
        let count = |kind| same.iter().filter(|one| one.2 == kind).count();
        let counts = (narrow(count(true)), narrow(count(false)));
        let is_pair = same.first().is_some_and(|one| one.1);
        let least = if is_pair { PAIR_MESSAGES } else { WORD_MESSAGES };
        let weight = weight((counts.0, unwanted), (counts.1, wanted));
        if counts.0 + counts.1 >= least && (!is_pair || weight.abs() >= PAIR_WEIGHT) {
            kept.extend(same.first().map(|one| (one.0, weight, is_pair)));
        }
    }
    if kept.len() > FEATURES {
        // Words first, then the heaviest pairs; the hash parts ties.
        kept.sort_by(|one, two| {
            one.2.cmp(&two.2).then(two.1.abs().total_cmp(&one.1.abs())).then(one.0.cmp(&two.0))
        });
        kept.truncate(FEATURES);
        kept.sort_unstable_by_key(|one| one.0);
    }
    let features: Vec<(u32, i8)> =
        kept.iter().map(|(hash, weight, _)| (*hash, quantised(*weight))).collect();
    osb::table(&features)
}

fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Log-odds of a feature, drawn to nought where it is rare.
fn weight(unwanted: (u32, u32), wanted: (u32, u32)) -> f64 {
    let share = |(met, all): (u32, u32)| (f64::from(met) + 0.5) / (f64::from(all) + 1.0);
    let messages = f64::from(unwanted.0 + wanted.0);
    (share(unwanted) / share(wanted)).ln() * messages / (messages + SHRINK)
}

fn quantised(weight: f64) -> i8 {
    let steps = (weight * f64::from(osb::STEPS)).round().clamp(-127.0, 127.0);
    // Clamped to what fits.
    #[allow(clippy::cast_possible_truncation)]
    let steps = steps as i8;
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(hashes: &[u32]) -> Words {
        Words { hashes: hashes.iter().map(|hash| (*hash, *hash > 100)).collect() }
    }

    #[test]
    fn what_stands_in_unwanted_mail_only_weighs_against_and_rare_words_are_left_out() {
        let bad = words(&[1, 2, 200]);
        let good = words(&[2, 3]);
        let odd = words(&[9]);
        let messages = std::iter::repeat_n((true, &bad), 20)
            .chain(std::iter::repeat_n((false, &good), 20))
            .chain([(true, &odd)]);
        let octets = table(messages);
        let table = osb::Table::open(&octets).unwrap();
        assert!(table.weight(1).unwrap() > 20 && table.weight(3).unwrap() < -20);
        assert!(table.weight(2).unwrap().abs() < 3 && table.weight(200).unwrap() > 20);
        assert_eq!(table.weight(9), None);
    }

    #[test]
    fn rarity_shrinks() {
        assert!(weight((5, 100), (0, 100)) < weight((50, 100), (0, 100)) / 2.0);
    }
}
