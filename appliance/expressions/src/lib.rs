//! Lists of keywords and expressions that an owner looks for in texts (features D-31, D-32, D-33).
//!
//! [`Lists::compile`] makes lists out of the settings section; [`Lists::look`] looks at one text at
//! a time and says which lists match it. A keyword is looked for in the text as it reads (folded by
//! whoever calls), an expression in the text as it is shown, with the meaning that PCRE gives it:
//! `pattern.rs` chooses between two engines. No expression decides without an answer: one whose
//! limits end it is told as undecided. Nothing here reads a file, a socket or a clock.
//! Start with `lists.rs`.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod check;
mod dialect;
mod evidence;
pub mod limits;
mod lists;
mod needed;
mod pattern;
mod predefined;
mod query;
mod reading;
mod settings;
mod terms;
mod trial;

pub use lists::{Fold, Lists, Said, Target, Text};
pub use pattern::{Matcher, Pattern, PatternError, Undecided};
pub use predefined::{PREDEFINED_VERSION, predefined};
pub use settings::{Entry, Exemption, Expressions, Kind, List, Matching, Predefined, Where};
