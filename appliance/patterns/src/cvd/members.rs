//! The archive of a bundle: its databases, and the list of them.

use std::io::Read;

use sha2::{Digest, Sha256};

use super::{BundleError, Trust};
use crate::hashes::hex;
use crate::limits;
use crate::source::Source;

fn unreadable(error: impl ToString) -> BundleError {
    BundleError::Archive(error.to_string())
}

/// All files of the archive, which may be compressed.
pub(super) fn members(archive: &[u8]) -> Result<Vec<Source>, BundleError> {
    if archive.starts_with(&[0x1f, 0x8b]) {
        read(flate2::read::MultiGzDecoder::new(archive))
    } else {
        read(archive)
    }
}

fn read(archive: impl Read) -> Result<Vec<Source>, BundleError> {
    let mut left = limits::BUNDLE_OCTETS;
    let mut sources = Vec::new();
    // The names of members name databases; nothing is ever written under them.
    for entry in tar::Archive::new(archive).entries().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = name.rsplit('/').next().unwrap_or_default().to_owned();
        let mut octets = Vec::new();
        let read =
            entry.take(left.saturating_add(1)).read_to_end(&mut octets).map_err(unreadable)?;
        left = left.checked_sub(read as u64).ok_or(BundleError::TooLarge(limits::BUNDLE_OCTETS))?;
        if sources.len() >= limits::BUNDLE_MEMBERS {
            return Err(BundleError::TooLarge(limits::BUNDLE_OCTETS));
        }
        if !name.is_empty() && name != "COPYING" {
            sources.push(Source::new(name, octets));
        }
    }
    if sources.is_empty() { Err(unreadable("it is empty")) } else { Ok(sources) }
}

/// Holds every file against the list, when there is one. A file that is not on it is not told by
/// the list; one that is must be there, with its size and its SHA-256.
pub(super) fn check_listed(all: &[Source]) -> Result<(), BundleError> {
    let Some(list) = all.iter().find(|member| member.name.ends_with(".info")) else {
        return Ok(());
    };
    let text = String::from_utf8_lossy(&list.octets);
    for line in
        text.lines().filter(|line| !line.starts_with("ClamAV-VDB:") && !line.starts_with("DSIG:"))
    {
        let fields: Vec<&str> = line.trim().split(':').collect();
        let [name, size, hash] = fields.as_slice() else { continue };
        let member = all.iter().find(|member| member.name == *name);
        let fits = member.is_some_and(|member| {
            size.parse() == Ok(member.octets.len())
                && hex(&Sha256::digest(&member.octets)) == hash.to_ascii_lowercase()
        });
        if !fits && *name != "COPYING" {
            return Err(BundleError::Listed((*name).to_owned()));
        }
    }
    Ok(())
}

/// A merged bundle (.cld) has no signature of its own that could be checked here: freshclam, which
/// makes it, checks its updates. It is taken as an unsigned one.
pub(super) fn check_merged(all: &[Source], trust: Trust) -> Result<(), BundleError> {
    if trust == Trust::Signed {
        return Err(BundleError::Unsigned);
    }
    check_listed(all)
}
