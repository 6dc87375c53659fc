//! Every bomb ends within its budget, and says so.

use gatepost_test_bombs::archive_bombs;
use gatepost_unpack::{Limits, Passwords};

use crate::look_with;

/// Small, so that all bombs together take seconds.
const LIMITS: Limits = Limits {
    depth: 10,
    members: 2_000,
    member_octets: 4 * 1024 * 1024,
    total_octets: 24 * 1024 * 1024,
    ratio: 200,
    resident_octets: 32 * 1024 * 1024,
    document_depth: 5,
};

/// Members that are as they should be: a bomb by its count or its shape alone may end well.
const MAY_END_WELL: &[&str] = &[
    "gzip-500000-empty-members",
    "zstd-skipped-frames",
    "gzip-endless-name",
    "tar-long-names",
    "zip-names-of-64-kib",
    "iso-wide-tree",
    "iso-root-in-itself",
    "eml-100000-parts",
    "eml-200-levels",
    "zstd-size-of-16-eib",
    "tar-pax-record-of-no-length",
    "zip-member-is-the-zip",
    "mbox-1000000-messages",
    "all-containers-in-a-row",
];

#[test]
fn there_are_enough_bombs_and_each_has_a_name_of_its_own() {
    let mut names: Vec<_> = archive_bombs().map(|bomb| bomb.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(count >= 60, "{count}");
}

#[test]
fn every_bomb_stays_within_its_budget_and_is_never_clean() {
    let mut clean = Vec::new();
    for bomb in archive_bombs() {
        let octets = (bomb.make)();
        let seen = look_with(&octets, b"", &Passwords::default(), LIMITS, &());
        let out = seen.octets - octets.len() as u64;
        // One buffer may pass the sum before it is counted.
        let most = LIMITS.total_octets + LIMITS.member_octets + octets.len() as u64;
        assert!(out <= most, "{}: {out} octets", bomb.name);
        assert!(seen.specimens.len() <= 2_001 + 1, "{}: {}", bomb.name, seen.specimens.len());
        if !seen.is_never_clean() && !MAY_END_WELL.contains(&bomb.name) {
            clean.push(bomb.name);
        }
    }
    assert!(clean.is_empty(), "passed as clean: {clean:?}");
}
