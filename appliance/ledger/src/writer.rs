//! The writing task: gathers what the roles tell, writes it in large transactions, tells each role
//! what is kept, and deletes what is over its days in between. The only writer of the database.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ipc::Outlet;
use ipc::contracts::FromLedger;
use mail::{MailEvent, Timestamp};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::batch::{Batch, Source};
use crate::limits;
use crate::settings::Tracking;
use crate::store::{Store, StoreError};

/// What the writer is asked.
pub enum Work {
    /// A frame of events.
    Told {
        /// Who told them.
        source: Source,
        /// Number of the first.
        first: u64,
        /// The events.
        events: Vec<MailEvent>,
        /// Where to say that they are kept.
        outlet: Outlet<FromLedger>,
    },
    /// Write what is gathered now, then answer.
    Flush(oneshot::Sender<()>),
}

/// What the writer does next.
enum Next {
    End,
    Write,
    Take(Work),
    Expire,
}

/// Resolves when the role is to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Resolves when a time is reached; never when there is none.
async fn reached(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// The task's state.
pub struct Writer {
    store: Store,
    clock: Arc<dyn world::Clock>,
    settings: watch::Receiver<Arc<Tracking>>,
    known: HashMap<Source, u64>,
    outlets: HashMap<Source, Outlet<FromLedger>>,
    batch: Batch,
}

impl Writer {
    /// A writer over this database.
    ///
    /// # Errors
    /// The counters cannot be read.
    pub async fn new(
        mut store: Store,
        clock: Arc<dyn world::Clock>,
        settings: watch::Receiver<Arc<Tracking>>,
    ) -> Result<Self, StoreError> {
        let known = store.counters().await?;
        let outlets = HashMap::new();
        Ok(Writer { store, clock, settings, known, outlets, batch: Batch::default() })
    }

    /// Works until all who could ask are gone, or `stop` is true; then writes the rest.
    pub async fn work(mut self, mut asked: mpsc::Receiver<Work>, stop: watch::Receiver<bool>) {
        let mut due: Option<Instant> = None;
        let mut expiry = tokio::time::interval(limits::EXPIRY_PERIOD);
        expiry.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut stopping = stop.clone();
        loop {
            let next = tokio::select! {
                biased;
                () = stopped(&mut stopping) => Next::End,
                () = reached(due) => Next::Write,
                work = asked.recv() => work.map_or(Next::End, Next::Take),
                _ = expiry.tick() => Next::Expire,
            };
            match next {
                Next::End => break,
                Next::Write => self.write(&stop).await,
                Next::Take(work) => self.take(work, &stop).await,
                Next::Expire => self.expire(&stop).await,
            }
            due = if self.batch.is_empty() {
                None
            } else {
                due.or_else(|| Some(Instant::now() + limits::GATHER))
            };
        }
        self.drain(&mut asked, &stop).await;
    }

    /// What is in the channel when the end comes is written too.
    async fn drain(&mut self, asked: &mut mpsc::Receiver<Work>, stop: &watch::Receiver<bool>) {
        asked.close();
        while let Some(work) = asked.recv().await {
            self.take(work, stop).await;
        }
        self.write(stop).await;
    }

    async fn take(&mut self, work: Work, stop: &watch::Receiver<bool>) {
        match work {
            Work::Told { source, first, events, outlet } => {
                let next = self.known.get(&source).copied().unwrap_or_default();
                let next = self.batch.take(source, first, events, next);
                self.known.insert(source, next);
                self.outlets.insert(source, outlet);
                if self.batch.len() >= limits::GATHER_EVENTS {
                    self.write(stop).await;
                }
            }
            Work::Flush(answer) => {
                self.write(stop).await;
                // Nobody to hear it is no fault.
                let _ = answer.send(());
            }
        }
    }

    /// Writes what is gathered, again and again until it is kept or the role stops: meanwhile the
    /// roles wait, hold what they have to tell, and mail goes on.
    async fn write(&mut self, stop: &watch::Receiver<bool>) {
        if self.batch.is_empty() {
            return;
        }
        let mut replaced = false;
        while let Err(error) = self.store.write(&self.batch, self.clock.now()).await {
            let detail = std::error::Error::source(&error).map(ToString::to_string);
            let events = self.batch.len();
            if error.is_damage() {
                if replaced {
                    tracing::error!(%error, detail, events, "a new database refuses them: these \
                         events are lost to tracking");
                    break;
                }
                replaced = self.replace(&error).await;
                continue;
            }
            tracing::error!(%error, detail, events, "the ledger cannot write; it tries again. Mail \
                 goes on; is the disk full?");
            if *stop.borrow() {
                // Not kept, not acknowledged: the senders tell it again to the next ledger.
                return;
            }
            tokio::time::sleep(limits::RETRY).await;
        }
        self.acknowledge();
    }

    /// Begins a new database in place of a damaged one. False when that failed as well.
    async fn replace(&mut self, why: &StoreError) -> bool {
        match self.store.replace(self.clock.now(), why).await {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "no new database can be begun");
                tokio::time::sleep(limits::RETRY).await;
                false
            }
        }
    }

    fn acknowledge(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        let mut gone = HashSet::new();
        for (source, next) in batch.counters() {
            let told = self.outlets.get(source).map(|it| it.send(&FromLedger::Kept(*next), vec![]));
            if !matches!(told, Some(Ok(()))) {
                gone.insert(*source);
            }
        }
        self.outlets.retain(|source, _| !gone.contains(source));
    }

    async fn expire(&mut self, stop: &watch::Receiver<bool>) {
        let days = u64::from(self.settings.borrow().days_kept);
        let now = self.clock.now();
        let before = days_before(now, days);
        let senders_before = days_before(now, limits::SENDER_DAYS);
        loop {
            match self.store.expire(before, senders_before).await {
                Ok(true) if !*stop.borrow() && self.batch.is_empty() => {}
                Ok(_) => return,
                Err(error) => {
                    let detail = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::error!(%error, detail, "the ledger cannot delete what is over its days");
                    return;
                }
            }
            // Between two pieces whoever waits gets its turn.
            tokio::task::yield_now().await;
        }
    }
}

fn days_before(now: Timestamp, days: u64) -> Timestamp {
    Timestamp(now.0.saturating_sub(days.saturating_mul(86_400_000)))
}
