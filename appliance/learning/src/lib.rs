//! What people taught: lessons, kept in a journal, and the table of words that they make.
//!
//! A [`Lesson`] is one message that somebody called wanted, unwanted or phishing: not the message
//! but hashes of its words, made in a cell. [`Store`] keeps lessons, takes them back ([`Store::undo`],
//! [`Store::roll_back`]) and makes the table ([`spam::Local`]) that cells ask. What one person, one
//! sender or one message can teach is bounded: see `table.rs`. Nothing here overrules anything: the
//! table is one signal among many.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod journal;
mod lesson;
pub mod limits;
mod store;
mod table;
#[cfg(test)]
mod tests;

use std::io;

pub use journal::{Read, read};
pub use lesson::{Deed, Label, Lesson, Record};
pub use store::{Opened, Status, Store, Tally, Taught};

/// Why the store cannot do what it is asked.
#[derive(Debug, thiserror::Error)]
pub enum LearningError {
    /// A file cannot be read or written; the text says which.
    #[error("{0} cannot be used: {1}")]
    Disk(&'static str, #[source] io::Error),
    /// The file is none of ours.
    #[error("the file of lessons is none of this program, or of a later version")]
    Foreign,
    /// A lesson is larger than any that a cell makes.
    #[error("the lesson is too large")]
    TooLarge,
    /// Somebody taught too much on one day.
    #[error("{0} has taught {most} messages today, which is all that one person may", most = limits::LESSONS_A_DAY)]
    TooMany(String),
    /// There is no such lesson, or it was taken back already.
    #[error("there is no lesson {0} that could be taken back")]
    Unknown(u64),
    /// That version cannot be gone back to.
    #[error("version {0} is not kept any more, or not there yet")]
    NoVersion(u64),
    /// A write failed before: what is on the disk is not known, so nothing more is written until the
    /// store is opened anew.
    #[error("an earlier write failed; restart the service to go on learning")]
    Poisoned,
}
