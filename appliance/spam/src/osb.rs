//! Orthogonal sparse bigrams (Siefkes, Assis, Chhabra, Yerazunis: Combining Winnow and Orthogonal
//! Sparse Bigrams for Incremental Spam Filtering, 2004): each word alone, and with each of the four
//! before it, looked up in one table of hashes.
//!
//! Statistics of one year say little of another. So what they say grows only as far as the words
//! are known to the table, and is bounded by its group (`fuse.rs`).

use crate::sight::{LinkKind, Sight};

/// Words of a message that are looked at.
const WORDS: usize = 400;
/// How far two words of a pair may stand apart.
const REACH: usize = 4;
/// Octets of a word; what is longer counts by its beginning.
const WORD_OCTETS: usize = 24;
/// The most extreme features that are summed up.
const EXTREMES: usize = 40;
/// Quantised weights are log-odds times this.
pub const STEPS: f32 = 16.0;

const SLOTS: usize = 1 << 16;
const INDEX: usize = (SLOTS + 1) * 4;

/// Hashes with their quantised weights, read in place: where each slot of the upper sixteen bits
/// begins (65,537 numbers of 32 bits), the lower sixteen bits of each, the weight of each.
#[derive(Debug, Clone, Copy, Default)]
pub struct Table<'a> {
    index: &'a [u8],
    lower: &'a [u8],
    weights: &'a [u8],
}

impl<'a> Table<'a> {
    /// Opens a table; empty octets are an empty one. `None` when it is damaged.
    #[must_use]
    pub fn open(octets: &'a [u8]) -> Option<Self> {
        if octets.is_empty() {
            return Some(Table::default());
        }
        let (index, rest) = octets.split_at_checked(INDEX)?;
        let count = rest.len() / 3;
        let (lower, weights) = rest.split_at_checked(count * 2)?;
        let mut starts = index.as_chunks::<4>().0.iter().map(|four| u32::from_le_bytes(*four));
        let is_whole = weights.len() == count
            && starts.clone().is_sorted()
            && starts.next() == Some(0)
            && starts.next_back().and_then(|last| usize::try_from(last).ok()) == Some(count);
        is_whole.then_some(Table { index, lower, weights })
    }

    /// Opens a table that was open before.
    pub(crate) fn open_again(octets: &'a [u8]) -> Self {
        let Some((index, rest)) = octets.split_at_checked(INDEX) else { return Table::default() };
        let Some((lower, weights)) = rest.split_at_checked(rest.len() / 3 * 2) else {
            return Table::default();
        };
        Table { index, lower, weights }
    }

    /// How many features it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether it knows none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    fn start(&self, slot: usize) -> Option<usize> {
        let four = self.index.get(slot.checked_mul(4)?..)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*four)).ok()
    }

    /// The quantised weight of a feature.
    #[must_use]
    pub fn weight(&self, hash: u32) -> Option<i8> {
        let slot = usize::try_from(hash >> 16).ok()?;
        let (from, to) = (self.start(slot)?, self.start(slot + 1)?);
        let wanted = hash.to_le_bytes();
        let lower = self.lower.get(from * 2..to * 2)?.as_chunks::<2>().0;
        let at = lower.iter().position(|two| two[..] == wanted[..2])?;
        self.weights.get(from + at).map(|octet| i8::from_le_bytes([*octet]))
    }
}

/// Makes a table of features, each once, in order of hashes.
#[must_use]
pub fn table(features: &[(u32, i8)]) -> Vec<u8> {
    let mut index = Vec::with_capacity(INDEX);
    let mut seen = features.iter().peekable();
    let mut count = 0_u32;
    for slot in 0..=SLOTS {
        index.extend_from_slice(&count.to_le_bytes());
        while seen.next_if(|(hash, _)| usize::try_from(hash >> 16) == Ok(slot)).is_some() {
            count += 1;
        }
    }
    index.extend(features.iter().flat_map(|(hash, _)| {
        let [low, high, ..] = hash.to_le_bytes();
        [low, high]
    }));
    index.extend(features.iter().map(|(_, weight)| weight.cast_unsigned()));
    index
}

/// One feature of a message: a word, or two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature<'t> {
    /// What it is looked up by.
    pub hash: u32,
    /// The first word; empty for a word alone.
    pub first: &'t str,
    /// The last.
    pub last: &'t str,
}

impl Feature<'_> {
    /// Whether it is two words.
    #[must_use]
    pub fn is_pair(&self) -> bool {
        !self.first.is_empty()
    }
}

/// FNV-1a.
fn hash(seed: u32, octets: &[u8]) -> u32 {
    octets
        .iter()
        .fold(seed ^ 0x811c_9dc5, |sum, octet| (sum ^ u32::from(*octet)).wrapping_mul(0x0100_0193))
}

/// Mixes two numbers so that every bit of both matters (finaliser of MurmurHash3).
fn mix(one: u32, two: u32) -> u32 {
    let mut sum = one ^ two.wrapping_mul(0x9e37_79b1).rotate_left(13);
    sum = (sum ^ (sum >> 16)).wrapping_mul(0x85eb_ca6b);
    sum = (sum ^ (sum >> 13)).wrapping_mul(0xc2b2_ae35);
    sum ^ (sum >> 16)
}

/// The words of a text: runs of letters, digits and what stands inside words.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_inside = |one: char| one.is_alphanumeric() || matches!(one, '$' | '%' | '\'' | '-');
    text.split(move |one: char| !is_inside(one))
        .map(|word| word.trim_matches(['\'', '-']))
        .filter(|word| !word.is_empty())
        .map(|word| word.get(..word.floor_char_boundary(WORD_OCTETS)).unwrap_or(word))
}

/// Numbers count by how long they are.
fn word_hash(seed: u32, word: &str) -> u32 {
    if word.bytes().all(|octet| octet.is_ascii_digit()) {
        let length = u32::try_from(word.len()).unwrap_or(u32::MAX);
        return mix(seed, length);
    }
    hash(seed, word.as_bytes())
}

/// The features of a message, each as often as it stands there.
#[must_use]
pub fn features<'t>(sight: &'t Sight<'_>) -> Vec<Feature<'t>> {
    let mut all = Vec::new();
    each(sight, &mut |feature| all.push(feature));
    all
}

/// Hands over the features of a message one by one.
fn each<'t>(sight: &'t Sight<'_>, take: &mut impl FnMut(Feature<'t>)) {
    add(take, words(&sight.subject_folded).take(WORDS / 8), 0x5ab1);
    add(take, words(&sight.body.folded).take(WORDS), 0);
    let shown = sight.links.iter().filter(|link| link.kind != LinkKind::Attached);
    for link in shown.take(8) {
        let host = host(&link.target);
        let ending = host.rsplit('.').next().unwrap_or_default();
        let shape = mix(hash(0x11f0, &shape(host)), hash(0, ending.as_bytes()));
        take(Feature { hash: shape, first: "", last: ending });
    }
}

fn add<'t>(take: &mut impl FnMut(Feature<'t>), words: impl Iterator<Item = &'t str>, seed: u32) {
    let mut before = [(0_u32, ""); REACH];
    for word in words {
        let own = word_hash(seed, word);
        take(Feature { hash: mix(own, 0), first: "", last: word });
        for (distance, (other, first)) in (1_u32..).zip(before) {
            if !first.is_empty() {
                let hash = mix(other.rotate_left(distance), own);
                take(Feature { hash, first, last: word });
            }
        }
        before.rotate_right(1);
        if let Some(newest) = before.first_mut() {
            *newest = (own, word);
        }
    }
}

fn host(target: &str) -> &str {
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#', ':']).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

/// A host as runs of letters and digits: `www.a1.example` is `a.a0.a`.
fn shape(host: &str) -> Vec<u8> {
    let mut shape: Vec<u8> = host
        .bytes()
        .take(64)
        .map(|octet| match octet {
            b'0'..=b'9' => b'0',
            b'a'..=b'z' | b'A'..=b'Z' => b'a',
            other => other,
        })
        .collect();
    shape.dedup();
    shape
}

/// What the table says of a message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// From -1 (as wanted mail reads) to 1 (as unwanted mail reads); about 0 for mail whose words
    /// are not known.
    pub score: f32,
    /// What weighed most on that side.
    pub words: Vec<String>,
}

/// Reads a message with a table.
#[must_use]
pub fn read(sight: &Sight<'_>, table: &Table<'_>) -> Reading {
    if table.is_empty() {
        return Reading::default();
    }
    let mut met = Met::new(table);
    each(sight, &mut |feature| met.add(feature));
    met.reading()
}

/// Reads features with a table.
#[must_use]
pub fn read_features(features: &[Feature<'_>], table: &Table<'_>) -> Reading {
    if table.is_empty() {
        return Reading::default();
    }
    let mut met = Met::new(table);
    for feature in features {
        met.add(feature.clone());
    }
    met.reading()
}

/// Features that a table knows, each once.
struct Met<'t, 'f> {
    table: &'t Table<'t>,
    seen: Hashes,
    words: u32,
    known: u32,
    list: Vec<(i8, Feature<'f>)>,
}

impl<'t, 'f> Met<'t, 'f> {
    fn new(table: &'t Table<'t>) -> Self {
        Met { table, seen: Hashes::default(), words: 0, known: 0, list: Vec::with_capacity(512) }
    }

    fn add(&mut self, feature: Feature<'f>) {
        if !self.seen.insert(feature.hash) {
            return;
        }
        let weight = self.table.weight(feature.hash);
        if !feature.is_pair() {
            self.words += 1;
            self.known += u32::from(weight.is_some());
        }
        if let Some(weight) = weight.filter(|weight| *weight != 0) {
            self.list.push((weight, feature));
        }
    }

    fn reading(self) -> Reading {
        let Met { words, known, mut list, .. } = self;
        let rank =
            |(weight, feature): &(i8, Feature<'_>)| (u8::MAX - weight.unsigned_abs(), feature.hash);
        if list.len() > EXTREMES {
            list.select_nth_unstable_by_key(EXTREMES, rank);
            list.truncate(EXTREMES);
        }
        list.sort_unstable_by_key(rank);
        let score = score(&list) * typical(words, known);
        let aside = list.iter().filter(|(weight, _)| (f32::from(*weight) > 0.0) == (score > 0.0));
        Reading { score, words: aside.take(4).map(|(_, one)| shown(one)).collect() }
    }
}

/// A set of hashes, which are well mixed already: each stands at the first free place from its own
/// on. Never more than three quarters full; 0 stands apart.
#[derive(Debug)]
struct Hashes {
    places: Vec<u32>,
    count: usize,
    has_zero: bool,
}

impl Default for Hashes {
    fn default() -> Self {
        Hashes { places: vec![0; 4096], count: 0, has_zero: false }
    }
}

impl Hashes {
    /// Adds one; `false` when it was there.
    fn insert(&mut self, hash: u32) -> bool {
        if hash == 0 {
            return !std::mem::replace(&mut self.has_zero, true);
        }
        if self.count * 4 >= self.places.len() * 3 {
            self.grow();
        }
        let is_new = Self::put(&mut self.places, hash);
        self.count += usize::from(is_new);
        is_new
    }

    fn put(places: &mut [u32], hash: u32) -> bool {
        let mask = places.len() - 1;
        let mut at = usize::try_from(hash).unwrap_or_default() & mask;
        while let Some(place) = places.get_mut(at) {
            if *place == hash {
                return false;
            }
            if *place == 0 {
                *place = hash;
                return true;
            }
            at = (at + 1) & mask;
        }
        false
    }

    fn grow(&mut self) {
        let mut places = vec![0; self.places.len() * 2];
        for hash in self.places.iter().filter(|hash| **hash != 0) {
            Self::put(&mut places, *hash);
        }
        self.places = places;
    }
}

/// The mean of the extremes, as if there were all of them, with what any text reaches taken off.
fn score(met: &[(i8, Feature<'_>)]) -> f32 {
    let sum: f32 = met.iter().map(|(weight, _)| f32::from(*weight)).sum();
    let count = u16::try_from(EXTREMES).unwrap_or(u16::MAX);
    let mean = sum / STEPS / f32::from(count);
    let size = ((mean.abs() - 0.4) / 2.0).clamp(0.0, 1.0);
    if mean < 0.0 { -size } else { size }
}

/// How well the words are known, 0 to 1. A text in another language, or of another age, is not.
fn typical(words: u32, known: u32) -> f32 {
    if words < 8 {
        return 0.0;
    }
    let share = f64::from(known) / f64::from(words);
    let bounded = ((share - 0.6) / 0.3).clamp(0.0, 1.0);
    // Exact in 32 bits: only the ends matter.
    #[allow(clippy::cast_possible_truncation)]
    let typical = bounded as f32;
    typical
}

fn shown(feature: &Feature<'_>) -> String {
    if feature.is_pair() {
        format!("{} {}", feature.first, feature.last)
    } else {
        feature.last.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Vec<Feature<'_>> {
        let mut all = Vec::new();
        add(&mut |feature| all.push(feature), words(text), 0);
        all
    }

    fn taught(text: &str, weight: i8) -> Vec<u8> {
        let mut known: Vec<(u32, i8)> = of(text).iter().map(|one| (one.hash, weight)).collect();
        known.sort_unstable();
        known.dedup();
        table(&known)
    }

    const TEXT: &str = "act now and get our free offer today because nobody else has such prices";

    #[test]
    fn words_pair_with_the_four_before_them() {
        let pairs: Vec<_> = of("a b c d e f").into_iter().filter(Feature::is_pair).collect();
        assert_eq!(pairs.len(), 1 + 2 + 3 + 4 + 4);
        assert!(pairs.iter().any(|one| one.first == "a" && one.last == "e"));
        assert!(!pairs.iter().any(|one| one.first == "a" && one.last == "f"));
    }

    #[test]
    fn the_same_pair_at_another_distance_is_another_feature() {
        let near = of("free offer");
        let far = of("free best offer");
        let last = |all: &[Feature<'_>]| {
            all.iter().find(|one| one.first == "free" && one.last == "offer").unwrap().hash
        };
        assert_ne!(last(&near), last(&far));
    }

    #[test]
    fn known_words_speak_and_unknown_ones_keep_silent() {
        let octets = taught(TEXT, 60);
        let table = Table::open(&octets).unwrap();
        let reading = read_features(&of(TEXT), &table);
        assert!(reading.score > 0.9 && !reading.words.is_empty());
        let foreign = "hier steht etwas in einer ganz anderen sprache von der niemand etwas weiss";
        assert!(read_features(&of(foreign), &table).score.abs() < f32::EPSILON);
        let octets = taught(TEXT, -60);
        assert!(read_features(&of(TEXT), &Table::open(&octets).unwrap()).score < -0.9);
    }

    #[test]
    fn repeating_words_adds_nothing() {
        let octets = taught("cheap watches", 100);
        let table = Table::open(&octets).unwrap();
        let many = "cheap watches ".repeat(500);
        assert!(read_features(&of(&many), &table).score.abs() < 0.3);
    }

    #[test]
    fn a_damaged_table_does_not_open() {
        let whole = table(&[(1, 1), (2, -2), (u32::MAX, 3)]);
        assert_eq!(Table::open(&whole).unwrap().weight(u32::MAX), Some(3));
        assert!(Table::open(&whole[..whole.len() - 1]).is_none());
        let mut bad = whole.clone();
        bad[0] = 9;
        assert!(Table::open(&bad).is_none());
        bad = whole;
        bad[4 * 100 + 3] = 0xff;
        assert!(Table::open(&bad).is_none());
    }

    #[test]
    fn a_set_of_hashes_takes_each_once_and_grows() {
        let mut set = Hashes::default();
        for round in 0..2 {
            for hash in 0..10_000_u32 {
                assert_eq!(set.insert(hash * 4096), round == 0, "{hash}");
            }
        }
    }

    /// The same by sorting all features.
    fn sorted(features: &[Feature<'_>], table: &Table<'_>) -> Reading {
        let mut features: Vec<_> = features.iter().collect();
        features.sort_by_key(|one| one.hash);
        features.dedup_by_key(|one| one.hash);
        let plain = || features.iter().filter(|one| !one.is_pair());
        let known = plain().filter(|one| table.weight(one.hash).is_some()).count();
        let mut met: Vec<(i8, Feature<'_>)> = features
            .iter()
            .filter_map(|one| table.weight(one.hash).map(|weight| (weight, (*one).clone())))
            .filter(|(weight, _)| *weight != 0)
            .collect();
        met.sort_by_key(|(weight, one)| (u8::MAX - weight.unsigned_abs(), one.hash));
        met.truncate(EXTREMES);
        let score = score(&met) * typical(plain().count() as u32, known as u32);
        let aside = met.iter().filter(|(weight, _)| (f32::from(*weight) > 0.0) == (score > 0.0));
        Reading { score, words: aside.take(4).map(|(_, one)| shown(one)).collect() }
    }

    proptest! {
        #[test]
        fn one_pass_reads_what_sorting_reads(
            text in prop::collection::vec("[a-e]{1,2}", 0..200),
            weights in prop::collection::vec(any::<i8>(), 1..50),
        ) {
            let text = text.join(" ");
            let features = of(&text);
            let mut known: Vec<(u32, i8)> = features
                .iter()
                .zip(weights.iter().cycle())
                .map(|(one, weight)| (one.hash, *weight))
                .filter(|(hash, _)| hash % 5 > 0)
                .collect();
            known.sort_unstable();
            known.dedup_by_key(|(hash, _)| *hash);
            let octets = table(&known);
            let table = Table::open(&octets).unwrap();
            prop_assert_eq!(read_features(&features, &table), sorted(&features, &table));
        }
    }

    #[test]
    fn hosts_count_by_their_shape() {
        assert_eq!(shape(host("https://www.a12.example.com:8/x")), b"a.a0.a.a");
        assert_eq!(host("www.x.example/y"), "www.x.example");
    }
}
