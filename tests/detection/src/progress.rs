//! How far a long run is, on a terminal; nothing where nobody watches.

use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Messages between two looks.
const STEP: usize = 16;

/// One line that is written over and over, and taken away in the end.
#[derive(Debug)]
pub struct Progress {
    what: String,
    all: usize,
    done: AtomicUsize,
    is_shown: bool,
}

impl Progress {
    /// Of something that has `all` steps; 0 when it is not known how many.
    #[must_use]
    pub fn of(what: impl Into<String>, all: usize) -> Self {
        let is_shown = stderr().is_terminal();
        let progress = Progress { what: what.into(), all, done: AtomicUsize::new(0), is_shown };
        progress.show(0);
        progress
    }

    /// One more is done.
    pub fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(STEP) {
            self.show(done);
        }
    }

    fn show(&self, done: usize) {
        if self.is_shown {
            let count =
                if self.all > 0 { format!(" {done} of {}", self.all) } else { String::new() };
            eprint!("\r\u{1b}[K{}{count}", self.what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            eprint!("\r\u{1b}[K");
        }
    }
}
