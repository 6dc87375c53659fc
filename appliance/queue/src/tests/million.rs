//! Goal R15 by hand: a million queued messages. The first run makes them in the folder that
//! `GATEPOST_MILLION` names, the second one measures:
//! `GATEPOST_MILLION=/var/tmp/million cargo test -p gatepost-queue million -- --ignored --nocapture`

use std::path::PathBuf;
use std::sync::Arc;

use mail::{Amendment, MessageId, Timestamp};
use serde_json::json;
use tokio::time::Instant;

use super::house::*;
use crate::record::{Left, Record};

const COUNT: u64 = 1_000_000;

fn fill(folder: &std::path::Path) {
    let disk: Arc<dyn world::Disk> = Arc::new(world::RealDisk);
    let (mut keeper, _) = spool::KeeperCore::open(disk, folder, spool::Options::default()).unwrap();
    let record = Record {
        left: vec![Left::Delivery { amendments: 0 }],
        amendments: vec![Vec::<Amendment>::new()],
        attempts: 5,
        next: Timestamp(NOON.0 + 3_600_000),
        reason: "451 4.4.1 connection to mx.a.test[192.0.2.9]:25 timed out".into(),
        ..Record::default()
    };
    let mail = to(&[ANN]);
    for number in 0..COUNT {
        // Ids as they come from a clock and a counter.
        let id = MessageId((NOON.0 << 20) + number * 977);
        let envelope = envelope(id, &mail, NOON);
        keeper.insert(&envelope, mail.body.clone().into_bytes()).unwrap();
        keeper.record(id, &record.encode()).unwrap();
        if number % 5000 == 0 {
            keeper.sync().unwrap();
        }
    }
    keeper.sync().unwrap();
}

fn resident(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[tokio::test]
#[ignore = "takes minutes; run by hand as told at the top"]
async fn a_million_messages_start_list_and_go() {
    let folder = PathBuf::from(std::env::var("GATEPOST_MILLION").expect("GATEPOST_MILLION"));
    if !folder.join("spool").exists() {
        fill(&folder.join("spool"));
        return;
    }
    let around = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(folder.join("spool"), around.path().join("spool")).unwrap();
    let before = resident("VmRSS");
    let began = Instant::now();
    let house = House::in_folder(around, Wanted::default());
    let summary = house.ask("queue.summary", json!({})).await.unwrap();
    let count = |view: &str| summary[0][view].as_u64().unwrap();
    assert_eq!(count("deferred") + count("hold"), COUNT);
    println!(
        "start {:?}, {} MiB, peak {}",
        began.elapsed(),
        resident("VmRSS") - before,
        resident("VmHWM")
    );
    let began = Instant::now();
    let paths = house.paths();
    let asked = ipc::ask(&paths, ipc::Role::Queue, "queue.list", "{}".into()).await;
    let listing = tokio::spawn(async move {
        let (mut asked, mut rows) = (asked.unwrap(), 0);
        while let Some(row) = asked.next().await {
            row.unwrap();
            rows += 1;
        }
        rows
    });
    let mut longest = std::time::Duration::ZERO;
    while !listing.is_finished() {
        let asked = Instant::now();
        house.ask("queue.health", json!({})).await.unwrap();
        longest = longest.max(asked.elapsed());
    }
    assert_eq!(listing.await.unwrap(), COUNT);
    println!(
        "list {:?}, longest wait {longest:?}, {} MiB",
        began.elapsed(),
        resident("VmRSS") - before
    );
    let began = Instant::now();
    let dry = json!({"sender": "*@away.test", "dry_run": true});
    house.ask("queue.delete", dry).await.unwrap();
    println!("filter {:?}, {} MiB", began.elapsed(), resident("VmRSS") - before);
    let began = Instant::now();
    house.ask("queue.hold", json!({"recipient": "ann@*", "limit": 100_000})).await.unwrap();
    println!("hold 100,000 {:?}, {} MiB", began.elapsed(), resident("VmRSS") - before);
}
