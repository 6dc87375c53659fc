//! The target `signature_lines` for cargo-fuzz.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| gatepost_test_fuzz::targets::signature_lines::target(octets));
