//! Each limit ends what it should, and no more.

use std::cell::Cell;

use gatepost_test_bombs::{CONTAINERS, gzip_of_zeros, zip_of};
use gatepost_unpack::{FactKind, Limits, Passwords, Stopwatch};
use zip::CompressionMethod;

use crate::{look_with, payload};

fn within(octets: &[u8], limits: Limits) -> crate::Seen {
    look_with(octets, &payload(), &Passwords::default(), limits, &())
}

fn deep(levels: usize) -> Vec<u8> {
    (0..levels).fold(payload(), |inner, _| zip_of("a.zip", &inner, CompressionMethod::Stored))
}

#[test]
fn depth_counts_containers() {
    let limits = Limits { depth: 3, ..Limits::default() };
    let seen = within(&deep(3), limits);
    assert!(!seen.found.is_empty() && !seen.has(FactKind::Limit), "{:?}", seen.facts);
    let seen = within(&deep(4), limits);
    assert!(seen.has(FactKind::Limit));
}

#[test]
fn members_are_counted_over_all_containers() {
    let zip = CONTAINERS.iter().find(|one| one.name == "zip-deflated").unwrap();
    let seen = within(&(zip.make)("a", &deep(2)), Limits { members: 2, ..Limits::default() });
    assert!(seen.has(FactKind::Limit));
    let seen = within(&(zip.make)("a", &deep(2)), Limits { members: 3, ..Limits::default() });
    assert!(!seen.has(FactKind::Limit) && !seen.found.is_empty());
}

#[test]
fn a_member_over_its_limit_is_cut_and_the_next_one_is_seen() {
    let large = vec![b'x'; 100_000];
    let gz = CONTAINERS.iter().find(|one| one.name == "gz").unwrap();
    let zip = CONTAINERS.iter().find(|one| one.name == "zip-deflated").unwrap();
    let inner = [(gz.make)("", &large), (zip.make)("small.txt", &payload())];
    for octets in &inner {
        let seen = within(octets, Limits { member_octets: 50_000, ..Limits::default() });
        let is_large = octets == &inner[0];
        assert_eq!(seen.has(FactKind::Limit), is_large, "{:?}", seen.facts);
        assert!(seen.specimens.iter().all(|(_, is_member, size)| !is_member || *size <= 50_000));
    }
}

#[test]
fn the_ratio_ends_what_grows_too_well() {
    let seen = within(&gzip_of_zeros(64), Limits { ratio: 20, ..Limits::default() });
    assert!(seen.has(FactKind::Limit), "{:?}", seen.facts);
    assert!(seen.octets < 4 * 1024 * 1024, "{}", seen.octets);
}

#[test]
fn all_members_together_have_a_limit() {
    let limits = Limits { total_octets: 3_000_000, ratio: u32::MAX, ..Limits::default() };
    let seen = within(&gzip_of_zeros(64), limits);
    assert!(seen.has(FactKind::Limit));
}

#[test]
fn memory_has_a_limit() {
    let limits = Limits { resident_octets: 1_000_000, ratio: u32::MAX, ..Limits::default() };
    let seen = within(&gzip_of_zeros(64), limits);
    assert!(seen.has(FactKind::Limit), "{:?}", seen.facts);
    assert!(seen.octets < 2_000_000, "{}", seen.octets);
}

/// Over after so many questions.
struct After(Cell<u32>);

impl Stopwatch for After {
    fn is_over(&self) -> bool {
        self.0.set(self.0.get().saturating_sub(1));
        self.0.get() == 0
    }
}

#[test]
fn time_ends_everything_once() {
    for container in CONTAINERS.iter().filter(|one| !one.is_encrypted) {
        let octets = (container.make)("a", &payload());
        let watch = After(Cell::new(1));
        let seen = look_with(&octets, &payload(), &Passwords::default(), Limits::default(), &watch);
        let limits = seen.facts.iter().filter(|fact| fact.kind == FactKind::Limit).count();
        assert_eq!(limits, 1, "{}: {:?}", container.name, seen.facts);
    }
}
