//! Bundles of databases (.cvd, .cld, .cud): a head of 512 octets, then a tar archive, compressed or
//! not (docs.clamav.net, "CVD files").
//!
//! Head: `ClamAV-VDB:build time:version:signatures:level:MD5:digital signature:builder:seconds`,
//! filled up with spaces. The MD5 is that of the archive; the digital signature is plain RSA over
//! that MD5 (`signature.rs`). Inside, `NAME.info` has size and SHA-256 of every file.
//!
//! A .cld is what freshclam makes of a .cvd and its updates: it keeps the head of the last update,
//! whose MD5 is not that of the new archive. Its list is signed by a scheme that is not published,
//! so such a bundle is taken as an unsigned one, and its files are held against the list only.

mod head;
mod members;
mod signature;

use thiserror::Error;

pub use head::Head;
use members::members;
pub use signature::PublicKey;

use crate::source::Source;

/// Why a bundle is not taken.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum BundleError {
    /// It does not begin as a bundle does.
    #[error("it has no head of a ClamAV database: it was cut, or it is another file")]
    NoHead,
    /// It was damaged on its way.
    #[error("its MD5 is not the one of its head: fetch it again")]
    Damaged,
    /// It is not from whom it says.
    #[error("its digital signature is not ClamAV's: someone changed it; fetch it again")]
    WrongSignature,
    /// Nobody signed it.
    #[error("it has no digital signature: take it by --unsigned only if you made it yourself")]
    Unsigned,
    /// The archive in it cannot be read.
    #[error("its archive cannot be read: {0}")]
    Archive(String),
    /// A file in it is not as its list says.
    #[error("{0} in it is not as its list says")]
    Listed(String),
    /// It is too large.
    #[error("it has more than {0} octets, or too many files")]
    TooLarge(u64),
}

/// Whether an unsigned bundle is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Only what is signed.
    Signed,
    /// What is signed, and what is not signed at all. A wrong signature is never taken.
    SignedOrNot,
}

/// A bundle taken apart.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// What its head says.
    pub head: Head,
    /// Its databases.
    pub sources: Vec<Source>,
}

/// Checks a bundle and takes it apart.
///
/// # Errors
/// When it cannot be trusted or read.
pub fn open(source: &Source, trust: Trust, key: &PublicKey) -> Result<Bundle, BundleError> {
    let (head, archive) = head::split(&source.octets).ok_or(BundleError::NoHead)?;
    let is_merged = source.name.to_ascii_lowercase().ends_with(".cld");
    let all = members(archive)?;
    if !is_merged || head.is_of(archive) {
        head::check(&head, archive, trust, key)?;
        members::check_listed(&all)?;
    } else {
        members::check_merged(&all, trust)?;
    }
    let sources = all.into_iter().filter(|member| !member.name.ends_with(".info")).collect();
    Ok(Bundle { head, sources })
}

#[cfg(test)]
mod tests;
