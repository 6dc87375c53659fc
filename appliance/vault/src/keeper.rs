//! The keeper: the one task that changes the quarantine. It stores, releases, deletes and expires,
//! one order after the other, so that nothing here can race.
//!
//! | an item is | on the disk there is | and then |
//! |---|---|---|
//! | held | body and JSON; a row | release, delete or expire it |
//! | releasing | a release with its queue id in the JSON | the queue is told again until it answers |
//! | released | the release is marked done | it stays until its days are over |
//! | deleted, expired | only a row | the row goes after [`limits::TOMBSTONE_DAYS`] |
//!
//! The release's queue id is on the disk before the queue hears of it, and the queue takes an id
//! once: so a message is released once, whatever crashes when.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use ipc::Outlet;
use ipc::contracts::VaultToQueue;
use mail::{Address, Deed, Envelope, Findings, IdSource, MailEvent, MessageId, Timestamp};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};

use crate::index::{End, Index, IndexError};
use crate::item::{FORM, Item, Number, Release};
use crate::limits;
use crate::settings::Quarantine;
use crate::shelf::{Shelf, ShelfError};

/// Why an order was not carried out, as the shell sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// 1 not found, 2 usage, 4 refused.
    pub exit: u8,
    /// Cause, effect and remedy.
    pub message: String,
}

impl Refusal {
    /// A refusal with this exit code.
    pub fn new(exit: u8, message: impl Into<String>) -> Self {
        Refusal { exit, message: message.into() }
    }
}

impl From<ShelfError> for Refusal {
    fn from(error: ShelfError) -> Self {
        Refusal::new(4, format!("the quarantine's files: {error}. Nothing was changed; try again."))
    }
}

impl From<IndexError> for Refusal {
    fn from(error: IndexError) -> Self {
        Refusal::new(4, format!("the quarantine's index: {error}. Nothing was lost; try again."))
    }
}

/// What a release came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Released {
    /// The item.
    pub item: String,
    /// `released`, `already released`, or `releasing` while the queue has not answered.
    pub state: &'static str,
    /// The queue ids under which it goes on.
    pub ids: Vec<String>,
    /// For whom.
    pub recipients: Vec<String>,
}

type Answer<T> = oneshot::Sender<Result<T, Refusal>>;

/// A message to store.
pub struct Store {
    /// Number to repeat in the answer.
    pub ticket: u64,
    /// The envelope.
    pub envelope: Box<Envelope>,
    /// The area.
    pub area: String,
    /// The rule.
    pub rule: String,
    /// The evidence.
    pub because: String,
    /// What inspection found.
    pub findings: Box<Findings>,
    /// The body.
    pub body: Option<File>,
    /// Where to answer.
    pub outlet: Outlet<VaultToQueue>,
}

/// What the keeper is told to do.
pub enum Order {
    /// The queue is there: tell it what it has not taken yet.
    Linked(Outlet<VaultToQueue>),
    /// Keep a message.
    Store(Store),
    /// The queue has taken a release.
    Readmitted {
        /// The item.
        item: String,
        /// Its new id.
        id: MessageId,
    },
    /// The queue does not take a release.
    NotReadmitted {
        /// The item.
        item: String,
        /// Why.
        because: String,
    },
    /// Release an item.
    Release {
        /// The item.
        number: Number,
        /// For whom; empty for all that are still held.
        recipients: Vec<Address>,
        /// Who asks.
        actor: String,
        /// Told when the queue has taken it.
        answer: Answer<Released>,
    },
    /// Delete an item.
    Delete {
        /// The item.
        number: Number,
        /// Who asks.
        actor: String,
        /// Told when it is gone.
        answer: Answer<()>,
    },
}

/// The task's state.
pub struct Keeper {
    /// The files.
    pub shelf: Shelf,
    /// The index.
    pub index: Index,
    /// The time.
    pub clock: Arc<dyn world::Clock>,
    /// Where events are told.
    pub tell: Box<dyn Fn(MailEvent) + Send + Sync>,
    /// The areas.
    pub settings: watch::Receiver<Arc<Quarantine>>,
    /// New queue ids.
    pub ids: IdSource,
    /// The queue, while it is there.
    pub queue: Option<Outlet<VaultToQueue>>,
    /// Who waits for a release of which item.
    pub waiters: HashMap<Number, Vec<Answer<Released>>>,
}

/// What the keeper does next.
enum Next {
    End,
    Carry(Vec<Order>),
    Expire,
}

impl Keeper {
    /// Works until all who could give orders are gone, or `stop` is true.
    pub async fn work(
        mut self,
        mut orders: mpsc::Receiver<Order>,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut expiry = tokio::time::interval(limits::EXPIRY_PERIOD);
        expiry.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let mut some = Vec::new();
            let next = tokio::select! {
                biased;
                () = stopped(&mut stop) => Next::End,
                count = orders.recv_many(&mut some, limits::STORE_BATCH) => {
                    if count == 0 { Next::End } else { Next::Carry(some) }
                }
                _ = expiry.tick() => Next::Expire,
            };
            match next {
                Next::End => return,
                Next::Carry(orders) => self.carry_out(orders).await,
                Next::Expire => self.expire().await,
            }
        }
    }

    /// Stores that follow each other are one batch; everything else keeps its place among them.
    async fn carry_out(&mut self, orders: Vec<Order>) {
        let mut stores = Vec::new();
        for order in orders {
            if let Order::Store(store) = order {
                stores.push(store);
                continue;
            }
            self.store(std::mem::take(&mut stores)).await;
            match order {
                Order::Store(_) => {}
                Order::Linked(outlet) => self.linked(outlet).await,
                Order::Readmitted { item, id } => self.readmitted(&item, id).await,
                Order::NotReadmitted { item, because } => {
                    self.not_readmitted(&item, &because).await
                }
                Order::Release { number, recipients, actor, answer } => {
                    self.release(number, recipients, actor, answer).await;
                }
                Order::Delete { number, actor, answer } => {
                    // Who no longer listens sees it in the list.
                    let _ = answer.send(self.delete(&number, &actor).await);
                }
            }
        }
        self.store(stores).await;
    }

    /// Work on files, on a thread where it may block.
    async fn on_shelf<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shelf) -> Result<T, ShelfError> + Send + 'static,
    ) -> Result<T, ShelfError> {
        let shelf = self.shelf.clone();
        tokio::task::spawn_blocking(move || work(&shelf)).await.unwrap_or(Err(ShelfError::CutOff))
    }

    /// Makes a damaged index anew; other faults are for the next try to overcome.
    async fn mend(&mut self, error: &IndexError) {
        tracing::error!(%error, "the index of the quarantine cannot be used");
        if !error.is_damage() {
            return;
        }
        let now = self.clock.now();
        if let Err(error) = self.index.replace(now, error).await {
            tracing::error!(%error, "no new index can be begun");
        } else if let Err(refusal) = self.survey().await {
            tracing::error!(because = refusal.message, "the index could not be made again in full");
        }
    }

    /// Brings the index in line with the shelf: adds what it does not know, removes the files of
    /// what has ended, and what a crash left half-written.
    ///
    /// # Errors
    /// The shelf or the index cannot be read; damaged single items are left where they are, aloud.
    pub async fn survey(&mut self) -> Result<(), Refusal> {
        let mut added = 0;
        for shard in self.on_shelf(|shelf| shelf.shards()).await? {
            let numbers = self.on_shelf(move |shelf| shelf.tidy(&shard)).await?;
            let known: HashMap<String, String> =
                self.index.known(&numbers).await?.into_iter().collect();
            let word = |number: &Number| known.get(number.as_str()).map(String::as_str);
            let ended = |number: &Number| matches!(word(number), Some("deleted" | "expired"));
            let gone: Vec<Number> = numbers.iter().filter(|it| ended(it)).cloned().collect();
            let fresh: Vec<Number> = numbers.into_iter().filter(|it| word(it).is_none()).collect();
            self.on_shelf(move |shelf| gone.iter().try_for_each(|it| shelf.remove(it))).await?;
            for some in fresh.chunks(limits::STATEMENT_ROWS) {
                let some = some.to_vec();
                let items = self.on_shelf(move |shelf| Ok(readable(shelf, &some))).await?;
                added += items.len();
                self.index.add(&items).await?;
            }
        }
        if added > 0 {
            tracing::warn!(added, "items of the quarantine were added to its index");
        }
        Ok(())
    }

    /// Stores a batch: all bodies and JSON files, then one index transaction, then the answers.
    async fn store(&mut self, stores: Vec<Store>) {
        if stores.is_empty() {
            return;
        }
        let numbers: Vec<Number> =
            stores.iter().map(|store| Number::of(&store.envelope, &store.area)).collect();
        let known = match self.index.known(&numbers).await {
            Ok(known) => known.into_iter().map(|(item, _)| item).collect::<HashSet<_>>(),
            Err(error) => {
                self.mend(&error).await;
                return answer_all(stores.iter(), &Err(error.to_string()), &numbers);
            }
        };
        let now = self.clock.now();
        let work = move |shelf: &Shelf| Ok(shelve(shelf, stores, numbers, &known, now));
        let Ok(mut shelved) = self.on_shelf(work).await else {
            // No answer: the queue asks again on the next connection.
            return self.unlink();
        };
        let items: Vec<Item> = shelved.iter_mut().filter_map(|it| it.item.take()).collect();
        let added = self.index.add(&items).await;
        if let Err(error) = &added {
            self.mend(error).await;
        }
        for one in shelved {
            let outcome = match (&one.fault, &added) {
                (Some(fault), _) => Err(fault.clone()),
                (None, Err(error)) if !one.known => Err(error.to_string()),
                (None, _) => Ok(()),
            };
            answer_all([&one.store].into_iter(), &outcome, &[one.number]);
        }
    }

    fn unlink(&mut self) {
        if let Some(queue) = self.queue.take() {
            queue.close();
        }
    }

    async fn linked(&mut self, outlet: Outlet<VaultToQueue>) {
        self.queue = Some(outlet);
        let numbers = match self.index.releasing().await {
            Ok(numbers) => numbers,
            Err(error) => return self.mend(&error).await,
        };
        for number in numbers {
            if let Err(refusal) = self.press(&number).await {
                tracing::error!(item = %number, because = refusal.message, "a release is stuck");
            }
        }
    }

    /// Tells the queue again about an item's pending release; without one, the index is put right.
    async fn press(&mut self, number: &Number) -> Result<(), Refusal> {
        let wanted = number.clone();
        let Some(item) = self.on_shelf(move |shelf| shelf.item(&wanted)).await? else {
            return Ok(self
                .index
                .end(std::slice::from_ref(number), End::Expired, self.clock.now())
                .await?);
        };
        match item.pending().cloned() {
            Some(release) => self.tell_queue(&item, &release).await,
            None => Ok(self.index.note(&item, item.word()).await?),
        }
    }

    async fn tell_queue(&self, item: &Item, release: &Release) -> Result<(), Refusal> {
        let Some(queue) = &self.queue else { return Ok(()) };
        let wanted = item.clone();
        let body = self.on_shelf(move |shelf| shelf.sound_body(&wanted)).await?;
        let message = VaultToQueue::Readmit {
            item: item.number.to_string(),
            id: release.id,
            envelope: Box::new(item.envelope_for(release)),
            skip_rule: item.rule.clone(),
            actor: release.actor.clone(),
        };
        // A queue that has just gone is told on its next connection.
        let _ = queue.send(&message, vec![OwnedFd::from(body)]);
        Ok(())
    }

    async fn release(
        &mut self,
        number: Number,
        recipients: Vec<Address>,
        actor: String,
        answer: Answer<Released>,
    ) {
        match self.begin_release(&number, recipients, actor).await {
            Ok(Some(done)) => drop(answer.send(Ok(done))),
            Ok(None) => self.waiters.entry(number).or_default().push(answer),
            Err(refusal) => drop(answer.send(Err(refusal))),
        }
    }

    /// Begins a release, or finds that there is none to begin. `None` = the queue is to answer.
    async fn begin_release(
        &mut self,
        number: &Number,
        recipients: Vec<Address>,
        actor: String,
    ) -> Result<Option<Released>, Refusal> {
        let mut item = self.held(number).await?;
        if let Some(release) = item.pending().cloned() {
            self.tell_queue(&item, &release).await?;
            return Ok(None);
        }
        let recipients = for_whom(&item, recipients)?;
        if recipients.is_empty() {
            return Ok(Some(outcome(&item, "already released")));
        }
        let sound = item.clone();
        self.on_shelf(move |shelf| shelf.sound_body(&sound).map(drop)).await?;
        let now = self.clock.now();
        let id = MessageId(self.ids.next(now));
        let release = Release { id, recipients, actor, at: now, done: false };
        item.releases.push(release.clone());
        // First the index, which alone makes the release be told again after a restart; a release
        // that is in the index only is one that never began.
        self.index.note(&item, "releasing").await?;
        self.put(&item).await?;
        self.tell_queue(&item, &release).await?;
        Ok(None)
    }

    async fn put(&self, item: &Item) -> Result<(), ShelfError> {
        let item = item.clone();
        self.on_shelf(move |shelf| shelf.put(&item)).await
    }

    /// The item, which must be there.
    async fn held(&mut self, number: &Number) -> Result<Item, Refusal> {
        let wanted = number.clone();
        if let Some(item) = self.on_shelf(move |shelf| shelf.item(&wanted)).await? {
            return Ok(item);
        }
        let known = self.index.known(std::slice::from_ref(number)).await?;
        Err(match known.first() {
            Some((_, word)) => Refusal::new(1, format!("item {number} is {word}.")),
            None => Refusal::new(1, format!("no item {number} is in quarantine.")),
        })
    }

    async fn readmitted(&mut self, item: &str, id: MessageId) {
        let Ok(number) = item.parse::<Number>() else { return };
        match self.finish_release(&number, id).await {
            // An item that is gone meanwhile cannot be released again either.
            Ok(()) | Err(Refusal { exit: 1, .. }) => self.confirm(item, id),
            // It stays pending: the queue is told again and answers again.
            Err(refusal) => {
                tracing::error!(item, because = refusal.message, "a release could not be noted");
            }
        }
    }

    /// Tells queue that it may work on a released message.
    fn confirm(&self, item: &str, id: MessageId) {
        if let Some(queue) = &self.queue {
            let message = VaultToQueue::Confirmed { item: item.to_owned(), id };
            // A queue that has just gone asks again on its next connection.
            let _ = queue.send(&message, Vec::new());
        }
    }

    async fn finish_release(&mut self, number: &Number, id: MessageId) -> Result<(), Refusal> {
        let mut item = self.held(number).await?;
        let pending = item.releases.iter_mut().find(|release| release.id == id && !release.done);
        let Some(release) = pending else { return Ok(()) };
        release.done = true;
        let actor = release.actor.clone();
        self.put(&item).await?;
        self.index.note(&item, item.word()).await?;
        self.event(number, Deed::Released { actor, to: id });
        self.answer_waiters(number, &Ok(outcome(&item, "released")));
        Ok(())
    }

    async fn not_readmitted(&mut self, item: &str, because: &str) {
        let Ok(number) = item.parse::<Number>() else { return };
        let refusal = Refusal::new(
            4,
            format!("the queue did not take item {number}: {because}. It stays in quarantine."),
        );
        if let Err(refusal) = self.undo_release(&number).await {
            tracing::error!(item, because = refusal.message, "a release could not be undone");
        }
        self.answer_waiters(&number, &Err(refusal));
    }

    async fn undo_release(&mut self, number: &Number) -> Result<(), Refusal> {
        let mut item = self.held(number).await?;
        item.releases.retain(|release| release.done);
        self.put(&item).await?;
        Ok(self.index.note(&item, item.word()).await?)
    }

    fn answer_waiters(&mut self, number: &Number, outcome: &Result<Released, Refusal>) {
        for waiter in self.waiters.remove(number).unwrap_or_default() {
            // Who no longer waits sees it in the list.
            let _ = waiter.send(outcome.clone());
        }
    }

    async fn delete(&mut self, number: &Number, actor: &str) -> Result<(), Refusal> {
        let item = self.held(number).await?;
        if item.pending().is_some() {
            let message = format!("item {number} is being released and cannot be deleted now.");
            return Err(Refusal::new(4, message));
        }
        let now = self.clock.now();
        self.index.end(std::slice::from_ref(number), End::Deleted(actor), now).await?;
        self.deleted(number, actor);
        let gone = number.clone();
        Ok(self.on_shelf(move |shelf| shelf.remove(&gone)).await?)
    }

    fn deleted(&self, number: &Number, actor: &str) {
        let (actor, action) = (actor.to_owned(), "delete".to_owned());
        self.event(number, Deed::Operated { actor, action });
    }

    fn event(&self, number: &Number, deed: Deed) {
        let at = self.clock.now();
        (self.tell)(MailEvent { at, session: None, message: number.message(), deed });
    }

    /// Removes what is over its days, a piece of each area at a time.
    async fn expire(&mut self) {
        if let Err(refusal) = self.expire_areas().await {
            tracing::error!(
                because = refusal.message,
                "what is over its days could not be removed"
            );
        }
    }

    async fn expire_areas(&mut self) -> Result<(), Refusal> {
        let now = self.clock.now();
        for area in self.index.areas().await? {
            let days = u64::from(self.settings.borrow().days_kept(&area));
            let over = self.index.over(&area, days_before(now, days)).await?;
            let numbers: Vec<Number> = over.iter().map(|(number, _)| number.clone()).collect();
            if numbers.is_empty() {
                continue;
            }
            self.index.end(&numbers, End::Expired, now).await?;
            for (number, _) in over.iter().filter(|(_, word)| word != "released") {
                self.deleted(number, "the vault (its days were over)");
            }
            self.on_shelf(move |shelf| numbers.iter().try_for_each(|it| shelf.remove(it))).await?;
        }
        Ok(self.index.forget(days_before(now, limits::TOMBSTONE_DAYS)).await?)
    }
}

/// Resolves when the role is to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

fn days_before(now: Timestamp, days: u64) -> Timestamp {
    Timestamp(now.0.saturating_sub(days.saturating_mul(86_400_000)))
}

fn outcome(item: &Item, state: &'static str) -> Released {
    let recipients = item.releases.iter().flat_map(|release| &release.recipients);
    Released {
        item: item.number.to_string(),
        state,
        ids: item.releases.iter().map(|release| release.id.to_string()).collect(),
        recipients: recipients.map(ToString::to_string).collect(),
    }
}

/// The recipients of a release: those asked for that are still held, or all that are.
fn for_whom(item: &Item, asked: Vec<Address>) -> Result<Vec<Address>, Refusal> {
    let all = &item.envelope.recipients;
    if let Some(stranger) = asked.iter().find(|it| !all.iter().any(|one| one.address == **it)) {
        let message = format!("{stranger} is no recipient of item {}.", item.number);
        return Err(Refusal::new(2, message));
    }
    let held = item.held().into_iter();
    Ok(held.filter(|it| asked.is_empty() || asked.contains(it)).cloned().collect())
}

/// The items that can be read; damaged ones are named in the log and left.
fn readable(shelf: &Shelf, numbers: &[Number]) -> Vec<Item> {
    let mut items = Vec::new();
    for number in numbers {
        match shelf.item(number) {
            Ok(item) => items.extend(item),
            Err(error) => tracing::error!(item = %number, %error, "an item cannot be read"),
        }
    }
    items
}

/// What became of one store on the shelf.
struct Shelved {
    store: Store,
    number: Number,
    /// To be added to the index.
    item: Option<Item>,
    /// The index knew it before.
    known: bool,
    fault: Option<String>,
}

fn shelve(
    shelf: &Shelf,
    stores: Vec<Store>,
    numbers: Vec<Number>,
    known: &HashSet<String>,
    now: Timestamp,
) -> Vec<Shelved> {
    let mut written = Vec::new();
    let one = |(store, number): (Store, Number)| {
        if known.contains(number.as_str()) {
            return Shelved { store, number, item: None, known: true, fault: None };
        }
        let (item, fault) = match put(shelf, &store, &number, now, &mut written) {
            Ok(item) => (Some(item), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Shelved { store, number, item, known: false, fault }
    };
    let mut shelved: Vec<Shelved> = stores.into_iter().zip(numbers).map(one).collect();
    let mut fresh: Vec<&Number> =
        shelved.iter().filter(|it| it.item.is_some()).map(|it| &it.number).collect();
    fresh.sort_unstable();
    fresh.dedup();
    if let Err(error) = shelf.keep(&written, &fresh) {
        for one in &mut shelved {
            if one.item.take().is_some() {
                one.fault = Some(error.to_string());
            }
        }
    }
    shelved
}

fn put(
    shelf: &Shelf,
    store: &Store,
    number: &Number,
    now: Timestamp,
    written: &mut Vec<File>,
) -> Result<Item, ShelfError> {
    // Stored before a crash, and not answered.
    if let Some(item) = shelf.item(number)? {
        return Ok(item);
    }
    let Some(body) = &store.body else {
        return Err(ShelfError::Damaged {
            path: number.as_str().into(),
            because: "it came without its body".to_owned(),
        });
    };
    let mut item = Item {
        form: FORM,
        number: number.clone(),
        area: store.area.clone(),
        rule: store.rule.clone(),
        because: store.because.clone(),
        stored: now,
        size: 0,
        sha256: String::new(),
        envelope: (*store.envelope).clone(),
        findings: (*store.findings).clone(),
        releases: Vec::new(),
    };
    written.push(shelf.put_body(&mut item, body)?);
    written.push(shelf.put_json(&item)?);
    Ok(item)
}

fn answer_all<'a>(
    stores: impl Iterator<Item = &'a Store>,
    outcome: &Result<(), String>,
    numbers: &[Number],
) {
    for (store, number) in stores.zip(numbers) {
        let ticket = store.ticket;
        let answer = match outcome {
            Ok(()) => VaultToQueue::Stored { ticket, item: number.to_string() },
            Err(because) => {
                tracing::error!(message = %store.envelope.id, because, "a message was not stored");
                VaultToQueue::NotStored { ticket, because: because.clone() }
            }
        };
        // A queue that is gone asks again.
        let _ = store.outlet.send(&answer, Vec::new());
    }
}

#[cfg(test)]
mod tests;
