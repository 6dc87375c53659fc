//! The parts that talk to a role over its socket, with that role played by the test: the ledger,
//! control, and one that is asked by the command line.

use std::sync::Arc;
use std::time::Duration;

use mail::{Deed, MailEvent, MessageId, Timestamp};
use tokio::sync::watch;

use crate::contracts::{
    FromControl, FromLedger, Hello, Request, Response, ToControl, ToLedger, VaultToQueue,
};
use crate::{
    Events, Inlet, Listener, Outlet, Paths, Ready, Role, RoleContext, Sockets, ask, connect,
    limits, subscribe,
};

/// Waits for what must come. The bound only ends a test that has failed already.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("it never came")
}

struct House {
    folder: tempfile::TempDir,
    stop: watch::Sender<bool>,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(Paths::new(folder.path()).run()).unwrap();
        House { folder, stop: watch::channel(false).0 }
    }

    fn context(&self, role: Role) -> RoleContext {
        RoleContext {
            role,
            paths: Paths::new(self.folder.path()),
            incarnation: 9,
            stop: self.stop.subscribe(),
            clock: Arc::new(world::RealClock),
            ready: Ready::new(|| {}),
            sockets: Sockets::default(),
        }
    }

    fn listener(&self, role: Role) -> Listener {
        Listener::open(&self.context(role)).unwrap()
    }
}

fn event(number: u64) -> MailEvent {
    MailEvent {
        at: Timestamp(number),
        session: None,
        message: Some(MessageId(number)),
        deed: Deed::Finished,
    }
}

type Ledger = (Outlet<FromLedger>, Inlet<ToLedger>);

/// The next events that a ledger is told: number of the first, and their times.
async fn told(ledger: &mut Ledger) -> (u64, Vec<u64>) {
    let (ToLedger::Events { first, events }, _) = soon(ledger.1.receive()).await.unwrap().unwrap();
    (first, events.iter().map(|event| event.at.0).collect())
}

fn keep(ledger: &Ledger, below: u64) {
    ledger.0.send(&FromLedger::Kept(below), Vec::new()).unwrap();
}

#[tokio::test]
async fn events_that_a_ledger_did_not_keep_are_told_to_the_next_one_under_the_same_numbers() {
    let house = House::new();
    let listener = house.listener(Role::Ledger);
    let events = Events::start(&house.context(Role::Queue));
    events.tell(event(1));
    events.tell(event(2));
    let mut ledger: Ledger = soon(listener.accept()).await.unwrap().link();
    assert_eq!(told(&mut ledger).await, (0, vec![1, 2]));
    keep(&ledger, 2);
    assert!(events.flush(Duration::from_secs(30)).await);
    events.tell(event(3));
    assert_eq!(told(&mut ledger).await, (2, vec![3]));
    // It dies before it has kept that; what is told meanwhile waits.
    drop(ledger);
    events.tell(event(4));
    let mut ledger: Ledger = soon(listener.accept()).await.unwrap().link();
    assert_eq!(told(&mut ledger).await, (2, vec![3]));
    assert_eq!(told(&mut ledger).await, (3, vec![4]));
    assert_eq!(events.waiting(), 2);
    keep(&ledger, 4);
    assert!(events.flush(Duration::from_secs(30)).await);
    assert_eq!(events.waiting(), 0);
}

#[tokio::test]
async fn a_ledger_that_keeps_less_than_a_frame_is_told_the_frame_again() {
    let house = House::new();
    let listener = house.listener(Role::Ledger);
    let events = Events::start(&house.context(Role::Queue));
    events.tell(event(1));
    events.tell(event(2));
    let mut ledger: Ledger = soon(listener.accept()).await.unwrap().link();
    assert_eq!(told(&mut ledger).await, (0, vec![1, 2]));
    keep(&ledger, 1);
    drop(ledger);
    let mut ledger: Ledger = soon(listener.accept()).await.unwrap().link();
    assert_eq!(told(&mut ledger).await, (0, vec![1, 2]));
}

#[tokio::test]
async fn events_without_a_ledger_take_a_bounded_room() {
    let house = House::new();
    let events = Events::start(&house.context(Role::Queue));
    for number in 0..limits::PENDING_EVENTS as u64 + 500 {
        events.tell(event(number));
    }
    assert_eq!(events.waiting(), limits::PENDING_EVENTS);
    let listener = house.listener(Role::Ledger);
    let mut ledger: Ledger = soon(listener.accept()).await.unwrap().link();
    let mut got = 0;
    while got < limits::PENDING_EVENTS as u64 {
        let (first, events) = told(&mut ledger).await;
        assert_eq!(first, got);
        assert_eq!(events[0], got, "the oldest are kept, in their order");
        got += events.len() as u64;
    }
    keep(&ledger, got);
    assert!(events.flush(Duration::from_secs(30)).await);
    events.tell(event(7));
    assert_eq!(told(&mut ledger).await, (got, vec![7]));
}

#[tokio::test]
async fn a_flush_without_a_ledger_ends_all_the_same() {
    let house = House::new();
    let events = Events::start(&house.context(Role::Queue));
    assert!(events.flush(Duration::from_secs(2)).await, "nothing was told yet");
    events.tell(event(1));
    assert!(!events.flush(Duration::from_millis(1)).await);
}

type Control = (Outlet<FromControl>, Inlet<ToControl>);

async fn control(listener: &Listener) -> Control {
    let mut control: Control = soon(listener.accept()).await.unwrap().link();
    let (ToControl::Subscribe { sections }, _) = soon(control.1.receive()).await.unwrap().unwrap();
    assert_eq!(sections, ["retry"]);
    control
}

fn push(control: &Control, revision: u64, sections: &str) {
    let sections = sections.to_owned();
    control.0.send(&FromControl::Snapshot { revision, sections }, Vec::new()).unwrap();
}

#[tokio::test]
async fn settings_stay_while_control_is_away_and_change_when_it_is_back() {
    let house = House::new();
    let listener = house.listener(Role::Control);
    let context = house.context(Role::Queue);
    let subscribing = tokio::spawn(async move { subscribe(&context, &["retry"]).await });
    let first = control(&listener).await;
    // What is no JSON counts as nothing.
    push(&first, 1, "{");
    push(&first, 2, r#"{"retry":{"a":1}}"#);
    let mut settings = soon(subscribing).await.unwrap();
    assert!(!settings.has_changed().unwrap(), "the first snapshot is no change");
    assert_eq!(settings.borrow_and_update().revision, 2);
    drop(first);
    let second = control(&listener).await;
    assert_eq!(settings.borrow().revision, 2, "the last one stays");
    push(&second, 2, r#"{"retry":{"a":1}}"#);
    push(&second, 3, r#"{"retry":{"a":2}}"#);
    soon(settings.changed()).await.unwrap();
    let snapshot = settings.borrow_and_update().clone();
    assert_eq!((snapshot.revision, &snapshot.sections["retry"]["a"]), (3, &serde_json::json!(2)));
}

#[tokio::test]
async fn an_answer_comes_line_by_line_with_its_end() {
    let house = House::new();
    let listener = house.listener(Role::Queue);
    let paths = Paths::new(house.folder.path());
    let mut asking = ask(&paths, Role::Queue, "queue.list", "{}".into()).await.unwrap();
    let incoming = soon(listener.accept()).await.unwrap();
    assert_eq!(incoming.hello.role, Role::CommandLine);
    let (outlet, mut inlet) = incoming.link::<Response, Request>();
    let (request, _) = soon(inlet.receive()).await.unwrap().unwrap();
    assert_eq!((request.verb.as_str(), request.argument.as_str()), ("queue.list", "{}"));
    assert!(!request.actor.is_empty());
    for number in 0..3 {
        outlet.send(&Response::Line(number.to_string()), Vec::new()).unwrap();
    }
    outlet.send(&Response::Done, Vec::new()).unwrap();
    for number in 0..3 {
        assert_eq!(soon(asking.next()).await, Some(Ok(number.to_string())));
    }
    assert_eq!(soon(asking.next()).await, None);
    assert_eq!(soon(asking.next()).await, None);
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_fails_says_so() {
    let house = House::new();
    let paths = Paths::new(house.folder.path());
    let absent = ask(&paths, Role::Queue, "queue.list", "{}".into()).await.err().unwrap();
    assert_eq!(absent.exit, 3);
    let listener = house.listener(Role::Queue);
    let mut asking = ask(&paths, Role::Queue, "queue.list", "{}".into()).await.unwrap();
    let link = soon(listener.accept()).await.unwrap().link::<Response, Request>();
    link.0.send(&Response::Line("1".into()), Vec::new()).unwrap();
    drop(link);
    assert_eq!(soon(asking.next()).await, Some(Ok("1".into())));
    assert_eq!(soon(asking.next()).await.unwrap().unwrap_err().exit, 3);
    assert_eq!(soon(asking.next()).await, None);
    let mut asking = ask(&paths, Role::Queue, "queue.list", "{}".into()).await.unwrap();
    let link = soon(listener.accept()).await.unwrap().link::<Response, Request>();
    let failed = Response::Failed { exit: 4, message: "no".into() };
    link.0.send(&failed, Vec::new()).unwrap();
    assert_eq!(soon(asking.next()).await.unwrap().unwrap_err().exit, 4);
    assert_eq!(soon(asking.next()).await, None);
}

#[tokio::test]
async fn a_caller_that_says_nothing_keeps_no_other_waiting() {
    let house = House::new();
    let listener = house.listener(Role::Queue);
    let path = Paths::new(house.folder.path()).socket(Role::Queue);
    let mut silent = Vec::new();
    for _ in 0..10 {
        silent.push(tokio::net::UnixStream::connect(&path).await.unwrap());
    }
    // And one that leaves without a word, and one that speaks no hello.
    drop(tokio::net::UnixStream::connect(&path).await.unwrap());
    let garbage = std::os::unix::net::UnixStream::connect(&path).unwrap();
    std::io::Write::write_all(&mut &garbage, &[255; 64]).unwrap();
    let context = house.context(Role::Vault);
    let _vault = connect::<VaultToQueue, Response>(&context, Role::Queue).await;
    let incoming = soon(listener.accept()).await.unwrap();
    assert_eq!(incoming.hello, Hello { role: Role::Vault, incarnation: 9 });
}

#[tokio::test]
async fn a_sender_can_wait_until_a_slow_reader_has_taken_what_was_sent() {
    let (left, right) = std::os::unix::net::UnixStream::pair().unwrap();
    let (outlet, _inlet) = crate::link_over::<Response, Request>(left.into(), 1000).unwrap();
    let (_outlet, mut slow) = crate::link_over::<Request, Response>(right.into(), 1 << 20).unwrap();
    outlet.has_room(1).await;
    let line = Response::Line("x".repeat(100_000));
    for _ in 0..50 {
        outlet.send(&line, Vec::new()).unwrap();
    }
    {
        let mut waiting = std::pin::pin!(outlet.has_room(1000));
        let polled = std::future::poll_fn(|context| {
            std::task::Poll::Ready(waiting.as_mut().poll(context).is_ready())
        });
        assert!(!polled.await, "nothing was taken yet");
        for _ in 0..50 {
            soon(slow.receive()).await.unwrap().unwrap();
        }
        soon(waiting).await;
    }
    // A reader that is gone is no reason to wait.
    for _ in 0..50 {
        outlet.send(&line, Vec::new()).unwrap();
    }
    drop(slow);
    soon(outlet.has_room(1)).await;
}
