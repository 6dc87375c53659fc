//! The one owner of all mail in hand. Peers' words come in as happenings, one after another; what
//! follows from each is done at once, without ever waiting for anything.
//!
//! A message goes: waiting for a scan, judged, groups and tickets open, settled (finished, or put
//! off). Only [`Core::settle`] ends it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ipc::contracts::{QueueToDeliver, QueueToIntake, QueueToKeeper, QueueToVault};
use ipc::{Events, Outlet, RoleContext};
use mail::{Deed, Envelope, IdSource, MailEvent, MessageId, Reply, Timestamp};
use policy::Policy;
use tokio::sync::mpsc::UnboundedSender;

use crate::destination::Destinations;
use crate::faces::Listing;
use crate::happening::Happening;
use crate::limits;
use crate::loaded::Loaded;
use crate::pool::{Pool, Task};
use crate::record::Record;
use crate::route::{Destination, Routes};
use crate::settings::Retry;

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Waiting for a scan, being scanned, or being worked on.
    Active,
    /// Put off until a time.
    Deferred(Timestamp),
    /// Held by an operator.
    Held,
}

/// An attempt that deliver works on.
pub(crate) struct Attempt {
    pub(crate) id: MessageId,
    pub(crate) group: usize,
    pub(crate) destination: Arc<Destination>,
}

/// What waits for the next sync of the spool.
pub(crate) enum AfterSync {
    /// Tell deliver that the outcome is kept.
    Settle(u64, Arc<Destination>),
    /// The notice is kept, so the message may go.
    Finish(MessageId),
    /// Tell vault that the released message is kept.
    Readmitted(String, MessageId),
}

/// The state of the role.
pub(crate) struct Core {
    pub(crate) context: RoleContext,
    pub(crate) keeper: spool::Keeper,
    pub(crate) events: Events,
    pub(crate) ids: IdSource,
    pub(crate) happen: UnboundedSender<Happening>,
    pub(crate) policy: Policy,
    pub(crate) routes: Routes,
    pub(crate) retry: Retry,
    pub(crate) host_name: String,
    pub(crate) stages: BTreeMap<MessageId, Stage>,
    /// The records of messages that have one, as the spool keeps them.
    pub(crate) records: HashMap<MessageId, Box<[u8]>>,
    pub(crate) loaded: HashMap<MessageId, Loaded>,
    pub(crate) scans: VecDeque<(Task, Timestamp)>,
    pub(crate) due: BinaryHeap<Reverse<(Timestamp, MessageId)>>,
    pub(crate) pool: Pool,
    pub(crate) destinations: Destinations,
    pub(crate) attempts: HashMap<u64, Attempt>,
    pub(crate) last_attempt: u64,
    pub(crate) tickets: HashMap<u64, crate::keep::Ticket>,
    pub(crate) last_ticket: u64,
    /// Released messages that vault has not confirmed yet, with their items.
    pub(crate) unconfirmed: HashMap<MessageId, String>,
    pub(crate) intakes: HashMap<u64, Outlet<QueueToIntake>>,
    pub(crate) cells_keeper: Option<(u64, Outlet<QueueToKeeper>)>,
    pub(crate) deliver: Option<(u64, Outlet<QueueToDeliver>)>,
    pub(crate) vault: Option<(u64, Outlet<QueueToVault>)>,
    pub(crate) after_sync: Vec<AfterSync>,
    pub(crate) in_sync: Vec<AfterSync>,
    pub(crate) syncing: bool,
    /// Something was written that no sync was asked for yet.
    pub(crate) unsynced: bool,
    pub(crate) tidying: Arc<AtomicBool>,
    pub(crate) pressure: Option<Reply>,
    pub(crate) listings: VecDeque<Listing>,
    pub(crate) finished: u64,
    pub(crate) chance: u32,
}

impl Core {
    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        self.context.clock.now()
    }

    /// Tells one event about a message.
    pub(crate) fn tell(&self, id: MessageId, deed: Deed) {
        self.events.tell(MailEvent { at: self.now(), session: None, message: Some(id), deed });
    }

    /// A number that spreads retries; no secret.
    pub(crate) fn chance(&mut self) -> u32 {
        // Xorshift32 (Marsaglia 2003).
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 17;
        self.chance ^= self.chance << 5;
        self.chance
    }

    /// Takes up what the spool holds after a start.
    pub(crate) fn recover(&mut self, kept: Vec<spool::Kept>) {
        let now = self.now();
        for message in kept {
            self.take_up(message.id, message.state.as_deref(), now);
        }
    }

    /// Takes up one message found in the spool.
    pub(crate) fn take_up(&mut self, id: MessageId, state: Option<&[u8]>, now: Timestamp) {
        let record = state.map(Record::decode).unwrap_or_default();
        if let Some(state) = state {
            self.records.insert(id, state.into());
        }
        self.tell(id, Deed::Recovered);
        if record.is_finished() {
            self.finish(id);
        } else if let Some(item) = record.unconfirmed {
            self.stages.insert(id, Stage::Active);
            self.unconfirmed.insert(id, item);
        } else if record.held {
            self.stages.insert(id, Stage::Held);
        } else if record.left.is_empty() {
            self.stages.insert(id, Stage::Active);
            self.scans.push_back((Task::Inspect(id), now));
        } else {
            self.put_off(id, record.next);
        }
    }

    /// Puts a message off until a time.
    pub(crate) fn put_off(&mut self, id: MessageId, until: Timestamp) {
        self.stages.insert(id, Stage::Deferred(until));
        self.due.push(Reverse((until, id)));
    }

    /// Takes a message in hand. False when the spool cannot give it back just now: it is then put
    /// off, never dropped.
    pub(crate) fn load(&mut self, id: MessageId) -> bool {
        if self.loaded.contains_key(&id) {
            return true;
        }
        match self.read(id) {
            Ok((envelope, body, record)) => {
                let loaded = Loaded::new(envelope, body, record, self.now());
                self.loaded.insert(id, loaded);
                true
            }
            Err(error) => {
                tracing::error!(%id, %error, "a message cannot be read; it is tried again later");
                let until = self.now().plus_seconds(300);
                self.put_off(id, until);
                false
            }
        }
    }

    fn read(&self, id: MessageId) -> Result<(Envelope, OwnedFd, Record), ReadError> {
        let envelope = self.keeper.envelope(id)?;
        let body = match self.keeper.body(id)? {
            spool::Body::File(file) => file,
            spool::Body::Memory(octets) => ipc::sealed_memory(&octets)?,
        };
        Ok((envelope, body, self.record_of(id)))
    }

    /// The record of a message that is not in hand.
    pub(crate) fn record_of(&self, id: MessageId) -> Record {
        self.records.get(&id).map(|octets| Record::decode(octets)).unwrap_or_default()
    }

    /// Writes the record of a message in hand.
    pub(crate) fn write_record(&mut self, id: MessageId) {
        let Some(loaded) = self.loaded.get(&id) else { return };
        let octets = loaded.record.encode();
        if let Err(error) = self.keeper.record(id, &octets) {
            tracing::error!(%id, %error, "the record of a message could not be written");
        }
        self.records.insert(id, octets.into());
        self.unsynced = true;
    }

    /// Nothing is left to do for a message.
    pub(crate) fn finish(&mut self, id: MessageId) {
        if let Err(error) = self.keeper.finish(id) {
            // It will be found again after a restart: a duplicate at worst.
            tracing::error!(%id, %error, "the end of a message could not be written");
        }
        self.stages.remove(&id);
        self.records.remove(&id);
        self.loaded.remove(&id);
        self.unsynced = true;
        self.finished += 1;
        self.tell(id, Deed::Finished);
    }

    /// Starts whatever can start now. Called after every batch of happenings.
    pub(crate) fn start_work(&mut self) {
        self.dispatch_scans();
        self.dispatch_deliveries();
        if !self.after_sync.is_empty() {
            self.start_sync();
        }
    }

    fn start_sync(&mut self) {
        if self.syncing {
            return;
        }
        self.syncing = true;
        self.unsynced = false;
        self.in_sync = std::mem::take(&mut self.after_sync);
        let ticket = self.keeper.sync_ticket();
        let happen = self.happen.clone();
        tokio::spawn(async move {
            let _ = happen.send(Happening::Synced(ticket.await));
        });
    }

    /// The spool has synced: what waited for it may go on.
    pub(crate) fn synced(&mut self, result: &Result<(), spool::SpoolError>) {
        self.syncing = false;
        if let Err(error) = result {
            // The keeper writes what is live anew in a fresh file; nothing is lost, but after a
            // power cut now, what ended since the last sync would be done again.
            tracing::error!(%error, "the spool could not be synced");
        }
        for after in std::mem::take(&mut self.in_sync) {
            match after {
                AfterSync::Settle(attempt, destination) => self.settled(attempt, &destination),
                AfterSync::Finish(id) if result.is_ok() => self.finish(id),
                AfterSync::Finish(id) => self.after_sync.push(AfterSync::Finish(id)),
                AfterSync::Readmitted(item, id) if result.is_ok() => {
                    self.say_to_vault(&QueueToVault::Readmitted { item, id });
                }
                AfterSync::Readmitted(item, id) => {
                    self.after_sync.push(AfterSync::Readmitted(item, id));
                }
            }
        }
    }

    fn settled(&mut self, attempt: u64, destination: &Arc<Destination>) {
        if let Some((_, outlet)) = &self.deliver {
            let _ = outlet.send(&QueueToDeliver::Settled { attempt }, Vec::new());
        }
        self.destinations.release(destination);
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self) {
        let now = self.now();
        self.kill_overdue(now);
        self.wake_due(now);
        self.judge_pressure(now);
        self.give_up_scans(now);
        if self.unsynced {
            self.start_sync();
        }
        self.tidy();
    }

    /// Has the spool make room, beside all other work.
    fn tidy(&self) {
        if self.tidying.swap(true, Ordering::AcqRel) {
            return;
        }
        let (done, tidying) = (self.keeper.tidy(limits::CHORES), self.tidying.clone());
        tokio::spawn(async move {
            if let Err(error) = done.await {
                tracing::warn!(%error, "the spool could not be tidied");
            }
            tidying.store(false, Ordering::Release);
        });
    }

    fn wake_due(&mut self, now: Timestamp) {
        while self.loaded.len() < limits::LOADED_MESSAGES {
            match self.due.peek() {
                Some(Reverse((at, _))) if *at <= now => {}
                _ => return,
            }
            let Some(Reverse((at, id))) = self.due.pop() else { return };
            // An entry that no longer tells the truth was overtaken by something else.
            if self.stages.get(&id) == Some(&Stage::Deferred(at)) {
                self.wake(id);
            }
        }
    }

    /// Goes on with a message that was put off or held.
    pub(crate) fn wake(&mut self, id: MessageId) {
        if !self.load(id) {
            return;
        }
        self.stages.insert(id, Stage::Active);
        let judged = self.loaded.get(&id).is_some_and(|loaded| !loaded.record.left.is_empty());
        if judged {
            self.carry_out(id);
        } else {
            let now = self.now();
            self.scans.push_back((Task::Inspect(id), now));
        }
    }

    fn judge_pressure(&mut self, now: Timestamp) {
        let oldest = self.scans.front().map_or(0, |(_, since)| now.since(*since));
        let late = oldest > self.retry.scan_backlog_seconds * 1000;
        let pressure = late.then(|| {
            Reply::coded(452, 4, 3, 1, "Too much mail waits to be scanned; try again later")
        });
        if pressure == self.pressure {
            return;
        }
        tracing::warn!(waiting = self.scans.len(), late, "the scan backlog changed its mark");
        self.pressure = pressure;
        for outlet in self.intakes.values() {
            let _ = outlet.send(&QueueToIntake::Pressure(self.pressure.clone()), Vec::new());
        }
    }

    /// Says something to vault, if it is there. What is lost is said again when it comes back.
    pub(crate) fn say_to_vault(&self, message: &QueueToVault) {
        if let Some((_, outlet)) = &self.vault {
            let _ = outlet.send(message, Vec::new());
        }
    }
}

/// Why a message could not be taken in hand.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    /// The spool does not give it back.
    #[error("the spool does not give it back: {0}")]
    Spool(#[from] spool::SpoolError),
    /// There is no memory for its body.
    #[error("there is no room for its body: {0}")]
    Memory(#[from] std::io::Error),
}

/// A second handle of the same open file.
pub(crate) fn duplicate(descriptor: &impl AsFd) -> std::io::Result<OwnedFd> {
    descriptor.as_fd().try_clone_to_owned()
}
