//! The store itself: live, pending, revisions.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schema::{Patch, Problem, Sections, Tree, diff};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::database::{Changes, Database, RecordChange, Records};
use crate::durable::{self, DiskError, failed};
use crate::incident::Incident;
use crate::large::Large;
use crate::limits;
use crate::record::Record;
use crate::revision::{Note, Revision};
use crate::shelf::Shelf;

/// Why the store did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("the settings in {0} are in use by another process; stop that one first")]
    InUse(String),
    /// The disk refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The outcome does not fit.
    #[error("{} problems", .0.len())]
    Problems(Vec<Problem>),
    /// Nothing is pending, or the change changes nothing.
    #[error("there is nothing to commit: the settings would be the same")]
    Nothing,
    /// The change was made for a revision that is no longer live.
    #[error(
        "the settings were changed meanwhile: revision {live} is live, not {base}; look at the differences and try again"
    )]
    Moved {
        /// What the caller took for live.
        base: u64,
        /// What is.
        live: u64,
    },
    /// Someone's pending change stands in the way.
    #[error("a change of {author} is pending; commit or discard it first")]
    PendingInTheWay {
        /// Whose.
        author: String,
    },
    /// No such revision is kept.
    #[error("revision {0} is not kept")]
    NoSuchRevision(u64),
    /// The value is larger than a revision can be.
    #[error("the settings are larger than {} octets", limits::REVISION_OCTETS)]
    TooLarge,
    /// The disk refused; the old revision is live.
    #[error("{0}; the settings are as they were")]
    Disk(#[from] DiskError),
    /// The database refused; the settings are as they were.
    #[error("the settings database: {0}; the settings are as they were")]
    Database(String),
}

/// A change that waits for its commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// The revision it was made for.
    pub base: u64,
    /// Who made it; the last one if several did.
    pub author: String,
    /// What it does.
    pub patch: Patch,
}

/// What a commit did.
#[derive(Debug, Clone, PartialEq)]
pub struct Committed {
    /// The new revision.
    pub revision: Revision,
    /// Sections that are not as before.
    pub touched: Vec<&'static str>,
    /// Values of the restored revision that this build does not know or allow.
    pub left_out: Vec<Problem>,
}

/// The settings store of one appliance. See the top of the crate for what is kept where.
pub struct Store {
    folder: PathBuf,
    tree: Arc<Tree>,
    shelf: Shelf,
    large: Large,
    // `None` after a failed write, until it is opened anew.
    database: Option<Database>,
    live: Sections,
    revision: u64,
    pending: Option<Pending>,
    incidents: Vec<Incident>,
    lock: File,
}

impl Drop for Store {
    fn drop(&mut self) {
        self.database = None;
        // Closing alone would not do: a process forked elsewhere in this program shares the lock
        // until it execs.
        let _ = self.lock.unlock();
    }
}

const PENDING: &[u8] = b"pending";
const REVISION: &str = "revision/";

fn key_of(number: u64) -> Vec<u8> {
    format!("{REVISION}{number:012}").into_bytes()
}

fn number_of(key: &[u8]) -> Option<u64> {
    std::str::from_utf8(key).ok()?.strip_prefix(REVISION)?.parse().ok()
}

impl Store {
    /// Opens the store in a folder, made if it is not there, and puts right what a crash or a
    /// damaged file left. Ask [`Store::take_incidents`] what had to be done.
    ///
    /// # Errors
    /// [`OpenError`] when another process has it open or the disk cannot be used at all. Damage is
    /// no error.
    pub fn open(folder: &Path, tree: Arc<Tree>) -> Result<Store, OpenError> {
        durable::make_folder(folder)?;
        let lock = lock(folder)?;
        let mut incidents = Vec::new();
        let (shelf, files) =
            Shelf::open(&folder.join("revisions"), &folder.join("set-aside"), &mut incidents)?;
        let large = Large::open(&folder.join("large"))?;
        let mut store = Store {
            folder: folder.to_owned(),
            tree,
            shelf,
            large,
            database: None,
            live: Sections::new(),
            revision: 0,
            pending: None,
            incidents,
            lock,
        };
        store.take_newest(&files);
        match store.open_database(files) {
            // With a full disk the settings can still be read, and a gateway must start.
            Err(error) if store.revision > 0 => {
                store.incidents.push(Incident::DatabaseBehind(error.to_string()));
            }
            outcome => outcome?,
        }
        Ok(store)
    }

    /// The number of the live revision; 0 when nothing was ever committed.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The live value, sparse.
    #[must_use]
    pub fn live(&self) -> &Sections {
        &self.live
    }

    /// The settings tree.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// What is pending.
    #[must_use]
    pub fn pending(&self) -> Option<&Pending> {
        self.pending.as_ref()
    }

    /// The value that a commit would make live, sparse.
    ///
    /// # Errors
    /// The problems of that value, should the pending change not fit any more.
    pub fn pending_value(&self) -> Result<Sections, Vec<Problem>> {
        match &self.pending {
            None => Ok(self.live.clone()),
            Some(pending) => pending.patch.apply(&self.tree, &self.live),
        }
    }

    /// What had to be done since this was last asked.
    pub fn take_incidents(&mut self) -> Vec<Incident> {
        std::mem::take(&mut self.incidents)
    }

    /// Adds a change to what is pending. It is on stable storage on return.
    ///
    /// # Errors
    /// [`ChangeError`]; what was pending stays.
    pub fn change(
        &mut self,
        patch: &Patch,
        author: &str,
        base: Option<u64>,
    ) -> Result<(), ChangeError> {
        self.check_base(base)?;
        let before = self.pending.as_ref().map(|pending| pending.patch.clone()).unwrap_or_default();
        let patch = before.followed_by(patch);
        patch.apply(&self.tree, &self.live).map_err(ChangeError::Problems)?;
        self.keep_pending(Some(Pending { base: self.revision, author: author.to_owned(), patch }))
    }

    /// Drops what is pending.
    ///
    /// # Errors
    /// [`ChangeError`] when that cannot be put on stable storage, or nothing is pending.
    pub fn discard(&mut self) -> Result<(), ChangeError> {
        match self.pending {
            None => Err(ChangeError::Nothing),
            Some(_) => self.keep_pending(None),
        }
    }

    /// Makes what is pending the next revision.
    ///
    /// # Errors
    /// [`ChangeError`]; what was live and what was pending stay.
    pub fn commit(&mut self, note: Note, base: Option<u64>) -> Result<Committed, ChangeError> {
        self.check_base(base)?;
        if self.pending.is_none() {
            return Err(ChangeError::Nothing);
        }
        let value = self.pending_value().map_err(ChangeError::Problems)?;
        self.make_live(value, note, Vec::new())
    }

    /// Makes a change the next revision at once.
    ///
    /// # Errors
    /// [`ChangeError`]; refused while something is pending.
    pub fn commit_now(
        &mut self,
        patch: &Patch,
        note: Note,
        base: Option<u64>,
    ) -> Result<Committed, ChangeError> {
        self.check_base(base)?;
        self.check_nothing_pending()?;
        let value = patch.apply(&self.tree, &self.live).map_err(ChangeError::Problems)?;
        self.make_live(value, note, Vec::new())
    }

    /// Makes a whole sparse value the next revision: an import.
    ///
    /// # Errors
    /// [`ChangeError`]; refused while something is pending.
    pub fn replace(&mut self, value: Sections, note: Note) -> Result<Committed, ChangeError> {
        self.check_nothing_pending()?;
        let (value, problems) = self.tree.read(&Value::Object(value));
        if problems.is_empty() {
            self.make_live(value, note, Vec::new())
        } else {
            Err(ChangeError::Problems(problems))
        }
    }

    /// Makes the value of an earlier revision the next one. 0 stands for the defaults.
    ///
    /// # Errors
    /// [`ChangeError`]; refused while something is pending.
    pub fn revert(&mut self, to: u64, note: Note) -> Result<Committed, ChangeError> {
        self.check_nothing_pending()?;
        let (value, left_out) = self.value_of(to)?;
        self.make_live(value, note, left_out)
    }

    /// The sparse value of a kept revision as this build takes it, and what it leaves out. 0
    /// stands for the defaults.
    ///
    /// # Errors
    /// [`ChangeError::NoSuchRevision`], or the database's own error.
    pub fn value_of(&mut self, number: u64) -> Result<(Sections, Vec<Problem>), ChangeError> {
        if number == 0 {
            return Ok((Sections::new(), Vec::new()));
        }
        let revision = self.revision_of(number)?.ok_or(ChangeError::NoSuchRevision(number))?;
        Ok(self.tree.adopt(&revision.value))
    }

    /// One kept revision.
    ///
    /// # Errors
    /// [`ChangeError::Database`] when it cannot be read.
    pub fn revision_of(&mut self, number: u64) -> Result<Option<Revision>, ChangeError> {
        let record = self.database()?.read(&key_of(number));
        let Some(record) = record.map_err(|error| ChangeError::Database(error.to_string()))? else {
            return Ok(None);
        };
        let content = self.large.load(record).map_err(ChangeError::Database)?;
        Revision::from_record(&content).map(Some).map_err(ChangeError::Database)
    }

    /// Every kept revision, newest first, without its value.
    ///
    /// # Errors
    /// [`ChangeError::Database`] when they cannot be read.
    pub fn history(&mut self) -> Result<Vec<Revision>, ChangeError> {
        let records = self.database()?.records();
        let records = records.map_err(|error| ChangeError::Database(error.to_string()))?;
        let mut history = Vec::new();
        for (key, record) in records.into_iter().rev() {
            if number_of(&key).is_some() {
                let content = self.large.load(record).map_err(ChangeError::Database)?;
                let revision = Revision::from_record(&content).map_err(ChangeError::Database)?;
                history.push(Revision { value: Sections::new(), ..revision });
            }
        }
        Ok(history)
    }

    fn check_base(&self, base: Option<u64>) -> Result<(), ChangeError> {
        match base {
            Some(base) if base != self.revision => {
                Err(ChangeError::Moved { base, live: self.revision })
            }
            _ => Ok(()),
        }
    }

    fn check_nothing_pending(&self) -> Result<(), ChangeError> {
        match &self.pending {
            Some(pending) => Err(ChangeError::PendingInTheWay { author: pending.author.clone() }),
            None => Ok(()),
        }
    }

    fn make_live(
        &mut self,
        value: Sections,
        note: Note,
        left_out: Vec<Problem>,
    ) -> Result<Committed, ChangeError> {
        // The first revision may equal the defaults: that someone chose them is worth keeping.
        if value == self.live && self.revision > 0 {
            return Err(ChangeError::Nothing);
        }
        let before = self.tree.full(&self.live);
        let after = self.tree.full(&value);
        let touched = self.tree.touched(&before, &after);
        let revision = Revision {
            number: self.revision + 1,
            time: note.time,
            author: note.author,
            reason: note.reason.chars().take(limits::REASON_CHARACTERS).collect(),
            differences: diff(&Value::Object(before), &Value::Object(after)),
            value,
        };
        if revision.to_record().len() > limits::REVISION_OCTETS {
            return Err(ChangeError::TooLarge);
        }
        // The order is the promise; see the top of the crate.
        self.shelf.write(&revision)?;
        self.live.clone_from(&revision.value);
        self.revision = revision.number;
        self.pending = None;
        if let Err(because) = self.follow(&revision) {
            self.database = None;
            self.incidents.push(Incident::DatabaseBehind(because));
        }
        if let Err(error) = self.shelf.prune(revision.number) {
            self.incidents.push(Incident::NotRemoved(error.to_string()));
        }
        Ok(Committed { revision, touched, left_out })
    }

    /// Brings sled to the revision that was just committed.
    fn follow(&mut self, revision: &Revision) -> Result<(), String> {
        let Some(database) = &self.database else {
            // It is filled from the files when it is opened.
            return self.database().map(|_| ()).map_err(|error| error.to_string());
        };
        let record = self.large.store(revision.to_record()).map_err(|error| error.to_string())?;
        let large = matches!(record, Record::Large(_));
        let mut changes = vec![(key_of(revision.number), Some(record)), (PENDING.to_vec(), None)];
        if let Some(old) = revision.number.checked_sub(limits::REVISIONS).filter(|old| *old > 0) {
            changes.push((key_of(old), None));
        }
        database.write(changes).map_err(|error| error.to_string())?;
        if large {
            self.remove_unused();
        }
        Ok(())
    }

    fn keep_pending(&mut self, pending: Option<Pending>) -> Result<(), ChangeError> {
        let record = match &pending {
            None => None,
            Some(pending) => Some(self.large.store(json(pending))?),
        };
        self.database()?;
        let database =
            self.database.as_ref().ok_or(ChangeError::Database("it is closed".into()))?;
        if let Err(error) = database.write(vec![(PENDING.to_vec(), record)]) {
            self.database = None;
            return Err(ChangeError::Database(error.to_string()));
        }
        self.pending = pending;
        Ok(())
    }

    /// The open database; opened anew when a write to it had failed.
    fn database(&mut self) -> Result<&Database, ChangeError> {
        if self.database.is_none() {
            let revisions = self.folder.join("revisions");
            let shelter = self.folder.join("set-aside");
            let (_, files) = Shelf::open(&revisions, &shelter, &mut self.incidents)?;
            self.open_database(files)?;
        }
        self.database.as_ref().ok_or(ChangeError::Database("it is closed".into()))
    }

    fn open_database(&mut self, files: BTreeMap<u64, Revision>) -> Result<(), DiskError> {
        let shelter = self.folder.join("set-aside");
        let opened = Database::open(&self.folder.join("store"), &shelter, &mut self.incidents)?;
        let (stored, bad) = self.revisions_in(&opened.records);
        let mut all = stored.clone();
        all.extend(files.iter().map(|(number, revision)| (*number, revision.clone())));
        let lacking =
            all.iter().filter(|(number, revision)| stored.get(number) != Some(revision)).count();
        if let Some(because) = opened.rescued.clone() {
            self.incidents.push(Incident::Rebuilt { because, revisions: all.len() });
        } else if lacking > 0 && !stored.is_empty() {
            self.incidents.push(Incident::Completed(lacking));
        }
        self.take_newest(&all);
        self.pending = self.pending_in(&opened.records);
        let mut changes: Changes = bad.into_iter().map(|key| (key, None)).collect();
        let anew = opened.rescued.is_some();
        let lacks =
            |number: &u64, revision: &Revision| anew || stored.get(number) != Some(revision);
        for (number, revision) in all.iter().filter(|(number, revision)| lacks(number, revision)) {
            changes.push((key_of(*number), Some(self.large.store(revision.to_record())?)));
        }
        // A crash between file and database leaves one old revision unremoved.
        let old = |number: &&u64| **number + limits::REVISIONS <= self.revision;
        changes.extend(stored.keys().filter(old).map(|number| (key_of(*number), None)));
        changes.extend(self.pending_to_write(&opened.records, anew)?);
        self.fill(&opened.database, changes)?;
        self.write_missing_files(&all, &files)?;
        self.database = Some(opened.database);
        self.remove_unused();
        Ok(())
    }

    /// The revisions among records, and the keys of those that cannot be read.
    fn revisions_in(&self, records: &Records) -> (BTreeMap<u64, Revision>, Vec<Vec<u8>>) {
        let mut good = BTreeMap::new();
        let mut bad = Vec::new();
        for (key, record) in records {
            let Some(number) = number_of(key) else { continue };
            let content = self.large.load(record.clone());
            match content.and_then(|content| Revision::from_record(&content)) {
                Ok(revision) if revision.number == number => {
                    good.insert(number, revision);
                }
                _ => bad.push(key.clone()),
            }
        }
        (good, bad)
    }

    fn take_newest(&mut self, all: &BTreeMap<u64, Revision>) {
        if let Some((number, newest)) =
            all.last_key_value().filter(|(number, _)| **number > self.revision)
        {
            let (live, problems) = self.tree.adopt(&newest.value);
            self.live = live;
            self.revision = *number;
            self.incidents.extend(problems.into_iter().map(Incident::NotUsed));
        }
    }

    fn pending_in(&mut self, records: &Records) -> Option<Pending> {
        let record = records.get(PENDING)?;
        let content = self.large.load(record.clone());
        let pending = content.and_then(|content| {
            serde_json::from_slice::<Pending>(&content).map_err(|error| error.to_string())
        });
        match pending {
            Ok(pending) if pending.base == self.revision => Some(pending),
            // The crash fell between the revision file and sled: it was committed, not lost.
            Ok(pending) => {
                let because =
                    format!("it was made for revision {}, {} is live", pending.base, self.revision);
                self.incidents.push(Incident::PendingDropped(because));
                None
            }
            Err(because) => {
                self.incidents.push(Incident::PendingDropped(because));
                None
            }
        }
    }

    /// The change that makes sled hold exactly the pending change that stands.
    fn pending_to_write(
        &self,
        records: &Records,
        anew: bool,
    ) -> Result<Option<RecordChange>, DiskError> {
        let key = PENDING.to_vec();
        match &self.pending {
            None if !anew && records.contains_key(PENDING) => Ok(Some((key, None))),
            Some(pending) if anew => Ok(Some((key, Some(self.large.store(json(pending))?)))),
            None | Some(_) => Ok(None),
        }
    }

    fn fill(&self, database: &Database, changes: Changes) -> Result<(), DiskError> {
        if changes.is_empty() {
            return Ok(());
        }
        let folder = self.folder.join("store");
        database.write(changes).map_err(|error| {
            failed("write the settings database in", &folder)(std::io::Error::other(error))
        })
    }

    fn write_missing_files(
        &mut self,
        all: &BTreeMap<u64, Revision>,
        files: &BTreeMap<u64, Revision>,
    ) -> Result<(), DiskError> {
        let newest = self.revision;
        let recent = |number: &u64| *number + limits::REVISION_FILES > newest;
        let missing =
            all.iter().filter(|(number, _)| recent(number) && !files.contains_key(number));
        let mut written = 0;
        for (_, revision) in missing {
            self.shelf.write(revision)?;
            written += 1;
        }
        if written > 0 {
            self.incidents.push(Incident::FilesWritten(written));
        }
        Ok(())
    }

    /// Removes the large contents that no record names any more.
    fn remove_unused(&mut self) {
        let Some(Ok(records)) = self.database.as_ref().map(Database::records) else { return };
        let named = records.values().filter_map(|record| match record {
            Record::Large(hash) => Some(*hash),
            Record::Inline(_) => None,
        });
        let named: Vec<_> = named.collect();
        if let Err(error) = self.large.keep_only(&named) {
            self.incidents.push(Incident::NotRemoved(error.to_string()));
        }
    }
}

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn lock(folder: &Path) -> Result<File, OpenError> {
    let path = folder.join("lock");
    let file = File::create(&path).map_err(failed("create", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(folder.display().to_string())),
        Err(TryLockError::Error(error)) => Err(OpenError::Disk(failed("lock", &path)(error))),
    }
}
