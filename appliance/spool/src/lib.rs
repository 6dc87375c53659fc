//! Mail that we answer for. Two processes share one folder: **intake** appends ([`Writer`]),
//! **queue** keeps ([`Keeper`]).
//!
//! # States, and the one guarantee of each
//!
//! | state | on the disk | guarantee |
//! |---|---|---|
//! | draft | nothing; or a file `large/FIRST-ID` | after any crash nothing of it is ever delivered |
//! | sealed | a synced message record in `intake/N.seg` (with a synced `large/FIRST-ID` where the body is large) | a [`Receipt`] exists only now; whatever crashes, [`Keeper::orphans`] or the journal shows it until it is finished |
//! | live | a synced `Adopt` record in the journal | [`Recovery`] shows it, with its latest synced state, until it is finished |
//! | moved | its record synced in `queue/N.seg`, then a synced `Adopt` with the new place | at each instant the place that the journal names can be read |
//! | finished | a synced `Finish` record | nothing brings it back |
//! | gone | its segment removed, the removal synced | the journal may forget it |
//!
//! One arrow each: seal is one write and one sync of the segment; adopt, record and finish are one
//! write and one sync of the journal for all that were gathered; removal is one unlink and one sync
//! of the folder, and comes only after the journal that makes it needless is durable.
//!
//! A write or sync that fails gives its segment up for good. Nothing in it is synced again;
//! messages that waited for it are refused, and changes of queue's are written anew to the next one.
//!
//! This crate never decides what happens to a message and never reads what is in one. Start with
//! [`Writer`], [`Keeper`], and for the order of things on disk [`record`] and [`scan`].
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod commit;
mod error;
mod inspect;
mod journal;
mod keeper;
mod layout;
pub mod limits;
mod read;
pub mod record;
pub mod scan;
pub mod segment;
mod shell;
mod sync;
mod tidy;
mod writer;

pub use commit::{Committer, Content, LargeBody, Receipt, Submission};
pub use error::SpoolError;
pub use ipc::contracts::Place;
pub use journal::{Note, note};
pub use keeper::{Adopted, Damage, EVERY_SEGMENT, KeeperCore, Kept, Recovery};
pub use layout::{Options, decode_head, encode_head};
pub use read::Located;
pub use shell::Keeper;
pub use sync::SyncWork;
pub use tidy::Chore;
pub use writer::{Body, Draft, Sealed, Writer};
