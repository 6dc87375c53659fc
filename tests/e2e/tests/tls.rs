//! TLS on every door, and that nothing said in clear survives STARTTLS.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::net::SocketAddr;

use gatepost_test_e2e::{Client, Gateway, Options, Sink, is_installed, mails, skip, tool};

#[test]
fn mail_comes_in_by_starttls_and_by_implicit_tls() {
    let sink = Sink::start();
    let gateway = Gateway::start(Options::to(sink.port()));
    let mail = mails::plain("under TLS", "secret");
    let mut upgraded = Client::greeted(gateway.smtp()).unwrap().start_tls().unwrap();
    assert_eq!(upgraded.submit("a@sender.test", &["bob@example.test"], &mail).unwrap().code, 250);
    let (mut implicit, greeting) = Client::connect_tls(gateway.submissions()).unwrap();
    assert_eq!(greeting.code, 220);
    assert_eq!(implicit.command("EHLO client.sender.test").unwrap().code, 250);
    assert_eq!(implicit.submit("a@sender.test", &["bob@example.test"], &mail).unwrap().code, 250);
    sink.expect(2);
    for taken in sink.messages() {
        let text = String::from_utf8_lossy(&taken.content).into_owned();
        assert!(text.contains("ESMTPS"), "the Received line tells of TLS:\n{text}");
    }
}

#[test]
fn starttls_is_offered_once_and_forgets_what_was_said_in_clear() {
    let gateway = Gateway::start(Options::default());
    let (mut client, _) = Client::connect(gateway.smtp()).unwrap();
    assert!(client.command("EHLO client.sender.test").unwrap().offers("STARTTLS"));
    assert_eq!(client.command("MAIL FROM:<clear@sender.test>").unwrap().code, 250);
    let mut client = client.start_tls().unwrap();
    assert!(!client.command("EHLO client.sender.test").unwrap().offers("STARTTLS"));
    let reply = client.command("RCPT TO:<bob@example.test>").unwrap();
    assert_eq!(reply.code, 503, "the sender given in clear is forgotten: {reply:?}");
}

#[test]
fn commands_pipelined_behind_starttls_are_never_obeyed() {
    let sink = Sink::start();
    let gateway = Gateway::start(Options::to(sink.port()));
    let mut client = Client::greeted(gateway.smtp()).unwrap();
    client
        .send(
            b"STARTTLS\r\nMAIL FROM:<smuggled@sender.test>\r\nRCPT TO:<bob@example.test>\r\n\
              DATA\r\nSubject: injected\r\n\r\nx\r\n.\r\n",
        )
        .unwrap();
    let replies = client.replies_to_the_end();
    assert!(replies.len() <= 1, "one reply at most, then the end: {replies:?}");
    let mut honest = Client::greeted(gateway.smtp()).unwrap();
    let mail = mails::plain("honest", "x");
    assert_eq!(honest.submit("a@sender.test", &["bob@example.test"], &mail).unwrap().code, 250);
    sink.expect(1);
    assert_eq!(sink.messages()[0].sender, "a@sender.test");
}

#[test]
fn swaks_delivers_on_every_door() {
    if !is_installed("swaks") {
        return skip("swaks_delivers_on_every_door", "swaks is not installed");
    }
    let sink = Sink::start();
    let gateway = Gateway::start(Options::to(sink.port()));
    swaks(gateway.smtp(), &[]);
    swaks(gateway.smtp(), &["--tls"]);
    swaks(gateway.submissions(), &["--tls-on-connect"]);
    swaks(gateway.submission(), &["--tls"]);
    sink.expect(4);
}

fn swaks(server: SocketAddr, more: &[&str]) {
    let server = server.to_string();
    let mut arguments =
        vec!["--server", &server, "--from", "ann@sender.test", "--to", "bob@example.test"];
    arguments.extend(more);
    let output = tool::run("swaks", &arguments);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "swaks {more:?}:\n{text}");
}

#[test]
fn submission_in_clear_takes_no_mail() {
    let gateway = Gateway::start(Options::default());
    let mut client = Client::greeted(gateway.submission()).unwrap();
    let reply = client.command("MAIL FROM:<ann@sender.test>").unwrap();
    assert!(!reply.is_positive(), "STARTTLS comes first: {reply:?}");
}
