//! `gatepost settings`: the operator's face of the settings tree.
//!
//! Every verb is one request to control; this file turns arguments into that request and its lines
//! into text for people (or prints them as they came, with `--json`). It never opens the store.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use ipc::{Paths, Role};
use serde_json::{Value, json};

use crate::face::{ask_each, safe};

/// Octets of a document that `import` reads.
const DOCUMENT_OCTETS: u64 = schema::limits::DOCUMENT_OCTETS as u64;
/// Characters of a reason in the table of `history`.
const REASON_SHOWN: usize = 60;

/// Read and change settings. A change is pending until `commit` makes it a revision.
#[derive(Debug, Subcommand)]
pub enum SettingsCommand {
    /// Show live values: all, a section (`receiving`), a field (`receiving.port`) or an entry.
    Get {
        /// Dotted path; all settings without it.
        #[arg(default_value = "")]
        path: String,
        /// Show the values as they would be after a commit.
        #[arg(long)]
        pending: bool,
        /// Show only what differs from the defaults.
        #[arg(long)]
        changed: bool,
    },
    /// Change values: `path=value`, `list+=entry`, `list-=entry`. Pending until `commit`.
    ///
    /// A value is typed as people write it: `yes`, `50MiB`, `5m`, `none`, `a.test, b.test`; lists
    /// and tables also as JSON.
    Set {
        /// One or more assignments.
        #[arg(required = true)]
        assignments: Vec<String>,
        #[command(flatten)]
        manner: Manner,
    },
    /// Give fields their defaults again, or take an entry (`policy.rules.3`) out of a list.
    Unset {
        /// One or more paths.
        #[arg(required = true)]
        paths: Vec<String>,
        #[command(flatten)]
        manner: Manner,
    },
    /// Show what a commit would change; or what changed since a revision, or between two.
    Diff {
        /// The older revision (0 for the defaults).
        from: Option<u64>,
        /// The newer revision; the live one without it.
        to: Option<u64>,
    },
    /// Make what is pending the next revision.
    Commit {
        /// Why, for the history.
        #[arg(long, short = 'm', default_value = "")]
        reason: String,
        /// Refuse unless this revision is live.
        #[arg(long)]
        base: Option<u64>,
    },
    /// Drop what is pending.
    Discard,
    /// List revisions, newest first.
    History {
        /// How many.
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Show one revision and what it changed.
    Show {
        /// Its number.
        revision: u64,
    },
    /// Make an earlier revision live again, as a new revision.
    Revert {
        /// Its number (0 for the defaults).
        revision: u64,
        /// Why, for the history.
        #[arg(long, short = 'm', default_value = "")]
        reason: String,
    },
    /// Print the settings as a document that another gateway can import. Secrets are in it.
    Export {
        /// Every field, not only what differs from the defaults.
        #[arg(long)]
        all: bool,
        /// Of this revision.
        #[arg(long)]
        revision: Option<u64>,
    },
    /// Make a document the next revision.
    Import {
        /// The document; `-` reads it from standard input.
        file: PathBuf,
        /// Only show what would change.
        #[arg(long)]
        dry_run: bool,
        /// Leave what the document does not name as it is; otherwise it gets its default.
        #[arg(long)]
        merge: bool,
        /// Why, for the history.
        #[arg(long, short = 'm', default_value = "")]
        reason: String,
    },
    /// Explain a setting: what it means, what it takes, its default, what a change touches.
    Describe {
        /// Dotted path of a section or field; the sections without it.
        #[arg(default_value = "")]
        path: String,
    },
}

/// How `set` and `unset` are done.
#[derive(Debug, Args)]
pub struct Manner {
    /// Commit this change at once.
    #[arg(long)]
    now: bool,
    /// Why, for the history; with --now.
    #[arg(long, short = 'm', default_value = "", requires = "now")]
    reason: String,
    /// Refuse unless this revision is live.
    #[arg(long)]
    base: Option<u64>,
}

/// Does one verb and gives the exit code: 0 done, 1 not found, 2 usage, 3 not running, 4 refused.
pub async fn run(paths: &Paths, command: SettingsCommand, json: bool) -> u8 {
    let (verb, argument) = match request(&command) {
        Ok(request) => request,
        Err(message) => {
            eprintln!("gatepost: {message}");
            return 2;
        }
    };
    let mut lines = Vec::new();
    let exit = ask_each(paths, Role::Control, verb, argument.to_string(), |line| {
        if json {
            println!("{line}");
        } else if let Ok(line) = serde_json::from_str::<Value>(line) {
            lines.push(line);
        }
    })
    .await;
    if !json {
        print!("{}", rendered(&command, &lines, exit));
    }
    exit
}

/// The verb and its argument, or what is wrong with what was typed.
fn request(command: &SettingsCommand) -> Result<(&'static str, Value), String> {
    use SettingsCommand as C;
    Ok(match command {
        C::Get { path, pending, changed } => {
            ("settings.get", json!({ "path": path, "pending": pending, "changed": changed }))
        }
        C::Set { assignments, manner } => {
            let assignments: Result<Vec<Value>, String> =
                assignments.iter().map(|text| assignment(text)).collect();
            ("settings.set", with_manner(json!({ "assignments": assignments? }), manner))
        }
        C::Unset { paths, manner } => {
            ("settings.unset", with_manner(json!({ "paths": paths }), manner))
        }
        C::Diff { from, to } => ("settings.diff", json!({ "from": from, "to": to })),
        C::Commit { reason, base } => {
            ("settings.commit", json!({ "reason": reason, "base": base }))
        }
        C::Discard => ("settings.discard", json!({})),
        C::History { limit } => ("settings.history", json!({ "limit": limit })),
        C::Show { revision } => ("settings.show", json!({ "revision": revision })),
        C::Revert { revision, reason } => {
            ("settings.revert", json!({ "revision": revision, "reason": reason }))
        }
        C::Export { all, revision } => {
            ("settings.export", json!({ "all": all, "revision": revision }))
        }
        C::Import { file, dry_run, merge, reason } => {
            let document = read_document(file)?;
            let argument = json!({ "document": document, "dry_run": dry_run, "merge": merge, "reason": reason });
            ("settings.import", argument)
        }
        C::Describe { path } => ("settings.describe", json!({ "path": path })),
    })
}

fn with_manner(mut argument: Value, manner: &Manner) -> Value {
    if let Some(fields) = argument.as_object_mut() {
        fields.insert("now".into(), manner.now.into());
        fields.insert("reason".into(), manner.reason.clone().into());
        fields.insert("base".into(), manner.base.into());
    }
    argument
}

/// `path=value`, `path+=entry` or `path-=entry`.
fn assignment(text: &str) -> Result<Value, String> {
    let (path, value) = text.split_once('=').ok_or_else(|| {
        format!("{:?} is no assignment; write path=value, list+=entry or list-=entry", safe(text))
    })?;
    let (path, change) = match (path.strip_suffix('+'), path.strip_suffix('-')) {
        (Some(path), _) => (path, "add"),
        (None, Some(path)) => (path, "remove"),
        (None, None) => (path, "set"),
    };
    Ok(json!({ "path": path.trim(), "text": value, "change": change }))
}

fn read_document(file: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(DOCUMENT_OCTETS + 1).read_to_string(&mut text)
    } else {
        let opened = std::fs::File::open(file);
        opened.and_then(|document| document.take(DOCUMENT_OCTETS + 1).read_to_string(&mut text))
    };
    match read {
        Ok(_) => Ok(text),
        Err(error) => Err(format!("cannot read {}: {error}; nothing was changed", file.display())),
    }
}

/// The answer for people.
fn rendered(command: &SettingsCommand, lines: &[Value], exit: u8) -> String {
    use SettingsCommand as C;
    match command {
        _ if lines.is_empty() && exit != 0 => String::new(),
        C::Export { .. } => lines.iter().map(|line| text(line, "document").to_owned()).collect(),
        C::History { .. } => history_table(lines),
        C::Describe { .. } => lines.iter().map(description).collect(),
        C::Diff { .. } if lines.is_empty() => "No differences.\n".into(),
        _ => lines.iter().map(line_for_people).collect(),
    }
}

fn text<'a>(line: &'a Value, name: &str) -> &'a str {
    line.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(line: &'a Value, name: &str) -> &'a [Value] {
    line.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn line_for_people(line: &Value) -> String {
    if let Some(problem) = line.get("problem") {
        let sentence = format!("{} {}", text(problem, "sentence"), text(problem, "remedy"));
        return format!("{}\n    {}\n", safe(text(problem, "path")), safe(&sentence));
    }
    if line.get("outcome").is_some() {
        return outcome(line);
    }
    if line.get("reason").is_some() {
        return revision(line);
    }
    if line.get("shown").is_some() {
        return value(line);
    }
    difference(line)
}

fn value(line: &Value) -> String {
    let by = line.get("changed_by").map_or(String::new(), |by| {
        format!(
            "    (revision {} by {}, {})",
            number(by, "revision"),
            text(by, "author"),
            text(by, "time")
        )
    });
    safe(&format!("{} = {}{by}", text(line, "path"), text(line, "shown"))) + "\n"
}

fn number(line: &Value, name: &str) -> u64 {
    line.get(name).and_then(Value::as_u64).unwrap_or_default()
}

/// Lists entry by entry, so that one more domain among a thousand can be seen.
fn difference(line: &Value) -> String {
    let path = text(line, "path");
    let (old, new) = (list(line, "old"), list(line, "new"));
    if old.len().max(new.len()) < 2 {
        let side =
            |name: &str| line.get(name).and_then(Value::as_str).unwrap_or("nothing").to_owned();
        return safe(&format!("{path}: {} -> {}", side("old_shown"), side("new_shown"))) + "\n";
    }
    let entry = |sign: char, entry: &Value| {
        let shown = entry.as_str().map_or_else(|| entry.to_string(), ToOwned::to_owned);
        format!("  {sign} {}\n", safe(&shown))
    };
    let gone = old.iter().filter(|one| !new.contains(one)).map(|one| entry('-', one));
    let come = new.iter().filter(|one| !old.contains(one)).map(|one| entry('+', one));
    let changes: String = gone.chain(come).collect();
    let changes = if changes.is_empty() { "  the order of the entries\n".into() } else { changes };
    format!("{}:\n{changes}", safe(path))
}

fn outcome(line: &Value) -> String {
    let revision = number(line, "revision");
    let mut said = match text(line, "outcome") {
        "pending" => {
            "Pending. `gatepost settings commit` makes it live, `discard` drops it.\n".to_owned()
        }
        "committed" => format!("Committed as revision {revision}.\n"),
        "discarded" => format!("Discarded. Revision {revision} is live, nothing is pending.\n"),
        "dry run" => "Dry run: nothing was changed.\n".to_owned(),
        other => format!("{}.\n", safe(other)),
    };
    for effect in list(line, "effects").iter().filter_map(Value::as_str) {
        said += &format!("Note: {}.\n", safe(effect));
    }
    for problem in list(line, "left_out") {
        said += &format!(
            "Left out: {}: {}\n",
            safe(text(problem, "path")),
            safe(text(problem, "sentence"))
        );
    }
    said
}

fn revision(line: &Value) -> String {
    let live = if line.get("live") == Some(&Value::Bool(true)) { ", live" } else { "" };
    let reason = match text(line, "reason") {
        "" => String::new(),
        reason => format!("  {}\n", safe(reason)),
    };
    let number = number(line, "revision");
    format!(
        "Revision {number}{live}: {} by {}\n{reason}",
        text(line, "time"),
        safe(text(line, "author"))
    )
}

fn history_table(lines: &[Value]) -> String {
    if lines.is_empty() {
        return "Nothing was ever committed: every setting has its default.\n".into();
    }
    let author = |line: &Value| safe(text(line, "author"));
    let width = lines.iter().map(|line| author(line).chars().count()).max().unwrap_or(0).max(6);
    let mut table = format!(
        "{:>8}  {:<24}  {:<width$}  {:>7}  REASON\n",
        "REVISION", "TIME", "AUTHOR", "CHANGES"
    );
    for line in lines {
        let mark = if line.get("live") == Some(&Value::Bool(true)) { "*" } else { " " };
        let reason: String = safe(text(line, "reason")).chars().take(REASON_SHOWN).collect();
        table += &format!(
            "{mark}{:>7}  {:<24}  {:<width$}  {:>7}  {reason}\n",
            number(line, "revision"),
            text(line, "time"),
            author(line),
            list(line, "changed").len(),
        );
    }
    table
}

fn description(line: &Value) -> String {
    if let Some(section) = line.get("section").and_then(Value::as_str) {
        return format!("{section}\n{}", indented(text(line, "help"), 4));
    }
    let mut said = format!("{}\n{}", text(line, "path"), indented(text(line, "help"), 4));
    said += &indented(&format!("Takes: {}.", text(line, "takes")), 4);
    said += &indented(&format!("Default: {}", text(line, "default_shown")), 4);
    said += &indented(&format!("Now: {}", text(line, "shown")), 4);
    said += &indented(&format!("A change {}.", text(line, "touches")), 4);
    for inside in list(line, "inside") {
        let name = [text(inside, "path"), text(inside, "value")].concat();
        said += &indented(&format!("{name}: {}", text(inside, "help")), 8);
    }
    said
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{:by$}{}\n", "", safe(line))).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(subcommand)]
        command: SettingsCommand,
    }

    fn command(words: &[&str]) -> SettingsCommand {
        Line::try_parse_from([&["settings"], words].concat()).unwrap().command
    }

    fn asked(words: &[&str]) -> (&'static str, Value) {
        request(&command(words)).unwrap()
    }

    fn people(words: &[&str], lines: &[Value]) -> String {
        rendered(&command(words), lines, 0)
    }

    #[test]
    fn assignments_set_add_and_remove() {
        let (verb, argument) =
            asked(&["set", "a.b=1=2", "a.l+=x", "a.l-= y", "--now", "-m", "why", "--base", "3"]);
        assert_eq!(verb, "settings.set");
        assert_eq!(
            argument,
            json!({
                "assignments": [
                    {"path": "a.b", "text": "1=2", "change": "set"},
                    {"path": "a.l", "text": "x", "change": "add"},
                    {"path": "a.l", "text": " y", "change": "remove"},
                ],
                "now": true, "reason": "why", "base": 3,
            })
        );
    }

    #[test]
    fn what_is_no_assignment_is_said_with_the_form() {
        assert!(request(&command(&["set", "a.b"])).unwrap_err().contains("path=value"));
        assert!(Line::try_parse_from(["settings", "set"]).is_err());
        assert!(
            Line::try_parse_from(["settings", "set", "a=1", "-m", "x"]).is_err(),
            "a reason needs --now"
        );
    }

    #[test]
    fn every_verb_asks_its_own_request() {
        for (words, verb) in [
            (&["get"][..], "settings.get"),
            (&["unset", "a.b"], "settings.unset"),
            (&["diff", "1", "2"], "settings.diff"),
            (&["commit"], "settings.commit"),
            (&["discard"], "settings.discard"),
            (&["history"], "settings.history"),
            (&["show", "1"], "settings.show"),
            (&["revert", "0"], "settings.revert"),
            (&["export", "--all"], "settings.export"),
            (&["describe", "a"], "settings.describe"),
        ] {
            assert_eq!(asked(words).0, verb);
        }
    }

    #[test]
    fn a_document_that_cannot_be_read_is_a_usage_error() {
        let missing = request(&command(&["import", "/nonexistent/x.json"])).unwrap_err();
        assert!(missing.contains("nothing was changed"), "{missing}");
    }

    #[test]
    fn values_show_who_changed_them() {
        let line = json!({
            "path": "a.port", "shown": "26", "set": true,
            "changed_by": {"author": "ann", "time": "2026-11-21T10:00:00.000Z", "revision": 3},
        });
        assert_eq!(
            people(&["get"], &[line]),
            "a.port = 26    (revision 3 by ann, 2026-11-21T10:00:00.000Z)\n"
        );
    }

    #[test]
    fn a_difference_of_a_list_names_the_entries() {
        let line = json!({"path": "a.l", "old": ["x", "y"], "new": ["y", "z"], "old_shown": "", "new_shown": ""});
        assert_eq!(people(&["diff"], &[line]), "a.l:\n  - x\n  + z\n");
        let turned = json!({"path": "a.l", "old": ["x", "y"], "new": ["y", "x"]});
        assert_eq!(people(&["diff"], &[turned]), "a.l:\n  the order of the entries\n");
        let plain =
            json!({"path": "a.n", "old": 1, "new": null, "old_shown": "1", "new_shown": null});
        assert_eq!(people(&["diff"], &[plain]), "a.n: 1 -> nothing\n");
        assert_eq!(people(&["diff"], &[]), "No differences.\n");
    }

    #[test]
    fn outcomes_say_what_is_next() {
        let line = json!({"outcome": "committed", "revision": 4, "effects": ["a.port takes effect when x is restarted"]});
        assert_eq!(
            people(&["commit"], &[line]),
            "Committed as revision 4.\nNote: a.port takes effect when x is restarted.\n"
        );
        assert!(
            people(&["set", "a=1"], &[json!({"outcome": "pending"})]).contains("settings commit")
        );
    }

    #[test]
    fn problems_are_shown_with_their_path_and_remedy() {
        let line = json!({"problem": {"path": "a.port", "sentence": "0 does not fit here.", "remedy": "Give 1."}});
        assert_eq!(people(&["set", "a=1"], &[line]), "a.port\n    0 does not fit here. Give 1.\n");
    }

    #[test]
    fn history_is_a_table_with_the_live_revision_marked() {
        let line = |n: u64, live: bool| json!({"revision": n, "time": "2026-11-21T10:00:00.000Z", "author": "ann", "reason": "r", "changed": ["a"], "live": live});
        let table = people(&["history"], &[line(2, true), line(1, false)]);
        let rows: Vec<&str> = table.lines().collect();
        assert_eq!(rows[1], "*      2  2026-11-21T10:00:00.000Z  ann           1  r");
        assert!(rows[2].starts_with("       1"));
        assert!(people(&["history"], &[]).contains("Nothing was ever committed"));
        assert_eq!(
            rendered(&command(&["history"]), &[], 3),
            "",
            "a failure says nothing about settings"
        );
    }

    #[test]
    fn an_export_is_printed_as_it_is() {
        assert_eq!(people(&["export"], &[json!({"document": "{\n}\n"})]), "{\n}\n");
    }

    #[test]
    fn no_stored_text_moves_the_cursor() {
        let lines = [
            json!({"revision": 1, "time": "", "author": "\u{1b}[2J", "reason": "\u{1b}]0;x\u{7}"}),
            json!({"path": "a", "old_shown": "\u{1b}[31m", "new_shown": "\u{202e}x"}),
            json!({"problem": {"path": "\u{1b}", "sentence": "\u{1b}", "remedy": "\u{1b}"}}),
        ];
        for words in [&["show", "1"][..], &["history"], &["get"]] {
            let said = people(words, &lines);
            assert!(!said.contains('\u{1b}') && !said.contains('\u{202e}'), "{said:?}");
        }
    }

    #[test]
    fn a_description_has_help_bounds_default_and_choices() {
        let line = json!({
            "path": "a.tls", "help": "How TLS is used.\n\nMore.", "takes": "one of never, always",
            "default_shown": "never", "shown": "always", "touches": "takes effect at once",
            "inside": [{"value": "never", "help": "No TLS."}],
        });
        let said = people(&["describe", "a.tls"], &[line]);
        for part in [
            "a.tls\n    How TLS is used.",
            "Takes: one of",
            "Default: never",
            "Now: always",
            "        never: No TLS.",
        ] {
            assert!(said.contains(part), "{said}");
        }
    }
}
