//! One connection: obeys the machine of [`smtp::server`], with a socket, a clock and a spool.
//!
//! The order after the end of a body is the promise of this file: seal, and only with the
//! [`spool::Receipt`] in hand hand over to queue and say 250. Nothing here is cancelled between the
//! seal and the hand-over: time-outs hold for reading and writing only.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use ipc::contracts::{Admission, Place};
use mail::{Client, Envelope, Listener, MessageId, Reply, Timestamp, TlsFacts};
use smtp::server::{Action, Session, Step, Transaction};
use spool::{Body, Draft, Receipt, SpoolError};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::Intake;
use crate::doors::Slot;
use crate::limits;
use crate::link::Seal;
use crate::record::Visit;
use crate::relay::Standing;
use crate::setup::Setup;
use crate::trace::{HopWatch, Stamp};
use crate::wire::{self, ReadBuffer, Wire};

/// A body that is coming in.
struct Incoming {
    draft: Draft,
    watch: HopWatch,
    id: MessageId,
}

impl Incoming {
    /// Keeps a piece of the body.
    fn keep(&mut self, octets: &[u8]) -> Result<(), Reply> {
        self.watch.look(octets)?;
        self.draft.write(octets).map_err(|error| cannot_keep(&error))
    }
}

/// What comes after an action.
enum Next {
    Step,
    Read,
    Close,
}

/// How reading ended without octets.
enum Quiet {
    ClientLeft,
    Idle,
    Overdue,
    Stopping,
}

struct Connection {
    intake: Arc<Intake>,
    setup: Arc<Setup>,
    visit: Visit,
    standing: Standing,
    session: Session,
    wire: Wire,
    buffer: ReadBuffer,
    incoming: Option<Incoming>,
    tls: Option<TlsFacts>,
    deadline: Instant,
    stop: watch::Receiver<bool>,
}

/// Serves one connection to its end.
pub async fn serve(
    intake: Arc<Intake>,
    setup: Arc<Setup>,
    visit: Visit,
    stream: TcpStream,
    slot: Slot,
) {
    let mut connection = Connection::new(intake, setup, visit, stream);
    if let Err(error) = connection.run().await {
        tracing::debug!(%error, client = %connection.visit.client, "a connection broke");
    }
    connection.intake.recorder.ended(
        connection.intake.now(),
        connection.visit,
        connection.session.into_record(),
    );
    drop(slot);
}

impl Connection {
    fn new(intake: Arc<Intake>, setup: Arc<Setup>, visit: Visit, stream: TcpStream) -> Self {
        let settings = &setup.settings;
        let secured = visit.listener == Listener::Submissions;
        Connection {
            standing: Standing::of(settings, visit.listener, visit.client.ip()),
            session: Session::new(setup.rules(visit.listener), secured),
            wire: Wire::Clear(stream),
            buffer: ReadBuffer::default(),
            incoming: None,
            tls: None,
            deadline: Instant::now() + seconds(settings.total_timeout_seconds),
            stop: intake.stop.clone(),
            intake,
            setup,
            visit,
        }
    }

    async fn run(&mut self) -> io::Result<()> {
        if !self.begin().await? {
            return self.close().await;
        }
        loop {
            match self.step().await? {
                Next::Step => {}
                Next::Read => {
                    if !self.read_more().await? {
                        self.flush().await?;
                        return self.wire.finish().await;
                    }
                }
                Next::Close => return self.close().await,
            }
        }
    }

    /// Does one action of the machine.
    async fn step(&mut self) -> io::Result<Next> {
        let Step { consumed, action } = self.session.advance(self.buffer.octets());
        let mut next = Next::Step;
        match action {
            Action::Continue => {}
            Action::More => next = Next::Read,
            Action::Body(octets) => keep(&mut self.incoming, &mut self.session, octets),
            Action::Mail => {
                let allowed = self.may_send();
                self.decide(allowed);
            }
            Action::Recipient(address) => {
                let allowed = self.standing.recipient(&self.setup.own_domains, &address);
                self.decide(allowed);
            }
            Action::BodyStart => {
                let begun = self.begin_body();
                self.decide(begun);
                self.buffer.grow(limits::BUFFER_BODY_OCTETS);
            }
            Action::BodyAbandoned => self.incoming = None,
            Action::BodyEnd(transaction) => self.end_body(*transaction).await,
            Action::StartTls => self.start_tls().await?,
            Action::Close => next = Next::Close,
        }
        self.buffer.consume(consumed);
        Ok(next)
    }

    /// The greeting, or TLS and the greeting. False when the client has no right to one.
    async fn begin(&mut self) -> io::Result<bool> {
        if self.visit.listener == Listener::Submissions {
            self.secure().await?;
            return self.flush().await.map(|()| true);
        }
        let Wire::Clear(stream) = &self.wire else {
            return Ok(true);
        };
        if self.setup.settings.refuse_early_talkers && wire::has_input(stream) {
            self.session.replies().clear();
            let reply = Reply::coded(554, 5, 5, 1, "You spoke before the greeting");
            self.session.hang_up(&reply, "the client spoke before the greeting");
            return Ok(false);
        }
        // What did not go at once goes with the first wait for input.
        let sent = wire::write_at_once(stream, self.session.replies());
        self.session.replies().drain(..sent);
        Ok(true)
    }

    fn decide(&mut self, allowed: Result<(), Reply>) {
        match allowed {
            Ok(()) => self.session.allow(),
            Err(reply) => self.session.refuse(&reply),
        }
    }

    fn may_send(&self) -> Result<(), Reply> {
        self.standing.sender()?;
        self.intake.link.open()
    }

    /// Makes room for a body and puts our Received line on top of it.
    fn begin_body(&mut self) -> Result<(), Reply> {
        self.intake.link.open()?;
        let now = self.intake.now();
        let id = self.intake.next_message(now);
        let mut draft = self.intake.writer.draft(id).map_err(|error| cannot_keep(&error))?;
        let settings = &self.setup.settings;
        let recipient = self.session.transaction().and_then(only_recipient);
        let stamp = Stamp {
            helo: self.session.helo(),
            client: self.visit.client,
            host: &settings.host_name,
            protocol: self.session.protocol(),
            tls: self.tls.as_ref(),
            id,
            recipient,
            at: now,
        };
        draft.write(stamp.line().as_bytes()).map_err(|error| cannot_keep(&error))?;
        let watch = HopWatch::new(settings.maximum_received_headers, &settings.host_name);
        self.incoming = Some(Incoming { draft, watch, id });
        Ok(())
    }

    /// Seals the message, hands it over and tells the client what became of it.
    async fn end_body(&mut self, transaction: Transaction) {
        let received = self.intake.now();
        let Some(incoming) = self.incoming.take() else {
            self.session.answer(&cannot_keep_now());
            return;
        };
        let Incoming { draft, id, .. } = incoming;
        let envelope = self.envelope(id, received, transaction, draft.size());
        let seal = self.intake.link.begin_seal();
        let reply = match draft.seal(&envelope).await {
            Ok(sealed) => {
                self.tell_closed_segments();
                self.intake.recorder.received(received, &envelope);
                self.hand_over(seal, sealed.receipt, sealed.body, envelope).await
            }
            Err(error) => {
                tracing::error!(%error, %id, "a message could not be kept");
                cannot_keep(&error)
            }
        };
        let intake = &self.intake;
        intake.recorder.answered(intake.now(), self.visit.session, id, &reply, received);
        self.session.answer(&reply);
    }

    /// Segments become complete only by seals, so after each seal is when to look.
    fn tell_closed_segments(&self) {
        for segment in self.intake.writer.closed_segments() {
            self.intake.link.segment_closed(segment);
        }
    }

    fn envelope(
        &self,
        id: MessageId,
        received: Timestamp,
        transaction: Transaction,
        size: u64,
    ) -> Envelope {
        let body = transaction.body();
        let parameters = transaction.parameters;
        let client = Client {
            address: self.visit.client,
            helo: self.session.helo().to_owned(),
            tls: self.tls.clone(),
        };
        Envelope {
            id,
            session: self.visit.session,
            received,
            listener: self.visit.listener,
            direction: self.standing.direction(),
            client,
            sender: transaction.sender,
            recipients: transaction.recipients,
            body,
            smtputf8: parameters.smtputf8,
            ret: parameters.ret,
            envid: parameters.envid,
            size,
        }
    }

    /// Gives the sealed message to queue and waits for its word, within the budget. Whatever comes
    /// of that, the message is kept: only queue's refusal makes another reply than 250.
    async fn hand_over(
        &self,
        seal: Seal,
        receipt: Receipt,
        body: Body,
        envelope: Envelope,
    ) -> Reply {
        let budget = self.setup.settings.in_session_budget_seconds.saturating_mul(1000);
        let at = receipt.place();
        let place = Place { segment: at.segment, offset: at.offset };
        let body = match Descriptors::of(body) {
            Ok(Descriptors(body)) => body,
            Err((body, error)) => {
                tracing::error!(%error, "no descriptor left to hand a message to queue at once");
                tokio::spawn(hand_over_later(self.intake.clone(), seal, place, body, envelope));
                return kept(&receipt);
            }
        };
        let answer = self.intake.link.admit(place, envelope, body, budget);
        drop(seal);
        if budget == 0 {
            return kept(&receipt);
        }
        match tokio::time::timeout(Duration::from_millis(u64::from(budget)), answer).await {
            Ok(Ok(Admission::Refused(reply))) => reply,
            // Kept, or no word in time, or queue went away: it is on stable storage.
            _ => kept(&receipt),
        }
    }

    async fn start_tls(&mut self) -> io::Result<()> {
        self.flush().await?;
        self.incoming = None;
        self.secure().await?;
        self.session.secured();
        Ok(())
    }

    async fn secure(&mut self) -> io::Result<()> {
        let Some(config) = self.setup.tls.clone() else {
            return Err(io::Error::other("there is no certificate"));
        };
        let wait = Duration::from_secs(limits::HANDSHAKE_SECONDS);
        let handshake = match tokio::time::timeout(wait, self.wire.secure(config)).await {
            Ok(handshake) => handshake,
            Err(_) => Err(io::Error::other("the TLS handshake took too long")),
        };
        match handshake {
            Ok(facts) => {
                self.tls = Some(facts);
                Ok(())
            }
            Err(error) => {
                // For the record: the client cannot hear it any more.
                let reply = Reply::coded(454, 4, 7, 0, "The TLS handshake failed");
                self.session.hang_up(&reply, &format!("the TLS handshake failed: {error}"));
                Err(error)
            }
        }
    }

    /// Writes what is to be said.
    async fn flush(&mut self) -> io::Result<()> {
        if self.session.replies().is_empty() {
            return Ok(());
        }
        let wait = seconds(self.setup.settings.idle_timeout_seconds);
        let written = tokio::time::timeout(wait, self.wire.write(self.session.replies())).await;
        written.map_err(|_| io::Error::other("the client does not read our replies"))??;
        self.session.replies().clear();
        Ok(())
    }

    /// Writes the replies and reads. False when the connection ends here.
    async fn read_more(&mut self) -> io::Result<bool> {
        self.flush().await?;
        let (reply, because) = match self.read().await? {
            Ok(()) => return Ok(true),
            Err(Quiet::ClientLeft) => return Ok(false),
            Err(Quiet::Idle) => (
                Reply::coded(421, 4, 4, 2, "Idle for too long"),
                "the client was idle for too long",
            ),
            Err(Quiet::Overdue) => (
                Reply::coded(421, 4, 4, 2, "This connection lasts too long"),
                "the connection lasted too long",
            ),
            Err(Quiet::Stopping) => (
                Reply::coded(421, 4, 3, 2, "Shutting down, try again later"),
                "the service stopped",
            ),
        };
        self.session.hang_up(&reply, because);
        Ok(false)
    }

    async fn read(&mut self) -> io::Result<Result<(), Quiet>> {
        if *self.stop.borrow() {
            return Ok(Err(Quiet::Stopping));
        }
        let now = Instant::now();
        if now >= self.deadline {
            return Ok(Err(Quiet::Overdue));
        }
        let until = self.deadline.min(now + seconds(self.setup.settings.idle_timeout_seconds));
        let read = tokio::select! {
            biased;
            read = self.wire.read(self.buffer.room()) => read?,
            () = tokio::time::sleep_until(until) => {
                let quiet = if until == self.deadline { Quiet::Overdue } else { Quiet::Idle };
                return Ok(Err(quiet));
            }
            _ = self.stop.changed() => return Ok(Err(Quiet::Stopping)),
        };
        self.buffer.filled(read);
        Ok(if read == 0 { Err(Quiet::ClientLeft) } else { Ok(()) })
    }

    /// Writes the last words and lets the client read them: a socket that is closed with input
    /// unread would tear them away.
    async fn close(&mut self) -> io::Result<()> {
        self.flush().await?;
        if self.session.ended_by_us() {
            self.wire.finish().await?;
            let wait = Duration::from_secs(limits::LINGER_SECONDS);
            let mut stop = self.stop.clone();
            tokio::select! {
                _ = tokio::time::timeout(wait, self.linger()) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
        Ok(())
    }

    async fn linger(&mut self) -> io::Result<()> {
        self.buffer.clear();
        let mut dropped = 0;
        while dropped < limits::LINGER_OCTETS {
            match self.wire.read(self.buffer.room()).await? {
                0 => return Ok(()),
                octets => dropped += octets,
            }
        }
        Ok(())
    }
}

/// Keeps a piece of the body, or lets the machine swallow the rest.
fn keep(incoming: &mut Option<Incoming>, session: &mut Session, octets: &[u8]) {
    let kept = match incoming {
        Some(incoming) => incoming.keep(octets),
        None => Err(cannot_keep_now()),
    };
    if let Err(reply) = kept {
        *incoming = None;
        session.fail_body(&reply);
    }
}

fn only_recipient(transaction: &Transaction) -> Option<&mail::Address> {
    match transaction.recipients.as_slice() {
        [only] => Some(&only.address),
        _ => None,
    }
}

/// The only place where a body is answered 250: it takes a receipt.
fn kept(receipt: &Receipt) -> Reply {
    Reply::coded(250, 2, 0, 0, &format!("Ok: kept as {}", receipt.id()))
}

fn cannot_keep(error: &SpoolError) -> Reply {
    if error.is_full() {
        Reply::coded(452, 4, 3, 1, "Not enough disk space, try again later")
    } else {
        cannot_keep_now()
    }
}

fn cannot_keep_now() -> Reply {
    Reply::coded(451, 4, 3, 0, "The message could not be kept, try again later")
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}

/// Two descriptors of one body: one to send, one to send again.
struct Descriptors([OwnedFd; 2]);

impl Descriptors {
    fn of(body: Body) -> Result<Self, (Body, io::Error)> {
        let first = match body {
            Body::File(file) => file,
            Body::Memory(octets) => match ipc::sealed_memory(&octets) {
                Ok(memory) => memory,
                Err(error) => return Err((Body::Memory(octets), error)),
            },
        };
        match first.try_clone() {
            Ok(second) => Ok(Descriptors([first, second])),
            Err(error) => Err((Body::File(first), error)),
        }
    }
}

/// Pause between two tries to get a descriptor.
const DESCRIPTOR_PAUSE: Duration = Duration::from_millis(100);

/// Hands a durable message over as soon as there are descriptors again.
async fn hand_over_later(
    intake: Arc<Intake>,
    seal: Seal,
    place: Place,
    mut body: Body,
    envelope: Envelope,
) {
    loop {
        tokio::time::sleep(DESCRIPTOR_PAUSE).await;
        match Descriptors::of(body) {
            Ok(Descriptors(descriptors)) => {
                drop(intake.link.admit(place, envelope, descriptors, 0));
                drop(seal);
                return;
            }
            Err((again, _)) => body = again,
        }
    }
}
