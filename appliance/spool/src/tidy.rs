//! Making room: segments whose messages are all finished go, what outlives its segment is copied
//! out, and the journal is cleaned from its oldest end.
//!
//! Work comes in chores. [`KeeperCore::next_chore`] and [`KeeperCore::end_chore`] only think,
//! [`Chore::run`] only touches the disk, so queue is never held up. The order that keeps every
//! promise: nothing is removed before the journal that makes it needless is durable, and the
//! removal is durable before the journal forgets why.

use std::collections::{BTreeSet, VecDeque};
use std::io::{ErrorKind, Result as IoResult};
use std::path::PathBuf;
use std::sync::Arc;

use mail::MessageId;

use crate::error::During;
use crate::inspect::Inspection;
use crate::journal::{self, Note, note};
use crate::keeper::{Ground, KeeperCore};
use crate::layout::{OWN, UNPLACED, large_name};
use crate::read::Located;
use crate::record::Header;
use crate::scan::scan;
use crate::segment::{self, Segment};
use crate::sync::Outgoing;
use crate::{Place, SpoolError, limits};

/// Journal segments that are never worth cleaning.
const CLEAN_FROM: usize = 3;

/// Records of the journal, to be gone through.
type Records = VecDeque<(Header, Vec<u8>)>;

/// A journal segment that is being cleaned.
pub(crate) struct Cleaning {
    number: u64,
    records: Records,
    octets: u64,
    kept: u64,
    /// Number of the last change that carries something of it over.
    done_at: u64,
}

/// Messages that are being copied out of a segment.
struct Copying {
    segment: u64,
    left: VecDeque<(MessageId, Place)>,
}

/// What tidying has under way.
#[derive(Default)]
pub(crate) struct Chores {
    /// Messages copied out whose new place is not durable yet.
    pub moving: BTreeSet<MessageId>,
    cleaning: Option<Cleaning>,
    copying: Option<Copying>,
    /// Journal segments at which cleaning pays again, and the live messages when that was set.
    clean_at: usize,
    clean_live: usize,
    /// Left-over large bodies below this number are swept away.
    swept: u64,
    litter: Vec<PathBuf>,
}

/// A piece of work on the disk.
pub struct Chore {
    ground: Ground,
    work: Work,
    failed: Option<SpoolError>,
}

enum Work {
    Inspect(Inspection),
    /// Looks which messages lie in a segment that is to be emptied.
    Survey(Inspection),
    Copy {
        from: Vec<Located>,
        copies: Vec<Outgoing>,
    },
    /// Finds the large bodies of finished messages.
    Bodies {
        of: Vec<Located>,
        paths: Vec<PathBuf>,
    },
    Remove {
        paths: Vec<PathBuf>,
        folders: BTreeSet<PathBuf>,
        segments: Vec<u64>,
    },
    LoadJournal {
        number: u64,
        records: Records,
        octets: u64,
    },
    DropJournal(u64),
    Sweep {
        names: Vec<String>,
    },
}

fn remove_if_there(ground: &Ground, path: &std::path::Path) -> IoResult<()> {
    match ground.disk.remove(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

impl Chore {
    /// Does it. Touches nothing but the disk.
    pub fn run(&mut self) {
        self.failed = self.work.run(&self.ground).err();
    }
}

impl Work {
    fn run(&mut self, ground: &Ground) -> Result<(), SpoolError> {
        match self {
            Work::Inspect(inspection) | Work::Survey(inspection) => inspection.run(),
            // What cannot be read stays where it is; reading it for delivery tells why.
            Work::Copy { from, copies } => {
                copies.extend(from.iter().filter_map(|located| located.copy().ok()));
            }
            Work::Bodies { of, paths } => {
                paths.extend(of.iter().filter_map(Located::large_path));
            }
            Work::Remove { paths, folders, .. } => {
                for path in paths.iter() {
                    remove_if_there(ground, path).during("remove", path)?;
                }
                for folder in folders.iter() {
                    ground.disk.sync_folder(folder).during("sync the folder", folder)?;
                }
            }
            Work::LoadJournal { number, records, octets } => {
                (*records, *octets) = load_journal(ground, *number)?;
            }
            Work::DropJournal(number) => {
                let folder = ground.layout.journal();
                let path = segment::path(&folder, *number);
                remove_if_there(ground, &path).during("remove", &path)?;
                ground.disk.sync_folder(&folder).during("sync the folder", &folder)?;
            }
            Work::Sweep { names } => {
                let folder = ground.layout.large();
                let entries = ground.disk.list(&folder).during("list the folder", &folder)?;
                names.extend(entries.into_iter().map(|entry| entry.name));
            }
        }
        Ok(())
    }
}

/// The records of a journal segment, and their octets.
fn load_journal(ground: &Ground, number: u64) -> Result<(Records, u64), SpoolError> {
    let folder = ground.layout.journal();
    let path = segment::path(&folder, number);
    let mut records = VecDeque::new();
    let mut octets = 0;
    match Segment::open(&*ground.disk, &folder, number) {
        Ok(Ok(segment)) => {
            scan(&*segment.file, segment.salt, |_, header, head| {
                octets += header.length();
                records.push_back((*header, head.to_vec()));
            })
            .during("read", &path)?;
        }
        Ok(Err(_)) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).during("open", &path),
    }
    Ok((records, octets))
}

impl KeeperCore {
    /// The next thing worth doing; `None` when all is tidy, or waits for a sync.
    pub fn next_chore(&mut self) -> Option<Chore> {
        self.note_complete();
        self.clean_some();
        let work = self
            .bodies_chore()
            .or_else(|| self.litter_chore())
            .or_else(|| self.remove_chore())
            .or_else(|| self.inspect_chore())
            .or_else(|| self.copy_chore())
            .or_else(|| self.survey_chore())
            .or_else(|| self.journal_chore())
            .or_else(|| self.sweep_chore())?;
        Some(Chore { ground: self.ground.clone(), work, failed: None })
    }

    /// Takes its result in.
    ///
    /// # Errors
    /// Why it failed, if it did; it will be offered again.
    pub fn end_chore(&mut self, chore: Chore) -> Result<(), SpoolError> {
        if let Some(error) = chore.failed {
            self.put_back(chore.work);
            return Err(error);
        }
        match chore.work {
            Work::Inspect(inspection) => {
                self.take_in(inspection);
            }
            Work::Survey(inspection) => self.begin_copying(&inspection),
            Work::Copy { copies, .. } => self.send_out(copies),
            Work::Bodies { paths, .. } => self.chores.litter.extend(paths),
            Work::Remove { segments, .. } => {
                for segment in segments {
                    self.segments.remove(&segment);
                }
            }
            Work::LoadJournal { number, records, octets } => {
                let done_at = self.sequence;
                self.chores.cleaning = Some(Cleaning { number, records, octets, kept: 0, done_at });
            }
            Work::DropJournal(number) => self.end_cleaning(number),
            Work::Sweep { names } => self.find_litter(&names),
        }
        Ok(())
    }

    /// Chores that took something off a list put it on again.
    fn put_back(&mut self, work: Work) {
        match work {
            Work::Remove { paths, segments, .. } if segments.is_empty() => {
                self.chores.litter.extend(paths);
            }
            Work::Sweep { .. } => self.chores.swept = 0,
            _ => {}
        }
    }

    /// Does up to `chores` chores, one after the other, with a sync where one is needed.
    ///
    /// # Errors
    /// The first failure; nothing is lost by it.
    pub fn tidy(&mut self, chores: usize) -> Result<(), SpoolError> {
        for _ in 0..chores {
            let Some(mut chore) = self.next_chore() else {
                if !self.needs_sync() {
                    break;
                }
                self.sync()?;
                continue;
            };
            chore.run();
            self.end_chore(chore)?;
        }
        Ok(())
    }

    /// Notes segments of intake's of which every message is in the journal.
    fn note_complete(&mut self) {
        let mut sequence = self.sequence;
        for (number, state) in &mut self.segments {
            let known = state.closed && state.total.is_some() && state.unseen.is_empty();
            if number & OWN != 0 || !known || state.complete || state.stuck {
                continue;
            }
            sequence += 1;
            state.complete = true;
            state.touched = sequence;
            state.finished.clear();
            journal::push_complete(&mut self.pending, *number, state.salt);
        }
        self.sequence = sequence;
    }

    fn bodies_chore(&mut self) -> Option<Work> {
        let durable = self.durable;
        let (ripe, rest): (Vec<_>, Vec<_>) =
            self.doomed.drain(..).partition(|(sequence, ..)| *sequence <= durable);
        self.doomed = rest;
        let mut of = Vec::new();
        for (_, id, place) in ripe {
            // A body that cannot be found now is swept away later.
            of.extend(self.readers.locate(&self.ground, id, place).ok());
        }
        (!of.is_empty()).then(|| Work::Bodies { of, paths: Vec::new() })
    }

    fn litter_chore(&mut self) -> Option<Work> {
        let paths = std::mem::take(&mut self.chores.litter);
        // Not synced: a large body that comes back after a power cut is swept away.
        let (folders, segments) = (BTreeSet::new(), Vec::new());
        (!paths.is_empty()).then_some(Work::Remove { paths, folders, segments })
    }

    fn remove_chore(&mut self) -> Option<Work> {
        let durable = self.durable;
        // intake begins behind the newest segment that it finds: while that one stays, no number
        // comes twice, and what is removed here cannot be a new segment of the same name.
        let newest = self.segments.iter().rfind(|(number, state)| state.present && **number < OWN);
        let newest = newest.map(|(number, _)| *number);
        let ripe = self.segments.iter().filter(|(number, state)| {
            let accounted = state.complete || **number & OWN != 0;
            let idle = state.live == 0 && state.touched <= durable && !state.stuck;
            state.closed && accounted && idle && Some(**number) != newest
        });
        let segments: Vec<u64> = ripe.map(|(number, _)| *number).collect();
        let mut paths = Vec::new();
        let mut folders = BTreeSet::new();
        for segment in &segments {
            self.readers.forget(*segment);
            let (folder, number) = self.ground.layout.segment(*segment);
            paths.push(segment::path(&folder, number));
            folders.insert(folder);
        }
        (!segments.is_empty()).then_some(Work::Remove { paths, folders, segments })
    }

    fn inspect_chore(&mut self) -> Option<Work> {
        let next = self.segments.iter().find(|(_, state)| {
            state.closed && state.total.is_none() && !state.stuck && !state.complete
        });
        next.map(|(number, _)| Work::Inspect(Inspection::new(&self.ground, *number, true)))
    }

    /// Emptying a segment pays when little of it is alive.
    fn survey_chore(&mut self) -> Option<Work> {
        let busy = self.chores.cleaning.is_some() || !self.chores.moving.is_empty();
        if busy || self.chores.copying.is_some() {
            return None;
        }
        let next = self.segments.iter().find(|(number, state)| {
            let accounted = state.complete || **number & OWN != 0;
            let few = state.total.is_none_or(|total| state.live <= total / 4);
            state.closed && accounted && few && state.live > 0 && !state.stuck && !state.copied
        });
        next.map(|(number, _)| Work::Survey(Inspection::new(&self.ground, *number, true)))
    }

    fn begin_copying(&mut self, inspection: &Inspection) {
        let segment = inspection.number;
        let mut left = VecDeque::new();
        let mut total = 0;
        if let crate::inspect::Found::Records(found) = &inspection.found {
            for sealed in &found.messages {
                total += 1;
                let place = sealed.place(segment);
                if self.live.get(&sealed.id).is_some_and(|live| live.place == place) {
                    left.push_back((sealed.id, place));
                }
            }
        }
        let Some(state) = self.segments.get_mut(&segment) else { return };
        state.total = Some(total);
        if state.live > total / 4 {
            return;
        }
        state.copied = true;
        self.chores.copying = Some(Copying { segment, left });
    }

    fn copy_chore(&mut self) -> Option<Work> {
        let copying = self.chores.copying.as_mut()?;
        let mut from = Vec::new();
        while from.len() < limits::COPIES_PER_STEP {
            let Some((id, place)) = copying.left.pop_front() else { break };
            if self.live.get(&id).is_some_and(|live| live.place == place) {
                from.extend(self.readers.locate(&self.ground, id, place).ok());
            }
        }
        if copying.left.is_empty() {
            tracing::debug!(segment = copying.segment, "copied out what outlives its segment");
            self.chores.copying = None;
        }
        (!from.is_empty()).then(|| Work::Copy { from, copies: Vec::new() })
    }

    fn send_out(&mut self, copies: Vec<Outgoing>) {
        for copy in copies {
            let id = copy.id;
            if self.live.get(&id).is_some_and(|live| live.place == copy.from) {
                self.next_sequence();
                self.chores.moving.insert(id);
                self.outgoing.push(Arc::new(copy));
            }
        }
    }

    /// Carries what still holds of the journal segment that is being cleaned to the journal's end.
    fn clean_some(&mut self) {
        if !self.chores.moving.is_empty() {
            // Its words about places would come after those of the move.
            return;
        }
        let Some(mut cleaning) = self.chores.cleaning.take() else { return };
        let before = self.pending.len();
        for _ in 0..limits::CLEANED_PER_STEP {
            let Some((header, head)) = cleaning.records.pop_front() else { break };
            if let Some(note) = note(&header, &head) {
                self.carry_over(note);
            }
            if cleaning.records.is_empty() {
                cleaning.done_at = self.next_sequence();
            }
        }
        cleaning.kept += (self.pending.len() - before) as u64;
        self.chores.cleaning = Some(cleaning);
    }

    fn carry_over(&mut self, note: Note<'_>) {
        match note {
            Note::Adopt(id, _) => {
                let place = self.live.get(&id).map(|live| live.place);
                if let Some(place) = place.filter(|place| *place != UNPLACED) {
                    journal::push_adopt(&mut self.pending, id, place);
                }
            }
            Note::State(id, number, state) => {
                if let Some(live) = self.live.get_mut(&id).filter(|live| live.state == number) {
                    self.sequence += 1;
                    live.state = self.sequence;
                    journal::push_state(&mut self.pending, id, self.sequence, state);
                }
            }
            Note::Finish(id, origin) => {
                let incomplete = |state: &crate::keeper::SegmentState| !state.complete;
                if origin & OWN == 0 && self.segments.get(&origin).is_some_and(incomplete) {
                    journal::push_finish(&mut self.pending, id, origin);
                }
            }
            Note::Complete(number, salt) => {
                let same = |state: &crate::keeper::SegmentState| state.complete;
                if self.segments.get(&number).is_some_and(same) {
                    journal::push_complete(&mut self.pending, number, salt);
                }
            }
        }
    }

    fn journal_chore(&mut self) -> Option<Work> {
        if let Some(cleaning) = &self.chores.cleaning {
            let done = cleaning.records.is_empty() && cleaning.done_at <= self.durable;
            return done.then_some(Work::DropJournal(cleaning.number));
        }
        if self.live.len() <= self.chores.clean_live / 2 {
            self.chores.clean_at = CLEAN_FROM;
        }
        let enough = self.journal_numbers.len() >= self.chores.clean_at.max(CLEAN_FROM);
        let idle = self.chores.copying.is_none() && self.chores.moving.is_empty();
        let oldest = self.journal_numbers.first().filter(|_| enough && idle)?;
        let (number, records, octets) = (*oldest, VecDeque::new(), 0);
        Some(Work::LoadJournal { number, records, octets })
    }

    fn end_cleaning(&mut self, number: u64) {
        self.journal_numbers.remove(&number);
        let Some(cleaning) = self.chores.cleaning.take() else { return };
        // Where most of it still held, cleaning more now would only copy; wait for it to grow.
        let mostly_live = cleaning.kept * 2 > cleaning.octets;
        let count = self.journal_numbers.len();
        self.chores.clean_live = self.live.len();
        self.chores.clean_at = if mostly_live { count + count / 2 + 1 } else { CLEAN_FROM };
    }

    /// Large bodies of sessions that ended before their message was sealed are nobody's.
    fn sweep_chore(&mut self) -> Option<Work> {
        let settled = self.durable == self.sequence && !self.needs_sync();
        let floor = self.floor;
        let searched = self.segments.range(..floor).all(|(_, state)| state.complete);
        if self.chores.swept >= floor || !settled || !searched {
            return None;
        }
        self.chores.swept = floor;
        Some(Work::Sweep { names: Vec::new() })
    }

    fn find_litter(&mut self, names: &[String]) {
        let folder = self.ground.layout.large();
        for name in names {
            let Some((first, id)) = large_name(name) else { continue };
            if first < self.floor && !self.live.contains_key(&id) {
                self.chores.litter.push(folder.join(name));
            }
        }
    }
}
