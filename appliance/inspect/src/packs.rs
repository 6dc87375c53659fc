//! The pattern pack as the keeper holds it: found in its folder, copied into sealed memory, checked
//! once, and watched for a newer one.
//!
//! The active pack is the file `active.pack` in the folder of the packs, or what that link points to
//! inside of it. Whoever brings a new one puts it beside and renames it, so that there is always a
//! whole one. A pack that is no good is told of and never takes the place of one that was. Nothing
//! here looks for patterns in anything. Start with [`watch_active`].

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipc::contracts::PackFacts;
use mail::Timestamp;
use patterns::Pack;
use sandbox::Mapped;
use tokio::sync::watch;

use crate::limits;

/// The file name of the active pack.
pub const ACTIVE: &str = "active.pack";

/// Why a pack cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PackProblem {
    #[error("it cannot be read ({0})")]
    Read(#[from] io::Error),
    #[error("it is no regular file")]
    NoFile,
    #[error("it cannot be held in memory ({0})")]
    Memory(#[from] sandbox::MapError),
    #[error(transparent)]
    Pack(#[from] patterns::PackError),
}

/// A pack that was checked, in sealed memory.
#[derive(Debug)]
pub(crate) struct Sealed {
    /// The memory.
    pub(crate) memory: OwnedFd,
    /// What it is.
    pub(crate) facts: PackFacts,
}

/// What there is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Packs {
    /// The newest good one.
    pub(crate) good: Option<Arc<Sealed>>,
    /// Why the active file is not it, with the remedy.
    pub(crate) problem: Option<String>,
}

/// By which a file is told from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    octets: u64,
    modified: (i64, i64),
}

impl Identity {
    fn of(facts: &Metadata) -> Self {
        Identity {
            device: facts.dev(),
            inode: facts.ino(),
            octets: facts.size(),
            modified: (facts.mtime(), facts.mtime_nsec()),
        }
    }
}

/// The place of the active pack.
struct Shelf {
    path: PathBuf,
    /// The file that was looked at last; `None` when there was none.
    seen: Option<Identity>,
    packs: Packs,
}

/// Looks for the active pack in `folder`, and again every [`limits::PACK_LOOK`] for as long as
/// somebody listens.
pub(crate) async fn watch_active(folder: &Path) -> watch::Receiver<Packs> {
    let shelf = Shelf { path: folder.join(ACTIVE), seen: None, packs: Packs::default() };
    let (mut shelf, _) = look(shelf).await;
    let (sender, receiver) = watch::channel(shelf.packs.clone());
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = tokio::time::sleep(limits::PACK_LOOK) => {}
                () = sender.closed() => return,
            }
            let looked = look(shelf).await;
            shelf = looked.0;
            if looked.1 {
                sender.send_replace(shelf.packs.clone());
            }
        }
    });
    receiver
}

/// Reading a pack takes long enough to have a thread of its own; asking for its facts does not.
async fn look(mut shelf: Shelf) -> (Shelf, bool) {
    let now = std::fs::metadata(&shelf.path).map(|facts| Identity::of(&facts));
    match now {
        Ok(now) if shelf.seen == Some(now) => (shelf, false),
        Ok(_) => {
            let path = shelf.path.clone();
            let loaded = tokio::task::spawn_blocking(move || load(&path)).await;
            // A load that panicked is tried again at the next look.
            let Ok(loaded) = loaded else { return (shelf, false) };
            shelf.take(loaded);
            (shelf, true)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let changed = shelf.seen.take().is_some();
            if changed {
                shelf.complain("it was taken away");
            }
            (shelf, changed)
        }
        Err(error) => {
            let before = shelf.packs.problem.clone();
            shelf.complain(&PackProblem::Read(error));
            let changed = shelf.packs.problem != before;
            (shelf, changed)
        }
    }
}

impl Shelf {
    fn take(&mut self, (seen, loaded): (Option<Identity>, Result<Sealed, PackProblem>)) {
        self.seen = seen;
        match loaded {
            Ok(sealed) => {
                let facts = &sealed.facts;
                let (version, signatures) = (&facts.version, facts.signatures);
                tracing::info!(version, signatures, "a new pattern pack is there");
                self.packs = Packs { good: Some(Arc::new(sealed)), problem: None };
            }
            Err(error) => self.complain(&error),
        }
    }

    /// Keeps what there is, and tells once what is wrong with the newest.
    fn complain(&mut self, because: &(impl std::fmt::Display + ?Sized)) {
        let kept = match &self.packs.good {
            Some(good) => format!("the one before ({}) stays in use", good.facts.version),
            None => "only what is built in is found".to_owned(),
        };
        let problem = format!(
            "the pattern pack {} cannot be used: {because}. {}. Put a good pack in its place \
             (`gatepost patterns compile`).",
            self.path.display(),
            capital(&kept),
        );
        if self.packs.problem.as_ref() != Some(&problem) {
            tracing::error!("{problem}");
            self.packs.problem = Some(problem);
        }
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

fn load(path: &Path) -> (Option<Identity>, Result<Sealed, PackProblem>) {
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
    match opened {
        Ok((facts, file)) => (Some(Identity::of(&facts)), seal(&file, &facts)),
        Err(error) => (None, Err(error.into())),
    }
}

/// Copies and checks. The pages of the file itself are not needed any more and go when memory is
/// short.
fn seal(file: &File, facts: &Metadata) -> Result<Sealed, PackProblem> {
    if !facts.is_file() {
        return Err(PackProblem::NoFile);
    }
    let (memory, octets) = ipc::sealed_copy(file, ipc::limits::PACK_OCTETS)?;
    let pack = Pack::open(Arc::new(Mapped::sealed(&memory, octets)?))?;
    pack.verify()?;
    let made = u64::try_from(facts.mtime()).unwrap_or(0).saturating_mul(1000);
    let made =
        Timestamp(made.saturating_add(u64::try_from(facts.mtime_nsec()).unwrap_or(0) / 1_000_000));
    let version = format!("of {}", made.iso8601());
    let signatures = patterns::count(&pack);
    Ok(Sealed { memory, facts: PackFacts { octets, version, signatures, made } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf(folder: &Path) -> Shelf {
        Shelf { path: folder.join(ACTIVE), seen: None, packs: Packs::default() }
    }

    fn pack(name: &str) -> Vec<u8> {
        let source = patterns::Source::new(
            "own.hdb",
            format!("44d88612fea8a8f36de82e1278abb02f:68:{name}\n").into_bytes(),
        );
        patterns::compile(&[source], &patterns::CompileOptions::default()).unwrap().octets
    }

    /// As an update does it: beside, then renamed.
    fn put(folder: &Path, octets: &[u8]) {
        std::fs::write(folder.join("new"), octets).unwrap();
        std::fs::rename(folder.join("new"), folder.join(ACTIVE)).unwrap();
    }

    #[tokio::test]
    async fn without_a_pack_there_is_none_and_no_complaint() {
        let folder = tempfile::tempdir().unwrap();
        let (shelf, changed) = look(shelf(folder.path())).await;
        assert!(!changed && shelf.packs.good.is_none() && shelf.packs.problem.is_none());
    }

    #[tokio::test]
    async fn a_pack_is_taken_once_and_a_new_one_again() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), &pack("A"));
        let (shelf, changed) = look(shelf(folder.path())).await;
        let first = shelf.packs.good.clone().unwrap();
        assert!(changed);
        let (shelf, changed) = look(shelf).await;
        assert!(!changed);
        put(folder.path(), &pack("Longer"));
        let (shelf, changed) = look(shelf).await;
        assert!(changed && !Arc::ptr_eq(&first, shelf.packs.good.as_ref().unwrap()));
    }

    #[tokio::test]
    async fn a_bad_pack_leaves_the_good_one_and_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), &pack("A"));
        let (shelf, _) = look(shelf(folder.path())).await;
        let mut damaged = pack("B");
        *damaged.last_mut().unwrap() ^= 1;
        for bad in [damaged, b"no pack".to_vec(), Vec::new()] {
            put(folder.path(), &bad);
            let (shelf, changed) = look(Shelf {
                path: shelf.path.clone(),
                seen: shelf.seen,
                packs: shelf.packs.clone(),
            })
            .await;
            assert!(changed && shelf.packs.good.is_some());
            let problem = shelf.packs.problem.unwrap();
            assert!(problem.contains("stays in use") && problem.contains("compile"), "{problem}");
        }
    }

    #[tokio::test]
    async fn a_pack_that_is_taken_away_stays_in_use() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), &pack("A"));
        let (shelf, _) = look(shelf(folder.path())).await;
        std::fs::remove_file(folder.path().join(ACTIVE)).unwrap();
        let (shelf, changed) = look(shelf).await;
        assert!(changed && shelf.packs.good.is_some() && shelf.packs.problem.is_some());
    }

    #[tokio::test]
    async fn a_folder_in_the_place_of_the_pack_is_no_pack() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(ACTIVE)).unwrap();
        let (shelf, _) = look(shelf(folder.path())).await;
        assert!(shelf.packs.problem.unwrap().contains("no regular file"));
    }
}
