//! sled, used safely. The only file that calls it.
//!
//! sled 0.34: `flush` does not fsync on Linux; a half-written or empty `snap.*` stops it from
//! opening; a flipped page can pass unseen, panic, or give wrong records. So every call stands in
//! `catch_unwind`, every record carries its own checksum, and all of them are read at the start.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use crate::durable::{self, DiskError};
use crate::incident::Incident;
use crate::limits;
use crate::record::Record;

/// Every record by its key.
pub(crate) type Records = BTreeMap<Vec<u8>, Record>;

/// A record to put under a key, or none to remove the key.
pub(crate) type RecordChange = (Vec<u8>, Option<Record>);

/// What one write does.
pub(crate) type Changes = Vec<RecordChange>;

const LOCK_WAIT: Duration = Duration::from_millis(limits::LOCK_WAIT_MILLISECONDS);

/// Why sled could not do something, in its words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct DatabaseError(String);

/// An open sled database and our own handle on its file.
pub(crate) struct Database {
    // `None` only while it is being dropped.
    sled: Option<sled::Db>,
    file: File,
}

/// What came out of an opening.
pub(crate) struct Opened {
    /// The database.
    pub(crate) database: Database,
    /// Its good records.
    pub(crate) records: Records,
    /// What was wrong with it, if it was made anew; the records are then the rescued ones and are
    /// not yet in the new database.
    pub(crate) rescued: Option<String>,
}

impl Database {
    /// Opens the database in `folder`: as it is, else without snapshots, else anew.
    pub(crate) fn open(
        folder: &Path,
        shelter: &Path,
        incidents: &mut Vec<Incident>,
    ) -> Result<Opened, DiskError> {
        durable::make_folder(folder)?;
        await_lock(folder)?;
        let attempts = Attempts::begin(folder)?;
        remove_generating(folder, incidents)?;
        let found = match attempts.too_many() {
            true => Err(("opening it ended the process several times".to_owned(), Records::new())),
            false => open_or_without_snapshots(folder, shelter, incidents)?,
        };
        let opened = match found {
            Ok((sled, records)) => {
                Opened { database: Self::new(sled, folder)?, records, rescued: None }
            }
            Err((because, records)) => {
                durable::set_aside(shelter, folder, limits::SET_ASIDE)?;
                let database = Self::create(folder)?;
                Opened { database, records, rescued: Some(because) }
            }
        };
        attempts.end();
        Ok(opened)
    }

    fn create(folder: &Path) -> Result<Database, DiskError> {
        durable::make_folder(folder)?;
        let sled = open_sled(folder).map_err(|error| {
            durable::failed("create the settings database in", folder)(std::io::Error::other(error))
        })?;
        Self::new(sled, folder)
    }

    fn new(sled: sled::Db, folder: &Path) -> Result<Database, DiskError> {
        let path = folder.join("db");
        let file = File::open(&path).map_err(durable::failed("open", &path))?;
        file.sync_all().map_err(durable::failed("sync", &path))?;
        durable::sync_folder(folder)?;
        Ok(Database { sled: Some(sled), file })
    }

    /// Makes the changes, all or none, and returns when they are on stable storage.
    pub(crate) fn write(&self, changes: Changes) -> Result<(), DatabaseError> {
        let sled = self.sled.as_ref().ok_or(DatabaseError("it is closed".into()))?;
        let mut batch = sled::Batch::default();
        for (key, record) in changes {
            match record {
                Some(record) => batch.insert(key.as_slice(), record.encode(&key)),
                None => batch.remove(key.as_slice()),
            }
        }
        guarded(|| sled.apply_batch(batch).and_then(|()| sled.flush()).map(drop))?;
        self.file.sync_data().map_err(|error| DatabaseError(error.to_string()))
    }

    /// The record under a key.
    pub(crate) fn read(&self, key: &[u8]) -> Result<Option<Record>, DatabaseError> {
        let sled = self.sled.as_ref().ok_or(DatabaseError("it is closed".into()))?;
        let found = guarded(|| sled.get(key))?;
        found
            .map(|octets| Record::decode(key, &octets).map_err(|e| DatabaseError(e.to_string())))
            .transpose()
    }

    /// Every record, verified.
    pub(crate) fn records(&self) -> Result<Records, DatabaseError> {
        let sled = self.sled.as_ref().ok_or(DatabaseError("it is closed".into()))?;
        match read_all(sled) {
            (records, None) => Ok(records),
            (_, Some(because)) => Err(DatabaseError(because)),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // sled writes when it is dropped, and a sled that has failed may panic there.
        let sled = self.sled.take();
        let _ = catch_unwind(AssertUnwindSafe(move || drop(sled)));
    }
}

/// Counts openings that did not come to an end, in the length of a file beside the store.
struct Attempts {
    path: PathBuf,
    before: u64,
}

impl Attempts {
    fn begin(folder: &Path) -> Result<Attempts, DiskError> {
        let path = folder.with_extension("opening");
        let before = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        let marks = vec![b'.'; usize::try_from(before).unwrap_or(0).min(64) + 1];
        // On a full disk the count is lost, and the opening goes on without it.
        let _ = std::fs::write(&path, marks);
        Ok(Attempts { path, before })
    }

    fn too_many(&self) -> bool {
        self.before >= limits::OPENINGS
    }

    fn end(self) {
        let _ = std::fs::remove_file(self.path);
    }
}

type Found = Result<(sled::Db, Records), (String, Records)>;

/// Opens and reads everything; on any doubt once more without snapshots. The inner error carries
/// the reason and the records that could be rescued.
fn open_or_without_snapshots(
    folder: &Path,
    shelter: &Path,
    incidents: &mut Vec<Incident>,
) -> Result<Found, DiskError> {
    let first = open_and_read(folder);
    let (because, rescued) = match first {
        Ok(found) => return Ok(Ok(found)),
        Err(error) => error,
    };
    let snapshots = snapshots(folder)?;
    if snapshots.is_empty() {
        return Ok(Err((because, rescued)));
    }
    for name in snapshots {
        durable::set_aside(shelter, &folder.join(name), limits::SET_ASIDE)?;
    }
    durable::sync_folder(folder)?;
    await_lock(folder)?;
    match open_and_read(folder) {
        Ok(found) => {
            incidents.push(Incident::WithoutSnapshots { because });
            Ok(Ok(found))
        }
        Err((still, more)) => {
            let all = rescued.into_iter().chain(more).collect();
            Ok(Err((format!("{because}; without snapshots: {still}"), all)))
        }
    }
}

fn open_and_read(folder: &Path) -> Found {
    let sled = open_sled(folder).map_err(|because| (because, Records::new()))?;
    match read_all(&sled) {
        (records, None) => Ok((sled, records)),
        (records, Some(because)) => {
            let _ = catch_unwind(AssertUnwindSafe(move || drop(sled)));
            Err((because, records))
        }
    }
}

fn open_sled(folder: &Path) -> Result<sled::Db, String> {
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(limits::CACHE_OCTETS)
        .mode(sled::Mode::LowSpace)
        .flush_every_ms(None);
    guarded(|| config.open()).map_err(|error| error.0)
}

/// Waits until nothing holds sled's own lock, which its opening only tries. A lock must never be
/// taken for damage: the settings would be set aside for nothing.
fn await_lock(folder: &Path) -> Result<(), DiskError> {
    let path = folder.join("db");
    let Ok(file) = File::open(&path) else { return Ok(()) };
    for _ in 0..limits::LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return file.unlock().map_err(durable::failed("unlock", &path)),
            Err(TryLockError::WouldBlock) => sleep(LOCK_WAIT),
            Err(TryLockError::Error(error)) => return Err(durable::failed("lock", &path)(error)),
        }
    }
    Err(durable::failed("lock", &path)(std::io::Error::other("it stays locked")))
}

/// The good records, and what was wrong if anything was.
fn read_all(sled: &sled::Db) -> (Records, Option<String>) {
    let mut records = Records::new();
    let mut wrong = None;
    let walked = catch_unwind(AssertUnwindSafe(|| {
        for entry in sled.iter() {
            match entry {
                Err(error) => {
                    wrong = Some(error.to_string());
                    break;
                }
                Ok((key, octets)) => match Record::decode(&key, &octets) {
                    Ok(record) => {
                        records.insert(key.to_vec(), record);
                    }
                    Err(error) => wrong = Some(format!("a record is damaged: {error}")),
                },
            }
        }
    }));
    if walked.is_err() {
        wrong = Some("it panicked while it was read".into());
    }
    (records, wrong)
}

fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, DatabaseError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(DatabaseError(error.to_string())),
        Err(_) => Err(DatabaseError("it panicked".into())),
    }
}

fn snapshots(folder: &Path) -> Result<Vec<String>, DiskError> {
    let names = durable::names(folder)?;
    Ok(names.into_iter().filter(|name| name.starts_with("snap.")).collect())
}

/// sled takes a half-written snapshot for its newest one and then does not open.
fn remove_generating(folder: &Path, incidents: &mut Vec<Incident>) -> Result<(), DiskError> {
    for name in durable::names(folder)?.into_iter().filter(|name| name.ends_with(".generating")) {
        durable::remove(folder, &name)?;
        incidents.push(Incident::HalfWritten(name));
    }
    Ok(())
}
