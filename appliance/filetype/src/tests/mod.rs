//! Samples of every type that is recognised, made by code, and what looks like them.

mod binaries;
mod hostile;
mod names;
mod packages;
mod polyglots;
mod samples;
mod texts;

use std::collections::BTreeSet;

use crate::{FileType, identify, kinds};

/// Types that the table has for names only: nothing in their content tells them for sure.
const BY_NAME_ONLY: &[FileType] = &[
    kinds::ARC,
    kinds::BROTLI,
    kinds::XXENCODE,
    kinds::NSIS,
    kinds::INNO_SETUP,
    kinds::VCXML,
    kinds::XFA,
    kinds::TYPE1,
    kinds::PGP_BINARY,
    kinds::SAFETENSORS,
    kinds::THREE_DS,
    kinds::COM,
    kinds::JSE,
    kinds::TYPESCRIPT,
];

#[test]
fn at_least_250_types_are_really_recognised() {
    let all = [samples::signatures(), samples::structures(), texts::samples(), packages::samples()];
    let samples = all.concat();
    let known: BTreeSet<FileType> = samples
        .iter()
        .filter(|(kind, octets)| identify(octets).has(*kind))
        .map(|(kind, _)| *kind)
        .collect();
    let missed: Vec<_> = FileType::all()
        .filter(|kind| !known.contains(kind) && !BY_NAME_ONLY.contains(kind))
        .collect();
    println!("{} of {} types recognised, missed {missed:?}", known.len(), FileType::all().count());
    assert!(known.len() >= 250, "{} of {}", known.len(), FileType::all().count());
    assert!(missed.len() <= 12, "{missed:?}");
}

#[test]
fn every_sample_is_recognised_as_what_it_is() {
    let mut wrong = Vec::new();
    for (kind, octets) in [samples::structures(), texts::samples(), packages::samples()].concat() {
        let types = identify(&octets);
        if types.main() != kind {
            let start = String::from_utf8_lossy(&octets[..octets.len().min(80)]).into_owned();
            wrong.push((kind, types, start));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_table_is_sound() {
    let mut names = BTreeSet::new();
    for kind in FileType::all() {
        assert!(names.insert(kind.name()), "{kind:?} twice");
        assert!(kind.name().len() <= 32 && !kind.title().is_empty());
        assert!(
            kind.name()
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-+".contains(c)),
            "{kind:?}"
        );
        assert_eq!(FileType::named(kind.name()), Some(kind));
        assert_eq!(kind.base().base(), kind.base(), "{kind:?}");
        assert!(
            kind.extensions().iter().all(|one| *one == one.to_lowercase() && !one.contains('.'))
        );
        assert!(
            kind.mimes().iter().all(|one| *one == one.to_lowercase() && one.contains('/')),
            "{kind:?}"
        );
    }
    assert_eq!(FileType::all().next(), Some(kinds::UNKNOWN));
}
