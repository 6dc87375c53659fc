//! The ground that everything else stands on: time, randomness and disk, as traits.
//!
//! [`RealClock`], [`RealEntropy`] and [`RealDisk`] are what the appliance runs on; [`sim`] holds
//! their simulated twins, which do the same from a seed and can fail, tear and lose writes on
//! demand. No crate above reads the clock, draws randomness or opens a file of the spool in any
//! other way. Start with [`Disk`].
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod clock;
mod disk;
mod entropy;
mod real;
pub mod sim;

pub use clock::{Clock, RealClock};
pub use disk::{Disk, DiskFile, Entry, Open, Space};
pub use entropy::{Entropy, RealEntropy};
pub use real::RealDisk;
