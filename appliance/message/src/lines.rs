//! The encodings that came before MIME and are still read: uuencode, yEnc, `BinHex` 4.0. Each
//! decodes a whole body, or a block inside a text. Starts of blocks are found in `embedded.rs`.

use memchr::{memchr, memmem};

use crate::limits;
use crate::transfer::Fit;

/// A file that was encoded in a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Its name as the text says.
    pub name: String,
    /// Its octets.
    pub octets: Vec<u8>,
    /// Octets of text from the start of the block to its end.
    pub length: usize,
    /// Whether it was whole.
    pub fit: Fit,
}

/// The lines of a text, without their ends, with the octets of each.
fn lines(text: &[u8]) -> impl Iterator<Item = (&[u8], usize)> {
    text.split_inclusive(|octet| *octet == b'\n').map(|line| {
        let end = match line {
            [inner @ .., b'\r', b'\n'] | [inner @ .., b'\n'] => inner,
            _ => line,
        };
        (end, line.len())
    })
}

/// A block that starts with `begin <mode> <name>` here; `None` when what follows is no uuencode.
pub(crate) fn uu(text: &[u8]) -> Option<Block> {
    let mut lines = lines(text);
    let (first, mut length) = lines.next()?;
    let name = uu_name(first)?;
    let mut octets = Vec::new();
    let mut fit = Fit::Broken;
    for (line, size) in lines {
        length += size;
        if line.trim_ascii() == b"end" {
            fit = Fit::Exact;
            break;
        }
        if !uu_line(line, &mut octets) {
            length -= size;
            break;
        }
    }
    (!octets.is_empty()).then_some(Block { name, octets, length, fit })
}

/// The name in `begin 644 name`.
fn uu_name(line: &[u8]) -> Option<String> {
    let rest = line.strip_prefix(b"begin ")?.trim_ascii();
    let digits = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let (mode, name) = rest.split_at_checked(digits)?;
    let is_mode = (3..=5).contains(&mode.len()) && name.starts_with(b" ");
    is_mode.then(|| text_of(name.trim_ascii()))
}

/// Decodes one line; false when it is none.
fn uu_line(line: &[u8], octets: &mut Vec<u8>) -> bool {
    let Some((count, digits)) = line.split_first() else { return true };
    let value = |octet: u8| octet.wrapping_sub(b' ') & 63;
    let wanted = usize::from(value(*count));
    if !(b' '..=b'`').contains(count) {
        return false;
    }
    if wanted == 0 {
        return true;
    }
    // Trailing spaces, which are digits, are lost on the way.
    let needed = wanted.div_ceil(3) * 4;
    if digits.len() > needed + 4 || digits.len() + 8 < needed && digits.len() < needed / 2 {
        return false;
    }
    let before = octets.len();
    let padded = digits.iter().copied().chain(std::iter::repeat(b' ')).take(needed);
    let mut group = 0_u32;
    for (number, digit) in padded.enumerate() {
        if !(b' '..=b'`').contains(&digit) {
            octets.truncate(before);
            return false;
        }
        group = group << 6 | u32::from(value(digit));
        if number % 4 == 3 {
            let [_, first, second, third] = group.to_be_bytes();
            octets.extend([first, second, third]);
            group = 0;
        }
    }
    octets.truncate(before + wanted);
    true
}

/// A whole body in uuencode.
pub(crate) fn uu_whole(encoded: &[u8]) -> (Vec<u8>, Fit) {
    let mut start = 0;
    for (line, size) in lines(encoded) {
        if line.starts_with(b"begin ") {
            let block = encoded.get(start..).and_then(uu);
            return block.map_or((Vec::new(), Fit::Broken), |block| (block.octets, block.fit));
        }
        start += size;
    }
    let mut octets = Vec::new();
    let all = lines(encoded).all(|(line, _)| uu_line(line, &mut octets));
    (octets, if all { Fit::Loose } else { Fit::Broken })
}

/// A block that starts with `=ybegin ` here.
pub(crate) fn yenc(text: &[u8]) -> Option<Block> {
    let mut lines = lines(text);
    let (first, mut length) = lines.next()?;
    first.starts_with(b"=ybegin ").then_some(())?;
    let name = memmem::find(first, b"name=").and_then(|at| first.get(at + 5..)).unwrap_or_default();
    let name = text_of(name.trim_ascii());
    let mut octets = Vec::new();
    let mut fit = Fit::Broken;
    for (line, size) in lines {
        if line.starts_with(b"=ybegin ") {
            break;
        }
        length += size;
        if line.starts_with(b"=yend") {
            fit = Fit::Exact;
            break;
        }
        if !line.starts_with(b"=ypart ") {
            yenc_line(line, &mut octets);
        }
    }
    Some(Block { name, octets, length, fit })
}

fn yenc_line(line: &[u8], octets: &mut Vec<u8>) {
    // Stuffed as SMTP does.
    let line = line.strip_prefix(b".").filter(|rest| rest.starts_with(b".")).unwrap_or(line);
    let mut is_escaped = false;
    for octet in line {
        match (octet, is_escaped) {
            (b'=', false) => is_escaped = true,
            (octet, escaped) => {
                let shift = if escaped { 42 + 64 } else { 42 };
                octets.push(octet.wrapping_sub(shift));
                is_escaped = false;
            }
        }
    }
}

/// A whole body in yEnc.
pub(crate) fn yenc_whole(encoded: &[u8]) -> (Vec<u8>, Fit) {
    let block = memmem::find(encoded, b"=ybegin ").and_then(|at| encoded.get(at..)).and_then(yenc);
    if let Some(block) = block {
        return (block.octets, block.fit);
    }
    let mut octets = Vec::with_capacity(encoded.len());
    lines(encoded).for_each(|(line, _)| yenc_line(line, &mut octets));
    (octets, Fit::Loose)
}

const BINHEX_DIGITS: &[u8; 64] =
    b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";

/// A block of `BinHex` 4.0 whose first colon stands here: its data fork.
pub(crate) fn binhex(text: &[u8]) -> Option<Block> {
    let body = text.strip_prefix(b":")?;
    let end = memchr(b':', body);
    let digits = body.get(..end.unwrap_or(body.len()))?;
    let unpacked = run_lengths(&sixes(digits)?)?;
    let name_length = usize::from(*unpacked.first()?);
    let name = text_of(unpacked.get(1..)?.get(..name_length)?);
    // Name, a zero, type, creator and flags; then the sizes of both forks and a checksum.
    let sizes = unpacked.get(1 + name_length + 1 + 10..)?;
    let data = u32::from_be_bytes(*sizes.first_chunk::<4>()?) as usize;
    let fork = sizes.get(10..)?;
    let octets = fork.get(..data.min(fork.len()))?.to_vec();
    let is_whole = end.is_some() && octets.len() == data;
    let length = 1 + digits.len() + usize::from(end.is_some());
    Some(Block { name, octets, length, fit: if is_whole { Fit::Exact } else { Fit::Broken } })
}

/// Digits of six bits to octets; `None` at an octet that is none.
fn sixes(digits: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(digits.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0_u32, 0);
    for digit in digits.iter().filter(|octet| !octet.is_ascii_whitespace()) {
        let value = memchr(*digit, BINHEX_DIGITS)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            let [.., octet] = (bits >> count).to_be_bytes();
            out.push(octet);
        }
    }
    Some(out)
}

/// Undoes the run lengths: 0x90 and a count repeat the octet before.
fn run_lengths(packed: &[u8]) -> Option<Vec<u8>> {
    let most = packed.len().saturating_mul(limits::BINHEX_RATIO).min(limits::BINHEX_OCTETS);
    let mut out = Vec::with_capacity(packed.len());
    let mut octets = packed.iter();
    while let Some(octet) = octets.next() {
        match (*octet, *octet == 0x90) {
            (plain, false) => out.push(plain),
            (mark, true) => match octets.next() {
                Some(0) => out.push(mark),
                Some(count) => {
                    let last = *out.last()?;
                    out.extend(std::iter::repeat_n(last, usize::from(*count).saturating_sub(1)));
                }
                None => break,
            },
        }
        if out.len() > most {
            break;
        }
    }
    Some(out)
}

/// A whole body in `BinHex` 4.0.
pub(crate) fn binhex_whole(encoded: &[u8]) -> (Vec<u8>, Fit) {
    let block = memchr(b':', encoded).and_then(|at| encoded.get(at..)).and_then(|text| {
        let marked = memmem::find(text, b"\n:").and_then(|at| text.get(at + 1..));
        binhex(text).or_else(|| marked.and_then(binhex))
    });
    block.map_or((Vec::new(), Fit::Broken), |block| (block.octets, block.fit))
}

fn text_of(octets: &[u8]) -> String {
    let kept = octets.get(..octets.len().min(limits::TEXT_OCTETS)).unwrap_or_default();
    String::from_utf8_lossy(kept).trim_matches('"').to_owned()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// uuencode of some octets, as a block.
    pub(crate) fn uu_block(octets: &[u8], name: &str) -> String {
        let digit = |value: u32| char::from_u32(if value == 0 { 96 } else { value + 32 }).unwrap();
        let mut text = format!("begin 644 {name}\r\n");
        for line in octets.chunks(45) {
            text.push(digit(line.len() as u32));
            for group in line.chunks(3) {
                let value = (0..3)
                    .fold(0_u32, |sum, at| sum << 8 | u32::from(*group.get(at).unwrap_or(&0)));
                (0..4).for_each(|at| text.push(digit(value >> (18 - 6 * at) & 63)));
            }
            text.push_str("\r\n");
        }
        text + "`\r\nend\r\n"
    }

    /// yEnc of some octets, as a block.
    pub(crate) fn yenc_block(octets: &[u8], name: &str) -> Vec<u8> {
        let mut text =
            format!("=ybegin line=128 size={} name={name}\r\n", octets.len()).into_bytes();
        for line in octets.chunks(64) {
            for octet in line {
                match octet.wrapping_add(42) {
                    critical @ (0 | b'\r' | b'\n' | b'=' | b'.') => {
                        text.extend([b'=', critical.wrapping_add(64)]);
                    }
                    plain => text.push(plain),
                }
            }
            text.extend(b"\r\n");
        }
        text.extend(format!("=yend size={}\r\n", octets.len()).bytes());
        text
    }

    /// `BinHex` 4.0 of some octets, from its first colon to its last.
    pub(crate) fn binhex_block(octets: &[u8], name: &str) -> String {
        let mut plain = vec![name.len() as u8];
        plain.extend(name.bytes());
        plain.extend([0; 11]);
        plain.extend((octets.len() as u32).to_be_bytes());
        plain.extend([0; 6]);
        plain.extend(octets);
        plain.extend([0; 4]);
        let packed: Vec<u8> =
            plain.iter().flat_map(|o| if *o == 0x90 { vec![0x90, 0] } else { vec![*o] }).collect();
        let mut text = String::from(":");
        for (number, group) in packed.chunks(3).enumerate() {
            if number > 0 && number % 16 == 0 {
                text.push_str("\r\n");
            }
            let value =
                (0..3).fold(0_u32, |sum, at| sum << 8 | u32::from(*group.get(at).unwrap_or(&0)));
            (0..4).for_each(|at| {
                text.push(char::from(BINHEX_DIGITS[(value >> (18 - 6 * at) & 63) as usize]))
            });
        }
        text + ":"
    }

    fn sample() -> Vec<u8> {
        (0..=255).chain(0..100).collect()
    }

    #[test]
    fn uuencode_comes_back_with_its_name() {
        let text = uu_block(&sample(), "a file.bin") + "after\r\n";
        let block = uu(text.as_bytes()).unwrap();
        assert_eq!((block.octets, block.name.as_str()), (sample(), "a file.bin"));
        assert_eq!((&text[block.length..], block.fit), ("after\r\n", Fit::Exact));
        assert_eq!(uu_whole(text.as_bytes()), (sample(), Fit::Exact));
    }

    #[test]
    fn uuencode_without_end_is_told_as_broken_and_with_lost_spaces_is_read() {
        let text = uu_block(&sample(), "x");
        let cut = uu(&text.as_bytes()[..200]).unwrap();
        assert!(cut.fit == Fit::Broken && sample().starts_with(&cut.octets));
        let spaces = uu_block(&[0; 40], "x").replace('`', " ").replace(" \r\n", "\r\n");
        assert_eq!(uu(spaces.as_bytes()).unwrap().octets, [0; 40]);
        for text in ["begin 644 x\r\nHello World\r\n", "begin with a word\r\n", "begin 644\r\n"] {
            assert_eq!(uu(text.as_bytes()), None);
        }
    }

    #[test]
    fn yenc_comes_back_with_its_name() {
        let block = yenc(&yenc_block(&sample(), "a b.zip")).unwrap();
        assert_eq!(
            (block.octets, block.name.as_str(), block.fit),
            (sample(), "a b.zip", Fit::Exact)
        );
    }

    #[test]
    fn binhex_comes_back_with_its_name() {
        let text = binhex_block(&sample(), "a.sit");
        let block = binhex(text.as_bytes()).unwrap();
        assert_eq!((block.octets, block.name.as_str(), block.fit), (sample(), "a.sit", Fit::Exact));
        let page = format!("(This file must be converted with BinHex 4.0)\r\n{text}\r\n");
        assert_eq!(binhex_whole(page.as_bytes()).0, sample());
        assert_eq!(run_lengths(&[1, 0x90, 4, 0x90, 0]).unwrap(), [1, 1, 1, 1, 0x90]);
        assert_eq!(run_lengths(&[0x90, 4]), None);
    }

    proptest::proptest! {
        #[test]
        fn no_octets_make_it_panic(octets: Vec<u8>) {
            for start in [&b"begin 644 x\r\n"[..], b"=ybegin name=x\r\n", b":"] {
                let text = [start, &octets].concat();
                let _ = (uu(&text), yenc(&text), binhex(&text));
                let _ = (uu_whole(&octets), yenc_whole(&octets), binhex_whole(&octets));
            }
        }
    }
}
