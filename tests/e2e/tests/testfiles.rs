//! The test files of ClamAV, in every format that its authors thought of, against clamscan with the
//! same database: what clamscan catches, we catch.
//!
//! The database is ours: the program inside the test files by its hash and by its octets, and, for
//! programs packed by an executable packer, the packed file by its hash, since we do not run
//! unpackers of executables.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gatepost_test_e2e::containers::{Carrier, Packed, mail};
use gatepost_test_e2e::{figure, gateway, tool};
use serde_json::Value;
use tempfile::TempDir;

/// Where the Debian package puts them.
const FILES: &str = "/usr/share/clamav-testfiles";

fn files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(FILES)
        .unwrap_or_else(|_| panic!("clamav-testfiles is not installed; `make test` installs it"));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 40, "{}", files.len());
    files
}

fn sigtool(kind: &str, file: &Path) -> String {
    let said = tool::run("sigtool", &[kind, file.to_str().unwrap()]);
    assert!(said.status.success(), "{said:?}");
    let text = String::from_utf8(said.stdout).unwrap();
    text.lines().next().unwrap_or_default().to_owned()
}

/// Writes the database: three signatures for the program, and hashes of the packed programs.
fn database(folder: &Path, files: &[PathBuf]) {
    let program = Path::new(FILES).join("clam.exe");
    let octets = std::fs::read(&program).unwrap();
    let hex = |range: std::ops::Range<usize>| {
        octets[range].iter().fold(String::new(), |mut text, octet| {
            let _ = write!(text, "{octet:02x}");
            text
        })
    };
    let hash = sigtool("--md5", &program);
    let mut hashes = format!("{}\n", hash.replace("clam.exe", "Test.Clam.Hash"));
    for file in files.iter().filter(|file| file.extension().is_some_and(|kind| kind == "exe")) {
        let name = file.file_name().unwrap().to_str().unwrap();
        if name != "clam.exe" {
            let line = sigtool("--md5", file);
            let _ = writeln!(hashes, "{}", line.replace(name, &format!("Test.Packed.{name}")));
        }
    }
    std::fs::write(folder.join("test.hdb"), hashes).unwrap();
    // The code at the entry point, and the names it imports.
    let body = format!("Test.Clam.Body:0:*:{}??{}\n", hex(0x40..0x60), hex(0x61..0x70));
    std::fs::write(folder.join("test.ndb"), body).unwrap();
    let logical = format!(
        "Test.Clam.Logical;Engine:81-255,Target:1;0&1;{};{}\n",
        hex(0x40..0x58),
        hex(0xc0..0xf2)
    );
    std::fs::write(folder.join("test.ldb"), logical).unwrap();
}

/// What clamscan says of each file.
fn clamscan(databases: &Path) -> BTreeMap<String, String> {
    let said = tool::run(
        "clamscan",
        // As deep as we look by default.
        &["--no-summary", "--max-recursion=10", "-d", databases.to_str().unwrap(), FILES],
    );
    let text = String::from_utf8(said.stdout).unwrap();
    let found = text.lines().filter_map(|line| line.strip_suffix(" FOUND")?.rsplit_once(": "));
    found.map(|(path, name)| (base(path), name.to_owned())).collect()
}

fn base(path: &str) -> String {
    path.rsplit('/').next().unwrap().to_owned()
}

/// What we say of each file, sent as an attachment: fate, and the names found.
fn ours(databases: &Path, state: &Path, files: &[PathBuf]) -> BTreeMap<String, (String, String)> {
    let run = |arguments: &[&str]| {
        Command::new(gateway::program())
            .args(["--state", state.to_str().unwrap()])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    let patterns = state.join("patterns");
    let mails = state.join("mails");
    std::fs::create_dir_all(&patterns).unwrap();
    std::fs::create_dir_all(&mails).unwrap();
    let pack = patterns.join("active.pack");
    let said = run(&["patterns", "compile", pack.to_str().unwrap(), databases.to_str().unwrap()]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    for file in files {
        let name = base(file.to_str().unwrap());
        let packed = Packed { name: name.clone(), octets: std::fs::read(file).unwrap() };
        std::fs::write(mails.join(name), mail(&packed, Carrier::Base64)).unwrap();
    }
    let said = run(&["scan", "--json", mails.to_str().unwrap()]);
    let text = String::from_utf8(said.stdout).unwrap();
    text.lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).unwrap();
            let findings = value["findings"].as_array().unwrap();
            let is_hit = |finding: &&Value| finding["kind"] == "malware";
            let names: Vec<&str> =
                findings.iter().filter(is_hit).map(|one| one["name"].as_str().unwrap()).collect();
            let fate = value["fate"].as_str().unwrap().to_owned();
            (base(value["path"].as_str().unwrap()), (fate, names.join(" ")))
        })
        .collect()
}

#[test]
fn what_clamscan_catches_is_caught() {
    let files = files();
    let folder = TempDir::with_prefix("gatepost-testfiles-").unwrap();
    let databases = folder.path().join("db");
    std::fs::create_dir(&databases).unwrap();
    database(&databases, &files);
    let theirs = clamscan(&databases);
    assert!(theirs.len() >= 30, "clamscan works: {theirs:?}");
    let ours = ours(&databases, folder.path(), &files);
    let mut missed = Vec::new();
    println!("| file | clamscan | Gatepost |\n|---|---|---|");
    for file in &files {
        let name = base(file.to_str().unwrap());
        let their = theirs.get(&name).map_or("-", String::as_str);
        let (fate, our) = ours.get(&name).cloned().unwrap_or_default();
        let shown = if our.is_empty() { format!("none; {fate}") } else { our.clone() };
        println!("| {name} | {their} | {shown} |");
        if their != "-" && our.is_empty() {
            missed.push(format!("{name} ({fate})"));
        }
    }
    let caught = ours.values().filter(|(_, names)| !names.is_empty()).count();
    figure(&format!(
        "clamav-testfiles: clamscan {}, Gatepost {caught} of {}",
        theirs.len(),
        files.len()
    ));
    assert!(missed.is_empty(), "clamscan catches these and we do not: {missed:?}");
}
