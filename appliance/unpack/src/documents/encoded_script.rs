//! Encoded scripts of Windows (`JScript.Encode`, `VBScript.Encode`): known, told, and not decoded.
//!
//! Never called clean. Start with [`is_one`].

use crate::specimen::Specimen;
use crate::walk::{Stop, Walk};

const BEGIN: &[u8] = b"#@~^";

/// Whether an encoded script stands in these octets.
pub(crate) fn is_one(octets: &[u8]) -> bool {
    let head = octets.get(..octets.len().min(crate::limits::SNIFF_OCTETS)).unwrap_or_default();
    // The mark, six digits of base64 for the length, and the padding of these.
    memchr::memmem::find_iter(head, BEGIN).any(|at| {
        let behind = head.get(at + BEGIN.len()..).unwrap_or_default();
        let digits = behind.iter().take(6).filter(|octet| super::base64::digit(**octet).is_some());
        digits.count() == 6 && behind.get(6..8) == Some(b"==")
    })
}

/// Says that the script cannot be read here.
///
/// # Errors
/// [`Stop::Unsupported`].
pub(crate) fn unpack(_specimen: &Specimen<'_>, _walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    Err(Stop::unsupported("an encoded script"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_alone_is_no_encoded_script() {
        assert!(is_one(b"<script language=VBScript.Encode>#@~^aAAAAA==x"));
        assert!(!is_one(b"a comic says #@~^!"));
    }
}
