//! Sound, film and pictures whose signature is a frame: RIFF, IFF, MP4 boxes, MPEG frames.

use crate::kind::FileType;
use crate::kinds::*;
use crate::reach::{head, high32, octet, place, stands, tail};

/// The type of a framed medium.
pub(crate) fn kind(octets: &[u8]) -> Option<FileType> {
    match head(octets, 4) {
        b"RIFF" | b"RIFX" => riff(octets),
        b"FORM" => iff(octets),
        [0xff, second, ..] if *second >= 0xe0 => mpeg_audio(octets),
        [0x47, ..] => transport_stream(octets, 0),
        _ => boxes(octets).or_else(|| transport_stream(octets, 4)).or_else(|| footer(octets)),
    }
}

fn riff(octets: &[u8]) -> Option<FileType> {
    match octets.get(8..12)? {
        b"WAVE" => Some(WAV),
        b"AVI " => Some(AVI),
        b"WEBP" => Some(WEBP),
        b"ACON" => Some(ANI),
        b"RMID" => Some(MIDI),
        [b'C', b'D', b'R', _] | [b'c', b'd', b'r', _] => Some(CDR),
        _ => None,
    }
}

fn iff(octets: &[u8]) -> Option<FileType> {
    match octets.get(8..12)? {
        b"AIFF" | b"AIFC" => Some(AIFF),
        b"ILBM" | b"PBM " | b"ACBM" | b"ANIM" => Some(ILBM),
        _ => None,
    }
}

/// ISO base media: a box `ftyp` with a brand, or one of the boxes of old `QuickTime`.
fn boxes(octets: &[u8]) -> Option<FileType> {
    let size = high32(octets, 0)?;
    match octets.get(4..8)? {
        b"ftyp" if size >= 8 => Some(brand(octets.get(8..12).unwrap_or_default())),
        b"moov" | b"mdat" | b"wide" | b"pnot" if size == 1 || size >= 8 => Some(QUICKTIME),
        _ => None,
    }
}

fn brand(brand: &[u8]) -> FileType {
    match brand {
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => HEIF,
        b"avif" | b"avis" => AVIF,
        b"qt  " => QUICKTIME,
        b"M4A " | b"M4B " | b"M4P " => M4A,
        b"crx " => CR3,
        [b'3', b'g', b'p' | b'2' | b'r' | b's', ..] => THREE_GPP,
        _ => MP4,
    }
}

/// MPEG audio and AAC: two frames in sequence.
fn mpeg_audio(octets: &[u8]) -> Option<FileType> {
    let [_, second, third, fourth] = head(octets, 4) else { return None };
    if second & 0xf6 == 0xf0 {
        // ADTS: thirteen bits of length over octets 3 to 5.
        let fifth = usize::from(octet(octets, 4)?);
        let sixth = usize::from(octet(octets, 5)?);
        let length = usize::from(fourth & 3) << 11 | fifth << 3 | sixth >> 5;
        let next = stands(octets, length, &[0xff]) || length == octets.len();
        return (length > 7 && next).then_some(AAC);
    }
    let length = layer_three(*second, *third)?;
    let next = octet(octets, length) == Some(0xff) && octet(octets, length + 1)? >= 0xe0;
    next.then_some(MP3)
}

/// Octets of a frame of MPEG 1, 2 or 2.5, layer III (ISO 11172-3 table of bit rates).
fn layer_three(second: u8, third: u8) -> Option<usize> {
    const ONE: [usize; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    const TWO: [usize; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    const HERTZ: [usize; 3] = [44_100, 48_000, 32_000];
    if (second >> 1) & 3 != 1 {
        return None;
    }
    let (rates, factor, divisor) = match (second >> 3) & 3 {
        3 => (&ONE, 144, 1),
        2 => (&TWO, 72, 2),
        0 => (&TWO, 72, 4),
        _ => return None,
    };
    let kilobits = *rates.get(usize::from(third >> 4))?;
    let hertz = *HERTZ.get(usize::from((third >> 2) & 3))? / divisor;
    let padding = usize::from((third >> 1) & 1);
    (kilobits > 0).then(|| factor * kilobits * 1000 / hertz + padding)
}

/// Packets of 188 octets, each with its sync octet; `skip` octets of time before each in m2ts.
fn transport_stream(octets: &[u8], skip: usize) -> Option<FileType> {
    let stride = 188 + skip;
    let synced = (0..4).all(|packet| octet(octets, skip + packet * stride) == Some(0x47));
    synced.then_some(MPEG_TS)
}

/// Types that are told at the end only.
fn footer(octets: &[u8]) -> Option<FileType> {
    let (_, last) = tail(octets, 26);
    if stands(last, 8, b"TRUEVISION-XFILE.") {
        return Some(TGA);
    }
    let (_, last) = tail(octets, 512);
    if last.starts_with(b"koly\x00\x00\x00\x04") {
        return Some(DMG);
    }
    if last.starts_with(b"conectix") {
        return Some(VHD);
    }
    let (at, last) = tail(octets, 12);
    let nero = last.starts_with(b"NER5") && high32(last, 8).is_some_and(|start| place(start) < at);
    nero.then_some(NERO_IMAGE)
}
