//! How many messages a second intake's side keeps, and at what price:
//! `cargo run --profile ci -p gatepost-spool --example commits -- [FOLDER] [SESSIONS] [OCTETS] [MESSAGES]`
#![allow(clippy::unwrap_used)]

extern crate gatepost_spool as spool;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use mail::{
    BodyKind, Client, Direction, Envelope, Listener, MessageId, Recipient, Sender, SessionId,
    Timestamp,
};
use spool::{Options, Writer};

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

/// CPU microseconds of this process so far, user and system.
fn cpu_microseconds() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields.iter().skip(11).take(2).map(|text| text.parse::<u64>().unwrap()).sum();
    ticks * 10_000
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder =
        arguments.next().map_or_else(|| std::env::temp_dir().join("spool-commits"), PathBuf::from);
    let mut number = |default| arguments.next().map_or(default, |text| text.parse().unwrap());
    let (sessions, octets, messages) = (number(20), number(5000), number(40_000));
    std::fs::create_dir_all(&folder).unwrap();
    let writer = Writer::start(Arc::new(world::RealDisk), &folder, Options::default()).unwrap();
    let next = Arc::new(AtomicU64::new(1));
    let (start, cpu) = (Instant::now(), cpu_microseconds());
    let tasks: Vec<_> = (0..sessions)
        .map(|_| {
            let (writer, next) = (writer.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                let body = vec![b'x'; octets as usize];
                loop {
                    let id = next.fetch_add(1, Ordering::Relaxed);
                    if id > messages {
                        break;
                    }
                    let mut draft = writer.draft(MessageId(id)).unwrap();
                    draft.write(&body).unwrap();
                    draft.seal(&envelope(id, octets)).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_microseconds() - cpu);
    println!(
        "{messages} messages of {octets} octets, {sessions} sessions: {:.0} a second, {:.1} us CPU each",
        messages as f64 / seconds,
        cpu as f64 / messages as f64
    );
    drop(writer);
    std::fs::remove_dir_all(&folder).unwrap();
}
