//! Records about connections and messages, for the ledger. Cheap and bounded: a flood of
//! connections that come to nothing leaves a sample, not a full disk.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ipc::Events;
use mail::{Deed, Envelope, Listener, MailEvent, MessageId, Reply, SessionId, Timestamp};
use smtp::server::Record;

use crate::limits;

/// Lets so many pass in each second.
#[derive(Debug, Default)]
struct Throttle {
    second: u64,
    passed: u32,
}

impl Throttle {
    fn pass(&mut self, now: Timestamp) -> bool {
        let second = now.0 / 1000;
        if second != self.second {
            *self = Throttle { second, passed: 0 };
        }
        self.passed += 1;
        self.passed <= limits::ENDED_RECORDS_A_SECOND
    }
}

/// Tells the ledger.
pub struct Recorder {
    events: Events,
    throttle: Mutex<Throttle>,
}

/// Who a record is about.
#[derive(Debug, Clone, Copy)]
pub struct Visit {
    /// The connection.
    pub session: SessionId,
    /// The peer.
    pub client: SocketAddr,
    /// The door.
    pub listener: Listener,
}

impl Recorder {
    /// Records go to these events.
    #[must_use]
    pub fn new(events: Events) -> Self {
        Recorder { events, throttle: Mutex::default() }
    }

    /// A message is on stable storage.
    pub fn received(&self, at: Timestamp, envelope: &Envelope) {
        let deed = Deed::Received {
            client: envelope.client.address,
            listener: envelope.listener,
            helo: envelope.client.helo.clone(),
            tls: envelope.client.tls.clone(),
            direction: envelope.direction,
            sender: envelope.sender.clone(),
            recipients: envelope.recipients.iter().map(|one| one.address.clone()).collect(),
            size: envelope.size,
        };
        self.tell(at, envelope.session, Some(envelope.id), deed);
    }

    /// The session was told what became of its message.
    pub fn answered(
        &self,
        at: Timestamp,
        session: SessionId,
        id: MessageId,
        reply: &Reply,
        began: Timestamp,
    ) {
        let deed = Deed::Answered { reply: reply.clone(), milliseconds: at.since(began) };
        self.tell(at, session, Some(id), deed);
    }

    /// A connection ended. Told only when no message came of it and there is something to say.
    pub fn ended(&self, at: Timestamp, visit: Visit, record: Record) {
        let silent = record.lines == 0 && record.refused.is_none();
        if record.accepted > 0 || silent || !self.has_room(at) {
            return;
        }
        let because = match (record.because.is_empty(), &record.refused) {
            (false, _) => record.because,
            (true, Some(reply)) => reply.text().to_owned(),
            (true, None) => "the client sent no message".to_owned(),
        };
        let deed = Deed::SessionEnded {
            client: visit.client,
            listener: visit.listener,
            helo: record.helo,
            refused: record.refused,
            sender: record.sender,
            recipient: record.recipient,
            because,
        };
        self.tell(at, visit.session, None, deed);
    }

    /// A client was turned away when it connected.
    pub fn turned_away(&self, at: Timestamp, visit: Visit, reply: &Reply) {
        let record = Record { refused: Some(reply.clone()), ..Record::default() };
        self.ended(at, visit, record);
    }

    /// Waits a little until the ledger has what was told.
    pub async fn flush(&self) {
        if !self.events.flush(Duration::from_secs(limits::FLUSH_SECONDS)).await {
            tracing::warn!(waiting = self.events.waiting(), "records did not reach the ledger");
        }
    }

    fn has_room(&self, at: Timestamp) -> bool {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner).pass(at)
    }

    fn tell(&self, at: Timestamp, session: SessionId, message: Option<MessageId>, deed: Deed) {
        self.events.tell(MailEvent { at, session: Some(session), message, deed });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_ended_sessions_leaves_a_sample() {
        let mut throttle = Throttle::default();
        let now = Timestamp(5_000_000);
        let passed = (0..100_000).filter(|_| throttle.pass(now)).count();
        assert_eq!(passed, limits::ENDED_RECORDS_A_SECOND as usize);
        assert!(throttle.pass(Timestamp(5_001_000)));
    }
}
