//! `gatepost learn`: teach the gateway what mail is wanted and what is not, see what was taught, and
//! take it back.
//!
//! Messages are read by workers of its own, sandboxed as those of the gateway; what the gateway is
//! told of them is hashes. Start with [`run`].

use std::collections::VecDeque;
use std::path::PathBuf;

use clap::{ArgGroup, Args};
use ipc::{Failure, Paths, Role};
use mail::{
    BodyKind, Client, Direction, Envelope, Listener as Door, MessageId, Sender, SessionId,
    Timestamp,
};
use serde_json::{Value, json};

use crate::face::{ask_each, safe};
use crate::scan::crew::{Crew, Inspected, Work};
use crate::scan::source;
use crate::track::say;

/// Arguments of `gatepost learn`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("deed").required(true).args(
    ["wanted", "unwanted", "phishing", "list", "undo", "status", "roll_back"]
)))]
pub struct LearnArguments {
    /// These messages were wanted.
    #[arg(long)]
    wanted: bool,
    /// These messages were not wanted.
    #[arg(long)]
    unwanted: bool,
    /// These messages were phishing.
    #[arg(long)]
    phishing: bool,
    /// Messages, mailboxes (mbox) or folders of them (looked through to the bottom), or `-` for
    /// standard input.
    paths: Vec<PathBuf>,
    /// The domain whose mail this is, one of this gateway's, or `all`. Without it: the first domain
    /// of To and Cc that is one of this gateway's, else `all`.
    #[arg(long)]
    domain: Option<String>,
    /// List the lessons, the newest first.
    #[arg(long)]
    list: bool,
    /// Take these lessons back.
    #[arg(long, value_name = "LESSON", num_args = 1..)]
    undo: Vec<u64>,
    /// Show how much was taught, and which version the workers use.
    #[arg(long)]
    status: bool,
    /// Make all as it was at a version.
    #[arg(long, value_name = "VERSION")]
    roll_back: Option<u64>,
}

impl LearnArguments {
    fn label(&self) -> Option<&'static str> {
        let labels =
            [(self.wanted, "wanted"), (self.unwanted, "unwanted"), (self.phishing, "phishing")];
        labels.into_iter().find_map(|(is_it, word)| is_it.then_some(word))
    }

    /// What is wrong with them together.
    fn fault(&self) -> Option<&'static str> {
        match (self.label(), self.paths.is_empty()) {
            (Some(_), true) => {
                Some("name the messages, or `-` for standard input. Nothing was learned.")
            }
            (None, false) => {
                Some("files are for --wanted, --unwanted and --phishing. Nothing was done.")
            }
            (None, true) if self.domain.is_some() => {
                Some("--domain is for --wanted, --unwanted and --phishing. Nothing was done.")
            }
            _ => None,
        }
    }
}

/// Runs it; the exit code: 0 done, 1 a message or lesson of them was not, 2 a file cannot be read or
/// the question is wrong, 3 the gateway does not run, 4 refused.
pub async fn run(paths: &Paths, arguments: LearnArguments, json: bool) -> u8 {
    if let Some(fault) = arguments.fault() {
        eprintln!("gatepost learn: {fault}");
        return 2;
    }
    if let Some(label) = arguments.label() {
        return teach(paths, &arguments, label, json).await;
    }
    if arguments.list {
        return ask(paths, "learning.list", &json!({}), json, listed).await;
    }
    if arguments.status {
        return ask(paths, "learning.status", &json!({}), json, status).await;
    }
    if let Some(version) = arguments.roll_back {
        let question = json!({ "version": version });
        return ask(paths, "learning.roll_back", &question, json, rolled_back).await;
    }
    let mut worst = 0;
    for lesson in arguments.undo {
        let question = json!({ "lesson": lesson });
        worst = worst.max(ask(paths, "learning.undo", &question, json, undone).await);
    }
    worst
}

async fn ask(
    paths: &Paths,
    verb: &str,
    question: &Value,
    as_json: bool,
    draw: fn(&Value) -> String,
) -> u8 {
    ask_each(paths, Role::Queue, verb, question.to_string(), |line| {
        if as_json {
            say(line);
        } else {
            say(&draw(&serde_json::from_str(line).unwrap_or_default()));
        }
    })
    .await
}

/// The first line of an answer.
async fn first(paths: &Paths, verb: &str, question: &Value) -> Result<Value, Failure> {
    let mut asking = ipc::ask(paths, Role::Queue, verb, question.to_string()).await?;
    match asking.next().await {
        Some(line) => Ok(serde_json::from_str(&line?).unwrap_or_default()),
        None => Ok(Value::Null),
    }
}

fn failed(failure: &Failure) -> u8 {
    eprintln!("gatepost learn: {}", failure.message);
    failure.exit
}

async fn teach(paths: &Paths, arguments: &LearnArguments, label: &str, json: bool) -> u8 {
    // Before any work: without a gateway there is nobody to teach.
    if let Err(failure) = first(paths, "learning.status", &json!({})).await {
        return failed(&failure);
    }
    let mut files = VecDeque::new();
    for path in &arguments.paths {
        if let Err(error) = source::gather(path, &mut files) {
            eprintln!("gatepost learn: {} cannot be read ({error})", path.display());
            return 2;
        }
    }
    let work = Work {
        name: "gatepost learn",
        sources: Box::new(files.into_iter().flat_map(|path| source::messages(&path))),
        envelope: envelope(),
        pack: None,
        learned: None,
        wants_material: true,
    };
    let taught = async {
        let stopped = |error| Failure { exit: 4, message: format!("{error}; no more was learned") };
        let mut crew = Crew::start(paths, work).await.map_err(stopped)?;
        let mut worst = 0;
        while let Some(next) = crew.next().await.map_err(stopped)? {
            let exit = match next {
                Ok(one) => teach_one(paths, arguments, label, one, json).await?,
                Err(error) => {
                    eprintln!("gatepost learn: {error}");
                    2
                }
            };
            worst = worst.max(exit);
        }
        Ok(worst)
    };
    taught.await.unwrap_or_else(|failure| failed(&failure))
}

/// Teaches one message. A failure is one that the next would meet as well.
async fn teach_one(
    paths: &Paths,
    arguments: &LearnArguments,
    label: &str,
    one: Inspected,
    json: bool,
) -> Result<u8, Failure> {
    let path = one.source.path;
    if let Some(why) = one.findings.unscannable {
        let why = safe(&why.reason());
        eprintln!("gatepost learn: {path} cannot be looked at ({why}); nothing was learned of it");
        return Ok(1);
    }
    let has_words =
        |one: &ipc::contracts::Material| !(one.features.is_empty() && one.sketch.is_empty());
    let Some(material) = one.material.filter(|material| has_words(material)) else {
        eprintln!("gatepost learn: {path} has no words; nothing was learned of it");
        return Ok(1);
    };
    let lesson = json!({
        "label": label,
        "domain": arguments.domain,
        "message": one.findings.header_id,
        "sender": one.findings.header_from,
        "material": material,
    });
    let mut taught = first(paths, "learning.teach", &lesson).await?;
    if let Value::Object(taught) = &mut taught {
        taught.insert("path".to_owned(), path.into());
    }
    say(&if json { taught.to_string() } else { lesson_line(&taught) });
    Ok(0)
}

/// Nobody received a file that is only looked at.
fn envelope() -> Envelope {
    Envelope {
        id: MessageId(0),
        session: SessionId(0),
        received: Timestamp(0),
        listener: Door::Internal,
        direction: Direction::Incoming,
        client: Client {
            address: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
            helo: String::new(),
            tls: None,
        },
        sender: Sender::Null,
        recipients: Vec::new(),
        body: BodyKind::EightBitMime,
        smtputf8: true,
        ret: None,
        envid: None,
        size: 0,
    }
}

fn text(value: &Value, key: &str) -> String {
    safe(value.get(key).and_then(Value::as_str).unwrap_or_default())
}

fn number(value: &Value, key: &str) -> u64 {
    value.get(key).and_then(Value::as_u64).unwrap_or_default()
}

fn lesson_line(taught: &Value) -> String {
    let (label, tenant) = (text(taught, "label"), text(taught, "tenant"));
    format!("lesson {}  {label}  {tenant}  {}", number(taught, "lesson"), text(taught, "path"))
}

fn listed(row: &Value) -> String {
    let at = text(row, "at");
    let at = at.get(..19).unwrap_or(&at).replace('T', " ");
    let is_undone = row.get("undone").and_then(Value::as_bool).unwrap_or_default();
    format!(
        "{:>6}  {at}Z  {:<8}  {}  by {}  from {}  {}{}",
        number(row, "lesson"),
        text(row, "label"),
        text(row, "tenant"),
        text(row, "who"),
        text(row, "sender"),
        text(row, "message"),
        if is_undone { "  (taken back)" } else { "" },
    )
}

fn undone(answer: &Value) -> String {
    let (lesson, version) = (number(answer, "undone"), number(answer, "version"));
    format!("lesson {lesson} was taken back; this is version {version}.")
}

fn rolled_back(answer: &Value) -> String {
    let (to, version) = (number(answer, "rolled_back"), number(answer, "version"));
    format!("what was taught is as it was at version {to}; this is version {version}.")
}

fn status(answer: &Value) -> String {
    let in_use = match answer.get("in_use").and_then(Value::as_u64) {
        Some(version) => format!("the workers use {version}"),
        None => "no worker uses any yet".to_owned(),
    };
    let mut lines = vec![format!(
        "version {}, {in_use}; {} can be gone back to and all since",
        number(answer, "version"),
        number(answer, "oldest"),
    )];
    lines.push(format!(
        "{} lessons, {} taken back, {} octets",
        number(answer, "lessons"),
        number(answer, "undone"),
        number(answer, "octets"),
    ));
    let tenants = answer.get("tenants").and_then(Value::as_array);
    lines.extend(tenants.into_iter().flatten().map(tenant_line));
    lines.join("\n")
}

fn tenant_line(tenant: &Value) -> String {
    let number = |key| number(tenant, key);
    let against = number("unwanted") + number("phishing");
    let most = learning::limits::LESSONS_OF_EACH as u64;
    let hint = match number("wanted").min(against) {
        enough if enough >= most => String::new(),
        _ => format!(" (words count from {most} messages of each kind on)"),
    };
    format!(
        "  {}  wanted {}, unwanted {}, phishing {}: {} words, {} texts{hint}",
        text(tenant, "tenant"),
        number("wanted"),
        number("unwanted"),
        number("phishing"),
        number("features"),
        number("texts"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        learn: LearnArguments,
    }

    fn line(words: &[&str]) -> Result<LearnArguments, clap::Error> {
        let words = std::iter::once("learn").chain(words.iter().copied());
        Line::try_parse_from(words).map(|line| line.learn)
    }

    #[test]
    fn one_deed_at_a_time_and_files_for_teaching_only() {
        for bad in [&["--wanted", "--unwanted", "a"][..], &["a.eml"], &[], &["--list", "--status"]]
        {
            assert!(line(bad).is_err(), "{bad:?}");
        }
        for bad in [&["--wanted"][..], &["--list", "a.eml"], &["--status", "--domain", "a.example"]]
        {
            assert!(line(bad).unwrap().fault().is_some(), "{bad:?}");
        }
        let good = line(&["--phishing", "-", "--domain", "a.example"]).unwrap();
        assert!(good.fault().is_none());
        assert_eq!(good.label(), Some("phishing"));
        assert_eq!(line(&["--undo", "3", "4"]).unwrap().undo, [3, 4]);
    }

    #[test]
    fn no_lesson_writes_on_the_screen() {
        let evil = "x\u{1b}[31m\r\n\u{202e}";
        let row = json!({
            "at": evil, "label": evil, "tenant": evil, "who": evil, "sender": evil,
            "message": evil, "path": evil,
        });
        for drawn in [listed(&row), lesson_line(&row), tenant_line(&row)] {
            assert!(!drawn.chars().any(char::is_control), "{drawn:?}");
        }
    }

    #[test]
    fn the_status_tells_when_words_begin_to_count() {
        let tenant = |wanted: u64| json!({"tenant": "a.example", "wanted": wanted, "unwanted": 10});
        let told = json!({"version": 7, "in_use": 6, "tenants": [tenant(9), tenant(10)]});
        let told = status(&told);
        assert!(told.contains("version 7, the workers use 6"), "{told}");
        assert_eq!(told.matches("words count from 10").count(), 1);
    }
}
