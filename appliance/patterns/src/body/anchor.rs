//! Which octets of a body are looked for in the one pass over a specimen.
//!
//! Best are four octets side by side that are rare; a body that has none is looked for by two. An
//! octet of a few kinds (a letter of any case, an alternative) stands for each of them.

use super::element::Element;
use super::grams::fold;
use super::segment::Body;
use crate::limits;

/// A gram: four or two octets as a little-endian number.
pub(super) type Gram = u32;

/// Where a body is anchored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Anchor {
    pub(super) segment: usize,
    pub(super) element: usize,
    /// All grams that may stand there.
    pub(super) grams: Vec<Gram>,
    /// Octets of a gram: 4 or 2.
    pub(super) width: usize,
}

/// How often each gram was seen in bodies so far, by its hash: a body shall not take a gram that
/// many others have.
pub(super) struct Crowd {
    counts: Vec<u16>,
}

const CROWD_BITS: u32 = 18;

impl Default for Crowd {
    fn default() -> Self {
        Crowd { counts: vec![0; 1 << CROWD_BITS] }
    }
}

impl Crowd {
    fn slot(gram: Gram) -> usize {
        (hash(gram) >> (32 - CROWD_BITS)) as usize
    }

    fn add(&mut self, gram: Gram) {
        if let Some(count) = self.counts.get_mut(Crowd::slot(gram)) {
            *count = count.saturating_add(1);
        }
    }

    fn of(&self, gram: Gram) -> u32 {
        self.counts.get(Crowd::slot(gram)).copied().unwrap_or_default().into()
    }
}

/// Spreads grams over 32 bits; the upper bits are the good ones (Knuth's multiplicative hash).
#[inline]
pub(super) fn hash(gram: Gram) -> u32 {
    gram.wrapping_mul(0x9e37_79b1)
}

/// Which part of a body may hold the anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Any,
    /// What follows the last gap of changing size: a match is counted for each place of it.
    Last,
}

/// Chooses the anchor of a body; none when it has no two fixed octets side by side.
pub(super) fn choose(body: &Body, part: Part, crowd: &mut Crowd) -> Option<Anchor> {
    let best = best(body, part, 4, crowd).or_else(|| best(body, part, 2, crowd))?;
    for gram in &best.grams {
        crowd.add(*gram);
    }
    Some(best)
}

fn best(body: &Body, part: Part, width: usize, crowd: &Crowd) -> Option<Anchor> {
    let first_segment = if part == Part::Last { body.segments.len().saturating_sub(1) } else { 0 };
    let mut best: Option<(i64, Anchor)> = None;
    for (segment, elements) in body.segments.iter().enumerate().skip(first_segment) {
        let first = if part == Part::Last { behind_last_gap(elements) } else { 0 };
        for element in first..elements.len().saturating_sub(width - 1) {
            let window = elements.get(element..element + width).unwrap_or_default();
            let Some(grams) = grams(window) else { continue };
            let crowded = grams.iter().map(|gram| crowd.of(*gram)).max().unwrap_or_default();
            let score = rarity(&grams, width) - 8 * i64::from(u32::BITS - crowded.leading_zeros());
            if best.as_ref().is_none_or(|(most, _)| score > *most) {
                best = Some((score, Anchor { segment, element, grams, width }));
            }
        }
    }
    best.map(|(_, anchor)| anchor)
}

fn behind_last_gap(elements: &[Element]) -> usize {
    let is_gap =
        |element: &Element| matches!(element, Element::Gap(least, most) if Some(*least) != *most);
    elements.iter().rposition(is_gap).map_or(0, |at| at + 1)
}

/// All grams of a window, folded as the table of grams has them; none when there are too many.
fn grams(window: &[Element]) -> Option<Vec<Gram>> {
    let mut all: Vec<Gram> = vec![0];
    for (element, shift) in window.iter().zip((0..).step_by(8)) {
        let mut octets = kinds(element)?;
        octets.iter_mut().for_each(|octet| *octet &= fold(0xff) as u8);
        octets.sort_unstable();
        octets.dedup();
        if all.len().saturating_mul(octets.len()) > limits::ANCHOR_GRAMS {
            return None;
        }
        let with = |gram: &Gram| {
            let gram = *gram;
            octets.iter().map(move |octet| gram | u32::from(*octet) << shift).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(with).collect();
        all.sort_unstable();
        all.dedup();
    }
    Some(all)
}

/// The octets that may stand for an element of one octet.
fn kinds(element: &Element) -> Option<Vec<u8>> {
    match element {
        Element::Octet(value, 0xff) => Some(vec![*value]),
        Element::Octet(value, mask) if mask.count_zeros() <= 4 => {
            Some((0..=255).filter(|octet| octet & mask == value & mask).collect())
        }
        Element::Set(set) if !set.is_negated => {
            let one = |run: &Vec<(u8, u8)>| match run.as_slice() {
                [(value, 0xff)] => Some(*value),
                _ => None,
            };
            let mut octets = set.alternatives.iter().map(one).collect::<Option<Vec<u8>>>()?;
            octets.sort_unstable();
            octets.dedup();
            Some(octets)
        }
        _ => None,
    }
}

/// How rare grams are in files, in eighths of bits: the rarest octets count most, the same octet
/// again counts little, each further gram costs.
fn rarity(grams: &[Gram], width: usize) -> i64 {
    let one = |gram: &Gram| {
        let octets = gram.to_le_bytes();
        let mut last = None;
        octets.iter().take(width).fold(0, |sum, octet| {
            let again = last.replace(*octet) == Some(*octet);
            sum + if again { 4 } else { weight(*octet) }
        })
    };
    let least = grams.iter().map(one).min().unwrap_or_default();
    least - 8 * i64::from(grams.len().ilog2())
}

/// About minus the binary logarithm of how often a folded octet stands in programs and texts, in
/// eighths.
fn weight(octet: u8) -> i64 {
    match octet {
        // A space folds to 0.
        0 => 10,
        b'E' | b'T' | b'A' | b'O' | b'I' | b'N' | b'S' | b'R' => 30,
        0xdf | b'\n' | b'\r' => 34,
        b'A'..=b'Z' => 38,
        // Digits and most signs fold into the lower half.
        0x10..=0x1f | 1..=0x0f | 0x8b => 46,
        _ => 58,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::element::{Modifiers, parse};

    fn anchor(text: &str, part: Part) -> Option<Anchor> {
        let body = Body::of(parse(text, Modifiers::default()).unwrap());
        choose(&body, part, &mut Crowd::default())
    }

    #[test]
    fn rare_octets_are_taken_before_common_ones() {
        let anchor = anchor("00000000000000008bd7c39a20202020", Part::Any).unwrap();
        assert_eq!((anchor.element, anchor.width), (8, 4));
    }

    #[test]
    fn octets_of_a_few_kinds_stand_for_each() {
        let anchor = anchor("41(42|43)4b44", Part::Any).unwrap();
        assert_eq!((anchor.width, anchor.grams.len()), (4, 2));
        let any = Modifiers { ignores_case: true, ..Modifiers::default() };
        let body = Body::of(parse("61626364", any).unwrap());
        let anchor = choose(&body, Part::Any, &mut Crowd::default()).unwrap();
        assert_eq!((anchor.width, anchor.grams.len()), (4, 1));
    }

    #[test]
    fn a_short_body_is_looked_for_by_two_octets_and_none_by_one() {
        assert_eq!(anchor("41??4243??44", Part::Any).unwrap().width, 2);
        assert_eq!(anchor("41??42", Part::Any), None);
    }

    #[test]
    fn the_last_part_is_behind_the_last_gap_of_changing_size() {
        assert_eq!(anchor("8bd7c39a{2-5}61616161", Part::Last).unwrap().element, 5);
        assert_eq!(anchor("8bd7c39a*61{2}6262", Part::Last).unwrap().segment, 1);
        assert_eq!(anchor("8bd7c39a{2-5}61616161", Part::Any).unwrap().element, 0);
    }

    #[test]
    fn bodies_spread_over_their_grams() {
        let mut crowd = Crowd::default();
        let body = Body::of(parse("9183a5b7c9db", Modifiers::default()).unwrap());
        let places: Vec<usize> =
            (0..3).map(|_| choose(&body, Part::Any, &mut crowd).unwrap().element).collect();
        assert!(places.contains(&0) && places.contains(&1) && places.contains(&2), "{places:?}");
    }
}
