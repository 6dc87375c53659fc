//! Foreign samples of known types, where `../shared/data` has them: a table of misses, bounded.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use filetype::{Fit, fit, identify, kinds};

use gatepost_filetype as filetype;

/// Misses that are known, by the end of their path, with the reason.
const KNOWN: &[(&str, &str)] = &[
    ("mini.protobuf", "a protocol buffer has no signature"),
    ("protobuf.bin", "a protocol buffer has no signature"),
    ("protobuf.txt", "the text form of a protocol buffer looks like YAML"),
    ("ilda.ilda", "laser shows are not in the table"),
    ("snes.smc", "a cartridge without signature"),
    ("wad.wad", "game data is not in the table"),
    ("yuv4mpeg2.y4m", "raw film is not in the table"),
    ("raw.tga", "a TGA picture without its footer has no signature"),
    ("DS_Store", "folder settings of macOS are not in the table"),
    ("malformed-html-gh-521.html", "compressed data with the end .html"),
    ("doc.pub", "an armoured PGP key under the end of Publisher and SSH"),
    ("doc.pem", "an armoured PGP key under the end of PEM"),
    ("jp2-stream.jp2", "a bare code stream under the end of its container"),
    ("password-protected-example.xls", "an encrypted package under an old end"),
    ("code.zig", "Zig is not in the table"),
];

/// Name and octets of a file.
type Sample = (String, Vec<u8>);

fn samples() -> anyhow::Result<Option<Vec<Sample>>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/filetypes/dev-filetypes.tar.xz");
    let Ok(packed) = std::fs::File::open(&path) else { return Ok(None) };
    let mut archive = tar::Archive::new(lzma_rust2::XzReader::new(packed, true));
    let mut files = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() {
            let name = entry.path()?.to_string_lossy().into_owned();
            let mut octets = Vec::new();
            entry.read_to_end(&mut octets).with_context(|| name.clone())?;
            files.push((name, octets));
        }
    }
    Ok(Some(files))
}

/// Whether the type is what the end of the name says, as far as that says anything.
fn is_right(name: &str, octets: &[u8]) -> bool {
    let types = identify(octets);
    let last = name.rsplit('/').next().unwrap_or_default();
    match fit(last, &types) {
        Fit::Fits | Fit::Open => types.main() != kinds::UNKNOWN,
        Fit::Unknown | Fit::Differs | Fit::Contradicts => false,
    }
}

#[test]
fn foreign_samples_are_of_the_type_they_are_named_for() -> anyhow::Result<()> {
    let Some(files) = samples()? else {
        println!("skipped: no ../shared/data");
        return Ok(());
    };
    let misses: Vec<&Sample> =
        files.iter().filter(|(name, octets)| !is_right(name, octets)).collect();
    println!("{} files, {} misses", files.len(), misses.len());
    let mut unexplained = 0;
    for (name, octets) in misses {
        let reason = KNOWN.iter().find(|(end, _)| name.ends_with(end)).map(|(_, reason)| *reason);
        unexplained += usize::from(reason.is_none());
        println!("{name}: {:?}: {}", identify(octets), reason.unwrap_or("?"));
    }
    anyhow::ensure!(unexplained == 0, "{unexplained} misses without a reason");
    Ok(())
}
