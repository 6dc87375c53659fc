//! queue's door to the spool: [`KeeperCore`] behind a lock, and a thread that syncs and tidies.
//! A thin shell; the promises are kept in the core. The lock is never held while the disk works,
//! but for [`Keeper::orphans`] and opening a segment.

use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use mail::{Envelope, MessageId};
use tokio::sync::oneshot;
use world::Disk;

use crate::error::During;
use crate::keeper::{Adopted, Damage, KeeperCore, Kept, Recovery};
use crate::layout::Options;
use crate::read::Located;
use crate::writer::Body;
use crate::{Place, SpoolError};

type Answer = oneshot::Sender<Result<(), SpoolError>>;

/// What the thread is to do.
#[derive(Default)]
struct Orders {
    tickets: Vec<Answer>,
    tidying: Option<(usize, Answer)>,
    stop: bool,
}

struct Shared {
    core: Mutex<KeeperCore>,
    orders: Mutex<Orders>,
    given: Condvar,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// All that was ordered; `None` when there will be no more.
    fn wait(&self) -> Option<Orders> {
        let mut orders = lock(&self.orders);
        loop {
            if !orders.tickets.is_empty() || orders.tidying.is_some() {
                let stop = orders.stop;
                return Some(std::mem::replace(&mut *orders, Orders { stop, ..Orders::default() }));
            }
            if orders.stop {
                return None;
            }
            orders = self.given.wait(orders).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn sync(&self, tickets: Vec<Answer>) -> Result<(), SpoolError> {
        let work = lock(&self.core).begin_sync();
        let mut result = Ok(());
        if let Some(mut work) = work {
            result = work.run();
            lock(&self.core).end_sync(work, &result);
        }
        for ticket in tickets {
            ticket.send(result.clone()).ok();
        }
        result
    }

    /// Chores, with the syncs that were asked for in between.
    fn tidy(&self, chores: usize) -> Result<(), SpoolError> {
        for _ in 0..chores {
            let chore = lock(&self.core).next_chore();
            let tickets = std::mem::take(&mut lock(&self.orders).tickets);
            match chore {
                Some(mut chore) => {
                    if !tickets.is_empty() {
                        // Its tickets have been told; the chore is done all the same.
                        self.sync(tickets).ok();
                    }
                    chore.run();
                    lock(&self.core).end_chore(chore)?;
                }
                None if tickets.is_empty() && !lock(&self.core).needs_sync() => break,
                None => self.sync(tickets)?,
            }
        }
        Ok(())
    }

    fn run(&self) {
        while let Some(orders) = self.wait() {
            if !orders.tickets.is_empty() {
                self.sync(orders.tickets).ok();
            }
            if let Some((chores, answer)) = orders.tidying {
                answer.send(self.tidy(chores)).ok();
            }
        }
    }
}

/// queue's side of the spool.
pub struct Keeper {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Reads the journal, finds what is live and starts the syncing thread. Reads no bodies. Call
    /// [`Keeper::orphans`] with [`crate::EVERY_SEGMENT`] next.
    ///
    /// # Errors
    /// When a folder or the journal cannot be read at all.
    pub fn open(
        disk: Arc<dyn Disk>,
        folder: &Path,
        options: Options,
    ) -> Result<(Self, Recovery), SpoolError> {
        let (core, recovery) = KeeperCore::open(disk, folder, options)?;
        let shared = Arc::new(Shared {
            core: Mutex::new(core),
            orders: Mutex::default(),
            given: Condvar::new(),
        });
        let worker = Arc::clone(&shared);
        let builder = std::thread::Builder::new().name("spool-keep".into());
        let thread = builder.spawn(move || worker.run()).during("start", folder)?;
        Ok((Keeper { shared, thread: Some(thread) }, recovery))
    }

    fn core(&self) -> MutexGuard<'_, KeeperCore> {
        lock(&self.shared.core)
    }

    /// As [`KeeperCore::adopt`].
    ///
    /// # Errors
    /// The same.
    pub fn adopt(&self, id: MessageId, place: Place) -> Result<Adopted, SpoolError> {
        self.core().adopt(id, place)
    }

    /// As [`KeeperCore::record`].
    ///
    /// # Errors
    /// The same.
    pub fn record(&self, id: MessageId, state: &[u8]) -> Result<(), SpoolError> {
        self.core().record(id, state)
    }

    /// As [`KeeperCore::finish`].
    ///
    /// # Errors
    /// The same.
    pub fn finish(&self, id: MessageId) -> Result<(), SpoolError> {
        self.core().finish(id)
    }

    /// As [`KeeperCore::insert`].
    ///
    /// # Errors
    /// The same.
    pub fn insert(&self, envelope: &Envelope, body: Vec<u8>) -> Result<Adopted, SpoolError> {
        self.core().insert(envelope, body)
    }

    /// As [`KeeperCore::close`].
    pub fn close(&self, segment: u64) {
        self.core().close(segment);
    }

    /// As [`KeeperCore::orphans`]. Reads segments: call it at the start and when intake has
    /// started, where a wait does no harm.
    ///
    /// # Errors
    /// The same.
    pub fn orphans(&self, before: u64) -> Result<Vec<Kept>, SpoolError> {
        self.core().orphans(before)
    }

    /// Reads the envelope of a live message.
    ///
    /// # Errors
    /// [`SpoolError::Unknown`], [`SpoolError::Damaged`], or when the disk cannot be read.
    pub fn envelope(&self, id: MessageId) -> Result<Envelope, SpoolError> {
        self.locate(id)?.envelope()
    }

    /// Reads or opens the body of a live message.
    ///
    /// # Errors
    /// [`SpoolError::Unknown`], [`SpoolError::Damaged`], or when the disk cannot be read.
    pub fn body(&self, id: MessageId) -> Result<Body, SpoolError> {
        self.locate(id)?.body()
    }

    /// Where to read a live message, so that the reading itself can be done elsewhere.
    ///
    /// # Errors
    /// [`SpoolError::Unknown`], or when its segment cannot be opened.
    pub fn locate(&self, id: MessageId) -> Result<Located, SpoolError> {
        self.core().locate(id)
    }

    /// Damage seen since this was last called.
    #[must_use]
    pub fn take_damage(&self) -> Vec<Damage> {
        self.core().take_damage()
    }

    /// How many messages are live.
    #[must_use]
    pub fn len(&self) -> usize {
        self.core().len()
    }

    /// True when no message is live.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.core().is_empty()
    }

    /// Resolves when every change made before this call is durable. One sync serves all tickets
    /// taken before it starts. After an error the changes are not durable for certain; they stay
    /// gathered, and the next ticket that succeeds covers them.
    pub fn sync_ticket(&self) -> impl Future<Output = Result<(), SpoolError>> + Send + use<> {
        let (answer, ticket) = oneshot::channel();
        lock(&self.shared.orders).tickets.push(answer);
        self.shared.given.notify_one();
        async { ticket.await.unwrap_or(Err(SpoolError::Stopped)) }
    }

    /// Does up to `chores` pieces of tidying on the syncing thread; syncs asked for meanwhile go
    /// between them. Call it every few seconds.
    pub fn tidy(
        &self,
        chores: usize,
    ) -> impl Future<Output = Result<(), SpoolError>> + Send + use<> {
        let (answer, ticket) = oneshot::channel();
        lock(&self.shared.orders).tidying = Some((chores, answer));
        self.shared.given.notify_one();
        async { ticket.await.unwrap_or(Err(SpoolError::Stopped)) }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        lock(&self.shared.orders).stop = true;
        self.shared.given.notify_one();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}
