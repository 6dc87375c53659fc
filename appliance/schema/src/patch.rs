//! Changes that wait to be committed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::limits;
use crate::problem::{Problem, quoted};
use crate::tree::{Place, Sections, Tree, index, steps};

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Change {
    /// The field gets this value.
    Set {
        /// Dotted path.
        path: String,
        /// The value.
        value: Value,
    },
    /// The field gets its default; the entry of a list is taken out.
    Unset {
        /// Dotted path.
        path: String,
    },
    /// The list gets one more entry at its end, unless it has it.
    Add {
        /// Dotted path of the list.
        path: String,
        /// The entry.
        value: Value,
    },
    /// The list loses every entry that equals this one.
    Remove {
        /// Dotted path of the list.
        path: String,
        /// The entry.
        value: Value,
    },
}

impl Change {
    /// Where it changes something.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Change::Set { path, .. }
            | Change::Unset { path }
            | Change::Add { path, .. }
            | Change::Remove { path, .. } => path,
        }
    }

    fn replaces_all_below(&self) -> bool {
        matches!(self, Change::Set { .. } | Change::Unset { .. })
    }
}

/// Changes in order, made one after the other to a value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Patch {
    changes: Vec<Change>,
}

impl Patch {
    /// A patch of these changes.
    #[must_use]
    pub fn new(changes: Vec<Change>) -> Patch {
        let mut patch = Patch::default();
        changes.into_iter().for_each(|change| patch.push(change));
        patch
    }

    /// Whether nothing would be changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes, in order.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Adds a change at the end. The last value given to a field is the only one kept, as long
    /// as no change of a list stands between whose meaning hangs on the order.
    pub fn push(&mut self, change: Change) {
        let same = |last: &Change| last.replaces_all_below() && last.path() == change.path();
        let entry = change.path().rsplit('.').next().is_some_and(|step| index(step).is_some());
        if change.replaces_all_below() && !entry && self.changes.last().is_some_and(same) {
            self.changes.pop();
        }
        self.changes.push(change);
    }

    /// This patch followed by another.
    #[must_use]
    pub fn followed_by(&self, other: &Patch) -> Patch {
        let mut all = self.clone();
        other.changes.iter().cloned().for_each(|change| all.push(change));
        all
    }

    /// Makes the changes to a sparse value and gives the new sparse value.
    ///
    /// # Errors
    /// Every [`Problem`] of the outcome; nothing is taken over then.
    pub fn apply(&self, tree: &Tree, sparse: &Sections) -> Result<Sections, Vec<Problem>> {
        if self.changes.len() > limits::CHANGES {
            let sentence = format!("More than {} changes are pending.", limits::CHANGES);
            return Err(vec![Problem::new("", sentence, "Commit or discard them first.")]);
        }
        let mut full = Value::Object(tree.full(sparse));
        let made = self.changes.iter().map(|change| make(tree, &mut full, change));
        let refused: Vec<Problem> = made.filter_map(Result::err).collect();
        if !refused.is_empty() {
            return Err(refused);
        }
        let (changed, problems) = tree.read(&full);
        if problems.is_empty() { Ok(changed) } else { Err(problems) }
    }
}

fn make(tree: &Tree, full: &mut Value, change: &Change) -> Result<(), Problem> {
    let path = change.path();
    let place = tree.place(path)?;
    match (change, place) {
        (Change::Set { value, .. }, Place::Field { .. }) => {
            *spot(full, path)? = value.clone();
            Ok(())
        }
        (Change::Unset { .. }, Place::Field { default: Some(default), .. }) => {
            *spot(full, path)? = default;
            Ok(())
        }
        (Change::Unset { .. }, Place::Field { default: None, .. }) => take_out(full, path),
        (Change::Unset { .. }, Place::Section(section)) => {
            let defaults = tree.full(&Sections::new()).shift_remove(section.name);
            *spot(full, path)? = defaults.unwrap_or_default();
            Ok(())
        }
        (Change::Add { value, .. }, Place::Field { .. }) => {
            let entries = list(full, path)?;
            if !entries.contains(value) {
                entries.push(value.clone());
            }
            Ok(())
        }
        (Change::Remove { value, .. }, Place::Field { .. }) => {
            remove(list(full, path)?, path, value)
        }
        (_, Place::Root | Place::Section(_)) => tree.kind(path).map(|_| ()),
    }
}

fn spot<'a>(full: &'a mut Value, path: &str) -> Result<&'a mut Value, Problem> {
    let mut value = full;
    for step in steps(path) {
        if value.is_null() {
            // A table that is not there yet begins with its first field.
            *value = Value::Object(Map::new());
        }
        value = match value {
            Value::Array(entries) => {
                let count = entries.len();
                index(step).and_then(|index| entries.get_mut(index)).ok_or_else(|| {
                    let sentence = format!("The list has {count} entries, counted from 0.");
                    Problem::new(path, sentence, "Add a new entry with path+=value.")
                })?
            }
            Value::Object(fields) => fields.entry(step).or_insert(Value::Null),
            _ => {
                return Err(Problem::new(
                    path,
                    "There is nothing below this.",
                    "Shorten the path.",
                ));
            }
        };
    }
    Ok(value)
}

fn list<'a>(full: &'a mut Value, path: &str) -> Result<&'a mut Vec<Value>, Problem> {
    match spot(full, path)? {
        Value::Array(entries) => Ok(entries),
        _ => Err(Problem::new(path, "This is not a list.", "Set its value with path=value.")),
    }
}

fn remove(entries: &mut Vec<Value>, path: &str, value: &Value) -> Result<(), Problem> {
    let before = entries.len();
    entries.retain(|entry| entry != value);
    if entries.len() < before {
        return Ok(());
    }
    let sentence = format!("The list has no entry {}.", quoted(value));
    Err(Problem::new(path, sentence, "Look at the list for how it is written there."))
}

fn take_out(full: &mut Value, path: &str) -> Result<(), Problem> {
    let (above, last) = path.rsplit_once('.').unwrap_or(("", path));
    let entries = list(full, above)?;
    match index(last).filter(|index| *index < entries.len()) {
        Some(index) => {
            entries.remove(index);
            Ok(())
        }
        None => {
            let sentence = format!("The list has {} entries, counted from 0.", entries.len());
            Err(Problem::new(path, sentence, "Give the number of an entry."))
        }
    }
}
