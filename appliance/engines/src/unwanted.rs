//! Unwanted mail: what crate `spam` says of the message as its reader sees it, and the GTUBE test
//! string, with which every path of a spam message can be tried.

use filetype::Family;
use mail::{EngineName, Finding, FindingKind, Leaf, SpamJudgement};
use memchr::memmem::Finder;
use message::{Mail, Part};
use spam::{Around, Judge, Sight, Sights};
use unpack::{Origin, Page, Specimen};

/// The engine.
#[derive(Debug)]
pub(crate) struct Unwanted {
    gtube: Finder<'static>,
    judge: Judge,
}

impl Default for Unwanted {
    fn default() -> Self {
        Unwanted { gtube: Finder::new(&gtube()).into_owned(), judge: Judge::default() }
    }
}

/// Which reading of a part is being taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// The one its reader sees.
    Shown,
    /// Another one: malware may hide in it, words do not count twice.
    Other,
}

/// What was gathered of one message.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    sights: Sights,
}

impl Seen {
    /// Takes down a specimen of a part.
    pub fn specimen(&mut self, specimen: &Specimen<'_>, part: &Part<'_>, reading: Reading) {
        if reading == Reading::Other {
            return;
        }
        let is_body = specimen.depth == 0 && !part.is_attachment();
        match specimen.origin {
            Origin::Text(kind) => {
                let text = String::from_utf8_lossy(specimen.octets);
                self.sights.text(&text, kind, is_body);
            }
            Origin::Part | Origin::Reading if is_body && part.mime == "text/plain" => {
                self.sights.plain(&String::from_utf8_lossy(specimen.octets));
            }
            _ if specimen.types.has_family(Family::Image) => {
                self.sights.picture(specimen.octets, specimen.types);
            }
            _ => {}
        }
    }

    /// Takes down a page.
    pub fn page(
        &mut self,
        specimen: &Specimen<'_>,
        page: &Page,
        part: &Part<'_>,
        reading: Reading,
    ) {
        if reading == Reading::Shown {
            self.sights.page(page, specimen.depth == 0 && !part.is_attachment());
        }
    }

    /// The view of the message.
    pub fn sight<'a>(
        self,
        mail: &'a Mail<'a>,
        leaves: &'a [Leaf],
        around: Around<'a>,
    ) -> Sight<'a> {
        self.sights.sight(mail, leaves, around)
    }
}

/// The 68 octets of the Generic Test for Unsolicited Bulk Email (spamassassin.apache.org/gtube).
#[must_use]
pub fn gtube() -> Vec<u8> {
    ["XJS*C4JDBQADN1.NSBN3*2IDNEN*", "GTUBE-STANDARD-", "ANTI-UBE-TEST-EMAIL*C.34X"]
        .concat()
        .into_bytes()
}

impl Unwanted {
    /// Judges a message by all that was gathered. The test string means certainty.
    pub fn judge(
        &self,
        mail: &Mail<'_>,
        seen: Seen,
        leaves: &[Leaf],
        around: Around<'_>,
        is_test: bool,
    ) -> SpamJudgement {
        let mut judgement = self.judge.judge(&seen.sight(mail, leaves, around));
        if is_test {
            judgement.probability = 1.0;
            judgement.class = Some(mail::SpamClass::Spam);
        }
        judgement
    }

    /// Looks for the test string.
    pub fn test(&self, specimen: &Specimen<'_>) -> Option<Finding> {
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
        Engines::default().scan(&mail, &Context::default()).spam.probability
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
    fn an_empty_message_is_not_certain_spam() {
        assert!(probability("From: a@example.org\r\n\r\n\r\n") < 0.8);
    }
}
