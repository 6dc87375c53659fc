//! One fuzz target per parser: a plain function from octets to nothing that panics when a promise
//! of the parser is broken.
//!
//! `cargo test` replays the corpora and mutates them with a fixed seed; `cargo fuzz` (the folder
//! `cargo-fuzz`, nightly Rust) searches on for as long as it is let. Start with [`TARGETS`].

// A broken promise is a panic: that is how a fuzzer is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod targets;

/// One target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, also of its corpus folder and of its program under `cargo-fuzz`.
    pub name: &'static str,
    /// Feeds the parser.
    pub run: fn(&[u8]),
    /// Inputs that only an encoder can make.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: [Target; 10] = [
    Target { name: "address", run: targets::address::target, seeds: Vec::new },
    Target { name: "body_out", run: targets::body_out::target, seeds: Vec::new },
    Target { name: "chunk", run: targets::chunk::target, seeds: Vec::new },
    Target { name: "command", run: targets::command::target, seeds: Vec::new },
    Target { name: "data", run: targets::data::target, seeds: Vec::new },
    Target { name: "frame", run: targets::frame::target, seeds: targets::frame::seeds },
    Target { name: "mime", run: targets::mime::target, seeds: Vec::new },
    Target { name: "record", run: targets::record::target, seeds: targets::record::seeds },
    Target { name: "remote_reply", run: targets::remote_reply::target, seeds: Vec::new },
    Target { name: "settings", run: targets::settings::target, seeds: targets::settings::seeds },
];
