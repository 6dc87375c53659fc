//! Known malware. Today: the EICAR test file, so that every path of an infected message can be
//! tried without malware.

use mail::{EngineName, Finding, FindingKind};
use memchr::memmem::Finder;

use crate::{Specimens, limits};

/// The engine.
#[derive(Debug)]
pub struct Virus {
    eicar: Finder<'static>,
}

impl Default for Virus {
    fn default() -> Self {
        Virus { eicar: Finder::new(&eicar()).into_owned() }
    }
}

/// The 68 octets of the EICAR test file (eicar.org, "Anti-Malware Testfile"). In pieces, so that a
/// scanner does not take this program for it.
#[must_use]
pub fn eicar() -> Vec<u8> {
    [r"X5O!P%@AP[4\PZX54(P^)7CC)7}", "$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!", "$H+H*"]
        .concat()
        .into_bytes()
}

impl Virus {
    /// Looks for known malware. By its definition the test file stands at the start of a file; it
    /// is found anywhere, since a container may hold it as it is.
    #[must_use]
    pub fn scan(&self, specimens: &Specimens<'_>) -> Vec<Finding> {
        let places = specimens.places(|octets| self.eicar.find(octets).is_some(), limits::FINDINGS);
        let finding = |place: &str| Finding {
            engine: EngineName::Virus,
            kind: FindingKind::Malware,
            name: "EICAR-Test-File".to_owned(),
            place: place.to_owned(),
            evidence: "the 68 octets of the EICAR anti-malware test file".to_owned(),
        };
        places.into_iter().map(finding).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(raw: &str) -> Vec<String> {
        let mail = message::read(raw.as_bytes());
        let findings = Virus::default().scan(&Specimens::of(&mail));
        findings.into_iter().map(|finding| finding.place).collect()
    }

    fn text() -> String {
        String::from_utf8(eicar()).unwrap()
    }

    fn base64(octets: &[u8]) -> String {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let digits = octets.chunks(3).flat_map(|chunk| {
            let group =
                (0..3).fold(0_u32, |sum, at| sum << 8 | u32::from(*chunk.get(at).unwrap_or(&0)));
            let keep = chunk.len() + 1;
            (0..keep).map(move |at| DIGITS[(group >> (18 - 6 * at)) as usize & 63] as char)
        });
        let mut text: String = digits.collect();
        text.extend(std::iter::repeat_n('=', (4 - text.len() % 4) % 4));
        text
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
        for kind in
            ["text/plain", "application/octet-stream; name=eicar.com", "text/html", "image/png"]
        {
            for (encoding, body) in
                [("base64", base64(&eicar())), ("quoted-printable", quoted.clone())]
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
        assert_eq!(found(&plain).len(), 1);
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
            assert_eq!(found(&raw), [""]);
        }
    }

    #[test]
    fn one_octet_less_is_not_it() {
        let raw = format!("\r\n{}", &text()[..67]);
        assert_eq!(found(&raw), Vec::<String>::new());
    }
}
