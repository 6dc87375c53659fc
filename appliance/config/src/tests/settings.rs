//! Live, pending, commit, history, revert.

use serde_json::Value;

use super::*;
use crate::{ChangeError, Incident, OpenError, limits};

fn start() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    (folder, store)
}

#[test]
fn a_new_store_has_the_defaults_and_revision_0() {
    let (_folder, mut store) = start();
    assert_eq!(store.revision(), 0);
    assert!(store.live().is_empty());
    assert!(store.history().unwrap().is_empty());
    assert_eq!(store.take_incidents(), []);
}

#[test]
fn a_change_is_pending_until_its_commit_and_survives_a_restart() {
    let (folder, mut store) = start();
    store.change(&set("sample.number", json!(1)), "ann", Some(0)).unwrap();
    store.change(&set("other.number", json!(2)), "bob", Some(0)).unwrap();
    drop(store);
    let mut store = open(folder.path());
    assert!(store.live().is_empty());
    assert_eq!(store.pending().unwrap().author, "bob");
    let committed = store.commit(note("because"), Some(0)).unwrap();
    assert_eq!(committed.touched, ["sample", "other"]);
    assert!(store.pending().is_none());
    drop(store);
    let mut store = open(folder.path());
    assert_eq!(json!(store.live()), json!({"sample": {"number": 1}, "other": {"number": 2}}));
    let revision = store.history().unwrap().remove(0);
    assert_eq!((revision.author.as_str(), revision.reason.as_str()), ("ann", "because"));
    assert_eq!(revision.time, note("").time);
    let paths: Vec<&str> = revision.differences.iter().map(|d| d.path.as_str()).collect();
    assert_eq!(paths, ["sample.number", "other.number"]);
    assert_eq!(store.take_incidents(), []);
}

#[test]
fn what_is_discarded_is_gone_after_a_restart_too() {
    let (folder, mut store) = start();
    store.change(&set("sample.number", json!(1)), "ann", None).unwrap();
    store.discard().unwrap();
    assert!(matches!(store.discard(), Err(ChangeError::Nothing)));
    drop(store);
    assert!(open(folder.path()).pending().is_none());
}

#[test]
fn a_change_that_does_not_fit_is_refused_and_what_was_pending_stays() {
    let (_folder, mut store) = start();
    store.change(&set("other.number", json!(7)), "ann", None).unwrap();
    let refused = store.change(&set("other.number", json!(0)), "bob", None);
    assert!(matches!(refused, Err(ChangeError::Problems(problems)) if problems.len() == 1));
    assert_eq!(store.pending().unwrap().author, "ann");
    assert_eq!(store.commit(note(""), None).unwrap().revision.value["other"]["number"], json!(7));
}

#[test]
fn a_change_made_for_another_revision_is_refused() {
    let (_folder, mut store) = start();
    commit(&mut store, 1);
    let moved = |result: Result<(), ChangeError>| {
        matches!(result, Err(ChangeError::Moved { base: 0, live: 1 }))
    };
    assert!(moved(store.change(&set("sample.number", json!(2)), "ann", Some(0))));
    assert!(moved(store.commit(note(""), Some(0)).map(drop)));
    assert!(moved(store.commit_now(&set("sample.number", json!(2)), note(""), Some(0)).map(drop)));
}

#[test]
fn nothing_is_committed_when_nothing_changes() {
    let (_folder, mut store) = start();
    assert!(matches!(store.commit(note(""), None), Err(ChangeError::Nothing)));
    commit(&mut store, 1);
    let same = store.commit_now(&set("sample.number", json!(1)), note(""), None);
    assert!(matches!(same, Err(ChangeError::Nothing)));
    assert_eq!(store.revision(), 1);
}

#[test]
fn a_first_import_that_equals_the_defaults_is_kept_as_revision_1() {
    let (_folder, mut store) = start();
    assert_eq!(store.replace(Sections::new(), note("import")).unwrap().revision.number, 1);
}

#[test]
fn nobody_commits_past_a_pending_change() {
    let (_folder, mut store) = start();
    commit(&mut store, 1);
    store.change(&set("other.number", json!(7)), "bob", None).unwrap();
    let in_the_way = |result: Result<Committed, ChangeError>| matches!(result, Err(ChangeError::PendingInTheWay { author }) if author == "bob");
    assert!(in_the_way(store.commit_now(&set("sample.number", json!(2)), note(""), None)));
    assert!(in_the_way(store.replace(Sections::new(), note(""))));
    assert!(in_the_way(store.revert(0, note(""))));
}

#[test]
fn any_kept_revision_is_restored_as_a_new_one() {
    let (folder, mut store) = start();
    (1..=3).for_each(|number| drop(commit(&mut store, number)));
    let restored = store.revert(1, note("back")).unwrap();
    assert_eq!(restored.revision.number, 4);
    assert_eq!(restored.touched, ["sample"]);
    drop(store);
    let mut store = open(folder.path());
    assert_eq!(live_number(&store), 1);
    assert!(store.revert(0, note("defaults")).unwrap().revision.value.is_empty());
    assert!(matches!(store.revert(99, note("")), Err(ChangeError::NoSuchRevision(99))));
}

#[test]
fn an_import_that_does_not_fit_changes_nothing() {
    let (_folder, mut store) = start();
    let Value::Object(bad) = json!({"other": {"number": 0}, "another": {}}) else { panic!() };
    assert!(matches!(store.replace(bad, note("")), Err(ChangeError::Problems(p)) if p.len() == 2));
    assert_eq!(store.revision(), 0);
}

#[test]
fn a_second_owner_is_refused() {
    let (folder, _store) = start();
    assert!(matches!(Store::open(folder.path(), tree()), Err(OpenError::InUse(_))));
}

#[test]
fn values_of_another_build_are_left_out_and_told_and_stay_in_their_revision() {
    let (folder, mut store) = start();
    store.commit_now(&set("other.number", json!(9)), note(""), None).unwrap();
    commit(&mut store, 3);
    drop(store);
    let older = Arc::new(Tree::new().with::<Sample>());
    let mut store = Store::open(folder.path(), older).unwrap();
    assert_eq!(json!(store.live()), json!({"sample": {"number": 3}}));
    assert!(
        matches!(&store.take_incidents()[..], [Incident::NotUsed(problem)] if problem.path == "other")
    );
    assert_eq!(store.revert(1, note("")).unwrap().left_out.len(), 1);
    drop(store);
    assert_eq!(
        open(folder.path()).revision_of(2).unwrap().unwrap().value["other"]["number"],
        json!(9)
    );
}

#[test]
fn revisions_too_large_for_sled_are_kept_beside_it() {
    let (folder, mut store) = start();
    let text = "x".repeat(2 * limits::RECORD_OCTETS);
    store.change(&set("sample.text", json!(text)), "ann", None).unwrap();
    store.commit(note("large"), None).unwrap();
    store.commit_now(&set("sample.text", json!("small")), note(""), None).unwrap();
    drop(store);
    let mut store = open(folder.path());
    assert_eq!(store.take_incidents(), []);
    assert_eq!(store.value_of(1).unwrap().0["sample"]["text"], json!(text));
    // The pending change was as large and is gone; revision 2 quotes the text as what it changed.
    assert_eq!(fs::read_dir(folder.path().join("large")).unwrap().count(), 2);
}

#[test]
fn old_revision_files_are_removed_and_old_revisions_are_still_restored() {
    let (folder, mut store) = start();
    let count = limits::REVISION_FILES + 5;
    (1..=count).for_each(|number| drop(commit(&mut store, number)));
    let files = fs::read_dir(folder.path().join("revisions")).unwrap().count() as u64;
    assert_eq!(files, limits::REVISION_FILES);
    drop(store);
    let mut store = open(folder.path());
    assert_eq!(store.take_incidents(), []);
    assert_eq!(store.revert(1, note("")).unwrap().revision.value["sample"]["number"], json!(1));
}

#[test]
fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("config");
    drop(commit(&mut open(&inner), 1));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&inner), 0o700);
    assert_eq!(mode(&inner.join("revisions/000001.json")), 0o600);
}
