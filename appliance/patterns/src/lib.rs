//! Pattern packs: ClamAV signature databases, YARA rules, hash and address lists, compiled once
//! into an immutable file that all workers map read-only.
//!
//! [`compile`] makes a pack out of sources; [`Pack::open`] takes its octets; a [`Scanner`] looks at
//! specimens with it. Nothing here reads a file: who calls gives octets. Start with `pack.rs` (the
//! layout of the file), then `source.rs` (what is read), then `scanner.rs`.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod body;
mod compile;
mod containers;
pub mod cvd;
mod exceptions;
pub mod executables;
mod expressions;
mod families;
mod ftm;
mod hashes;
mod level;
pub mod limits;
mod links;
mod lists;
mod names;
mod pack;
mod phishing;
mod report;
mod scanner;
mod settings;
mod source;
#[cfg(test)]
mod trial;
mod yara;

pub use compile::{CompileError, CompileOptions, Compiled, compile};
pub use exceptions::{Scope, is_excepted};
pub use lists::{Listed, Lists};
pub use names::{Class, Named, Names, count, name};
pub use pack::{Pack, PackError, Part, VERSION, Writer};
pub use report::{Problem, Report, SourceReport};
pub use scanner::{Hit, Hits, Look, Matcher, Scanner};
pub use settings::{Exception, Signatures};
pub use source::{Kind, LineCompiler, LineProblem, Place, Source};
