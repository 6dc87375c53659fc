//! The tree as the rules see it: tracked files (and new ones that are not ignored), package edges.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::source;

/// Files larger than this are data, and no rule reads them.
const TEXT_OCTETS: usize = 4 << 20;

/// One file of Rust.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Relative to the workspace.
    pub path: String,
    /// As it stands.
    pub text: String,
    /// With comments, strings and characters blanked; same length and lines.
    pub code: String,
    /// As `code`, with test modules blanked too; empty for a file of tests.
    pub product: String,
}

impl SourceFile {
    /// A file from its path and text.
    #[must_use]
    pub fn new(path: &str, text: &str) -> Self {
        let code = source::blank(text);
        let product =
            if source::is_test_path(path) { String::new() } else { source::without_tests(&code) };
        SourceFile { path: path.to_owned(), text: text.to_owned(), code, product }
    }

    /// The crate's folder name when this is one of the appliance's crates.
    #[must_use]
    pub fn appliance_crate(&self) -> Option<&str> {
        self.path.strip_prefix("appliance/")?.split_once('/').map(|(name, _)| name)
    }
}

/// One package of the workspace and what it is built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// For example `gatepost-queue`.
    pub name: String,
    /// Names of workspace packages it depends on, tests apart.
    pub edges: Vec<String>,
    /// Names of registry packages it depends on, tests apart.
    pub registry: Vec<String>,
}

/// Everything the rules look at.
#[derive(Debug, Default)]
pub struct Tree {
    /// All paths.
    pub paths: Vec<String>,
    /// Rust files.
    pub sources: Vec<SourceFile>,
    /// `Cargo.toml` files: path and text.
    pub manifests: Vec<(String, String)>,
    /// All text files but the lock file: path and text.
    pub texts: Vec<(String, String)>,
    /// Workspace packages.
    pub packages: Vec<Package>,
}

impl Tree {
    /// Reads the workspace this program was built from.
    ///
    /// # Errors
    /// When git or cargo cannot be asked.
    pub fn read() -> Result<Tree> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
        let paths = list(&root)?;
        let mut tree = Tree { packages: packages(&root)?, ..Tree::default() };
        for path in paths {
            let Ok(octets) = std::fs::read(root.join(&path)) else { continue };
            tree.paths.push(path.clone());
            if octets.len() > TEXT_OCTETS || path == "Cargo.lock" {
                continue;
            }
            let Ok(text) = String::from_utf8(octets) else { continue };
            tree.add(path, text);
        }
        Ok(tree)
    }

    /// Adds a text file under every heading it belongs to.
    pub fn add(&mut self, path: String, text: String) {
        if path.ends_with(".rs") {
            self.sources.push(SourceFile::new(&path, &text));
        }
        if path.ends_with("Cargo.toml") {
            self.manifests.push((path.clone(), text.clone()));
        }
        self.texts.push((path, text));
    }
}

fn list(root: &PathBuf) -> Result<Vec<String>> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(arguments).current_dir(root).output().context("git")?;
    ensure!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    Ok(text.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

fn packages(root: &PathBuf) -> Result<Vec<Package>> {
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let output =
        Command::new("cargo").args(arguments).current_dir(root).output().context("cargo")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let list = metadata.get("packages").and_then(Value::as_array).context("packages")?;
    Ok(list.iter().map(package).collect())
}

fn package(value: &Value) -> Package {
    let text = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let (mut edges, mut registry) = (Vec::new(), Vec::new());
    for dependency in value.get("dependencies").and_then(Value::as_array).into_iter().flatten() {
        if text(dependency, "kind") == "dev" {
            continue;
        }
        let own = dependency.get("path").is_some_and(|path| !path.is_null());
        if own { &mut edges } else { &mut registry }.push(text(dependency, "name"));
    }
    Package { name: text(value, "name"), edges, registry }
}
