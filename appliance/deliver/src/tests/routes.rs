//! Which host a message goes to, and the Maildir.

use super::*;
use crate::names::NameTrouble;

/// A port of this machine that nobody listens on.
fn dead_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn servers(list: &[(u16, u16)]) -> NextHop {
    let server = |(port, preference): &(u16, u16)| Server {
        host: "127.0.0.1".into(),
        port: *port,
        preference: *preference,
    };
    NextHop::Servers(list.iter().map(server).collect())
}

#[tokio::test]
async fn the_next_server_takes_over_when_the_first_is_down() {
    let acts = script(&[opening(), carried()]);
    let next_hop = NextHopScript::start(vec![acts]).await;
    let hop = servers(&[(next_hop.address.port(), 20), (dead_port(), 10)]);
    let mut bench = Bench::new(plan());
    let ended = bench.deliver(to(1, hop, &["bob@b.test"]), BODY).await;
    assert_eq!((ended.words(), ended.destination_down), (vec!["delivered"], false));
}

#[tokio::test]
async fn a_server_that_refuses_to_greet_is_passed_over() {
    let busy = NextHopScript::start(vec![vec![say("554 5.3.2 not today\r\n"), Hear("QUIT")]]).await;
    let good = NextHopScript::start(vec![script(&[opening(), carried()])]).await;
    let hop = servers(&[(busy.address.port(), 1), (good.address.port(), 2)]);
    let mut bench = Bench::new(plan());
    let ended = bench.deliver(to(1, hop, &["bob@b.test"]), BODY).await;
    assert_eq!(ended.words(), ["delivered"]);
    assert!(ended.host.ends_with(&format!(":{}", good.address.port())));
}

#[tokio::test]
async fn when_all_servers_are_down_the_destination_is() {
    let hop = servers(&[(dead_port(), 1), (dead_port(), 2)]);
    let mut bench = Bench::new(plan());
    let ended = bench.deliver(to(1, hop, &["a@b.test", "b@b.test"]), BODY).await;
    assert_eq!((ended.words(), ended.destination_down), (vec!["deferred", "deferred"], true));
    assert_eq!(ended.code(), Some(Enhanced(4, 4, 1)));
}

fn mx_plan(mx: &[(u16, &str)], addresses: &[&str]) -> Plan {
    let mut table = localhost();
    let records = mx.iter().map(|(rank, host)| (*rank, (*host).to_owned())).collect();
    table.mx.insert("b.test".to_owned(), Ok(records));
    for host in addresses {
        table.addresses.insert((*host).to_owned(), Ok(vec!["127.0.0.1".parse().unwrap()]));
    }
    Plan { names: Names::Table(Arc::new(table)), ..plan() }
}

fn mx(port: u16) -> NextHop {
    NextHop::Mx { domain: "b.test".to_owned(), port }
}

#[tokio::test]
async fn mx_hosts_are_used_and_one_without_address_is_passed_over() {
    let next_hop = NextHopScript::start(vec![script(&[opening(), carried()])]).await;
    let mut bench = Bench::new(mx_plan(&[(5, "gone.b.test"), (10, "mx.b.test")], &["mx.b.test"]));
    let hop = mx(next_hop.address.port());
    let ended = bench.deliver(to(1, hop, &["bob@b.test"]), BODY).await;
    assert_eq!(ended.words(), ["delivered"]);
    assert!(ended.host.starts_with("mx.b.test[127.0.0.1]:"));
}

#[tokio::test]
async fn a_null_mx_fails_at_once() {
    let mut bench = Bench::new(mx_plan(&[(0, "")], &[]));
    let ended = bench.deliver(to(1, mx(25), &["bob@b.test"]), BODY).await;
    assert_eq!((ended.words(), ended.code()), (vec!["failed"], Some(Enhanced(5, 1, 10))));
    assert!(!ended.destination_down);
}

#[tokio::test]
async fn mx_hosts_without_any_address_fail_but_silence_of_dns_defers() {
    let mut bench = Bench::new(mx_plan(&[(5, "gone.b.test")], &[]));
    let ended = bench.deliver(to(1, mx(25), &["bob@b.test"]), BODY).await;
    assert_eq!((ended.words(), ended.code()), (vec!["failed"], Some(Enhanced(5, 4, 4))));

    let mut table = localhost();
    let records = vec![(1, "silent.b.test".to_owned()), (2, "gone.b.test".to_owned())];
    table.mx.insert("b.test".to_owned(), Ok(records));
    let silence = Err(NameTrouble::Temporary("no answer".to_owned()));
    table.addresses.insert("silent.b.test".to_owned(), silence);
    let mut bench = Bench::new(Plan { names: Names::Table(Arc::new(table)), ..plan() });
    let ended = bench.deliver(to(1, mx(25), &["bob@b.test"]), BODY).await;
    assert_eq!((ended.words(), ended.destination_down), (vec!["deferred"], true));
}

#[tokio::test]
async fn the_demo_maildir_holds_one_whole_file_per_message() {
    let mut bench = Bench::new(plan());
    for attempt in 1..=3 {
        let hop = to(attempt, NextHop::Maildir, &["a@example.test", "b@example.test"]);
        let ended = bench.deliver(hop, BODY).await;
        assert_eq!(ended.words(), ["delivered", "delivered"]);
    }
    let delivered = bench.folder.path().join("delivered");
    assert_eq!(std::fs::read_dir(delivered.join("tmp")).unwrap().count(), 0);
    let files: Vec<_> =
        std::fs::read_dir(delivered.join("new")).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 3);
    let text = std::fs::read_to_string(files[0].path()).unwrap();
    let head = "Return-Path: <ann@a.test>\r\nDelivered-To: a@example.test\r\nDelivered-To: b@example.test\r\n";
    assert_eq!(text, format!("{head}{}", std::str::from_utf8(BODY).unwrap()));
}

#[tokio::test]
async fn a_maildir_that_cannot_be_written_defers() {
    let mut bench = Bench::new(plan());
    std::fs::write(bench.folder.path().join("delivered"), b"a file in the way").unwrap();
    let ended = bench.deliver(to(1, NextHop::Maildir, &["a@example.test"]), BODY).await;
    assert_eq!(ended.words(), ["deferred"]);
}
