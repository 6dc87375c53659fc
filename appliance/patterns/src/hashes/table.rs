//! One table of hashes: built in the order of adding, looked up by size and hash.
//!
//! Section of the pack, little-endian: number of sizes, number of rows, first row of the hashes of
//! any size, octets of a hash (u32 each); sizes in order (u32); for each size the row after its last
//! (u32); hashes of all rows; numbers of names of all rows (u32).

use std::ops::Range;

use super::Algorithm;
use crate::pack::u32_at;

/// A size that stands for any.
pub(super) const ANY_SIZE: u32 = u32::MAX;
const HEADER: usize = 16;

/// Collects the rows of a table.
#[derive(Debug, Default)]
pub(super) struct Builder {
    /// Size, hash, number of the name.
    rows: Vec<(u32, Box<[u8]>, u32)>,
}

impl Builder {
    pub(super) fn add(&mut self, size: u32, hash: Vec<u8>, name: u32) {
        self.rows.push((size, hash.into_boxed_slice(), name));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The section. Of two rows of one size and hash the first stays.
    pub(super) fn finish(mut self, algorithm: Algorithm) -> Vec<u8> {
        // The sort is stable: equal rows stay in the order of adding.
        self.rows.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        self.rows.dedup_by(|later, first| later.0 == first.0 && later.1 == first.1);
        let first_any = self.rows.partition_point(|row| row.0 != ANY_SIZE);
        let (mut sizes, mut ends) = (Vec::new(), Vec::new());
        for group in
            self.rows.get(..first_any).unwrap_or_default().chunk_by(|one, other| one.0 == other.0)
        {
            sizes.extend(group.first().map(|row| row.0));
            ends.push(ends.last().unwrap_or(&0) + small(group.len()));
        }
        let head = [
            small(sizes.len()),
            small(self.rows.len()),
            small(first_any),
            small(algorithm.width()),
        ];
        let numbers = head.into_iter().chain(sizes).chain(ends);
        let mut section: Vec<u8> = numbers.flat_map(u32::to_le_bytes).collect();
        section.extend(self.rows.iter().flat_map(|row| row.1.iter()));
        section.extend(self.rows.iter().flat_map(|row| row.2.to_le_bytes()));
        section
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A table in its section. Numbers of the section are hostile: what does not fit is not found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'p> {
    sizes: &'p [u8],
    ends: &'p [u8],
    hashes: &'p [u8],
    names: &'p [u8],
    rows: usize,
    first_any: usize,
    width: usize,
}

/// Rows that come into question for one size.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Rows {
    sized: Range<usize>,
    any: Range<usize>,
}

impl Rows {
    pub(super) fn is_empty(&self) -> bool {
        self.sized.is_empty() && self.any.is_empty()
    }
}

impl<'p> Table<'p> {
    /// The table of a section; `None` when there is none or it is damaged.
    pub(super) fn open(section: &'p [u8], algorithm: Algorithm) -> Option<Self> {
        let number = |at: usize| u32_at(section, at * 4).map(|number| number as usize);
        let (sizes, rows, first_any) = (number(0)?, number(1)?, number(2)?);
        let width = number(3).filter(|width| *width == algorithm.width())?;
        let body = section.get(HEADER..)?;
        let (size_octets, body) = body.split_at_checked(sizes.checked_mul(4)?)?;
        let (ends, body) = body.split_at_checked(sizes.checked_mul(4)?)?;
        let (hashes, names) = body.split_at_checked(rows.checked_mul(width)?)?;
        let fits = names.len() == rows.checked_mul(4)? && first_any <= rows && rows > 0;
        fits.then_some(Table { sizes: size_octets, ends, hashes, names, rows, first_any, width })
    }

    /// The rows for a size.
    pub(super) fn rows(&self, size: u32) -> Rows {
        let sized = self.sized(size).unwrap_or_default();
        Rows { sized, any: self.first_any..self.rows }
    }

    fn sized(&self, size: u32) -> Option<Range<usize>> {
        let (mut low, mut high) = (0, self.sizes.len() / 4);
        while low < high {
            let middle = low.midpoint(high);
            if u32_at(self.sizes, middle * 4)? < size { low = middle + 1 } else { high = middle }
        }
        (u32_at(self.sizes, low * 4)? == size).then_some(())?;
        let start = low.checked_sub(1).map_or(Some(0), |before| u32_at(self.ends, before * 4))?;
        let end = u32_at(self.ends, low * 4)? as usize;
        (end <= self.first_any).then_some(start as usize..end)
    }

    /// The numbers of the names of a hash among some rows: of its size, and of any size.
    pub(super) fn find(&self, rows: &Rows, hash: &[u8]) -> impl Iterator<Item = u32> {
        let sized = self.find_in(&rows.sized, hash);
        sized.into_iter().chain(self.find_in(&rows.any, hash))
    }

    fn find_in(&self, rows: &Range<usize>, hash: &[u8]) -> Option<u32> {
        let (mut low, mut high) = (rows.start, rows.end);
        while low < high {
            let middle = low.midpoint(high);
            let start = middle.checked_mul(self.width)?;
            match self.hashes.get(start..)?.get(..self.width)?.cmp(hash) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return u32_at(self.names, middle * 4),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }
}
