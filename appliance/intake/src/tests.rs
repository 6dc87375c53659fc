//! The role as a whole: real loopback connections on one side, and a queue, a control and a ledger
//! of the tests' own on the other.

mod peers;

use ipc::contracts::Admission;
use mail::{Deed, Direction, Listener, Reply, Sender};
use peers::{Answering, Client, World};
use serde_json::json;

const OPEN: &str = "MAIL FROM:<ann@a.test>\r\nRCPT TO:<bob@example.test>\r\n";

async fn greeted(world: &World) -> Client {
    let mut client = Client::connect(world.smtp).await;
    assert!(client.reply().await.starts_with("220 gatepost.example.test ESMTP"));
    assert!(client.say("EHLO a.test\r\n").await.starts_with("250 "));
    client
}

/// Sends one message and gives the last reply.
async fn send(client: &mut Client, body: &str) -> String {
    client.write(&format!("{OPEN}DATA\r\n")).await;
    assert_eq!(client.reply().await, "250 2.1.0 Sender ok");
    assert_eq!(client.reply().await, "250 2.1.5 Recipient ok");
    assert!(client.reply().await.starts_with("354 "));
    client.say(&format!("{body}\r\n.\r\n")).await
}

#[tokio::test]
async fn a_message_is_kept_handed_over_and_answered() {
    let mut world = World::start(json!({})).await;
    let mut client = greeted(&world).await;
    let reply = send(&mut client, "Subject: x\r\n\r\n..dot").await;
    let (envelope, body) = world.admitted().await;
    assert_eq!(reply, format!("250 2.0.0 Ok: kept as {}", envelope.id));
    assert_eq!(envelope.sender, Sender::Mailbox("ann@a.test".parse().unwrap()));
    assert_eq!(envelope.recipients.len(), 1);
    assert_eq!(envelope.client.helo, "a.test");
    assert_eq!((envelope.listener, envelope.direction), (Listener::Smtp, Direction::Outgoing));
    assert_eq!(envelope.size, body.len() as u64);
    let text = String::from_utf8(body).unwrap();
    let expected = format!(
        "Received: from a.test ([127.0.0.1])\r\n\tby gatepost.example.test with ESMTP id {}\r\n\tfor <bob@example.test>;\r\n\t",
        envelope.id
    );
    assert!(text.starts_with(&expected), "{text}");
    assert!(text.ends_with(" +0000\r\nSubject: x\r\n\r\n.dot\r\n"), "{text}");
    let received = world.event(|deed| matches!(deed, Deed::Received { .. })).await;
    assert_eq!(received.message, Some(envelope.id));
    assert_eq!(received.session, Some(envelope.session));
    let answered = world.event(|deed| matches!(deed, Deed::Answered { .. })).await;
    assert!(matches!(answered.deed, Deed::Answered { reply, .. } if reply.code() == 250));
    assert_eq!(client.say("QUIT\r\n").await, "221 2.0.0 Bye");
    assert!(client.ended().await);
    world.stop().await;
}

#[tokio::test]
async fn many_messages_in_many_connections_are_all_kept_apart() {
    let mut world = World::start(json!({})).await;
    let mut tasks = Vec::new();
    for connection in 0..10 {
        let mut client = greeted(&world).await;
        tasks.push(tokio::spawn(async move {
            for number in 0..20 {
                let reply = send(&mut client, &format!("Subject: {connection}-{number}\r\n")).await;
                assert!(reply.starts_with("250 2.0.0"), "{reply}");
            }
        }));
    }
    let mut subjects = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let (_, body) = world.admitted().await;
        let text = String::from_utf8(body).unwrap();
        subjects.insert(
            text.lines().last().map(|_| text.split("Subject: ").nth(1).unwrap().trim().to_owned()),
        );
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(subjects.len(), 200);
    world.stop().await;
}

#[tokio::test]
async fn what_queue_refuses_is_refused_in_the_session() {
    let refusal = Reply::coded(554, 5, 7, 1, "Malware found");
    let mut world =
        World::start_with(json!({}), Answering::With(Admission::Refused(refusal))).await;
    let mut client = greeted(&world).await;
    assert_eq!(send(&mut client, "x").await, "554 5.7.1 Malware found");
    let id = world.admitted().await.0.id;
    let answered = world.event(|deed| matches!(deed, Deed::Answered { .. })).await;
    assert_eq!(answered.message, Some(id));
    assert!(client.say("NOOP\r\n").await.starts_with("250"));
    world.stop().await;
}

#[tokio::test]
async fn a_queue_that_goes_away_while_a_session_waits_makes_250() {
    let mut world = World::start_with(json!({}), Answering::Vanish).await;
    let mut client = greeted(&world).await;
    assert!(send(&mut client, "x").await.starts_with("250 2.0.0"));
    let first = world.admitted().await;
    // It comes back and is sent the message again.
    let again = world.admitted().await;
    assert_eq!(first.0.id, again.0.id);
    assert_eq!(first.1, again.1);
    world.stop().await;
}

#[tokio::test]
async fn without_a_budget_the_answer_is_not_awaited() {
    let settings = json!({"in_session_budget_seconds": 0});
    let mut world = World::start_with(settings, Answering::Never).await;
    let mut client = greeted(&world).await;
    assert!(send(&mut client, "x").await.starts_with("250 2.0.0"));
    world.admitted().await;
    world.stop().await;
}

#[tokio::test]
async fn a_verdict_that_is_late_makes_250() {
    let settings = json!({"in_session_budget_seconds": 1});
    let mut world = World::start_with(settings, Answering::Never).await;
    let mut client = greeted(&world).await;
    assert!(send(&mut client, "x").await.starts_with("250 2.0.0"));
    world.admitted().await;
    world.stop().await;
}

#[tokio::test]
async fn without_queue_mail_is_postponed() {
    let world = World::start_with(json!({}), Answering::Absent).await;
    let mut client = greeted(&world).await;
    assert!(client.say("MAIL FROM:<a@b.test>\r\n").await.starts_with("451 4.3.0"));
    world.stop().await;
}

#[tokio::test]
async fn pressure_postpones_mail_with_queues_own_words() {
    let reply = Reply::coded(452, 4, 3, 1, "Backlog of 10 minutes");
    let mut world = World::start_with(json!({}), Answering::Pressed(reply)).await;
    world.pressed().await;
    let mut client = greeted(&world).await;
    // Until queue's word has arrived the reply is 451; either way no mail comes in.
    let mut said = client.say("MAIL FROM:<a@b.test>\r\n").await;
    for _ in 0..10 {
        if said.starts_with("452") {
            break;
        }
        said = client.say("MAIL FROM:<a@b.test>\r\n").await;
    }
    assert!(said.starts_with("45"), "{said}");
    world.stop().await;
}

#[tokio::test]
async fn strangers_cannot_relay_and_the_record_says_so() {
    let mut world = World::start(json!({"permitted_senders": []})).await;
    let mut client = greeted(&world).await;
    client.say("MAIL FROM:<spam@a.test>\r\n").await;
    let reply = client.say("RCPT TO:<victim@elsewhere.test>\r\n").await;
    assert_eq!(reply, "550 5.7.1 Relaying to elsewhere.test is denied");
    client.say("QUIT\r\n").await;
    let ended = world.event(|deed| matches!(deed, Deed::SessionEnded { .. })).await;
    let Deed::SessionEnded { helo, refused, sender, recipient, because, .. } = ended.deed else {
        panic!("another deed");
    };
    assert_eq!(helo, "a.test");
    assert_eq!(refused.unwrap().code(), 550);
    assert_eq!(sender.unwrap().to_string(), "spam@a.test");
    assert_eq!(recipient.as_deref(), Some("victim@elsewhere.test"));
    assert_eq!(because, "Relaying to elsewhere.test is denied");
    let mut client = greeted(&world).await;
    assert!(send(&mut client, "x").await.starts_with("250"));
    assert_eq!(world.admitted().await.0.direction, Direction::Incoming);
    world.stop().await;
}

#[tokio::test]
async fn a_denied_client_gets_554_and_a_record() {
    let mut world = World::start(json!({"connection_list": ["127.0.0.0/8"]})).await;
    let mut client = Client::connect(world.smtp).await;
    assert!(client.reply().await.starts_with("554 5.7.1"));
    assert!(client.ended().await);
    let ended = world.event(|deed| matches!(deed, Deed::SessionEnded { .. })).await;
    assert!(
        matches!(ended.deed, Deed::SessionEnded { refused: Some(reply), .. } if reply.code() == 554)
    );
    world.stop().await;
}

#[tokio::test]
async fn one_client_cannot_take_all_connections() {
    let world = World::start(json!({"maximum_connections_per_client": 2})).await;
    let mut first = greeted(&world).await;
    let _second = greeted(&world).await;
    let mut third = Client::connect(world.smtp).await;
    assert!(third.reply().await.starts_with("421 4.7.0"));
    assert!(third.ended().await);
    assert!(first.say("QUIT\r\n").await.starts_with("221"));
    world.stop().await;
}

#[tokio::test]
async fn a_bare_line_feed_is_refused_and_the_client_can_read_it() {
    let mut world = World::start(json!({})).await;
    let mut client = greeted(&world).await;
    let smuggled = format!("x\r\n.\n{OPEN}DATA\r\nevil\r\n").repeat(1000);
    assert!(send(&mut client, &smuggled).await.starts_with("554 5.5.2"));
    assert!(client.ended().await);
    let ended = world.event(|deed| matches!(deed, Deed::SessionEnded { .. })).await;
    assert!(
        matches!(ended.deed, Deed::SessionEnded { because, .. } if because.contains("line feed"))
    );
    assert!(world.nothing_admitted());
    world.stop().await;
}

#[tokio::test]
async fn who_speaks_before_the_greeting_is_refused() {
    let world = World::prepare();
    let mut early = Client::connect(world.smtp).await;
    early.write("EHLO a.test\r\n").await;
    let world = world.run(json!({}), Answering::With(Admission::Kept)).await;
    assert!(early.reply().await.starts_with("554 5.5.1"));
    assert!(early.ended().await);
    world.stop().await;
}

#[tokio::test]
async fn a_looping_message_is_refused_with_its_hops() {
    let mut world = World::start(json!({})).await;
    let mut client = greeted(&world).await;
    let hops = "Received: from x by one.test; date\r\nReceived: by two.test; date\r\n".repeat(26);
    let reply = send(&mut client, &format!("{hops}\r\nbody")).await;
    assert!(reply.starts_with("554 5.4.6 Mail loop: 51 hops"), "{reply}");
    assert!(reply.contains("two.test and one.test"), "{reply}");
    let own = "Received: by gatepost.example.test; date\r\n".repeat(3);
    assert!(send(&mut client, &format!("{own}\r\nbody")).await.starts_with("554 5.4.6"));
    assert!(send(&mut client, "fine").await.starts_with("250"));
    let (_, body) = world.admitted().await;
    assert!(body.ends_with(b"fine\r\n"));
    world.stop().await;
}

#[tokio::test]
async fn a_large_message_comes_through_unchanged() {
    let mut world = World::start(json!({})).await;
    let mut client = greeted(&world).await;
    let line = "0123456789abcdef".repeat(4);
    let text: String = (0..40_000).map(|number| format!(".{number} {line}\r\n")).collect();
    let stuffed = text.replace("\r\n.", "\r\n..").replacen('.', "..", 1);
    let reply = send(&mut client, stuffed.trim_end()).await;
    assert!(reply.starts_with("250"), "{reply}");
    let (envelope, body) = world.admitted().await;
    assert_eq!(envelope.size, body.len() as u64);
    assert!(body.ends_with(text.as_bytes()));
    world.stop().await;
}

#[tokio::test]
async fn a_message_over_the_limit_is_swallowed_and_refused() {
    let world = World::start(json!({"maximum_message_bytes": 10_000})).await;
    let mut client = greeted(&world).await;
    let reply = send(&mut client, &"0123456789\r\n".repeat(20_000)).await;
    assert_eq!(reply, "552 5.3.4 Message too big, the limit is 10000 octets");
    assert!(client.say("NOOP\r\n").await.starts_with("250"));
    assert!(world.nothing_admitted());
    world.stop().await;
}

#[tokio::test]
async fn below_the_disk_reserve_new_mail_is_postponed() {
    let world = World::start(json!({"disk_reserve_bytes": 1_u64 << 50})).await;
    let mut client = greeted(&world).await;
    client.write(&format!("{OPEN}DATA\r\n")).await;
    assert!(client.reply().await.starts_with("250") && client.reply().await.starts_with("250"));
    assert!(client.reply().await.starts_with("452 4.3.1"));
    client.write(&format!("{OPEN}BDAT 6 LAST\r\nQUIT\r\n")).await;
    assert!(client.reply().await.starts_with("250") && client.reply().await.starts_with("250"));
    assert!(client.reply().await.starts_with("452 4.3.1"));
    assert!(client.say("NOOP\r\n").await.starts_with("250"));
    assert!(world.nothing_admitted());
    world.stop().await;
}

#[tokio::test]
async fn a_failed_handshake_is_on_record() {
    let mut world = World::start(json!({})).await;
    let mut client = Client::connect(world.submissions).await;
    client.write("EHLO a.test\r\nEHLO a.test\r\n").await;
    assert!(client.ended().await || !client.reply().await.starts_with("2"));
    let ended = world.event(|deed| matches!(deed, Deed::SessionEnded { .. })).await;
    assert!(
        matches!(ended.deed, Deed::SessionEnded { because, .. } if because.contains("handshake"))
    );
    world.stop().await;
}

#[tokio::test]
async fn a_client_that_breaks_off_in_the_body_leaves_nothing() {
    let mut world = World::start(json!({})).await;
    for (end, listener) in
        [("half a mess", world.smtp), ("line\r\n.", world.smtp), ("line\r\n.\r", world.smtp)]
    {
        let mut client = Client::connect(listener).await;
        client.reply().await;
        client.say("EHLO a.test\r\n").await;
        client.write(&format!("{OPEN}DATA\r\n")).await;
        for _ in 0..3 {
            client.reply().await;
        }
        client.write(end).await;
        drop(client);
        let ended = world.event(|deed| matches!(deed, Deed::SessionEnded { .. })).await;
        assert!(matches!(ended.deed, Deed::SessionEnded { sender: Some(_), .. }));
    }
    assert!(world.nothing_admitted());
    world.stop().await;
}

#[tokio::test]
async fn chunks_come_in_with_their_commands_in_one_write() {
    let mut world = World::start(json!({})).await;
    let mut client = greeted(&world).await;
    client.write(&format!("{OPEN}BDAT 7\r\none\r\n\r\nBDAT 5 LAST\r\ntwo\r\nQUIT\r\n")).await;
    let mut codes = Vec::new();
    for _ in 0..5 {
        codes.push(client.reply().await[..3].to_owned());
    }
    assert_eq!(codes.join(" "), "250 250 250 250 221");
    assert!(world.admitted().await.1.ends_with(b"one\r\n\r\ntwo\r\n"));
    world.stop().await;
}

#[tokio::test]
async fn starttls_protects_and_is_on_record() {
    let mut world = World::start(json!({})).await;
    let mut client = greeted(&world).await;
    assert_eq!(client.say("STARTTLS\r\n").await, "220 2.0.0 Ready to start TLS");
    let mut client = client.secure(&world.certificate).await;
    assert!(client.say("MAIL FROM:<a@b.test>\r\n").await.starts_with("503"), "EHLO is forgotten");
    client.say("EHLO secret.test\r\n").await;
    assert!(send(&mut client, "x").await.starts_with("250"));
    let (envelope, body) = world.admitted().await;
    let tls = envelope.client.tls.unwrap();
    assert_eq!(tls.version, "TLSv1.3");
    assert!(tls.cipher.starts_with("TLS_") && !tls.cipher.contains("TLS13"), "{}", tls.cipher);
    assert_eq!(envelope.client.helo, "secret.test");
    let text = String::from_utf8(body).unwrap();
    assert!(text.contains(&format!("with ESMTPS (TLSv1.3 {}) id", tls.cipher)), "{text}");
    world.stop().await;
}

#[tokio::test]
async fn commands_injected_before_tls_are_refused() {
    let mut world = World::start(json!({})).await;
    let mut client = greeted(&world).await;
    assert!(client.say("STARTTLS\r\nMAIL FROM:<evil@a.test>\r\n").await.starts_with("554 5.5.0"));
    assert!(client.ended().await);
    assert!(world.nothing_admitted());
    world.event(|deed| matches!(deed, Deed::SessionEnded { .. })).await;
    world.stop().await;
}

#[tokio::test]
async fn submission_ports_want_tls_and_a_permitted_sender() {
    let mut world = World::start(json!({})).await;
    let mut client = Client::connect(world.submission).await;
    client.reply().await;
    client.say("EHLO a.test\r\n").await;
    assert!(client.say("MAIL FROM:<a@b.test>\r\n").await.starts_with("530 5.7.0"));
    let client = Client::connect(world.submissions).await;
    let mut client = client.secure(&world.certificate).await;
    assert!(client.reply().await.starts_with("220"));
    client.say("EHLO a.test\r\n").await;
    assert!(send(&mut client, "x").await.starts_with("250"));
    assert_eq!(world.admitted().await.0.listener, Listener::Submissions);
    world.stop().await;

    let world = World::start(json!({"permitted_senders": []})).await;
    let client = Client::connect(world.submissions).await;
    let mut client = client.secure(&world.certificate).await;
    client.reply().await;
    client.say("EHLO a.test\r\n").await;
    assert!(client.say("MAIL FROM:<a@b.test>\r\n").await.starts_with("530 5.7.0"));
    world.stop().await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_with_421() {
    let world = World::start(json!({"idle_timeout_seconds": 1})).await;
    let mut client = greeted(&world).await;
    assert!(client.reply().await.starts_with("421 4.4.2"));
    assert!(client.ended().await);
    world.stop().await;
}

#[tokio::test]
async fn new_settings_hold_for_new_connections() {
    let world = World::start(json!({})).await;
    let mut old = greeted(&world).await;
    world.change(json!({"host_name": "new.example.test"}));
    // Each connection shows the settings of its start; the new ones arrive in their own time.
    loop {
        let mut client = Client::connect(world.smtp).await;
        let greeting = client.reply().await;
        client.say("QUIT\r\n").await;
        if greeting == "220 new.example.test ESMTP" {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert!(old.say("NOOP\r\n").await.starts_with("250"));
    world.stop().await;
}

#[tokio::test]
async fn a_stop_says_421_and_ends() {
    let world = World::start(json!({})).await;
    let mut client = greeted(&world).await;
    world.stop().await;
    assert!(client.reply().await.starts_with("421 4.3.2"));
    assert!(client.ended().await);
}
