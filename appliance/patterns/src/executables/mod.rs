//! The shape of executables: where they start, which sections they have, what they import.
//!
//! Hostile octets are the normal case: every number is checked against what is there, every table
//! has a most in `limits.rs`. Nothing here runs or relocates anything. Start with
//! [`Layout::read`].

mod elf;
mod imports;
mod macho;
mod ordinals;
mod pe;
mod version;
pub(crate) mod words;

pub use imports::{ImportDigest, import_digest};
pub use version::version_keys;

/// Which format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Windows (PE and PE32+).
    Pe,
    /// Linux and others.
    Elf,
    /// macOS.
    MachO,
}

/// One section. All numbers in octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Section {
    /// Where it begins in the file, aligned as the loader does.
    pub raw_offset: u64,
    /// How much of the file it takes, aligned, cut at the end of the file.
    pub raw_octets: u64,
    /// Where it begins in memory, from the image's base (PE) or absolute (ELF, Mach-O).
    pub address: u64,
    /// How much memory it takes.
    pub address_octets: u64,
}

impl Section {
    /// Its octets in the file; `None` when it has none.
    #[must_use]
    pub fn octets<'o>(&self, file: &'o [u8]) -> Option<&'o [u8]> {
        let start = usize::try_from(self.raw_offset).ok()?;
        let end = start.checked_add(usize::try_from(self.raw_octets).ok()?)?;
        file.get(start..end).filter(|octets| !octets.is_empty())
    }

    /// The place in the file of an address of this section.
    fn file_offset(&self, address: u64) -> Option<u64> {
        let inside = address.checked_sub(self.address)?;
        (inside < self.raw_octets).then(|| self.raw_offset.saturating_add(inside))
    }
}

/// The shape of one executable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Which format.
    pub format: Format,
    /// Place in the file of the first instruction; `None` when it lies outside of the file.
    pub entry_point: Option<u64>,
    /// Sections in the order of their table.
    pub sections: Vec<Section>,
    /// PE only: 64-bit addresses (PE32+).
    is_wide: bool,
    /// PE only: octets of the headers, which are mapped as they are.
    header_octets: u64,
    /// PE only: address and octets of the data directories.
    directories: Vec<(u32, u32)>,
}

impl Layout {
    /// Reads the headers; `None` when the octets are no executable of these formats, or one whose
    /// headers no loader would take.
    #[must_use]
    pub fn read(octets: &[u8]) -> Option<Layout> {
        match octets.first_chunk::<4>()? {
            [b'M', b'Z', ..] => pe::read(octets),
            [0x7f, b'E', b'L', b'F'] => elf::read(octets),
            _ => macho::read(octets),
        }
    }

    fn of(format: Format, entry_point: Option<u64>, sections: Vec<Section>) -> Layout {
        Layout {
            format,
            entry_point,
            sections,
            is_wide: false,
            header_octets: 0,
            directories: Vec::new(),
        }
    }

    /// The place in the file of an address (PE: relative to the image's base). Of overlapping
    /// sections the last one counts, as clamscan reads them.
    #[must_use]
    pub fn file_offset(&self, address: u64) -> Option<u64> {
        if self.format == Format::Pe && address < self.header_octets {
            return Some(address);
        }
        self.sections.iter().rev().find_map(|section| section.file_offset(address))
    }

    /// The octets of a file from an address on.
    fn at<'o>(&self, file: &'o [u8], address: u32) -> Option<&'o [u8]> {
        let offset = usize::try_from(self.file_offset(u64::from(address))?).ok()?;
        file.get(offset..)
    }

    /// A data directory (PE): address and octets.
    fn directory(&self, number: usize) -> Option<(u32, u32)> {
        self.directories.get(number).copied().filter(|(address, _)| *address != 0)
    }
}

#[cfg(test)]
pub(crate) mod tests;
