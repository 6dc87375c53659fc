//! Each format gives its members out, at any depth.

use gatepost_test_bombs::{CONTAINERS, PASSWORD};
use gatepost_unpack::{FactKind, Limits, Passwords};

use crate::{look, look_with, payload};

#[test]
fn every_open_container_gives_its_payload_and_says_nothing_else() {
    for container in CONTAINERS.iter().filter(|one| !one.is_encrypted) {
        let seen = look(&(container.make)("folder/letter.txt", &payload()));
        assert!(
            !seen.found.is_empty(),
            "{}: {:?} {:?}",
            container.name,
            seen.specimens,
            seen.facts
        );
        if container.name != "zip-without-directory" {
            assert!(!seen.is_never_clean(), "{}: {:?}", container.name, seen.facts);
        }
    }
}

#[test]
fn names_come_out_where_the_format_has_them() {
    const NAMELESS: &[&str] =
        &["gz", "gz-two-members", "zz", "bz2", "xz", "lzma", "lz", "zst", "Z", "ex_"];
    for container in CONTAINERS.iter().filter(|one| !one.is_encrypted) {
        let seen = look(&(container.make)("letter.txt", &payload()));
        let is_named = seen.found.iter().any(|place| place.ends_with("letter.txt"));
        assert_eq!(
            is_named,
            !NAMELESS.contains(&container.name),
            "{}: {:?}",
            container.name,
            seen.found
        );
    }
}

#[test]
fn small_and_empty_members_come_out_too() {
    for container in CONTAINERS.iter().filter(|one| !one.is_encrypted) {
        let octets = (container.make)("x", b"X");
        let seen = look_with(&octets, b"X", &Passwords::default(), Limits::default(), &());
        assert!(!seen.found.is_empty(), "{}: {:?}", container.name, seen.facts);
    }
}

#[test]
fn what_is_closed_is_never_clean_and_its_names_are_told() {
    for container in CONTAINERS.iter().filter(|one| one.is_encrypted) {
        let seen = look(&(container.make)("letter.txt", &payload()));
        assert!(seen.has(FactKind::Encrypted), "{}: {:?}", container.name, seen.facts);
        assert!(seen.found.is_empty(), "{}", container.name);
        let is_named = seen.specimens.iter().any(|(place, ..)| place.ends_with("letter.txt"));
        assert_eq!(is_named, !container.name.ends_with("header"), "{}", container.name);
    }
}

#[test]
fn a_password_of_the_message_opens_what_is_closed() {
    let text = format!("The password of the file is {PASSWORD}.");
    let passwords = Passwords::from_message(&[&text], "", &[], &[]);
    for container in CONTAINERS.iter().filter(|one| one.is_encrypted) {
        let octets = (container.make)("letter.txt", &payload());
        let seen = look_with(&octets, &payload(), &passwords, Limits::default(), &());
        assert!(!seen.found.is_empty(), "{}: {:?}", container.name, seen.facts);
        assert!(seen.has(FactKind::Opened), "{}", container.name);
        assert!(!seen.is_never_clean(), "{}: {:?}", container.name, seen.facts);
        let told = |word: &str| seen.facts.iter().any(|fact| fact.evidence.contains(word));
        assert!(!told(PASSWORD), "{}: a password stands in a fact", container.name);
    }
}

#[test]
fn wrong_passwords_open_nothing() {
    let wrong: Vec<String> = (0..3).map(|number| format!("wrong-{number}")).collect();
    let passwords = Passwords::from_message(&[], "", &[], &wrong);
    for container in CONTAINERS.iter().filter(|one| one.name.starts_with("zip") && one.is_encrypted)
    {
        let octets = (container.make)("letter.txt", &payload());
        let octets = look_with(&octets, &payload(), &passwords, Limits::default(), &());
        // "infected" is one of the common ones.
        assert!(!octets.found.is_empty(), "{}", container.name);
    }
}

#[test]
fn containers_in_containers_are_opened_to_the_depth_allowed() {
    let open: Vec<_> = CONTAINERS.iter().filter(|one| !one.is_encrypted).collect();
    for (first, container) in open.iter().enumerate() {
        let mut octets = payload();
        for level in 0..5 {
            let wrap = open[(first + level * 7) % open.len()];
            octets = (wrap.make)("inner.bin", &octets);
            let seen = look(&octets);
            assert!(
                !seen.found.is_empty() || seen.is_never_clean(),
                "{} at level {level} in {}: {:?}",
                container.name,
                wrap.name,
                seen.specimens
            );
        }
    }
}

#[test]
fn a_self_extracting_program_is_opened() {
    let mut program = b"MZ".to_vec();
    program.resize(4096, 0x90);
    program[0x3c] = 0x80;
    program[0x80..0x98]
        .copy_from_slice(b"PE\0\0\x4c\x01\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\xe0\0\x02\x01");
    program[0x98..0x9a].copy_from_slice(&[0x0b, 0x01]);
    for name in ["zip-deflated", "7z-lzma2", "rar-5-stored", "cab-mszip"] {
        let container = CONTAINERS.iter().find(|one| one.name == name).unwrap();
        let octets = [&program[..], &(container.make)("a.txt", &payload())].concat();
        let seen = look(&octets);
        assert!(!seen.found.is_empty(), "{name}: {:?} {:?}", seen.specimens, seen.facts);
    }
}

#[test]
fn the_same_octets_give_the_same_specimens_and_facts() {
    for container in CONTAINERS {
        let octets = (container.make)("a", &payload());
        let (one, other) = (look(&octets), look(&octets));
        assert_eq!(one.specimens, other.specimens, "{}", container.name);
        assert_eq!(one.facts, other.facts, "{}", container.name);
    }
}
