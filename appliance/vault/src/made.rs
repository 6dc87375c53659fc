//! Made-up messages for the tests of this crate.

use mail::{
    BodyKind, Client, Direction, Envelope, Findings, Listener, MessageId, Recipient, Sender,
    SessionId, Timestamp,
};

use crate::item::{FORM, Item, Number, hexadecimal};

/// 2026-11-21T10:02:03Z.
pub const NOON: Timestamp = Timestamp(1_795_255_323_000);

pub const BODY: &[u8] = b"Subject: x\r\n\r\nhello\r\n";

pub fn envelope(id: u64, recipients: &[&str]) -> Envelope {
    Envelope {
        id: MessageId(id),
        session: SessionId(id),
        received: NOON,
        listener: Listener::Smtp,
        direction: Direction::Incoming,
        client: Client {
            address: "192.0.2.7:4025".parse().unwrap(),
            helo: "mail.sender.test".to_owned(),
            tls: None,
        },
        sender: Sender::Mailbox("Bob@sender.test".parse().unwrap()),
        recipients: recipients.iter().map(|it| Recipient::plain(it.parse().unwrap())).collect(),
        body: BodyKind::SevenBit,
        smtputf8: false,
        ret: None,
        envid: None,
        size: BODY.len() as u64,
    }
}

pub fn findings() -> Findings {
    Findings {
        subject: "Invoice".to_owned(),
        spam: mail::SpamJudgement::of(0.25),
        ..Findings::default()
    }
}

pub fn item(id: u64, area: &str, recipients: &[&str]) -> Item {
    let envelope = envelope(id, recipients);
    Item {
        form: FORM,
        number: Number::of(&envelope, area),
        area: area.to_owned(),
        rule: "Global antivirus".to_owned(),
        because: "found EICAR-Test-File in 2".to_owned(),
        stored: NOON,
        size: BODY.len() as u64,
        sha256: hexadecimal(ring::digest::digest(&ring::digest::SHA256, BODY).as_ref()),
        envelope,
        findings: findings(),
        releases: Vec::new(),
    }
}
