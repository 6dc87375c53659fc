//! Names, sizes, `unsafe`, sleeping, and traces of the machine a file was written on.

use crate::tree::SourceFile;
use crate::{Fault, source};

/// File and folder names that say nothing.
const EMPTY_NAMES: [&str; 8] =
    ["utils", "util", "common", "helpers", "helper", "misc", "manager", "stuff"];

/// Lines of one file of Rust.
const FILE_LINES: usize = 800;

/// The one crate that may say `unsafe`.
const UNSAFE_CRATE: &str = "sandbox";

/// `unsafe` outside its crate, and crates that do not take the workspace's lints.
#[must_use]
pub fn no_unsafe(sources: &[SourceFile], manifests: &[(String, String)]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in sources.iter().filter(|file| file.appliance_crate() != Some(UNSAFE_CRATE)) {
        for line in source::lines_with(&file.code, "unsafe") {
            let place = format!("{}:{line}", file.path);
            faults.push(Fault::new(place, "`unsafe` belongs to appliance/sandbox alone"));
        }
    }
    for (path, text) in manifests {
        let own = path == "Cargo.toml" || path.starts_with(&format!("appliance/{UNSAFE_CRATE}/"));
        let foreign = text.contains("[workspace]");
        if !own && !foreign && !text.contains("[lints]\nworkspace = true") {
            faults.push(Fault::new(path, "does not take the workspace's lints"));
        }
    }
    faults
}

/// Names that say nothing.
#[must_use]
pub fn names(paths: &[String]) -> Vec<Fault> {
    let empty = |path: &&String| {
        path.split('/').any(|part| {
            let stem = part.split('.').next().unwrap_or(part);
            EMPTY_NAMES.contains(&stem)
        })
    };
    paths.iter().filter(empty).map(|path| Fault::new(path, "a name that says nothing")).collect()
}

/// Files that are too long, or do not open with what they are.
#[must_use]
pub fn files(sources: &[SourceFile]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in sources {
        let lines = file.text.lines().count();
        if lines > FILE_LINES {
            faults.push(Fault::new(&file.path, format!("{lines} lines: split it at {FILE_LINES}")));
        }
        // A module's tests.rs says by its name what it is.
        if !file.text.starts_with("//!") && !file.path.ends_with("/tests.rs") {
            faults.push(Fault::new(&file.path, "does not open with `//!` and what it is"));
        }
    }
    faults
}

/// Tests whose threads sleep: they are slow when the time is long and false when it is short.
#[must_use]
pub fn no_sleep(sources: &[SourceFile]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in sources {
        let product = source::lines_with(&file.product, "thread::sleep");
        let all = source::lines_with(&file.code, "thread::sleep").into_iter();
        for line in all.filter(|line| !product.contains(line)) {
            let place = format!("{}:{line}", file.path);
            faults.push(Fault::new(place, "a test that sleeps: wait on what is to happen"));
        }
    }
    faults
}

/// Paths of a machine and hosts of registries. Put together from pieces, or this file would be one.
fn traces() -> Vec<String> {
    let folders = ["work", "root", "tmp/bash_jobs"].map(|folder| format!("/{folder}/"));
    let hosts = [
        ["crates", "io"],
        ["pypi", "org"],
        ["npmjs", "org"],
        ["npmjs", "com"],
        ["deb.debian", "org"],
        ["rust-lang", "org"],
    ];
    let spelt = hosts.map(|parts| parts.join("."));
    // The last one is a registry under one of its names only.
    let spelt = spelt.into_iter().map(|host| {
        if host.starts_with("rust") { ["static", host.as_str()].join(".") } else { host }
    });
    folders.into_iter().chain(spelt).collect()
}

/// Traces of one machine, or of where packages happen to come from.
#[must_use]
pub fn no_machine(texts: &[(String, String)]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let traces = traces();
    for (path, text) in texts {
        for (index, line) in text.lines().enumerate() {
            if let Some(trace) = traces.iter().find(|trace| line.contains(trace.as_str())) {
                faults.push(Fault::new(format!("{path}:{}", index + 1), format!("`{trace}`")));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_is_a_fault_outside_sandbox() {
        let text = "//! x\nfn a() { unsafe { b() } }\n";
        assert_eq!(no_unsafe(&[SourceFile::new("appliance/queue/src/lib.rs", text)], &[]).len(), 1);
        assert_eq!(no_unsafe(&[SourceFile::new("appliance/sandbox/src/lib.rs", text)], &[]), []);
        let comment = SourceFile::new("appliance/queue/src/lib.rs", "//! never unsafe\n");
        assert_eq!(no_unsafe(&[comment], &[]), []);
    }

    #[test]
    fn a_crate_without_the_lints_is_a_fault() {
        let manifest = |text: &str| vec![("appliance/x/Cargo.toml".to_owned(), text.to_owned())];
        assert_eq!(no_unsafe(&[], &manifest("[package]\n")).len(), 1);
        assert_eq!(no_unsafe(&[], &manifest("[lints]\nworkspace = true\n")), []);
    }

    #[test]
    fn a_test_that_sleeps_is_a_fault() {
        let text = "//! x\nfn a() { std::thread::sleep(x); }\n\
                    #[cfg(test)]\nmod tests { fn b() { std::thread::sleep(x); } }\n";
        let faults = no_sleep(&[SourceFile::new("appliance/queue/src/lib.rs", text)]);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].place.ends_with(":4"));
    }

    #[test]
    fn empty_names_are_faults() {
        let paths =
            ["appliance/x/src/utils.rs", "appliance/common/a.rs", "appliance/x/src/line.rs"];
        assert_eq!(names(&paths.map(str::to_owned)).len(), 2);
    }

    #[test]
    fn a_machine_path_is_a_fault() {
        let line = format!("see {}{}", "/ro", "ot/x");
        assert_eq!(no_machine(&[("a.md".to_owned(), line)]).len(), 1);
        assert_eq!(no_machine(&[("a.md".to_owned(), "see appliance/docs".to_owned())]), []);
    }

    #[test]
    fn long_files_and_silent_files_are_faults() {
        let long = "//! x\n".repeat(FILE_LINES + 1);
        assert_eq!(files(&[SourceFile::new("a.rs", &long)]).len(), 1);
        assert_eq!(files(&[SourceFile::new("a.rs", "use x;\n")]).len(), 1);
    }
}
