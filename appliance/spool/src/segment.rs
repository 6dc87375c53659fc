//! A segment file: a header, records, and zeros ahead of them. Appended to by one process, read by
//! another at the same time; never changed once written.

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use world::{Disk, DiskFile, Open};

use crate::record::{self, RecordError, number32, number64};

/// Octets before the first record.
pub const START: u64 = 64;
const MAGIC: &[u8; 8] = b"GPsegmt1";
/// Written ahead of the records.
static ZEROS: [u8; 1 << 20] = [0; 1 << 20];

/// The first [`START`] octets of a segment.
#[must_use]
pub fn encode_start(number: u64, salt: u64) -> Vec<u8> {
    let mut octets = Vec::with_capacity(START as usize);
    octets.extend_from_slice(MAGIC);
    octets.extend_from_slice(&number.to_le_bytes());
    octets.extend_from_slice(&salt.to_le_bytes());
    octets.extend_from_slice(&crc32c::crc32c(&octets).to_le_bytes());
    octets.resize(START as usize, 0);
    octets
}

/// Reads the salt of the segment called `number`.
///
/// # Errors
/// [`RecordError`], when this is not the start of that segment.
pub fn decode_start(octets: &[u8], number: u64) -> Result<u64, RecordError> {
    let octets = octets.get(..START as usize).ok_or(RecordError::Short)?;
    if !octets.starts_with(MAGIC) {
        return Err(RecordError::Magic);
    }
    let crc = crc32c::crc32c(octets.get(..24).unwrap_or_default());
    if crc != number32(octets, 24) || number64(octets, 8) != number {
        return Err(RecordError::Header);
    }
    Ok(number64(octets, 16))
}

/// The name of a segment file.
pub(crate) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:016x}.seg"))
}

/// The number in the name of a segment file.
pub(crate) fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".seg").filter(|digits| digits.len() == 16)?;
    u64::from_str_radix(digits, 16).ok()
}

/// The numbers of the segments in a folder, ascending.
pub(crate) fn numbers(disk: &dyn Disk, folder: &Path) -> io::Result<Vec<u64>> {
    let entries = disk.list(folder)?;
    Ok(entries.iter().filter_map(|entry| number_of(&entry.name)).collect())
}

/// The segment that is being written.
pub(crate) struct Appender {
    file: Arc<dyn DiskFile>,
    pub number: u64,
    pub salt: u64,
    /// Where the next record goes.
    pub position: u64,
    /// Up to here the file has octets already.
    prepared: u64,
}

impl Appender {
    /// Makes a new segment whose name and start are durable.
    pub fn create(disk: &dyn Disk, folder: &Path, number: u64, salt: u64) -> io::Result<Self> {
        let path = path(folder, number);
        let made = Appender::try_create(disk, folder, &path, number, salt);
        if made.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::AlreadyExists) {
            // A left-over is harmless, it holds no record; the number is not used again.
            disk.remove(&path).ok();
        }
        made
    }

    fn try_create(
        disk: &dyn Disk,
        folder: &Path,
        path: &Path,
        number: u64,
        salt: u64,
    ) -> io::Result<Self> {
        let file = disk.open(path, Open::New)?;
        file.write_at(0, &[IoSlice::new(&encode_start(number, salt))])?;
        file.sync_data()?;
        disk.sync_folder(folder)?;
        Ok(Appender { file, number, salt, position: START, prepared: START })
    }

    /// Writes `parts`, `length` octets in all, at the position. Not durable before [`Self::sync`].
    /// After an error the segment must not be used again.
    pub fn append<'a>(
        &mut self,
        parts: &mut Vec<IoSlice<'a>>,
        length: u64,
        ahead: u64,
    ) -> io::Result<()> {
        let end = self.position + length;
        if end > self.prepared {
            let zeros = ZEROS.get(..ahead as usize).unwrap_or(&ZEROS);
            parts.push(IoSlice::new(zeros));
            self.prepared = end + zeros.len() as u64;
        }
        self.file.write_at(self.position, parts)?;
        self.position = end;
        Ok(())
    }

    /// Makes everything appended durable. After an error the segment must not be used again.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Marks the segment as complete. Needs no sync of its own: it tells what was durable before.
    pub fn close(mut self) {
        let header = record::Header {
            first: true,
            ..record::Header::new(record::Kind::Close, mail::MessageId(0), &[])
        };
        let octets = header.encode(self.salt, self.position);
        if let Err(error) = self.append(&mut vec![IoSlice::new(&octets)], octets.len() as u64, 0) {
            tracing::warn!(segment = self.number, %error, "cannot mark a full segment as complete");
        }
    }
}

/// A segment open for reading.
#[derive(Clone)]
pub(crate) struct Segment {
    pub file: Arc<dyn DiskFile>,
    pub salt: u64,
}

impl Segment {
    /// Opens it; `Ok(Err(..))` when the file is there but its start is not.
    pub fn open(
        disk: &dyn Disk,
        folder: &Path,
        number: u64,
    ) -> io::Result<Result<Self, RecordError>> {
        let file = disk.open(&path(folder, number), Open::Read)?;
        let mut start = [0; START as usize];
        let count = file.read_at(0, &mut start)?;
        let salt = decode_start(start.get(..count).unwrap_or_default(), number);
        Ok(salt.map(|salt| Segment { file, salt }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_belongs_to_one_number() {
        let start = encode_start(5, 77);
        assert_eq!(start.len() as u64, START);
        assert_eq!(decode_start(&start, 5), Ok(77));
        assert_eq!(decode_start(&start, 6), Err(RecordError::Header));
        assert_eq!(decode_start(&start[..63], 5), Err(RecordError::Short));
        assert_eq!(decode_start(&[0; 64], 5), Err(RecordError::Magic));
    }

    #[test]
    fn names_and_numbers_match() {
        let path = path(Path::new("/s"), 0x1f);
        assert_eq!(path, Path::new("/s/000000000000001f.seg"));
        assert_eq!(number_of("000000000000001f.seg"), Some(0x1f));
        for stranger in ["1f.seg", "000000000000001f", "00000000000000zz.seg", ""] {
            assert_eq!(number_of(stranger), None);
        }
    }
}
