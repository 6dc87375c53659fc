//! Settings as data: what can be set, what it means, what fits, and what differs.
//!
//! A section is declared once, beside the code it governs, and every face (command line, form,
//! export file, reference manual) is rendered from that declaration:
//!
//! ```
//! # extern crate gatepost_schema as schema;
//! use schema::{DomainPattern, Network};
//!
//! schema::choice! {
//!     /// TLS towards other hosts.
//!     pub enum TlsWish {
//!         /// Never.
//!         Never = "never",
//!         /// Where it is offered.
//!         Opportunistic = "opportunistic",
//!     }
//! }
//!
//! schema::table! {
//!     /// One quarantine area.
//!     pub struct Area {
//!         /// Name of the area. `in` on a text bounds its length in characters.
//!         pub name: String = String::new(), in 1..=64,
//!         /// Days an item is kept.
//!         pub days_kept: u32 = 15, in 1..=3650,
//!     }
//! }
//!
//! schema::settings! {
//!     /// How mail is accepted from the network.
//!     pub struct Receiving = "receiving", touches Live {
//!         /// Largest message accepted. A name that ends in `_bytes` takes `50MiB` on the command
//!         /// line, one that ends in `_seconds` takes `5m`.
//!         pub maximum_message_bytes: u64 = 52_428_800, in 0..=4_294_967_295,
//!         /// Recipient domains that are ours.
//!         pub relay_domains: Vec<DomainPattern> = DomainPattern::list(&["example.test"]),
//!         /// Hosts that may send anywhere.
//!         pub permitted_senders: Vec<Network> = Network::list(&["127.0.0.0/8", "::1"]),
//!         /// TLS.
//!         pub tls: TlsWish = TlsWish::Opportunistic,
//!         /// The areas. `in` on a list bounds the number of its entries.
//!         pub areas: Vec<Area> = vec![Area { name: "Spam".into(), days_kept: 15 }], in 0..=100,
//!         /// Shown to nobody, sent only to the roles that subscribe to this section.
//!         pub password: Option<String> = None, secret,
//!         /// The ports are opened at the start of the role only.
//!         pub port: u16 = 25, in 1..=65_535, touches Restart("intake"),
//!     }
//! }
//!
//! let tree = schema::Tree::new().with::<Receiving>();
//! let sections = serde_json::Map::new();
//! let settings: Receiving = schema::section(&sections).unwrap();
//! assert_eq!(settings, Receiving::default());
//! assert!(tree.faults().is_empty());
//! ```
//!
//! After the head, `, checked by path::to::function` names a `fn(&Receiving) -> Vec<Problem>` for
//! what a kind cannot say (two fields that must agree, an expression that must compile); its paths
//! are relative to the section. Field flags come in this order: `in`, `secret`, `multiline`,
//! `touches`.
//!
//! A stored value is *sparse*: only what differs from the defaults, so that a better default
//! reaches everyone who never touched the field. [`Tree::full`] fills it up, [`Tree::read`] checks
//! and prunes it.
//!
//! Nothing here reads a file, a clock, a socket or the environment. Start with [`Tree`].

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

// The macros name `::schema` so that a crate needs no serde of its own; this makes the name hold here.
extern crate self as schema;

mod declare;
mod difference;
mod document;
mod kind;
pub mod limits;
mod manual;
mod network;
mod patch;
mod pattern;
mod problem;
#[cfg(test)]
mod tests;
mod text;
mod tree;

pub use declare::{Field, Section, SectionDescription, SectionError, Touches, section};
pub use difference::{Difference, diff};
pub use document::{DocumentError, EXPORT_FORMAT, Extent, Manner, export, import};
pub use kind::{Kind, Kinded, Named};
pub use manual::manual;
pub use network::{Network, NetworkError};
pub use patch::{Change, Patch};
pub use pattern::{DomainPattern, PatternError};
pub use problem::Problem;
pub use text::{TextError, shown};
pub use tree::{Listed, Sections, Tree};

#[doc(hidden)]
pub use serde;
#[doc(hidden)]
pub use serde_json;
#[doc(hidden)]
pub mod declared {
    //! What the macros call; no part of the interface.
    pub use crate::declare::{help, json, prefixed, typed};
}
