//! The disk of the machine. Knows nothing about what is kept on it.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use nix::fcntl::{FallocateFlags, fallocate};
use nix::sys::statvfs::statvfs;
use nix::sys::uio::pwritev;

use crate::{Disk, DiskFile, Entry, Open, Space};

/// Parts given to one pwritev(2): IOV_MAX is 1024 on Linux.
const PARTS_PER_CALL: usize = 1024;

/// The file system of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn open(&self, path: &Path, how: Open) -> Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).mode(0o640);
        match how {
            Open::Read => {}
            Open::Write => {
                options.write(true);
            }
            Open::New => {
                options.write(true).create_new(true);
            }
        }
        Ok(Arc::new(RealFile(options.open(path)?)))
    }

    fn make_folder(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder)
    }

    fn list(&self, folder: &Path) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            // The other process may remove a file between the two calls.
            match entry.metadata() {
                Ok(facts) if facts.is_file() => entries.push(Entry { name, size: facts.len() }),
                Ok(_) => entries.push(Entry { name, size: 0 }),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> Result<()> {
        File::open(folder)?.sync_all()
    }

    fn space(&self, folder: &Path) -> Result<Space> {
        let facts = statvfs(folder)?;
        let block = facts.fragment_size();
        Ok(Space {
            free: facts.blocks_available().saturating_mul(block),
            total: facts.blocks().saturating_mul(block),
        })
    }
}

/// An open file of the machine.
#[derive(Debug)]
struct RealFile(File);

impl RealFile {
    /// One pwritev(2), taken up again where a short write stopped.
    fn write_group(&self, mut offset: u64, parts: &[IoSlice<'_>]) -> Result<u64> {
        let whole: usize = parts.iter().map(|part| part.len()).sum();
        let position = i64::try_from(offset).map_err(|_| Error::from(ErrorKind::InvalidInput))?;
        let mut written = loop {
            match pwritev(&self.0, parts, position) {
                Ok(count) => break count,
                Err(nix::Error::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        };
        offset += written as u64;
        if written < whole {
            for part in parts {
                let skip = written.min(part.len());
                written -= skip;
                let rest = part.get(skip..).unwrap_or_default();
                self.0.write_all_at(rest, offset)?;
                offset += rest.len() as u64;
            }
        }
        Ok(offset)
    }
}

impl DiskFile for RealFile {
    fn write_at(&self, mut offset: u64, parts: &[IoSlice<'_>]) -> Result<()> {
        for group in parts.chunks(PARTS_PER_CALL) {
            offset = self.write_group(offset, group)?;
        }
        Ok(())
    }

    fn read_at(&self, mut offset: u64, target: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while let Some(rest) = target.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.0.read_at(rest, offset) {
                Ok(0) => break,
                Ok(count) => {
                    filled += count;
                    offset += count as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn sync_data(&self) -> Result<()> {
        self.0.sync_data()
    }

    fn size(&self) -> Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn preallocate(&self, size: u64) -> Result<()> {
        let size = i64::try_from(size).map_err(|_| Error::from(ErrorKind::InvalidInput))?;
        Ok(fallocate(&self.0, FallocateFlags::empty(), 0, size)?)
    }

    fn descriptor(&self) -> Result<OwnedFd> {
        Ok(OwnedFd::from(self.0.try_clone()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_parts_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let file = RealDisk.open(&path, Open::New).unwrap();
        let parts: Vec<Vec<u8>> = (0..3000u32).map(|n| n.to_le_bytes().to_vec()).collect();
        let slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
        file.write_at(7, &slices).unwrap();
        file.sync_data().unwrap();
        RealDisk.sync_folder(folder.path()).unwrap();
        assert_eq!(file.size().unwrap(), 7 + 12_000);
        let mut back = vec![0; 20_000];
        assert_eq!(file.read_at(7, &mut back).unwrap(), 12_000);
        assert_eq!(back[..12_000], parts.concat());
    }

    #[test]
    fn a_new_file_does_not_replace_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        RealDisk.open(&path, Open::New).unwrap();
        let again = RealDisk.open(&path, Open::New).err().unwrap();
        assert_eq!(again.kind(), ErrorKind::AlreadyExists);
        let missing = RealDisk.open(&folder.path().join("b"), Open::Write).err().unwrap();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
    }

    #[test]
    fn names_are_listed_in_order_and_preallocated_room_reads_as_zeros() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "a"] {
            let file = RealDisk.open(&folder.path().join(name), Open::New).unwrap();
            file.preallocate(4096).unwrap();
            let mut octets = [1; 8];
            assert_eq!(file.read_at(4000, &mut octets).unwrap(), 8);
            assert_eq!(octets, [0; 8]);
        }
        RealDisk.rename(&folder.path().join("b"), &folder.path().join("c")).unwrap();
        let names: Vec<_> = RealDisk.list(folder.path()).unwrap();
        let names: Vec<_> = names.into_iter().map(|entry| (entry.name, entry.size)).collect();
        assert_eq!(names, [("a".into(), 4096), ("c".into(), 4096)]);
        RealDisk.remove(&folder.path().join("a")).unwrap();
        assert_eq!(RealDisk.list(folder.path()).unwrap().len(), 1);
        assert!(RealDisk.space(folder.path()).unwrap().total > 0);
    }
}
