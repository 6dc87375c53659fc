//! Bundles made here; the signature by a head that ClamAV published.

use std::io::Write;

use md5::Digest;

use super::*;
use crate::hashes::hex;

/// MD5 and signature of daily.cvd 23182 (7 March 2017), as its head has been published.
const MD5: &str = "c1537143239006af01e814a4dcd58a48";
const SIGNATURE: &str = concat!(
    "QC2ZncCPK0AzfYPW8OKvde9GFOO1HyH5qbozl9JZbmlOmZnSV55zWaP9yH9tXiS+JmZWA1277X6pBeTHPCcaqUDakke4W58d",
    "uZ5mavDGJoWekl3q/5RgVeAg39cM1X4zNf6gER8G+HIWDUka0sRQWal1KXAb1UWkFoKsbHVqgVi",
);

fn digest(text: &str) -> [u8; 16] {
    crate::hashes::octets_of_hex(text).unwrap().try_into().unwrap()
}

fn archive(members: &[(&str, &str)], packed: bool) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, text) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    let plain = tar.into_inner().unwrap();
    if !packed {
        return plain;
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    gzip.finish().unwrap()
}

fn bundle(archive: &[u8], md5: &str, signature: &str) -> Vec<u8> {
    let mut head =
        format!("ClamAV-VDB:21 Nov 2026 12-00 +0000:7:2:90:{md5}:{signature}:me:1795262400")
            .into_bytes();
    head.resize(512, b' ');
    [&head, archive].concat()
}

fn unsigned(members: &[(&str, &str)]) -> Vec<u8> {
    let archive = archive(members, true);
    bundle(&archive, &hex(&md5::Md5::digest(&archive)), "")
}

fn opened(name: &str, octets: Vec<u8>, trust: Trust) -> Result<Vec<String>, BundleError> {
    let bundle = open(&Source::new(name, octets), trust, &PublicKey::clamav());
    bundle.map(|bundle| bundle.sources.into_iter().map(|source| source.name).collect())
}

#[test]
fn the_signature_of_a_published_head_is_clamavs() {
    assert!(PublicKey::clamav().has_signed(&digest(MD5), SIGNATURE));
}

#[test]
fn another_digest_signature_or_key_does_not_fit() {
    let key = PublicKey::clamav();
    let mut other = digest(MD5);
    other[15] ^= 1;
    assert!(!key.has_signed(&other, SIGNATURE));
    assert!(!key.has_signed(&digest(MD5), &SIGNATURE.replace("QC2", "QC3")));
    assert!(!key.has_signed(&digest(MD5), "not in these letters!"));
    assert!(!key.has_signed(&digest(MD5), &"9".repeat(300)));
    assert!(!key.has_signed(&[0; 16], ""));
    assert!(!PublicKey::new("c5", 3).unwrap().has_signed(&digest(MD5), SIGNATURE));
    assert!(PublicKey::new("00", 3).is_none() && PublicKey::new("zz", 3).is_none());
}

#[test]
fn an_unsigned_bundle_is_taken_only_when_asked_for() {
    let octets = unsigned(&[("a.hdb", "x"), ("COPYING", "y"), ("a.info", "")]);
    assert_eq!(opened("a.cud", octets.clone(), Trust::Signed), Err(BundleError::Unsigned));
    assert_eq!(opened("a.cud", octets, Trust::SignedOrNot), Ok(vec!["a.hdb".to_owned()]));
}

#[test]
fn a_wrong_signature_is_never_taken_and_neither_is_an_archive_that_was_swapped() {
    let archive = archive(&[("a.hdb", "x")], true);
    let own = hex(&md5::Md5::digest(&archive));
    let forged = bundle(&archive, &own, SIGNATURE);
    assert_eq!(opened("a.cvd", forged, Trust::SignedOrNot), Err(BundleError::WrongSignature));
    let swapped = bundle(&archive, MD5, SIGNATURE);
    assert_eq!(opened("a.cvd", swapped, Trust::SignedOrNot), Err(BundleError::Damaged));
}

#[test]
fn files_are_held_against_the_list() {
    let hash = |text: &str| {
        use sha2::Digest;
        hex(&sha2::Sha256::digest(text.as_bytes()))
    };
    let list = format!("ClamAV-VDB:x\na.hdb:1:{}\n", hash("x"));
    assert!(
        opened("a.cud", unsigned(&[("a.hdb", "x"), ("a.info", &list)]), Trust::SignedOrNot).is_ok()
    );
    for (name, text) in [("a.hdb", "y"), ("a.hdb", "xx"), ("b.hdb", "x")] {
        let changed = unsigned(&[(name, text), ("a.info", &list)]);
        assert_eq!(
            opened("a.cud", changed, Trust::SignedOrNot),
            Err(BundleError::Listed("a.hdb".into()))
        );
    }
}

#[test]
fn a_merged_bundle_is_an_unsigned_one_and_need_not_be_compressed() {
    let octets = bundle(&archive(&[("a.hdb", "x")], false), MD5, SIGNATURE);
    assert_eq!(opened("a.cld", octets.clone(), Trust::Signed), Err(BundleError::Unsigned));
    assert_eq!(opened("a.cld", octets, Trust::SignedOrNot), Ok(vec!["a.hdb".to_owned()]));
}

#[test]
fn members_keep_no_folder_and_a_cut_bundle_is_an_error() {
    let octets = unsigned(&[("x/y/a.hdb", "x")]);
    assert_eq!(opened("a.cud", octets.clone(), Trust::SignedOrNot), Ok(vec!["a.hdb".to_owned()]));
    for length in [0, 10, 511, 512, 530, octets.len() / 2] {
        assert!(
            opened("a.cud", octets[..length].to_vec(), Trust::SignedOrNot).is_err(),
            "{length}"
        );
    }
}
