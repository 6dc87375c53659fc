//! How much memory an LZMA stream asks for, read before anything gives it.

use crate::octets::{run, u32_le};

/// Octets for a dictionary and the probabilities of `lc` and `lp`.
pub(crate) fn memory(dictionary: u64, properties: u8) -> u64 {
    let (lc, lp) = (properties % 9, properties / 9 % 5);
    let probabilities = 0x300_u64 << (u32::from(lc) + u32::from(lp)).min(12);
    dictionary.max(4096).saturating_add(probabilities * 2).saturating_add(64 * 1024)
}

/// The dictionary of an LZMA2 property octet (xz file format 1.2, section 5.3.1).
pub(crate) fn lzma2_dictionary(property: u8) -> u64 {
    let bits = u32::from(property & 0x3f);
    if bits >= 40 {
        return u64::from(u32::MAX);
    }
    (2 | u64::from(bits & 1)) << (bits / 2 + 11)
}

/// Properties and dictionary of the five octets that LZMA streams begin with.
pub(crate) fn properties(octets: &[u8]) -> Option<(u8, u32)> {
    let five = run(octets, 0, 5)?;
    Some((*five.first()?, u32_le(five, 1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dictionary_sizes_are_those_of_the_format() {
        assert_eq!(lzma2_dictionary(0), 4096);
        assert_eq!(lzma2_dictionary(1), 6144);
        assert_eq!(lzma2_dictionary(22), 8 << 20);
        assert_eq!(lzma2_dictionary(40), u64::from(u32::MAX));
    }
}
