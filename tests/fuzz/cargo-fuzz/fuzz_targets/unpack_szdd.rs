//! The target `unpack_szdd` for cargo-fuzz.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| gatepost_test_fuzz::targets::archives::unpack_szdd::target(octets));
