//! cpio: the portable ASCII forms (odc, newc, crc) and the old binary one.

use crate::fact::FactKind;
use crate::octets::{length, number, run, run_or_rest, u16_be, u16_le, until_zero};
use crate::place;
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk};

/// The name of the last entry.
const END: &[u8] = b"TRAILER!!!";

struct Header {
    name_octets: usize,
    size: u64,
    /// Octets of the header.
    octets: usize,
    /// What name and data are filled up to.
    align: usize,
}

/// Takes a cpio apart.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let cpio = specimen.octets;
    let mut at = 0_usize;
    loop {
        let rest = cpio.get(at..).unwrap_or_default();
        let header = header(rest).ok_or_else(|| Stop::broken("header damaged or cut short"))?;
        let name = run(rest, header.octets, header.name_octets)
            .map(until_zero)
            .ok_or_else(|| Stop::broken("name cut short"))?;
        let data_at = aligned(header.octets.saturating_add(header.name_octets), header.align);
        if name == END {
            let after = rest.get(data_at..).unwrap_or_default();
            if after.iter().any(|octet| *octet != 0) {
                walk.fact(specimen, FactKind::Disagreement, "octets after the end");
            }
            return Ok(());
        }
        let size = length(header.size);
        let data = run_or_rest(rest, data_at, size);
        let entry = Entry {
            packed_octets: data.len() as u64,
            declared_octets: Some(header.size),
            ..Entry::default()
        };
        if size > 0 {
            walk.member_stored(specimen, &place::decode(name), entry, data)?;
        }
        walk.still_time(specimen)?;
        at = at.saturating_add(aligned(data_at.saturating_add(size), header.align));
    }
}

fn aligned(at: usize, to: usize) -> usize {
    at.checked_next_multiple_of(to).unwrap_or(usize::MAX)
}

fn header(rest: &[u8]) -> Option<Header> {
    match rest.get(..6)? {
        b"070701" | b"070702" => {
            let field = |at| number(run(rest, at, 8)?, 16);
            let name_octets = length(field(94)?);
            Some(Header { name_octets, size: field(54)?, octets: 110, align: 4 })
        }
        b"070707" => {
            let name_octets = length(number(run(rest, 59, 6)?, 8)?);
            let size = number(run(rest, 65, 11)?, 8)?;
            Some(Header { name_octets, size, octets: 76, align: 1 })
        }
        _ => {
            let read = if u16_le(rest, 0)? == 0o070_707 { u16_le } else { u16_be };
            (read(rest, 0)? == 0o070_707).then_some(())?;
            let size = u64::from(read(rest, 22)?) << 16 | u64::from(read(rest, 24)?);
            let name_octets = usize::from(read(rest, 20)?);
            Some(Header { name_octets, size, octets: 26, align: 2 })
        }
    }
}
