//! Weights: what training made of the signals' priors, and the statistics over words.
//!
//! A model is one piece of octets that is read in place, so that all workers share it: a header of
//! 32 octets (`GPSPAM`, 0, version; length of each of four sections; CRC-32C of the sections; CRC-32C
//! of the header so far; all numbers little-endian), then the weights ([`Weights`], postcard), the
//! table of word pairs (`osb.rs`), the list of campaigns (`shingle.rs`) and the table of what texts
//! are about (`sense.rs`).

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::fuse::GROUPS;
use crate::osb;
use crate::sense;
use crate::shingle::Campaigns;

/// Begins every model; the last octet is the version.
const MAGIC: [u8; 8] = *b"GPSPAM\0\x02";
const HEADER: usize = 32;
/// Octets of a model that is looked at.
const LARGEST: usize = 16 * 1024 * 1024;
/// The most that one signal weighs.
pub const WEIGHT: f32 = 5.0;

/// Why a model cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ModelError {
    /// It is no model, or damaged; the text says what was seen.
    #[error("this is no usable spam model: {0}")]
    Damaged(String),
}

/// Probabilities from which mail counts as unwanted, by how much is to be caught (feature D-28).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Levels {
    /// Catches the surest only.
    pub low: f64,
    /// The default.
    pub medium: f64,
    /// Catches the most.
    pub high: f64,
}

/// The numbers of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// Log-odds before anything was seen.
    pub bias: f32,
    /// Weights by name of signal, in order of names. Unknown names are ignored; a signal that is
    /// missing keeps its prior.
    pub signals: Vec<(String, f32)>,
    /// Bounds by name of group; a group that is missing keeps its own.
    pub groups: Vec<(String, f32)>,
    /// From the sum to calibrated log-odds: points, both numbers rising; straight between them,
    /// and as steep as they are beyond the ends.
    pub calibration: Vec<(f32, f32)>,
    /// Where levels begin.
    pub levels: Levels,
}

impl Default for Weights {
    fn default() -> Self {
        Weights {
            bias: -4.0,
            signals: Vec::new(),
            groups: Vec::new(),
            calibration: Vec::new(),
            levels: Levels { low: 0.95, medium: 0.8, high: 0.5 },
        }
    }
}

impl Weights {
    fn fault(&self) -> Option<&'static str> {
        let finite = |value: &f32| value.is_finite();
        let weight = |value: &f32| (0.0..=WEIGHT).contains(value);
        let rising = |two: &[(f32, f32)]| match two {
            [one, two] => two.0 - one.0 >= 1e-3 && two.1 - one.1 >= 1e-3,
            _ => false,
        };
        let Levels { low, medium, high } = self.levels;
        if !finite(&self.bias) || self.bias.abs() > 20.0 {
            Some("its bias is no such number")
        } else if !self.signals.iter().all(|(_, value)| weight(value)) {
            Some("a weight is out of bounds")
        } else if !self.signals.is_sorted_by(|one, two| one.0 < two.0) {
            Some("its weights are not in order")
        } else if !self.groups.iter().all(|(_, value)| (0.5..=10.0).contains(value)) {
            Some("a bound is out of bounds")
        } else if !self.calibration.iter().all(|(x, y)| x.abs() <= 50.0 && y.abs() <= 50.0)
            || !self.calibration.windows(2).all(rising)
        {
            Some("its calibration does not rise")
        } else if !(0.0 < high && high <= medium && medium <= low && low < 1.0) {
            Some("its levels are not in order")
        } else {
            None
        }
    }

    /// Calibrated log-odds of a sum.
    #[must_use]
    pub fn calibrated(&self, sum: f64) -> f64 {
        let points = self.calibration.iter().map(|(x, y)| (f64::from(*x), f64::from(*y)));
        let mut line: Option<((f64, f64), (f64, f64))> = None;
        let mut last = None;
        for point in points {
            if let Some(before) = last {
                line = Some((before, point));
                if sum <= point.0 {
                    break;
                }
            }
            last = Some(point);
        }
        match (line, last) {
            (Some((one, two)), _) => {
                one.1 + (sum - one.0) * (two.1 - one.1) / (two.0 - one.0).max(1e-9)
            }
            (None, Some(only)) => sum - only.0 + only.1,
            (None, None) => sum,
        }
    }

    /// Bounds of the groups, in the order of [`GROUPS`].
    #[must_use]
    pub fn bounds(&self) -> [f64; GROUPS.len()] {
        GROUPS.map(|(_, name, own)| {
            let given = self.groups.iter().find(|(one, _)| one == name);
            f64::from(given.map_or(own, |(_, value)| *value))
        })
    }
}

/// Octets that a model is read from in place.
#[derive(Clone)]
enum Octets {
    Built(&'static [u8]),
    Shared(Arc<dyn AsRef<[u8]> + Send + Sync>),
}

impl Octets {
    fn get(&self) -> &[u8] {
        match self {
            Octets::Built(octets) => octets,
            Octets::Shared(octets) => (**octets).as_ref(),
        }
    }
}

/// A model. The default one knows the signals' priors alone; [`Model::built_in`] is the one that
/// ships.
#[derive(Clone)]
pub struct Model {
    octets: Octets,
    table: Range<usize>,
    campaigns: Range<usize>,
    senses: Range<usize>,
    weights: Arc<Weights>,
}

impl Default for Model {
    fn default() -> Self {
        let weights = Arc::new(Weights::default());
        Model { octets: Octets::Built(&[]), table: 0..0, campaigns: 0..0, senses: 0..0, weights }
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (signals, words) = (self.weights.signals.len(), self.table().len());
        let campaigns = self.campaigns().len();
        write!(to, "Model({signals} signals, {words} words, {campaigns} campaigns)")
    }
}

impl Model {
    /// The model that ships with the product.
    #[must_use]
    pub fn built_in() -> Self {
        Self::read(Octets::Built(include_bytes!("../model/spam.model"))).unwrap_or_default()
    }

    /// Opens a model; it is read in place.
    ///
    /// # Errors
    /// When it is no model or damaged.
    pub fn open(octets: Arc<dyn AsRef<[u8]> + Send + Sync>) -> Result<Self, ModelError> {
        Self::read(Octets::Shared(octets))
    }

    fn read(octets: Octets) -> Result<Self, ModelError> {
        let [weights, table, campaigns, senses] = sections(octets.get())?;
        let part = |range: &Range<usize>| octets.get().get(range.clone()).unwrap_or_default();
        let weights: Weights = postcard::from_bytes(part(&weights))
            .map_err(|error| damaged(format!("its weights cannot be read: {error}")))?;
        if let Some(fault) = weights.fault() {
            return Err(damaged(fault));
        }
        osb::Table::open(part(&table)).ok_or_else(|| damaged("its table of words is damaged"))?;
        Campaigns::open(part(&campaigns))
            .ok_or_else(|| damaged("its list of campaigns is damaged"))?;
        sense::Table::open(part(&senses))
            .ok_or_else(|| damaged("its table of senses is damaged"))?;
        let weights = Arc::new(weights);
        Ok(Model { octets, table, campaigns, senses, weights })
    }

    /// Puts a model together.
    #[must_use]
    pub fn put_together(
        weights: &Weights,
        table: &[u8],
        campaigns: &[u8],
        senses: &[u8],
    ) -> Vec<u8> {
        let weights = postcard::to_stdvec(weights).unwrap_or_default();
        let body = [weights.as_slice(), table, campaigns, senses].concat();
        let mut octets = MAGIC.to_vec();
        for part in [weights.len(), table.len(), campaigns.len(), senses.len()] {
            octets.extend_from_slice(&u32::try_from(part).unwrap_or(u32::MAX).to_le_bytes());
        }
        octets.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
        octets.extend_from_slice(&crc32c::crc32c(&octets).to_le_bytes());
        octets.extend_from_slice(&body);
        octets
    }

    /// Its numbers.
    #[must_use]
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Its table of word pairs.
    pub(crate) fn table(&self) -> osb::Table<'_> {
        let octets = self.octets.get().get(self.table.clone()).unwrap_or_default();
        osb::Table::open_again(octets)
    }

    /// Its campaigns.
    pub(crate) fn campaigns(&self) -> Campaigns<'_> {
        let octets = self.octets.get().get(self.campaigns.clone()).unwrap_or_default();
        Campaigns::open(octets).unwrap_or_default()
    }

    /// Its table of what texts are about.
    pub(crate) fn senses(&self) -> sense::Table<'_> {
        let octets = self.octets.get().get(self.senses.clone()).unwrap_or_default();
        sense::Table::open(octets).unwrap_or_default()
    }
}

fn damaged(what: impl Into<String>) -> ModelError {
    ModelError::Damaged(what.into())
}

fn u32_at(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().map(|four| u32::from_le_bytes(*four))
}

/// Where the sections stand.
fn sections(octets: &[u8]) -> Result<[Range<usize>; 4], ModelError> {
    if octets.len() > LARGEST {
        return Err(damaged("it is too large"));
    }
    if octets.get(..MAGIC.len()) != Some(&MAGIC[..]) {
        return Err(damaged("it does not begin as one of this version"));
    }
    let head = octets.get(..HEADER - 4).map(crc32c::crc32c);
    if head.is_none() || head != u32_at(octets, HEADER - 4) {
        return Err(damaged("its header is damaged"));
    }
    let mut end = HEADER;
    let mut ranges = [0..0, 0..0, 0..0, 0..0];
    for (range, at) in ranges.iter_mut().zip([8, 12, 16, 20]) {
        let length = u32_at(octets, at).and_then(|length| usize::try_from(length).ok());
        let next = length.and_then(|length| end.checked_add(length));
        let next = next.ok_or_else(|| damaged("a section has no end"))?;
        *range = end..next;
        end = next;
    }
    if end != octets.len() {
        return Err(damaged("its length is not as it says"));
    }
    if octets.get(HEADER..).map(crc32c::crc32c) != u32_at(octets, 24) {
        return Err(damaged("its checksum is wrong"));
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn some() -> Vec<u8> {
        let weights = Weights {
            signals: vec![("a".to_owned(), 1.0), ("b".to_owned(), 2.0)],
            calibration: vec![(-1.0, -2.0), (1.0, 2.0), (2.0, 3.0)],
            ..Weights::default()
        };
        let table = osb::table(&[(7, 3), (0x7000_0001, -5)]);
        Model::put_together(&weights, &table, &[], &[])
    }

    fn open(octets: Vec<u8>) -> Result<Model, ModelError> {
        Model::open(Arc::new(octets))
    }

    #[test]
    fn a_model_is_read_as_it_was_put_together() {
        let model = open(some()).unwrap();
        assert_eq!(model.weights().signals[1].0, "b");
        assert_eq!((model.table().weight(7), model.table().weight(8)), (Some(3), None));
        assert_eq!(format!("{model:?}"), "Model(2 signals, 2 words, 0 campaigns)");
    }

    #[test]
    fn the_model_that_ships_opens_and_fits_its_bound() {
        let octets = include_bytes!("../model/spam.model");
        assert!(octets.len() <= 4 * 1024 * 1024);
        assert!(Model::read(Octets::Built(octets)).is_ok());
    }

    #[test]
    fn every_octet_is_checked() {
        let whole = some();
        for at in (0..60).chain((60..whole.len()).step_by(997)) {
            let mut octets = whole.clone();
            octets[at] ^= 0x20;
            assert!(open(octets).is_err(), "{at}");
        }
    }

    #[test]
    fn a_model_that_is_cut_or_longer_is_none() {
        let whole = some();
        for length in [0, 7, 8, 31, 32, 33, whole.len() - 1] {
            assert!(open(whole[..length].to_vec()).is_err(), "{length}");
        }
        assert!(open([whole, vec![0]].concat()).is_err());
    }

    #[test]
    fn weights_that_make_no_sense_are_refused() {
        let bad = [
            Weights { bias: f32::NAN, ..Weights::default() },
            Weights { signals: vec![("a".into(), -1.0)], ..Weights::default() },
            Weights { signals: vec![("a".into(), f32::INFINITY)], ..Weights::default() },
            Weights { signals: vec![("b".into(), 1.0), ("a".into(), 1.0)], ..Weights::default() },
            Weights { groups: vec![("link".into(), 0.0)], ..Weights::default() },
            Weights { calibration: vec![(0.0, 0.0), (1.0, -1.0)], ..Weights::default() },
            Weights { calibration: vec![(f32::NAN, 0.0)], ..Weights::default() },
            Weights { levels: Levels { low: 0.5, medium: 0.8, high: 0.9 }, ..Weights::default() },
        ];
        for weights in bad {
            assert!(open(Model::put_together(&weights, &[], &[], &[])).is_err(), "{weights:?}");
        }
    }

    #[test]
    fn calibration_is_straight_between_points_and_beyond_them() {
        let weights = open(some()).unwrap().weights().clone();
        for (sum, wanted) in [(-2.0, -4.0), (0.0, 0.0), (1.5, 2.5), (3.0, 4.0)] {
            assert!((weights.calibrated(sum) - wanted).abs() < 1e-6, "{sum}");
        }
    }

    proptest! {
        #[test]
        fn any_octets_behind_a_good_header_are_no_panic(
            weights in prop::collection::vec(any::<u8>(), 0..60),
            table in prop::collection::vec(any::<u8>(), 0..60),
            campaigns in prop::collection::vec(any::<u8>(), 0..200),
            senses in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let body = [weights.as_slice(), &table, &campaigns, &senses].concat();
            let mut octets = MAGIC.to_vec();
            for part in [&weights, &table, &campaigns, &senses] {
                octets.extend_from_slice(&u32::try_from(part.len()).unwrap().to_le_bytes());
            }
            octets.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
            octets.extend_from_slice(&crc32c::crc32c(&octets).to_le_bytes());
            octets.extend_from_slice(&body);
            let _ = open(octets);
        }
    }
}
