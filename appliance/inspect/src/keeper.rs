//! The keeper: starts cells, hands their channels to queue, says how they ended, starts new ones.
//!
//! It sees no mail and holds no channel to a cell once queue has it.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ipc::contracts::{KeeperToQueue, QueueToKeeper};
use ipc::{Inlet, Outlet, Role, RoleContext, Snapshot};
use sandbox::Launch;
use tokio::process::{Child, Command};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::cell::{CHANNEL, LIMITS};
use crate::{Inspection, limits};

/// Why the keeper cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// Its settings are no settings; control would not send such.
    #[error("the settings section `inspection` cannot be read: {0}")]
    Settings(String),
}

/// Why one cell could not be started.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("its channel could not be made")]
    Channel(#[source] io::Error),
    #[error("its sockets could not be passed")]
    Launch(#[from] sandbox::LaunchError),
    #[error("its program could not be started")]
    Start(#[source] io::Error),
    #[error("queue is gone")]
    QueueGone(#[from] ipc::Closed),
}

/// The program that a cell is.
#[derive(Debug, Clone)]
pub struct CellProgram {
    /// Its path.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

impl Default for CellProgram {
    /// This program itself, as `role cell`. By the kernel's link, so that an update of the file on
    /// disk does not mix versions.
    fn default() -> Self {
        CellProgram {
            program: PathBuf::from("/proc/self/exe"),
            arguments: vec!["role".to_owned(), "cell".to_owned()],
        }
    }
}

/// Runs the role until it is told to stop. Must not run inside a pool of blocking threads: cells are
/// killed when the thread that started them ends.
///
/// # Errors
/// [`InspectError`].
pub async fn run(context: RoleContext) -> Result<(), InspectError> {
    run_with(context, CellProgram::default()).await
}

/// As [`run`], with another program for the cells.
///
/// # Errors
/// [`InspectError`].
pub async fn run_with(context: RoleContext, program: CellProgram) -> Result<(), InspectError> {
    let mut settings = tokio::select! {
        settings = ipc::subscribe(&context, &["inspection"]) => settings,
        () = context.stopped() => return Ok(()),
    };
    context.ready.tell();
    let mut first = 1;
    loop {
        let (outlet, inlet) = tokio::select! {
            link = ipc::connect(&context, Role::Queue) => link,
            () = context.stopped() => return Ok(()),
        };
        let wanted = read(&mut settings)?;
        let mut keeper = Keeper::new(program.clone(), outlet, wanted, first);
        let stopped = tokio::select! {
            end = keeper.serve(inlet, &mut settings) => end.map(|()| false)?,
            () = context.stopped() => true,
        };
        // The cells of a lost queue have nobody to answer: dropping the keeper ends them.
        first = keeper.next;
        if stopped {
            return Ok(());
        }
    }
}

fn read(settings: &mut watch::Receiver<Arc<Snapshot>>) -> Result<Inspection, InspectError> {
    let snapshot = settings.borrow_and_update().clone();
    schema::section(&snapshot.sections).map_err(|error| InspectError::Settings(error.to_string()))
}

/// A cell that has ended.
struct Ended {
    cell: u64,
    because: String,
    /// It ended soon after its start, and not by retiring.
    hasty: bool,
}

struct Keeper {
    program: CellProgram,
    outlet: Outlet<KeeperToQueue>,
    settings: Inspection,
    /// The number of the next cell.
    next: u64,
    /// Dropping or using a sender kills the cell.
    alive: HashMap<u64, oneshot::Sender<()>>,
    ends: JoinSet<Ended>,
    hasty: u32,
    /// No cell is started before this.
    not_before: Instant,
}

impl Keeper {
    fn new(
        program: CellProgram,
        outlet: Outlet<KeeperToQueue>,
        settings: Inspection,
        first: u64,
    ) -> Self {
        Keeper {
            program,
            outlet,
            settings,
            next: first,
            alive: HashMap::new(),
            ends: JoinSet::new(),
            hasty: 0,
            not_before: Instant::now(),
        }
    }

    /// Until queue is gone.
    async fn serve(
        &mut self,
        mut inlet: Inlet<QueueToKeeper>,
        settings: &mut watch::Receiver<Arc<Snapshot>>,
    ) -> Result<(), InspectError> {
        loop {
            self.fill();
            let short = self.alive.len() < self.settings.cells();
            tokio::select! {
                said = inlet.receive() => match said {
                    Ok(Some((QueueToKeeper::Kill { cell }, _))) => self.kill(cell),
                    Ok(None) => return Ok(()),
                    Err(error) => {
                        tracing::warn!(%error, "the link to queue broke");
                        return Ok(());
                    }
                },
                Some(Ok(ended)) = self.ends.join_next() => self.ended(ended),
                () = sleep_until(self.not_before), if short => {}
                changed = settings.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    self.settings = read(settings)?;
                }
            }
        }
    }

    /// Starts cells up to the wanted number, unless it is too soon.
    fn fill(&mut self) {
        while self.alive.len() < self.settings.cells() && Instant::now() >= self.not_before {
            if let Err(error) = self.start() {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "no cell could be started"
                );
                self.slow_down();
                self.not_before = self.not_before.max(Instant::now() + limits::HASTE);
            }
        }
    }

    fn start(&mut self) -> Result<(), StartError> {
        let (ours, theirs) = UnixStream::pair().map_err(StartError::Channel)?;
        let child = spawn(&self.program, &self.settings, theirs.into())?;
        let cell = self.next;
        self.next += 1;
        let (kill, killed) = oneshot::channel();
        self.alive.insert(cell, kill);
        self.ends.spawn(watch_over(cell, child, killed));
        self.outlet.send(&KeeperToQueue::Cell { cell }, vec![ours.into()])?;
        Ok(())
    }

    fn kill(&mut self, cell: u64) {
        // The end is told when the process is gone; a cell that is gone already has been told.
        if let Some(kill) = self.alive.get_mut(&cell) {
            let (idle, _) = oneshot::channel();
            let _ = std::mem::replace(kill, idle).send(());
        }
    }

    fn ended(&mut self, ended: Ended) {
        self.alive.remove(&ended.cell);
        if ended.hasty {
            self.slow_down();
        } else {
            self.hasty = 0;
        }
        tracing::debug!(cell = ended.cell, because = %ended.because, "a cell ended");
        let told = KeeperToQueue::Ended { cell: ended.cell, because: ended.because };
        // A queue that is gone is seen at the inlet.
        let _ = self.outlet.send(&told, Vec::new());
    }

    /// After many hasty ends in a row, waits before the next start: ever longer, up to a limit.
    fn slow_down(&mut self) {
        self.hasty = self.hasty.saturating_add(1);
        if let Some(over) = self.hasty.checked_sub(limits::HASTY_ENDS) {
            let wait = Duration::from_millis(50).saturating_mul(1 << over.min(10));
            self.not_before = Instant::now() + wait.min(limits::LONGEST_WAIT);
        }
    }
}

fn spawn(
    program: &CellProgram,
    settings: &Inspection,
    channel: OwnedFd,
) -> Result<Child, StartError> {
    let mut launch = Launch::new(&program.program)
        .environment(LIMITS, settings.cell_limits().spell())
        // A backtrace would open files, and the cell would be killed for that instead.
        .environment("RUST_BACKTRACE", "0")
        .socket(CHANNEL, channel);
    for argument in &program.arguments {
        launch = launch.argument(argument);
    }
    let mut command = Command::from(launch.command()?);
    command.kill_on_drop(true).stdin(std::process::Stdio::null());
    command.spawn().map_err(StartError::Start)
}

/// Waits for the end of one cell, or brings it about when told to.
async fn watch_over(cell: u64, mut child: Child, killed: oneshot::Receiver<()>) -> Ended {
    let started = Instant::now();
    let status = tokio::select! {
        status = child.wait() => status,
        Ok(()) = killed => {
            // It may have ended in this instant; then there is nothing to kill.
            let _ = child.start_kill();
            child.wait().await
        }
    };
    let retired = matches!(&status, Ok(status) if status.success());
    let because = match status {
        Ok(status) => sandbox::ended(status),
        Err(error) => format!("its end could not be seen: {error}"),
    };
    Ended { cell, because, hasty: !retired && started.elapsed() < limits::HASTE }
}
