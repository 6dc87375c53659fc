//! The target `document_xml` for cargo-fuzz.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| gatepost_test_fuzz::targets::documents::document_xml::target(octets));
