//! `gatepost scan`: messages and files through the same sandboxed workers, the same pattern pack and
//! the same policy as mail from the network, without sending or keeping anything.
//!
//! It plays queue for a keeper of its own in a private folder (`cells.rs`). Settings and pack are those
//! of the state folder: settings of the gateway that runs there (the defaults when none runs), the
//! pack that lies there. What a message says is shown by `show.rs` for people, `json.rs` for programs.

mod cells;
mod json;
mod show;
mod source;

use std::collections::{HashMap, VecDeque};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use ipc::contracts::{Answer, Job, Outfit};
use ipc::{Outlet, Paths};
use mail::{
    BodyKind, Client, Direction, Envelope, Findings, Listener as Door, MessageId, Recipient,
    Sender, SessionId, Timestamp, Unscannable, Verdict,
};

use cells::{Heard, Scanner};
use source::Source;

/// Arguments of `gatepost scan`.
#[derive(Debug, Args)]
pub struct ScanArguments {
    /// Messages or files, folders of them (looked through to the bottom), or `-` for standard input.
    /// A file without the header of a message is scanned as the one attachment of a message.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Take every file as an attachment, also when it looks like a message.
    #[arg(long, conflicts_with = "message")]
    pub raw: bool,
    /// Take every file as a message, also when it does not look like one.
    #[arg(long)]
    pub message: bool,
    /// Show the parts and findings of every message; a single one shows them anyway.
    #[arg(long)]
    pub full: bool,
    /// Show the answer of every rule and exception as well.
    #[arg(long)]
    pub explain: bool,
    /// Use this pattern pack in place of that of the gateway.
    #[arg(long)]
    pub pack: Option<PathBuf>,
    /// Envelope sender that policy and the judges of unwanted mail see. Without it only policy sees
    /// one: files tell nothing of the way they came.
    #[arg(long, default_value = NO_SENDER)]
    pub from: mail::Address,
    /// Envelope recipient that policy and the judges of unwanted mail see. Without it only policy
    /// sees one.
    #[arg(long, default_value = NO_RECIPIENT)]
    pub to: mail::Address,
    /// Judge as outgoing mail.
    #[arg(long)]
    pub outgoing: bool,
}

/// Stands for a sender that was not given.
const NO_SENDER: &str = "sender@example.net";
/// Stands for a recipient that was not given.
const NO_RECIPIENT: &str = "recipient@example.test";
/// Wall time of one scan.
const WALL: Duration = Duration::from_secs(30);
/// What the cell is told of it: it ends by itself a little before it is killed.
const WALL_MILLISECONDS: u64 = 30_000;

/// Scans; exit 0 when every message would be delivered as it is, 1 when something was found, 2 when
/// a path cannot be read, 4 when the workers cannot be started.
pub async fn run(paths: &Paths, arguments: ScanArguments, json: bool) -> u8 {
    let mut files = VecDeque::new();
    for path in &arguments.paths {
        if let Err(error) = source::gather(path, &mut files) {
            eprintln!("gatepost scan: {} cannot be read ({error})", path.display());
            return 2;
        }
    }
    let manner =
        Manner { json, full: arguments.full || files.len() == 1, explain: arguments.explain };
    match scan_all(paths, &arguments, files, manner).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("gatepost scan: {error}; nothing more was scanned");
            4
        }
    }
}

/// How results are shown.
#[derive(Debug, Clone, Copy)]
struct Manner {
    json: bool,
    full: bool,
    explain: bool,
}

/// Why scanning cannot go on.
#[derive(Debug, thiserror::Error)]
enum ScanError {
    #[error("the workers cannot be started ({0})")]
    Start(String),
    #[error("the workers cannot use the pattern pack ({0}); give another with --pack")]
    Pack(String),
    #[error("no memory for a message could be had ({0})")]
    Memory(#[from] std::io::Error),
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

/// A message, what was found in it, and what is to happen to it.
struct Scanned<'a> {
    source: &'a Source,
    findings: &'a Findings,
    verdict: &'a Verdict,
    milliseconds: f64,
}

/// All that is under way.
struct Run<'a> {
    arguments: &'a ScanArguments,
    manner: Manner,
    scanner: Scanner,
    files: VecDeque<PathBuf>,
    again: Vec<(Source, u8)>,
    cells: HashMap<u64, Outlet<Job>>,
    free: Vec<u64>,
    running: Vec<Running>,
    outfit: Option<(Outfit, Option<std::os::fd::OwnedFd>)>,
    progress: ProgressBar,
    code: u8,
}

async fn scan_all(
    paths: &Paths,
    arguments: &ScanArguments,
    files: VecDeque<PathBuf>,
    manner: Manner,
) -> Result<u8, ScanError> {
    let failed = |error: std::io::Error| ScanError::Start(error.to_string());
    let folder = tempfile::Builder::new().prefix("gatepost-scan").tempdir().map_err(failed)?;
    if let Some(pack) = &arguments.pack {
        crate::patterns::open(pack).map_err(ScanError::Pack)?;
    }
    let scanner = cells::start(paths, folder.path(), arguments.pack.as_deref()).await?;
    let progress = bar(files.len(), manner.json);
    let mut run = Run {
        arguments,
        manner,
        scanner,
        files,
        again: Vec::new(),
        cells: HashMap::new(),
        free: Vec::new(),
        running: Vec::new(),
        outfit: None,
        progress,
        code: 0,
    };
    while run.hand_out()? {
        let first = run.running.iter().map(|one| one.ends).min();
        let first = first.unwrap_or_else(|| Instant::now() + WALL);
        match tokio::time::timeout_at(first.into(), run.scanner.heard.recv()).await {
            Ok(Some(heard)) => run.hear(heard)?,
            Ok(None) => return Err(ScanError::Start("their keeper ended".to_owned())),
            Err(_) => run.kill_overdue(),
        }
    }
    run.progress.finish_and_clear();
    Ok(run.code)
}

impl Run<'_> {
    /// Gives the free cells work. False when nothing is left to do.
    fn hand_out(&mut self) -> Result<bool, ScanError> {
        while let Some(cell) = self.free.pop() {
            let Some((source, strikes)) = self.next() else {
                self.free.push(cell);
                break;
            };
            let body = ipc::sealed_memory(&source.octets)?;
            let mut envelope = envelope(self.arguments, source.octets.len());
            without_guesses(&mut envelope);
            let wall_milliseconds = WALL_MILLISECONDS;
            let job = Job::Inspect { job: cell, envelope, wall_milliseconds };
            if self.cells.get(&cell).is_some_and(|outlet| outlet.send(&job, vec![body]).is_ok()) {
                let since = Instant::now();
                self.running.push(Running { cell, source, strikes, since, ends: since + WALL });
            } else {
                self.again.push((source, strikes));
            }
        }
        Ok(!(self.files.is_empty() && self.running.is_empty() && self.again.is_empty()))
    }

    fn next(&mut self) -> Option<(Source, u8)> {
        if let Some(again) = self.again.pop() {
            return Some(again);
        }
        while let Some(path) = self.files.pop_front() {
            match source::read(&path, self.arguments) {
                Ok(source) => return Some((source, 0)),
                Err(error) => {
                    eprintln!("gatepost scan: {} cannot be read ({error})", path.display());
                    self.code = 2;
                }
            }
        }
        None
    }

    fn hear(&mut self, heard: Heard) -> Result<(), ScanError> {
        match heard {
            Heard::Outfit(outfit, pack) => {
                match &outfit.problem {
                    Some(problem) if pack.is_none() => {
                        return Err(ScanError::Pack(problem.clone()));
                    }
                    Some(problem) => eprintln!("gatepost scan: {problem}"),
                    None => {}
                }
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
        let findings = match answer {
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
            Answer::Inspected { findings, .. } => findings,
            Answer::Failed { because, .. } => {
                Findings::unscannable(Unscannable::BadAnswer(because))
            }
            Answer::Amended { .. } => {
                Findings::unscannable(Unscannable::BadAnswer("no findings".into()))
            }
        };
        if self.cells.contains_key(&cell) {
            self.free.push(cell);
        }
        if let Some(at) = self.running.iter().position(|one| one.cell == cell) {
            let one = self.running.swap_remove(at);
            self.report(&one, findings);
        }
        Ok(())
    }

    /// A new cell is given what it works with before its first message.
    fn dress(&mut self, cell: u64) -> Result<(), ScanError> {
        let Some((outfit, pack)) = &self.outfit else {
            self.free.push(cell);
            return Ok(());
        };
        let pack = pack.as_ref().map(std::os::fd::OwnedFd::try_clone).transpose()?;
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
            self.report(&one, Findings::unscannable(why));
        }
    }

    /// Their cells are heard of as gone.
    fn kill_overdue(&mut self) {
        for one in self.running.iter_mut().filter(|one| one.ends <= Instant::now()) {
            let _ = self.scanner.kill.send(one.cell);
            one.ends += WALL;
        }
    }

    /// Judges and prints one message.
    fn report(&mut self, one: &Running, mut findings: Findings) {
        let envelope = envelope(self.arguments, one.source.octets.len());
        self.scanner.except(&envelope, &mut findings);
        let verdict = self.scanner.policy.decide(&envelope, &findings, None);
        let scanned = Scanned {
            source: &one.source,
            findings: &findings,
            verdict: &verdict,
            milliseconds: one.since.elapsed().as_secs_f64() * 1000.0,
        };
        let text = match self.manner.json {
            true => json::line(&scanned).to_string(),
            false => show::text(&scanned, self.manner),
        };
        let untouched = verdict
            .rulings
            .iter()
            .all(|ruling| ruling.fate == mail::Fate::Deliver && ruling.amendments.is_empty());
        self.code = self.code.max(u8::from(!untouched));
        self.progress.inc(1);
        self.progress.suspend(|| crate::track::say(&text));
    }
}

fn bar(files: usize, json: bool) -> ProgressBar {
    // The bar goes to stderr; with one message, or into a pipe, there is nothing to show.
    if files < 2 || !std::io::stderr().is_terminal() || (!json && std::io::stdout().is_terminal()) {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta}");
    let progress = ProgressBar::new(files as u64);
    style.map_or_else(|_| ProgressBar::hidden(), |style| progress.with_style(style))
}

/// Takes away what was not given: judges of unwanted mail compare the envelope with the header.
fn without_guesses(envelope: &mut Envelope) {
    if envelope.sender.to_string() == NO_SENDER {
        envelope.sender = Sender::Null;
    }
    envelope.recipients.retain(|one| one.address.to_string() != NO_RECIPIENT);
}

fn envelope(arguments: &ScanArguments, size: usize) -> Envelope {
    Envelope {
        id: MessageId(0),
        session: SessionId(0),
        received: Timestamp(0),
        listener: Door::Internal,
        direction: if arguments.outgoing { Direction::Outgoing } else { Direction::Incoming },
        client: Client {
            address: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
            helo: String::new(),
            tls: None,
        },
        sender: Sender::Mailbox(arguments.from.clone()),
        recipients: vec![Recipient::plain(arguments.to.clone())],
        body: BodyKind::EightBitMime,
        smtputf8: true,
        ret: None,
        envid: None,
        size: size as u64,
    }
}
