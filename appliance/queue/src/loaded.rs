//! A message in hand: envelope, body descriptor, and what is being done for its recipients.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use mail::{Amendment, Envelope, Findings, Reply, Timestamp};

use crate::record::{Left, Record};
use crate::route::{Destination, Routes};

/// A session that waits for the answer to its body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiter {
    /// The connection to intake.
    pub(crate) connection: u64,
    /// After this time a refusal comes too late.
    pub(crate) until: Timestamp,
}

/// Recipients that share a destination and a list of changes.
#[derive(Debug)]
pub(crate) struct Group {
    /// Indices into the envelope's recipients.
    pub(crate) recipients: Vec<u32>,
    /// Where to.
    pub(crate) destination: Arc<Destination>,
    /// Index into [`Record::amendments`].
    pub(crate) amendments: u8,
    /// The amended body, once it is made.
    pub(crate) amended: Option<(OwnedFd, u64)>,
}

/// One recipient whose matter has ended and may have to be told.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Index of the recipient.
    pub(crate) recipient: u32,
    /// The last reply.
    pub(crate) reply: Reply,
    /// The host that said it; `None` when we did.
    pub(crate) host: Option<String>,
    /// What is told.
    pub(crate) action: smtp::dsn::Action,
}

/// What an operator wants done once the running work has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Hold it.
    Hold,
    /// Drop it without a notice.
    Delete,
    /// Drop it with a notice to its sender.
    Bounce,
}

/// A message in hand.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) envelope: Arc<Envelope>,
    pub(crate) body: OwnedFd,
    pub(crate) record: Record,
    pub(crate) findings: Option<Box<Findings>>,
    pub(crate) waiter: Option<Waiter>,
    /// A refusal was sent to intake; the message waits for what became of it.
    pub(crate) refusing: bool,
    pub(crate) groups: Vec<Group>,
    /// Groups and tickets that have not ended yet.
    pub(crate) open: usize,
    pub(crate) ended: Vec<Ended>,
    /// A 4xx, a lost host or a failed store among what ended: try again later.
    pub(crate) deferred: Option<Reply>,
    pub(crate) wish: Option<Wish>,
    /// An attempt was made in this round.
    pub(crate) tried: bool,
    /// When the scan was first wanted.
    pub(crate) waiting_since: Timestamp,
}

impl Loaded {
    /// A message taken in hand.
    pub(crate) fn new(envelope: Envelope, body: OwnedFd, record: Record, now: Timestamp) -> Self {
        Loaded {
            envelope: Arc::new(envelope),
            body,
            record,
            findings: None,
            waiter: None,
            refusing: false,
            groups: Vec::new(),
            open: 0,
            ended: Vec::new(),
            deferred: None,
            wish: None,
            tried: false,
            waiting_since: now,
        }
    }

    /// The changes of a group.
    pub(crate) fn changes(&self, group: usize) -> &[Amendment] {
        let group = self.groups.get(group);
        let list =
            group.and_then(|group| self.record.amendments.get(usize::from(group.amendments)));
        list.map_or(&[], Vec::as_slice)
    }

    /// Makes the groups for everything that is to be delivered, and counts them as open.
    pub(crate) fn group(&mut self, routes: &Routes) {
        self.groups.clear();
        for (index, left) in self.record.left.iter().enumerate() {
            let Some(recipient) = self.envelope.recipients.get(index) else { continue };
            let (destination, amendments) = match left {
                Left::Delivery { amendments } => (routes.look_up(&recipient.address), *amendments),
                Left::HandOff { host, port } => (hand_off(host, *port), 0),
                Left::Nothing | Left::Quarantine { .. } => continue,
            };
            let same = self
                .groups
                .iter_mut()
                .find(|group| group.amendments == amendments && *group.destination == destination);
            match same {
                Some(group) => group.recipients.push(index as u32),
                None => self.groups.push(Group {
                    recipients: vec![index as u32],
                    destination: Arc::new(destination),
                    amendments,
                    amended: None,
                }),
            }
        }
        self.open += self.groups.len();
    }

    /// Marks a recipient as done.
    pub(crate) fn done(&mut self, recipient: u32) {
        if let Some(left) = self.record.left.get_mut(recipient as usize) {
            *left = Left::Nothing;
        }
    }
}

fn hand_off(host: &str, port: u16) -> Destination {
    let server = ipc::contracts::Server { host: host.to_owned(), port, preference: 0 };
    Destination {
        next_hop: ipc::contracts::NextHop::Servers(vec![server]),
        tls: ipc::contracts::TlsUse::Opportunistic,
        connections: 10,
    }
}
