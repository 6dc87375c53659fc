//! Zips that two unpackers read differently.

use gatepost_test_bombs::{zip_entry, zip_of};
use gatepost_unpack::FactKind;
use zip::CompressionMethod;

use crate::{look, payload};

fn end(count: u16, octets: usize, at: usize) -> Vec<u8> {
    let mut out = b"PK\x05\x06\0\0\0\0".to_vec();
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(u32::try_from(octets).unwrap().to_le_bytes());
    out.extend(u32::try_from(at).unwrap().to_le_bytes());
    out.extend([0, 0]);
    out
}

fn assert_disagrees(zip: &[u8], why: &str) {
    let seen = look(zip);
    assert!(!seen.found.is_empty(), "{why}: {:?} {:?}", seen.specimens, seen.facts);
    assert!(seen.has(FactKind::Disagreement), "{why}: {:?}", seen.facts);
}

#[test]
fn a_member_that_only_a_local_header_knows_is_found() {
    let hidden = zip_entry("hidden.exe", &payload());
    let shown = zip_entry("shown.txt", b"harmless");
    let mut zip = hidden.local();
    let at = zip.len();
    zip.extend(shown.local());
    let central_at = zip.len();
    let central = shown.central(at);
    zip.extend(&central);
    zip.extend(end(1, central.len(), central_at));
    assert_disagrees(&zip, "before");

    let mut zip = shown.local();
    zip.extend(hidden.local());
    let central_at = zip.len();
    let central = shown.central(0);
    zip.extend(&central);
    zip.extend(end(1, central.len(), central_at));
    assert_disagrees(&zip, "after");
}

#[test]
fn two_names_for_one_member_are_told_and_both_seen() {
    let local = zip_entry("letter.txt", &payload());
    let central = zip_entry("letter.exe", &payload());
    let mut zip = local.local();
    let at = zip.len();
    let entry = central.central(0);
    zip.extend(&entry);
    zip.extend(end(1, entry.len(), at));
    let seen = look(&zip);
    assert!(seen.has(FactKind::Disagreement));
    for name in ["letter.txt", "letter.exe"] {
        assert!(seen.found.iter().any(|place| place.ends_with(name)), "{name}: {:?}", seen.found);
    }
}

#[test]
fn two_methods_for_one_member_are_both_tried() {
    let stored = zip_entry("a", &payload());
    let mut other = stored.clone();
    other.method = 8;
    let mut zip = stored.local();
    let at = zip.len();
    let entry = other.central(0);
    zip.extend(&entry);
    zip.extend(end(1, entry.len(), at));
    assert_disagrees(&zip, "central says deflated");
}

#[test]
fn a_smaller_size_in_the_directory_hides_nothing() {
    let whole = zip_entry("a", &payload());
    let small = zip_entry("a", b"x");
    let mut zip = whole.local();
    let at = zip.len();
    let entry = small.central(0);
    zip.extend(&entry);
    zip.extend(end(1, entry.len(), at));
    assert_disagrees(&zip, "sizes");
}

#[test]
fn two_zips_in_one_file_are_both_opened() {
    let hidden = zip_of("hidden.txt", &payload(), CompressionMethod::Deflated);
    let shown = zip_of("shown.txt", b"harmless", CompressionMethod::Deflated);
    assert_disagrees(&[&hidden[..], &shown].concat(), "first");
    assert_disagrees(&[&shown[..], &hidden].concat(), "second");
}

#[test]
fn a_zip_behind_other_octets_is_opened_and_told() {
    let zip = zip_of("a.txt", &payload(), CompressionMethod::Deflated);
    let seen = look(&[b"PK\x03\x04 this is no header of a zip", &zip[..]].concat());
    assert!(!seen.found.is_empty(), "{:?} {:?}", seen.specimens, seen.facts);
    assert!(seen.has(FactKind::Disagreement));
}

#[test]
fn octets_after_the_end_are_told_and_line_ends_are_not() {
    let zip = zip_of("a.txt", &payload(), CompressionMethod::Deflated);
    assert!(look(&[&zip[..], b"more"].concat()).has(FactKind::Disagreement));
    assert!(!look(&[&zip[..], b"\r\n"].concat()).is_never_clean());
}

#[test]
fn a_directory_of_zeros_is_no_directory() {
    let mut zip = zip_of("a.txt", &payload(), CompressionMethod::Deflated);
    let at = zip.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    zip[at..].fill(0);
    let seen = look(&zip);
    assert!(!seen.found.is_empty() && seen.is_never_clean(), "{:?}", seen.facts);
}

#[test]
fn a_wrong_checksum_is_damage() {
    let mut entry = zip_entry("a", &payload());
    entry.crc32 ^= 1;
    let mut zip = entry.local();
    let at = zip.len();
    let central = entry.central(0);
    zip.extend(&central);
    zip.extend(end(1, central.len(), at));
    let seen = look(&zip);
    assert!(seen.has(FactKind::Broken) && !seen.found.is_empty(), "{:?}", seen.facts);
}

#[test]
fn no_name_of_a_member_is_a_path_or_breaks_a_line() {
    for name in ["../../etc/passwd", "a\r\nb", "C:\\x", "/abs", ""] {
        let seen = look(&zip_of(name, &payload(), CompressionMethod::Stored));
        assert!(seen.specimens.iter().all(|(place, ..)| !place.contains(['\r', '\n'])), "{name:?}");
        assert!(!seen.found.is_empty(), "{name:?}");
    }
}
