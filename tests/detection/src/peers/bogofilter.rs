//! bogofilter, taught once with the training half as it is and once with its headers stripped.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::{Mark, Peer, Watch, open_folder, version};
use crate::corpus::Message;
use crate::mangle::Change;
use crate::report::Set;

/// Its two lists of words.
pub(super) struct Bogofilter {
    name: String,
    raw: TempDir,
    stripped: TempDir,
}

impl Bogofilter {
    pub fn taught(messages: &[Message]) -> Result<Self> {
        let strip = |one: &Message| Message {
            raw: Change::Stripped.apply(&one.raw).unwrap_or_default(),
            ..one.clone()
        };
        let stripped: Vec<Message> = messages.iter().map(strip).collect();
        let name = format!("bogofilter {}", version("bogofilter", "--version"));
        Ok(Bogofilter { name, raw: teach(messages)?, stripped: teach(&stripped)? })
    }
}

fn teach(messages: &[Message]) -> Result<TempDir> {
    let folder = open_folder()?;
    for (is_unwanted, how) in [(true, "-s"), (false, "-n")] {
        let files = written(messages.iter().filter(|one| one.class.is_unwanted() == is_unwanted))?;
        run(folder.path(), how, &files)?;
    }
    Ok(folder)
}

/// Messages as files, whose names are in their order.
fn written<'m>(messages: impl Iterator<Item = &'m Message>) -> Result<(TempDir, Vec<PathBuf>)> {
    let folder = open_folder()?;
    let mut files = Vec::new();
    for (at, one) in messages.enumerate() {
        let path = folder.path().join(format!("{at:05}"));
        fs::write(&path, &one.raw)?;
        files.push(path);
    }
    Ok((folder, files))
}

/// Runs it over files, without the settings of whoever runs this.
fn run(words: &Path, how: &str, files: &(TempDir, Vec<PathBuf>)) -> Result<String> {
    let list: Vec<String> = files.1.iter().map(|path| path.display().to_string()).collect();
    let mut child = Command::new("bogofilter")
        .arg("-C")
        .arg("-d")
        .arg(words)
        .args([how, "-b"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut names = child.stdin.take().context("its input")?;
    let feeder = std::thread::spawn(move || names.write_all((list.join("\n") + "\n").as_bytes()));
    let output = child.wait_with_output()?;
    let _ = feeder.join();
    // 0, 1 and 2 say what the last message was.
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code().is_some_and(|code| code < 3), "it failed: {complaint}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Peer for Bogofilter {
    fn name(&self) -> &str {
        &self.name
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::new("calls spam", 0.99)]
    }

    fn scores(&self, set: &Set, watch: &Watch) -> Result<Vec<f64>> {
        watch.step()?;
        let words = if set.name.ends_with("stripped") { &self.stripped } else { &self.raw };
        let answer = run(words.path(), "-T", &written(set.messages.iter())?)?;
        let last = |line: &str| line.split_whitespace().last().and_then(|one| one.parse().ok());
        Ok(answer.lines().filter_map(last).collect())
    }
}
