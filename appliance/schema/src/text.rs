//! Values as people type and read them.

use serde_json::Value;

use crate::kind::Kind;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

const DURATIONS: [(&str, u64); 4] = [("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", 1)];
// Longest suffix first, since `b` ends them all. KB and its kin mean powers of two, as in mail servers.
const SIZES: [(&str, u64); 10] = [
    ("gib", GIB),
    ("mib", MIB),
    ("kib", KIB),
    ("gb", GIB),
    ("mb", MIB),
    ("kb", KIB),
    ("g", GIB),
    ("m", MIB),
    ("k", KIB),
    ("b", 1),
];

/// Why a text is no value of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// It does not read as that kind.
    #[error("{0}")]
    Kind(String),
    /// It begins like JSON and is none.
    #[error("this is not valid JSON: {0}")]
    Json(String),
}

impl Kind {
    /// Reads a text as a value of this kind: `yes`, `50MiB`, `5m`, `none`, `a.test, b.test`; lists
    /// and tables also as JSON. Bounds are the check's work.
    ///
    /// # Errors
    /// [`TextError`] with what was expected.
    pub fn value_of(&self, text: &str) -> Result<Value, TextError> {
        let trimmed = text.trim();
        match self {
            Kind::Bool => yes_or_no(trimmed).map(Value::Bool).ok_or_else(|| self.expected()),
            Kind::Integer { .. } => self.number(trimmed, &[]),
            Kind::Duration { .. } => self.number(trimmed, &DURATIONS),
            Kind::Size { .. } => self.number(trimmed, &SIZES),
            Kind::Text { .. } => Ok(Value::String(text.to_owned())),
            Kind::DomainPattern
            | Kind::Domain
            | Kind::Network
            | Kind::Address
            | Kind::Choice(_) => Ok(Value::String(trimmed.to_owned())),
            Kind::Optional(_) if trimmed.eq_ignore_ascii_case("none") => Ok(Value::Null),
            Kind::Optional(inner) => inner.value_of(text),
            Kind::List { of, .. } => list(of, trimmed),
            Kind::Table(_) => json(trimmed),
        }
    }

    fn expected(&self) -> TextError {
        TextError::Kind(format!("give {}", self.words()))
    }

    fn number(&self, text: &str, units: &[(&str, u64)]) -> Result<Value, TextError> {
        number(text, units).map(Value::from).ok_or_else(|| self.expected())
    }
}

fn yes_or_no(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn number(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let unit = units.iter().find_map(|(suffix, factor)| {
        lower.strip_suffix(suffix).map(|digits| (digits.trim_end(), *factor))
    });
    let (digits, factor) = unit.unwrap_or((lower.as_str(), 1));
    let plain = digits.bytes().all(|octet| octet.is_ascii_digit());
    let count: u64 = if plain { digits.parse().ok()? } else { return None };
    count.checked_mul(factor)
}

fn json(text: &str) -> Result<Value, TextError> {
    serde_json::from_str(text).map_err(|error| TextError::Json(error.to_string()))
}

fn list(of: &Kind, text: &str) -> Result<Value, TextError> {
    if text.starts_with('[') {
        return json(text);
    }
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries.map(|entry| of.value_of(entry)).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

/// Seconds as people read them: `5m`, `90s`, `4h`, `5d`.
pub(crate) fn duration_shown(seconds: u64) -> String {
    in_largest_unit(seconds, &DURATIONS, "s")
}

/// Octets as people read them: `50MiB`, `1000B`.
pub(crate) fn size_shown(octets: u64) -> String {
    in_largest_unit(octets, &[("GiB", GIB), ("MiB", MIB), ("KiB", KIB)], "B")
}

fn in_largest_unit(count: u64, units: &[(&str, u64)], smallest: &str) -> String {
    units.iter().find(|(_, factor)| count >= *factor && count.is_multiple_of(*factor)).map_or_else(
        || format!("{count}{smallest}"),
        |(unit, factor)| format!("{}{unit}", count / factor),
    )
}

/// A value on one line for a terminal: bare text, lists with commas, JSON for the rest. Control
/// characters are escaped, so that a value cannot move the cursor or colour the screen.
#[must_use]
pub fn shown(kind: Option<&Kind>, value: &Value) -> String {
    let text = match (kind, value) {
        (_, Value::Null) => "none".to_owned(),
        (Some(Kind::Optional(inner)), value) => shown(Some(inner), value),
        (Some(Kind::Duration { .. }), Value::Number(n)) => {
            n.as_u64().map_or_else(|| n.to_string(), duration_shown)
        }
        (Some(Kind::Size { .. }), Value::Number(n)) => {
            n.as_u64().map_or_else(|| n.to_string(), size_shown)
        }
        (_, Value::String(text)) if text.is_empty() => "\"\"".to_owned(),
        (_, Value::String(text)) => text.clone(),
        (kind, Value::Array(entries)) if !entries.iter().any(|e| e.is_object() || e.is_array()) => {
            let of = match kind {
                Some(Kind::List { of, .. }) => Some(&**of),
                _ => None,
            };
            let entries: Vec<String> = entries.iter().map(|entry| shown(of, entry)).collect();
            if entries.is_empty() { "[]".to_owned() } else { entries.join(", ") }
        }
        (_, other) => other.to_string(),
    };
    escaped(&text)
}

fn escaped(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn seconds() -> Kind {
        Kind::Duration { min: 0, max: u64::MAX }
    }

    fn octets() -> Kind {
        Kind::Size { min: 0, max: u64::MAX }
    }

    #[test]
    fn durations_and_sizes_take_units() {
        for (text, value) in
            [("30", 30), ("30s", 30), ("5m", 300), ("4 h", 14_400), ("5D", 432_000)]
        {
            assert_eq!(seconds().value_of(text), Ok(json!(value)), "{text}");
        }
        for (text, value) in
            [("10", 10), ("10B", 10), ("1k", 1024), ("2KiB", 2048), ("50 MB", 52_428_800)]
        {
            assert_eq!(octets().value_of(text), Ok(json!(value)), "{text}");
        }
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        for bad in [
            "",
            "m",
            "-5",
            "+5",
            "5x",
            "5.5m",
            "0x10",
            "99999999999999999999",
            "99999999999999999d",
        ] {
            assert!(seconds().value_of(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_shown_reads_back_as_the_same() {
        for number in [0, 1, 59, 60, 61, 3600, 86_400, 86_401, 1024, 1025, 52_428_800] {
            assert_eq!(
                seconds().value_of(&shown(Some(&seconds()), &json!(number))),
                Ok(json!(number))
            );
            assert_eq!(
                octets().value_of(&shown(Some(&octets()), &json!(number))),
                Ok(json!(number))
            );
        }
    }

    #[test]
    fn lists_are_typed_with_commas_or_as_json() {
        let list = Kind::List { of: Box::new(Kind::DomainPattern), min: 0, max: 9 };
        assert_eq!(list.value_of("a.test, *.b.test,"), Ok(json!(["a.test", "*.b.test"])));
        assert_eq!(list.value_of("[\"a.test\"]"), Ok(json!(["a.test"])));
        assert_eq!(list.value_of(""), Ok(json!([])));
        assert!(matches!(list.value_of("[a.test"), Err(TextError::Json(_))));
    }

    #[test]
    fn an_optional_value_is_none_or_the_inner_kind() {
        let kind = Kind::Optional(Box::new(seconds()));
        assert_eq!(kind.value_of("none"), Ok(Value::Null));
        assert_eq!(kind.value_of("1m"), Ok(json!(60)));
        assert_eq!(shown(Some(&kind), &json!(60)), "1m");
    }

    #[test]
    fn yes_and_no_are_understood_and_maybe_is_not() {
        assert_eq!(Kind::Bool.value_of("Yes"), Ok(json!(true)));
        assert_eq!(Kind::Bool.value_of("off"), Ok(json!(false)));
        assert!(Kind::Bool.value_of("maybe").is_err());
    }

    #[test]
    fn a_shown_value_cannot_drive_the_terminal() {
        let shown = shown(None, &json!("a\u{1b}[2Jb\r\n\u{9b}c"));
        assert!(!shown.chars().any(char::is_control), "{shown:?}");
    }
}
