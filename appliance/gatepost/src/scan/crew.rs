//! The workers at work: each is handed one message at a time, and what they found is given back in
//! the order in which they found it. Who scans and who teaches share this.

use std::collections::{HashMap, VecDeque};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use ipc::contracts::{Answer, Job, LearnedTable, Material, Outfit};
use ipc::{Outlet, Paths};
use mail::{Envelope, Findings, Unscannable};

use super::ScanError;
use super::cells::{self, Heard, Scanner};
use super::source::{Source, Unread};

/// Wall time of one scan.
const WALL: Duration = Duration::from_secs(30);
/// What the cell is told of it: it ends by itself a little before it is killed.
const WALL_MILLISECONDS: u64 = 30_000;

/// What is to be done.
pub struct Work<'a> {
    /// The command, for what is said on the way.
    pub name: &'static str,
    /// The messages; each is read when a worker is free for it.
    pub sources: Box<dyn Iterator<Item = Result<Source, Unread>> + 'a>,
    /// What workers are told of every message; its size is filled in.
    pub envelope: Envelope,
    /// A pattern pack in place of that of the gateway.
    pub pack: Option<&'a Path>,
    /// What the gateway was taught.
    pub learned: Option<LearnedTable>,
    /// Workers are to say what can be learned of each message.
    pub wants_material: bool,
}

/// A message, and what was found in it.
pub struct Inspected {
    /// The message.
    pub source: Source,
    /// What was found.
    pub findings: Findings,
    /// What can be learned of it.
    pub material: Option<Box<Material>>,
    /// How long that took.
    pub milliseconds: f64,
}

/// A message with a cell.
struct Running {
    cell: u64,
    source: Source,
    strikes: u8,
    since: Instant,
    /// When its cell is killed.
    ends: Instant,
}

/// All that is under way.
pub struct Crew<'a> {
    work: Work<'a>,
    /// The policy, and the line to the keeper.
    pub(super) scanner: Scanner,
    again: Vec<(Source, u8)>,
    cells: HashMap<u64, Outlet<Job>>,
    free: Vec<u64>,
    running: Vec<Running>,
    outfit: Option<(Outfit, Option<OwnedFd>)>,
    done: VecDeque<Result<Inspected, Unread>>,
    _folder: tempfile::TempDir,
}

impl<'a> Crew<'a> {
    /// Starts the workers.
    ///
    /// # Errors
    /// [`ScanError`].
    pub async fn start(paths: &Paths, work: Work<'a>) -> Result<Self, ScanError> {
        let failed = |error: std::io::Error| ScanError::Start(error.to_string());
        let folder = tempfile::Builder::new().prefix("gatepost-scan").tempdir().map_err(failed)?;
        let scanner = cells::start(paths, folder.path(), work.pack).await?;
        Ok(Crew {
            work,
            scanner,
            again: Vec::new(),
            cells: HashMap::new(),
            free: Vec::new(),
            running: Vec::new(),
            outfit: None,
            done: VecDeque::new(),
            _folder: folder,
        })
    }

    /// The next message that was looked at; `None` after the last.
    ///
    /// # Errors
    /// [`ScanError`].
    pub async fn next(&mut self) -> Result<Option<Result<Inspected, Unread>>, ScanError> {
        loop {
            let is_over = !self.hand_out()?;
            if let Some(done) = self.done.pop_front() {
                return Ok(Some(done));
            }
            if is_over {
                return Ok(None);
            }
            let first = self.running.iter().map(|one| one.ends).min();
            let first = first.unwrap_or_else(|| Instant::now() + WALL);
            match tokio::time::timeout_at(first.into(), self.scanner.heard.recv()).await {
                Ok(Some(heard)) => self.hear(heard)?,
                Ok(None) => return Err(ScanError::Start("their keeper ended".to_owned())),
                Err(_) => self.kill_overdue(),
            }
        }
    }

    /// Gives the free cells work. False when nothing is under way or left to do.
    fn hand_out(&mut self) -> Result<bool, ScanError> {
        while let Some(cell) = self.free.pop() {
            let Some((source, strikes)) = self.next_source() else {
                self.free.push(cell);
                return Ok(!self.running.is_empty());
            };
            let body = ipc::sealed_memory(&source.octets)?;
            let envelope =
                Envelope { size: source.octets.len() as u64, ..self.work.envelope.clone() };
            let job = Job::Inspect {
                job: cell,
                envelope,
                wall_milliseconds: WALL_MILLISECONDS,
                wants_material: self.work.wants_material,
            };
            if self.cells.get(&cell).is_some_and(|outlet| outlet.send(&job, vec![body]).is_ok()) {
                let since = Instant::now();
                self.running.push(Running { cell, source, strikes, since, ends: since + WALL });
            } else {
                self.again.push((source, strikes));
            }
        }
        Ok(true)
    }

    fn next_source(&mut self) -> Option<(Source, u8)> {
        if let Some(again) = self.again.pop() {
            return Some(again);
        }
        loop {
            match self.work.sources.next()? {
                Ok(source) => return Some((source, 0)),
                Err(error) => self.done.push_back(Err(error)),
            }
        }
    }

    fn hear(&mut self, heard: Heard) -> Result<(), ScanError> {
        match heard {
            Heard::Outfit(mut outfit, pack) => {
                match &outfit.problem {
                    Some(problem) if pack.is_none() => {
                        return Err(ScanError::Pack(problem.clone()));
                    }
                    Some(problem) => eprintln!("{}: {problem}", self.work.name),
                    None => {}
                }
                outfit.learned.clone_from(&self.work.learned);
                self.outfit = Some((outfit, pack));
            }
            Heard::Cell(cell, outlet) => {
                self.cells.insert(cell, outlet);
            }
            Heard::Answer(cell, answer) => self.answered(cell, answer)?,
            Heard::Gone(cell) => {
                self.cells.remove(&cell);
                self.free.retain(|known| *known != cell);
                self.strike(cell);
            }
        }
        Ok(())
    }

    fn answered(&mut self, cell: u64, answer: Answer) -> Result<(), ScanError> {
        let bad = |because: String| Findings::unscannable(Unscannable::BadAnswer(because));
        let (findings, material) = match answer {
            Answer::Ready { .. } => return self.dress(cell),
            Answer::Outfitted { refused: Some(why), .. } => return Err(ScanError::Pack(why)),
            Answer::Outfitted { refused: None, .. } => {
                self.free.push(cell);
                return Ok(());
            }
            Answer::Retiring { .. } => {
                self.cells.remove(&cell);
                return Ok(());
            }
            Answer::Inspected { findings, material, .. } => (findings, material),
            Answer::Failed { because, .. } => (bad(because), None),
            Answer::Amended { .. } => (bad("no findings".into()), None),
        };
        if self.cells.contains_key(&cell) {
            self.free.push(cell);
        }
        if let Some(at) = self.running.iter().position(|one| one.cell == cell) {
            let one = self.running.swap_remove(at);
            self.end(one, findings, material);
        }
        Ok(())
    }

    fn end(&mut self, one: Running, findings: Findings, material: Option<Box<Material>>) {
        let milliseconds = one.since.elapsed().as_secs_f64() * 1000.0;
        let inspected = Inspected { source: one.source, findings, material, milliseconds };
        self.done.push_back(Ok(inspected));
    }

    /// A new cell is given what it works with before its first message.
    fn dress(&mut self, cell: u64) -> Result<(), ScanError> {
        let Some((outfit, pack)) = &self.outfit else {
            self.free.push(cell);
            return Ok(());
        };
        let pack = pack.as_ref().map(OwnedFd::try_clone).transpose()?;
        if let Some(outlet) = self.cells.get(&cell) {
            // A cell that is gone is heard of.
            let job = Job::Outfit(Box::new(outfit.clone()));
            let _ = outlet.send(&job, pack.into_iter().collect());
        }
        Ok(())
    }

    /// The cell of a message is gone: once more with another, then it counts as unscannable.
    fn strike(&mut self, cell: u64) {
        let Some(at) = self.running.iter().position(|one| one.cell == cell) else { return };
        let one = self.running.swap_remove(at);
        if one.strikes == 0 {
            self.again.push((one.source, 1));
        } else {
            let why = Unscannable::KilledWorkers("two workers ended on it".into());
            self.end(one, Findings::unscannable(why), None);
        }
    }

    /// Their cells are heard of as gone.
    fn kill_overdue(&mut self) {
        for one in self.running.iter_mut().filter(|one| one.ends <= Instant::now()) {
            let _ = self.scanner.kill.send(one.cell);
            one.ends += WALL;
        }
    }
}
