//! The states of a session, one struct each. A transition consumes the state it leaves, so what a
//! state does not hold cannot be used: there are no recipients without a sender, and no body
//! without recipients.

use mail::{BodyKind, Recipient, Sender};

use crate::line::{ChunkCheck, DataReader};
use crate::parse::MailParameters;

/// Sender, recipients and parameters of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The reverse-path.
    pub sender: Sender,
    /// SIZE, BODY, SMTPUTF8, RET and ENVID.
    pub parameters: MailParameters,
    /// The accepted forward-paths, in the order given.
    pub recipients: Vec<Recipient>,
    /// Octets of the body, as far as it has come.
    pub octets: u64,
}

impl Transaction {
    /// BODY.
    #[must_use]
    pub fn body(&self) -> BodyKind {
        self.parameters.body
    }
}

/// Connected; no HELO or EHLO yet.
#[derive(Debug)]
pub(super) struct Fresh;

/// HELO or EHLO was said.
#[derive(Debug)]
pub(super) struct Greeted {
    pub helo: String,
    /// EHLO.
    pub extended: bool,
}

/// MAIL was accepted.
#[derive(Debug)]
pub(super) struct Open {
    pub greeted: Greeted,
    pub transaction: Box<Transaction>,
    /// RCPT that came over the limit.
    pub overshoot: u32,
}

/// Between commands.
#[derive(Debug)]
pub(super) enum Calm {
    Fresh(Fresh),
    Greeted(Greeted),
    Open(Open),
}

/// How the end of the body is found.
#[derive(Debug)]
pub(super) enum Framing {
    /// After DATA.
    Dotted(DataReader),
    /// In a BDAT chunk with `left` octets to come.
    Chunked { check: ChunkCheck, size: u64, left: u64, last: bool },
}

/// The body comes.
#[derive(Debug)]
pub(super) struct Receiving {
    pub open: Open,
    pub framing: Framing,
}

/// Between two chunks of one message.
#[derive(Debug)]
pub(super) struct Chunking(pub Receiving);

/// A body that was refused, up to its end-of-data line.
#[derive(Debug)]
pub(super) struct Draining {
    pub greeted: Greeted,
    pub reader: DataReader,
    pub reply: mail::Reply,
}

/// A chunk that was refused.
#[derive(Debug)]
pub(super) struct Skipping {
    pub greeted: Option<Greeted>,
    pub left: u64,
    pub reply: mail::Reply,
}

/// The shell has been asked.
#[derive(Debug)]
pub(super) enum Asked {
    Mail(Open),
    Recipient(Open, Recipient),
    Body(Receiving),
    Answer(Greeted),
}

#[derive(Debug, Default)]
pub(super) enum State {
    Calm(Calm),
    Asked(Asked),
    Receiving(Receiving),
    Chunking(Chunking),
    Draining(Draining),
    Skipping(Skipping),
    #[default]
    Closed,
}

impl Calm {
    /// What HELO or EHLO said, if one was.
    pub fn greeted(&self) -> Option<&Greeted> {
        match self {
            Calm::Fresh(_) => None,
            Calm::Greeted(greeted) => Some(greeted),
            Calm::Open(open) => Some(&open.greeted),
        }
    }

    /// Drops a transaction.
    pub fn without_transaction(self) -> Option<Greeted> {
        match self {
            Calm::Fresh(Fresh) => None,
            Calm::Greeted(greeted) => Some(greeted),
            Calm::Open(open) => Some(open.greeted),
        }
    }
}

impl From<Option<Greeted>> for Calm {
    fn from(greeted: Option<Greeted>) -> Self {
        greeted.map_or(Calm::Fresh(Fresh), Calm::Greeted)
    }
}

impl Greeted {
    /// MAIL was accepted.
    pub fn open(self, sender: Sender, parameters: MailParameters) -> Open {
        let transaction = Transaction { sender, parameters, recipients: Vec::new(), octets: 0 };
        Open { greeted: self, transaction: Box::new(transaction), overshoot: 0 }
    }
}

impl Receiving {
    /// Whether the body follows DATA.
    pub fn is_dotted(&self) -> bool {
        matches!(self.framing, Framing::Dotted(_))
    }
}

impl State {
    fn open(&self) -> Option<&Open> {
        match self {
            State::Calm(Calm::Open(open))
            | State::Asked(
                Asked::Mail(open) | Asked::Recipient(open, _) | Asked::Body(Receiving { open, .. }),
            )
            | State::Receiving(Receiving { open, .. })
            | State::Chunking(Chunking(Receiving { open, .. })) => Some(open),
            _ => None,
        }
    }

    /// The transaction under way.
    pub fn transaction(&self) -> Option<&Transaction> {
        self.open().map(|open| &*open.transaction)
    }

    /// What HELO or EHLO said, if one was.
    pub fn greeted(&self) -> Option<&Greeted> {
        match self {
            State::Calm(calm) => calm.greeted(),
            State::Asked(Asked::Answer(greeted)) | State::Draining(Draining { greeted, .. }) => {
                Some(greeted)
            }
            State::Skipping(skipping) => skipping.greeted.as_ref(),
            _ => self.open().map(|open| &open.greeted),
        }
    }
}
