//! LZMA as it stands alone (.lzma) and lzip (.lz).

use lzma_rust2::{LzipReader, LzmaReader};

use super::gzip::inner_name;
use super::lzma_window;
use crate::octets::u64_le;
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk};

/// What is inside of a .lzma.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let short = || Stop::broken("LZMA header cut short");
    let (properties, dictionary) = lzma_window::properties(specimen.octets).ok_or_else(short)?;
    let size = u64_le(specimen.octets, 5).ok_or_else(short)?;
    let packed = specimen.octets.get(13..).unwrap_or_default();
    // A dictionary larger than all that may come out is never used whole.
    let most = walk.limits().member_octets.saturating_add(1);
    let dictionary = u64::from(dictionary).min(most).min(size.max(4096));
    let dictionary = u32::try_from(dictionary).unwrap_or(u32::MAX);
    walk.reserve(lzma_window::memory(u64::from(dictionary), properties))?;
    let mut reader = LzmaReader::new_with_props(packed, size, properties, dictionary, None)?;
    let declared_octets = (size != u64::MAX).then_some(size);
    let packed_octets = packed.len() as u64;
    let entry = Entry { packed_octets, declared_octets, ..Entry::default() };
    walk.member(specimen, &inner_name(specimen.name), entry, &mut reader)
}

/// What is inside of a .lz.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack_lzip(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let coded = specimen.octets.get(5).copied().unwrap_or_default();
    let base = 1_u64 << (coded & 0x1f);
    walk.reserve(lzma_window::memory(base, 0))?;
    let entry = Entry { packed_octets: specimen.octets.len() as u64, ..Entry::default() };
    let mut reader = LzipReader::new(specimen.octets);
    walk.member(specimen, &inner_name(specimen.name), entry, &mut reader)
}
