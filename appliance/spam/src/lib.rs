//! Unwanted mail: independent signals over one view of a message, fused to one probability with its
//! reasons.
//!
//! A [`Sight`] is what a message looks like to its reader, normalised once. Each file of `signals/`
//! looks at it and says what it sees, with evidence in words ([`Say`]). [`Judge`] weighs what was
//! said with a [`Model`]: log-odds add up, each group is bounded, and the sum is calibrated to a
//! probability. Nothing here reads a file, a socket or a clock, and nothing is remembered from one
//! message to the next. Start with `sight.rs`, then `signals/sender.rs` as the pattern to copy.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod address;
mod domains;
pub mod fuse;
mod header;
mod judge;
mod lexicon;
pub mod limits;
mod listed;
mod local;
#[cfg(test)]
mod made;
mod model;
pub mod osb;
mod picture;
mod said;
pub mod sense;
mod settings;
pub mod shingle;
mod sight;
mod signals;
mod standing;
mod text;
mod word_list;

pub use address::{Hop, Scheme, Tricks, Url};
pub use domains::services::Service;
pub use header::{Field, Headers, Mailbox};
pub use judge::Judge;
pub use listed::LinkLists;
pub use local::{Learned, Local, Material};
pub use model::{Levels, Model, ModelError, WEIGHT, Weights};
pub use said::{Group, Said, Say, Signal, Toward};
pub use settings::{LinkMatch, ListedLink, Person, Unwanted};
pub use sight::{Around, Authentication, Body, History, Link, LinkKind, Sight, Sights};
pub use signals::all;
pub use text::fold;
