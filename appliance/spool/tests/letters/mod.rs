//! Letters and small spools for the tests of this folder.
#![allow(dead_code, clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use mail::{
    Address, BodyKind, Client, Direction, Envelope, Listener, MessageId, Recipient, Sender,
    SessionId, Timestamp,
};
use spool::{Body, Committer, Content, KeeperCore, Options, Receipt, Submission};
use world::sim::{SimDisk, SimEntropy};

pub const FOLDER: &str = "/spool";

/// An envelope of one recipient.
pub fn envelope(id: u64, size: usize) -> Envelope {
    Envelope {
        id: MessageId(id),
        session: SessionId(id),
        received: Timestamp(id),
        listener: Listener::Smtp,
        direction: Direction::Incoming,
        client: Client {
            address: ([192, 0, 2, 1], 25).into(),
            helo: "c.example".into(),
            tls: None,
        },
        sender: Sender::Null,
        recipients: vec![Recipient::plain("r@example.test".parse::<Address>().unwrap())],
        body: BodyKind::SevenBit,
        smtputf8: false,
        ret: None,
        envid: None,
        size: size as u64,
    }
}

/// Small segments, so that little mail fills them.
pub fn options() -> Options {
    Options {
        reserve_octets: Some(0),
        segment_octets: 4096,
        journal_octets: 2048,
        ahead_octets: 512,
        inline_octets: 1000,
        draft_memory_octets: 1 << 20,
        entropy: Arc::new(SimEntropy::new(7)),
    }
}

pub fn committer(disk: &SimDisk) -> Committer {
    Committer::open(Arc::new(disk.clone()), Path::new(FOLDER), options()).unwrap()
}

pub fn keeper(disk: &SimDisk) -> (KeeperCore, spool::Recovery) {
    KeeperCore::open(Arc::new(disk.clone()), Path::new(FOLDER), options()).unwrap()
}

/// Commits one message with this body.
pub fn seal(committer: &mut Committer, id: u64, body: &[u8]) -> Result<Receipt, spool::SpoolError> {
    let head = spool::encode_head(0, &envelope(id, body.len())).unwrap();
    let content = Content::Inline(body);
    let body_crc = spool::record::checksum(body);
    let submission = Submission { id: MessageId(id), head: &head, content, body_crc };
    committer.commit(&[submission]).remove(0)
}

/// Commits one message whose body has its own file.
pub fn seal_large(committer: &mut Committer, id: u64, body: &[u8]) -> Receipt {
    let mut file = committer.large(MessageId(id)).unwrap();
    file.write(body).unwrap();
    file.make_durable().unwrap();
    let head = spool::encode_head(committer.first_segment(), &envelope(id, body.len())).unwrap();
    let content = Content::Large(file.size());
    let body_crc = spool::record::checksum(body);
    let submission = Submission { id: MessageId(id), head: &head, content, body_crc };
    committer.commit(&[submission]).remove(0).unwrap()
}

/// Seals `ids` and lets the keeper adopt them; `body` octets each.
pub fn adopt_all(
    disk: &SimDisk,
    keeper: &mut KeeperCore,
    ids: std::ops::Range<u64>,
    body: usize,
) -> Committer {
    let mut committer = committer(disk);
    for id in ids {
        let receipt = seal(&mut committer, id, &vec![id as u8; body]).unwrap();
        keeper.adopt(receipt.id(), receipt.place()).unwrap();
    }
    for segment in committer.closed_segments() {
        keeper.close(segment);
    }
    committer
}

pub fn memory(body: Body) -> Vec<u8> {
    match body {
        Body::Memory(octets) => octets,
        Body::File(file) => {
            let mut octets = Vec::new();
            std::io::Read::read_to_end(&mut std::fs::File::from(file), &mut octets).unwrap();
            octets
        }
    }
}

/// How many files lie below a folder of the spool.
pub fn files(disk: &SimDisk, folder: &str) -> usize {
    let folder = Path::new(FOLDER).join(folder);
    disk.names().iter().filter(|name| name.starts_with(&folder)).count()
}
