//! A message taken apart: a tree of parts with byte spans, decoded leaves, and defects.
//!
//! [`read`] never fails and never refuses: what cannot be read becomes a [`Defect`], what is too
//! much becomes [`Mail::limit`], and a mail with a limit is never the same as a clean one. Where two
//! mail readers could disagree, that is a defect of the grade [`Grade::Ambiguous`], and what each of
//! them would see is among the parts ([`Origin::Reading`]) or the readings of a part.
//! [`amend`] changes a message on its way out, byte-exact in all it does not change. Nothing here
//! reads a file or a clock. Start with `tree.rs`.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod amend;
mod body;
mod declaration;
mod defect;
mod embedded;
mod encoded;
mod head;
mod header;
pub mod limits;
mod lines;
mod part;
mod source;
mod split;
mod transfer;
mod tree;
mod value;

pub use amend::{amend, amend_head};
pub use defect::{Defect, DefectKind, Grade};
pub use encoded::base64_leniently;
pub use header::header_end;
pub use part::{Content, Disposition, Mail, Origin, Part, Protection};
pub use tree::{Reader, read};
