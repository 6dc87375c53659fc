//! From findings to fates: the verdict, what the session is told, and what is begun.

use ipc::contracts::Admission;
use mail::{Deed, Direction, Fate, Findings, MessageId, Reply, Ruling, Verdict};

use crate::core::{Core, Stage};
use crate::excepted::except;
use crate::loaded::Ended;
use crate::record::{Left, Record};

impl Core {
    /// A scan has ended. `queue` alone decides what follows.
    pub(crate) fn inspected(&mut self, id: MessageId, mut findings: Findings) {
        if !self.load_or_put_off(id) {
            return;
        }
        let now = self.now();
        if let Some(loaded) = self.loaded.get(&id) {
            except(&self.signatures, &loaded.envelope, now, &mut findings);
        }
        self.tell(id, Deed::Inspected(findings.clone()));
        let Some(loaded) = self.loaded.get_mut(&id) else { return };
        let in_time = loaded.waiter.filter(|waiter| now <= waiter.until);
        let skip = loaded.record.skip_rule.clone();
        let verdict = self.policy.decide(&loaded.envelope, &findings, skip.as_deref());
        loaded.findings = Some(Box::new(findings));
        self.tell(id, Deed::Judged(verdict.clone()));
        match (in_time, refusal(&verdict)) {
            (Some(waiter), Some(reply)) => {
                if let Some(loaded) = self.loaded.get_mut(&id) {
                    loaded.refusing = true;
                }
                self.answer(waiter.connection, id, Admission::Refused(reply));
            }
            _ => {
                self.answer_kept(id);
                self.accept_verdict(id, &verdict);
            }
        }
    }

    /// Judges a message whose session is past being refused.
    pub(crate) fn judge_kept(&mut self, id: MessageId) {
        let Some(loaded) = self.loaded.get(&id) else { return };
        let Some(findings) = &loaded.findings else { return };
        let skip = loaded.record.skip_rule.as_deref();
        let verdict = self.policy.decide(&loaded.envelope, findings, skip);
        self.accept_verdict(id, &verdict);
    }

    /// Notes what is left to do for each recipient, and begins.
    fn accept_verdict(&mut self, id: MessageId, verdict: &Verdict) {
        if verdict.rulings.is_empty() {
            // Nobody to deliver to: only a damaged release could bring such mail.
            self.finish(id);
            return;
        }
        for ruling in &verdict.rulings {
            self.accept_ruling(id, ruling);
        }
        self.carry_out(id);
    }

    fn accept_ruling(&mut self, id: MessageId, ruling: &Ruling) {
        let Some(loaded) = self.loaded.get_mut(&id) else { return };
        let left = left(&mut loaded.record, ruling);
        loaded.record.left.resize(loaded.envelope.recipients.len(), Left::Nothing);
        for recipient in &ruling.recipients {
            if let Some(slot) = loaded.record.left.get_mut(*recipient as usize) {
                *slot = left.clone();
            }
        }
        match &ruling.fate {
            Fate::Discard => self.discarded(id, ruling),
            Fate::Return { reply } => self.return_late(id, ruling, reply),
            Fate::Postpone { until } => {
                if let Some(loaded) = self.loaded.get_mut(&id) {
                    loaded.record.next = *until;
                }
            }
            Fate::Deliver | Fate::Quarantine { .. } | Fate::HandOff { .. } => {}
        }
    }

    fn discarded(&mut self, id: MessageId, ruling: &Ruling) {
        let recipients = self.addresses(id, &ruling.recipients);
        self.tell(id, Deed::Discarded { recipients, rule: ruling.rule.clone() });
    }

    /// Policy refuses a message that was accepted already. Its sender is told only where it is
    /// proven, so that nobody gets notices about mail he never sent (features B-10).
    fn return_late(&mut self, id: MessageId, ruling: &Ruling, reply: &Reply) {
        let Some(loaded) = self.loaded.get_mut(&id) else { return };
        if loaded.envelope.direction == Direction::Incoming {
            let because = "refused by policy after it was accepted, and its sender is not proven";
            self.tell(id, Deed::NotNotified { because: because.to_owned() });
            self.discarded(id, ruling);
            return;
        }
        loaded.ended.extend(ruling.recipients.iter().map(|recipient| Ended {
            recipient: *recipient,
            reply: reply.clone(),
            host: None,
            action: smtp::dsn::Action::Failed,
        }));
    }

    /// Begins everything that is left to do for a message in hand.
    pub(crate) fn carry_out(&mut self, id: MessageId) {
        let now = self.now();
        let Some(loaded) = self.loaded.get_mut(&id) else { return };
        let (next, wished) = (loaded.record.next, loaded.wish.is_some());
        if next > now && !wished {
            self.write_record(id);
            self.put_down(id);
            self.put_off(id, next);
            return;
        }
        loaded.deferred = None;
        loaded.down = None;
        loaded.behind = None;
        self.enter(id, Stage::Working);
        // What an operator wished while it was scanned comes before any delivery.
        if !wished {
            self.begin_all(id);
        }
        self.settle(id);
    }

    fn begin_all(&mut self, id: MessageId) {
        let Some(loaded) = self.loaded.get_mut(&id) else { return };
        loaded.group(&self.routes);
        let groups = loaded.groups.len();
        self.store_quarantined(id);
        for group in 0..groups {
            self.begin_group(id, group);
        }
    }

    /// The addresses of some recipients.
    pub(crate) fn addresses(&self, id: MessageId, recipients: &[u32]) -> Vec<mail::Address> {
        let Some(loaded) = self.loaded.get(&id) else { return Vec::new() };
        let all = &loaded.envelope.recipients;
        let address = |index: &u32| all.get(*index as usize).map(|r| r.address.clone());
        recipients.iter().filter_map(address).collect()
    }
}

/// What a ruling leaves to do for its recipients.
fn left(record: &mut Record, ruling: &Ruling) -> Left {
    match &ruling.fate {
        Fate::Deliver | Fate::Postpone { .. } => {
            Left::Delivery { amendments: record.amendments_index(&ruling.amendments) }
        }
        Fate::HandOff { host, port } => {
            record.amendments_index(&[]);
            Left::HandOff { host: host.clone(), port: *port }
        }
        Fate::Quarantine { area } => Left::Quarantine {
            area: area.clone(),
            rule: ruling.rule.clone(),
            because: ruling.because.clone(),
        },
        Fate::Discard | Fate::Return { .. } => Left::Nothing,
    }
}

/// The reply for the session, when policy refuses the message for every recipient. A mixed verdict
/// cannot be told in one reply: the message is then kept.
fn refusal(verdict: &Verdict) -> Option<Reply> {
    let mut first = None;
    for ruling in &verdict.rulings {
        match &ruling.fate {
            Fate::Return { reply } => first = first.or(Some(reply)),
            _ => return None,
        }
    }
    first.cloned()
}
