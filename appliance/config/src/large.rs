//! Contents too large for sled, each in a file named by its SHA-256.

use std::path::{Path, PathBuf};

use crate::durable::{self, DiskError};
use crate::limits;
use crate::record::{Hash, Record, hash, hex};

/// The folder of large contents.
#[derive(Debug, Clone)]
pub(crate) struct Large {
    folder: PathBuf,
}

impl Large {
    /// Opens the folder and removes what a crash left half-written.
    pub(crate) fn open(folder: &Path) -> Result<Large, DiskError> {
        durable::make_folder(folder)?;
        for name in
            durable::names(folder)?.iter().filter(|name| name.ends_with(durable::HALF_WRITTEN))
        {
            durable::remove(folder, name)?;
        }
        Ok(Large { folder: folder.to_owned() })
    }

    /// Makes a record of a content: inline, or a durable file and its hash.
    pub(crate) fn store(&self, content: Vec<u8>) -> Result<Record, DiskError> {
        if content.len() <= limits::RECORD_OCTETS {
            return Ok(Record::Inline(content));
        }
        let hash = hash(&content);
        durable::write_whole(&self.folder, &hex(&hash), &content)?;
        Ok(Record::Large(hash))
    }

    /// The content of a record, verified.
    pub(crate) fn load(&self, record: Record) -> Result<Vec<u8>, String> {
        match record {
            Record::Inline(content) => Ok(content),
            Record::Large(wanted) => {
                let path = self.folder.join(hex(&wanted));
                let content = durable::read_whole(&path, limits::REVISION_OCTETS);
                let content = content.map_err(|error| error.to_string())?;
                if hash(&content) == wanted {
                    Ok(content)
                } else {
                    Err(format!("{} does not have the content its name says", path.display()))
                }
            }
        }
    }

    /// Removes every content that no record names any more.
    pub(crate) fn keep_only(&self, wanted: &[Hash]) -> Result<(), DiskError> {
        let wanted: Vec<String> = wanted.iter().map(hex).collect();
        for name in durable::names(&self.folder)?.iter().filter(|name| !wanted.contains(name)) {
            durable::remove(&self.folder, name)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_content_is_a_file_and_a_small_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let large = Large::open(folder.path()).unwrap();
        assert!(matches!(large.store(vec![1; limits::RECORD_OCTETS]), Ok(Record::Inline(_))));
        let record = large.store(vec![1; limits::RECORD_OCTETS + 1]).unwrap();
        assert!(matches!(record, Record::Large(_)));
        assert_eq!(large.load(record).unwrap().len(), limits::RECORD_OCTETS + 1);
    }

    #[test]
    fn a_changed_or_missing_large_file_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let large = Large::open(folder.path()).unwrap();
        let record = large.store(vec![1; limits::RECORD_OCTETS + 1]).unwrap();
        let Record::Large(hash) = &record else { panic!() };
        std::fs::write(folder.path().join(hex(hash)), b"other").unwrap();
        assert!(large.load(record.clone()).unwrap_err().contains("does not have the content"));
        large.keep_only(&[]).unwrap();
        assert!(large.load(record).unwrap_err().contains("cannot open"));
    }
}
