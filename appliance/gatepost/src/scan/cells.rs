//! The other side of the keeper: what control and queue are to it in a running gateway.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use ipc::contracts::{
    Answer, FromControl, Job, KeeperToQueue, LearnedTable, Outfit, QueueToKeeper, ToControl,
};
use ipc::{Inlet, Listener, Outlet, Paths, Ready, Role, RoleContext, Sockets};
use mail::{Envelope, Findings};
use policy::Policy;
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, watch};
use world::Clock as _;

use super::ScanError;

/// What is heard of our own keeper and its cells.
pub(super) enum Heard {
    /// What cells are to work with from now on.
    Outfit(Outfit, Option<OwnedFd>),
    Cell(u64, Outlet<Job>),
    Answer(u64, Answer),
    Gone(u64),
}

/// The policy, and the line to the keeper.
pub struct Scanner {
    pub(super) policy: Policy,
    signatures: patterns::Signatures,
    pub(super) heard: mpsc::UnboundedReceiver<Heard>,
    pub(super) kill: mpsc::UnboundedSender<u64>,
}

impl Scanner {
    /// Marks what the owner excepted, as queue does.
    pub(super) fn except(&self, envelope: &Envelope, findings: &mut Findings) {
        queue::except(&self.signatures, envelope, world::RealClock.now(), findings);
    }
}

/// The settings sections that scanning and judging read.
const SECTIONS: [&str; 7] =
    ["policy", "exceptions", "senders", "patterns", "inspection", "unwanted", "expressions"];

/// Starts the keeper in `folder`.
pub(super) async fn start(
    paths: &Paths,
    folder: &Path,
    pack: Option<&Path>,
) -> Result<Scanner, ScanError> {
    let sections = live_settings(paths).await;
    let policy = policy_of(&sections)?;
    let signatures = section(&sections)?;
    let failed = |error: std::io::Error| ScanError::Start(error.to_string());
    let own = Paths::new(folder);
    std::fs::create_dir_all(own.run()).map_err(failed)?;
    lay_out_pack(paths, &own, pack).map_err(failed)?;
    let context = |role| RoleContext {
        role,
        paths: own.clone(),
        incarnation: u64::from(std::process::id()),
        stop: never(),
        clock: Arc::new(world::RealClock),
        ready: Ready::new(|| ()),
        sockets: Sockets::default(),
    };
    let said = |error: &dyn std::error::Error| ScanError::Start(error.to_string());
    let control = Listener::open(&context(Role::Control)).map_err(|error| said(&error))?;
    let queue = Listener::open(&context(Role::Queue)).map_err(|error| said(&error))?;
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
    Ok(Scanner { policy, signatures, heard, kill })
}

/// Settings that cannot be read are no reason to judge by others.
fn section<S: schema::Section>(sections: &Map<String, Value>) -> Result<S, ScanError> {
    schema::section(sections)
        .map_err(|error| ScanError::Start(format!("{error}: {}", error.source)))
}

fn policy_of(sections: &Map<String, Value>) -> Result<Policy, ScanError> {
    let policy = Policy::compile(0, &section(sections)?, &section(sections)?);
    Ok(policy.with_senders(&section(sections)?))
}

/// Our keeper finds the gateway's packs, or the one that was named, where it looks for packs.
fn lay_out_pack(paths: &Paths, own: &Paths, pack: Option<&Path>) -> std::io::Result<()> {
    let Some(pack) = pack else {
        return match std::path::absolute(paths.patterns()) {
            Ok(packs) if packs.is_dir() => std::os::unix::fs::symlink(packs, own.patterns()),
            _ => Ok(()),
        };
    };
    std::fs::metadata(pack)?;
    std::fs::create_dir_all(own.patterns())?;
    std::os::unix::fs::symlink(std::path::absolute(pack)?, own.patterns().join(inspect::ACTIVE))
}

/// The settings that judge: those of the running gateway, or the defaults. Secrets are shown to
/// nobody, so the owner's passwords are not tried.
async fn live_settings(paths: &Paths) -> Map<String, Value> {
    let mut sections = Map::new();
    for section in SECTIONS {
        let argument = json!({"path": section}).to_string();
        let Ok(mut asking) = ipc::ask(paths, Role::Control, "settings.get", argument).await else {
            continue;
        };
        let mut fields = Map::new();
        while let Some(Ok(line)) = asking.next().await {
            let row: Value = serde_json::from_str(&line).unwrap_or_default();
            let field = row.get("path").and_then(Value::as_str).and_then(|p| p.split_once('.'));
            if let (Some((_, field)), Some(value)) = (field, row.get("value"))
                && value.as_str() != Some("(secret)")
            {
                fields.insert(field.to_owned(), value.clone());
            }
        }
        sections.insert(section.to_owned(), Value::Object(fields));
    }
    sections
}

/// What the running gateway was taught; nothing when none runs.
pub(super) async fn live_table(paths: &Paths) -> Option<LearnedTable> {
    let mut asking = ipc::ask(paths, Role::Queue, "learning.table", "{}".to_owned()).await.ok()?;
    let line = asking.next().await?.ok()?;
    serde_json::from_str(&line).ok()
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
                Ok(Some((KeeperToQueue::Outfit(outfit), descriptors))) => {
                    let _ = tell.send(Heard::Outfit(*outfit, descriptors.into_iter().next()));
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
