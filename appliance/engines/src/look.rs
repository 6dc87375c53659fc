//! One look at one message: every part is taken apart, and every engine is shown every specimen.

use ::expressions::Lists;
use filetype::{Types, kinds};
use mail::{EngineName, Finding, FindingKind, Properties, Unscannable};
use message::{Mail, Part};
use unpack::{Budget, Fact, Origin, Page, Passwords, Root, Specimen, Text, Visitor};

use crate::attachment::Attachments;
use crate::document::Documents;
use crate::expressions::{Listed, Texts};
use crate::leaves::Leaves;
use crate::script::Scripts;
use crate::unwanted::{Reading, Seen, Unwanted};
use crate::virus::Virus;
use crate::{Context, Facts, container, cut, limits, structure};

/// What was gathered so far.
pub(crate) struct Look<'e> {
    virus: &'e mut Virus,
    unwanted: &'e Unwanted,
    scripts: &'e Scripts,
    lists: &'e Lists,
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
    seen: Seen,
    texts: Texts,
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
        unwanted: &'e Unwanted,
        scripts: &'e Scripts,
        lists: &'e Lists,
        context: &'e Context<'e>,
    ) -> Self {
        Look { virus, unwanted, scripts, lists, context, gathered: Gathered::default() }
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
        let reading = if part.text.is_none() { Reading::Shown } else { Reading::Other };
        unpack::open(&root, passwords, budget, &mut Visit { look: self, part, reading });
        root.is_reading = true;
        if let Some(text) = &part.text {
            root.octets = text.as_bytes();
            let reading = Reading::Shown;
            unpack::open(&root, passwords, budget, &mut Visit { look: self, part, reading });
        }
        for octets in &part.readings {
            root.octets = octets;
            let reading = Reading::Other;
            unpack::open(&root, passwords, budget, &mut Visit { look: self, part, reading });
        }
        let listed = self.listed();
        for name in part.all_names() {
            self.gathered.attachments.name(name, &part.path);
            self.gathered.texts.name(listed, name, &part.path);
        }
    }

    fn listed(&self) -> Listed<'e> {
        Listed { lists: self.lists, context: self.context }
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
        if let Some(finding) = self.unwanted.test(specimen) {
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
        let texts = std::mem::take(&mut gathered.texts);
        let listed = texts.judge(Listed { lists: self.lists, context }, mail, &mut gathered);
        let spam = innermost(gathered.spam);
        let is_test = !spam.is_empty();
        let mut findings = innermost(gathered.virus);
        findings.extend(spam);
        findings.extend(listed);
        findings.extend(gathered.findings);
        let (leaves, unscannable) = (gathered.leaves.into_list(), gathered.unscannable);
        let spam = self.unwanted.judge(mail, gathered.seen, &leaves, context.around, is_test);
        Facts { findings, spam, leaves, unscannable }
    }

    /// The message as judges of unwanted mail see it.
    pub fn sighted<T>(self, mail: &Mail<'_>, then: impl FnOnce(&spam::Sight<'_>) -> T) -> T {
        let leaves = self.gathered.leaves.into_list();
        then(&self.gathered.seen.sight(mail, &leaves, self.context.around))
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
    reading: Reading,
}

impl Visitor for Visit<'_, '_> {
    fn specimen(&mut self, specimen: &Specimen<'_>) {
        self.look.known(specimen);
        let listed = self.look.listed();
        let gathered = &mut self.look.gathered;
        gathered.texts.specimen(listed, specimen, self.part, self.reading);
        gathered.leaves.add(specimen, self.part);
        gathered.seen.specimen(specimen, self.part, self.reading);
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

    fn page(&mut self, specimen: &Specimen<'_>, page: &Page) {
        self.look.gathered.seen.page(specimen, page, self.part, self.reading);
    }
}
