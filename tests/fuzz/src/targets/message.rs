//! A message taken apart: bounded, inside its octets, and the same every time.

use std::fmt::Write;

/// Reads the input twice and holds the reading to its promises.
pub fn target(octets: &[u8]) {
    let mail = message::read(octets);
    assert!(mail.parts.len() <= message::limits::PARTS + message::limits::EMBEDDED);
    assert!(mail.defects.len() <= message::limits::DEFECTS);
    assert!(!mail.parts.is_empty() || mail.limit.is_some(), "nothing to scan, and nothing said");
    let mut made = 0;
    for part in &mail.parts {
        if let Some(span) = &part.span {
            assert!(span.start <= span.end && span.end <= octets.len(), "{span:?}");
        }
        assert!(part.readings.len() <= message::limits::LEAF_READINGS * 2);
        assert!(part.all_names().all(|name| name.len() <= message::limits::TEXT_OCTETS));
        assert!(!part.path.chars().any(char::is_control), "{:?}", part.path);
        made += part.readings.iter().map(Vec::len).sum::<usize>();
    }
    assert!(made <= message::limits::DECODED_OCTETS);
    assert!(mail.text_parts().all(|(part, _)| part.mime.starts_with("text/")));
    assert_eq!(message::read(octets), mail, "the same octets give the same reading");
}

/// Messages in which encodings and structures are nested.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut nested =
        "Content-Type: text/plain\r\n\r\nbegin 644 a\r\n#86)C\r\n`\r\nend\r\n".to_owned();
    let mut seeds = Vec::new();
    for level in 0..4 {
        let mut head = String::new();
        let _ = write!(
            head,
            "Content-Type: multipart/mixed; boundary=b{level}; boundary*0=c; boundary*1={level}\r\n"
        );
        nested = format!(
            "{head}Content-Transfer-Encoding: 7bit\r\n\r\npre\r\n--b{level}\r\nContent-Type: message/rfc822\r\n\r\n\
             {nested}\r\n--c{level}\r\n\r\nother\r\n--b{level}--\r\n--b{level}\r\n\r\nlate\r\n"
        );
        seeds.push(nested.clone().into_bytes());
        seeds.push(nested.replace("\r\n", "\n").into_bytes());
        seeds.push(nested.replacen("\r\n", "\r", 7).into_bytes());
    }
    seeds.push(b"=ybegin line=1 size=1 name=a\r\n=ybegin name=b\r\n..=\r\n=yend\r\n".to_vec());
    seeds.push(b"A: b\r\n\r\n(This file must be converted with BinHex 4.0)\r\n:#3!!:\r\n".to_vec());
    seeds.push(
        b"Content-Type: a/b; name*1*=%; name*0*=utf-7''+; name=\"=?hz?q?~{?=\"\r\n\r\nx".to_vec(),
    );
    seeds
}
