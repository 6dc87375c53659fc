//! Deliveries: handing groups to deliver, taking outcomes, and settling what has ended.

use std::sync::Arc;

use ipc::Outlet;
use ipc::contracts::{Consignment, DeliverToQueue, QueueToDeliver};
use mail::{BodyKind, Deed, MessageId, Outcome, Reply, Timestamp, TlsFacts};
use smtp::dsn::Action;

use crate::core::{AfterSync, Attempt, Core, Stage, duplicate};
use crate::limits;
use crate::loaded::{Ended, Loaded, Wish};
use crate::pool::Task;
use crate::record::Left;
use crate::route::Destination;
use crate::schedule::{self, Next};

/// One attempt's end, as deliver told it.
struct Report {
    outcomes: Vec<Outcome>,
    dsn_relayed: bool,
    host: String,
    tls: Option<TlsFacts>,
    destination_down: bool,
    milliseconds: u64,
}

impl Core {
    /// deliver has connected.
    pub(crate) fn deliver_came(&mut self, connection: u64, outlet: Outlet<QueueToDeliver>) {
        self.take_back_attempts();
        self.deliver = Some((connection, outlet));
    }

    /// deliver is gone: what it was doing is begun again with the next one.
    pub(crate) fn deliver_left(&mut self, connection: u64) {
        if self.deliver.as_ref().is_some_and(|(current, _)| *current == connection) {
            self.deliver = None;
            self.take_back_attempts();
        }
    }

    fn take_back_attempts(&mut self) {
        for (_, attempt) in std::mem::take(&mut self.attempts) {
            self.destinations.push_back(&attempt.destination, attempt.id, attempt.group);
        }
        self.destinations.nothing_active();
    }

    /// Puts a group in its destination's line, or off when the destination is left alone.
    pub(crate) fn begin_group(&mut self, id: MessageId, group: usize) {
        let now = self.now();
        let Some(loaded) = self.loaded.get(&id) else { return };
        let Some(slot) = loaded.groups.get(group) else { return };
        let destination = slot.destination.clone();
        if let Some((until, reply)) = self.destinations.down(&destination, now) {
            self.wait_for_destination(id, until, &reply);
            return;
        }
        if loaded.changes(group).is_empty() || slot.amended.is_some() {
            self.destinations.push(&destination, id, group);
        } else {
            self.scans.push_back((Task::Amend(id, group), now));
        }
    }

    /// A group is put off without an attempt: its destination is down.
    fn wait_for_destination(&mut self, id: MessageId, until: Timestamp, reply: &Reply) {
        let spread = u64::from(self.chance() % 5000);
        let Some(loaded) = self.loaded.get_mut(&id) else { return };
        loaded.open = loaded.open.saturating_sub(1);
        loaded.deferred = Some(reply.clone());
        loaded.record.next = Timestamp(until.0 + spread);
    }

    /// Starts attempts until nothing more may start.
    pub(crate) fn dispatch_deliveries(&mut self) {
        while self.deliver.is_some() {
            let Some((destination, id, group)) = self.destinations.next() else { return };
            if !self.consign(&destination, id, group) {
                self.destinations.release(&destination);
            }
        }
    }

    fn consign(&mut self, destination: &Arc<Destination>, id: MessageId, group: usize) -> bool {
        let Some((_, outlet)) = &self.deliver else { return false };
        let Some(loaded) = self.loaded.get(&id) else { return false };
        let attempt = self.last_attempt + 1;
        let Some((consignment, body)) = consignment(loaded, attempt, group) else { return false };
        let order = QueueToDeliver::Consign(Box::new(consignment));
        if outlet.send(&order, vec![body]).is_err() {
            // deliver is going; its end takes everything back.
            self.destinations.push(destination, id, group);
            return false;
        }
        self.last_attempt = attempt;
        self.attempts.insert(attempt, Attempt { id, group, destination: destination.clone() });
        true
    }

    /// deliver has told the end of an attempt.
    pub(crate) fn deliver_said(&mut self, message: DeliverToQueue) {
        let DeliverToQueue::Ended {
            attempt,
            outcomes,
            dsn_relayed,
            host,
            tls,
            destination_down,
            milliseconds,
        } = message;
        let Some(ended) = self.attempts.remove(&attempt) else { return };
        let report = Report { outcomes, dsn_relayed, host, tls, destination_down, milliseconds };
        self.note(&ended, &report);
        // The outcome is written with whatever settle writes; the next message on that connection
        // waits until it is on stable storage.
        self.after_sync.push(AfterSync::Settle(attempt, ended.destination.clone()));
        self.judge_destination(&ended.destination, &report);
        self.settle(ended.id);
    }

    /// Notes what became of each recipient of an attempt.
    fn note(&mut self, attempt: &Attempt, report: &Report) {
        let now = self.now();
        let Some(loaded) = self.loaded.get_mut(&attempt.id) else { return };
        loaded.open = loaded.open.saturating_sub(1);
        loaded.tried = true;
        let Some(group) = loaded.groups.get(attempt.group) else { return };
        let recipients = group.recipients.clone();
        let lost =
            Outcome::Deferred(Reply::coded(451, 4, 4, 2, "the attempt ended without a word"));
        for (place, recipient) in recipients.iter().enumerate() {
            let outcome = report.outcomes.get(place).unwrap_or(&lost);
            loaded.note_outcome(*recipient, outcome, report);
        }
        let null = loaded.envelope.sender.mailbox().is_none();
        let attempts = loaded.record.attempts + 1;
        let received = loaded.envelope.received;
        let next = schedule::next(&self.retry, received, now, attempts, null, 500);
        let next = if let Next::Again(at) = next { Some(at) } else { None };
        self.tell_attempt(attempt.id, &recipients, report, next);
    }

    /// One event for each distinct outcome.
    fn tell_attempt(
        &self,
        id: MessageId,
        recipients: &[u32],
        report: &Report,
        next: Option<Timestamp>,
    ) {
        let mut told: Vec<&Outcome> = Vec::new();
        for outcome in &report.outcomes {
            if told.contains(&outcome) {
                continue;
            }
            told.push(outcome);
            let same: Vec<u32> = recipients
                .iter()
                .zip(&report.outcomes)
                .filter(|(_, other)| *other == outcome)
                .map(|(recipient, _)| *recipient)
                .collect();
            let deferred = matches!(outcome, Outcome::Deferred(_));
            self.tell(
                id,
                Deed::Attempted {
                    recipients: self.addresses(id, &same),
                    host: report.host.clone(),
                    tls: report.tls.clone(),
                    outcome: outcome.clone(),
                    next: next.filter(|_| deferred),
                    milliseconds: report.milliseconds,
                },
            );
        }
    }

    fn judge_destination(&mut self, destination: &Arc<Destination>, report: &Report) {
        if !report.destination_down {
            self.destinations.up(destination);
            return;
        }
        let silent = Reply::coded(451, 4, 4, 1, "no answer from host");
        let reply = report.outcomes.first().map_or(silent, |outcome| outcome.reply().clone());
        let now = self.now();
        let (until, waiting) = self.destinations.fail(destination, &reply, now);
        for (id, _) in waiting {
            self.wait_for_destination(id, until, &reply);
            self.settle(id);
        }
    }

    /// A group could not be tried: it counts as deferred.
    pub(crate) fn group_deferred(&mut self, id: MessageId, _group: usize, reply: &Reply) {
        if let Some(loaded) = self.loaded.get_mut(&id) {
            loaded.open = loaded.open.saturating_sub(1);
            loaded.deferred = Some(reply.clone());
        }
        self.settle(id);
    }

    /// Ends the present round of a message, when nothing of it is open any longer: notices are
    /// written, and it is finished or put off.
    pub(crate) fn settle(&mut self, id: MessageId) {
        let Some(loaded) = self.loaded.get_mut(&id) else { return };
        if loaded.open > 0 {
            return;
        }
        match loaded.wish.take() {
            Some(Wish::Delete) => loaded.record.left.fill(Left::Nothing),
            Some(Wish::Bounce) => loaded.fail_rest(&Reply::coded(
                550,
                5,
                7,
                0,
                "returned by the administrator of the mail system",
            )),
            Some(Wish::Hold) => loaded.record.held = true,
            None => {}
        }
        self.give_up_or_go_on(id);
        let noticed = self.send_notices(id);
        let Some(loaded) = self.loaded.get(&id) else { return };
        match (loaded.record.is_finished(), noticed) {
            (true, false) => self.finish(id),
            (true, true) => self.after_sync.push(AfterSync::Finish(id)),
            (false, _) => self.rest(id),
        }
    }

    /// After a round with something left: the lifetime, the schedule, the delay notice.
    fn give_up_or_go_on(&mut self, id: MessageId) {
        let now = self.now();
        let chance = self.chance();
        let Some(loaded) = self.loaded.get_mut(&id) else { return };
        let Some(reply) = loaded.deferred.take() else { return };
        if std::mem::take(&mut loaded.tried) {
            loaded.record.attempts += 1;
        }
        loaded.record.reason = cut(&reply.to_string());
        let null = loaded.envelope.sender.mailbox().is_none();
        let received = loaded.envelope.received;
        let attempts = loaded.record.attempts;
        match schedule::next(&self.retry, received, now, attempts, null, chance) {
            Next::GiveUp => {
                let text =
                    format!("given up after {attempts} attempts; the last answer was: {reply}");
                loaded.fail_rest(&Reply::coded(554, 5, 4, 7, &text));
            }
            Next::Again(at) => {
                // A destination that is down has named its own time, if that is earlier.
                let own = loaded.record.next;
                loaded.record.next = if own > now { own.min(at) } else { at };
                if !loaded.record.told_late && schedule::is_late(&self.retry, received, now) {
                    loaded.record.told_late = true;
                    loaded.tell_late(&reply);
                }
            }
        }
    }

    /// Puts a message down until its time comes.
    fn rest(&mut self, id: MessageId) {
        self.write_record(id);
        let Some(loaded) = self.loaded.remove(&id) else { return };
        if loaded.record.held {
            self.stages.insert(id, Stage::Held);
        } else {
            self.put_off(id, loaded.record.next);
        }
    }
}

fn consignment(
    loaded: &Loaded,
    attempt: u64,
    group: usize,
) -> Option<(Consignment, std::os::fd::OwnedFd)> {
    let slot = loaded.groups.get(group)?;
    let envelope = &loaded.envelope;
    let (body, size) = match &slot.amended {
        Some((amended, size)) => (duplicate(amended).ok()?, *size),
        None => (duplicate(&loaded.body).ok()?, envelope.size),
    };
    let recipient = |index: &u32| envelope.recipients.get(*index as usize).cloned();
    let consignment = Consignment {
        attempt,
        id: envelope.id,
        sender: envelope.sender.clone(),
        recipients: slot.recipients.iter().filter_map(recipient).collect(),
        next_hop: slot.destination.next_hop.clone(),
        tls: slot.destination.tls,
        size,
        eight_bit: envelope.body == BodyKind::EightBitMime,
        smtputf8: envelope.smtputf8,
        ret: envelope.ret,
        envid: envelope.envid.clone(),
    };
    Some((consignment, body))
}

fn cut(text: &str) -> String {
    let mut end = text.len().min(limits::REASON_OCTETS);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

impl Loaded {
    fn note_outcome(&mut self, recipient: u32, outcome: &Outcome, report: &Report) {
        let action = match outcome {
            Outcome::Deferred(reply) => {
                self.deferred = Some(reply.clone());
                return;
            }
            Outcome::Failed(_) => Action::Failed,
            Outcome::Delivered(_) => Action::Relayed,
        };
        self.done(recipient);
        // A host that speaks DSN tells of success itself (RFC 3461 section 5.2.2).
        if action == Action::Failed || !report.dsn_relayed {
            self.ended.push(Ended {
                recipient,
                reply: outcome.reply().clone(),
                host: Some(report.host.clone()),
                action,
            });
        }
    }

    /// Everything that is left fails.
    fn fail_rest(&mut self, reply: &Reply) {
        for (index, left) in self.record.left.iter_mut().enumerate() {
            if *left == Left::Nothing {
                continue;
            }
            *left = Left::Nothing;
            self.ended.push(Ended {
                recipient: index as u32,
                reply: reply.clone(),
                host: None,
                action: Action::Failed,
            });
        }
    }

    /// Everything that is left is late.
    fn tell_late(&mut self, reply: &Reply) {
        for (index, left) in self.record.left.iter().enumerate() {
            if *left != Left::Nothing {
                self.ended.push(Ended {
                    recipient: index as u32,
                    reply: reply.clone(),
                    host: None,
                    action: Action::Delayed,
                });
            }
        }
    }
}
