//! How the roles talk: typed contracts, framing, descriptor passing, peer check.
//!
//! Every edge between two roles is a Unix stream socket that carries frames (a length, a number of
//! descriptors, a postcard value). Nothing here decides anything about mail. Start with
//! [`contracts`] for what is said, [`RoleContext`] for what a role is given at its start,
//! [`connect`] and [`Listener`] for how it is said.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod ask;
pub mod blocking;
pub mod contracts;
mod events;
pub mod frame;
pub mod limits;
mod link;
mod memory;
mod role;
mod settings;
#[cfg(test)]
mod tests;

pub use ask::{Asking, Failure, ask};
pub use events::Events;
pub use frame::FrameError;
pub use link::{Closed, Incoming, Inlet, IpcError, Listener, Outlet, connect, link_over};
pub use memory::{empty_memory, seal_memory, sealed_copy, sealed_memory};
pub use role::{Paths, Ready, Role, RoleContext, Sockets};
pub use settings::{Snapshot, subscribe};
