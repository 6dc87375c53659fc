//! The end-to-end harness: starts the real `gatepost` with real peers and watches what comes out.
//!
//! It never looks inside a role: it speaks SMTP, runs the command line, reads process ids, kills.
//! Waiting is always for something that happens (a reply, a file, a count), never for a time to
//! pass. A test that cannot run on this machine says so with [`skip`]; `make test` lists it.
//!
//! Start with [`Gateway`] (the thing under test), then [`Client`] (hands mail in) and [`Sink`]
//! (takes mail out and remembers every octet). [`Load`] joins them: numbered messages over many
//! connections, with the numbers that were acknowledged.

// A harness fails loudly: its panics are the test results.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod client;
pub mod containers;
pub mod corpus;
pub mod gateway;
pub mod limits;
pub mod load;
pub mod mails;
pub mod random;
pub mod signatures;
pub mod sink;
pub mod tool;
mod wait;

pub use client::{Client, Reply};
pub use gateway::{Gateway, Options};
pub use load::Load;
pub use random::Random;
pub use sink::{Sink, Taken};
pub use tool::{SmtpSink, is_installed, is_root};
pub use wait::{wait_for, wait_until};

/// Says that a test cannot run here, in the form that `make test` lists.
pub fn skip(test: &str, why: &str) {
    eprintln!("skipped: {test}: {why}");
}

/// Prints a figure that `make test` shows.
pub fn figure(text: &str) {
    println!("figure: {text}");
}
