//! What each process may do, and the kernel's help in keeping it to that.
//!
//! The process table is data ([`PROCESSES`]); [`confine`] locks the calling process into its row
//! with no_new_privs, rlimits, landlock and seccomp; [`Launch`] starts a child with named sockets
//! by systemd's protocol; [`inherited`], [`notify_ready`] and [`notify_watchdog`] are the child's
//! side of it; [`Mapped`] is sealed memory that several of them read. This is the only crate that may
//! hold `unsafe`: all of it in `launch.rs` and `map.rs`, and for tests in `probe.rs`. It knows
//! nothing about mail. Start with `table.rs`.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod calls;
mod confine;
mod files;
mod launch;
pub mod limits;
mod map;
mod notify;
#[cfg(feature = "probes")]
mod probe;
mod table;

pub use calls::rules;
pub use confine::{Confinement, Enforcement, Report, SandboxError, confine};
pub use launch::{Launch, LaunchError, inherited};
pub use map::{MapError, Mapped};
pub use notify::{ended, notify_ready, notify_stopping, notify_watchdog, watchdog_period};
#[cfg(feature = "probes")]
pub use probe::{PROBES, probe};
pub use table::{Access, Limits, Network, PROCESSES, Place, Process, process};
