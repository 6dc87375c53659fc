//! The store as its caller sees it, damaged in every way we could think of, and killed.

mod crash;
mod damage;
mod full;
mod settings;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use mail::Timestamp;
use schema::{Change, Patch, Sections, Tree};
use serde_json::{Value, json};

use crate::{Committed, Note, Store};

schema::settings! {
    /// A section.
    pub struct Sample = "sample", touches Live {
        /// A number.
        pub number: u64 = 0,
        /// Text.
        pub text: String = String::new(), in 0..=1_000_000,
    }
}

schema::settings! {
    /// Another section.
    pub struct Other = "other", touches Live {
        /// A number.
        pub number: u64 = 5, in 1..=100,
    }
}

fn tree() -> Arc<Tree> {
    Arc::new(Tree::new().with::<Sample>().with::<Other>())
}

fn open(folder: &Path) -> Store {
    Store::open(folder, tree()).unwrap()
}

fn note(reason: &str) -> Note {
    Note { author: "ann".into(), time: Timestamp(1_700_000_000_000), reason: reason.into() }
}

fn set(path: &str, value: Value) -> Patch {
    Patch::new(vec![Change::Set { path: path.into(), value }])
}

fn commit(store: &mut Store, number: u64) -> Committed {
    store.commit_now(&set("sample.number", json!(number)), note("test"), None).unwrap()
}

/// A store with revisions 1 to `count`, the number in each the same as its own, and a change pending.
fn filled(folder: &Path, count: u64) {
    let mut store = open(folder);
    for number in 1..=count {
        commit(&mut store, number);
    }
    store.change(&set("other.number", json!(77)), "bob", None).unwrap();
}

fn live_number(store: &Store) -> u64 {
    store.live()["sample"]["number"].as_u64().unwrap()
}

/// Every revision up to `count` is there and right, and the store takes another one.
fn assert_whole(folder: &Path, count: u64, case: &str) {
    let mut store = open(folder);
    assert_eq!(store.revision(), count, "{case}");
    assert_eq!(live_number(&store), count, "{case}");
    let numbers: Vec<u64> =
        store.history().unwrap().iter().map(|revision| revision.number).collect();
    assert_eq!(numbers, (1..=count).rev().collect::<Vec<_>>(), "{case}");
    for number in 1..=count {
        let revision = store.revision_of(number).unwrap().unwrap();
        assert_eq!(revision.value["sample"]["number"], json!(number), "{case}");
    }
    if store.pending().is_some() {
        store.discard().unwrap();
    }
    commit(&mut store, count + 1);
    drop(store);
    assert_eq!(open(folder).revision(), count + 1, "{case}: after one more commit");
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
