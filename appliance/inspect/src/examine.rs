//! What is done to one message: read, scan, and say what was seen within the bounds of an answer.

use engines::Engines;
use ipc::limits::{FINDING_TEXT_OCTETS, FINDINGS, LEAVES};
use mail::{Finding, Findings, Leaf, Unscannable};
use message::{Mail, Reader};

use crate::limits;

/// Reader and engines, made once and used for every message.
#[derive(Debug, Default)]
pub struct Examiner {
    reader: Reader,
    engines: Engines,
}

/// Examines one message with an examiner of its own. Pure: no clock, so
/// `Findings::microseconds` is 0.
#[must_use]
pub fn examine(raw: &[u8]) -> Findings {
    Examiner::default().examine(raw)
}

impl Examiner {
    /// Examines one message. Pure, as [`examine`].
    #[must_use]
    pub fn examine(&self, raw: &[u8]) -> Findings {
        let mail = self.reader.read(raw);
        let facts = self.engines.scan(&mail);
        let leaves = leaves(&mail);
        Findings {
            list: facts.findings.into_iter().take(FINDINGS).map(bounded).collect(),
            spam_probability: facts.spam_probability,
            leaves,
            subject: cut(mail.subject),
            header_id: cut(mail.message_id),
            header_from: cut(mail.from),
            unscannable: mail.limit.map(Unscannable::Limit),
            microseconds: 0,
        }
    }
}

fn leaves(mail: &Mail<'_>) -> Vec<Leaf> {
    let mut room = limits::LEAVES_TEXT_OCTETS;
    let mut list = Vec::new();
    for (part, octets) in mail.leaves().take(LEAVES) {
        let text = part.path.len() + part.mime.len();
        let Some(left) = room.checked_sub(text) else { break };
        room = left;
        list.push(Leaf {
            path: cut(part.path.clone()),
            mime: cut(part.mime.clone()),
            size: octets.len() as u64,
        });
    }
    list
}

fn bounded(finding: Finding) -> Finding {
    Finding {
        name: cut(finding.name),
        place: cut(finding.place),
        evidence: cut(finding.evidence),
        ..finding
    }
}

fn cut(mut text: String) -> String {
    let mut end = text.len().min(FINDING_TEXT_OCTETS);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::FindingKind;

    fn octets(findings: Findings) -> usize {
        let mut buffer = Vec::new();
        let answer = ipc::contracts::Answer::Inspected { job: u64::MAX, findings };
        ipc::frame::encode(&mut buffer, &answer, 0).unwrap();
        buffer.len()
    }

    #[test]
    fn a_message_is_told_with_its_leaves() {
        let raw = b"Subject: hello\r\nFrom: a@b.test\r\nMessage-ID: <x@y>\r\n\r\nbody";
        let findings = examine(raw);
        assert_eq!(findings.subject, "hello");
        assert_eq!(findings.header_id, "x@y");
        assert_eq!(findings.header_from, "a@b.test");
        let leaf = Leaf { path: "1".into(), mime: "text/plain".into(), size: 4 };
        assert_eq!(findings.leaves, [leaf]);
        assert!(findings.list.is_empty() && findings.unscannable.is_none());
    }

    #[test]
    fn the_test_files_are_found() {
        let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
        let virus = examine(format!("A: b\r\n\r\n{}", text(engines::eicar())).as_bytes());
        assert!(virus.has(FindingKind::Malware));
        let spam = examine(format!("A: b\r\n\r\n{}", text(engines::gtube())).as_bytes());
        assert!(spam.has(FindingKind::Spam) && spam.spam_probability >= 1.0);
    }

    #[test]
    fn a_limit_is_unscannable_and_what_was_found_before_it_is_kept() {
        let virus = String::from_utf8(engines::eicar()).unwrap();
        let part = format!("--a\r\n\r\n{virus}\r\n");
        let parts = part.repeat(message::limits::PARTS + 1);
        let raw = format!("Content-Type: multipart/mixed; boundary=a\r\n\r\n{parts}--a--\r\n");
        let findings = examine(raw.as_bytes());
        assert!(matches!(findings.unscannable, Some(Unscannable::Limit(_))));
        assert!(findings.has(FindingKind::Malware));
    }

    #[test]
    fn the_largest_answer_fits_its_frame() {
        let virus = String::from_utf8(engines::eicar()).unwrap();
        let spam = String::from_utf8(engines::gtube()).unwrap();
        let name = "n".repeat(1000);
        let part = format!(
            "--a\r\nContent-Type: x/{name}; name=\"{name}\"\r\nContent-Transfer-Encoding: {name}\r\n\r\n{virus}{spam}\r\n"
        );
        let parts = part.repeat(message::limits::PARTS);
        let raw = format!("Content-Type: multipart/mixed; boundary=a\r\n\r\n{parts}--a--\r\n");
        let findings = examine(raw.as_bytes());
        assert!(findings.list.len() >= 300);
        assert!(octets(findings) < ipc::limits::ANSWER_OCTETS);
    }

    #[test]
    fn cutting_spares_characters() {
        let text = cut("\u{fc}".repeat(2000));
        assert!(text.len() <= FINDING_TEXT_OCTETS && text.chars().all(|c| c == '\u{fc}'));
    }
}
