//! Keeps lessons, takes them back, and makes the table of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use mail::Timestamp;
use world::Disk;

use crate::journal::Journal;
use crate::{Deed, Label, LearningError, Lesson, Record, limits, table};

/// A lesson with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taught {
    /// Its number, by which it can be taken back.
    pub number: u64,
    /// What was taught.
    pub lesson: Lesson,
    /// The record that took it back.
    pub undone: Option<u64>,
}

/// Lessons that count, of one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Called wanted.
    pub wanted: usize,
    /// Called unwanted.
    pub unwanted: usize,
    /// Called phishing.
    pub phishing: usize,
}

/// Figures for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status {
    /// The number of the last record.
    pub version: u64,
    /// The oldest version that can be gone back to.
    pub oldest: u64,
    /// Lessons that count.
    pub lessons: usize,
    /// Lessons that were taken back and are still kept.
    pub undone: usize,
    /// Octets on the disk.
    pub octets: u64,
}

/// The store. Its calls wait for the disk.
pub struct Store {
    journal: Journal,
    lessons: Vec<Taught>,
    version: u64,
    oldest: u64,
    octets: u64,
}

/// A store that was opened.
pub struct Opened {
    /// The store.
    pub store: Store,
    /// Octets at the end of the journal that could not be read and were cut off. Up to one record
    /// is what a power cut leaves.
    pub lost: usize,
}

impl Store {
    /// Opens the store of a folder, or makes one.
    ///
    /// # Errors
    /// When the folder cannot be used, or holds something else.
    pub fn open(disk: Arc<dyn Disk>, folder: &Path) -> Result<Opened, LearningError> {
        Self::open_within(disk, folder, limits::JOURNAL_OCTETS)
    }

    /// The same with a journal of so many octets.
    pub(crate) fn open_within(
        disk: Arc<dyn Disk>,
        folder: &Path,
        octets: u64,
    ) -> Result<Opened, LearningError> {
        let (journal, read) = Journal::open(disk, folder)?;
        let mut store = Store { journal, lessons: Vec::new(), version: 0, oldest: 0, octets };
        for record in read.records {
            store.apply(record);
        }
        Ok(Opened { store, lost: read.lost })
    }

    /// Takes a lesson; its number when it is durable.
    ///
    /// # Errors
    /// When it is too large, its teacher has taught enough for one day, or the disk fails.
    pub fn teach(&mut self, lesson: Lesson) -> Result<u64, LearningError> {
        let lesson = lesson.in_order().ok_or(LearningError::TooLarge)?;
        let today =
            |one: &&Taught| one.lesson.who == lesson.who && one.lesson.at.day() == lesson.at.day();
        if self.lessons.iter().rev().filter(today).count() >= limits::LESSONS_A_DAY {
            return Err(LearningError::TooMany(lesson.who));
        }
        self.record(Deed::Taught(lesson))
    }

    /// Takes one lesson back.
    ///
    /// # Errors
    /// When there is none of this number, or the disk fails.
    pub fn undo(&mut self, lesson: u64, who: &str, at: Timestamp) -> Result<u64, LearningError> {
        let is_there = |one: &Taught| one.number == lesson && one.undone.is_none();
        if !self.lessons.iter().any(is_there) {
            return Err(LearningError::Unknown(lesson));
        }
        self.record(Deed::Undone { lesson, who: cut(who), at })
    }

    /// Makes all as it was at a version.
    ///
    /// # Errors
    /// When that version is not kept any more or not there yet, or the disk fails.
    pub fn roll_back(
        &mut self,
        version: u64,
        who: &str,
        at: Timestamp,
    ) -> Result<u64, LearningError> {
        if version < self.oldest || version > self.version {
            return Err(LearningError::NoVersion(version));
        }
        self.record(Deed::RolledBack { version, who: cut(who), at })
    }

    /// The table of the lessons that count, with the version as its own.
    #[must_use]
    pub fn table(&self, now: Timestamp) -> spam::Local {
        let counting = self.lessons.iter().filter(|one| one.undone.is_none());
        table::of(counting.map(|one| &one.lesson), self.version, now)
    }

    /// The last lessons, the newest first.
    pub fn lessons(&self) -> impl Iterator<Item = &Taught> {
        self.lessons.iter().rev().take(limits::LISTED)
    }

    /// Figures.
    #[must_use]
    pub fn status(&self) -> Status {
        let lessons = self.lessons.iter().filter(|one| one.undone.is_none()).count();
        Status {
            version: self.version,
            oldest: self.oldest,
            lessons,
            undone: self.lessons.len() - lessons,
            octets: self.journal.octets(),
        }
    }

    /// The lessons that count, by tenant.
    #[must_use]
    pub fn tallies(&self) -> BTreeMap<&str, Tally> {
        let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
        for one in self.lessons.iter().filter(|one| one.undone.is_none()) {
            let tally = tallies.entry(one.lesson.tenant.as_str()).or_default();
            match one.lesson.label {
                Label::Wanted => tally.wanted += 1,
                Label::Unwanted => tally.unwanted += 1,
                Label::Phishing => tally.phishing += 1,
            }
        }
        tallies
    }

    fn record(&mut self, deed: Deed) -> Result<u64, LearningError> {
        let record = Record { number: self.version.saturating_add(1), deed };
        self.journal.append(&record)?;
        let number = record.number;
        self.apply(record);
        if self.journal.octets() > self.octets {
            self.compact()?;
        }
        Ok(number)
    }

    /// What a record changes.
    fn apply(&mut self, record: Record) {
        let number = record.number;
        self.version = number;
        match record.deed {
            Deed::Taught(lesson) => self.lessons.push(Taught { number, lesson, undone: None }),
            Deed::Undone { lesson, .. } => {
                for one in self.lessons.iter_mut().filter(|one| one.number == lesson) {
                    one.undone = Some(number);
                }
            }
            Deed::RolledBack { version, .. } => {
                for one in &mut self.lessons {
                    if one.number > version {
                        one.undone = one.undone.or(Some(number));
                    } else if one.undone.is_some_and(|by| by > version) {
                        one.undone = None;
                    }
                }
            }
            Deed::Compacted => self.oldest = number,
        }
    }

    /// Drops what was taken back, then the oldest lessons of whoever has most, down to half.
    fn compact(&mut self) -> Result<(), LearningError> {
        let mut kept = std::mem::take(&mut self.lessons);
        kept.retain(|one| one.undone.is_none());
        self.lessons = newest(kept, self.octets / 2);
        self.version = self.version.saturating_add(1);
        self.oldest = self.version;
        let taught =
            |one: &Taught| Record { number: one.number, deed: Deed::Taught(one.lesson.clone()) };
        let mut records: Vec<Record> = self.lessons.iter().map(taught).collect();
        records.push(Record { number: self.version, deed: Deed::Compacted });
        self.journal.rewrite(&records)
    }
}

/// The lessons that stay: while they are too many, the tenant with most loses its oldest.
fn newest(lessons: Vec<Taught>, room: u64) -> Vec<Taught> {
    let weight = |one: &Taught| one.lesson.features.len() as u64 * 10 + 512;
    let mut tenants: BTreeMap<String, (u64, Vec<Taught>)> = Default::default();
    for one in lessons {
        let (sum, list) = tenants.entry(one.lesson.tenant.clone()).or_default();
        *sum += weight(&one);
        list.push(one);
    }
    let all: u64 = tenants.values().map(|(sum, _)| *sum).sum();
    // The share up to which nobody loses anything: found from the smallest tenant on.
    let mut sums: Vec<u64> = tenants.values().map(|(sum, _)| *sum).collect();
    sums.sort_unstable();
    let (mut left, mut share) = (room, u64::MAX);
    for (at, sum) in sums.iter().enumerate().filter(|_| all > room) {
        let even = left / (sums.len() - at) as u64;
        share = even;
        if *sum > even {
            break;
        }
        left -= sum;
    }
    let mut kept = Vec::new();
    for (_, list) in tenants.into_values() {
        let mut room = share;
        let fits = |one: &Taught| {
            let left = room.checked_sub(weight(one));
            room = left.unwrap_or(0);
            left.is_some()
        };
        kept.extend(list.into_iter().rev().take_while(fits));
    }
    kept.sort_by_key(|one| one.number);
    kept
}

fn cut(text: &str) -> String {
    text.get(..text.floor_char_boundary(limits::NAME_OCTETS)).unwrap_or_default().to_owned()
}
