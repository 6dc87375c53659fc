//! TNEF, the `winmail.dat` of Outlook (MS-OXTNEF): attachments under their long names, and bodies.
//!
//! Attributes follow one another; none is believed to be longer than what is there. Start with
//! [`read`].

use std::borrow::Cow;

use super::cursor::{Cursor, code_page, utf16};
use super::gathered::Gathered;
use super::{msg, rtf_packed};
use crate::fact::FactKind;
use crate::limits;

/// The first four octets.
pub(crate) const MAGIC: [u8; 4] = [0x78, 0x9f, 0x3e, 0x22];

const BODY: u32 = 0x0002_800c;
const SUBJECT: u32 = 0x0001_8004;
const ATTACH_TITLE: u32 = 0x0001_8010;
const ATTACH_DATA: u32 = 0x0006_800f;
const ATTACH_BEGIN: u32 = 0x0006_9002;
const MESSAGE_PROPERTIES: u32 = 0x0006_9003;
const ATTACH_PROPERTIES: u32 = 0x0006_9005;

#[derive(Default)]
struct Attachment<'a> {
    has_begun: bool,
    title: String,
    long_name: String,
    data: Vec<&'a [u8]>,
}

/// Reads a TNEF stream.
pub(crate) fn read(octets: &[u8]) -> Gathered<'_> {
    let mut gathered = Gathered::default();
    let mut attachment = Attachment::default();
    let mut cursor = Cursor::at(octets, 6);
    while !cursor.is_empty() {
        let (Some(_level), Some(id), Some(length)) = (cursor.u8(), cursor.u32(), cursor.length())
        else {
            gathered.damage = Some("an attribute is cut off");
            break;
        };
        if cursor.len() < length.saturating_add(2) {
            gathered.damage = Some("an attribute is cut off");
        }
        let data = cursor.take_most(length);
        let sum = cursor.u16();
        let made = data.iter().fold(0_u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
        if sum.is_some_and(|sum| sum != made) {
            gathered.fact(FactKind::Disagreement, "the checksum of an attribute is wrong");
        }
        match id {
            BODY | SUBJECT => {
                let text = code_page(data, 1252);
                gathered.visible.push(text.trim_end_matches('\0'));
                gathered.visible.end_line();
            }
            ATTACH_BEGIN => {
                let next = Attachment { has_begun: true, ..Attachment::default() };
                std::mem::replace(&mut attachment, next).tell(&mut gathered);
            }
            ATTACH_TITLE => {
                attachment.title = code_page(data, 1252).trim_end_matches('\0').to_owned()
            }
            ATTACH_DATA => attachment.data.push(data),
            MESSAGE_PROPERTIES => properties(data, &mut |property, kind, value| {
                body(property, kind, value, &mut gathered);
            }),
            ATTACH_PROPERTIES => properties(data, &mut |property, kind, value| match property {
                msg::LONG_NAME => attachment.long_name = string(kind, value),
                msg::SHORT_NAME if attachment.title.is_empty() => {
                    attachment.title = string(kind, value)
                }
                // An object begins with its interface, of 16 octets.
                msg::DATA if kind == 0x0d => {
                    attachment.data.push(value.get(16..).unwrap_or_default())
                }
                msg::DATA => attachment.data.push(value),
                _ => {}
            }),
            _ => {}
        }
    }
    attachment.tell(&mut gathered);
    gathered
}

impl<'a> Attachment<'a> {
    fn tell(self, gathered: &mut Gathered<'a>) {
        let name = if self.long_name.is_empty() { self.title } else { self.long_name };
        if self.has_begun && self.data.is_empty() {
            gathered.damage = Some("an attachment without its content");
        }
        for data in self.data {
            gathered.payload(name.clone(), Cow::Borrowed(data));
        }
    }
}

fn string(kind: u16, value: &[u8]) -> String {
    let text = if kind == 0x1f { utf16(value) } else { code_page(value, 1252) };
    super::cursor::shown(text.trim_end_matches('\0'), limits::NAME_OCTETS)
}

fn body<'a>(property: u16, kind: u16, value: &'a [u8], gathered: &mut Gathered<'a>) {
    match (property, kind) {
        (msg::RTF, 0x102) => match rtf_packed::decompress(value) {
            Some(rtf) => {
                if !rtf.is_whole {
                    gathered.damage = Some("the compressed body is cut off");
                }
                gathered.payload("body.rtf", Cow::Owned(rtf.octets));
            }
            None => gathered.damage = Some("the compressed body cannot be read"),
        },
        (msg::HTML, 0x102 | 0x1e) => gathered.payload("body.html", Cow::Borrowed(value)),
        (_, 0x1e | 0x1f) => {
            gathered.visible.push(&string(kind, value));
            gathered.visible.end_line();
        }
        _ => {}
    }
}

/// Reads a list of MAPI properties (MS-OXTNEF 2.1.3.4) and tells each value.
fn properties<'a>(data: &'a [u8], tell: &mut dyn FnMut(u16, u16, &'a [u8])) {
    let mut cursor = Cursor::new(data);
    let Some(count) = cursor.u32() else { return };
    for _ in 0..count {
        if property(&mut cursor, tell).is_none() {
            return;
        }
    }
}

fn property<'a>(cursor: &mut Cursor<'a>, tell: &mut dyn FnMut(u16, u16, &'a [u8])) -> Option<()> {
    let (kind, id) = (cursor.u16()?, cursor.u16()?);
    if id >= 0x8000 {
        named(cursor)?;
    }
    let is_many = kind & 0x1000 != 0;
    let plain = kind & 0x0fff;
    let width = match plain {
        0x02 | 0x03 | 0x04 | 0x0a | 0x0b => Some(4),
        0x05..=0x07 | 0x14 | 0x40 => Some(8),
        0x48 => Some(16),
        0x0d | 0x1e | 0x1f | 0x102 => None,
        _ => return None,
    };
    let count = if is_many || width.is_none() { cursor.u32()? } else { 1 };
    for _ in 0..count {
        let length = match width {
            Some(width) => width,
            None => cursor.length()?,
        };
        let value = cursor.take_most(length);
        tell(id, plain, value);
        // Values are filled up to four octets.
        cursor.take_most((4 - length % 4) % 4);
        if cursor.is_empty() {
            return None;
        }
    }
    Some(())
}

fn named(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.skip(16)?;
    if cursor.u32()? == 0 {
        return cursor.skip(4);
    }
    let length = cursor.length()?;
    cursor.skip(length)?;
    cursor.take_most((4 - length % 4) % 4);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(id: u32, data: &[u8]) -> Vec<u8> {
        let sum = data.iter().fold(0_u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
        let length = u32::try_from(data.len()).unwrap();
        [&[2], id.to_le_bytes().as_slice(), &length.to_le_bytes(), data, &sum.to_le_bytes()]
            .concat()
    }

    fn sample() -> Vec<u8> {
        let name: Vec<u8> = "long name.exe\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut list =
            vec![2, 0, 0, 0, 3, 0, 0x05, 0x37, 1, 0, 0, 0, 0x1f, 0, 0x07, 0x37, 1, 0, 0, 0];
        list.extend(u32::try_from(name.len()).unwrap().to_le_bytes());
        list.extend(name);
        list.extend([0; 2]);
        [
            MAGIC.to_vec(),
            vec![1, 0],
            attribute(ATTACH_BEGIN, &[0; 14]),
            attribute(ATTACH_TITLE, b"LONGNA~1.EXE\0"),
            attribute(ATTACH_DATA, b"MZ secret"),
            attribute(ATTACH_PROPERTIES, &list),
        ]
        .concat()
    }

    #[test]
    fn an_attachment_comes_out_under_its_long_name() {
        let octets = sample();
        let gathered = read(&octets);
        assert_eq!(gathered.payloads[0].name, "long name.exe");
        assert_eq!(gathered.payloads[0].octets.as_ref(), b"MZ secret");
        assert!(gathered.damage.is_none() && gathered.facts.is_empty());
    }

    #[test]
    fn every_cut_gives_the_attachment_or_the_damage() {
        let octets = sample();
        for end in 7..octets.len() {
            let gathered = read(&octets[..end]);
            let has = gathered.payloads.iter().any(|one| one.octets.as_ref() == b"MZ secret");
            assert!(has || gathered.damage.is_some(), "{end}");
        }
    }

    #[test]
    fn a_property_that_counts_four_thousand_million_values_ends_with_its_octets() {
        let list = [vec![0xff; 4], vec![3, 0x10, 1, 0], vec![0xff; 4], vec![0; 64]].concat();
        let octets = [MAGIC.to_vec(), vec![1, 0], attribute(MESSAGE_PROPERTIES, &list)].concat();
        assert!(read(&octets).visible.as_str().is_empty());
    }
}
