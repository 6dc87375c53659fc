//! How well unwanted mail is told apart, and what the model is trained from.
//!
//! `train` makes the model that ships, the same to the byte every time; `table` prints what it
//! catches and what it flags wrongly, beside its peers. Both see a message through the same path as
//! the product does (`look.rs`). The corpora lie beside the project and are not part of it: without
//! them both say so and end.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod corpus;
pub mod figures;
pub mod fit;
pub mod look;
pub mod mangle;
pub mod notes;
pub mod peers;
pub mod progress;
pub mod report;
pub mod senses;
pub mod signals;
pub mod speed;
pub mod teach;
pub mod words;
