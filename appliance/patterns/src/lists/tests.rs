//! Lists, from their lines to their hits.

use super::*;
use crate::trial::{found_in_links, hits_in, pack, scanner};
use crate::{Class, Scanner};
use unpack::{Origin, Text};

#[test]
fn a_listed_host_is_found_with_those_below_it_and_no_other() {
    let mut scanner =
        scanner(&[("own.domains", "# bad\nEvil.Example phishing-kit # seen\n*.worse.example")]);
    assert_eq!(
        found_in_links(&mut scanner, "https://login.evil.example:8443/x\tBank"),
        ["phishing-kit"]
    );
    assert_eq!(found_in_links(&mut scanner, "HTTP://EVIL.example"), ["phishing-kit"]);
    assert_eq!(found_in_links(&mut scanner, "http://a.worse.example/"), ["Listed.Host"]);
    assert_eq!(
        found_in_links(&mut scanner, "http://notevil.example/\thttp://evil.example.org/"),
        [""; 0]
    );
}

#[test]
fn a_listed_address_is_found_with_what_is_below_it() {
    let mut scanner = scanner(&[("own.urls", "http://a.example/bad/\nb.example/x?id=1")]);
    assert_eq!(found_in_links(&mut scanner, "https://a.example/bad/page.html?q"), ["Listed.Url"]);
    assert_eq!(found_in_links(&mut scanner, "https://a.example/%62ad/"), ["Listed.Url"]);
    assert_eq!(found_in_links(&mut scanner, "http://b.example/x?id=1"), ["Listed.Url"]);
    assert_eq!(
        found_in_links(&mut scanner, "http://b.example/x?id=2\thttp://a.example/good"),
        [""; 0]
    );
}

#[test]
fn networks_are_found_by_their_addresses() {
    let text = "192.0.2.0/24\n198.51.100.7 Botnet.Host\n2001:db8::/32\n";
    let (pack, report) = pack(&[("own.ips", text)]);
    assert_eq!(report.problems, []);
    let lists = Lists::new(&pack);
    let name = |ip: &str| lists.ip(ip.parse().unwrap(), 0).map(|listed| listed.name);
    assert_eq!(name("192.0.2.200").as_deref(), Some("Listed.Ip"));
    assert_eq!(name("198.51.100.7").as_deref(), Some("Botnet.Host"));
    assert_eq!(name("2001:db8:1::5").as_deref(), Some("Listed.Ip"));
    assert_eq!(name("198.51.100.8").or(name("192.0.3.1")).or(name("2001:db9::")), None);
    let mut scanner = Scanner::new(pack).unwrap();
    assert_eq!(found_in_links(&mut scanner, "http://192.0.2.9/a"), ["Listed.Ip"]);
}

#[test]
fn addresses_of_mail_are_found_in_any_case() {
    let (pack, _) = pack(&[("own.addresses", "Boss@Evil.Example CC.Sender")]);
    let lists = Lists::new(&pack);
    assert_eq!(lists.mail_address("boss@evil.example", 0).unwrap().name, "CC.Sender");
    assert_eq!(lists.mail_address("other@evil.example", 0), None);
    assert_eq!(lists.host("evil.example", 0), None);
}

#[test]
fn an_entry_ends_after_its_last_day() {
    let mut scanner = scanner(&[("own.hosts", "evil.example until=2027-01-01")]);
    let mut on = |day| {
        scanner.set_day(day);
        hits_in(&mut scanner, b"http://evil.example/", Origin::Text(Text::Links), "", None).len()
    };
    assert_eq!((on(0), on(20_819), on(20_820)), (1, 1, 0));
}

#[test]
fn an_entry_without_a_name_is_phishing() {
    let mut scanner = scanner(&[("own.hosts", "evil.example")]);
    let hits = hits_in(&mut scanner, b"http://evil.example/", Origin::Text(Text::Links), "", None);
    assert_eq!((hits[0].class, hits[0].source.as_str()), (Class::Phishing, "own.hosts:1"));
}

#[test]
fn bad_entries_are_told() {
    let (_, report) = pack(&[
        ("a.hosts", "nodots\na.example/path\nx.example until=later"),
        ("a.ips", "300.1.1.1\n10.0.0.0/33\n2001:db8::/129"),
        ("a.addresses", "no-at\n@x.example"),
        ("a.urls", "justwords"),
    ]);
    assert_eq!(report.problems.len(), 9, "{:?}", report.problems);
}

#[test]
fn a_flood_of_links_is_undecided_and_never_clean() {
    let mut scanner = scanner(&[("own.hosts", "evil.example")]);
    let links: String =
        (0..crate::limits::LINKS + 10).map(|n| format!("http://h{n}.example/\n")).collect();
    assert_eq!(found_in_links(&mut scanner, &links), ["Patterns.Undecided"]);
}
