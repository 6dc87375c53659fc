//! Deliveries: handing groups to deliver, taking outcomes, and settling what has ended.

use std::collections::HashMap;
use std::sync::Arc;

use ipc::Outlet;
use ipc::contracts::{Consignment, DeliverToQueue, QueueToDeliver};
use mail::{BodyKind, Deed, MessageId, Outcome, Reply, Timestamp, TlsFacts};
use smtp::dsn::Action;

use crate::core::{AfterSync, Attempt, Core, Stage, duplicate};
use crate::limits;
use crate::loaded::{Behind, Ended, Loaded, Wish};
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
    /// deliver has connected. What an older connection was doing is taken back when that one ends:
    /// its last outcomes may still be on their way.
    pub(crate) fn deliver_came(&mut self, connection: u64, outlet: Outlet<QueueToDeliver>) {
        self.deliver = Some((connection, outlet));
    }

    /// A deliver is gone: what it was doing is begun again with the next one.
    pub(crate) fn deliver_left(&mut self, connection: u64) {
        if self.deliver.as_ref().is_some_and(|(current, _)| *current == connection) {
            self.deliver = None;
        }
        let lost = |_: &u64, attempt: &mut Attempt| attempt.deliver == connection;
        for (_, attempt) in self.attempts.extract_if(lost) {
            self.destinations.push_back(&attempt.destination, attempt.id, attempt.group);
        }
    }

    /// Puts a group in its destination's line, or off when the destination is left alone.
    pub(crate) fn begin_group(&mut self, id: MessageId, group: usize) {
        let (now, crowded) = (self.now(), self.crowded());
        let Some(loaded) = self.loaded.get_mut(&id) else { return };
        let Some(slot) = loaded.groups.get(group) else { return };
        let destination = slot.destination.clone();
        if let Some((until, reply)) = self.destinations.down(&destination, now) {
            self.wait_for_destination(id, until, &reply);
        } else if !loaded.in_turn && self.destinations.is_full(&destination, crowded) {
            loaded.close_one();
            loaded.behind = Some(Behind::Destination(destination));
        } else if loaded.changes(group).is_empty() {
            self.destinations.push(&destination, id, group);
        } else {
            self.scans.push_back((Task::Amend(id, group), now));
        }
    }

    /// A group is put off without an attempt: its destination is down.
    fn wait_for_destination(&mut self, id: MessageId, until: Timestamp, reply: &Reply) {
        let spread = u64::from(self.chance() % 5000);
        let Some(loaded) = self.loaded.get_mut(&id) else { return };
        loaded.close_one();
        let again = Timestamp(until.0 + spread);
        if loaded.down.as_ref().is_none_or(|(earlier, _)| again < *earlier) {
            loaded.down = Some((again, reply.clone()));
        }
    }

    /// Starts attempts until nothing more may start.
    pub(crate) fn dispatch_deliveries(&mut self) {
        while self.deliver.is_some() {
            let Some((destination, id, group)) = self.destinations.next() else { return };
            self.consign(&destination, id, group);
        }
    }

    /// Hands a group to deliver. It counts as active already.
    fn consign(&mut self, destination: &Arc<Destination>, id: MessageId, group: usize) {
        let (Some((deliver, outlet)), Some(loaded)) = (&self.deliver, self.loaded.get_mut(&id))
        else {
            return self.destinations.release(destination);
        };
        if loaded.wish.is_some() {
            // What an operator wishes comes before an attempt that has not begun.
            loaded.close_one();
            self.destinations.release(destination);
            return self.settle(id);
        }
        let attempt = self.last_attempt + 1;
        let Some((consignment, body)) = consignment(loaded, attempt, group) else {
            self.destinations.release(destination);
            let reply = Reply::coded(451, 4, 3, 1, "no descriptor was left to hand it to deliver");
            return self.group_deferred(id, group, &reply);
        };
        let order = QueueToDeliver::Consign(Box::new(consignment));
        if outlet.send(&order, vec![body]).is_err() {
            // This deliver is going: nothing starts until the next one comes.
            self.deliver = None;
            return self.destinations.push_back(destination, id, group);
        }
        let (deliver, destination) = (*deliver, destination.clone());
        self.last_attempt = attempt;
        self.attempts.insert(attempt, Attempt { id, group, destination, deliver });
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
        let open = self.loaded.get(&ended.id).is_some_and(|loaded| loaded.open > 0);
        if open && report.outcomes.iter().any(|one| matches!(one, Outcome::Delivered(_))) {
            // The round goes on, but who has it by now must not get it twice after a crash.
            self.write_record(ended.id);
        }
        // The outcome is written with the record or with whatever settle writes; the next message
        // on that connection waits until it is on stable storage.
        let (destination, deliver) = (ended.destination.clone(), ended.deliver);
        self.after_sync.push(AfterSync::Settle { attempt, destination, deliver });
        self.judge_destination(&ended.destination, &report);
        self.settle(ended.id);
    }

    /// Notes what became of each recipient of an attempt.
    fn note(&mut self, attempt: &Attempt, report: &Report) {
        let now = self.now();
        let Some(loaded) = self.loaded.get_mut(&attempt.id) else { return };
        loaded.close_one();
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
        // Thousands of recipients may have an outcome each.
        let mut places: HashMap<&Outcome, usize> = HashMap::new();
        let mut told: Vec<(&Outcome, Vec<u32>)> = Vec::new();
        for (recipient, outcome) in recipients.iter().zip(&report.outcomes) {
            let place = *places.entry(outcome).or_insert(told.len());
            match told.get_mut(place) {
                Some((_, same)) => same.push(*recipient),
                None => told.push((outcome, vec![*recipient])),
            }
        }
        for (outcome, same) in told {
            let deferred = matches!(outcome, Outcome::Deferred(_));
            let deed = Deed::Attempted {
                recipients: self.addresses(id, &same),
                host: report.host.clone(),
                tls: report.tls.clone(),
                outcome: outcome.clone(),
                next: next.filter(|_| deferred),
                milliseconds: report.milliseconds,
            };
            self.tell(id, deed);
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
            loaded.close_one();
            loaded.deferred = Some(reply.clone());
        }
        self.settle(id);
    }

    /// Ends the present round of a message, when nothing of it is open any longer: notices are
    /// written, and it is finished or put off.
    pub(crate) fn settle(&mut self, id: MessageId) {
        let Some(loaded) = self.loaded.get_mut(&id) else { return };
        if loaded.open > 0 || loaded.ending {
            return;
        }
        loaded.close_failed();
        if let Some(wish) = loaded.wish.take() {
            loaded.grant(wish);
        }
        self.give_up_or_go_on(id);
        let noticed = self.send_notices(id);
        let Some(loaded) = self.loaded.get(&id) else { return };
        match (loaded.record.is_finished(), noticed) {
            (true, false) => self.finish(id),
            (true, true) => self.end_after_sync(id),
            (false, _) => self.rest(id),
        }
    }

    /// The notice has to be kept before the message goes.
    fn end_after_sync(&mut self, id: MessageId) {
        if let Some(loaded) = self.loaded.get_mut(&id) {
            loaded.ending = true;
        }
        self.after_sync.push(AfterSync::Finish(id));
    }

    /// After a round with something left: the lifetime, the schedule, the delay notice.
    fn give_up_or_go_on(&mut self, id: MessageId) {
        let now = self.now();
        let chance = self.chance();
        let Some(loaded) = self.loaded.get_mut(&id) else { return };
        let (deferred, down) = (loaded.deferred.take(), loaded.down.take());
        let Some(reply) = deferred.as_ref().or(down.as_ref().map(|(_, reply)| reply)) else {
            return;
        };
        if std::mem::take(&mut loaded.tried) {
            loaded.record.attempts += 1;
        }
        loaded.record.reason = cut(&reply.to_string());
        let null = loaded.envelope.sender.mailbox().is_none();
        let received = loaded.envelope.received;
        let attempts = loaded.record.attempts;
        let scheduled = match schedule::next(&self.retry, received, now, attempts, null, chance) {
            Next::Again(at) => at,
            Next::GiveUp => {
                let text =
                    format!("given up after {attempts} attempts; the last answer was: {reply}");
                loaded.fail_deliveries(&Reply::coded(554, 5, 4, 7, &text));
                // What is left is for the quarantine, and that is never given up.
                now.plus_seconds(limits::KEEP_TRYING_SECONDS)
            }
        };
        let end = schedule::end(&self.retry, received, null);
        loaded.record.next = match (deferred.is_some(), &down) {
            (true, Some((until, _))) => scheduled.min(*until),
            // Trying before a destination that is down is tried again would be idle.
            (false, Some((until, _))) if now < end => (*until).min(end),
            _ => scheduled,
        };
        if !loaded.record.told_late && schedule::is_late(&self.retry, received, now) {
            loaded.record.told_late = true;
            loaded.tell_late(reply);
        }
    }

    /// Puts a message down until its time comes, or until there is room for it.
    fn rest(&mut self, id: MessageId) {
        let now = self.now();
        self.write_record(id);
        let Some(loaded) = self.put_down(id) else { return };
        let next = loaded.record.next;
        match loaded.behind {
            _ if loaded.record.held => self.enter(id, Stage::Held),
            Some(Behind::Destination(destination)) if next <= now => {
                self.enter(id, Stage::Parked);
                self.destinations.park(&destination, id);
            }
            Some(Behind::Vault) if next <= now => {
                self.enter(id, Stage::Parked);
                self.vault_line.push_back(id);
            }
            // Never at once: whatever the reason, the same would follow at once.
            _ => self.put_off(id, next.max(now.plus_seconds(1))),
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

/// A text cut to what is kept of it.
pub(crate) fn cut(text: &str) -> String {
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
            // It counts as done when the notice about it is written, lest a crash in between takes
            // away both.
            Outcome::Failed(_) => Action::Failed,
            Outcome::Delivered(_) => {
                self.done(recipient);
                Action::Relayed
            }
        };
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

    /// What failed in this round is done: the notice is written together with the record.
    fn close_failed(&mut self) {
        for one in &self.ended {
            if one.action == Action::Failed
                && let Some(left) = self.record.left.get_mut(one.recipient as usize)
            {
                *left = Left::Nothing;
            }
        }
    }

    /// Does what an operator wishes.
    fn grant(&mut self, wish: Wish) {
        if wish == Wish::Hold {
            self.record.held = true;
            return;
        }
        // Of mail that was not judged yet, everything is left to do.
        let unknown = Left::Delivery { amendments: 0 };
        self.record.left.resize(self.envelope.recipients.len(), unknown);
        match wish {
            Wish::Delete => self.record.left.fill(Left::Nothing),
            Wish::Bounce | Wish::Hold => {
                let text = "returned by the administrator of the mail system";
                self.fail_rest(&Reply::coded(550, 5, 7, 0, text));
            }
        }
    }

    /// Everything that is left fails.
    fn fail_rest(&mut self, reply: &Reply) {
        self.fail_where(reply, |left| *left != Left::Nothing);
    }

    /// What is to be delivered fails; what is to be kept in quarantine stays to be kept.
    fn fail_deliveries(&mut self, reply: &Reply) {
        self.fail_where(reply, Left::is_delivery);
    }

    fn fail_where(&mut self, reply: &Reply, meant: impl Fn(&Left) -> bool) {
        for (index, left) in self.record.left.iter_mut().enumerate() {
            if meant(left) {
                *left = Left::Nothing;
                self.ended.push(Ended::by_us(index, reply, Action::Failed));
            }
        }
    }

    /// Every delivery that is left is late. Of quarantined mail nobody is told.
    fn tell_late(&mut self, reply: &Reply) {
        for (index, left) in self.record.left.iter().enumerate() {
            if left.is_delivery() {
                self.ended.push(Ended::by_us(index, reply, Action::Delayed));
            }
        }
    }
}

impl Ended {
    fn by_us(index: usize, reply: &Reply, action: Action) -> Self {
        Ended { recipient: index as u32, reply: reply.clone(), host: None, action }
    }
}
