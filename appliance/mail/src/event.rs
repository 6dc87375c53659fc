//! Mail events: what is told about a message, step by step. Tracking, reports, syslog and metrics
//! are folds over these; nothing else is recorded about mail.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::{
    Address, Direction, Findings, Listener, MessageId, Reply, Sender, SessionId, Timestamp,
    TlsFacts, Verdict,
};

/// How one delivery attempt ended for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// The next hop said 2xx.
    Delivered(Reply),
    /// It said 4xx, or could not be reached.
    Deferred(Reply),
    /// It said 5xx.
    Failed(Reply),
}

impl Outcome {
    /// The literal reply.
    #[must_use]
    pub fn reply(&self) -> &Reply {
        match self {
            Outcome::Delivered(reply) | Outcome::Deferred(reply) | Outcome::Failed(reply) => reply,
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Deed {
    /// A client connected and was answered without ever sending a message (refused, or left).
    SessionEnded {
        /// The peer.
        client: SocketAddr,
        /// The door.
        listener: Listener,
        /// What it said in HELO or EHLO.
        helo: String,
        /// The last reply, when it was a refusal.
        refused: Option<Reply>,
        /// MAIL FROM, when one was given.
        sender: Option<Sender>,
        /// RCPT TO as given and refused, as text (bounded).
        recipient: Option<String>,
        /// The reason in words.
        because: String,
    },
    /// A message was sealed on stable storage; from here it is ours.
    Received {
        /// The peer.
        client: SocketAddr,
        /// The door.
        listener: Listener,
        /// What it said in HELO or EHLO.
        helo: String,
        /// TLS, if any.
        tls: Option<TlsFacts>,
        /// The way.
        direction: Direction,
        /// The reverse-path.
        sender: Sender,
        /// The forward-paths.
        recipients: Vec<Address>,
        /// Octets.
        size: u64,
    },
    /// Inspection ended.
    Inspected(Findings),
    /// A worker ended on this mail.
    WorkerLost {
        /// How it ended.
        because: String,
    },
    /// Policy decided.
    Judged(Verdict),
    /// The session was answered after the body.
    Answered {
        /// What the client was told.
        reply: Reply,
        /// Milliseconds from the end of the body to the answer.
        milliseconds: u64,
    },
    /// A delivery attempt ended for some recipients with the same outcome.
    Attempted {
        /// Recipients.
        recipients: Vec<Address>,
        /// Next hop as `host[address]:port`.
        host: String,
        /// TLS to the next hop, if any.
        tls: Option<TlsFacts>,
        /// How it ended.
        outcome: Outcome,
        /// When the next attempt is due, if one is.
        next: Option<Timestamp>,
        /// Milliseconds the attempt took.
        milliseconds: u64,
    },
    /// The vault holds it for these recipients.
    Quarantined {
        /// Area name.
        area: String,
        /// Recipients.
        recipients: Vec<Address>,
        /// Number in the vault.
        item: String,
    },
    /// Somebody released it from quarantine; it goes on as the new message `to`.
    Released {
        /// Who.
        actor: String,
        /// The new queue id.
        to: MessageId,
    },
    /// Dropped by policy for these recipients.
    Discarded {
        /// Recipients.
        recipients: Vec<Address>,
        /// The rule.
        rule: String,
    },
    /// A notice about this message was sent to its sender.
    Notified {
        /// `failed`, `delayed`, `delivered` or `relayed` (RFC 3464 section 2.3.3).
        action: String,
        /// Queue id of the notice.
        notice: MessageId,
    },
    /// No notice was sent although the message failed.
    NotNotified {
        /// Why.
        because: String,
    },
    /// An operator acted on the queue entry.
    Operated {
        /// Who.
        actor: String,
        /// `hold`, `release`, `requeue`, `delete` or `bounce`.
        action: String,
    },
    /// Found on stable storage after a restart and taken up again.
    Recovered,
    /// Nothing is left to do for any recipient.
    Finished,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MailEvent {
    /// When.
    pub at: Timestamp,
    /// The connection, where there is one.
    pub session: Option<SessionId>,
    /// The message, where there is one.
    pub message: Option<MessageId>,
    /// What.
    pub deed: Deed,
}
