//! ARJ: its own headers; members that are stored, or compressed with methods 1 to 3.

use delharc::header::LhaHeader;

use super::lha;
use crate::limits;
use crate::octets::{length, run, run_or_rest, u16_le, u32_le, until_zero};
use crate::place;
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk, crc32};

const MAGIC: u16 = 0xea60;
/// The largest basic header, of which the sum is taken.
const HEADER_OCTETS: usize = 2600;
const GARBLED: u8 = 1;
const CONTINUED: u8 = 4;
const CONTINUATION: u8 = 8;

struct Header<'a> {
    basic: &'a [u8],
    /// Where what follows the header and its extensions begins.
    ends_at: usize,
}

/// Takes an ARJ apart.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let arj = specimen.octets;
    walk.reserve(limits::LHA_OCTETS)?;
    let short = || Stop::broken("header damaged or cut short");
    let main = header(arj, 0).and_then(|header| header).ok_or_else(short)?;
    let mut at = main.ends_at;
    while let Some(header) = header(arj, at).ok_or_else(short)? {
        let field = |at| u32_le(header.basic, at).map(|value| length(u64::from(value)));
        let packed = field(12).ok_or_else(short)?;
        let data = run_or_rest(arj, header.ends_at, packed);
        member(&header, data, specimen, walk).ok_or_else(short)??;
        if data.len() < packed {
            return Err(Stop::broken("cut short"));
        }
        at = header.ends_at.saturating_add(packed);
    }
    Ok(())
}

/// A header: nothing when it is damaged, `Some(None)` at the end of the archive.
fn header(arj: &[u8], at: usize) -> Option<Option<Header<'_>>> {
    (u16_le(arj, at)? == MAGIC).then_some(())?;
    let octets = usize::from(u16_le(arj, at.checked_add(2)?)?);
    if octets == 0 {
        return Some(None);
    }
    let basic_at = at.checked_add(4)?;
    let basic = run(arj, basic_at, octets).filter(|basic| basic.len() <= HEADER_OCTETS)?;
    let mut ends_at = basic_at + octets;
    (u32_le(arj, ends_at)? == crc32(basic)).then_some(())?;
    ends_at += 4;
    loop {
        let extension = usize::from(u16_le(arj, ends_at)?);
        ends_at = ends_at.checked_add(2)?;
        if extension == 0 {
            return Some(Some(Header { basic, ends_at }));
        }
        ends_at = ends_at.checked_add(extension)?.checked_add(4)?;
    }
}

/// Tells one member; nothing when its header is too short.
fn member(
    header: &Header<'_>,
    data: &[u8],
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Option<Result<(), Stop>> {
    let basic = header.basic;
    let (flags, method, kind) = (*basic.get(4)?, *basic.get(5)?, *basic.get(6)?);
    let name = until_zero(basic.get(usize::from(*basic.first()?)..)?);
    let name = place::decode(name);
    let size = u64::from(u32_le(basic, 16)?);
    let entry = Entry {
        packed_octets: data.len() as u64,
        declared_octets: Some(size),
        crc32: u32_le(basic, 20),
        is_encrypted: flags & GARBLED != 0,
    };
    // Folders and labels.
    if matches!(kind, 3..=5) && data.is_empty() {
        return Some(Ok(()));
    }
    if entry.is_encrypted {
        return Some(walk.closed_member(specimen, &name, entry, "garbled with a password"));
    }
    if flags & (CONTINUED | CONTINUATION) != 0 {
        let why = Stop::broken("continued in another archive");
        return Some(walk.skip(specimen, &name, why));
    }
    Some(match method {
        0 => walk.member_stored(specimen, &name, entry, data),
        1..=3 => {
            let lha = LhaHeader {
                compression: *b"-lh7-",
                compressed_size: data.len() as u64,
                original_size: size,
                ..LhaHeader::default()
            };
            lha::decoded(lha, data, &name, entry, specimen, walk)
        }
        other => {
            let why = Stop::unsupported(format!("compression method {other}"));
            walk.skip(specimen, &name, why)
        }
    })
}
