//! Transactions played against scripted replies.

use mail::{Address, Notify, Outcome, Recipient, Reply, Return, Sender};
use proptest::prelude::*;

use super::*;
use crate::client::ReplyReader;

const ALL: Extensions = Extensions {
    pipelining: true,
    size: None,
    size_offered: true,
    eight_bit_mime: true,
    smtputf8: true,
    dsn: true,
    starttls: false,
};

fn say(octets: &str) -> RemoteReply {
    let mut reader = ReplyReader::new();
    reader.feed(octets.as_bytes());
    reader.next_reply().unwrap().unwrap()
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn to(addresses: &[&str]) -> Vec<Recipient> {
    addresses.iter().map(|text| Recipient::plain(address(text))).collect()
}

fn order<'a>(sender: &'a Sender, recipients: &'a [Recipient]) -> Order<'a> {
    Order {
        sender,
        recipients,
        size: 100,
        facts: BodyFacts::default(),
        smtputf8: false,
        ret: None,
        envid: None,
    }
}

fn mailbox() -> Sender {
    Sender::Mailbox(address("ann@a.test"))
}

/// What was said in all, whether the body went out, and the outcomes.
struct Played {
    said: String,
    body: bool,
    close: bool,
    reset: bool,
    outcomes: Vec<Outcome>,
}

fn play(order: Order<'_>, offered: Extensions, replies: &[&str]) -> Played {
    let mut out = Vec::new();
    let mut transaction = match Transaction::begin(order, offered, false, &mut out) {
        Begun::Open(transaction) => transaction,
        Begun::Unfit(outcomes) => {
            assert!(out.is_empty() && replies.is_empty());
            return Played {
                said: String::new(),
                body: false,
                close: false,
                reset: false,
                outcomes,
            };
        }
    };
    let mut body = false;
    for (index, reply) in replies.iter().enumerate() {
        match transaction.reply(&say(reply), &mut out) {
            Next::Wait => {}
            Next::Body => body = true,
            Next::Ended => {
                assert_eq!(index + 1, replies.len(), "it ended before the script did");
                return Played {
                    said: String::from_utf8(out).unwrap(),
                    body,
                    close: transaction.must_close(),
                    reset: transaction.needs_reset(),
                    outcomes: transaction.outcomes(),
                };
            }
        }
    }
    panic!("the script ended before the transaction did: {transaction:?}");
}

fn words(outcomes: &[Outcome]) -> Vec<&'static str> {
    let word = |outcome: &Outcome| match outcome {
        Outcome::Delivered(_) => "delivered",
        Outcome::Deferred(_) => "deferred",
        Outcome::Failed(_) => "failed",
    };
    outcomes.iter().map(word).collect()
}

#[test]
fn a_pipelined_transaction_is_one_write() {
    let (sender, recipients) = (mailbox(), to(&["bob@b.test", "cid@b.test"]));
    let mut out = Vec::new();
    let begun = Transaction::begin(order(&sender, &recipients), ALL, false, &mut out);
    assert!(matches!(begun, Begun::Open(_)));
    let said = "MAIL FROM:<ann@a.test> SIZE=100\r\nRCPT TO:<bob@b.test>\r\n\
                RCPT TO:<cid@b.test>\r\nDATA\r\n";
    assert_eq!(String::from_utf8(out).unwrap(), said);
    let played = play(
        order(&sender, &recipients),
        ALL,
        &["250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 2.0.0 kept as 7\r\n"],
    );
    assert!(played.body && !played.close && !played.reset);
    let kept = Outcome::Delivered(Reply::coded(250, 2, 0, 0, "kept as 7"));
    assert_eq!(played.outcomes, [kept.clone(), kept]);
}

#[test]
fn without_pipelining_each_command_waits_for_its_reply() {
    let (sender, recipients) = (Sender::Null, to(&["bob@b.test"]));
    let mut out = Vec::new();
    let Begun::Open(mut transaction) =
        Transaction::begin(order(&sender, &recipients), Extensions::default(), false, &mut out)
    else {
        panic!("unfit")
    };
    for (said, reply) in
        [("MAIL FROM:<>\r\n", "250 ok\r\n"), ("RCPT TO:<bob@b.test>\r\n", "250 ok\r\n")]
    {
        assert_eq!(std::mem::take(&mut out), said.as_bytes());
        assert_eq!(transaction.reply(&say(reply), &mut out), Next::Wait);
    }
    assert_eq!(out, b"DATA\r\n");
    assert_eq!(transaction.reply(&say("354 go\r\n"), &mut out), Next::Body);
}

#[test]
fn each_recipient_has_its_own_outcome() {
    let sender = mailbox();
    let recipients = to(&["a@b.test", "b@b.test", "c@b.test"]);
    let played = play(
        order(&sender, &recipients),
        ALL,
        &[
            "250 ok\r\n",
            "550 5.1.1 no\r\n",
            "250 ok\r\n",
            "450 4.2.1 later\r\n",
            "354 go\r\n",
            "250 ok\r\n",
        ],
    );
    assert_eq!(words(&played.outcomes), ["failed", "delivered", "deferred"]);
}

#[test]
fn a_refused_sender_is_every_recipients_outcome() {
    let (sender, recipients) = (mailbox(), to(&["a@b.test", "b@b.test"]));
    let script = ["550 5.7.1 not you\r\n", "503 no\r\n", "503 no\r\n", "503 no\r\n"];
    let played = play(order(&sender, &recipients), ALL, &script);
    let refused = Outcome::Failed(Reply::coded(550, 5, 7, 1, "not you"));
    assert_eq!(played.outcomes, [refused.clone(), refused]);
    assert!(!played.body && !played.reset);
    let alone = play(order(&sender, &recipients), Extensions::default(), &["451 later\r\n"]);
    assert_eq!(words(&alone.outcomes), ["deferred", "deferred"]);
}

#[test]
fn a_354_for_nobody_is_taken_back_without_the_message() {
    let (sender, recipients) = (mailbox(), to(&["a@b.test"]));
    let script = ["250 ok\r\n", "550 no\r\n", "354 go\r\n", "250 ok\r\n"];
    let played = play(order(&sender, &recipients), ALL, &script);
    assert!(!played.body);
    assert!(played.said.ends_with("DATA\r\n.\r\n"));
    assert_eq!(words(&played.outcomes), ["failed"], "a 250 for nobody delivers nobody");
}

#[test]
fn a_transaction_left_open_is_reset_before_the_next() {
    let (sender, recipients) = (mailbox(), to(&["a@b.test"]));
    let script = ["250 ok\r\n", "550 no\r\n", "503 nobody\r\n"];
    let played = play(order(&sender, &recipients), ALL, &script);
    assert!(played.reset);
    let mut out = Vec::new();
    let _ = Transaction::begin(order(&sender, &recipients), ALL, true, &mut out);
    assert!(out.starts_with(b"RSET\r\nMAIL FROM:"));
    let unpipelined =
        play(order(&sender, &recipients), Extensions::default(), &["250 ok\r\n", "550 no\r\n"]);
    assert!(unpipelined.reset, "no DATA for nobody");
    assert!(!unpipelined.said.contains("DATA"));
}

#[test]
fn a_refused_message_fails_only_those_that_were_accepted() {
    let (sender, recipients) = (mailbox(), to(&["a@b.test", "b@b.test"]));
    let script =
        ["250 ok\r\n", "450 4.2.1 later\r\n", "250 ok\r\n", "354 go\r\n", "554 5.7.1 spam\r\n"];
    let played = play(order(&sender, &recipients), ALL, &script);
    assert_eq!(words(&played.outcomes), ["deferred", "failed"]);
}

#[test]
fn four_two_one_ends_it_at_any_stage() {
    let (sender, recipients) = (mailbox(), to(&["a@b.test", "b@b.test"]));
    let good = ["250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"];
    for stage in 0..=good.len() {
        let mut script = good[..stage].to_vec();
        script.push("421 4.3.2 closing\r\n");
        let played = play(order(&sender, &recipients), ALL, &script);
        assert!(played.close);
        assert_eq!(words(&played.outcomes), ["deferred", "deferred"], "stage {stage}");
    }
}

#[test]
fn replies_out_of_place_deliver_nothing() {
    let (sender, recipients) = (mailbox(), to(&["a@b.test"]));
    for script in [
        vec!["354 go\r\n"],
        vec!["250 ok\r\n", "354 go\r\n"],
        vec!["250 ok\r\n", "250 ok\r\n", "250 ok\r\n"],
        vec!["250 ok\r\n", "250 ok\r\n", "354 go\r\n", "354 go on\r\n"],
    ] {
        let played = play(order(&sender, &recipients), ALL, &script);
        assert!(played.close, "{script:?}");
        assert_eq!(words(&played.outcomes), ["deferred"], "{script:?}");
    }
}

#[test]
fn too_many_recipients_said_as_552_is_temporary_but_a_full_mailbox_is_not() {
    let (sender, recipients) = (mailbox(), to(&["a@b.test", "b@b.test"]));
    let script = ["250 ok\r\n", "552 too many\r\n", "552 5.2.2 full\r\n", "503 nobody\r\n"];
    let played = play(order(&sender, &recipients), ALL, &script);
    assert_eq!(words(&played.outcomes), ["deferred", "failed"]);
}

#[test]
fn a_message_over_the_told_size_is_not_offered() {
    let (sender, recipients) = (mailbox(), to(&["a@b.test"]));
    let small = Extensions { size: Some(99), ..ALL };
    let played = play(order(&sender, &recipients), small, &[]);
    assert_eq!(played.outcomes[0].reply().enhanced(), Some(mail::Enhanced(5, 3, 4)));
}

#[test]
fn eight_bit_content_fails_where_8bitmime_is_missing() {
    let (sender, recipients) = (mailbox(), to(&["a@b.test"]));
    let facts = BodyFacts { eight_bit: true, ..BodyFacts::default() };
    let old = Extensions { eight_bit_mime: false, ..ALL };
    let played = play(Order { facts, ..order(&sender, &recipients) }, old, &[]);
    assert!(matches!(&played.outcomes[0], Outcome::Failed(reply)
        if reply.enhanced() == Some(mail::Enhanced(5, 6, 3))));
    let mut out = Vec::new();
    let _ =
        Transaction::begin(Order { facts, ..order(&sender, &recipients) }, ALL, false, &mut out);
    assert!(out.starts_with(b"MAIL FROM:<ann@a.test> SIZE=100 BODY=8BITMIME\r\n"));
}

#[test]
fn internationalised_mail_fails_where_smtputf8_is_missing() {
    let old = Extensions { smtputf8: false, ..ALL };
    let (sender, recipients) = (Sender::Mailbox(address("jörg@a.test")), to(&["a@b.test"]));
    let played = play(order(&sender, &recipients), old, &[]);
    assert_eq!(played.outcomes[0].reply().enhanced(), Some(mail::Enhanced(5, 6, 7)));
    let ascii = mailbox();
    let facts = BodyFacts { eight_bit: true, ..BodyFacts::default() };
    let utf8_header = Order { facts, smtputf8: true, ..order(&ascii, &recipients) };
    assert_eq!(words(&play(utf8_header, old, &[]).outcomes), ["failed"]);
    let all_ascii = Order { smtputf8: true, ..order(&ascii, &recipients) };
    let script = ["250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 ok\r\n"];
    assert_eq!(words(&play(all_ascii, old, &script).outcomes), ["delivered"]);
}

#[test]
fn one_internationalised_recipient_does_not_fail_the_others() {
    let old = Extensions { smtputf8: false, ..ALL };
    let (sender, recipients) = (mailbox(), to(&["jörg@b.test", "a@b.test", "zoë@b.test"]));
    let script = ["250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 ok\r\n"];
    let played = play(order(&sender, &recipients), old, &script);
    assert_eq!(words(&played.outcomes), ["failed", "delivered", "failed"]);
    assert!(played.said.is_ascii());
    let nobody = to(&["jörg@b.test"]);
    assert_eq!(words(&play(order(&sender, &nobody), old, &[]).outcomes), ["failed"]);
}

#[test]
fn dsn_parameters_travel_where_dsn_is_offered_and_nowhere_else() {
    let sender = mailbox();
    let recipients = [Recipient {
        address: address("bob@b.test"),
        notify: Some(Notify { success: true, failure: true, delay: false }),
        original: Some("rfc822;bob+40b.test".to_owned()),
    }];
    let with = Order {
        ret: Some(Return::Headers),
        envid: Some("QQ314159"),
        ..order(&sender, &recipients)
    };
    let mut out = Vec::new();
    let _ = Transaction::begin(with, ALL, false, &mut out);
    let said = "MAIL FROM:<ann@a.test> SIZE=100 RET=HDRS ENVID=QQ314159\r\nRCPT TO:<bob@b.test> \
                NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;bob+40b.test\r\nDATA\r\n";
    assert_eq!(String::from_utf8(out).unwrap(), said);
    let mut out = Vec::new();
    let _ = Transaction::begin(with, Extensions { dsn: false, ..ALL }, false, &mut out);
    assert!(!String::from_utf8(out).unwrap().contains("ENVID"));
}

#[test]
fn a_parameter_cannot_carry_a_command() {
    let sender = mailbox();
    let recipients = [Recipient {
        address: address("bob@b.test"),
        notify: None,
        original: Some("rfc822;x\r\nRCPT TO:<evil@b.test>".to_owned()),
    }];
    let with = Order { envid: Some("a b\r\nRSET"), ..order(&sender, &recipients) };
    let mut out = Vec::new();
    let _ = Transaction::begin(with, ALL, false, &mut out);
    let said = String::from_utf8(out).unwrap();
    assert_eq!(said.matches("\r\n").count(), 3);
    assert!(!said.contains("ENVID") && !said.contains("ORCPT"));
}

#[test]
fn thousands_of_recipients_go_in_bounded_groups() {
    let sender = mailbox();
    let names: Vec<String> = (0..1000).map(|n| format!("u{n}@b.test")).collect();
    let recipients = to(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut out = Vec::new();
    let Begun::Open(mut transaction) =
        Transaction::begin(order(&sender, &recipients), ALL, false, &mut out)
    else {
        panic!("unfit")
    };
    let mut said = 0;
    let mut replied = 0;
    loop {
        let lines = out.iter().filter(|octet| **octet == b'\n').count();
        out.clear();
        said += lines;
        assert!(said - replied <= limits::PIPELINED_COMMANDS);
        let reply = if replied == 1001 { "354 go\r\n" } else { "250 ok\r\n" };
        replied += 1;
        if transaction.reply(&say(reply), &mut out) == Next::Body {
            break;
        }
    }
    assert_eq!((said, replied), (1002, 1002));
}

#[test]
fn a_lost_connection_defers_those_without_an_answer() {
    let (sender, recipients) = (mailbox(), to(&["a@b.test", "b@b.test"]));
    let mut out = Vec::new();
    let Begun::Open(mut transaction) =
        Transaction::begin(order(&sender, &recipients), ALL, false, &mut out)
    else {
        panic!("unfit")
    };
    assert!(transaction.is_untouched());
    let _ = transaction.reply(&say("250 ok\r\n"), &mut out);
    let _ = transaction.reply(&say("550 no\r\n"), &mut out);
    assert!(!transaction.is_untouched());
    assert_eq!(words(&transaction.lost("gone")), ["failed", "deferred"]);
}

proptest! {
    /// Whatever a next hop answers, each recipient has one outcome, the body goes out at most
    /// once, and nobody is delivered without a 2xx to RCPT and a 2xx after the body.
    #[test]
    fn a_hostile_next_hop_cannot_forge_a_delivery(
        codes in proptest::collection::vec(
            prop_oneof![Just(250u16), Just(354), Just(450), Just(550), Just(421), Just(552), 200u16..600], 0..30),
        people in 1usize..6,
        pipelining in any::<bool>(),
    ) {
        let sender = mailbox();
        let names: Vec<String> = (0..people).map(|n| format!("u{n}@b.test")).collect();
        let recipients = to(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let offered = Extensions { pipelining, ..ALL };
        let mut out = Vec::new();
        let Begun::Open(mut transaction) =
            Transaction::begin(order(&sender, &recipients), offered, false, &mut out)
        else { return Err(TestCaseError::fail("unfit")) };
        let mut bodies = 0;
        let mut last = 0;
        for code in codes {
            last = code;
            match transaction.reply(&say(&format!("{code} x\r\n")), &mut out) {
                Next::Wait => {}
                Next::Body => bodies += 1,
                Next::Ended => break,
            }
        }
        let outcomes = transaction.lost("the script is over");
        prop_assert_eq!(outcomes.len(), people);
        prop_assert!(bodies <= 1);
        if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Delivered(_))) {
            prop_assert!(bodies == 1 && (200..300).contains(&last));
        }
    }
}
