//! The files: `items/ab/NUMBER.eml` is the body, exactly; `items/ab/NUMBER.json` beside it is the
//! [`Item`]. An item is there when its JSON is; a body without one is the rest of a crash.
//!
//! Order of writing: body and, under another name, JSON; sync of both; rename of the JSON; sync of the
//! folder. Order of removing: JSON first. So a JSON file always has its body. Everything here blocks.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};

use crate::item::{Item, Number, hexadecimal};
use crate::limits;

/// Why a file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// The kernel refused.
    #[error("{deed} {path} failed: {source}")]
    System {
        /// What was being done.
        deed: &'static str,
        /// To what.
        path: PathBuf,
        /// The kernel's word.
        #[source]
        source: io::Error,
    },
    /// The JSON beside the body cannot be read.
    #[error("{path} is damaged: {because}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// In which way.
        because: String,
    },
    /// The thread that worked on the files ended before its work did.
    #[error("the work on the files of the quarantine was cut off")]
    CutOff,
}

fn system<'a>(
    deed: &'static str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> ShelfError + use<'a> {
    move |source| ShelfError::System { deed, path: path.to_owned(), source }
}

/// The folder of all items.
#[derive(Debug, Clone)]
pub struct Shelf {
    root: PathBuf,
}

impl Shelf {
    /// The shelf below the vault's folder; made if it is not there.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open(vault: &Path) -> Result<Self, ShelfError> {
        let root = vault.join("items");
        fs::create_dir_all(&root).map_err(system("making", &root))?;
        sync_folder(vault)?;
        Ok(Shelf { root })
    }

    fn folder(&self, number: &Number) -> PathBuf {
        self.root.join(number.shard())
    }

    fn body_path(&self, number: &Number) -> PathBuf {
        self.folder(number).join(format!("{number}.eml"))
    }

    fn sidecar_path(&self, number: &Number) -> PathBuf {
        self.folder(number).join(format!("{number}.json"))
    }

    /// True when the item is there.
    #[must_use]
    pub fn has(&self, number: &Number) -> bool {
        self.sidecar_path(number).exists()
    }

    /// Writes the body of a new item and fills in its size and hash. Neither is on stable storage
    /// nor is the item there before [`Shelf::keep`], which takes the file that this returns.
    ///
    /// # Errors
    /// Reading `body` or writing failed.
    pub fn put_body(&self, item: &mut Item, body: &File) -> Result<File, ShelfError> {
        let folder = self.folder(&item.number);
        if !folder.exists() {
            fs::create_dir_all(&folder).map_err(system("making", &folder))?;
            sync_folder(&self.root)?;
        }
        let path = self.body_path(&item.number);
        let mut file = create(&path).map_err(system("making", &path))?;
        let written = each_piece(body, |piece| file.write_all(piece));
        (item.size, item.sha256) = written.map_err(system("writing", &path))?;
        Ok(file)
    }

    /// Writes the JSON of an item under another name, for [`Shelf::keep`] to sync and rename.
    ///
    /// # Errors
    /// Writing failed; what was there before stays.
    pub fn put_json(&self, item: &Item) -> Result<File, ShelfError> {
        let path = self.sidecar_path(&item.number);
        let fresh = path.with_extension("json.new");
        let text = serde_json::to_vec(item)
            .map_err(|error| ShelfError::Damaged { path, because: error.to_string() })?;
        let mut file = create(&fresh).map_err(system("making", &fresh))?;
        file.write_all(&text).map_err(system("writing", &fresh))?;
        Ok(file)
    }

    /// Puts items on stable storage: the files written for them, then their names. An item whose
    /// JSON has its name already, from before a crash, is no fault.
    ///
    /// # Errors
    /// The kernel's; then it is not known which of them are there.
    pub fn keep(&self, written: &[File], numbers: &[&Number]) -> Result<(), ShelfError> {
        sync_all(written).map_err(system("syncing", &self.root))?;
        let mut folders = Vec::new();
        for number in numbers {
            let path = self.sidecar_path(number);
            match fs::rename(path.with_extension("json.new"), &path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && path.exists() => {}
                other => other.map_err(system("naming", &path))?,
            }
            folders.push(self.folder(number));
        }
        folders.sort_unstable();
        folders.dedup();
        folders.iter().try_for_each(|folder| sync_folder(folder))
    }

    /// Writes the JSON of an item anew; on stable storage when it returns.
    ///
    /// # Errors
    /// Writing failed.
    pub fn put(&self, item: &Item) -> Result<(), ShelfError> {
        self.keep(&[self.put_json(item)?], &[&item.number])
    }

    /// The item; `None` when it is not there.
    ///
    /// # Errors
    /// Reading failed or the JSON is damaged.
    pub fn item(&self, number: &Number) -> Result<Option<Item>, ShelfError> {
        let path = self.sidecar_path(number);
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(system("opening", &path))?,
        };
        let mut text = Vec::new();
        file.take(limits::SIDECAR_OCTETS)
            .read_to_end(&mut text)
            .map_err(system("reading", &path))?;
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| ShelfError::Damaged { path, because: error.to_string() })
    }

    /// The body, open for reading at its start.
    ///
    /// # Errors
    /// The kernel's.
    pub fn body(&self, number: &Number) -> Result<File, ShelfError> {
        let path = self.body_path(number);
        File::open(&path).map_err(system("opening", &path))
    }

    /// The body, after a look whether it still is what was stored.
    ///
    /// # Errors
    /// It is not, or the kernel's.
    pub fn sound_body(&self, item: &Item) -> Result<File, ShelfError> {
        let file = self.body(&item.number)?;
        let path = self.body_path(&item.number);
        let (size, sha256) = each_piece(&file, |_| Ok(())).map_err(system("reading", &path))?;
        if (size, &sha256) == (item.size, &item.sha256) {
            return Ok(file);
        }
        let because = "it is not what was stored (size or SHA-256 differ)".to_owned();
        Err(ShelfError::Damaged { path, because })
    }

    /// Removes an item. What is not there is no error.
    ///
    /// # Errors
    /// The kernel's.
    pub fn remove(&self, number: &Number) -> Result<(), ShelfError> {
        for path in [self.sidecar_path(number), self.body_path(number)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other.map_err(system("removing", &path))?,
            }
        }
        Ok(())
    }

    /// The folders of the shelf.
    ///
    /// # Errors
    /// The kernel's.
    pub fn shards(&self) -> Result<Vec<PathBuf>, ShelfError> {
        let entries = fs::read_dir(&self.root).map_err(system("listing", &self.root))?;
        Ok(entries.filter_map(Result::ok).map(|entry| entry.path()).collect())
    }

    /// The items in one folder of the shelf. What a crash left half-written there is removed; so
    /// nothing may be stored meanwhile.
    ///
    /// # Errors
    /// The kernel's.
    pub fn tidy(&self, shard: &Path) -> Result<Vec<Number>, ShelfError> {
        let mut numbers = Vec::new();
        let mut bodies = Vec::new();
        for entry in fs::read_dir(shard).map_err(system("listing", shard))?.filter_map(Result::ok) {
            let path = entry.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            match (path.extension().and_then(|it| it.to_str()), stem.parse::<Number>()) {
                (Some("json"), Ok(number)) => numbers.push(number),
                (Some("eml"), Ok(number)) => bodies.push(number),
                (Some("new"), _) => fs::remove_file(&path).map_err(system("removing", &path))?,
                // Not ours to judge.
                _ => {}
            }
        }
        for number in bodies {
            if !self.has(&number) {
                self.remove(&number)?;
            }
        }
        Ok(numbers)
    }
}

fn create(path: &Path) -> io::Result<File> {
    // Mail is nobody's business but the vault's.
    fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

fn sync_folder(folder: &Path) -> Result<(), ShelfError> {
    let opened = File::open(folder).map_err(system("opening", folder))?;
    opened.sync_all().map_err(system("syncing", folder))
}

/// Syncs files: a few one by one; many with one call for the file system, which writes them side by
/// side and commits the journal once.
fn sync_all(files: &[File]) -> io::Result<()> {
    match files.first() {
        Some(first) if files.len() > limits::SINGLE_SYNCS => Ok(rustix::fs::syncfs(first)?),
        _ => files.iter().try_for_each(File::sync_all),
    }
}

/// Reads a file from offset 0, wherever its own offset stands (it may be shared with another role).
fn each_piece(
    file: &File,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<(u64, String)> {
    let mut digest = Context::new(&SHA256);
    let mut piece = vec![0; limits::COPY_OCTETS];
    let mut at = 0;
    loop {
        let read = match file.read_at(&mut piece, at) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        let Some(octets) = piece.get(..read).filter(|octets| !octets.is_empty()) else {
            return Ok((at, hexadecimal(digest.finish().as_ref())));
        };
        digest.update(octets);
        take(octets)?;
        at += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Seek as _;

    use super::*;
    use crate::made;

    fn body() -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(made::BODY).unwrap();
        file
    }

    fn stored(shelf: &Shelf) -> Item {
        let mut item = made::item(7, "Spam", &["ann@example.test"]);
        item.sha256.clear();
        let files = [shelf.put_body(&mut item, &body()).unwrap(), shelf.put_json(&item).unwrap()];
        assert_eq!(shelf.item(&item.number).unwrap(), None, "not there before it is kept");
        shelf.keep(&files, &[&item.number]).unwrap();
        item
    }

    #[test]
    fn what_was_put_is_read_back_exactly() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(folder.path()).unwrap();
        let item = stored(&shelf);
        assert_eq!(item, made::item(7, "Spam", &["ann@example.test"]));
        assert_eq!(shelf.item(&item.number).unwrap(), Some(item.clone()));
        let mut octets = Vec::new();
        shelf.sound_body(&item).unwrap().read_to_end(&mut octets).unwrap();
        assert_eq!(octets, made::BODY);
        shelf.remove(&item.number).unwrap();
        shelf.remove(&item.number).unwrap();
        assert_eq!(shelf.item(&item.number).unwrap(), None);
    }

    #[test]
    fn the_offset_of_the_given_descriptor_does_not_matter_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(folder.path()).unwrap();
        let mut item = made::item(7, "Spam", &["ann@example.test"]);
        let mut given = body();
        given.seek(io::SeekFrom::Start(5)).unwrap();
        shelf.put_body(&mut item, &given).unwrap();
        assert_eq!(item.size, made::BODY.len() as u64);
        assert_eq!(given.stream_position().unwrap(), 5);
    }

    #[test]
    fn a_body_that_changed_on_the_disk_is_not_given_out() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(folder.path()).unwrap();
        let item = stored(&shelf);
        fs::write(shelf.body_path(&item.number), b"something else").unwrap();
        assert!(matches!(shelf.sound_body(&item), Err(ShelfError::Damaged { .. })));
    }

    #[test]
    fn what_a_crash_left_is_tidied_away_and_items_stay() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(folder.path()).unwrap();
        let item = stored(&shelf);
        let shard = shelf.folder(&item.number);
        let digits = &item.number.as_str()[14..];
        let orphan = shard.join(format!("0000000000009-{digits}.eml"));
        let half = shard.join(format!("0000000000009-{digits}.json.new"));
        let foreign = shard.join("notes.txt");
        for path in [&orphan, &half, &foreign] {
            fs::write(path, b"x").unwrap();
        }
        assert_eq!(shelf.shards().unwrap(), std::slice::from_ref(&shard));
        assert_eq!(shelf.tidy(&shard).unwrap(), std::slice::from_ref(&item.number));
        assert!(!orphan.exists() && !half.exists() && foreign.exists());
        assert!(shelf.sound_body(&item).is_ok());
    }

    #[test]
    fn a_damaged_sidecar_is_an_error_and_no_item() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(folder.path()).unwrap();
        let item = stored(&shelf);
        fs::write(shelf.sidecar_path(&item.number), b"{\"form\":1").unwrap();
        assert!(matches!(shelf.item(&item.number), Err(ShelfError::Damaged { .. })));
    }
}
