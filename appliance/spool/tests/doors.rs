//! The two doors with their threads, on the real disk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

extern crate gatepost_spool as spool;

mod letters;

use std::path::Path;
use std::sync::Arc;

use letters::{envelope, memory};
use mail::MessageId;
use spool::{Adopted, Body, EVERY_SEGMENT, Keeper, Options, Sealed, SpoolError, Writer};
use world::RealDisk;

fn options() -> Options {
    Options { reserve_octets: Some(0), ..Options::default() }
}

fn writer(folder: &Path) -> Writer {
    Writer::start(Arc::new(RealDisk), folder, options()).unwrap()
}

fn keeper(folder: &Path) -> Keeper {
    Keeper::open(Arc::new(RealDisk), folder, options()).unwrap().0
}

async fn send(writer: &Writer, id: u64, body: &[u8]) -> Result<Sealed, SpoolError> {
    let mut draft = writer.draft(MessageId(id))?;
    for part in body.chunks(64 << 10) {
        draft.write(part)?;
    }
    assert_eq!(draft.size(), body.len() as u64);
    draft.seal(&envelope(id, body.len())).await
}

#[tokio::test]
async fn small_and_large_bodies_come_back_exactly_from_both_doors() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(folder.path());
    let keeper = keeper(folder.path());
    for (id, size) in [(1, 0), (2, 5000), (3, 256 << 10), (4, (256 << 10) + 1), (5, 3 << 20)] {
        let body: Vec<u8> = (0..size).map(|at: usize| (at * 7 / 3) as u8).collect();
        let sealed = send(&writer, id, &body).await.unwrap();
        assert_eq!(matches!(sealed.body, Body::File(_)), size > 256 << 10);
        assert_eq!(memory(sealed.body), body);
        let place = sealed.receipt.place();
        assert_eq!(keeper.adopt(MessageId(id), place).unwrap(), Adopted::New);
        assert_eq!(memory(keeper.body(MessageId(id)).unwrap()), body);
        assert_eq!(keeper.envelope(MessageId(id)).unwrap(), envelope(id, size));
    }
    keeper.sync_ticket().await.unwrap();
    assert_eq!(keeper.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_sessions_share_commits_and_each_gets_its_own_receipt() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(folder.path());
    let mut sessions = Vec::new();
    for id in 1..=200 {
        let writer = writer.clone();
        sessions.push(tokio::spawn(async move { send(&writer, id, &[id as u8; 900]).await }));
    }
    let mut places = std::collections::BTreeSet::new();
    for (session, id) in sessions.into_iter().zip(1..) {
        let sealed = session.await.unwrap().unwrap();
        assert_eq!(sealed.receipt.id(), MessageId(id));
        places.insert((sealed.receipt.place().segment, sealed.receipt.place().offset));
    }
    assert_eq!(places.len(), 200);
    assert_eq!(keeper(folder.path()).orphans(EVERY_SEGMENT).unwrap().len(), 200);
}

#[tokio::test]
async fn a_descriptor_handed_on_cannot_write_the_body() {
    let folder = tempfile::tempdir().unwrap();
    let sealed = send(&writer(folder.path()), 1, &vec![1; 300 << 10]).await.unwrap();
    let Body::File(file) = sealed.body else { panic!("a large body is a file") };
    let mut file = std::fs::File::from(file);
    std::io::Write::write(&mut file, b"x").unwrap_err();
}

#[tokio::test]
async fn a_draft_that_is_given_up_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(folder.path());
    let mut draft = writer.draft(MessageId(1)).unwrap();
    draft.write(&vec![1; 300 << 10]).unwrap();
    let large = folder.path().join("large");
    assert_eq!(std::fs::read_dir(&large).unwrap().count(), 1);
    drop(draft);
    assert_eq!(std::fs::read_dir(&large).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(folder.path().join("intake")).unwrap().count(), 0);
}

#[tokio::test]
async fn drafts_beyond_the_memory_allowed_go_to_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { draft_memory_octets: 2000, ..options() };
    let writer = Writer::start(Arc::new(RealDisk), folder.path(), options).unwrap();
    let mut first = writer.draft(MessageId(1)).unwrap();
    first.write(&[1; 1500]).unwrap();
    let mut second = writer.draft(MessageId(2)).unwrap();
    second.write(&[2; 1500]).unwrap();
    let second = second.seal(&envelope(2, 1500)).await.unwrap();
    assert!(matches!(second.body, Body::File(_)));
    drop(first);
    let third = send(&writer, 3, &[3; 1500]).await.unwrap();
    assert!(matches!(third.body, Body::Memory(_)));
}

#[tokio::test]
async fn below_the_reserve_new_mail_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { reserve_octets: Some(u64::MAX), ..Options::default() };
    let writer = Writer::start(Arc::new(RealDisk), folder.path(), options).unwrap();
    for id in 1..5 {
        let refused = writer.draft(MessageId(id)).err().unwrap();
        assert!(matches!(refused, SpoolError::Reserve { .. }) && refused.is_full());
    }
}

#[tokio::test]
async fn a_new_writer_begins_behind_the_old_one_and_queue_finds_what_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let first = writer(folder.path());
    assert_eq!(first.first_segment(), 1);
    send(&first, 1, b"left").await.unwrap();
    drop(first);
    let second = writer(folder.path());
    assert_eq!(second.first_segment(), 2);
    send(&second, 2, b"new").await.unwrap();
    let keeper = keeper(folder.path());
    let orphans = keeper.orphans(second.first_segment()).unwrap();
    assert_eq!(orphans.len(), 1);
    assert_eq!(orphans[0].id, MessageId(1));
}

#[tokio::test]
async fn tickets_and_tidying_go_on_while_messages_come_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        segment_octets: 64 << 10,
        journal_octets: 16 << 10,
        ahead_octets: 4096,
        ..options()
    };
    let disk = Arc::new(RealDisk);
    let writer = Writer::start(disk.clone(), folder.path(), options.clone()).unwrap();
    let (keeper, _) = Keeper::open(disk.clone(), folder.path(), options.clone()).unwrap();
    for id in 1..400 {
        let sealed = send(&writer, id, &[1; 2000]).await.unwrap();
        keeper.adopt(MessageId(id), sealed.receipt.place()).unwrap();
        keeper.record(MessageId(id), b"state").unwrap();
        if id % 20 != 0 {
            keeper.finish(MessageId(id)).unwrap();
        }
        for segment in writer.closed_segments() {
            keeper.close(segment);
        }
        let tidied = keeper.tidy(4);
        keeper.sync_ticket().await.unwrap();
        tidied.await.unwrap();
    }
    keeper.tidy(1000).await.unwrap();
    let count = |name: &str| std::fs::read_dir(folder.path().join(name)).unwrap().count();
    assert!(count("intake") <= 2, "{}", count("intake"));
    assert!(count("journal") <= 4, "{}", count("journal"));
    drop(keeper);
    let (keeper, recovery) = Keeper::open(disk, folder.path(), options).unwrap();
    assert_eq!(recovery.messages.len(), 19);
    assert!(recovery.damage.is_empty());
    assert!(keeper.orphans(EVERY_SEGMENT).unwrap().is_empty());
    assert_eq!(memory(keeper.body(MessageId(20)).unwrap()), [1; 2000]);
}
