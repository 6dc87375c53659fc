//! The deliver role: hands messages to next hops, one attempt at a time, and tells queue how each
//! attempt ended for each recipient.
//!
//! It connects to queue, takes consignments with the body by descriptor, finds the host (static
//! servers, or MX by DNS), keeps connections open for the next message, and speaks SMTP through the
//! machines of `smtp::client`. It never decides when to try again, never changes a message, never
//! opens a spool file, and tells no events: all of that is queue's.
//!
//! After an outcome was told, its connection carries nothing more until queue has said that the
//! outcome is on stable storage. So a loss of power can make at most one duplicate per connection.
//!
//! Start with [`run`]; one connection's life is in `connection`, finding the host in `opening`.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod body;
mod connection;
mod conversation;
mod dispatch;
pub mod limits;
mod maildir;
mod memory;
mod names;
mod opening;
mod plan;
mod role;
pub mod settings;
mod tls;

#[cfg(test)]
mod scripted;
#[cfg(test)]
mod tests;

pub use role::{DeliverError, run};
pub use settings::{DeliveryConnections, Dns};
