//! The role that answers for mail: it alone knows every message, and it alone decides.
//!
//! It parses no mail. It asks the cells what a message is, policy what that means, and has deliver
//! or vault carry it out; the spool keeps what it knows. Start with `core`, then follow a message
//! through `admit`, `scan`, `judge`, `delivery` and `keep`.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod admit;
mod core;
mod delivery;
mod destination;
mod excepted;
mod faces;
mod figures;
pub mod filter;
mod happening;
mod judge;
mod keep;
mod learner;
mod lessons;
pub mod limits;
mod loaded;
mod notice;
mod pool;
pub mod record;
mod records;
pub mod route;
mod scan;
pub mod schedule;
mod settings;
#[cfg(test)]
mod tests;
mod wardrobe;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ipc::{Events, Listener, RoleContext, Snapshot};
use mail::IdSource;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use policy::Policy;
use tokio::sync::mpsc;
use world::Entropy;

use crate::core::Core;
pub use crate::excepted::except;
use crate::happening::Happening;
pub use crate::settings::{Method, Retry, Route, RouteServer, Routing, TlsPolicy};

/// Why the role cannot run.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Its socket cannot be made.
    #[error("queue cannot listen for its peers")]
    Ipc(#[from] ipc::IpcError),
    /// The spool cannot be opened.
    #[error("the spool cannot be opened; no mail is accepted until it can")]
    Spool(#[from] spool::SpoolError),
}

/// Happenings handled before work is started and the spool synced.
const BATCH: usize = 256;
/// How often time-outs and due mail are looked at.
const TICK: Duration = Duration::from_millis(200);

/// Runs the role until it is told to stop.
///
/// # Errors
/// When its socket or the spool cannot be opened.
pub async fn run(context: RoleContext) -> Result<(), QueueError> {
    raise_descriptor_limit();
    let listener = Listener::open(&context)?;
    let mut settings = tokio::select! {
        settings = ipc::subscribe(&context, SECTIONS) => settings,
        () = context.stopped() => return Ok(()),
    };
    let disk: Arc<dyn world::Disk> = Arc::new(world::RealDisk);
    let opened = spool::Keeper::open(disk, &context.paths.spool(), spool::Options::default());
    let (keeper, recovery) = opened?;
    let (happen, mut happenings) = mpsc::unbounded_channel();
    let mut core = start(context.clone(), keeper, happen.clone());
    let (lessons, clock) = (context.paths.learning(), context.clock.clone());
    core.learner = learner::Learner::start(lessons, clock, happen.clone());
    let snapshot = settings.borrow_and_update().clone();
    core.adopt_settings(&snapshot);
    for damage in &recovery.damage {
        core::tell_damage(damage);
    }
    core.recover(recovery.messages);
    core.search_orphans(spool::EVERY_SEGMENT);
    tokio::spawn(happening::accept(listener, happen));
    context.ready.tell();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            biased;
            () = context.stopped() => break,
            changed = settings.changed() => if changed.is_ok() {
                let snapshot = settings.borrow_and_update().clone();
                core.adopt_settings(&snapshot);
            },
            _ = tick.tick() => core.tick(),
            _ = happenings.recv_many(&mut batch, BATCH) => {
                for happening in batch.drain(..) {
                    core.handle(happening);
                }
            },
        }
        core.start_work();
    }
    while let Ok(happening) = happenings.try_recv() {
        core.handle(happening);
    }
    end(&core).await;
    Ok(())
}

/// What was said last is kept, so that nothing is done again at the next start.
async fn end(core: &Core) {
    let wait = Duration::from_secs(limits::STOP_SECONDS);
    match tokio::time::timeout(wait, core.keeper.sync_ticket()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "the spool could not be synced at the end"),
        Err(_) => tracing::error!("the spool took too long to sync at the end"),
    }
    core.events.flush(Duration::from_secs(2)).await;
}

/// Raises our own limit of open files as far as the hard limit allows.
fn raise_descriptor_limit() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        let wanted = limits::DESCRIPTORS.min(hard).max(soft);
        setrlimit(Resource::RLIMIT_NOFILE, wanted, hard)
    });
    if let Err(error) = raised {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// The sections this role reads.
const SECTIONS: &[&str] =
    &["policy", "exceptions", "senders", "patterns", "routing", "retry", "receiving"];

fn start(
    context: RoleContext,
    keeper: spool::Keeper,
    happen: mpsc::UnboundedSender<Happening>,
) -> Core {
    let mut seed = [0_u8; 8];
    world::RealEntropy.fill(&mut seed);
    let [a, b, c, d, e, f, g, h] = seed;
    Core {
        events: Events::start(&context),
        pool: pool::Pool::new(context.clock.now()),
        wardrobe: wardrobe::Wardrobe::default(),
        figures: figures::Figures::default(),
        context,
        keeper,
        ids: IdSource::new(u32::from_le_bytes([a, b, c, d])),
        happen,
        policy: Policy::compile(0, &policy::Rules::default(), &policy::Exceptions::default()),
        signatures: patterns::Signatures::default(),
        routes: route::Routes::new(&Routing::default()),
        retry: Retry::default(),
        host_name: String::new(),
        own_domains: Vec::new(),
        learner: learner::Learner::default(),
        learning_problem: None,
        reserve_octets: 0,
        stages: BTreeMap::new(),
        records: records::Records::default(),
        loaded: HashMap::new(),
        loaded_octets: 0,
        scans: VecDeque::new(),
        due: BTreeSet::new(),
        held: 0,
        destinations: destination::Destinations::default(),
        attempts: HashMap::new(),
        last_attempt: 0,
        tickets: HashMap::new(),
        last_ticket: 0,
        vault_line: VecDeque::new(),
        unconfirmed: HashMap::new(),
        intakes: HashMap::new(),
        cells_keeper: None,
        deliver: None,
        vault: None,
        after_sync: Vec::new(),
        in_sync: Vec::new(),
        syncing: false,
        sync_failed: false,
        unsynced: false,
        tidying: Arc::default(),
        pressure: None,
        listings: HashMap::new(),
        last_listing: 0,
        finished: 0,
        // Zero is the one state that the generator cannot leave.
        chance: u32::from_le_bytes([e, f, g, h]) | 1,
    }
}

impl Core {
    /// Takes over a settings snapshot. Sections that cannot be read stay as they were: control
    /// checks before it commits, so this is a fault of ours, and mail goes on.
    fn adopt_settings(&mut self, snapshot: &Snapshot) {
        let rules = schema::section::<policy::Rules>(&snapshot.sections);
        let exceptions = schema::section::<policy::Exceptions>(&snapshot.sections);
        let senders = schema::section::<policy::Senders>(&snapshot.sections);
        match (rules, exceptions, senders) {
            (Ok(rules), Ok(exceptions), Ok(senders)) => {
                let policy = Policy::compile(snapshot.revision, &rules, &exceptions);
                self.policy = policy.with_senders(&senders);
            }
            (Err(error), _, _) | (_, Err(error), _) | (_, _, Err(error)) => {
                tracing::error!(%error, "the policy could not be taken over");
            }
        }
        match schema::section::<patterns::Signatures>(&snapshot.sections) {
            Ok(signatures) => self.signatures = signatures,
            Err(error) => {
                tracing::error!(%error, "exceptions of signatures could not be taken over")
            }
        }
        match schema::section::<Routing>(&snapshot.sections) {
            Ok(routing) => self.routes = route::Routes::new(&routing),
            Err(error) => tracing::error!(%error, "the routes could not be taken over"),
        }
        match schema::section::<Retry>(&snapshot.sections) {
            Ok(retry) => self.retry = retry,
            Err(error) => tracing::error!(%error, "the retry settings could not be taken over"),
        }
        let receiving = snapshot.sections.get("receiving");
        let name = receiving.and_then(|section| section.get("host_name"));
        let name = name.and_then(serde_json::Value::as_str).unwrap_or("gatepost.example.test");
        name.clone_into(&mut self.host_name);
        let domains = receiving.and_then(|section| section.get("relay_domains"));
        let domains = domains.and_then(|list| serde_json::from_value(list.clone()).ok());
        self.own_domains = domains.unwrap_or_default();
        let reserve = receiving.and_then(|section| section.get("disk_reserve_bytes"));
        self.reserve_octets = reserve.and_then(serde_json::Value::as_u64).unwrap_or(0);
    }

    /// One thing has happened.
    fn handle(&mut self, happening: Happening) {
        match happening {
            Happening::IntakeCame { connection, outlet } => self.intake_came(connection, outlet),
            Happening::IntakeSaid { connection, message, descriptors } => {
                self.intake_said(connection, message, descriptors);
            }
            Happening::IntakeLeft { connection } => self.intake_left(connection),
            Happening::KeeperCame { connection, outlet } => {
                self.cells_keeper = Some((connection, outlet));
            }
            Happening::KeeperSaid { connection, message, descriptors } => {
                self.keeper_said(connection, message, descriptors);
            }
            Happening::KeeperLeft { connection } => self.keeper_left(connection),
            Happening::CellSaid { cell, answer, permit } => {
                self.cell_said(cell, answer);
                drop(permit);
            }
            Happening::CellLeft { cell, because } => self.cell_left(cell, &because),
            Happening::DeliverCame { connection, outlet } => self.deliver_came(connection, outlet),
            Happening::DeliverSaid { message } => self.deliver_said(message),
            Happening::DeliverLeft { connection } => self.deliver_left(connection),
            Happening::VaultCame { connection, outlet } => self.vault_came(connection, outlet),
            Happening::VaultSaid { message, descriptors } => self.vault_said(message, descriptors),
            Happening::VaultLeft { connection } => self.vault_left(connection),
            Happening::Asked { request, outlet } => self.asked(&request, outlet),
            Happening::PageWanted { listing } => self.make_page(listing),
            Happening::Synced(result) => self.synced(&result),
            Happening::Learned(table) => self.learned(table),
        }
    }
}
