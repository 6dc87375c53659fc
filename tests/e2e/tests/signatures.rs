//! Hundreds of signatures of every kind on bodies, and a thousand files that fit or nearly fit them:
//! clamscan and the pack find the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

use gatepost_test_e2e::signatures::{Trial, by_hand, programs, trial};
use gatepost_test_e2e::{figure, tool};
use patterns::{CompileOptions, Pack, Scanner, Source, compile};
use unpack::{Origin, Specimen};

type Found = BTreeMap<String, BTreeSet<String>>;

/// What clamscan finds: names of signatures by file.
fn by_clamscan(trial: &Trial) -> Found {
    let folder = tempfile::tempdir().unwrap();
    let (databases, files) = (folder.path().join("databases"), folder.path().join("files"));
    fs::create_dir(&databases).unwrap();
    fs::create_dir(&files).unwrap();
    fs::write(databases.join("trial.ndb"), trial.extended.join("\n") + "\n").unwrap();
    fs::write(databases.join("trial.ldb"), trial.logical.join("\n") + "\n").unwrap();
    for (name, octets) in &trial.files {
        fs::write(files.join(name), octets).unwrap();
    }
    let arguments = ["--no-summary", "--allmatch", "--infected", "--recursive", "--stdout", "-d"];
    let (databases, files) = (databases.to_string_lossy(), files.to_string_lossy());
    let output = tool::run("clamscan", &[&arguments[..], &[&databases, &files]].concat());
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.code().is_some_and(|code| code < 2), "clamscan: {text}");
    let mut found = Found::new();
    for line in text.lines() {
        let Some((path, name)) =
            line.strip_suffix(" FOUND").and_then(|line| line.rsplit_once(": "))
        else {
            continue;
        };
        let file = path.rsplit('/').next().unwrap_or_default().to_owned();
        found.entry(file).or_default().insert(name.trim_end_matches(".UNOFFICIAL").to_owned());
    }
    found
}

/// What the pack finds.
fn by_pack(trial: &Trial) -> Found {
    let sources = [
        Source::new("trial.ndb", trial.extended.join("\n").into_bytes()),
        Source::new("trial.ldb", trial.logical.join("\n").into_bytes()),
    ];
    let compiled = compile(&sources, &CompileOptions::default()).unwrap();
    assert_eq!(compiled.report.problems, [], "every line can be used");
    assert!(compiled.report.unsupported.is_empty(), "{:?}", compiled.report.unsupported);
    let mut scanner = Scanner::new(Pack::open(Arc::new(compiled.octets)).unwrap()).unwrap();
    let mut found = Found::new();
    for (name, octets) in &trial.files {
        let types = filetype::identify(octets);
        let specimen = Specimen {
            place: name,
            name,
            origin: Origin::Part,
            types: &types,
            octets,
            depth: 0,
            parent: None,
        };
        let mut hits = Vec::new();
        scanner.begin();
        scanner.scan(&specimen, &mut hits);
        if !hits.is_empty() {
            let names = hits.into_iter().map(|hit| hit.name);
            found.insert(name.clone(), names.collect());
        }
    }
    found
}

/// Compares both, and says how much there was.
fn agree(test: &str, trial: &Trial) {
    assert!(tool::is_installed("clamscan"), "clamscan is missing: install Debian's clamav");
    let (theirs, ours) = (by_clamscan(trial), by_pack(trial));
    let mut differences = Vec::new();
    for (name, _) in &trial.files {
        let none = BTreeSet::new();
        let (one, other) = (theirs.get(name).unwrap_or(&none), ours.get(name).unwrap_or(&none));
        let lines = trial.extended.iter().chain(&trial.logical);
        let line = |signature: &String| {
            lines.clone().find(|line| {
                line.starts_with(&format!("{signature}:"))
                    || line.starts_with(&format!("{signature};"))
            })
        };
        differences.extend(
            one.difference(other).map(|one| format!("{name}: only clamscan: {:?}", line(one))),
        );
        differences.extend(
            other.difference(one).map(|one| format!("{name}: only the pack: {:?}", line(one))),
        );
    }
    let hits: usize = theirs.values().map(BTreeSet::len).sum();
    let signatures = trial.extended.len() + trial.logical.len();
    figure(&format!(
        "{test}: {signatures} signatures on {} files, {hits} hits of clamscan, {} disagreements",
        trial.files.len(),
        differences.len()
    ));
    assert!(hits > signatures / 4, "{test}: hardly anything was found at all ({hits})");
    assert!(differences.is_empty(), "{}:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn generated_signatures_find_what_clamscan_finds() {
    agree("generated", &trial(20_260_714, 300, 200));
}

#[test]
fn borders_compares_and_regular_expressions_find_what_clamscan_finds() {
    agree("by hand", &by_hand());
}

#[test]
fn offsets_in_programs_are_those_of_clamscan() {
    agree("programs", &programs());
}
