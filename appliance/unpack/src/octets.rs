//! Numbers and runs out of hostile octets: every look is checked, nothing is believed.

/// A run of octets, if all of it is there.
pub(crate) fn run(octets: &[u8], at: usize, count: usize) -> Option<&[u8]> {
    octets.get(at..at.checked_add(count)?)
}

/// A run of octets, or as much of it as is there.
pub(crate) fn run_or_rest(octets: &[u8], at: usize, count: usize) -> &[u8] {
    let rest = octets.get(at..).unwrap_or_default();
    rest.get(..count).unwrap_or(rest)
}

/// Two octets, the low one first.
pub(crate) fn u16_le(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().map(|four| u16::from_le_bytes(*four))
}

/// Four octets, the low one first.
pub(crate) fn u32_le(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().map(|four| u32::from_le_bytes(*four))
}

/// Eight octets, the low one first.
pub(crate) fn u64_le(octets: &[u8], at: usize) -> Option<u64> {
    octets.get(at..)?.first_chunk().map(|eight| u64::from_le_bytes(*eight))
}

/// Two octets, the high one first.
pub(crate) fn u16_be(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().map(|two| u16::from_be_bytes(*two))
}

/// Four octets, the high one first.
pub(crate) fn u32_be(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().map(|four| u32::from_be_bytes(*four))
}

/// A number of octets as a length here; what does not fit is longer than anything.
pub(crate) fn length(octets: u64) -> usize {
    usize::try_from(octets).unwrap_or(usize::MAX)
}

/// The octets up to the first zero, or all.
pub(crate) fn until_zero(octets: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, octets).unwrap_or(octets.len());
    octets.get(..end).unwrap_or(octets)
}

/// A number in ASCII digits of a base, blanks and zeros around it.
pub(crate) fn number(field: &[u8], radix: u32) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    let text = text.trim_matches(|c: char| c == ' ' || c == '\0');
    u64::from_str_radix(text, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_past_the_end_is_nothing_and_never_a_panic() {
        assert_eq!(u32_le(&[1, 2, 3], 0), None);
        assert_eq!(u32_le(&[1, 2, 3, 4], usize::MAX), None);
        assert_eq!(run(&[1, 2], 1, usize::MAX), None);
        assert_eq!(run_or_rest(&[1, 2], 1, usize::MAX), &[2]);
        assert_eq!(run_or_rest(&[1, 2], 9, 1), &[0u8; 0]);
    }

    #[test]
    fn numbers_in_digits_are_read_with_what_pads_them() {
        assert_eq!(number(b"0000644\0", 8), Some(0o644));
        assert_eq!(number(b"  12  ", 10), Some(12));
        assert_eq!(number(b"9", 8), None);
        assert_eq!(number(b"", 8), None);
    }
}
