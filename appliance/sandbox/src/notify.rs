//! What a role tells its supervisor, and how a process ended in words.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;
use systemd::daemon;

fn tell(states: &[(&str, &str)]) -> bool {
    // Without NOTIFY_SOCKET nobody listens, which is no fault.
    daemon::notify(states.iter()).unwrap_or(false)
}

/// Tells the supervisor that this role serves. False when nobody listens.
pub fn notify_ready() -> bool {
    tell(&[(daemon::STATE_READY, "1")])
}

/// Tells the supervisor that this role is finishing. False when nobody listens.
pub fn notify_stopping() -> bool {
    tell(&[(daemon::STATE_STOPPING, "1")])
}

/// Tells the supervisor that this role is alive. False when nobody listens.
pub fn notify_watchdog() -> bool {
    tell(&[(daemon::STATE_WATCHDOG, "1")])
}

/// How often [`notify_watchdog`] must be called: half of what the supervisor allows. `None` when
/// it does not watch.
#[must_use]
pub fn watchdog_period() -> Option<Duration> {
    match daemon::watchdog_enabled() {
        Ok(0) | Err(_) => None,
        Ok(microseconds) => Some(Duration::from_micros(microseconds) / 2),
    }
}

/// How a process ended, for records.
#[must_use]
pub fn ended(status: ExitStatus) -> String {
    if let Some(code) = status.code() {
        return format!("exit {code}");
    }
    let number = status.signal().unwrap_or(0);
    match Signal::try_from(number) {
        Ok(Signal::SIGXCPU) => "over its CPU limit (SIGXCPU)".to_owned(),
        Ok(Signal::SIGXFSZ) => "wrote over its limit (SIGXFSZ)".to_owned(),
        Ok(Signal::SIGSYS) => "killed for a forbidden system call (SIGSYS)".to_owned(),
        Ok(Signal::SIGABRT) => "aborted: out of memory or a fault it found (SIGABRT)".to_owned(),
        Ok(signal) => format!("killed by {signal}"),
        Err(_) => format!("killed by signal {number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_told_in_words() {
        let words = |raw| ended(ExitStatus::from_raw(raw));
        assert_eq!(words(0), "exit 0");
        assert_eq!(words(3 << 8), "exit 3");
        assert_eq!(words(9), "killed by SIGKILL");
        assert!(words(24).contains("CPU limit"));
        assert!(words(31).contains("forbidden system call"));
        assert!(words(6).contains("out of memory"));
    }
}
