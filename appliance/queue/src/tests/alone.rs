//! The core without a loop around it, for what no peer can bring about at will.

use std::os::unix::net::UnixStream;
use std::sync::Arc;

use ipc::{Inlet, Role};
use mail::MessageId;
use tokio::sync::mpsc;

use super::house::*;
use crate::core::{AfterSync, Core, Stage};
use crate::happening::Happening;
use crate::limits;
use crate::loaded::Loaded;
use crate::record::{Left, Record};

/// A core with a spool of its own; the house is there for its folder.
async fn core() -> (House, Core, mpsc::UnboundedReceiver<Happening>) {
    let house = House::new().await;
    let disk: Arc<dyn world::Disk> = Arc::new(world::RealDisk);
    let spool = house.paths().state().join("alone");
    let (keeper, _) = spool::Keeper::open(disk, &spool, spool::Options::default()).unwrap();
    let (happen, happenings) = mpsc::unbounded_channel();
    let core = crate::start(house.context(Role::Queue), keeper, happen);
    (house, core, happenings)
}

/// A judged message that waits for its delivery, in the spool.
fn insert(core: &mut Core, id: u64, mail: &Mail) -> MessageId {
    let id = MessageId(id);
    core.keeper.insert(&envelope(id, mail, NOON), mail.body.clone().into_bytes()).unwrap();
    let left = vec![Left::Delivery { amendments: 0 }; mail.recipients.len()];
    let record = Record { left, amendments: vec![vec![]], ..Record::default() };
    core.records.insert(id, &record);
    core.enter(id, Stage::Held);
    id
}

#[tokio::test]
async fn a_sync_that_fails_is_not_tried_again_before_the_next_tick() {
    let (_house, mut core, mut happenings) = core().await;
    let id = insert(&mut core, 1, &to(&[ANN]));
    core.after_sync.push(AfterSync::Finish(id));
    core.start_work();
    assert!(core.syncing);
    core.synced(&Err(spool::SpoolError::Stopped));
    assert!(core.stages.contains_key(&id), "its notice is not kept, so it stays");
    core.start_work();
    assert!(!core.syncing);
    core.tick();
    assert!(core.syncing);
    let synced = async {
        loop {
            if let Some(Happening::Synced(result)) = happenings.recv().await {
                core.synced(&result);
                if !core.stages.contains_key(&id) {
                    return;
                }
            }
        }
    };
    soon("a sync", synced).await;
}

#[tokio::test]
async fn a_deliver_that_is_going_is_given_nothing_and_no_loop_turns_on_it() {
    let (_house, mut core, _happenings) = core().await;
    let id = insert(&mut core, 1, &to(&[ANN]));
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (outlet, _inlet): (_, Inlet<()>) = ipc::link_over(ours.into(), 100).unwrap();
    drop(theirs);
    outlet.close();
    core.deliver_came(7, outlet);
    core.enter(id, Stage::Deferred(NOON));
    core.start_work();
    core.start_work();
    assert!(core.attempts.is_empty());
    assert_eq!(core.stages.get(&id), Some(&Stage::Working));
    assert_eq!(core.loaded.get(&id).unwrap().open, 1, "it waits in its line");
}

#[tokio::test]
async fn mail_beyond_what_can_be_worked_on_waits_in_the_spool_and_its_session_does_not() {
    let (house, mut core, _happenings) = core().await;
    let intake = Intake::new(&house).await;
    let mail = Mail { budget_milliseconds: 10_000, ..to(&[ANN]) };
    core.loaded_octets = limits::LOADED_OCTETS;
    let (admit, body, id) = intake.seal(&mail).await;
    // The place has to be one of this core's own spool.
    std::fs::create_dir_all(house.paths().state().join("alone/intake")).unwrap();
    for file in std::fs::read_dir(house.paths().spool().join("intake")).unwrap() {
        let from = file.unwrap().path();
        let into = house.paths().state().join("alone/intake").join(from.file_name().unwrap());
        std::fs::copy(from, into).unwrap();
    }
    core.intake_said(1, admit, vec![body]);
    assert!(core.loaded.is_empty());
    assert_eq!(core.stages.get(&id), Some(&Stage::Waiting));
    assert_eq!(core.next_scan().unwrap().0.id(), id);
    core.loaded_octets = 0;
    assert!(core.load(id), "and is read from there");
}

#[tokio::test]
async fn a_message_that_the_spool_does_not_know_is_forgotten_and_does_not_come_again() {
    let (_house, mut core, _happenings) = core().await;
    core.enter(MessageId(9), Stage::Deferred(NOON));
    core.tick();
    core.wait_for_scan(MessageId(10));
    assert!(!core.load_or_put_off(MessageId(10)));
    core.records.insert(
        MessageId(11),
        &Record { left: vec![Left::Delivery { amendments: 0 }], ..Record::default() },
    );
    core.enter(MessageId(11), Stage::Deferred(NOON));
    core.tick();
    core.enter(MessageId(9), Stage::Held);
    core.forget(MessageId(9));
    assert!(core.stages.is_empty() && core.due.is_empty() && core.held == 0);
    assert_eq!(core.next_scan(), None);
}

#[tokio::test]
async fn the_line_of_those_that_are_due_holds_each_message_once_however_often_it_is_put_off() {
    let (_house, mut core, _happenings) = core().await;
    for number in 0..1000 {
        core.put_off(MessageId(1), NOON.plus_seconds(number));
    }
    assert_eq!(core.due.len(), 1);
    core.enter(MessageId(1), Stage::Held);
    assert!(core.due.is_empty());
    assert_eq!(core.held, 1);
    core.enter(MessageId(1), Stage::Working);
    assert_eq!(core.held, 0);
}

#[tokio::test]
async fn the_memory_of_bodies_is_counted_up_and_down() {
    let (_house, mut core, _happenings) = core().await;
    let id = insert(&mut core, 1, &to(&[ANN]));
    assert!(core.load(id));
    assert_eq!(core.loaded_octets, to(&[]).body.len() as u64);
    core.put_down(id);
    core.put_down(id);
    assert_eq!(core.loaded_octets, 0);
    // A large body is a file, and takes none.
    let mail = Mail { body: "x".repeat(spool::limits::INLINE_OCTETS + 1), ..to(&[ANN]) };
    let body = ipc::sealed_memory(b"").unwrap();
    let loaded = Loaded::new(envelope(id, &mail, NOON), body, Record::default(), NOON);
    assert_eq!(loaded.octets, 0);
}

#[tokio::test]
async fn hand_offs_carry_no_change_that_policy_wants_for_others() {
    let (_house, mut core, _happenings) = core().await;
    let tag = mail::Amendment::TagSubject { text: "[Spam]".into() };
    let id = insert(&mut core, 1, &to(&[ANN, BOB]));
    core.change_record(id, |record| {
        record.amendments = vec![vec![tag]];
        record.left = vec![
            Left::Delivery { amendments: 0 },
            Left::HandOff { host: "elsewhere.test".into(), port: 25 },
        ];
    });
    assert!(core.load(id));
    let routes = core.routes.clone();
    let loaded = core.loaded.get_mut(&id).unwrap();
    loaded.group(&routes);
    assert_eq!((loaded.changes(0).len(), loaded.changes(1).len()), (1, 0));
}
