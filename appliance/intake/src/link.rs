//! The edge to queue: sealed messages go over it, answers come back, and nothing sealed is forgotten
//! while queue is away.
//!
//! A message waits in [`Link`] from its seal until queue has answered for it. When the connection
//! breaks, the sessions that wait are let go (their message is durable, so they say 250), and
//! everything unanswered is sent again on the next connection. A segment is told closed only when
//! every message in it has been handed over, so that queue never takes it for finished too early.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipc::contracts::{Admission, IntakeToQueue, Place, QueueToIntake};
use ipc::{Inlet, Outlet, Role, RoleContext};
use mail::{Envelope, MessageId, Reply};
use tokio::sync::{Notify, oneshot};

use crate::limits;

/// A message on its way to an answer.
struct Waiting {
    /// The frame as it is sent.
    admit: IntakeToQueue,
    /// For sending it again.
    body: OwnedFd,
    /// The session, as long as it waits.
    session: Option<oneshot::Sender<Admission>>,
}

struct Shared {
    outlet: Option<Outlet<IntakeToQueue>>,
    /// Why new mail may not come.
    pressure: Option<Reply>,
    waiting: HashMap<MessageId, Waiting>,
    next_seal: u64,
    /// Seals that have begun and are not handed over.
    seals: BTreeSet<u64>,
    /// Closed segments that were told.
    closed: BTreeSet<u64>,
    /// Closed segments that still wait for seals below this number.
    closing: BTreeMap<u64, u64>,
}

/// The edge to queue. Cheap to clone.
#[derive(Clone)]
pub struct Link {
    shared: Arc<Mutex<Shared>>,
    /// Told when queue has said whether mail may come.
    heard: Arc<Notify>,
}

/// A seal that has begun. As long as this lives, no segment is told closed.
pub struct Seal {
    link: Link,
    number: u64,
}

impl Drop for Seal {
    fn drop(&mut self) {
        let mut shared = self.link.lock();
        shared.seals.remove(&self.number);
        shared.tell_closed();
    }
}

impl Default for Link {
    fn default() -> Self {
        let shared = Shared {
            outlet: None,
            pressure: Some(away()),
            waiting: HashMap::new(),
            next_seal: 0,
            seals: BTreeSet::new(),
            closed: BTreeSet::new(),
            closing: BTreeMap::new(),
        };
        Link { shared: Arc::new(Mutex::new(shared)), heard: Arc::new(Notify::new()) }
    }
}

fn away() -> Reply {
    Reply::coded(451, 4, 3, 0, "The mail queue is not available, try again later")
}

fn backlog() -> Reply {
    Reply::coded(451, 4, 3, 1, "Too much mail is waiting, try again later")
}

impl Link {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves when queue has said for the first time whether mail may come. For one waiter.
    pub async fn first_word(&self) {
        self.heard.notified().await;
    }

    /// Whether a new message may begin.
    ///
    /// # Errors
    /// The reply that postpones it.
    pub fn open(&self) -> Result<(), Reply> {
        let shared = self.lock();
        match &shared.pressure {
            Some(reply) => Err(reply.clone()),
            None if shared.waiting.len() >= limits::UNANSWERED_MESSAGES => Err(backlog()),
            None => Ok(()),
        }
    }

    /// Announces a seal. Keep the value until [`Link::admit`] was called or the seal failed.
    #[must_use]
    pub fn begin_seal(&self) -> Seal {
        let mut shared = self.lock();
        let number = shared.next_seal;
        shared.next_seal += 1;
        shared.seals.insert(number);
        Seal { link: self.clone(), number }
    }

    /// Hands over a sealed message. `body` and `spare` are two descriptors of its body. The answer
    /// comes on the receiver; it ends without one when queue goes away.
    pub fn admit(
        &self,
        place: Place,
        envelope: Envelope,
        [body, spare]: [OwnedFd; 2],
        budget_milliseconds: u32,
    ) -> oneshot::Receiver<Admission> {
        let (session, answer) = oneshot::channel();
        let id = envelope.id;
        let admit = IntakeToQueue::Admit { place, envelope, budget_milliseconds };
        let mut shared = self.lock();
        let sent =
            shared.outlet.as_ref().is_some_and(|queue| queue.send(&admit, vec![body]).is_ok());
        let session = sent.then_some(session);
        shared.waiting.insert(id, Waiting { admit, body: spare, session });
        answer
    }

    /// No record will be added to this segment.
    pub fn segment_closed(&self, segment: u64) {
        let mut shared = self.lock();
        let barrier = shared.next_seal;
        shared.closing.insert(segment, barrier);
        shared.tell_closed();
    }

    /// Messages that queue has not answered for.
    #[cfg(test)]
    fn unanswered(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Keeps the connection to queue until the role ends.
    pub async fn keep(self, context: RoleContext, first_segment: u64) {
        loop {
            let (outlet, inlet) = ipc::connect(&context, Role::Queue).await;
            self.connected(outlet, first_segment);
            self.listen(inlet).await;
            self.lock().disconnected();
        }
    }

    fn connected(&self, outlet: Outlet<IntakeToQueue>, first_segment: u64) {
        let mut shared = self.lock();
        // A send that fails shows as the end of the inlet; everything is sent again then.
        let _ = outlet.send(&IntakeToQueue::FirstSegment(first_segment), Vec::new());
        let mut waiting: Vec<_> = shared.waiting.iter().collect();
        waiting.sort_unstable_by_key(|(id, _)| **id);
        for (_, waiting) in waiting {
            match waiting.body.try_clone() {
                Ok(body) => {
                    let _ = outlet.send(&waiting.admit, vec![body]);
                }
                Err(error) => {
                    // Another try with the next connection: closing this one brings it about.
                    tracing::error!(%error, "no descriptor left to hand a message to queue");
                    outlet.close();
                }
            }
        }
        for segment in &shared.closed {
            let _ = outlet.send(&IntakeToQueue::Closed(*segment), Vec::new());
        }
        shared.outlet = Some(outlet);
    }

    async fn listen(&self, mut inlet: Inlet<QueueToIntake>) {
        loop {
            match inlet.receive().await {
                Ok(Some((message, _))) => self.hear(message),
                Ok(None) => return tracing::warn!("queue has closed the connection"),
                Err(error) => return tracing::error!(%error, "the connection to queue broke"),
            }
        }
    }

    fn hear(&self, message: QueueToIntake) {
        let mut shared = self.lock();
        match message {
            QueueToIntake::Pressure(pressure) => {
                shared.pressure = pressure;
                self.heard.notify_one();
            }
            QueueToIntake::Answered { id, answer } => {
                let waiting = shared.waiting.remove(&id);
                drop(shared);
                if let Some(session) = waiting.and_then(|waiting| waiting.session) {
                    // A session that waits no more has said 250.
                    let _ = session.send(answer);
                }
            }
        }
    }
}

impl Shared {
    fn disconnected(&mut self) {
        self.outlet = None;
        self.pressure = Some(away());
        for waiting in self.waiting.values_mut() {
            waiting.session = None;
            if let IntakeToQueue::Admit { budget_milliseconds, .. } = &mut waiting.admit {
                *budget_milliseconds = 0;
            }
        }
    }

    /// Tells of the closed segments that no seal holds up any more.
    fn tell_closed(&mut self) {
        let oldest = self.seals.first().copied().unwrap_or(u64::MAX);
        let free = |barrier: u64| barrier <= oldest;
        while let Some(entry) = self.closing.first_entry().filter(|entry| free(*entry.get())) {
            let (segment, _) = entry.remove_entry();
            if let Some(queue) = &self.outlet {
                let _ = queue.send(&IntakeToQueue::Closed(segment), Vec::new());
            }
            self.closed.insert(segment);
            if self.closed.len() > limits::CLOSED_SEGMENTS {
                self.closed.pop_first();
            }
        }
    }
}

#[cfg(test)]
mod tests;
