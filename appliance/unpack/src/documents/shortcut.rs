//! Windows shortcuts (MS-SHLLINK): what they run, with which arguments, and what is hung on behind.
//!
//! Start with [`read`].

use std::borrow::Cow;

use super::cursor::{Cursor, code_page, shown, utf16};
use super::gathered::Gathered;
use super::macros;
use crate::fact::FactKind;
use crate::limits;

/// Length of the header and class of a shortcut.
pub(crate) const MAGIC: [u8; 20] =
    [0x4c, 0, 0, 0, 0x01, 0x14, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];

/// Reads a shortcut.
pub(crate) fn read(octets: &[u8]) -> Gathered<'_> {
    let mut gathered = Gathered::default();
    if parse(octets, &mut gathered).is_none() {
        gathered.fact(FactKind::Shortcut, "a shortcut that is cut off");
        gathered.damage = Some("the shortcut is cut off");
    }
    gathered
}

fn parse<'a>(octets: &'a [u8], gathered: &mut Gathered<'a>) -> Option<()> {
    let mut cursor = Cursor::at(octets, MAGIC.len());
    let flags = cursor.u32()?;
    cursor.skip(36)?;
    let show = cursor.u32()?;
    cursor.skip(12)?;
    let mut target = String::new();
    if flags & 1 != 0 {
        let length = usize::from(cursor.u16()?);
        target = names(cursor.take(length)?);
    }
    if flags & 2 != 0 {
        let mut ahead = cursor;
        let length = ahead.length()?;
        let info = cursor.take(length.max(4))?;
        if let Some(path) = local_path(info) {
            target = path;
        }
    }
    let mut words = Vec::new();
    let labels =
        [(2, "description"), (3, "relative path"), (4, "folder"), (5, "arguments"), (6, "icon")];
    for (bit, label) in labels {
        if flags & (1 << bit) == 0 {
            continue;
        }
        let length = usize::from(cursor.u16()?);
        let text = match flags & 0x80 {
            0 => code_page(cursor.take(length)?, 1252),
            _ => utf16(cursor.take(length.checked_mul(2)?)?),
        };
        if bit == 5 {
            gathered.script.push(&format!("{target} {text}"));
        }
        words.push(format!("{label} {}", shown(&text, 160)));
        note_links(&text, gathered);
    }
    let window = if show == 7 { ", minimised" } else { "" };
    let evidence = format!("runs {}{window}; {}", shown(&target, 120), words.join("; "));
    gathered.fact(FactKind::Shortcut, evidence);
    extra(&mut cursor, gathered);
    Some(())
}

/// Blocks behind the strings: the target by its environment variables, and whatever follows the
/// end of the shortcut.
fn extra<'a>(cursor: &mut Cursor<'a>, gathered: &mut Gathered<'a>) {
    while let Some(length) = cursor.length().filter(|length| *length >= 8) {
        let block = cursor.take_most(length.saturating_sub(4));
        if super::cursor::u32_at(block, 0) == Some(0xa000_0001) {
            let wide = utf16(block.get(264..).unwrap_or_default());
            let target = wide.split('\0').next().unwrap_or_default();
            if !target.is_empty() {
                gathered.fact(FactKind::Shortcut, format!("runs {}", shown(target, 200)));
                gathered.script.push(target);
            }
        }
    }
    if cursor.len() >= limits::PAYLOAD_OCTETS {
        let size = cursor.len();
        gathered
            .fact(FactKind::EmbeddedObject, format!("{size} bytes behind the end of the shortcut"));
        gathered.payload("appended", Cow::Borrowed(cursor.rest()));
    }
}

fn note_links(text: &str, gathered: &mut Gathered<'_>) {
    for word in text.split([' ', '"', '\'', '(', ')', ';']) {
        if word.contains("://") || word.starts_with(r"\\") {
            gathered.link(word);
        } else if macros::is_call(word.trim_end_matches(".exe")) {
            gathered.fact(FactKind::Shortcut, format!("its arguments name {}", shown(word, 40)));
        }
    }
}

/// The path in `LinkInfo` (MS-SHLLINK 2.3).
fn local_path(info: &[u8]) -> Option<String> {
    let flags = super::cursor::u32_at(info, 8)?;
    let (bit, field) = if flags & 1 != 0 { (1, 16) } else { (2, 20) };
    (flags & bit != 0).then_some(())?;
    let at = usize::try_from(super::cursor::u32_at(info, field)?).ok()?;
    let at = if bit == 2 { at.checked_add(20)? } else { at };
    let path = Cursor::at(info, at).until_zero()?;
    Some(code_page(path, 1252)).filter(|path| !path.is_empty())
}

/// Names in the list of shell items, as far as they can be read.
fn names(list: &[u8]) -> String {
    let mut cursor = Cursor::new(list);
    let mut names = Vec::new();
    while let Some(length) = cursor.u16().filter(|length| *length > 2) {
        let item = cursor.take_most(usize::from(length).saturating_sub(2));
        // Files and folders keep their short name behind twelve octets.
        if item.first().is_some_and(|kind| kind & 0x70 == 0x30) {
            names.extend(Cursor::at(item, 12).until_zero().map(|name| code_page(name, 1252)));
        } else if item.first().is_some_and(|kind| kind & 0x70 == 0x20) {
            names.extend(Cursor::at(item, 1).until_zero().map(|name| code_page(name, 1252)));
        }
        if names.len() >= limits::OLE_STORAGES {
            break;
        }
    }
    names.join("\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(arguments: &str) -> Vec<u8> {
        let mut made = MAGIC.to_vec();
        made.extend(0xa0_u32.to_le_bytes());
        made.extend([0; 36]);
        made.extend(7_u32.to_le_bytes());
        made.extend([0; 12]);
        made.extend(u16::try_from(arguments.len()).unwrap().to_le_bytes());
        made.extend(arguments.encode_utf16().flat_map(u16::to_le_bytes));
        made.extend([0; 4]);
        made
    }

    #[test]
    fn what_a_shortcut_runs_is_told() {
        let made = sample("-w hidden powershell http://evil.example/a");
        let gathered = read(&made);
        assert!(gathered.facts.iter().any(|(_, words)| words.contains("powershell")));
        assert_eq!(gathered.links(), ["http://evil.example/a"]);
        assert!(gathered.damage.is_none());
    }

    #[test]
    fn what_hangs_behind_a_shortcut_is_looked_at() {
        let made = [sample("x"), b"MZ".repeat(100)].concat();
        assert_eq!(read(&made).payloads[0].octets.len(), 200);
    }

    #[test]
    fn a_cut_shortcut_is_damaged() {
        let made = sample("abc");
        assert!(read(&made[..80]).damage.is_some());
    }
}
