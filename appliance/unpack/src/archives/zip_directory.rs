//! The two directories of a zip: the central one at its end and the local headers before each
//! member (APPNOTE.TXT 6.3.10, sections 4.3 and 4.4). Only read here; `zip.rs` compares them.

use memchr::memmem;

use crate::limits;
use crate::octets::{length, run, u16_le, u32_le, u64_le};

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const END_64: &[u8] = b"PK\x06\x06";
const LOCATOR_64: &[u8] = b"PK\x06\x07";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
const LOCAL_OCTETS: usize = 30;
const CENTRAL_OCTETS: usize = 46;
const END_OCTETS: usize = 22;
const LOCATOR_64_OCTETS: usize = 20;
/// Extra field of sizes over 4 GiB (section 4.5.3).
const EXTRA_64: u16 = 1;
/// Extra field of AES (WinZip's AE-x).
const EXTRA_AES: u16 = 0x9901;

/// Sizes follow the data (general purpose bit 3).
const SIZES_FOLLOW: u16 = 1 << 3;
/// Encrypted (bit 0).
const ENCRYPTED: u16 = 1;

/// What one directory says of one member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Described<'a> {
    pub name: &'a [u8],
    pub flags: u16,
    pub method: u16,
    pub time: u16,
    pub crc32: u32,
    pub packed: u64,
    pub size: u64,
    /// Where its local header is, from the start of the file.
    pub header_at: usize,
    /// Vendor version, vendor, strength and method of AES, as they stand.
    pub aes: Option<&'a [u8]>,
}

impl Described<'_> {
    /// Whether its octets are encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & ENCRYPTED != 0
    }

    /// Whether its sizes stand after its data.
    pub(super) fn sizes_follow(&self) -> bool {
        self.flags & SIZES_FOLLOW != 0
    }

    /// Its name: UTF-8, or whatever it is.
    pub(super) fn shown_name(&self) -> String {
        crate::place::decode(self.name)
    }
}

/// A member as a local header says it, with its data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local<'a> {
    pub described: Described<'a>,
    /// Where its data begins.
    pub data_at: usize,
}

/// A central directory.
#[derive(Debug, Default)]
pub(super) struct Central<'a> {
    pub entries: Vec<Described<'a>>,
    /// Where the end record is.
    pub end_at: usize,
    /// Octets that follow the end record and its comment.
    pub trailing: usize,
    /// Why it is not whole.
    pub broken: Option<&'static str>,
    /// Where the directory begins.
    pub begins_at: usize,
    /// More members than are followed.
    pub is_too_long: bool,
}

/// Reads a local header.
pub(super) fn local(zip: &[u8], at: usize) -> Option<Local<'_>> {
    let fixed = run(zip, at, LOCAL_OCTETS).filter(|fixed| fixed.starts_with(LOCAL))?;
    let name_octets = usize::from(u16_le(fixed, 26)?);
    let extra_octets = usize::from(u16_le(fixed, 28)?);
    let name_at = at + LOCAL_OCTETS;
    let name = run(zip, name_at, name_octets)?;
    let extra = run(zip, name_at + name_octets, extra_octets)?;
    let mut described = Described {
        name,
        flags: u16_le(fixed, 6)?,
        method: u16_le(fixed, 8)?,
        time: u16_le(fixed, 10)?,
        crc32: u32_le(fixed, 14)?,
        packed: u64::from(u32_le(fixed, 18)?),
        size: u64::from(u32_le(fixed, 22)?),
        header_at: at,
        aes: extra_field(extra, EXTRA_AES),
    };
    let _offset = widen(&mut described, extra);
    Some(Local { described, data_at: name_at + name_octets + extra_octets })
}

/// The next local header at or after `from`.
pub(super) fn next_local(zip: &[u8], from: usize) -> Option<usize> {
    find(zip, from, LOCAL)
}

/// Where data without a known size ends: before the next thing that looks like a header.
pub(super) fn next_header(zip: &[u8], from: usize) -> usize {
    let rest = zip.get(from..).unwrap_or_default();
    let is_header =
        |at: &usize| [LOCAL, CENTRAL, DESCRIPTOR, END].iter().any(|one| starts(rest, *at, one));
    let found = memmem::find_iter(rest, b"PK").find(is_header);
    from.saturating_add(found.unwrap_or(rest.len()))
}

/// Octets of the data descriptor at a place (section 4.3.9), 0 when there is none.
pub(super) fn descriptor_octets(zip: &[u8], at: usize) -> usize {
    let known = |after: usize| {
        [LOCAL, CENTRAL, b"PK\x06\x08"].iter().any(|one| starts(zip, at.saturating_add(after), one))
    };
    let choices: &[usize] = if starts(zip, at, DESCRIPTOR) { &[16, 24] } else { &[12, 20] };
    let found = choices.iter().copied().find(|octets| known(*octets));
    let otherwise = if starts(zip, at, DESCRIPTOR) { 16 } else { 0 };
    found.unwrap_or(otherwise)
}

/// Every central directory that an unpacker could take: that of the last end record first.
pub(super) fn centrals(zip: &[u8]) -> Vec<Central<'_>> {
    let ends = memmem::rfind_iter(zip, END).filter(|at| run(zip, *at, END_OCTETS).is_some());
    let mut found: Vec<Central<'_>> = Vec::new();
    for at in ends.take(limits::ZIP_ENDS) {
        let central = central(zip, at);
        let is_a_view = found.is_empty() || !central.entries.is_empty();
        let is_inside = found
            .iter()
            .any(|known| known.begins_at <= at && at < known.end_at && known.broken.is_none());
        if is_a_view && !is_inside {
            found.push(central);
        }
    }
    found
}

fn central(zip: &[u8], end_at: usize) -> Central<'_> {
    let end = run(zip, end_at, END_OCTETS).unwrap_or_default();
    let comment = usize::from(u16_le(end, 20).unwrap_or_default());
    let after = zip.len().saturating_sub(end_at + END_OCTETS);
    let mut central =
        Central { end_at, trailing: after.saturating_sub(comment), ..Central::default() };
    if comment > after {
        central.broken = Some("comment cut short");
    }
    let mut count = u64::from(u16_le(end, 10).unwrap_or_default());
    let mut octets = u64::from(u32_le(end, 12).unwrap_or_default());
    let mut offset = u64::from(u32_le(end, 16).unwrap_or_default());
    let mut directory_end = end_at;
    if let Some((at, wide)) = end_64(zip, end_at) {
        directory_end = at;
        (count, octets, offset) = wide;
    }
    // What stands before the zip shifts all of its offsets.
    let begins_at = directory_end.saturating_sub(length(octets));
    let shift = begins_at.saturating_sub(length(offset));
    let is_as_declared = starts(zip, length(offset), CENTRAL);
    let begins_at =
        if starts(zip, begins_at, CENTRAL) || !is_as_declared { begins_at } else { length(offset) };
    let shift = if begins_at == length(offset) { 0 } else { shift };
    central.begins_at = begins_at;
    read_entries(&mut central, zip, directory_end, shift);
    let seen = central.entries.len() as u64;
    if !central.is_too_long && seen != count && seen & 0xffff != count {
        central.broken = Some("the directory has another number of members than it says");
    }
    central
}

fn read_entries<'a>(central: &mut Central<'a>, zip: &'a [u8], end: usize, shift: usize) {
    let mut at = central.begins_at;
    while at < end {
        let Some((entry, next)) = central_entry(zip, at, shift) else {
            let is_signature = starts(zip, at, b"PK\x05\x05") || starts(zip, at, END_64);
            if !is_signature {
                central.broken = Some("central directory damaged");
            }
            return;
        };
        if central.entries.len() >= limits::ZIP_ENTRIES {
            central.is_too_long = true;
            return;
        }
        central.entries.push(entry);
        at = next;
    }
}

fn central_entry(zip: &[u8], at: usize, shift: usize) -> Option<(Described<'_>, usize)> {
    let fixed = run(zip, at, CENTRAL_OCTETS).filter(|fixed| fixed.starts_with(CENTRAL))?;
    let name_octets = usize::from(u16_le(fixed, 28)?);
    let extra_octets = usize::from(u16_le(fixed, 30)?);
    let comment_octets = usize::from(u16_le(fixed, 32)?);
    let name_at = at + CENTRAL_OCTETS;
    let name = run(zip, name_at, name_octets)?;
    let extra = run(zip, name_at + name_octets, extra_octets)?;
    let mut described = Described {
        name,
        flags: u16_le(fixed, 8)?,
        method: u16_le(fixed, 10)?,
        time: u16_le(fixed, 12)?,
        crc32: u32_le(fixed, 16)?,
        packed: u64::from(u32_le(fixed, 20)?),
        size: u64::from(u32_le(fixed, 24)?),
        header_at: 0,
        aes: extra_field(extra, EXTRA_AES),
    };
    let mut offset = u64::from(u32_le(fixed, 42)?);
    let mut wide = widen(&mut described, extra);
    if offset == u64::from(u32::MAX) {
        offset = wide.next().unwrap_or(offset);
    }
    described.header_at = length(offset).saturating_add(shift);
    Some((described, name_at + name_octets + extra_octets + comment_octets))
}

/// Takes sizes from the extra field where they do not fit; gives what follows them in it.
fn widen<'a>(
    described: &mut Described<'_>,
    extra: &'a [u8],
) -> impl Iterator<Item = u64> + use<'a> {
    let field = extra_field(extra, EXTRA_64).unwrap_or_default();
    let mut numbers = field.chunks_exact(8).filter_map(|eight| u64_le(eight, 0));
    if described.size == u64::from(u32::MAX) {
        described.size = numbers.next().unwrap_or(described.size);
    }
    if described.packed == u64::from(u32::MAX) {
        described.packed = numbers.next().unwrap_or(described.packed);
    }
    numbers
}

fn extra_field(mut extra: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let (id, octets) = (u16_le(extra, 0)?, usize::from(u16_le(extra, 2)?));
        let (field, rest) = extra.get(4..)?.split_at_checked(octets)?;
        if id == wanted {
            return Some(field);
        }
        extra = rest;
    }
}

/// The end record for large zips, when there is one: where it is, then count, octets and offset.
fn end_64(zip: &[u8], end_at: usize) -> Option<(usize, (u64, u64, u64))> {
    let locator_at = end_at.checked_sub(LOCATOR_64_OCTETS)?;
    let locator =
        run(zip, locator_at, LOCATOR_64_OCTETS).filter(|one| one.starts_with(LOCATOR_64))?;
    let declared = length(u64_le(locator, 8)?);
    let is_there = |at: &usize| starts(zip, *at, END_64);
    let near = || memmem::rfind(zip.get(..locator_at)?, END_64);
    let at = Some(declared).filter(is_there).or_else(near)?;
    let record = zip.get(at..)?;
    Some((at, (u64_le(record, 32)?, u64_le(record, 40)?, u64_le(record, 48)?)))
}

fn starts(zip: &[u8], at: usize, signature: &[u8]) -> bool {
    zip.get(at..).is_some_and(|rest| rest.starts_with(signature))
}

fn find(zip: &[u8], from: usize, signature: &[u8]) -> Option<usize> {
    memmem::find(zip.get(from..)?, signature).and_then(|at| at.checked_add(from))
}
