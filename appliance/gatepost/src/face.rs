//! What all faces of the command line share: asking, printing, and never trusting a text.

use ipc::{Failure, Paths, Role};

/// Asks, hands every line to `each`, and gives the exit code. A failure is said on stderr.
pub async fn ask_each(
    paths: &Paths,
    role: Role,
    verb: &str,
    argument: String,
    mut each: impl FnMut(&str),
) -> u8 {
    let outcome = async {
        let mut asking = ipc::ask(paths, role, verb, argument).await?;
        while let Some(line) = asking.next().await {
            each(&line?);
        }
        Ok::<(), Failure>(())
    };
    match outcome.await {
        Ok(()) => 0,
        Err(failure) => {
            eprintln!("gatepost: {}", failure.message);
            failure.exit
        }
    }
}

/// A text for a terminal: control characters (escape sequences, line ends) and marks that turn the
/// writing direction become visible, so that no mail can write on the operator's screen.
pub fn safe(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || turns(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_moves_the_cursor() {
        assert_eq!(safe("a\x1b[2Jb\r\nc"), "a\\u{1b}[2Jb\\u{d}\\u{a}c");
        assert_eq!(safe("\u{202e}fdp.exe"), "\\u{202e}fdp.exe");
        assert_eq!(safe("Grüße 你好"), "Grüße 你好");
    }
}
