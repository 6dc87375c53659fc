//! Walks over code, forward and backward, against what a naive matcher finds.

use proptest::prelude::*;

use super::*;
use crate::body::element::{Modifiers, parse};

fn walk(body: &str, octets: &[u8], from: usize, way: Way) -> Vec<usize> {
    let code = encode(&parse(body, Modifiers::default()).unwrap(), way == Way::Backward);
    let mut work = Work::new(1_000_000);
    let mut walker = Walker::default();
    let spans = walker.walk(&code, octets, from, way, &mut work);
    spans.iter().flat_map(|(low, high)| *low..=*high).collect()
}

/// Every place where an end of the body may be, by trying everything.
fn naive(elements: &[Element], octets: &[u8], place: usize) -> Vec<usize> {
    let Some((first, rest)) = elements.split_first() else { return vec![place] };
    let targets: Vec<usize> = match first {
        Element::Octet(value, mask) => {
            let fits = octets.get(place).is_some_and(|seen| seen & mask == value & mask);
            fits.then_some(place + 1).into_iter().collect()
        }
        Element::Gap(least, Some(most)) => (*least as usize..=*most as usize)
            .map(|gap| place + gap)
            .filter(|place| *place <= octets.len())
            .collect(),
        Element::Set(set) => {
            let fits = |one: &&Vec<(u8, u8)>| {
                let seen = octets.get(place..place + one.len());
                seen.is_some_and(|seen| {
                    seen.iter().zip(one.iter()).all(|(seen, octet)| seen & octet.1 == octet.0)
                })
            };
            if set.is_negated {
                let end = place + set.alternatives[0].len();
                let none = end <= octets.len() && !set.alternatives.iter().any(|one| fits(&one));
                none.then_some(end).into_iter().collect()
            } else {
                set.alternatives.iter().filter(fits).map(|one| place + one.len()).collect()
            }
        }
        _ => unreachable!(),
    };
    let mut all: Vec<usize> =
        targets.into_iter().flat_map(|target| naive(rest, octets, target)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn body() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "6[123]",
        1 => Just("??".to_owned()),
        1 => Just("6?".to_owned()),
        1 => Just("{1-3}".to_owned()),
        1 => Just("{-2}".to_owned()),
        1 => Just("(61|6262|6361)".to_owned()),
        1 => Just("!(61|62)".to_owned()),
        1 => Just("!(6161|6263)".to_owned()),
    ];
    proptest::collection::vec(piece, 1..7).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_walk_finds_what_trying_everything_finds(body in body(), octets in "[abc]{0,12}", from in 0_usize..12) {
        let octets = octets.as_bytes();
        let from = from.min(octets.len());
        let elements = parse(&body, Modifiers::default()).unwrap();
        prop_assert_eq!(walk(&body, octets, from, Way::Forward), naive(&elements, octets, from));
        let starts: Vec<usize> = (0..=octets.len())
            .filter(|start| naive(&elements, octets, *start).contains(&from))
            .collect();
        prop_assert_eq!(walk(&body, octets, from, Way::Backward), starts);
    }

    #[test]
    fn damaged_code_never_panics(code in proptest::collection::vec(any::<u8>(), 0..40), from in 0_usize..9) {
        for way in [Way::Forward, Way::Backward] {
            Walker::default().walk(&code, b"abcabcab", from, way, &mut Work::new(10_000));
        }
    }
}

#[test]
fn edges_are_those_seen_at_clamscan() {
    let stands_before = |kind, octet: u8| {
        stands(Edge { kind, is_end: false, is_negated: false }, &[octet, b'A'], 1)
    };
    let stands_after =
        |kind, octets: &[u8]| stands(Edge { kind, is_end: true, is_negated: false }, octets, 0);
    let before: Vec<u8> = (0..=255).filter(|octet| stands_before(EdgeKind::Word, *octet)).collect();
    assert_eq!(before, [0x20, 0x2d, 0x2e, 0x2f, 0x3c, 0x40, 0x5f]);
    let after: Vec<u8> =
        (0..=255).filter(|octet| stands_after(EdgeKind::Word, &[*octet])).collect();
    assert_eq!(after, [0x0a, 0x0d, 0x20, 0x22, 0x27, 0x2d, 0x2f, 0x3d, 0x3e, 0x5f]);
    assert!(stands_after(EdgeKind::Line, b"\r\n") && !stands_after(EdgeKind::Line, b"\rx"));
    assert!(stands_after(EdgeKind::Line, b"") && stands_before(EdgeKind::Line, b'\n'));
    assert!(stands_after(EdgeKind::FullWide, b"a") && !stands_after(EdgeKind::FullWide, b"a\0"));
}

#[test]
fn a_gap_of_millions_costs_no_more_than_its_window() {
    let octets = vec![b'a'; 100_000];
    let code = encode(&parse("61{0-90000}61{0-90000}62", Modifiers::default()).unwrap(), false);
    let mut work = Work::new(10_000_000);
    assert!(Walker::default().walk(&code, &octets, 0, Way::Forward, &mut work).is_empty());
    assert!(!work.is_over());
}

#[test]
fn work_that_is_over_is_told() {
    let octets = vec![b'a'; 10_000];
    let code = encode(&parse("61{0-9000}6?{0-9000}62", Modifiers::default()).unwrap(), false);
    let mut work = Work::new(100);
    assert!(Walker::default().walk(&code, &octets, 0, Way::Forward, &mut work).is_empty());
    assert!(work.is_over());
}
