//! Clean mail arrives, exactly as it was sent but for the lines that we add at the top, and each
//! message is accounted for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::os::unix::fs::PermissionsExt;

use gatepost_test_e2e::{
    Client, Gateway, Options, Sink, SmtpSink, corpus, figure, is_installed, limits, mails, skip,
    tool, wait_for,
};

/// Header fields that the gateway may add at the top of a clean message.
const OURS: [&str; 2] = ["Received:", "X-Gatepost-"];

/// The content without the fields that the gateway added on top.
fn without_our_lines(content: &[u8]) -> &[u8] {
    let mut rest = content;
    let mut inside = false;
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").map_or(rest.len(), |at| at + 2);
        let line = &rest[..end];
        let begins = OURS.iter().any(|name| line.starts_with(name.as_bytes()));
        let folded = inside && matches!(line.first(), Some(b' ' | b'\t'));
        if end == 0 || !(begins || folded) {
            return rest;
        }
        inside = true;
        rest = &rest[end..];
    }
}

#[test]
fn clean_mail_arrives_byte_exact_save_our_header_lines() {
    let sink = Sink::start();
    let gateway = Gateway::start(
        // Some of it is as bare as only made mail is; how mail is judged is measured elsewhere.
        Options::to(sink.port()).with("policy.rules", serde_json::json!([])),
    );
    let mut client = Client::greeted(gateway.smtp()).unwrap();
    let mut sent = 0;
    for (name, mail) in mails::clean() {
        let reply = client.submit("ann@sender.test", &["bob@example.test"], &mail).unwrap();
        assert_eq!(reply.code, 250, "{name}: {reply:?}");
        sent += 1;
        sink.expect(sent);
        let taken = sink.messages().pop().unwrap();
        assert!(without_our_lines(&taken.content) == mail, "{name} was changed on its way");
        assert_eq!(taken.sender, "ann@sender.test", "{name}");
        assert_eq!(taken.recipients, ["bob@example.test"], "{name}");
    }
    assert_eq!(sink.violations(), Vec::<String>::new());
    assert!(gateway.log().lines().all(|line| !line.contains("panicked")), "{}", gateway.log());
}

#[test]
fn ready_means_that_mail_is_taken() {
    let mut gateway = Gateway::start(Options::default());
    assert!(gateway.took_mail_when_ready(), "451 although it said that it is ready");
    assert!(gateway.stop(), "and it stops in order:\n{}", gateway.log());
}

#[test]
fn many_recipients_arrive_once_each() {
    let sink = Sink::start();
    let gateway = Gateway::start(Options::to(sink.port()));
    let mut client = Client::greeted(gateway.smtp()).unwrap();
    let names: Vec<String> = (0..80).map(|number| format!("r{number}@example.test")).collect();
    let recipients: Vec<&str> = names.iter().map(String::as_str).collect();
    let mail = mails::plain("many", "hello");
    assert_eq!(client.submit("ann@sender.test", &recipients, &mail).unwrap().code, 250);
    let all_there = sink.wait(limits::DELIVERY, |sink| {
        sink.messages().iter().map(|taken| taken.recipients.len()).sum::<usize>() >= names.len()
    });
    assert!(all_there);
    let mut came: Vec<String> =
        sink.messages().into_iter().flat_map(|taken| taken.recipients).collect();
    came.sort();
    let mut expected = names.clone();
    expected.sort();
    assert_eq!(came, expected);
}

#[test]
fn without_a_route_mail_lands_in_the_demo_maildir() {
    let gateway = Gateway::start(Options::default());
    let mut client = Client::greeted(gateway.smtp()).unwrap();
    let mail = mails::plain("demo", "to the Maildir");
    assert_eq!(client.submit("ann@sender.test", &["bob@example.test"], &mail).unwrap().code, 250);
    let new = gateway.state().join("delivered/new");
    let file = wait_for("a file in the Maildir", limits::DELIVERY, || {
        std::fs::read_dir(&new).ok()?.flatten().next()
    });
    let content = std::fs::read(file.path()).unwrap();
    let wire = corpus::wire_form(&content);
    assert!(wire.windows(mail.len()).any(|window| window == mail), "the mail is in the file");
}

#[test]
fn smtp_source_to_smtp_sink() {
    if !is_installed("smtp-source") {
        return skip("smtp_source_to_smtp_sink", "postfix is not installed");
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let template = folder.path().join("dump.%M.");
    let sink = SmtpSink::start(tool::free_port(), &["-d", template.to_str().unwrap()]);
    let gateway = Gateway::start(Options::to(sink.port()));
    let mail = "Subject: dots\n\n.\n..\nlast line\n";
    let file = folder.path().join("mail.eml");
    std::fs::write(&file, mail).unwrap();
    let target = gateway.smtp().to_string();
    let source = tool::run(
        "smtp-source",
        &[
            "-s",
            "10",
            "-m",
            "200",
            "-f",
            "ann@sender.test",
            "-t",
            "bob@example.test",
            "-F",
            file.to_str().unwrap(),
            &target,
        ],
    );
    assert!(source.status.success(), "{source:?}");
    assert!(sink.wait(200, limits::DELIVERY), "{} of 200 came", sink.total());
    let dumps: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("dump."))
        .collect();
    assert_eq!(dumps.len(), 200);
    for dump in dumps {
        let text = std::fs::read_to_string(dump.path()).unwrap();
        assert!(text.trim_end().ends_with(mail.trim_end()), "changed on its way:\n{text}");
    }
}

#[test]
fn two_thousand_messages_are_accounted_for_in_the_ledger() {
    const COUNT: usize = 2000;
    let sink = Sink::start();
    let gateway = Gateway::start(
        // What is accounted for must arrive: how real mail is judged is measured elsewhere.
        Options::to(sink.port()).with("policy.rules", serde_json::json!([])),
    );
    let (messages, real) = corpus::messages(COUNT);
    if real < COUNT {
        skip("real mail", &format!("no corpus on this machine: {} made messages", COUNT - real));
    }
    let ids = send_all(&gateway, &messages);
    assert_eq!(ids.len(), COUNT);
    sink.expect(COUNT as u64);
    let counts = wait_for("the ledger to account for all", limits::DELIVERY, || {
        let counts = ledger_counts(&gateway)?;
        (counts["finished"].as_u64() >= Some(COUNT as u64)).then_some(counts)
    });
    assert_eq!(counts["received"], COUNT as u64, "each message once: {counts}");
    assert_eq!(counts["fates"]["delivered"], COUNT as u64, "each delivered: {counts}");
    for id in ids.iter().step_by(97) {
        let said = gateway.command(&["track", id, "--json"]);
        assert_eq!(said.exit, 0, "{id}: {}", said.err);
        assert!(said.out.contains(id.as_str()), "{id} is in its own record");
    }
    figure(&format!("{COUNT} messages accounted for, {real} of them real"));
}

/// Sends all over four connections and gives the queue ids from the replies.
fn send_all(gateway: &Gateway, messages: &[Vec<u8>]) -> Vec<String> {
    let target = gateway.smtp();
    std::thread::scope(|scope| {
        let senders: Vec<_> = messages
            .chunks(messages.len().div_ceil(4))
            .map(|share| scope.spawn(move || send_share(target, share)))
            .collect();
        senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect()
    })
}

fn send_share(target: std::net::SocketAddr, share: &[Vec<u8>]) -> Vec<String> {
    let mut ids = Vec::new();
    for batch in share.chunks(50) {
        let mut client = Client::greeted(target).unwrap();
        for mail in batch {
            let reply = client.submit("ann@sender.test", &["bob@example.test"], mail).unwrap();
            assert_eq!(reply.code, 250, "{reply:?}\n{}", String::from_utf8_lossy(mail));
            ids.push(reply.queue_id().expect("the reply names the queue id"));
        }
        client.command("QUIT").unwrap();
    }
    ids
}

/// The ledger's own counts.
fn ledger_counts(gateway: &Gateway) -> Option<serde_json::Value> {
    gateway.ask(ipc::Role::Ledger, "ledger.counts").pop()
}
