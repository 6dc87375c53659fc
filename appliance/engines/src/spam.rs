//! Unwanted bulk mail. Today: the GTUBE test string, so that every path of a spam message can be
//! tried; anything else has probability 0.

use mail::{EngineName, Finding, FindingKind};
use memchr::memmem::Finder;
use unpack::Specimen;

/// The engine.
#[derive(Debug)]
pub(crate) struct Spam {
    gtube: Finder<'static>,
}

impl Default for Spam {
    fn default() -> Self {
        Spam { gtube: Finder::new(&gtube()).into_owned() }
    }
}

/// The 68 octets of the Generic Test for Unsolicited Bulk Email (spamassassin.apache.org/gtube).
#[must_use]
pub fn gtube() -> Vec<u8> {
    ["XJS*C4JDBQADN1.NSBN3*2IDNEN*", "GTUBE-STANDARD-", "ANTI-UBE-TEST-EMAIL*C.34X"]
        .concat()
        .into_bytes()
}

impl Spam {
    /// Looks for signals of spam. Any finding today means certainty.
    pub fn look(&self, specimen: &Specimen<'_>) -> Option<Finding> {
        self.gtube.find(specimen.octets)?;
        let words = "the Generic Test for Unsolicited Bulk Email";
        Some(Finding::new(EngineName::Spam, FindingKind::Spam, "GTUBE", specimen.place, words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, Engines};

    fn probability(raw: &str) -> f64 {
        let mail = message::read(raw.as_bytes());
        Engines::default().scan(&mail, &Context::default()).spam_probability
    }

    #[test]
    fn the_test_string_is_certain_spam() {
        let text = String::from_utf8(gtube()).unwrap();
        assert_eq!(text.len(), 68);
        assert!(probability(&format!("Subject: x\r\n\r\n{text}\r\n")) >= 1.0);
        assert!(probability(&format!("Subject: {text}\r\n\r\nx\r\n")) >= 1.0);
    }

    #[test]
    fn it_is_seen_through_quoted_printable() {
        let text: String = gtube().iter().map(|octet| format!("={octet:02X}")).collect();
        let raw = format!("Content-Transfer-Encoding: quoted-printable\r\n\r\n{text}\r\n");
        assert!(probability(&raw) >= 1.0);
    }

    #[test]
    fn anything_else_is_not_guessed_at() {
        assert!(probability("Subject: VIAGRA!!!\r\n\r\nbuy now\r\n") <= 0.0);
    }
}
