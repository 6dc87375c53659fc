//! File operations that hold through power loss, and the one error they share.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A disk operation that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {deed} {path}: {cause}")]
pub struct DiskError {
    /// What was being done.
    pub deed: &'static str,
    /// To which file or folder.
    pub path: String,
    /// What the system said. Part of the message, and so no `source` of it.
    pub cause: io::Error,
}

/// For `map_err`.
pub(crate) fn failed(deed: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DiskError {
    let path = path.display().to_string();
    move |cause| DiskError { deed, path, cause }
}

/// End of the name of a file that is being written.
pub(crate) const HALF_WRITTEN: &str = ".tmp";

/// Makes a folder that only its owner can enter, durably. An existing one is fine.
pub(crate) fn make_folder(path: &Path) -> Result<(), DiskError> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(failed("create the folder", path))?;
    match path.parent() {
        Some(parent) => sync_folder(parent),
        None => Ok(()),
    }
}

/// Puts the names in a folder on stable storage.
pub(crate) fn sync_folder(path: &Path) -> Result<(), DiskError> {
    let folder = File::open(path).map_err(failed("open", path))?;
    folder.sync_all().map_err(failed("sync", path))
}

/// Writes a whole file: after success it is there through power loss, after failure the old
/// content, or nothing, is there and no half-written file is left.
pub(crate) fn write_whole(folder: &Path, name: &str, content: &[u8]) -> Result<(), DiskError> {
    let path = folder.join(name);
    let half = folder.join(format!("{name}{HALF_WRITTEN}"));
    let written = write_half(&half, content)
        .and_then(|()| fs::rename(&half, &path).map_err(failed("rename", &half)))
        .and_then(|()| sync_folder(folder));
    if written.is_err() {
        // The error that counts is the first one; what cannot be removed is removed at the next open.
        let _ = fs::remove_file(&half);
    }
    written
}

fn write_half(path: &Path, content: &[u8]) -> Result<(), DiskError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(failed("create", path))?;
    file.write_all(content).map_err(failed("write", path))?;
    file.sync_all().map_err(failed("sync", path))
}

/// Reads a whole file of at most `limit` octets.
pub(crate) fn read_whole(path: &Path, limit: usize) -> Result<Vec<u8>, DiskError> {
    let file = File::open(path).map_err(failed("open", path))?;
    let mut content = Vec::new();
    let mut bounded = file.take(limit as u64 + 1);
    bounded.read_to_end(&mut content).map_err(failed("read", path))?;
    if content.len() > limit {
        return Err(failed("read", path)(io::Error::other(
            "it is larger than any such file can be",
        )));
    }
    Ok(content)
}

/// Removes a file durably; one that is not there is fine.
pub(crate) fn remove(folder: &Path, name: &str) -> Result<(), DiskError> {
    let path = folder.join(name);
    match fs::remove_file(&path) {
        Ok(()) => sync_folder(folder),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed("remove", &path)(error)),
    }
}

/// The names in a folder, sorted; names that are no UTF-8 are none of ours and left out.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>, DiskError> {
    let entries = fs::read_dir(folder).map_err(failed("list", folder))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed("list", folder))?;
        names.extend(entry.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// Moves a file or folder into the set-aside folder under a number of its own, keeps the newest
/// few, and says where it went.
pub(crate) fn set_aside(shelter: &Path, what: &Path, keep: usize) -> Result<PathBuf, DiskError> {
    make_folder(shelter)?;
    let kept = names(shelter)?;
    let number =
        |name: &String| name.split('-').next().and_then(|digits| digits.parse::<u64>().ok());
    let next = kept.iter().filter_map(number).max().unwrap_or(0) + 1;
    let last = what.file_name().and_then(|name| name.to_str()).unwrap_or("file");
    let target = shelter.join(format!("{next:06}-{last}"));
    fs::rename(what, &target).map_err(failed("set aside", what))?;
    sync_folder(shelter)?;
    for old in kept.iter().rev().skip(keep.saturating_sub(1)) {
        let path = shelter.join(old);
        // Making room is a courtesy; that it fails must not stop the rescue.
        let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
    }
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_file_replaces_the_old_one_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        write_whole(folder.path(), "a", b"one").unwrap();
        write_whole(folder.path(), "a", b"two").unwrap();
        assert_eq!(read_whole(&folder.path().join("a"), 10).unwrap(), b"two");
        assert_eq!(names(folder.path()).unwrap(), ["a"]);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_half() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/x"), b"").unwrap();
        let error = write_whole(folder.path(), "a", b"two").unwrap_err();
        assert_eq!(error.deed, "rename");
        assert_eq!(names(folder.path()).unwrap(), ["a"]);
    }

    #[test]
    fn a_file_larger_than_it_can_be_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        write_whole(folder.path(), "a", &[0; 11]).unwrap();
        assert!(read_whole(&folder.path().join("a"), 10).is_err());
    }

    #[test]
    fn the_newest_set_aside_things_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let shelter = folder.path().join("set-aside");
        for _ in 0..5 {
            write_whole(folder.path(), "db", b"x").unwrap();
            set_aside(&shelter, &folder.path().join("db"), 3).unwrap();
        }
        assert_eq!(names(&shelter).unwrap(), ["000003-db", "000004-db", "000005-db"]);
    }
}
