//! Hash databases, from their lines to their hits.

use proptest::prelude::*;

use super::table::{ANY_SIZE, Builder, Table};
use super::*;
use crate::executables::tests::{Program, importing};
use crate::trial::{found, hits_in, pack, scanner};
use unpack::{Origin, Specimen};

fn md5(octets: &[u8]) -> String {
    use md5::Digest;
    hex(&md5::Md5::digest(octets))
}

fn sha1(octets: &[u8]) -> String {
    use sha1::Digest;
    hex(&sha1::Sha1::digest(octets))
}

fn sha256(octets: &[u8]) -> String {
    use sha2::Digest;
    hex(&sha2::Sha256::digest(octets))
}

const FILE: &[u8] = b"a file that is known to be bad";

#[test]
fn a_file_is_found_by_each_algorithm_with_its_size_and_without() {
    let size = FILE.len();
    for hash in [md5(FILE), sha1(FILE), sha256(FILE), md5(FILE).to_uppercase()] {
        let mut sized = scanner(&[("a.hsb", &format!("{hash}:{size}:Bad"))]);
        assert_eq!(found(&mut sized, FILE), ["Bad"]);
        let mut any = scanner(&[("a.hsb", &format!("{hash}:*:Bad:73"))]);
        assert_eq!(found(&mut any, FILE), ["Bad"]);
        let mut other = scanner(&[("a.hsb", &format!("{hash}:{}:Bad", size + 1))]);
        assert_eq!(found(&mut other, FILE), [""; 0]);
    }
}

#[test]
fn a_hit_says_where_it_comes_from_and_what_was_seen() {
    let text = format!("# comment\n{}:{}:Win.Adware.X-1", md5(FILE), FILE.len());
    let mut scanner = scanner(&[("daily.hdb", &text)]);
    let hits = hits_in(&mut scanner, FILE, Origin::Part, "x", None);
    assert_eq!(hits[0].source, "daily.hdb:2");
    assert_eq!(hits[0].class, crate::Class::Grayware(mail::Grayware::Adware));
    assert!(hits[0].evidence.contains(&md5(FILE)));
}

#[test]
fn bad_lines_are_told_with_their_reason_and_cost_no_other_line() {
    let good = format!("{}:{}:Good", md5(FILE), FILE.len());
    let lines = [
        "12:3:Short",
        "zz:3:NoHex",
        "x",
        &format!("{}:*:NoLevel", md5(FILE)),
        &format!("{}:-1:Size", md5(FILE)),
        &good,
    ];
    let (pack, report) = pack(&[("a.hdb", &lines.join("\n"))]);
    assert_eq!(report.problems.len(), 5, "{:?}", report.problems);
    assert_eq!(found(&mut crate::Scanner::new(pack).unwrap(), FILE), ["Good"]);
}

#[test]
fn lines_for_other_engines_are_left_out() {
    let (hash, size) = (md5(FILE), FILE.len());
    let text = format!("{hash}:{size}:New:9999\n{hash}:{size}:Old:1:50");
    let (pack, report) = pack(&[("a.hdb", &text)]);
    assert_eq!((report.other_level, report.problems.len()), (2, 0));
    assert_eq!(found(&mut crate::Scanner::new(pack).unwrap(), FILE), [""; 0]);
}

#[test]
fn a_section_is_found_by_its_hash() {
    let file = Program::plain().build();
    let data = [7; 0x200];
    for (name, line) in [
        ("a.mdb", format!("512:{}:Sect.Data", md5(&data))),
        ("a.msb", format!("512:{}:Sect.Data", sha256(&data))),
        ("a.msb", format!("*:{}:Sect.Data:73", sha1(&data))),
    ] {
        assert_eq!(found(&mut scanner(&[(name, &line)]), &file), ["Sect.Data"], "{line}");
    }
    let mut other = scanner(&[("a.mdb", &format!("511:{}:Sect.Data", md5(&data)))]);
    assert_eq!(found(&mut other, &file), [""; 0]);
}

#[test]
fn a_hundred_sections_over_the_same_octets_are_not_hashed_without_end() {
    let mut program = Program::plain();
    program.parts[1].octets = vec![1; 0x10_000];
    program.parts[1].said = 0x10_000;
    let part = |number: u32| crate::executables::tests::Part {
        address: 0x2000 + number * 0x10_000,
        raw: 0x800,
        said: 0x10_000,
        octets: vec![],
    };
    program.parts.extend((1..90).map(part));
    let mut scanner = scanner(&[("a.msb", &format!("*:{}:X:73", sha256(b"x")))]);
    assert_eq!(found(&mut scanner, &program.build()), ["Patterns.Undecided"]);
}

#[test]
fn imports_are_found_by_their_hash() {
    let file = importing(
        &[("KERNEL32.dll", &["CreateFileA", "ExitProcess"]), ("USER32.DLL", &["MessageBoxA"])],
        false,
    );
    let mut scanner = scanner(&[("a.imp", "063b67937c4a0795ba1ad02cb376997c:60:Imports.Bad")]);
    assert_eq!(found(&mut scanner, &file), ["Imports.Bad"]);
}

#[test]
fn what_is_known_to_be_good_is_no_hit_and_neither_is_what_came_out_of_it() {
    let (bad, good) =
        (format!("{}:{}:Bad", md5(FILE), FILE.len()), b"an archive that is known to be good");
    let allow = format!("{}:{}:Good", sha1(good), good.len());
    let mut scanner = scanner(&[("a.hdb", &bad), ("a.sfp", &allow)]);
    assert_eq!(found(&mut scanner, FILE), ["Bad"]);
    let types = filetype::Types::of(filetype::kinds::UNKNOWN);
    let parent = Specimen {
        place: "1",
        name: "",
        origin: Origin::Part,
        types: &types,
        octets: good,
        depth: 0,
        parent: None,
    };
    assert_eq!(hits_in(&mut scanner, FILE, Origin::Stream, "x", Some(&parent)), []);
    let text = format!("{}:{}:Good", md5(FILE), FILE.len());
    let mut scanner = self::scanner(&[("a.hdb", &bad), ("a.fp", &text)]);
    assert_eq!(found(&mut scanner, FILE), [""; 0]);
}

#[test]
fn ignored_names_are_left_out() {
    let line = format!("{}:{}:Bad", md5(FILE), FILE.len());
    assert_eq!(found(&mut scanner(&[("a.hdb", &line), ("local.ign2", "Bad")]), FILE), [""; 0]);
}

#[test]
fn a_list_of_hashes_may_have_names_and_comments() {
    let text = format!("{}\n{} Win.Trojan.Own # from the forum", sha256(b"x"), sha256(FILE));
    let mut scanner = scanner(&[("own.sha256list", &text)]);
    assert_eq!(found(&mut scanner, FILE), ["Win.Trojan.Own"]);
    assert_eq!(found(&mut scanner, b"x"), ["Listed.File"]);
}

#[test]
fn a_damaged_table_finds_nothing_and_does_not_panic() {
    let mut builder = Builder::default();
    for number in 0..100_u32 {
        builder.add(
            number % 7,
            md5::Digest::finalize(md5::Digest::chain_update(
                <md5::Md5 as md5::Digest>::new(),
                number.to_le_bytes(),
            ))
            .to_vec(),
            number,
        );
    }
    let section = builder.finish(Algorithm::Md5);
    for length in 0..section.len() {
        assert!(Table::open(&section[..length], Algorithm::Md5).is_none());
    }
    for at in 0..section.len().min(120) {
        let mut bad = section.clone();
        bad[at] ^= 0xff;
        if let Some(table) = Table::open(&bad, Algorithm::Md5) {
            for size in [0, 3, 6, 0xff, ANY_SIZE] {
                let _ = table.find(&table.rows(size), &[0; 16]).count();
            }
        }
    }
}

proptest! {
    #[test]
    fn a_table_finds_exactly_what_was_added(rows in proptest::collection::vec((0_u32..20, any::<[u8; 16]>(), any::<bool>()), 1..200)) {
        let mut builder = Builder::default();
        for (number, (size, hash, is_any)) in rows.iter().enumerate() {
            builder.add(if *is_any { ANY_SIZE } else { *size }, hash.to_vec(), number as u32);
        }
        let section = builder.finish(Algorithm::Md5);
        let table = Table::open(&section, Algorithm::Md5).unwrap();
        for (size, hash, is_any) in &rows {
            let number = table.find(&table.rows(*size), hash).next().unwrap();
            prop_assert_eq!(rows[number as usize].1, *hash);
            let elsewhere = table.find(&table.rows(99), hash).next();
            prop_assert_eq!(elsewhere.is_some(), rows.iter().any(|row| row.1 == *hash && row.2) || (*is_any));
        }
        prop_assert_eq!(table.find(&table.rows(1), &[0xaa; 16]).next(), None);
    }
}
