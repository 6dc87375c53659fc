//! A condition of a rule as it stands in the settings: what is asked, and the parameters that the
//! question takes. What it means stands in `conditions/`, one file for each question.

use filetype::{Family, FileType};
use mail::{Properties, SpamClass};
use schema::{Network, Problem};

use crate::Wildcard;
use crate::extensions::Group;

schema::choice! {
    /// What is asked of a message.
    pub enum Question {
        /// A signature of malware matched anywhere in it.
        Malware = "malware",
        /// A signature of malware that mails itself matched: the sender is forged.
        MassMailer = "mass_mailer",
        /// A signature of an unwanted program of `classes` matched.
        Grayware = "grayware",
        /// A signature or list entry of phishing matched, or it looks like phishing and its
        /// probability reaches `catch_rate`.
        Phishing = "phishing",
        /// All heuristics on documents and attachments together reach `at_least_percent`.
        Suspicious = "suspicious",
        /// The probability that it is unwanted reaches `catch_rate`, or its sender is blocked; never
        /// when its sender is approved or a text exemption holds.
        Spam = "spam",
        /// It pretends to come from somebody the reader knows, and the probability of that reaches
        /// `catch_rate`.
        Impostor = "impostor",
        /// It is bulk mail of `mail_classes` that is no spam, and its sender is not among
        /// `except_senders` or `except_networks`.
        Graymail = "graymail",
        /// It is of one of `mail_classes`, and its probability reaches `catch_rate`; for
        /// `marketing`, `social` and `forum` no probability counts.
        SpamClass = "spam_class",
        /// A file in it is encrypted and could not be opened.
        Encrypted = "encrypted",
        /// A container or the message itself is damaged.
        Broken = "broken",
        /// It could not be scanned to the end: a limit, a kind that cannot be opened, a lost worker.
        Unscannable = "unscannable",
        /// Two mail readers, or two unpackers, could read it differently.
        Ambiguous = "ambiguous",
        /// An attachment has a name among `names`.
        AttachmentName = "attachment_name",
        /// An attachment has an extension of `groups` or `extensions`.
        AttachmentExtension = "attachment_extension",
        /// A part has a MIME type among `mimes`.
        AttachmentMime = "attachment_mime",
        /// An attachment is by its content of `families` or `types`.
        AttachmentType = "attachment_type",
        /// The decoded size of an attachment compares with `octets`.
        AttachmentSize = "attachment_size",
        /// The number of attachments compares with `count`.
        AttachmentNumber = "attachment_number",
        /// One of `properties` is true of an attachment.
        AttachmentProperty = "attachment_property",
        /// A list of keywords or expressions among `lists` matches in one of `targets`.
        Expression = "expression",
        /// The size of the message as received compares with `octets`.
        MessageSize = "message_size",
        /// The number of recipients compares with `count`.
        RecipientNumber = "recipient_number",
    }
}

impl Question {
    /// Whether it asks for something that signatures know to be hostile or unwanted.
    pub(crate) fn is_threat(self) -> bool {
        self.is_malware() || matches!(self, Question::Grayware | Question::Phishing)
    }

    /// Whether it asks whether somebody wants the mail.
    pub(crate) fn is_unwanted_mail(self) -> bool {
        matches!(
            self,
            Question::Spam
                | Question::Phishing
                | Question::Impostor
                | Question::Graymail
                | Question::SpamClass
        )
    }

    /// Whether it asks for malware. A rule with such a condition is never skipped.
    pub(crate) fn is_malware(self) -> bool {
        matches!(self, Question::Malware | Question::MassMailer)
    }
}

schema::choice! {
    /// A class of unwanted program.
    pub enum GraywareClass {
        /// Collects data about its user.
        Spyware = "spyware",
        /// Shows advertising.
        Adware = "adware",
        /// Makes or changes calls.
        Dialer = "dialer",
        /// Pretends harm.
        Joke = "joke",
        /// Helps to break in.
        HackingTool = "hacking_tool",
        /// Gives access from outside.
        RemoteAccess = "remote_access",
        /// Finds passwords.
        PasswordCracker = "password_cracker",
        /// Any other unwanted program.
        Unwanted = "unwanted",
    }
}

schema::choice! {
    /// How much is to be caught: the more, the more often what was wanted.
    pub enum CatchRate {
        /// From a probability of 50 %.
        High = "high",
        /// From a probability of 80 %.
        Medium = "medium",
        /// From a probability of 95 %.
        Low = "low",
        /// From `at_least_percent`.
        Own = "own",
    }
}

schema::choice! {
    /// What kind of unwanted or bulk mail.
    pub enum MailClass {
        /// Unsolicited bulk mail and fraud.
        Spam = "spam",
        /// Asks for credentials or payment in somebody else's name.
        Phishing = "phishing",
        /// Pretends to come from somebody the reader knows.
        Impostor = "impostor",
        /// Brings malware or leads to it.
        Malware = "malware",
        /// Marketing and newsletters that the reader may have asked for.
        Marketing = "marketing",
        /// Notices of social networks.
        Social = "social",
        /// Notices of forums and mailing lists.
        Forum = "forum",
    }
}

impl MailClass {
    /// The class as judgements carry it.
    pub(crate) fn class(self) -> SpamClass {
        match self {
            MailClass::Spam => SpamClass::Spam,
            MailClass::Phishing => SpamClass::Phishing,
            MailClass::Impostor => SpamClass::Impostor,
            MailClass::Malware => SpamClass::Malware,
            MailClass::Marketing => SpamClass::Marketing,
            MailClass::Social => SpamClass::Social,
            MailClass::Forum => SpamClass::Forum,
        }
    }
}

schema::choice! {
    /// Whether what is on a list counts, or what is not.
    pub enum Listing {
        /// What is on the list.
        Listed = "listed",
        /// All but what is on the list. Files inside documents are left out of this: no owner
        /// lists the parts that an office file is made of.
        AllButListed = "all_but_listed",
    }
}

schema::choice! {
    /// Which MIME type of a part counts.
    pub enum MimeSource {
        /// What the part says of itself.
        Declared = "declared",
        /// What its content is.
        Detected = "detected",
        /// Both.
        Either = "either",
    }
}

schema::choice! {
    /// How a number compares.
    pub enum Comparison {
        /// It is larger.
        MoreThan = "more_than",
        /// It is smaller.
        LessThan = "less_than",
        /// It is the same.
        Exactly = "exactly",
    }
}

impl Comparison {
    /// Whether `left` compares so with `right`.
    pub(crate) fn holds(self, left: u64, right: u64) -> bool {
        match self {
            Comparison::MoreThan => left > right,
            Comparison::LessThan => left < right,
            Comparison::Exactly => left == right,
        }
    }

    /// For people.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Comparison::MoreThan => "more than",
            Comparison::LessThan => "less than",
            Comparison::Exactly => "exactly",
        }
    }
}

schema::choice! {
    /// A family of true types.
    pub enum TypeFamily {
        /// Programs and libraries of any system.
        Executable = "executable",
        /// Office documents, PDF, books.
        Document = "document",
        /// Pictures.
        Image = "image",
        /// Sound and film.
        Media = "media",
        /// Archives and compressed files.
        Archive = "archive",
        /// Scripts and shortcuts.
        Script = "script",
        /// Messages and mailboxes.
        Email = "email",
        /// Databases.
        Database = "database",
        /// Images of disks.
        DiskImage = "disk_image",
        /// Fonts.
        Font = "font",
        /// Text.
        Text = "text",
        /// Other known data.
        Data = "data",
        /// Of no known type.
        Unknown = "unknown",
    }
}

impl TypeFamily {
    /// The family that types are sorted into.
    pub(crate) fn family(self) -> Family {
        match self {
            TypeFamily::Executable => Family::Executable,
            TypeFamily::Document => Family::Document,
            TypeFamily::Image => Family::Image,
            TypeFamily::Media => Family::Media,
            TypeFamily::Archive => Family::Archive,
            TypeFamily::Script => Family::Script,
            TypeFamily::Email => Family::Email,
            TypeFamily::Database => Family::Database,
            TypeFamily::DiskImage => Family::DiskImage,
            TypeFamily::Font => Family::Font,
            TypeFamily::Text => Family::Text,
            TypeFamily::Data => Family::Data,
            TypeFamily::Unknown => Family::Unknown,
        }
    }
}

schema::choice! {
    /// What may be true of an attachment.
    pub enum Property {
        /// Encrypted, and not opened.
        Encrypted = "encrypted",
        /// Encrypted, and opened with a password that was found or known.
        Opened = "opened",
        /// Holds macros.
        Macro = "macro",
        /// Holds macros that run by themselves.
        AutoMacro = "auto_macro",
        /// Its macros are signed.
        SignedMacro = "signed_macro",
        /// Fetches a template, frame or object from outside by itself.
        ExternalLink = "external_link",
        /// Holds an embedded object.
        EmbeddedObject = "embedded_object",
        /// Holds scripts or actions that run when it is opened.
        ActiveContent = "active_content",
        /// Its name says another type than its content.
        TypeMismatch = "type_mismatch",
        /// It is a program, or holds one.
        Executable = "executable",
        /// It is a message.
        NestedMessage = "nested_message",
        /// It is signed.
        Signed = "signed",
        /// Its true type is not known.
        UnknownType = "unknown_type",
        /// Holds text that its reader does not see.
        HiddenText = "hidden_text",
        /// Its name runs from right to left, or has control characters.
        DisguisedName = "disguised_name",
        /// Its name has two extensions, the last of which runs.
        DoubleExtension = "double_extension",
        /// More than one type fits its content.
        Polyglot = "polyglot",
        /// It is damaged.
        Broken = "broken",
    }
}

impl Property {
    /// The property as findings carry it.
    pub(crate) fn bit(self) -> Properties {
        let known = Properties::WORDS.iter().find(|(_, word)| *word == self.as_str());
        known.map_or(Properties(0), |(bit, _)| *bit)
    }
}

schema::choice! {
    /// Which texts of a message lists of keywords and expressions look at.
    pub enum TextTarget {
        /// The subject.
        Subject = "subject",
        /// The text of the message.
        Body = "body",
        /// Header fields.
        Headers = "headers",
        /// The text of attachments.
        Attachments = "attachments",
        /// The names of files.
        Names = "names",
    }
}

schema::table! {
    /// One condition of a rule.
    pub struct Condition {
        /// What is asked. Each question takes the parameters that its help names; the others are
        /// not looked at.
        pub when: Question = Question::Malware,
        /// Turns the answer around.
        pub not: bool = false,
        /// For `suspicious`, and where `catch_rate` is `own`: the least value, in percent.
        pub at_least_percent: u32 = 50, in 1..=100,
        /// For `spam`, `phishing`, `impostor` and `spam_class`: how much is to be caught.
        pub catch_rate: CatchRate = CatchRate::Medium,
        /// For `spam_class`: the classes. For `graymail`: which of `marketing`, `social` and
        /// `forum`; empty: all three.
        pub mail_classes: Vec<MailClass> = Vec::new(), in 0..=7,
        /// For `graymail`: senders whose bulk mail is left alone, by the header field From or the
        /// envelope: addresses, domains, or patterns with `*` and `?`.
        pub except_senders: Vec<String> = Vec::new(), in 0..=10_000,
        /// For `graymail`: addresses and networks of hosts whose bulk mail is left alone.
        pub except_networks: Vec<Network> = Vec::new(), in 0..=10_000,
        /// For `grayware`: the classes. Empty: all of them.
        pub classes: Vec<GraywareClass> = Vec::new(), in 0..=8,
        /// For `attachment_name` and `attachment_extension`: what is listed, or all but that.
        pub listing: Listing = Listing::Listed,
        /// For `attachment_name`: names, `*` and `?` as wildcards.
        pub names: Vec<String> = Vec::new(), in 0..=10_000,
        /// For `attachment_extension`: groups that are kept for you.
        pub groups: Vec<Group> = Vec::new(), in 0..=20,
        /// For `attachment_extension`: own extensions without the first dot, such as `pdf` or
        /// `tar.gz`.
        pub extensions: Vec<String> = Vec::new(), in 0..=10_000,
        /// For `attachment_mime`: types such as `image/png`, `*` as wildcard.
        pub mimes: Vec<String> = Vec::new(), in 0..=10_000,
        /// For `attachment_mime`: whether the type that is declared counts, or the true one.
        pub mime_source: MimeSource = MimeSource::Either,
        /// For `attachment_type`: families of true types.
        pub families: Vec<TypeFamily> = Vec::new(), in 0..=20,
        /// For `attachment_type`: single true types by their short names, such as `zip` or `pdf`;
        /// `gatepost scan` shows the name of any file.
        pub types: Vec<String> = Vec::new(), in 0..=1000,
        /// For `attachment_property`: what must be true; one of them is enough.
        pub properties: Vec<Property> = Vec::new(), in 0..=32,
        /// For `expression`: names of lists of the section `expressions`, those that ship included.
        pub lists: Vec<String> = Vec::new(), in 0..=1000,
        /// For `expression`: which texts count. Empty: all of them.
        pub targets: Vec<TextTarget> = Vec::new(), in 0..=5,
        /// For `expression`: the header fields that count. Empty: all of them.
        pub headers: Vec<String> = Vec::new(), in 0..=100,
        /// For sizes and numbers: how they compare.
        pub comparison: Comparison = Comparison::MoreThan,
        /// For sizes: what is compared with.
        pub octets: u64 = 10_485_760, in 0..=1_099_511_627_776,
        /// For `attachment_size`: compare the sum of all attachments in place of each one.
        pub sum: bool = false,
        /// For numbers: what is compared with.
        pub count: u32 = 0, in 0..=1_000_000,
        /// For `attachment_number`: count the pictures shown inside the text as well.
        pub inline_pictures: bool = false,
        /// For names, extensions, MIME types, true types and properties: look inside archives,
        /// documents and attached messages too.
        pub inside_archives: bool = true,
    }
}

impl Condition {
    /// A condition with its usual parameters.
    #[must_use]
    pub fn of(when: Question) -> Self {
        Condition { when, ..Condition::default() }
    }
}

/// What is wrong with a condition that stands at `path`.
pub(crate) fn check(path: &str, condition: &Condition) -> Vec<Problem> {
    let mut problems = Vec::new();
    check_patterns(path, "names", &condition.names, "*.exe", &mut problems);
    check_patterns(path, "mimes", &condition.mimes, "image/*", &mut problems);
    check_extensions(path, &condition.extensions, &mut problems);
    check_types(path, &condition.types, &mut problems);
    check_patterns(
        path,
        "except_senders",
        &condition.except_senders,
        "*@example.test",
        &mut problems,
    );
    check_classes(path, condition, &mut problems);
    problems.extend(check_percent(path, condition));
    problems.extend(check_empty(path, condition));
    problems
}

/// A question with an empty list would never hold, or, under `all_but_listed`, always.
fn check_empty(path: &str, condition: &Condition) -> Option<Problem> {
    let (field, empty) = match condition.when {
        Question::AttachmentName => ("names", condition.names.is_empty()),
        Question::AttachmentExtension => {
            ("extensions", condition.extensions.is_empty() && condition.groups.is_empty())
        }
        Question::AttachmentMime => ("mimes", condition.mimes.is_empty()),
        Question::AttachmentType => {
            ("types", condition.types.is_empty() && condition.families.is_empty())
        }
        Question::AttachmentProperty => ("properties", condition.properties.is_empty()),
        Question::Expression => ("lists", condition.lists.is_empty()),
        Question::SpamClass => ("mail_classes", condition.mail_classes.is_empty()),
        _ => return None,
    };
    empty.then(|| {
        Problem::new(
            format!("{path}.{field}"),
            format!("The condition {} asks for nothing.", condition.when),
            "Give at least one entry.",
        )
    })
}

/// Only bulk mail is graymail.
fn check_classes(path: &str, condition: &Condition, problems: &mut Vec<Problem>) {
    if condition.when != Question::Graymail {
        return;
    }
    let classes = condition.mail_classes.iter().enumerate();
    for (place, class) in classes.filter(|(_, class)| !class.class().is_graymail()) {
        problems.push(Problem::new(
            format!("{path}.mail_classes.{place}"),
            format!("{class} is no graymail."),
            "Give marketing, social or forum; for other classes use spam_class.",
        ));
    }
}

/// A percentage that nothing looks at would read like one that counts.
fn check_percent(path: &str, condition: &Condition) -> Option<Problem> {
    let rated = [Question::Spam, Question::Phishing, Question::Impostor, Question::SpamClass];
    let is_ignored = rated.contains(&condition.when)
        && condition.catch_rate != CatchRate::Own
        && condition.at_least_percent != Condition::default().at_least_percent;
    is_ignored.then(|| {
        Problem::new(
            format!("{path}.at_least_percent"),
            format!("The catch rate is {}, so this is not looked at.", condition.catch_rate),
            "Set catch_rate to own, or leave this out.",
        )
    })
}

fn check_patterns(
    path: &str,
    field: &str,
    list: &[String],
    example: &str,
    problems: &mut Vec<Problem>,
) {
    for (place, pattern) in list.iter().enumerate() {
        if let Err(reason) = Wildcard::new(pattern) {
            problems.push(Problem::new(
                format!("{path}.{field}.{place}"),
                format!("{pattern:?} is no pattern: {reason}."),
                format!("Write something like {example}."),
            ));
        }
    }
}

fn check_extensions(path: &str, list: &[String], problems: &mut Vec<Problem>) {
    let odd = |text: &str| {
        text.is_empty()
            || text.starts_with('.')
            || text.contains(['*', '?', '/', '\\'])
            || text.chars().any(|letter| letter.is_control() || letter.is_whitespace())
    };
    for (place, extension) in list.iter().enumerate().filter(|(_, text)| odd(text)) {
        problems.push(Problem::new(
            format!("{path}.extensions.{place}"),
            format!("{extension:?} is no extension."),
            "Write it without dot and wildcards, such as exe; for patterns use attachment_name.",
        ));
    }
}

fn check_types(path: &str, list: &[String], problems: &mut Vec<Problem>) {
    for (place, name) in list.iter().enumerate().filter(|(_, name)| FileType::named(name).is_none())
    {
        problems.push(Problem::new(
            format!("{path}.types.{place}"),
            format!("{name:?} is no type that is recognised."),
            "Give the short name that `gatepost scan` shows for such a file.",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_property_of_the_settings_is_one_of_the_findings() {
        let schema::Kind::Choice(values) = <Property as schema::Kinded>::kind() else { panic!() };
        for value in values {
            let known = Properties::WORDS.iter().any(|(_, word)| *word == value.name);
            assert!(known, "{}", value.name);
        }
        assert_eq!(Property::AutoMacro.bit(), Properties::AUTO_MACRO);
    }

    #[test]
    fn a_condition_that_asks_for_nothing_is_a_problem() {
        for when in [
            Question::AttachmentName,
            Question::AttachmentExtension,
            Question::AttachmentMime,
            Question::AttachmentType,
            Question::AttachmentProperty,
        ] {
            assert_eq!(check("c", &Condition::of(when)).len(), 1, "{when}");
        }
        assert!(check("c", &Condition::of(Question::Malware)).is_empty());
        assert!(check("c", &Condition::of(Question::AttachmentSize)).is_empty());
    }

    #[test]
    fn bad_entries_are_named_by_their_place() {
        let mut condition = Condition::of(Question::AttachmentExtension);
        condition.extensions = vec!["pdf".into(), ".exe".into(), "*".into(), "tar.gz".into()];
        condition.types = vec!["no such type".into()];
        condition.names = vec!["a\nb".into()];
        let problems = check("c", &condition);
        let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["c.names.0", "c.extensions.1", "c.extensions.2", "c.types.0"]);
    }

    #[test]
    fn each_class_of_the_settings_is_one_of_the_judgements() {
        let schema::Kind::Choice(values) = <MailClass as schema::Kinded>::kind() else { panic!() };
        let all = [
            MailClass::Spam,
            MailClass::Phishing,
            MailClass::Impostor,
            MailClass::Malware,
            MailClass::Marketing,
            MailClass::Social,
            MailClass::Forum,
        ];
        assert_eq!(all.len(), values.len());
        assert!(all.iter().all(|one| one.class().word() == one.as_str()));
    }

    #[test]
    fn a_percentage_without_the_own_catch_rate_and_a_class_that_is_no_graymail_are_problems() {
        let ninety = |when, catch_rate| Condition {
            at_least_percent: 90,
            catch_rate,
            ..Condition::of(when)
        };
        assert_eq!(check("c", &ninety(Question::Spam, CatchRate::Low)).len(), 1);
        assert!(check("c", &ninety(Question::Spam, CatchRate::Own)).is_empty());
        assert!(check("c", &ninety(Question::Suspicious, CatchRate::Low)).is_empty());
        let gray =
            |class| Condition { mail_classes: vec![class], ..Condition::of(Question::Graymail) };
        assert_eq!(check("c", &gray(MailClass::Spam))[0].path, "c.mail_classes.0");
        assert!(check("c", &gray(MailClass::Forum)).is_empty());
        assert_eq!(check("c", &Condition::of(Question::SpamClass))[0].path, "c.mail_classes");
    }

    #[test]
    fn numbers_compare() {
        assert!(Comparison::MoreThan.holds(2, 1) && !Comparison::MoreThan.holds(1, 1));
        assert!(Comparison::LessThan.holds(1, 2) && !Comparison::LessThan.holds(1, 1));
        assert!(Comparison::Exactly.holds(1, 1) && !Comparison::Exactly.holds(2, 1));
    }
}
