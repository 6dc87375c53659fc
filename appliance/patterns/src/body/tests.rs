//! Body signatures from the line to the hit.

use std::sync::Arc;

use filetype::{FileType, Types};
use unpack::{Origin, Specimen};

use crate::{CompileOptions, Hit, Pack, Scanner, Source, compile};

fn scanner(sources: &[(&str, &str)]) -> Scanner {
    let sources: Vec<Source> =
        sources.iter().map(|(name, text)| Source::new(*name, text.as_bytes().to_vec())).collect();
    let compiled = compile(&sources, &CompileOptions::default()).unwrap();
    assert_eq!(compiled.report.problems, []);
    Scanner::new(Pack::open(Arc::new(compiled.octets)).unwrap()).unwrap()
}

fn hits(scanner: &mut Scanner, octets: &[u8], kind: &str) -> Vec<Hit> {
    let types = Types::of(FileType::named(kind).unwrap_or(filetype::kinds::UNKNOWN));
    let specimen = Specimen {
        place: "1/a",
        name: "a",
        origin: Origin::Part,
        types: &types,
        octets,
        depth: 0,
        parent: None,
    };
    let mut hits = Vec::new();
    scanner.begin();
    scanner.scan(&specimen, &mut hits);
    hits
}

fn names(scanner: &mut Scanner, octets: &[u8]) -> Vec<String> {
    let mut names: Vec<String> =
        hits(scanner, octets, "unknown").into_iter().map(|hit| hit.name).collect();
    names.sort();
    names
}

fn found(line: &str, octets: &[u8]) -> bool {
    let file = if line.contains(';') { "a.ldb" } else { "a.ndb" };
    !names(&mut scanner(&[(file, line)]), octets).is_empty()
}

#[test]
fn a_hit_tells_name_place_source_and_evidence() {
    let mut scanner = scanner(&[("own.ndb", "# comment\nWin.Test-1:0:*:68656c6c6f\n")]);
    let hits = hits(&mut scanner, b"--hello", "unknown");
    assert_eq!(hits.len(), 1);
    assert_eq!((hits[0].name.as_str(), hits[0].place.as_str()), ("Win.Test-1", "1/a"));
    assert_eq!(hits[0].source, "own.ndb:2");
    assert_eq!(hits[0].evidence, "its octets stand at 2");
}

#[test]
fn bodies_match_where_they_may() {
    for (line, octets, expected) in [
        ("A:0:*:68656c6c6f", &b"hello"[..], true),
        ("A:0:*:68656c6c6f", b"hell", false),
        ("A:0:*:6865??6c6f", b"-heXlo", true),
        ("A:0:*:6865*6c6f21", b"he------lo!", true),
        ("A:0:*:6865*6c6f21", b"lo!------he", false),
        ("A:0:*:6865{2-3}6c6f21", b"he--lo!", true),
        ("A:0:*:6865{2-3}6c6f21", b"he----lo!", false),
        ("A:0:*:6865{2-3}6c6f21", b"he-he--lo!", true),
        ("A:0:2:68656c", b"--hel", true),
        ("A:0:2:68656c", b"-hel", false),
        ("A:0:EOF-3:68656c", b"-hel", true),
        ("A:0:1,2:68656c", b"---hel", true),
        ("A:0:1,2:68656c", b"----hel", false),
        ("A:0:0:6865*6c6f21", b"he--lo!", true),
        ("A:0:0:6865*6c6f21", b"-he--lo!", false),
        ("A:0:*:(68|78)656c6c", b"xell", true),
        ("A:0:*:!(68|78)656c6c", b"xell", false),
        ("A:0:*:686c(6161|62)6d6e", b"hlbmn", true),
        ("A:0:*:6865", b"he", true),
    ] {
        assert_eq!(found(line, octets), expected, "{line} in {octets:?}");
    }
}

#[test]
fn logical_signatures_count_compare_and_negate() {
    for (line, octets, expected) in [
        ("A;Target:0;0&1;616161;626262", &b"aaa-bbb"[..], true),
        ("A;Target:0;0&1;616161;626262", b"aaa", false),
        ("A;Target:0;0=2;616161", b"aaaa", true),
        ("A;Target:0;0=2;616161", b"aaaaa", false),
        ("A;Target:0;0=2;616263{1-6}646566", b"abcXdefYdef", true),
        ("A;Target:0;0=0&1;616161;626262", b"bbb", true),
        ("A;Target:0;0=0;616161", b"nothing", true),
        ("A;Target:0;0;68656c6c6f::i", b"HeLLo", true),
        ("A;Target:0;0;68656c6c6f::w", b"h\0e\0l\0l\0o\0", true),
        ("A;Target:0;0;68656c6c6f::f", b"xhello", false),
        ("A;Target:0;0;68656c6c6f::f", b"-hello-", true),
        ("A;Target:0;0&1;544147;0(>>3#d2#=12)", b"TAG99 TAG12", true),
        ("A;Target:0;0&1;544147;0(>>3#d2#=12)", b"TAG12 TAG99", false),
        ("A;Target:0;0&1;544147;0/[0-9]+x/", b"TAG12x", true),
        ("A;Target:0;0&1;544147;0/[0-9]+x/", b"12x", false),
        ("A;Target:0,FileSize:3-4;0;616161", b"aaa", true),
        ("A;Target:0,FileSize:4-4;0;616161", b"aaa", false),
    ] {
        assert_eq!(found(line, octets), expected, "{line} in {octets:?}");
    }
}

#[test]
fn a_macro_is_a_member_of_its_group_near_the_subsignature_before() {
    let sources = [
        ("a.ldb", "M;Target:0;0&1;616161;${6-7}12$"),
        ("a.ndb", "D1:0:$12:626262\nD2:0:$12:636363"),
    ];
    let mut scanner = scanner(&sources);
    assert_eq!(names(&mut scanner, b"aaa---bbb"), ["M"]);
    assert_eq!(names(&mut scanner, b"aaa----ccc"), ["M"]);
    assert_eq!(names(&mut scanner, b"aaa-----bbb"), [""; 0]);
    assert_eq!(names(&mut scanner, b"bbb---aaa"), [""; 0]);
}

#[test]
fn target_types_and_normalised_texts_are_kept_apart() {
    let lines = "Pdf:10:*:68656c6c6f\nText:7:*:68656c6c6f20776f726c64\nHtml:3:*:3c62207366203e\nAny:0:*:48656c6c6f";
    let mut scanner = scanner(&[("a.ndb", lines)]);
    let mut of = |kind, octets: &[u8]| -> Vec<String> {
        hits(&mut scanner, octets, kind).into_iter().map(|hit| hit.name).collect()
    };
    assert_eq!(of("pdf", b"hello"), ["Pdf"]);
    assert_eq!(of("unknown", b"hello"), [""; 0]);
    assert_eq!(of("text", b"Hello \r\n  WORLD"), ["Any", "Text"]);
}

#[test]
fn results_do_not_depend_on_what_was_scanned_before() {
    let lines = "A:0:*:6865*6c6f21\nB:0:*:616161";
    let ldb = "C;Target:0;0=2;616161\nD;Target:0;0&1;616161;0/b+/";
    let mut used = scanner(&[("a.ndb", lines), ("a.ldb", ldb)]);
    let octets: [&[u8]; 4] = [b"he-lo!aaaa", b"aaa", b"aaaab", b""];
    let fresh: Vec<Vec<String>> = octets
        .iter()
        .map(|octets| names(&mut scanner(&[("a.ndb", lines), ("a.ldb", ldb)]), octets))
        .collect();
    for _ in 0..3 {
        let again: Vec<Vec<String>> =
            octets.iter().map(|octets| names(&mut used, octets)).collect();
        assert_eq!(again, fresh);
    }
    assert_eq!(fresh[0], ["A", "B", "C"]);
}

#[test]
fn work_without_end_is_told_as_undecided_and_never_as_clean() {
    let mut lines = String::new();
    for at in 0..200 {
        lines.push_str(&format!(
            "A{at}:0:*:61616161{{0-60000}}6{at:x}??{{0-60000}}7a7a7a{at:02x}\n",
            at = at % 16
        ));
    }
    let mut scanner = scanner(&[("a.ndb", &lines)]);
    let octets = vec![b'a'; 300_000];
    let hits = hits(&mut scanner, &octets, "unknown");
    assert!(hits.iter().any(|hit| hit.class == crate::Class::Undecided), "{hits:?}");
}

#[test]
fn lines_that_cannot_be_used_are_told_with_source_and_line() {
    let sources = [
        Source::new("a.ndb", b"Good:0:*:61626364\nBad:0:*:61\nOld:0:*:61626364:1:50\n".to_vec()),
        Source::new("b.ldb", b"Img;Target:0;0;fuzzy_img#aa#0\nBad;Target:0;0;6162;6364\n".to_vec()),
        Source::new("c.cbc", b"ClamBC".to_vec()),
        Source::new("d.ign2", b"Gone\n".to_vec()),
        Source::new("e.ndb", b"Gone:0:*:61626364\n".to_vec()),
    ];
    let report = compile(&sources, &CompileOptions::default()).unwrap().report;
    let places: Vec<(&str, u32)> =
        report.problems.iter().map(|problem| (problem.source.as_str(), problem.line)).collect();
    assert_eq!(places, [("a.ndb", 2), ("b.ldb", 2)]);
    assert_eq!(report.other_level, 1);
    assert_eq!(report.ignored, 1);
    assert_eq!(report.signatures, 1);
    assert_eq!(report.unsupported.get("bytecode"), Some(&1));
    assert_eq!(report.unsupported.get("a fuzzy hash of a picture"), Some(&1));
}

#[test]
fn a_pack_that_rots_never_panics() {
    let sources = [
        Source::new("a.ndb", b"A:0:*:68656c6c6f*776f726c64\nB:0:*:61(62|63)64{1-3}6566\n".to_vec()),
        Source::new("b.ldb", b"C;Target:0;0&1&2;616263;0(>>1#d2#=12);0/a+/\n".to_vec()),
    ];
    let good = compile(&sources, &CompileOptions::default()).unwrap().octets;
    let table = 32 + 24 * u32::from_le_bytes(good[12..16].try_into().unwrap()) as usize;
    // The table of bits is large and harmless: every octet of the rest.
    let places = (table..good.len()).filter(|at| good[*at] != 0 || at % 997 == 0);
    for at in places {
        for flip in [0x01, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            if let Ok(mut scanner) = Pack::open(Arc::new(bad)).and_then(Scanner::new) {
                hits(&mut scanner, b"hello world abcd-ef abc12aaa", "text");
            }
        }
    }
}
