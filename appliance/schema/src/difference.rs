//! What differs between two values.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One place where two values differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Dotted path.
    pub path: String,
    /// What was there; none when nothing was.
    pub old: Option<Value>,
    /// What is there now; none when nothing is.
    pub new: Option<Value>,
}

/// The differences between two values, in the order of the new one. Lists of the same length are
/// compared entry by entry; others differ as a whole.
#[must_use]
pub fn diff(old: &Value, new: &Value) -> Vec<Difference> {
    let mut differences = Vec::new();
    walk("", Some(old), Some(new), &mut differences);
    differences
}

fn walk(path: &str, old: Option<&Value>, new: Option<&Value>, out: &mut Vec<Difference>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            for (name, value) in after {
                walk(&below(path, name), before.get(name), Some(value), out);
            }
            for (name, value) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
                walk(&below(path, name), Some(value), None, out);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after)))
            if before.len() == after.len() && after.iter().all(Value::is_object) =>
        {
            for (index, (one, other)) in before.iter().zip(after).enumerate() {
                walk(&below(path, &index.to_string()), Some(one), Some(other), out);
            }
        }
        _ => out.push(Difference { path: path.to_owned(), old: old.cloned(), new: new.cloned() }),
    }
}

fn below(path: &str, step: &str) -> String {
    if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn equal_values_do_not_differ() {
        assert!(diff(&json!({"a": {"b": 1}}), &json!({"a": {"b": 1}})).is_empty());
    }

    #[test]
    fn a_difference_names_the_deepest_path() {
        let found = diff(&json!({"a": {"b": 1, "c": 2}}), &json!({"a": {"b": 3, "c": 2}}));
        assert_eq!(
            found,
            [Difference { path: "a.b".into(), old: Some(json!(1)), new: Some(json!(3)) }]
        );
    }

    #[test]
    fn what_comes_and_what_goes_are_told_apart() {
        let found = diff(&json!({"a": 1}), &json!({"b": null}));
        assert_eq!(found[0], Difference { path: "b".into(), old: None, new: Some(Value::Null) });
        assert_eq!(found[1], Difference { path: "a".into(), old: Some(json!(1)), new: None });
    }

    #[test]
    fn tables_in_a_list_are_compared_one_by_one_while_their_number_is_the_same() {
        let old = json!({"areas": [{"name": "A", "days": 1}, {"name": "B", "days": 2}]});
        let new = json!({"areas": [{"name": "A", "days": 1}, {"name": "B", "days": 9}]});
        assert_eq!(diff(&old, &new)[0].path, "areas.1.days");
        let shorter = json!({"areas": [{"name": "A", "days": 1}]});
        assert_eq!(diff(&old, &shorter)[0].path, "areas");
        assert_eq!(diff(&json!({"l": [1, 2]}), &json!({"l": [1, 3]}))[0].path, "l");
    }
}
