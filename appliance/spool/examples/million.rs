//! How long queue takes to start with many messages kept, and what memory it takes then:
//! `cargo run --profile ci -p gatepost-spool --example million -- FOLDER [MESSAGES] [OCTETS]`
//! Fills the folder first, unless it is filled already.
#![allow(clippy::unwrap_used)]

extern crate gatepost_spool as spool;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use mail::{
    BodyKind, Client, Direction, Envelope, Listener, MessageId, Recipient, Sender, SessionId,
    Timestamp,
};
use spool::{
    Committer, Content, EVERY_SEGMENT, KeeperCore, Options, Submission, encode_head, record,
};
use world::RealDisk;

/// Messages in one commit while the folder is filled.
const BATCH: u64 = 500;

fn envelope(id: u64, size: u64) -> Envelope {
    Envelope {
        id: MessageId(id),
        session: SessionId(id),
        received: Timestamp(id),
        listener: Listener::Smtp,
        direction: Direction::Incoming,
        client: Client { address: ([192, 0, 2, 1], 25).into(), helo: "c".into(), tls: None },
        sender: Sender::Null,
        recipients: vec![Recipient::plain("r@example.test".parse().unwrap())],
        body: BodyKind::SevenBit,
        smtputf8: false,
        ret: None,
        envid: None,
        size,
    }
}

fn fill(folder: &Path, messages: u64, octets: usize) {
    let mut committer = Committer::open(Arc::new(RealDisk), folder, Options::default()).unwrap();
    let (mut keeper, _) = KeeperCore::open(Arc::new(RealDisk), folder, Options::default()).unwrap();
    let body = vec![b'x'; octets];
    let body_crc = record::checksum(&body);
    for start in (1..=messages).step_by(BATCH as usize) {
        let ids = start..(start + BATCH).min(messages + 1);
        let heads: Vec<(MessageId, Vec<u8>)> = ids
            .map(|id| (MessageId(id), encode_head(0, &envelope(id, octets as u64)).unwrap()))
            .collect();
        let submissions: Vec<Submission<'_>> = heads
            .iter()
            .map(|(id, head)| Submission {
                id: *id,
                head,
                content: Content::Inline(&body),
                body_crc,
            })
            .collect();
        for receipt in committer.commit(&submissions) {
            let receipt = receipt.unwrap();
            keeper.adopt(receipt.id(), receipt.place()).unwrap();
            keeper.record(receipt.id(), &[7; 100]).unwrap();
        }
        for segment in committer.closed_segments() {
            keeper.close(segment);
        }
        keeper.sync().unwrap();
        keeper.tidy(2).unwrap();
    }
    keeper.tidy(1000).unwrap();
}

/// Megabytes of memory in use.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = Path::new(arguments.first().map_or("/tmp/spool-million", String::as_str));
    let number =
        |at: usize, default| arguments.get(at).map_or(default, |text| text.parse::<u64>().unwrap());
    if !folder.exists() {
        std::fs::create_dir_all(folder).unwrap();
        let start = Instant::now();
        fill(folder, number(1, 1_000_000), number(2, 2000) as usize);
        println!("filled in {:.1} s", start.elapsed().as_secs_f64());
        return;
    }
    let start = Instant::now();
    let (mut keeper, recovery) =
        KeeperCore::open(Arc::new(RealDisk), folder, Options::default()).unwrap();
    let opened = start.elapsed().as_secs_f64();
    let with_states = resident();
    let (count, damage) = (recovery.messages.len(), recovery.damage.len());
    drop(recovery);
    let orphans = keeper.orphans(EVERY_SEGMENT).unwrap().len();
    println!(
        "{count} messages open after {opened:.2} s, searched for orphans after {:.2} s ({orphans} found, \
         {damage} damaged); {with_states} MiB with all states in memory, {} MiB without",
        start.elapsed().as_secs_f64(),
        resident()
    );
}
