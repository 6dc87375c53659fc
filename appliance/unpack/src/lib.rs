//! Containers taken apart: every member of every archive, document and message inside a message,
//! each told to a [`Visitor`] with its path, its true type and its octets, and then forgotten.
//!
//! One file per format. Everything goes through one [`Budget`]: what is over a limit, damaged,
//! closed by a password or of an unsupported kind becomes a [`Fact`], and a message with such a
//! fact is never the same as a clean one. No member name ever becomes a path of the file system.
//! Nothing here reads a file or a clock. Start with `walk.rs`.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod archives;
mod budget;
mod documents;
mod fact;
pub mod limits;
mod octets;
mod page;
mod passwords;
mod place;
mod specimen;
mod walk;

pub use budget::{Budget, Exceeded, Limits, Stopwatch};
pub use fact::{Fact, FactKind};
pub use page::{Anchor, Page, Picture};
pub use passwords::Passwords;
pub use specimen::{Member, Origin, Specimen, Text};
pub use walk::{Root, Visitor, open};
