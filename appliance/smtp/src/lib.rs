//! SMTP as pure machines: octets in, actions out. No socket, no clock, no file.
//!
//! [`server`] is the side that receives mail, [`client`] the side that sends it; both frame lines
//! by [`mod@line`], so what we accept and what we emit follow one grammar. [`parse`] reads commands,
//! [`dsn`] writes delivery status notifications (RFC 3464). Start with [`server::Session`].

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod client;
pub mod dsn;
pub mod limits;
pub mod line;
pub mod parse;
pub mod server;
