//! The envelope: everything that SMTP told us about a message, fixed when the body is sealed.
//!
//! An envelope is immutable. Rules make rulings about its recipients; they never change it.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::{Address, Domain, MessageId, Sender, SessionId, Timestamp};

/// Which door a message came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Listener {
    /// Port 25: other mail servers.
    Smtp,
    /// Port 465: submission under implicit TLS.
    Submissions,
    /// Port 587: submission with STARTTLS.
    Submission,
    /// Not from the network: a notice of our own or a release from quarantine.
    Internal,
}

/// Which way a message goes, judged by who handed it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// From outside to one of our domains.
    Incoming,
    /// From a permitted sender to anywhere.
    Outgoing,
}

/// What TLS protected the connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsFacts {
    /// `TLSv1.3` or `TLSv1.2`.
    pub version: String,
    /// The cipher suite by its IANA name.
    pub cipher: String,
}

/// The peer that handed the message in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its address and port.
    pub address: SocketAddr,
    /// What it said in HELO or EHLO, as text and without control characters.
    pub helo: String,
    /// TLS, if the message came under it.
    pub tls: Option<TlsFacts>,
}

/// DSN: when a recipient's fate is to be told (RFC 3461 section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Notify {
    /// Tell of success.
    pub success: bool,
    /// Tell of failure.
    pub failure: bool,
    /// Tell of delay.
    pub delay: bool,
}

impl Notify {
    /// What holds without a NOTIFY parameter: failure and delay.
    pub const DEFAULT: Notify = Notify { success: false, failure: true, delay: true };
    /// NOTIFY=NEVER.
    pub const NEVER: Notify = Notify { success: false, failure: false, delay: false };
}

/// DSN: how much of the message a notice returns (RFC 3461 section 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Return {
    /// The whole message.
    Full,
    /// Its header only.
    Headers,
}

/// One accepted RCPT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// The mailbox.
    pub address: Address,
    /// NOTIFY as given; `None` when the client gave none (RFC 3461 tells them apart on relay).
    pub notify: Option<Notify>,
    /// ORCPT as given, still in xtext (RFC 3461 section 4.2).
    pub original: Option<String>,
}

impl Recipient {
    /// A recipient without DSN parameters.
    #[must_use]
    pub fn plain(address: Address) -> Self {
        Recipient { address, notify: None, original: None }
    }

    /// NOTIFY, with the default where none was given.
    #[must_use]
    pub fn notify(&self) -> Notify {
        self.notify.unwrap_or(Notify::DEFAULT)
    }
}

/// What the client said about the octets of the body (RFC 6152, RFC 3030).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BodyKind {
    /// No BODY parameter, or BODY=7BIT.
    SevenBit,
    /// BODY=8BITMIME.
    EightBitMime,
}

/// One message's envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The queue id.
    pub id: MessageId,
    /// The connection it came in.
    pub session: SessionId,
    /// When the end of the body was seen.
    pub received: Timestamp,
    /// The door.
    pub listener: Listener,
    /// The way.
    pub direction: Direction,
    /// The peer.
    pub client: Client,
    /// The reverse-path.
    pub sender: Sender,
    /// The forward-paths, in the order given, at least one.
    pub recipients: Vec<Recipient>,
    /// BODY.
    pub body: BodyKind,
    /// SMTPUTF8 was given on MAIL.
    pub smtputf8: bool,
    /// RET.
    pub ret: Option<Return>,
    /// ENVID as given, still in xtext.
    pub envid: Option<String>,
    /// Octets of the body as kept, our Received header included.
    pub size: u64,
}

impl Envelope {
    /// The distinct recipient domains, in order of first use.
    #[must_use]
    pub fn domains(&self) -> Vec<&Domain> {
        let mut domains: Vec<&Domain> = Vec::new();
        for recipient in &self.recipients {
            let domain = recipient.address.domain();
            if !domains.contains(&domain) {
                domains.push(domain);
            }
        }
        domains
    }
}
