//! Numbers and strings at a place of hostile octets. Nothing here can read past the end.

/// Whether `wanted` stands at `at`.
pub(crate) fn stands(octets: &[u8], at: usize, wanted: &[u8]) -> bool {
    octets.get(at..).is_some_and(|rest| rest.starts_with(wanted))
}

/// The octet at `at`.
pub(crate) fn octet(octets: &[u8], at: usize) -> Option<u8> {
    octets.get(at).copied()
}

fn array<const N: usize>(octets: &[u8], at: usize) -> Option<[u8; N]> {
    octets.get(at..).and_then(|rest| rest.first_chunk::<N>()).copied()
}

/// Two octets, low first.
pub(crate) fn low16(octets: &[u8], at: usize) -> Option<u16> {
    array(octets, at).map(u16::from_le_bytes)
}

/// Four octets, low first.
pub(crate) fn low32(octets: &[u8], at: usize) -> Option<u32> {
    array(octets, at).map(u32::from_le_bytes)
}

/// Eight octets, low first.
pub(crate) fn low64(octets: &[u8], at: usize) -> Option<u64> {
    array(octets, at).map(u64::from_le_bytes)
}

/// Two octets, high first.
pub(crate) fn high16(octets: &[u8], at: usize) -> Option<u16> {
    array(octets, at).map(u16::from_be_bytes)
}

/// Four octets, high first.
pub(crate) fn high32(octets: &[u8], at: usize) -> Option<u32> {
    array(octets, at).map(u32::from_be_bytes)
}

/// A 32-bit number as a place.
pub(crate) fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// At most the first `most` octets.
pub(crate) fn head(octets: &[u8], most: usize) -> &[u8] {
    octets.get(..most).unwrap_or(octets)
}

/// At most the last `most` octets, and where they begin.
pub(crate) fn tail(octets: &[u8], most: usize) -> (usize, &[u8]) {
    let from = octets.len().saturating_sub(most);
    (from, octets.get(from..).unwrap_or_default())
}

/// Whether `wanted` stands anywhere.
pub(crate) fn contains(octets: &[u8], wanted: &[u8]) -> bool {
    memchr::memmem::find(octets, wanted).is_some()
}
