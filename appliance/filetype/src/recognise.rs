//! Content to types: signatures first, then structures, then text, then polyglots.

use crate::kind::{FileType, Types};
use crate::kinds::*;
use crate::reach::head;
use crate::{magic, ole, overlay, text, verify};

/// Every type that fits, the likeliest first.
#[must_use]
pub fn identify(octets: &[u8]) -> Types {
    if octets.is_empty() {
        return Types::of(EMPTY);
    }
    let mut found: Vec<FileType> = Vec::with_capacity(4);
    let refined = |kind| verify::refined(kind, octets);
    found.extend(magic::starts(octets).find_map(refined));
    if found.first() == Some(&OLE) || found.first().is_some_and(|kind| kind.base() == OLE) {
        found.extend(ole::all(octets));
    }
    found.extend(rich_text(octets));
    found.extend(magic::inside(octets).filter_map(refined));
    if found.is_empty() {
        found.extend(verify::structural(octets));
    }
    if found.is_empty() || found.iter().all(|kind| is_weak(*kind)) {
        found.extend(text::kinds_of(octets));
    }
    let (first, others) =
        found.split_first().map_or((UNKNOWN, &[][..]), |(first, rest)| (*first, rest));
    let mut types = Types::of(first);
    others.iter().for_each(|kind| types.also(*kind));
    overlay::add(octets, &mut types);
    types.without(UNKNOWN)
}

/// Word takes anything for rich text that begins so, after blanks.
fn rich_text(octets: &[u8]) -> Option<FileType> {
    let start = head(octets, 64).trim_ascii_start();
    start.starts_with(b"{\\rt").then_some(RTF)
}

/// Signatures in letters, which a text may begin with by chance or on purpose.
fn is_weak(kind: FileType) -> bool {
    matches!(
        kind,
        SWF | BMP | SPSS | ORC | PLY | STEP | YENC | PARQUET | LZFSE | ICNS | UHARC | FLIF
    )
}
