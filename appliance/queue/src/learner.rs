//! The thread that owns what people taught: it waits for the disk so that queue never does, answers
//! whoever asked, and makes the table that cells work with.
//!
//! A lesson is durable before its answer goes out. Tables are made a while apart, however many
//! lessons come, since every cell takes each of them over. Start with [`Learner::start`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Instant;

use ipc::Outlet;
use ipc::contracts::{LearnedTable, Response};
use learning::{Label, LearningError, Lesson, Store, Taught};
use mail::Timestamp;
use serde_json::{Value, json};
use spam::Local;
use tokio::sync::mpsc::UnboundedSender;

use crate::faces::{fail, line};
use crate::happening::Happening;
use crate::limits;

/// What the store is asked to do.
#[derive(Debug)]
pub(crate) enum Deed {
    Teach(Lesson),
    List,
    Undo(u64),
    RollBack(u64),
    /// With the version that cells work with.
    Status(Option<u64>),
    Table,
}

/// A deed, and who is told what became of it.
pub(crate) struct Order {
    pub(crate) deed: Deed,
    pub(crate) who: String,
    /// `None` for what queue does by itself.
    pub(crate) asker: Option<Outlet<Response>>,
}

/// Why an order was not taken, with the exit code for the shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) exit: u8,
    pub(crate) because: String,
}

/// The way to the thread. Without one every order is refused.
#[derive(Default)]
pub(crate) struct Learner {
    orders: Option<SyncSender<Order>>,
}

impl Learner {
    /// Starts the thread. It opens the store first: what that takes holds up no mail.
    pub(crate) fn start(
        folder: PathBuf,
        clock: Arc<dyn world::Clock>,
        happen: UnboundedSender<Happening>,
    ) -> Self {
        let (orders, coming) = sync_channel(limits::LESSONS_WAITING);
        let work = move || {
            match open(&folder) {
                Ok(store) => Work::new(store, clock, happen).go_on(&coming),
                Err(error) => {
                    let because = words(&error);
                    tracing::error!("{because}");
                    let _ = happen.send(Happening::Learned(Err(because)));
                }
            };
        };
        match std::thread::Builder::new().name("lessons".to_owned()).spawn(work) {
            Ok(_) => Learner { orders: Some(orders) },
            Err(error) => {
                tracing::error!(%error, "there is no thread for lessons: nothing can be taught");
                Learner::default()
            }
        }
    }

    /// Hands an order to the thread, which answers it.
    pub(crate) fn order(&self, order: Order) {
        use std::sync::mpsc::TrySendError::{Disconnected, Full};
        let Some(orders) = &self.orders else { return away(&order) };
        match orders.try_send(order) {
            Ok(()) => {}
            Err(Disconnected(order)) => away(&order),
            Err(Full(order)) => refuse(
                &order,
                4,
                "too many lessons come at once. This one was not taken; ask again in a moment.",
            ),
        }
    }
}

fn away(order: &Order) {
    refuse(
        order,
        4,
        "what was taught is not at hand. Nothing was done; `gatepost health` and the log of queue \
         say why.",
    );
}

fn refuse(order: &Order, exit: u8, because: &str) {
    match &order.asker {
        Some(asker) => fail(asker, exit, because),
        None => tracing::warn!(who = order.who, because, "a lesson was not taken"),
    }
}

fn open(folder: &Path) -> Result<Store, LearningError> {
    let opened = Store::open(Arc::new(world::RealDisk), folder)?;
    if opened.lost > 0 {
        let lost = opened.lost;
        tracing::warn!(lost, "the end of the file of lessons could not be read and was cut off");
    }
    Ok(opened.store)
}

/// Cause, effect and remedy, for people.
fn words(error: &LearningError) -> String {
    let remedy = match error {
        LearningError::Disk(..) | LearningError::Poisoned => {
            "Look at the disk of the state folder, then restart queue."
        }
        LearningError::Foreign => {
            "Move the folder `learning` of the state folder away to begin anew, or start the \
             version of Gatepost that wrote it."
        }
        LearningError::TooLarge => "It is no lesson that `gatepost learn` makes.",
        LearningError::TooMany(_) => "Go on tomorrow.",
        LearningError::Unknown(_) | LearningError::NoVersion(_) => {
            "`gatepost learn --list` and `gatepost learn --status` tell what is there."
        }
    };
    format!("{error}. Mail goes on; nothing was learned or changed. {remedy}")
}

fn exit(error: &LearningError) -> u8 {
    match error {
        LearningError::Unknown(_) | LearningError::NoVersion(_) => 1,
        LearningError::TooLarge => 2,
        _ => 4,
    }
}

/// What the thread holds.
struct Work {
    store: Store,
    clock: Arc<dyn world::Clock>,
    happen: UnboundedSender<Happening>,
    /// The last table.
    table: Local,
    /// Something was taught or taken back since.
    has_changed: bool,
    /// Before this no further table is made.
    not_before: Instant,
}

impl Work {
    fn new(store: Store, clock: Arc<dyn world::Clock>, happen: UnboundedSender<Happening>) -> Self {
        let (table, not_before) = (Local::default(), Instant::now());
        Work { store, clock, happen, table, has_changed: true, not_before }
    }

    /// Until queue is gone.
    fn go_on(mut self, coming: &Receiver<Order>) {
        loop {
            let wait = match self.has_changed {
                true => self.not_before.saturating_duration_since(Instant::now()),
                // Old lessons fade.
                false => limits::TABLE_REFRESH,
            };
            if wait.is_zero() {
                self.make_table();
                continue;
            }
            match coming.recv_timeout(wait) {
                Ok(order) => self.carry_out(&order),
                Err(RecvTimeoutError::Timeout) => self.make_table(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn make_table(&mut self) {
        let begun = Instant::now();
        let made = self.store.table(self.clock.now());
        let version = made.version;
        // Of the same content under a new number no cell needs to hear.
        let octets = match made.tenants.is_empty() {
            true => Vec::new(),
            false => Local { version: 0, ..made.clone() }.octets(),
        };
        self.table = made;
        self.has_changed = false;
        let pause = limits::TABLE_PAUSE.max(begun.elapsed() * limits::TABLE_SHARE);
        self.not_before = Instant::now() + pause;
        let told = match octets.len() {
            0..=ipc::limits::LEARNED_OCTETS => Ok(LearnedTable { version, octets }),
            _ => Err("the table of what was taught is too large for the workers".to_owned()),
        };
        let _ = self.happen.send(Happening::Learned(told));
    }

    /// Does what is asked, and answers.
    fn carry_out(&mut self, order: &Order) {
        let before = self.store.status().version;
        let done = self.answer(order);
        self.has_changed |= self.store.status().version != before;
        match (done, &order.asker) {
            (Ok(()), Some(asker)) => drop(asker.send(&Response::Done, Vec::new())),
            (Ok(()), None) => {}
            (Err(error), _) => refuse(order, exit(&error), &words(&error)),
        }
    }

    fn answer(&mut self, order: &Order) -> Result<(), LearningError> {
        let (who, now) = (order.who.as_str(), self.clock.now());
        let say = |value: &Value| {
            if let Some(asker) = &order.asker {
                line(asker, value);
            }
        };
        match &order.deed {
            Deed::Teach(lesson) => {
                let number = self.store.teach(lesson.clone())?;
                let Lesson { tenant, label, .. } = lesson;
                tracing::info!(number, who, tenant, label = label.word(), "a lesson was taken");
                say(&json!({"lesson": number, "label": label.word(), "tenant": tenant}));
            }
            Deed::List => self.store.lessons().for_each(|one| say(&row(one))),
            Deed::Undo(lesson) => {
                let version = self.store.undo(*lesson, who, now)?;
                tracing::info!(lesson, who, "a lesson was taken back");
                say(&json!({"undone": lesson, "version": version}));
            }
            Deed::RollBack(to) => {
                let version = self.store.roll_back(*to, who, now)?;
                tracing::info!(to, who, "what was taught is as it was at an earlier version");
                say(&json!({"rolled_back": to, "version": version}));
            }
            Deed::Status(in_use) => say(&self.status(*in_use)),
            Deed::Table => {
                let octets = Local { version: 0, ..self.table.clone() }.octets();
                say(&json!({"version": self.table.version, "octets": octets}));
            }
        }
        Ok(())
    }

    fn status(&self, in_use: Option<u64>) -> Value {
        let status = self.store.status();
        let tenant = |(tenant, tally): (&str, learning::Tally)| {
            let learned = self.table.tenants.get(tenant);
            json!({
                "tenant": tenant,
                "wanted": tally.wanted,
                "unwanted": tally.unwanted,
                "phishing": tally.phishing,
                "features": learned.map_or(0, |learned| learned.features.len()),
                "texts": learned.map_or(0, |learned| learned.sketches.len() / Local::SKETCH_OCTETS),
            })
        };
        let tenants: Vec<Value> = self.store.tallies().into_iter().map(tenant).collect();
        json!({
            "version": status.version,
            "oldest": status.oldest,
            "in_use": in_use,
            "lessons": status.lessons,
            "undone": status.undone,
            "octets": status.octets,
            "tenants": tenants,
        })
    }
}

fn row(one: &Taught) -> Value {
    let lesson = &one.lesson;
    json!({
        "lesson": one.number,
        "at": lesson.at.iso8601(),
        "label": lesson.label.word(),
        "tenant": lesson.tenant,
        "who": lesson.who,
        "message": lesson.message,
        "sender": lesson.sender,
        "undone": one.undone.is_some(),
    })
}

/// A lesson of what a cell made of a message. Names are cut: they are for people only.
pub(crate) fn lesson(
    material: ipc::contracts::Material,
    label: Label,
    (tenant, who): (&str, &str),
    (message, sender): (&str, &str),
    at: Timestamp,
) -> Lesson {
    let cut = |text: &str| {
        let end = text.floor_char_boundary(learning::limits::NAME_OCTETS);
        text.get(..end).unwrap_or_default().to_owned()
    };
    Lesson {
        at,
        tenant: cut(tenant),
        who: cut(who),
        label,
        message: cut(message),
        sender: cut(sender),
        features: material.features,
        sketch: material.sketch,
    }
}
