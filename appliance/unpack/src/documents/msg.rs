//! Outlook messages (MS-OXMSG): text, bodies and attachments by their MAPI properties, messages
//! inside messages included.
//!
//! Every attachment is its octets under its own name; a nested message keeps its storage, so no
//! depth is followed. Start with [`unpack`].

use std::collections::HashMap;

use super::cursor::{code_page, utf16};
use super::gathered::Words;
use super::ole::{Entry, Ole};
use super::rtf_packed;
use crate::fact::FactKind;
use crate::specimen::{Origin, Specimen, Text};
use crate::walk::{Stop, Walk};

/// The stream that every message has.
pub(crate) const PROPERTIES: &str = "__properties_version1.0";
const PREFIX: &str = "__substg1.0_";

/// PidTagRtfCompressed (MS-OXPROPS).
pub(crate) const RTF: u16 = 0x1009;
/// PidTagBodyHtml.
pub(crate) const HTML: u16 = 0x1013;
/// PidTagAttachDataBinary.
pub(crate) const DATA: u16 = 0x3701;
/// PidTagAttachFilename, 8.3.
pub(crate) const SHORT_NAME: u16 = 0x3704;
/// PidTagAttachLongFilename.
pub(crate) const LONG_NAME: u16 = 0x3707;

/// Whether a stream is a property, and so told by [`unpack`]. Streams of the table of names have
/// such names as well, and are none.
pub(crate) fn is_property(ole: &Ole<'_>, entry: &Entry) -> bool {
    let storage = ole.entries().get(entry.parent);
    let is_table = storage.is_some_and(|one| one.name.starts_with("__nameid"));
    !is_table && (tag(&entry.name).is_some() || entry.name.eq_ignore_ascii_case(PROPERTIES))
}

/// Property and type by the name of a stream: `__substg1.0_3701` and `0102`.
fn tag(name: &str) -> Option<(u16, u16)> {
    let digits = name.strip_prefix(PREFIX)?.get(..8)?;
    let (property, kind) = digits.split_at_checked(4)?;
    Some((u16::from_str_radix(property, 16).ok()?, u16::from_str_radix(kind, 16).ok()?))
}

/// Tells texts, bodies and attachments of a message.
///
/// # Errors
/// [`Stop::Over`], or [`Stop::Broken`] when a property is cut off.
pub(crate) fn unpack(
    ole: &Ole<'_>,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    let names = names(ole);
    let mut texts = Words::default();
    let mut is_whole = true;
    for (number, entry) in ole.streams() {
        let known = tag(&entry.name).filter(|_| is_property(ole, entry));
        let Some((property, kind)) = known else { continue };
        let content = ole.content(entry);
        is_whole &= content.is_whole;
        let own = || format!("{}-{property:04x}", entry.parent);
        match (property, kind) {
            (RTF, 0x0102) => rtf(&content.octets, specimen, walk)?,
            (HTML, _) => body(&content.octets, kind, specimen, walk)?,
            (_, 0x001f) => text(&utf16(&content.octets), &mut texts),
            (_, 0x001e) => text(&code_page(&content.octets, 1252), &mut texts),
            (DATA, _) => {
                let name = names.get(&entry.parent).cloned().unwrap_or_else(own);
                walk.member_octets(specimen, &name, Origin::Stream, &content.octets)?;
            }
            _ => {
                walk.member_octets(specimen, &ole.path(number), Origin::Stream, &content.octets)?
            }
        }
    }
    walk.text(specimen, Text::Visible, texts.as_str())?;
    if is_whole { Ok(()) } else { Err(Stop::broken("a property of the message is cut off")) }
}

fn text(text: &str, texts: &mut Words) {
    texts.push(text);
    texts.end_line();
}

fn body(
    octets: &[u8],
    kind: u16,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    if kind == 0x001f {
        return walk.member_octets(specimen, "body.html", Origin::Stream, utf16(octets).as_bytes());
    }
    walk.member_octets(specimen, "body.html", Origin::Stream, octets)
}

/// Tells a body in compressed RTF.
///
/// # Errors
/// [`Stop::Over`] alone.
pub(crate) fn rtf(
    octets: &[u8],
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    match rtf_packed::decompress(octets) {
        Some(rtf) => {
            walk.member_octets(specimen, "body.rtf", Origin::Stream, &rtf.octets)?;
            if !rtf.is_whole {
                walk.fact(specimen, FactKind::Broken, "the compressed body is cut off");
            }
        }
        None => walk.fact(specimen, FactKind::Broken, "the compressed body cannot be read"),
    }
    Ok(())
}

/// The name of each attachment, by the number of its storage: the long one, else the short one.
fn names(ole: &Ole<'_>) -> HashMap<usize, String> {
    let mut names: HashMap<usize, String> = HashMap::new();
    for (_, entry) in ole.streams() {
        let Some((property @ (SHORT_NAME | LONG_NAME), kind)) = tag(&entry.name) else { continue };
        let octets = ole.content(entry).octets;
        let octets = octets.get(..crate::limits::NAME_OCTETS * 2).unwrap_or(&octets);
        let name = if kind == 0x001f { utf16(octets) } else { code_page(octets, 1252) };
        let name = name.trim_end_matches('\0').to_owned();
        if property == LONG_NAME {
            names.insert(entry.parent, name);
        } else {
            names.entry(entry.parent).or_insert(name);
        }
    }
    names
}
