//! The declaration of settings: the macros, and the data they leave behind.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::kind::Kind;
use crate::problem::Problem;

/// What a change of a setting reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Touches {
    /// The running roles take it up at once.
    Live,
    /// This role is restarted.
    Restart(&'static str),
    /// This applier changes the operating system.
    System(&'static str),
}

impl std::fmt::Display for Touches {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Touches::Live => formatter.write_str("takes effect at once"),
            Touches::Restart(role) => write!(formatter, "takes effect when {role} is restarted"),
            Touches::System(applier) => write!(formatter, "changes the system ({applier})"),
        }
    }
}

/// One setting as declared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Field {
    /// Name within its section or table.
    pub name: String,
    /// What it means: the doc comment.
    pub help: String,
    /// What it can be, with its bounds.
    pub kind: Kind,
    /// What it is when nobody has set it.
    pub default: Value,
    /// Whether faces hide the value.
    pub secret: bool,
    /// What a change reaches, where that differs from the section's.
    pub touches: Option<Touches>,
}

impl Field {
    /// A field without flags. The name is as `stringify!` gives it.
    #[must_use]
    pub fn new(name: &str, help: String, kind: Kind, default: Value) -> Field {
        let name = name.trim_start_matches("r#").to_owned();
        let kind = kind.in_unit_of(&name);
        Field { name, help, kind, default, secret: false, touches: None }
    }

    /// Narrows the kind, see [`Kind::within`].
    #[must_use]
    pub fn within(mut self, range: std::ops::RangeInclusive<u64>) -> Field {
        self.kind = self.kind.within(range);
        self
    }

    /// Hides the value from faces.
    #[must_use]
    pub fn secret(mut self) -> Field {
        self.secret = true;
        self
    }

    /// Allows several lines.
    #[must_use]
    pub fn multiline(mut self) -> Field {
        self.kind = self.kind.multiline();
        self
    }

    /// A change of this field reaches something else than one of its section.
    #[must_use]
    pub fn touching(mut self, touches: Touches) -> Field {
        self.touches = Some(touches);
        self
    }

    /// The macros' flags need a variable to stand on; this is where it ends.
    #[doc(hidden)]
    #[must_use]
    pub fn ignoring(self, _: &str) -> Field {
        self
    }
}

/// A section as declared.
#[derive(Debug, Clone, Serialize)]
pub struct SectionDescription {
    /// Name: the first step of every path in it.
    pub name: &'static str,
    /// What it governs: the doc comment.
    pub help: String,
    /// What a change reaches unless the field says otherwise.
    pub touches: Touches,
    /// Its fields, in the order of declaration.
    pub fields: Vec<Field>,
    /// The check of a full section value that is right field by field.
    #[serde(skip)]
    pub check: fn(&Value) -> Vec<Problem>,
}

/// A type that [`settings!`](crate::settings) declared.
pub trait Section: DeserializeOwned + Serialize + Default {
    /// Name of the section.
    const NAME: &'static str;

    /// The section as data.
    fn describe() -> SectionDescription;
}

/// Why a section could not be read from a snapshot.
#[derive(Debug, thiserror::Error)]
#[error("the settings section {section} cannot be read")]
pub struct SectionError {
    /// The section.
    pub section: &'static str,
    /// What serde said.
    #[source]
    pub source: serde_json::Error,
}

/// Reads one section from a snapshot; what is missing has its default, what is unknown is left
/// out (a snapshot may come from a newer build).
///
/// # Errors
/// [`SectionError`] when a value is not of its field's type.
pub fn section<S: Section>(sections: &Map<String, Value>) -> Result<S, SectionError> {
    match sections.get(S::NAME) {
        None => Ok(S::default()),
        Some(value) => {
            S::deserialize(value).map_err(|source| SectionError { section: S::NAME, source })
        }
    }
}

/// Doc comment lines as one text: lines joined, paragraphs kept.
#[doc(hidden)]
#[must_use]
pub fn help(lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        let line = line.trim();
        let gap = match line {
            "" => "\n\n",
            _ if text.is_empty() || text.ends_with('\n') => "",
            _ => " ",
        };
        if !(line.is_empty() && text.ends_with('\n')) {
            text.push_str(gap);
        }
        text.push_str(line);
    }
    text.trim_end().to_owned()
}

/// A default as JSON. Settings types always have a JSON form; null shows up as a fault of the tree.
#[doc(hidden)]
pub fn json<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// The typed form of a section value, or the problem that it has none.
#[doc(hidden)]
pub fn typed<T: DeserializeOwned>(value: &Value) -> Result<T, Vec<Problem>> {
    T::deserialize(value).map_err(|error| {
        vec![Problem::new(
            "",
            format!("The section cannot be read: {error}."),
            "Correct its values.",
        )]
    })
}

/// Problems with paths relative to a section, made absolute.
#[doc(hidden)]
#[must_use]
pub fn prefixed(section: &str, problems: Vec<Problem>) -> Vec<Problem> {
    let place = |problem: Problem| match problem.path.as_str() {
        "" => Problem { path: section.to_owned(), ..problem },
        path => Problem { path: format!("{section}.{path}"), ..problem },
    };
    problems.into_iter().map(place).collect()
}

/// Declares a settings section; see the top of the crate.
#[macro_export]
macro_rules! settings {
    (
        $(#[doc = $help:expr])*
        pub struct $name:ident = $section:literal, touches $touches:ident $(($whom:literal))?
            $(, checked by $checker:path)?
        { $($fields:tt)* }
    ) => {
        $crate::settings_fields! { ($($help),*) $name { $($fields)* } }

        impl $crate::Section for $name {
            const NAME: &'static str = $section;

            fn describe() -> $crate::SectionDescription {
                $crate::SectionDescription {
                    name: $section,
                    help: $crate::declared::help(&[$($help),*]),
                    touches: $crate::Touches::$touches $(($whom))?,
                    fields: $name::fields(),
                    check: |value| {
                        let problems = match $crate::declared::typed::<$name>(value) {
                            Err(problems) => problems,
                            Ok(_settings) => {
                                #[allow(unused_mut)]
                                let mut problems: Vec<$crate::Problem> = Vec::new();
                                $(problems.extend($checker(&_settings));)?
                                problems
                            }
                        };
                        $crate::declared::prefixed($section, problems)
                    },
                }
            }
        }
    };
}

/// Declares a table: a group of fields used as the type of another field, alone or in a list.
/// `, checked by` is for sections only.
#[macro_export]
macro_rules! table {
    (
        $(#[doc = $help:expr])*
        pub struct $name:ident { $($fields:tt)* }
    ) => {
        $crate::settings_fields! { ($($help),*) $name { $($fields)* } }

        impl $crate::Kinded for $name {
            fn kind() -> $crate::Kind {
                $crate::Kind::Table($name::fields())
            }
        }
    };
}

/// Declares a choice: a field that takes one of a few names. Each variant has a doc comment.
#[macro_export]
macro_rules! choice {
    (
        $(#[doc = $help:expr])*
        pub enum $name:ident {
            $($(#[doc = $variant_help:expr])* $variant:ident = $text:literal),* $(,)?
        }
    ) => {
        $(#[doc = $help])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            $crate::serde::Serialize, $crate::serde::Deserialize,
        )]
        #[serde(crate = "::schema::serde")]
        pub enum $name {
            $($(#[doc = $variant_help])* #[serde(rename = $text)] $variant),*
        }

        impl $name {
            /// The name as written in settings.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl $crate::Kinded for $name {
            fn kind() -> $crate::Kind {
                $crate::Kind::Choice(vec![$($crate::Named {
                    name: String::from($text),
                    help: $crate::declared::help(&[$($variant_help),*]),
                }),*])
            }
        }
    };
}

/// The struct that [`settings!`](crate::settings) and [`table!`](crate::table) have in common.
#[doc(hidden)]
#[macro_export]
macro_rules! settings_fields {
    (
        ($($help:expr),*) $name:ident {
            $(
                $(#[doc = $field_help:expr])*
                pub $field:ident : $type:ty = $default:expr
                    $(, in $range:expr)?
                    $(, secret $($secret:lifetime)?)?
                    $(, multiline $($multiline:lifetime)?)?
                    $(, touches $touches:ident $(($whom:literal))?)?
            ),* $(,)?
        }
    ) => {
        $(#[doc = $help])*
        #[derive(
            Clone, Debug, PartialEq, $crate::serde::Serialize, $crate::serde::Deserialize,
        )]
        #[serde(crate = "::schema::serde", default)]
        pub struct $name {
            $($(#[doc = $field_help])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $name {
            /// The fields as data, in the order of declaration.
            #[must_use]
            pub fn fields() -> Vec<$crate::Field> {
                let defaults = Self::default();
                vec![$(
                    $crate::Field::new(
                        stringify!($field),
                        $crate::declared::help(&[$($field_help),*]),
                        <$type as $crate::Kinded>::kind(),
                        $crate::declared::json(&defaults.$field),
                    )
                    $(.within($range))?
                    $(.secret() $(.ignoring(stringify!($secret)))?)?
                    $(.multiline() $(.ignoring(stringify!($multiline)))?)?
                    $(.touching($crate::Touches::$touches $(($whom))?))?
                ),*]
            }
        }
    };
}
