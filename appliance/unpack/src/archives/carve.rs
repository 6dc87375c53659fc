//! Archives behind or inside of something else: of a program that extracts itself, of a picture.

use memchr::memmem;

use crate::limits;
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk};

/// What an archive begins with, the extension that it gets.
const ARCHIVES: &[(&[u8], &str)] = &[
    (b"7z\xbc\xaf\x27\x1c\0", "7z"),
    (b"Rar!\x1a\x07\0", "rar"),
    (b"Rar!\x1a\x07\x01\0", "rar"),
    (b"MSCF\0\0\0\0", "cab"),
];

/// Tells every archive that begins in a specimen.
///
/// # Errors
/// See [`Stop`]; unsupported when none is found, as there is one by its type.
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let octets = specimen.octets;
    let mut count = 0;
    for (begin, extension) in ARCHIVES {
        for at in memmem::find_iter(octets, begin).take(limits::CARVED) {
            let archive = octets.get(at..).unwrap_or_default();
            if !is_likely(archive) {
                continue;
            }
            let entry = Entry { packed_octets: archive.len() as u64, ..Entry::default() };
            walk.member_stored(specimen, &format!("at-{at}.{extension}"), entry, archive)?;
            count += 1;
        }
    }
    let title = walk.container().title();
    if count == 0 { Err(Stop::unsupported(format!("{title} inside"))) } else { Ok(()) }
}

/// Whether what looks like the beginning of an archive is one: programs that unpack archives have
/// the beginnings too.
fn is_likely(archive: &[u8]) -> bool {
    let size = crate::octets::u32_le(archive, 8).unwrap_or_default();
    let is_cab = archive.starts_with(b"MSCF");
    let fits = (36..=archive.len() as u64).contains(&u64::from(size));
    let is_seven = archive.starts_with(b"7z");
    let start = archive.get(12..32).unwrap_or_default();
    let sum = crate::octets::u32_le(archive, 8);
    match (is_cab, is_seven) {
        (true, _) => fits && archive.get(25) == Some(&1),
        (_, true) => sum == Some(crate::walk::crc32(start)),
        _ => archive.len() > 20,
    }
}
