//! Making queue's changes durable: one group commit for everything gathered since the last one.

use std::io::IoSlice;
use std::sync::Arc;

use mail::MessageId;

use crate::Place;
use crate::SpoolError;
use crate::commit::{Content, Submission};
use crate::error::During;
use crate::journal::push_adopt;
use crate::keeper::{Ground, KeeperCore, Logs};
use crate::layout::{OWN, UNPLACED};
use crate::record;
use crate::segment::START;

/// A message on its way to a segment of queue's own.
pub(crate) struct Outgoing {
    pub id: MessageId,
    pub head: Vec<u8>,
    pub body: Vec<u8>,
    /// Octets of the body, if it has a file of its own.
    pub large: Option<u64>,
    pub crc: u32,
    /// Where it lies until then.
    pub from: Place,
}

impl Outgoing {
    fn submission(&self) -> Submission<'_> {
        let content = match self.large {
            Some(octets) => Content::Large(octets),
            None => Content::Inline(&self.body),
        };
        Submission { id: self.id, head: &self.head, content, body_crc: self.crc }
    }
}

/// One group commit: made by [`KeeperCore::begin_sync`], given back to [`KeeperCore::end_sync`].
pub struct SyncWork {
    ground: Ground,
    logs: Logs,
    outgoing: Vec<Arc<Outgoing>>,
    pending: Vec<u8>,
    upto: u64,
    placed: Vec<(Arc<Outgoing>, Place)>,
}

impl SyncWork {
    /// Writes and syncs. Touches nothing but the disk.
    ///
    /// # Errors
    /// When anything of it is not durable for certain. The segment at fault is given up.
    pub fn run(&mut self) -> Result<(), SpoolError> {
        self.write_messages()?;
        // Only now may the journal say where they lie.
        self.write_journal()
    }

    fn write_messages(&mut self) -> Result<(), SpoolError> {
        let submissions: Vec<Submission<'_>> =
            self.outgoing.iter().map(|outgoing| outgoing.submission()).collect();
        let mut rest = submissions.as_slice();
        while !rest.is_empty() {
            let (disk, options) = (&*self.ground.disk, &self.ground.options);
            let places = self.logs.own.write_group(disk, options, rest)?;
            self.logs.own.sync()?;
            rest = rest.get(places.len()..).unwrap_or_default();
            for place in places {
                let place = Place { segment: place.segment | OWN, ..place };
                if let Some(outgoing) = self.outgoing.get(self.placed.len()) {
                    self.placed.push((Arc::clone(outgoing), place));
                }
            }
        }
        Ok(())
    }

    /// Where new messages lie comes before what was recorded of them, and where moved messages
    /// lie comes last, after any older word about it.
    fn journal_records(&self) -> Vec<u8> {
        let mut records = Vec::with_capacity(self.pending.len() + self.placed.len() * 56);
        let (new, moved): (Vec<_>, Vec<_>) =
            self.placed.iter().partition(|(outgoing, _)| outgoing.from == UNPLACED);
        for (outgoing, place) in new {
            push_adopt(&mut records, outgoing.id, *place);
        }
        records.extend_from_slice(&self.pending);
        for (outgoing, place) in moved {
            push_adopt(&mut records, outgoing.id, *place);
        }
        records
    }

    fn write_journal(&mut self) -> Result<(), SpoolError> {
        let mut records = self.journal_records();
        if records.is_empty() {
            return Ok(());
        }
        let length = records.len() as u64;
        let (disk, options) = (&*self.ground.disk, &self.ground.options);
        let full = |position| position > START && position + length > options.journal_octets;
        let appender = self.logs.journal.ready(disk, options, full)?;
        record::stamp(&mut records, appender.salt, appender.position);
        let mut parts = vec![IoSlice::new(&records)];
        if let Err(error) = appender.append(&mut parts, length, options.ahead_octets) {
            self.logs.journal.poison();
            return Err(error).during("write to", &self.ground.layout.journal());
        }
        self.logs.journal.sync()
    }
}

impl KeeperCore {
    /// True when a change was made that is not durable.
    #[must_use]
    pub fn needs_sync(&self) -> bool {
        !self.pending.is_empty() || !self.outgoing.is_empty() || self.durable < self.sequence
    }

    /// Takes everything gathered so far for one group commit; `None` when there is nothing to do,
    /// or when a commit is under way.
    pub fn begin_sync(&mut self) -> Option<SyncWork> {
        if !self.needs_sync() {
            return None;
        }
        let logs = self.logs.take()?;
        Some(SyncWork {
            ground: self.ground.clone(),
            logs,
            outgoing: std::mem::take(&mut self.outgoing),
            pending: std::mem::take(&mut self.pending),
            upto: self.sequence,
            placed: Vec::new(),
        })
    }

    /// Takes the result in. After a failure everything is gathered again, in its order, for the
    /// next commit: the octets are written anew to a new segment, never synced a second time.
    pub fn end_sync(&mut self, work: SyncWork, result: &Result<(), SpoolError>) {
        let SyncWork { mut logs, outgoing, mut pending, upto, placed, .. } = work;
        for number in logs.own.begun.drain(..) {
            self.segments.entry(OWN | number).or_default();
        }
        for number in logs.own.closed.drain(..) {
            self.segments.entry(OWN | number).or_default().closed = true;
        }
        self.journal_numbers.extend(logs.journal.begun.drain(..));
        logs.journal.closed.clear();
        self.logs = Some(logs);
        match result {
            Ok(()) => {
                self.durable = self.durable.max(upto);
                for (outgoing, place) in placed {
                    self.settle(&outgoing, place, upto);
                }
            }
            Err(_) => {
                // The journal may say that these lie where they were written this time: that place
                // must outlast the word of where they lie next.
                let sequence = self.next_sequence();
                for (_, place) in &placed {
                    self.segments.entry(place.segment).or_default().touched = sequence;
                }
                pending.append(&mut self.pending);
                self.pending = pending;
                let newer = std::mem::take(&mut self.outgoing);
                self.outgoing = outgoing.into_iter().chain(newer).collect();
                let live = &self.live;
                self.outgoing.retain(|outgoing| live.contains_key(&outgoing.id));
            }
        }
    }

    /// A message lies at its new place, durably.
    fn settle(&mut self, outgoing: &Outgoing, place: Place, upto: u64) {
        self.chores.moving.remove(&outgoing.id);
        let Some(live) = self.live.get_mut(&outgoing.id) else {
            // Finished meanwhile: until that is durable, the journal says that it lies here.
            let sequence = self.sequence;
            self.segments.entry(place.segment).or_default().touched = sequence;
            return;
        };
        if live.place != outgoing.from {
            return;
        }
        live.place = place;
        self.unplaced.remove(&outgoing.id);
        if let Some(old) = self.segments.get_mut(&outgoing.from.segment) {
            old.live = old.live.saturating_sub(1);
            old.touched = old.touched.max(upto);
        }
        self.segments.entry(place.segment).or_default().live += 1;
    }

    /// The whole commit at once.
    ///
    /// # Errors
    /// As [`SyncWork::run`]; the changes are then not durable for certain, and gathered again.
    pub fn sync(&mut self) -> Result<(), SpoolError> {
        let Some(mut work) = self.begin_sync() else { return Ok(()) };
        let result = work.run();
        self.end_sync(work, &result);
        result
    }
}
