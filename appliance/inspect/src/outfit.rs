//! What cells work with: the keeper makes an outfit of settings and pattern pack, a cell takes it
//! over. An outfit is whole: a cell never has a part of one and a part of another.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use ipc::Snapshot;
use ipc::contracts::{Outfit, ScanLimits};
use patterns::Pack;
use policy::Exceptions;
use sandbox::Mapped;
use serde_json::{Map, Value};
use spam::Around;
use unpack::Limits;

use crate::packs::{Packs, Sealed};
use crate::{Examiner, InspectError, Inspection, limits};

/// Why a cell cannot work with an outfit.
#[derive(Debug, thiserror::Error)]
pub enum OutfitError {
    /// It was announced with a pack and came without, or the other way round.
    #[error("it came without the pack that it names")]
    NoPack,
    /// The pack cannot be mapped.
    #[error("its pack cannot be mapped: {0}")]
    Map(#[from] sandbox::MapError),
    /// The pack cannot be opened.
    #[error(transparent)]
    Pack(#[from] patterns::PackError),
    /// The settings or the pack cannot be used.
    #[error(transparent)]
    Examine(#[from] crate::examine::ExamineError),
    /// The table of what was taught cannot be read.
    #[error("the table of what was taught is damaged or too large")]
    Learned,
    /// The settings in it cannot be read.
    #[error("its settings cannot be read: {0}")]
    Settings(String),
    /// A message that must be found is not, or one that is clean is not clean.
    #[error("with it the workers judge wrongly: {0}")]
    Wrong(&'static str),
}

/// The sections that an outfit is made of.
pub(crate) const SECTIONS: &[&str] = &["inspection", "exceptions", "unwanted", "expressions"];

/// Those of them that cells read themselves. Nothing secret may stand in them: cells are presumed
/// taken over by the mail they read.
const CELL_SECTIONS: &[&str] = &["unwanted", "expressions"];

/// The settings of one snapshot.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) inspection: Inspection,
    pub(crate) exceptions: Exceptions,
    /// What cells read themselves, as JSON.
    sections: String,
}

impl Wanted {
    /// Reads a snapshot.
    pub(crate) fn read(snapshot: &Snapshot) -> Result<Self, InspectError> {
        let all = &snapshot.sections;
        let mut sections = Map::new();
        for name in CELL_SECTIONS {
            if let Some(section) = all.get(*name) {
                sections.insert((*name).to_owned(), section.clone());
            }
        }
        Ok(Wanted {
            inspection: schema::section(all)?,
            exceptions: schema::section(all)?,
            sections: Value::Object(sections).to_string(),
        })
    }

    /// The outfit with this pack. `problem` is what is wrong with a newer one.
    pub(crate) fn outfit(&self, pack: Option<&Arc<Sealed>>, problem: Option<String>) -> Outfit {
        let most = &self.exceptions;
        Outfit {
            number: 0,
            limits: ScanLimits {
                depth: most.depth,
                members: most.members,
                member_octets: most.member_octets,
                total_octets: most.total_octets,
                ratio: most.ratio,
                document_depth: most.document_depth,
            },
            passwords: most.passwords.clone(),
            requires_patterns: self.inspection.require_patterns,
            sections: self.sections.clone(),
            pack: pack.map(|pack| pack.facts.clone()),
            problem,
            learned: None,
        }
    }
}

/// What the keeper offers: the newest good pack, but for one that cells have refused; in its place
/// the last one that they took.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    /// The last pack that cells took over; `Some(None)` when they took an outfit without one.
    taken: Option<Arc<Sealed>>,
    /// A pack that they refused, and why.
    refused: Option<(Arc<Sealed>, String)>,
}

impl Choice {
    /// The pack to offer, and what is wrong with a newer one.
    pub(crate) fn of(&self, packs: &Packs) -> (Option<Arc<Sealed>>, Option<String>) {
        match (&packs.good, &self.refused) {
            (Some(good), Some((refused, why))) if Arc::ptr_eq(good, refused) => {
                (self.taken.clone(), Some(why.clone()))
            }
            (good, _) => (good.clone(), packs.problem.clone()),
        }
    }

    /// The cells took it over.
    pub(crate) fn taken(&mut self, pack: Option<Arc<Sealed>>) {
        self.taken = pack;
    }

    /// The cells refused it. False when there is nothing else to offer.
    pub(crate) fn refused(&mut self, pack: Option<Arc<Sealed>>, because: &str) -> bool {
        let Some(pack) = pack else { return false };
        let why = format!(
            "the workers cannot use the pattern pack {}: {because}. The one before stays in use. \
             Compile it anew (`gatepost patterns compile`) or put another in its place",
            pack.facts.version
        );
        if self.taken.as_ref().is_some_and(|taken| Arc::ptr_eq(taken, &pack)) {
            // It was good before: what is at fault is something else.
            return false;
        }
        self.refused = Some((pack, why));
        true
    }
}

/// Takes over an outfit in a cell. What it had before is dropped by the caller first.
///
/// # Errors
/// [`OutfitError`]: the cell then has nothing to work with.
pub(crate) fn put_on(outfit: &Outfit, descriptors: Vec<OwnedFd>) -> Result<Examiner, OutfitError> {
    let memory = descriptors.into_iter().next();
    let pack = match (&outfit.pack, memory) {
        (None, None) => None,
        (Some(facts), Some(memory)) => {
            Some(Pack::open(Arc::new(Mapped::sealed(&memory, facts.octets)?))?)
        }
        _ => return Err(OutfitError::NoPack),
    };
    let limits = unpack_limits(&outfit.limits);
    let sections = sections(&outfit.sections)?;
    let mut examiner = Examiner::new(pack, limits, &outfit.passwords, &sections)?;
    if let Some(learned) = &outfit.learned {
        let local = spam::Local::open(&learned.octets).ok_or(OutfitError::Learned)?;
        examiner = examiner.with_learned(local);
    }
    try_out(&mut examiner)?;
    Ok(examiner)
}

/// The settings that a cell reads itself; none for an empty text.
fn sections(text: &str) -> Result<Map<String, Value>, OutfitError> {
    match text {
        "" => Ok(Map::new()),
        text => {
            serde_json::from_str(text).map_err(|error| OutfitError::Settings(error.to_string()))
        }
    }
}

/// 0 stands for our own default.
fn unpack_limits(wanted: &ScanLimits) -> Limits {
    let mut limits = Limits::default();
    let small = |into: &mut u32, from: u32| *into = if from == 0 { *into } else { from };
    let large = |into: &mut u64, from: u64| *into = if from == 0 { *into } else { from };
    small(&mut limits.depth, wanted.depth);
    small(&mut limits.members, wanted.members);
    small(&mut limits.ratio, wanted.ratio);
    small(&mut limits.document_depth, wanted.document_depth);
    large(&mut limits.member_octets, wanted.member_octets);
    large(&mut limits.total_octets, wanted.total_octets);
    limits
}

/// The least that a pack must do before mail depends on it.
fn try_out(examiner: &mut Examiner) -> Result<(), OutfitError> {
    let virus = [limits::TRIAL_HEAD, &engines::eicar()].concat();
    if !examiner.examine(&virus, &Around::default(), &()).has(mail::FindingKind::Malware) {
        return Err(OutfitError::Wrong("they do not find the EICAR test file"));
    }
    let clean = [limits::TRIAL_HEAD, b"Nothing is in this message.\r\n"].concat();
    if examiner.examine(&clean, &Around::default(), &()).has(mail::FindingKind::Malware) {
        return Err(OutfitError::Wrong("they find malware where there is none"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipc::contracts::PackFacts;

    fn sealed(octets: &[u8]) -> Arc<Sealed> {
        let facts = PackFacts { octets: octets.len() as u64, ..PackFacts::default() };
        Arc::new(Sealed { memory: ipc::sealed_memory(octets).unwrap(), facts })
    }

    fn pack() -> Vec<u8> {
        patterns::compile(&[], &patterns::CompileOptions::default()).unwrap().octets
    }

    fn with(octets: &[u8]) -> (Outfit, Vec<OwnedFd>) {
        let sealed = sealed(octets);
        let outfit = Wanted::default().outfit(Some(&sealed), None);
        (outfit, vec![sealed.memory.try_clone().unwrap()])
    }

    #[test]
    fn an_outfit_is_taken_with_and_without_a_pack() {
        let (outfit, memory) = with(&pack());
        assert!(put_on(&outfit, memory).is_ok());
        assert!(put_on(&Wanted::default().outfit(None, None), Vec::new()).is_ok());
    }

    #[test]
    fn a_pack_that_is_none_or_missing_or_shorter_than_told_is_refused() {
        let (outfit, memory) = with(b"this is no pack");
        assert!(matches!(put_on(&outfit, memory), Err(OutfitError::Pack(_))));
        assert!(matches!(put_on(&outfit, Vec::new()), Err(OutfitError::NoPack)));
        let (mut outfit, memory) = with(&pack());
        outfit.pack.as_mut().unwrap().octets += 1;
        assert!(matches!(put_on(&outfit, memory), Err(OutfitError::Map(_))));
    }

    #[test]
    fn a_table_of_what_was_taught_is_taken_and_a_damaged_one_is_refused() {
        let learned = |octets| {
            let learned = Some(ipc::contracts::LearnedTable { version: 1, octets });
            Outfit { learned, ..Wanted::default().outfit(None, None) }
        };
        assert!(put_on(&learned(spam::Local::default().octets()), Vec::new()).is_ok());
        for bad in [vec![], vec![0xff; 20], vec![0; spam::Local::OCTETS + 1]] {
            assert!(matches!(put_on(&learned(bad), Vec::new()), Err(OutfitError::Learned)));
        }
        const { assert!(spam::Local::OCTETS <= ipc::limits::LEARNED_OCTETS) };
    }

    #[test]
    fn a_pack_that_others_could_change_is_refused() {
        let (outfit, _) = with(&pack());
        let open = ipc::empty_memory().unwrap();
        std::os::unix::fs::FileExt::write_all_at(
            &std::fs::File::from(open.try_clone().unwrap()),
            &pack(),
            0,
        )
        .unwrap();
        assert!(matches!(
            put_on(&outfit, vec![open]),
            Err(OutfitError::Map(sandbox::MapError::NotSealed))
        ));
    }

    #[test]
    fn the_owners_limits_reach_the_cell_and_the_rest_stays() {
        let wanted = ScanLimits { depth: 3, total_octets: 9, ..ScanLimits::default() };
        let limits = unpack_limits(&wanted);
        assert_eq!((limits.depth, limits.total_octets), (3, 9));
        assert_eq!(limits.members, Limits::default().members);
    }

    #[test]
    fn a_refused_pack_gives_way_to_the_one_taken_before() {
        let (old, new) = (sealed(b"old"), sealed(b"new"));
        let mut choice = Choice::default();
        let packs = Packs { good: Some(new.clone()), problem: None };
        choice.taken(Some(old.clone()));
        assert!(choice.refused(Some(new.clone()), "it is bad"));
        let (offered, problem) = choice.of(&packs);
        assert!(Arc::ptr_eq(&offered.unwrap(), &old));
        assert!(problem.unwrap().contains("it is bad"));
        let newer = sealed(b"newer");
        let (offered, problem) = choice.of(&Packs { good: Some(newer.clone()), problem: None });
        assert!(Arc::ptr_eq(&offered.unwrap(), &newer) && problem.is_none());
    }

    #[test]
    fn settings_that_are_refused_do_not_blame_a_pack_that_was_good() {
        let mut choice = Choice::default();
        let good = sealed(b"good");
        choice.taken(Some(good.clone()));
        assert!(!choice.refused(Some(good), "memory is short"));
        assert!(!choice.refused(None, "memory is short"));
    }
}
