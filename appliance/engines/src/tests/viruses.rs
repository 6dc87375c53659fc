//! The virus engine over whole messages.

use mail::FindingKind;

use super::making::{Mailing, base64, scan, zip};
use crate::eicar;

fn found(raw: &str) -> Vec<String> {
    let facts = scan(raw.as_bytes());
    let malware = facts.findings.into_iter().filter(|one| one.kind == FindingKind::Malware);
    malware.map(|finding| finding.place).collect()
}

fn text() -> String {
    String::from_utf8(eicar()).unwrap()
}

#[test]
fn the_test_file_has_68_octets() {
    assert_eq!(eicar().len(), 68);
}

#[test]
fn it_is_found_plain_in_the_body() {
    assert_eq!(found(&format!("Subject: x\r\n\r\n{}\r\n", text())), ["1"]);
}

#[test]
fn it_is_found_in_a_header() {
    assert_eq!(found(&format!("X: {}\r\n\r\nbody\r\n", text())), [""]);
}

#[test]
fn it_is_found_under_every_encoding() {
    let quoted: String = eicar().iter().map(|octet| format!("={octet:02X}")).collect();
    let broken = quoted.as_bytes().chunks(60).map(|c| String::from_utf8(c.to_vec()).unwrap());
    let quoted = broken.collect::<Vec<_>>().join("=\r\n");
    for kind in ["text/plain", "application/octet-stream; name=eicar.com", "text/html", "image/png"]
    {
        for (encoding, body) in [("base64", base64(&eicar())), ("quoted-printable", quoted.clone())]
        {
            let raw = format!(
                "Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n"
            );
            assert_eq!(found(&raw).len(), 1, "{kind} {encoding}");
        }
    }
}

#[test]
fn it_is_found_in_a_nested_message() {
    let inner = format!("Content-Transfer-Encoding: base64\r\n\r\n{}\r\n", base64(&eicar()));
    let plain = format!("Content-Type: message/rfc822\r\n\r\n{inner}");
    assert!(!found(&plain).is_empty());
    let mut encoded = inner;
    for depth in 0..5 {
        encoded = format!(
            "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            base64(encoded.as_bytes())
        );
        assert!(!found(&encoded).is_empty(), "{depth}");
    }
}

#[test]
fn it_is_found_in_wide_text() {
    let wide: Vec<u8> = text().encode_utf16().flat_map(u16::to_le_bytes).collect();
    let raw = format!(
        "Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        base64(&wide)
    );
    assert_eq!(found(&raw), ["1"]);
}

#[test]
fn every_infected_part_is_named_once() {
    let part = format!("--a\r\n\r\n{}\r\n", text());
    let raw = format!(
        "Content-Type: multipart/mixed; boundary=a\r\n\r\n{part}--a\r\n\r\nclean\r\n{part}--a--\r\n"
    );
    assert_eq!(found(&raw), ["1", "3"]);
}

#[test]
fn it_is_found_before_and_after_the_parts() {
    let virus = text();
    for (before, after) in [(virus.as_str(), ""), ("", virus.as_str())] {
        let raw = format!(
            "Content-Type: multipart/mixed; boundary=a\r\n\r\n{before}\r\n--a\r\n\r\nx\r\n--a--\r\n{after}\r\n"
        );
        assert!(!found(&raw).is_empty());
    }
}

#[test]
fn one_octet_less_is_not_it() {
    let raw = format!("\r\n{}", &text()[..67]);
    assert_eq!(found(&raw), Vec::<String>::new());
}

#[test]
fn it_is_found_inside_archives_and_named_where_it_lies() {
    let mut archive = zip(&[("eicar.com", &eicar())]);
    for _ in 0..4 {
        archive = zip(&[("inner.zip", &archive)]);
    }
    let facts = Mailing::new().attach("a.zip", &archive).scan();
    let virus = facts.findings.iter().find(|one| one.kind == FindingKind::Malware).unwrap();
    assert!(virus.place.ends_with("/inner.zip/eicar.com"), "{}", virus.place);
    assert_eq!(virus.weight, 100);
}

#[test]
fn what_is_damaged_is_never_clean() {
    let archive = zip(&[("a.txt", &[b'a'; 4000]), ("eicar.com", &eicar())]);
    for end in (1..archive.len()).step_by(7) {
        let facts = Mailing::new().attach("a.zip", &archive[..end]).scan();
        let infected = facts.findings.iter().any(|one| one.kind == FindingKind::Malware);
        // Less than a signature of an archive is none, and holds nothing.
        assert!(infected || facts.unscannable.is_some() || end < 4, "cut at {end}");
    }
}

#[test]
fn a_signature_pack_is_asked_too() {
    let line = b"Win.Worm.Test:0:*:6f776e207369676e6174757265\n".as_slice();
    let source = patterns::Source { name: "own.ndb".into(), octets: line.into() };
    let Ok(compiled) = patterns::compile(&[source], &patterns::CompileOptions::default()) else {
        panic!("the source does not compile")
    };
    let octets: std::sync::Arc<dyn AsRef<[u8]> + Send + Sync> =
        std::sync::Arc::new(compiled.octets);
    let pack = patterns::Pack::open(octets).unwrap();
    let mut engines = crate::Engines::new(Some(pack)).unwrap();
    let raw = Mailing::new()
        .attach("a.zip", &zip(&[("a.bin", b"this is our own signature here")]))
        .done();
    let facts = engines.scan(&message::read(&raw), &crate::Context::default());
    let hit = facts.findings.iter().find(|one| one.name.contains("Win.Worm.Test")).unwrap();
    assert_eq!(hit.source, "own.ndb:1");
    assert!(hit.place.ends_with("a.zip/a.bin"));
}
