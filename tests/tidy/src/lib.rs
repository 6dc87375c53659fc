//! The house rules that a compiler does not know: `cargo run -p gatepost-test-tidy`.
//!
//! Each rule is a pure function from the tree's text to a list of [`Fault`]s; reading the tree is
//! done once, in [`tree`]. Nothing here changes a file. Start with [`check`].

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod floors;
pub mod papers;
pub mod source;
pub mod style;
pub mod tree;

use std::fmt;

pub use tree::{SourceFile, Tree};

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, relative to the workspace, with a line number where there is one.
    pub place: String,
    /// What is wrong and what to do instead.
    pub what: String,
}

impl Fault {
    /// A fault at a place.
    pub fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Fault { place: place.into(), what: what.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.what)
    }
}

/// All faults of a tree, by rule.
#[must_use]
pub fn check(tree: &Tree) -> Vec<(&'static str, Vec<Fault>)> {
    vec![
        ("an edge never goes up a floor", floors::edges(&tree.packages)),
        ("floors 0-2 have no I/O and no clock", floors::purity(&tree.sources)),
        ("unsafe stands in sandbox only", style::no_unsafe(&tree.sources, &tree.manifests)),
        ("names say something", style::names(&tree.paths)),
        ("files are short and say what they are", style::files(&tree.sources)),
        ("tests do not sleep", style::no_sleep(&tree.sources)),
        ("no machine's path, no registry's host", style::no_machine(&tree.texts)),
        ("promises name tests that exist", papers::promises(&tree.texts, &tree.sources)),
        ("each dependency has its line of why", papers::dependencies(&tree.texts)),
        ("papers name files that exist", papers::links(&tree.texts, &tree.paths)),
    ]
}
