//! The one owner of all mail in hand. Peers' words come in as happenings, one after another; what
//! follows from each is done at once, without ever waiting for anything.
//!
//! A message goes: waiting for a scan, judged, groups and tickets open, settled (finished, put off,
//! or put down behind others). Only [`Core::settle`] ends it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
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
use crate::figures::Figures;
use crate::happening::Happening;
use crate::learner::Learner;
use crate::limits;
use crate::loaded::Loaded;
use crate::pool::{Pool, Task};
use crate::record::Record;
use crate::records::Records;
use crate::route::{Destination, Routes};
use crate::settings::Retry;
use crate::wardrobe::Wardrobe;

/// Where a message stands. Exactly one of these holds it, so that nothing is done twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// In the line for the cells.
    Waiting,
    /// With a cell, or with a round of deliveries and tickets under way.
    Working,
    /// Judged, and put down behind others that go the same way.
    Parked,
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
    /// The connection to the deliver that works on it.
    pub(crate) deliver: u64,
}

/// What waits for the next sync of the spool.
pub(crate) enum AfterSync {
    /// Tell deliver, on this connection, that the outcome of this attempt is kept.
    Settle { attempt: u64, destination: Arc<Destination>, deliver: u64 },
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
    pub(crate) signatures: patterns::Signatures,
    pub(crate) routes: Routes,
    pub(crate) retry: Retry,
    pub(crate) host_name: String,
    /// The domains that are the owner's.
    pub(crate) own_domains: Vec<schema::DomainPattern>,
    pub(crate) learner: Learner,
    /// Why nothing can be taught, for people.
    pub(crate) learning_problem: Option<String>,
    /// The disk reserve as set; 0 for the spool's own.
    pub(crate) reserve_octets: u64,
    /// Every message. Changed by [`Core::enter`] and [`Core::forget`] only.
    pub(crate) stages: BTreeMap<MessageId, Stage>,
    /// The records of messages that have one.
    pub(crate) records: Records,
    /// Messages in hand. Changed by [`Core::take_in_hand`] and [`Core::put_down`] only.
    pub(crate) loaded: HashMap<MessageId, Loaded>,
    /// Octets of bodies in memory for them.
    pub(crate) loaded_octets: u64,
    pub(crate) scans: VecDeque<(Task, Timestamp)>,
    /// The messages that are put off, by time: as many as are [`Stage::Deferred`].
    pub(crate) due: BTreeSet<(Timestamp, MessageId)>,
    /// How many are [`Stage::Held`].
    pub(crate) held: usize,
    pub(crate) pool: Pool,
    pub(crate) wardrobe: Wardrobe,
    pub(crate) figures: Figures,
    pub(crate) destinations: Destinations,
    pub(crate) attempts: HashMap<u64, Attempt>,
    pub(crate) last_attempt: u64,
    pub(crate) tickets: HashMap<u64, crate::keep::Ticket>,
    pub(crate) last_ticket: u64,
    /// Messages put down until vault has answered for others.
    pub(crate) vault_line: VecDeque<MessageId>,
    /// Released messages that vault has not confirmed yet, with their items.
    pub(crate) unconfirmed: HashMap<MessageId, String>,
    pub(crate) intakes: HashMap<u64, Outlet<QueueToIntake>>,
    pub(crate) cells_keeper: Option<(u64, Outlet<QueueToKeeper>)>,
    pub(crate) deliver: Option<(u64, Outlet<QueueToDeliver>)>,
    pub(crate) vault: Option<(u64, Outlet<QueueToVault>)>,
    pub(crate) after_sync: Vec<AfterSync>,
    pub(crate) in_sync: Vec<AfterSync>,
    pub(crate) syncing: bool,
    /// The last sync failed: the next one waits for the next tick.
    pub(crate) sync_failed: bool,
    /// Something was written that no sync was asked for yet.
    pub(crate) unsynced: bool,
    pub(crate) tidying: Arc<AtomicBool>,
    pub(crate) pressure: Option<Reply>,
    pub(crate) listings: HashMap<u64, Listing>,
    pub(crate) last_listing: u64,
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

    /// Notes where a message stands now.
    pub(crate) fn enter(&mut self, id: MessageId, stage: Stage) {
        let before = self.stages.insert(id, stage);
        self.left(id, before);
        match stage {
            Stage::Deferred(at) => drop(self.due.insert((at, id))),
            Stage::Held => self.held += 1,
            Stage::Waiting | Stage::Working | Stage::Parked => {}
        }
    }

    fn left(&mut self, id: MessageId, stage: Option<Stage>) {
        match stage {
            Some(Stage::Deferred(at)) => drop(self.due.remove(&(at, id))),
            Some(Stage::Held) => self.held = self.held.saturating_sub(1),
            _ => {}
        }
    }

    /// A message is no longer ours.
    pub(crate) fn forget(&mut self, id: MessageId) {
        let before = self.stages.remove(&id);
        self.left(id, before);
        self.records.remove(id);
        self.put_down(id);
    }

    /// Puts a message off until a time.
    pub(crate) fn put_off(&mut self, id: MessageId, until: Timestamp) {
        self.enter(id, Stage::Deferred(until));
    }

    /// Puts a message at the end of the line for the cells.
    pub(crate) fn wait_for_scan(&mut self, id: MessageId) {
        let now = self.now();
        self.enter(id, Stage::Waiting);
        self.scans.push_back((Task::Inspect(id), now));
    }

    /// Takes up what the spool holds after a start.
    pub(crate) fn recover(&mut self, kept: Vec<spool::Kept>) {
        for message in kept {
            self.take_up(message.id, message.state);
        }
    }

    /// Takes up one message found in the spool.
    pub(crate) fn take_up(&mut self, id: MessageId, state: Option<Vec<u8>>) {
        let record = state.as_deref().map(Record::decode).unwrap_or_default();
        if state.is_some() {
            self.records.insert(id, &record);
        }
        // Those that merely wait for their time go on as they were: there may be a million.
        if record.left.is_empty() {
            self.tell(id, Deed::Recovered);
        }
        if record.is_finished() {
            self.finish(id);
        } else if let Some(item) = record.unconfirmed {
            self.enter(id, Stage::Working);
            self.unconfirmed.insert(id, item);
        } else if record.held {
            self.enter(id, Stage::Held);
        } else if record.left.is_empty() {
            self.wait_for_scan(id);
        } else {
            self.put_off(id, record.next);
        }
    }

    /// True when no more messages should be in hand than can be worked on at once.
    pub(crate) fn crowded(&self) -> bool {
        self.loaded.len() >= limits::LOADED_MESSAGES || self.loaded_octets >= limits::LOADED_OCTETS
    }

    /// Holds a message in memory.
    pub(crate) fn take_in_hand(&mut self, id: MessageId, loaded: Loaded) {
        self.loaded_octets += loaded.octets;
        self.loaded.insert(id, loaded);
    }

    /// Lets go of the memory that a message takes, and of nothing else.
    pub(crate) fn put_down(&mut self, id: MessageId) -> Option<Loaded> {
        let loaded = self.loaded.remove(&id)?;
        self.loaded_octets = self.loaded_octets.saturating_sub(loaded.octets);
        Some(loaded)
    }

    /// Takes a message in hand. False when the spool cannot give it back just now; where it stands
    /// is then as before, and the caller sees to it.
    pub(crate) fn load(&mut self, id: MessageId) -> bool {
        if self.loaded.contains_key(&id) {
            return true;
        }
        match self.read(id) {
            Ok((envelope, body, record)) => {
                let loaded = Loaded::new(envelope, body, record, self.now());
                self.take_in_hand(id, loaded);
                true
            }
            Err(ReadError::Spool(spool::SpoolError::Unknown(_))) => {
                tracing::error!(%id, "the spool knows nothing of a message; it is forgotten");
                self.forget(id);
                false
            }
            Err(error) => {
                tracing::error!(%id, %error, "a message cannot be read; it is tried again later");
                false
            }
        }
    }

    /// As [`Core::load`], for whoever took the message out of its line: when it cannot be read it
    /// is put off, never dropped.
    pub(crate) fn load_or_put_off(&mut self, id: MessageId) -> bool {
        if self.load(id) {
            return true;
        }
        if self.stages.contains_key(&id) {
            let until = self.now().plus_seconds(limits::UNREADABLE_SECONDS);
            self.put_off(id, until);
        }
        false
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
        self.records.get(id)
    }

    /// Writes the record of a message in hand.
    pub(crate) fn write_record(&mut self, id: MessageId) {
        if let Some(loaded) = self.loaded.get(&id) {
            let record = loaded.record.clone();
            self.keep_record(id, &record);
        }
    }

    /// Changes the record of a message, whether it is in hand or not, and writes it.
    pub(crate) fn change_record(&mut self, id: MessageId, change: impl FnOnce(&mut Record)) {
        if let Some(loaded) = self.loaded.get_mut(&id) {
            change(&mut loaded.record);
            self.write_record(id);
        } else {
            let mut record = self.record_of(id);
            change(&mut record);
            self.keep_record(id, &record);
        }
    }

    fn keep_record(&mut self, id: MessageId, record: &Record) {
        if let Err(error) = self.keeper.record(id, &record.encode()) {
            tracing::error!(%id, %error, "the record of a message could not be written");
        }
        self.records.insert(id, record);
        self.unsynced = true;
    }

    /// Nothing is left to do for a message.
    pub(crate) fn finish(&mut self, id: MessageId) {
        if let Err(error) = self.keeper.finish(id) {
            // It will be found again after a restart: a duplicate at worst.
            tracing::error!(%id, %error, "the end of a message could not be written");
        }
        self.forget(id);
        self.unsynced = true;
        self.finished += 1;
        self.tell(id, Deed::Finished);
    }

    /// Starts whatever can start now. Called after every batch of happenings.
    pub(crate) fn start_work(&mut self) {
        self.dress_cells();
        self.dispatch_scans();
        self.dispatch_deliveries();
        self.wake_parked();
        if !self.crowded() {
            self.wake_due(limits::WAKE_PAGE);
        }
        if !self.after_sync.is_empty() && !self.sync_failed {
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
        self.sync_failed = result.is_err();
        if let Err(error) = result {
            // The keeper writes what is live anew in a fresh file; nothing is lost, but after a
            // power cut now, what ended since the last sync would be done again.
            tracing::error!(%error, "the spool could not be synced");
            self.unsynced = true;
        }
        for after in std::mem::take(&mut self.in_sync) {
            match after {
                AfterSync::Settle { attempt, destination, deliver } => {
                    self.settled(attempt, &destination, deliver);
                }
                AfterSync::Finish(id) if result.is_ok() => self.finish(id),
                AfterSync::Readmitted(item, id) if result.is_ok() => {
                    self.say_to_vault(&QueueToVault::Readmitted { item, id });
                }
                later => self.after_sync.push(later),
            }
        }
    }

    fn settled(&mut self, attempt: u64, destination: &Arc<Destination>, deliver: u64) {
        if let Some((current, outlet)) = &self.deliver
            && *current == deliver
        {
            let _ = outlet.send(&QueueToDeliver::Settled { attempt }, Vec::new());
        }
        self.destinations.release(destination);
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self) {
        let now = self.now();
        self.kill_overdue(now);
        self.wake_due(limits::WAKE_PAGE);
        self.give_up_scans(now);
        self.judge_pressure(now);
        self.resend_tickets();
        self.destinations.forget_idle(now);
        for damage in self.keeper.take_damage() {
            tell_damage(&damage);
        }
        self.sync_failed = false;
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

    /// Goes on with messages whose time has come. At most `count`, so that a million that are due
    /// at once do not hold up what is under way.
    fn wake_due(&mut self, count: usize) {
        let now = self.now();
        for _ in 0..count {
            match self.due.first() {
                Some((at, id)) if *at <= now => self.wake(*id),
                _ => return,
            }
        }
    }

    /// Goes on with a message that was put off or held.
    fn wake(&mut self, id: MessageId) {
        if self.record_of(id).left.is_empty() {
            // A cell's turn comes later, and the message is taken in hand then.
            self.wait_for_scan(id);
        } else if self.load_or_put_off(id) {
            self.carry_out(id);
        }
    }

    /// Takes messages in hand again that were put down behind others, where there is room now.
    fn wake_parked(&mut self) {
        let (now, crowded) = (self.now(), self.crowded());
        for _ in 0..limits::WAKE_PAGE {
            let Some(id) = self.destinations.next_parked(now, crowded) else { break };
            self.wake_in_turn(id);
        }
        while self.vault.is_some() && self.tickets.len() < limits::TICKETS / 2 {
            let Some(id) = self.vault_line.pop_front() else { return };
            self.wake_in_turn(id);
        }
    }

    fn wake_in_turn(&mut self, id: MessageId) {
        // One that an operator held or deleted meanwhile has left the line.
        if self.stages.get(&id) != Some(&Stage::Parked) || !self.load_or_put_off(id) {
            return;
        }
        if let Some(loaded) = self.loaded.get_mut(&id) {
            loaded.in_turn = true;
        }
        self.carry_out(id);
    }

    fn judge_pressure(&mut self, now: Timestamp) {
        let oldest = self.next_scan().map_or(0, |(_, since)| now.since(since));
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

/// Mail that was durable and does not read back is never passed over in silence.
pub(crate) fn tell_damage(damage: &spool::Damage) {
    let (path, because) = (damage.path.display(), &damage.because);
    let id = damage.id.map(|id| id.to_string());
    tracing::error!(%path, id, because, "the spool is damaged; everything else goes on");
}

/// A second handle of the same open file.
pub(crate) fn duplicate(descriptor: &impl AsFd) -> std::io::Result<OwnedFd> {
    descriptor.as_fd().try_clone_to_owned()
}
