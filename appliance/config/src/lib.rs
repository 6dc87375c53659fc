//! The settings store: what is live, what is pending, and every revision that was.
//!
//! One process owns it (control); everyone else asks that process. The folder:
//!
//! | name | holds | who decides |
//! |---|---|---|
//! | `lock` | the lock of the owner | |
//! | `revisions/000123.json` | one committed revision, checksummed, the last 50 | a revision is committed once this file is durable |
//! | `store/` | sled: the last 500 revisions, the pending change | follows the files, and is put right by them |
//! | `large/HASH` | records over 64 KB, by their SHA-256 | |
//! | `set-aside/` | what was found damaged, the last three times | |
//!
//! **Order of a commit.** (1) The revision file is written: temporary name, fsync, rename, fsync of
//! the folder. From here the revision is committed, whatever happens next. (2) One sled batch holds
//! the revision and clears the pending change; then `flush`, then fdatasync of sled's file through
//! our own handle, since sled's flush does not do that on Linux. When (1) fails the file is taken
//! away again and nothing has happened. When (2) fails the commit stands; sled is opened anew and
//! filled from the files before it is used again.
//!
//! **Opening.** Half-written files are removed, every revision file and every sled record is read
//! and its checksum verified, and the two are made equal: the newest revision of either is live.
//! sled is opened as it is, else without its `snap.*` files, else anew, filled from what is good.
//! Each such step is told as an [`Incident`].
//!
//! Values are sparse (see `schema`). This crate never reads the clock: times come in with the
//! [`Note`] of a commit. Start with [`Store`].
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod database;
mod durable;
mod incident;
mod large;
pub mod limits;
mod record;
mod revision;
mod shelf;
mod store;
#[cfg(test)]
mod tests;

pub use durable::DiskError;
pub use incident::Incident;
pub use revision::{Note, Revision};
pub use store::{ChangeError, Committed, OpenError, Pending, Store};
