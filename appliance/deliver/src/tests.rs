//! The role against scripted next hops.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use ipc::contracts::{Consignment, DeliverToQueue, NextHop, QueueToDeliver, Server, TlsUse};
use mail::{Enhanced, MessageId, Outcome, Recipient, Sender, TlsFacts};
use rustls::RootCertStore;
use tokio::sync::mpsc;

use crate::dispatch::Dispatcher;
use crate::maildir::Maildir;
use crate::memory::Memory;
use crate::names::{Names, Table};
use crate::plan::Plan;
use crate::scripted::Act::{Drip, Hear, HearAlone, Message, Octets, Silence, Tls as Handshake};
use crate::scripted::{Act, NextHopScript, self_signed};
use crate::tls::Tls;

mod dns;
mod role;
mod routes;
mod secrecy;

const BODY: &[u8] = b"Subject: hello\r\n\r\nhello\r\n.dot\r\n";
const MODERN: &str =
    "250-mx\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250-DSN\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n";

fn say(text: &str) -> Act {
    Act::Say(text.to_owned())
}

/// Greeting and EHLO with every extension.
fn opening() -> Vec<Act> {
    vec![say("220 mx ready\r\n"), Hear("EHLO gw.example.test"), say(MODERN)]
}

/// One message for one recipient, pipelined, kept.
fn carried() -> Vec<Act> {
    vec![
        Hear("MAIL FROM:"),
        Hear("RCPT TO:"),
        HearAlone("DATA"),
        say("250 ok\r\n250 ok\r\n354 go\r\n"),
        Message,
        say("250 2.0.0 kept\r\n"),
    ]
}

fn script(parts: &[Vec<Act>]) -> Vec<Act> {
    parts.concat()
}

fn plan() -> Plan {
    Plan {
        connect_timeout: Duration::from_secs(10),
        command_timeout: Duration::from_secs(20),
        idle: Duration::from_secs(20),
        messages_per_connection: 100,
        host_name: "gw.example.test".to_owned(),
        names: Names::Table(Arc::new(localhost())),
        tls: Tls::new(RootCertStore::empty()).unwrap(),
    }
}

fn localhost() -> Table {
    let here: IpAddr = "127.0.0.1".parse().unwrap();
    let addresses = HashMap::from([("localhost".to_owned(), Ok(vec![here]))]);
    Table { mx: HashMap::new(), addresses }
}

/// What queue was told.
#[derive(Debug)]
struct Ended {
    attempt: u64,
    outcomes: Vec<Outcome>,
    host: String,
    tls: Option<TlsFacts>,
    destination_down: bool,
    dsn_relayed: bool,
}

impl Ended {
    fn words(&self) -> Vec<&'static str> {
        let word = |outcome: &Outcome| match outcome {
            Outcome::Delivered(_) => "delivered",
            Outcome::Deferred(_) => "deferred",
            Outcome::Failed(_) => "failed",
        };
        self.outcomes.iter().map(word).collect()
    }

    fn code(&self) -> Option<Enhanced> {
        self.outcomes[0].reply().enhanced()
    }
}

struct Bench {
    dispatcher: Dispatcher,
    reports: mpsc::UnboundedReceiver<DeliverToQueue>,
    folder: tempfile::TempDir,
    _gone: mpsc::Receiver<()>,
}

impl Bench {
    fn new(plan: Plan) -> Self {
        let (sender, reports) = mpsc::unbounded_channel();
        let (alive, gone) = mpsc::channel(1);
        let folder = tempfile::tempdir().unwrap();
        let dispatcher = Dispatcher::new(
            Arc::new(plan),
            Arc::new(Memory::default()),
            Arc::new(Maildir::new(folder.path().join("delivered"), 7)),
            Arc::new(world::RealClock),
            Arc::new(move |message| sender.send(message).unwrap_or_default()),
            alive,
        );
        Bench { dispatcher, reports, folder, _gone: gone }
    }

    fn consign(&mut self, consignment: Consignment, body: &[u8]) {
        let consignment = Consignment { size: body.len() as u64, ..consignment };
        let message = QueueToDeliver::Consign(Box::new(consignment));
        self.dispatcher.handle(message, vec![descriptor(body)]);
    }

    fn settle(&mut self, attempt: u64) {
        self.dispatcher.handle(QueueToDeliver::Settled { attempt }, Vec::new());
    }

    async fn ended(&mut self) -> Ended {
        read(self.reports.recv().await.unwrap())
    }

    async fn deliver(&mut self, consignment: Consignment, body: &[u8]) -> Ended {
        self.consign(consignment, body);
        let ended = self.ended().await;
        self.settle(ended.attempt);
        ended
    }
}

fn read(message: DeliverToQueue) -> Ended {
    let DeliverToQueue::Ended {
        attempt, outcomes, dsn_relayed, host, tls, destination_down, ..
    } = message;
    Ended { attempt, outcomes, host, tls, destination_down, dsn_relayed }
}

fn descriptor(body: &[u8]) -> OwnedFd {
    let mut file: File = tempfile::tempfile().unwrap();
    file.write_all(body).unwrap();
    file.into()
}

fn to(attempt: u64, next_hop: NextHop, recipients: &[&str]) -> Consignment {
    Consignment {
        attempt,
        id: MessageId(attempt),
        sender: Sender::Mailbox("ann@a.test".parse().unwrap()),
        recipients: recipients.iter().map(|one| Recipient::plain(one.parse().unwrap())).collect(),
        next_hop,
        tls: TlsUse::Opportunistic,
        size: 0,
        eight_bit: false,
        smtputf8: false,
        ret: None,
        envid: None,
    }
}

fn server(address: SocketAddr) -> NextHop {
    NextHop::Servers(vec![Server {
        host: "localhost".into(),
        port: address.port(),
        preference: 10,
    }])
}

fn bob(attempt: u64, address: SocketAddr) -> Consignment {
    to(attempt, server(address), &["bob@b.test"])
}

/// Delivers one message to a next hop with one script; what was told and what was heard.
async fn once(acts: Vec<Act>, body: &[u8]) -> Ended {
    let next_hop = NextHopScript::start(vec![acts]).await;
    let mut bench = Bench::new(Plan { idle: Duration::ZERO, ..plan() });
    let ended = bench.deliver(bob(1, next_hop.address), body).await;
    next_hop.heard().await;
    ended
}

#[tokio::test]
async fn a_message_arrives_as_it_is_and_the_reply_is_told() {
    let next_hop = NextHopScript::start(vec![script(&[opening(), carried()])]).await;
    let mut bench = Bench::new(plan());
    let ended = bench.deliver(bob(1, next_hop.address), BODY).await;
    assert_eq!(ended.words(), ["delivered"]);
    assert_eq!(ended.outcomes[0].reply().text(), "kept");
    assert_eq!(ended.host, format!("localhost[127.0.0.1]:{}", next_hop.address.port()));
    assert!(ended.dsn_relayed && !ended.destination_down && ended.tls.is_none());
    let heard = next_hop.heard().await;
    assert_eq!(heard[0].messages, [b"Subject: hello\r\n\r\nhello\r\n..dot\r\n"]);
    assert_eq!(heard[0].lines[1], "MAIL FROM:<ann@a.test> SIZE=31");
}

#[tokio::test]
async fn a_connection_carries_the_next_message_once_the_first_is_settled() {
    let acts = script(&[opening(), carried(), carried(), carried()]);
    let next_hop = NextHopScript::start(vec![acts]).await;
    let mut bench = Bench::new(plan());
    for attempt in 1..=3 {
        let ended = bench.deliver(bob(attempt, next_hop.address), BODY).await;
        assert_eq!(ended.words(), ["delivered"]);
    }
    assert_eq!(next_hop.heard().await[0].messages.len(), 3);
}

#[tokio::test]
async fn a_connection_carries_nothing_before_its_outcome_is_settled() {
    let acts = script(&[opening(), carried()]);
    let next_hop = NextHopScript::start(vec![acts.clone(), acts]).await;
    let mut bench = Bench::new(plan());
    bench.consign(bob(1, next_hop.address), BODY);
    assert_eq!(bench.ended().await.attempt, 1);
    bench.consign(bob(2, next_hop.address), BODY);
    assert_eq!(bench.ended().await.words(), ["delivered"]);
    assert_eq!(next_hop.heard().await.len(), 2, "a second connection was opened");
}

#[tokio::test]
async fn a_host_without_pipelining_gets_one_command_at_a_time() {
    let acts = vec![
        say("220-mx\r\n220 ready\r\n"),
        HearAlone("EHLO"),
        say("500 what?\r\n"),
        HearAlone("HELO gw.example.test"),
        say("250 mx\r\n"),
        HearAlone("MAIL FROM:<ann@a.test>"),
        say("250 ok\r\n"),
        HearAlone("RCPT TO:<bob@b.test>"),
        say("250 ok\r\n"),
        HearAlone("DATA"),
        say("354 go\r\n"),
        Message,
        say("250 ok\r\n"),
    ];
    let ended = once(acts, BODY).await;
    assert_eq!(ended.words(), ["delivered"]);
    assert!(!ended.dsn_relayed);
}

#[tokio::test]
async fn each_recipient_gets_its_own_outcome() {
    let acts = script(&[
        opening(),
        vec![
            Hear("MAIL FROM:"),
            Hear("RCPT TO:<a@b.test>"),
            Hear("RCPT TO:<b@b.test>"),
            Hear("RCPT TO:<c@b.test>"),
            Hear("DATA"),
            say(
                "250 ok\r\n550-5.1.1 no\r\n550 5.1.1 such user\r\n250 ok\r\n451 4.7.1 grey\r\n354 go\r\n",
            ),
            Message,
            say("250 ok\r\n"),
        ],
    ]);
    let next_hop = NextHopScript::start(vec![acts]).await;
    let mut bench = Bench::new(plan());
    let hop = server(next_hop.address);
    let ended = bench.deliver(to(1, hop, &["a@b.test", "b@b.test", "c@b.test"]), BODY).await;
    assert_eq!(ended.words(), ["failed", "delivered", "deferred"]);
    assert_eq!(ended.outcomes[0].reply().text(), "no such user");
}

#[tokio::test]
async fn a_refused_message_resets_and_the_connection_goes_on() {
    let refused = vec![
        Hear("MAIL FROM:"),
        Hear("RCPT TO:"),
        Hear("DATA"),
        say("250 ok\r\n550 5.1.1 no\r\n503 5.5.1 nobody\r\n"),
        Hear("RSET"),
    ];
    let kept = carried();
    let acts = script(&[
        opening(),
        refused,
        kept[..3].to_vec(),
        vec![say("250 reset\r\n")],
        kept[3..].to_vec(),
    ]);
    let next_hop = NextHopScript::start(vec![acts]).await;
    let mut bench = Bench::new(plan());
    assert_eq!(bench.deliver(bob(1, next_hop.address), BODY).await.words(), ["failed"]);
    assert_eq!(bench.deliver(bob(2, next_hop.address), BODY).await.words(), ["delivered"]);
}

#[tokio::test]
async fn a_kept_connection_that_the_host_has_closed_costs_nothing() {
    for farewell in [vec![], vec![Hear("MAIL"), say("421 4.4.2 idle too long\r\n")]] {
        let first = script(&[opening(), carried(), farewell]);
        let second = script(&[opening(), carried()]);
        let next_hop = NextHopScript::start(vec![first, second]).await;
        let mut bench = Bench::new(plan());
        for attempt in 1..=2 {
            let ended = bench.deliver(bob(attempt, next_hop.address), BODY).await;
            assert_eq!(ended.words(), ["delivered"]);
        }
        let messages = next_hop.heard().await.iter().map(|one| one.messages.len()).sum::<usize>();
        assert_eq!(messages, 2, "each message once");
    }
}

#[tokio::test]
async fn a_connection_is_closed_after_its_share_of_messages() {
    let acts = script(&[opening(), carried(), carried(), vec![Hear("QUIT"), say("221 bye\r\n")]]);
    let next_hop = NextHopScript::start(vec![acts, script(&[opening(), carried()])]).await;
    let mut bench = Bench::new(Plan { messages_per_connection: 2, ..plan() });
    for attempt in 1..=3 {
        let ended = bench.deliver(bob(attempt, next_hop.address), BODY).await;
        assert_eq!(ended.words(), ["delivered"]);
    }
    next_hop.heard().await;
}

#[tokio::test]
async fn four_two_one_puts_the_fault_on_the_destination() {
    let at_once = once(vec![say("421 4.3.2 overloaded\r\n")], BODY).await;
    assert_eq!((at_once.words(), at_once.destination_down), (vec!["deferred"], true));
    let acts = script(&[
        opening(),
        vec![Hear("MAIL"), Hear("RCPT"), Hear("DATA"), say("250 ok\r\n421 4.7.0 too many\r\n")],
    ]);
    let later = once(acts, BODY).await;
    assert_eq!((later.words(), later.destination_down), (vec!["deferred"], true));
    assert_eq!(later.outcomes[0].reply().text(), "too many");
}

#[tokio::test]
async fn a_host_that_vanishes_in_the_middle_defers_the_message_only() {
    let big = b"0123456789\r\n".repeat(200_000);
    let acts = script(&[
        vec![say("220 mx\r\n"), Hear("EHLO"), say("250-mx\r\n250 PIPELINING\r\n")],
        vec![
            Hear("MAIL"),
            Hear("RCPT"),
            Hear("DATA"),
            say("250 ok\r\n250 ok\r\n354 go\r\n"),
            Octets(1000),
        ],
    ]);
    let ended = once(acts, &big).await;
    assert_eq!((ended.words(), ended.destination_down), (vec!["deferred"], false));
    let all = carried();
    let before_reply = script(&[opening(), all[..5].to_vec()]);
    let ended = once(before_reply, BODY).await;
    assert_eq!((ended.words(), ended.destination_down), (vec!["deferred"], false));
}

#[tokio::test]
async fn a_host_that_stops_a_large_message_with_words_is_believed() {
    let big = b"0123456789\r\n".repeat(1_000_000);
    let acts = script(&[
        vec![say("220 mx\r\n"), Hear("EHLO"), say("250-mx\r\n250 PIPELINING\r\n")],
        vec![
            Hear("MAIL"),
            Hear("RCPT"),
            Hear("DATA"),
            say("250 ok\r\n250 ok\r\n354 go\r\n"),
            Octets(1000),
            say("552 5.3.4 too big\r\n"),
        ],
    ]);
    let ended = once(acts, &big).await;
    assert_eq!(ended.words(), ["failed"]);
    assert_eq!(ended.code(), Some(Enhanced(5, 3, 4)));
}

#[tokio::test]
async fn garbage_defers_and_is_bounded() {
    for garbage in [
        vec![say("HTTP/1.1 400 Bad Request\r\n")],
        vec![say("220 ")],
        vec![Drip("2")],
        vec![Drip("220-more\r\n")],
        vec![say("220 mx\r\n"), Hear("EHLO"), say("250-a\r\n350 b\r\n")],
        vec![say("220 mx\r\n"), Hear("EHLO"), say(MODERN), Hear("MAIL"), say("354 go\r\n")],
    ] {
        let ended = once(garbage.clone(), BODY).await;
        assert_eq!(ended.words(), ["deferred"], "{garbage:?}");
    }
}

#[tokio::test]
async fn words_out_of_turn_end_the_connection_but_not_the_outcome() {
    let mut acts = script(&[opening(), carried()]);
    acts.pop();
    acts.push(say("250 2.0.0 kept\r\n250 and more\r\n"));
    acts.push(Silence);
    let next_hop = NextHopScript::start(vec![acts, script(&[opening(), carried()])]).await;
    let mut bench = Bench::new(plan());
    for attempt in 1..=2 {
        let ended = bench.deliver(bob(attempt, next_hop.address), BODY).await;
        assert_eq!(ended.words(), ["delivered"]);
    }
    next_hop.heard().await;
}

#[tokio::test]
async fn an_answer_to_a_message_not_sent_yet_delivers_nothing() {
    let ahead = say("250 ok\r\n250 ok\r\n354 go\r\n250 kept\r\n");
    let acts = script(&[opening(), vec![Hear("MAIL"), Hear("RCPT"), Hear("DATA"), ahead, Silence]]);
    assert_eq!(once(acts, BODY).await.words(), ["deferred"]);
}

#[tokio::test]
async fn a_silent_host_is_given_up() {
    let next_hop = NextHopScript::start(vec![vec![say("220 mx\r\n"), Silence]]).await;
    let short = Plan { command_timeout: Duration::from_millis(50), ..plan() };
    let mut bench = Bench::new(short);
    let ended = bench.deliver(bob(1, next_hop.address), BODY).await;
    assert_eq!((ended.words(), ended.destination_down), (vec!["deferred"], true));
    assert!(ended.outcomes[0].reply().text().contains("did not answer"));
}

#[tokio::test]
async fn eight_bit_content_fails_where_8bitmime_is_missing_and_the_connection_goes_on() {
    let acts = script(&[
        vec![say("220 mx\r\n"), Hear("EHLO"), say("250-mx\r\n250 PIPELINING\r\n")],
        carried(),
    ]);
    let next_hop = NextHopScript::start(vec![acts]).await;
    let mut bench = Bench::new(plan());
    let body = "Subject: x\r\n\r\ngrün\r\n".as_bytes();
    let ended =
        bench.deliver(Consignment { eight_bit: true, ..bob(1, next_hop.address) }, body).await;
    assert_eq!((ended.words(), ended.code()), (vec!["failed"], Some(Enhanced(5, 6, 3))));
    let declared = Consignment { eight_bit: true, ..bob(2, next_hop.address) };
    let ended = bench.deliver(declared, BODY).await;
    assert_eq!(ended.words(), ["delivered"], "declared 8BITMIME, but 7-bit in fact");
}

#[tokio::test]
async fn internationalised_mail_fails_where_smtputf8_is_missing() {
    let acts = vec![say("220 mx\r\n"), Hear("EHLO"), say("250-mx\r\n250 8BITMIME\r\n"), Silence];
    let next_hop = NextHopScript::start(vec![acts]).await;
    let mut bench = Bench::new(Plan { idle: Duration::ZERO, ..plan() });
    let body = "Subject: grün\r\n\r\n".as_bytes();
    let consignment = Consignment { smtputf8: true, eight_bit: true, ..bob(1, next_hop.address) };
    let ended = bench.deliver(consignment, body).await;
    assert_eq!((ended.words(), ended.code()), (vec!["failed"], Some(Enhanced(5, 6, 7))));
}

#[tokio::test]
async fn a_message_with_a_bare_line_end_is_never_sent() {
    for body in [&b"a\n.\nMAIL FROM:<x@y.test>\r\n"[..], b"a\r\n.\rx\r\n", b"a\r\n.\n", b"a\r"] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let mut bench = Bench::new(plan());
        let ended = bench.deliver(bob(1, listener.local_addr().unwrap()), body).await;
        assert_eq!((ended.words(), ended.code()), (vec!["failed"], Some(Enhanced(5, 6, 0))));
        assert!(listener.accept().is_err(), "not even a connection was made");
    }
}

#[tokio::test]
async fn a_large_message_is_streamed_whole() {
    let body = b".leading dot and some text\r\nsecond line\r\n".repeat(20_000);
    let acts = script(&[
        vec![say("220 mx\r\n"), Hear("EHLO"), say("250-mx\r\n250 PIPELINING\r\n")],
        carried(),
    ]);
    let next_hop = NextHopScript::start(vec![acts]).await;
    let mut bench = Bench::new(plan());
    assert_eq!(bench.deliver(bob(1, next_hop.address), &body).await.words(), ["delivered"]);
    let heard = next_hop.heard().await;
    let expected = b"..leading dot and some text\r\nsecond line\r\n".repeat(20_000);
    assert!(heard[0].messages[0] == expected);
}

#[tokio::test]
async fn a_consignment_that_is_dropped_is_still_answered_for() {
    let next_hop = NextHopScript::start(vec![vec![Silence]]).await;
    let mut bench = Bench::new(plan());
    let work = crate::connection::Work::new(
        Box::new(bob(9, next_hop.address)),
        File::from(descriptor(BODY)),
        {
            let (sender, receiver) = mpsc::unbounded_channel();
            bench.reports = receiver;
            Arc::new(move |message| sender.send(message).unwrap_or_default())
        },
    );
    drop(work);
    let ended = bench.ended().await;
    assert_eq!((ended.attempt, ended.words()), (9, vec!["deferred"]));
}
