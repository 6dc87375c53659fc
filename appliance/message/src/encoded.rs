//! Decodings for parts whose declaration cannot be trusted. Mail readers differ in what they make of
//! such a part, so every reading of it is looked at.

/// Decodes base64 the way the most forgiving readers do: octets outside the alphabet are skipped
/// and padding ends a group but not the text (RFC 2045 section 6.8 asks for the former).
#[must_use]
pub fn base64_leniently(encoded: &[u8]) -> Vec<u8> {
    base64_by(encoded, Policy::FORGIVING)
}

/// What a decoder does at padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Padding {
    /// Ends the group and goes on.
    EndsGroup,
    /// Ends the text.
    EndsText,
    /// Is skipped as any other octet.
    Skipped,
}

/// What a decoder does at an octet outside the alphabet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Junk {
    /// Skips it.
    Skipped,
    /// Ends there.
    EndsText,
}

/// How a decoder treats base64 that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    /// At padding.
    pub padding: Padding,
    /// At other octets.
    pub junk: Junk,
    /// Whether `-` and `_` are digits (RFC 4648 section 5).
    pub for_urls: bool,
    /// Whether each line is base64 of its own.
    pub by_line: bool,
    /// Whether a last group that is not whole is left away.
    pub drops_rest: bool,
}

impl Policy {
    /// The most forgiving.
    pub const FORGIVING: Policy = Policy {
        padding: Padding::EndsGroup,
        junk: Junk::Skipped,
        for_urls: false,
        by_line: false,
        drops_rest: false,
    };

    /// Those that other readers have.
    pub const OTHERS: [Policy; 7] = [
        Policy { padding: Padding::EndsText, ..Policy::FORGIVING },
        Policy { padding: Padding::Skipped, ..Policy::FORGIVING },
        Policy { junk: Junk::EndsText, ..Policy::FORGIVING },
        Policy { for_urls: true, ..Policy::FORGIVING },
        Policy { by_line: true, ..Policy::FORGIVING },
        Policy { drops_rest: true, ..Policy::FORGIVING },
        Policy { junk: Junk::EndsText, drops_rest: true, ..Policy::FORGIVING },
    ];
}

/// Decodes base64 by a policy.
pub(crate) fn base64_by(encoded: &[u8], policy: Policy) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(encoded.len() / 4 * 3);
    let mut group: u32 = 0;
    let mut digits = 0;
    for octet in encoded {
        let value = digit(*octet).or(match octet {
            b'-' if policy.for_urls => Some(62),
            b'_' if policy.for_urls => Some(63),
            _ => None,
        });
        let ends_group = match octet {
            b'=' if policy.padding == Padding::EndsText && digits > 0 => break,
            b'=' => policy.padding == Padding::EndsGroup,
            b'\n' => policy.by_line,
            _ => false,
        };
        if let Some(value) = value {
            group = group << 6 | u32::from(value);
            digits += 1;
            if digits == 4 {
                put(&mut decoded, group, 3);
                (group, digits) = (0, 0);
            }
        } else if ends_group {
            finish(&mut decoded, group, digits);
            (group, digits) = (0, 0);
        } else if policy.junk == Junk::EndsText && !octet.is_ascii_whitespace() && *octet != b'=' {
            break;
        }
    }
    if !policy.drops_rest {
        finish(&mut decoded, group, digits);
    }
    decoded
}

fn finish(decoded: &mut Vec<u8>, group: u32, digits: u32) {
    match digits {
        2 => put(decoded, group << 12, 1),
        3 => put(decoded, group << 6, 2),
        _ => {}
    }
}

fn put(decoded: &mut Vec<u8>, group: u32, octets: usize) {
    let [_, bytes @ ..] = group.to_be_bytes();
    decoded.extend(bytes.iter().take(octets));
}

fn digit(octet: u8) -> Option<u8> {
    match octet {
        b'A'..=b'Z' => Some(octet - b'A'),
        b'a'..=b'z' => Some(octet - b'a' + 26),
        b'0'..=b'9' => Some(octet - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// Base64 with padding (RFC 4648 section 4), for encoded words.
pub(crate) fn base64(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(octets.len().div_ceil(3) * 4);
    for chunk in octets.chunks(3) {
        let mut group = [0; 4];
        for (place, octet) in group.iter_mut().skip(1).zip(chunk) {
            *place = *octet;
        }
        let group = u32::from_be_bytes(group);
        for position in 0..4 {
            let value = (group >> (18 - 6 * position) & 63) as usize;
            let letter = ALPHABET.get(value).copied().unwrap_or(b'=');
            text.push(char::from(if position <= chunk.len() { letter } else { b'=' }));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_back() {
        for text in ["", "a", "ab", "abc", "abcd", "\u{fc}\u{20ac}"] {
            assert_eq!(base64_leniently(base64(text.as_bytes()).as_bytes()), text.as_bytes());
        }
        assert_eq!(base64(b"light work."), "bGlnaHQgd29yay4=");
    }

    #[test]
    fn junk_and_early_padding_hide_nothing() {
        assert_eq!(base64_leniently(b"YW*J\r\nj--ZGU="), b"abcde");
        assert_eq!(base64_leniently(b"YQ==YmM="), b"abc");
        assert_eq!(base64_leniently(b"=====YWJj"), b"abc");
    }
}
