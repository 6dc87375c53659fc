//! Changing a message on its way out: header lines at the top, a tag before the subject. Every
//! octet that is not named in an amendment stays as it was.

use std::io::{self, Write};

use mail::Amendment;
use mail_parser::{HeaderName, MessageParser};

use crate::encoded::base64;
use crate::header::{Field, fields};
use crate::{header_end, limits};

/// Writes the amended message; returns its octets.
///
/// # Errors
/// Those of `output`.
pub fn amend(raw: &[u8], amendments: &[Amendment], output: &mut impl Write) -> io::Result<u64> {
    let head_octets = header_end(raw).min(limits::HEADER_OCTETS);
    let (head, rest) = raw.split_at_checked(head_octets).unwrap_or((raw, &[]));
    let written = amend_head(head, amendments, output)?;
    output.write_all(rest)?;
    Ok(written + rest.len() as u64)
}

/// Writes the amended header section; what follows it in the message is the caller's to copy.
/// `head` is the header section with its empty line, or the start of one that is over
/// [`limits::HEADER_OCTETS`]. Returns the octets written.
///
/// # Errors
/// Those of `output`.
pub fn amend_head(
    head: &[u8],
    amendments: &[Amendment],
    output: &mut impl Write,
) -> io::Result<u64> {
    let mut text = Vec::with_capacity(head.len() + 512);
    for amendment in amendments {
        if let Amendment::AddHeader { name, value } = amendment {
            add_field(&mut text, name, value);
        }
    }
    let tags = amendments.iter().filter_map(|amendment| match amendment {
        Amendment::TagSubject { text } => Some(text.as_str()),
        Amendment::AddHeader { .. } => None,
    });
    let tags: Vec<String> = tags.map(clean).filter(|tag| !tag.is_empty()).collect();
    if tags.is_empty() {
        text.extend_from_slice(head);
    } else {
        tag_subjects(&mut text, head, &tags);
    }
    output.write_all(&text)?;
    Ok(text.len() as u64)
}

/// Copies the header with the tags before each subject; adds a subject when there is none.
fn tag_subjects(text: &mut Vec<u8>, head: &[u8], tags: &[String]) {
    let is_subject = |field: &Field| {
        head.get(field.name.clone()).is_some_and(|name| name.eq_ignore_ascii_case(b"subject"))
    };
    let subjects: Vec<Field> = fields(head).filter(is_subject).collect();
    if subjects.is_empty() {
        add_field(text, "Subject", &tags.join(" "));
    }
    let mut copied = 0;
    for field in subjects {
        text.extend_from_slice(head.get(copied..field.value.start).unwrap_or_default());
        let value = head.get(field.value.clone()).unwrap_or_default();
        let shown = decode(value);
        let missing: Vec<&str> =
            tags.iter().map(String::as_str).filter(|tag| !shown.contains(tag)).collect();
        if !missing.is_empty() {
            put_tag(text, &missing.join(" "), value);
        }
        copied = field.value.start;
    }
    text.extend_from_slice(head.get(copied..).unwrap_or_default());
}

/// Puts the tag between the colon and the old value, which follows untouched.
fn put_tag(text: &mut Vec<u8>, tag: &str, value: &[u8]) {
    let first_line = value.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let empty = value.trim_ascii().is_empty();
    text.push(b' ');
    if is_plain(tag) {
        text.extend_from_slice(tag.as_bytes());
    } else {
        // White space between two encoded words is not shown (RFC 2047 section 6.2): it must be
        // inside the word.
        let tag = if empty { tag.to_owned() } else { format!("{tag} ") };
        text.extend_from_slice(encode(&tag).as_bytes());
    }
    let starts_blank = matches!(first_line.first(), Some(b' ' | b'\t' | b'\r') | None);
    if tag.len() + first_line.len() + 80 > limits::LINE_OCTETS && !empty {
        text.extend_from_slice(b"\r\n");
    }
    if !starts_blank {
        text.push(b' ');
    }
}

/// The subject as shown, to see whether the tag is there.
fn decode(value: &[u8]) -> String {
    let mut line = b"Subject:".to_vec();
    line.extend_from_slice(value);
    line.extend_from_slice(b"\r\n\r\n");
    let parser = MessageParser::new().header_text(HeaderName::Subject);
    parser
        .parse_headers(&line)
        .and_then(|message| message.header(HeaderName::Subject)?.as_text().map(str::to_owned))
        .unwrap_or_else(|| String::from_utf8_lossy(value).into_owned())
}

/// One field, folded. A name that is none (RFC 5322 section 2.2) adds nothing.
fn add_field(text: &mut Vec<u8>, name: &str, value: &str) {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.len() <= 70
            && name.bytes().all(|b| b.is_ascii_graphic() && b != b':')
    };
    if !is_name(name) {
        return;
    }
    text.extend_from_slice(name.as_bytes());
    text.push(b':');
    let value = clean(value);
    let value = if is_plain(&value) { value } else { encode(&value) };
    let mut column = name.len() + 1;
    for word in value.split(' ').filter(|word| !word.is_empty()) {
        for (position, piece) in pieces(word).enumerate() {
            if position > 0 || column + 1 + piece.len() > limits::PREFERRED_LINE_OCTETS {
                text.extend_from_slice(b"\r\n");
                column = 0;
            }
            text.push(b' ');
            text.extend_from_slice(piece.as_bytes());
            column += 1 + piece.len();
        }
    }
    text.extend_from_slice(b"\r\n");
}

/// A plain word, cut where it would not fit a line at all.
fn pieces(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at_checked(rest.len().min(limits::LINE_OCTETS - 80))?;
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Text on one line, bounded.
fn clean(text: &str) -> String {
    let blank = |c: char| if c.is_control() { ' ' } else { c };
    let kept: String = text.chars().take(limits::ADDED_VALUE_OCTETS / 4).map(blank).collect();
    kept.trim().to_owned()
}

/// Whether a header may hold it as it is: printable ASCII that is no encoded word.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|octet| (0x20..0x7f).contains(&octet)) && !text.contains("=?")
}

/// Encoded words (RFC 2047), each of whole characters, separated by a space.
fn encode(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut chunk = String::new();
    for character in text.chars() {
        if chunk.len() + character.len_utf8() > limits::ENCODED_WORD_TEXT_OCTETS {
            words.push(std::mem::take(&mut chunk));
        }
        chunk.push(character);
    }
    words.push(chunk);
    let encoded = words.iter().map(|word| format!("=?UTF-8?B?{}?=", base64(word.as_bytes())));
    encoded.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> Amendment {
        Amendment::TagSubject { text: text.to_owned() }
    }

    fn add(name: &str, value: &str) -> Amendment {
        Amendment::AddHeader { name: name.to_owned(), value: value.to_owned() }
    }

    fn amended(raw: &[u8], amendments: &[Amendment]) -> String {
        let mut output = Vec::new();
        let size = amend(raw, amendments, &mut output).unwrap();
        assert_eq!(size, output.len() as u64);
        String::from_utf8(output).unwrap()
    }

    fn subject(raw: &str) -> String {
        crate::read(raw.as_bytes()).subject
    }

    #[test]
    fn header_lines_go_to_the_top_in_their_order_and_the_rest_is_untouched() {
        let raw = b"Received: x\r\nSubject: a\r\n\r\nbody\0\xff".as_slice();
        let mut output = Vec::new();
        amend(raw, &[add("X-One", "1"), add("X-Two", "2")], &mut output).unwrap();
        assert_eq!(output, [b"X-One: 1\r\nX-Two: 2\r\n", raw].concat());
    }

    #[test]
    fn a_header_value_cannot_add_lines() {
        let text = amended(b"A: b\r\n\r\n", &[add("X", "1\r\nBcc: all@example.test\r\n\r\nbody")]);
        assert_eq!(text, "X: 1 Bcc: all@example.test body\r\nA: b\r\n\r\n");
        assert_eq!(amended(b"\r\n", &[add("X: y\r\nZ", "1"), add("", "2")]), "\r\n");
    }

    #[test]
    fn long_header_values_are_folded_within_the_line_limit() {
        let long = format!("{} {}", "word ".repeat(100), "y".repeat(3000));
        let text = amended(b"\r\n", &[add("X-Long", &long)]);
        assert!(text.lines().all(|line| line.len() <= limits::LINE_OCTETS));
        assert!(text.lines().next().unwrap().len() <= limits::PREFERRED_LINE_OCTETS);
        assert!(text.trim_end().lines().skip(1).all(|line| line.starts_with(' ')));
    }

    #[test]
    fn header_values_beyond_ascii_are_encoded() {
        let text = amended(b"\r\n", &[add("X", &"Gr\u{fc}\u{df}e ".repeat(40))]);
        assert!(text.is_ascii() && text.starts_with("X: =?UTF-8?B?"));
    }

    #[test]
    fn the_tag_goes_before_the_subject() {
        let cases = [
            ("Subject: Hello\r\n\r\nx", "Subject: [Spam] Hello\r\n\r\nx"),
            ("SUBJECT:Hello\r\n\r\n", "SUBJECT: [Spam] Hello\r\n\r\n"),
            ("Subject : Hello\r\n\r\n", "Subject : [Spam] Hello\r\n\r\n"),
            ("Subject:\r\n Hello\r\n\r\n", "Subject: [Spam]\r\n Hello\r\n\r\n"),
            ("Subject:\r\n\r\n", "Subject: [Spam]\r\n\r\n"),
            ("Subject: \r\n\r\n", "Subject: [Spam] \r\n\r\n"),
            ("A: b\r\n\r\nSubject: body", "Subject: [Spam]\r\nA: b\r\n\r\nSubject: body"),
        ];
        for (raw, expected) in cases {
            assert_eq!(amended(raw.as_bytes(), &[tag("[Spam]")]), expected);
        }
    }

    #[test]
    fn the_tag_is_not_repeated() {
        for raw in [
            "Subject: [Spam] Hello\r\n\r\n",
            "Subject: Re: [Spam] Hello\r\n\r\n",
            "Subject: =?utf-8?b?W1NwYW1dIEhlbGxv?=\r\n\r\n",
            "Subject: =?utf-8?q?=5BSp?=\r\n =?utf-8?q?am=5D_Hello?=\r\n\r\n",
        ] {
            assert_eq!(amended(raw.as_bytes(), &[tag("[Spam]")]), raw);
        }
        let once = amended(b"Subject: x\r\n\r\n", &[tag("[Spam]"), tag("[Spam]")]);
        assert_eq!(amended(once.as_bytes(), &[tag("[Spam]")]), once);
    }

    #[test]
    fn a_tag_before_an_encoded_subject_shows_its_space() {
        let raw = b"Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n\r\n";
        assert_eq!(subject(&amended(raw, &[tag("[Spam]")])), "[Spam] Gr\u{fc}\u{df}e");
        assert_eq!(subject(&amended(raw, &[tag("[M\u{fc}ll]")])), "[M\u{fc}ll] Gr\u{fc}\u{df}e");
    }

    #[test]
    fn a_tag_beyond_ascii_is_encoded_and_recognised() {
        let once = amended(b"Subject: x\r\n\r\n", &[tag("[M\u{fc}ll]")]);
        assert!(once.is_ascii());
        assert_eq!(subject(&once), "[M\u{fc}ll]  x");
        assert_eq!(amended(once.as_bytes(), &[tag("[M\u{fc}ll]")]), once);
    }

    #[test]
    fn a_long_subject_line_stays_within_the_line_limit() {
        let raw = format!("Subject: {}\r\n\r\n", "x".repeat(980));
        let text = amended(raw.as_bytes(), &[tag("[Spam]")]);
        assert!(text.lines().all(|line| line.len() <= limits::LINE_OCTETS));
        assert!(text.ends_with(&format!(" {}\r\n\r\n", "x".repeat(980))));
    }

    #[test]
    fn every_subject_of_an_ambiguous_message_is_tagged() {
        let text = amended(b"Subject: a\r\nSubject: b\r\n\r\n", &[tag("[Spam]")]);
        assert_eq!(text, "Subject: [Spam] a\r\nSubject: [Spam] b\r\n\r\n");
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_the_original_follows_the_added_lines(raw: Vec<u8>, value: String) {
            let mut output = Vec::new();
            amend(&raw, &[add("X-Gatepost", &value)], &mut output).unwrap();
            assert!(output.ends_with(&raw));
            let added = &output[..output.len() - raw.len()];
            assert!(added.ends_with(b"\r\n") && added.is_ascii());
        }

        #[test]
        fn tagging_loses_no_octet(raw: Vec<u8>, tag_text: String) {
            let mut output = Vec::new();
            amend(&raw, &[tag(&tag_text)], &mut output).unwrap();
            let mut rest = output.iter();
            assert!(raw.iter().all(|octet| rest.any(|other| other == octet)));
        }
    }
}
