//! The two harmless test signatures never arrive, however they are wrapped, and can be found again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use gatepost_test_e2e::{Client, Gateway, Options, Sink, limits, mails, wait_for};

/// Sends each wrapping of `payload`, then a clean message; only the clean one may come out.
fn never_arrives(payload: &str) {
    let sink = Sink::start();
    let gateway = Gateway::start(Options::to(sink.port()));
    let wrapped = mails::wrapped(payload);
    let mut quarantined = 0;
    for (name, mail) in &wrapped {
        let mut client = Client::greeted(gateway.smtp()).unwrap();
        let reply = client.submit("ann@sender.test", &["bob@example.test"], mail).unwrap();
        assert!(!reply.is_temporary(), "{name} was judged: {reply:?}");
        if reply.code == 250 {
            quarantined += 1;
        }
    }
    let mut client = Client::greeted(gateway.smtp()).unwrap();
    let clean = mails::plain("clean", "hello");
    assert_eq!(client.submit("ann@sender.test", &["bob@example.test"], &clean).unwrap().code, 250);
    wait_for("all kept ones to be in quarantine", limits::DELIVERY, || {
        let said = gateway.command(&["quarantine", "list", "--json"]);
        (said.json_lines().len() == quarantined).then_some(())
    });
    sink.expect(1);
    let subjects: Vec<String> = sink
        .messages()
        .iter()
        .map(|taken| String::from_utf8_lossy(&taken.content).into_owned())
        .collect();
    assert_eq!(subjects.len(), 1, "only the clean message came out");
    assert!(subjects[0].contains("Subject: clean"));
}

#[test]
fn eicar_never_arrives() {
    never_arrives(&mails::eicar());
}

#[test]
fn gtube_never_arrives() {
    never_arrives(&mails::gtube());
}

#[test]
fn tracking_tells_why_a_message_was_held() {
    let sink = Sink::start();
    let gateway = Gateway::start(Options::to(sink.port()));
    let mut client = Client::greeted(gateway.smtp()).unwrap();
    let mail = mails::plain("held", &mails::eicar());
    let reply = client.submit("ann@sender.test", &["bob@example.test"], &mail).unwrap();
    let text = wait_for("the record", limits::DELIVERY, || {
        let said = gateway.command(&["track", "bob@example.test"]);
        (said.exit == 0 && said.out.contains("EICAR")).then_some(said.out)
    });
    assert!(text.contains("EICAR-Test-File"), "{reply:?}\n{text}");
}

#[test]
fn a_released_message_arrives_exactly_once() {
    let sink = Sink::start();
    let gateway = Gateway::start(Options::to(sink.port()));
    let mut client = Client::greeted(gateway.smtp()).unwrap();
    let mail = mails::plain("released", &mails::gtube());
    let reply = client.submit("ann@sender.test", &["bob@example.test"], &mail).unwrap();
    assert_eq!(reply.code, 250, "by default spam is held, not refused: {reply:?}");
    let item = wait_for("the item", limits::DELIVERY, || {
        let said = gateway.command(&["quarantine", "list", "--json"]);
        said.json_lines().first()?["item"].as_str().map(str::to_owned)
    });
    let first = gateway.command(&["quarantine", "release", &item]);
    assert_eq!(first.exit, 0, "{first:?}");
    let _ = gateway.command(&["quarantine", "release", &item]);
    sink.expect(1);
    let mut later = Client::greeted(gateway.smtp()).unwrap();
    let clean = mails::plain("later", "x");
    later.submit("ann@sender.test", &["bob@example.test"], &clean).unwrap();
    sink.expect(2);
    let released = sink
        .messages()
        .iter()
        .filter(|taken| String::from_utf8_lossy(&taken.content).contains("released"))
        .count();
    assert_eq!(released, 1);
}
