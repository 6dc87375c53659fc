//! Lists of keywords and expressions: a rule that asks for one holds the mail and says why, and a
//! text exemption lets spam pass.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use gatepost_test_e2e::{Client, Gateway, Options, Sink, limits, mails, wait_for};
use serde_json::{Value, json};

/// A list with a keyword, and an expression that only PCRE can read.
fn lists() -> Value {
    json!([{
        "name": "Falcon",
        "matching": "score",
        "threshold": 5,
        "entries": [
            {"text": "project NEAR3 falcon", "weight": 4},
            {"text": "(?<!not )secret", "kind": "expression", "weight": 3},
        ],
    }])
}

fn rules() -> Value {
    json!([
        {
            "name": "No falcons",
            "conditions": [
                {"when": "expression", "lists": ["Falcon"], "targets": ["subject", "body"]},
            ],
            "action": "quarantine",
            "area": "Default",
        },
        {"name": "Spam", "conditions": [{"when": "spam"}], "action": "quarantine", "area": "Spam"},
    ])
}

fn submit(gateway: &Gateway, mail: &[u8]) {
    let mut client = Client::greeted(gateway.smtp()).unwrap();
    let reply = client.submit("ann@sender.test", &["bob@example.test"], mail).unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");
}

#[test]
fn a_list_holds_mail_and_tracking_says_what_matched() {
    let sink = Sink::start();
    let options =
        Options::to(sink.port()).with("expressions.lists", lists()).with("policy.rules", rules());
    let gateway = Gateway::start(options);
    submit(&gateway, &mails::plain("held", "the falcon of our project is a secret"));
    submit(&gateway, &mails::plain("passed", "the falcon of our project is not secret"));
    sink.expect(1);
    let content = String::from_utf8_lossy(&sink.messages()[0].content).into_owned();
    assert!(content.contains("Subject: passed"), "{content}");
    wait_for("the held one", limits::DELIVERY, || {
        let said = gateway.command(&["quarantine", "list", "--json"]);
        (said.json_lines().len() == 1).then_some(())
    });
    let text = wait_for("the record", limits::DELIVERY, || {
        let said = gateway.command(&["track", "held"]);
        (said.exit == 0 && said.out.contains("Falcon")).then_some(said.out)
    });
    for words in ["list Falcon in the text", "falcon of our project", "score 7 of 5"] {
        assert!(text.contains(words), "{words} in\n{text}");
    }
}

#[test]
fn a_text_exemption_lets_spam_pass() {
    let sink = Sink::start();
    let exemption = json!([{"name": "Tickets", "place": "subject", "text": "[ticket*"}]);
    let options = Options::to(sink.port())
        .with("expressions.exemptions", exemption)
        .with("policy.rules", rules());
    let gateway = Gateway::start(options);
    submit(&gateway, &mails::plain("held", &mails::gtube()));
    submit(&gateway, &mails::plain("Re: [Ticket-12] passed", &mails::gtube()));
    sink.expect(1);
    let content = String::from_utf8_lossy(&sink.messages()[0].content).into_owned();
    assert!(content.contains("[Ticket-12]"), "{content}");
}

#[test]
fn an_expression_that_cannot_be_used_is_refused_with_the_reason() {
    let gateway = Gateway::start(Options::default());
    for (pattern, reason) in
        [("a(b", "does not compile"), ("a*", "empty text"), ("(?=(a+)+$)a", "10 ms")]
    {
        let said = gateway.command(&["expressions", "test", pattern]);
        assert!(said.exit == 2, "{pattern}: {said:?}");
        let all = format!("{said:?}");
        assert!(all.contains(reason), "{all}");
    }
}
