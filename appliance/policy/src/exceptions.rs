//! The settings section `exceptions`: the limits of scanning, and what happens to a message that
//! could not be scanned, or not to the end, or that readers may understand in two ways.
//!
//! Exceptions act even when no rule matches. Of the fate that the rules give a recipient and those
//! of all exceptions that hold, the strictest wins. What an exception asks stands in
//! [`Exceptions::hits`]; `decide` weighs it.

use mail::{EngineName, Envelope, FindingKind, Findings, Unscannable};
use schema::Problem;

use crate::conditions::quote;

/// How the name of every exception begins where a verdict names its rule.
pub(crate) const NAME_PREFIX: &str = "Exception: ";

schema::choice! {
    /// What is done with a message that an exception holds for.
    pub enum Handling {
        /// Nothing: the rules alone decide.
        None = "none",
        /// Put `tag_text` before the subject.
        Tag = "tag",
        /// Refuse with `reply_text`.
        Refuse = "refuse",
        /// Keep in the quarantine area `area`.
        Quarantine = "quarantine",
        /// Drop silently, on record.
        Discard = "discard",
    }
}

schema::table! {
    /// What is done when an exception holds.
    pub struct Exception {
        /// What is done.
        pub action: Handling = Handling::Quarantine,
        /// For `quarantine`: name of the area.
        pub area: String = "Unscannable".to_owned(), in 1..=64,
        /// For `refuse`: the text after `550 5.7.1`.
        pub reply_text: String = "Message could not be scanned".to_owned(), in 1..=400,
        /// For `tag`: the text put before the subject.
        pub tag_text: String = "[Not scanned]".to_owned(), in 1..=100,
    }
}

impl Exception {
    fn doing(action: Handling) -> Self {
        Exception { action, ..Exception::default() }
    }
}

schema::settings! {
    /// The limits of scanning, and what is done with mail that could not be scanned. This acts
    /// whether a rule matches or not; where both do, the strictest wins: discard, then quarantine,
    /// then refuse.
    pub struct Exceptions = "exceptions", touches Live, checked by check {
        /// Octets of a message as received. More is an exception before any rule is looked at.
        /// 0 = no limit.
        pub message_octets: u64 = 31_457_280, in 0..=107_373_133_824,
        /// Recipients of a message. More is an exception before any rule is looked at. 0 = no limit.
        pub recipients: u32 = 1000, in 0..=99_999,
        /// Containers inside one another.
        pub depth: u32 = 10, in 1..=20,
        /// Files in all containers of a message together.
        pub members: u32 = 10_000, in 1..=100_000,
        /// Octets of one file of a container, unpacked.
        pub member_octets: u64 = 104_857_600, in 1024..=1_073_741_824,
        /// Octets of all files of all containers together, unpacked.
        pub total_octets: u64 = 536_870_912, in 1024..=4_294_967_296,
        /// Octets unpacked for each octet packed.
        pub ratio: u32 = 200, in 2..=100_000,
        /// Objects inside one another in RTF and OLE documents.
        pub document_depth: u32 = 5, in 1..=20,
        /// Passwords to try on encrypted files, besides those found in the message.
        pub passwords: Vec<String> = Vec::new(), in 0..=1000, secret,
        /// The message is over `message_octets`.
        pub message_size: Exception = Exception::default(),
        /// The message has more than `recipients`.
        pub recipient_number: Exception = Exception::default(),
        /// A container is over one of the limits.
        pub limits: Exception = Exception::default(),
        /// A container, or the message itself, is damaged.
        pub broken: Exception = Exception::default(),
        /// Two readers could understand the message, or an archive in it, in different ways. But for
        /// malware no rule is asked of it.
        pub ambiguous: Exception = Exception::default(),
        /// A file in incoming mail is encrypted, and no password opened it.
        pub encrypted_incoming: Exception = Exception::default(),
        /// A file in outgoing mail is encrypted, and no password opened it.
        pub encrypted_outgoing: Exception = Exception::doing(Handling::None),
        /// The message itself is encrypted (S/MIME, PGP).
        pub encrypted_message: Exception = Exception {
            tag_text: "[Encrypted]".to_owned(),
            ..Exception::doing(Handling::Tag)
        },
        /// Anything else that ends without a verdict: a container that cannot be opened, a worker
        /// that was lost, a limit of time or memory, no patterns.
        pub other: Exception = Exception::default(),
    }
}

fn check(exceptions: &Exceptions) -> Vec<Problem> {
    let mut problems = Vec::new();
    if exceptions.member_octets > exceptions.total_octets {
        problems.push(Problem::new(
            "member_octets",
            "One file may be larger than all files together.",
            "Raise total_octets, or lower this.",
        ));
    }
    for (place, password) in exceptions.passwords.iter().enumerate() {
        if password.is_empty() || password.chars().count() > MOST_CHARACTERS {
            problems.push(Problem::new(
                format!("passwords.{place}"),
                format!("A password has 1 to {MOST_CHARACTERS} characters."),
                "Correct it, or take it out.",
            ));
        }
    }
    problems
}

/// Characters of a password; the formats in use take no more.
const MOST_CHARACTERS: usize = 127;

/// An exception that holds for a message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hit<'a> {
    /// Its name, as a verdict names its rule.
    pub(crate) name: &'static str,
    /// What was seen.
    pub(crate) because: String,
    /// What is done.
    pub(crate) exception: &'a Exception,
    /// Whether rules other than those on malware are left out.
    pub(crate) stops_rules: bool,
}

/// What an exception sees: the answer in words, if it holds.
type Seen = Option<String>;

impl Exceptions {
    /// Those that are judged before all rules: they need the envelope only.
    pub(crate) fn hits_before(&self, envelope: &Envelope) -> Vec<Hit<'_>> {
        let size = over(self.message_octets, envelope.size, "bytes");
        let count = envelope.recipients.len() as u64;
        let recipients = over(u64::from(self.recipients), count, "recipients");
        gather([
            ("Exception: message is too large", size, &self.message_size),
            ("Exception: too many recipients", recipients, &self.recipient_number),
        ])
    }

    /// Those that the scan gives rise to.
    pub(crate) fn hits(&self, envelope: &Envelope, findings: &Findings) -> Vec<Hit<'_>> {
        let encrypted_file = match envelope.direction {
            mail::Direction::Incoming => &self.encrypted_incoming,
            mail::Direction::Outgoing => &self.encrypted_outgoing,
        };
        gather([
            (AMBIGUOUS, ambiguous(findings), &self.ambiguous),
            ("Exception: over a limit of scanning", limits(findings), &self.limits),
            ("Exception: damaged", broken(findings), &self.broken),
            ("Exception: encrypted file", encrypted(findings, false), encrypted_file),
            ("Exception: encrypted message", encrypted(findings, true), &self.encrypted_message),
            ("Exception: message could not be scanned", other(findings), &self.other),
        ])
    }
}

const AMBIGUOUS: &str = "Exception: message can be read in two ways";

fn gather<'a, const N: usize>(all: [(&'static str, Seen, &'a Exception); N]) -> Vec<Hit<'a>> {
    let hit = |(name, seen, exception): (&'static str, Seen, &'a Exception)| {
        let acts = !matches!(exception.action, Handling::None | Handling::Tag);
        let stops_rules = acts && name == AMBIGUOUS;
        Some(Hit { name, because: seen?, exception, stops_rules })
    };
    all.into_iter().filter_map(hit).collect()
}

fn over(limit: u64, value: u64, unit: &str) -> Seen {
    (limit > 0 && value > limit).then(|| format!("it has {value} {unit}, over the {limit} allowed"))
}

fn ambiguous(findings: &Findings) -> Seen {
    quote(findings, |finding| finding.kind == FindingKind::Ambiguous)
        .map(|found| format!("readers may disagree about it: {found}"))
}

fn limits(findings: &Findings) -> Seen {
    if let Some(why @ Unscannable::Limit(_)) = &findings.unscannable {
        return Some(why.reason());
    }
    quote(findings, |finding| finding.kind == FindingKind::Limit)
        .map(|found| format!("a limit was reached: {found}"))
}

fn broken(findings: &Findings) -> Seen {
    let found = quote(findings, |finding| finding.kind == FindingKind::Broken);
    if let Some(found) = found {
        return Some(format!("damaged: {found}"));
    }
    match &findings.unscannable {
        Some(why @ Unscannable::Broken(_)) if unsupported(findings).is_none() => Some(why.reason()),
        _ => None,
    }
}

fn encrypted(findings: &Findings, whole_message: bool) -> Seen {
    let wanted = |engine| (engine == EngineName::Structure) == whole_message;
    quote(findings, |one| one.kind == FindingKind::Encrypted && wanted(one.engine))
        .map(|found| format!("could not be opened: {found}"))
}

fn unsupported(findings: &Findings) -> Seen {
    quote(findings, |finding| finding.kind == FindingKind::Unsupported)
        .map(|found| format!("of a kind that cannot be opened: {found}"))
}

fn other(findings: &Findings) -> Seen {
    match &findings.unscannable {
        Some(
            why @ (Unscannable::KilledWorkers(_)
            | Unscannable::BadAnswer(_)
            | Unscannable::NoPatterns(_)),
        ) => Some(why.reason()),
        // A probability that is no number is no answer.
        _ if findings.spam.probability.is_nan() => Some("the answer makes no sense".to_owned()),
        _ => unsupported(findings),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made;
    use mail::{Direction, Finding};

    fn seen(engine: EngineName, kind: FindingKind) -> Findings {
        let list = vec![Finding::new(engine, kind, "it", "2/a.zip", "")];
        Findings { list, ..Findings::default() }
    }

    fn names(exceptions: &Exceptions, findings: &Findings) -> Vec<&'static str> {
        let envelope = made::envelope(&["a@x.test"]);
        exceptions.hits(&envelope, findings).iter().map(|hit| hit.name).collect()
    }

    #[test]
    fn the_section_is_in_order() {
        assert!(schema::Tree::new().with::<Exceptions>().faults().is_empty());
        assert!(check(&Exceptions::default()).is_empty());
    }

    #[test]
    fn a_clean_message_is_no_exception() {
        let exceptions = Exceptions::default();
        assert_eq!(names(&exceptions, &Findings::default()), Vec::<&str>::new());
        assert!(exceptions.hits_before(&made::envelope(&["a@x.test"])).is_empty());
    }

    #[test]
    fn every_way_not_to_be_scanned_is_an_exception() {
        let container = EngineName::Container;
        let cases = [
            (seen(container, FindingKind::Limit), "Exception: over a limit of scanning"),
            (seen(container, FindingKind::Broken), "Exception: damaged"),
            (seen(EngineName::Structure, FindingKind::Broken), "Exception: damaged"),
            (seen(container, FindingKind::Ambiguous), AMBIGUOUS),
            (seen(container, FindingKind::Encrypted), "Exception: encrypted file"),
            (seen(EngineName::Structure, FindingKind::Encrypted), "Exception: encrypted message"),
            (seen(container, FindingKind::Unsupported), "Exception: message could not be scanned"),
        ];
        for (findings, name) in cases {
            assert_eq!(names(&Exceptions::default(), &findings), [name]);
        }
        let text = || "x".to_owned();
        for (why, name) in [
            (Unscannable::Limit(text()), "Exception: over a limit of scanning"),
            (Unscannable::Broken(text()), "Exception: damaged"),
            (Unscannable::KilledWorkers(text()), "Exception: message could not be scanned"),
            (Unscannable::BadAnswer(text()), "Exception: message could not be scanned"),
            (Unscannable::NoPatterns(text()), "Exception: message could not be scanned"),
        ] {
            assert_eq!(names(&Exceptions::default(), &Findings::unscannable(why)), [name]);
        }
    }

    #[test]
    fn what_cannot_be_opened_is_not_called_damaged() {
        let why = Some(Unscannable::Broken("a.ace".into()));
        let unsupported = seen(EngineName::Container, FindingKind::Unsupported);
        let findings = Findings { unscannable: why, ..unsupported };
        assert_eq!(
            names(&Exceptions::default(), &findings),
            ["Exception: message could not be scanned"]
        );
    }

    #[test]
    fn size_and_recipients_are_over_only_when_they_are_limited() {
        let mut exceptions =
            Exceptions { message_octets: 99, recipients: 1, ..Exceptions::default() };
        let envelope = made::envelope(&["a@x.test", "b@x.test"]);
        let hits = exceptions.hits_before(&envelope);
        assert_eq!(hits.len(), 2);
        assert_eq!(hits[0].because, "it has 100 bytes, over the 99 allowed");
        exceptions.message_octets = 0;
        exceptions.recipients = 0;
        assert!(exceptions.hits_before(&envelope).is_empty());
    }

    #[test]
    fn encrypted_files_may_leave_but_not_come_in() {
        let exceptions = Exceptions::default();
        let findings = seen(EngineName::Container, FindingKind::Encrypted);
        let mut envelope = made::envelope(&["a@x.test"]);
        assert_eq!(exceptions.hits(&envelope, &findings)[0].exception.action, Handling::Quarantine);
        envelope.direction = Direction::Outgoing;
        assert_eq!(exceptions.hits(&envelope, &findings)[0].exception.action, Handling::None);
    }

    #[test]
    fn bad_limits_and_passwords_are_problems() {
        let exceptions = Exceptions {
            total_octets: 2048,
            passwords: vec![String::new(), "good".into(), "x".repeat(128)],
            ..Exceptions::default()
        };
        let paths: Vec<String> = check(&exceptions).into_iter().map(|one| one.path).collect();
        assert_eq!(paths, ["member_octets", "passwords.0", "passwords.2"]);
    }

    #[test]
    fn passwords_are_shown_to_nobody() {
        let tree = schema::Tree::new().with::<Exceptions>();
        let value = serde_json::json!({"exceptions": {"passwords": ["a", "b"]}});
        let (sections, problems) = tree.read(&value);
        assert_eq!(problems, []);
        let shown = serde_json::to_string(&tree.without_secrets(&tree.full(&sections))).unwrap();
        assert!(!shown.contains("[\"a\""), "{shown}");
        assert!(tree.is_secret("exceptions.passwords"));
    }
}
