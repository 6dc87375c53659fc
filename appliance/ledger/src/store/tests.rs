//! The database: batches, repeats, expiry, damage.

use mail::{MailEvent, MessageId};

use super::*;
use crate::made::{self, NOON};
use crate::search;

const QUEUE: Source = Source { role: ipc::Role::Queue, incarnation: u64::MAX - 3 };

fn batch(first: u64, events: Vec<MailEvent>) -> Batch {
    let mut batch = Batch::default();
    batch.take(QUEUE, first, events, first);
    batch
}

async fn count(reader: &mut SqliteConnection, what: &'static str) -> i64 {
    sqlx::query_scalar(what).fetch_one(reader).await.unwrap()
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), NOON).await.unwrap();
    store.write(&batch(0, made::delivered(5)), NOON).await.unwrap();
    drop(store);
    let mut store = Store::open(folder.path(), NOON).await.unwrap();
    assert_eq!(store.counters().await.unwrap().get(&QUEUE), Some(&6));
    store.write(&batch(6, made::delivered(6)), NOON).await.unwrap();
    let mut reader = reader(folder.path()).await.unwrap();
    let events = search::events(&mut reader, MessageId(5)).await.unwrap();
    assert_eq!(events, made::delivered(5));
    assert_eq!(count(&mut reader, "select count(*) from parts").await, 2);
}

#[tokio::test]
async fn a_message_whose_events_come_in_two_batches_is_one_message() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), NOON).await.unwrap();
    let events = made::delivered(5);
    // The later half first, as when the queue is faster than intake.
    store.write(&batch(0, events[3..].to_vec()), NOON).await.unwrap();
    store.write(&batch(3, events[..3].to_vec()), NOON).await.unwrap();
    let mut reader = reader(folder.path()).await.unwrap();
    assert_eq!(search::events(&mut reader, MessageId(5)).await.unwrap(), events);
    let asked = search::Asked { what: "ann@example.test".to_owned(), ..search::Asked::default() };
    let hits = search::all(&mut reader, &asked).await.unwrap();
    assert_eq!(hits.len(), 1);
    assert_eq!(hits[0].fate, "delivered");
    assert_eq!(hits[0].subject.as_deref(), Some("Invoice overdue"));
}

#[tokio::test]
async fn thousands_of_messages_in_one_batch() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), NOON).await.unwrap();
    let events: Vec<MailEvent> = (1..=1234).flat_map(made::delivered).collect();
    store.write(&batch(0, events), NOON).await.unwrap();
    let mut reader = reader(folder.path()).await.unwrap();
    assert_eq!(count(&mut reader, "select count(*) from messages").await, 1234);
    let counts = search::counts(&mut reader).await.unwrap();
    assert_eq!((counts.received, counts.finished), (1234, 1234));
    assert_eq!(counts.fates.get("delivered"), Some(&1234));
}

#[tokio::test]
async fn what_is_over_its_days_goes_with_its_words_and_the_rest_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), NOON).await.unwrap();
    let mut events: Vec<MailEvent> = (1..=600).flat_map(made::delivered).collect();
    events.push(made::refused_session(77));
    events.push(made::event(3, 9_000_000, mail::Deed::Finished));
    store.write(&batch(0, events), NOON).await.unwrap();
    let before = Timestamp(NOON.0 + 1_000_000);
    assert!(store.expire(before, NOON).await.unwrap());
    assert!(!store.expire(before, NOON).await.unwrap());
    let mut reader = reader(folder.path()).await.unwrap();
    assert_eq!(count(&mut reader, "select count(*) from messages").await, 1);
    assert_eq!(count(&mut reader, "select count(*) from parts").await, 1);
    let asked = search::Asked { what: "example.test".to_owned(), ..search::Asked::default() };
    let hits = search::all(&mut reader, &asked).await.unwrap();
    assert_eq!(hits.len(), 1, "the message with a late event stays");
    let words =
        count(&mut reader, "select count(*) from words where words match '\"example.test\"'");
    assert_eq!(words.await, 1);
    assert_eq!(store.counters().await.unwrap().len(), 1, "the sender was heard at NOON");
    store.expire(before, Timestamp(NOON.0 + 1)).await.unwrap();
    assert_eq!(store.counters().await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_moved_aside_and_mail_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(file(folder.path()), vec![b'x'; 9000]).unwrap();
    let mut store = Store::open(folder.path(), NOON).await.unwrap();
    store.write(&batch(0, made::delivered(5)), NOON).await.unwrap();
    let aside = folder.path().join("damaged-2026-11-21T100203.000Z.sqlite3");
    assert_eq!(std::fs::read(aside).unwrap(), vec![b'x'; 9000]);
}

#[tokio::test]
async fn a_database_that_breaks_while_open_is_replaced_and_the_batch_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), NOON).await.unwrap();
    sqlx::raw_sql("drop table parts").execute(&mut store.connection).await.unwrap();
    let error = store.write(&batch(0, made::delivered(5)), NOON).await.unwrap_err();
    assert!(error.is_damage(), "{error:?}");
    store.replace(NOON, &error).await.unwrap();
    store.write(&batch(0, made::delivered(5)), NOON).await.unwrap();
    let mut reader = reader(folder.path()).await.unwrap();
    assert_eq!(search::events(&mut reader, MessageId(5)).await.unwrap(), made::delivered(5));
}
