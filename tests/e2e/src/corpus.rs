//! Real mail, where this machine has some: a folder of archives beside the project.
//!
//! `GATEPOST_MAIL_CORPUS` names the folder; without it `../shared/data/mail` beside the project is
//! looked at. Nothing of it is ever copied into the project.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Random, mails};

/// Real messages with CR LF line ends, at most `count`; `None` where there is no corpus.
#[must_use]
pub fn real(count: usize) -> Option<Vec<Vec<u8>>> {
    let archive = folder()?.join("sa-train.tar.xz");
    let unpacked = tempfile::tempdir().ok()?;
    let done = Command::new("tar")
        .args(["-xJf", archive.to_str()?, "-C", unpacked.path().to_str()?])
        .status()
        .ok()?;
    let mut paths = Vec::new();
    list(unpacked.path(), &mut paths);
    paths.sort();
    let read = |path: &PathBuf| std::fs::read(path).map(|raw| wire_form(&raw));
    let found: Vec<_> = paths.iter().filter_map(|path| read(path).ok()).take(count).collect();
    (done.success() && !found.is_empty()).then_some(found)
}

/// `count` messages: real ones where there are any, made ones for the rest. The second value tells
/// how many are real.
#[must_use]
pub fn messages(count: usize) -> (Vec<Vec<u8>>, usize) {
    let mut found = real(count).unwrap_or_default();
    let real = found.len();
    let mut random = Random::new(42);
    for number in real..count {
        let size = 300 + random.below(20_000) as usize;
        found.push(mails::numbered(number as u64, size, &mut random));
    }
    (found, real)
}

fn folder() -> Option<PathBuf> {
    let given = std::env::var_os("GATEPOST_MAIL_CORPUS").map(PathBuf::from);
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = given.unwrap_or_else(|| project.join("../shared/data/mail"));
    folder.is_dir().then_some(folder)
}

fn list(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { list(&path, paths) } else { paths.push(path) }
    }
}

/// As a sender would transmit it: an mbox line dropped, every line end CR LF, one at the end.
#[must_use]
pub fn wire_form(raw: &[u8]) -> Vec<u8> {
    let mut rest = raw;
    if rest.starts_with(b"From ") {
        let end = rest.iter().position(|octet| *octet == b'\n').map_or(rest.len(), |end| end + 1);
        rest = &rest[end..];
    }
    let mut wire = Vec::with_capacity(rest.len() + rest.len() / 40);
    let mut octets = rest.iter().copied().peekable();
    while let Some(octet) = octets.next() {
        match octet {
            b'\r' => {
                octets.next_if_eq(&b'\n');
                wire.extend_from_slice(b"\r\n");
            }
            b'\n' => wire.extend_from_slice(b"\r\n"),
            other => wire.push(other),
        }
    }
    if !wire.ends_with(b"\r\n") {
        wire.extend_from_slice(b"\r\n");
    }
    wire
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_end_becomes_cr_lf() {
        assert_eq!(wire_form(b"From x\na\r\nb\nc\rd"), b"a\r\nb\r\nc\r\nd\r\n");
        assert_eq!(wire_form(b"a\r\r\nb"), b"a\r\n\r\nb\r\n");
    }

    #[test]
    fn made_mail_fills_up_what_the_corpus_lacks() {
        let (messages, real) = messages(10);
        assert_eq!(messages.len(), 10);
        assert!(real <= 10);
    }
}
