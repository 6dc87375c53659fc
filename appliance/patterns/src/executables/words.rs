//! Numbers out of octets, in either order, never outside of them.

/// The order of the octets of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

/// The octets at a place.
pub(crate) fn slice(octets: &[u8], at: u64, length: usize) -> Option<&[u8]> {
    octets.get(usize::try_from(at).ok()?..)?.get(..length)
}

fn chunk<const N: usize>(octets: &[u8], at: u64) -> Option<[u8; N]> {
    octets.get(usize::try_from(at).ok()?..)?.first_chunk().copied()
}

impl Order {
    /// Two octets.
    pub(crate) fn u16(self, octets: &[u8], at: u64) -> Option<u16> {
        let number = chunk(octets, at)?;
        Some(match self {
            Order::Little => u16::from_le_bytes(number),
            Order::Big => u16::from_be_bytes(number),
        })
    }

    /// Four octets.
    pub(crate) fn u32(self, octets: &[u8], at: u64) -> Option<u32> {
        let number = chunk(octets, at)?;
        Some(match self {
            Order::Little => u32::from_le_bytes(number),
            Order::Big => u32::from_be_bytes(number),
        })
    }

    /// Eight octets.
    pub(crate) fn u64(self, octets: &[u8], at: u64) -> Option<u64> {
        let number = chunk(octets, at)?;
        Some(match self {
            Order::Little => u64::from_le_bytes(number),
            Order::Big => u64::from_be_bytes(number),
        })
    }

    /// An address: four or eight octets.
    pub(crate) fn address(self, octets: &[u8], at: u64, is_wide: bool) -> Option<u64> {
        if is_wide { self.u64(octets, at) } else { self.u32(octets, at).map(u64::from) }
    }
}
