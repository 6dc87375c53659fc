//! SMTP smuggling: no wrong end of data or line end makes two messages out of one, inbound or
//! outbound, with or without PIPELINING, CHUNKING and TLS (CVE-2023-51764 and its kin).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::net::SocketAddr;

use gatepost_test_e2e::{Client, Gateway, Options, Sink, figure, limits, mails};

/// What may stand before and after the dot in place of CR LF.
const BEFORE: [&[u8]; 14] = [
    b"\n",
    b"\r",
    b"\n\n",
    b"\r\r",
    b"\n\r",
    b"\r\n\n",
    b"\r\r\n",
    b"\r\n\r",
    b"\x0b",
    b"\x0c",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"\0\n",
    b"\r\0\n",
];
const AFTER: [&[u8]; 9] =
    [b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\n\r", b"\r\r\n", b"\0\r\n", b"\x0b\r\n"];

/// A second message as a smuggler writes it behind the false end.
const SECOND: &str = "MAIL FROM:<smuggled@sender.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n\
                      Subject: smuggled\r\n\r\nsmuggled\r\n.\r\n";

/// Every pair that is not the true end of data, and some that play with the dot itself.
fn variants() -> Vec<Vec<u8>> {
    let mut variants = Vec::new();
    for before in BEFORE {
        for after in AFTER {
            let whole = [before, b".", after].concat();
            if !whole.windows(5).any(|five| five == b"\r\n.\r\n") {
                variants.push(whole);
            }
        }
    }
    let odd: [&[u8]; 12] = [
        b"\r\n.\n",
        b"\r\n.\r",
        b"\r\n.\0\r\n",
        b"\r\n. \r\n",
        b"\r\n.\t\r\n",
        b"\r\n .\r\n",
        b"\r\n..\r\n",
        b"\r\n.\r\r\n",
        b"\r\n\0.\r\n",
        b"\r\n\xef\xbc\x8e\r\n",
        b"\r\n=2E\r\n",
        b"\r\n.\n\r\n",
    ];
    variants.extend(odd.iter().map(|octets| octets.to_vec()));
    variants
}

#[derive(Debug, Clone, Copy)]
enum Way {
    OneByOne,
    Pipelined,
    PipelinedTls,
    SplitAtTheDot,
    Bdat,
    BdatTls,
}

const WAYS: [Way; 6] =
    [Way::OneByOne, Way::Pipelined, Way::PipelinedTls, Way::SplitAtTheDot, Way::Bdat, Way::BdatTls];

fn is_tls(way: Way) -> bool {
    matches!(way, Way::PipelinedTls | Way::BdatTls)
}

/// Sends one variant; gives how many bodies got a 250.
fn attack(target: SocketAddr, way: Way, variant: &[u8]) -> usize {
    let mut client = Client::greeted(target).unwrap();
    if is_tls(way) {
        client = client.start_tls().unwrap();
    }
    let first = [b"Subject: first\r\n\r\nfirst".as_slice(), variant, SECOND.as_bytes()].concat();
    let commands = "MAIL FROM:<first@sender.test>\r\nRCPT TO:<bob@example.test>\r\n";
    let mut wire = commands.as_bytes().to_vec();
    match way {
        Way::Bdat | Way::BdatTls => {
            wire.extend_from_slice(format!("BDAT {} LAST\r\n", first.len()).as_bytes());
            wire.extend_from_slice(&first);
        }
        Way::OneByOne | Way::SplitAtTheDot => {
            for command in commands.lines().chain(["DATA"]) {
                assert!(client.command(command).unwrap().is_positive());
            }
            wire = first;
        }
        Way::Pipelined | Way::PipelinedTls => {
            wire.extend_from_slice(b"DATA\r\n");
            wire.extend_from_slice(&first);
        }
    }
    wire.extend_from_slice(if wire.ends_with(b"\r\n.\r\n") {
        b"QUIT\r\n"
    } else {
        b"\r\n.\r\nQUIT\r\n"
    });
    // The server may close in the middle of an attack: then what it answered until then counts.
    match way {
        Way::SplitAtTheDot => {
            let at = b"Subject: first\r\n\r\nfirst".len() + variant.len() / 2;
            let _ = client.send(&wire[..at]).and_then(|()| client.send(&wire[at..]));
        }
        _ => drop(client.send(&wire)),
    }
    count_accepted(&client.replies_to_the_end())
}

/// The 250 that answer a body: they name a queue id, the others do not.
fn count_accepted(replies: &[gatepost_test_e2e::Reply]) -> usize {
    replies.iter().filter(|reply| reply.code == 250 && reply.queue_id().is_some()).count()
}

/// What comes out is the question here, and such mail looks like spam.
fn unjudged(port: u16) -> Options {
    Options::to(port).with("policy.rules", serde_json::json!([]))
}

#[test]
fn no_variant_is_accepted_as_two_messages() {
    let sink = Sink::start();
    let settings = unjudged(sink.port())
        .with("receiving.maximum_connections_per_client", serde_json::json!(1000))
        // By default mail that can be read in two ways is held: here it must show how it leaves.
        .with("exceptions.ambiguous", serde_json::json!({"action": "none"}));
    let gateway = Gateway::start(settings);
    let variants = variants();
    assert!(variants.len() >= 60, "{}", variants.len());
    let mut accepted_once = 0;
    for way in WAYS {
        for variant in &variants {
            let accepted = attack(gateway.smtp(), way, variant);
            assert!(accepted <= 1, "{way:?} {} became two", variant.escape_ascii());
            accepted_once += accepted as u64;
        }
    }
    flush(&gateway, &sink, accepted_once + 1);
    let smuggled: Vec<_> =
        sink.messages().into_iter().filter(|taken| taken.sender.contains("smuggled")).collect();
    assert!(smuggled.is_empty(), "{} smuggled messages were emitted", smuggled.len());
    assert_eq!(sink.violations(), Vec::<String>::new(), "and none with a wrong line end");
    assert_eq!(sink.total(), accepted_once + 1, "as many came out as were accepted");
    figure(&format!(
        "{} smuggling variants in {} ways: 0 accepted as two, 0 emitted ({accepted_once} harmless ones delivered as one)",
        variants.len(),
        WAYS.len()
    ));
}

/// One honest message at the end: when it is out, so is all that came before it.
fn flush(gateway: &Gateway, sink: &Sink, expected: u64) {
    let mut client = Client::greeted(gateway.smtp()).unwrap();
    let mail = mails::plain("honest", "the last one");
    assert_eq!(client.submit("last@sender.test", &["bob@example.test"], &mail).unwrap().code, 250);
    let all = sink.wait(limits::DELIVERY, |sink| sink.total() >= expected);
    assert!(all, "{expected} were accepted, {} came out", sink.total());
}

#[test]
fn an_end_of_data_inside_a_chunk_is_content_and_leaves_as_content() {
    let sink = Sink::start();
    let gateway = Gateway::start(unjudged(sink.port()));
    let body = format!("Subject: chunk\r\n\r\nfirst\r\n.\r\n{SECOND}the end\r\n");
    let mut client = Client::greeted(gateway.smtp()).unwrap();
    client.command("MAIL FROM:<first@sender.test>").unwrap();
    client.command("RCPT TO:<bob@example.test>").unwrap();
    // Cut within the CR LF and before the dot: chunks are not lines.
    let (one, two) = body.as_bytes().split_at(body.find("\n.\r\n").unwrap());
    client.send(format!("BDAT {}\r\n", one.len()).as_bytes()).unwrap();
    client.send(one).unwrap();
    assert_eq!(client.reply().unwrap().code, 250);
    client.send(format!("BDAT {}\r\n", two.len()).as_bytes()).unwrap();
    client.send(two).unwrap();
    assert_eq!(client.reply().unwrap().code, 250);
    assert_eq!(client.command("BDAT 0 LAST").unwrap().code, 250);
    sink.expect(1);
    let taken = sink.messages();
    assert_eq!(taken.len(), 1);
    assert!(String::from_utf8_lossy(&taken[0].content).ends_with(&body));
    assert_eq!(sink.violations(), Vec::<String>::new());
}

#[test]
fn bare_line_ends_in_commands_are_refused() {
    let gateway = Gateway::start(Options::default());
    let wrong: [&[u8]; 6] = [
        b"NOOP\nMAIL FROM:<smuggled@sender.test>\r\n",
        b"NOOP\rMAIL FROM:<smuggled@sender.test>\r\n",
        b"NOOP\n",
        b"MAIL FROM:<a@sender.test>\n\r\n",
        b"NO\0OP\r\n",
        b"MAIL FROM:<a@sender.test\r\r\n",
    ];
    for octets in wrong {
        let mut client = Client::greeted(gateway.smtp()).unwrap();
        client.send(octets).unwrap();
        client.send(b"QUIT\r\n").unwrap();
        let replies = client.replies_to_the_end();
        let obeyed = replies.iter().filter(|reply| reply.code == 250).count();
        assert_eq!(obeyed, 0, "{}: {replies:?}", octets.escape_ascii());
    }
}
