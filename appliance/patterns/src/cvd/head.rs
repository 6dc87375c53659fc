//! The head of a bundle.

use md5::{Digest, Md5};

use super::{BundleError, PublicKey, Trust};
use crate::hashes::{hex, octets_of_hex};

/// Octets of the head.
const OCTETS: usize = 512;
const MAGIC: &str = "ClamAV-VDB";

/// What the head of a bundle says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// When it was built, as written there.
    pub built: String,
    /// Its version, counted up by every publication.
    pub version: u32,
    /// Signatures that it says to hold.
    pub signatures: u32,
    /// The least functionality level of an engine that reads all of it.
    pub level: u32,
    /// Who built it.
    pub builder: String,
    md5: String,
    signature: String,
}

/// Parts the head from the archive; `None` when it is no head.
pub(super) fn split(octets: &[u8]) -> Option<(Head, &[u8])> {
    let (head, archive) = octets.split_at_checked(OCTETS)?;
    let text = str::from_utf8(head).ok()?.trim_end_matches([' ', '\0', '\n']);
    let fields: Vec<&str> = text.split(':').collect();
    let [MAGIC, built, version, signatures, level, md5, signature, builder, ..] = fields.as_slice()
    else {
        return None;
    };
    let number = |text: &str| text.trim().parse().unwrap_or(0);
    let head = Head {
        built: (*built).to_owned(),
        version: number(version),
        signatures: number(signatures),
        level: number(level),
        builder: (*builder).to_owned(),
        md5: md5.to_ascii_lowercase(),
        signature: (*signature).to_owned(),
    };
    Some((head, archive))
}

impl Head {
    /// Whether the MD5 is that of this archive.
    pub(super) fn is_of(&self, archive: &[u8]) -> bool {
        hex(&Md5::digest(archive)) == self.md5
    }
}

/// Checks the head against the archive: first the signature, then the MD5 that it signs.
pub(super) fn check(
    head: &Head,
    archive: &[u8],
    trust: Trust,
    key: &PublicKey,
) -> Result<(), BundleError> {
    // Unsigned bundles (.cud) have a word that is too short for a signature, or nothing.
    if head.signature.len() < 16 {
        return if trust == Trust::SignedOrNot { Ok(()) } else { Err(BundleError::Unsigned) };
    }
    let signed = octets_of_hex(&head.md5).and_then(|md5| <[u8; 16]>::try_from(md5).ok());
    let is_signed = signed.is_some_and(|md5| key.has_signed(&md5, &head.signature));
    match (is_signed, head.is_of(archive)) {
        (false, _) => Err(BundleError::WrongSignature),
        (true, false) => Err(BundleError::Damaged),
        (true, true) => Ok(()),
    }
}
