//! The revision files: the backup, the unit of rollback, and what decides.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::durable::{self, DiskError};
use crate::incident::Incident;
use crate::limits;
use crate::revision::Revision;

/// The folder of revision files.
#[derive(Debug)]
pub(crate) struct Shelf {
    folder: PathBuf,
}

/// `000123.json`.
fn file_name(number: u64) -> String {
    format!("{number:06}.json")
}

fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".json")?;
    let number = digits.parse().ok()?;
    (file_name(number) == name).then_some(number)
}

impl Shelf {
    /// Opens the folder, removes what a crash left half-written, sets damaged files aside and
    /// reads the good ones.
    pub(crate) fn open(
        folder: &Path,
        shelter: &Path,
        incidents: &mut Vec<Incident>,
    ) -> Result<(Shelf, BTreeMap<u64, Revision>), DiskError> {
        durable::make_folder(folder)?;
        let mut good = BTreeMap::new();
        for name in durable::names(folder)? {
            if name.ends_with(durable::HALF_WRITTEN) {
                durable::remove(folder, &name)?;
                incidents.push(Incident::HalfWritten(name));
            } else if let Some(number) = number_of(&name) {
                match read(&folder.join(&name), number) {
                    Ok(revision) => {
                        good.insert(number, revision);
                    }
                    Err(because) => {
                        durable::set_aside(shelter, &folder.join(&name), limits::SET_ASIDE)?;
                        incidents.push(Incident::BadRevisionFile { file: name, because });
                    }
                }
            }
        }
        Ok((Shelf { folder: folder.to_owned() }, good))
    }

    /// Writes one revision durably. After a failure the revision is not there.
    pub(crate) fn write(&self, revision: &Revision) -> Result<(), DiskError> {
        let name = file_name(revision.number);
        let written = durable::write_whole(&self.folder, &name, &revision.to_file());
        if written.is_err() {
            // The rename may have happened and only the sync of the folder failed: a revision
            // that is reported as not committed must not come back at the next start.
            let _ = durable::remove(&self.folder, &name);
        }
        written
    }

    /// Removes the files of all but the newest revisions.
    pub(crate) fn prune(&self, newest: u64) -> Result<(), DiskError> {
        let old = |number: &u64| *number + limits::REVISION_FILES <= newest;
        for number in
            durable::names(&self.folder)?.iter().filter_map(|name| number_of(name)).filter(old)
        {
            durable::remove(&self.folder, &file_name(number))?;
        }
        Ok(())
    }
}

fn read(path: &Path, number: u64) -> Result<Revision, String> {
    // A pretty file is larger than the record; twice the limit holds for both.
    let content =
        durable::read_whole(path, 2 * limits::REVISION_OCTETS).map_err(|e| e.to_string())?;
    Revision::from_file(&content, number).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_one_to_one() {
        assert_eq!(number_of("000123.json"), Some(123));
        assert_eq!(number_of("1234567.json"), Some(1_234_567));
        for other in ["123.json", "000123.json.tmp", "x.json", "0000123.json", "+00123.json"] {
            assert_eq!(number_of(other), None, "{other}");
        }
    }
}
