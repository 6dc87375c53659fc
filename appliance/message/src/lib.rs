//! A message taken apart: a tree of parts with byte spans, decoded leaves, and defects.
//!
//! [`read`] never fails and never refuses: what cannot be read becomes a [`Defect`], what is too
//! much becomes [`Mail::limit`], and a mail with a limit is never the same as a clean one.
//! [`amend`] changes a message on its way out, byte-exact in all it does not change. Nothing here
//! reads a file or a clock. Start with `tree.rs`.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod amend;
mod encoded;
mod header;
pub mod limits;
mod tree;

pub use amend::{amend, amend_head};
pub use encoded::base64_leniently;
pub use header::header_end;
pub use tree::{Content, Defect, DefectKind, Mail, Part, Reader, read};
