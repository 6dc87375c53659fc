//! queue's side of the spool, without threads: what is live, where it lies and what state it is in.
//!
//! Changes are gathered in memory and made durable by [`KeeperCore::begin_sync`],
//! [`SyncWork::run`](crate::SyncWork::run) and [`KeeperCore::end_sync`], of which only the middle
//! one touches the disk. No envelope, body or state is held in memory. Start with
//! [`KeeperCore::open`].

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mail::{Envelope, MessageId};
use world::Disk;

use crate::commit::Segments;
use crate::error::During;
use crate::inspect::{Found, Inspection, Searched};
use crate::journal::{self, Doubt, Replay, Replayed};
use crate::layout::{LARGE, Layout, OWN, Options, UNPLACED, encode_head};
use crate::read::{Located, Readers, body_is_whole};
use crate::scan::scan;
use crate::segment::{self, Segment};
use crate::sync::Outgoing;
use crate::tidy::Chores;
use crate::{Place, SpoolError, limits};

/// A live message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The message.
    pub id: MessageId,
    /// Where it lies.
    pub place: Place,
    /// What was last recorded of it; `None` when nothing was.
    pub state: Option<Vec<u8>>,
}

/// Something that was durable and does not read back. Never silent: queue makes an event of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// The message, where it is known.
    pub id: Option<MessageId>,
    /// What is wrong.
    pub because: String,
}

/// What was there at the start.
#[derive(Debug, Default)]
pub struct Recovery {
    /// The live messages, by age.
    pub messages: Vec<Kept>,
    /// What was lost. Empty but for a failing disk.
    pub damage: Vec<Damage>,
}

/// The answer to [`KeeperCore::adopt`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adopted {
    /// It was not known.
    New,
    /// It is live already.
    Live,
    /// It was finished before.
    Finished,
}

/// Give this to [`KeeperCore::orphans`] to search every segment while intake goes on writing.
pub const EVERY_SEGMENT: u64 = u64::MAX;

/// About one live message. Small: there may be a million.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Live {
    pub place: Place,
    /// Number of its latest state; 0 for none.
    pub state: u64,
}

/// About one segment of messages.
#[derive(Debug, Default)]
pub(crate) struct SegmentState {
    /// Live messages that lie in it.
    pub live: u32,
    /// Those of its messages that are known to be finished; forgotten when it is complete.
    pub finished: BTreeSet<MessageId>,
    /// Its file has been seen.
    pub present: bool,
    /// No record will be added.
    pub closed: bool,
    /// Once closed and gone through: how many messages it holds.
    pub total: Option<u32>,
    /// Once gone through: messages that nobody has adopted yet.
    pub unseen: BTreeSet<MessageId>,
    /// Once gone through: its salt.
    pub salt: u64,
    /// The journal knows every message of it.
    pub complete: bool,
    /// Number of the last change that concerns it; it may be removed when that is durable.
    pub touched: u64,
    /// It cannot be read through; it stays for a person to look at.
    pub stuck: bool,
    /// What outlives it was copied out already, as far as it could be read.
    pub copied: bool,
}

/// The disk and the folders.
#[derive(Clone)]
pub(crate) struct Ground {
    pub disk: Arc<dyn Disk>,
    pub layout: Layout,
    pub options: Options,
}

/// What a sync appends to.
pub(crate) struct Logs {
    pub journal: Segments,
    pub own: Segments,
}

/// queue's side of the spool.
pub struct KeeperCore {
    pub(crate) ground: Ground,
    pub(crate) live: BTreeMap<MessageId, Live>,
    pub(crate) segments: BTreeMap<u64, SegmentState>,
    /// Inserted, and not in a segment yet.
    pub(crate) unplaced: BTreeMap<MessageId, Arc<Outgoing>>,
    /// To be written to a segment of our own by the next sync.
    pub(crate) outgoing: Vec<Arc<Outgoing>>,
    /// Journal records that the next sync writes.
    pub(crate) pending: Vec<u8>,
    /// Number of the latest change.
    pub(crate) sequence: u64,
    /// Changes up to this number are durable.
    pub(crate) durable: u64,
    /// The logs, unless a sync has them.
    pub(crate) logs: Option<Logs>,
    /// Journal segments that are there, the one in use included.
    pub(crate) journal_numbers: BTreeSet<u64>,
    pub(crate) readers: Readers,
    /// Finished messages with a large body to remove: number of the change, place.
    pub(crate) doomed: Vec<(u64, MessageId, Place)>,
    pub(crate) chores: Chores,
    pub(crate) damage: Vec<Damage>,
    /// intake's segments below this number are closed.
    pub(crate) floor: u64,
}

/// Reads the journal from its oldest record on.
fn replay(
    ground: &Ground,
    numbers: &[u64],
    damage: &mut Vec<Damage>,
) -> Result<Replay, SpoolError> {
    let folder = ground.layout.journal();
    let mut replay = Replay::default();
    for number in numbers {
        let path = segment::path(&folder, *number);
        let opened = Segment::open(&*ground.disk, &folder, *number).during("open", &path)?;
        // A segment whose start is not there was never used: its start is durable before that.
        let Ok(segment) = opened else { continue };
        let mut last_group = Vec::new();
        let scanned = scan(&*segment.file, segment.salt, |_, header, head| {
            replay.apply(header, head);
            if header.first {
                last_group.clear();
            }
            last_group.extend(Doubt::of(header, head));
        });
        let scanned = scanned.during("read", &path)?;
        damage.extend(damage_of(&path, &scanned.damage));
        if !scanned.closed {
            replay.doubtful.extend(last_group);
        }
    }
    Ok(replay)
}

/// Damaged stretches of a file, in words.
pub(crate) fn damage_of(path: &Path, stretches: &[std::ops::Range<u64>]) -> Vec<Damage> {
    let of = |stretch: &std::ops::Range<u64>| Damage {
        path: path.to_owned(),
        id: None,
        because: format!("octets {} to {} do not read back", stretch.start, stretch.end),
    };
    stretches.iter().map(of).collect()
}

impl KeeperCore {
    /// Reads the journal and finds what is live. Reads no envelope and no body. Changes nothing on
    /// the disk but making missing folders, so a start that is cut short does no harm.
    ///
    /// # Errors
    /// When a folder or the journal cannot be read at all.
    pub fn open(
        disk: Arc<dyn Disk>,
        folder: &Path,
        options: Options,
    ) -> Result<(Self, Recovery), SpoolError> {
        let ground = Ground { disk, layout: Layout::new(folder), options };
        ground.layout.make(&*ground.disk)?;
        let mut damage = Vec::new();
        let (journal_folder, own_folder) = (ground.layout.journal(), ground.layout.own());
        let list = |folder: &PathBuf| {
            segment::numbers(&*ground.disk, folder).during("list the folder", folder)
        };
        let journals = list(&journal_folder)?;
        let own = list(&own_folder)?;
        let replayed = replay(&ground, &journals, &mut damage)?;
        let next = |numbers: &[u64]| numbers.last().map_or(1, |last| last + 1);
        let mut keeper = KeeperCore {
            live: BTreeMap::new(),
            segments: BTreeMap::new(),
            unplaced: BTreeMap::new(),
            outgoing: Vec::new(),
            pending: Vec::new(),
            sequence: replayed.sequence,
            durable: replayed.sequence,
            logs: Some(Logs {
                journal: Segments::new(journal_folder, next(&journals)),
                own: Segments::new(own_folder, next(&own)),
            }),
            journal_numbers: journals.into_iter().collect(),
            readers: Readers::default(),
            doomed: Vec::new(),
            chores: Chores::default(),
            damage,
            floor: 0,
            ground,
        };
        keeper.know_segments(&own, &replayed)?;
        let messages = keeper.know_live(replayed);
        let damage = keeper.take_damage();
        Ok((keeper, Recovery { messages, damage }))
    }

    /// Takes in which segments are there and what the journal says of them.
    fn know_segments(&mut self, own: &[u64], replayed: &Replay) -> Result<(), SpoolError> {
        for number in own {
            let state = self.segments.entry(OWN | number).or_default();
            state.present = true;
            state.closed = true;
        }
        let folder = self.ground.layout.intake();
        let numbers = segment::numbers(&*self.ground.disk, &folder);
        // With a damaged journal, what it says is complete may not be: look again, since a message
        // delivered twice is better than one lost.
        let trusted = self.damage.is_empty();
        for number in numbers.during("list the folder", &folder)? {
            let salt = replayed.complete.get(&number).copied().filter(|_| trusted);
            let complete = salt.is_some_and(|salt| self.has_salt(number, salt));
            let finished = replayed.finished.get(&number).filter(|_| !complete);
            let state = self.segments.entry(number).or_default();
            state.present = true;
            state.complete = complete;
            state.closed = complete;
            state.finished = finished.cloned().unwrap_or_default();
        }
        Ok(())
    }

    fn has_salt(&self, number: u64, salt: u64) -> bool {
        let folder = self.ground.layout.intake();
        let opened = Segment::open(&*self.ground.disk, &folder, number);
        matches!(opened, Ok(Ok(segment)) if segment.salt == salt)
    }

    fn know_live(&mut self, replayed: Replay) -> Vec<Kept> {
        let Replay { live, finished, complete, doubtful, .. } = replayed;
        self.reaffirm_ends(&finished, &complete, &doubtful);
        let mut messages = Vec::with_capacity(live.len());
        let mut known = Vec::with_capacity(live.len());
        for (id, Replayed { place, sequence, state }) in live {
            // A state without a place is left over from a group that was torn: never promised.
            if place == UNPLACED {
                continue;
            }
            let Some(segment) = self.segments.get_mut(&place.segment) else {
                self.damage.push(self.lost(id, place));
                continue;
            };
            segment.live += 1;
            let mut number = sequence;
            if doubtful.contains(&Doubt::Message(id)) {
                number = self.reaffirm(id, place, sequence, state.as_deref());
            }
            known.push((id, Live { place, state: number }));
            messages.push(Kept { id, place, state: state.map(Vec::from) });
        }
        // Built at once, its nodes are full; built one by one in order, half of each is empty.
        self.live = known.into_iter().collect();
        messages
    }

    /// What was read may be in the system's memory alone: the group commit that wrote it may have
    /// failed, and then no sync of that file brings it to the disk. Say it again in the next one.
    fn reaffirm(&mut self, id: MessageId, place: Place, number: u64, state: Option<&[u8]>) -> u64 {
        let sequence = self.next_sequence();
        journal::push_adopt(&mut self.pending, id, place);
        let Some(state) = state else { return number };
        journal::push_state(&mut self.pending, id, sequence, state);
        sequence
    }

    fn reaffirm_ends(
        &mut self,
        finished: &BTreeMap<u64, BTreeSet<MessageId>>,
        complete: &BTreeMap<u64, u64>,
        doubtful: &BTreeSet<Doubt>,
    ) {
        for (segment, salt) in complete {
            if doubtful.contains(&Doubt::Segment(*segment)) {
                self.next_sequence();
                journal::push_complete(&mut self.pending, *segment, *salt);
            }
        }
        for (origin, ids) in finished {
            for id in ids.iter().filter(|id| doubtful.contains(&Doubt::Message(**id))) {
                let sequence = self.next_sequence();
                journal::push_finish(&mut self.pending, *id, *origin);
                if let Some(state) = self.segments.get_mut(origin) {
                    state.touched = sequence;
                }
            }
        }
    }

    fn lost(&self, id: MessageId, place: Place) -> Damage {
        let (folder, number) = self.ground.layout.segment(place.segment);
        let because = "the segment that holds it is gone".to_owned();
        Damage { path: segment::path(&folder, number), id: Some(id), because }
    }

    /// Damage seen since this was last called.
    pub fn take_damage(&mut self) -> Vec<Damage> {
        std::mem::take(&mut self.damage)
    }

    /// How many messages are live.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// True when no message is live.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    /// Takes charge of a message that intake has sealed. A repeat changes nothing.
    ///
    /// # Errors
    /// When it cannot be told whether its segment is still there.
    pub fn adopt(&mut self, id: MessageId, place: Place) -> Result<Adopted, SpoolError> {
        if self.live.contains_key(&id) {
            return Ok(Adopted::Live);
        }
        if !self.knows_segment(place.segment)? {
            // A segment goes only when all of its messages are finished.
            return Ok(Adopted::Finished);
        }
        let sequence = self.next_sequence();
        let state = self.segments.entry(place.segment).or_default();
        if state.complete || state.finished.contains(&id) {
            return Ok(Adopted::Finished);
        }
        state.present = true;
        state.live += 1;
        state.unseen.remove(&id);
        state.touched = sequence;
        self.live.insert(id, Live { place, state: 0 });
        journal::push_adopt(&mut self.pending, id, place);
        Ok(Adopted::New)
    }

    /// Whether a segment is there; one that intake began since is met here for the first time.
    fn knows_segment(&mut self, segment: u64) -> Result<bool, SpoolError> {
        if self.segments.contains_key(&segment) {
            return Ok(true);
        }
        let (folder, number) = self.ground.layout.segment(segment);
        let path = segment::path(&folder, number);
        match self.ground.disk.open(&path, world::Open::Read) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).during("open", &path),
        }
    }

    pub(crate) fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// Records the latest state of a message, in place of any earlier one.
    ///
    /// # Errors
    /// [`SpoolError::Unknown`] when it is not live, [`SpoolError::TooLarge`].
    pub fn record(&mut self, id: MessageId, state: &[u8]) -> Result<(), SpoolError> {
        let limit = limits::HEAD_OCTETS - 8;
        if state.len() > limit {
            let (octets, limit) = (state.len() as u64, limit as u64);
            return Err(SpoolError::TooLarge { what: "the state of a message", octets, limit });
        }
        let sequence = self.next_sequence();
        let live = self.live.get_mut(&id).ok_or(SpoolError::Unknown(id))?;
        live.state = sequence;
        journal::push_state(&mut self.pending, id, sequence, state);
        Ok(())
    }

    /// Lets go of a message: after the next sync nothing brings it back.
    ///
    /// # Errors
    /// [`SpoolError::Unknown`] when it is not live.
    pub fn finish(&mut self, id: MessageId) -> Result<(), SpoolError> {
        let Live { place, .. } = self.live.remove(&id).ok_or(SpoolError::Unknown(id))?;
        let sequence = self.next_sequence();
        journal::push_finish(&mut self.pending, id, place.segment);
        if self.unplaced.remove(&id).is_some() | self.chores.moving.remove(&id) {
            self.outgoing.retain(|outgoing| outgoing.id != id);
        }
        if place != UNPLACED && place.offset & LARGE != 0 {
            self.doomed.push((sequence, id, place));
        }
        if let Some(state) = self.segments.get_mut(&place.segment) {
            state.live = state.live.saturating_sub(1);
            state.touched = sequence;
            if !state.complete && place.segment & OWN == 0 {
                state.finished.insert(id);
            }
        }
        Ok(())
    }

    /// Takes a message that did not come through intake: a notice of ours or a release. Durable
    /// after the next sync. A repeat while it is live changes nothing.
    ///
    /// # Errors
    /// [`SpoolError::TooLarge`].
    pub fn insert(&mut self, envelope: &Envelope, body: Vec<u8>) -> Result<Adopted, SpoolError> {
        let id = envelope.id;
        if self.live.contains_key(&id) {
            return Ok(Adopted::Live);
        }
        let head = encode_head(0, envelope)?;
        let crc = crc32c::crc32c(&body);
        let outgoing = Arc::new(Outgoing { id, head, body, large: None, crc, from: UNPLACED });
        self.next_sequence();
        self.live.insert(id, Live { place: UNPLACED, state: 0 });
        self.unplaced.insert(id, Arc::clone(&outgoing));
        self.outgoing.push(outgoing);
        Ok(Adopted::New)
    }

    /// Where a live message can be read, without reading it.
    ///
    /// # Errors
    /// [`SpoolError::Unknown`], or when its segment cannot be opened.
    pub fn locate(&mut self, id: MessageId) -> Result<Located, SpoolError> {
        let live = self.live.get(&id).ok_or(SpoolError::Unknown(id))?;
        if let Some(outgoing) = self.unplaced.get(&id) {
            return Ok(Located::unplaced(&self.ground, Arc::clone(outgoing)));
        }
        self.readers.locate(&self.ground, id, live.place)
    }

    /// No record will be added to this segment of intake's.
    pub fn close(&mut self, segment: u64) {
        self.segments.entry(segment).or_default().closed = true;
    }

    /// Sealed messages in intake's segments below `before` that are neither live nor finished: the
    /// queue was not told of them, or had not noted it. Also marks those segments as complete: the
    /// intake that writes has said that it begins at `before`. With [`EVERY_SEGMENT`] it searches
    /// all and marks none. What it returns is not adopted yet.
    ///
    /// # Errors
    /// When the folder cannot be listed. A segment that cannot be read counts as damage.
    pub fn orphans(&mut self, before: u64) -> Result<Vec<Kept>, SpoolError> {
        let folder = self.ground.layout.intake();
        // An intake that failed to begin a segment has told of its number; the next one may use it.
        self.segments
            .retain(|number, state| number & OWN != 0 || *number < before || state.present);
        let numbers = segment::numbers(&*self.ground.disk, &folder);
        let mut orphans = Vec::new();
        for number in numbers.during("list the folder", &folder)? {
            if number >= before {
                continue;
            }
            let state = self.segments.entry(number).or_default();
            state.present = true;
            state.closed |= before != EVERY_SEGMENT;
            if state.complete {
                continue;
            }
            let mut inspection = Inspection::new(&self.ground, number, state.closed);
            inspection.run();
            orphans.extend(self.take_in(inspection));
        }
        if before != EVERY_SEGMENT {
            self.floor = self.floor.max(before);
        }
        Ok(orphans)
    }

    /// Takes in what a search of a segment found; the messages that nobody has adopted.
    pub(crate) fn take_in(&mut self, inspection: Inspection) -> Vec<Kept> {
        let Inspection { number, closed, found, path, .. } = inspection;
        let found = match found {
            Found::Nothing => Searched::default(),
            Found::Gone => {
                self.segments.remove(&number);
                return Vec::new();
            }
            Found::Unreadable(because) => {
                self.damage.push(Damage { path, id: None, because });
                self.segments.entry(number).or_default().stuck = true;
                return Vec::new();
            }
            Found::Records(searched) => searched,
        };
        let state = self.segments.entry(number).or_default();
        let again = state.total.is_some();
        let own = number & OWN != 0;
        let mut total = 0;
        let mut orphans = Vec::new();
        let mut damage = damage_of(&path, &found.damage);
        for sealed in &found.messages {
            let id = sealed.id;
            let known = own || self.live.contains_key(&id) || state.finished.contains(&id);
            let whole = match (&found.segment, known) {
                (Some(segment), false) => body_is_whole(&self.ground, segment, sealed),
                _ => Ok(true),
            };
            let because = match whole {
                Ok(true) => {
                    total += 1;
                    if !known {
                        orphans.push(Kept { id, place: sealed.place(number), state: None });
                    }
                    continue;
                }
                // The torn end of a group that was never acknowledged.
                Ok(false) if sealed.offset >= found.durable => continue,
                Ok(false) => "its body does not read back".to_owned(),
                Err(because) => {
                    // It may be good: the segment must not count as gone through.
                    state.stuck = true;
                    because
                }
            };
            damage.push(Damage { path: path.clone(), id: Some(id), because });
        }
        state.unseen = orphans.iter().map(|kept| kept.id).collect();
        state.salt = found.segment.as_ref().map_or(0, |segment| segment.salt);
        state.present = true;
        // Its own mark tells as well: queue may have started again since it was told.
        state.closed |= found.closed;
        if found.closed || (closed && state.closed) {
            state.total = Some(total);
        }
        if !again {
            self.damage.extend(damage);
        }
        orphans
    }
}
