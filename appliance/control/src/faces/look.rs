//! The verbs that change nothing.

use config::Revision;
use schema::{Extent, Kind, Listed, Problem, SectionDescription, Sections, Tree, shown};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, Lines, Refusal, difference_lines};
use crate::limits;

impl From<Problem> for Refusal {
    /// A path that leads nowhere.
    fn from(problem: Problem) -> Self {
        Refusal::NotFound(problem.to_string())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Get {
    #[serde(default)]
    path: String,
    #[serde(default)]
    pending: bool,
    #[serde(default)]
    changed: bool,
}

pub(super) fn get(asked: Asked<'_>, get: Get) -> Lines {
    let store = &mut asked.desk.store;
    let sparse = match get.pending {
        true => store.pending_value().map_err(Refusal::Problems)?,
        false => store.live().clone(),
    };
    let history = store.history()?;
    let tree = store.tree();
    let full = Value::Object(tree.full(&sparse));
    let steps = get.path.split('.').filter(|step| !step.is_empty()).count();
    if steps > 2 {
        let mut value = tree.get(&full, &get.path)?.clone();
        tree.hide_secrets_at(&get.path, &mut value);
        let text = shown(tree.kind(&get.path).ok(), &value);
        return Ok(vec![json!({ "path": get.path, "value": value, "shown": text })]);
    }
    tree.get(&full, &get.path)?;
    let inside = |listed: &Listed<'_>| {
        get.path.is_empty()
            || listed.path == get.path
            || listed.path.starts_with(&format!("{}.", get.path))
    };
    let lines =
        tree.fields().filter(inside).map(|listed| field_line(tree, &full, &listed, &history));
    Ok(lines.filter(|line| !get.changed || line.get("set") == Some(&Value::Bool(true))).collect())
}

fn field_line(tree: &Tree, full: &Value, listed: &Listed<'_>, history: &[Revision]) -> Value {
    let field = listed.field;
    let mut value = tree.get(full, &listed.path).cloned().unwrap_or_default();
    let set = value != field.default;
    tree.hide_secrets_at(&listed.path, &mut value);
    let mut line = json!({
        "path": listed.path,
        "value": value,
        "shown": shown(Some(&field.kind), &value),
        "default": if field.secret { Value::Null } else { field.default.clone() },
        "set": set,
    });
    if let (true, Some(by), Some(line)) =
        (set, last_changed(history, &listed.path), line.as_object_mut())
    {
        line.insert(
            "changed_by".into(),
            json!({ "author": by.author, "time": by.time.iso8601(), "revision": by.number }),
        );
    }
    line
}

/// The newest revision that changed the field or a part of it.
fn last_changed<'a>(history: &'a [Revision], path: &str) -> Option<&'a Revision> {
    let touches = |changed: &str| {
        changed.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    history.iter().find(|revision| revision.differences.iter().any(|d| touches(&d.path)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Diff {
    from: Option<u64>,
    to: Option<u64>,
}

pub(super) fn diff(asked: Asked<'_>, diff: Diff) -> Lines {
    let store = &mut asked.desk.store;
    let old = match diff.from {
        Some(number) => store.value_of(number)?.0,
        None => store.live().clone(),
    };
    let new = match (diff.from, diff.to) {
        (_, Some(number)) => store.value_of(number)?.0,
        // `diff 3`: what has changed since revision 3.
        (Some(_), None) => store.live().clone(),
        (None, None) => store.pending_value().map_err(Refusal::Problems)?,
    };
    let tree = store.tree();
    let full = |sparse: &Sections| Value::Object(tree.full(sparse));
    Ok(difference_lines(tree, schema::diff(&full(&old), &full(&new))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct History {
    limit: Option<usize>,
}

pub(super) fn history(asked: Asked<'_>, history: History) -> Lines {
    let store = &mut asked.desk.store;
    let live = store.revision();
    let shown = store.history()?.into_iter().take(history.limit.unwrap_or(limits::HISTORY));
    Ok(shown.map(|revision| revision_line(&revision, live)).collect())
}

fn revision_line(revision: &Revision, live: u64) -> Value {
    let changed: Vec<&str> = revision.differences.iter().map(|d| d.path.as_str()).collect();
    json!({
        "revision": revision.number,
        "time": revision.time.iso8601(),
        "author": revision.author,
        "reason": revision.reason,
        "changed": changed,
        "live": revision.number == live,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Show {
    revision: u64,
}

pub(super) fn show(asked: Asked<'_>, show: Show) -> Lines {
    let store = &mut asked.desk.store;
    let live = store.revision();
    let revision = store
        .revision_of(show.revision)?
        .ok_or_else(|| Refusal::from(config::ChangeError::NoSuchRevision(show.revision)))?;
    let mut lines = vec![revision_line(&revision, live)];
    lines.extend(difference_lines(store.tree(), revision.differences));
    Ok(lines)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Export {
    #[serde(default)]
    all: bool,
    revision: Option<u64>,
}

pub(super) fn export(asked: Asked<'_>, export: Export) -> Lines {
    let store = &mut asked.desk.store;
    let sparse = match export.revision {
        Some(number) => store.value_of(number)?.0,
        None => store.live().clone(),
    };
    let extent = if export.all { Extent::All } else { Extent::Changed };
    Ok(vec![json!({ "document": schema::export(store.tree(), &sparse, extent) })])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Describe {
    #[serde(default)]
    path: String,
}

pub(super) fn describe(asked: Asked<'_>, describe: Describe) -> Lines {
    let store = &asked.desk.store;
    let tree = store.tree();
    let mut steps = describe.path.split('.').filter(|step| !step.is_empty());
    let (section, field) = (steps.next(), steps.next());
    let Some(name) = section else {
        return Ok(tree.sections().iter().map(section_line).collect());
    };
    let full = Value::Object(tree.full(store.live()));
    tree.get(&full, name)?;
    if let Some(field) = field {
        let path = format!("{name}.{field}");
        tree.get(&full, &path)?;
        let fields = tree.fields().filter(|listed| listed.path == path);
        return Ok(fields.map(|listed| described(tree, &full, &listed)).collect());
    }
    let head = tree.section(name).map(section_line);
    let fields = tree.fields().filter(|listed| listed.path.starts_with(&format!("{name}.")));
    Ok(head.into_iter().chain(fields.map(|listed| described(tree, &full, &listed))).collect())
}

fn section_line(section: &SectionDescription) -> Value {
    json!({ "section": section.name, "help": section.help, "touches": section.touches.to_string() })
}

fn described(tree: &Tree, full: &Value, listed: &Listed<'_>) -> Value {
    let field = listed.field;
    let mut line = field_line(tree, full, listed, &[]);
    if let Some(line) = line.as_object_mut() {
        line.insert("help".into(), field.help.clone().into());
        line.insert("takes".into(), field.kind.words().into());
        line.insert("touches".into(), listed.touches.to_string().into());
        line.insert("default_shown".into(), default_shown(listed).into());
        line.insert("kind".into(), json!(field.kind));
        line.insert("inside".into(), Value::Array(inside(&listed.path, &field.kind)));
    }
    line
}

fn default_shown(listed: &Listed<'_>) -> String {
    if listed.field.secret {
        "(secret)".into()
    } else {
        shown(Some(&listed.field.kind), &listed.field.default)
    }
}

/// The fields of tables and the names of choices below a field, each with its help.
fn inside(path: &str, kind: &Kind) -> Vec<Value> {
    match kind {
        Kind::Optional(inner) => inside(path, inner),
        Kind::List { of, .. } => inside(&format!("{path}.N"), of),
        Kind::Choice(values) => {
            values.iter().map(|value| json!({ "value": value.name, "help": value.help })).collect()
        }
        Kind::Table(fields) => {
            let each = fields.iter().flat_map(|field| {
                let path = format!("{path}.{}", field.name);
                let own = json!({ "path": path, "help": field.help, "takes": field.kind.words() });
                [own].into_iter().chain(inside(&path, &field.kind))
            });
            each.collect()
        }
        _ => Vec::new(),
    }
}
