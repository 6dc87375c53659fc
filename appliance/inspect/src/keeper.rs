//! The keeper: starts cells, hands their channels to queue, says how they ended, starts new ones, and
//! says what they are to work with.
//!
//! It sees no mail and holds no channel to a cell once queue has it.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use ipc::contracts::{End, KeeperToQueue, Outfit, QueueToKeeper};
use ipc::{Inlet, Outlet, Role, RoleContext, Snapshot};
use sandbox::Launch;
use tokio::process::{Child, Command};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::cell::{CHANNEL, LIMITS};
use crate::limits;
use crate::outfit::{Choice, SECTIONS, Wanted};
use crate::packs::{Packs, Sealed, watch_active};

/// Why the keeper cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// Its settings are no settings; control would not send such.
    #[error("the settings cannot be read")]
    Settings(#[from] schema::SectionError),
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
        settings = ipc::subscribe(&context, SECTIONS) => settings,
        () = context.stopped() => return Ok(()),
    };
    // Before the first cell, so that none begins without the patterns that are there.
    let mut packs = watch_active(&context.paths.patterns()).await;
    context.ready.tell();
    let mut first = 1;
    let mut choice = Choice::default();
    loop {
        let (outlet, inlet) = tokio::select! {
            link = ipc::connect(&context, Role::Queue) => link,
            () = context.stopped() => return Ok(()),
        };
        let wanted = read(&mut settings)?;
        let mut keeper = Keeper::new(program.clone(), outlet, wanted, first);
        keeper.choice = choice;
        let stopped = tokio::select! {
            end = keeper.serve(inlet, &mut settings, &mut packs) => end.map(|()| false)?,
            () = context.stopped() => true,
        };
        // The cells of a lost queue have nobody to answer: dropping the keeper ends them.
        first = keeper.next;
        choice = std::mem::take(&mut keeper.choice);
        if stopped {
            return Ok(());
        }
    }
}

fn read(settings: &mut watch::Receiver<Arc<Snapshot>>) -> Result<Wanted, InspectError> {
    let snapshot = settings.borrow_and_update().clone();
    Wanted::read(&snapshot)
}

/// A cell that has ended.
struct Ended {
    cell: u64,
    because: String,
    end: End,
    /// It ended soon after its start, and not by retiring.
    hasty: bool,
}

struct Keeper {
    program: CellProgram,
    outlet: Outlet<KeeperToQueue>,
    settings: Wanted,
    choice: Choice,
    /// What was offered last, with its pack.
    offered: Option<(Outfit, Option<Arc<Sealed>>)>,
    outfits: u64,
    /// When the same is to be offered again.
    offer_again: Option<Instant>,
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
        settings: Wanted,
        first: u64,
    ) -> Self {
        Keeper {
            program,
            outlet,
            settings,
            choice: Choice::default(),
            offered: None,
            outfits: 0,
            offer_again: None,
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
        packs: &mut watch::Receiver<Packs>,
    ) -> Result<(), InspectError> {
        self.offer(packs);
        loop {
            self.fill();
            let short = self.alive.len() < self.settings.inspection.cells();
            let (again, is_again) = (self.offer_again, self.offer_again.is_some());
            tokio::select! {
                said = inlet.receive() => match said {
                    Ok(Some((said, _))) => self.heard(said, packs),
                    Ok(None) => return Ok(()),
                    Err(error) => {
                        tracing::warn!(%error, "the link to queue broke");
                        return Ok(());
                    }
                },
                Some(Ok(ended)) = self.ends.join_next() => self.ended(ended),
                () = sleep_until(self.not_before), if short => {}
                () = sleep_until(again.unwrap_or_else(Instant::now)), if is_again => {
                    self.offered = None;
                    self.offer(packs);
                }
                Ok(()) = packs.changed() => self.offer(packs),
                changed = settings.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    self.settings = read(settings)?;
                    self.offer(packs);
                }
            }
        }
    }

    fn heard(&mut self, said: QueueToKeeper, packs: &mut watch::Receiver<Packs>) {
        match said {
            QueueToKeeper::Kill { cell } => self.kill(cell),
            QueueToKeeper::Outfitted { number, refused } => {
                let newest = self.offered.as_ref().is_some_and(|(last, _)| last.number == number);
                let pack = self.offered.as_ref().and_then(|(_, pack)| pack.clone());
                match refused {
                    // Of one that another has followed, the answer to that one tells more.
                    _ if !newest => {}
                    None => self.choice.taken(pack),
                    Some(because) if self.choice.refused(pack, &because) => self.offer(packs),
                    Some(_) => self.offer_again = Some(Instant::now() + limits::OFFER_AGAIN),
                }
            }
        }
    }

    /// Tells queue what cells are to work with, where that has changed.
    fn offer(&mut self, packs: &mut watch::Receiver<Packs>) {
        self.offer_again = None;
        let (pack, problem) = self.choice.of(&packs.borrow_and_update());
        let mut outfit = self.settings.outfit(pack.as_ref(), problem);
        let last = self.offered.as_ref();
        outfit.number = last.map_or(0, |(last, _)| last.number);
        let is_same_pack = |(_, before): &(Outfit, Option<Arc<Sealed>>)| match (before, &pack) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (before, now) => before.is_none() && now.is_none(),
        };
        if last.is_some_and(|last| is_same_pack(last) && last.0 == outfit) {
            return;
        }
        self.outfits += 1;
        outfit.number = self.outfits;
        let memory = pack.as_ref().map(|pack| pack.memory.try_clone()).transpose();
        let Ok(memory) = memory else {
            tracing::error!("there is no descriptor to hand out the pattern pack with");
            self.offer_again = Some(Instant::now() + limits::OFFER_AGAIN);
            return;
        };
        let offer = KeeperToQueue::Outfit(Box::new(outfit.clone()));
        // A queue that is gone is seen at the inlet.
        let _ = self.outlet.send(&offer, memory.into_iter().collect());
        self.offered = Some((outfit, pack));
    }

    /// Starts cells up to the wanted number, unless it is too soon.
    fn fill(&mut self) {
        let wanted = self.settings.inspection.cells();
        while self.alive.len() < wanted && Instant::now() >= self.not_before {
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
        let child = spawn(&self.program, &self.settings.inspection, theirs.into())?;
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
        let Ended { cell, because, end, .. } = ended;
        let told = KeeperToQueue::Ended { cell, because, end };
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
    settings: &crate::Inspection,
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
    let hasty = !retired && started.elapsed() < limits::HASTE;
    match status {
        Ok(status) => Ended { cell, because: sandbox::ended(status), end: end_of(status), hasty },
        Err(error) => {
            let because = format!("its end could not be seen: {error}");
            Ended { cell, because, end: End::Other, hasty }
        }
    }
}

fn end_of(status: ExitStatus) -> End {
    use nix::sys::signal::Signal;
    let signal = status.signal().and_then(|number| Signal::try_from(number).ok());
    match signal {
        None if status.code().is_some() => End::Exit,
        Some(Signal::SIGXCPU) => End::Cpu,
        Some(Signal::SIGABRT) => End::Abort,
        Some(Signal::SIGSYS) => End::ForbiddenCall,
        Some(Signal::SIGKILL | Signal::SIGTERM) => End::Killed,
        _ => End::Other,
    }
}
