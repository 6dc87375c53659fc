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
mod faces;
pub mod filter;
mod happening;
mod judge;
mod keep;
pub mod limits;
mod loaded;
mod notice;
mod pool;
pub mod record;
pub mod route;
mod scan;
pub mod schedule;
mod settings;

use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ipc::{Events, Listener, RoleContext, Snapshot};
use mail::IdSource;
use policy::Policy;
use tokio::sync::mpsc;
use world::Entropy;

use crate::core::Core;
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
    let listener = Listener::open(&context)?;
    let mut settings = ipc::subscribe(&context, SECTIONS).await;
    let disk: Arc<dyn world::Disk> = Arc::new(world::RealDisk);
    let opened = spool::Keeper::open(disk, &context.paths.spool(), spool::Options::default());
    let (keeper, recovery) = opened?;
    let (happen, mut happenings) = mpsc::unbounded_channel();
    let mut core = start(context.clone(), keeper, happen.clone());
    let snapshot = settings.borrow_and_update().clone();
    core.adopt_settings(&snapshot);
    for damage in &recovery.damage {
        let (path, because) = (damage.path.display(), &damage.because);
        tracing::error!(%path, because, "the spool is damaged; everything else was taken up");
    }
    core.recover(recovery.messages);
    core.search_orphans(spool::EVERY_SEGMENT);
    tokio::spawn(happening::accept(listener, happen));
    context.ready.tell();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let paging = !core.listings.is_empty();
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
            () = tokio::task::yield_now(), if paging => { core.make_page(); }
        }
        core.start_work();
    }
    core.events.flush(Duration::from_secs(2)).await;
    Ok(())
}

/// The sections this role reads.
const SECTIONS: &[&str] = &["policy", "routing", "retry", "receiving"];

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
        context,
        keeper,
        ids: IdSource::new(u32::from_le_bytes([a, b, c, d])),
        happen,
        policy: Policy::compile(0, &policy::Rules::default()),
        routes: route::Routes::new(&Routing::default()),
        retry: Retry::default(),
        host_name: String::new(),
        stages: BTreeMap::new(),
        records: HashMap::new(),
        loaded: HashMap::new(),
        scans: VecDeque::new(),
        due: BinaryHeap::new(),
        pool: pool::Pool::default(),
        destinations: destination::Destinations::default(),
        attempts: HashMap::new(),
        last_attempt: 0,
        tickets: HashMap::new(),
        last_ticket: 0,
        unconfirmed: HashMap::new(),
        intakes: HashMap::new(),
        cells_keeper: None,
        deliver: None,
        vault: None,
        after_sync: Vec::new(),
        in_sync: Vec::new(),
        syncing: false,
        unsynced: false,
        tidying: Arc::default(),
        pressure: None,
        listings: VecDeque::new(),
        finished: 0,
        // Zero is the one state that the generator cannot leave.
        chance: u32::from_le_bytes([e, f, g, h]) | 1,
    }
}

impl Core {
    /// Takes over a settings snapshot. Sections that cannot be read stay as they were: control
    /// checks before it commits, so this is a fault of ours, and mail goes on.
    fn adopt_settings(&mut self, snapshot: &Snapshot) {
        match schema::section::<policy::Rules>(&snapshot.sections) {
            Ok(rules) => self.policy = Policy::compile(snapshot.revision, &rules),
            Err(error) => tracing::error!(%error, "the policy could not be taken over"),
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
            Happening::KeeperSaid { message, descriptors } => {
                self.keeper_said(message, descriptors)
            }
            Happening::KeeperLeft { connection } => self.keeper_left(connection),
            Happening::CellSaid { cell, answer } => self.cell_said(cell, answer),
            Happening::CellLeft { cell, because } => self.cell_left(cell, &because),
            Happening::DeliverCame { connection, outlet } => self.deliver_came(connection, outlet),
            Happening::DeliverSaid { message } => self.deliver_said(message),
            Happening::DeliverLeft { connection } => self.deliver_left(connection),
            Happening::VaultCame { connection, outlet } => self.vault_came(connection, outlet),
            Happening::VaultSaid { message, descriptors } => self.vault_said(message, descriptors),
            Happening::VaultLeft { connection } => {
                if self.vault.as_ref().is_some_and(|(current, _)| *current == connection) {
                    self.vault = None;
                }
            }
            Happening::Asked { request, outlet } => self.asked(&request, outlet),
            Happening::Synced(result) => self.synced(&result),
        }
    }
}
