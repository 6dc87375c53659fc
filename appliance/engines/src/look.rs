//! One look at one message: every part is taken apart, and every engine is shown every specimen.

use filetype::{Types, kinds};
use mail::{EngineName, Finding, FindingKind, Properties, Unscannable};
use message::{Mail, Part};
use unpack::{Budget, Fact, Origin, Passwords, Root, Specimen, Text, Visitor};

use crate::attachment::Attachments;
use crate::document::Documents;
use crate::leaves::Leaves;
use crate::script::Scripts;
use crate::spam::Spam;
use crate::virus::Virus;
use crate::{Context, Facts, container, cut, limits, structure};

/// What was gathered so far.
pub(crate) struct Look<'e> {
    virus: &'e mut Virus,
    spam: &'e Spam,
    scripts: &'e Scripts,
    context: &'e Context<'e>,
    gathered: Gathered,
}

/// Findings and what they are made of.
#[derive(Default)]
pub(crate) struct Gathered {
    pub findings: Vec<Finding>,
    pub leaves: Leaves,
    pub unscannable: Option<Unscannable>,
    virus: Vec<Finding>,
    spam: Vec<Finding>,
    documents: Documents,
    attachments: Attachments,
}

impl Gathered {
    /// Adds a finding once, up to [`limits::FINDINGS`] of each engine and kind.
    pub fn find(&mut self, finding: Finding) {
        add(&mut self.findings, finding);
    }

    /// The message was not seen whole.
    pub fn unscannable(&mut self, why: Unscannable) {
        self.unscannable.get_or_insert(why);
    }
}

fn add(list: &mut Vec<Finding>, mut finding: Finding) {
    finding.evidence = cut(&finding.evidence, limits::EVIDENCE_OCTETS);
    let alike = |one: &&Finding| one.engine == finding.engine && one.kind == finding.kind;
    let same = |one: &Finding| one.name == finding.name && one.place == finding.place;
    let mut count = 0;
    for one in list.iter().filter(alike) {
        count += 1;
        if same(one) {
            return;
        }
    }
    if count < limits::FINDINGS {
        list.push(finding);
    }
}

impl<'e> Look<'e> {
    pub fn new(
        virus: &'e mut Virus,
        spam: &'e Spam,
        scripts: &'e Scripts,
        context: &'e Context<'e>,
    ) -> Self {
        Look { virus, spam, scripts, context, gathered: Gathered::default() }
    }

    /// Looks at every part, every reading of it, and the message as it was received.
    pub fn mail(&mut self, mail: &Mail<'_>) {
        if let Some(limit) = &mail.limit {
            self.gathered.unscannable(Unscannable::Limit(limit.clone()));
        }
        let passwords = passwords(mail, self.context);
        let mut budget = Budget::new(self.context.limits, self.context.stopwatch);
        for (part, octets) in mail.leaves() {
            self.part(part, octets, &passwords, &mut budget);
        }
        self.raw(mail);
    }

    fn part(
        &mut self,
        part: &Part<'_>,
        octets: &[u8],
        passwords: &Passwords,
        budget: &mut Budget<'_>,
    ) {
        let name = part.name.as_deref().unwrap_or_default();
        let mut root =
            Root { place: &part.path, name, mime: &part.mime, octets, is_reading: false };
        unpack::open(&root, passwords, budget, &mut Visit { look: self, part });
        root.is_reading = true;
        let text = part.text.iter().map(String::as_bytes);
        for reading in text.chain(part.readings.iter().map(Vec::as_slice)) {
            root.octets = reading;
            unpack::open(&root, passwords, budget, &mut Visit { look: self, part });
        }
        for name in part.all_names() {
            self.gathered.attachments.name(name, &part.path);
        }
    }

    /// The message as it was received: what no part holds, and signatures on whole messages.
    fn raw(&mut self, mail: &Mail<'_>) {
        let types = Types::of(kinds::EML);
        let specimen = Specimen {
            place: "",
            name: "",
            origin: Origin::Part,
            types: &types,
            octets: mail.raw,
            depth: 0,
            parent: None,
        };
        self.known(&specimen);
    }

    /// What is known by its octets.
    fn known(&mut self, specimen: &Specimen<'_>) {
        let limit = self.virus.look(specimen, |finding| add(&mut self.gathered.virus, finding));
        if let Some(limit) = limit {
            self.gathered.find(Finding::new(
                EngineName::Virus,
                FindingKind::Limit,
                "patterns-undecided",
                specimen.place,
                &limit,
            ));
            self.gathered.unscannable(Unscannable::Limit(limit));
        }
        if let Some(finding) = self.spam.look(specimen) {
            add(&mut self.gathered.spam, finding);
        }
    }

    /// Puts everything together.
    pub fn facts(self, mail: &Mail<'_>) -> Facts {
        let context = self.context;
        let mut gathered = self.gathered;
        let documents = std::mem::take(&mut gathered.documents);
        documents.judge(&mut gathered);
        let attachments = std::mem::take(&mut gathered.attachments);
        attachments.judge(context.is_known_sender, &mut gathered);
        if gathered.leaves.dropped > 0 {
            let words = format!("more than {} files", limits::LEAVES);
            gathered.find(Finding::new(
                EngineName::Container,
                FindingKind::Limit,
                "files",
                "",
                &words,
            ));
            gathered.unscannable(Unscannable::Limit(words));
        }
        structure::scan(mail, &mut gathered);
        let spam = innermost(gathered.spam);
        let spam_probability = if spam.is_empty() { 0.0 } else { 1.0 };
        let mut findings = innermost(gathered.virus);
        findings.extend(spam);
        findings.extend(gathered.findings);
        let (leaves, unscannable) = (gathered.leaves.into_list(), gathered.unscannable);
        Facts { findings, spam_probability, leaves, unscannable }
    }
}

/// Passwords that the message itself names, and the owner's. A message of nothing but text has
/// nothing to open.
fn passwords(mail: &Mail<'_>, context: &Context<'_>) -> Passwords {
    if mail.leaves().all(|(part, _)| part.mime.starts_with("text/") && !part.is_attachment()) {
        return Passwords::default();
    }
    let texts: Vec<_> = mail.text_parts().map(|(_, text)| text).collect();
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    let names: Vec<&str> = mail.parts.iter().flat_map(Part::all_names).collect();
    Passwords::from_message(&texts, &mail.subject, &names, context.passwords)
}

/// Leaves out what was found in a container and again in something inside it: the stored member is
/// what is infected. The raw message is around everything.
fn innermost(findings: Vec<Finding>) -> Vec<Finding> {
    let inside = |outer: &Finding, one: &Finding| {
        let rest = one.place.strip_prefix(outer.place.as_str());
        let below = outer.place.is_empty() && !one.place.is_empty()
            || rest.is_some_and(|rest| rest.starts_with('/'));
        one.name == outer.name && below
    };
    let is_outer: Vec<bool> =
        findings.iter().map(|outer| findings.iter().any(|one| inside(outer, one))).collect();
    let kept = findings.into_iter().zip(is_outer).filter(|(_, is_outer)| !is_outer);
    kept.map(|(finding, _)| finding).collect()
}

/// The look at one part.
struct Visit<'v, 'e> {
    look: &'v mut Look<'e>,
    part: &'v Part<'v>,
}

impl Visitor for Visit<'_, '_> {
    fn specimen(&mut self, specimen: &Specimen<'_>) {
        self.look.known(specimen);
        let gathered = &mut self.look.gathered;
        gathered.leaves.add(specimen, self.part);
        if let Origin::Text(text) = specimen.origin {
            if text == Text::Hidden {
                gathered.leaves.mark(specimen.place, Properties::HIDDEN_TEXT);
            }
        } else {
            gathered.attachments.look(specimen, self.part);
        }
        if let Some(finding) = self.look.scripts.look(specimen) {
            self.look.gathered.find(finding);
        }
    }

    fn fact(&mut self, fact: Fact) {
        let gathered = &mut self.look.gathered;
        gathered.leaves.mark(&fact.place, container::properties(fact.kind));
        if !container::judge(&fact, gathered) {
            gathered.documents.keep(fact);
        }
    }
}
