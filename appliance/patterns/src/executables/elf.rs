//! ELF executables (System V ABI, chapter 4 "Object Files").

use super::words::Order::{self, Big, Little};
use super::{Format, Layout, Section};
use crate::limits;

/// Reads the headers.
pub(super) fn read(octets: &[u8]) -> Option<Layout> {
    let is_wide = *octets.get(4)? == 2;
    let order = if *octets.get(5)? == 2 { Big } else { Little };
    let file = File { octets, order, is_wide };
    let entry = file.address(24, 24)?;
    let entry_point = file.entry_offset(entry).filter(|offset| *offset < octets.len() as u64);
    Some(Layout::of(Format::Elf, entry_point, file.sections()))
}

struct File<'o> {
    octets: &'o [u8],
    order: Order,
    is_wide: bool,
}

impl File<'_> {
    /// An address at one of two places, by the width.
    fn address(&self, narrow: u64, wide: u64) -> Option<u64> {
        let at = if self.is_wide { wide } else { narrow };
        self.order.address(self.octets, at, self.is_wide)
    }

    fn half(&self, narrow: u64, wide: u64) -> Option<u64> {
        let at = if self.is_wide { wide } else { narrow };
        self.order.u16(self.octets, at).map(u64::from)
    }

    /// The beginnings of the rows of a table.
    fn rows(&self, table: Option<u64>, size: Option<u64>, count: Option<u64>) -> Vec<u64> {
        let (Some(table), Some(size), Some(count)) = (table, size, count) else {
            return Vec::new();
        };
        let row = |number: u64| table.checked_add(number.checked_mul(size)?);
        let inside = |at: &u64| *at < self.octets.len() as u64;
        let count = count.min(limits::ELF_ROWS);
        if size == 0 { Vec::new() } else { (0..count).map_while(row).take_while(inside).collect() }
    }

    /// The place in the file of the entry address, by the segments.
    fn entry_offset(&self, entry: u64) -> Option<u64> {
        let rows = self.rows(self.address(28, 32), self.half(42, 54), self.half(44, 56));
        rows.into_iter().find_map(|row| {
            let (offset, address, octets) = match self.is_wide {
                false => (row.checked_add(4)?, row.checked_add(8)?, row.checked_add(20)?),
                true => (row.checked_add(8)?, row.checked_add(16)?, row.checked_add(40)?),
            };
            let number = |at| self.order.address(self.octets, at, self.is_wide);
            let inside = entry.checked_sub(number(address)?)?;
            (inside < number(octets)?).then_some(())?;
            number(offset)?.checked_add(inside)
        })
    }

    fn sections(&self) -> Vec<Section> {
        let rows = self.rows(self.address(32, 40), self.half(46, 58), self.half(48, 60));
        rows.into_iter().map_while(|row| self.section(row)).collect()
    }

    fn section(&self, row: u64) -> Option<Section> {
        let width = if self.is_wide { 8 } else { 4 };
        let flags = row.checked_add(8)?;
        let number = |place: u64| {
            self.order.address(self.octets, flags.checked_add(place * width)?, self.is_wide)
        };
        let octets = number(3)?;
        Some(Section {
            address: number(1)?,
            raw_offset: number(2)?,
            raw_octets: octets,
            address_octets: octets,
        })
    }
}
