//! A message in hand: envelope, body descriptor, and what is being done for its recipients.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
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
    /// Index into [`Record::amendments`]; `None` for no change at all.
    pub(crate) amendments: Option<u32>,
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

/// Whom a message that is put down waits behind.
#[derive(Debug, Clone)]
pub(crate) enum Behind {
    /// The line of a destination.
    Destination(Arc<Destination>),
    /// What vault was asked to keep already.
    Vault,
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
    /// Octets of memory that its bodies take.
    pub(crate) octets: u64,
    pub(crate) record: Record,
    pub(crate) findings: Option<Box<Findings>>,
    pub(crate) waiter: Option<Waiter>,
    /// A refusal was sent to intake; the message waits for what became of it.
    pub(crate) refusing: bool,
    pub(crate) groups: Vec<Group>,
    /// Groups and tickets that have not ended yet.
    pub(crate) open: usize,
    pub(crate) ended: Vec<Ended>,
    /// A 4xx, a lost host or a failed store among what ended: try again as the schedule says.
    pub(crate) deferred: Option<Reply>,
    /// A destination that is left alone for now: when it is tried again, and its last answer.
    pub(crate) down: Option<(Timestamp, Reply)>,
    /// Something of it found its line full.
    pub(crate) behind: Option<Behind>,
    /// It has waited in line: full lines take it all the same.
    pub(crate) in_turn: bool,
    pub(crate) wish: Option<Wish>,
    /// All is done, and it goes with the next sync.
    pub(crate) ending: bool,
    /// An attempt was made in this round.
    pub(crate) tried: bool,
    /// When the scan was first wanted.
    pub(crate) waiting_since: Timestamp,
}

impl Loaded {
    /// A message taken in hand.
    pub(crate) fn new(envelope: Envelope, body: OwnedFd, record: Record, now: Timestamp) -> Self {
        // A larger body is a file.
        let small = envelope.size <= spool::limits::INLINE_OCTETS as u64;
        Loaded {
            octets: if small { envelope.size } else { 0 },
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
            down: None,
            behind: None,
            in_turn: false,
            wish: None,
            ending: false,
            tried: false,
            waiting_since: now,
        }
    }

    /// The changes of a group.
    pub(crate) fn changes(&self, group: usize) -> &[Amendment] {
        let index = self.groups.get(group).and_then(|group| group.amendments);
        let list = index.and_then(|index| self.record.amendments.get(index as usize));
        list.map_or(&[], Vec::as_slice)
    }

    /// Makes the groups for everything that is to be delivered, and counts them as open.
    pub(crate) fn group(&mut self, routes: &Routes) {
        self.groups.clear();
        // A message may have as many destinations as recipients, and those may be thousands.
        let mut known: HashMap<(Destination, Option<u32>), usize> = HashMap::new();
        for (index, left) in self.record.left.iter().enumerate() {
            let Some(recipient) = self.envelope.recipients.get(index) else { continue };
            let (destination, amendments) = match left {
                Left::Delivery { amendments } => {
                    (routes.look_up(&recipient.address), Some(*amendments))
                }
                Left::HandOff { host, port } => (hand_off(host, *port), None),
                Left::Nothing | Left::Quarantine { .. } => continue,
            };
            let place = match known.entry((destination, amendments)) {
                Entry::Occupied(entry) => *entry.get(),
                Entry::Vacant(entry) => {
                    let destination = Arc::new(entry.key().0.clone());
                    let recipients = Vec::new();
                    self.groups.push(Group { recipients, destination, amendments, amended: None });
                    *entry.insert(self.groups.len() - 1)
                }
            };
            if let Some(group) = self.groups.get_mut(place) {
                group.recipients.push(index as u32);
            }
        }
        self.open += self.groups.len();
    }

    /// One group or ticket is no longer open.
    pub(crate) fn close_one(&mut self) {
        self.open = self.open.saturating_sub(1);
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
