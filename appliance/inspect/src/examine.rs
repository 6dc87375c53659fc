//! What is done to one message: read, scan, and say what was seen within the bounds of an answer.

use engines::{Context, Engines};
use expressions::{Expressions, Lists};
use ipc::contracts::Material;
use ipc::limits::{
    DOMAIN_OCTETS, FINDING_TEXT_OCTETS, FINDINGS, LEAVES, MATERIAL_DOMAINS, MATERIAL_FEATURES,
    SPAM_TERMS,
};
use mail::{
    EngineName, Finding, FindingKind, Findings, Leaf, SpamJudgement, SpamTerm, Unscannable,
};
use message::Reader;
use patterns::{Pack, PackError};
use serde_json::{Map, Value};
use spam::{Around, LinkLists, Local, Sight, Unwanted};
use unpack::{Limits, Stopwatch};

use crate::limits;

/// Reader and engines, made once and used for every message.
#[derive(Default)]
pub struct Examiner {
    reader: Reader,
    engines: Engines,
    beside: Beside,
}

/// What is known beside the message.
#[derive(Default)]
struct Beside {
    limits: Limits,
    passwords: Vec<String>,
    unwanted: Unwanted,
    links: LinkLists,
    learned: Option<Local>,
}

impl Beside {
    fn context<'a>(
        &'a self,
        own_domains: &'a [String],
        around: &Around<'a>,
        stopwatch: &'a dyn Stopwatch,
    ) -> Context<'a> {
        Context {
            limits: self.limits,
            passwords: &self.passwords,
            stopwatch,
            is_known_sender: None,
            around: Around {
                own_domains,
                persons: &self.unwanted.persons,
                links: Some(&self.links),
                local: self.learned.as_ref(),
                ..*around
            },
        }
    }
}

/// Why an examiner cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ExamineError {
    /// A section of the pack cannot be used.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// A section of the settings cannot be read.
    #[error(transparent)]
    Settings(#[from] schema::SectionError),
}

/// Examines one message with an examiner of its own, without a pack. Pure: no clock, so
/// `Findings::microseconds` is 0.
#[must_use]
pub fn examine(raw: &[u8]) -> Findings {
    Examiner::default().examine(raw, &Around::default(), &())
}

impl Examiner {
    /// An examiner with a pack; without one only what is built in is found. `passwords` are the
    /// owner's; `sections` are the settings that cells read themselves.
    ///
    /// # Errors
    /// [`ExamineError`].
    pub fn new(
        pack: Option<Pack>,
        limits: Limits,
        passwords: &[String],
        sections: &Map<String, Value>,
    ) -> Result<Self, ExamineError> {
        let listed: Expressions = schema::section(sections)?;
        let lists = Lists::compile(&listed, spam::fold);
        let (reader, engines) = (Reader::default(), Engines::new(pack)?.with_lists(lists));
        let mut unwanted: Unwanted = schema::section(sections)?;
        let links = LinkLists::new(&unwanted);
        // Compiled, they are of no more use.
        (unwanted.approved_links, unwanted.blocked_links) = (Vec::new(), Vec::new());
        let passwords = passwords.to_vec();
        let beside = Beside { limits, passwords, unwanted, links, learned: None };
        Ok(Examiner { reader, engines, beside })
    }

    /// The same with what was taught.
    #[must_use]
    pub fn with_learned(mut self, learned: Local) -> Self {
        self.beside.learned = Some(learned);
        self
    }

    /// What can be learned of one message; the octets of the message itself go nowhere.
    #[must_use]
    pub fn study(
        &mut self,
        raw: &[u8],
        around: &Around<'_>,
        stopwatch: &dyn Stopwatch,
    ) -> Material {
        let mail = self.reader.read(raw);
        let context = self.beside.context(around.own_domains, around, stopwatch);
        self.engines.sighted(&mail, &context, material)
    }

    /// Examines one message; it ends as over a limit when the stopwatch says so. Says the same
    /// whatever was examined before.
    #[must_use]
    pub fn examine(
        &mut self,
        raw: &[u8],
        around: &Around<'_>,
        stopwatch: &dyn Stopwatch,
    ) -> Findings {
        let mail = self.reader.read(raw);
        let own_domains = own_domains(&self.beside.unwanted, around);
        let context = self.beside.context(&own_domains, around, stopwatch);
        let facts = self.engines.scan(&mail, &context);
        let all = facts.leaves.len();
        let leaves = leaves(facts.leaves);
        let mut findings = facts.findings;
        findings.splice(0..0, blocked_link(&facts.spam));
        let found = findings.len();
        let list = list(findings);
        let why = match (leaves.len() < all, list.len() < found) {
            (true, _) => Some("more files, or longer names of files, than an answer holds"),
            (_, true) => Some("more findings than an answer holds"),
            _ => None,
        };
        let untold = why.map(|why| Unscannable::Limit(why.to_owned()));
        Findings {
            list,
            spam: judgement(facts.spam),
            leaves,
            subject: cut(mail.subject),
            header_id: cut(mail.message_id),
            header_from: cut(mail.from),
            unscannable: facts.unscannable.or(untold),
            microseconds: 0,
        }
    }
}

/// Bounded as an answer has to be.
fn material(sight: &Sight<'_>) -> Material {
    let spam::Material { mut features, sketch } = spam::Material::of(sight);
    features.truncate(MATERIAL_FEATURES);
    let mut domains: Vec<String> = Vec::new();
    for mailbox in sight.headers.to() {
        let domain = mailbox.domain();
        let is_new = !domain.is_empty() && !domains.iter().any(|known| known == domain);
        if is_new && domain.len() <= DOMAIN_OCTETS && domains.len() < MATERIAL_DOMAINS {
            domains.push(domain.to_owned());
        }
    }
    Material { features, sketch, domains }
}

/// A link on the owner's list makes phishing by itself, whatever else the message looks like.
fn blocked_link(judgement: &SpamJudgement) -> Option<Finding> {
    let term = judgement.terms.iter().find(|term| term.signal == "blocked-link")?;
    let (name, evidence) = (term.signal.as_str(), term.evidence.as_str());
    Some(Finding::new(EngineName::Spam, FindingKind::Phishing, name, "", evidence).weighing(100))
}

/// The leaves whose texts fit into an answer together.
fn leaves(all: Vec<Leaf>) -> Vec<Leaf> {
    let mut room = limits::LEAVES_TEXT_OCTETS;
    let mut list = Vec::new();
    for leaf in all.into_iter().take(LEAVES) {
        let types: usize = leaf.types.iter().map(String::len).sum();
        let text = leaf.path.len() + leaf.name.len() + leaf.mime.len() + types;
        let Some(left) = room.checked_sub(text) else { break };
        room = left;
        list.push(Leaf {
            path: cut(leaf.path),
            name: cut(leaf.name),
            mime: cut(leaf.mime),
            ..leaf
        });
    }
    list
}

/// The findings whose texts fit into an answer together.
fn list(all: Vec<Finding>) -> Vec<Finding> {
    let mut room = limits::FINDINGS_TEXT_OCTETS;
    let mut list = Vec::new();
    for finding in all.into_iter().take(FINDINGS) {
        let Finding { name, place, evidence, source, .. } = finding;
        let (name, place) = (cut(name), cut(place));
        let (evidence, source) = (cut(evidence), cut(source));
        let text = name.len() + place.len() + evidence.len() + source.len();
        let Some(left) = room.checked_sub(text) else { break };
        room = left;
        list.push(Finding { name, place, evidence, source, ..finding });
    }
    list
}

/// The owner's domains: those of the settings, and those that mail from outside is for.
fn own_domains(unwanted: &Unwanted, around: &Around<'_>) -> Vec<String> {
    let named = unwanted.own_domains.iter().map(ToString::to_string);
    let mut all: Vec<String> = named.chain(around.own_domains.iter().cloned()).collect();
    all.sort();
    all.dedup();
    all
}

/// The terms that fit into an answer, the weightiest ones.
fn judgement(all: SpamJudgement) -> SpamJudgement {
    let term = |one: SpamTerm| SpamTerm {
        signal: cut(one.signal),
        words: cut(one.words),
        evidence: cut(one.evidence),
        ..one
    };
    SpamJudgement { terms: all.terms.into_iter().take(SPAM_TERMS).map(term).collect(), ..all }
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

    fn octets(findings: Findings) -> usize {
        let mut buffer = Vec::new();
        let used = ipc::contracts::Used { cpu_microseconds: u64::MAX, resident_octets: u64::MAX };
        let material = Some(Box::new(Material {
            features: vec![u64::MAX; MATERIAL_FEATURES],
            sketch: vec![u8::MAX; ipc::limits::SKETCH_OCTETS],
            domains: vec!["d".repeat(DOMAIN_OCTETS); MATERIAL_DOMAINS],
        }));
        let job = u64::MAX;
        let answer = ipc::contracts::Answer::Inspected { job, findings, used, material };
        ipc::frame::encode(&mut buffer, &answer, 0).unwrap();
        buffer.len()
    }

    /// Two texts of words of their own, long enough for a sketch.
    fn letter(to: &str, word: &str) -> Vec<u8> {
        let words: Vec<String> =
            (0..60).map(|n| format!("{word}{}", char::from(b'a' + n % 26))).collect();
        let text = words.join(" ");
        format!("From: x@y.test\r\nTo: {to}\r\nSubject: {word}\r\n\r\n{text}\r\n").into_bytes()
    }

    #[test]
    fn what_can_be_learned_is_hashes_and_domains_within_their_bounds() {
        let to: Vec<String> =
            (0..20).map(|one| format!("a@D{one}.example, b@d{one}.example")).collect();
        let raw = letter(&to.join(", "), "offer");
        let mut examiner = Examiner::default();
        let material = examiner.study(&raw, &Around::default(), &());
        assert!((50..=MATERIAL_FEATURES).contains(&material.features.len()));
        assert!(material.features.is_sorted_by(|one, two| one < two));
        assert_eq!(material.sketch.len(), ipc::limits::SKETCH_OCTETS);
        assert_eq!(material.domains.len(), MATERIAL_DOMAINS);
        assert_eq!(material.domains[..2], ["d0.example", "d1.example"]);
        assert_eq!(examiner.study(&raw, &Around::default(), &()), material);
        assert_eq!(examiner.examine(&raw, &Around::default(), &()), examine(&raw));
    }

    #[test]
    fn what_was_taught_is_heard_and_never_speaks_for_malware() {
        let raw = letter("a@b.example", "offer");
        let material = Examiner::default().study(&raw, &Around::default(), &());
        let weights = vec![-20; material.features.len()];
        let learned = spam::Learned { features: material.features, weights, sketches: Vec::new() };
        let local = Local { version: 1, tenants: [("all".to_owned(), learned)].into() };
        let mut examiner = Examiner::default().with_learned(local);
        let findings = examiner.examine(&raw, &Around::default(), &());
        let heard = |findings: &Findings| {
            findings.spam.terms.iter().any(|term| term.signal == "learned-wanted")
        };
        assert!(heard(&findings) && !heard(&examine(&raw)));
        let with_virus = [raw, engines::eicar()].concat();
        let findings = examiner.examine(&with_virus, &Around::default(), &());
        assert!(heard(&findings) && findings.has(FindingKind::Malware));
    }

    #[test]
    fn a_message_is_told_with_its_leaves() {
        let raw = b"Subject: hello\r\nFrom: a@b.test\r\nMessage-ID: <x@y>\r\n\r\nbody";
        let findings = examine(raw);
        assert_eq!(findings.subject, "hello");
        assert_eq!(findings.header_id, "x@y");
        assert_eq!(findings.header_from, "a@b.test");
        let leaf = Leaf {
            path: "1".into(),
            mime: "text/plain".into(),
            size: 4,
            types: vec!["text".into()],
            ..Leaf::default()
        };
        assert_eq!(findings.leaves, [leaf]);
        assert!(findings.list.is_empty() && findings.unscannable.is_none());
    }

    #[test]
    fn the_test_files_are_found() {
        let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
        let virus = examine(format!("A: b\r\n\r\n{}", text(engines::eicar())).as_bytes());
        assert!(virus.has(FindingKind::Malware));
        let spam = examine(format!("A: b\r\n\r\n{}", text(engines::gtube())).as_bytes());
        assert!(spam.has(FindingKind::Spam) && spam.spam.probability >= 1.0);
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
    fn findings_of_the_longest_texts_fit_and_what_is_left_out_is_told_of() {
        let text = "n".repeat(FINDING_TEXT_OCTETS * 2);
        let one = Finding::new(
            EngineName::Virus,
            FindingKind::Malware,
            text.clone(),
            text.clone(),
            text.clone(),
        );
        let told = list(vec![one.from_source(text); FINDINGS]);
        assert!(!told.is_empty() && told.len() < FINDINGS);
        let findings = Findings { list: told, ..Findings::default() };
        assert!(octets(findings) + limits::LEAVES_TEXT_OCTETS * 2 < ipc::limits::ANSWER_OCTETS + 1);
    }

    #[test]
    fn a_link_that_the_owner_blocked_makes_phishing_by_itself() {
        let sections = serde_json::json!({"unwanted": {"blocked_links": [
            {"pattern": "evil.example", "compare": "domain"}
        ]}});
        let Value::Object(sections) = sections else { panic!() };
        let mut examiner = Examiner::new(None, Limits::default(), &[], &sections).unwrap();
        let raw = |host: &str| {
            format!("From: a@b.example\r\nSubject: x\r\n\r\nSee https://{host}/a today.\r\n")
        };
        let mut asked = |host| examiner.examine(raw(host).as_bytes(), &Around::default(), &());
        let findings = asked("www.evil.example");
        assert!(findings.has(FindingKind::Phishing));
        assert!(findings.list[0].evidence.contains("evil.example"));
        assert!(!asked("good.example").has(FindingKind::Phishing));
    }

    #[test]
    fn cutting_spares_characters() {
        let text = cut("\u{fc}".repeat(2000));
        assert!(text.len() <= FINDING_TEXT_OCTETS && text.chars().all(|c| c == '\u{fc}'));
    }
}
