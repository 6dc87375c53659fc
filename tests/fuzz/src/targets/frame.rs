//! Frames between roles: a peer that was taken over can send anything.

use ipc::contracts::{
    Answer, DeliverToQueue, IntakeToQueue, Job, KeeperToQueue, QueueToDeliver, QueueToIntake,
    QueueToVault, Request, Response, ToControl, ToLedger, Used, VaultToQueue,
};
use ipc::frame;
use mail::Findings;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Looks for frames and reads each as every contract; what is read is written and read the same.
pub fn target(octets: &[u8]) {
    let mut rest = octets;
    while let Ok(Some(found)) = frame::find(rest, ipc::limits::ANSWER_OCTETS) {
        let (one, after) = rest.split_at(found.octets);
        each(one);
        rest = after;
    }
}

fn each(frame: &[u8]) {
    read::<Answer>(frame);
    read::<DeliverToQueue>(frame);
    read::<IntakeToQueue>(frame);
    read::<Job>(frame);
    read::<KeeperToQueue>(frame);
    read::<QueueToDeliver>(frame);
    read::<QueueToIntake>(frame);
    read::<QueueToVault>(frame);
    read::<Request>(frame);
    read::<Response>(frame);
    read::<ToControl>(frame);
    read::<ToLedger>(frame);
    read::<VaultToQueue>(frame);
}

fn read<T: Serialize + DeserializeOwned>(octets: &[u8]) {
    let Ok(value) = frame::decode::<T>(octets) else { return };
    let mut again = Vec::new();
    frame::encode(&mut again, &value, 0).expect("what was read can be written");
    let _: T = frame::decode(&again).expect("what was written can be read");
}

/// A frame of several contracts.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let findings = Findings { subject: "a".to_owned(), ..Findings::default() };
    vec![
        made(&Answer::Ready { landlock: true }),
        made(&Answer::Inspected { job: 7, findings, used: Used::default(), material: None }),
        made(&Answer::Failed { job: 7, because: "a limit".to_owned() }),
        made(&IntakeToQueue::FirstSegment(9)),
        made(&Response::Line("{\"a\":1}".to_owned())),
        made(&ToControl::Subscribe { sections: vec!["receiving".to_owned()] }),
    ]
}

fn made<T: Serialize>(value: &T) -> Vec<u8> {
    let mut buffer = Vec::new();
    frame::encode(&mut buffer, value, 0).unwrap();
    buffer
}
