//! The role as the queue and the command line see it.

use std::io::Write as _;

use base64::Engine as _;
use ipc::{Inlet, Paths, Ready, Sockets};
use mail::MessageId;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;
use crate::made;

fn context(folder: &TempDir, role: Role, stop: watch::Receiver<bool>) -> RoleContext {
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

struct Running {
    folder: TempDir,
    stop: watch::Sender<bool>,
    role: JoinHandle<Result<(), VaultError>>,
    outlet: Outlet<QueueToVault>,
    inlet: Inlet<VaultToQueue>,
}

/// The role, and the queue's end of its connection.
async fn start() -> Running {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("run")).unwrap();
    let (stop, stopped) = watch::channel(false);
    let listener = Listener::open(&context(&folder, Role::Queue, stopped.clone())).unwrap();
    let role = tokio::spawn(run(context(&folder, Role::Vault, stopped)));
    let (outlet, inlet) = listener.accept().await.unwrap().link();
    Running { folder, stop, role, outlet, inlet }
}

impl Running {
    async fn store(&mut self, id: u64) -> String {
        let mut body = tempfile::tempfile().unwrap();
        body.write_all(made::BODY).unwrap();
        let message = QueueToVault::Store {
            ticket: id,
            envelope: Box::new(made::envelope(id, &["ann@example.test"])),
            area: "Malware".to_owned(),
            rule: "Global antivirus".to_owned(),
            because: "found EICAR-Test-File in 2".to_owned(),
            findings: Box::new(made::findings()),
        };
        self.outlet.send(&message, vec![OwnedFd::from(body)]).unwrap();
        let (message, _) = self.inlet.receive().await.unwrap().unwrap();
        let VaultToQueue::Stored { ticket, item } = message else { panic!("{message:?}") };
        assert_eq!(ticket, id);
        item
    }

    async fn ask(&self, verb: &str, argument: Value) -> Result<Vec<Value>, u8> {
        ask(&Paths::new(self.folder.path()), verb, argument).await
    }
}

async fn ask(paths: &Paths, verb: &str, argument: Value) -> Result<Vec<Value>, u8> {
    let mut asking = ipc::ask(paths, Role::Vault, verb, argument.to_string()).await.unwrap();
    let mut lines = Vec::new();
    while let Some(line) = asking.next().await {
        lines.push(serde_json::from_str(&line.map_err(|failure| failure.exit)?).unwrap());
    }
    Ok(lines)
}

#[tokio::test]
async fn stored_listed_shown_and_read_back() {
    let mut vault = start().await;
    let item = vault.store(7).await;
    let lines = vault.ask("quarantine.list", json!({ "area": "Malware" })).await.unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!((&lines[0]["item"], &lines[0]["state"]), (&json!(item), &json!("held")));
    assert_eq!(lines[0]["subject"], "Invoice");
    assert_eq!(vault.ask("quarantine.list", json!({ "area": "Spam" })).await, Ok(vec![]));
    let page = &vault.ask("quarantine.show", json!({ "item": item })).await.unwrap()[0];
    assert_eq!(page["envelope"]["recipients"][0]["address"], "ann@example.test");
    assert!(page["expires"].as_str().unwrap() > page["stored"].as_str().unwrap());
    let pieces = vault.ask("quarantine.message", json!({ "item": item })).await.unwrap();
    let octets: Vec<u8> = pieces
        .iter()
        .flat_map(|piece| {
            let text = piece["base64"].as_str().unwrap();
            base64::engine::general_purpose::STANDARD.decode(text).unwrap()
        })
        .collect();
    assert_eq!(octets, made::BODY);
    let areas = vault.ask("quarantine.areas", json!({})).await.unwrap();
    assert_eq!(areas.len(), 6);
    let malware = areas.iter().find(|area| area["area"] == "Malware").unwrap();
    assert_eq!((&malware["items"], &malware["days_kept"]), (&json!(1), &json!(30)));
    vault.stop.send(true).unwrap();
    vault.role.await.unwrap().unwrap();
}

#[tokio::test]
async fn released_once_however_many_ask() {
    let mut vault = start().await;
    let item = vault.store(7).await;
    let paths = Paths::new(vault.folder.path());
    let argument = json!({ "item": item });
    let asking = {
        let (paths, argument) = (paths.clone(), argument.clone());
        tokio::spawn(async move { ask(&paths, "quarantine.release", argument).await })
    };
    let (message, descriptors) = vault.inlet.receive().await.unwrap().unwrap();
    let VaultToQueue::Readmit { item: told, id, skip_rule, .. } = message else {
        panic!("{message:?}");
    };
    assert_eq!((told.as_str(), skip_rule.as_str()), (item.as_str(), "Global antivirus"));
    assert_eq!(descriptors.len(), 1);
    assert_ne!(id, MessageId(7));
    vault.outlet.send(&QueueToVault::Readmitted { item: told, id }, vec![]).unwrap();
    let released = asking.await.unwrap().unwrap();
    for _ in 0..2 {
        // Asked again by a queue that restarted, it is confirmed again, and nothing else happens.
        let (message, _) = vault.inlet.receive().await.unwrap().unwrap();
        assert_eq!(message, VaultToQueue::Confirmed { item: item.clone(), id });
        vault.outlet.send(&QueueToVault::Readmitted { item: item.clone(), id }, vec![]).unwrap();
    }
    assert_eq!(released[0]["state"], "released");
    assert_eq!(released[0]["ids"], json!([id.to_string()]));
    let again = vault.ask("quarantine.release", argument.clone()).await.unwrap();
    assert_eq!(again[0]["state"], "already released");
    assert_eq!(again[0]["ids"], json!([id.to_string()]));
    assert_eq!(vault.ask("quarantine.delete", argument.clone()).await.unwrap().len(), 1);
    assert_eq!(vault.ask("quarantine.release", argument).await, Err(1));
    assert_eq!(vault.ask("quarantine.list", json!({})).await, Ok(vec![]));
    assert_eq!(vault.ask("quarantine.list", json!({ "all": true })).await.unwrap().len(), 1);
}

#[tokio::test]
async fn questions_that_are_none_are_answered_with_an_exit_code() {
    let vault = start().await;
    let unknown = json!({ "item": "0000000000009-00000000" });
    assert_eq!(vault.ask("quarantine.show", unknown.clone()).await, Err(1));
    assert_eq!(vault.ask("quarantine.message", unknown.clone()).await, Err(1));
    assert_eq!(vault.ask("quarantine.delete", unknown).await, Err(1));
    let path = json!({ "item": "../../../etc/passwd" });
    assert_eq!(vault.ask("quarantine.show", path).await, Err(2));
    assert_eq!(vault.ask("quarantine.list", json!({ "wat": 1 })).await, Err(2));
    assert_eq!(vault.ask("quarantine.burn", json!({})).await, Err(2));
}

/// CPU and time of storing, run by hand in a release build:
/// `cargo test --release -p gatepost-vault -- --ignored --nocapture storing`.
#[tokio::test]
#[ignore = "a measurement, run by hand"]
async fn storing_many() {
    let mut vault = start().await;
    let begun = std::time::Instant::now();
    for id in 1..=2000 {
        let mut body = tempfile::tempfile().unwrap();
        body.write_all(&[b'x'; 5120]).unwrap();
        let message = QueueToVault::Store {
            ticket: id,
            envelope: Box::new(made::envelope(id, &["ann@example.test"])),
            area: "Spam".to_owned(),
            rule: "Global spam".to_owned(),
            because: "x".to_owned(),
            findings: Box::new(made::findings()),
        };
        vault.outlet.send(&message, vec![OwnedFd::from(body)]).unwrap();
    }
    for _ in 0..2000 {
        vault.inlet.receive().await.unwrap().unwrap();
    }
    println!("{:.0} messages/s", 2000.0 / begun.elapsed().as_secs_f64());
}
