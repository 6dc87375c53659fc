//! Documents: macros, templates, links, objects and scripts, judged together for each document.

use std::collections::BTreeMap;

use mail::{EngineName, Finding, FindingKind, Properties};
use unpack::{Fact, FactKind as Kind};

use crate::limits;
use crate::look::Gathered;

/// One heuristic: facts that must all be there, facts that must not.
struct Rule {
    name: &'static str,
    all: &'static [Kind],
    none: &'static [Kind],
    /// Percent.
    weight: u8,
    words: &'static str,
    /// Only in files that are opened by themselves, not in the text of the message.
    is_for_files: bool,
}

const fn rule(
    name: &'static str,
    all: &'static [Kind],
    none: &'static [Kind],
    weight: u8,
    words: &'static str,
) -> Rule {
    Rule { name, all, none, weight, words, is_for_files: false }
}

const fn file(
    name: &'static str,
    all: &'static [Kind],
    none: &'static [Kind],
    weight: u8,
    words: &'static str,
) -> Rule {
    Rule { name, all, none, weight, words, is_for_files: true }
}

/// The heuristics on documents (features F-5). Weights are percent of certainty that nothing else
/// is known of the mail; they are chosen so that two signs that belong together pass 80.
const RULES: &[Rule] = &[
    rule(
        "macro-runs-and-calls",
        &[Kind::AutoMacro, Kind::MacroCall],
        &[Kind::XlmMacro],
        85,
        "a macro runs by itself and starts programs, writes files or downloads",
    ),
    rule(
        "macro-runs",
        &[Kind::AutoMacro],
        &[Kind::MacroCall, Kind::XlmMacro],
        30,
        "a macro runs by itself",
    ),
    rule(
        "macro-calls",
        &[Kind::MacroCall],
        &[Kind::AutoMacro, Kind::XlmMacro],
        20,
        "a macro starts programs, writes files or downloads",
    ),
    rule(
        "xlm-macro",
        &[Kind::XlmMacro],
        &[Kind::AutoMacro, Kind::MacroCall],
        60,
        "Excel 4.0 macros",
    ),
    rule(
        "xlm-macro-runs",
        &[Kind::XlmMacro, Kind::AutoMacro],
        &[Kind::MacroCall],
        70,
        "an Excel 4.0 macro runs by itself",
    ),
    rule(
        "xlm-macro-calls",
        &[Kind::XlmMacro, Kind::MacroCall],
        &[Kind::AutoMacro],
        70,
        "an Excel 4.0 macro calls programs or the system",
    ),
    rule(
        "xlm-macro-runs-and-calls",
        &[Kind::XlmMacro, Kind::AutoMacro, Kind::MacroCall],
        &[],
        85,
        "an Excel 4.0 macro runs by itself and calls programs or the system",
    ),
    rule(
        "macro-stomped",
        &[Kind::MacroStomped],
        &[],
        80,
        "the source of a macro is not what would run",
    ),
    rule("dde", &[Kind::Dde], &[], 70, "a field starts another program (DDE)"),
    rule(
        "external-template",
        &[Kind::ExternalTemplate],
        &[],
        70,
        "a template is fetched from outside when the file opens",
    ),
    rule(
        "external-link",
        &[Kind::ExternalLink],
        &[Kind::ExternalTemplate],
        20,
        "content is fetched from outside when the file opens",
    ),
    rule("exploit-object", &[Kind::RtfExploit], &[], 80, "an object of a kind that attacks use"),
    rule(
        "embedded-program",
        &[Kind::EmbeddedExecutable],
        &[],
        65,
        "a program or script inside the document",
    ),
    rule("activex", &[Kind::ActiveX], &[], 20, "an ActiveX control"),
    rule("pdf-launch", &[Kind::PdfLaunch], &[], 80, "the PDF starts a program"),
    rule(
        "pdf-script-on-open",
        &[Kind::PdfScript, Kind::PdfOpenAction],
        &[],
        45,
        "the PDF runs a script when it opens",
    ),
    rule("pdf-script", &[Kind::PdfScript], &[Kind::PdfOpenAction], 20, "the PDF has scripts"),
    rule(
        "pdf-file-and-script",
        &[Kind::PdfEmbeddedFile, Kind::PdfScript],
        &[],
        50,
        "the PDF has a file inside, and a script that may open it",
    ),
    rule(
        "html-smuggling",
        &[Kind::HtmlSmuggling],
        &[],
        75,
        "the page builds a file for download out of its own text",
    ),
    file(
        "html-form-and-script",
        &[Kind::HtmlForm, Kind::HtmlScript],
        &[],
        55,
        "an attached page asks for secrets and has a script",
    ),
    file(
        "html-form",
        &[Kind::HtmlForm],
        &[Kind::HtmlScript],
        40,
        "an attached page asks for secrets",
    ),
    file(
        "html-script",
        &[Kind::HtmlScript],
        &[Kind::HtmlForm],
        20,
        "an attached page has a script",
    ),
];

/// Facts that are told as they are, without weight: what they mean depends on the owner.
const NOTES: &[(Kind, &str)] = &[
    (Kind::Macro, "macro"),
    (Kind::MacroSigned, "macro-signed"),
    (Kind::EmbeddedObject, "embedded-object"),
    (Kind::PdfEmbeddedFile, "pdf-embedded-file"),
    (Kind::PdfOpenAction, "pdf-open-action"),
    (Kind::HiddenText, "hidden-text"),
    (Kind::Signed, "signed"),
];

/// Facts about documents, until all of a message are known.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    facts: Vec<Fact>,
}

impl Documents {
    /// Keeps a fact.
    pub fn keep(&mut self, fact: Fact) {
        if self.facts.len() < limits::FACTS {
            self.facts.push(fact);
        }
    }

    /// Tells what the facts about each document say together.
    pub fn judge(self, gathered: &mut Gathered) {
        let mut documents: BTreeMap<String, Vec<Fact>> = BTreeMap::new();
        for fact in self.facts {
            let document = gathered.leaves.document_around(&fact.place).to_owned();
            documents.entry(document).or_default().push(fact);
        }
        for (place, facts) in documents {
            one_document(&place, &facts, gathered);
        }
    }
}

fn one_document(place: &str, facts: &[Fact], gathered: &mut Gathered) {
    let has = |kind: &Kind| facts.iter().any(|fact| fact.kind == *kind);
    let leaf = gathered.leaves.at(place);
    let is_file =
        leaf.is_none_or(|leaf| leaf.depth > 0 || leaf.properties.any(Properties::ATTACHMENT));
    for rule in RULES.iter().filter(|rule| is_file || !rule.is_for_files) {
        if rule.all.iter().all(has) && !rule.none.iter().any(has) {
            let words = quoted(rule.words, rule.all, facts);
            let kind = FindingKind::Suspicious;
            let finding = Finding::new(EngineName::Document, kind, rule.name, place, words);
            gathered.find(finding.weighing(rule.weight));
        }
    }
    for (kind, name) in NOTES.iter().filter(|(kind, _)| has(kind)) {
        let words = quoted("", &[*kind], facts);
        gathered.find(Finding::new(EngineName::Document, FindingKind::Defect, *name, place, words));
    }
    shortcuts(facts, gathered);
}

/// The words of a rule, with what was seen.
fn quoted(words: &str, kinds: &[Kind], facts: &[Fact]) -> String {
    let each = limits::EVIDENCE_OCTETS / (limits::QUOTED + 1);
    let seen =
        kinds.iter().flat_map(|kind| facts.iter().filter(move |fact| fact.kind == *kind).take(2));
    let seen: Vec<String> =
        seen.take(limits::QUOTED).map(|fact| crate::cut(&fact.evidence, each)).collect();
    match (words.is_empty(), seen.is_empty()) {
        (true, _) => seen.join("; "),
        (_, true) => words.to_owned(),
        _ => format!("{words}: {}", seen.join("; ")),
    }
}

/// Programs that a shortcut of an honest sender does not start, in lower case.
const STARTED: &[&str] = &[
    "powershell",
    "pwsh",
    "cmd",
    "mshta",
    "wscript",
    "cscript",
    "rundll32",
    "regsvr32",
    "certutil",
    "bitsadmin",
    "msiexec",
    "curl",
    "conhost",
    "forfiles",
    "msbuild",
    "javascript:",
    "vbscript:",
    "http://",
    "https://",
    "\\\\",
    "file://",
    "installutil",
    "wmic",
    "schtasks",
    "explorer.exe /root",
    "ftp",
    "ssh",
    "bash",
    "python",
    "davwwwroot",
    "search-ms:",
];

fn shortcuts(facts: &[Fact], gathered: &mut Gathered) {
    for fact in facts.iter().filter(|fact| fact.kind == Kind::Shortcut) {
        let lower = fact.evidence.to_lowercase();
        let worst = STARTED.iter().any(|program| lower.contains(program));
        let weight = if worst { 85 } else { 50 };
        let words = format!("a shortcut: {}", fact.evidence);
        let kind = FindingKind::Suspicious;
        let finding = Finding::new(EngineName::Document, kind, "shortcut", &fact.place, words);
        gathered.find(finding.weighing(weight));
    }
}
