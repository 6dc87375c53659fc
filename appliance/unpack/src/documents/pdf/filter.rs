//! Filters of PDF streams (ISO 32000-1, 7.4), one after another and each with a bound.
//!
//! Pictures stay as they are: their format is a file type of its own. Start with [`decode`].

use std::borrow::Cow;

use super::super::inflate::inflate;
use super::value::{Value, from_hexadecimal};
use crate::limits;

/// What came out of all filters.
#[derive(Debug)]
pub(crate) struct Decoded<'a> {
    /// The octets.
    pub(crate) octets: Cow<'a, [u8]>,
    /// Whether every filter ended well.
    pub(crate) is_whole: bool,
    /// Whether a bound ended a filter.
    pub(crate) is_over: bool,
    /// What could not be undone.
    pub(crate) unknown: Option<String>,
}

/// Undoes the filters that the dictionary of a stream names.
pub(crate) fn decode<'a>(raw: Cow<'a, [u8]>, dictionary: &Value) -> Decoded<'a> {
    let filters = dictionary.get("Filter").or_else(|| dictionary.get("F"));
    let filters = filters.map(Value::each).unwrap_or_default();
    let settings = dictionary.get("DecodeParms").or_else(|| dictionary.get("DP"));
    let settings = settings.map(Value::each).unwrap_or_default();
    let mut decoded = Decoded { octets: raw, is_whole: true, is_over: false, unknown: None };
    if filters.len() > limits::PDF_FILTERS {
        decoded.unknown = Some(format!("{} filters on one stream", filters.len()));
        return decoded;
    }
    for (number, filter) in filters.iter().enumerate() {
        let setting = settings.get(number).unwrap_or(&Value::Null);
        let (octets, is_whole) = match filter.name().unwrap_or_default() {
            b"FlateDecode" | b"Fl" => {
                let inflated = inflate(&decoded.octets);
                decoded.is_over |= inflated.is_over;
                (predicted(inflated.octets, setting), inflated.is_whole)
            }
            b"LZWDecode" | b"LZW" => {
                let (octets, is_whole) = lzw(&decoded.octets, setting);
                (predicted(octets, setting), is_whole)
            }
            b"ASCIIHexDecode" | b"AHx" => (from_hexadecimal(&decoded.octets), true),
            b"ASCII85Decode" | b"A85" => (ascii85(&decoded.octets), true),
            b"RunLengthDecode" | b"RL" => run_length(&decoded.octets),
            b"Crypt" => continue,
            b"DCTDecode" | b"DCT" | b"JPXDecode" | b"CCITTFaxDecode" | b"CCF" | b"JBIG2Decode" => {
                return decoded;
            }
            other => {
                decoded.unknown = Some(String::from_utf8_lossy(other).into_owned());
                return decoded;
            }
        };
        decoded.is_over |= !is_whole && octets.len() >= most(decoded.octets.len());
        decoded.octets = Cow::Owned(octets);
        decoded.is_whole &= is_whole;
    }
    decoded
}

/// Undoes the predictors of PNG; those of TIFF change pictures only.
fn predicted(octets: Vec<u8>, setting: &Value) -> Vec<u8> {
    let number = |key: &str, usual: usize| setting.get(key).and_then(Value::size).unwrap_or(usual);
    if number("Predictor", 1) < 10 {
        return octets;
    }
    let bits = number("Colors", 1).saturating_mul(number("BitsPerComponent", 8));
    let step = bits.div_ceil(8).max(1);
    let row = number("Columns", 1).saturating_mul(bits).div_ceil(8).max(1);
    let mut out: Vec<u8> = Vec::with_capacity(octets.len());
    for line in octets.chunks(row.saturating_add(1)) {
        let Some((kind, data)) = line.split_first() else { continue };
        let start = out.len();
        for (at, octet) in data.iter().enumerate() {
            let before = |back: usize, list: &[u8]| {
                start
                    .checked_add(at)
                    .and_then(|here| here.checked_sub(back))
                    .and_then(|i| list.get(i).copied())
                    .unwrap_or(0)
            };
            let left = if at >= step { before(step, &out) } else { 0 };
            let up = before(row, &out);
            let corner = if at >= step { before(row.saturating_add(step), &out) } else { 0 };
            let guess = match kind {
                1 => left,
                2 => up,
                3 => u8::try_from((u16::from(left) + u16::from(up)) / 2).unwrap_or_default(),
                4 => nearest(left, up, corner),
                _ => 0,
            };
            out.push(octet.wrapping_add(guess));
        }
    }
    out
}

/// Paeth's predictor (PNG, 9.4).
fn nearest(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    let far = |one: u8| (guess - i16::from(one)).abs();
    if far(left) <= far(up) && far(left) <= far(corner) {
        left
    } else if far(up) <= far(corner) {
        up
    } else {
        corner
    }
}

fn ascii85(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() / 5 * 4 + 4);
    let (mut value, mut count) = (0_u32, 0_usize);
    for octet in octets {
        match octet {
            b'z' if count == 0 => out.extend([0; 4]),
            b'!'..=b'u' => {
                value = value.wrapping_mul(85).wrapping_add(u32::from(octet - b'!'));
                count += 1;
                if count == 5 {
                    out.extend(value.to_be_bytes());
                    (value, count) = (0, 0);
                }
            }
            b'~' => break,
            _ => {}
        }
    }
    if count > 1 {
        for _ in count..5 {
            value = value.wrapping_mul(85).wrapping_add(84);
        }
        out.extend(value.to_be_bytes().iter().take(count - 1));
    }
    out
}

fn most(packed: usize) -> usize {
    packed.saturating_mul(limits::RATIO as usize).clamp(64 * 1024, limits::STREAM_OCTETS)
}

fn run_length(octets: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let mut rest = octets;
    while let Some((length, behind)) = rest.split_first() {
        match length {
            128 => return (out, true),
            0..=127 => {
                let wanted = usize::from(*length) + 1;
                let (run, more) = behind.split_at_checked(wanted).unwrap_or((behind, &[]));
                out.extend_from_slice(run);
                rest = more;
            }
            _ => {
                let Some((octet, more)) = behind.split_first() else { return (out, false) };
                out.resize(out.len() + 257 - usize::from(*length), *octet);
                rest = more;
            }
        }
        if out.len() > most(octets.len()) {
            return (out, false);
        }
    }
    (out, true)
}

/// LZW with codes of 9 to 12 bits, the high bit first (ISO 32000-1, 7.4.4).
fn lzw(octets: &[u8], setting: &Value) -> (Vec<u8>, bool) {
    let early = setting.get("EarlyChange").and_then(Value::size).unwrap_or(1).min(1);
    let mut out: Vec<u8> = Vec::new();
    // Each code stands for a run of what came out already: its place and length.
    let mut table: Vec<(usize, usize)> = Vec::with_capacity(4096);
    let mut before: Option<(usize, usize)> = None;
    let (mut bits, mut count) = (0_u32, 0_u32);
    for octet in octets {
        bits = bits << 8 | u32::from(*octet);
        count += 8;
        let width = match table.len() + 258 + early {
            0..512 => 9,
            512..1024 => 10,
            1024..2048 => 11,
            _ => 12,
        };
        if count < width {
            continue;
        }
        count -= width;
        let code = usize::try_from(bits >> count & ((1 << width) - 1)).unwrap_or_default();
        match code {
            256 => {
                table.clear();
                before = None;
                continue;
            }
            257 => return (out, true),
            _ => {}
        }
        let start = out.len();
        if let Ok(one) = u8::try_from(code) {
            out.push(one);
        } else {
            let known = table.get(code - 258).copied();
            let Some((from, length)) = known.or(before.map(|(from, length)| (from, length + 1)))
            else {
                return (out, false);
            };
            for at in from..from.saturating_add(length) {
                let one = out.get(at).copied().unwrap_or_default();
                out.push(one);
            }
        }
        if let Some((from, length)) = before
            && table.len() < 4096 - 258
        {
            table.push((from, length + 1));
        }
        before = Some((start, out.len() - start));
        if out.len() > most(octets.len()) {
            return (out, false);
        }
    }
    (out, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dictionary(filters: &[&str]) -> Value {
        let list = filters.iter().map(|name| Value::Name(name.as_bytes().to_vec())).collect();
        Value::Dictionary(vec![(b"Filter".to_vec(), Value::Array(list))])
    }

    #[test]
    fn filters_are_undone_in_their_order() {
        let decoded = decode(
            Cow::Borrowed(b"38376355 52445D6A 37424562 6F38307E3E>"),
            &dictionary(&["AHx", "A85"]),
        );
        assert_eq!(decoded.octets.as_ref(), b"Hello world!");
        assert_eq!(ascii85(b"87cURD]j7BEbo80~>"), b"Hello world!");
        assert_eq!(run_length(b"\x01ab\xfec\x80rest"), (b"abccc".to_vec(), true));
    }

    #[test]
    fn the_example_of_the_standard_comes_out_of_lzw() {
        let packed = [0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01];
        let (octets, is_whole) = lzw(&packed, &Value::Null);
        assert_eq!(octets, [45, 45, 45, 45, 45, 65, 45, 45, 45, 66]);
        assert!(is_whole);
    }

    #[test]
    fn a_long_chain_of_filters_is_told_and_not_followed() {
        let decoded = decode(Cow::Borrowed(b"00"), &dictionary(&["AHx"; 100]));
        assert!(decoded.unknown.is_some());
    }

    #[test]
    fn runs_end_at_the_bound() {
        let bomb = [0x81, 0].repeat(1_000_000);
        assert!(run_length(&bomb).0.len() <= limits::STREAM_OCTETS + 256);
    }
}
