//! Containers made by code: [`CONTAINERS`] carry a payload in every format, [`BOMBS`] carry far
//! more than they say. For tests alone; nothing here reads a file or is random.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod archive_bombs;
mod archives;
mod documents;
mod lies;
mod stored;

pub use archive_bombs::gzip_of_zeros;
pub use archives::{CONTAINERS, Container, PASSWORD, zip_of};
pub use documents::{DOCUMENT_BOMBS, DOCUMENTS, office, ole, vba_literal, vba_project};
pub use stored::{tar_header, zip_entry};

/// A bomb: its name, and what makes it. Making one takes some 10 ms and up to 30 MB.
#[derive(Debug, Clone, Copy)]
pub struct Bomb {
    /// Short name.
    pub name: &'static str,
    /// Makes it.
    pub make: fn() -> Vec<u8>,
}

/// All bombs made of archives.
pub const BOMBS: &[&[Bomb]] = &[archive_bombs::BOMBS, lies::BOMBS];

/// All bombs made of archives, one after another.
pub fn archive_bombs() -> impl Iterator<Item = Bomb> {
    BOMBS.iter().flat_map(|some| some.iter().copied())
}
