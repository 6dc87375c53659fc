//! What Microsoft's COMPRESS.EXE makes (SZDD): LZSS over a window of 4,096 octets.

use std::io::{self, Read};

use super::gzip::inner_name;
use crate::limits;
use crate::octets::{run, u32_le};
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk};

const WINDOW: usize = 4096;

/// What is inside.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let short = || Stop::broken("header cut short");
    let octets = specimen.octets;
    walk.reserve(limits::LZW_OCTETS)?;
    // The form of QBasic has no missing letter, and another place to begin.
    let is_qbasic = octets.starts_with(b"SZ ");
    let (size_at, data_at, begin) = if is_qbasic { (8, 12, 18) } else { (10, 14, 16) };
    let size = u32_le(octets, size_at).ok_or_else(short)?;
    if !is_qbasic && run(octets, 8, 1) != Some(b"A") {
        return Err(Stop::unsupported("another method than A"));
    }
    let packed = octets.get(data_at..).ok_or_else(short)?;
    let mut reader = Lzss {
        packed,
        flags: 0,
        flags_left: 0,
        window: vec![b' '; WINDOW],
        at: WINDOW - begin,
        copy: (0, 0),
        left: u64::from(size),
    };
    let entry = Entry {
        packed_octets: packed.len() as u64,
        declared_octets: Some(u64::from(size)),
        ..Entry::default()
    };
    walk.member(specimen, &inner_name(specimen.name), entry, &mut reader)
}

struct Lzss<'a> {
    packed: &'a [u8],
    flags: u8,
    flags_left: u8,
    window: Vec<u8>,
    at: usize,
    /// Where a match goes on, and how many octets of it are left.
    copy: (usize, usize),
    left: u64,
}

impl Lzss<'_> {
    fn octet(&mut self) -> Option<u8> {
        let (octet, rest) = self.packed.split_first()?;
        self.packed = rest;
        Some(*octet)
    }

    /// The next octet out; nothing when what is in is cut short.
    fn next(&mut self) -> Option<u8> {
        if self.copy.1 == 0 {
            if self.flags_left == 0 {
                (self.flags, self.flags_left) = (self.octet()?, 8);
            }
            let is_literal = self.flags & 1 != 0;
            (self.flags, self.flags_left) = (self.flags >> 1, self.flags_left - 1);
            if is_literal {
                let octet = self.octet()?;
                return self.keep(octet);
            }
            let (low, high) = (usize::from(self.octet()?), usize::from(self.octet()?));
            self.copy = (low | (high & 0xf0) << 4, (high & 0xf) + 3);
        }
        let octet = *self.window.get(self.copy.0 % WINDOW)?;
        self.copy = ((self.copy.0 + 1) % WINDOW, self.copy.1 - 1);
        self.keep(octet)
    }

    fn keep(&mut self, octet: u8) -> Option<u8> {
        *self.window.get_mut(self.at)? = octet;
        self.at = (self.at + 1) % WINDOW;
        Some(octet)
    }
}

impl Read for Lzss<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        for slot in out.iter_mut() {
            if self.left == 0 {
                break;
            }
            match self.next() {
                Some(octet) => *slot = octet,
                None if count > 0 => break,
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
            self.left -= 1;
            count += 1;
        }
        Ok(count)
    }
}
