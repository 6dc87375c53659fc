//! What a run of octets really is, by its content and never by its name.
//!
//! [`identify`] gives every type that fits (a polyglot has several), the likeliest first; [`fit`]
//! compares a file name with them. Nothing here reads a file or trusts a declaration. Start with
//! `kinds.rs`, the list of all types, then `recognise.rs`, the order in which they are tried.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod kind;
pub mod kinds;
pub mod limits;
mod magic;
mod media;
mod names;
mod ole;
mod overlay;
mod program;
mod reach;
mod recognise;
mod text;
mod verify;
mod zip;

#[cfg(test)]
mod tests;

pub use kind::{Family, FileType, Types};
pub use names::{Fit, Risk, extension, fit, risk};
pub use program::{Packed, evenness, is_managed, packed};
pub use recognise::identify;
