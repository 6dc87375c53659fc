//! intake's door to the spool: drafts in, receipts out. A thin shell of threads around
//! [`Committer`]; the promises are kept there.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use mail::{Envelope, MessageId};
use tokio::sync::oneshot;
use world::Disk;

use crate::commit::{Committer, Content, LargeBody, Receipt, Submission};
use crate::error::During;
use crate::layout::{Layout, Options, encode_head};
use crate::{SpoolError, limits};

/// A message's body, to hand on.
#[derive(Debug)]
pub enum Body {
    /// The octets.
    Memory(Vec<u8>),
    /// A file opened for reading, at offset 0, that holds the body and nothing else.
    File(OwnedFd),
}

/// A message that is on stable storage.
#[derive(Debug)]
pub struct Sealed {
    /// The proof.
    pub receipt: Receipt,
    /// The body, without reading it back.
    pub body: Body,
}

/// A body on its way to the committing thread.
enum Held {
    Memory(Vec<u8>),
    Large(LargeBody),
    /// Durable, and opened for whom it is handed on to.
    Durable(LargeBody, OwnedFd),
}

impl Held {
    /// Makes a large body durable and opens it again for reading. Before the record is written,
    /// so that nothing can fail once the message is ours.
    fn make_durable(self) -> Result<Held, Box<(Held, SpoolError)>> {
        let Held::Large(body) = self else { return Ok(self) };
        let opened = body.make_durable().and_then(|()| body.reopen());
        match opened {
            Ok(descriptor) => Ok(Held::Durable(body, descriptor)),
            Err(error) => Err(Box::new((Held::Large(body), error))),
        }
    }

    fn remove(self) {
        match self {
            Held::Memory(_) => {}
            Held::Large(body) | Held::Durable(body, _) => body.remove(),
        }
    }
}

struct Sealing {
    id: MessageId,
    head: Vec<u8>,
    held: Held,
    body_crc: u32,
    answer: oneshot::Sender<Result<Sealed, SpoolError>>,
}

/// Work for one thread.
#[derive(Default)]
struct Inbox {
    waiting: Mutex<(Vec<Sealing>, bool)>,
    filled: Condvar,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, (Vec<Sealing>, bool)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives it back when the thread has ended.
    fn put(&self, sealing: Sealing) -> Result<(), Box<Sealing>> {
        let mut waiting = self.lock();
        if waiting.1 {
            return Err(Box::new(sealing));
        }
        waiting.0.push(sealing);
        if waiting.0.len() == 1 {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// All that waits; `None` when stopped and empty.
    fn take(&self) -> Option<Vec<Sealing>> {
        let mut waiting = self.lock();
        loop {
            if !waiting.0.is_empty() {
                return Some(std::mem::take(&mut waiting.0));
            }
            if waiting.1 {
                return None;
            }
            waiting = self.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn stop(&self) {
        self.lock().1 = true;
        self.filled.notify_one();
    }
}

/// What drafts and threads share.
struct Shared {
    disk: Arc<dyn Disk>,
    layout: Layout,
    options: Options,
    first: u64,
    small: Inbox,
    large: Inbox,
    memory: AtomicUsize,
    drafts: AtomicU64,
    low: AtomicBool,
    closed: Mutex<Vec<u64>>,
}

impl Shared {
    /// Takes `octets` of the memory for drafts, if there are that many.
    fn claim(&self, octets: usize) -> bool {
        let limit = self.options.draft_memory_octets;
        let claim = |held: usize| held.checked_add(octets).filter(|sum| *sum <= limit);
        self.memory.fetch_update(Ordering::Relaxed, Ordering::Relaxed, claim).is_ok()
    }

    fn release(&self, octets: usize) {
        self.memory.fetch_sub(octets, Ordering::Relaxed);
    }

    /// Looks at the room on the disk, now and then, and always while it is low.
    fn check_reserve(&self) -> Result<(), SpoolError> {
        let count = self.drafts.fetch_add(1, Ordering::Relaxed);
        if !count.is_multiple_of(limits::DRAFTS_PER_LOOK) && !self.low.load(Ordering::Relaxed) {
            return Ok(());
        }
        let folder = self.layout.intake();
        let space = self.disk.space(&folder).during("ask the room left at", &folder)?;
        let share = space.total / 100 * limits::RESERVE_PERCENT;
        let reserve = self.options.reserve_octets.unwrap_or(share.min(limits::RESERVE_OCTETS));
        let low = space.free < reserve;
        self.low.store(low, Ordering::Relaxed);
        if low { Err(SpoolError::Reserve { free: space.free, reserve }) } else { Ok(()) }
    }

    fn run_large(&self) {
        while let Some(batch) = self.large.take() {
            for sealing in batch {
                self.pass_on(sealing);
            }
        }
        self.small.stop();
    }

    fn pass_on(&self, sealing: Sealing) {
        let Sealing { id, head, held, body_crc, answer } = sealing;
        match held.make_durable() {
            Ok(held) => {
                let sealing = Sealing { id, head, held, body_crc, answer };
                if let Err(sealing) = self.small.put(sealing) {
                    sealing.fail(SpoolError::Stopped);
                }
            }
            Err(failed) => {
                let (held, error) = *failed;
                Sealing { id, head, held, body_crc, answer }.fail(error);
            }
        }
    }

    fn run_small(&self, mut committer: Committer) {
        while let Some(batch) = self.small.take() {
            let submissions: Vec<Submission<'_>> = batch.iter().map(Sealing::submission).collect();
            let results = committer.commit(&submissions);
            let closed = committer.closed_segments();
            if !closed.is_empty() {
                self.closed.lock().unwrap_or_else(PoisonError::into_inner).extend(closed);
            }
            for (sealing, result) in batch.into_iter().zip(results) {
                sealing.answer(result);
            }
        }
    }
}

impl Sealing {
    fn submission(&self) -> Submission<'_> {
        let content = match &self.held {
            Held::Memory(octets) => Content::Inline(octets),
            Held::Large(body) | Held::Durable(body, _) => Content::Large(body.size()),
        };
        Submission { id: self.id, head: &self.head, content, body_crc: self.body_crc }
    }

    fn answer(self, result: Result<Receipt, SpoolError>) {
        let receipt = match result {
            Ok(receipt) => receipt,
            Err(error) => return self.fail(error),
        };
        let body = match self.held {
            Held::Memory(octets) => Body::Memory(octets),
            Held::Durable(_, descriptor) => Body::File(descriptor),
            Held::Large(_) => return self.fail(SpoolError::Stopped),
        };
        // A session that is gone does not hear it: queue finds the message when it looks for
        // orphans.
        self.answer.send(Ok(Sealed { receipt, body })).ok();
    }

    fn fail(self, error: SpoolError) {
        self.held.remove();
        self.answer.send(Err(error)).ok();
    }
}

/// intake's side of the spool. Clones share one committing thread; the threads end when the last
/// clone and the last draft are gone and everything sealed is answered.
#[derive(Clone)]
pub struct Writer {
    shared: Arc<Shared>,
    _threads: Arc<Threads>,
}

/// Stops and joins the threads when the last [`Writer`] goes.
struct Threads {
    shared: Arc<Shared>,
    handles: Vec<JoinHandle<()>>,
}

impl Drop for Threads {
    fn drop(&mut self) {
        // The thread of large bodies feeds the other one and stops it when it has ended.
        self.shared.large.stop();
        for handle in self.handles.drain(..) {
            handle.join().ok();
        }
    }
}

impl Writer {
    /// Starts the committing threads behind every segment that is there. One writer at a time may
    /// use a folder.
    ///
    /// # Errors
    /// When the folder cannot be made or read, or no thread can be started.
    pub fn start(disk: Arc<dyn Disk>, folder: &Path, options: Options) -> Result<Self, SpoolError> {
        let committer = Committer::open(Arc::clone(&disk), folder, options.clone())?;
        let shared = Arc::new(Shared {
            disk,
            layout: Layout::new(folder),
            options,
            first: committer.first_segment(),
            small: Inbox::default(),
            large: Inbox::default(),
            memory: AtomicUsize::new(0),
            drafts: AtomicU64::new(0),
            low: AtomicBool::new(false),
            closed: Mutex::new(Vec::new()),
        });
        let (one, other) = (Arc::clone(&shared), Arc::clone(&shared));
        let mut threads = Threads { shared: Arc::clone(&shared), handles: Vec::new() };
        let large = std::thread::Builder::new().name("spool-large".into());
        threads.handles.push(large.spawn(move || one.run_large()).during("start", folder)?);
        let small = std::thread::Builder::new().name("spool-commit".into());
        threads
            .handles
            .push(small.spawn(move || other.run_small(committer)).during("start", folder)?);
        Ok(Writer { shared, _threads: Arc::new(threads) })
    }

    /// The number of the first segment that this writer uses.
    #[must_use]
    pub fn first_segment(&self) -> u64 {
        self.shared.first
    }

    /// Segments that are complete since this was last called: tell queue.
    #[must_use]
    pub fn closed_segments(&self) -> Vec<u64> {
        std::mem::take(&mut self.shared.closed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins a message. Makes a system call at most, and that rarely.
    ///
    /// # Errors
    /// [`SpoolError::Reserve`] when the disk is too full for new mail.
    pub fn draft(&self, id: MessageId) -> Result<Draft, SpoolError> {
        self.shared.check_reserve()?;
        Ok(Draft {
            shared: Arc::clone(&self.shared),
            id,
            held: Some(Held::Memory(Vec::new())),
            claimed: 0,
            size: 0,
            crc: 0,
        })
    }
}

/// A message that is being received. Dropped unsealed, it leaves nothing behind.
pub struct Draft {
    shared: Arc<Shared>,
    id: MessageId,
    held: Option<Held>,
    claimed: usize,
    size: u64,
    crc: u32,
}

impl Draft {
    /// The message.
    #[must_use]
    pub fn id(&self) -> MessageId {
        self.id
    }

    /// Octets so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends octets of the body. Large drafts write to the page cache here and wait for nothing.
    ///
    /// # Errors
    /// When a large body cannot be written. The draft is then of no use.
    pub fn write(&mut self, octets: &[u8]) -> Result<(), SpoolError> {
        self.make_room(octets.len())?;
        match &mut self.held {
            Some(Held::Memory(body)) => body.extend_from_slice(octets),
            Some(Held::Large(body)) => body.write(octets)?,
            Some(Held::Durable(..)) | None => return Err(SpoolError::Stopped),
        }
        self.crc = crc32c::crc32c_append(self.crc, octets);
        self.size += octets.len() as u64;
        Ok(())
    }

    /// Moves the body to a file when it gets too large for memory.
    fn make_room(&mut self, octets: usize) -> Result<(), SpoolError> {
        let Some(Held::Memory(body)) = &self.held else { return Ok(()) };
        let inline = body.len() + octets <= self.shared.options.inline_octets;
        if inline && self.shared.claim(octets) {
            self.claimed += octets;
            return Ok(());
        }
        let shared = &self.shared;
        let mut large = LargeBody::begin(&shared.disk, &shared.layout, shared.first, self.id)?;
        let written = large.write(body);
        self.held = Some(Held::Large(large));
        self.release();
        written
    }

    fn release(&mut self) {
        self.shared.release(std::mem::take(&mut self.claimed));
    }

    /// Makes the message ours. Await it to the end: a message whose session stopped waiting may
    /// have been kept, and then queue delivers it all the same.
    ///
    /// # Errors
    /// When it could not be made durable; nothing of it is kept for certain, so say 451 (or 452
    /// when [`SpoolError::is_full`]).
    pub async fn seal(mut self, envelope: &Envelope) -> Result<Sealed, SpoolError> {
        let answer = self.submit(envelope)?;
        // The memory is counted until the octets are on the disk.
        answer.await.unwrap_or(Err(SpoolError::Stopped))
    }

    fn submit(
        &mut self,
        envelope: &Envelope,
    ) -> Result<oneshot::Receiver<Result<Sealed, SpoolError>>, SpoolError> {
        let large = matches!(self.held, Some(Held::Large(_)));
        let head = encode_head(if large { self.shared.first } else { 0 }, envelope)?;
        let (answer, receiver) = oneshot::channel();
        let held = self.held.take().ok_or(SpoolError::Stopped)?;
        let sealing = Sealing { id: self.id, head, held, body_crc: self.crc, answer };
        let inbox = if large { &self.shared.large } else { &self.shared.small };
        if let Err(sealing) = inbox.put(sealing) {
            sealing.fail(SpoolError::Stopped);
        }
        Ok(receiver)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.release();
        if let Some(held) = self.held.take() {
            held.remove();
        }
    }
}
