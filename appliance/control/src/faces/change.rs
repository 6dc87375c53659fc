//! The verbs that change something.

use config::{Committed, Note};
use schema::{Change, Manner, Patch, Problem, Sections, Touches, Tree};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, Lines, Refusal, difference_lines};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Assignment {
    path: String,
    /// The value as JSON.
    value: Option<Value>,
    /// The value as people type it; read by the field's kind.
    text: Option<String>,
    #[serde(default)]
    change: Deed,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Deed {
    #[default]
    Set,
    Add,
    Remove,
}

/// What every change may say.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Manners {
    now: bool,
    reason: String,
    base: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct Set {
    assignments: Vec<Assignment>,
    #[serde(flatten)]
    manners: Manners,
}

pub(super) fn set(asked: Asked<'_>, set: Set) -> Lines {
    let tree = asked.desk.store.tree();
    let changes: Vec<Result<Change, Problem>> =
        set.assignments.into_iter().map(|assignment| read_assignment(tree, assignment)).collect();
    let problems: Vec<Problem> = changes.iter().filter_map(|change| change.clone().err()).collect();
    if !problems.is_empty() {
        return Err(Refusal::Problems(problems));
    }
    make(asked, &Patch::new(changes.into_iter().flatten().collect()), set.manners)
}

/// Turns text into a value of the field's kind, and a value into its one normal form, so that an
/// entry is found again however it was typed.
fn read_assignment(tree: &Tree, assignment: Assignment) -> Result<Change, Problem> {
    let Assignment { path, value, text, change } = assignment;
    let kind = tree.kind(&path)?;
    let kind = match (change, kind) {
        (Deed::Add | Deed::Remove, schema::Kind::List { of, .. }) => of,
        (Deed::Add | Deed::Remove, _) => {
            return Err(Problem::new(
                path,
                "This is not a list.",
                "Set its value with path=value.",
            ));
        }
        (Deed::Set, kind) => kind,
    };
    let value = match (value, text) {
        (Some(value), None) => value,
        (None, Some(text)) => kind.value_of(&text).map_err(|error| {
            Problem::new(
                path.clone(),
                format!("{text:?} does not fit here: {error}."),
                "Correct the value.",
            )
        })?,
        _ => {
            return Err(Problem::new(path, "There is no value.", "Give either a value or a text."));
        }
    };
    let mut problems = Vec::new();
    let value = kind.read(&path, &value, &mut problems);
    match problems.into_iter().next() {
        Some(problem) => Err(problem),
        None => Ok(match change {
            Deed::Set => Change::Set { path, value },
            Deed::Add => Change::Add { path, value },
            Deed::Remove => Change::Remove { path, value },
        }),
    }
}

#[derive(Deserialize)]
pub(super) struct Unset {
    paths: Vec<String>,
    #[serde(flatten)]
    manners: Manners,
}

pub(super) fn unset(asked: Asked<'_>, unset: Unset) -> Lines {
    let changes = unset.paths.into_iter().map(|path| Change::Unset { path }).collect();
    make(asked, &Patch::new(changes), unset.manners)
}

/// Commits the patch at once, or adds it to what is pending.
fn make(asked: Asked<'_>, patch: &Patch, manners: Manners) -> Lines {
    let note = note(&asked, manners.reason);
    let store = &mut asked.desk.store;
    if manners.now {
        let committed = store.commit_now(patch, note, manners.base)?;
        return Ok(committed_lines(asked, committed));
    }
    store.change(patch, asked.actor, manners.base)?;
    let pending = store.pending_value().map_err(Refusal::Problems)?;
    let mut lines = changes_to(store, &pending);
    lines.push(json!({ "outcome": "pending", "revision": store.revision() }));
    Ok(lines)
}

fn note(asked: &Asked<'_>, reason: String) -> Note {
    Note { author: asked.actor.to_owned(), time: asked.now, reason }
}

/// What would change if this value were live.
fn changes_to(store: &config::Store, value: &Sections) -> Vec<Value> {
    let tree = store.tree();
    let full = |sparse: &Sections| Value::Object(tree.full(sparse));
    difference_lines(tree, schema::diff(&full(store.live()), &full(value)))
}

fn committed_lines(asked: Asked<'_>, committed: Committed) -> Vec<Value> {
    asked.desk.committed(&committed);
    let tree = asked.desk.store.tree();
    let effects = effects(tree, &committed);
    let Committed { revision, touched, left_out } = committed;
    let mut lines = difference_lines(tree, revision.differences);
    lines.push(json!({
        "outcome": "committed",
        "revision": revision.number,
        "touched": touched,
        "effects": effects,
        "left_out": left_out,
    }));
    lines
}

/// What the change waits for, where it does not take effect at once.
fn effects(tree: &Tree, committed: &Committed) -> Vec<String> {
    let mut effects = Vec::new();
    for difference in &committed.revision.differences {
        let below = |path: &str| difference.path.strip_prefix(path);
        let field = tree.fields().find(|listed| {
            below(&listed.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        if let Some(listed) = field.filter(|listed| listed.touches != Touches::Live) {
            effects.push(format!("{} {}", listed.path, listed.touches));
        }
    }
    effects
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Commit {
    #[serde(default)]
    reason: String,
    base: Option<u64>,
}

pub(super) fn commit(asked: Asked<'_>, commit: Commit) -> Lines {
    let note = note(&asked, commit.reason);
    let committed = asked.desk.store.commit(note, commit.base)?;
    Ok(committed_lines(asked, committed))
}

pub(super) fn discard(asked: Asked<'_>) -> Lines {
    asked.desk.store.discard()?;
    Ok(vec![json!({ "outcome": "discarded", "revision": asked.desk.store.revision() })])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Revert {
    revision: u64,
    #[serde(default)]
    reason: String,
}

pub(super) fn revert(asked: Asked<'_>, revert: Revert) -> Lines {
    let reason = match revert.reason.as_str() {
        "" => format!("revert to revision {}", revert.revision),
        given => given.to_owned(),
    };
    let note = note(&asked, reason);
    let committed = asked.desk.store.revert(revert.revision, note)?;
    Ok(committed_lines(asked, committed))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Import {
    document: String,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    merge: bool,
    #[serde(default)]
    reason: String,
}

pub(super) fn import(asked: Asked<'_>, import: Import) -> Lines {
    let manner = if import.merge { Manner::Merge } else { Manner::Replace };
    let note = note(&asked, if import.reason.is_empty() { "import".into() } else { import.reason });
    let store = &mut asked.desk.store;
    let value = schema::import(store.tree(), &import.document, manner, store.live())
        .map_err(|error| Refusal::Problems(error.into_problems()))?;
    if import.dry_run {
        let mut lines = changes_to(store, &value);
        lines.push(json!({ "outcome": "dry run", "revision": store.revision() }));
        return Ok(lines);
    }
    let committed = store.replace(value, note)?;
    Ok(committed_lines(asked, committed))
}
