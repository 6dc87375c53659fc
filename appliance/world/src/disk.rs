//! What a log needs of a file system, and no more.
//!
//! The calls follow POSIX: what is written is lost or torn by a power cut until
//! [`DiskFile::sync_data`] has returned, and a name made, changed or removed may be as before until
//! [`Disk::sync_folder`] of its folder has returned. A failed sync says nothing about which octets
//! were kept, and a later one does not make good for it.

use std::io::{IoSlice, Result};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// To read; it must be there.
    Read,
    /// To read and write; it must be there.
    Write,
    /// To read and write; it must not be there (`AlreadyExists` otherwise). Mode 0640.
    New,
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name. Names that are not UTF-8 are not listed: none of ours look like that.
    pub name: String,
    /// Octets in the file; 0 for a folder.
    pub size: u64,
}

/// Room on the file system that holds a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Octets that an unprivileged process can still write.
    pub free: u64,
    /// Octets in all.
    pub total: u64,
}

/// A file system.
pub trait Disk: Send + Sync {
    /// Opens a file.
    ///
    /// # Errors
    /// As open(2).
    fn open(&self, path: &Path, how: Open) -> Result<Arc<dyn DiskFile>>;

    /// Makes a folder, its parents as well, if it is not there.
    ///
    /// # Errors
    /// As mkdir(2), but for `EEXIST`.
    fn make_folder(&self, folder: &Path) -> Result<()>;

    /// The files of a folder, in order of their names.
    ///
    /// # Errors
    /// As opendir(3).
    fn list(&self, folder: &Path) -> Result<Vec<Entry>>;

    /// Renames; a file already called `to` is replaced.
    ///
    /// # Errors
    /// As rename(2).
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;

    /// Removes the name of a file.
    ///
    /// # Errors
    /// As unlink(2).
    fn remove(&self, path: &Path) -> Result<()>;

    /// Makes the names of a folder durable.
    ///
    /// # Errors
    /// As fsync(2).
    fn sync_folder(&self, folder: &Path) -> Result<()>;

    /// Room left where `folder` lies.
    ///
    /// # Errors
    /// As statvfs(3).
    fn space(&self, folder: &Path) -> Result<Space>;
}

/// An open file.
pub trait DiskFile: Send + Sync {
    /// Writes all parts, one after the other, from `offset` on. After an error any part of them may
    /// have been written.
    ///
    /// # Errors
    /// As pwritev(2).
    fn write_at(&self, offset: u64, parts: &[IoSlice<'_>]) -> Result<()>;

    /// Reads up to `target.len()` octets from `offset`; fewer only at the end of the file.
    ///
    /// # Errors
    /// As pread(2).
    fn read_at(&self, offset: u64, target: &mut [u8]) -> Result<usize>;

    /// Makes the content, and the size if needed to read it, durable (fdatasync).
    ///
    /// # Errors
    /// As fdatasync(2).
    fn sync_data(&self) -> Result<()>;

    /// Octets in the file.
    ///
    /// # Errors
    /// As fstat(2).
    fn size(&self) -> Result<u64>;

    /// Takes room up to `size` octets; what is new reads as zeros.
    ///
    /// # Errors
    /// As fallocate(2), `ENOSPC` above all.
    fn preallocate(&self, size: u64) -> Result<()>;

    /// A descriptor of the open file to hand to another process; `Unsupported` in simulation.
    ///
    /// # Errors
    /// As dup(2).
    fn descriptor(&self) -> Result<OwnedFd>;
}
