//! The table of grams: which bodies may stand at a place of a specimen.
//!
//! Three sections: bits by two hashes of each gram (small enough for the second cache), buckets of
//! entries by hash, and entries of gram and body. The pass over a specimen asks the first bit only;
//! the few places that pass are asked for the second, and what is left is looked up in the buckets.
//! Grams are folded: letters of both cases are one, so that a body of any case needs one entry. What
//! a table tells too much, the walk over the body throws away. Two-octet grams have a table of
//! their own, asked only when there are such bodies.

use super::anchor::{Gram, hash};
use crate::pack::{Pack, Part, Writer, u32_at};

/// Octets of the bits of four-octet grams: the least size with 16 bits for each entry is taken, or
/// the last one.
const SMALL: usize = 1 << 14;
const MIDDLE: usize = 1 << 17;
const LARGE: usize = 1 << 19;
/// Octets of the bits of two-octet grams.
const SHORT_OCTETS: usize = 1 << 13;
/// Places that are collected before they are looked up.
const BATCH: usize = 512;

const LONG: [[u8; 4]; 3] = [*b"BG4B", *b"BG4I", *b"BG4E"];
const SHORT: [[u8; 4]; 3] = [*b"BG2B", *b"BG2I", *b"BG2E"];

/// Collects grams.
#[derive(Debug, Default)]
pub(super) struct Grams {
    long: Vec<(Gram, u32)>,
    short: Vec<(Gram, u32)>,
}

impl Grams {
    pub(super) fn add(&mut self, width: usize, gram: Gram, body: u32) {
        let gram = fold(gram);
        let list = if width == 4 { &mut self.long } else { &mut self.short };
        list.push((gram, body));
    }

    pub(super) fn finish(self, writer: &mut Writer) {
        let wanted = self.long.len().saturating_mul(2);
        let fitting = [SMALL, MIDDLE].into_iter().find(|octets| *octets >= wanted);
        write(writer, LONG, self.long, fitting.unwrap_or(LARGE));
        write(writer, SHORT, self.short, SHORT_OCTETS);
    }
}

fn write(writer: &mut Writer, tags: [[u8; 4]; 3], mut entries: Vec<(Gram, u32)>, octets: usize) {
    if entries.is_empty() {
        return;
    }
    let shift = 32 - buckets(entries.len());
    entries.sort_unstable_by_key(|entry| (hash(entry.0) >> shift, entry.0, entry.1));
    entries.dedup();
    let mut bits = vec![0_u8; octets];
    let mut index = Vec::new();
    let mut filled = 0_u32;
    for ((gram, _), at) in entries.iter().zip(0_u32..) {
        for (octet, bit) in [bit_of(hash(*gram), octets), bit_of(second_hash(*gram), octets)] {
            if let Some(slot) = bits.get_mut(octet) {
                *slot |= bit;
            }
        }
        while filled <= hash(*gram) >> shift {
            index.extend_from_slice(&at.to_le_bytes());
            filled += 1;
        }
    }
    let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    while filled <= 1 << (32 - shift) {
        index.extend_from_slice(&count.to_le_bytes());
        filled += 1;
    }
    let [bits_tag, index_tag, entries_tag] = tags;
    writer.section(bits_tag, bits);
    writer.section(index_tag, index);
    let pairs = entries.iter().flat_map(|entry| [entry.0.to_le_bytes(), entry.1.to_le_bytes()]);
    writer.section(entries_tag, pairs.flatten().collect());
}

/// Bits of the number of buckets: about one for each entry.
fn buckets(entries: usize) -> u32 {
    entries.next_power_of_two().ilog2().clamp(4, 20)
}

/// Letters of both cases as one, and some other octets with them.
#[inline]
pub(super) fn fold(gram: Gram) -> Gram {
    gram & 0xdfdf_dfdf
}

/// Another hash of the same gram: its upper bits have little to do with those of the first.
#[inline]
fn second_hash(gram: Gram) -> u32 {
    (gram ^ gram >> 15).wrapping_mul(0x85eb_ca6b)
}

/// The bit of a hash among a power of two of octets.
#[inline]
fn bit_of(hash: u32, octets: usize) -> (usize, u8) {
    let at = hash >> (32 - octets.ilog2() - 3);
    ((at >> 3) as usize, 1 << (at & 7))
}

/// The table of grams of a pack.
#[derive(Debug)]
pub(super) struct Table {
    long: Option<Level>,
    short: Option<Level>,
}

#[derive(Debug)]
struct Level {
    bits: Part,
    index: Part,
    entries: Part,
    shift: u32,
}

impl Level {
    fn open(pack: &Pack, tags: [[u8; 4]; 3], sizes: &[usize]) -> Option<Level> {
        let [bits, index, entries] = tags.map(|tag| pack.part(tag));
        let buckets = (index.octets().len() / 4).checked_sub(1)?;
        let fits = sizes.contains(&bits.octets().len()) && buckets.is_power_of_two() && buckets > 1;
        fits.then(|| Level { bits, index, entries, shift: 32 - buckets.ilog2() })
    }

    /// Tells each body that may stand at a place.
    fn look_up(&self, gram: Gram, mut tell: impl FnMut(u32)) {
        let bucket = (hash(gram) >> self.shift) as usize * 4;
        let index = self.index.octets();
        let (Some(from), Some(to)) = (u32_at(index, bucket), u32_at(index, bucket + 4)) else {
            return;
        };
        let range = (from as usize).saturating_mul(8)..(to as usize).saturating_mul(8);
        for entry in self.entries.octets().get(range).unwrap_or_default().chunks_exact(8) {
            if u32_at(entry, 0) == Some(gram)
                && let Some(body) = u32_at(entry, 4)
            {
                tell(body);
            }
        }
    }
}

impl Table {
    pub(super) fn open(pack: &Pack) -> Table {
        Table {
            long: Level::open(pack, LONG, &[SMALL, MIDDLE, LARGE]),
            short: Level::open(pack, SHORT, &[SHORT_OCTETS]),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.long.is_none() && self.short.is_none()
    }

    /// Tells place and body wherever a body may stand, in order of places for each width. `tell`
    /// answers whether to go on.
    pub(super) fn sweep(&self, octets: &[u8], mut tell: impl FnMut(usize, u32) -> bool) {
        match &self.long {
            Some(level) if level.bits.octets().len() == SMALL => {
                sweep_long::<SMALL>(level, octets, &mut tell);
            }
            Some(level) if level.bits.octets().len() == MIDDLE => {
                sweep_long::<MIDDLE>(level, octets, &mut tell);
            }
            Some(level) => sweep_long::<LARGE>(level, octets, &mut tell),
            None => {}
        }
        if let Some(level) = &self.short {
            sweep_short(level, octets, &mut tell);
        }
    }
}

/// The pass over a specimen. The inner loop has no branch that depends on the octets.
fn sweep_long<const SIZE: usize>(
    level: &Level,
    octets: &[u8],
    tell: &mut impl FnMut(usize, u32) -> bool,
) {
    let Some(bits) = level.bits.octets().first_chunk::<SIZE>() else { return };
    let is_set = |hash: u32| {
        let (octet, bit) = bit_of(hash, SIZE);
        bits.get(octet & (SIZE - 1)).is_some_and(|seen| seen & bit != 0)
    };
    let mut batch = [0_u16; BATCH];
    let mut start = 0;
    while start + 4 <= octets.len() {
        let window = octets.get(start..octets.len().min(start + BATCH + 3)).unwrap_or_default();
        let mut found = 0_usize;
        for (gram, at) in window.array_windows::<4>().zip(0_u16..) {
            if let Some(slot) = batch.get_mut(found & (BATCH - 1)) {
                *slot = at;
            }
            found += usize::from(is_set(hash(fold(u32::from_le_bytes(*gram)))));
        }
        for at in batch.iter().take(found) {
            let place = start + usize::from(*at);
            let Some(gram) = u32_at(octets, place).map(fold) else { continue };
            let mut goes_on = true;
            if is_set(second_hash(gram)) {
                level.look_up(gram, |body| goes_on &= goes_on && tell(place, body));
            }
            if !goes_on {
                return;
            }
        }
        start += BATCH;
    }
}

fn sweep_short(level: &Level, octets: &[u8], tell: &mut impl FnMut(usize, u32) -> bool) {
    let bits = level.bits.octets();
    for (pair, place) in octets.array_windows::<2>().zip(0..) {
        let gram = fold(Gram::from(u16::from_le_bytes(*pair)));
        let (octet, bit) = bit_of(hash(gram), SHORT_OCTETS);
        if bits.get(octet).is_some_and(|seen| seen & bit != 0) {
            let mut goes_on = true;
            level.look_up(gram, |body| goes_on &= goes_on && tell(place, body));
            if !goes_on {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn table(grams: &[(usize, &[u8], u32)]) -> Table {
        let mut list = Grams::default();
        for (width, octets, body) in grams {
            let mut gram = [0; 4];
            gram[..*width].copy_from_slice(octets);
            list.add(*width, u32::from_le_bytes(gram), *body);
        }
        let mut writer = Writer::default();
        list.finish(&mut writer);
        Table::open(&Pack::open(Arc::new(writer.finish().unwrap())).unwrap())
    }

    fn sweep(table: &Table, octets: &[u8]) -> Vec<(usize, u32)> {
        let mut found = Vec::new();
        table.sweep(octets, |place, body| {
            found.push((place, body));
            true
        });
        found
    }

    #[test]
    fn grams_are_found_at_every_place_of_every_batch() {
        let table = table(&[(4, b"abcd", 7), (4, b"abcd", 8), (2, b"xy", 9)]);
        for place in [0, 1, 508, 509, 510, 511, 512, 513, 1020, 1024, 5000] {
            let mut octets = vec![b'-'; place];
            octets.extend_from_slice(b"abcdxy");
            assert_eq!(sweep(&table, &octets), [(place, 7), (place, 8), (place + 4, 9)]);
        }
    }

    #[test]
    fn a_table_of_many_grams_finds_each_of_them() {
        let all: Vec<[u8; 4]> =
            (0..3000_u32).map(|at| at.wrapping_mul(2_654_435_769).to_le_bytes()).collect();
        let rows: Vec<(usize, &[u8], u32)> =
            all.iter().zip(0..).map(|(gram, at)| (4, &gram[..], at)).collect();
        let table = table(&rows);
        for (gram, at) in all.iter().zip(0..) {
            assert_eq!(sweep(&table, gram), [(0, at)]);
        }
    }

    #[test]
    fn a_batch_full_of_hits_is_told_whole() {
        let table = table(&[(4, b"aaaa", 1)]);
        assert_eq!(sweep(&table, &[b'a'; 2000]).len(), 1997);
    }

    #[test]
    fn telling_can_end_the_pass() {
        let table = table(&[(4, b"aaaa", 1)]);
        let mut count = 0;
        table.sweep(&[b'a'; 2000], |_, _| {
            count += 1;
            count < 10
        });
        assert_eq!(count, 10);
    }
}
