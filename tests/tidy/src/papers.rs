//! Papers kept true: promises with their tests, dependencies with their reasons, links that lead
//! somewhere.

use std::collections::HashSet;

use crate::Fault;
use crate::tree::SourceFile;

const PROMISES: &str = "appliance/docs/promises.md";
const DEPENDENCIES: &str = "appliance/docs/dependencies.md";

fn text_of<'a>(texts: &'a [(String, String)], path: &str) -> Option<&'a str> {
    texts.iter().find(|(name, _)| name == path).map(|(_, text)| text.as_str())
}

/// Words in backquotes on a line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Promises whose tests are gone. A test is named as `path/to/file.rs::name_of_the_test`.
#[must_use]
pub fn promises(texts: &[(String, String)], sources: &[SourceFile]) -> Vec<Fault> {
    let Some(text) = text_of(texts, PROMISES) else {
        return vec![Fault::new(PROMISES, "is missing")];
    };
    let mut faults = Vec::new();
    let mut named = 0;
    for (index, line) in text.lines().enumerate() {
        for (path, test) in quoted(line).filter_map(|word| word.split_once("::")) {
            named += 1;
            if !path.ends_with(".rs") || !has_test(sources, path, test) {
                let place = format!("{PROMISES}:{}", index + 1);
                faults.push(Fault::new(place, format!("there is no test `{path}::{test}`")));
            }
        }
    }
    if named == 0 {
        faults.push(Fault::new(PROMISES, "names no test at all"));
    }
    faults
}

fn has_test(sources: &[SourceFile], path: &str, test: &str) -> bool {
    let is_test = |file: &SourceFile| {
        file.code.match_indices(&format!("fn {test}(")).any(|(at, _)| {
            let before = file.code.get(..at).unwrap_or_default();
            // The attribute stands above, with other attributes perhaps between.
            let from = before.rfind('}').unwrap_or(0);
            before.get(from..).unwrap_or_default().contains("test]")
                || before.get(from..).unwrap_or_default().contains("test(")
                || before.get(from..).unwrap_or_default().contains("proptest")
        })
    };
    sources.iter().any(|file| file.path == path && is_test(file))
}

/// Registry crates of the workspace without a line in the paper, and lines without a crate.
#[must_use]
pub fn dependencies(texts: &[(String, String)]) -> Vec<Fault> {
    let (Some(manifest), Some(paper)) =
        (text_of(texts, "Cargo.toml"), text_of(texts, DEPENDENCIES))
    else {
        return vec![Fault::new(DEPENDENCIES, "is missing")];
    };
    let used: HashSet<&str> = registry_crates(manifest).collect();
    let explained: HashSet<&str> = paper
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name))
        .collect();
    let missing = used.difference(&explained).map(|name| format!("`{name}` has no line of why"));
    let idle = explained.difference(&used).map(|name| format!("`{name}` is no dependency"));
    let mut faults: Vec<Fault> =
        missing.chain(idle).map(|what| Fault::new(DEPENDENCIES, what)).collect();
    faults.sort_by(|one, two| one.what.cmp(&two.what));
    faults
}

/// Names in `[workspace.dependencies]` that are not our own.
fn registry_crates(manifest: &str) -> impl Iterator<Item = &str> {
    manifest
        .lines()
        .skip_while(|line| *line != "[workspace.dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.contains("path = "))
        .filter_map(|line| line.split_once(" = ").map(|(name, _)| name))
}

/// Relative links in papers that lead nowhere.
#[must_use]
pub fn links(texts: &[(String, String)], paths: &[String]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, text) in texts.iter().filter(|(path, _)| path.ends_with(".md")) {
        for (index, line) in text.lines().enumerate() {
            for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                if !leads_somewhere(path, target, paths) {
                    let place = format!("{path}:{}", index + 1);
                    faults.push(Fault::new(place, format!("`{target}` leads nowhere")));
                }
            }
        }
    }
    faults
}

fn leads_somewhere(from: &str, target: &str, paths: &[String]) -> bool {
    let target = target.split('#').next().unwrap_or(target);
    if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
        return true;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            name => parts.push(name),
        }
    }
    let wanted = parts.join("/");
    let below = format!("{wanted}/");
    paths.iter().any(|path| *path == wanted || path.starts_with(&below))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_promise_without_its_test_is_a_fault() {
        let source = SourceFile::new(
            "tests/e2e/tests/a.rs",
            "//! x\n#[test]\nfn holds() {}\nfn free() {}\n",
        );
        let good = texts(&[(PROMISES, "| R1 | `tests/e2e/tests/a.rs::holds` |")]);
        assert_eq!(promises(&good, std::slice::from_ref(&source)), []);
        for bad in ["`tests/e2e/tests/a.rs::gone`", "`tests/e2e/tests/a.rs::free`", "nothing"] {
            assert_eq!(
                promises(&texts(&[(PROMISES, bad)]), std::slice::from_ref(&source)).len(),
                1,
                "{bad}"
            );
        }
    }

    #[test]
    fn a_dependency_without_a_reason_is_a_fault() {
        let manifest =
            "[workspace.dependencies]\nmail = { path = \"x\" }\nserde = \"1\"\nring = \"1\"\n";
        let paper = "| `serde` | reads |\n| `gone` | no more |\n";
        let faults = dependencies(&texts(&[("Cargo.toml", manifest), (DEPENDENCIES, paper)]));
        let words: Vec<&str> = faults.iter().map(|fault| fault.what.as_str()).collect();
        assert_eq!(words, ["`gone` is no dependency", "`ring` has no line of why"]);
    }

    #[test]
    fn a_link_to_nowhere_is_a_fault() {
        let paths = ["appliance/docs/flow.md".to_owned(), "README.md".to_owned()];
        let paper = "[a](flow.md) [b](../../README.md#x) [c](gone.md) [d](https://example.test/)";
        let faults = links(&texts(&[("appliance/docs/a.md", paper)]), &paths);
        assert_eq!(faults.len(), 1);
    }
}
