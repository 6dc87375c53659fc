//! From intake: mail that was sealed, and what its session is told.

use std::os::fd::OwnedFd;

use ipc::Outlet;
use ipc::contracts::{Admission, IntakeToQueue, Place, QueueToIntake};
use mail::{Envelope, MessageId, Timestamp};

use crate::core::Core;
use crate::loaded::{Loaded, Waiter};
use crate::record::Record;

/// Milliseconds before the end of a session's budget in which a refusal is no longer sent: it has
/// to get there.
const LAST_MOMENT: u64 = 500;

impl Core {
    /// An intake has connected.
    pub(crate) fn intake_came(&mut self, connection: u64, outlet: Outlet<QueueToIntake>) {
        let _ = outlet.send(&QueueToIntake::Pressure(self.pressure.clone()), Vec::new());
        self.intakes.insert(connection, outlet);
    }

    /// An intake is gone. Its sessions have said 250 for what was sealed; the mail goes on.
    pub(crate) fn intake_left(&mut self, connection: u64) {
        self.intakes.remove(&connection);
        let mut refused = Vec::new();
        for (id, loaded) in &mut self.loaded {
            if loaded.waiter.is_some_and(|waiter| waiter.connection == connection) {
                loaded.waiter = None;
                if loaded.refusing {
                    refused.push(*id);
                }
            }
        }
        for id in refused {
            self.refusal_came_too_late(id);
        }
    }

    /// An intake has said something.
    pub(crate) fn intake_said(
        &mut self,
        connection: u64,
        message: IntakeToQueue,
        descriptors: Vec<OwnedFd>,
    ) {
        match message {
            IntakeToQueue::FirstSegment(segment) => self.search_orphans(segment),
            IntakeToQueue::Admit { place, envelope, budget_milliseconds } => {
                let body = descriptors.into_iter().next();
                self.admit(connection, place, envelope, budget_milliseconds, body);
            }
            IntakeToQueue::Closed(segment) => self.keeper.close(segment),
            IntakeToQueue::Refusing { id, told } => self.refusing(id, told),
        }
    }

    /// Takes up sealed messages below this segment that the journal does not know: their intake,
    /// or the queue before this one, ended between the receipt and the journal.
    pub(crate) fn search_orphans(&mut self, before: u64) {
        let orphans = match self.keeper.orphans(before) {
            Ok(orphans) => orphans,
            Err(error) => {
                tracing::error!(%error, "older segments could not be searched");
                return;
            }
        };
        for kept in orphans {
            match self.keeper.adopt(kept.id, kept.place) {
                Ok(spool::Adopted::New) => {
                    tracing::info!(id = %kept.id, "a sealed message was found without its session");
                    self.take_up(kept.id, None);
                }
                Ok(spool::Adopted::Live | spool::Adopted::Finished) => {}
                Err(error) => {
                    tracing::error!(id = %kept.id, %error, "a sealed message could not be taken up");
                }
            }
        }
    }

    fn admit(
        &mut self,
        connection: u64,
        place: Place,
        envelope: Envelope,
        budget_milliseconds: u32,
        body: Option<OwnedFd>,
    ) {
        let id = envelope.id;
        let in_spool = match self.keeper.adopt(id, place) {
            Ok(spool::Adopted::New) => true,
            // Said again after a broken connection, or found as an orphan in between.
            Ok(spool::Adopted::Live | spool::Adopted::Finished) => {
                self.answer(connection, id, Admission::Kept);
                return;
            }
            Err(error) => {
                tracing::error!(%id, %error, "the journal did not take a message");
                false
            }
        };
        // Beyond what can be worked on at once, mail waits in the spool and its session does not.
        let Some(body) = body.filter(|_| !in_spool || !self.crowded()) else {
            self.answer(connection, id, Admission::Kept);
            self.wait_for_scan(id);
            return;
        };
        let now = self.now();
        let mut loaded = Loaded::new(envelope, body, Record::default(), now);
        if budget_milliseconds == 0 {
            self.answer(connection, id, Admission::Kept);
        } else {
            let end = now.0.saturating_add(u64::from(budget_milliseconds));
            let until = Timestamp(end.saturating_sub(LAST_MOMENT).max(now.0));
            loaded.waiter = Some(Waiter { connection, until });
        }
        self.take_in_hand(id, loaded);
        self.wait_for_scan(id);
    }

    /// Tells a session.
    pub(crate) fn answer(&self, connection: u64, id: MessageId, answer: Admission) {
        if let Some(outlet) = self.intakes.get(&connection) {
            let _ = outlet.send(&QueueToIntake::Answered { id, answer }, Vec::new());
        }
    }

    /// Tells the session of a message that it is kept, if one waits.
    pub(crate) fn answer_kept(&mut self, id: MessageId) {
        let waiter = self.loaded.get_mut(&id).and_then(|loaded| loaded.waiter.take());
        if let Some(waiter) = waiter {
            self.answer(waiter.connection, id, Admission::Kept);
        }
    }

    fn refusing(&mut self, id: MessageId, told: bool) {
        let waits = self.loaded.get(&id).is_some_and(|loaded| loaded.refusing);
        if !waits {
            return;
        }
        if told {
            self.finish(id);
        } else {
            self.refusal_came_too_late(id);
        }
    }

    /// The session had its 250 before the refusal came: the message is ours after all.
    fn refusal_came_too_late(&mut self, id: MessageId) {
        if let Some(loaded) = self.loaded.get_mut(&id) {
            loaded.refusing = false;
            loaded.waiter = None;
        }
        self.judge_kept(id);
    }
}
