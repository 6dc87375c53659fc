//! Made-up messages for the tests of this crate.

use mail::{
    Deed, Direction, EngineName, Fate, Finding, FindingKind, Findings, Leaf, Listener, MailEvent,
    MessageId, Outcome, Reply, Ruling, Sender, SessionId, Step, Timestamp, Verdict,
};

/// 2026-11-21T10:02:03Z.
pub const NOON: Timestamp = Timestamp(1_795_255_323_000);

pub fn event(id: u64, after: u64, deed: Deed) -> MailEvent {
    MailEvent {
        at: Timestamp(NOON.0 + after),
        session: Some(SessionId(id + 1_000_000)),
        message: Some(MessageId(id)),
        deed,
    }
}

pub fn received(id: u64, recipients: &[&str]) -> MailEvent {
    let deed = Deed::Received {
        client: "192.0.2.7:4025".parse().unwrap(),
        listener: Listener::Smtp,
        helo: "mail.sender.test".to_owned(),
        tls: None,
        direction: Direction::Incoming,
        sender: Sender::Mailbox("Bob@sender.test".parse().unwrap()),
        recipients: recipients.iter().map(|it| it.parse().unwrap()).collect(),
        size: 5120,
    };
    event(id, 0, deed)
}

pub fn inspected(id: u64, list: Vec<Finding>) -> MailEvent {
    let findings = Findings {
        list,
        spam: mail::SpamJudgement::of(0.01),
        leaves: vec![Leaf {
            path: "2/invoice.zip".to_owned(),
            mime: "application/zip".to_owned(),
            size: 700,
            ..Leaf::default()
        }],
        subject: "Invoice overdue".to_owned(),
        header_id: format!("m{id}@sender.test"),
        header_from: "Bob <bob@sender.test>".to_owned(),
        microseconds: 900,
        ..Findings::default()
    };
    event(id, 10, Deed::Inspected(findings))
}

pub fn eicar() -> Finding {
    Finding::new(
        EngineName::Virus,
        FindingKind::Malware,
        "EICAR-Test-File",
        "2/invoice.zip",
        "the test string of EICAR",
    )
}

pub fn judged(id: u64, rulings: Vec<(Vec<u32>, Fate, &str, &str)>) -> MailEvent {
    let steps = vec![Step { rule: "x".to_owned(), matched: false, because: "y".to_owned() }];
    let rulings = rulings
        .into_iter()
        .map(|(recipients, fate, rule, because)| Ruling {
            recipients,
            fate,
            rule: rule.to_owned(),
            because: because.to_owned(),
            amendments: Vec::new(),
        })
        .collect();
    event(id, 20, Deed::Judged(Verdict { revision: 3, rulings, steps }))
}

pub fn attempted(id: u64, after: u64, recipients: &[&str], outcome: Outcome) -> MailEvent {
    let next = matches!(outcome, Outcome::Deferred(_)).then(|| NOON.plus_seconds(900));
    let deed = Deed::Attempted {
        recipients: recipients.iter().map(|it| it.parse().unwrap()).collect(),
        host: "mx1.example.test[192.0.2.1]:25".to_owned(),
        tls: None,
        outcome,
        next,
        milliseconds: 12,
    };
    event(id, after, deed)
}

pub fn answered(id: u64, reply: Reply) -> MailEvent {
    event(id, 25, Deed::Answered { reply, milliseconds: 24 })
}

pub fn ok() -> Outcome {
    Outcome::Delivered(Reply::new(250, None, "ok"))
}

/// A message for ann@example.test that was delivered at once: the events of the common case.
pub fn delivered(id: u64) -> Vec<MailEvent> {
    vec![
        received(id, &["ann@example.test"]),
        inspected(id, Vec::new()),
        judged(id, vec![(vec![0], Fate::Deliver, "default", "no rule matched")]),
        answered(id, Reply::new(250, None, "ok")),
        attempted(id, 40, &["ann@example.test"], ok()),
        event(id, 41, Deed::Finished),
    ]
}

/// A message for ann@example.test that the vault holds.
pub fn quarantined(id: u64) -> Vec<MailEvent> {
    let fate = Fate::Quarantine { area: "Malware".to_owned() };
    let held = Deed::Quarantined {
        area: "Malware".to_owned(),
        recipients: vec!["ann@example.test".parse().unwrap()],
        item: "ITEM-1".to_owned(),
    };
    vec![
        received(id, &["ann@example.test"]),
        inspected(id, vec![eicar()]),
        judged(
            id,
            vec![(vec![0], fate, "Global antivirus", "EICAR-Test-File was found in part 2")],
        ),
        answered(id, Reply::new(250, None, "ok")),
        event(id, 30, held),
        event(id, 31, Deed::Finished),
    ]
}

/// A session that was refused before DATA.
pub fn refused_session(session: u64) -> MailEvent {
    MailEvent {
        at: NOON,
        session: Some(SessionId(session)),
        message: None,
        deed: Deed::SessionEnded {
            client: "198.51.100.9:999".parse().unwrap(),
            listener: Listener::Smtp,
            helo: "bulk.test".to_owned(),
            refused: Some(Reply::coded(550, 5, 7, 1, "Relaying denied")),
            sender: Some(Sender::Mailbox("spam@bulk.test".parse().unwrap())),
            recipient: Some("victim@elsewhere.test".to_owned()),
            because: "elsewhere.test is not one of our domains".to_owned(),
        },
    }
}
