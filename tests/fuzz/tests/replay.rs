//! Replays every corpus, and mutations of it by a fixed seed, so that `cargo test` holds what
//! fuzzing once found. `GATEPOST_FUZZ_ROUNDS` sets the mutations per input (100).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;

use gatepost_test_e2e::Random;
use gatepost_test_fuzz::TARGETS;
use gatepost_test_fuzz::mutation::{attempt, corpus, mutate};

fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
    let rounds = std::env::var("GATEPOST_FUZZ_ROUNDS").ok().and_then(|text| text.parse().ok());
    let corpus = corpus(target);
    assert!(!corpus.is_empty(), "{name} has no corpus");
    let mut random = Random::new(20_261_121);
    for (file, input) in corpus {
        attempt(target, &file, &input);
        for round in 0..rounds.unwrap_or(100) {
            attempt(target, &format!("{file}, mutation {round}"), &mutate(&input, &mut random));
        }
    }
}

macro_rules! replayed {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name));
        })*

        #[test]
        fn every_target_is_replayed_and_has_a_program() {
            let replayed = [$(stringify!($name)),*];
            let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("cargo-fuzz/fuzz_targets");
            for target in TARGETS {
                assert!(replayed.contains(&target.name), "{}", target.name);
                assert!(programs.join(format!("{}.rs", target.name)).is_file(), "{}", target.name);
            }
        }
    };
}

replayed!(
    address,
    body_out,
    chunk,
    command,
    data,
    document_html,
    document_notebook,
    document_ole,
    document_pdf,
    document_rtf,
    document_shortcut,
    document_tnef,
    document_xml,
    filetype,
    frame,
    lessons,
    message,
    mime,
    pack,
    pictures,
    record,
    remote_reply,
    settings,
    executable,
    expressions,
    list_lines,
    bundle,
    signature_lines,
    unpack_ar,
    unpack_arj,
    unpack_binhex,
    unpack_bzip2,
    unpack_cab,
    unpack_compress,
    unpack_cpio,
    unpack_gzip,
    unpack_iso9660,
    unpack_lha,
    unpack_lzma,
    unpack_mail,
    unpack_rar,
    unpack_rpm,
    unpack_seven_zip,
    unpack_szdd,
    unpack_tar,
    unpack_xz,
    unpack_zip,
    unpack_zstd,
);
