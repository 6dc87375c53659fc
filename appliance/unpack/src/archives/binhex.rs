//! BinHex 4.0 (RFC 1741): six bits a character, runs, then a data fork and a resource fork.

use crate::octets::{length, run, run_or_rest, u16_be, u32_be};
use crate::place;
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk};

const ALPHABET: &[u8; 64] = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
const RUN: u8 = 0x90;
const BANNER: &[u8] = b"(This file must be converted with BinHex";

/// Takes a BinHex apart.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let text = specimen.octets;
    let banner = memchr::memmem::find(text, BANNER).unwrap_or(0);
    let after = text.get(banner..).unwrap_or_default();
    let colon = memchr::memmem::find(after, b"\n:").or_else(|| memchr::memmem::find(after, b"\r:"));
    let begin = colon.ok_or_else(|| Stop::broken("no beginning"))?.saturating_add(2);
    let most = walk.limits().member_octets;
    // A run makes at most 255 octets of three.
    let (octets, is_ended) = decode(after.get(begin..).unwrap_or_default(), length(most));
    walk.reserve(octets.capacity() as u64)?;
    tell(&octets, specimen, walk)?.ok_or_else(|| Stop::broken("cut short"))?;
    if is_ended { Ok(()) } else { Err(Stop::broken("no end")) }
}

/// Tells both forks; nothing when the header is cut short or a fork is.
fn tell(
    octets: &[u8],
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<Option<()>, Stop> {
    let Some((name, sizes, data_at)) = header(octets) else { return Ok(None) };
    let mut at = data_at;
    let mut is_whole = true;
    for (size, suffix) in sizes.into_iter().zip(["", ".rsrc"]) {
        let fork = run_or_rest(octets, at, size);
        let entry = Entry {
            packed_octets: fork.len() as u64,
            declared_octets: Some(size as u64),
            ..Entry::default()
        };
        if size > 0 {
            walk.member_stored(specimen, &format!("{name}{suffix}"), entry, fork)?;
        }
        at = at.saturating_add(size);
        let sum = u16_be(octets, at);
        is_whole &= sum == Some(crc16(fork));
        at = at.saturating_add(2);
    }
    Ok(is_whole.then_some(()))
}

/// Name, octets of both forks, and where the first begins.
fn header(octets: &[u8]) -> Option<(String, [usize; 2], usize)> {
    let name_octets = usize::from(*octets.first()?);
    let name = run(octets, 1, name_octets)?;
    // Version, type, creator and flags.
    let at = 1 + name_octets + 11;
    let sizes = [u32_be(octets, at)?, u32_be(octets, at + 4)?].map(|size| length(u64::from(size)));
    Some((place::decode(name), sizes, at + 10))
}

/// Characters to octets, runs spelt out, at most so many; and whether the closing colon was there.
fn decode(text: &[u8], most: usize) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let mut is_run = false;
    let (mut bits, mut count) = (0_u32, 0);
    for character in text.iter().filter(|one| !one.is_ascii_whitespace()) {
        if *character == b':' {
            return (out, true);
        }
        let Some(value) = ALPHABET.iter().position(|one| one == character) else { break };
        bits = bits << 6 | u32::try_from(value).unwrap_or_default();
        count += 6;
        if count >= 8 {
            count -= 8;
            let octet = (bits >> count & 0xff).to_le_bytes();
            put(&mut out, octet.first().copied().unwrap_or_default(), &mut is_run);
        }
        if out.len() > most {
            break;
        }
    }
    (out, false)
}

fn put(out: &mut Vec<u8>, octet: u8, is_run: &mut bool) {
    match (*is_run, octet) {
        (false, RUN) => *is_run = true,
        (false, octet) => out.push(octet),
        (true, 0) => {
            out.push(RUN);
            *is_run = false;
        }
        (true, times) => {
            let last = out.last().copied().unwrap_or_default();
            out.extend(std::iter::repeat_n(last, usize::from(times) - 1));
            *is_run = false;
        }
    }
}

/// The CRC of RFC 1741: CCITT polynomial, over the octets and two zeros.
fn crc16(octets: &[u8]) -> u16 {
    let padded = octets.iter().chain(&[0, 0]);
    padded.fold(0_u16, |mut sum, octet| {
        for place in (0..8).rev() {
            let carry = sum & 0x8000 != 0;
            sum = sum << 1 | u16::from(octet >> place & 1);
            if carry {
                sum ^= 0x1021;
            }
        }
        sum
    })
}
