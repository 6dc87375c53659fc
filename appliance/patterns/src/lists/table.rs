//! The table of all lists, ordered by the short digest of the keys.
//!
//! Section of the pack, little-endian: number of entries (u32), zero (u32), digests (u64 each),
//! numbers of names (u32 each), last days (u32 each, in days since 1970; 0 for always), then the
//! lengths of network prefixes that occur (one octet each; IPv6 lengths are 128 more).

use crate::pack::{u32_at, u64_at};

/// Collects entries.
#[derive(Debug, Default)]
pub(super) struct Builder {
    entries: Vec<(u64, u32, u32)>,
    prefixes: Vec<u8>,
}

impl Builder {
    pub(super) fn add(&mut self, digest: u64, name: u32, until: u32) {
        self.entries.push((digest, name, until));
    }

    pub(super) fn prefix(&mut self, code: u8) {
        if !self.prefixes.contains(&code) {
            self.prefixes.push(code);
        }
    }

    /// The section; `None` when there is nothing to write. Of equal entries the first stays.
    pub(super) fn finish(mut self) -> Option<Vec<u8>> {
        self.entries.sort_by_key(|entry| entry.0);
        self.entries.dedup_by_key(|entry| entry.0);
        let count = u32::try_from(self.entries.len()).ok().filter(|count| *count > 0)?;
        let mut section = [count.to_le_bytes(), [0; 4]].concat();
        section.extend(self.entries.iter().flat_map(|entry| entry.0.to_le_bytes()));
        section.extend(self.entries.iter().flat_map(|entry| entry.1.to_le_bytes()));
        section.extend(self.entries.iter().flat_map(|entry| entry.2.to_le_bytes()));
        section.extend(self.prefixes);
        Some(section)
    }
}

/// The table in its section.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'p> {
    digests: &'p [u8],
    names: &'p [u8],
    days: &'p [u8],
    pub(super) prefixes: &'p [u8],
}

impl<'p> Table<'p> {
    /// The table of a section; `None` when there is none or it is damaged.
    pub(super) fn open(section: &'p [u8]) -> Option<Self> {
        let count = u32_at(section, 0)? as usize;
        let (digests, rest) = section.get(8..)?.split_at_checked(count.checked_mul(8)?)?;
        let (names, rest) = rest.split_at_checked(count.checked_mul(4)?)?;
        let (days, prefixes) = rest.split_at_checked(count.checked_mul(4)?)?;
        Some(Table { digests, names, days, prefixes })
    }

    /// The number of the name of an entry that holds on a day.
    pub(super) fn find(&self, digest: u64, day: u32) -> Option<u32> {
        let (mut low, mut high) = (0, self.digests.len() / 8);
        while low < high {
            let middle = low.midpoint(high);
            if u64_at(self.digests, middle * 8)? < digest {
                low = middle + 1
            } else {
                high = middle
            }
        }
        (u64_at(self.digests, low * 8)? == digest).then_some(())?;
        let until = u32_at(self.days, low * 4)?;
        (until == 0 || day <= until).then(|| u32_at(self.names, low * 4))?
    }
}
