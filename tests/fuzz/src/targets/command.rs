//! Command lines: any octets give a command or an error, and a line has no line end inside.

use smtp::line;
use smtp::parse::{self, Command};

/// Octets of a line at most, as intake takes them.
const LINE_OCTETS: usize = 4096;

/// Takes lines from the input and reads each as a command.
pub fn target(octets: &[u8]) {
    let mut rest = octets;
    while let Ok(Some(line)) = line::take(rest, LINE_OCTETS) {
        let inside = line.octets();
        assert!(!inside.iter().any(|octet| matches!(octet, b'\r' | b'\n')));
        assert_eq!(line.consumed(), inside.len() + 2);
        if let Ok(Command::Mail(sender, _)) = parse::command(line) {
            assert!(!sender.to_string().contains(['\r', '\n', '\0']));
        }
        rest = &rest[line.consumed()..];
    }
}
