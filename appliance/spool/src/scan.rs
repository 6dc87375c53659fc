//! Going through the records of a segment, whatever has happened to it.
//!
//! A group commit begins only after the one before it is durable, and its first record is marked.
//! So whatever is unreadable *before* a marked record was durable once and is [`Damage`]; whatever
//! is unreadable after the last marked one is the torn tail of a write that nobody was told about,
//! and the segment ends there.

use std::io;
use std::ops::Range;

use world::DiskFile;

use crate::limits;
use crate::record::{self, HEADER, Header, Kind, MAGIC};
use crate::segment::START;

/// Where the octets of a segment come from.
pub trait Source {
    /// Reads up to `target.len()` octets from `offset`; fewer only at the end.
    ///
    /// # Errors
    /// As pread(2).
    fn read(&self, offset: u64, target: &mut [u8]) -> io::Result<usize>;
}

impl Source for &[u8] {
    fn read(&self, offset: u64, target: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.get(offset..));
        let rest = rest.unwrap_or_default();
        let count = rest.len().min(target.len());
        if let (Some(to), Some(from)) = (target.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }
}

impl Source for &dyn DiskFile {
    fn read(&self, offset: u64, target: &mut [u8]) -> io::Result<usize> {
        self.read_at(offset, target)
    }
}

/// A stretch of the source held in memory, moved on as the scan goes.
struct Window<S> {
    source: S,
    base: u64,
    held: Vec<u8>,
}

impl<S: Source> Window<S> {
    fn new(source: S) -> Self {
        Window { source, base: 0, held: Vec::new() }
    }

    /// Up to `length` octets from `offset`; fewer only at the end.
    fn at(&mut self, offset: u64, length: usize) -> io::Result<&[u8]> {
        let held = self.base..self.base + self.held.len() as u64;
        if !(held.contains(&offset) && offset + length as u64 <= held.end) {
            let room = length.max(limits::WINDOW_OCTETS);
            self.held.resize(room, 0);
            self.base = offset;
            let count = self.source.read(offset, &mut self.held)?;
            self.held.truncate(count);
        }
        let start = (offset - self.base) as usize;
        let end = (start + length).min(self.held.len());
        Ok(self.held.get(start..end).unwrap_or_default())
    }
}

/// What a scan saw besides the records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scanned {
    /// Stretches that were durable once and do not read back.
    pub damage: Vec<Range<u64>>,
    /// Everything below this offset was durable when the last group was begun.
    pub durable: u64,
    /// The end of the last record.
    pub end: u64,
    /// The segment is marked as complete.
    pub closed: bool,
}

struct Scan<S> {
    window: Window<S>,
    salt: u64,
    seen: Scanned,
}

impl<S: Source> Scan<S> {
    /// The record at `offset`, if there is one.
    fn record(&mut self, offset: u64) -> io::Result<Option<(Header, &[u8])>> {
        let Ok(header) = Header::decode(self.window.at(offset, HEADER)?, self.salt, offset) else {
            return Ok(None);
        };
        let whole = HEADER + header.head_length as usize;
        let octets = self.window.at(offset, whole)?;
        Ok(record::decode(octets, self.salt, offset).ok())
    }

    /// The first record at or after `offset`.
    fn next_record(&mut self, mut offset: u64) -> io::Result<Option<(u64, Header)>> {
        loop {
            let stretch = self.window.at(offset, limits::WINDOW_OCTETS)?;
            if stretch.len() < HEADER {
                return Ok(None);
            }
            match memchr::memmem::find(stretch, MAGIC) {
                Some(skip) => {
                    offset += skip as u64;
                    if let Some((header, _)) = self.record(offset)? {
                        return Ok(Some((offset, header)));
                    }
                    offset += 1;
                }
                // The magic may lie across the end of this stretch.
                None => offset += (stretch.len() - MAGIC.len() + 1) as u64,
            }
        }
    }

    /// Whether a marked record follows `offset`; where the next record of any kind is, if so.
    fn resync(&mut self, offset: u64) -> io::Result<Option<u64>> {
        let mut found = None;
        let mut at = offset;
        while let Some((start, header)) = self.next_record(at)? {
            found = found.or(Some(start));
            if header.first {
                self.seen.durable = self.seen.durable.max(start);
                return Ok(found);
            }
            at = start.saturating_add(header.length());
        }
        Ok(None)
    }

    fn run(&mut self, mut each: impl FnMut(u64, &Header, &[u8])) -> io::Result<()> {
        let mut offset = START;
        loop {
            self.seen.end = offset;
            let Some((header, head)) = self.record(offset)? else {
                let Some(next) = self.resync(offset + 1)? else { return Ok(()) };
                self.seen.damage.push(offset..next);
                offset = next;
                continue;
            };
            each(offset, &header, head);
            if header.first {
                self.seen.durable = self.seen.durable.max(offset);
            }
            offset = offset.saturating_add(header.length());
            if header.kind == Kind::Close {
                self.seen.end = offset;
                self.seen.closed = true;
                return Ok(());
            }
        }
    }
}

/// Goes through a segment and shows each record: its offset, header and head. Bodies are skipped
/// and not checked.
///
/// # Errors
/// Only when the source cannot be read; damage is no error.
pub fn scan<S: Source>(
    source: S,
    salt: u64,
    each: impl FnMut(u64, &Header, &[u8]),
) -> io::Result<Scanned> {
    let mut scan = Scan { window: Window::new(source), salt, seen: Scanned::default() };
    scan.run(each)?;
    Ok(scan.seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::MessageId;

    const SALT: u64 = 3;

    /// `(id, head, body)`
    type Letter<'a> = (u64, &'a [u8], &'a [u8]);

    /// A segment of groups of records.
    fn segment(groups: &[&[Letter<'_>]]) -> (Vec<u8>, Vec<u64>) {
        let mut octets = crate::segment::encode_start(1, SALT);
        let mut offsets = Vec::new();
        for group in groups {
            for (index, (id, head, body)) in group.iter().enumerate() {
                let mut header = Header::new(Kind::Message, MessageId(*id), head);
                header.first = index == 0;
                header.body_length = body.len() as u64;
                header.body_crc = crc32c::crc32c(body);
                offsets.push(octets.len() as u64);
                let encoded = header.encode(SALT, octets.len() as u64);
                octets.extend_from_slice(&encoded);
                octets.extend_from_slice(head);
                octets.extend_from_slice(body);
            }
        }
        (octets, offsets)
    }

    /// The only damaged stretch: its start and end.
    fn only(damage: &[Range<u64>]) -> (u64, u64) {
        assert_eq!(damage.len(), 1);
        (damage[0].start, damage[0].end)
    }

    fn ids(octets: &[u8]) -> (Vec<u64>, Scanned) {
        let mut ids = Vec::new();
        let scanned = scan(octets, SALT, |_, header, _| ids.push(header.id.0)).unwrap();
        (ids, scanned)
    }

    #[test]
    fn all_records_are_shown_and_zeros_end_the_segment() {
        let (mut octets, _) = segment(&[&[(1, b"h", b"body"), (2, b"", b"")], &[(3, b"hh", b"b")]]);
        octets.resize(octets.len() + 5000, 0);
        let (found, scanned) = ids(&octets);
        assert_eq!(found, [1, 2, 3]);
        assert!(scanned.damage.is_empty() && !scanned.closed);
    }

    #[test]
    fn a_torn_tail_ends_the_segment_even_if_later_records_of_its_group_are_whole() {
        let (mut octets, offsets) =
            segment(&[&[(1, b"h", b"x")], &[(2, b"h", b"x"), (3, b"h", b"x"), (4, b"h", b"x")]]);
        octets[offsets[2] as usize + 9] ^= 1;
        let (found, scanned) = ids(&octets);
        assert_eq!(found, [1, 2]);
        assert_eq!(scanned.damage, []);
        assert_eq!(scanned.end, offsets[2]);
        assert_eq!(scanned.durable, offsets[1]);
    }

    #[test]
    fn damage_before_a_later_group_is_reported_and_all_else_kept() {
        let (mut octets, offsets) =
            segment(&[&[(1, b"h", b"x"), (2, b"h", b"x"), (3, b"h", b"x")], &[(4, b"h", b"x")]]);
        octets[offsets[1] as usize + 9] ^= 1;
        let (found, scanned) = ids(&octets);
        assert_eq!(found, [1, 3, 4]);
        assert_eq!(only(&scanned.damage), (offsets[1], offsets[2]));
    }

    #[test]
    fn a_mail_that_contains_records_is_not_taken_for_records() {
        let (forged, _) = segment(&[&[(66, b"h", b"x")]]);
        let forged = [&forged[64..], MAGIC.as_slice(), &forged[64..]].concat();
        let (mut octets, offsets) = segment(&[&[(1, b"h", &forged)], &[(2, b"h", b"x")]]);
        octets[offsets[0] as usize] ^= 1;
        let (found, scanned) = ids(&octets);
        assert_eq!(found, [2]);
        assert_eq!(only(&scanned.damage), (START, offsets[1]));
    }

    #[test]
    fn records_across_window_borders_are_found() {
        let body = vec![b'b'; limits::WINDOW_OCTETS - 300];
        let head = vec![b'h'; 5000];
        let group: Vec<Letter<'_>> =
            (0..20).map(|id| (id, head.as_slice(), body.as_slice())).collect();
        let (mut octets, offsets) = segment(&[&group, &[(99, b"h", b"x")]]);
        assert_eq!(ids(&octets).0.len(), 21);
        octets[offsets[7] as usize + 2] ^= 1;
        let (found, scanned) = ids(&octets);
        assert_eq!(found.len(), 20);
        assert_eq!(only(&scanned.damage), (offsets[7], offsets[8]));
    }

    #[test]
    fn any_octets_are_scanned_without_harm() {
        let (octets, _) = segment(&[&[(1, b"head", b"body"), (2, b"", b"")], &[(3, b"hh", b"b")]]);
        for cut in 0..octets.len() {
            ids(&octets[..cut]);
            let mut spoilt = octets.clone();
            spoilt[cut] = spoilt[cut].wrapping_add(1);
            ids(&spoilt);
        }
    }
}
