//! Inspection: the cells that read mail, and the keeper that keeps them alive.
//!
//! A *cell* is a process with one thread, no file, no network and one channel to queue; it is
//! presumed taken over by the mail it reads, and can lie about that mail only. The *keeper* sees no
//! mail at all: it starts cells, hands the other end of their channel to queue, says how they ended,
//! and makes what they work with: settings and the pattern pack, once in memory for all of them
//! (`packs.rs`, `outfit.rs`). Nothing here decides what happens to a message. Start with `examine.rs` (what is done to
//! one message), then `cell.rs`, then `keeper.rs`.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod body;
mod cell;
mod examine;
#[cfg(feature = "faults")]
mod faults;
mod keeper;
pub mod limits;
mod outfit;
mod packs;
mod settings;
mod usage;

pub use cell::{CellLimits, cell_main};
pub use examine::{Examiner, examine};
pub use keeper::{CellProgram, InspectError, run, run_with};
pub use outfit::OutfitError;
pub use packs::ACTIVE;
pub use settings::Inspection;
