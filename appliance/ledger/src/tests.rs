//! The role as the others see it: over its socket, through stops and restarts.

use std::time::Duration;

use ipc::{Paths, Ready, Sockets};
use mail::{MailEvent, MessageId};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::*;
use crate::made;

struct Running {
    stop: watch::Sender<bool>,
    role: JoinHandle<Result<(), LedgerError>>,
}

fn context(folder: &tempfile::TempDir, role: Role, stop: watch::Receiver<bool>) -> RoleContext {
    RoleContext {
        role,
        paths: Paths::new(folder.path()),
        incarnation: 42,
        stop,
        clock: Arc::new(world::RealClock),
        ready: Ready::new(|| {}),
        sockets: Sockets::default(),
    }
}

fn start(folder: &tempfile::TempDir) -> Running {
    std::fs::create_dir_all(folder.path().join("run")).unwrap();
    let (stop, stopped) = watch::channel(false);
    let role = tokio::spawn(run(context(folder, Role::Ledger, stopped)));
    Running { stop, role }
}

impl Running {
    async fn end(self) {
        self.stop.send(true).unwrap();
        self.role.await.unwrap().unwrap();
    }
}

/// A sender of events, as another role is one.
async fn teller(
    folder: &tempfile::TempDir,
) -> (ipc::Outlet<ToLedger>, ipc::Inlet<FromLedger>, watch::Sender<bool>) {
    let (stop, stopped) = watch::channel(false);
    let context = context(folder, Role::Queue, stopped);
    let (outlet, inlet) = ipc::connect(&context, Role::Ledger).await;
    (outlet, inlet, stop)
}

async fn kept(inlet: &mut ipc::Inlet<FromLedger>, wanted: u64) {
    let all = async {
        while let Some((FromLedger::Kept(below), _)) = inlet.receive().await.unwrap() {
            if below >= wanted {
                return;
            }
        }
        panic!("the ledger closed before it kept {wanted}");
    };
    tokio::time::timeout(Duration::from_secs(30), all).await.unwrap();
}

async fn ask(folder: &tempfile::TempDir, verb: &str, argument: Value) -> Result<Vec<Value>, u8> {
    let paths = Paths::new(folder.path());
    let mut asking = loop {
        match ipc::ask(&paths, Role::Ledger, verb, argument.to_string()).await {
            Ok(asking) => break asking,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let mut lines = Vec::new();
    while let Some(line) = asking.next().await {
        lines.push(serde_json::from_str(&line.map_err(|failure| failure.exit)?).unwrap());
    }
    Ok(lines)
}

fn track(what: &str) -> Value {
    serde_json::json!({ "what": what })
}

#[tokio::test]
async fn what_is_told_is_kept_and_answered_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = start(&folder);
    let (outlet, mut inlet, _stop) = teller(&folder).await;
    outlet.send(&ToLedger::Events { first: 0, events: made::quarantined(6) }, vec![]).unwrap();
    kept(&mut inlet, 6).await;
    let hits = ask(&folder, "track", track("ann@example.test")).await.unwrap();
    assert_eq!(hits.len(), 1);
    assert_eq!(hits[0]["fate"], "quarantined");
    let id = MessageId(6).to_string();
    let pages = ask(&folder, "track.show", serde_json::json!({ "id": id })).await.unwrap();
    let answer = pages[0]["answer"].as_str().unwrap();
    assert!(answer.starts_with("Held in quarantine area Malware"), "{answer}");
    assert_eq!(pages[0]["events"].as_array().unwrap().len(), 6);
    let counts = ask(&folder, "ledger.counts", Value::Object(Default::default())).await.unwrap();
    assert_eq!(counts[0]["received"], 1);
    ledger.end().await;
}

#[tokio::test]
async fn repeats_after_a_restart_are_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = start(&folder);
    let events: Vec<MailEvent> = (1..=50).flat_map(made::delivered).collect();
    let (outlet, mut inlet, _stop) = teller(&folder).await;
    outlet.send(&ToLedger::Events { first: 0, events: events.clone() }, vec![]).unwrap();
    kept(&mut inlet, 300).await;
    ledger.end().await;
    let ledger = start(&folder);
    let (outlet, mut inlet, _stop) = teller(&folder).await;
    // The answer was lost, say: all is told again, and a little more.
    outlet.send(&ToLedger::Events { first: 0, events }, vec![]).unwrap();
    outlet.send(&ToLedger::Events { first: 300, events: made::delivered(51) }, vec![]).unwrap();
    kept(&mut inlet, 306).await;
    let id = MessageId(1).to_string();
    let pages = ask(&folder, "track.show", serde_json::json!({ "id": id })).await.unwrap();
    assert_eq!(pages[0]["events"].as_array().unwrap().len(), 6);
    let counts = ask(&folder, "ledger.counts", Value::Object(Default::default())).await.unwrap();
    assert_eq!((&counts[0]["messages"], &counts[0]["finished"]), (&51.into(), &51.into()));
    ledger.end().await;
}

#[tokio::test]
async fn what_was_told_just_before_the_stop_is_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = start(&folder);
    let (outlet, mut inlet, _stop) = teller(&folder).await;
    outlet.send(&ToLedger::Events { first: 0, events: made::delivered(1) }, vec![]).unwrap();
    // A question behind it on another connection; its answer shows that the role serves.
    let _ = ask(&folder, "ledger.counts", Value::Object(Default::default())).await;
    ledger.stop.send(true).unwrap();
    // Either it is kept now or it is told again: never neither.
    let first = inlet.receive().await;
    let kept_now = matches!(first, Ok(Some((FromLedger::Kept(6), _))));
    ledger.role.await.unwrap().unwrap();
    let again = start(&folder);
    if !kept_now {
        let (outlet, mut inlet, _stop) = teller(&folder).await;
        outlet.send(&ToLedger::Events { first: 0, events: made::delivered(1) }, vec![]).unwrap();
        kept(&mut inlet, 6).await;
    }
    let hits = ask(&folder, "track", track("example.test")).await.unwrap();
    assert_eq!(hits.len(), 1);
    again.end().await;
}

#[tokio::test]
async fn questions_that_are_none_are_answered_with_an_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = start(&folder);
    assert_eq!(ask(&folder, "track", track("nobody@nowhere.test")).await, Err(1));
    assert_eq!(ask(&folder, "track", serde_json::json!({ "wat": 1 })).await, Err(2));
    assert_eq!(ask(&folder, "track.show", serde_json::json!({ "id": "x" })).await, Err(2));
    let unknown = serde_json::json!({ "id": MessageId(9).to_string() });
    assert_eq!(ask(&folder, "track.show", unknown).await, Err(1));
    assert_eq!(ask(&folder, "drop.tables", Value::Null).await, Err(2));
    ledger.end().await;
}

/// How much CPU a message costs to keep. Run by hand, release build, nothing else running:
/// `cargo test --release -p gatepost-ledger -- --ignored --nocapture cost`.
#[tokio::test]
#[ignore = "a measurement, run by hand"]
async fn cost_of_a_message() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), made::NOON).await.unwrap();
    let source = Source { role: Role::Queue, incarnation: 1 };
    let mut next = 0;
    let (rounds, size) = (30_u64, 3000_u64);
    let frames: Vec<Vec<MailEvent>> = (0..rounds)
        .map(|round| (0..size).flat_map(|n| made::delivered((round * size + n) << 10)).collect())
        .collect();
    let before = cpu_microseconds();
    for events in frames {
        let mut batch = batch::Batch::default();
        next = batch.take(source, next, events, next);
        store.write(&batch, made::NOON).await.unwrap();
    }
    let spent = cpu_microseconds() - before;
    println!("{} us of CPU a message", spent / (rounds * size));
}

/// User and system time of this process, from /proc (fields 14 and 15 of proc(5) stat, 10 ms each).
fn cpu_microseconds() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, rest) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = rest.split_whitespace().collect();
    (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10_000
}
