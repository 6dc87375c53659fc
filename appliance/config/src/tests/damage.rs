//! Every file damaged in turn: no committed revision is lost.

use std::path::PathBuf;

use super::*;
use crate::Incident;

const COUNT: u64 = 20;

type Harm = (&'static str, fn(&Path));

fn invert(path: &Path, from: usize, length: usize) {
    let mut content = fs::read(path).unwrap();
    content.iter_mut().skip(from).take(length).for_each(|octet| *octet = !*octet);
    fs::write(path, content).unwrap();
}

fn cut(path: &Path, part: fn(u64) -> u64) {
    let length = fs::metadata(path).unwrap().len();
    fs::File::options().write(true).open(path).unwrap().set_len(part(length)).unwrap();
}

const HARMS: [Harm; 9] = [
    ("deleted", |path| fs::remove_file(path).unwrap()),
    ("emptied", |path| cut(path, |_| 0)),
    ("cut in half", |path| cut(path, |length| length / 2)),
    ("cut by one octet", |path| cut(path, |length| length.saturating_sub(1))),
    ("first 4 KiB inverted", |path| invert(path, 0, 4096)),
    ("second 4 KiB inverted", |path| invert(path, 4096, 4096)),
    ("one octet inverted", |path| invert(path, 700, 1)),
    ("wholly inverted", |path| invert(path, 0, usize::MAX)),
    ("all zero", |path| {
        let length = fs::read(path).unwrap().len();
        fs::write(path, vec![0; length]).unwrap();
    }),
];

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// A filled store, closed, to be copied for each case.
fn original() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), COUNT);
    folder
}

fn copy_of(original: &tempfile::TempDir) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy_folder(original.path(), folder.path());
    folder
}

fn incidents(folder: &Path) -> Vec<Incident> {
    open(folder).take_incidents()
}

#[test]
fn every_file_of_sled_damaged_in_turn_loses_no_committed_revision() {
    let original = original();
    let files = files_below(&original.path().join("store"));
    assert!(files.len() >= 2, "{files:?}");
    for file in &files {
        let name = file.strip_prefix(original.path()).unwrap();
        for (harm, harmed) in HARMS {
            let folder = copy_of(&original);
            harmed(&folder.path().join(name));
            assert_whole(folder.path(), COUNT, &format!("{} {harm}", name.display()));
        }
    }
}

#[test]
fn every_page_of_the_database_inverted_in_turn_loses_no_committed_revision() {
    let original = original();
    let length = fs::metadata(original.path().join("store/db")).unwrap().len();
    // Past the written part there is nothing to damage.
    for page in 0..(length / 4096).min(16) {
        let folder = copy_of(&original);
        invert(&folder.path().join("store/db"), page as usize * 4096, 4096);
        assert_whole(folder.path(), COUNT, &format!("page {page}"));
    }
}

#[test]
fn a_store_that_is_gone_is_made_anew_from_the_files() {
    let folder = original();
    fs::remove_dir_all(folder.path().join("store")).unwrap();
    assert_whole(folder.path(), COUNT, "store removed");
}

#[test]
fn a_store_set_back_to_an_earlier_state_does_not_take_the_settings_back() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 5);
    let kept = tempfile::tempdir().unwrap();
    copy_folder(&folder.path().join("store"), kept.path());
    open(folder.path()).discard().unwrap();
    (6..=9).for_each(|number| drop(commit(&mut open(folder.path()), number)));
    fs::remove_dir_all(folder.path().join("store")).unwrap();
    copy_folder(kept.path(), &folder.path().join("store"));
    let told = incidents(folder.path());
    assert!(matches!(told[..], [Incident::Completed(4), Incident::PendingDropped(_)]), "{told:?}");
    assert_whole(folder.path(), 9, "older store");
}

#[test]
fn every_revision_file_damaged_in_turn_loses_nothing() {
    let original = original();
    for number in [1, COUNT / 2, COUNT] {
        for (harm, harmed) in HARMS {
            let folder = copy_of(&original);
            harmed(&folder.path().join(format!("revisions/{number:06}.json")));
            assert_whole(folder.path(), COUNT, &format!("revision {number} {harm}"));
        }
    }
}

#[test]
fn a_torn_revision_file_is_set_aside_told_and_written_again() {
    let folder = original();
    let file = folder.path().join(format!("revisions/{COUNT:06}.json"));
    cut(&file, |length| length / 2);
    let told = incidents(folder.path());
    assert!(
        matches!(&told[..], [Incident::BadRevisionFile { file, .. }, Incident::FilesWritten(1)] if file == "000020.json"),
        "{told:?}"
    );
    assert_eq!(incidents(folder.path()), []);
}

#[test]
fn all_revision_files_gone_are_written_again_from_the_store() {
    let folder = original();
    fs::remove_dir_all(folder.path().join("revisions")).unwrap();
    assert_eq!(incidents(folder.path()), [Incident::FilesWritten(COUNT as usize)]);
    assert_whole(folder.path(), COUNT, "revisions removed");
}

#[test]
fn a_snapshot_that_a_crash_left_half_written_is_removed() {
    let folder = original();
    fs::write(folder.path().join("store/snap.FFFFFFFFFFFFFFF0.generating"), b"half").unwrap();
    let told = incidents(folder.path());
    assert!(
        matches!(&told[..], [Incident::HalfWritten(name)] if name.ends_with(".generating")),
        "{told:?}"
    );
    let store = open(folder.path());
    assert_eq!(store.pending().unwrap().author, "bob", "even the pending change is there");
    drop(store);
    assert_whole(folder.path(), COUNT, "snapshot half-written");
}

#[test]
fn an_empty_snapshot_is_done_without() {
    let folder = original();
    fs::write(folder.path().join("store/snap.FFFFFFFFFFFFFFF0"), b"").unwrap();
    let told = incidents(folder.path());
    assert!(matches!(&told[..], [Incident::WithoutSnapshots { .. }]), "{told:?}");
    assert_eq!(open(folder.path()).pending().unwrap().author, "bob");
    assert_whole(folder.path(), COUNT, "snapshot empty");
}

#[test]
fn half_written_files_of_our_own_are_removed() {
    let folder = original();
    fs::write(folder.path().join("revisions/000021.json.tmp"), b"{").unwrap();
    fs::write(folder.path().join("large/00.tmp"), b"{").unwrap();
    assert_eq!(incidents(folder.path()), [Incident::HalfWritten("000021.json.tmp".into())]);
    assert!(!folder.path().join("large/00.tmp").exists());
    assert_whole(folder.path(), COUNT, "half-written");
}

#[test]
fn a_large_content_that_is_damaged_is_taken_from_its_revision_file() {
    let folder = tempfile::tempdir().unwrap();
    let text = "x".repeat(200_000);
    open(folder.path()).commit_now(&set("sample.text", json!(text)), note(""), None).unwrap();
    let large = files_below(&folder.path().join("large"));
    for (harm, harmed) in HARMS {
        harmed(&large[0]);
        let mut store = open(folder.path());
        assert_eq!(store.live()["sample"]["text"], json!(text), "{harm}");
        assert_eq!(store.value_of(1).unwrap().0["sample"]["text"], json!(text), "{harm}");
    }
}

#[test]
fn a_store_that_ends_the_process_at_every_opening_is_set_aside_unread() {
    let folder = original();
    fs::write(folder.path().join("store.opening"), b"...").unwrap();
    let told = incidents(folder.path());
    assert!(
        matches!(&told[..], [Incident::Rebuilt { because, revisions: 20 }] if because.contains("several times")),
        "{told:?}"
    );
    assert!(!folder.path().join("store.opening").exists());
    assert_whole(folder.path(), COUNT, "set aside");
}

#[test]
fn both_the_newest_file_and_the_database_damaged_still_give_the_one_before() {
    let folder = original();
    fs::remove_dir_all(folder.path().join("store")).unwrap();
    cut(&folder.path().join(format!("revisions/{COUNT:06}.json")), |length| length / 2);
    assert_whole(folder.path(), COUNT - 1, "two faults at once");
}

#[test]
fn a_database_that_is_still_locked_is_not_taken_for_damaged() {
    let folder = original();
    let holder = fs::File::open(folder.path().join("store/db")).unwrap();
    holder.lock().unwrap();
    let mut store = open(folder.path());
    assert_eq!(
        (store.revision(), live_number(&store)),
        (COUNT, COUNT),
        "the files are enough to start"
    );
    let told = store.take_incidents();
    assert!(matches!(&told[..], [Incident::DatabaseBehind(_)]), "{told:?}");
    holder.unlock().unwrap();
    assert_eq!(store.history().unwrap().len() as u64, COUNT);
    assert!(!folder.path().join("set-aside").exists());
    drop(store);
    assert_whole(folder.path(), COUNT, "was locked");
}
