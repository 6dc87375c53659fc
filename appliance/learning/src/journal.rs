//! The journal on the disk: a mark, then records, each with its length and a CRC-32C. A record is
//! there when its sync has returned; what a power cut left of a later one is cut off at the next
//! start.

use std::io::{Error, ErrorKind, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use world::{Disk, DiskFile, Open};

use crate::{LearningError, Record, limits};

/// Begins every journal; the last octet is the version.
const MAGIC: &[u8; 8] = b"GPLEARN\x01";
const NAME: &str = "lessons";
const NEW: &str = "lessons.new";
const DAMAGED: &str = "lessons.damaged";
/// Length and checksum in front of each record.
const HEAD: usize = 8;

/// The open file.
pub(crate) struct Journal {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    file: Arc<dyn DiskFile>,
    end: u64,
    /// A write failed: what is on the disk is not known.
    is_poisoned: bool,
}

/// What a file held.
#[derive(Debug)]
pub struct Read {
    /// The records, their numbers rising.
    pub records: Vec<Record>,
    /// Octets behind the last good record.
    pub lost: usize,
}

fn disk_error(what: &'static str) -> impl Fn(Error) -> LearningError {
    move |error| LearningError::Disk(what, error)
}

impl Journal {
    /// Opens the journal of a folder, or begins one.
    pub(crate) fn open(disk: Arc<dyn Disk>, folder: &Path) -> Result<(Self, Read), LearningError> {
        disk.make_folder(folder).map_err(disk_error("the folder of lessons"))?;
        let octets = match disk.open(&folder.join(NAME), Open::Read) {
            Ok(file) => whole(file.as_ref())?,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(LearningError::Disk("the file of lessons", error)),
        };
        let read = read(&octets)?;
        let is_clean = read.lost == 0 && !octets.is_empty();
        if read.lost > HEAD + limits::RECORD_OCTETS {
            // More than one write can leave behind: kept for whoever wants to know.
            drop(written(disk.as_ref(), folder, DAMAGED, &octets)?);
        }
        if !is_clean {
            replace(disk.as_ref(), folder, &read.records)?;
        }
        let file = disk.open(&folder.join(NAME), Open::Write).map_err(disk_error(NAME))?;
        let end = file.size().map_err(disk_error(NAME))?;
        Ok((Journal { disk, folder: folder.to_owned(), file, end, is_poisoned: false }, read))
    }

    /// Adds a record; it is durable when this returns.
    pub(crate) fn append(&mut self, record: &Record) -> Result<(), LearningError> {
        if self.is_poisoned {
            return Err(LearningError::Poisoned);
        }
        let octets = framed(record).ok_or(LearningError::TooLarge)?;
        let written = self.file.write_at(self.end, &[IoSlice::new(&octets)]);
        if let Err(error) = written.and_then(|()| self.file.sync_data()) {
            self.is_poisoned = true;
            return Err(LearningError::Disk("the file of lessons", error));
        }
        self.end = self.end.saturating_add(octets.len() as u64);
        Ok(())
    }

    /// Puts these records in place of all that is there.
    pub(crate) fn rewrite(&mut self, records: &[Record]) -> Result<(), LearningError> {
        if self.is_poisoned {
            return Err(LearningError::Poisoned);
        }
        self.is_poisoned = true;
        replace(self.disk.as_ref(), &self.folder, records)?;
        let path = self.folder.join(NAME);
        self.file = self.disk.open(&path, Open::Write).map_err(disk_error(NAME))?;
        self.end = self.file.size().map_err(disk_error(NAME))?;
        self.is_poisoned = false;
        Ok(())
    }

    /// Octets of the file.
    pub(crate) fn octets(&self) -> u64 {
        self.end
    }
}

/// A file that can be as large as two journals is not read further.
fn whole(file: &dyn DiskFile) -> Result<Vec<u8>, LearningError> {
    let most = limits::JOURNAL_OCTETS * 2;
    let size = file.size().map_err(disk_error(NAME))?;
    let size = usize::try_from(size.min(most)).unwrap_or_default();
    let mut octets = vec![0; size];
    let mut filled = 0;
    while let Some(target) = octets.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(filled as u64, target).map_err(disk_error(NAME))? {
            0 => break,
            count => filled += count,
        }
    }
    octets.truncate(filled);
    Ok(octets)
}

fn replace(disk: &dyn Disk, folder: &Path, records: &[Record]) -> Result<(), LearningError> {
    let mut octets = MAGIC.to_vec();
    octets.extend(records.iter().filter_map(framed).flatten());
    drop(written(disk, folder, NEW, &octets)?);
    let failed = disk_error("the folder of lessons");
    disk.rename(&folder.join(NEW), &folder.join(NAME)).map_err(&failed)?;
    disk.sync_folder(folder).map_err(&failed)
}

fn written(
    disk: &dyn Disk,
    folder: &Path,
    name: &'static str,
    octets: &[u8],
) -> Result<Arc<dyn DiskFile>, LearningError> {
    let path = folder.join(name);
    match disk.remove(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(LearningError::Disk(name, error));
        }
        _ => {}
    }
    let file = disk.open(&path, Open::New).map_err(disk_error(name))?;
    file.write_at(0, &[IoSlice::new(octets)]).map_err(disk_error(name))?;
    file.sync_data().map_err(disk_error(name))?;
    Ok(file)
}

fn framed(record: &Record) -> Option<Vec<u8>> {
    let payload = postcard::to_stdvec(record).ok()?;
    if payload.len() > limits::RECORD_OCTETS {
        return None;
    }
    let mut octets = u32::try_from(payload.len()).ok()?.to_le_bytes().to_vec();
    octets.extend_from_slice(&crc32c::crc32c(&payload).to_le_bytes());
    octets.extend_from_slice(&payload);
    Some(octets)
}

/// Reads all good records; they end at the first that is none.
///
/// # Errors
/// [`LearningError::Foreign`] for octets that no journal begins with.
pub fn read(octets: &[u8]) -> Result<Read, LearningError> {
    let mut records: Vec<Record> = Vec::new();
    // A mark that was cut short was never synced.
    let Some(mut rest) = octets.strip_prefix(MAGIC) else {
        return match MAGIC.starts_with(octets) {
            true => Ok(Read { records, lost: octets.len() }),
            false => Err(LearningError::Foreign),
        };
    };
    while let Some((record, after)) = next(rest) {
        if records.last().is_some_and(|last| last.number >= record.number) {
            break;
        }
        records.push(record);
        rest = after;
    }
    Ok(Read { records, lost: rest.len() })
}

fn next(octets: &[u8]) -> Option<(Record, &[u8])> {
    let (length, rest) = octets.split_first_chunk::<4>()?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (payload, after) =
        rest.split_at_checked(length).filter(|_| length <= limits::RECORD_OCTETS)?;
    if crc32c::crc32c(payload) != u32::from_le_bytes(*checksum) {
        return None;
    }
    Some((postcard::from_bytes(payload).ok()?, after))
}
