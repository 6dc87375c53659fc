//! The export file: settings as one JSON document that another appliance can import.

use serde_json::{Map, Value, json};

use crate::limits;
use crate::problem::{Problem, nearest, quoted};
use crate::tree::{Sections, Tree};

/// The mark of the format, first in every export.
pub const EXPORT_FORMAT: &str = "gatepost settings 1";

/// How much an export holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What differs from the defaults.
    Changed,
    /// Every field.
    All,
}

/// What an import does with settings that the document does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// They get their defaults.
    Replace,
    /// They stay.
    Merge,
}

/// Why a document cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It is longer than [`limits::DOCUMENT_OCTETS`].
    #[error("the document is longer than {} octets", limits::DOCUMENT_OCTETS)]
    TooLong,
    /// It is not JSON.
    #[error("the document is not valid JSON: {0}")]
    Syntax(String),
    /// It is JSON of another format.
    #[error("the document is not in the format {EXPORT_FORMAT:?}: {0}")]
    Format(String),
    /// Its values do not fit.
    #[error("the document has {} problems", .0.len())]
    Problems(Vec<Problem>),
}

impl DocumentError {
    /// The same as problems, so that a face has one list to show.
    #[must_use]
    pub fn into_problems(self) -> Vec<Problem> {
        match self {
            DocumentError::Problems(problems) => problems,
            other => {
                let mut sentence = other.to_string();
                sentence.push('.');
                vec![Problem::new("", sentence, "Give a file made by `gatepost settings export`.")]
            }
        }
    }
}

/// Writes a sparse value as an export document: pretty JSON in the order of declaration, with a
/// line end at the end. Secrets are in it.
#[must_use]
pub fn export(tree: &Tree, sparse: &Sections, extent: Extent) -> String {
    let full = tree.full(sparse);
    let settings = match extent {
        Extent::All => full,
        Extent::Changed => in_declared_order(tree, sparse),
    };
    let document = json!({ "format": EXPORT_FORMAT, "settings": settings });
    format!("{document:#}\n")
}

fn in_declared_order(tree: &Tree, sparse: &Sections) -> Sections {
    let ordered = |section: &crate::SectionDescription| {
        let given = sparse.get(section.name)?.as_object()?;
        let fields = section.fields.iter();
        let fields = fields.filter_map(|field| given.get_key_value(&field.name));
        let fields: Map<String, Value> = fields.map(|(n, v)| (n.clone(), v.clone())).collect();
        (!fields.is_empty()).then(|| (section.name.to_owned(), Value::Object(fields)))
    };
    tree.sections().iter().filter_map(ordered).collect()
}

/// Reads an export document into a sparse value. `live` is what [`Manner::Merge`] starts from.
///
/// # Errors
/// [`DocumentError`]; nothing of the document is of use then.
pub fn import(
    tree: &Tree,
    text: &str,
    manner: Manner,
    live: &Sections,
) -> Result<Sections, DocumentError> {
    let settings = settings_of(text)?;
    let (given, problems) = tree.read(&settings);
    if !problems.is_empty() {
        return Err(DocumentError::Problems(problems));
    }
    match (manner, settings) {
        (Manner::Merge, Value::Object(named)) => merge(tree, &named, live),
        _ => Ok(given),
    }
}

/// Lays the named fields, whether they equal their defaults or not, over the live ones.
fn merge(tree: &Tree, named: &Sections, live: &Sections) -> Result<Sections, DocumentError> {
    let mut full = tree.full(live);
    for (section, fields) in named {
        if let (Some(Value::Object(target)), Value::Object(fields)) =
            (full.get_mut(section), fields)
        {
            target.extend(fields.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
    }
    match tree.read(&Value::Object(full)) {
        (merged, problems) if problems.is_empty() => Ok(merged),
        (_, problems) => Err(DocumentError::Problems(problems)),
    }
}

fn settings_of(text: &str) -> Result<Value, DocumentError> {
    if text.len() > limits::DOCUMENT_OCTETS {
        return Err(DocumentError::TooLong);
    }
    let document: Value =
        serde_json::from_str(text).map_err(|error| DocumentError::Syntax(error.to_string()))?;
    let Value::Object(mut document) = document else {
        return Err(DocumentError::Format("it is not an object".into()));
    };
    match document.get("format") {
        Some(Value::String(format)) if format == EXPORT_FORMAT => {}
        Some(other) => {
            return Err(DocumentError::Format(format!("its format is {}", quoted(other))));
        }
        None => return Err(DocumentError::Format("it has no \"format\"".into())),
    }
    if let Some(stranger) =
        document.keys().find(|key| !["format", "settings"].contains(&key.as_str()))
    {
        let near = nearest(stranger, ["settings"].into_iter());
        let hint = near.map_or(String::new(), |near| format!("; did you mean {near:?}?"));
        let shown = quoted(&Value::String(stranger.clone()));
        return Err(DocumentError::Format(format!("it has an unknown part {shown}{hint}")));
    }
    document
        .shift_remove("settings")
        .ok_or_else(|| DocumentError::Format("it has no \"settings\"".into()))
}
