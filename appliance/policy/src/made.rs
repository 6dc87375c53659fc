//! Made-up messages for the tests of this crate.

use mail::{
    BodyKind, Client, Direction, EngineName, Envelope, Finding, FindingKind, Findings, Leaf,
    Listener, MessageId, Recipient, Sender, SessionId, SpamClass, SpamJudgement, SpamTerm,
    Timestamp,
};

use crate::{Condition, Exceptions, Policy, Rule, Rules, Senders};

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

/// A judgement of unwanted mail, with one term.
pub(crate) fn judged(class: Option<SpamClass>, probability: f64) -> Findings {
    let term = |log_odds, words: &str, evidence: &str| SpamTerm {
        signal: "x".into(),
        log_odds,
        words: words.into(),
        evidence: evidence.into(),
    };
    let terms = vec![
        term(3.0, "the link leads elsewhere", "x.test"),
        term(-1.0, "it answers a letter", "y"),
        term(1.0, "it asks for money", ""),
    ];
    Findings { spam: SpamJudgement { probability, class, terms }, ..Findings::default() }
}

/// What one condition says of a message from bob@away.test: whether it holds, and why.
pub(crate) fn asked(
    condition: Condition,
    senders: &Senders,
    findings: &Findings,
) -> (bool, String) {
    let rule = Rule { name: "only".into(), conditions: vec![condition], ..Rule::default() };
    let rules = Rules { rules: vec![rule] };
    let policy = Policy::compile(1, &rules, &Exceptions::default()).with_senders(senders);
    let step = policy.decide(&envelope(&["a@x.test"]), findings, None).steps.remove(0);
    (step.matched, step.because)
}
