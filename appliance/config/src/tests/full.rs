//! A full disk: a commit fails cleanly, the old revision stays, and the store opens.

use std::env;
use std::process::Command;

use super::*;
use crate::{ChangeError, Incident};

const FOLDER: &str = "GATEPOST_TEST_FULL_FOLDER";

/// Not a test of its own: runs under a limit on file size, where every larger write fails part way.
#[test]
fn child_that_cannot_write() {
    let Ok(folder) = env::var(FOLDER) else { return };
    let mut store = open(Path::new(&folder));
    assert_eq!(store.revision(), 3);
    let text = json!("x".repeat(100_000));
    let refused = store.commit_now(&set("sample.text", text.clone()), note(""), None).unwrap_err();
    assert!(matches!(refused, ChangeError::Disk(_)), "{refused}");
    assert!(refused.to_string().contains("the settings are as they were"), "{refused}");
    assert!(store.change(&set("sample.text", text), "ann", None).is_err());
    assert_eq!((store.revision(), live_number(&store)), (3, 3));
    assert!(store.pending().is_none());
    println!("refused cleanly");
}

/// Runs the child under a file size limit of `blocks` half-KiB blocks.
fn refused_under_limit(folder: &Path, blocks: u32) {
    let script = format!("ulimit -f {blocks}; trap '' XFSZ; exec \"$0\" \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &script])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "tests::full::child_that_cannot_write", "--nocapture"])
        .env(FOLDER, folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("refused cleanly"),
        "{blocks}: {said}{complained}"
    );
}

#[test]
fn a_commit_that_the_disk_refuses_part_way_changes_nothing() {
    for blocks in [0, 1, 4, 40] {
        let folder = tempfile::tempdir().unwrap();
        (1..=3).for_each(|number| drop(commit(&mut open(folder.path()), number)));
        refused_under_limit(folder.path(), blocks);
        assert_whole(folder.path(), 3, &format!("{blocks} blocks"));
    }
}

/// A mounted tmpfs that is taken away at the end.
struct Tiny(tempfile::TempDir);

impl Tiny {
    fn mount(size: &str) -> Option<Tiny> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(folder.path())
            .output();
        mount.is_ok_and(|output| output.status.success()).then_some(Tiny(folder))
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn on_a_full_file_system_nothing_is_lost_and_room_makes_it_work_again() {
    let Some(tiny) = Tiny::mount("8m") else {
        eprintln!("SKIPPED: a full file system needs root to mount a tmpfs");
        return;
    };
    let folder = tiny.0.path().join("config");
    (1..=3).for_each(|number| drop(commit(&mut open(&folder), number)));
    let filler = tiny.0.path().join("filler");
    let mut store = open(&folder);
    let mut room = vec![0u8; 64 * 1024 * 1024];
    let _ = fs::write(&filler, &mut room);
    let text = json!("x".repeat(100_000));
    assert!(matches!(
        store.commit_now(&set("sample.text", text), note(""), None),
        Err(ChangeError::Disk(_))
    ));
    assert_eq!(store.revision(), 3);
    drop(store);
    let mut store = open(&folder);
    assert_eq!((store.revision(), live_number(&store)), (3, 3));
    assert!(store.take_incidents().iter().all(|told| matches!(told, Incident::DatabaseBehind(_))));
    fs::remove_file(&filler).unwrap();
    commit(&mut store, 4);
    drop(store);
    assert_whole(&folder, 4, "after the disk was full");
}
