//! The target `unpack_iso9660` for cargo-fuzz.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| gatepost_test_fuzz::targets::archives::unpack_iso9660::target(octets));
