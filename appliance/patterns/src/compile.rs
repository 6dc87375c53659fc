//! Sources to a pack.

use thiserror::Error;

use crate::families::{self, Families};
use crate::names::Names;
use crate::pack::{PackError, Writer};
use crate::report::{Report, SourceReport};
use crate::source::{Ignored, Kind, LineCompiler, LineProblem, Place, Source, is_unwanted};
use crate::{body, limits};

/// How to compile.
#[derive(Debug, Clone, Default)]
pub struct CompileOptions {
    /// Take bundles whose signature cannot be checked.
    pub allows_unsigned: bool,
}

/// Why no pack was made.
#[derive(Debug, Error)]
pub enum CompileError {
    /// There is too much.
    #[error("the sources have more than {0} octets together")]
    TooLarge(u64),
    /// A bundle is not what its signature says.
    #[error("{name} cannot be trusted: {reason}")]
    Bundle {
        /// The name of the source.
        name: String,
        /// Why.
        reason: String,
    },
    /// The sections do not fit into a pack.
    #[error(transparent)]
    Pack(#[from] PackError),
}

/// A pack, and what was left out of it.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The pack, for [`crate::Pack::open`].
    pub octets: Vec<u8>,
    /// What there is to tell.
    pub report: Report,
}

/// Makes a pack out of sources.
///
/// # Errors
/// When there is too much, or a bundle cannot be trusted. A bad line is no error: it is told in
/// the report.
pub fn compile(sources: &[Source], options: &CompileOptions) -> Result<Compiled, CompileError> {
    let mut report = Report::default();
    let sources = expand(sources, options, &mut report)?;
    let total: u64 = sources.iter().map(|source| source.octets.len() as u64).sum();
    if total > limits::SOURCE_OCTETS {
        return Err(CompileError::TooLarge(limits::SOURCE_OCTETS));
    }
    let mut compiler = Compiler::new(&sources, report);
    for source in &sources {
        compiler.source(source);
    }
    compiler.finish()
}

/// Opens bundles; everything else stays as it is.
fn expand(
    sources: &[Source],
    options: &CompileOptions,
    _report: &mut Report,
) -> Result<Vec<Source>, CompileError> {
    let mut expanded = Vec::with_capacity(sources.len());
    for source in sources {
        match Kind::of(&source.name) {
            Kind::Bundle => {
                let members = families::bundle(source, options.allows_unsigned)
                    .map_err(|reason| CompileError::Bundle { name: source.name.clone(), reason })?;
                expanded.extend(members);
            }
            _ => expanded.push(source.clone()),
        }
    }
    Ok(expanded)
}

/// The lines of a source that say something: number from 1, and text without its end.
fn lines(octets: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let lines = octets.split(|octet| *octet == b'\n').map(<[u8]>::trim_ascii_end);
    let numbered = (1_u32..).zip(lines);
    numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with(b"#"))
}

/// Everything that reads lines, by what it reads.
struct Compiler {
    report: Report,
    names: Names,
    ignored: Ignored,
    source_names: Vec<String>,
    body: body::BodyCompiler,
    families: Families,
}

impl Compiler {
    fn new(sources: &[Source], report: Report) -> Self {
        let mut ignored = Ignored::default();
        for source in sources.iter().filter(|source| Kind::of(&source.name) == Kind::Ignore) {
            for (_, line) in lines(&source.octets) {
                ignored.line(&String::from_utf8_lossy(line));
            }
        }
        let (names, source_names) = (Names::default(), Vec::new());
        let body = body::BodyCompiler::default();
        let families = Families::default();
        Compiler { report, names, ignored, source_names, body, families }
    }

    fn source(&mut self, source: &Source) {
        let kind = Kind::of(&source.name);
        let place = Place {
            kind,
            source: self.names.source(&source.name),
            line: 0,
            is_unwanted: is_unwanted(&source.name),
        };
        self.source_names.push(source.name.clone());
        let count = lines(&source.octets).count() as u64;
        let before = self.names.count();
        let mut used = 0;
        match kind {
            Kind::Unsupported("bytecode") => self.report.unsupported("bytecode", 1),
            Kind::Unsupported(what) => self.report.unsupported(what, count),
            Kind::Unknown => {
                self.report.problem(&source.name, 0, "its extension is of no known database");
            }
            Kind::Ignore => used = count,
            Kind::Info => {}
            Kind::Yara => {
                for (place, problem) in self.families.rules(source, place) {
                    self.tell(&source.name, place.line, problem);
                }
            }
            _ => used = self.lines(source, place),
        }
        self.report.signatures += u64::from(self.names.count() - before);
        self.report.sources.push(SourceReport { name: source.name.clone(), lines: count, used });
    }

    fn lines(&mut self, source: &Source, place: Place) -> u64 {
        let mut used = 0;
        for (line, octets) in lines(&source.octets) {
            let outcome = self.line(octets, Place { line, ..place });
            match outcome {
                Ok(true) => used += 1,
                Ok(false) => self.report.ignored += 1,
                Err(problem) => self.tell(&source.name, line, problem),
            }
        }
        used
    }

    /// False when the owner asked to leave it out.
    fn line(&mut self, octets: &[u8], place: Place) -> Result<bool, LineProblem> {
        if octets.len() > limits::LINE_OCTETS {
            let reason = format!("a line over {} octets", limits::LINE_OCTETS);
            return Err(LineProblem::Malformed(reason));
        }
        let text = str::from_utf8(octets).map_err(|_| malformed("it is not UTF-8"))?;
        let named = if self.ignored.is_empty() { None } else { place.kind.signature_name(text) };
        if named.is_some_and(|name| self.ignored.has(name, text)) {
            return Ok(false);
        }
        let reader: &mut dyn LineCompiler = match place.kind {
            Kind::Extended | Kind::Basic | Kind::Logical => &mut self.body,
            other => match self.families.reader(other) {
                Some(reader) => reader,
                None => return Err(LineProblem::Unsupported("a kind of database to come")),
            },
        };
        reader.line(text, place, &mut self.names).map(|()| true)
    }

    fn tell(&mut self, source: &str, line: u32, problem: LineProblem) {
        match problem {
            LineProblem::Malformed(reason) => self.report.problem(source, line, reason),
            LineProblem::Unsupported(what) => self.report.unsupported(what, 1),
            LineProblem::OtherLevel => self.report.other_level += 1,
        }
    }

    fn finish(mut self) -> Result<Compiled, CompileError> {
        let mut writer = Writer::default();
        let readers: [Box<dyn LineCompiler>; 1] = [Box::new(std::mem::take(&mut self.body))];
        for reader in readers {
            for (place, problem) in reader.finish(&mut writer) {
                let name = self.source_names.get(usize::from(place.source)).cloned();
                self.tell(&name.unwrap_or_default(), place.line, problem);
            }
        }
        let families = std::mem::take(&mut self.families);
        let before = self.names.count();
        for (place, problem) in families.finish(&mut self.names, &self.ignored, &mut writer) {
            let name = self.source_names.get(usize::from(place.source)).cloned();
            self.tell(&name.unwrap_or_default(), place.line, problem);
        }
        self.report.signatures += u64::from(self.names.count() - before);
        std::mem::take(&mut self.names).finish(&mut writer);
        let octets = writer.finish()?;
        self.report.octets = octets.len() as u64;
        Ok(Compiled { octets, report: self.report })
    }
}

fn malformed(reason: &str) -> LineProblem {
    LineProblem::Malformed(reason.to_owned())
}
