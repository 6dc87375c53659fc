//! Findings: facts with evidence, no opinions. An engine says what it saw; policy says what it means.

use serde::{Deserialize, Serialize};

use crate::SpamJudgement;

/// The engine that made a finding, by its file name under `engines`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EngineName {
    /// Known malware: signatures, hashes, rules of the pattern pack.
    Virus,
    /// Unwanted bulk mail.
    Spam,
    /// The shape of the message itself: defects, limits, ambiguity.
    Structure,
    /// What unpacking met: encryption, damage, limits, two stories about one archive.
    Container,
    /// Heuristics on documents: macros, templates, links, scripts.
    Document,
    /// Heuristics on attachments: names, types, carriers.
    Attachment,
    /// The owner's lists of keywords and expressions.
    Expressions,
}

/// A class of program that its owner may not want although it is no virus (features F-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Grayware {
    /// Collects data about its user.
    Spyware,
    /// Shows advertising.
    Adware,
    /// Makes or changes calls.
    Dialer,
    /// Pretends harm.
    Joke,
    /// Helps to break in.
    HackingTool,
    /// Gives access from outside.
    RemoteAccess,
    /// Finds passwords.
    PasswordCracker,
    /// Any other potentially unwanted application.
    Other,
}

/// What kind of fact a finding is. Rules match on this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FindingKind {
    /// A signature of malware matched.
    Malware,
    /// A signature of malware that mails itself matched: its sender is forged (features F-7).
    MassMailer,
    /// A signature of an unwanted program matched.
    Grayware(Grayware),
    /// A signature or list entry of phishing matched.
    Phishing,
    /// A signal that the mail is spam.
    Spam,
    /// A heuristic on an attachment or document; see [`Finding::weight`].
    Suspicious,
    /// Two mail readers, or two unpackers, could read the same octets differently.
    Ambiguous,
    /// Something is encrypted and could not be opened.
    Encrypted,
    /// A container is damaged: what it held was not seen whole.
    Broken,
    /// A container or encoding that is recognised and cannot be opened here.
    Unsupported,
    /// A limit of scanning ended the look at this place.
    Limit,
    /// A harmless defect, or a note.
    Defect,
    /// A list of the owner matched; [`Finding::source`] is the target.
    Expression,
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Who says so.
    pub engine: EngineName,
    /// What kind of fact.
    pub kind: FindingKind,
    /// Its name, for example `EICAR-Test-File` or `GTUBE`. A heuristic's name is never that of a
    /// virus.
    pub name: String,
    /// Where: the path of the leaf, such as `2/invoice.zip/a.docm`; empty for the whole message.
    pub place: String,
    /// What was seen, in words a person can check.
    pub evidence: String,
    /// How much a heuristic alone speaks for hostility, in percent; 100 for a signature, 0 for a
    /// note.
    pub weight: u8,
    /// Where the signature comes from, such as `daily.ldb:117`; empty for what is built in.
    pub source: String,
    /// SHA-256 of the file it was seen in, where a signature matched: exceptions may name it.
    pub file_sha256: Option<[u8; 32]>,
    /// Why it does not count, when the owner excepted its signature: it stays on record and no rule
    /// sees it. Set by `queue` alone; a cell that sets it lies.
    pub excepted: Option<String>,
}

impl Finding {
    /// A finding of no weight and no source.
    #[must_use]
    pub fn new(
        engine: EngineName,
        kind: FindingKind,
        name: impl Into<String>,
        place: impl Into<String>,
        evidence: impl Into<String>,
    ) -> Self {
        let (name, place, evidence) = (name.into(), place.into(), evidence.into());
        let source = String::new();
        Finding {
            engine,
            kind,
            name,
            place,
            evidence,
            weight: 0,
            source,
            file_sha256: None,
            excepted: None,
        }
    }

    /// The same with a weight in percent.
    #[must_use]
    pub fn weighing(self, weight: u8) -> Self {
        Finding { weight: weight.min(100), ..self }
    }

    /// The same with its source.
    #[must_use]
    pub fn from_source(self, source: impl Into<String>) -> Self {
        Finding { source: source.into(), ..self }
    }

    /// The same with the SHA-256 of the file it was seen in.
    #[must_use]
    pub fn in_file(self, sha256: [u8; 32]) -> Self {
        Finding { file_sha256: Some(sha256), ..self }
    }

    /// Whether rules see it: false when the owner excepted its signature.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.excepted.is_none()
    }
}

impl EngineName {
    /// The one word for it in faces and scripts.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            EngineName::Virus => "virus",
            EngineName::Spam => "spam",
            EngineName::Structure => "structure",
            EngineName::Container => "container",
            EngineName::Document => "document",
            EngineName::Attachment => "attachment",
            EngineName::Expressions => "expressions",
        }
    }
}

impl Grayware {
    /// The one word for it in faces, scripts and settings.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Grayware::Spyware => "spyware",
            Grayware::Adware => "adware",
            Grayware::Dialer => "dialer",
            Grayware::Joke => "joke",
            Grayware::HackingTool => "hacking_tool",
            Grayware::RemoteAccess => "remote_access",
            Grayware::PasswordCracker => "password_cracker",
            Grayware::Other => "unwanted",
        }
    }
}

impl FindingKind {
    /// The one word for it in faces and scripts; for grayware that of its class.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            FindingKind::Malware => "malware",
            FindingKind::MassMailer => "mass_mailer",
            FindingKind::Grayware(class) => class.word(),
            FindingKind::Phishing => "phishing",
            FindingKind::Spam => "spam",
            FindingKind::Suspicious => "suspicious",
            FindingKind::Ambiguous => "ambiguous",
            FindingKind::Encrypted => "encrypted",
            FindingKind::Broken => "broken",
            FindingKind::Unsupported => "unsupported",
            FindingKind::Limit => "limit",
            FindingKind::Defect => "note",
            FindingKind::Expression => "expression",
        }
    }
}

/// What is true of one leaf, beside its name and type (features D-24). A set in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Properties(pub u32);

impl Properties {
    /// Encrypted, and not opened.
    pub const ENCRYPTED: Properties = Properties(1);
    /// Encrypted, and opened with a password that was found or known.
    pub const OPENED: Properties = Properties(1 << 1);
    /// Holds macros.
    pub const MACRO: Properties = Properties(1 << 2);
    /// Holds macros that run by themselves.
    pub const AUTO_MACRO: Properties = Properties(1 << 3);
    /// Refers to a template, frame or object outside of itself that is fetched by itself.
    pub const EXTERNAL_LINK: Properties = Properties(1 << 4);
    /// Holds an embedded object.
    pub const EMBEDDED_OBJECT: Properties = Properties(1 << 5);
    /// Its name says another type than its content.
    pub const TYPE_MISMATCH: Properties = Properties(1 << 6);
    /// It is, or holds, a program.
    pub const EXECUTABLE: Properties = Properties(1 << 7);
    /// It is a message.
    pub const NESTED_MESSAGE: Properties = Properties(1 << 8);
    /// It is signed.
    pub const SIGNED: Properties = Properties(1 << 9);
    /// Its true type is not known.
    pub const UNKNOWN_TYPE: Properties = Properties(1 << 10);
    /// Its macros are signed.
    pub const SIGNED_MACRO: Properties = Properties(1 << 11);
    /// Holds text that its reader does not see.
    pub const HIDDEN_TEXT: Properties = Properties(1 << 12);
    /// Its name runs from right to left, or has control characters.
    pub const DISGUISED_NAME: Properties = Properties(1 << 13);
    /// Its name has two extensions, the last of which runs.
    pub const DOUBLE_EXTENSION: Properties = Properties(1 << 14);
    /// Holds scripts or actions that run when it is opened.
    pub const ACTIVE_CONTENT: Properties = Properties(1 << 15);
    /// More than one type fits its content.
    pub const POLYGLOT: Properties = Properties(1 << 16);
    /// Damaged.
    pub const BROKEN: Properties = Properties(1 << 17);
    /// Meant to be shown inside the text (Content-Disposition inline, or with a Content-ID).
    pub const INLINE: Properties = Properties(1 << 18);
    /// A mail reader shows it as an attachment.
    pub const ATTACHMENT: Properties = Properties(1 << 19);

    /// Adds those of another set.
    pub fn add(&mut self, other: Properties) {
        self.0 |= other.0;
    }

    /// Whether any of `wanted` is in the set.
    #[must_use]
    pub fn any(self, wanted: Properties) -> bool {
        self.0 & wanted.0 != 0
    }

    /// Each property with its word for faces, scripts and settings.
    pub const WORDS: [(Properties, &'static str); 20] = [
        (Properties::ENCRYPTED, "encrypted"),
        (Properties::OPENED, "opened"),
        (Properties::MACRO, "macro"),
        (Properties::AUTO_MACRO, "auto_macro"),
        (Properties::EXTERNAL_LINK, "external_link"),
        (Properties::EMBEDDED_OBJECT, "embedded_object"),
        (Properties::TYPE_MISMATCH, "type_mismatch"),
        (Properties::EXECUTABLE, "executable"),
        (Properties::NESTED_MESSAGE, "nested_message"),
        (Properties::SIGNED, "signed"),
        (Properties::UNKNOWN_TYPE, "unknown_type"),
        (Properties::SIGNED_MACRO, "signed_macro"),
        (Properties::HIDDEN_TEXT, "hidden_text"),
        (Properties::DISGUISED_NAME, "disguised_name"),
        (Properties::DOUBLE_EXTENSION, "double_extension"),
        (Properties::ACTIVE_CONTENT, "active_content"),
        (Properties::POLYGLOT, "polyglot"),
        (Properties::BROKEN, "broken"),
        (Properties::INLINE, "inline"),
        (Properties::ATTACHMENT, "attachment"),
    ];

    /// The words of those in the set, in the order of the table.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        let mine = move |(one, _): &(Properties, &'static str)| self.any(*one);
        Properties::WORDS.into_iter().filter(mine).map(|(_, word)| word)
    }
}

/// One leaf of the message that was looked at: a part, or a member of a container at any depth.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Leaf {
    /// Path of part numbers and names.
    pub path: String,
    /// Its own file name, decoded; empty when it has none.
    pub name: String,
    /// Declared MIME type, lower case, `type/subtype`; empty inside containers.
    pub mime: String,
    /// Decoded octets.
    pub size: u64,
    /// Names of its true types (`filetype::FileType::name`), the likeliest first.
    pub types: Vec<String>,
    /// What else is true of it.
    pub properties: Properties,
    /// Containers around it; 0 for a part of the message.
    pub depth: u8,
}

/// Why a message could not be scanned to the end. Never the same as clean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unscannable {
    /// A limit was reached; the text names it and its value.
    Limit(String),
    /// Two workers ended on this mail; the text says how.
    KilledWorkers(String),
    /// The worker answered something that is no answer.
    BadAnswer(String),
    /// A container is damaged or of a kind that cannot be opened; the text names it.
    Broken(String),
    /// No pattern pack could be used; the text says why.
    NoPatterns(String),
}

/// Everything that inspection says about one message.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Findings {
    /// The facts.
    pub list: Vec<Finding>,
    /// What is said of unwanted mail.
    pub spam: SpamJudgement,
    /// Why the scan did not end, if it did not.
    pub unscannable: Option<Unscannable>,
    /// The leaves that were looked at (bounded; see `ipc::limits`).
    pub leaves: Vec<Leaf>,
    /// Subject, decoded, cut to a bounded length.
    pub subject: String,
    /// Header Message-ID without angle brackets, cut to a bounded length.
    pub header_id: String,
    /// Header From as displayed, cut to a bounded length.
    pub header_from: String,
    /// Wall time of the scan in microseconds.
    pub microseconds: u64,
}

impl Unscannable {
    /// Why, in words that end a sentence.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Unscannable::Limit(text) => format!("a limit was reached: {text}"),
            Unscannable::KilledWorkers(text) => format!("two workers ended on it: {text}"),
            Unscannable::BadAnswer(text) => format!("the worker gave no valid answer: {text}"),
            Unscannable::Broken(text) => format!("it is damaged: {text}"),
            Unscannable::NoPatterns(text) => format!("no patterns could be used: {text}"),
        }
    }
}

impl Findings {
    /// Findings for a message that could not be scanned.
    #[must_use]
    pub fn unscannable(why: Unscannable) -> Self {
        Findings { unscannable: Some(why), ..Findings::default() }
    }

    /// How much all heuristics together speak for hostility, in percent: each takes its share of
    /// the doubt that the others leave. Excepted ones do not count.
    #[must_use]
    pub fn suspicion(&self) -> u8 {
        let counts = |one: &&Finding| one.kind == FindingKind::Suspicious && one.counts();
        let heuristics = self.list.iter().filter(counts);
        let doubt = heuristics
            .fold(1.0, |doubt: f64, one| doubt * (1.0 - f64::from(one.weight.min(100)) / 100.0));
        // Between 0 and 100 by construction.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let percent = ((1.0 - doubt) * 100.0).round() as u8;
        percent
    }

    /// True when a finding of this kind is there that the owner did not except.
    #[must_use]
    pub fn has(&self, kind: FindingKind) -> bool {
        self.list.iter().any(|finding| finding.kind == kind && finding.counts())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heuristics_add_up_but_never_beyond_certainty() {
        let mut findings = Findings::default();
        assert_eq!(findings.suspicion(), 0);
        let one = Finding::new(EngineName::Document, FindingKind::Suspicious, "x", "", "");
        findings.list.push(one.clone().weighing(50));
        assert_eq!(findings.suspicion(), 50);
        findings.list.push(one.clone().weighing(50));
        assert_eq!(findings.suspicion(), 75);
        findings.list.push(one.weighing(255));
        assert_eq!(findings.suspicion(), 100);
    }

    #[test]
    fn what_the_owner_excepted_does_not_count() {
        let mut findings = Findings::default();
        let one = Finding::new(EngineName::Document, FindingKind::Suspicious, "x", "", "");
        let excepted = Some("our own macro".to_owned());
        findings.list.push(Finding { excepted, ..one.weighing(90) });
        assert_eq!(findings.suspicion(), 0);
        assert!(!findings.has(FindingKind::Suspicious));
    }

    #[test]
    fn each_property_has_one_word_of_its_own() {
        let mut words: Vec<&str> = Properties::WORDS.iter().map(|(_, word)| *word).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Properties::WORDS.len());
        let all = Properties::WORDS.iter().fold(0, |all, (one, _)| all | one.0);
        assert_eq!(all.count_ones() as usize, Properties::WORDS.len());
        let some = Properties(Properties::MACRO.0 | Properties::BROKEN.0);
        assert_eq!(some.words().collect::<Vec<_>>(), ["macro", "broken"]);
    }

    #[test]
    fn notes_of_other_kinds_are_no_suspicion() {
        let mut findings = Findings::default();
        findings
            .list
            .push(Finding::new(EngineName::Spam, FindingKind::Spam, "x", "", "").weighing(90));
        assert_eq!(findings.suspicion(), 0);
    }
}
