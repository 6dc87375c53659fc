//! Quarantine: what vault is asked to keep, and what it gives back.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;

use ipc::Outlet;
use ipc::contracts::{QueueToVault, VaultToQueue};
use mail::{Deed, Direction, Envelope, Listener, MessageId, Reply};

use crate::core::{AfterSync, Core, Stage, duplicate};
use crate::pool::Task;
use crate::record::{Left, Record};

/// Something that vault was asked to keep.
pub(crate) struct Ticket {
    pub(crate) id: MessageId,
    pub(crate) recipients: Vec<u32>,
    pub(crate) area: String,
    rule: String,
    because: String,
}

impl Core {
    /// vault has connected: everything unanswered is said again.
    pub(crate) fn vault_came(&mut self, connection: u64, outlet: Outlet<QueueToVault>) {
        self.vault = Some((connection, outlet));
        let mut tickets: Vec<u64> = self.tickets.keys().copied().collect();
        tickets.sort_unstable();
        for ticket in tickets {
            self.send_ticket(ticket);
        }
        for (id, item) in &self.unconfirmed {
            self.after_sync.push(AfterSync::Readmitted(item.clone(), *id));
        }
    }

    /// Asks vault to keep a message for the recipients that policy quarantines.
    pub(crate) fn store_quarantined(&mut self, id: MessageId) {
        let Some(loaded) = self.loaded.get_mut(&id) else { return };
        let mut tickets: Vec<Ticket> = Vec::new();
        for (index, left) in loaded.record.left.iter().enumerate() {
            let Left::Quarantine { area, rule, because } = left else { continue };
            let same = tickets.iter_mut().find(|known| known.area == *area && known.rule == *rule);
            match same {
                Some(ticket) => ticket.recipients.push(index as u32),
                None => tickets.push(Ticket {
                    id,
                    recipients: vec![index as u32],
                    area: area.clone(),
                    rule: rule.clone(),
                    because: because.clone(),
                }),
            }
        }
        loaded.open += tickets.len();
        for ticket in tickets {
            self.last_ticket += 1;
            self.tickets.insert(self.last_ticket, ticket);
            self.send_ticket(self.last_ticket);
        }
    }

    fn send_ticket(&self, number: u64) {
        let Some(ticket) = self.tickets.get(&number) else { return };
        let Some(loaded) = self.loaded.get(&ticket.id) else { return };
        let Some((_, outlet)) = &self.vault else { return };
        let Ok(body) = duplicate(&loaded.body) else { return };
        let mut envelope = loaded.envelope.as_ref().clone();
        let mut index = 0_u32;
        envelope.recipients.retain(|_| {
            index += 1;
            ticket.recipients.contains(&(index - 1))
        });
        let message = QueueToVault::Store {
            ticket: number,
            envelope: Box::new(envelope),
            area: ticket.area.clone(),
            rule: ticket.rule.clone(),
            because: ticket.because.clone(),
            findings: loaded.findings.clone().unwrap_or_default(),
        };
        let _ = outlet.send(&message, vec![body]);
    }

    /// vault has said something.
    pub(crate) fn vault_said(&mut self, message: VaultToQueue, descriptors: Vec<OwnedFd>) {
        match message {
            VaultToQueue::Stored { ticket, item } => self.stored(ticket, item),
            VaultToQueue::NotStored { ticket, because } => self.not_stored(ticket, &because),
            VaultToQueue::Confirmed { id, .. } => self.confirmed(id),
            VaultToQueue::Readmit { item, id, envelope, skip_rule, actor } => {
                let body = descriptors.into_iter().next();
                let outcome = body
                    .ok_or_else(|| "its body did not come with it".to_owned())
                    .and_then(|body| self.readmit(&item, id, *envelope, skip_rule, body));
                match outcome {
                    Ok(()) => tracing::info!(%id, actor, "released from quarantine"),
                    Err(because) => {
                        self.say_to_vault(&QueueToVault::NotReadmitted { item, because });
                    }
                }
            }
        }
    }

    fn stored(&mut self, number: u64, item: String) {
        let Some(ticket) = self.tickets.remove(&number) else { return };
        let recipients = self.addresses(ticket.id, &ticket.recipients);
        self.tell(ticket.id, Deed::Quarantined { area: ticket.area, recipients, item });
        if let Some(loaded) = self.loaded.get_mut(&ticket.id) {
            for recipient in &ticket.recipients {
                loaded.done(*recipient);
            }
            loaded.open = loaded.open.saturating_sub(1);
        }
        self.settle(ticket.id);
    }

    fn not_stored(&mut self, number: u64, because: &str) {
        let Some(ticket) = self.tickets.remove(&number) else { return };
        tracing::error!(id = %ticket.id, because, "the quarantine did not take a message");
        if let Some(loaded) = self.loaded.get_mut(&ticket.id) {
            let reason = format!("the quarantine could not keep it: {because}");
            loaded.deferred = Some(Reply::coded(451, 4, 3, 1, &reason));
            loaded.open = loaded.open.saturating_sub(1);
        }
        self.settle(ticket.id);
    }

    /// Takes a released message as a new one. Saying it twice is the same as once.
    fn readmit(
        &mut self,
        item: &str,
        id: MessageId,
        envelope: Envelope,
        skip_rule: String,
        body: OwnedFd,
    ) -> Result<(), String> {
        let mut octets = Vec::new();
        let read = File::from(body).take(u64::from(u32::MAX)).read_to_end(&mut octets);
        read.map_err(|error| format!("its body could not be read: {error}"))?;
        let now = self.now();
        let size = octets.len() as u64;
        let envelope =
            Envelope { id, received: now, listener: Listener::Internal, size, ..envelope };
        let kept = self.keeper.insert(&envelope, octets);
        let kept = kept.map_err(|error| format!("the spool could not keep it: {error}"))?;
        if kept != spool::Adopted::New {
            self.after_sync.push(AfterSync::Readmitted(item.to_owned(), id));
            return Ok(());
        }
        let unconfirmed = Some(item.to_owned());
        let record = Record { skip_rule: Some(skip_rule), unconfirmed, ..Record::default() };
        let state = record.encode();
        let recorded = self.keeper.record(id, &state);
        self.records.insert(id, state.into());
        recorded.map_err(|error| format!("the spool could not keep its record: {error}"))?;
        self.received(&envelope);
        self.stages.insert(id, Stage::Active);
        self.unconfirmed.insert(id, item.to_owned());
        self.after_sync.push(AfterSync::Readmitted(item.to_owned(), id));
        Ok(())
    }

    /// vault will not release it again: the message goes its way.
    fn confirmed(&mut self, id: MessageId) {
        if self.unconfirmed.remove(&id).is_none() || !self.load(id) {
            return;
        }
        if let Some(loaded) = self.loaded.get_mut(&id) {
            loaded.record.unconfirmed = None;
        }
        self.write_record(id);
        let now = self.now();
        self.scans.push_back((Task::Inspect(id), now));
    }

    /// Tells of a message that did not come through intake.
    pub(crate) fn received(&self, envelope: &Envelope) {
        self.tell(
            envelope.id,
            Deed::Received {
                client: envelope.client.address,
                listener: envelope.listener,
                helo: envelope.client.helo.clone(),
                tls: None,
                direction: Direction::Outgoing,
                sender: envelope.sender.clone(),
                recipients: envelope.recipients.iter().map(|r| r.address.clone()).collect(),
                size: envelope.size,
            },
        );
    }
}
