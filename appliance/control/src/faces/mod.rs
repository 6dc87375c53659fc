//! The verbs of the command line, and of every other face that will ask the same way.
//!
//! | verb | argument | lines |
//! |---|---|---|
//! | `settings.get` | `path`?, `pending`?, `changed`? | a field: `path`, `value`, `shown`, `default`, `set`, `changed_by`? |
//! | `settings.set` | `assignments` [`path`, `value` or `text`, `change`?], `now`?, `reason`?, `base`? | differences, then the outcome |
//! | `settings.unset` | `paths`, `now`?, `reason`?, `base`? | differences, then the outcome |
//! | `settings.diff` | `from`?, `to`? (revisions; none: live and pending) | differences |
//! | `settings.commit` | `reason`?, `base`? | differences, then the outcome |
//! | `settings.discard` | | the outcome |
//! | `settings.history` | `limit`? | a revision |
//! | `settings.show` | `revision` | the revision, then its differences |
//! | `settings.revert` | `revision`, `reason`? | differences, then the outcome |
//! | `settings.export` | `all`?, `revision`? | `document` (text) |
//! | `settings.import` | `document` (text), `dry_run`?, `merge`?, `reason`? | differences, then the outcome |
//! | `settings.describe` | `path`? | a section or field: `path`, `help`, `value`, `default`, `touches`, ... |
//!
//! A difference is `path`, `old`, `new` and the same as text in `old_shown`, `new_shown`. An
//! outcome is `outcome` (`pending`, `committed`, `discarded`, `dry run`) with `revision`,
//! `touched`, `effects`. A refused change gives one `problem` a line, then fails with exit 4.
//! Secrets are `(secret)` everywhere but in `settings.export`.

mod change;
mod look;

use config::ChangeError;
use ipc::contracts::{Request, Response};
use mail::Timestamp;
use schema::{Difference, Problem, Tree, shown};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::desk::Desk;

/// Why a request failed.
pub(crate) enum Refusal {
    /// The verb or its argument is wrong: exit 2.
    Usage(String),
    /// What was named is not there: exit 1.
    NotFound(String),
    /// The change does not fit: exit 4.
    Problems(Vec<Problem>),
    /// It cannot be done now: exit 4.
    Refused(String),
}

impl From<ChangeError> for Refusal {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Problems(problems) => Refusal::Problems(problems),
            ChangeError::NoSuchRevision(_) => Refusal::NotFound(sentence(&error)),
            other => Refusal::Refused(sentence(&other)),
        }
    }
}

fn sentence(error: &ChangeError) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    let start: String = characters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{start}{}.", characters.as_str())
}

type Lines = Result<Vec<Value>, Refusal>;

/// Answers one request in full: lines and how it ended.
pub(crate) fn answer(desk: &mut Desk, request: &Request, now: Timestamp) -> Vec<Response> {
    let asked = Asked { desk, actor: &request.actor, now };
    let outcome = dispatch(asked, &request.verb, &request.argument);
    desk.tell_incidents();
    let line = |value: Value| Response::Line(value.to_string());
    match outcome {
        Ok(lines) => lines.into_iter().map(line).chain([Response::Done]).collect(),
        Err(Refusal::Problems(problems)) => {
            let count = problems.len();
            let told = problems.into_iter().map(|problem| line(json!({ "problem": problem })));
            let noun = if count == 1 { "problem" } else { "problems" };
            told.chain([failed(4, format!("Nothing was changed: {count} {noun}."))]).collect()
        }
        Err(Refusal::Usage(message)) => vec![failed(2, message)],
        Err(Refusal::NotFound(message)) => vec![failed(1, message)],
        Err(Refusal::Refused(message)) => vec![failed(4, message)],
    }
}

/// The answer to a request that made its thread panic.
pub(crate) fn broken() -> Vec<Response> {
    let message = "An error in Gatepost ended this request; the log of control has its place. Look at \
                   `gatepost settings diff` before you try again.";
    vec![failed(4, message.into())]
}

fn failed(exit: u8, message: String) -> Response {
    Response::Failed { exit, message }
}

/// One request with what it needs.
pub(crate) struct Asked<'a> {
    desk: &'a mut Desk,
    actor: &'a str,
    now: Timestamp,
}

fn dispatch(asked: Asked<'_>, verb: &str, argument: &str) -> Lines {
    match verb {
        "settings.get" => look::get(asked, read(argument)?),
        "settings.diff" => look::diff(asked, read(argument)?),
        "settings.history" => look::history(asked, read(argument)?),
        "settings.show" => look::show(asked, read(argument)?),
        "settings.export" => look::export(asked, read(argument)?),
        "settings.describe" => look::describe(asked, read(argument)?),
        "settings.set" => change::set(asked, read(argument)?),
        "settings.unset" => change::unset(asked, read(argument)?),
        "settings.commit" => change::commit(asked, read(argument)?),
        "settings.discard" => change::discard(asked),
        "settings.revert" => change::revert(asked, read(argument)?),
        "settings.import" => change::import(asked, read(argument)?),
        _ => Err(Refusal::Usage(format!("Control knows no request {verb:?}."))),
    }
}

fn read<T: DeserializeOwned>(argument: &str) -> Result<T, Refusal> {
    let argument = argument.trim();
    let text = if argument.is_empty() { "{}" } else { argument };
    if !text.starts_with('{') {
        return Err(Refusal::Usage("The argument of the request is no JSON object.".into()));
    }
    serde_json::from_str(text)
        .map_err(|error| Refusal::Usage(format!("The argument of the request is wrong: {error}.")))
}

/// Differences as lines, secrets hidden.
fn difference_lines(tree: &Tree, differences: Vec<Difference>) -> Vec<Value> {
    differences.into_iter().map(|difference| difference_line(tree, difference)).collect()
}

fn difference_line(tree: &Tree, mut difference: Difference) -> Value {
    let kind = tree.kind(&difference.path).ok();
    for value in [&mut difference.old, &mut difference.new].into_iter().flatten() {
        tree.hide_secrets_at(&difference.path, value);
    }
    let text = |value: &Option<Value>| value.as_ref().map(|value| shown(kind, value));
    json!({
        "path": difference.path,
        "old": difference.old,
        "new": difference.new,
        "old_shown": text(&difference.old),
        "new_shown": text(&difference.new),
    })
}
