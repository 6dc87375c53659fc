//! Which connection carries which message. One owner of all pools; connections are tasks.

use std::collections::HashMap;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use ipc::contracts::{Consignment, NextHop, QueueToDeliver};
use tokio::sync::mpsc;

use crate::connection::{Connection, Ending, Report, Work};
use crate::limits;
use crate::maildir::Maildir;
use crate::memory::Memory;
use crate::opening::Key;
use crate::plan::Plan;

/// The way to a connection's task.
struct Handle {
    key: Arc<Key>,
    inbox: mpsc::UnboundedSender<Work>,
}

/// All connections of one link to queue. Dropping it lets every connection end after the message it
/// carries.
pub(crate) struct Dispatcher {
    plan: Arc<Plan>,
    memory: Arc<Memory>,
    maildir: Arc<Maildir>,
    clock: Arc<dyn world::Clock>,
    report: Report,
    alive: mpsc::Sender<()>,
    /// Connections that may carry a message now; the last used is the last in its list.
    idle: HashMap<Arc<Key>, Vec<Handle>>,
    idle_count: usize,
    /// Connections whose attempt was not settled yet, by attempt.
    waiting: HashMap<u64, Handle>,
}

impl Dispatcher {
    pub(crate) fn new(
        plan: Arc<Plan>,
        memory: Arc<Memory>,
        maildir: Arc<Maildir>,
        clock: Arc<dyn world::Clock>,
        report: Report,
        alive: mpsc::Sender<()>,
    ) -> Self {
        Dispatcher {
            plan,
            memory,
            maildir,
            clock,
            report,
            alive,
            idle: HashMap::new(),
            idle_count: 0,
            waiting: HashMap::new(),
        }
    }

    /// Takes one message of queue's.
    pub(crate) fn handle(&mut self, message: QueueToDeliver, descriptors: Vec<OwnedFd>) {
        match message {
            QueueToDeliver::Settled { attempt } => self.settled(attempt),
            QueueToDeliver::Consign(consignment) => match descriptors.into_iter().next() {
                Some(body) => self.consign(consignment, File::from(body)),
                None => tracing::error!(
                    attempt = consignment.attempt,
                    "a consignment came without its body"
                ),
            },
        }
    }

    /// From now on connections are opened under a new plan; idle ones of the old plan are closed.
    pub(crate) fn replan(&mut self, plan: Arc<Plan>) {
        self.plan = plan;
        self.idle.clear();
        self.idle_count = 0;
    }

    /// Forgets connections that have ended.
    pub(crate) fn sweep(&mut self) {
        self.idle.retain(|_, handles| {
            handles.retain(|handle| !handle.inbox.is_closed());
            !handles.is_empty()
        });
        self.idle_count = self.idle.values().map(Vec::len).sum();
    }

    fn settled(&mut self, attempt: u64) {
        let Some(handle) = self.waiting.remove(&attempt) else { return };
        if handle.inbox.is_closed() {
            return;
        }
        if self.idle_count >= limits::IDLE_CONNECTIONS {
            self.sweep();
            if self.idle_count >= limits::IDLE_CONNECTIONS {
                return;
            }
        }
        self.idle_count += 1;
        self.idle.entry(handle.key.clone()).or_default().push(handle);
    }

    fn consign(&mut self, mut consignment: Box<Consignment>, body: File) {
        let next_hop = std::mem::replace(&mut consignment.next_hop, NextHop::Maildir);
        let attempt = consignment.attempt;
        let tls = consignment.tls;
        let work = Work::new(consignment, body, self.report.clone());
        if next_hop == NextHop::Maildir {
            return self.keep_in_maildir(work);
        }
        let key = Key { next_hop, tls };
        let handle = match self.hand_to_idle(&key, work) {
            Ok(handle) => handle,
            Err(work) => self.open_for(Arc::new(key), work),
        };
        self.waiting.insert(attempt, handle);
    }

    /// Gives the work to an idle connection, or back.
    fn hand_to_idle(&mut self, key: &Key, mut work: Work) -> Result<Handle, Work> {
        let Some(handles) = self.idle.get_mut(key) else { return Err(work) };
        while let Some(handle) = handles.pop() {
            self.idle_count = self.idle_count.saturating_sub(1);
            match handle.inbox.send(work) {
                Ok(()) => return Ok(handle),
                Err(mpsc::error::SendError(back)) => work = back,
            }
        }
        Err(work)
    }

    fn open_for(&self, key: Arc<Key>, work: Work) -> Handle {
        let (inbox, receiver) = mpsc::unbounded_channel();
        let connection = Connection {
            key: key.clone(),
            plan: self.plan.clone(),
            memory: self.memory.clone(),
            inbox: receiver,
            alive: self.alive.clone(),
        };
        tokio::spawn(connection.run(work));
        Handle { key, inbox }
    }

    fn keep_in_maildir(&self, work: Work) {
        let (maildir, now, alive) = (self.maildir.clone(), self.clock.now(), self.alive.clone());
        tokio::task::spawn_blocking(move || {
            let outcome = maildir.deliver(&work.consignment, &work.body, now);
            let outcomes = work.all(&outcome);
            work.ended(Ending { host: "maildir".to_owned(), ..Ending::local(outcomes) });
            drop(alive);
        });
    }
}
