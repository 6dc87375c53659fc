use super::*;
use ipc::link_over;
use mail::{BodyKind, Client, Direction, Listener, Sender, SessionId, Timestamp};
use std::os::unix::net::UnixStream;

type Queue = (Outlet<QueueToIntake>, Inlet<IntakeToQueue>);

fn envelope(id: u64) -> Envelope {
    Envelope {
        id: MessageId(id),
        session: SessionId(1),
        received: Timestamp(0),
        listener: Listener::Smtp,
        direction: Direction::Incoming,
        client: Client {
            address: "192.0.2.1:25".parse().unwrap(),
            helo: "a.test".to_owned(),
            tls: None,
        },
        sender: Sender::Null,
        recipients: vec![],
        body: BodyKind::SevenBit,
        smtputf8: false,
        ret: None,
        envid: None,
        size: 4,
    }
}

fn admit(link: &Link, id: u64) -> oneshot::Receiver<Admission> {
    let body = ipc::sealed_memory(b"mail").unwrap();
    let spare = body.try_clone().unwrap();
    link.admit(Place { segment: 7, offset: id }, envelope(id), [body, spare], 1000)
}

/// Connects the link to a queue, as [`Link::keep`] does.
fn connect(link: &Link) -> (Queue, tokio::task::JoinHandle<()>) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (outlet, inlet) = link_over(ours.into(), 1 << 20).unwrap();
    let queue = link_over(theirs.into(), 1 << 20).unwrap();
    link.connected(outlet, 7);
    let link = link.clone();
    let listening = tokio::spawn(async move {
        link.listen(inlet).await;
        link.lock().disconnected();
    });
    (queue, listening)
}

async fn next(queue: &mut Queue) -> (IntakeToQueue, usize) {
    let (message, descriptors) = queue.1.receive().await.unwrap().unwrap();
    (message, descriptors.len())
}

fn admitted(message: &IntakeToQueue) -> (u64, u32) {
    match message {
        IntakeToQueue::Admit { envelope, budget_milliseconds, .. } => {
            (envelope.id.0, *budget_milliseconds)
        }
        other => panic!("no message: {other:?}"),
    }
}

#[tokio::test]
async fn an_answer_finds_its_session() {
    let link = Link::default();
    let (mut queue, _task) = connect(&link);
    assert_eq!(next(&mut queue).await.0, IntakeToQueue::FirstSegment(7));
    let (one, two) = (admit(&link, 1), admit(&link, 2));
    let (message, descriptors) = next(&mut queue).await;
    assert_eq!((admitted(&message), descriptors), ((1, 1000), 1));
    next(&mut queue).await;
    let refused = Admission::Refused(Reply::coded(554, 5, 7, 1, "no"));
    for (id, answer) in [(2, refused.clone()), (1, Admission::Kept), (9, Admission::Kept)] {
        queue.0.send(&QueueToIntake::Answered { id: MessageId(id), answer }, vec![]).unwrap();
    }
    assert_eq!(one.await, Ok(Admission::Kept));
    assert_eq!(two.await, Ok(refused));
    assert_eq!(link.unanswered(), 0);
}

#[tokio::test]
async fn mail_waits_until_queue_says_it_may_come() {
    let link = Link::default();
    assert_eq!(link.open().unwrap_err().code(), 451);
    let (queue, task) = connect(&link);
    assert!(link.open().is_err());
    let full = Reply::coded(452, 4, 3, 1, "full");
    queue.0.send(&QueueToIntake::Pressure(Some(full.clone())), vec![]).unwrap();
    queue.0.send(&QueueToIntake::Pressure(None), vec![]).unwrap();
    // An answer is heard after what was sent before it.
    let answer = admit(&link, 1);
    let kept = QueueToIntake::Answered { id: MessageId(1), answer: Admission::Kept };
    queue.0.send(&kept, vec![]).unwrap();
    assert!(answer.await.is_ok());
    assert_eq!(link.open(), Ok(()));
    drop(queue);
    task.await.unwrap();
    assert_eq!(link.open().unwrap_err().code(), 451);
}

#[tokio::test]
async fn what_is_unanswered_is_sent_again_after_queue_was_away() {
    let link = Link::default();
    let early = admit(&link, 1);
    assert!(early.await.is_err(), "nobody to wait for");
    let (mut queue, task) = connect(&link);
    next(&mut queue).await;
    assert_eq!(admitted(&next(&mut queue).await.0).0, 1);
    let waiting = admit(&link, 2);
    next(&mut queue).await;
    drop(queue);
    assert!(waiting.await.is_err(), "the session is let go");
    task.await.unwrap();
    let (mut queue, _task) = connect(&link);
    next(&mut queue).await;
    for id in [1, 2] {
        let (message, descriptors) = next(&mut queue).await;
        assert_eq!(admitted(&message).0, id);
        assert_eq!(descriptors, 1);
    }
    assert_eq!(link.unanswered(), 2);
}

#[tokio::test]
async fn a_message_sent_again_has_no_session_to_wait_for() {
    let link = Link::default();
    let (mut queue, task) = connect(&link);
    let answer = admit(&link, 5);
    next(&mut queue).await;
    assert_eq!(admitted(&next(&mut queue).await.0), (5, 1000));
    drop(queue);
    task.await.unwrap();
    drop(answer);
    let (mut queue, _task) = connect(&link);
    next(&mut queue).await;
    assert_eq!(admitted(&next(&mut queue).await.0), (5, 0));
}

#[tokio::test]
async fn a_segment_is_closed_only_after_its_last_message_was_handed_over() {
    let link = Link::default();
    let (mut queue, _task) = connect(&link);
    next(&mut queue).await;
    let (first, second) = (link.begin_seal(), link.begin_seal());
    link.segment_closed(7);
    let later = link.begin_seal();
    drop(admit(&link, 1));
    drop(first);
    drop(admit(&link, 2));
    drop(second);
    assert_eq!(admitted(&next(&mut queue).await.0).0, 1);
    assert_eq!(admitted(&next(&mut queue).await.0).0, 2);
    assert_eq!(next(&mut queue).await.0, IntakeToQueue::Closed(7));
    drop(later);
}

#[tokio::test]
async fn a_restarted_queue_is_told_of_closed_segments_again() {
    let link = Link::default();
    link.segment_closed(3);
    let (mut queue, _task) = connect(&link);
    assert_eq!(next(&mut queue).await.0, IntakeToQueue::FirstSegment(7));
    assert_eq!(next(&mut queue).await.0, IntakeToQueue::Closed(3));
}
