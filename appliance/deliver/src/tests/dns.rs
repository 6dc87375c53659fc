//! The real resolver against a name server made here.

use hickory_resolver::proto::op::{Message as DnsMessage, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, MX};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;

use super::*;
use crate::names::NameTrouble;
use crate::settings::Dns;

/// A name server that knows a few names and says SERVFAIL to `broken.test`.
async fn name_server() -> Names {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let servers = vec![socket.local_addr().unwrap().to_string()];
    tokio::spawn(async move {
        let mut buffer = [0; 1500];
        while let Ok((count, peer)) = socket.recv_from(&mut buffer).await {
            let answer = answer(&DnsMessage::from_vec(&buffer[..count]).unwrap());
            socket.send_to(&answer.to_vec().unwrap(), peer).await.unwrap();
        }
    });
    Names::from_settings(&Dns { servers, timeout_seconds: 5, attempts: 1 })
}

fn answer(question: &DnsMessage) -> DnsMessage {
    let query = question.queries[0].clone();
    let name = query.name().clone();
    let mut answer = DnsMessage::response(question.metadata.id, OpCode::Query);
    answer.metadata.recursion_available = true;
    let mx = |rank, host: &str| RData::MX(MX::new(rank, Name::from_ascii(host).unwrap()));
    let found = match (name.to_ascii().to_lowercase().as_str(), query.query_type()) {
        ("b.test.", RecordType::MX) => vec![mx(20, "Two.b.test."), mx(10, "one.b.test.")],
        ("null.test.", RecordType::MX) => vec![mx(0, ".")],
        ("one.b.test." | "plain.test.", RecordType::A) => vec![RData::A(A::new(127, 0, 0, 1))],
        ("one.b.test." | "plain.test.", _) => vec![],
        ("broken.test.", _) => {
            answer.metadata.response_code = ResponseCode::ServFail;
            vec![]
        }
        _ => {
            answer.metadata.response_code = ResponseCode::NXDomain;
            vec![]
        }
    };
    answer.add_query(query);
    for data in found {
        answer.add_answer(Record::from_rdata(name.clone(), 60, data));
    }
    answer
}

#[tokio::test]
async fn mx_records_are_found_and_told_apart_from_their_absence() {
    let names = name_server().await;
    let mut records = names.mx("b.test").await.unwrap();
    records.sort();
    assert_eq!(records, [(10, "one.b.test".to_owned()), (20, "two.b.test".to_owned())]);
    assert_eq!(names.mx("null.test").await.unwrap(), [(0, String::new())]);
    assert_eq!(names.mx("plain.test").await, Err(NameTrouble::NoRecord));
    assert_eq!(names.mx("gone.test").await, Err(NameTrouble::NoSuchName));
    assert!(matches!(names.mx("broken.test").await, Err(NameTrouble::Temporary(_))));
}

#[tokio::test]
async fn addresses_are_found() {
    let names = name_server().await;
    let here: IpAddr = "127.0.0.1".parse().unwrap();
    assert_eq!(names.addresses("one.b.test").await, Ok(vec![here]));
    assert_eq!(names.addresses("gone.test").await, Err(NameTrouble::NoSuchName));
    assert!(matches!(names.addresses("broken.test").await, Err(NameTrouble::Temporary(_))));
}

#[tokio::test]
async fn mail_goes_to_the_host_that_dns_names() {
    let next_hop = NextHopScript::start(vec![script(&[opening(), carried()])]).await;
    let mut bench = Bench::new(Plan { names: name_server().await, ..plan() });
    let hop = NextHop::Mx { domain: "b.test".to_owned(), port: next_hop.address.port() };
    let ended = bench.deliver(to(1, hop, &["bob@b.test"]), BODY).await;
    assert_eq!(ended.words(), ["delivered"]);
    assert!(ended.host.starts_with("one.b.test[127.0.0.1]:"));
}
