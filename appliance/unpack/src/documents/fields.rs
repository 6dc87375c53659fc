//! Field instructions, as Word, RTF and OOXML share them: what a field fetches or starts.
//!
//! Start with [`judge`] for one instruction and [`split`] for text with field marks in it.

use super::cursor::{holds, shown};
use super::gathered::Gathered;
use crate::fact::FactKind;
use crate::limits;

/// Marks of Word's text: a field begins, its result follows, it ends.
const BEGIN: char = '\u{13}';
const RESULT: char = '\u{14}';
const END: char = '\u{15}';

/// Says what one field instruction does.
pub(crate) fn judge(instruction: &str, gathered: &mut Gathered<'_>) {
    let instruction = instruction.trim();
    let octets = instruction.as_bytes();
    let mut words = instruction.split_whitespace();
    let Some(first) = words.next() else { return };
    let evidence = || shown(instruction, limits::EVIDENCE_OCTETS / 2);
    let is = |name: &str| first.eq_ignore_ascii_case(name);
    if is("dde") || is("ddeauto") || (holds(octets, b"ddeauto") && !is("hyperlink")) {
        gathered.fact(FactKind::Dde, evidence());
    } else if is("hyperlink") {
        if let Some(target) = quoted(instruction) {
            gathered.link(target);
        }
    } else if (is("includepicture") || is("includetext") || is("import") || is("link"))
        && is_remote(instruction)
    {
        gathered.fact(FactKind::ExternalLink, evidence());
        gathered.link(quoted(instruction).or(words.next()).unwrap_or_default());
    }
}

fn quoted(instruction: &str) -> Option<&str> {
    let (_, rest) = instruction.split_once(['"', '\u{201c}'])?;
    Some(rest.split(['"', '\u{201d}']).next().unwrap_or(rest))
}

/// Whether a target, or a text that holds one, leads to another machine.
pub(crate) fn is_remote(target: &str) -> bool {
    let octets = target.as_bytes();
    let schemes: [&[u8]; 8] = [
        b"http:",
        b"https:",
        b"ftp:",
        b"mhtml:",
        b"ms-msdt:",
        b"ms-",
        b"javascript:",
        b"search-ms:",
    ];
    if schemes.iter().any(|scheme| holds(octets, scheme)) {
        return true;
    }
    let is_share = |text: &str| text.starts_with(r"\\") || text.starts_with("//");
    if holds(octets, b"file:") {
        let path = target.split_once(':').map(|(_, path)| path).unwrap_or_default();
        let bare = path.trim_start_matches(['/', '\\']);
        let is_drive = bare.as_bytes().get(1) == Some(&b':');
        return !is_drive && !path.starts_with("///") || path.starts_with("/////");
    }
    target.split_whitespace().any(|word| is_share(word.trim_start_matches('"')))
}

/// Text with field marks: the instructions are judged, the rest is what a reader sees.
pub(crate) fn split(text: &str, gathered: &mut Gathered<'_>) {
    let mut open: Vec<(String, bool)> = Vec::new();
    for one in text.chars() {
        match one {
            BEGIN if open.len() < limits::RTF_GROUPS => open.push((String::new(), true)),
            RESULT => {
                if let Some((_, is_instruction)) = open.last_mut() {
                    *is_instruction = false;
                }
            }
            END => {
                if let Some((instruction, _)) = open.pop() {
                    judge(&instruction, gathered);
                    // A field inside an instruction is part of it (nested QUOTE and SET).
                    if let Some((outer, true)) = open.last_mut() {
                        push(outer, &instruction);
                    }
                }
            }
            _ => match open.last_mut() {
                Some((instruction, true)) => push(instruction, one.encode_utf8(&mut [0; 4])),
                _ => see(one, gathered),
            },
        }
    }
    while let Some((instruction, _)) = open.pop() {
        judge(&instruction, gathered);
    }
}

fn push(instruction: &mut String, more: &str) {
    if instruction.len().saturating_add(more.len()) <= limits::FIELD_OCTETS {
        instruction.push_str(more);
    }
}

/// One character of Word's text: ends of paragraphs, rows and pages become ends of lines.
fn see(one: char, gathered: &mut Gathered<'_>) {
    match one {
        '\r' | '\u{7}' | '\u{b}' | '\u{c}' | '\n' => gathered.visible.end_line(),
        '\t' => gathered.visible.space(),
        '\0'..='\u{1f}' => {}
        _ => gathered.visible.push_char(one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dde_field_is_told_and_is_no_text() {
        let mut gathered = Gathered::default();
        split(
            "see \u{13} DDEAUTO c:\\\\windows\\\\cmd.exe \"/k calc\" \u{14}here\u{15}!",
            &mut gathered,
        );
        assert_eq!(gathered.visible.as_str(), "see here!");
        assert_eq!(gathered.facts.len(), 1);
        assert_eq!(gathered.facts[0].0, FactKind::Dde);
    }

    #[test]
    fn a_hyperlink_is_a_link_and_no_external_link() {
        let mut gathered = Gathered::default();
        split("\u{13}HYPERLINK \"https://example.org/a\"\u{14}a\u{15}", &mut gathered);
        assert_eq!(gathered.links(), ["https://example.org/a"]);
        assert!(gathered.facts.is_empty());
    }

    #[test]
    fn a_remote_picture_is_fetched_by_itself() {
        let mut gathered = Gathered::default();
        split("\u{13}INCLUDEPICTURE \"\\\\\\\\10.0.0.1\\\\a\"\u{15}", &mut gathered);
        assert_eq!(gathered.facts[0].0, FactKind::ExternalLink);
    }
}
