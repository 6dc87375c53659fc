//! SIGKILL at any moment: what was acknowledged is there.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use super::*;
use crate::limits;

const FOLDER: &str = "GATEPOST_TEST_COMMIT_FOLDER";
const ROUNDS: usize = 40;

/// Not a test of its own: the process that is killed. Commits for ever and says each number once
/// it is committed; every other commit goes through a pending change.
#[test]
fn child_that_commits() {
    let Ok(folder) = env::var(FOLDER) else { return };
    let mut store = open(Path::new(&folder));
    if store.pending().is_some() {
        store.discard().unwrap();
    }
    let mut output = std::io::stdout();
    loop {
        let next = store.revision() + 1;
        let text = "x".repeat(usize::try_from(next * 7919 % 23_000).unwrap());
        let patch = Patch::new(vec![
            Change::Set { path: "sample.number".into(), value: json!(next) },
            Change::Set { path: "sample.text".into(), value: json!(text) },
        ]);
        if next.is_multiple_of(2) {
            store.change(&patch, "child", None).unwrap();
            store.commit(note("pending"), None).unwrap();
        } else {
            store.commit_now(&patch, note("now"), None).unwrap();
        }
        writeln!(output, "committed {next}").unwrap();
    }
}

fn start_child(folder: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "tests::crash::child_that_commits", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lets the child commit some, kills it at an arbitrary instant, and gives the last number it said.
fn kill_after(folder: &Path, commits: usize, spins: u32) -> u64 {
    let mut child = start_child(folder);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = 0;
    let number = |line: &str| line.strip_prefix("committed ").and_then(|n| n.parse::<u64>().ok());
    for line in
        lines.by_ref().map(Result::unwrap).filter(|line| number(line).is_some()).take(commits)
    {
        said = number(&line).unwrap();
    }
    (0..spins).for_each(|_| std::hint::spin_loop());
    child.kill().unwrap();
    child.wait().unwrap();
    // What it managed to say before the signal counts as well; the last line may be cut.
    lines.map_while(Result::ok).filter_map(|line| number(&line)).fold(said, u64::max)
}

#[test]
fn killed_at_any_moment_no_acknowledged_revision_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let spins = u32::try_from(round * 7919 % 97).unwrap() * 20_000;
        acknowledged = kill_after(folder.path(), 1 + round % 4, spins).max(acknowledged);
        let mut store = open(folder.path());
        assert!(store.revision() >= acknowledged, "{} < {acknowledged}", store.revision());
        assert_eq!(live_number(&store), store.revision());
        let kept = store.history().unwrap();
        assert_eq!(kept[0].number, store.revision());
        let numbers: Vec<u64> = kept.iter().map(|revision| revision.number).collect();
        let oldest = store.revision().saturating_sub(limits::REVISIONS) + 1;
        assert_eq!(numbers, (oldest..=store.revision()).rev().collect::<Vec<_>>());
    }
    println!("{ROUNDS} kills, {acknowledged} acknowledged revisions, none lost");
}
