//! tar: ustar, GNU and pax, members as they lie in the archive. A member's size is that of its
//! header unless a pax header says another: then two unpackers could see different files.

use crate::fact::FactKind;
use crate::octets::{length, number, run, until_zero};
use crate::place;
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk};

/// Octets of a header and of what data is filled up to (POSIX.1-2017, pax).
const BLOCK: usize = 512;

/// What headers before a member say of it.
#[derive(Default)]
struct Extended {
    name: Option<String>,
    size: Option<u64>,
    is_sparse: bool,
}

struct Header {
    name: String,
    size: u64,
    kind: u8,
    is_sum_right: bool,
}

/// Takes a tar apart.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let tar = specimen.octets;
    let mut extended = Extended::default();
    let mut at = 0;
    let mut zeros = 0_usize;
    while at < tar.len() {
        let block = run(tar, at, BLOCK).ok_or_else(|| Stop::broken("header cut short"))?;
        at += BLOCK;
        if block.iter().all(|octet| *octet == 0) {
            zeros += 1;
            continue;
        }
        if zeros > 0 {
            walk.fact(specimen, FactKind::Disagreement, "members after the end");
            zeros = 0;
        }
        let header = header(block).ok_or_else(|| Stop::broken("header damaged"))?;
        if !header.is_sum_right {
            return Err(Stop::broken("the checksum of a header differs"));
        }
        let data = tar.get(at..).unwrap_or_default();
        let octets = length(data_octets(&header, &extended, data, specimen, walk)?);
        let next = octets.checked_next_multiple_of(BLOCK).unwrap_or(usize::MAX);
        member(&header, &mut extended, data, octets, specimen, walk)?;
        at = at.saturating_add(next);
    }
    if zeros == 0 {
        return Err(Stop::broken("no end"));
    }
    Ok(())
}

/// Octets of data after a header, and a fact when they could be another number.
fn data_octets(
    header: &Header,
    extended: &Extended,
    data: &[u8],
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<u64, Stop> {
    let is_extension = matches!(header.kind, b'x' | b'g' | b'L' | b'K');
    let Some(size) = extended.size.filter(|_| !is_extension) else { return Ok(header.size) };
    let is_old_view = header.size != 0 && header.size != size;
    if is_old_view {
        walk.fact(specimen, FactKind::Disagreement, "two sizes of one member");
        let other = data.get(..length(header.size)).unwrap_or(data);
        walk.member_stored(specimen, &header.name, Entry::default(), other)?;
    }
    Ok(size)
}

fn member(
    header: &Header,
    extended: &mut Extended,
    data: &[u8],
    octets: usize,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    let there = data.get(..octets).unwrap_or(data);
    match header.kind {
        b'x' => {
            read_pax(there, extended);
            return cut_short(there, octets);
        }
        b'L' => {
            extended.name = Some(place::decode(until_zero(there)));
            return cut_short(there, octets);
        }
        b'g' | b'K' => return cut_short(there, octets),
        _ => {}
    }
    let extended = std::mem::take(extended);
    let name = extended.name.unwrap_or_else(|| header.name.clone());
    if header.kind == b'S' || extended.is_sparse {
        walk.fact_of_member(specimen, &name, FactKind::Unsupported, "a file with holes");
    }
    // Links, devices and folders have no data, whatever their size says; if there is some, it is
    // looked at.
    if octets == 0 && matches!(header.kind, b'1'..=b'6') {
        return Ok(());
    }
    let entry = Entry {
        packed_octets: there.len() as u64,
        declared_octets: Some(octets as u64),
        ..Entry::default()
    };
    walk.member_stored(specimen, &name, entry, there)
}

fn cut_short(there: &[u8], octets: usize) -> Result<(), Stop> {
    if there.len() < octets { Err(Stop::broken("header cut short")) } else { Ok(()) }
}

fn header(block: &[u8]) -> Option<Header> {
    let name = until_zero(run(block, 0, 100)?);
    let prefix = match run(block, 257, 6)? {
        b"ustar\0" => until_zero(run(block, 345, 155)?),
        _ => &[],
    };
    let name = if prefix.is_empty() {
        place::decode(name)
    } else {
        format!("{}/{}", place::decode(prefix), place::decode(name))
    };
    let declared = number(run(block, 148, 8)?, 8);
    Some(Header {
        name,
        size: size(run(block, 124, 12)?)?,
        kind: *block.get(156)?,
        is_sum_right: declared == Some(sum(block, |octet| u64::from(*octet)))
            || declared == Some(sum(block, |octet| octet.cast_signed() as u64 & 0xffff_ffff)),
    })
}

/// The sum of a header with its own field as blanks.
fn sum(block: &[u8], value: impl Fn(&u8) -> u64) -> u64 {
    let field = 148..156;
    let octets = block.iter().enumerate();
    let sum = octets.map(|(at, octet)| if field.contains(&at) { 32 } else { value(octet) });
    sum.fold(0, u64::wrapping_add) & 0xffff_ffff
}

/// A size in octal digits, or in binary with the highest bit set (GNU).
fn size(field: &[u8]) -> Option<u64> {
    if field.first()? & 0x80 == 0 {
        let digits = field.iter().all(|octet| matches!(octet, 0 | b' '));
        return if digits { Some(0) } else { number(field, 8) };
    }
    let (high, low) = field.split_last_chunk::<8>()?;
    let is_small = high.iter().skip(1).all(|octet| *octet == 0);
    Some(if is_small { u64::from_be_bytes(*low) } else { u64::MAX })
}

/// Records of a pax header: `length key=value\n`.
fn read_pax(mut data: &[u8], extended: &mut Extended) {
    while let Some(blank) = memchr::memchr(b' ', data) {
        let octets = data.get(..blank).and_then(|digits| number(digits, 10)).map(length);
        let Some((record, rest)) = octets.and_then(|octets| data.split_at_checked(octets)) else {
            return;
        };
        let text = record.get(blank + 1..).unwrap_or_default();
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        if let Some(value) = text.strip_prefix(b"path=") {
            extended.name = Some(place::decode(value));
        } else if let Some(value) = text.strip_prefix(b"GNU.sparse.name=") {
            extended.name = Some(place::decode(value));
        } else if let Some(value) = text.strip_prefix(b"size=") {
            extended.size = number(value, 10);
        } else if text.starts_with(b"GNU.sparse.") {
            extended.is_sparse = true;
        }
        if record.is_empty() {
            return;
        }
        data = rest;
    }
}
