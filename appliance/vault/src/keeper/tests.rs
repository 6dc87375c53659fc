//! The keeper against a queue played by the test: once and only once, whatever crashes when.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use ipc::Inlet;
use ipc::contracts::QueueToVault;
use tempfile::TempDir;

use super::*;
use crate::made::{self, NOON};

struct Hands(AtomicU64);

impl world::Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// The queue's end of a connection. The outlet is held so that the connection stays open.
struct Queue {
    inlet: Inlet<VaultToQueue>,
    _outlet: Outlet<QueueToVault>,
}

impl Queue {
    async fn next(&mut self) -> (VaultToQueue, Vec<u8>) {
        let (message, descriptors) = self.inlet.receive().await.unwrap().unwrap();
        let mut octets = Vec::new();
        for descriptor in descriptors {
            File::from(descriptor).read_to_end(&mut octets).unwrap();
        }
        (message, octets)
    }

    /// The next message, which must be a release.
    async fn readmit(&mut self) -> (String, MessageId, Vec<String>, Vec<u8>) {
        let (item, id, envelope, octets) = loop {
            match self.next().await {
                // The end of an earlier release.
                (VaultToQueue::Confirmed { .. }, _) => {}
                (VaultToQueue::Readmit { item, id, envelope, .. }, octets) => {
                    break (item, id, envelope, octets);
                }
                (message, _) => panic!("{message:?}"),
            }
        };
        let recipients = envelope.recipients.iter().map(|it| it.address.to_string()).collect();
        (item, id, recipients, octets)
    }
}

struct Bench {
    folder: TempDir,
    clock: Arc<Hands>,
    told: Arc<Mutex<Vec<MailEvent>>>,
    keeper: Keeper,
}

async fn keeper(folder: &Path, clock: Arc<Hands>, told: Arc<Mutex<Vec<MailEvent>>>) -> Keeper {
    let (_, settings) = watch::channel(Arc::new(Quarantine::default()));
    let mut keeper = Keeper {
        shelf: Shelf::open(folder).unwrap(),
        index: Index::open(folder, NOON).await.unwrap(),
        clock,
        tell: Box::new(move |event| told.lock().unwrap().push(event)),
        settings,
        ids: IdSource::new(7),
        queue: None,
        waiters: HashMap::new(),
    };
    keeper.survey().await.unwrap();
    keeper
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Hands(AtomicU64::new(NOON.0)));
        let told = Arc::<Mutex<Vec<MailEvent>>>::default();
        let keeper = keeper(folder.path(), clock.clone(), told.clone()).await;
        Bench { folder, clock, told, keeper }
    }

    /// The process ends and starts again.
    async fn restart(self) -> Self {
        let Bench { folder, clock, told, keeper: old } = self;
        drop(old);
        let keeper = keeper(folder.path(), clock.clone(), told.clone()).await;
        Bench { folder, clock, told, keeper }
    }

    /// The index is gone at the next start.
    async fn restart_without_index(self) -> Self {
        let Bench { folder, clock, told, keeper: old } = self;
        drop(old);
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(folder.path().join(format!("index.sqlite3{suffix}")));
        }
        let keeper = keeper(folder.path(), clock.clone(), told.clone()).await;
        Bench { folder, clock, told, keeper }
    }

    async fn link(&mut self) -> Queue {
        let (queue, outlet) = queue();
        self.keeper.carry_out(vec![Order::Linked(outlet)]).await;
        queue
    }

    /// Stores a message for these recipients and returns its number.
    async fn stored(&mut self, id: u64, area: &str, recipients: &[&str]) -> Number {
        let (mut queue, outlet) = queue();
        self.keeper.carry_out(vec![store(1, id, area, recipients, &outlet)]).await;
        let (message, _) = queue.next().await;
        let VaultToQueue::Stored { ticket: 1, item } = message else { panic!("{message:?}") };
        item.parse().unwrap()
    }

    async fn release(
        &mut self,
        number: &Number,
        recipients: &[&str],
    ) -> oneshot::Receiver<Result<Released, Refusal>> {
        let (answer, outcome) = oneshot::channel();
        let order = Order::Release {
            number: number.clone(),
            recipients: recipients.iter().map(|it| it.parse().unwrap()).collect(),
            actor: "root".to_owned(),
            answer,
        };
        self.keeper.carry_out(vec![order]).await;
        outcome
    }

    async fn readmitted(&mut self, item: String, id: MessageId) {
        self.keeper.carry_out(vec![Order::Readmitted { item, id }]).await;
    }

    fn told(&self) -> Vec<MailEvent> {
        self.told.lock().unwrap().clone()
    }

    async fn word(&mut self, number: &Number) -> String {
        let known = self.keeper.index.known(std::slice::from_ref(number)).await.unwrap();
        known.first().map(|(_, word)| word.clone()).unwrap_or_default()
    }
}

fn queue() -> (Queue, Outlet<VaultToQueue>) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let limit = 1 << 20;
    let (outlet, inlet) =
        ipc::link_over::<VaultToQueue, QueueToVault>(OwnedFd::from(ours), limit).unwrap();
    let (theirs_out, theirs_in) = ipc::link_over(OwnedFd::from(theirs), limit).unwrap();
    // Dropping an inlet closes the connection; the vault's is not read in these tests.
    std::mem::forget(inlet);
    (Queue { inlet: theirs_in, _outlet: theirs_out }, outlet)
}

fn body() -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(made::BODY).unwrap();
    file
}

fn store(
    ticket: u64,
    id: u64,
    area: &str,
    recipients: &[&str],
    outlet: &Outlet<VaultToQueue>,
) -> Order {
    Order::Store(Store {
        ticket,
        envelope: Box::new(made::envelope(id, recipients)),
        area: area.to_owned(),
        rule: "Global antivirus".to_owned(),
        because: "found EICAR-Test-File in 2".to_owned(),
        findings: Box::new(made::findings()),
        body: Some(body()),
        outlet: outlet.clone(),
    })
}

const ANN: &str = "ann@example.test";
const BOB: &str = "bob@example.test";

#[tokio::test]
async fn storing_twice_is_storing_once() {
    let mut bench = Bench::new().await;
    let (mut queue, outlet) = queue();
    // Twice in one batch, once in a later one, and once after a restart.
    let orders = vec![store(1, 7, "Spam", &[ANN], &outlet), store(2, 7, "Spam", &[ANN], &outlet)];
    bench.keeper.carry_out(orders).await;
    bench.keeper.carry_out(vec![store(3, 7, "Spam", &[ANN], &outlet)]).await;
    let mut bench = bench.restart().await;
    bench.keeper.carry_out(vec![store(4, 7, "Spam", &[ANN], &outlet)]).await;
    let mut items = Vec::new();
    for wanted in 1..=4 {
        let (message, _) = queue.next().await;
        let VaultToQueue::Stored { ticket, item } = message else { panic!("{message:?}") };
        assert_eq!(ticket, wanted);
        items.push(item);
    }
    items.dedup();
    assert_eq!(items.len(), 1);
    let other_area = bench.stored(7, "Malware", &[ANN]).await;
    assert_ne!(other_area.as_str(), items[0]);
}

#[tokio::test]
async fn a_message_without_its_body_is_not_stored() {
    let mut bench = Bench::new().await;
    let (mut queue, outlet) = queue();
    let Order::Store(whole) = store(9, 7, "Spam", &[ANN], &outlet) else { panic!() };
    bench.keeper.carry_out(vec![Order::Store(Store { body: None, ..whole })]).await;
    let (message, _) = queue.next().await;
    assert!(matches!(message, VaultToQueue::NotStored { ticket: 9, .. }), "{message:?}");
    bench.stored(7, "Spam", &[ANN]).await;
}

#[tokio::test]
async fn a_release_is_told_until_it_is_taken_and_then_never_again() {
    let mut bench = Bench::new().await;
    let number = bench.stored(7, "Malware", &[ANN, BOB]).await;
    let mut queue = bench.link().await;
    let mut outcome = bench.release(&number, &[]).await;
    let (item, id, recipients, octets) = queue.readmit().await;
    assert_eq!((item.as_str(), octets.as_slice()), (number.as_str(), made::BODY));
    assert_eq!(recipients, [ANN, BOB]);
    assert!(outcome.try_recv().is_err(), "nothing is said before the queue has it");
    // The queue restarts before it has answered: the same release, under the same id.
    let mut queue = bench.link().await;
    assert_eq!(queue.readmit().await.1, id);
    bench.readmitted(item.clone(), id).await;
    let released = outcome.await.unwrap().unwrap();
    assert_eq!((released.state, released.ids), ("released", vec![id.to_string()]));
    // A late second answer, a second wish, a further connection: no second message.
    bench.readmitted(item, id).await;
    let again = bench.release(&number, &[]).await.await.unwrap().unwrap();
    assert_eq!((again.state, again.ids), ("already released", vec![id.to_string()]));
    let mut queue = bench.link().await;
    bench.keeper.unlink();
    assert!(queue.inlet.receive().await.unwrap().is_none(), "nothing more was told");
    let deeds: Vec<Deed> = bench.told().into_iter().map(|event| event.deed).collect();
    assert_eq!(deeds, [Deed::Released { actor: "root".to_owned(), to: id }]);
    assert_eq!(bench.told()[0].message, Some(MessageId(7)));
}

#[tokio::test]
async fn a_release_asked_before_a_crash_goes_on_after_it_under_the_same_id() {
    let mut bench = Bench::new().await;
    let number = bench.stored(7, "Malware", &[ANN]).await;
    let mut queue = bench.link().await;
    drop(bench.release(&number, &[]).await);
    let (item, id, ..) = queue.readmit().await;
    let mut bench = bench.restart().await;
    let mut queue = bench.link().await;
    assert_eq!(queue.readmit().await.1, id);
    // And the index is lost as well.
    let mut bench = bench.restart_without_index().await;
    let mut queue = bench.link().await;
    assert_eq!(queue.readmit().await.1, id);
    bench.readmitted(item, id).await;
    let mut bench = bench.restart_without_index().await;
    assert_eq!(bench.word(&number).await, "released");
    let again = bench.release(&number, &[]).await.await.unwrap().unwrap();
    assert_eq!(again.state, "already released");
}

#[tokio::test]
async fn a_release_that_only_the_index_knows_never_began() {
    let mut bench = Bench::new().await;
    let number = bench.stored(7, "Malware", &[ANN]).await;
    let item = bench.keeper.shelf.item(&number).unwrap().unwrap();
    bench.keeper.index.note(&item, "releasing").await.unwrap();
    let mut bench = bench.restart().await;
    let _queue = bench.link().await;
    assert_eq!(bench.word(&number).await, "held");
}

#[tokio::test]
async fn a_release_that_the_queue_does_not_take_leaves_the_item_held() {
    let mut bench = Bench::new().await;
    let number = bench.stored(7, "Malware", &[ANN]).await;
    let mut queue = bench.link().await;
    let outcome = bench.release(&number, &[]).await;
    let (item, first, ..) = queue.readmit().await;
    let because = "the spool is full".to_owned();
    bench.keeper.carry_out(vec![Order::NotReadmitted { item, because }]).await;
    let refusal = outcome.await.unwrap().unwrap_err();
    assert_eq!(refusal.exit, 4);
    assert!(refusal.message.contains("the spool is full"));
    assert_eq!(bench.word(&number).await, "held");
    drop(bench.release(&number, &[]).await);
    assert_ne!(queue.readmit().await.1, first);
}

#[tokio::test]
async fn each_recipient_is_released_once() {
    let mut bench = Bench::new().await;
    let number = bench.stored(7, "Spam", &[ANN, BOB]).await;
    let mut queue = bench.link().await;
    let outcome = bench.release(&number, &[BOB]).await;
    let (item, id, recipients, _) = queue.readmit().await;
    assert_eq!(recipients, [BOB]);
    bench.readmitted(item, id).await;
    outcome.await.unwrap().unwrap();
    assert_eq!(bench.word(&number).await, "partly released");
    drop(bench.release(&number, &[]).await);
    assert_eq!(queue.readmit().await.2, [ANN]);
    let stranger = bench.release(&number, &["eve@example.test"]).await;
    // The release for ann is pending: whoever asks now waits for that one.
    drop(stranger);
}

#[tokio::test]
async fn nobody_who_is_no_recipient_gets_it() {
    let mut bench = Bench::new().await;
    let number = bench.stored(7, "Spam", &[ANN]).await;
    let outcome = bench.release(&number, &["eve@example.test"]).await;
    assert_eq!(outcome.await.unwrap().unwrap_err().exit, 2);
    assert_eq!(bench.word(&number).await, "held");
}

#[tokio::test]
async fn a_body_damaged_on_the_disk_is_not_released() {
    let mut bench = Bench::new().await;
    let number = bench.stored(7, "Spam", &[ANN]).await;
    let path = bench.folder.path().join("items").join(number.shard());
    std::fs::write(path.join(format!("{number}.eml")), b"other").unwrap();
    let refusal = bench.release(&number, &[]).await.await.unwrap().unwrap_err();
    assert!(refusal.message.contains("SHA-256"), "{}", refusal.message);
    assert_eq!(bench.word(&number).await, "held");
}

#[tokio::test]
async fn deleted_is_gone_and_says_so() {
    let mut bench = Bench::new().await;
    let number = bench.stored(7, "Spam", &[ANN]).await;
    assert_eq!(bench.keeper.delete(&number, "root").await, Ok(()));
    assert!(!bench.keeper.shelf.has(&number));
    let refusal = bench.release(&number, &[]).await.await.unwrap().unwrap_err();
    assert_eq!((refusal.exit, refusal.message.contains("is deleted")), (1, true));
    assert_eq!(bench.keeper.delete(&number, "root").await.unwrap_err().exit, 1);
    // The queue had not heard that it was stored and asks again: it stays deleted.
    assert_eq!(bench.stored(7, "Spam", &[ANN]).await, number);
    assert!(!bench.keeper.shelf.has(&number));
    assert_eq!(bench.told().len(), 1);
}

#[tokio::test]
async fn what_is_being_released_is_neither_deleted_nor_expired() {
    let mut bench = Bench::new().await;
    let number = bench.stored(7, "Spam", &[ANN]).await;
    drop(bench.release(&number, &[]).await);
    assert_eq!(bench.keeper.delete(&number, "root").await.unwrap_err().exit, 4);
    bench.clock.0.store(NOON.0 + 90 * 86_400_000, Ordering::Relaxed);
    bench.keeper.expire().await;
    assert!(bench.keeper.shelf.has(&number));
}

#[tokio::test]
async fn each_area_keeps_its_days() {
    let mut bench = Bench::new().await;
    let spam = bench.stored(7, "Spam", &[ANN]).await;
    let malware = bench.stored(7, "Malware", &[ANN]).await;
    let unnamed = bench.stored(7, "Somewhere", &[ANN]).await;
    let day = 86_400_000;
    bench.clock.0.store(NOON.0 + 15 * day, Ordering::Relaxed);
    bench.keeper.expire().await;
    assert!(bench.keeper.shelf.has(&spam), "not before its days are over");
    bench.clock.0.store(NOON.0 + 15 * day + 1, Ordering::Relaxed);
    bench.keeper.expire().await;
    let there = [&spam, &malware, &unnamed].map(|number| bench.keeper.shelf.has(number));
    assert_eq!(there, [false, true, false]);
    assert_eq!(bench.word(&spam).await, "expired");
    assert_eq!(bench.told().len(), 2);
    bench.clock.0.store(NOON.0 + 46 * day, Ordering::Relaxed);
    bench.keeper.expire().await;
    assert_eq!(bench.word(&spam).await, "", "forgotten in the end");
}

#[tokio::test]
async fn a_lost_index_is_made_again_from_the_messages() {
    let mut bench = Bench::new().await;
    let mut numbers = Vec::new();
    for id in 1..=40 {
        numbers.push(bench.stored(id, "Spam", &[ANN]).await);
    }
    bench.keeper.delete(&numbers[0], "root").await.unwrap();
    let mut bench = bench.restart_without_index().await;
    assert_eq!(bench.word(&numbers[0]).await, "");
    for number in &numbers[1..] {
        assert_eq!(bench.word(number).await, "held");
    }
}

#[tokio::test]
async fn an_index_that_breaks_while_open_is_made_again_and_storing_goes_on() {
    let mut bench = Bench::new().await;
    let number = bench.stored(1, "Spam", &[ANN]).await;
    for suffix in ["", "-wal"] {
        let path = bench.folder.path().join(format!("index.sqlite3{suffix}"));
        let size = std::fs::metadata(&path).unwrap().len() as usize;
        std::fs::write(&path, vec![0x5a; size]).unwrap();
    }
    let (mut queue, outlet) = queue();
    let mut stored = false;
    for ticket in 0..5 {
        bench.keeper.carry_out(vec![store(ticket, 2, "Spam", &[ANN], &outlet)]).await;
        let (message, _) = queue.next().await;
        stored |= matches!(message, VaultToQueue::Stored { .. });
    }
    assert!(stored);
    let mut bench = bench.restart().await;
    assert_eq!(bench.word(&number).await, "held");
}

#[tokio::test]
async fn files_of_what_ended_just_before_a_crash_are_removed_at_the_next_start() {
    let mut bench = Bench::new().await;
    let number = bench.stored(7, "Spam", &[ANN]).await;
    let end = End::Deleted("root");
    bench.keeper.index.end(std::slice::from_ref(&number), end, NOON).await.unwrap();
    let bench = bench.restart().await;
    assert!(!bench.keeper.shelf.has(&number));
}
