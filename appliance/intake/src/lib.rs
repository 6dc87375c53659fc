//! The role that accepts mail from the network.
//!
//! Octets come in on the sockets that the supervisor passes in, go through the machine of
//! [`smtp::server`], and end as a sealed message in the spool that is handed to queue. It parses
//! commands and counts Received lines; it never looks into a message otherwise, never reads one
//! back, and never says 250 to a body without a [`spool::Receipt`].
//!
//! | file | holds |
//! |---|---|
//! | `doors.rs` | listening sockets, connection limits |
//! | `connection.rs` | one connection, from greeting to close |
//! | `relay.rs` | who may send to whom |
//! | `trace.rs` | our Received line, loop detection |
//! | `link.rs` | the edge to queue |
//! | `settings.rs`, `setup.rs`, `tls.rs` | what the administrator decides, made ready |
//! | `wire.rs` | socket, TLS, read buffer |
//! | `record.rs` | events |
//!
//! Start with [`run`].
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod connection;
mod doors;
pub mod limits;
mod link;
mod record;
pub mod relay;
pub mod settings;
mod setup;
#[cfg(test)]
mod tests;
mod tls;
pub mod trace;
mod wire;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ipc::{Events, RoleContext};
use mail::{IdSource, MessageId, SessionId, Timestamp};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use schema::Section;
use spool::{SpoolError, Writer};
use tokio::sync::watch;
use tokio::task::JoinSet;
use world::Entropy;

use doors::{Crowd, DOORS};
use link::Link;
use record::Recorder;
pub use settings::Receiving;
use setup::Setup;

/// Why the role cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The spool cannot be opened for writing.
    #[error("cannot open the spool")]
    Spool(#[source] SpoolError),
    /// A listening socket cannot be used.
    #[error("cannot use the listening socket {name}")]
    Socket {
        /// Its name.
        name: &'static str,
        /// The kernel's word.
        #[source]
        source: io::Error,
    },
    /// No listening socket was passed in.
    #[error("no listening socket was passed in: there is nothing to serve")]
    NoSocket,
    /// The settings do not fit this build.
    #[error("the settings cannot be used")]
    Settings(#[source] schema::SectionError),
}

/// What all connections share.
struct Intake {
    context: RoleContext,
    setup: Mutex<Arc<Setup>>,
    writer: Writer,
    link: Link,
    recorder: Recorder,
    crowd: Arc<Crowd>,
    ids: Mutex<IdSource>,
    stop: watch::Receiver<bool>,
}

impl Intake {
    fn setup(&self) -> Arc<Setup> {
        self.setup.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn now(&self) -> Timestamp {
        self.context.clock.now()
    }

    fn next_id(&self, now: Timestamp) -> u64 {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).next(now)
    }

    fn next_session(&self) -> SessionId {
        SessionId(self.next_id(self.now()))
    }

    fn next_message(&self, now: Timestamp) -> MessageId {
        MessageId(self.next_id(now))
    }
}

/// Serves until the context says stop. Connections get [`limits::STOP_SECONDS`] to end.
///
/// # Errors
/// [`IntakeError`] when it cannot begin to serve.
pub async fn run(context: RoleContext) -> Result<(), IntakeError> {
    raise_descriptor_limit();
    let snapshots = ipc::subscribe(&context, &[Receiving::NAME]).await;
    let settings = read_settings(&snapshots.borrow())?;
    let intake = Arc::new(open(&context, settings)?);
    let first_segment = intake.writer.first_segment();
    let link = tokio::spawn(intake.link.clone().keep(context.clone(), first_segment));
    // Clients wait in the listening sockets meanwhile, which is better than a 451. Without queue
    // they get one after all.
    let patience = Duration::from_secs(limits::QUEUE_SECONDS);
    tokio::select! {
        _ = tokio::time::timeout(patience, intake.link.first_word()) => {}
        () = context.stopped() => {}
    }
    let mut tasks = JoinSet::new();
    for (name, listener) in DOORS {
        let Some(socket) = context.sockets.take_tcp(name) else {
            continue;
        };
        let socket = doors::open(socket).map_err(|source| IntakeError::Socket { name, source })?;
        tasks.spawn(doors::serve(intake.clone(), socket, listener));
    }
    if tasks.is_empty() {
        return Err(IntakeError::NoSocket);
    }
    tasks.spawn(follow_settings(intake.clone(), snapshots));
    context.ready.tell();
    context.stopped().await;
    tasks.shutdown().await;
    let wait = Duration::from_secs(limits::STOP_SECONDS);
    if tokio::time::timeout(wait, intake.crowd.empty()).await.is_err() {
        tracing::warn!("connections were cut, since they did not end in time");
    }
    intake.recorder.flush().await;
    link.abort();
    Ok(())
}

fn open(context: &RoleContext, settings: Receiving) -> Result<Intake, IntakeError> {
    let disk = Arc::new(world::RealDisk);
    let reserve = settings.disk_reserve_bytes;
    let options = spool::Options {
        reserve_octets: (reserve != 0).then_some(reserve),
        ..spool::Options::default()
    };
    let writer =
        Writer::start(disk, &context.paths.spool(), options).map_err(IntakeError::Spool)?;
    let setup = Setup::new(settings, &context.paths.tls());
    Ok(Intake {
        setup: Mutex::new(Arc::new(setup)),
        writer,
        link: Link::default(),
        recorder: Recorder::new(Events::start(context)),
        crowd: Arc::default(),
        ids: Mutex::new(IdSource::new(world::RealEntropy.number() as u32)),
        stop: context.stop.clone(),
        context: context.clone(),
    })
}

fn read_settings(snapshot: &ipc::Snapshot) -> Result<Receiving, IntakeError> {
    schema::section(&snapshot.sections).map_err(IntakeError::Settings)
}

/// Takes up each change of the settings; connections that are open keep what they began with.
async fn follow_settings(intake: Arc<Intake>, mut snapshots: watch::Receiver<Arc<ipc::Snapshot>>) {
    while snapshots.changed().await.is_ok() {
        let snapshot = snapshots.borrow_and_update().clone();
        match read_settings(&snapshot) {
            Ok(settings) => {
                let setup = Arc::new(Setup::new(settings, &intake.context.paths.tls()));
                *intake.setup.lock().unwrap_or_else(PoisonError::into_inner) = setup;
            }
            Err(error) => tracing::error!(%error, "new settings cannot be used; the old ones stay"),
        }
    }
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
