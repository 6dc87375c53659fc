//! One connection's life: it is opened by its first message, carries more of them one after the
//! other, waits a while for the next, and is closed.

use std::fs::File;
use std::sync::Arc;

use ipc::contracts::{Consignment, DeliverToQueue};
use mail::{Outcome, Reply, TlsFacts};
use smtp::client::Order;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::body::{Body, BodyError};
use crate::conversation::{After, Sent};
use crate::memory::Memory;
use crate::opening::{self, Key, Opened, Unopened};
use crate::plan::Plan;

/// Where outcomes are told.
pub(crate) type Report = Arc<dyn Fn(DeliverToQueue) + Send + Sync>;

/// One attempt to make. It is answered for exactly once: by [`Work::ended`], or by being dropped,
/// which defers it (so that a fault in this role can delay mail, but never strand it).
pub(crate) struct Work {
    pub(crate) consignment: Box<Consignment>,
    pub(crate) body: File,
    started: Instant,
    report: Option<Report>,
}

/// How an attempt ended.
pub(crate) struct Ending {
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) host: String,
    pub(crate) tls: Option<TlsFacts>,
    pub(crate) dsn_relayed: bool,
    pub(crate) destination_down: bool,
}

impl Work {
    pub(crate) fn new(consignment: Box<Consignment>, body: File, report: Report) -> Self {
        Work { consignment, body, started: Instant::now(), report: Some(report) }
    }

    /// Tells the outcome.
    pub(crate) fn ended(mut self, ending: Ending) {
        self.tell(ending);
    }

    /// The same outcome for every recipient.
    pub(crate) fn all(&self, outcome: &Outcome) -> Vec<Outcome> {
        vec![outcome.clone(); self.consignment.recipients.len()]
    }

    fn tell(&mut self, ending: Ending) {
        let Some(report) = self.report.take() else { return };
        let milliseconds = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        report(DeliverToQueue::Ended {
            attempt: self.consignment.attempt,
            outcomes: ending.outcomes,
            dsn_relayed: ending.dsn_relayed,
            host: ending.host,
            tls: ending.tls,
            destination_down: ending.destination_down,
            milliseconds,
        });
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if self.report.is_some() {
            let reply = Reply::coded(451, 4, 3, 0, "the attempt was cut short on this system");
            let outcomes = self.all(&Outcome::Deferred(reply));
            self.tell(Ending::local(outcomes));
        }
    }
}

impl Ending {
    /// An ending that no next hop had a part in.
    pub(crate) fn local(outcomes: Vec<Outcome>) -> Self {
        Ending {
            outcomes,
            host: "this system".to_owned(),
            tls: None,
            dsn_relayed: false,
            destination_down: false,
        }
    }
}

impl From<(&Work, Unopened)> for Ending {
    fn from((work, unopened): (&Work, Unopened)) -> Self {
        Ending {
            outcomes: work.all(&unopened.outcome),
            host: unopened.host,
            tls: None,
            dsn_relayed: false,
            destination_down: unopened.destination_down,
        }
    }
}

/// The task that owns a connection.
pub(crate) struct Connection {
    pub(crate) key: Arc<Key>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) memory: Arc<Memory>,
    pub(crate) inbox: mpsc::UnboundedReceiver<Work>,
    /// Held while the task lives, so that a stop can wait for it.
    pub(crate) alive: mpsc::Sender<()>,
}

impl Connection {
    /// Carries `first` and what follows it. Ends when the connection does.
    pub(crate) async fn run(mut self, first: Work) {
        let mut open = None;
        let mut carried = 0;
        let mut buffer = Vec::new();
        let mut next = Some(first);
        while let Some(work) = next {
            (open, buffer) = self.attempt(open, work, buffer).await;
            carried += 1;
            if carried >= self.plan.messages_per_connection {
                self.let_go(&mut open);
                carried = 0;
            }
            next = self.next_work(&mut open).await;
        }
        self.let_go(&mut open);
    }

    /// The next message for this connection, if one comes before it is to be closed. Work that was
    /// given to it at the last moment is done on a fresh connection.
    async fn next_work(&mut self, open: &mut Option<Opened>) -> Option<Work> {
        if let Some(opened) = open {
            tokio::select! {
                // What the next hop said or did comes first: a word out of turn would be taken for
                // the answer to the next message's MAIL.
                biased;
                () = opened.conversation.disturbed() => *open = None,
                work = self.inbox.recv() => return work,
                () = tokio::time::sleep(self.plan.idle) => {}
            }
        }
        self.inbox.close();
        self.let_go(open);
        self.inbox.try_recv().ok()
    }

    /// Closes the connection politely, without making anybody wait for it.
    fn let_go(&self, open: &mut Option<Opened>) {
        if let Some(opened) = open.take() {
            let alive = self.alive.clone();
            tokio::spawn(async move {
                opened.conversation.quit().await;
                drop(alive);
            });
        }
    }

    /// Makes one attempt and tells how it ended. Gives back the connection, if it is still good,
    /// and the buffer.
    async fn attempt(
        &self,
        mut open: Option<Opened>,
        work: Work,
        buffer: Vec<u8>,
    ) -> (Option<Opened>, Vec<u8>) {
        let mut body = match Body::load(&work.body, work.consignment.size, buffer) {
            Ok(body) => body,
            Err(error) => {
                let outcomes = work.all(&body_outcome(&error));
                work.ended(Ending::local(outcomes));
                return (open, Vec::new());
            }
        };
        loop {
            let reused = open.is_some();
            let mut opened = match open.take() {
                Some(opened) => opened,
                None => match opening::open(&self.plan, &self.memory, &self.key).await {
                    Ok(opened) => opened,
                    Err(unopened) => {
                        let ending = Ending::from((&work, unopened));
                        work.ended(ending);
                        return (None, body.into_buffer());
                    }
                },
            };
            let order = order(&work.consignment, &body);
            let sent = opened.conversation.deliver(order, &mut body, &work.body).await;
            if reused && sent.after == After::Stale {
                continue;
            }
            let keep = sent.after == After::Keep;
            work.ended(ending(&opened, sent));
            return (keep.then_some(opened), body.into_buffer());
        }
    }
}

fn order<'a>(consignment: &'a Consignment, body: &Body) -> Order<'a> {
    Order {
        sender: &consignment.sender,
        recipients: &consignment.recipients,
        size: consignment.size,
        facts: body.facts,
        smtputf8: consignment.smtputf8,
        ret: consignment.ret,
        envid: consignment.envid.as_deref(),
    }
}

fn ending(opened: &Opened, sent: Sent) -> Ending {
    Ending {
        outcomes: sent.outcomes,
        host: opened.host.clone(),
        tls: opened.conversation.tls().cloned(),
        dsn_relayed: opened.conversation.speaks_dsn(),
        destination_down: sent.busy || sent.after == After::Stale,
    }
}

/// What follows from a message that cannot be sent to anybody.
fn body_outcome(error: &BodyError) -> Outcome {
    match error {
        BodyError::Unreadable(source) => {
            let text = format!("the message could not be read from the spool: {source}");
            Outcome::Deferred(Reply::coded(451, 4, 3, 0, &text))
        }
        BodyError::Bare(place) => {
            let text = format!(
                "the message has {place}; it is not sent on, since receivers read such line ends differently"
            );
            Outcome::Failed(Reply::coded(554, 5, 6, 0, &text))
        }
    }
}
