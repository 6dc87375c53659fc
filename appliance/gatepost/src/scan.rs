//! `gatepost scan`: messages through the same sandboxed workers and the same policy as mail from
//! the network, without sending or keeping anything.
//!
//! It plays queue for a keeper of its own in a private folder. The policy is that of the gateway
//! running in the state folder, or the default one when none runs there.

use std::collections::VecDeque;
use std::io::{IsTerminal, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use ipc::contracts::{Answer, FromControl, Job, KeeperToQueue, QueueToKeeper, ToControl};
use ipc::{Inlet, Listener, Outlet, Paths, Ready, Role, RoleContext, Sockets};
use mail::{
    BodyKind, Client, Direction, Envelope, Findings, Listener as Door, MessageId, Recipient,
    Sender, SessionId, Timestamp, Unscannable, Verdict,
};
use policy::Policy;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use crate::face::safe;

/// Arguments of `gatepost scan`.
#[derive(Debug, Args)]
pub struct ScanArguments {
    /// Message files, folders of them (looked through to the bottom), or `-` for standard input.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Envelope sender that policy sees.
    #[arg(long, default_value = "sender@example.net")]
    pub from: mail::Address,
    /// Envelope recipient that policy sees.
    #[arg(long, default_value = "recipient@example.test")]
    pub to: mail::Address,
    /// Judge as outgoing mail.
    #[arg(long)]
    pub outgoing: bool,
}

/// Octets of one message at most.
const MESSAGE_OCTETS: u64 = 256 * 1024 * 1024;
/// Wall time of one scan.
const WALL: Duration = Duration::from_secs(30);

/// Scans; exit 0 when every message would be delivered as it is, 1 when something was found, 2 when
/// a path cannot be read.
pub async fn run(paths: &Paths, arguments: ScanArguments, json: bool) -> u8 {
    let mut files = VecDeque::new();
    for path in &arguments.paths {
        if let Err(error) = gather(path, &mut files) {
            eprintln!("gatepost scan: {} cannot be read ({error})", path.display());
            return 2;
        }
    }
    match scan_all(paths, &arguments, files, json).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("gatepost scan: the workers cannot be started ({error})");
            4
        }
    }
}

fn gather(path: &Path, files: &mut VecDeque<PathBuf>) -> std::io::Result<()> {
    if path.as_os_str() != "-" && std::fs::metadata(path)?.is_dir() {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(path)?
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<_>>()?;
        entries.sort();
        return entries.iter().try_for_each(|entry| gather(entry, files));
    }
    files.push_back(path.to_owned());
    Ok(())
}

/// One cell of our own keeper.
enum Heard {
    Cell(u64, Outlet<Job>),
    Answer(u64, Answer),
    Gone(u64),
}

struct Scanner {
    policy: Policy,
    heard: mpsc::UnboundedReceiver<Heard>,
    kill: mpsc::UnboundedSender<u64>,
}

/// A message with a cell.
struct Running {
    cell: u64,
    path: PathBuf,
    octets: Vec<u8>,
    strikes: u8,
    since: Instant,
}

async fn scan_all(
    paths: &Paths,
    arguments: &ScanArguments,
    mut files: VecDeque<PathBuf>,
    json: bool,
) -> Result<u8, Box<dyn std::error::Error>> {
    let folder = tempfile::Builder::new().prefix("gatepost-scan").tempdir()?;
    let mut scanner = start(paths, folder.path()).await?;
    let progress = bar(files.len(), json);
    let mut cells: std::collections::HashMap<u64, Outlet<Job>> = std::collections::HashMap::new();
    let (mut free, mut running) = (Vec::new(), Vec::<Running>::new());
    let mut again: Vec<(PathBuf, Vec<u8>, u8)> = Vec::new();
    let mut code = 0;
    while !(files.is_empty() && running.is_empty() && again.is_empty()) {
        while let Some(cell) = free.pop() {
            let next = match again.pop() {
                Some(next) => Some(next),
                None => next_file(&mut files, &mut code).map(|(path, octets)| (path, octets, 0)),
            };
            let Some((path, octets, strikes)) = next else {
                free.push(cell);
                break;
            };
            let body = ipc::sealed_memory(&octets)?;
            let job = Job::Inspect { job: cell, envelope: envelope(arguments, octets.len()) };
            if cells.get(&cell).is_some_and(|outlet| outlet.send(&job, vec![body]).is_ok()) {
                running.push(Running { cell, path, octets, strikes, since: Instant::now() });
            } else {
                again.push((path, octets, strikes));
            }
        }
        if files.is_empty() && running.is_empty() && again.is_empty() {
            break;
        }
        let oldest = running.iter().map(|one| one.since).min().unwrap_or_else(Instant::now);
        let heard = tokio::time::timeout_at((oldest + WALL).into(), scanner.heard.recv()).await;
        let Ok(heard) = heard else {
            for one in running.iter().filter(|one| one.since.elapsed() >= WALL) {
                let _ = scanner.kill.send(one.cell);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        match heard.ok_or("the keeper of the workers ended")? {
            Heard::Cell(cell, outlet) => {
                cells.insert(cell, outlet);
            }
            Heard::Answer(cell, Answer::Ready { .. }) => free.push(cell),
            Heard::Answer(cell, Answer::Retiring) => {
                cells.remove(&cell);
            }
            Heard::Answer(cell, answer) => {
                let at = running.iter().position(|one| one.cell == cell);
                if cells.contains_key(&cell) {
                    free.push(cell);
                }
                let Some(at) = at else { continue };
                let one = running.swap_remove(at);
                let findings = match answer {
                    Answer::Inspected { findings, .. } => findings,
                    Answer::Failed { because, .. } => {
                        Findings::unscannable(Unscannable::BadAnswer(because))
                    }
                    _ => Findings::unscannable(Unscannable::BadAnswer("no findings".into())),
                };
                code =
                    code.max(report(&scanner.policy, arguments, &one, &findings, json, &progress));
            }
            Heard::Gone(cell) => {
                cells.remove(&cell);
                free.retain(|known| *known != cell);
                let Some(at) = running.iter().position(|one| one.cell == cell) else { continue };
                let one = running.swap_remove(at);
                if one.strikes == 0 {
                    again.push((one.path, one.octets, 1));
                } else {
                    let why = Unscannable::KilledWorkers("two workers ended on it".into());
                    let findings = Findings::unscannable(why);
                    code = code.max(report(
                        &scanner.policy,
                        arguments,
                        &one,
                        &findings,
                        json,
                        &progress,
                    ));
                }
            }
        }
    }
    progress.finish_and_clear();
    Ok(code)
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

fn next_file(files: &mut VecDeque<PathBuf>, code: &mut u8) -> Option<(PathBuf, Vec<u8>)> {
    while let Some(path) = files.pop_front() {
        match read(&path) {
            Ok(octets) => return Some((path, octets)),
            Err(error) => {
                eprintln!("gatepost scan: {} cannot be read ({error})", path.display());
                *code = 2;
            }
        }
    }
    None
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(MESSAGE_OCTETS + 1).read_to_end(&mut octets)?
    } else {
        std::fs::File::open(path)?.take(MESSAGE_OCTETS + 1).read_to_end(&mut octets)?
    };
    if read as u64 > MESSAGE_OCTETS {
        return Err(std::io::Error::other("it is larger than 256 MiB"));
    }
    Ok(octets)
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

/// Prints one message's result; 0 when it would be delivered untouched, 1 otherwise.
fn report(
    policy: &Policy,
    arguments: &ScanArguments,
    one: &Running,
    findings: &Findings,
    json: bool,
    progress: &ProgressBar,
) -> u8 {
    let verdict = policy.decide(&envelope(arguments, one.octets.len()), findings, None);
    progress.inc(1);
    let (line, clean) = describe(one, findings, &verdict, json);
    progress.suspend(|| println!("{line}"));
    u8::from(!clean)
}

fn describe(one: &Running, findings: &Findings, verdict: &Verdict, json: bool) -> (String, bool) {
    let ruling = verdict.rulings.first();
    let fate = ruling.map_or("deliver", |ruling| ruling.fate.word());
    let rule = ruling.map_or("default", |ruling| ruling.rule.as_str());
    let because = ruling.map_or("", |ruling| ruling.because.as_str());
    let clean = fate == "deliver" && ruling.is_none_or(|ruling| ruling.amendments.is_empty());
    let milliseconds = one.since.elapsed().as_secs_f64() * 1000.0;
    let path = one.path.display().to_string();
    if !json {
        let why = if clean { String::new() } else { format!("  {rule}: {because}") };
        return (safe(&format!("{fate:<10} {path}{why}")), clean);
    }
    let list: Vec<Value> = findings
        .list
        .iter()
        .map(|finding| {
            json!({
                "engine": format!("{:?}", finding.engine).to_lowercase(),
                "kind": format!("{:?}", finding.kind).to_lowercase(),
                "name": finding.name,
                "place": finding.place,
                "evidence": finding.evidence,
            })
        })
        .collect();
    let line = json!({
        "path": path,
        "fate": fate,
        "rule": rule,
        "because": because,
        "spam_probability": findings.spam_probability,
        "findings": list,
        "unscannable": findings.unscannable.is_some(),
        "milliseconds": (milliseconds * 1000.0).round() / 1000.0,
    });
    (line.to_string(), clean)
}

/// The settings that judge: those of the running gateway, or the defaults.
async fn live_settings(paths: &Paths) -> serde_json::Map<String, Value> {
    let mut sections = serde_json::Map::new();
    for section in ["policy", "inspection"] {
        let argument = json!({"path": section}).to_string();
        let Ok(mut asking) = ipc::ask(paths, Role::Control, "settings.get", argument).await else {
            continue;
        };
        let entry = sections.entry(section).or_insert_with(|| json!({}));
        while let Some(Ok(line)) = asking.next().await {
            let row: Value = serde_json::from_str(&line).unwrap_or_default();
            let field = row.get("path").and_then(Value::as_str).and_then(|p| p.split_once('.'));
            if let (Some((_, field)), Some(value)) = (field, row.get("value"))
                && let Some(fields) = entry.as_object_mut()
            {
                fields.insert(field.to_owned(), value.clone());
            }
        }
    }
    sections
}

async fn start(paths: &Paths, folder: &Path) -> Result<Scanner, Box<dyn std::error::Error>> {
    let sections = live_settings(paths).await;
    let rules = schema::section::<policy::Rules>(&sections).unwrap_or_default();
    let own = Paths::new(folder);
    std::fs::create_dir_all(own.run())?;
    let context = |role| RoleContext {
        role,
        paths: own.clone(),
        incarnation: u64::from(std::process::id()),
        // The sender is dropped, so `stopped` must not be waited for: nobody does here but the
        // keeper, which ends with this process.
        stop: never(),
        clock: Arc::new(world::RealClock),
        ready: Ready::new(|| ()),
        sockets: Sockets::default(),
    };
    let control = Listener::open(&context(Role::Control))?;
    let queue = Listener::open(&context(Role::Queue))?;
    tokio::spawn(play_control(control, Value::Object(sections).to_string()));
    let (tell, heard) = mpsc::unbounded_channel();
    let (kill, kills) = mpsc::unbounded_channel();
    tokio::spawn(play_queue(queue, tell, kills));
    let keeper = context(Role::Inspect);
    tokio::spawn(async move {
        if let Err(error) = inspect::run(keeper).await {
            eprintln!("gatepost scan: {error}");
        }
    });
    Ok(Scanner { policy: Policy::compile(0, &rules), heard, kill })
}

/// A stop signal that never comes.
fn never() -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    std::mem::forget(sender);
    receiver
}

async fn play_control(listener: Listener, sections: String) {
    let mut held = Vec::new();
    while let Ok(incoming) = listener.accept().await {
        let (outlet, mut inlet): (Outlet<FromControl>, Inlet<ToControl>) = incoming.link();
        let snapshot = FromControl::Snapshot { revision: 0, sections: sections.clone() };
        let _ = inlet.receive().await;
        let _ = outlet.send(&snapshot, Vec::new());
        held.push((outlet, inlet));
    }
}

async fn play_queue(
    listener: Listener,
    tell: mpsc::UnboundedSender<Heard>,
    mut kills: mpsc::UnboundedReceiver<u64>,
) {
    let Ok(incoming) = listener.accept().await else { return };
    let (outlet, mut inlet): (Outlet<QueueToKeeper>, Inlet<KeeperToQueue>) = incoming.link();
    loop {
        tokio::select! {
            said = inlet.receive() => match said {
                Ok(Some((KeeperToQueue::Cell { cell }, descriptors))) => {
                    meet(cell, descriptors, &tell);
                }
                Ok(Some((KeeperToQueue::Ended { cell, .. }, _))) => {
                    let _ = tell.send(Heard::Gone(cell));
                }
                _ => return,
            },
            Some(cell) = kills.recv() => {
                let _ = outlet.send(&QueueToKeeper::Kill { cell }, Vec::new());
            }
        }
    }
}

fn meet(cell: u64, descriptors: Vec<OwnedFd>, tell: &mpsc::UnboundedSender<Heard>) {
    let Some(socket) = descriptors.into_iter().next() else { return };
    let Ok((outlet, mut inlet)) = ipc::link_over::<Job, Answer>(socket, ipc::limits::ANSWER_OCTETS)
    else {
        return;
    };
    let _ = tell.send(Heard::Cell(cell, outlet));
    let tell = tell.clone();
    tokio::spawn(async move {
        while let Ok(Some((answer, _))) = inlet.receive().await {
            if tell.send(Heard::Answer(cell, answer)).is_err() {
                return;
            }
        }
    });
}
