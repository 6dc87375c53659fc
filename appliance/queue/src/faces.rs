//! What operators ask of the queue: `queue.summary`, `queue.list`, `queue.show`, `queue.hold`,
//! `queue.release`, `queue.requeue`, `queue.delete`, `queue.bounce`, `queue.health`,
//! `queue.scanning`; what begins with `learning.` stands in `lessons.rs`.
//!
//! Every verb but the first and the last two takes a [`crate::filter::Filter`] as its argument. Long
//! answers are made page by page between other work, so that a listing of a million messages
//! delays no mail.

use ipc::Outlet;
use ipc::contracts::{Request, Response};
use mail::{Deed, Envelope, MessageId, Timestamp};
use serde_json::{Value, json};
use world::Disk as _;

use crate::core::{Core, Stage};
use crate::filter::{Compiled, Filter, view};
use crate::happening::Happening;
use crate::limits;
use crate::loaded::Wish;
use crate::record::{Left, Record};

/// What is done with each message that a filter means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    List,
    Hold,
    Release,
    Requeue,
    Delete,
    Bounce,
}

impl Operation {
    fn from_verb(verb: &str) -> Option<Operation> {
        Some(match verb {
            "queue.list" | "queue.show" => Operation::List,
            "queue.hold" => Operation::Hold,
            "queue.release" => Operation::Release,
            "queue.requeue" => Operation::Requeue,
            "queue.delete" => Operation::Delete,
            "queue.bounce" => Operation::Bounce,
            _ => return None,
        })
    }

    fn word(self) -> &'static str {
        match self {
            Operation::List => "list",
            Operation::Hold => "hold",
            Operation::Release => "release",
            Operation::Requeue => "requeue",
            Operation::Delete => "delete",
            Operation::Bounce => "bounce",
        }
    }
}

/// An answer that is being made, page by page.
pub(crate) struct Listing {
    operation: Operation,
    filter: Compiled,
    /// The messages still to look at: those with ids from the first to the second. What comes in
    /// meanwhile has a later id and is not meant.
    span: Option<(MessageId, MessageId)>,
    left: u64,
    dry_run: bool,
    actor: String,
    met: u64,
    outlet: Outlet<Response>,
}

/// Ends an answer that failed.
pub(crate) fn fail(outlet: &Outlet<Response>, exit: u8, message: &str) {
    let _ = outlet.send(&Response::Failed { exit, message: message.to_owned() }, Vec::new());
}

/// One line of an answer.
pub(crate) fn line(outlet: &Outlet<Response>, value: &Value) {
    let _ = outlet.send(&Response::Line(value.to_string()), Vec::new());
}

impl Core {
    /// An operator asks.
    pub(crate) fn asked(&mut self, request: &Request, outlet: Outlet<Response>) {
        match request.verb.as_str() {
            "queue.summary" => {
                line(&outlet, &self.summary());
                let _ = outlet.send(&Response::Done, Vec::new());
            }
            "queue.health" => {
                line(&outlet, &self.health());
                let _ = outlet.send(&Response::Done, Vec::new());
            }
            "queue.scanning" => {
                line(&outlet, &self.scanning());
                let _ = outlet.send(&Response::Done, Vec::new());
            }
            verb if verb.starts_with("learning.") => self.asked_of_lessons(request, outlet),
            verb => match Operation::from_verb(verb) {
                Some(operation) => self.begin_listing(operation, request, outlet),
                None => {
                    fail(&outlet, 2, &format!("queue knows no verb {verb:?}. Nothing was done."))
                }
            },
        }
    }

    fn begin_listing(&mut self, operation: Operation, request: &Request, outlet: Outlet<Response>) {
        let filter: Filter = match serde_json::from_str(&request.argument) {
            Ok(filter) => filter,
            Err(error) => {
                fail(&outlet, 2, &format!("the filter cannot be read: {error}. Nothing was done."));
                return;
            }
        };
        let compiled = match filter.compile(self.now()) {
            Ok(compiled) => compiled,
            Err(because) => {
                fail(&outlet, 2, &format!("{because}. Nothing was done."));
                return;
            }
        };
        let span = match compiled.only() {
            Some(id) => Some((id, id)),
            None => self.stages.last_key_value().map(|(last, _)| (MessageId(0), *last)),
        };
        if matches!(operation, Operation::Release | Operation::Requeue) && !filter.dry_run {
            self.destinations.forgive();
        }
        let listing = Listing {
            operation,
            filter: compiled,
            span,
            left: filter.limit.unwrap_or(u64::MAX),
            dry_run: filter.dry_run,
            actor: request.actor.clone(),
            met: 0,
            outlet,
        };
        self.last_listing += 1;
        let number = self.last_listing;
        self.want_page(number, &listing);
        self.listings.insert(number, listing);
    }

    /// Asks for the next page once its reader has room: a slow reader must not fill our memory, and
    /// other work gets its turn in between.
    fn want_page(&self, number: u64, listing: &Listing) {
        let (outlet, happen) = (listing.outlet.clone(), self.happen.clone());
        tokio::spawn(async move {
            outlet.has_room(limits::LIST_BACKLOG_OCTETS).await;
            let _ = happen.send(Happening::PageWanted { listing: number });
        });
    }

    /// Makes one page of an answer.
    pub(crate) fn make_page(&mut self, number: u64) {
        let Some(mut listing) = self.listings.remove(&number) else { return };
        let until = Timestamp(self.now().0 + limits::LIST_PAGE_MILLISECONDS);
        for _ in 0..limits::LIST_PAGE {
            let Some(id) = self.next_in(&mut listing) else { return self.end_listing(&listing) };
            self.look_at(id, &mut listing);
            if self.now() >= until {
                break;
            }
        }
        // Whoever asked for a list may go; what an operator ordered is carried through.
        if listing.operation != Operation::List || !listing.outlet.is_closed() {
            self.want_page(number, &listing);
            self.listings.insert(number, listing);
        }
    }

    /// The next message to look at, oldest first.
    fn next_in(&self, listing: &mut Listing) -> Option<MessageId> {
        let (first, last) = listing.span.filter(|_| listing.left > 0)?;
        let (id, _) = self.stages.range(first..=last).next()?;
        let after = MessageId(id.0.saturating_add(1));
        listing.span = (after <= last && after > *id).then_some((after, last));
        Some(*id)
    }

    fn end_listing(&self, listing: &Listing) {
        if listing.operation != Operation::List {
            let word = listing.operation.word();
            let done =
                json!({"operation": word, "messages": listing.met, "dry_run": listing.dry_run});
            line(&listing.outlet, &done);
        }
        if listing.met == 0 {
            fail(&listing.outlet, 1, "no message in the queue matches. Nothing was done.");
        } else {
            let _ = listing.outlet.send(&Response::Done, Vec::new());
        }
    }

    fn look_at(&mut self, id: MessageId, listing: &mut Listing) {
        let Some(stage) = self.stages.get(&id).copied() else { return };
        if !listing.filter.may_match(id, stage) {
            return;
        }
        let acts = listing.operation != Operation::List;
        if !(acts && listing.filter.needs_no_look()) {
            match self.seen(id, stage, listing) {
                None => return,
                Some(row) if !acts => line(&listing.outlet, &row),
                Some(_) => {}
            }
        }
        listing.met += 1;
        listing.left = listing.left.saturating_sub(1);
        if acts && !listing.dry_run {
            self.operate(id, stage, listing.operation, &listing.actor);
        }
    }

    /// The row of a message, if the filter means it. One that cannot be read is shown as such, to
    /// whoever asks by id or view alone.
    fn seen(&self, id: MessageId, stage: Stage, listing: &Listing) -> Option<Value> {
        let of = |envelope: &Envelope, record: &Record| {
            let matches = listing.filter.matches(envelope, record);
            matches.then(|| match listing.operation {
                Operation::List => self.row(id, stage, envelope, record),
                _ => Value::Null,
            })
        };
        if let Some(loaded) = self.loaded.get(&id) {
            return of(&loaded.envelope, &loaded.record);
        }
        match self.keeper.envelope(id) {
            Ok(envelope) => of(&envelope, &self.record_of(id)),
            Err(error) if listing.filter.needs_no_look() => Some(json!({
                "id": id.to_string(),
                "view": view(stage),
                "reason": format!("it cannot be read: {error}"),
            })),
            Err(_) => None,
        }
    }

    fn row(&self, id: MessageId, stage: Stage, envelope: &Envelope, record: &Record) -> Value {
        let waits = |index: &usize| record.left.get(*index).is_none_or(|l| *l != Left::Nothing);
        let recipients: Vec<String> = envelope
            .recipients
            .iter()
            .enumerate()
            .filter(|(index, _)| waits(index))
            .map(|(_, recipient)| recipient.address.to_string())
            .collect();
        let mut destinations: Vec<String> = Vec::new();
        for recipient in &envelope.recipients {
            let name = self.routes.look_up(&recipient.address).name();
            if !destinations.contains(&name) {
                destinations.push(name);
            }
            if destinations.len() == limits::ROW_DESTINATIONS {
                break;
            }
        }
        let next = if let Stage::Deferred(next) = stage { Some(next.iso8601()) } else { None };
        json!({
            "id": id.to_string(),
            "view": view(stage),
            "received": envelope.received.iso8601(),
            "age_seconds": self.now().since(envelope.received) / 1000,
            "size": envelope.size,
            "sender": envelope.sender.to_string(),
            "recipients": recipients,
            "destinations": destinations,
            "attempts": record.attempts,
            "next": next,
            "reason": record.reason,
        })
    }

    fn operate(&mut self, id: MessageId, stage: Stage, operation: Operation, actor: &str) {
        let action = operation.word().to_owned();
        self.tell(id, Deed::Operated { actor: actor.to_owned(), action });
        let at_rest = self.is_at_rest(id, stage);
        let due_anyway = matches!(stage, Stage::Waiting | Stage::Working | Stage::Parked);
        match operation {
            Operation::List => {}
            Operation::Release if stage != Stage::Held => {}
            Operation::Requeue if due_anyway => {}
            Operation::Release | Operation::Requeue => self.go_now(id),
            Operation::Hold if at_rest => self.hold(id),
            Operation::Hold => self.wish(id, Wish::Hold),
            Operation::Delete if at_rest => self.finish(id),
            Operation::Delete => self.wish(id, Wish::Delete),
            Operation::Bounce if at_rest => self.bounce(id),
            Operation::Bounce => self.wish(id, Wish::Bounce),
        }
    }

    /// True when nothing is under way for a message, and no session waits for it.
    fn is_at_rest(&self, id: MessageId, stage: Stage) -> bool {
        stage != Stage::Working && !self.loaded.contains_key(&id)
    }

    /// For a message that is being worked on: done before anything new is begun for it.
    fn wish(&mut self, id: MessageId, wish: Wish) {
        if self.load(id)
            && let Some(loaded) = self.loaded.get_mut(&id)
        {
            loaded.wish = Some(wish);
        }
    }

    fn hold(&mut self, id: MessageId) {
        self.change_record(id, |record| record.held = true);
        self.enter(id, Stage::Held);
    }

    fn go_now(&mut self, id: MessageId) {
        self.change_record(id, |record| {
            record.held = false;
            record.next = Timestamp(0);
        });
        let now = self.now();
        self.put_off(id, now);
    }

    fn bounce(&mut self, id: MessageId) {
        if !self.load(id) {
            return;
        }
        if let Some(loaded) = self.loaded.get_mut(&id) {
            loaded.record.held = false;
            loaded.wish = Some(Wish::Bounce);
        }
        self.enter(id, Stage::Working);
        self.settle(id);
    }

    /// Counts for people and for metrics.
    fn summary(&self) -> Value {
        // As many are due some time as are deferred.
        let deferred = self.due.len();
        let active = self.stages.len().saturating_sub(deferred + self.held);
        let oldest = self.stages.keys().next().and_then(|id| self.keeper.envelope(*id).ok());
        let age = oldest.map(|envelope| self.now().since(envelope.received) / 1000);
        json!({
            "active": active,
            "deferred": deferred,
            "hold": self.held,
            "waiting_for_scan": self.scans.len(),
            "delivering": self.attempts.len(),
            "oldest_age_seconds": age,
            "finished": self.finished,
        })
    }

    /// Whether the disk of the spool is below the reserve at which intake puts mail off.
    fn disk_is_low(&self) -> bool {
        let Ok(space) = world::RealDisk.space(&self.context.paths.spool()) else { return true };
        let share = space.total / 100 * spool::limits::RESERVE_PERCENT;
        let reserve = match self.reserve_octets {
            0 => share.min(spool::limits::RESERVE_OCTETS),
            set => set,
        };
        space.free < reserve
    }

    fn health(&self) -> Value {
        let mut problems = Vec::new();
        if self.pool.fit_for_mail() == 0 {
            problems.push("no scanner is ready; mail waits");
        }
        problems.extend(self.wardrobe.problem());
        problems.extend(self.wardrobe.table_problem());
        problems.extend(self.learning_problem.as_deref());
        if self.deliver.is_none() {
            problems.push("deliver is away; mail waits");
        }
        if self.vault.is_none() {
            problems.push("the quarantine is away; mail for it waits");
        }
        if self.intakes.is_empty() {
            problems.push("intake is away; no mail is accepted");
        }
        if self.pressure.is_some() {
            problems.push("the scan backlog is old; new mail is put off");
        }
        if self.disk_is_low() {
            problems.push("the disk has less room than its reserve; new mail is put off");
        }
        let bare = self.wardrobe.is_bare();
        let notes = bare.then_some(
            "no pattern pack is in use: of malware only the EICAR test file is found. Make one \
             with `gatepost patterns compile` and put it in place as patterns/active.pack",
        );
        json!({
            "role": "queue",
            "well": problems.is_empty(),
            "problems": problems,
            "notes": Vec::from_iter(notes),
            "cells": self.pool.count(),
            "queued": self.stages.len(),
            "revision": self.policy.revision(),
            "patterns": self.wardrobe.figures(self.now().0),
        })
    }

    /// Figures of scanning, for metrics.
    fn scanning(&self) -> Value {
        let mut told = self.figures.told();
        if let (Some(all), Value::Object(patterns)) =
            (told.as_object_mut(), self.wardrobe.figures(self.now().0))
        {
            all.insert("cells".to_owned(), json!(self.pool.count()));
            all.extend(patterns);
        }
        told
    }
}
