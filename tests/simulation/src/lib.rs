//! Gatepost's keeping of mail against a model, on a disk that lies, tears and fails.
//!
//! One number, the seed, decides everything that happens in a run, so a failure is named by its
//! seed and the commit it was seen on. Start with [`spool::run`].
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod model;
pub mod spool;
