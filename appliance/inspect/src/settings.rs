//! The settings section `inspection`.

use std::num::NonZero;

use crate::{CellLimits, limits};

schema::settings! {
    /// The workers that scan mail. Each is a process of its own that can reach nothing.
    pub struct Inspection = "inspection", touches Live {
        /// Number of workers; 0 for one per processor core.
        pub workers: u32 = 0, in 0..=256,
        /// Messages after which a worker is replaced by a fresh one.
        pub mails_per_worker: u32 = 1000, in 1..=1_000_000,
        /// CPU time that a worker may use for one message, in seconds. Over it the worker is ended, and
        /// the message is tried once more before it counts as unscannable.
        pub cpu_seconds: u32 = 20, in 1..=600,
        /// Memory of a worker in MiB. A message that needs more counts as unscannable.
        pub memory_mebibytes: u32 = 256, in 64..=65_536,
        /// Without a usable pattern pack every message counts as unscannable. When this is off, only
        /// what is built in is looked for then, and `gatepost health` says so.
        pub require_patterns: bool = false,
    }
}

impl Inspection {
    /// Number of workers on this machine.
    #[must_use]
    pub fn cells(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, NonZero::get);
        let wanted = if self.workers == 0 { cores() } else { self.workers as usize };
        wanted.clamp(1, limits::CELLS)
    }

    /// The limits of each worker.
    #[must_use]
    pub fn cell_limits(&self) -> CellLimits {
        CellLimits {
            mails: self.mails_per_worker,
            cpu_seconds: self.cpu_seconds,
            memory_octets: u64::from(self.memory_mebibytes) * 1024 * 1024,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_a_worker() {
        assert!(Inspection::default().cells() >= 1);
        assert_eq!(Inspection { workers: 3, ..Inspection::default() }.cells(), 3);
    }

    #[test]
    fn the_section_is_in_order() {
        assert!(schema::Tree::new().with::<Inspection>().faults().is_empty());
    }
}
