//! Nothing in the content can make this crate fail.

use proptest::prelude::*;

use super::{packages, samples, texts};
use crate::{fit, identify, is_managed, packed};

fn look(octets: &[u8]) {
    let types = identify(octets);
    assert!(types.iter().count() >= 1);
    assert_eq!(identify(octets), types);
    let _any = (fit("a.pdf", &types), packed(octets), is_managed(octets));
}

#[test]
fn every_sample_cut_anywhere_is_survived() {
    for (_, octets) in [samples::structures(), packages::samples(), texts::samples()].concat() {
        for end in (0..octets.len().min(700)).step_by(3) {
            look(&octets[..end]);
        }
    }
}

#[test]
fn every_package_with_a_broken_octet_is_survived() {
    for (_, octets) in packages::samples() {
        for at in (0..octets.len()).step_by(11) {
            let mut broken = octets.clone();
            broken[at] = 0xff;
            look(&broken);
        }
    }
}

proptest! {
    #[test]
    fn anything_is_survived(octets in proptest::collection::vec(any::<u8>(), 0..2000)) {
        look(&octets);
    }

    #[test]
    fn anything_behind_a_signature_is_survived(row in 0..crate::magic::STARTS.len(), octets in proptest::collection::vec(any::<u8>(), 0..400)) {
        look(&[crate::magic::STARTS[row].octets, &octets].concat());
    }

    #[test]
    fn any_name_is_survived(name in "\\PC{0,40}") {
        let _any = (crate::extension(&name), fit(&name, &identify(b"MZ\x90\0")));
    }
}
