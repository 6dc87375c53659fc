//! Made mail: clean messages of many shapes, and the two harmless test signatures in every wrapping.
//!
//! The signatures are put together from pieces so that no scanner takes this file for the thing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::Random;

/// The EICAR test file, 68 octets.
#[must_use]
pub fn eicar() -> String {
    ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-", "STANDARD-ANTIVIRUS-", "TEST-FILE!$H+H*"].concat()
}

/// The GTUBE line, 68 octets.
#[must_use]
pub fn gtube() -> String {
    ["XJS*C4JDBQADN1.NSBN3*2IDNEN*", "GTUBE-STANDARD-ANTI-UBE-", "TEST-EMAIL*C.34X"].concat()
}

/// A plain message with this subject and text.
#[must_use]
pub fn plain(subject: &str, text: &str) -> Vec<u8> {
    format!(
        "From: Ann Sender <ann@sender.test>\r\nTo: bob@example.test\r\nSubject: {subject}\r\n\
         Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{}@sender.test>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n",
        subject.bytes().map(|octet| format!("{octet:02x}")).collect::<String>()
    )
    .into_bytes()
}

/// A plain message that carries a number, of about `size` octets, lines of seemly length.
#[must_use]
pub fn numbered(number: u64, size: usize, random: &mut Random) -> Vec<u8> {
    let mut message = format!(
        "From: <load@sender.test>\r\nTo: <bob@example.test>\r\nX-Number: {number}\r\n\
         Subject: Number {number}\r\nMessage-ID: <{number}.load@sender.test>\r\n\r\n"
    )
    .into_bytes();
    while message.len() < size {
        let word = random.number();
        message.extend_from_slice(
            format!("{word:016x} the quick brown fox jumps over the lazy dog .\r\n").as_bytes(),
        );
    }
    message
}

/// `payload` in every wrapping that a mail reader undoes, with a name for each.
#[must_use]
pub fn wrapped(payload: &str) -> Vec<(&'static str, Vec<u8>)> {
    let plain_mail = plain("plain", payload);
    let base64_mail = part("application/octet-stream", "base64", &base64_lines(payload.as_bytes()));
    let quoted_mail = part("text/plain", "quoted-printable", &quoted_printable(payload));
    vec![
        ("nested", nested(&plain_mail)),
        ("nested twice", nested(&nested(&base64_mail))),
        ("nested, base64 inside", nested(&base64_mail)),
        ("mixed, second part", mixed(&base64_lines(payload.as_bytes()))),
        ("digest", digest(&quoted_mail)),
        ("plain", plain_mail),
        ("base64", base64_mail),
        ("quoted-printable", quoted_mail),
    ]
}

fn head(subject: &str) -> String {
    format!(
        "From: <a@sender.test>\r\nTo: <bob@example.test>\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
    )
}

fn part(kind: &str, encoding: &str, content: &str) -> Vec<u8> {
    format!(
        "{}Content-Type: {kind}; name=\"file.bin\"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{content}\r\n",
        head(encoding)
    )
    .into_bytes()
}

fn nested(inner: &[u8]) -> Vec<u8> {
    let mut mail = format!("{}Content-Type: message/rfc822\r\n\r\n", head("Fwd")).into_bytes();
    mail.extend_from_slice(inner);
    mail
}

fn mixed(encoded: &str) -> Vec<u8> {
    format!(
        "{}Content-Type: multipart/mixed; boundary=\"cut\"\r\n\r\n--cut\r\nContent-Type: text/plain\r\n\r\n\
         See the file.\r\n--cut\r\nContent-Type: application/zip; name=\"a.com\"\r\n\
         Content-Disposition: attachment; filename=\"a.com\"\r\nContent-Transfer-Encoding: base64\r\n\r\n\
         {encoded}\r\n--cut--\r\n",
        head("mixed")
    )
    .into_bytes()
}

fn digest(inner: &[u8]) -> Vec<u8> {
    let mut mail = format!(
        "{}Content-Type: multipart/digest; boundary=\"cut\"\r\n\r\n--cut\r\n\r\n",
        head("digest")
    )
    .into_bytes();
    mail.extend_from_slice(inner);
    mail.extend_from_slice(b"\r\n--cut--\r\n");
    mail
}

/// Base64 in lines of 76 characters (RFC 2045 section 6.8).
#[must_use]
pub fn base64_lines(octets: &[u8]) -> String {
    let text = STANDARD.encode(octets);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).expect("base64 is ASCII"))
        .collect();
    lines.join("\r\n")
}

/// Every octet spelt out, with soft line ends (RFC 2045 section 6.7).
fn quoted_printable(text: &str) -> String {
    let spelt: Vec<String> = text.bytes().map(|octet| format!("={octet:02X}")).collect();
    spelt.chunks(20).map(<[String]>::concat).collect::<Vec<_>>().join("=\r\n")
}

/// Clean messages that stress a relay's honesty: dots, long lines, eight-bit octets, empty bodies.
#[must_use]
pub fn clean() -> Vec<(&'static str, Vec<u8>)> {
    let long = "x".repeat(990);
    let mut eight_bit = plain("eight-bit", "");
    eight_bit.extend((128..=255u8).flat_map(|octet| [octet, b'\r', b'\n']));
    vec![
        ("ordinary", plain("ordinary", "Hello Bob,\r\n\r\nsee you at ten.\r\n\r\n-- \r\nAnn")),
        ("dots", plain("dots", ".\r\n..\r\n...\r\n.a\r\n a.\r\n.")),
        ("empty lines at the end", plain("empty lines", "a\r\n\r\n\r\n\r\n")),
        ("a long line", plain("long line", &long)),
        ("eight-bit", eight_bit),
        ("no body", b"Subject: no body\r\n\r\n".to_vec()),
        ("no header", b"\r\nonly a body\r\n".to_vec()),
        ("spaces at line ends", plain("spaces", "a \r\nb\t\r\n \r\n\t\r\n")),
        ("folded header", b"Subject: a\r\n folded\r\n\tsubject\r\nX-A:\r\n\r\nb\r\n".to_vec()),
        ("large", numbered(1, 700_000, &mut Random::new(1))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_have_their_length() {
        assert_eq!(eicar().len(), 68);
        assert_eq!(gtube().len(), 68);
    }

    #[test]
    fn made_mail_has_no_bare_line_ends() {
        for (name, mail) in clean().into_iter().chain(wrapped(&eicar())) {
            let text: Vec<u8> = mail.clone();
            let pairs = text.windows(2).filter(|pair| pair == b"\r\n").count();
            let returns = text.iter().filter(|octet| **octet == b'\r').count();
            let feeds = text.iter().filter(|octet| **octet == b'\n').count();
            assert_eq!((pairs, pairs), (returns, feeds), "{name}");
        }
    }
}
