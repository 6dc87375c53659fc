//! OLE compound files: which program wrote one, by the names in its root directory.

use crate::kind::FileType;
use crate::kinds::*;
use crate::limits;
use crate::reach::{low16, low32, place, stands};

/// One entry of the directory: 128 octets.
struct Entry<'a>(&'a [u8]);

impl Entry<'_> {
    /// Name in ASCII; other characters as `?`.
    fn name(&self, buffer: &mut [u8; 32]) -> usize {
        let units = low16(self.0, 64).map_or(0, |octets| usize::from(octets / 2)).saturating_sub(1);
        let pairs = self.0.chunks_exact(2).take(units.min(31));
        let mut count = 0;
        for (slot, pair) in buffer.iter_mut().zip(pairs) {
            *slot = match pair {
                [octet, 0] => *octet,
                _ => b'?',
            };
            count += 1;
        }
        count
    }

    fn left(&self) -> u32 {
        low32(self.0, 68).unwrap_or(u32::MAX)
    }

    fn right(&self) -> u32 {
        low32(self.0, 72).unwrap_or(u32::MAX)
    }

    fn child(&self) -> u32 {
        low32(self.0, 76).unwrap_or(u32::MAX)
    }
}

/// The geometry of one file.
struct Reader<'a> {
    octets: &'a [u8],
    shift: u32,
}

impl<'a> Reader<'a> {
    fn new(octets: &'a [u8]) -> Option<Self> {
        let shift = u32::from(low16(octets, 30)?);
        (7..=16).contains(&shift).then_some(Reader { octets, shift })
    }

    fn sector(&self, number: u32) -> Option<&'a [u8]> {
        let size = 1_usize << self.shift;
        let at = place(number).checked_add(1)?.checked_mul(size)?;
        let rest = self.octets.get(at..)?;
        Some(rest.get(..size).unwrap_or(rest))
    }

    /// The sector after this one, by the allocation table; only the 109 tables that the header
    /// names.
    fn next(&self, number: u32) -> Option<u32> {
        let per_sector = 1_usize << (self.shift - 2);
        let table = place(number) / per_sector;
        let slot = place(number) % per_sector;
        if table >= 109 {
            return None;
        }
        let table = low32(self.octets, 76 + 4 * table)?;
        low32(self.sector(table)?, 4 * slot).filter(|next| *next < 0xffff_fff0)
    }

    fn directory(&self) -> Vec<Entry<'a>> {
        let mut entries = Vec::new();
        let mut at = low32(self.octets, 48);
        for _ in 0..limits::OLE_SECTORS {
            let Some(number) = at else { break };
            let Some(sector) = self.sector(number) else { break };
            entries.extend(sector.chunks_exact(128).map(Entry));
            if entries.len() >= limits::OLE_ENTRIES {
                break;
            }
            at = self.next(number);
        }
        entries
    }
}

/// What a name in the root says.
fn named(name: &[u8]) -> Option<FileType> {
    match name {
        b"WordDocument" => Some(DOC),
        b"Workbook" | b"Book" | b"WORKBOOK" | b"BOOK" => Some(XLS),
        b"PowerPoint Document" | b"PP40" | b"PP97_DUALSTORAGE" => Some(PPT),
        b"VisioDocument" => Some(VISIO),
        b"Quill" | b"Contents" => Some(PUBLISHER),
        b"EncryptedPackage" => Some(ENCRYPTED_OFFICE),
        b"MatOST" | b"MN0" => Some(WORKS),
        b"HwpSummaryInformation" | b"\x05HwpSummaryInformation" => Some(HWP),
        b"Catalog" => Some(THUMBS_DB),
        b"   114" | b"   112" | b"   19" => Some(PROJECT),
        _ if name.starts_with(b"__substg1.0_") || name == b"__properties_version1.0" => Some(MSG),
        _ => None,
    }
}

/// The type of a compound file; [`OLE`] when nothing tells.
pub(crate) fn kind(octets: &[u8]) -> FileType {
    let mut found = all(octets);
    found.sort_unstable_by_key(|kind| rank(*kind));
    found.first().copied().unwrap_or(OLE)
}

/// Names that any program might use are worth least.
fn rank(kind: FileType) -> u8 {
    match kind {
        THUMBS_DB | WORKS => 2,
        PUBLISHER => 3,
        MSG => 1,
        _ => 0,
    }
}

/// All types that the root's names tell: two for a file that is a document and a workbook.
pub(crate) fn all(octets: &[u8]) -> Vec<FileType> {
    let Some(reader) = Reader::new(octets) else { return Vec::new() };
    let entries = reader.directory();
    let Some(root) = entries.first() else { return Vec::new() };
    // The class of Windows Installer: {000C1084-0000-0000-C000-000000000046} and its neighbours.
    let class = root.0.get(80..96).unwrap_or_default();
    if matches!(low32(class, 0), Some(0x000c_1082 | 0x000c_1084 | 0x000c_1086))
        && stands(class, 8, b"\xc0\0\0\0\0\0\0\x46")
    {
        return vec![MSI];
    }
    let mut found = Vec::new();
    for entry in in_root(&entries, root.child()) {
        let mut name = [0_u8; 32];
        let count = entry.name(&mut name);
        if let Some(kind) = name.get(..count).and_then(named)
            && !found.contains(&kind)
        {
            found.push(kind);
        }
    }
    found
}

/// The entries of the root: a binary tree over the directory. Each is visited once, so that a
/// circle ends; a tree that leads nowhere is replaced by the whole directory.
fn in_root<'e, 'a>(entries: &'e [Entry<'a>], child: u32) -> Vec<&'e Entry<'a>> {
    let mut seen = vec![false; entries.len()];
    let mut waiting = vec![child];
    let mut list = Vec::new();
    while let Some(number) = waiting.pop() {
        let at = place(number);
        match (entries.get(at), seen.get_mut(at)) {
            (Some(entry), Some(seen)) if !*seen => {
                *seen = true;
                list.push(entry);
                waiting.extend([entry.left(), entry.right()]);
            }
            _ => {}
        }
    }
    if list.is_empty() { entries.iter().collect() } else { list }
}
