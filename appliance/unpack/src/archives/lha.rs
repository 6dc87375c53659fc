//! LHA (.lzh), by the crate `delharc`: headers of all levels, methods lh0 to lh7, lhx, lz and pm.

use delharc::decode::{DecoderAny, LhaDecodeReader};
use delharc::header::{CompressionMethod, LhaHeader};

use crate::fact::FactKind;
use crate::limits;
use crate::octets::length;
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk, guarded};

/// Takes an LHA apart.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    walk.reserve(limits::LHA_OCTETS)?;
    let mut rest = specimen.octets;
    let mut count = 0_u32;
    while !rest.is_empty() {
        let read = guarded(|| {
            LhaHeader::read(&mut rest).map_err(|error| Stop::broken(error.to_string()))
        })?;
        let Some(header) = read else {
            if rest.iter().any(|octet| *octet != 0) {
                walk.fact(specimen, FactKind::Disagreement, "octets after the end");
            }
            return Ok(());
        };
        let packed = length(header.compressed_size);
        let data = rest.get(..packed).unwrap_or(rest);
        let is_cut = data.len() < packed;
        member(header, data, specimen, walk)?;
        if is_cut {
            return Err(Stop::broken("cut short"));
        }
        rest = rest.get(packed..).unwrap_or_default();
        count += 1;
    }
    // The octet that ends an archive is often missing; without a member it is none.
    if count == 0 { Err(Stop::broken("no members")) } else { Ok(()) }
}

fn member(
    header: LhaHeader,
    data: &[u8],
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    let name = guarded(|| Ok::<_, Stop>(header.parse_pathname_to_str())).unwrap_or_default();
    let entry = Entry {
        packed_octets: data.len() as u64,
        declared_octets: Some(header.original_size),
        ..Entry::default()
    };
    match header.compression_method() {
        Ok(CompressionMethod::Lhd) if data.is_empty() => return Ok(()),
        Ok(CompressionMethod::Lh0 | CompressionMethod::Lz4 | CompressionMethod::Pm0) => {
            return walk.member_stored(specimen, &name, entry, data);
        }
        Ok(_) => {}
        Err(error) => {
            return walk.skip(specimen, &name, Stop::unsupported(error.to_string()));
        }
    }
    decoded(header, data, &name, entry, specimen, walk)
}

/// Tells a compressed member. ARJ uses it too: its methods 1 to 3 are those of LHA.
///
/// # Errors
/// [`Stop::Over`] alone.
pub(super) fn decoded(
    header: LhaHeader,
    data: &[u8],
    name: &str,
    entry: Entry,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    let decoder = DecoderAny::new_from_header(&header, data);
    if !decoder.is_supported() {
        let why = Stop::unsupported("compression method without a decoder");
        return walk.skip(specimen, name, why);
    }
    let has_sum = entry.crc32.is_none();
    let mut reader = LhaDecodeReader::default();
    reader.begin_with_header_and_decoder(header, decoder);
    walk.member(specimen, name, entry, &mut reader)?;
    if has_sum && reader.is_empty() && !reader.crc_is_ok() {
        walk.fact_of_member(specimen, name, FactKind::Broken, "checksum differs");
    }
    Ok(())
}
