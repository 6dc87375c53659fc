//! Failures on demand, for tests: what a hostile message could make a cell do. Only in builds with
//! the feature `faults`, which no shipped build has.

use std::fs::File;
use std::io::Write;

const HEADER: &str = "X-Gatepost-Fault: ";

/// The failure that the header of a message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Ends by SIGABRT.
    Abort,
    /// Never answers, without using the processor.
    Hang,
    /// Never answers, and uses the processor.
    Spin,
    /// Takes memory until there is none.
    Memory,
    /// Writes octets that are no answer.
    Garbage,
    /// Panics.
    Panic,
    /// Leaves without an answer, as if all were well.
    Leave,
    /// Opens a file.
    Open,
}

/// Finds the fault a message asks for.
pub(crate) fn asked(raw: &[u8]) -> Option<Fault> {
    let head = String::from_utf8_lossy(raw.get(..raw.len().min(8192))?).into_owned();
    let mut lines = head.lines().take_while(|line| !line.is_empty());
    named(lines.find_map(|line| line.strip_prefix(HEADER))?)
}

/// Finds the fault that an outfit asks for: in the place of a password.
pub(crate) fn asked_by(outfit: &ipc::contracts::Outfit) -> Option<Fault> {
    outfit.passwords.iter().find_map(|password| named(password.strip_prefix(HEADER)?))
}

fn named(word: &str) -> Option<Fault> {
    Some(match word.trim() {
        "abort" => Fault::Abort,
        "hang" => Fault::Hang,
        "spin" => Fault::Spin,
        "memory" => Fault::Memory,
        "garbage" => Fault::Garbage,
        "panic" => Fault::Panic,
        "leave" => Fault::Leave,
        "open" => Fault::Open,
        _ => return None,
    })
}

/// Carries it out. `channel` is the cell's own end.
#[allow(clippy::panic)] // Panicking is what it is asked for.
pub(crate) fn commit(fault: Fault, channel: &mut File) {
    match fault {
        Fault::Abort => std::process::abort(),
        Fault::Hang => loop {
            std::thread::park();
        },
        Fault::Spin => loop {
            std::hint::spin_loop();
        },
        Fault::Memory => {
            let mut taken = Vec::new();
            loop {
                taken.push(vec![1_u8; 1024 * 1024]);
            }
        }
        Fault::Garbage => {
            let _ = channel.write_all(&[7; 64]);
        }
        Fault::Panic => panic!("asked for by the message"),
        Fault::Leave => std::process::exit(0),
        Fault::Open => drop(File::open("/etc/passwd")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_header_asks() {
        assert_eq!(asked(b"X-Gatepost-Fault: hang\r\n\r\n"), Some(Fault::Hang));
        assert_eq!(asked(b"A: b\r\n\r\nX-Gatepost-Fault: hang\r\n"), None);
        assert_eq!(asked(b"X-Gatepost-Fault: dance\r\n\r\n"), None);
    }
}
