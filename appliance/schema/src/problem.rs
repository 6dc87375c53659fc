//! What is wrong with a value, said so that an administrator can put it right.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::limits;

/// One thing that is wrong with a settings value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Dotted path of the field, for example `receiving.relay_domains.0`.
    pub path: String,
    /// What is wrong, as a sentence.
    pub sentence: String,
    /// What to do about it.
    pub remedy: String,
}

impl Problem {
    /// Puts a problem together.
    pub fn new(
        path: impl Into<String>,
        sentence: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Problem { path: path.into(), sentence: sentence.into(), remedy: remedy.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {} {}", self.path, self.sentence, self.remedy)
    }
}

impl std::error::Error for Problem {}

/// A value as a problem quotes it: short, on one line, without control characters.
pub(crate) fn quoted(value: &Value) -> String {
    let text = value.to_string();
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    if clean.chars().count() <= limits::QUOTED_CHARACTERS {
        return clean;
    }
    let start: String = clean.chars().take(limits::QUOTED_CHARACTERS).collect();
    format!("{start}...")
}

/// A name from outside as a problem quotes it.
pub(crate) fn quoted_name(name: &str) -> String {
    quoted(&Value::String(name.to_owned()))
}

/// The known name that is nearest to a mistyped one, if any is near.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > limits::QUOTED_CHARACTERS {
        return None;
    }
    let allowed = (name.chars().count() / 3).max(1);
    known
        .map(|candidate| {
            (if same_letters(name, candidate) { 1 } else { edits(name, candidate) }, candidate)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The problem with a name that is not there, and the remedy with the nearest one that is.
pub(crate) fn unknown<'a>(
    path: &str,
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Problem {
    let remedy = match nearest(name, known.clone()) {
        Some(near) => format!("Did you mean {near:?}?"),
        None => format!("Known here: {}.", known.collect::<Vec<_>>().join(", ")),
    };
    Problem::new(path, format!("There is no {what} called {}.", quoted_name(name)), remedy)
}

/// The commonest slip of all, `prot` for `port`, counts as one edit.
fn same_letters(left: &str, right: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    left.len() == right.len() && sorted(left) == sorted(right)
}

/// Levenshtein distance in characters.
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, a) in left.chars().enumerate() {
        let mut next = vec![line + 1];
        let mut before = line + 1;
        for ((b, above_left), above) in right.iter().zip(row.iter()).zip(row.iter().skip(1)) {
            let cost = usize::from(a != *b);
            before = (above_left + cost).min(above + 1).min(before + 1);
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(edits("", ""), 0);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("relay", "relay"), 0);
    }

    #[test]
    fn the_nearest_name_is_offered_and_a_far_one_is_not() {
        let known = ["relay_domains", "permitted_senders"];
        assert_eq!(nearest("relay_domain", known.into_iter()), Some("relay_domains"));
        assert_eq!(nearest("prot", ["host", "port"].into_iter()), Some("port"));
        assert_eq!(nearest("colour", known.into_iter()), None);
        assert_eq!(nearest(&"x".repeat(5000), known.into_iter()), None);
    }

    #[test]
    fn a_quoted_value_is_short_and_has_no_escapes() {
        let long = quoted(&Value::String("x".repeat(500)));
        assert!(long.len() < 80, "{long}");
        let escape = quoted(&Value::String("a\u{1b}[31m\u{9b}b".into()));
        assert!(!escape.contains('\u{1b}') && !escape.contains('\u{9b}'), "{escape}");
    }

    #[test]
    fn a_problem_reads_as_path_sentence_remedy() {
        let problem = unknown("receiving.x", "field", "x", ["port"].into_iter());
        assert_eq!(
            problem.to_string(),
            "receiving.x: There is no field called \"x\". Known here: port."
        );
    }
}
