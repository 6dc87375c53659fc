//! Documents: text, macros, embedded objects and active content, one file per format.
//!
//! A format is a pure parser, octets to a struct or to [`gathered::Gathered`], and a thin part that
//! tells the walk. Which format it is, is seen from the octets themselves and not from any name.
//! Nothing here follows a link, runs a script or believes a length. Start with [`unpack`].

mod active_mime;
mod base64;
mod bitmap;
mod compound;
mod cursor;
mod encoded_script;
mod excel;
mod fields;
mod gathered;
mod grid;
mod html;
mod inflate;
mod macros;
mod markup;
mod msg;
mod native;
mod notebook;
mod office_crypto;
mod office_xml;
mod ole;
mod outline;
mod pdf;
mod powerpoint;
mod rtf;
mod rtf_packed;
mod script;
mod shortcut;
mod style;
#[cfg(test)]
mod tests;
mod tnef;
mod vba;
mod word;

use std::borrow::Cow;

use crate::Exceeded;
use crate::fact::FactKind;
use crate::specimen::{Origin, Specimen};
use crate::walk::{Stop, Walk};
use gathered::Gathered;

/// Takes a specimen apart as every document type that it has.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    if matches!(specimen.origin, Origin::Text(_)) {
        return Ok(());
    }
    let mut end = Ok(());
    for (is_one, unpack) in formats(specimen.octets) {
        if !is_one {
            continue;
        }
        match container(specimen, walk, unpack) {
            Err(Stop::Over) => return Err(Stop::Over),
            Err(stop) if end.is_ok() => end = Err(stop),
            _ => {}
        }
    }
    end
}

type Unpack = fn(&Specimen<'_>, &mut Walk<'_, '_>) -> Result<(), Stop>;

/// Which formats these octets are, by content.
fn formats(octets: &[u8]) -> [(bool, Unpack); 10] {
    let is_ole = octets.starts_with(&ole::MAGIC);
    let is_rtf = rtf::is_rtf(octets);
    let is_text = !is_ole && !is_rtf && !octets.starts_with(b"PK") && !octets.starts_with(b"%PDF");
    let is_markup = is_text && is_markup(octets);
    let is_office = is_markup && office_xml::is_office(&narrow(octets.trim_ascii_start()));
    [
        (is_ole, compound::unpack),
        (is_rtf, rtf),
        (pdf::is_pdf(octets), pdf),
        (octets.starts_with(&tnef::MAGIC), tnef),
        (octets.starts_with(&shortcut::MAGIC), shortcut),
        (octets.starts_with(&notebook::MAGIC), notebook),
        (active_mime::is_one(octets), active_mime),
        (is_office, office),
        (is_text && !is_office && html::is_html(octets), html),
        (encoded_script::is_one(octets), encoded_script::unpack),
    ]
}

/// Whether text begins with a tag, whatever its encoding.
fn is_markup(octets: &[u8]) -> bool {
    let start = octets.iter().find(|octet| {
        !octet.is_ascii_whitespace() && !matches!(**octet, 0 | 0xef | 0xbb | 0xbf | 0xff | 0xfe)
    });
    start == Some(&b'<')
}

/// The head of a text without the zero octets of UTF-16.
fn narrow(octets: &[u8]) -> Cow<'_, [u8]> {
    let head = octets.get(..octets.len().min(crate::limits::SNIFF_OCTETS)).unwrap_or_default();
    match memchr::memchr(0, head) {
        Some(_) => Cow::Owned(head.iter().copied().filter(|octet| *octet != 0).collect()),
        None => Cow::Borrowed(head),
    }
}

/// A document that can hold files: opened only as deep as containers may stand.
fn container(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>, unpack: Unpack) -> Result<(), Stop> {
    let most = walk.limits().depth;
    if specimen.depth > most {
        return Err(Stop::Limit(Exceeded::Depth(most)));
    }
    unpack(specimen, walk)
}

fn rtf(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    walk.reserve(specimen.octets.len() as u64)?;
    rtf::read(specimen.octets).tell(specimen, walk)
}

fn pdf(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    walk.reserve(specimen.octets.len() as u64)?;
    let passwords = walk.passwords();
    let (gathered, state) = pdf::read(specimen.octets, passwords, &mut |name, octets| {
        walk.member_octets(specimen, name, Origin::Stream, octets)
    })?;
    match state {
        pdf::State::Clear => {}
        pdf::State::Opened => walk.fact(specimen, FactKind::Opened, "an encrypted PDF"),
        pdf::State::Closed => {
            walk.fact(specimen, FactKind::Encrypted, "an encrypted PDF");
        }
    }
    gathered.tell(specimen, walk)
}

fn tnef(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    tnef::read(specimen.octets).tell(specimen, walk)
}

fn shortcut(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    shortcut::read(specimen.octets).tell(specimen, walk)
}

fn notebook(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    notebook::read(specimen.octets).tell(specimen, walk)
}

fn active_mime(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    active_mime::read(specimen.octets).tell(specimen, walk)
}

fn office(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    markup(specimen, walk, office_xml::read)
}

fn html(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    markup(specimen, walk, html::read)
}

fn markup(
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
    read: fn(&str) -> Gathered<'static>,
) -> Result<(), Stop> {
    walk.reserve(specimen.octets.len() as u64)?;
    let text = markup::to_text(specimen.octets);
    // Readers step over zero octets wherever they stand.
    let text = match text.contains('\0') {
        true => Cow::Owned(text.replace('\0', "")),
        false => text,
    };
    read(&text).tell(specimen, walk)
}
