//! Quarantine: what vault is asked to keep, and what it gives back.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use ipc::Outlet;
use ipc::contracts::{QueueToVault, VaultToQueue};
use mail::{Deed, Envelope, Listener, MessageId, Reply};

use crate::core::{AfterSync, Core, Stage, duplicate};
use crate::limits;
use crate::loaded::Behind;
use crate::record::{Left, Record};

/// Something that vault was asked to keep.
pub(crate) struct Ticket {
    pub(crate) id: MessageId,
    pub(crate) recipients: Vec<u32>,
    pub(crate) area: String,
    rule: String,
    because: String,
    /// Vault, as it is connected now, was told.
    sent: bool,
}

impl Core {
    /// vault has connected: everything unanswered is said again.
    pub(crate) fn vault_came(&mut self, connection: u64, outlet: Outlet<QueueToVault>) {
        self.vault = Some((connection, outlet));
        for ticket in self.tickets.values_mut() {
            ticket.sent = false;
        }
        self.resend_tickets();
        for (id, item) in &self.unconfirmed {
            self.after_sync.push(AfterSync::Readmitted(item.clone(), *id));
        }
    }

    /// vault is gone. What it did not answer is said again when it comes back.
    pub(crate) fn vault_left(&mut self, connection: u64) {
        if self.vault.as_ref().is_some_and(|(current, _)| *current == connection) {
            self.vault = None;
        }
    }

    /// Says what vault could not be told yet.
    pub(crate) fn resend_tickets(&mut self) {
        if self.vault.is_none() {
            return;
        }
        let unsent = self.tickets.iter().filter(|(_, ticket)| !ticket.sent);
        let mut unsent: Vec<u64> = unsent.map(|(number, _)| *number).collect();
        unsent.sort_unstable();
        for ticket in unsent {
            self.send_ticket(ticket);
        }
    }

    /// Asks vault to keep a message for the recipients that policy quarantines.
    pub(crate) fn store_quarantined(&mut self, id: MessageId) {
        let Some(loaded) = self.loaded.get_mut(&id) else { return };
        let tickets = tickets(id, &loaded.record.left);
        if tickets.is_empty() {
            return;
        }
        if !loaded.in_turn && (self.tickets.len() >= limits::TICKETS || !self.vault_line.is_empty())
        {
            loaded.behind = Some(Behind::Vault);
            return;
        }
        loaded.open += tickets.len();
        for ticket in tickets {
            self.last_ticket += 1;
            self.tickets.insert(self.last_ticket, ticket);
            self.send_ticket(self.last_ticket);
        }
    }

    fn send_ticket(&mut self, number: u64) {
        let Some(ticket) = self.tickets.get_mut(&number) else { return };
        let Some(loaded) = self.loaded.get(&ticket.id) else { return };
        let Some((_, outlet)) = &self.vault else { return };
        // When descriptors are short it is sent with the next tick.
        let Ok(body) = duplicate(&loaded.body) else { return };
        let mut envelope = loaded.envelope.as_ref().clone();
        let mut index = 0_u32;
        envelope.recipients.retain(|_| {
            index += 1;
            // In ascending order, as they were gathered.
            ticket.recipients.binary_search(&(index - 1)).is_ok()
        });
        let message = QueueToVault::Store {
            ticket: number,
            envelope: Box::new(envelope),
            area: ticket.area.clone(),
            rule: ticket.rule.clone(),
            because: ticket.because.clone(),
            findings: loaded.findings.clone().unwrap_or_default(),
        };
        ticket.sent = outlet.send(&message, vec![body]).is_ok();
    }

    /// vault has said something.
    pub(crate) fn vault_said(&mut self, message: VaultToQueue, descriptors: Vec<OwnedFd>) {
        match message {
            VaultToQueue::Stored { ticket, item } => self.stored(ticket, item),
            VaultToQueue::NotStored { ticket, because } => self.not_stored(ticket, &because),
            VaultToQueue::Confirmed { id, .. } => self.confirmed(id),
            VaultToQueue::Readmit { item, id, envelope, skip_rule, actor } => {
                let body = descriptors.into_iter().next();
                let outcome =
                    body.ok_or_else(|| "its body did not come with it".to_owned()).and_then(
                        |body| self.readmit(&item, id, *envelope, (skip_rule, actor.clone()), body),
                    );
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
            loaded.close_one();
        }
        self.settle(ticket.id);
    }

    fn not_stored(&mut self, number: u64, because: &str) {
        let Some(ticket) = self.tickets.remove(&number) else { return };
        tracing::error!(id = %ticket.id, because, "the quarantine did not take a message");
        if let Some(loaded) = self.loaded.get_mut(&ticket.id) {
            let reason = format!("the quarantine could not keep it: {because}");
            loaded.deferred = Some(Reply::coded(451, 4, 3, 1, &reason));
            loaded.close_one();
        }
        self.settle(ticket.id);
    }

    /// Takes a released message as a new one. Saying it twice is the same as once.
    fn readmit(
        &mut self,
        item: &str,
        id: MessageId,
        envelope: Envelope,
        (skip_rule, actor): (String, String),
        body: OwnedFd,
    ) -> Result<(), String> {
        let octets =
            read_whole(body).map_err(|error| format!("its body could not be read: {error}"))?;
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
        let (skip_rule, released_by) = (Some(skip_rule), Some(actor));
        let record = Record { skip_rule, unconfirmed, released_by, ..Record::default() };
        let recorded = self.keeper.record(id, &record.encode());
        self.records.insert(id, &record);
        recorded.map_err(|error| format!("the spool could not keep its record: {error}"))?;
        self.received(&envelope);
        self.enter(id, Stage::Working);
        self.unconfirmed.insert(id, item.to_owned());
        self.after_sync.push(AfterSync::Readmitted(item.to_owned(), id));
        Ok(())
    }

    /// vault will not release it again: the message goes its way.
    fn confirmed(&mut self, id: MessageId) {
        if self.unconfirmed.remove(&id).is_none() {
            return;
        }
        self.change_record(id, |record| record.unconfirmed = None);
        self.wait_for_scan(id);
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
                direction: envelope.direction,
                sender: envelope.sender.clone(),
                recipients: envelope.recipients.iter().map(|r| r.address.clone()).collect(),
                size: envelope.size,
            },
        );
    }
}

/// One ticket for each area. A message is in an area once, so rules that share one share the ticket.
fn tickets(id: MessageId, left: &[Left]) -> Vec<Ticket> {
    let mut tickets: Vec<Ticket> = Vec::new();
    for (index, left) in left.iter().enumerate() {
        let Left::Quarantine { area, rule, because } = left else { continue };
        match tickets.iter_mut().find(|known| known.area == *area) {
            Some(ticket) => ticket.recipients.push(index as u32),
            None => tickets.push(Ticket {
                id,
                recipients: vec![index as u32],
                area: area.clone(),
                rule: rule.clone(),
                because: because.clone(),
                sent: false,
            }),
        }
    }
    tickets
}

/// The whole body, from its beginning, wherever others that share the open file stand in it.
fn read_whole(body: OwnedFd) -> std::io::Result<Vec<u8>> {
    let body = File::from(body);
    let size = usize::try_from(body.metadata()?.len()).map_err(std::io::Error::other)?;
    let mut octets = vec![0; size];
    body.read_exact_at(&mut octets, 0)?;
    Ok(octets)
}
