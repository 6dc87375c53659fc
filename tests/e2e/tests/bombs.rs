//! Bombs: mail that is made to cost its scanner everything. Each ends as unscannable within its
//! limits, and other mail goes on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gatepost_test_bombs::{Bomb, DOCUMENT_BOMBS, archive_bombs};
use gatepost_test_e2e::containers::{Carrier, Packed, mail};
use gatepost_test_e2e::{Client, Gateway, Options, Sink, figure, gateway, mails};
use serde_json::Value;
use tempfile::TempDir;

/// The wall time that any message may take.
const WALL_MILLISECONDS: f64 = 30_000.0;
/// Clean messages sent one after another to measure what they wait.
const CLEAN: usize = 200;

/// What is read to its end within every limit: it costs little, and nothing in it stays unseen.
const ENDS_WELL: &[&str] = &[
    "eml-100000-parts",
    "eml-200-levels",
    "gzip-500000-empty-members",
    "gzip-endless-name",
    "html-attributes",
    "html-depth",
    "html-open-comments",
    "html-open-quotes",
    "html-open-scripts",
    "iso-root-in-itself",
    "iso-wide-tree",
    "mbox-1000000-messages",
    "ole-16000-empty-entries",
    "pdf-character-table",
    "pdf-nested-arrays",
    "pdf-nested-dictionaries",
    "pdf-object-stream-of-itself",
    "pdf-references-in-a-ring",
    "tar-long-names",
    "tar-pax-record-of-no-length",
    "tnef-properties",
    "xml-attributes",
    "xml-depth",
    "xml-entities",
    "zstd-skipped-frames",
];

fn bombs() -> Vec<Bomb> {
    let bombs: Vec<Bomb> = archive_bombs().chain(DOCUMENT_BOMBS.iter().copied()).collect();
    assert!(bombs.len() >= 100, "{}", bombs.len());
    bombs
}

fn letter(bomb: &Bomb) -> Vec<u8> {
    let packed = Packed { name: format!("{}.bin", bomb.name), octets: (bomb.make)() };
    mail(&packed, Carrier::Base64)
}

#[test]
fn every_bomb_is_held_back_within_its_time() {
    let folder = TempDir::with_prefix("gatepost-bombs-").unwrap();
    let bombs = bombs();
    for bomb in &bombs {
        let name = bomb.name.replace('/', "_");
        std::fs::write(folder.path().join(format!("{name}.eml")), letter(bomb)).unwrap();
    }
    let said = Command::new(gateway::program())
        .args(["scan", "--json"])
        .arg(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(said.stdout).unwrap();
    let mut slowest = (0.0, String::new());
    let (mut reasons, mut delivered) = (BTreeMap::<String, usize>::new(), Vec::new());
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        let name = value["path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let taken = value["milliseconds"].as_f64().unwrap();
        assert!(taken <= WALL_MILLISECONDS, "{name} took {taken} ms");
        if taken > slowest.0 {
            slowest = (taken, name.clone());
        }
        if value["fate"] == "deliver" {
            if !ENDS_WELL.contains(&name.trim_end_matches(".eml")) {
                delivered.push(name);
            }
        } else {
            *reasons.entry(value["rule"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    assert_eq!(text.lines().count(), bombs.len(), "one answer for each bomb");
    figure(&format!(
        "{} bombs, {} read to their end, slowest {:.1} s ({}), held by {reasons:?}",
        bombs.len(),
        bombs.len() - reasons.values().sum::<usize>(),
        slowest.0 / 1000.0,
        slowest.1
    ));
    assert!(delivered.is_empty(), "{} taken for clean: {delivered:?}", delivered.len());
}

#[test]
fn clean_mail_goes_on_while_bombs_come_in() {
    let sink = Sink::start();
    let gateway = Gateway::start(Options::to(sink.port()));
    let quiet = latencies(&gateway);
    let address = gateway.smtp();
    let letters: Vec<Vec<u8>> =
        bombs().iter().map(letter).filter(|one| one.len() < 4 << 20).collect();
    let sent = letters.len();
    let sender = std::thread::spawn(move || {
        let mut client = Client::greeted(address).unwrap();
        for letter in &letters {
            let reply = client.submit("eve@sender.test", &["bob@example.test"], letter).unwrap();
            assert!(reply.code == 250 || reply.is_temporary(), "{reply:?}");
        }
    });
    let mut loud = Vec::new();
    while !sender.is_finished() {
        loud.push(one(&gateway, loud.len()));
    }
    sender.join().unwrap();
    sink.expect(CLEAN as u64 + loud.len() as u64);
    figure(&format!(
        "clean mail beside {sent} bombs: p50 {:.1} -> {:.1} ms, p99 {:.1} -> {:.1} ms of {} messages",
        at(&quiet, 50),
        at(&loud, 50),
        at(&quiet, 99),
        at(&loud, 99),
        loud.len()
    ));
}

fn latencies(gateway: &Gateway) -> Vec<Duration> {
    (0..CLEAN).map(|number| one(gateway, number)).collect()
}

/// The time from MAIL to the reply that ends a clean message.
fn one(gateway: &Gateway, number: usize) -> Duration {
    let mut client = Client::greeted(gateway.smtp()).unwrap();
    let mail = mails::plain(&format!("clean {number}"), "hello");
    let start = Instant::now();
    let reply = client.submit("ann@sender.test", &["bob@example.test"], &mail).unwrap();
    assert_eq!(reply.code, 250, "clean mail is taken: {reply:?}");
    start.elapsed()
}

fn at(times: &[Duration], percent: usize) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted.get(sorted.len() * percent / 100).map_or(f64::NAN, |one| one.as_secs_f64() * 1000.0)
}
