//! What this gateway was taught: a table of features and sketches for each tenant, made by crate
//! `learning` and asked by the signals of `signals/learned.rs`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::osb;
use crate::shingle::{Campaigns, Sketch};
use crate::sight::Sight;

/// Features of one message.
const FEATURES: usize = 2000;
/// The most extreme features that are summed up.
const EXTREMES: usize = 40;
/// Features that must be known before they are heard.
const KNOWN: usize = 8;
/// The sum of log-odds that is as good as certain.
const CERTAIN: f32 = 12.0;

/// The table of one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Learned {
    /// Hashes of features in order, each once.
    pub features: Vec<u64>,
    /// Log-odds of each times [`osb::STEPS`]; above 0 speaks against a message.
    pub weights: Vec<i8>,
    /// Sketches of texts that were called unwanted, one behind the other.
    pub sketches: Vec<u8>,
}

impl Learned {
    fn weight(&self, feature: u64) -> Option<f32> {
        let at = self.features.binary_search(&feature).ok()?;
        self.weights.get(at).map(|weight| f32::from(*weight) / osb::STEPS)
    }

    /// What it says of features: from -1, surely wanted, to 1.
    #[must_use]
    pub fn score(&self, features: &[u64]) -> f32 {
        let mut known: Vec<f32> = features.iter().filter_map(|one| self.weight(*one)).collect();
        if known.len() < KNOWN {
            return 0.0;
        }
        known.sort_by(|one, two| two.abs().total_cmp(&one.abs()));
        let sum: f32 = known.iter().take(EXTREMES).sum();
        (sum / CERTAIN).clamp(-1.0, 1.0)
    }

    fn is_whole(&self) -> bool {
        self.features.len() == self.weights.len()
            && self.features.len() <= Local::FEATURES
            && self.features.is_sorted_by(|one, two| one < two)
            && Campaigns::open(&self.sketches).is_some()
    }
}

/// The tables of all tenants.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Local {
    /// The version of what was taught.
    pub version: u64,
    /// By the owner's domain; `all` for those that have none of their own.
    pub tenants: BTreeMap<String, Learned>,
}

impl Local {
    /// Features of one tenant's table.
    pub const FEATURES: usize = 16_000;
    /// Octets of all tables together.
    pub const OCTETS: usize = 256 * 1024;
    /// Octets of one sketch.
    pub const SKETCH_OCTETS: usize = 128;
    /// The tenant of mail that nobody says the tenant of.
    pub const ALL: &str = "all";

    /// As it is handed to cells.
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        postcard::to_stdvec(self).unwrap_or_default()
    }

    /// Reads what [`Local::octets`] made. `None` when it is damaged or too large.
    #[must_use]
    pub fn open(octets: &[u8]) -> Option<Self> {
        if octets.len() > Self::OCTETS {
            return None;
        }
        let local: Local = postcard::from_bytes(octets).ok()?;
        local.tenants.values().all(Learned::is_whole).then_some(local)
    }

    /// The table for a message, by the domain of its first recipient.
    pub(crate) fn of(&self, sight: &Sight<'_>) -> Option<&Learned> {
        let domain = sight.around.recipients.first().map(|one| one.domain().as_str());
        let own = domain.and_then(|domain| self.tenants.get(domain));
        own.or_else(|| self.tenants.get(Self::ALL))
    }
}

/// What is learnt of a message, should somebody call it something.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Material {
    /// Hashes of its features, in order, each once.
    pub features: Vec<u64>,
    /// The sketch of its text; empty when it is too short for one.
    pub sketch: Vec<u8>,
}

impl Material {
    /// Of a message.
    #[must_use]
    pub fn of(sight: &Sight<'_>) -> Self {
        let sketch = Sketch::of(&sight.body.folded).map(|sketch| sketch.octets());
        Material { features: features(sight), sketch: sketch.unwrap_or_default() }
    }
}

/// Hashes of a message's features, in order, each once.
pub(crate) fn features(sight: &Sight<'_>) -> Vec<u64> {
    let mut all: Vec<u64> =
        osb::features(sight).iter().take(FEATURES).map(|one| u64::from(one.hash)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// How much of a text is that of a sketch of the table, and which.
pub(crate) fn nearest(learned: &Learned, sight: &Sight<'_>) -> Option<(usize, f32)> {
    let campaigns = Campaigns::open(&learned.sketches).filter(|all| !all.is_empty())?;
    campaigns.nearest(&Sketch::of(&sight.body.folded)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned() -> Learned {
        let features = (0..100).collect();
        Learned { features, weights: vec![16; 100], sketches: vec![1; Local::SKETCH_OCTETS] }
    }

    fn local(learned: Learned) -> Local {
        Local { version: 3, tenants: BTreeMap::from([("a.example".to_owned(), learned)]) }
    }

    #[test]
    fn a_table_is_read_as_it_was_made() {
        let local = local(learned());
        assert_eq!(Local::open(&local.octets()).unwrap(), local);
        assert_eq!(Local::open(&Local::default().octets()).unwrap(), Local::default());
    }

    #[test]
    fn a_damaged_table_is_none() {
        let disordered =
            Learned { features: vec![2, 1], weights: vec![0, 0], ..Learned::default() };
        let short = Learned { features: vec![1], ..Learned::default() };
        let torn = Learned { sketches: vec![0; 5], ..Learned::default() };
        for bad in [disordered, short, torn] {
            assert_eq!(Local::open(&local(bad).octets()), None);
        }
        let octets = local(learned()).octets();
        assert_eq!(Local::open(&octets[..octets.len() - 1]), None);
        assert_eq!(Local::open(&vec![0; Local::OCTETS + 1]), None);
    }

    #[test]
    fn a_few_known_words_say_nothing_and_no_number_of_them_more_than_certainty() {
        let table = learned();
        assert!(table.score(&[1, 2, 3]).abs() < 1e-6);
        let some: Vec<u64> = (0..9).collect();
        assert!((0.5..1.0).contains(&table.score(&some)));
        let all: Vec<u64> = (0..100).collect();
        assert!((table.score(&all) - 1.0).abs() < 1e-6);
        let wanted = Learned { weights: vec![-16; 100], ..learned() };
        assert!((wanted.score(&all) + 1.0).abs() < 1e-6);
    }
}
