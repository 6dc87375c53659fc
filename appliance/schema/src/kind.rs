//! The kinds of value a setting can have, and the check that a JSON value is of a kind.
//!
//! A type of Rust becomes a kind through [`Kinded`]. Numbers are whole and not negative.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::declare::Field;
use crate::network::Network;
use crate::pattern::DomainPattern;
use crate::problem::{Problem, quoted, unknown};
use crate::{limits, text};

/// A name with its help: one value of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// As written in a settings value.
    pub name: String,
    /// What it means.
    pub help: String,
}

/// What a setting's value can be.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Yes or no.
    Bool,
    /// A whole number.
    Integer {
        /// Smallest allowed.
        min: u64,
        /// Largest allowed.
        max: u64,
    },
    /// Seconds; `5m` in text.
    Duration {
        /// Shortest allowed, in seconds.
        min: u64,
        /// Longest allowed, in seconds.
        max: u64,
    },
    /// Octets; `50MiB` in text.
    Size {
        /// Smallest allowed, in octets.
        min: u64,
        /// Largest allowed, in octets.
        max: u64,
    },
    /// Text without control characters.
    Text {
        /// Fewest characters.
        min: u64,
        /// Most characters.
        max: u64,
        /// Whether line feeds and tabs are allowed.
        multiline: bool,
    },
    /// `example.test`, or `*.example.test` for its subdomains.
    DomainPattern,
    /// A domain name.
    Domain,
    /// An IP address, `network/prefix` or `network:mask`.
    Network,
    /// A mail address.
    Address,
    /// One of these.
    Choice(Vec<Named>),
    /// Any number of the same kind, in order.
    List {
        /// What the entries are.
        of: Box<Kind>,
        /// Fewest entries.
        min: u64,
        /// Most entries.
        max: u64,
    },
    /// The inner kind, or nothing (`null`; `none` in text).
    Optional(Box<Kind>),
    /// A group of named fields.
    Table(Vec<Field>),
}

/// A type that a settings field can have.
pub trait Kinded {
    /// The kind that checks and renders its values.
    fn kind() -> Kind;
}

macro_rules! whole_numbers {
    ($($type:ident),*) => {$(
        impl Kinded for $type {
            fn kind() -> Kind {
                Kind::Integer { min: 0, max: u64::from($type::MAX) }
            }
        }
    )*};
}
whole_numbers!(u8, u16, u32, u64);

impl Kinded for bool {
    fn kind() -> Kind {
        Kind::Bool
    }
}

impl Kinded for String {
    fn kind() -> Kind {
        Kind::Text { min: 0, max: limits::TEXT_CHARACTERS, multiline: false }
    }
}

impl Kinded for DomainPattern {
    fn kind() -> Kind {
        Kind::DomainPattern
    }
}

impl Kinded for Network {
    fn kind() -> Kind {
        Kind::Network
    }
}

impl Kinded for mail::Domain {
    fn kind() -> Kind {
        Kind::Domain
    }
}

impl Kinded for mail::Address {
    fn kind() -> Kind {
        Kind::Address
    }
}

impl<T: Kinded> Kinded for Vec<T> {
    fn kind() -> Kind {
        Kind::List { of: Box::new(T::kind()), min: 0, max: limits::LIST_ENTRIES }
    }
}

impl<T: Kinded> Kinded for Option<T> {
    fn kind() -> Kind {
        Kind::Optional(Box::new(T::kind()))
    }
}

impl Kind {
    /// Narrows the kind: the value of a number, the length of a text, the entries of a list.
    #[must_use]
    pub fn within(self, range: RangeInclusive<u64>) -> Kind {
        let (min, max) = range.into_inner();
        match self {
            Kind::Integer { .. } => Kind::Integer { min, max },
            Kind::Duration { .. } => Kind::Duration { min, max },
            Kind::Size { .. } => Kind::Size { min, max },
            Kind::Text { multiline, .. } => Kind::Text { min, max, multiline },
            Kind::List { of, .. } => Kind::List { of, min, max },
            Kind::Optional(inner) => Kind::Optional(Box::new(inner.within(min..=max))),
            other => other,
        }
    }

    /// Allows line feeds and tabs in a text.
    #[must_use]
    pub fn multiline(self) -> Kind {
        match self {
            Kind::Text { min, max, .. } => Kind::Text { min, max, multiline: true },
            Kind::Optional(inner) => Kind::Optional(Box::new(inner.multiline())),
            other => other,
        }
    }

    /// A whole number whose field name ends in its unit takes that unit in text.
    pub(crate) fn in_unit_of(self, name: &str) -> Kind {
        match self {
            Kind::Integer { min, max } if name.ends_with("_seconds") => Kind::Duration { min, max },
            Kind::Integer { min, max } if name.ends_with("_bytes") => Kind::Size { min, max },
            Kind::Optional(inner) => Kind::Optional(Box::new(inner.in_unit_of(name))),
            Kind::List { of, min, max } => {
                Kind::List { of: Box::new(of.in_unit_of(name)), min, max }
            }
            other => other,
        }
    }

    /// What a value of this kind is, in words: `a whole number from 1 to 10`.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Kind::Bool => "true or false".into(),
            Kind::Integer { min, max } => numbers("a whole number", *min, *max, &u64::to_string),
            Kind::Duration { min, max } => {
                numbers("a duration", *min, *max, &|n| text::duration_shown(*n))
            }
            Kind::Size { min, max } => numbers("a size", *min, *max, &|n| text::size_shown(*n)),
            Kind::Text { max, multiline: true, .. } => {
                format!("text of several lines, at most {max} characters")
            }
            Kind::Text { min: 0, max, .. } => format!("text of at most {max} characters"),
            Kind::Text { min, max, .. } => format!("text of {min} to {max} characters"),
            Kind::DomainPattern => "a domain such as example.test, or *.example.test".into(),
            Kind::Domain => "a domain such as example.test".into(),
            Kind::Network => {
                "an IP address or network such as 192.0.2.0/24 or 2001:db8::/32".into()
            }
            Kind::Address => "a mail address such as ann@example.test".into(),
            Kind::Choice(values) => {
                let names: Vec<&str> = values.iter().map(|value| value.name.as_str()).collect();
                format!("one of {}", names.join(", "))
            }
            Kind::List { of, .. } => format!("a list; each entry is {}", of.words()),
            Kind::Optional(inner) => format!("{}, or none", inner.words()),
            Kind::Table(fields) => {
                let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
                format!("a table with {}", names.join(", "))
            }
        }
    }

    /// Checks a value against this kind and gives it back in its one normal form. Problems are
    /// added with paths that start with `path`; what has a problem comes back as it was.
    pub fn read(&self, path: &str, value: &Value, problems: &mut Vec<Problem>) -> Value {
        if problems.len() >= limits::PROBLEMS {
            return value.clone();
        }
        match self {
            Kind::Bool => self.keep(path, value, problems, value.is_boolean()),
            Kind::Integer { min, max } | Kind::Duration { min, max } | Kind::Size { min, max } => {
                let fits = value.as_u64().is_some_and(|number| (min..=max).contains(&&number));
                self.keep(path, value, problems, fits)
            }
            Kind::Text { min, max, multiline } => {
                read_text(self, path, value, problems, (*min, *max, *multiline))
            }
            Kind::DomainPattern => read_parsed::<DomainPattern>(self, path, value, problems),
            Kind::Domain => read_parsed::<mail::Domain>(self, path, value, problems),
            Kind::Network => read_parsed::<Network>(self, path, value, problems),
            Kind::Address => read_parsed::<mail::Address>(self, path, value, problems),
            Kind::Choice(values) => {
                let known = |name: &str| values.iter().any(|value| value.name == name);
                self.keep(path, value, problems, value.as_str().is_some_and(known))
            }
            Kind::List { of, min, max } => read_list(self, of, (*min, *max), path, value, problems),
            Kind::Optional(_) if value.is_null() => Value::Null,
            Kind::Optional(inner) => inner.read(path, value, problems),
            Kind::Table(fields) => read_table(fields, path, value, problems),
        }
    }

    fn keep(&self, path: &str, value: &Value, problems: &mut Vec<Problem>, fits: bool) -> Value {
        if !fits {
            problems.push(self.misfit(path, value));
        }
        value.clone()
    }

    fn misfit(&self, path: &str, value: &Value) -> Problem {
        Problem::new(
            path,
            format!("{} does not fit here.", quoted(value)),
            format!("Give {}.", self.words()),
        )
    }
}

fn numbers(what: &str, min: u64, max: u64, shown: &dyn Fn(&u64) -> String) -> String {
    match (min, max) {
        (0, u64::MAX) => what.to_owned(),
        (_, u64::MAX) => format!("{what} of {} or more", shown(&min)),
        _ => format!("{what} from {} to {}", shown(&min), shown(&max)),
    }
}

fn read_text(
    kind: &Kind,
    path: &str,
    value: &Value,
    problems: &mut Vec<Problem>,
    (min, max, multiline): (u64, u64, bool),
) -> Value {
    let Some(text) = value.as_str() else {
        problems.push(kind.misfit(path, value));
        return value.clone();
    };
    let length = text.chars().count() as u64;
    let allowed = |c: char| !c.is_control() || (multiline && matches!(c, '\n' | '\t'));
    if length < min && text.is_empty() {
        problems.push(Problem::new(
            path,
            "This must not be empty.",
            format!("Give {}.", kind.words()),
        ));
    } else if !(min..=max).contains(&length) {
        let sentence = format!("The text has {length} characters.");
        problems.push(Problem::new(path, sentence, format!("Give {}.", kind.words())));
    } else if !text.chars().all(allowed) {
        // A line feed in a greeting or a header value would let one setting forge the next line.
        let sentence = "The text has a control character.";
        problems.push(Problem::new(
            path,
            sentence,
            "Remove line ends and other control characters.",
        ));
    }
    value.clone()
}

fn read_parsed<T>(kind: &Kind, path: &str, value: &Value, problems: &mut Vec<Problem>) -> Value
where
    T: std::str::FromStr + ToString,
    T::Err: std::fmt::Display,
{
    let Some(text) = value.as_str() else {
        problems.push(kind.misfit(path, value));
        return value.clone();
    };
    match text.trim().parse::<T>() {
        Ok(parsed) => Value::String(parsed.to_string()),
        Err(error) => {
            let sentence = format!("{} does not fit here: {error}.", quoted(value));
            problems.push(Problem::new(path, sentence, format!("Give {}.", kind.words())));
            value.clone()
        }
    }
}

fn read_list(
    kind: &Kind,
    of: &Kind,
    (min, max): (u64, u64),
    path: &str,
    value: &Value,
    problems: &mut Vec<Problem>,
) -> Value {
    let Some(entries) = value.as_array() else {
        problems.push(kind.misfit(path, value));
        return value.clone();
    };
    let count = entries.len() as u64;
    if !(min..=max).contains(&count) {
        let sentence = format!("The list has {count} entries.");
        problems.push(Problem::new(path, sentence, format!("Give {min} to {max} entries.")));
        return value.clone();
    }
    let read = |(index, entry)| of.read(&format!("{path}.{index}"), entry, problems);
    Value::Array(entries.iter().enumerate().map(read).collect())
}

/// Reads every field; a missing one is read as its default, so that a default that does not fit
/// (an empty name) makes the field one that must be given.
fn read_table(fields: &[Field], path: &str, value: &Value, problems: &mut Vec<Problem>) -> Value {
    let Some(object) = value.as_object() else {
        problems.push(Problem::new(
            path,
            format!("{} is not a table.", quoted(value)),
            "Give an object with named fields, such as {\"name\": ...}.",
        ));
        return value.clone();
    };
    report_unknown(fields, path, object, problems);
    let mut read = Map::new();
    for field in fields {
        let given = object.get(&field.name).unwrap_or(&field.default);
        let kept = field.kind.read(&format!("{path}.{}", field.name), given, problems);
        read.insert(field.name.clone(), kept);
    }
    Value::Object(read)
}

fn report_unknown(
    fields: &[Field],
    path: &str,
    object: &Map<String, Value>,
    problems: &mut Vec<Problem>,
) {
    let names = fields.iter().map(|field| field.name.as_str());
    for key in object.keys().filter(|key| !fields.iter().any(|field| field.name == **key)) {
        if problems.len() < limits::PROBLEMS {
            let place = format!("{path}.{}", crate::problem::quoted_name(key).trim_matches('"'));
            problems.push(unknown(&place, "field", key, names.clone()));
        }
    }
}
