//! What a rule asks of a message. Each condition answers whether it holds, and why, in words.
//!
//! A condition of the settings is compiled once into an [`Asked`]; asking it is pure. One question
//! is one file. Start with [`Asked::compile`].

mod ambiguous;
mod attachment_extension;
mod attachment_mime;
mod attachment_name;
mod attachment_number;
mod attachment_property;
mod attachment_size;
mod attachment_type;
mod broken;
mod encrypted;
mod expression;
mod graymail;
mod grayware;
mod impostor;
mod malware;
mod message_size;
mod phishing;
mod recipient_number;
mod spam;
mod spam_class;
mod suspicious;
mod threshold;
mod unscannable;

use std::cell::OnceCell;

use mail::{Envelope, Finding, Findings};

use crate::attachments::{self, Attachment};
use crate::condition::{Condition, Listing, Question};
use crate::limits;
use crate::senders::{Authenticated, Lists, Opinion};

use threshold::Threshold;

/// The answer of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Whether it holds.
    pub(crate) holds: bool,
    /// The reason in words, whichever way.
    pub(crate) because: String,
}

impl Answer {
    fn yes(because: String) -> Self {
        Answer { holds: true, because }
    }

    fn no(because: &str) -> Self {
        Answer { holds: false, because: because.to_owned() }
    }
}

/// One message, as conditions see it.
pub(crate) struct Subject<'a> {
    pub(crate) envelope: &'a Envelope,
    pub(crate) findings: &'a Findings,
    /// Approved and blocked senders.
    senders: &'a Lists,
    /// Which names of the sender are proven. `None` until sender authentication runs: then this is
    /// where its results come in.
    authenticated: Option<Authenticated>,
    /// Made when the first condition asks for them.
    attachments: OnceCell<Vec<Attachment<'a>>>,
    /// What the lists of senders say, made when the first condition asks for it.
    opinion: OnceCell<Opinion>,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(
        envelope: &'a Envelope,
        findings: &'a Findings,
        senders: &'a Lists,
        authenticated: Option<Authenticated>,
    ) -> Self {
        let (attachments, opinion) = (OnceCell::new(), OnceCell::new());
        Subject { envelope, findings, senders, authenticated, attachments, opinion }
    }

    fn opinion(&self) -> &Opinion {
        let ask = || self.senders.opinion(self.envelope, self.findings, self.authenticated);
        self.opinion.get_or_init(ask)
    }

    fn attachments(&self) -> &[Attachment<'a>] {
        self.attachments.get_or_init(|| attachments::of(self.findings))
    }

    /// The places of the attachments for which something holds, a few of them, in words.
    fn places(&self, inside: bool, holds: impl Fn(&Attachment<'a>) -> bool) -> Option<String> {
        let wanted = |one: &&Attachment<'a>| (inside || !one.is_inside) && holds(one);
        let mut all = self.attachments().iter().filter(wanted);
        let places: Vec<&str> =
            all.by_ref().take(limits::QUOTED_FINDINGS).map(|one| one.place()).collect();
        listed(places, all.next().is_some())
    }
}

/// Names joined, with a word when there are more.
fn listed(names: Vec<&str>, more: bool) -> Option<String> {
    let more = if more { " and more" } else { "" };
    (!names.is_empty()).then(|| format!("{}{more}", names.join(", ")))
}

/// A question with its parameters, ready to be asked.
#[derive(Debug, Clone)]
enum Compiled {
    Malware,
    MassMailer,
    Grayware(grayware::Classes),
    Phishing(Threshold),
    Suspicious(u32),
    Spam(Threshold),
    Impostor(Threshold),
    Graymail(graymail::Graymail),
    SpamClass(spam_class::Classes),
    Encrypted,
    Broken,
    Unscannable,
    Ambiguous,
    Name(attachment_name::Names),
    Extension(attachment_extension::Extensions),
    Mime(attachment_mime::Mimes),
    Type(attachment_type::Kinds),
    Size(attachment_size::Size),
    Number(attachment_number::Number),
    Property(attachment_property::Wanted),
    Expression(expression::Wanted),
    MessageSize(message_size::Size),
    RecipientNumber(recipient_number::Number),
}

/// A compiled condition.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    question: Compiled,
    not: bool,
}

impl Asked {
    /// Compiles a condition. Patterns were checked when the settings were committed; one that does
    /// not compile all the same matches nothing.
    pub(crate) fn compile(condition: &Condition) -> Self {
        let percent = condition.at_least_percent;
        let question = match condition.when {
            Question::Malware => Compiled::Malware,
            Question::MassMailer => Compiled::MassMailer,
            Question::Grayware => Compiled::Grayware(grayware::Classes::of(&condition.classes)),
            Question::Phishing => Compiled::Phishing(Threshold::of(condition)),
            Question::Suspicious => Compiled::Suspicious(percent),
            Question::Spam => Compiled::Spam(Threshold::of(condition)),
            Question::Impostor => Compiled::Impostor(Threshold::of(condition)),
            Question::Graymail => Compiled::Graymail(graymail::Graymail::of(condition)),
            Question::SpamClass => Compiled::SpamClass(spam_class::Classes::of(condition)),
            Question::Encrypted => Compiled::Encrypted,
            Question::Broken => Compiled::Broken,
            Question::Unscannable => Compiled::Unscannable,
            Question::Ambiguous => Compiled::Ambiguous,
            Question::AttachmentName => Compiled::Name(attachment_name::Names::of(condition)),
            Question::AttachmentExtension => {
                Compiled::Extension(attachment_extension::Extensions::of(condition))
            }
            Question::AttachmentMime => Compiled::Mime(attachment_mime::Mimes::of(condition)),
            Question::AttachmentType => Compiled::Type(attachment_type::Kinds::of(condition)),
            Question::AttachmentSize => Compiled::Size(attachment_size::Size::of(condition)),
            Question::AttachmentNumber => {
                Compiled::Number(attachment_number::Number::of(condition))
            }
            Question::AttachmentProperty => {
                Compiled::Property(attachment_property::Wanted::of(condition))
            }
            Question::Expression => Compiled::Expression(expression::Wanted::of(condition)),
            Question::MessageSize => Compiled::MessageSize(message_size::Size::of(condition)),
            Question::RecipientNumber => {
                Compiled::RecipientNumber(recipient_number::Number::of(condition))
            }
        };
        Asked { question, not: condition.not }
    }

    /// Asks it. `not` turns the answer around; the reason stays what was seen.
    pub(crate) fn ask(&self, subject: &Subject<'_>) -> Answer {
        let answer = self.plain(subject);
        Answer { holds: answer.holds != self.not, ..answer }
    }

    fn plain(&self, subject: &Subject<'_>) -> Answer {
        let findings = subject.findings;
        match &self.question {
            Compiled::Malware => malware::ask(findings),
            Compiled::MassMailer => malware::ask_mass_mailer(findings),
            Compiled::Grayware(classes) => classes.ask(findings),
            Compiled::Phishing(threshold) => phishing::ask(findings, *threshold),
            Compiled::Suspicious(percent) => suspicious::ask(findings, *percent),
            Compiled::Spam(threshold) => spam::ask(subject, *threshold),
            Compiled::Impostor(threshold) => impostor::ask(findings, *threshold),
            Compiled::Graymail(graymail) => graymail.ask(subject),
            Compiled::SpamClass(classes) => classes.ask(findings),
            Compiled::Encrypted => encrypted::ask(findings),
            Compiled::Broken => broken::ask(findings),
            Compiled::Unscannable => unscannable::ask(findings),
            Compiled::Ambiguous => ambiguous::ask(findings),
            Compiled::Name(names) => names.ask(subject),
            Compiled::Extension(extensions) => extensions.ask(subject),
            Compiled::Mime(mimes) => mimes.ask(subject),
            Compiled::Type(kinds) => kinds.ask(subject),
            Compiled::Size(size) => size.ask(subject),
            Compiled::Number(number) => number.ask(subject),
            Compiled::Property(wanted) => wanted.ask(subject),
            Compiled::Expression(wanted) => wanted.ask(findings),
            Compiled::MessageSize(size) => size.ask(subject.envelope),
            Compiled::RecipientNumber(number) => number.ask(subject.envelope),
        }
    }
}

/// The findings that count and for which something holds, in words: name and place of the first
/// few.
pub(crate) fn quote(findings: &Findings, wanted: impl Fn(&Finding) -> bool) -> Option<String> {
    let mut all = findings.list.iter().filter(|finding| finding.counts() && wanted(finding));
    let named: Vec<String> = all.by_ref().take(limits::QUOTED_FINDINGS).map(spoken).collect();
    listed(named.iter().map(String::as_str).collect(), all.next().is_some())
}

fn spoken(finding: &Finding) -> String {
    if finding.place.is_empty() {
        finding.name.clone()
    } else {
        format!("{} in {}", finding.name, finding.place)
    }
}

/// Whether an attachment counts for a list: one on it, or one that is not.
fn wanted(listing: Listing, attachment: &Attachment<'_>, is_listed: bool) -> bool {
    match listing {
        Listing::Listed => is_listed,
        Listing::AllButListed => !is_listed && !attachment.in_document,
    }
}
