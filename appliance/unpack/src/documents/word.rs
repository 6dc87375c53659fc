//! Word 97 to 2003 (MS-DOC): the text by its piece table, field instructions and the template.
//!
//! Never seeks by a number it did not check. Start with [`read`].

use super::cursor::{Cursor, code_page, u16_at, u32_at, utf16};
use super::fields;
use super::gathered::Gathered;
use crate::fact::FactKind;

/// Whether the document is encrypted (MS-DOC 2.5.2, `fEncrypted`), from the main stream.
pub(crate) fn is_encrypted(main: &[u8]) -> bool {
    u16_at(main, 0x0a).is_some_and(|flags| flags & 0x0100 != 0)
}

/// Whether the table stream is `1Table`.
pub(crate) fn uses_first_table(main: &[u8]) -> bool {
    u16_at(main, 0x0a).is_some_and(|flags| flags & 0x0200 != 0)
}

/// Reads text and facts from the main stream and its table stream.
pub(crate) fn read(main: &[u8], table: &[u8], gathered: &mut Gathered<'_>) {
    let text = pieces(main, table).or_else(|| plain(main));
    match text {
        Some(text) => fields::split(&text, gathered),
        None => gathered.damage = Some("the text of the document cannot be read"),
    }
    if let Some(template) = template(main, table).filter(|one| fields::is_remote(one)) {
        gathered.fact(FactKind::ExternalTemplate, template);
    }
}

/// The text by the piece table (MS-DOC 2.9.38, `Clx`).
fn pieces(main: &[u8], table: &[u8]) -> Option<String> {
    let at = usize::try_from(u32_at(main, 0x01a2)?).ok()?;
    let length = usize::try_from(u32_at(main, 0x01a6)?).ok()?;
    let mut cursor = Cursor::new(Cursor::at(table, at).take_most(length));
    loop {
        match cursor.u8()? {
            1 => {
                let skipped = usize::from(cursor.u16()?);
                cursor.skip(skipped)?;
            }
            2 => break,
            _ => return None,
        }
    }
    let size = cursor.length()?;
    let list = cursor.take_most(size);
    let count = list.len().checked_sub(4)? / 12;
    let mut text = String::new();
    // Pieces may overlap: together they are never longer than the stream can hold.
    let mut left = main.len();
    for number in 0..count {
        let from = usize::try_from(u32_at(list, number * 4)?).ok()?;
        let until = usize::try_from(u32_at(list, (number + 1) * 4)?).ok()?;
        let place = u32_at(list, (count + 1) * 4 + number * 8 + 2)?;
        let characters = until.saturating_sub(from);
        left = left.checked_sub(characters.min(left))?;
        text.push_str(&piece(main, place, characters));
        if left == 0 {
            break;
        }
    }
    Some(text)
}

/// A piece: one octet a character in code page 1252 when bit 30 is set, else UTF-16.
fn piece(main: &[u8], place: u32, characters: usize) -> String {
    let at = usize::try_from(place & 0x3fff_ffff).unwrap_or(usize::MAX);
    if place & 0x4000_0000 != 0 {
        code_page(Cursor::at(main, at / 2).take_most(characters), 1252)
    } else {
        utf16(Cursor::at(main, at).take_most(characters.saturating_mul(2)))
    }
}

/// Documents before Word 97 keep their text in one piece between two places.
fn plain(main: &[u8]) -> Option<String> {
    let from = usize::try_from(u32_at(main, 0x18)?).ok()?;
    let until = usize::try_from(u32_at(main, 0x1c)?).ok()?;
    Some(code_page(main.get(from..until)?, 1252))
}

/// The attached template: the second string of `SttbfAssoc` (MS-DOC 2.9.278).
fn template(main: &[u8], table: &[u8]) -> Option<String> {
    let at = usize::try_from(u32_at(main, 0x019a)?).ok()?;
    let mut cursor = Cursor::at(table, at);
    (cursor.u16()? == 0xffff).then_some(())?;
    cursor.skip(4)?;
    let first = usize::from(cursor.u16()?);
    cursor.skip(first.checked_mul(2)?)?;
    let second = usize::from(cursor.u16()?);
    cursor.take(second.checked_mul(2)?).map(utf16)
}
