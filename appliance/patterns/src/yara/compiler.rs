//! Sources of YARA rules.

use yara_x::{Compiler, MetaValue, SourceCode};

use super::{Row, SECTION};
use crate::names::{Class, Names};
use crate::pack::Writer;
use crate::source::{Ignored, LineProblem, Place, Source};

/// Modules that YARA has and this build does not: rules that need one are left out, aloud.
const MODULES: &[&str] = &[
    "console", "crx", "cuckoo", "dex", "dotnet", "elf", "hash", "lnk", "macho", "magic", "math",
    "msi", "olecf", "pe", "string", "time", "vba", "vt", "zip",
];

/// Collects sources of rules.
#[derive(Default)]
pub(crate) struct YaraCompiler<'c> {
    compiler: Option<Compiler<'c>>,
    sources: Vec<(String, Source, Place)>,
    told_errors: usize,
    told_ignored: usize,
}

impl YaraCompiler<'_> {
    /// Takes one source. What was left out of it is told; the other rules of it stay.
    pub(crate) fn source(&mut self, source: &Source, place: Place) -> Vec<(Place, LineProblem)> {
        let compiler = self.compiler.get_or_insert_with(compiler);
        let namespace = format!("{}:{}", place.source, source.name);
        compiler.new_namespace(&namespace);
        // Errors are told below, all of them.
        let _ = compiler.add_source(SourceCode::from(&*source.octets).with_origin(&source.name));
        let mut problems = Vec::new();
        for error in compiler.errors().iter().skip(self.told_errors) {
            let text = error.to_string();
            let line = line_of(&text);
            problems.push((Place { line, ..place }, LineProblem::Malformed(headline(&text))));
        }
        let ignored = compiler.ignored_rules().skip(self.told_ignored);
        let modules = ignored
            .filter(|(_, reason)| !matches!(reason, yara_x::IgnoredRuleReason::CompileError(_)));
        problems.extend(
            modules.map(|_| (place, LineProblem::Unsupported("YARA rules that need a module"))),
        );
        self.told_errors = compiler.errors().len();
        self.told_ignored = compiler.ignored_rules().count();
        self.sources.push((namespace, source.clone(), place));
        problems
    }

    /// Writes the section and adds the names. Gives the number of rules.
    pub(crate) fn finish(self, names: &mut Names, ignored: &Ignored, writer: &mut Writer) -> u64 {
        let Some(compiler) = self.compiler else { return 0 };
        let rules = compiler.build();
        let mut table = Vec::new();
        for rule in rules.iter() {
            let source = self.sources.iter().find(|(name, ..)| *name == rule.namespace());
            let Some((_, source, place)) = source else { continue };
            let name = format!("YARA.{}", rule.identifier());
            if ignored.has(&name, "") {
                continue;
            }
            let line = line_of_rule(&source.octets, rule.identifier());
            let name = names.add(&name, class(&rule), place.source, line);
            let (namespace, rule) = (rule.namespace().to_owned(), rule.identifier().to_owned());
            table.push(Row { namespace, rule, name });
        }
        if let (false, Ok(rules)) = (table.is_empty(), rules.serialize()) {
            writer.section(SECTION, section(&table, &rules));
        }
        table.len() as u64
    }
}

fn section(table: &[Row], rules: &[u8]) -> Vec<u8> {
    let table = postcard::to_stdvec(table).unwrap_or_default();
    let length = u32::try_from(table.len()).unwrap_or(u32::MAX);
    let body = [&length.to_le_bytes()[..], &table, rules].concat();
    [&crc32c::crc32c(&body).to_le_bytes()[..], &body].concat()
}

fn compiler<'c>() -> Compiler<'c> {
    let mut compiler = Compiler::new();
    compiler.relaxed_re_syntax(true).enable_includes(false).switch_all_warnings(false);
    for module in MODULES {
        compiler.ignore_module(*module);
    }
    compiler
}

/// What a rule means, by its tags, its metadata and its name.
fn class(rule: &yara_x::Rule<'_, '_>) -> Class {
    let tags = rule.tags().map(|tag| tag.identifier().to_owned());
    let kinds = rule.metadata().filter_map(|(key, value)| match value {
        MetaValue::String(text)
            if ["class", "category", "type", "malware_type", "threat"].contains(&key) =>
        {
            Some(text.to_owned())
        }
        _ => None,
    });
    let said =
        tags.chain(kinds).map(|word| Class::of(&word)).find(|class| *class != Class::Malware);
    said.unwrap_or_else(|| Class::of(rule.identifier()))
}

/// The line on which a rule begins.
fn line_of_rule(octets: &[u8], identifier: &str) -> u32 {
    let begins = |line: &[u8]| {
        let text = String::from_utf8_lossy(line);
        let mut words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        words.any(|word| word == "rule") && words.find(|word| !word.is_empty()) == Some(identifier)
    };
    let lines = (1_u32..).zip(octets.split(|octet| *octet == b'\n'));
    lines.into_iter().find(|(_, line)| begins(line)).map_or(0, |(number, _)| number)
}

/// The line that an error of YARA-X names (`--> source:LINE:COLUMN`).
fn line_of(error: &str) -> u32 {
    let place = error.split("--> ").nth(1).and_then(|rest| rest.lines().next());
    let mut numbers = place.unwrap_or_default().rsplit(':');
    numbers.nth(1).and_then(|line| line.trim().parse().ok()).unwrap_or(0)
}

fn headline(error: &str) -> String {
    error.lines().next().unwrap_or_default().to_owned()
}
