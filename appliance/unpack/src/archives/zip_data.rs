//! The data of one zip member: by its method, and through a password where it has one.

use std::io::{self, Read};

use super::inflate::Inflate;
use super::zip::Placed;
use super::zip_directory::{Described, Local};
use super::zip_single::{self, Single};
use super::{lzma_window, xz, zstd};
use crate::fact::FactKind;
use crate::limits;
use crate::octets::{run, u16_le};
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Taken, Walk, crc32, guarded};

/// Tells one member.
///
/// # Errors
/// [`Stop::Over`] alone.
pub(super) fn member(
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
    placed: &Placed<'_>,
) -> Result<(), Stop> {
    let described = &placed.described;
    let name = described.shown_name();
    if described.name.ends_with(b"/") && described.size == 0 && placed.data.is_empty() {
        return Ok(());
    }
    let entry = entry(placed);
    if described.is_encrypted() {
        return encrypted(specimen, walk, placed, &name, entry);
    }
    if described.method == 0 {
        return walk.member_stored(specimen, &name, entry, placed.data);
    }
    let mark = walk.resident();
    let told = match told(specimen, walk, placed, &name, entry) {
        Ok(()) => Ok(()),
        Err(Stop::Over) => Err(Stop::Over),
        Err(stop) => walk.skip(specimen, &name, stop),
    };
    walk.release_to(mark);
    told
}

/// Tells a member by what its method needs.
fn told(
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
    placed: &Placed<'_>,
    name: &str,
    entry: Entry,
) -> Result<(), Stop> {
    walk.reserve(window(&placed.described, placed.data)?)?;
    if matches!(placed.described.method, 1..=6 | 9 | 98) {
        let single = Single::of(&placed.described, placed.data);
        let mut archive = guarded(|| single.archive())?;
        let Some(mut reader) = zip_single::member(&mut archive, None)? else { return Ok(()) };
        return walk.member(specimen, name, entry, &mut reader);
    }
    let mut reader = reader(placed)?;
    walk.member(specimen, name, entry, &mut *reader)
}

/// Where deflated data without a known size ends.
pub(super) fn end_of_open(zip: &[u8], header: &Local<'_>) -> Option<usize> {
    if header.described.method != 8 || header.described.is_encrypted() {
        return None;
    }
    let mut inflate = Inflate::raw(zip.get(header.data_at..)?);
    let most = limits::MEMBER_OCTETS;
    let copied = io::copy(&mut Read::by_ref(&mut inflate).take(most), &mut io::sink());
    (copied.is_ok() && inflate.is_at_end())
        .then(|| header.data_at.saturating_add(inflate.taken_octets()))
}

fn entry(placed: &Placed<'_>) -> Entry {
    let described = &placed.described;
    let is_unknown = described.sizes_follow() && described.crc32 == 0 && described.size == 0;
    // The second vendor version of AES has no CRC.
    let has_sum = !is_unknown && described.aes.is_none_or(|aes| u16_le(aes, 0) != Some(2));
    Entry {
        packed_octets: placed.data.len() as u64,
        declared_octets: (!is_unknown).then_some(described.size),
        crc32: has_sum.then_some(described.crc32),
        is_encrypted: described.is_encrypted(),
    }
}

/// A reader for a member that is not encrypted.
fn reader<'a>(placed: &Placed<'a>) -> Result<Box<dyn Read + 'a>, Stop> {
    let data = placed.data;
    Ok(match placed.described.method {
        8 => Box::new(Inflate::raw(data)),
        12 => Box::new(::bzip2::bufread::BzDecoder::new(data)),
        14 => Box::new(lzma(&placed.described, data)?),
        20 | 93 => Box::new(zstd::Frames::new(data)),
        95 => Box::new(lzma_rust2::XzReader::new(data, false)),
        other => return Err(Stop::unsupported(format!("compression method {other}"))),
    })
}

/// Memory that a method asks for beside what comes out.
fn window(described: &Described<'_>, data: &[u8]) -> Result<u64, Stop> {
    let short = || Stop::broken("compressed data cut short");
    Ok(match described.method {
        12 => limits::BZIP2_OCTETS,
        14 => {
            let (properties, dictionary) =
                data.get(4..).and_then(lzma_window::properties).ok_or_else(short)?;
            lzma_window::memory(u64::from(dictionary), properties)
        }
        20 | 93 => limits::ZSTD_WINDOW_OCTETS,
        95 => xz::window(data),
        // The memory of PPMd in MiB, less one, in bits 4 to 11.
        98 => {
            let parameters = u16_le(data, 0).ok_or_else(short)?;
            (u64::from(parameters >> 4 & 0xff) + 1) << 20
        }
        // These are decoded as a whole.
        1..=6 => described.size.saturating_add(limits::LEGACY_ZIP_OCTETS),
        _ => limits::LEGACY_ZIP_OCTETS,
    })
}

fn lzma<'a>(described: &Described<'_>, data: &'a [u8]) -> Result<impl Read + use<'a>, Stop> {
    let short = || Stop::broken("LZMA header cut short");
    let header = run(data, 0, 9).ok_or_else(short)?;
    let (properties, dictionary) =
        header.get(4..).and_then(lzma_window::properties).ok_or_else(short)?;
    let packed = data.get(9..).ok_or_else(short)?;
    // Bit 1: the stream has an end of its own.
    let size = if described.flags & 2 != 0 { u64::MAX } else { described.size };
    Ok(lzma_rust2::LzmaReader::new_with_props(packed, size, properties, dictionary, None)?)
}

fn encrypted(
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
    placed: &Placed<'_>,
    name: &str,
    entry: Entry,
) -> Result<(), Stop> {
    let mark = walk.resident();
    let taken = open(specimen, walk, placed, entry);
    let told = match taken {
        Ok(Some(taken)) => {
            walk.fact_of_member(specimen, name, FactKind::Opened, "with a password that was tried");
            walk.give(specimen, name, entry, taken)
        }
        Ok(None) => walk.closed_member(specimen, name, entry, "no password opened it"),
        Err(Stop::Over) => Err(Stop::Over),
        Err(stop) => {
            walk.closed_member(specimen, name, entry, "no password was tried to its end")?;
            walk.skip(specimen, name, stop)
        }
    };
    walk.release_to(mark);
    told
}

/// Tries the passwords.
fn open(
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
    placed: &Placed<'_>,
    entry: Entry,
) -> Result<Option<Taken>, Stop> {
    let passwords = walk.passwords();
    if passwords.is_empty() {
        return Ok(None);
    }
    if placed.described.aes.is_none() && placed.described.method != 0 {
        // The memory of the method stands in the encrypted data: the largest is taken.
        walk.reserve(limits::ENCRYPTED_WINDOW_OCTETS)?;
    }
    let single = Single::of(&placed.described, placed.data);
    let mut archive = guarded(|| single.archive())?;
    for password in passwords {
        walk.still_time(specimen)?;
        let mark = walk.resident();
        let attempt = guarded(|| zip_single::member(&mut archive, Some(password.as_bytes())))?;
        let Some(mut reader) = attempt else { continue };
        let taken = walk.take(specimen, entry, &mut reader)?;
        let is_right = entry.crc32.is_none_or(|sum| sum == crc32(&taken.octets));
        match taken.end {
            None if is_right => return Ok(Some(taken)),
            Some(Stop::Limit(_)) => return Ok(Some(taken)),
            _ => walk.release_to(mark),
        }
    }
    Ok(None)
}
