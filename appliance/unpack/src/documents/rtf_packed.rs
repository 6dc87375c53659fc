//! Compressed RTF (MS-OXRTFCP), the form of bodies in Outlook messages and TNEF.
//!
//! Never gives more than its ratio allows. Start with [`decompress`].

use super::cursor::Cursor;
use crate::limits;

/// What the dictionary begins with (MS-OXRTFCP 2.2.1.1... the 207 octets of both sides).
const START: &[&str] = &[
    r"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}",
    r"{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArialTimes New RomanCourier",
    r"{\colortbl\red0\green0\blue0",
    "\r\n",
    r"\par \pard\plain\f0\fs20\b\i\u\tab\tx",
];
const WINDOW: usize = 4096;

/// What came out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rtf {
    /// The octets.
    pub(crate) octets: Vec<u8>,
    /// Whether all of it came.
    pub(crate) is_whole: bool,
}

/// Decompresses. `None` when it is no compressed RTF.
pub(crate) fn decompress(octets: &[u8]) -> Option<Rtf> {
    let mut cursor = Cursor::new(octets);
    let (_packed, size, kind) = (cursor.length()?, cursor.length()?, cursor.u32()?);
    cursor.skip(4)?;
    match &kind.to_le_bytes() {
        b"LZFu" => Some(expand(cursor, size)),
        b"MELA" => {
            let octets = cursor.take_most(size).to_vec();
            Some(Rtf { is_whole: octets.len() == size, octets })
        }
        _ => None,
    }
}

fn expand(mut cursor: Cursor<'_>, size: usize) -> Rtf {
    // Sixteen octets of runs give at most eight times seventeen.
    let most = cursor.len().saturating_mul(17).min(size).min(limits::STREAM_OCTETS);
    let mut window = [b' '; WINDOW];
    let mut at = 0;
    for octet in START.iter().flat_map(|part| part.bytes()) {
        put(&mut window, &mut at, octet);
    }
    let mut out = Vec::with_capacity(most.min(1024 * 1024));
    while let Some(flags) = cursor.u8() {
        for bit in 0..8 {
            if out.len() >= most {
                return Rtf { is_whole: out.len() == size, octets: out };
            }
            if flags & (1 << bit) == 0 {
                let Some(octet) = cursor.u8() else { return Rtf { octets: out, is_whole: false } };
                put(&mut window, &mut at, octet);
                out.push(octet);
                continue;
            }
            let (Some(high), Some(low)) = (cursor.u8(), cursor.u8()) else {
                return Rtf { octets: out, is_whole: false };
            };
            let token = usize::from(u16::from_be_bytes([high, low]));
            let (from, length) = (token >> 4, (token & 0x0f) + 2);
            if from == at {
                return Rtf { is_whole: out.len() == size, octets: out };
            }
            for step in 0..length {
                let octet = window.get((from + step) % WINDOW).copied().unwrap_or_default();
                put(&mut window, &mut at, octet);
                out.push(octet);
            }
        }
    }
    Rtf { octets: out, is_whole: false }
}

fn put(window: &mut [u8; WINDOW], at: &mut usize, octet: u8) {
    if let Some(slot) = window.get_mut(*at) {
        *slot = octet;
    }
    *at = (*at + 1) % WINDOW;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionary_begins_with_its_207_octets() {
        assert_eq!(START.concat().len(), 207);
    }

    #[test]
    fn the_example_of_the_specification_comes_out() {
        // MS-OXRTFCP 4.1.1.
        let packed = [
            0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 3, 0,
            0x0a, 0, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68,
            0x65, 0x6c, 0x09, 0, 0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f,
            0xa0,
        ];
        let rtf = decompress(&packed).unwrap();
        assert_eq!(rtf.octets, b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        assert!(rtf.is_whole);
        assert!(!decompress(&packed[..packed.len() - 4]).unwrap().is_whole);
    }
}
