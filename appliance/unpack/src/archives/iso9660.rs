//! ISO 9660 with Joliet and Rock Ridge names: both trees are walked, each file is told once.

use std::collections::BTreeSet;

use crate::budget::Exceeded;
use crate::fact::FactKind;
use crate::limits;
use crate::octets::{length, run, run_or_rest, u32_le};
use crate::place;
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk};

/// Octets of a sector (ECMA-119 section 6.1.2).
const SECTOR: usize = 2048;
/// The first volume descriptor.
const DESCRIPTORS: usize = 16;
/// Descriptors that are looked at.
const DESCRIPTORS_MOST: usize = 32;
const FOLDER: u8 = 2;
/// The file goes on in another extent.
const CONTINUES: u8 = 0x80;

/// What one record of a folder says.
struct Record<'a> {
    octets: usize,
    extent: u32,
    size: u32,
    flags: u8,
    is_interleaved: bool,
    name: &'a [u8],
    rest: &'a [u8],
}

/// A folder to be walked.
struct Folder {
    extent: u32,
    size: u32,
    path: String,
    is_joliet: bool,
    depth: usize,
}

/// What was told already.
#[derive(Default)]
struct Seen {
    folders: BTreeSet<(u32, bool)>,
    files: BTreeSet<(u32, u32)>,
    waiting: Vec<Folder>,
    is_damaged: bool,
}

/// Takes an image apart.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let iso = specimen.octets;
    let mut seen = Seen::default();
    let mut is_udf = false;
    let mut is_ended = false;
    for number in DESCRIPTORS..DESCRIPTORS + DESCRIPTORS_MOST {
        let Some(descriptor) = run(iso, number * SECTOR, SECTOR) else { break };
        match descriptor.get(..6) {
            Some(b"\x01CD001") => seen.root(descriptor, false),
            Some(b"\x02CD001") => seen.root(descriptor, is_joliet(descriptor)),
            Some(b"\xffCD001") => is_ended = true,
            Some(b"\0NSR02" | b"\0NSR03") => is_udf = true,
            _ => {}
        }
    }
    // Names of Joliet are those that Windows shows: they come first.
    seen.waiting.sort_by_key(|folder| folder.is_joliet);
    if seen.waiting.is_empty() {
        return Err(Stop::broken("no root folder"));
    }
    while let Some(folder) = seen.waiting.pop() {
        walk_folder(&folder, &mut seen, specimen, walk)?;
    }
    if is_udf {
        walk.fact(specimen, FactKind::Unsupported, "its UDF tree was not opened");
    }
    if seen.is_damaged || !is_ended {
        return Err(Stop::broken("damaged or cut short"));
    }
    Ok(())
}

/// Whether a supplementary descriptor is one of Joliet: its names are UCS-2.
fn is_joliet(descriptor: &[u8]) -> bool {
    let escapes = descriptor.get(88..91);
    matches!(escapes, Some(b"%/@" | b"%/C" | b"%/E"))
}

impl Seen {
    fn root(&mut self, descriptor: &[u8], is_joliet: bool) {
        match descriptor.get(156..).and_then(record) {
            Some(root) => {
                let path = String::new();
                let Record { extent, size, .. } = root;
                self.waiting.push(Folder { extent, size, path, is_joliet, depth: 0 });
            }
            None => self.is_damaged = true,
        }
    }
}

fn walk_folder(
    folder: &Folder,
    seen: &mut Seen,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    if folder.depth > limits::ISO_DEPTH || seen.folders.len() >= limits::ISO_FOLDERS {
        let most = u32::try_from(limits::ISO_FOLDERS).unwrap_or(u32::MAX);
        return Err(Stop::Limit(Exceeded::Members(most)));
    }
    if !seen.folders.insert((folder.extent, folder.is_joliet)) {
        return Ok(());
    }
    walk.still_time(specimen)?;
    let (octets, is_whole) = extent(specimen.octets, folder.extent, folder.size);
    seen.is_damaged |= !is_whole;
    for sector in octets.chunks(SECTOR) {
        let mut rest = sector;
        while let Some(record) = record(rest) {
            one_record(&record, folder, seen, specimen, walk)?;
            rest = rest.get(record.octets..).unwrap_or_default();
        }
        // A sector is filled up with zeros after its last record.
        seen.is_damaged |= rest.first().is_some_and(|octet| *octet != 0);
    }
    Ok(())
}

fn one_record(
    record: &Record<'_>,
    folder: &Folder,
    seen: &mut Seen,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    // The folder itself, and the one above it.
    if matches!(record.name, [0] | [1]) {
        return Ok(());
    }
    let name = name(record, folder.is_joliet);
    let path = if folder.path.is_empty() { name } else { format!("{}/{name}", folder.path) };
    let (size, depth) = (record.size, folder.depth + 1);
    if record.flags & FOLDER != 0 {
        let is_joliet = folder.is_joliet;
        seen.waiting.push(Folder { extent: record.extent, size, path, is_joliet, depth });
        return Ok(());
    }
    if size == 0 || !seen.files.insert((record.extent, size)) {
        return Ok(());
    }
    if record.is_interleaved {
        let why = Stop::unsupported("its sectors are interleaved");
        return walk.skip(specimen, &path, why);
    }
    if record.flags & CONTINUES != 0 {
        walk.fact_of_member(specimen, &path, FactKind::Unsupported, "in several extents");
    }
    let (octets, _) = extent(specimen.octets, record.extent, size);
    let entry = Entry {
        packed_octets: octets.len() as u64,
        declared_octets: Some(u64::from(size)),
        ..Entry::default()
    };
    walk.member_stored(specimen, &path, entry, octets)
}

/// The octets of an extent, and whether all are there.
fn extent(iso: &[u8], at: u32, size: u32) -> (&[u8], bool) {
    let at = length(u64::from(at)).saturating_mul(SECTOR);
    let octets = run_or_rest(iso, at, length(u64::from(size)));
    (octets, octets.len() as u64 == u64::from(size))
}

fn record(rest: &[u8]) -> Option<Record<'_>> {
    let octets = usize::from(*rest.first()?);
    let whole = run(rest, 0, octets).filter(|whole| whole.len() > 33)?;
    let name_octets = usize::from(*whole.get(32)?);
    let rest_at = 33 + name_octets + (name_octets + 1) % 2;
    Some(Record {
        octets,
        extent: u32_le(whole, 2)?,
        size: u32_le(whole, 10)?,
        flags: *whole.get(25)?,
        is_interleaved: *whole.get(26)? != 0,
        name: run(whole, 33, name_octets)?,
        rest: whole.get(rest_at..).unwrap_or_default(),
    })
}

fn name(record: &Record<'_>, is_joliet: bool) -> String {
    let name = if is_joliet {
        place::decode_utf16(record.name, false)
    } else {
        rock_ridge_name(record.rest).unwrap_or_else(|| place::decode(record.name))
    };
    // The version of a file.
    match name.rsplit_once(';') {
        Some((name, _)) => name.trim_end_matches('.').to_owned(),
        None => name,
    }
}

/// The name of Rock Ridge's NM entries.
fn rock_ridge_name(mut rest: &[u8]) -> Option<String> {
    let mut name = Vec::new();
    while let (Some(kind), Some(octets)) = (rest.get(..2), rest.get(2)) {
        let entry = run(rest, 0, usize::from(*octets)).filter(|entry| entry.len() >= 4);
        let Some(entry) = entry else { break };
        if kind == b"NM" {
            name.extend_from_slice(entry.get(5..).unwrap_or_default());
        }
        rest = rest.get(entry.len()..).unwrap_or_default();
    }
    (!name.is_empty()).then(|| place::decode(&name))
}
