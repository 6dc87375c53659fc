use std::borrow::Cow;

use super::*;
use crate::{Content, DefectKind};

fn base64(text: &[u8]) -> String {
    crate::encoded::base64(text)
}

fn leaf<'m>(mail: &'m Mail<'_>, path: &str) -> &'m [u8] {
    let found = mail.leaves().find(|(part, _)| part.path == path);
    found.unwrap_or_else(|| panic!("no leaf {path} in {:?}", paths_of(mail))).1
}

fn paths_of(mail: &Mail<'_>) -> Vec<String> {
    mail.parts.iter().map(|part| part.path.clone()).collect()
}

fn nested(depth: usize, inner: &str) -> String {
    let mut text = inner.to_owned();
    for level in 0..depth {
        text = format!("Subject: {level}\r\nContent-Type: message/rfc822\r\n\r\n{text}");
    }
    text
}

fn nested_encoded(depth: usize, inner: &str) -> String {
    let mut text = inner.to_owned();
    for _ in 0..depth {
        text = format!(
            "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            base64(text.as_bytes())
        );
    }
    text
}

#[test]
fn a_plain_message_is_one_leaf_where_it_lies() {
    let raw = b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nFrom: Ann <ann@example.test>\r\n\
        Message-ID: <1@example.test>\r\n\r\nHello\r\n";
    let mail = read(raw);
    assert_eq!(mail.subject, "Gr\u{fc}\u{df}e");
    assert_eq!(mail.from, "Ann <ann@example.test>");
    assert_eq!(mail.message_id, "1@example.test");
    assert_eq!(leaf(&mail, "1"), b"Hello\r\n");
    let span = mail.parts[0].span.clone().unwrap();
    assert_eq!(&raw[span], b"Hello\r\n");
    assert!(matches!(&mail.parts[0].content, Content::Leaf(Cow::Borrowed(_))), "copied");
    assert_eq!(mail.defects, []);
    assert_eq!(mail.limit, None);
}

#[test]
fn parts_are_numbered_and_named() {
    let raw = "Content-Type: multipart/mixed; boundary=a\r\n\r\n\
        --a\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
        --b\r\n\r\ntext\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b--\r\n\
        --a\r\nContent-Type: application/zip; name=\"in/voice.zip\"\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nUEsDBA==\r\n--a--\r\n";
    let mail = read(raw.as_bytes());
    assert_eq!(paths_of(&mail), ["", "1", "1/1", "1/2", "2/in_voice.zip"]);
    assert_eq!(leaf(&mail, "2/in_voice.zip"), b"PK\x03\x04");
    assert_eq!(mail.parts[4].mime, "application/zip");
    assert_eq!(leaf(&mail, "1/2"), b"<p>");
}

#[test]
fn quoted_printable_and_base64_text_are_decoded() {
    for (encoding, body) in
        [("quoted-printable", "sec=72e=\r\nt".to_owned()), ("base64", base64(b"secret"))]
    {
        let raw = format!("Content-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n");
        let mail = read(raw.as_bytes());
        assert_eq!(leaf(&mail, "1").trim_ascii(), b"secret", "{encoding}");
    }
}

#[test]
fn a_charset_hides_neither_the_octets_nor_the_text() {
    let wide: Vec<u8> = "secret".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let head =
        "Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let raw = format!("{head}{}\r\n", base64(&wide));
    let mail = read(raw.as_bytes());
    assert_eq!(leaf(&mail, "1"), wide);
    assert_eq!(mail.parts[0].text.as_deref(), Some("secret"));
    // Plain octets under a false charset.
    let raw = format!("{head}{}\r\n", base64(b"secret"));
    assert_eq!(leaf(&read(raw.as_bytes()), "1"), b"secret");
}

#[test]
fn octets_that_are_no_utf8_stay_as_they_are() {
    let raw = format!("Content-Transfer-Encoding: base64\r\n\r\n{}\r\n", base64(b"a\xff\xfeb"));
    assert_eq!(leaf(&read(raw.as_bytes()), "1"), b"a\xff\xfeb");
}

#[test]
fn nested_messages_are_followed() {
    for depth in [1, 3, 5, 10] {
        let inner = format!("Content-Transfer-Encoding: base64\r\n\r\n{}\r\n", base64(b"secret"));
        for raw in [nested(depth, &inner), nested_encoded(depth, &inner)] {
            let mail = read(raw.as_bytes());
            let found = mail.leaves().any(|(_, octets)| octets == b"secret");
            assert!(found && mail.limit.is_none(), "{depth}: {:?}", mail.limit);
        }
    }
}

#[test]
fn messages_nested_too_deep_are_never_called_read() {
    for depth in [11, 12, 14] {
        assert!(read(nested(depth, "\r\nx").as_bytes()).limit.is_some(), "{depth}");
        assert!(read(nested_encoded(depth, "\r\nx").as_bytes()).limit.is_some(), "{depth}");
    }
}

#[test]
fn a_hundred_thousand_levels_do_not_exhaust_the_stack() {
    let raw = "Content-Type: message/rfc822\r\n\r\n".repeat(100_000);
    assert!(read(raw.as_bytes()).limit.is_some());
    let raw = "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n".repeat(20_000);
    let _ = read(raw.as_bytes());
}

#[test]
fn a_message_attached_as_a_file_is_followed() {
    let inner = format!("Content-Transfer-Encoding: base64\r\n\r\n{}\r\n", base64(b"secret"));
    let raw = format!(
        "Content-Type: application/octet-stream; name=\"forwarded.EML\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        base64(inner.as_bytes())
    );
    let mail = read(raw.as_bytes());
    assert!(mail.leaves().any(|(_, octets)| octets == b"secret"), "{:?}", paths_of(&mail));
}

#[test]
fn an_encoding_declared_twice_is_read_both_ways() {
    let encoded = base64(b"secret words");
    for declared in [
        "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n",
        "Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n",
        "Content-Transfer-Encoding: base64 (yes)\r\n",
        "Content-Transfer-Encoding: x-base64\r\n",
    ] {
        let raw = format!("{declared}\r\n{encoded}\r\n");
        let mail = read(raw.as_bytes());
        let part = &mail.parts[0];
        let leaf = leaf(&mail, "1");
        let seen = leaf == b"secret words" || part.readings.iter().any(|r| r == b"secret words");
        assert!(seen, "{declared}");
        assert!(mail.defects.iter().any(|defect| defect.kind.is_ambiguous()), "{declared}");
    }
}

#[test]
fn broken_base64_is_read_leniently() {
    let body = "c2Vj*cmV0IHdvcmRz\u{1}!!";
    let raw = format!(
        "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n"
    );
    let mail = read(raw.as_bytes());
    let part = &mail.parts[0];
    let seen = mail.leaves().any(|(_, octets)| octets == b"secret words")
        || part.readings.iter().any(|reading| reading == b"secret words");
    assert!(seen, "{part:?}");
}

#[test]
fn a_multipart_without_parts_is_a_defect() {
    let raw = b"Content-Type: multipart/mixed; boundary=a\r\n\r\nno parts here\r\n";
    let mail = read(raw);
    assert!(mail.defects.iter().any(|defect| defect.kind == DefectKind::BrokenMultipart));
    assert!(mail.leaves().any(|(_, octets)| octets.starts_with(b"no parts")));
}

#[test]
fn too_many_parts_are_never_called_read() {
    let part = "--a\r\n\r\nx\r\n";
    let head = "Content-Type: multipart/mixed; boundary=a\r\n\r\n";
    let fits = format!("{head}{}--a--\r\n", part.repeat(limits::PARTS - 1));
    assert_eq!(read(fits.as_bytes()).limit, None);
    let over = format!("{head}{}--a--\r\n", part.repeat(limits::PARTS));
    let mail = read(over.as_bytes());
    assert!(mail.limit.is_some() && mail.parts.len() == limits::PARTS);
}

#[test]
fn a_header_over_the_limit_is_never_called_read() {
    let raw = format!("X: {}\r\n\r\nbody", "y".repeat(limits::HEADER_OCTETS));
    assert!(read(raw.as_bytes()).limit.is_some());
}

#[test]
fn a_message_without_header_is_read_whole() {
    for raw in [&b""[..], b"\r\n", b"no header here", b"\0\0\0"] {
        let mail = read(raw);
        assert!(!mail.parts.is_empty(), "{raw:?}");
        assert_eq!(mail.limit, None);
    }
}

#[test]
fn two_subjects_are_ambiguous() {
    let mail = read(b"Subject: a\r\nSubject: b\r\n\r\nx");
    assert!(mail.defects.iter().any(|defect| defect.evidence == "Subject"));
}

#[test]
fn text_for_records_is_bounded_and_clean() {
    let raw = format!("Subject: {}\r\nFrom: \"a\u{1}b\" <x@y.test>\r\n\r\n", "\u{fc}".repeat(5000));
    let mail = read(raw.as_bytes());
    assert!(mail.subject.len() <= limits::TEXT_OCTETS);
    assert!(!mail.from.chars().any(char::is_control));
}

fn kinds(mail: &Mail<'_>) -> Vec<DefectKind> {
    mail.defects.iter().map(|defect| defect.kind).collect()
}

fn mixed(parts: &[&str]) -> String {
    let parts: String = parts.iter().map(|part| format!("--a\r\n{part}\r\n")).collect();
    format!("Content-Type: multipart/mixed; boundary=a\r\n\r\n{parts}--a--\r\n")
}

#[test]
fn an_ordinary_message_has_one_reading_and_no_defects() {
    let raw = mixed(&[
        "Content-Type: text/plain; charset=utf-8\r\n\r\nhello",
        "Content-Type: image/png; name=a.png\r\nContent-ID: <x>\r\nContent-Disposition: inline\r\n\
         Content-Transfer-Encoding: base64\r\n\r\niVBORw0K",
        "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nbody",
    ]);
    let mail = read(raw.as_bytes());
    assert_eq!((kinds(&mail), mail.limit.as_deref()), (vec![], None));
    assert_eq!(paths_of(&mail), ["", "1", "2/a.png", "3", "3/1"]);
    assert!(mail.parts.iter().all(|part| part.readings.is_empty()));
    assert!(mail.parts[2].is_inline() && !mail.parts[2].is_attachment());
    assert!(mail.parts[3].is_attachment());
}

#[test]
fn what_only_some_readers_see_comes_after_what_all_see() {
    let raw = "Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n\
        --a\r\n\r\none\r\n--a--\r\n--b\r\nContent-Type: x/y; name=two\r\n\r\ntwo\r\n--b--\r\n";
    let mail = read(raw.as_bytes());
    assert_eq!(leaf(&mail, "1"), b"one");
    let other = mail.parts.iter().find(|part| part.origin == crate::Origin::Reading).unwrap();
    assert!(other.path.contains('~') && other.path.ends_with("/two"), "{}", other.path);
    assert_eq!(other.octets(), Some(&b"two"[..]));
    assert_eq!(kinds(&mail)[0], DefectKind::RepeatedParameter);
}

#[test]
fn a_reading_that_changes_nothing_is_not_listed() {
    let raw =
        "Content-Type: multipart/mixed; boundary=a\r\nno field\r\n\r\n--a\r\n\r\none\r\n--a--\r\n";
    let mail = read(raw.as_bytes());
    assert_eq!(paths_of(&mail), ["", "1"]);
    assert!(mail.is_ambiguous());
}

#[test]
fn a_file_in_a_text_becomes_a_part_with_its_name() {
    let block = crate::lines::tests::uu_block(b"secret", "a.exe");
    let raw = format!("Subject: x\r\n\r\nLook:\r\n{block}");
    let mail = read(raw.as_bytes());
    assert_eq!(paths_of(&mail), ["1+1/a.exe", "1"]);
    let part = &mail.parts[0];
    assert_eq!((part.octets(), part.name.as_deref()), (Some(&b"secret"[..]), Some("a.exe")));
    assert!(part.is_attachment() && part.origin == crate::Origin::Embedded);
    assert_eq!(kinds(&mail), [DefectKind::EncodedText]);
}

#[test]
fn more_files_in_a_text_than_are_looked_for_are_never_called_read() {
    let block = crate::lines::tests::uu_block(b"x", "a");
    let raw = format!("A: b\r\n\r\n{}", block.repeat(limits::EMBEDDED + 1));
    assert!(read(raw.as_bytes()).limit.is_some());
}

#[test]
fn many_harmless_defects_hide_none_that_matters() {
    let loose = "Content-Transfer-Encoding: base64\r\n\r\nYWI";
    let mut parts = vec![loose; limits::DEFECTS * 2];
    parts.push("Content-Type: a/b\r\nContent-Type: c/d\r\n\r\nx");
    let raw = mixed(&parts);
    let mail = read(raw.as_bytes());
    assert!(mail.is_ambiguous() && mail.defects.len() <= limits::DEFECTS);
}

#[test]
fn multiparts_nested_too_deep_are_never_called_read() {
    let nested = |depth: usize| {
        let heads = (0..depth)
            .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}x\r\n\r\n--b{n}x\r\n"));
        heads.collect::<String>() + "\r\nbody\r\n"
    };
    let limit = limits::MULTIPART_DEPTH;
    assert_eq!(read(nested(limit).as_bytes()).limit, None);
    assert!(read(nested(limit + 1).as_bytes()).limit.is_some());
}

#[test]
fn parts_that_wait_are_bounded_however_deep_they_lie() {
    let level = |n: usize| {
        let siblings = format!("--b{n}x\r\n\r\ny\r\n").repeat(3000);
        format!(
            "Content-Type: multipart/mixed; boundary=b{n}x\r\n\r\n--b{n}x\r\n@{siblings}--b{n}x--\r\n"
        )
    };
    let raw = (0..20).rev().fold("\r\nx\r\n".to_owned(), |inner, n| level(n).replace('@', &inner));
    let mail = read(raw.as_bytes());
    assert!(mail.limit.is_some() && mail.parts.len() <= limits::PARTS);
}

#[test]
fn more_readings_than_are_followed_are_never_called_read() {
    let part = "Content-Type: multipart/mixed; boundary=b; boundary=c\r\n\r\n\
        --b\r\n\r\nx\r\n--c\r\n\r\ny\r\n--b--\r\n";
    let raw = mixed(&vec![part; limits::READINGS + 1]);
    assert!(read(raw.as_bytes()).limit.is_some());
}

#[test]
fn signed_and_encrypted_parts_say_so() {
    use crate::Protection::{Encrypted, None, Signed};
    for (raw, expected) in [
        ("Content-Type: application/pkcs7-mime; name=smime.p7m\r\n\r\nx", Encrypted),
        ("Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n\r\nx", Signed),
        ("Content-Type: multipart/encrypted; boundary=a\r\n\r\n--a\r\n\r\nx\r\n--a--", Encrypted),
        ("A: b\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nx", Encrypted),
        ("A: b\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\nx", Signed),
        ("A: b\r\n\r\nwords", None),
    ] {
        assert_eq!(read(raw.as_bytes()).parts[0].protection, expected, "{raw}");
    }
}

#[test]
fn a_message_in_parts_and_one_that_is_elsewhere_are_told() {
    let partial =
        "Content-Type: message/partial; id=x; number=1; total=2\r\n\r\nSubject: y\r\n\r\nz";
    assert_eq!(kinds(&read(partial.as_bytes())), [DefectKind::PartialMessage]);
    let elsewhere = "Content-Type: message/external-body; access-type=ftp\r\n\r\nA: b\r\n\r\n";
    assert_eq!(kinds(&read(elsewhere.as_bytes())), [DefectKind::ExternalBody]);
}

#[test]
fn every_name_that_readers_may_show_is_told() {
    let raw = "Content-Type: a/b; name=\"letter.txt\"\r\n\
        Content-Disposition: attachment; filename=\"letter.exe\"\r\n\r\nx";
    let mail = read(raw.as_bytes());
    let names: Vec<&str> = mail.parts[0].all_names().collect();
    assert_eq!(names, ["letter.exe", "letter.txt"]);
    assert!(mail.is_ambiguous());
}

#[test]
fn a_returned_message_may_be_cut_short() {
    let head = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    let cut = format!(
        "{head}--b\r\n\r\nx\r\n--b\r\nContent-Type: a/b\r\n\
         Content-Transfer-Encoding: base64\r\n\r\nYWJjZGVmZ"
    );
    for returned in [head.to_owned(), cut] {
        let part = format!("Content-Type: message/rfc822\r\n\r\n{returned}");
        let raw = mixed(&["Content-Type: text/plain\r\n\r\nsorry", &part]);
        assert_eq!(read(raw.as_bytes()).grade(), Some(crate::Grade::Harmless), "{raw}");
    }
    let inner = mixed(&["Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx", "\r\ny"]);
    let raw = mixed(&[&format!("Content-Type: message/rfc822\r\n\r\n{inner}")]);
    assert!(kinds(&read(raw.as_bytes())).contains(&DefectKind::CutMultipart));
}

#[test]
fn lone_line_ends_are_told_and_read_both_ways() {
    let raw = b"A: b\r\nX: y\rContent-Transfer-Encoding: base64\r\n\r\nc2VjcmV0\r\n";
    let mail = read(raw);
    assert_eq!(kinds(&mail), [DefectKind::BareLineEnd]);
    assert!(mail.readings().any(|(_, octets)| octets == b"secret"));
    assert!(mail.readings().any(|(_, octets)| octets == b"c2VjcmV0\r\n"));
}

proptest::proptest! {
    #[test]
    fn no_octets_make_it_panic(raw: Vec<u8>) {
        let _ = read(&raw);
    }

    #[test]
    fn no_mime_like_text_makes_it_panic_and_spans_stay_inside(
        pieces in proptest::collection::vec(proptest::sample::select(vec![
            "Content-Type: multipart/mixed; boundary=a\r\n", "Content-Type: message/rfc822\r\n",
            "Content-Transfer-Encoding: base64\r\n", "Content-Transfer-Encoding: quoted-printable\r\n",
            "\r\n", "--a\r\n", "--a--\r\n", "YWJj\r\n", "=41=\r\n", "x", "\u{fc}", "\0",
            "Content-Type: text/plain; charset=utf-16; name=a.eml\r\n", "Subject: =?utf-8?b?w7w=?=\r\n",
        ]), 0..40)
    ) {
        let raw = pieces.concat();
        let mail = read(raw.as_bytes());
        assert!(!mail.parts.is_empty() || mail.limit.is_some());
        for part in &mail.parts {
            if let Some(span) = &part.span {
                assert!(span.start <= span.end && span.end <= raw.len(), "{:?} {}", span, raw.len());
            }
        }
    }
}
