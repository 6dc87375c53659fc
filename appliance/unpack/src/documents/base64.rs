//! Base64 as attackers write it: either alphabet, white space anywhere, padding or none.
//!
//! Start with [`decode`].

/// Decodes until something that is neither a digit, white space nor padding.
pub(crate) fn decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for octet in text {
        let Some(value) = digit(*octet) else {
            if octet.is_ascii_whitespace() || *octet == b'=' {
                continue;
            }
            break;
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).unwrap_or_default());
        }
    }
    out
}

/// The value of a digit of either alphabet (RFC 4648 sections 4 and 5).
pub(crate) fn digit(octet: u8) -> Option<u8> {
    match octet {
        b'A'..=b'Z' => Some(octet - b'A'),
        b'a'..=b'z' => Some(octet - b'a' + 26),
        b'0'..=b'9' => Some(octet - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_and_missing_padding_do_no_harm() {
        assert_eq!(decode(b"aGVs\r\n bG8"), b"hello");
        assert_eq!(decode(b"aGVsbG8=\"rest"), b"hello");
    }
}
