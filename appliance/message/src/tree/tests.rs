use super::*;

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
