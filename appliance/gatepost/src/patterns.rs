//! `gatepost patterns`: signature databases to a pattern pack, and what a pack holds and finds.
//!
//! `test` looks at files as they are and never takes them apart; whole messages and containers go
//! through the workers: `gatepost scan --pack PACK FILES`. Start with [`run`].

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use patterns::{CompileOptions, Compiled, Hit, Kind, Pack, Report, Scanner, Source};
use serde_json::json;
use unpack::{Origin, Specimen};

use crate::face::safe;

/// Bad lines that are shown to a person.
const SHOWN_PROBLEMS: usize = 20;

/// What is done with patterns.
#[derive(Debug, Subcommand)]
pub enum PatternsCommand {
    /// Make a pattern pack out of signature databases.
    Compile(CompileArguments),
    /// Show what a pattern pack holds, and check it.
    Info {
        /// The pack.
        pack: PathBuf,
    },
    /// Look at files, as they are, with a pattern pack.
    Test {
        /// The pack.
        pack: PathBuf,
        /// Files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// Arguments of `gatepost patterns compile`.
#[derive(Debug, Args)]
pub struct CompileArguments {
    /// The pack to write. An old one is replaced only when the new one is whole.
    out: PathBuf,
    /// Databases (.cvd .cld .hdb .hsb .mdb .msb .ndb .ldb .cdb .pdb .wdb .yar ...), or folders of them.
    #[arg(required = true)]
    sources: Vec<PathBuf>,
    /// Take bundles (.cvd, .cld, .cud) that nobody signed. A wrong signature is never taken. What
    /// freshclam merges (.cld) counts as unsigned: freshclam has checked its updates.
    #[arg(long)]
    unsigned: bool,
    /// Show every line that was left out.
    #[arg(long)]
    all: bool,
}

/// Runs; exit 0 when all is well, 1 when lines were left out or something was found, 2 when a file
/// cannot be used.
pub fn run(command: &PatternsCommand, json: bool) -> u8 {
    let outcome = match command {
        PatternsCommand::Compile(arguments) => compile(arguments, json),
        PatternsCommand::Info { pack } => info(pack, json),
        PatternsCommand::Test { pack, files } => test(pack, files, json),
    };
    outcome.unwrap_or_else(|text| {
        eprintln!("gatepost patterns: {}", safe(&text));
        2
    })
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{} cannot be read ({error})", path.display()))
}

fn compile(arguments: &CompileArguments, json: bool) -> Result<u8, String> {
    let bar = bar(json);
    bar.set_message("reading");
    let sources = sources(&arguments.sources)?;
    bar.set_message(format!("compiling {} databases", sources.len()));
    let options = CompileOptions { allows_unsigned: arguments.unsigned };
    let compiled = patterns::compile(&sources, &options).map_err(|error| {
        format!("{error}. No pack was written; {} is as it was", arguments.out.display())
    })?;
    let is_empty = compiled.report.sources.iter().all(|source| source.used == 0);
    if !is_empty {
        bar.set_message("writing");
        write(&arguments.out, &compiled)?;
    }
    bar.finish_and_clear();
    if json {
        tell_json(&compiled.report)
    } else {
        tell(&compiled.report, arguments)
    }
    if is_empty {
        return Err(format!(
            "nothing in these databases can be used. No pack was written; {} is as it was",
            arguments.out.display()
        ));
    }
    Ok(u8::from(!compiled.report.problems.is_empty()))
}

/// Something that moves on a terminal, and nothing in a pipe.
fn bar(json: bool) -> ProgressBar {
    if json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    bar
}

/// Files as they are named; of folders the files whose extension is one of a database, in order.
fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, String> {
    let mut sources = Vec::new();
    for path in paths {
        if !path.is_dir() {
            sources.push(Source::new(file_name(path), read(path)?));
            continue;
        }
        let folder = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries =
            folder.map_err(|error| format!("{} cannot be read ({error})", path.display()))?;
        let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
        files.retain(|file| file.is_file() && Kind::of(&file_name(file)) != Kind::Unknown);
        files.sort();
        for file in files {
            sources.push(Source::new(file_name(&file), read(&file)?));
        }
    }
    if sources.is_empty() {
        Err("there is no database in these folders".to_owned())
    } else {
        Ok(sources)
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Whole or not at all: beside the old one first, then in its place.
fn write(out: &Path, compiled: &Compiled) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{} cannot be written ({error})", out.display());
    let folder =
        out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(&compiled.octets).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(out).map_err(|error| failed(error.error))?;
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn tell_json(report: &Report) {
    let problems = report.problems.iter();
    let problems =
        problems.map(|one| json!({"source": one.source, "line": one.line, "reason": one.reason}));
    let sources = report.sources.iter();
    let sources =
        sources.map(|one| json!({"name": one.name, "lines": one.lines, "used": one.used}));
    println!(
        "{}",
        json!({
            "signatures": report.signatures,
            "bytes": report.octets,
            "sources": sources.collect::<Vec<_>>(),
            "problems": problems.collect::<Vec<_>>(),
            "more_problems": report.more_problems,
            "unsupported": report.unsupported,
            "ignored": report.ignored,
            "other_level": report.other_level,
        })
    );
}

fn tell(report: &Report, arguments: &CompileArguments) {
    println!(
        "{}: {} signatures of {} databases, {} bytes",
        arguments.out.display(),
        report.signatures,
        report.sources.len(),
        report.octets
    );
    for (what, count) in &report.unsupported {
        println!("left out, cannot be used here: {count} x {}", safe(what));
    }
    if report.other_level > 0 {
        println!("left out, for other versions of ClamAV: {}", report.other_level);
    }
    if report.ignored > 0 {
        println!("left out as .ign2 says: {}", report.ignored);
    }
    let most = if arguments.all { usize::MAX } else { SHOWN_PROBLEMS };
    for problem in report.problems.iter().take(most) {
        println!("{}:{}: left out: {}", safe(&problem.source), problem.line, safe(&problem.reason));
    }
    let bad = report.problems.len() as u64 + report.more_problems;
    if bad > 0 {
        println!(
            "{bad} lines were left out; everything else is in the pack. Correct these lines, or take \
             them out, and compile again{}.",
            if bad > SHOWN_PROBLEMS as u64 && !arguments.all {
                "; --all shows them all"
            } else {
                ""
            }
        );
    }
}

/// A pack of a file, checked whole.
pub(crate) fn open(path: &Path) -> Result<Pack, String> {
    let pack = Pack::open(Arc::new(read(path)?));
    let pack = pack.and_then(|pack| pack.verify().map(|()| pack));
    pack.map_err(|error| format!("{}: {error}", path.display()))
}

fn info(path: &Path, json: bool) -> Result<u8, String> {
    let pack = open(path)?;
    let signatures = patterns::count(&pack);
    let sections = pack
        .sections()
        .map(|(tag, octets)| (String::from_utf8_lossy(&tag).trim_end().to_owned(), octets.len()));
    let sections: Vec<(String, usize)> = sections.collect();
    if json {
        let sections: serde_json::Map<_, _> =
            sections.into_iter().map(|(tag, octets)| (tag, octets.into())).collect();
        let octets = pack.octets().len();
        println!(
            "{}",
            json!({"layout": patterns::VERSION, "signatures": signatures, "bytes": octets, "sections": sections})
        );
        return Ok(0);
    }
    println!("{}: whole, layout {}", path.display(), patterns::VERSION);
    println!("{signatures} signatures, {} bytes", pack.octets().len());
    for (tag, octets) in sections {
        println!("  {tag:<4} {octets:>12} bytes");
    }
    Ok(0)
}

fn test(path: &Path, files: &[PathBuf], json: bool) -> Result<u8, String> {
    let scanner = Scanner::new(open(path)?);
    let mut scanner = scanner.map_err(|error| format!("{}: {error}", path.display()))?;
    let mut found = false;
    for file in files {
        let hits = look(&mut scanner, file)?;
        found |= !hits.is_empty();
        tell_hits(file, &hits, json);
    }
    Ok(u8::from(found))
}

fn look(scanner: &mut Scanner, file: &Path) -> Result<Vec<Hit>, String> {
    let octets = read(file)?;
    let (name, types) = (file_name(file), filetype::identify(&octets));
    let specimen = Specimen {
        place: &name,
        name: &name,
        origin: Origin::Part,
        types: &types,
        octets: &octets,
        depth: 0,
        parent: None,
    };
    let mut hits = Vec::new();
    scanner.begin();
    scanner.scan(&specimen, &mut hits);
    Ok(hits)
}

fn tell_hits(file: &Path, hits: &[Hit], json: bool) {
    let name = file.display().to_string();
    if json {
        let list = hits.iter().map(|hit| {
            json!({"name": hit.name, "class": format!("{:?}", hit.class), "source": hit.source, "evidence": hit.evidence})
        });
        println!("{}", json!({"file": name, "hits": list.collect::<Vec<_>>()}));
        return;
    }
    if hits.is_empty() {
        println!("{}: nothing found", safe(&name));
    }
    for hit in hits {
        println!(
            "{}: {} ({}): {}",
            safe(&name),
            safe(&hit.name),
            safe(&hit.source),
            safe(&hit.evidence)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile_in(folder: &Path, text: &str) -> (PathBuf, u8) {
        fs::write(folder.join("own.ndb"), text).unwrap();
        fs::write(folder.join("readme.txt"), "not a database").unwrap();
        let out = folder.join("own.pack");
        let (sources, arguments) = (vec![folder.to_owned()], out.clone());
        let command = PatternsCommand::Compile(CompileArguments {
            out: arguments,
            sources,
            unsigned: false,
            all: false,
        });
        (out, run(&command, true))
    }

    #[test]
    fn a_pack_is_made_shown_and_finds() {
        let folder = tempfile::tempdir().unwrap();
        let hash = "5d41402abc4b2a76b9719d911017c592:5:Hello.File";
        fs::write(folder.path().join("own.hdb"), hash).unwrap();
        let (pack, exit) = compile_in(folder.path(), "");
        assert_eq!(exit, 0);
        assert_eq!(run(&PatternsCommand::Info { pack: pack.clone() }, false), 0);
        let file = folder.path().join("hello");
        for (text, exit) in [("hello", 1), ("hallo", 0)] {
            fs::write(&file, text).unwrap();
            let command = PatternsCommand::Test { pack: pack.clone(), files: vec![file.clone()] };
            assert_eq!(run(&command, false), exit, "{text}");
        }
    }

    #[test]
    fn bad_lines_show_in_the_exit_code_and_a_damaged_pack_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let lines = "this is no signature\nGood.One:0:*:0011223344556677\n";
        let (pack, exit) = compile_in(folder.path(), lines);
        assert_eq!(exit, 1);
        let mut octets = fs::read(&pack).unwrap();
        octets.truncate(octets.len() - 1);
        fs::write(&pack, octets).unwrap();
        assert_eq!(run(&PatternsCommand::Info { pack }, false), 2);
    }

    #[test]
    fn a_pack_stays_as_it_was_when_no_line_can_be_used() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("own.pack"), "old").unwrap();
        let (pack, exit) = compile_in(folder.path(), "this is no signature");
        assert_eq!((exit, fs::read(pack).unwrap()), (2, b"old".to_vec()));
    }

    #[test]
    fn a_pack_stays_as_it_was_when_a_bundle_cannot_be_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("own.pack");
        fs::write(&out, "old").unwrap();
        let source = folder.path().join("daily.cvd");
        fs::write(&source, "no bundle").unwrap();
        let arguments = CompileArguments {
            out: out.clone(),
            sources: vec![source],
            unsigned: true,
            all: false,
        };
        assert_eq!(run(&PatternsCommand::Compile(arguments), false), 2);
        assert_eq!(fs::read(out).unwrap(), b"old");
    }
}
