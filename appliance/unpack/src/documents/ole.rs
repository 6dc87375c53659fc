//! OLE2 compound files (MS-CFB), read the tolerant way: what a broken directory or a looping chain
//! still lets be seen is seen, and the damage is said.
//!
//! Never recurses on the file's depth, never follows a chain for longer than the file has sectors,
//! never takes memory by a number of the file. Start with [`Ole::read`].

use std::borrow::Cow;

use super::cursor::{Cursor, utf16};
use crate::limits;

/// The first eight octets of a compound file.
pub(crate) const MAGIC: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
/// The largest number of a real sector (MS-CFB 2.1).
const LAST_SECTOR: u32 = 0xffff_fffa;
/// No entry, no sector.
const NONE: u32 = 0xffff_ffff;
const END_OF_CHAIN: u32 = 0xffff_fffe;
const ENTRY_OCTETS: usize = 128;

/// A storage or a stream.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Its own name.
    pub(crate) name: String,
    /// Number of the storage it lies in; the root's is its own.
    pub(crate) parent: usize,
    /// Whether it holds octets and not entries.
    pub(crate) is_stream: bool,
    /// Whether no directory tree leads to it.
    pub(crate) is_orphan: bool,
    /// Class of a storage.
    pub(crate) class: [u8; 16],
    start: u32,
    size: u64,
}

/// Octets of one stream.
#[derive(Debug)]
pub(crate) struct Content<'a> {
    /// What was there.
    pub(crate) octets: Cow<'a, [u8]>,
    /// Whether all of it was there.
    pub(crate) is_whole: bool,
}

/// A compound file.
#[derive(Debug)]
pub(crate) struct Ole<'a> {
    octets: &'a [u8],
    sector: usize,
    mini_below: u64,
    fat: Vec<u32>,
    mini_fat: Vec<u32>,
    mini: Cow<'a, [u8]>,
    entries: Vec<Entry>,
    damage: Option<&'static str>,
}

impl<'a> Ole<'a> {
    /// Reads header, allocation tables and directory. `None` when not even the header is there.
    pub(crate) fn read(octets: &'a [u8]) -> Option<Self> {
        let header = Header::read(octets)?;
        let mut ole = Ole {
            octets,
            sector: header.sector,
            mini_below: header.mini_below,
            fat: Vec::new(),
            mini_fat: Vec::new(),
            mini: Cow::Borrowed(&[]),
            entries: Vec::new(),
            damage: None,
        };
        ole.read_fat(&header);
        let directory = ole.chain(header.directory, None);
        ole.note(!directory.is_whole, "the directory is cut off");
        let links = ole.read_entries(&directory.octets, header.is_large);
        ole.link(&links);
        ole.read_mini(header.mini_fat);
        Some(ole)
    }

    fn note(&mut self, is_so: bool, what: &'static str) {
        if is_so {
            self.damage.get_or_insert(what);
        }
    }

    /// What is wrong with the file as a whole.
    pub(crate) fn damage(&self) -> Option<&'static str> {
        self.damage
    }

    /// Storages and streams, by number. The root is the first.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The streams and their numbers.
    pub(crate) fn streams(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.entries.iter().enumerate().filter(|(_, entry)| entry.is_stream)
    }

    /// The entry of a name within a storage; names are compared without regard to case.
    pub(crate) fn child(&self, parent: usize, name: &str) -> Option<(usize, &Entry)> {
        let mut all = self.entries.iter().enumerate();
        all.find(|(_, one)| one.parent == parent && one.name.eq_ignore_ascii_case(name))
    }

    /// The path of an entry, its storages first, at most [`limits::OLE_STORAGES`] of them.
    pub(crate) fn path(&self, number: usize) -> String {
        let mut names = Vec::new();
        let mut at = number;
        while let Some(entry) = self.entries.get(at) {
            if at == 0 || names.len() >= limits::OLE_STORAGES {
                break;
            }
            names.push(entry.name.as_str());
            at = entry.parent;
        }
        names.reverse();
        names.join("/")
    }

    /// Octets a stream says it has.
    pub(crate) fn size(entry: &Entry) -> u64 {
        entry.size
    }

    /// The octets of a stream.
    pub(crate) fn content(&self, entry: &Entry) -> Content<'_> {
        if entry.size == 0 {
            return Content { octets: Cow::Borrowed(&[]), is_whole: true };
        }
        if entry.size < self.mini_below {
            follow(
                Units { octets: &self.mini, base: 0, unit: 64 },
                &self.mini_fat,
                entry.start,
                Some(entry.size),
            )
        } else {
            self.chain(entry.start, Some(entry.size))
        }
    }

    fn chain(&self, start: u32, size: Option<u64>) -> Content<'a> {
        let units = Units { octets: self.octets, base: self.sector, unit: self.sector };
        follow(units, &self.fat, start, size)
    }

    fn sector_octets(&self, number: u32) -> Option<&'a [u8]> {
        let start = usize::try_from(number).ok()?.checked_add(1)?.checked_mul(self.sector)?;
        self.octets.get(start..start.checked_add(self.sector)?)
    }

    fn read_fat(&mut self, header: &Header) {
        let most = self.octets.len() / self.sector + 1;
        let mut sectors = header.fat.clone();
        let (mut next, mut steps) = (header.more_fat, 0);
        while next <= LAST_SECTOR && steps < most {
            let Some(octets) = self.sector_octets(next) else { break };
            let mut numbers = words(octets);
            next = numbers.pop().unwrap_or(END_OF_CHAIN);
            sectors.extend(numbers.into_iter().filter(|number| *number <= LAST_SECTOR));
            steps += 1;
        }
        self.note(next <= LAST_SECTOR, "the list of table sectors is cut off or loops");
        let entries = self.sector / 4;
        for number in sectors {
            if self.fat.len() > most.saturating_add(entries) {
                break;
            }
            match self.sector_octets(number) {
                Some(octets) => self.fat.extend(words(octets)),
                None => self.note(true, "a sector of the allocation table is missing"),
            }
        }
    }

    fn read_entries(&mut self, directory: &[u8], is_large: bool) -> Vec<Links> {
        let mut links = Vec::new();
        for raw in directory.chunks_exact(ENTRY_OCTETS).take(limits::OLE_ENTRIES) {
            let (entry, link) = entry(raw, is_large).unwrap_or_default();
            self.entries.push(entry);
            links.push(link);
        }
        self.note(directory.len() / ENTRY_OCTETS > limits::OLE_ENTRIES, "too many entries");
        self.note(self.entries.is_empty(), "there is no directory");
        links
    }

    /// Gives each entry its storage. A loop over a list of what is to be done, each entry once.
    fn link(&mut self, links: &[Links]) {
        let mut waiting: Vec<(u32, usize)> =
            links.first().map(|root| vec![(root.child, 0)]).unwrap_or_default();
        let mut is_met = vec![false; self.entries.len()];
        if let Some(root) = is_met.first_mut() {
            *root = true;
        }
        while let Some((number, parent)) = waiting.pop() {
            let at = usize::try_from(number).unwrap_or(usize::MAX);
            let (Some(met), Some(link)) = (is_met.get_mut(at), links.get(at)) else {
                self.note(number != NONE, "the directory leads nowhere");
                continue;
            };
            if std::mem::replace(met, true) {
                self.note(true, "the directory loops");
                continue;
            }
            if let Some(entry) = self.entries.get_mut(at) {
                entry.parent = parent;
                entry.is_orphan = false;
            }
            waiting.extend([(link.left, parent), (link.right, parent), (link.child, at)]);
        }
    }

    fn read_mini(&mut self, mini_fat: u32) {
        let Some(root) = self.entries.first() else { return };
        let (start, size) = (root.start, root.size);
        if size == 0 && mini_fat > LAST_SECTOR {
            return;
        }
        let table = self.chain(mini_fat, None);
        self.mini_fat = words(&table.octets);
        let mini = self.chain(start, Some(size));
        self.note(!mini.is_whole, "the small streams are cut off");
        self.mini = mini.octets;
    }
}

/// Where chained units lie.
#[derive(Clone, Copy)]
struct Units<'a> {
    octets: &'a [u8],
    base: usize,
    unit: usize,
}

impl Units<'_> {
    /// Start and length of a unit, as far as it is there.
    fn run(&self, number: u32) -> Option<(usize, usize)> {
        let at = usize::try_from(number).ok()?.checked_mul(self.unit)?.checked_add(self.base)?;
        let there = self.octets.len().saturating_sub(at).min(self.unit);
        (there > 0).then_some((at, there))
    }
}

/// The octets of a chain: of a size, or to its end when it has none. Units that follow one another
/// are lent, others are copied together; a chain is never longer than there are units.
fn follow<'a>(units: Units<'a>, fat: &[u32], start: u32, size: Option<u64>) -> Content<'a> {
    let there = units.octets.len();
    let wanted = size.map_or(there, |size| usize::try_from(size).unwrap_or(there).min(there));
    let mut steps = there / units.unit.max(1) + 1;
    let (mut runs, mut length, mut next) = (Vec::<(usize, usize)>::new(), 0_usize, start);
    let mut is_whole = true;
    while next <= LAST_SECTOR && (size.is_none() || length < wanted) {
        let Some((at, octets)) = units.run(next).filter(|_| steps > 0) else {
            is_whole = false;
            break;
        };
        match runs.last_mut() {
            Some((from, run)) if from.saturating_add(*run) == at => *run += octets,
            _ => runs.push((at, octets)),
        }
        length = length.saturating_add(octets);
        steps = steps.saturating_sub(1);
        next = usize::try_from(next).ok().and_then(|n| fat.get(n).copied()).unwrap_or(END_OF_CHAIN);
    }
    let is_whole = is_whole && size.is_none_or(|size| length as u64 >= size);
    Content { octets: gather(units.octets, &runs, wanted.min(length)), is_whole }
}

fn gather<'a>(octets: &'a [u8], runs: &[(usize, usize)], keep: usize) -> Cow<'a, [u8]> {
    let part = |(from, length): &(usize, usize)| {
        octets.get(*from..from.saturating_add(*length)).unwrap_or_default()
    };
    match runs {
        [] => Cow::Borrowed(&[]),
        [one] => {
            let all = part(one);
            Cow::Borrowed(all.get(..keep).unwrap_or(all))
        }
        many => {
            let mut all = Vec::with_capacity(keep.min(octets.len()));
            for one in many {
                all.extend_from_slice(part(one));
            }
            all.truncate(keep);
            Cow::Owned(all)
        }
    }
}

fn words(octets: &[u8]) -> Vec<u32> {
    let word = |four: &[u8]| four.first_chunk().map_or(NONE, |four| u32::from_le_bytes(*four));
    octets.chunks_exact(4).map(word).collect()
}

struct Header {
    sector: usize,
    mini_below: u64,
    directory: u32,
    mini_fat: u32,
    more_fat: u32,
    fat: Vec<u32>,
    is_large: bool,
}

impl Header {
    fn read(octets: &[u8]) -> Option<Header> {
        let mut cursor = Cursor::new(octets);
        (cursor.take(8)? == MAGIC).then_some(())?;
        cursor.skip(18)?;
        let major = cursor.u16()?;
        cursor.skip(2)?;
        let shift = cursor.u16()?;
        cursor.skip(16)?;
        let directory = cursor.u32()?;
        cursor.skip(4)?;
        let mini_below = cursor.u32()?;
        let mini_fat = cursor.u32()?;
        cursor.skip(4)?;
        let more_fat = cursor.u32()?;
        cursor.skip(4)?;
        let fat = words(cursor.take_most(109 * 4));
        let fat = fat.into_iter().take_while(|number| *number <= LAST_SECTOR).collect();
        let sector = if shift == 12 { 4096 } else { 512 };
        Some(Header {
            sector,
            mini_below: u64::from(mini_below.min(4096)),
            directory,
            mini_fat,
            more_fat,
            fat,
            is_large: major >= 4,
        })
    }
}

#[derive(Debug, Clone, Copy)]
struct Links {
    left: u32,
    right: u32,
    child: u32,
}

impl Default for Links {
    fn default() -> Self {
        Links { left: NONE, right: NONE, child: NONE }
    }
}

impl Default for Entry {
    fn default() -> Self {
        Entry {
            name: String::new(),
            parent: 0,
            is_stream: false,
            is_orphan: true,
            class: [0; 16],
            start: END_OF_CHAIN,
            size: 0,
        }
    }
}

fn entry(raw: &[u8], is_large: bool) -> Option<(Entry, Links)> {
    let mut cursor = Cursor::new(raw);
    let name = cursor.take(64)?;
    let octets = usize::from(cursor.u16()?).min(64).saturating_sub(2);
    let name = utf16(name.get(..octets)?);
    let kind = cursor.u8()?;
    cursor.skip(1)?;
    let links = Links { left: cursor.u32()?, right: cursor.u32()?, child: cursor.u32()? };
    let class = *cursor.take(16)?.first_chunk()?;
    cursor.skip(20)?;
    let start = cursor.u32()?;
    let size = cursor.u64()?;
    let size = if is_large { size } else { size & 0xffff_ffff };
    let is_stream = kind == 2;
    let size = if kind == 1 { 0 } else { size };
    let links = if matches!(kind, 1 | 2 | 5) { links } else { Links::default() };
    Some((Entry { name, parent: 0, is_stream, is_orphan: true, class, start, size }, links))
}
