//! Unix compress (.Z): LZW with codes of 9 to 16 bits.

use std::io::{self, Read};

use super::gzip::inner_name;
use crate::limits;
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk};

/// The code that empties the table, in block mode.
const CLEAR: u32 = 256;
const LEAST_BITS: u32 = 9;
const MOST_BITS: u32 = 16;

/// What is inside.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let flags = specimen.octets.get(2).copied().ok_or_else(|| Stop::broken("cut short"))?;
    walk.reserve(limits::LZW_OCTETS)?;
    let mut reader = Lzw::new(specimen.octets.get(3..).unwrap_or_default(), flags)
        .ok_or_else(|| Stop::broken("codes of a size that there is not"))?;
    let entry = Entry { packed_octets: specimen.octets.len() as u64, ..Entry::default() };
    walk.member(specimen, &inner_name(specimen.name), entry, &mut reader)
}

struct Lzw<'a> {
    packed: &'a [u8],
    /// Bits read, and where the group of eight codes began.
    at_bit: usize,
    group_bit: usize,
    bits: u32,
    most_bits: u32,
    is_block_mode: bool,
    /// For each code the code before it and its last octet.
    table: Vec<(u16, u8)>,
    last: Option<(u32, u8)>,
    /// Octets that came out and were not read, the next one last.
    waiting: Vec<u8>,
}

impl<'a> Lzw<'a> {
    fn new(packed: &'a [u8], flags: u8) -> Option<Self> {
        let most_bits = u32::from(flags & 0x1f);
        (LEAST_BITS..=MOST_BITS).contains(&most_bits).then_some(())?;
        let is_block_mode = flags & 0x80 != 0;
        let mut lzw = Lzw {
            packed,
            at_bit: 0,
            group_bit: 0,
            bits: LEAST_BITS,
            most_bits,
            is_block_mode,
            table: Vec::with_capacity(1 << MOST_BITS),
            last: None,
            waiting: Vec::new(),
        };
        lzw.empty_table();
        Some(lzw)
    }

    fn empty_table(&mut self) {
        self.table.clear();
        self.table.extend((0..=255).map(|octet| (0, octet)));
        if self.is_block_mode {
            self.table.push((0, 0));
        }
    }

    /// The next code; `None` at the end.
    fn code(&mut self) -> Option<u32> {
        let mut code = 0;
        let octet = self.at_bit / 8;
        let window = self.packed.get(octet..)?;
        for (place, octet) in window.iter().take(3).enumerate() {
            code |= u32::from(*octet) << (8 * place);
        }
        let end = self.at_bit.checked_add(self.bits as usize)?;
        if end > self.packed.len().checked_mul(8)? {
            return None;
        }
        let code = code >> (self.at_bit % 8) & ((1 << self.bits) - 1);
        self.at_bit = end;
        Some(code)
    }

    /// Codes are written in groups of eight: a change of their size skips the rest of a group.
    fn skip_group(&mut self) {
        let group = self.bits as usize * 8;
        let into = (self.at_bit - self.group_bit) % group;
        if into > 0 {
            self.at_bit += group - into;
        }
        self.group_bit = self.at_bit;
    }

    /// Decodes one code; `false` at the end.
    fn step(&mut self) -> io::Result<bool> {
        let next = self.table.len();
        if self.bits < self.most_bits && next > (1 << self.bits) - 1 {
            self.skip_group();
            self.bits += 1;
        }
        let Some(code) = self.code() else { return Ok(false) };
        if self.is_block_mode && code == CLEAR {
            self.skip_group();
            self.bits = LEAST_BITS;
            self.empty_table();
            self.last = None;
            return Ok(true);
        }
        let first = match self.last {
            Some((_, first)) if code as usize == self.table.len() => {
                self.waiting.push(first);
                let before = self.last.map_or(0, |(last, _)| last);
                self.spell(before)?
            }
            _ => self.spell(code)?,
        };
        if let Some((last, _)) = self.last
            && self.table.len() < 1 << self.most_bits
        {
            self.table.push((u16::try_from(last).unwrap_or_default(), first));
        }
        self.last = Some((code, first));
        Ok(true)
    }

    /// Puts the octets of a code into `waiting`, its last first; gives its first.
    fn spell(&mut self, mut code: u32) -> io::Result<u8> {
        // A code only points to one before it, so this ends.
        loop {
            let found = self.table.get(code as usize).copied();
            let (before, octet) = found.ok_or(io::ErrorKind::InvalidData)?;
            self.waiting.push(octet);
            if code < 256 {
                return Ok(octet);
            }
            code = u32::from(before);
        }
    }
}

impl Read for Lzw<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.waiting.is_empty() {
            if !self.step()? {
                let rest = self.packed.len().saturating_mul(8).saturating_sub(self.at_bit);
                let is_cut = self.packed.is_empty() || rest > 0 && self.has_bits_left();
                return if is_cut { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(0) };
            }
        }
        let count = out.len().min(self.waiting.len());
        for slot in out.iter_mut().take(count) {
            *slot = self.waiting.pop().unwrap_or_default();
        }
        Ok(count)
    }
}

impl Lzw<'_> {
    /// Whether bits that are no code and no filling are left.
    fn has_bits_left(&self) -> bool {
        let last = self.packed.get(self.at_bit / 8).copied().unwrap_or_default();
        last >> (self.at_bit % 8) != 0
    }
}
