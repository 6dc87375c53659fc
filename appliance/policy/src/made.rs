//! Made-up messages for the tests of this crate.

use mail::{
    BodyKind, Client, Direction, EngineName, Envelope, Finding, FindingKind, Findings, Leaf,
    Listener, MessageId, Recipient, Sender, SessionId, Timestamp,
};

/// Incoming mail of 100 octets from bob@away.test.
pub(crate) fn envelope(recipients: &[&str]) -> Envelope {
    Envelope {
        id: MessageId(1),
        session: SessionId(1),
        received: Timestamp(0),
        listener: Listener::Smtp,
        direction: Direction::Incoming,
        client: Client { address: "192.0.2.1:25".parse().unwrap(), helo: "x".into(), tls: None },
        sender: Sender::Mailbox("bob@away.test".parse().unwrap()),
        recipients: recipients
            .iter()
            .map(|address| Recipient::plain(address.parse().unwrap()))
            .collect(),
        body: BodyKind::SevenBit,
        smtputf8: false,
        ret: None,
        envid: None,
        size: 100,
    }
}

/// One finding in part 2.
pub(crate) fn found(kind: FindingKind, name: &str) -> Findings {
    let list = vec![Finding::new(EngineName::Virus, kind, name, "2", "")];
    Findings { list, ..Findings::default() }
}

/// The EICAR test file in part 2.
pub(crate) fn infected() -> Findings {
    found(FindingKind::Malware, "EICAR-Test-File")
}

/// A file by its path, name and true types.
pub(crate) fn file(path: &str, name: &str, types: &[&str]) -> Leaf {
    Leaf {
        path: path.into(),
        name: name.into(),
        types: types.iter().map(|one| (*one).to_owned()).collect(),
        ..Leaf::default()
    }
}
