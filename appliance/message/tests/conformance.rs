//! The MIME samples of other projects (`../shared/data/mime` beside the workspace, where it is
//! there): none makes the reader panic, none is over a limit, and what their own expected outputs
//! say of the content of each part is what we see, but for the cases of a table with its reasons.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use gatepost_message as message;
use message::{Content, Mail};

type Files = BTreeMap<String, Vec<u8>>;

/// What differs from the expected output, and why it may.
const EXPLAINED: &[(&str, &str)] = &[
    ("legacy/017.eml", "declared as x-uuencode, which mail-parser leaves encoded"),
    ("legacy/026.eml", "declared as x-uuencode, which mail-parser leaves encoded"),
    ("legacy/048.eml", "declared as x-uuencode, which mail-parser leaves encoded"),
    ("malformed/016.eml", "three boundaries that start alike: ambiguous, and each part is read"),
    ("malformed/019.eml", "mail-parser shows octets over 127 in us-ascii as windows-1252"),
    ("malformedHeaderStartsBody-nocrlfcrlf.msg", "mime4j loses the line after the invalid one"),
    ("malformedHeaderStartsBody-noheader.msg", "mime4j loses the second line of the body"),
];

fn samples() -> Option<Files> {
    let archive =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/mime/dev-mime.tar.xz");
    let Ok(packed) = std::fs::File::open(archive) else {
        println!("skipped: no ../shared/data");
        return None;
    };
    let reader = lzma_rust2::XzReader::new(std::io::BufReader::new(packed), false);
    let mut files = Files::new();
    for entry in tar::Archive::new(reader).entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.header().entry_type().is_file() {
            let path = entry.path().unwrap().to_string_lossy().into_owned();
            let mut octets = Vec::new();
            entry.read_to_end(&mut octets).unwrap();
            files.insert(path, octets);
        }
    }
    Some(files)
}

/// As it would come by SMTP: every line ends in CR LF.
fn with_crlf(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) => {
                out.extend_from_slice(text.strip_suffix(b"\r").unwrap_or(text));
                out.extend_from_slice(b"\r\n");
            }
            None => out.extend_from_slice(line),
        }
    }
    out
}

/// Text without what line ends and the edges of parts may add.
fn plain(octets: &[u8]) -> Vec<u8> {
    let kept: Vec<u8> = octets.iter().copied().filter(|octet| *octet != b'\r').collect();
    kept.trim_ascii().to_vec()
}

/// Everything that we see, in every way.
fn seen(mail: &Mail<'_>) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = mail.readings().map(|(_, octets)| plain(octets)).collect();
    all.extend(mail.text_parts().map(|(_, text)| plain(text.as_bytes())));
    all.extend(
        mail.readings().map(|(_, octets)| plain(String::from_utf8_lossy(octets).as_bytes())),
    );
    let spans = mail.parts.iter().filter(|part| !matches!(part.content, Content::Leaf(_)));
    let spans = spans.filter_map(|part| mail.raw.get(part.span.clone()?));
    all.extend(spans.map(plain));
    all
}

#[test]
fn no_sample_makes_it_panic_or_exceeds_a_limit() {
    let Some(files) = samples() else { return };
    assert!(files.len() > 1000, "{} files", files.len());
    let reader = message::Reader::default();
    for (path, octets) in &files {
        for octets in [octets.clone(), with_crlf(octets)] {
            let mail = reader.read(&octets);
            assert_eq!(mail.limit, None, "{path}");
            assert!(!mail.parts.is_empty(), "{path}");
        }
    }
}

/// The contents of parts in mail-parser's output, with whether they are text.
fn expected_bodies(message: &serde_json::Value, list: &mut Vec<Vec<u8>>) {
    for part in message["parts"].as_array().into_iter().flatten() {
        let Some(body) = part["body"].as_object() else { continue };
        for (kind, value) in body {
            match kind.as_str() {
                "Text" | "Html" => list.push(plain(value.as_str().unwrap_or_default().as_bytes())),
                "Binary" | "InlineBinary" => {
                    let octets = value.as_array().into_iter().flatten();
                    let octets: Vec<u8> =
                        octets.filter_map(|one| u8::try_from(one.as_u64()?).ok()).collect();
                    list.push(plain(&octets));
                }
                "Message" => expected_bodies(value, list),
                _ => {}
            }
        }
    }
}

/// Checks the expected contents of each sample; tells those that are not seen.
fn unseen(raw: &[u8], expected: &[Vec<u8>]) -> Vec<String> {
    let mail = message::read(raw);
    let seen = seen(&mail);
    let missing = expected.iter().filter(|one| !one.is_empty() && !seen.contains(one));
    missing.map(|one| one.escape_ascii().to_string().chars().take(120).collect()).collect()
}

fn check(disagreements: &[(String, Vec<String>)], compared: usize) {
    println!("{compared} outputs compared, {} differ", disagreements.len());
    let unexplained: Vec<_> = disagreements
        .iter()
        .filter(|(path, _)| !EXPLAINED.iter().any(|(known, _why)| path.ends_with(known)))
        .collect();
    assert!(unexplained.is_empty(), "{} unexplained: {unexplained:#?}", unexplained.len());
}

#[test]
fn parts_hold_what_mail_parser_expects() {
    let Some(files) = samples() else { return };
    let (mut disagreements, mut compared) = (Vec::new(), 0);
    for (path, raw) in files.iter().filter(|(path, _)| path.ends_with(".eml")) {
        for (extension, raw) in [(".json", raw.clone()), (".crlf.json", with_crlf(raw))] {
            let Some(output) = files.get(&path.replace(".eml", extension)) else { continue };
            compared += 1;
            let mut expected = Vec::new();
            expected_bodies(&serde_json::from_slice(output).unwrap(), &mut expected);
            let missing = unseen(&raw, &expected);
            if !missing.is_empty() {
                disagreements.push((path.clone(), missing));
            }
        }
    }
    assert!(compared > 100, "{compared}");
    check(&disagreements, compared);
}

#[test]
fn parts_hold_what_mime4j_expects() {
    let Some(files) = samples() else { return };
    let (mut disagreements, mut compared) = (Vec::new(), 0);
    for (path, raw) in files.iter().filter(|(path, _)| path.ends_with(".msg")) {
        let start = path.replace(".msg", "_decoded_");
        let outputs = files.iter().filter(|(other, _)| other.starts_with(&start));
        let expected: Vec<Vec<u8>> = outputs.map(|(_, octets)| plain(octets)).collect();
        compared += expected.len();
        let missing = unseen(&with_crlf(raw), &expected);
        if !missing.is_empty() {
            disagreements.push((path.clone(), missing));
        }
    }
    assert!(compared > 50, "{compared}");
    check(&disagreements, compared);
}
