//! Mach-O executables of one architecture (Apple, "OS X ABI Mach-O File Format Reference").

use super::words::Order::{self, Big, Little};
use super::{Format, Layout, Section};
use crate::limits;

/// Load commands that matter here: number by `mach-o/loader.h`.
const SEGMENT: u32 = 0x1;
const UNIX_THREAD: u32 = 0x5;
const SEGMENT_64: u32 = 0x19;
const MAIN: u32 = 0x8000_0028;

/// Reads the load commands.
pub(super) fn read(octets: &[u8]) -> Option<Layout> {
    let (order, is_wide) = match octets.first_chunk::<4>()? {
        [0xce, 0xfa, 0xed, 0xfe] => (Little, false),
        [0xcf, 0xfa, 0xed, 0xfe] => (Little, true),
        [0xfe, 0xed, 0xfa, 0xce] => (Big, false),
        [0xfe, 0xed, 0xfa, 0xcf] => (Big, true),
        _ => return None,
    };
    let mut file = File { octets, order, is_wide, sections: Vec::new(), entry: Entry::None };
    file.commands()?;
    let mut layout = Layout::of(Format::MachO, None, file.sections);
    let offset = match file.entry {
        Entry::None => None,
        Entry::Offset(offset) => Some(offset),
        Entry::Address(address) => layout.file_offset(address),
    };
    layout.entry_point = offset.filter(|offset| *offset < octets.len() as u64);
    Some(layout)
}

/// Where the program starts, as far as was read.
enum Entry {
    None,
    Offset(u64),
    Address(u64),
}

struct File<'o> {
    octets: &'o [u8],
    order: Order,
    is_wide: bool,
    sections: Vec<Section>,
    entry: Entry,
}

impl File<'_> {
    fn commands(&mut self) -> Option<()> {
        let count = self.order.u32(self.octets, 16)?.min(limits::MACHO_COMMANDS);
        let mut at = if self.is_wide { 32 } else { 28 };
        for _ in 0..count {
            let (Some(command), Some(size)) =
                (self.order.u32(self.octets, at), self.order.u32(self.octets, at + 4))
            else {
                break;
            };
            self.command(command, at);
            // A command is no shorter than its head: each step makes progress.
            at = at.checked_add(u64::from(size.max(8)))?;
        }
        Some(())
    }

    fn command(&mut self, command: u32, at: u64) {
        match command {
            SEGMENT => self.segment(at, false),
            SEGMENT_64 => self.segment(at, true),
            MAIN => {
                self.entry = self.order.u64(self.octets, at + 8).map_or(Entry::None, Entry::Offset)
            }
            UNIX_THREAD => self.entry = self.thread(at).map_or(Entry::None, Entry::Address),
            _ => {}
        }
    }

    fn segment(&mut self, at: u64, is_wide: bool) {
        let (count_at, first, step) = if is_wide { (64, 72, 80) } else { (48, 56, 68) };
        let count = u64::from(self.order.u32(self.octets, at + count_at).unwrap_or(0));
        for number in 0..count {
            let row = at.saturating_add(first).saturating_add(number.saturating_mul(step));
            let Some(section) = self.section(row, is_wide) else { break };
            if self.sections.len() >= limits::MACHO_SECTIONS {
                break;
            }
            self.sections.push(section);
        }
    }

    fn section(&self, row: u64, is_wide: bool) -> Option<Section> {
        let width = if is_wide { 8 } else { 4 };
        let numbers = row.checked_add(32)?;
        let octets = self.order.address(self.octets, numbers.checked_add(width)?, is_wide)?;
        Some(Section {
            address: self.order.address(self.octets, numbers, is_wide)?,
            address_octets: octets,
            raw_offset: u64::from(self.order.u32(self.octets, numbers + 2 * width)?),
            raw_octets: octets,
        })
    }

    /// The program counter of the first thread: its place depends on the flavour of the state.
    fn thread(&self, at: u64) -> Option<u64> {
        let registers = at.checked_add(16)?;
        match self.order.u32(self.octets, at + 8)? {
            // PowerPC: srr0 comes first; i386: eip is the 11th; both states have number 1.
            1 if self.order == Big => self.order.u32(self.octets, registers).map(u64::from),
            1 => self.order.u32(self.octets, registers + 40).map(u64::from),
            // x86-64: rip is the 17th.
            4 => self.order.u64(self.octets, registers + 128),
            // PowerPC 64: srr0.
            5 => self.order.u64(self.octets, registers),
            _ => None,
        }
    }
}
