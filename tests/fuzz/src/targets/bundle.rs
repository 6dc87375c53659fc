//! Bundles of databases (.cvd, .cld, .cud): none is taken without a signature, none ends a compile.

use patterns::Source;
use patterns::cvd::{PublicKey, Trust, open};

/// Opens the input under each name, and an unsigned bundle around it.
pub fn target(octets: &[u8]) {
    let key = PublicKey::clamav();
    for name in ["a.cvd", "a.cld", "a.cud"] {
        let source = Source::new(name, octets.to_vec());
        assert!(open(&source, Trust::Signed, &key).is_err(), "nobody signed it");
        let _ = open(&source, Trust::SignedOrNot, &key);
    }
}

/// A head, and a head with the start of an archive.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut head = b"ClamAV-VDB:21 Nov 2026:7:2:90:5d41402abc4b2a76b9719d911017c592::me:1".to_vec();
    head.resize(512, b' ');
    let mut member = vec![0; 1536];
    member[..5].copy_from_slice(b"a.hdb");
    member[124..135].copy_from_slice(b"00000000005");
    member[148..155].copy_from_slice(b"010102\0");
    member[512..517].copy_from_slice(b"hello");
    vec![head.clone(), [head, member].concat()]
}
