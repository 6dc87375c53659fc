//! Windows executables: PE and PE32+ (Microsoft, "PE Format"). Alignments as clamscan 1.4.6 was
//! seen to apply them, since section hashes depend on them.

use super::words::Order::Little;
use super::{Format, Layout, Section};
use crate::limits;

/// Sections are cut into units of this when the header's own unit does not fit them.
const SECTOR: u64 = 0x200;

/// Reads the headers.
pub(super) fn read(octets: &[u8]) -> Option<Layout> {
    let start = u64::from(Little.u32(octets, 0x3c)?);
    if Little.u32(octets, start)? != u32::from_le_bytes(*b"PE\0\0") {
        return None;
    }
    let file = start.checked_add(4)?;
    let optional = file.checked_add(20)?;
    let is_wide = match Little.u16(octets, optional)? {
        0x10b => false,
        0x20b => true,
        _ => return None,
    };
    let table = optional.checked_add(u64::from(Little.u16(octets, file + 16)?))?;
    let count = usize::from(Little.u16(octets, file + 2)?).min(limits::PE_SECTIONS);
    let units = Units {
        memory: u64::from(Little.u32(octets, optional + 32)?),
        file: u64::from(Little.u32(octets, optional + 36)?),
    };
    let headers = headers(octets, table, count);
    let units = units.fitting(&headers);
    let length = octets.len() as u64;
    let sections = headers.iter().map(|header| header.section(&units, length)).collect();
    let mut layout = Layout {
        is_wide,
        header_octets: u64::from(Little.u32(octets, optional + 60)?),
        directories: directories(octets, optional, is_wide),
        ..Layout::of(Format::Pe, None, sections)
    };
    let entry = u64::from(Little.u32(octets, optional + 16)?);
    layout.entry_point = layout.file_offset(entry).filter(|offset| *offset < length);
    Some(layout)
}

/// What the header says about alignment.
struct Units {
    memory: u64,
    file: u64,
}

impl Units {
    /// A unit of the file that a section breaks is read as one sector.
    fn fitting(self, headers: &[Header]) -> Units {
        let breaks = |header: &Header| {
            let offset = u64::from(header.raw_offset);
            header.raw_octets != 0
                && self.file != 0
                && !offset.is_multiple_of(self.file)
                && offset.is_multiple_of(SECTOR)
        };
        let file = if headers.iter().any(breaks) { SECTOR } else { self.file };
        Units { file, ..self }
    }
}

fn down(number: u32, unit: u64) -> u64 {
    let number = u64::from(number);
    number.saturating_sub(number.checked_rem(unit).unwrap_or(0))
}

fn up(number: u32, unit: u64) -> u64 {
    if unit == 0 {
        u64::from(number)
    } else {
        u64::from(number).div_ceil(unit).saturating_mul(unit)
    }
}

/// One row of the section table as it stands there.
struct Header {
    address: u32,
    address_octets: u32,
    raw_offset: u32,
    raw_octets: u32,
}

fn headers(octets: &[u8], table: u64, count: usize) -> Vec<Header> {
    let rows = (0..count as u64).map_while(|row| {
        let at = table.checked_add(row.checked_mul(40)?)?;
        Some(Header {
            address_octets: Little.u32(octets, at.checked_add(8)?)?,
            address: Little.u32(octets, at + 12)?,
            raw_octets: Little.u32(octets, at + 16)?,
            raw_offset: Little.u32(octets, at + 20)?,
        })
    });
    rows.collect()
}

impl Header {
    fn section(&self, units: &Units, length: u64) -> Section {
        let raw_offset = down(self.raw_offset, units.file);
        let octets = up(self.raw_octets, units.file).min(length.saturating_sub(raw_offset));
        let memory = if self.address_octets == 0 { self.raw_octets } else { self.address_octets };
        Section {
            raw_offset,
            raw_octets: octets,
            address: down(self.address, units.memory),
            address_octets: up(memory, units.memory),
        }
    }
}

fn directories(octets: &[u8], optional: u64, is_wide: bool) -> Vec<(u32, u32)> {
    let count_at = optional + if is_wide { 108 } else { 92 };
    let count = Little.u32(octets, count_at).unwrap_or(0).min(limits::PE_DIRECTORIES);
    let pairs = (0..u64::from(count)).map_while(|number| {
        let at = count_at + 4 + 8 * number;
        Some((Little.u32(octets, at)?, Little.u32(octets, at + 4)?))
    });
    pairs.collect()
}
