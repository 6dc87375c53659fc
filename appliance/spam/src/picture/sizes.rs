//! What the header of a picture declares: its format, width and height.

/// A format that is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Jpeg,
    Gif,
    Bmp,
    Webp,
    /// Measured, never decoded.
    Tiff,
}

/// What a header declares. Nothing of it is believed but as a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub format: Format,
    pub width: u32,
    pub height: u32,
}

impl Size {
    /// Pixels up to which a picture is decoded: rows that come one by one are sampled down.
    pub fn most_pixels(&self) -> u64 {
        match self.format {
            Format::Png | Format::Bmp => super::PIXELS.saturating_mul(3),
            Format::Tiff => 0,
            _ => super::PIXELS,
        }
    }
}

/// Numbers of a header, in either order of octets.
#[derive(Clone, Copy)]
pub(super) struct Numbers<'a> {
    octets: &'a [u8],
    is_big: bool,
}

impl<'a> Numbers<'a> {
    pub fn big(octets: &'a [u8]) -> Self {
        Numbers { octets, is_big: true }
    }

    pub fn little(octets: &'a [u8]) -> Self {
        Numbers { octets, is_big: false }
    }

    pub fn two(&self, at: usize) -> Option<u32> {
        let two: &[u8; 2] = self.octets.get(at..)?.first_chunk()?;
        Some(if self.is_big { u16::from_be_bytes(*two) } else { u16::from_le_bytes(*two) }.into())
    }

    pub fn four(&self, at: usize) -> Option<u32> {
        let four: &[u8; 4] = self.octets.get(at..)?.first_chunk()?;
        Some(if self.is_big { u32::from_be_bytes(*four) } else { u32::from_le_bytes(*four) })
    }

    /// Three octets, the low one first.
    fn three(&self, at: usize) -> Option<u32> {
        let [low, middle, high]: &[u8; 3] = self.octets.get(at..)?.first_chunk()?;
        Some(u32::from_le_bytes([*low, *middle, *high, 0]))
    }
}

/// The declared size; `None` for what is no picture of a known format.
pub(super) fn size(octets: &[u8]) -> Option<Size> {
    let (format, (width, height)) = match octets {
        [0x89, b'P', b'N', b'G', ..] => (Format::Png, png(octets)?),
        [0xff, 0xd8, 0xff, ..] => (Format::Jpeg, jpeg(octets)?),
        [b'G', b'I', b'F', b'8', ..] => (Format::Gif, gif(octets)?),
        [b'B', b'M', ..] => (Format::Bmp, bmp(octets)?),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => {
            (Format::Webp, webp(octets)?)
        }
        [b'I', b'I', 42, 0, ..] => (Format::Tiff, tiff(Numbers::little(octets))?),
        [b'M', b'M', 0, 42, ..] => (Format::Tiff, tiff(Numbers::big(octets))?),
        _ => return None,
    };
    Some(Size { format, width, height })
}

fn png(octets: &[u8]) -> Option<(u32, u32)> {
    let numbers = Numbers::big(octets);
    (octets.get(12..16)? == b"IHDR").then_some((numbers.four(16)?, numbers.four(20)?))
}

/// The first frame header behind the segments in front of it.
fn jpeg(octets: &[u8]) -> Option<(u32, u32)> {
    let numbers = Numbers::big(octets);
    let mut at = 2_usize;
    for _ in 0..1000 {
        let rest = octets.get(at..)?;
        at = at.checked_add(memchr::memchr(0xff, rest)?)?;
        let marker = *octets.get(at.checked_add(1)?)?;
        at = at.checked_add(1)?;
        match marker {
            // Fillers and marks without a segment.
            0xff | 0x00 | 0x01 | 0xd0..=0xd8 => continue,
            0xc4 | 0xc8 | 0xcc => {}
            0xc0..=0xcf => {
                return Some((numbers.two(at.checked_add(6)?)?, numbers.two(at.checked_add(4)?)?));
            }
            0xd9 | 0xda => return None,
            _ => {}
        }
        let length = usize::try_from(numbers.two(at.checked_add(1)?)?).ok()?;
        at = at.checked_add(1)?.checked_add(length.max(2))?;
    }
    None
}

fn gif(octets: &[u8]) -> Option<(u32, u32)> {
    let numbers = Numbers::little(octets);
    Some((numbers.two(6)?, numbers.two(8)?))
}

fn bmp(octets: &[u8]) -> Option<(u32, u32)> {
    let numbers = Numbers::little(octets);
    if numbers.four(14)? == 12 {
        return Some((numbers.two(18)?, numbers.two(20)?));
    }
    // A height below zero: the first row is the top one.
    let height = i32::from_le_bytes(numbers.four(22)?.to_le_bytes());
    Some((numbers.four(18)?, height.unsigned_abs()))
}

fn webp(octets: &[u8]) -> Option<(u32, u32)> {
    let numbers = Numbers::little(octets);
    match octets.get(12..16)? {
        b"VP8X" => Some((numbers.three(24)?.checked_add(1)?, numbers.three(27)?.checked_add(1)?)),
        b"VP8 " => Some((numbers.two(26)? & 0x3fff, numbers.two(28)? & 0x3fff)),
        b"VP8L" => {
            let bits = numbers.four(21)?;
            Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
        }
        _ => None,
    }
}

/// Tags 256 and 257 of the first directory.
fn tiff(numbers: Numbers<'_>) -> Option<(u32, u32)> {
    let start = usize::try_from(numbers.four(4)?).ok()?;
    let count = usize::try_from(numbers.two(start)?).ok()?.min(512);
    let (mut width, mut height) = (None, None);
    for entry in 0..count {
        let at = start.checked_add(2)?.checked_add(entry.checked_mul(12)?)?;
        let value = match numbers.two(at.checked_add(2)?)? {
            3 => numbers.two(at.checked_add(8)?),
            _ => numbers.four(at.checked_add(8)?),
        };
        match numbers.two(at)? {
            256 => width = value,
            257 => height = value,
            _ => {}
        }
    }
    Some((width?, height?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(octets: &[u8]) -> Option<(u32, u32)> {
        size(octets).map(|size| (size.width, size.height))
    }

    #[test]
    fn each_format_declares_its_size() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x02\0\0\0\x03";
        assert_eq!(told(png), Some((258, 3)));
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc2\0\x11\x08\0\x05\0\x09\x03";
        assert_eq!(told(jpeg), Some((9, 5)));
        assert_eq!(told(b"GIF89a\x07\0\x08\0"), Some((7, 8)));
        let mut bmp = vec![0; 26];
        bmp[..2].copy_from_slice(b"BM");
        bmp[14] = 40;
        bmp[18] = 6;
        bmp[22..26].copy_from_slice(&(-4_i32).to_le_bytes());
        assert_eq!(told(&bmp), Some((6, 4)));
        let old = b"BM\0\0\0\0\0\0\0\0\0\0\0\0\x0c\0\0\0\x05\0\x06\0";
        assert_eq!(told(old), Some((5, 6)));
    }

    #[test]
    fn each_kind_of_webp_declares_its_size() {
        let webp = |kind: &[u8], rest: &[u8]| told(&[b"RIFF\0\0\0\0WEBP", kind, rest].concat());
        let broad = webp(b"VP8X", b"\x0a\0\0\0\0\0\0\0\x09\0\0\x13\0\0");
        assert_eq!(broad, Some((10, 20)));
        let lossy = webp(b"VP8 ", b"\0\0\0\0\0\0\0\x9d\x01\x2a\x0a\0\x14\0");
        assert_eq!(lossy, Some((10, 20)));
        let bits = (9_u32 | 19 << 14).to_le_bytes();
        let lossless = webp(b"VP8L", &[b"\0\0\0\0\x2f".as_slice(), &bits].concat());
        assert_eq!(lossless, Some((10, 20)));
    }

    #[test]
    fn tiff_declares_its_size_in_either_order() {
        let little = b"II*\0\x08\0\0\0\x02\0\0\x01\x03\0\x01\0\0\0\x05\0\0\0\x01\x01\x04\0\x01\0\0\0\x06\0\0\0";
        assert_eq!(told(little), Some((5, 6)));
        let big = b"MM\0*\0\0\0\x08\0\x02\x01\0\0\x03\0\0\0\x01\0\x05\0\0\x01\x01\0\x04\0\0\0\x01\0\0\0\x06";
        assert_eq!(told(big), Some((5, 6)));
    }

    #[test]
    fn heads_without_a_body_declare_nothing() {
        let heads: &[&[u8]] =
            &[b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"RIFF\0\0\0\0WEBPVP8 ", b""];
        for head in heads {
            assert_eq!(told(head), None, "{head:?}");
        }
        assert_eq!(told(&[b"\xff\xd8".as_slice(), &[0xff; 5000]].concat()), None);
    }
}
