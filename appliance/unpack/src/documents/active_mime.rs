//! `ActiveMime`, the wrapping of macros in Office files saved as HTML or XML: a head, then a
//! compressed compound file.
//!
//! Start with [`read`].

use std::borrow::Cow;

use super::gathered::Gathered;
use super::inflate::inflate;

/// Whether the octets begin so.
pub(crate) fn is_one(octets: &[u8]) -> bool {
    octets.starts_with(b"ActiveMime")
}

/// Inflates what it wraps: behind 50 octets, or wherever a compressed stream begins.
pub(crate) fn read(octets: &[u8]) -> Gathered<'_> {
    let mut gathered = Gathered::default();
    let head = octets.get(..octets.len().min(256)).unwrap_or_default();
    let starts = std::iter::once(50).chain(memchr::memchr_iter(b'x', head));
    for start in starts {
        let inflated = inflate(octets.get(start..).unwrap_or_default());
        if inflated.octets.starts_with(&super::ole::MAGIC)
            || (inflated.is_whole && !inflated.octets.is_empty())
        {
            if !inflated.is_whole {
                gathered.damage = Some("the wrapped macros are cut off");
            }
            gathered.payload("editdata.ole", Cow::Owned(inflated.octets));
            return gathered;
        }
    }
    gathered.damage = Some("the wrapped macros cannot be read");
    gathered
}
