//! The target `list_lines` for cargo-fuzz.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| gatepost_test_fuzz::targets::list_lines::target(octets));
