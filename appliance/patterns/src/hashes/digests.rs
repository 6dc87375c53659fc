//! Hashes of octets: those that are wanted, in one pass while the octets are in the cache.

use md5::{Digest, Md5};
use sha1::Sha1;

use super::Algorithm;
use crate::limits;

/// Which hashes are wanted.
pub(super) type Wanted = [bool; 3];

/// Hashes of one run of octets; those that were not wanted are not there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Digests {
    md5: Option<[u8; 16]>,
    sha1: Option<[u8; 20]>,
    sha256: Option<[u8; 32]>,
}

impl Digests {
    pub(super) fn of(octets: &[u8], wanted: Wanted) -> Digests {
        let [md5, sha1, sha256] = wanted;
        let (mut md5, mut sha1) = (md5.then(Md5::new), sha1.then(Sha1::new));
        let mut sha256 = sha256.then(|| ring::digest::Context::new(&ring::digest::SHA256));
        for piece in octets.chunks(limits::HASH_STEP_OCTETS) {
            md5.iter_mut().for_each(|hash| hash.update(piece));
            sha1.iter_mut().for_each(|hash| hash.update(piece));
            sha256.iter_mut().for_each(|hash| hash.update(piece));
        }
        Digests {
            md5: md5.map(|hash| hash.finalize().into()),
            sha1: sha1.map(|hash| hash.finalize().into()),
            sha256: sha256.and_then(|hash| hash.finish().as_ref().first_chunk().copied()),
        }
    }

    pub(super) fn get(&self, algorithm: Algorithm) -> Option<&[u8]> {
        match algorithm {
            Algorithm::Md5 => self.md5.as_ref().map(|hash| &hash[..]),
            Algorithm::Sha1 => self.sha1.as_ref().map(|hash| &hash[..]),
            Algorithm::Sha256 => self.sha256.as_ref().map(|hash| &hash[..]),
        }
    }
}
