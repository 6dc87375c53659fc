//! One body in a pack: a core with its anchor, and the segments before and behind it.
//!
//! The anchor is a place where octets of the core stand that the table of grams finds. A body whose
//! gaps all have an end is its core alone. For the others the best answers of the segments before
//! (the earliest end) and behind (the latest start) do not depend on where the core stands, so that
//! they are worked out once for a specimen.

use memchr::memmem;

use super::code::{Walker, Way, Work, encode, put_run_of, take_run};
use super::element::Element;
use crate::pack::{put_varint, take_varint};

/// A body, cut at its gaps without end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Body {
    pub(super) segments: Vec<Vec<Element>>,
    /// The least octets between one segment and the next; one less than segments.
    pub(super) gaps: Vec<u32>,
}

impl Body {
    pub(super) fn of(elements: Vec<Element>) -> Body {
        let mut body = Body { segments: vec![Vec::new()], gaps: Vec::new() };
        for element in elements {
            match element {
                Element::Gap(least, None) => {
                    body.gaps.push(least);
                    body.segments.push(Vec::new());
                }
                element => {
                    if let Some(last) = body.segments.last_mut() {
                        last.push(element);
                    }
                }
            }
        }
        body
    }

    /// The code of the body, with its anchor at an element of a segment.
    pub(super) fn encode(&self, segment: usize, element: usize) -> Vec<u8> {
        let mut code = Vec::new();
        let core = self.segments.get(segment).map(Vec::as_slice).unwrap_or_default();
        let (before, behind) = core.split_at_checked(element).unwrap_or((core, &[]));
        put_run_of(&mut code, &encode(before, true));
        put_run_of(&mut code, &encode(behind, false));
        put_chain(&mut code, &self.segments, &self.gaps, 0..segment, 0);
        put_chain(&mut code, &self.segments, &self.gaps, segment + 1..self.segments.len(), 1);
        code
    }
}

/// Segments with the gap that parts each of them from the one nearer to the core.
fn put_chain(
    code: &mut Vec<u8>,
    segments: &[Vec<Element>],
    gaps: &[u32],
    range: std::ops::Range<usize>,
    back: usize,
) {
    put_varint(code, range.len() as u64);
    for at in range {
        let gap = at.checked_sub(back).and_then(|at| gaps.get(at)).copied().unwrap_or_default();
        put_varint(code, u64::from(gap));
        let segment = segments.get(at).map(Vec::as_slice).unwrap_or_default();
        put_run_of(code, &search_code(segment));
    }
}

/// A segment that is looked for: needle, code before it backward, code from it on forward.
fn search_code(segment: &[Element]) -> Vec<u8> {
    let (start, needle) = longest_run(segment);
    let (before, behind) = segment.split_at_checked(start).unwrap_or((segment, &[]));
    let mut code = Vec::new();
    put_run_of(&mut code, &needle);
    put_run_of(&mut code, &encode(before, true));
    put_run_of(&mut code, &encode(behind, false));
    code
}

/// The longest run of fixed octets, and the element where it begins.
fn longest_run(segment: &[Element]) -> (usize, Vec<u8>) {
    let (mut best, mut run): ((usize, Vec<u8>), Vec<u8>) = ((0, Vec::new()), Vec::new());
    for (at, element) in segment.iter().enumerate() {
        match element {
            Element::Octet(value, 0xff) => run.push(*value),
            _ => run.clear(),
        }
        if run.len() > best.1.len() {
            best = (at + 1 - run.len(), run.clone());
        }
    }
    best
}

/// The code of one body, read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Code<'c> {
    pub(super) before: &'c [u8],
    pub(super) behind: &'c [u8],
    chains: &'c [u8],
}

impl<'c> Code<'c> {
    pub(super) fn read(mut code: &'c [u8]) -> Option<Self> {
        let (before, behind) = (take_run(&mut code)?, take_run(&mut code)?);
        Some(Code { before, behind, chains: code })
    }

    /// Whether there is nothing but the core.
    pub(super) fn is_alone(&self) -> bool {
        self.chains.starts_with(&[0, 0])
    }

    fn chains(&self) -> Option<(Vec<Link<'c>>, Vec<Link<'c>>)> {
        let mut code = self.chains;
        Some((take_chain(&mut code)?, take_chain(&mut code)?))
    }
}

/// One segment of a chain.
#[derive(Debug, Clone, Copy)]
struct Link<'c> {
    gap: usize,
    needle: &'c [u8],
    before: &'c [u8],
    behind: &'c [u8],
}

fn take_chain<'c>(code: &mut &'c [u8]) -> Option<Vec<Link<'c>>> {
    let count = take_varint(code)?;
    let mut chain = Vec::new();
    for _ in 0..count {
        let gap = usize::try_from(take_varint(code)?).ok()?;
        let mut inside = take_run(code)?;
        let needle = take_run(&mut inside)?;
        let (before, behind) = (take_run(&mut inside)?, take_run(&mut inside)?);
        chain.push(Link { gap, needle, before, behind });
    }
    Some(chain)
}

/// Where a core has to lie, so that the segments around it fit: the first place where it may start
/// and the last where it may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) first_start: usize,
    pub(super) last_end: usize,
    /// Whether the offset was already seen to by a segment before the core.
    pub(super) is_placed: bool,
}

/// The room for the core of a body; none when a segment around it is nowhere. `places`: where the
/// first segment may begin.
pub(super) fn room(
    code: &Code<'_>,
    octets: &[u8],
    places: (usize, usize),
    walker: &mut Walker,
    work: &mut Work,
) -> Option<Room> {
    let (before, behind) = code.chains()?;
    let mut search = Search { octets, walker, work };
    let (mut first_start, mut last_start) = places;
    for link in &before {
        let end = search.earliest(link, first_start, last_start)?;
        first_start = end.checked_add(link.gap)?;
        last_start = octets.len();
    }
    let mut last_end = octets.len();
    for link in behind.iter().rev() {
        let start = search.latest(link, last_end)?;
        last_end = start.checked_sub(link.gap)?;
    }
    Some(Room { first_start, last_end, is_placed: !before.is_empty() })
}

struct Search<'s> {
    octets: &'s [u8],
    walker: &'s mut Walker,
    work: &'s mut Work,
}

impl Search<'_> {
    /// The first end of a segment that starts between two places.
    fn earliest(&mut self, link: &Link<'_>, from: usize, to: usize) -> Option<usize> {
        let mut best: Option<usize> = None;
        let mut at = from;
        while !self.work.is_over() {
            let Some(place) = self.find(link.needle, at) else { break };
            if best.is_some_and(|best| place.saturating_add(link.needle.len()) >= best) {
                break;
            }
            let starts =
                self.walker.walk(link.before, self.octets, place, Way::Backward, self.work);
            if starts.iter().any(|(low, high)| *high >= from && *low <= to) {
                let ends =
                    self.walker.walk(link.behind, self.octets, place, Way::Forward, self.work);
                let end = ends.first().map(|span| span.0);
                best = [best, end].into_iter().flatten().min();
            } else if starts.iter().all(|(low, _)| *low > to) && !starts.is_empty() {
                break;
            }
            at = place + 1;
        }
        best
    }

    /// The last start of a segment that ends no later than a place.
    fn latest(&mut self, link: &Link<'_>, until: usize) -> Option<usize> {
        let mut best: Option<usize> = None;
        let mut before = until;
        while !self.work.is_over() {
            let Some(place) = self.find_back(link.needle, before) else { break };
            if best.is_some_and(|best| place <= best) {
                break;
            }
            let ends = self.walker.walk(link.behind, self.octets, place, Way::Forward, self.work);
            if ends.first().is_some_and(|span| span.0 <= until) {
                let starts =
                    self.walker.walk(link.before, self.octets, place, Way::Backward, self.work);
                let start = starts.last().map(|span| span.1);
                best = [best, start].into_iter().flatten().max();
            }
            // The next needle ends before this one does.
            let end = place.saturating_add(link.needle.len());
            let Some(next) = end.checked_sub(1) else { break };
            before = next;
        }
        best
    }

    fn find(&mut self, needle: &[u8], from: usize) -> Option<usize> {
        let hay = self.octets.get(from..)?;
        let found = memmem::find(hay, needle);
        self.work.take(found.unwrap_or(hay.len()) / 16 + 4);
        found.map(|found| from + found)
    }

    fn find_back(&mut self, needle: &[u8], until: usize) -> Option<usize> {
        let hay = self.octets.get(..until)?;
        let found = memmem::rfind(hay, needle);
        self.work.take(found.map_or(until, |found| until - found) / 4 + 4);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::element::{Modifiers, parse};

    /// Room for a core of no octets, in the segment after the first gap.
    fn room_of(body: &str, core: usize, octets: &[u8]) -> Option<(usize, usize)> {
        let body = Body::of(parse(body, Modifiers::default()).unwrap());
        let code = body.encode(core, 0);
        let code = Code::read(&code).unwrap();
        let (mut walker, mut work) = (Walker::default(), Work::new(1_000_000));
        let room = room(&code, octets, (0, octets.len()), &mut walker, &mut work);
        room.map(|room| (room.first_start, room.last_end))
    }

    #[test]
    fn a_body_is_cut_at_gaps_without_end() {
        let body = Body::of(parse("6161*62{3-}63{2}64", Modifiers::default()).unwrap());
        assert_eq!((body.segments.len(), body.gaps), (3, vec![0, 3]));
    }

    #[test]
    fn the_room_of_a_core_lies_between_the_earliest_before_and_the_latest_behind() {
        let octets = b"--aa--bb--aa--bb--cc--bb--cc--";
        assert_eq!(room_of("6161*6262*6363", 1, octets), Some((4, 26)));
        assert_eq!(room_of("6161{5-}6262{3-}6363", 1, octets), Some((9, 23)));
        assert_eq!(room_of("6161*7878*6262", 1, octets), Some((4, 22)));
        assert_eq!(room_of("7878*6161", 1, octets), None);
        assert_eq!(room_of("6161*6262*7878", 1, octets), None);
        assert_eq!(room_of("6161*6262*6363", 2, octets), Some((8, 30)));
        assert_eq!(room_of("6161*6262*6363", 0, octets), Some((0, 22)));
    }

    #[test]
    fn a_segment_of_changing_length_gives_its_first_end() {
        // The needle is "bb"; the end may lie 0 to 4 octets behind it.
        assert_eq!(room_of("6262{-4}63*6464", 1, b"bb--cbbc--dd"), Some((5, 12)));
        // A segment without any fixed octet is tried everywhere.
        assert_eq!(room_of("(6?|7?)*6464", 1, b"--b-dd"), Some((3, 6)));
    }
}
