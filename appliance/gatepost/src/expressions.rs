//! `gatepost expressions`: try an expression or keyword before it is saved, and see the lists that
//! ship. Nothing here asks the gateway. Start with [`run`].

use std::io::Read;
use std::path::{Path, PathBuf};

use ::expressions::{
    Entry, Expressions, Kind, List, Lists, Matcher, PREDEFINED_VERSION, Pattern, Predefined, Said,
    Target, Text, predefined,
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::face::safe;

/// Octets of a file that is looked at.
const FILE_OCTETS: u64 = 64 * 1024 * 1024;
/// Matches that are shown.
const SHOWN_MATCHES: usize = 1000;
/// Characters of a match that are shown.
const SHOWN_CHARACTERS: usize = 120;

/// What is done with expressions.
#[derive(Debug, Subcommand)]
pub enum ExpressionsCommand {
    /// Try an expression or a keyword: which engine it uses, whether it can be saved, and where it
    /// matches in a text.
    Test(TestArguments),
    /// Show the lists that ship, or the entries of one, in the form of the settings.
    List {
        /// The list.
        name: Option<String>,
    },
}

/// Arguments of `gatepost expressions test`.
#[derive(Debug, Args)]
pub struct TestArguments {
    /// The expression, or the keyword.
    pattern: String,
    /// Text to look at; - for standard input. A message is looked at as it stands.
    file: Option<PathBuf>,
    /// It is a keyword, with AND, OR, NOT, NEAR and stars.
    #[arg(long)]
    keyword: bool,
    /// Capital and small letters differ.
    #[arg(long)]
    case_sensitive: bool,
}

/// Runs; exit 0 when it matches or there is nothing to look at, 1 when it does not match, 2 when it
/// cannot be used.
pub fn run(command: &ExpressionsCommand, json: bool) -> u8 {
    let outcome = match command {
        ExpressionsCommand::Test(arguments) if arguments.keyword => keyword(arguments, json),
        ExpressionsCommand::Test(arguments) => expression(arguments, json),
        ExpressionsCommand::List { name: None } => Ok(all(json)),
        ExpressionsCommand::List { name: Some(name) } => one(name),
    };
    outcome.unwrap_or_else(|text| {
        eprintln!("gatepost expressions: {}", safe(&text));
        2
    })
}

/// The text to look at, as expressions see it.
fn text(path: &Path) -> Result<String, String> {
    let mut octets = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(FILE_OCTETS).read_to_end(&mut octets)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(FILE_OCTETS).read_to_end(&mut octets))
    };
    read.map_err(|error| format!("{} cannot be read ({error})", path.display()))?;
    let text = String::from_utf8_lossy(&octets).replace("\r\n", "\n").replace('\r', "\n");
    Ok(text.trim_end_matches('\n').to_owned())
}

fn expression(arguments: &TestArguments, json: bool) -> Result<u8, String> {
    let pattern = Pattern::compile(&arguments.pattern, arguments.case_sensitive)
        .map_err(|error| format!("the expression cannot be used: {error}"))?;
    pattern.try_out().map_err(|error| format!("the expression cannot be saved: {error}"))?;
    let engine = pattern.matcher();
    let Some(path) = &arguments.file else {
        told(json, engine, &[]);
        return Ok(0);
    };
    let text = text(path)?;
    let found = pattern.find(&text, SHOWN_MATCHES).map_err(|why| format!("not decided: {why}"))?;
    let places: Vec<Place> = places(&text, &found);
    told(json, engine, &places);
    Ok(u8::from(places.is_empty()))
}

/// One match, as people count.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    line: usize,
    column: usize,
    text: String,
}

/// Lines and columns of matches, which come in order.
fn places(text: &str, found: &[(usize, usize)]) -> Vec<Place> {
    let (mut at, mut line, mut line_start) = (0, 1, 0);
    let mut places = Vec::new();
    for (start, end) in found {
        for (offset, _) in text.get(at..*start).unwrap_or_default().match_indices('\n') {
            line += 1;
            line_start = at + offset + 1;
        }
        at = *start;
        let column = text.get(line_start..*start).map_or(0, |before| before.chars().count()) + 1;
        let shown = text.get(*start..*end).unwrap_or_default();
        places.push(Place { line, column, text: shown.chars().take(SHOWN_CHARACTERS).collect() });
    }
    places
}

fn told(json: bool, engine: Matcher, places: &[Place]) {
    if json {
        let matches: Vec<Value> = places
            .iter()
            .map(|one| json!({"line": one.line, "column": one.column, "text": one.text}))
            .collect();
        println!("{}", json!({"engine": engine.word(), "matches": matches}));
        return;
    }
    let why = match engine {
        Matcher::Linear => "linear: no text makes it slow",
        Matcher::Backtracking => "backtracking, with limits",
    };
    println!("engine: {} ({why})", engine.word());
    for one in places {
        println!("{}:{}: {}", one.line, one.column, safe(&one.text));
    }
}

fn keyword(arguments: &TestArguments, json: bool) -> Result<u8, String> {
    let entry = Entry {
        text: arguments.pattern.clone(),
        kind: Kind::Keyword,
        case_sensitive: arguments.case_sensitive,
        ..Entry::default()
    };
    let list = List { name: "test".to_owned(), entries: vec![entry], ..List::default() };
    let section = Expressions { lists: vec![list], ..Expressions::default() };
    let problems =
        schema::Tree::new().with::<Expressions>().check(&json!({"expressions": section}));
    if let Some(problem) = problems.first() {
        return Err(problem.sentence.clone());
    }
    let Some(path) = &arguments.file else {
        println!("{}", if json { "{}" } else { "the keyword can be used" });
        return Ok(0);
    };
    let text = text(path)?;
    let lists = Lists::compile(&section, spam::fold);
    let said = lists.look(&Text { target: Target::Body, place: "", text: &text }, None, &|| false);
    let evidence = said.into_iter().find_map(|one| match one {
        Said::Matched { evidence, .. } => Some(evidence),
        _ => None,
    });
    match (&evidence, json) {
        (evidence, true) => println!("{}", json!({"evidence": evidence})),
        (Some(evidence), false) => println!("found {}", safe(evidence)),
        (None, false) => println!("not found"),
    }
    Ok(u8::from(evidence.is_none()))
}

fn all(json: bool) -> u8 {
    if !json {
        println!("lists that ship, version {PREDEFINED_VERSION}:");
    }
    for which in Predefined::ALL {
        let list = predefined(which);
        let (entries, version) = (list.entries.len(), PREDEFINED_VERSION);
        if json {
            let row = json!({
                "name": list.name, "version": version, "entries": entries, "note": list.note,
            });
            println!("{row}");
        } else {
            println!("{:<20} {entries:>4} entries  {}", list.name, list.note);
        }
    }
    0
}

/// One list in the form of the settings, to be copied under another name.
fn one(name: &str) -> Result<u8, String> {
    let which = Predefined::ALL.into_iter().find(|one| one.as_str() == name);
    let which = which.ok_or_else(|| format!("no list that ships is called {name:?}"))?;
    let list = serde_json::to_string_pretty(&predefined(which));
    println!("{}", list.map_err(|error| error.to_string())?);
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_told_by_line_and_column() {
        let found = places("é one\ntwo one", &[(3, 6), (11, 14)]);
        let at: Vec<(usize, usize)> = found.iter().map(|one| (one.line, one.column)).collect();
        assert_eq!(at, [(1, 3), (2, 5)]);
    }

    #[test]
    fn what_cannot_be_saved_is_refused() {
        let arguments = |pattern: &str, keyword| TestArguments {
            pattern: pattern.to_owned(),
            file: None,
            keyword,
            case_sensitive: false,
        };
        assert!(expression(&arguments("(?=(a+)+$)a", false), true).is_err());
        assert!(keyword(&arguments("a AND", true), true).is_err());
        assert_eq!(expression(&arguments(r"(a)b\1", false), true), Ok(0));
    }

    #[test]
    fn a_list_that_ships_is_shown_by_its_name() {
        assert_eq!(one("chain_mail"), Ok(0));
        assert!(one("none such").is_err());
    }
}
