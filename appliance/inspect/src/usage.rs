//! What a cell has used, and when the time of a message is over.
//!
//! The wall is asked without a system call; the CPU clock only once so much wall time has passed that
//! the CPU time could be over too: a cell has one thread.

use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use unpack::Stopwatch;

use crate::limits;

/// What this process has used since its start.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// CPU time, of the process and of the kernel for it.
    pub(crate) cpu: Duration,
    /// The most memory it ever had, in octets, with what it touched of shared files.
    pub(crate) resident_octets: u64,
}

impl Usage {
    /// Now. Zeroes where the kernel does not say: then only the rlimits bound the cell.
    pub(crate) fn now() -> Self {
        let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return Usage::default() };
        let cpu = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        Usage {
            cpu: Duration::from_micros(u64::try_from(cpu).unwrap_or(0)),
            // getrusage(2): in KiB.
            resident_octets: u64::try_from(usage.max_rss()).unwrap_or(0).saturating_mul(1024),
        }
    }
}

/// The time of one message.
#[derive(Debug)]
pub(crate) struct Watch {
    started: Instant,
    before: Usage,
    wall: Duration,
    cpu: Duration,
}

impl Watch {
    /// A watch for a message whose cell is killed when it has used `wall`, or when the process has
    /// used `cpu_limit` in all. It is over before either.
    pub(crate) fn start(started: Instant, wall: Duration, cpu_limit: Duration) -> Self {
        let before = Usage::now();
        let cpu = share(cpu_limit.saturating_sub(before.cpu));
        Watch { started, before, wall: share(wall), cpu }
    }

    /// Wall time since the message came.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// What the message has used so far.
    pub(crate) fn used(&self) -> Usage {
        let now = Usage::now();
        Usage { cpu: now.cpu.saturating_sub(self.before.cpu), ..now }
    }
}

/// What a message may use of the time after which its cell is killed, so that it ends by itself.
fn share(time: Duration) -> Duration {
    time / limits::TIME_PARTS * (limits::TIME_PARTS - 1)
}

impl Stopwatch for Watch {
    fn is_over(&self) -> bool {
        let elapsed = self.elapsed();
        elapsed >= self.wall || (elapsed >= self.cpu && self.used().cpu >= self.cpu)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn a_watch_with_time_left_is_not_over() {
        assert!(!Watch::start(Instant::now(), LONG, LONG).is_over());
    }

    #[test]
    fn wall_time_is_over_before_the_cell_would_be_killed() {
        let nearly = Instant::now().checked_sub(Duration::from_secs(9)).unwrap();
        assert!(Watch::start(nearly, Duration::from_secs(10), LONG).is_over());
        assert!(!Watch::start(nearly, Duration::from_secs(30), LONG).is_over());
    }

    #[test]
    fn waiting_is_no_cpu_time_and_working_is() {
        let long_ago = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        let mut watch = Watch::start(long_ago, LONG, Duration::from_secs(1000));
        watch.cpu = Duration::from_millis(20);
        assert!(!watch.is_over(), "it has waited for a minute and worked for no time");
        let mut sum = 0_u64;
        while !watch.is_over() {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(watch.used().cpu >= Duration::from_millis(20) && sum > 0);
    }

    #[test]
    fn memory_is_told() {
        assert!(Usage::now().resident_octets > 100_000);
    }
}
