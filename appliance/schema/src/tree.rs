//! All sections together: what a path means, what a value lacks, and what is wrong with it.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::declare::{Field, Section, SectionDescription, Touches};
use crate::kind::Kind;
use crate::limits;
use crate::problem::{Problem, quoted, unknown};

/// A settings value: section name to section object. Sparse or full is said where one is taken.
pub type Sections = Map<String, Value>;

/// The settings tree: every section that this build knows, in the order of the manual.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    sections: Vec<SectionDescription>,
}

/// One field as a list of all fields shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed<'a> {
    /// Dotted path from the root.
    pub path: String,
    /// What a change reaches.
    pub touches: Touches,
    /// The field.
    #[serde(flatten)]
    pub field: &'a Field,
}

/// What stands at a path.
pub(crate) enum Place<'a> {
    /// The root.
    Root,
    /// A section.
    Section(&'a SectionDescription),
    /// A field, or an entry or a part of one.
    Field {
        /// Its kind.
        kind: &'a Kind,
        /// Its default; none for the entry of a list, which can only be there or not.
        default: Option<Value>,
        /// Whether it or something above it is secret.
        secret: bool,
    },
}

impl Tree {
    /// A tree without sections.
    #[must_use]
    pub fn new() -> Tree {
        Tree::default()
    }

    /// Adds a section.
    #[must_use]
    pub fn with<S: Section>(mut self) -> Tree {
        self.sections.push(S::describe());
        self
    }

    /// The sections, in order.
    #[must_use]
    pub fn sections(&self) -> &[SectionDescription] {
        &self.sections
    }

    /// The section of that name.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<&SectionDescription> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// Every field of every section, in order; the fields of tables are inside their kinds.
    pub fn fields(&self) -> impl Iterator<Item = Listed<'_>> {
        self.sections.iter().flat_map(|section| {
            section.fields.iter().map(|field| Listed {
                path: format!("{}.{}", section.name, field.name),
                touches: field.touches.unwrap_or(section.touches),
                field,
            })
        })
    }

    /// What is wrong with the declarations themselves: defaults that do not fit, names twice, help
    /// missing. A test keeps this empty.
    #[must_use]
    pub fn faults(&self) -> Vec<Problem> {
        let mut faults = self.check(&Value::Object(self.full(&Sections::new())));
        for (index, section) in self.sections.iter().enumerate() {
            if self.sections.iter().skip(index + 1).any(|other| other.name == section.name) {
                faults.push(Problem::new(section.name, "Declared twice.", "Rename one."));
            }
            if section.help.is_empty() {
                faults.push(Problem::new(section.name, "Has no help.", "Write a doc comment."));
            }
        }
        for listed in self.fields().filter(|listed| listed.field.help.is_empty()) {
            faults.push(Problem::new(listed.path, "Has no help.", "Write a doc comment."));
        }
        faults
    }

    /// Fills a sparse value up with the defaults: every section, every field, in order.
    #[must_use]
    pub fn full(&self, sparse: &Sections) -> Sections {
        let fill_section = |section: &SectionDescription| {
            let given = sparse.get(section.name).and_then(Value::as_object);
            let fields = section.fields.iter().map(|field| {
                let given = given.and_then(|object| object.get(&field.name));
                (
                    field.name.clone(),
                    fill(&field.kind, given.unwrap_or(&field.default), &field.default),
                )
            });
            (section.name.to_owned(), Value::Object(fields.collect()))
        };
        self.sections.iter().map(fill_section).collect()
    }

    /// Checks a value, sparse or full, and gives it back sparse and in normal form. When there are
    /// problems the value is of no use.
    #[must_use]
    pub fn read(&self, value: &Value) -> (Sections, Vec<Problem>) {
        let mut problems = Vec::new();
        let Some(object) = value.as_object() else {
            let sentence = format!("{} is not a settings value.", quoted(value));
            problems.push(Problem::new("", sentence, "Give an object of sections."));
            return (Sections::new(), problems);
        };
        for name in object.keys().filter(|name| self.section(name).is_none()) {
            problems.push(self.unknown_section(name));
        }
        let mut sparse = Sections::new();
        for section in &self.sections {
            if let Some(given) = object.get(section.name) {
                let kept = read_section(section, given, &mut problems);
                if !kept.is_empty() {
                    sparse.insert(section.name.to_owned(), Value::Object(kept));
                }
            }
        }
        if problems.is_empty() {
            problems = self.check_whole_sections(&sparse);
        }
        problems.truncate(limits::PROBLEMS);
        (sparse, problems)
    }

    /// What is wrong with a value, sparse or full.
    #[must_use]
    pub fn check(&self, value: &Value) -> Vec<Problem> {
        self.read(value).1
    }

    /// Takes over a sparse value that another build stored: what this build does not know or
    /// allow is left out, field by field, and told. Never fails.
    #[must_use]
    pub fn adopt(&self, stored: &Sections) -> (Sections, Vec<Problem>) {
        let mut told = Vec::new();
        let mut kept = Sections::new();
        for (name, value) in stored {
            let (section, problems) = self.adopt_section(name, value);
            told.extend(problems);
            if !section.is_empty() {
                kept.insert(name.clone(), Value::Object(section));
            }
        }
        (kept, told)
    }

    fn adopt_section(&self, name: &str, value: &Value) -> (Map<String, Value>, Vec<Problem>) {
        let alone = |content: Value| Value::Object(Map::from_iter([(name.to_owned(), content)]));
        let mut told = Vec::new();
        let mut kept = Map::new();
        for (field, given) in value.as_object().into_iter().flatten() {
            let one = Value::Object(Map::from_iter([(field.clone(), given.clone())]));
            let Some(section) = self.section(name) else {
                told.push(self.unknown_section(name));
                break;
            };
            let mut problems = Vec::new();
            kept.extend(read_section(section, &one, &mut problems));
            if !problems.is_empty() {
                kept.shift_remove(field);
                told.extend(problems);
            }
        }
        let problems = self.check(&alone(Value::Object(kept.clone())));
        if told.is_empty() && !problems.is_empty() {
            told.extend(problems);
            kept.clear();
        }
        (kept, told)
    }

    /// The value at a dotted path of a full value; the empty path is the whole.
    ///
    /// # Errors
    /// A [`Problem`] when there is nothing at that path.
    pub fn get<'a>(&self, full: &'a Value, path: &str) -> Result<&'a Value, Problem> {
        self.place(path)?;
        let mut value = full;
        for step in steps(path) {
            let next = match value {
                Value::Array(entries) => index(step).and_then(|index| entries.get(index)),
                Value::Object(fields) => fields.get(step),
                _ => None,
            };
            value = next.ok_or_else(|| {
                let sentence = format!("There is nothing at {step:?}.");
                Problem::new(path, sentence, "Look at the value above it first.")
            })?;
        }
        Ok(value)
    }

    /// Replaces every secret that is set in a value, sparse or full, by `(secret)`.
    #[must_use]
    pub fn without_secrets(&self, value: &Sections) -> Sections {
        let mut shown = value.clone();
        for section in &self.sections {
            if let Some(Value::Object(fields)) = shown.get_mut(section.name) {
                hide(&section.fields, fields);
            }
        }
        shown
    }

    /// Replaces the secrets in a value that stands at a path, as a difference shows it.
    pub fn hide_secrets_at(&self, path: &str, value: &mut Value) {
        match (self.place(path), &mut *value) {
            (Ok(Place::Field { secret: true, .. }), _) => mask(value),
            (Ok(Place::Field { kind, .. }), _) => hide_inside(kind, value),
            (Ok(Place::Section(section)), Value::Object(fields)) => hide(&section.fields, fields),
            (Ok(Place::Root), Value::Object(sections)) => {
                *sections = self.without_secrets(sections)
            }
            // What this build does not know may have been a secret of another.
            (Err(_), _) => mask(value),
            (Ok(Place::Section(_) | Place::Root), _) => {}
        }
    }

    /// Whether the path leads to a secret or into one.
    #[must_use]
    pub fn is_secret(&self, path: &str) -> bool {
        matches!(self.place(path), Ok(Place::Field { secret: true, .. }))
    }

    /// The kind at a path, for reading a text as a value.
    ///
    /// # Errors
    /// A [`Problem`] when the path leads to no field.
    pub fn kind(&self, path: &str) -> Result<&Kind, Problem> {
        match self.place(path)? {
            Place::Field { kind, .. } => Ok(kind),
            Place::Root | Place::Section(_) => Err(Problem::new(
                path,
                "This is a section, not a field.",
                "Set its fields one by one, or import a document.",
            )),
        }
    }

    /// Names of the sections in which two full values differ.
    #[must_use]
    pub fn touched(&self, old: &Sections, new: &Sections) -> Vec<&'static str> {
        let differs =
            |section: &&SectionDescription| old.get(section.name) != new.get(section.name);
        self.sections.iter().filter(differs).map(|section| section.name).collect()
    }

    pub(crate) fn place(&self, path: &str) -> Result<Place<'_>, Problem> {
        let mut place = Place::Root;
        for (depth, step) in steps(path).enumerate() {
            if depth >= limits::PATH_STEPS {
                return Err(Problem::new("", "The path is too deep.", "Shorten it."));
            }
            place = self.step(place, path, step)?;
        }
        Ok(place)
    }

    fn step<'a>(&'a self, place: Place<'a>, path: &str, step: &str) -> Result<Place<'a>, Problem> {
        match place {
            Place::Root => {
                self.section(step).map(Place::Section).ok_or_else(|| self.unknown_section(step))
            }
            Place::Section(section) => into_field(&section.fields, None, false, path, step),
            Place::Field { kind, default, secret } => step_into(kind, default, secret, path, step),
        }
    }

    fn unknown_section(&self, name: &str) -> Problem {
        let place = quoted(&Value::String(name.to_owned()));
        let names = self.sections.iter().map(|section| section.name);
        unknown(place.trim_matches('"'), "section", name, names)
    }

    fn check_whole_sections(&self, sparse: &Sections) -> Vec<Problem> {
        let full = self.full(sparse);
        let of = |section: &SectionDescription| {
            full.get(section.name).map(|value| (section.check)(value))
        };
        self.sections.iter().filter_map(of).flatten().collect()
    }
}

/// The steps of a dotted path.
pub(crate) fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.split('.').filter(move |_| !path.is_empty())
}

/// A list index as written in a path, counted from 0.
pub(crate) fn index(step: &str) -> Option<usize> {
    let digits = !step.is_empty() && step.bytes().all(|octet| octet.is_ascii_digit());
    if digits { step.parse().ok() } else { None }
}

fn into_field<'a>(
    fields: &'a [Field],
    defaults: Option<&Value>,
    secret: bool,
    path: &str,
    step: &str,
) -> Result<Place<'a>, Problem> {
    let names = fields.iter().map(|field| field.name.as_str());
    let field = fields
        .iter()
        .find(|field| field.name == step)
        .ok_or_else(|| unknown(path, "field", step, names))?;
    let default = defaults.and_then(|defaults| defaults.get(step)).unwrap_or(&field.default);
    Ok(Place::Field {
        kind: &field.kind,
        default: Some(default.clone()),
        secret: secret || field.secret,
    })
}

fn step_into<'a>(
    kind: &'a Kind,
    default: Option<Value>,
    secret: bool,
    path: &str,
    step: &str,
) -> Result<Place<'a>, Problem> {
    match kind {
        Kind::Optional(inner) => step_into(inner, default, secret, path, step),
        Kind::Table(fields) => into_field(fields, default.as_ref(), secret, path, step),
        Kind::List { of, .. } if index(step).is_some() => {
            Ok(Place::Field { kind: of, default: None, secret })
        }
        Kind::List { .. } => Err(Problem::new(
            path,
            format!("{} is no place in a list.", quoted(&Value::String(step.to_owned()))),
            "Give the number of the entry, counted from 0.",
        )),
        _ => Err(Problem::new(
            path,
            format!(
                "There is nothing below the value before {}.",
                quoted(&Value::String(step.to_owned()))
            ),
            "Shorten the path.",
        )),
    }
}

/// Adds what is missing inside a value. Unknown names and values of another kind stay as they
/// are: to find them is the check's work.
fn fill(kind: &Kind, value: &Value, default: &Value) -> Value {
    match (kind, value) {
        (Kind::Optional(inner), value) if !value.is_null() => fill(inner, value, default),
        (Kind::List { of, .. }, Value::Array(entries)) => {
            Value::Array(entries.iter().map(|entry| fill(of, entry, &Value::Null)).collect())
        }
        (Kind::Table(fields), Value::Object(given)) => {
            let mut filled = Map::new();
            for field in fields {
                let default = default.get(&field.name).unwrap_or(&field.default);
                let value = given.get(&field.name).unwrap_or(default);
                filled.insert(field.name.clone(), fill(&field.kind, value, default));
            }
            let strangers = given.iter().filter(|(name, _)| !filled.contains_key(*name));
            let strangers: Vec<_> = strangers.map(|(n, v)| (n.clone(), v.clone())).collect();
            filled.extend(strangers);
            Value::Object(filled)
        }
        _ => value.clone(),
    }
}

/// Takes away what equals the default. Entries of lists stay whole.
fn prune(kind: &Kind, value: Value, default: &Value) -> Option<Value> {
    if value == *default {
        return None;
    }
    match (kind, value) {
        (Kind::Table(fields), Value::Object(mut given)) => {
            for field in fields {
                let default = default.get(&field.name).unwrap_or(&field.default);
                if let Some(value) = given.shift_remove(&field.name)
                    && let Some(kept) = prune(&field.kind, value, default)
                {
                    given.insert(field.name.clone(), kept);
                }
            }
            Some(Value::Object(given))
        }
        (_, value) => Some(value),
    }
}

fn read_section(
    section: &SectionDescription,
    given: &Value,
    problems: &mut Vec<Problem>,
) -> Map<String, Value> {
    let Some(object) = given.as_object() else {
        let sentence = format!("{} is not a section.", quoted(given));
        problems.push(Problem::new(section.name, sentence, "Give an object of fields."));
        return Map::new();
    };
    let names = section.fields.iter().map(|field| field.name.as_str());
    for key in object.keys().filter(|key| !section.fields.iter().any(|field| field.name == **key)) {
        let shown = quoted(&Value::String(key.clone()));
        let place = format!("{}.{}", section.name, shown.trim_matches('"'));
        problems.push(unknown(&place, "field", key, names.clone()));
    }
    let mut kept = Map::new();
    for field in &section.fields {
        if let Some(value) = object.get(&field.name) {
            let filled = fill(&field.kind, value, &field.default);
            let path = format!("{}.{}", section.name, field.name);
            let read = field.kind.read(&path, &filled, problems);
            kept.extend(prune(&field.kind, read, &field.default).map(|v| (field.name.clone(), v)));
        }
    }
    kept
}

fn hide(fields: &[Field], object: &mut Map<String, Value>) {
    for field in fields {
        if let Some(value) = object.get_mut(&field.name) {
            if field.secret {
                mask(value);
            } else {
                hide_inside(&field.kind, value);
            }
        }
    }
}

/// An empty secret may be seen to be empty.
fn mask(value: &mut Value) {
    if !(value.is_null() || value.as_str() == Some("")) {
        *value = Value::String("(secret)".into());
    }
}

fn hide_inside(kind: &Kind, value: &mut Value) {
    match (kind, value) {
        (Kind::Optional(inner), value) => hide_inside(inner, value),
        (Kind::List { of, .. }, Value::Array(entries)) => {
            entries.iter_mut().for_each(|entry| hide_inside(of, entry));
        }
        (Kind::Table(fields), Value::Object(object)) => hide(fields, object),
        _ => {}
    }
}
