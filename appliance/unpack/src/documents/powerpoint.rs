//! PowerPoint 97 to 2003 (MS-PPT): text atoms, and objects that are kept compressed.
//!
//! Records are read flat: a container's header is stepped over and its records follow, so that no
//! depth of nesting costs anything. Start with [`read`].

use std::borrow::Cow;

use super::cursor::{Cursor, code_page, utf16};
use super::gathered::Gathered;
use super::inflate::inflate;
use crate::fact::FactKind;

/// Reads the stream `PowerPoint Document`.
pub(crate) fn read<'a>(stream: &'a [u8], gathered: &mut Gathered<'a>) {
    let mut cursor = Cursor::new(stream);
    while let (Some(head), Some(kind), Some(length)) = (cursor.u16(), cursor.u16(), cursor.length())
    {
        if head & 0x000f == 0x000f {
            continue;
        }
        if length > cursor.len() {
            gathered.damage = Some("a record is cut off");
        }
        let data = cursor.take_most(length);
        match kind {
            // TextCharsAtom, CString
            0x0fa0 | 0x0fba => line(&utf16(data), gathered),
            // TextBytesAtom
            0x0fa8 => line(&code_page(data, 1252), gathered),
            // ExOleObjStgCompressedAtom or ExOleObjStg
            0x1011 => object(data, head >> 4 == 1, gathered),
            _ => {}
        }
    }
}

fn line(text: &str, gathered: &mut Gathered<'_>) {
    if super::fields::is_remote(text) {
        gathered.link(text);
    }
    for one in text.chars() {
        match one {
            '\r' | '\n' | '\u{b}' => gathered.visible.end_line(),
            '\0'..='\u{1f}' => gathered.visible.space(),
            _ => gathered.visible.push_char(one),
        }
    }
    gathered.visible.end_line();
}

fn object<'a>(data: &'a [u8], is_compressed: bool, gathered: &mut Gathered<'a>) {
    gathered.fact(FactKind::EmbeddedObject, "an object inside a slide");
    if !is_compressed {
        return gathered.payload("object.ole", Cow::Borrowed(data));
    }
    let inflated = inflate(data.get(4..).unwrap_or_default());
    if !inflated.is_whole {
        gathered.damage = Some("a compressed object is damaged or too large");
    }
    gathered.payload("object.ole", Cow::Owned(inflated.octets));
}
