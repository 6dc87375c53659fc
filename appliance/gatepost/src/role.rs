//! One role as a process: sockets taken over, locked in, then run until it is told to stop.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ipc::{Paths, Ready, Role, RoleContext, Sockets};
use sandbox::{Access, Confinement, Enforcement, Place};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::tree;

/// Runs a role; the exit code.
pub fn run(name: &str, paths: Paths, import: Option<&Path>) -> u8 {
    match start(name, paths, import) {
        Ok(()) => 0,
        Err(error) => {
            let mut text = error.to_string();
            let mut source = error.source();
            while let Some(deeper) = source {
                text = format!("{text}: {deeper}");
                source = deeper.source();
            }
            eprintln!("gatepost {name}: {text}");
            1
        }
    }
}

type Failure = Box<dyn std::error::Error>;

fn start(name: &str, paths: Paths, import: Option<&Path>) -> Result<(), Failure> {
    let role = Role::from_word(name).filter(|role| *role != Role::CommandLine);
    let role = role.ok_or_else(|| format!("there is no role {name:?}"))?;
    log();
    let sockets = sandbox::inherited()?;
    let import = import.map(std::fs::read_to_string).transpose()?;
    let process = sandbox::process(name).ok_or("the role is not in the process table")?;
    lock_in(&process.confinement(|place| folder(&paths, place)))?;
    let runtime = runtime(role)?;
    runtime.block_on(serve(role, paths, sockets, import))
}

fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("GATEPOST_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(true)
        .init();
}

fn lock_in(confinement: &Confinement) -> Result<(), Failure> {
    let report = sandbox::confine(confinement)?;
    if report.landlock == Enforcement::None {
        tracing::warn!("this kernel has no landlock: files are guarded by system calls only");
    }
    Ok(())
}

/// Where a place of the table lies in this state folder.
pub fn folder(paths: &Paths, place: Place) -> Option<PathBuf> {
    Some(match place {
        Place::Run => paths.run(),
        Place::Spool => paths.spool(),
        Place::Config => paths.config(),
        Place::Vault => paths.vault(),
        Place::Ledger => paths.ledger(),
        Place::Learning => paths.learning(),
        Place::Delivered => paths.delivered(),
        Place::Tls => paths.tls(),
        Place::Patterns => paths.patterns(),
        Place::Program | Place::Names | Place::Devices | Place::Users => return None,
    })
}

/// Folders that some role writes to or reads from.
pub fn folders(paths: &Paths) -> Vec<PathBuf> {
    let places = sandbox::PROCESSES.iter().flat_map(|process| process.places);
    let mut folders: Vec<PathBuf> = places
        .filter(|(_, access)| *access != Access::Execute)
        .filter_map(|(place, _)| folder(paths, *place))
        .collect();
    folders.push(paths.patterns());
    folders.sort();
    folders.dedup();
    folders
}

/// One thread where that is enough: on small machines every hop between threads costs more than
/// it gains. Roles that face the network get more where there are cores for them.
fn runtime(role: Role) -> std::io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if cores > 2 && matches!(role, Role::Intake | Role::Deliver) {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads((cores / 2).min(8))
            .enable_all()
            .build()
    } else {
        tokio::runtime::Builder::new_current_thread().enable_all().build()
    }
}

async fn serve(
    role: Role,
    paths: Paths,
    sockets: Vec<(String, std::os::fd::OwnedFd)>,
    import: Option<String>,
) -> Result<(), Failure> {
    let (stop, stopped) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                // Ctrl-C goes to the whole group; the supervisor passes the wish on in its order.
                _ = interrupt.recv() => {}
            }
        }
        sandbox::notify_stopping();
        let _ = stop.send(true);
    });
    tokio::spawn(feed_watchdog());
    let context = RoleContext {
        role,
        paths,
        incarnation: incarnation(),
        stop: stopped,
        clock: Arc::new(world::RealClock),
        ready: Ready::new(|| {
            sandbox::notify_ready();
        }),
        sockets: Sockets::new(sockets),
    };
    match role {
        Role::Intake => intake::run(context).await?,
        Role::Queue => queue::run(context).await?,
        Role::Inspect => inspect::run(context).await?,
        Role::Deliver => deliver::run(context).await?,
        Role::Vault => vault::run(context).await?,
        Role::Ledger => ledger::run(context).await?,
        Role::Control => {
            if let Some(listener) = context.sockets.take_tcp("metrics") {
                tokio::spawn(crate::metrics::serve(listener, context.paths.clone()));
            }
            control::run(context, tree::tree(), import).await?;
        }
        Role::Cell | Role::CommandLine => return Err("this role is not started here".into()),
    }
    Ok(())
}

/// A number that no other start of this role has: time and process id.
fn incarnation() -> u64 {
    let now = world::Clock::now(&world::RealClock);
    now.0 << 22 | u64::from(std::process::id()) & 0x3f_ffff
}

/// Tells the supervisor that the event loop turns.
async fn feed_watchdog() {
    let Some(period) = sandbox::watchdog_period() else { return };
    let mut beat = tokio::time::interval(period.max(Duration::from_millis(100)));
    loop {
        beat.tick().await;
        sandbox::notify_watchdog();
    }
}
