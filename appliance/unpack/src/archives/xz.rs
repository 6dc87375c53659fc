//! xz, any number of streams and blocks. The dictionary of every block is looked at before the
//! decoder makes it.

use lzma_rust2::XzReader;

use super::gzip::inner_name;
use super::lzma_window::{lzma2_dictionary, memory};
use crate::octets::run;
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk};

/// Octets of a stream header.
const STREAM_HEADER_OCTETS: usize = 12;
/// The filter of LZMA2 (xz file format 1.2, section 5.3.1).
const LZMA2: u64 = 0x21;

/// What is inside.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    walk.reserve(window(specimen.octets))?;
    let entry = Entry { packed_octets: specimen.octets.len() as u64, ..Entry::default() };
    let mut reader = XzReader::new(specimen.octets, true);
    walk.member(specimen, &inner_name(specimen.name), entry, &mut reader)
}

/// Memory that the largest block asks for. Blocks after the first are found by their likeness: a
/// block header that says LZMA2 is rare in compressed data, and a false one only asks for less.
pub(crate) fn window(octets: &[u8]) -> u64 {
    let first = octets.get(STREAM_HEADER_OCTETS..).and_then(block_dictionary).unwrap_or(0);
    memory(first, 0)
}

/// The LZMA2 dictionary that a block header asks for.
fn block_dictionary(block: &[u8]) -> Option<u64> {
    let octets = usize::from(*block.first()?).checked_mul(4)?.checked_add(4)?;
    let header = run(block, 0, octets)?;
    let flags = *header.get(1)?;
    let mut rest = header.get(2..)?;
    for flag in [0x40, 0x80] {
        if flags & flag != 0 {
            number(&mut rest)?;
        }
    }
    for _filter in 0..=(flags & 3) {
        let id = number(&mut rest)?;
        let size = usize::try_from(number(&mut rest)?).ok()?;
        let (properties, after) = rest.split_at_checked(size)?;
        if id == LZMA2 {
            return properties.first().map(|property| lzma2_dictionary(*property));
        }
        rest = after;
    }
    None
}

/// A number of seven bits an octet (xz file format 1.2, section 1.2).
fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for place in 0..9 {
        let (octet, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(octet & 0x7f) << (7 * place);
        if octet & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
