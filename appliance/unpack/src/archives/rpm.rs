//! rpm: two headers of tags, then a compressed cpio, which is told as a member.

use crate::octets::{length, run, u32_be};
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk};

const LEAD_OCTETS: usize = 96;
const HEADER_MAGIC: &[u8] = b"\x8e\xad\xe8";

/// Takes an rpm apart.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let short = || Stop::broken("header damaged or cut short");
    let signature = header_octets(specimen.octets, LEAD_OCTETS).ok_or_else(short)?;
    let header_at =
        LEAD_OCTETS.saturating_add(signature).checked_next_multiple_of(8).ok_or_else(short)?;
    let header = header_octets(specimen.octets, header_at).ok_or_else(short)?;
    let payload = specimen.octets.get(header_at.saturating_add(header)..).ok_or_else(short)?;
    if payload.is_empty() {
        return Err(short());
    }
    let entry = Entry { packed_octets: payload.len() as u64, ..Entry::default() };
    walk.member_stored(specimen, "payload", entry, payload)
}

/// Octets of a header: its start, its index and its store.
fn header_octets(rpm: &[u8], at: usize) -> Option<usize> {
    run(rpm, at, 16).filter(|start| start.starts_with(HEADER_MAGIC))?;
    let index = length(u64::from(u32_be(rpm, at.checked_add(8)?)?)).checked_mul(16)?;
    let store = length(u64::from(u32_be(rpm, at.checked_add(12)?)?));
    index.checked_add(store)?.checked_add(16)
}
