//! Polyglots: what stands behind, before or inside of what the start of a file tells.

use crate::kind::{Family, Types};
use crate::kinds::*;
use crate::limits;
use crate::reach::{head, low32, place, stands};
use crate::{program, zip};

/// Adds every type that fits beside the first one.
pub(crate) fn add(octets: &[u8], found: &mut Types) {
    archive_behind(octets, found);
    if !found.has(PDF)
        && let Some(at) = memchr::memmem::find(head(octets, limits::PDF_JUNK + 5), b"%PDF-")
        && at > 0
    {
        found.also(PDF);
    }
    let main = found.main();
    if matches!(main, PE_EXE | PE_DLL | PE_DRIVER)
        && let Some(installer) = program::installer(octets)
    {
        found.also(installer);
    }
    let blind =
        matches!(main.family(), Family::Image | Family::Media | Family::Font | Family::Unknown);
    if (blind || matches!(main, TAR | GZIP | MZ_DOS | ISO9660))
        && !found.has_base(XML)
        && let Some(kind) = crate::text::in_binary(octets)
    {
        found.also(kind);
    }
    if main == GIF && (stands(octets, 6, b"=") || stands(octets, 6, b"/*")) {
        found.also(JS);
    }
    if main == BMP && (stands(octets, 2, b"=") || stands(octets, 2, b"/*")) {
        found.also(JS);
    }
}

/// Archives are opened wherever they begin: zip from its end, RAR, 7z and cabinets by a search.
fn archive_behind(octets: &[u8], found: &mut Types) {
    if !found.has_base(ZIP)
        && zip::directory(octets).is_some_and(|directory| directory.at < octets.len())
    {
        found.also(zip::kind(octets).unwrap_or(ZIP));
    }
    let window = octets.get(1..).map(|rest| head(rest, limits::EMBEDDED)).unwrap_or_default();
    // One search for each archive: the rarest octet of each signature leads.
    for (mark, kind) in [(&b"Rar!\x1a\x07"[..], RAR), (b"7z\xbc\xaf\x27\x1c", SEVEN_ZIP)] {
        if !found.has(kind) && memchr::memmem::find(window, mark).is_some() {
            found.also(kind);
        }
    }
    if found.has_family(Family::Executable) {
        cabinet_inside(octets, found);
        if let Some(overlay) = program::overlay(octets) {
            behind_program(octets, overlay, found);
        }
    }
}

/// Self-extracting cabinets lie in the resources of a Windows program.
fn cabinet_inside(octets: &[u8], found: &mut Types) {
    let window = head(octets, 4 * limits::EMBEDDED);
    let real = |at: usize| {
        let size = low32(window, at + 8).map_or(0, place);
        size > 36 && size <= octets.len().saturating_sub(at)
    };
    if memchr::memmem::find_iter(window, b"MSCF\0\0\0\0").any(real) {
        found.also(CAB);
    }
}

/// What begins right behind the last section.
fn behind_program(octets: &[u8], overlay: usize, found: &mut Types) {
    let rest = octets.get(overlay..).unwrap_or_default();
    for kind in crate::magic::starts(rest).take(1) {
        let archive = matches!(kind, ZIP | RAR | SEVEN_ZIP | CAB | ARJ | LHA | GZIP | BZIP2 | XZ);
        if archive && crate::verify::refined(kind, rest).is_some() {
            found.also(kind);
        }
    }
}
