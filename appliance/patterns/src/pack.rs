//! The pack: one immutable run of octets that a scanner looks into and never copies out of.
//!
//! Layout, all numbers little-endian:
//!
//! | at | octets | what |
//! |---|---|---|
//! | 0 | 8 | `GPPACK\r\n` |
//! | 8 | 4 | version of this layout, [`VERSION`] |
//! | 12 | 4 | number of sections |
//! | 16 | 8 | octets of the whole pack |
//! | 24 | 4 | CRC-32C of everything after the header and table |
//! | 28 | 4 | CRC-32C of the table of sections |
//! | 32 | 24 each | table: tag (4), zero (4), offset (8), octets (8) |
//! | ... | | sections, each at a multiple of 8 octets |
//!
//! [`Pack::open`] looks at the header and the table only, so that it touches one page of the file;
//! [`Pack::verify`] reads everything. Numbers in sections are hostile until checked, since a file
//! may rot: every reader of a section goes through `get`. Nothing here reads a file.

use std::sync::Arc;

use thiserror::Error;

use crate::limits;

/// The version of the layout that this program writes and reads. A pack is made anew from its
/// sources when it changes; there is no conversion.
pub const VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"GPPACK\r\n";
const HEADER: usize = 32;
const ENTRY: usize = 24;
const ALIGNMENT: usize = 8;

/// Why octets are no pack.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum PackError {
    /// It does not begin as a pack does.
    #[error("this is no pattern pack")]
    NoPack,
    /// It was made by another version of Gatepost.
    #[error(
        "the pattern pack has layout {0}, this program reads layout {VERSION}; compile it anew"
    )]
    Version(u32),
    /// It ends too early, or its table points outside of it.
    #[error("the pattern pack is damaged: {0}")]
    Damaged(&'static str),
    /// Its checksum does not fit.
    #[error("the pattern pack is damaged: its checksum does not fit")]
    Checksum,
    /// A section that is needed cannot be used.
    #[error("section {section} of the pattern pack cannot be used: {reason}")]
    Section {
        /// The tag of the section.
        section: String,
        /// Why.
        reason: String,
    },
}

/// Collects the sections of a pack.
#[derive(Debug, Default)]
pub struct Writer {
    sections: Vec<([u8; 4], Vec<u8>)>,
}

impl Writer {
    /// Adds a section. Two sections of one tag are a mistake of the caller: the first is found.
    pub fn section(&mut self, tag: [u8; 4], octets: Vec<u8>) {
        self.sections.push((tag, octets));
    }

    /// The pack.
    ///
    /// # Errors
    /// When there are more sections than [`limits::SECTIONS`].
    pub fn finish(self) -> Result<Vec<u8>, PackError> {
        if self.sections.len() > limits::SECTIONS {
            return Err(PackError::Damaged("too many sections"));
        }
        let (table, total) = self.table();
        let mut body = Vec::with_capacity(total);
        for (_, octets) in self.sections {
            body.extend_from_slice(&octets);
            body.resize(body.len().next_multiple_of(ALIGNMENT), 0);
        }
        let mut pack = Vec::with_capacity(total);
        pack.extend_from_slice(MAGIC);
        pack.extend_from_slice(&VERSION.to_le_bytes());
        pack.extend_from_slice(&small(table.len() / ENTRY).to_le_bytes());
        pack.extend_from_slice(&(total as u64).to_le_bytes());
        pack.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
        pack.extend_from_slice(&crc32c::crc32c(&table).to_le_bytes());
        pack.extend_from_slice(&table);
        pack.append(&mut body);
        Ok(pack)
    }

    fn table(&self) -> (Vec<u8>, usize) {
        let mut table = Vec::new();
        let mut at = HEADER + self.sections.len() * ENTRY;
        for (tag, octets) in &self.sections {
            table.extend_from_slice(tag);
            table.extend_from_slice(&[0; 4]);
            table.extend_from_slice(&(at as u64).to_le_bytes());
            table.extend_from_slice(&(octets.len() as u64).to_le_bytes());
            at += octets.len().next_multiple_of(ALIGNMENT);
        }
        (table, at)
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A pack that can be looked into. Cloning is cheap: the octets are shared.
#[derive(Clone)]
pub struct Pack {
    octets: Arc<dyn AsRef<[u8]> + Send + Sync>,
    sections: Arc<[Section]>,
}

#[derive(Debug, Clone, Copy)]
struct Section {
    tag: [u8; 4],
    start: usize,
    end: usize,
}

impl std::fmt::Debug for Pack {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Pack").field("sections", &self.sections).finish_non_exhaustive()
    }
}

impl Pack {
    /// A pack over octets, which may be a mapped file. Checks the header and the table only.
    ///
    /// # Errors
    /// When they do not stand.
    pub fn open(octets: Arc<dyn AsRef<[u8]> + Send + Sync>) -> Result<Self, PackError> {
        let sections = sections((*octets).as_ref())?;
        Ok(Pack { octets, sections: sections.into() })
    }

    /// Reads everything and checks the checksum.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn verify(&self) -> Result<(), PackError> {
        let octets = self.octets();
        let body = octets.get(HEADER + self.sections.len() * ENTRY..);
        let expected = u32_at(octets, 24);
        if body.map(crc32c::crc32c) == expected { Ok(()) } else { Err(PackError::Checksum) }
    }

    /// The octets of a section; empty when it is not there.
    #[must_use]
    pub fn section(&self, tag: [u8; 4]) -> &[u8] {
        let found = self.sections.iter().find(|section| section.tag == tag);
        found.and_then(|found| self.octets().get(found.start..found.end)).unwrap_or_default()
    }

    /// A section that keeps its pack: for whoever looks into it often.
    #[must_use]
    pub fn part(&self, tag: [u8; 4]) -> Part {
        let found = self.sections.iter().find(|section| section.tag == tag);
        let (start, end) = found.map_or((0, 0), |found| (found.start, found.end));
        Part { pack: self.clone(), start, end }
    }

    /// Tag and octets of every section.
    pub fn sections(&self) -> impl Iterator<Item = ([u8; 4], &[u8])> {
        self.sections.iter().map(|section| {
            (section.tag, self.octets().get(section.start..section.end).unwrap_or_default())
        })
    }

    /// The whole pack.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        (*self.octets).as_ref()
    }
}

/// One section of a pack, with a share in the pack.
#[derive(Debug, Clone)]
pub struct Part {
    pack: Pack,
    start: usize,
    end: usize,
}

impl Part {
    /// The octets; empty when the section is not there.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.pack.octets().get(self.start..self.end).unwrap_or_default()
    }
}

fn sections(octets: &[u8]) -> Result<Vec<Section>, PackError> {
    if octets.get(..8) != Some(MAGIC) {
        return Err(PackError::NoPack);
    }
    let short = PackError::Damaged("it ends within its header");
    let version = u32_at(octets, 8).ok_or(short.clone())?;
    if version != VERSION {
        return Err(PackError::Version(version));
    }
    let count = u32_at(octets, 12).ok_or(short.clone())? as usize;
    if count > limits::SECTIONS {
        return Err(PackError::Damaged("too many sections"));
    }
    if u64_at(octets, 16) != Some(octets.len() as u64) {
        return Err(PackError::Damaged("its length is not the one it was written with"));
    }
    let table = octets.get(HEADER..HEADER + count * ENTRY).ok_or(short)?;
    if u32_at(octets, 28) != Some(crc32c::crc32c(table)) {
        return Err(PackError::Damaged("the checksum of its table does not fit"));
    }
    let outside = PackError::Damaged("a section lies outside of it");
    table
        .chunks_exact(ENTRY)
        .map(|entry| section(entry, octets.len()).ok_or(outside.clone()))
        .collect()
}

fn section(entry: &[u8], total: usize) -> Option<Section> {
    let start = usize::try_from(u64_at(entry, 8)?).ok()?;
    let end = start.checked_add(usize::try_from(u64_at(entry, 16)?).ok()?)?;
    let tag = *entry.first_chunk::<4>()?;
    (end <= total && start % ALIGNMENT == 0).then_some(Section { tag, start, end })
}

/// The little-endian number at a place; none outside of the octets.
#[must_use]
#[inline]
pub fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

/// The little-endian number at a place; none outside of the octets.
#[must_use]
#[inline]
pub fn u32_at(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

/// The little-endian number at a place; none outside of the octets.
#[must_use]
#[inline]
pub fn u64_at(octets: &[u8], at: usize) -> Option<u64> {
    octets.get(at..)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
}

/// Appends a number in 7-bit groups, the lowest first.
pub fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push((number & 0x7f) as u8);
}

/// Takes a number of [`put_varint`] from the front; none when the octets end or it is over 64 bits.
#[must_use]
pub fn take_varint(octets: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = octets.split_first()?;
        *octets = rest;
        number |= u64::from(first & 0x7f).checked_shl(shift)?;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack() -> Vec<u8> {
        let mut writer = Writer::default();
        writer.section(*b"AAAA", vec![1, 2, 3]);
        writer.section(*b"BBBB", vec![]);
        writer.section(*b"CCCC", vec![7; 100]);
        writer.finish().unwrap()
    }

    #[test]
    fn sections_come_back_as_written_and_aligned() {
        let pack = Pack::open(Arc::new(pack())).unwrap();
        assert_eq!(pack.section(*b"AAAA"), [1, 2, 3]);
        assert_eq!(pack.section(*b"BBBB"), [0_u8; 0]);
        assert_eq!(pack.part(*b"CCCC").octets(), [7; 100]);
        assert_eq!(pack.section(*b"DDDD"), [0_u8; 0]);
        assert!(pack.sections.iter().all(|section| section.start % 8 == 0));
        assert_eq!(pack.verify(), Ok(()));
    }

    #[test]
    fn a_flipped_bit_is_seen_by_verify_at_the_latest() {
        let good = pack();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x40;
            let verdict = Pack::open(Arc::new(bad)).and_then(|pack| pack.verify());
            assert!(verdict.is_err(), "octet {at}");
        }
    }

    #[test]
    fn a_pack_cut_anywhere_does_not_open() {
        let good = pack();
        for length in 0..good.len() {
            assert!(Pack::open(Arc::new(good[..length].to_vec())).is_err(), "length {length}");
        }
    }

    #[test]
    fn another_version_says_what_to_do() {
        let mut other = pack();
        other[8] = 9;
        let error = Pack::open(Arc::new(other)).unwrap_err();
        assert_eq!(error, PackError::Version(9));
        assert!(error.to_string().contains("compile it anew"));
    }

    #[test]
    fn numbers_of_seven_bit_groups_come_back_and_bad_ones_do_not() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, number);
            assert_eq!(take_varint(&mut out.as_slice()), Some(number));
        }
        assert_eq!(take_varint(&mut [0x80_u8; 3].as_slice()), None);
        assert_eq!(take_varint(&mut [0xff_u8; 30].as_slice()), None);
    }
}
