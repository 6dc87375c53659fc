//! Bodies as they stand in a pack, and how they are matched: as a walk over sets of places.
//!
//! A body is cut at gaps without end into segments. A segment is code for two walks from one place
//! (its anchor): forward over what follows, backward over what stands before. A walk keeps the set
//! of all places where it may be, as spans, so that no body and no file makes it try the same octets
//! again and again: each step costs at most the width of the set. All steps are taken from a
//! budget of work; when that is used up the answer is "not decided" and never "no".

use memchr::memmem;

use super::element::{Edge, EdgeKind, Element};
use crate::pack::{put_varint, take_varint};

const LITERAL: u8 = 1;
const MASKED: u8 = 2;
const GAP: u8 = 3;
const SET: u8 = 4;
const EDGE: u8 = 5;
const CLASS: u8 = 6;

/// Elements as code; for a backward walk the last comes first.
pub(super) fn encode(elements: &[Element], is_backward: bool) -> Vec<u8> {
    let mut runs: Vec<&[Element]> = elements.chunk_by(goes_with).collect();
    if is_backward {
        runs.reverse();
    }
    let mut code = Vec::new();
    for run in runs {
        put_run(&mut code, run);
    }
    code
}

fn goes_with(one: &Element, other: &Element) -> bool {
    matches!(
        (one, other),
        (Element::Octet(..), Element::Octet(..))
            | (Element::Gap(_, Some(_)), Element::Gap(_, Some(_)))
    )
}

fn put_run(code: &mut Vec<u8>, run: &[Element]) {
    match run.first() {
        Some(Element::Octet(..)) => put_octets(code, run),
        Some(Element::Gap(..)) => put_gap(code, run),
        Some(Element::Set(set)) => {
            code.extend([SET, u8::from(set.is_negated)]);
            put_varint(code, set.alternatives.len() as u64);
            for alternative in &set.alternatives {
                put_varint(code, alternative.len() as u64);
                code.extend(alternative.iter().map(|octet| octet.0 & octet.1));
                code.extend(alternative.iter().map(|octet| octet.1));
            }
        }
        Some(Element::Edge(edge)) => {
            code.extend([
                EDGE,
                number(edge.kind),
                u8::from(edge.is_end),
                u8::from(edge.is_negated),
            ]);
        }
        Some(Element::Class(kind, is_negated)) => {
            code.extend([CLASS, number(*kind), u8::from(*is_negated)]);
        }
        None => {}
    }
}

fn put_octets(code: &mut Vec<u8>, run: &[Element]) {
    let octets = || {
        run.iter().filter_map(|element| match element {
            Element::Octet(value, mask) => Some((value & mask, *mask)),
            _ => None,
        })
    };
    let is_literal = octets().all(|octet| octet.1 == 0xff);
    code.push(if is_literal { LITERAL } else { MASKED });
    put_varint(code, run.len() as u64);
    code.extend(octets().map(|octet| octet.0));
    if !is_literal {
        code.extend(octets().map(|octet| octet.1));
    }
}

fn put_gap(code: &mut Vec<u8>, run: &[Element]) {
    let (mut least, mut most) = (0_u64, 0_u64);
    for element in run {
        if let Element::Gap(low, Some(high)) = element {
            least += u64::from(*low);
            most += u64::from(*high);
        }
    }
    code.push(GAP);
    put_varint(code, least);
    put_varint(code, most);
}

fn number(kind: EdgeKind) -> u8 {
    match kind {
        EdgeKind::Word => 0,
        EdgeKind::Line => 1,
        EdgeKind::NoAlphanumeric => 2,
        EdgeKind::Full => 3,
        EdgeKind::FullWide => 4,
    }
}

fn kind(number: u8) -> Option<EdgeKind> {
    Some(match number {
        0 => EdgeKind::Word,
        1 => EdgeKind::Line,
        2 => EdgeKind::NoAlphanumeric,
        3 => EdgeKind::Full,
        4 => EdgeKind::FullWide,
        _ => return None,
    })
}

/// A run of places, both ends included.
pub(super) type Span = (usize, usize);

/// Which way a walk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Forward,
    Backward,
}

/// What may still be done for one specimen. One unit is about one octet compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work {
    left: u64,
}

impl Work {
    pub(super) fn new(units: u64) -> Self {
        Work { left: units }
    }

    pub(super) fn is_over(self) -> bool {
        self.left == 0
    }

    #[inline]
    pub(super) fn take(&mut self, units: usize) {
        self.left = self.left.saturating_sub(units as u64);
    }
}

/// Walks code over octets. Kept and reused, so that a walk allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Walker {
    now: Vec<Span>,
    next: Vec<Span>,
}

impl Walker {
    /// Where a walk that begins at one place may end; nowhere when the code does not match or the
    /// work is over.
    pub(super) fn walk(
        &mut self,
        code: &[u8],
        octets: &[u8],
        from: usize,
        way: Way,
        work: &mut Work,
    ) -> &[Span] {
        self.now.clear();
        self.now.push((from, from));
        let mut rest = code;
        while !rest.is_empty() && !self.now.is_empty() {
            if work.is_over() || self.step(&mut rest, octets, way, work).is_none() {
                self.now.clear();
            }
        }
        &self.now
    }

    /// One piece of code. None: it is damaged.
    fn step(&mut self, code: &mut &[u8], octets: &[u8], way: Way, work: &mut Work) -> Option<()> {
        self.next.clear();
        match take(code)? {
            LITERAL => {
                let literal = take_run(code)?;
                self.literal(literal, octets, way, work);
            }
            MASKED => {
                let length = usize::try_from(take_varint(code)?).ok()?;
                let pattern = (take_octets(code, length)?, take_octets(code, length)?);
                self.each(work, length, |place| masked(pattern, octets, place, way));
            }
            GAP => {
                let least = usize::try_from(take_varint(code)?).ok()?;
                let most = usize::try_from(take_varint(code)?).ok()?;
                work.take(self.now.len());
                self.gap(least, most, octets.len(), way);
            }
            SET => self.set(code, octets, way, work)?,
            EDGE => {
                let kind = kind(take(code)?)?;
                let (is_end, is_negated) = (take(code)? != 0, take(code)? != 0);
                let edge = Edge { kind, is_end, is_negated };
                self.each(work, 1, |place| stands(edge, octets, place).then_some(place));
            }
            CLASS => {
                let kind = kind(take(code)?)?;
                let edge = Edge { kind, is_end: true, is_negated: take(code)? != 0 };
                self.each(work, 1, |place| class(edge, octets, place, way));
            }
            _ => return None,
        }
        std::mem::swap(&mut self.now, &mut self.next);
        Some(())
    }

    /// Every place of the set on its own. `step` never changes the order of places.
    fn each(&mut self, work: &mut Work, cost: usize, step: impl Fn(usize) -> Option<usize>) {
        for (low, high) in &self.now {
            work.take((high - low + 1).saturating_mul(cost));
            for place in *low..=*high {
                if let Some(place) = step(place) {
                    push(&mut self.next, (place, place));
                }
                if work.is_over() {
                    return;
                }
            }
        }
    }

    fn literal(&mut self, literal: &[u8], octets: &[u8], way: Way, work: &mut Work) {
        for (low, high) in &self.now {
            work.take(high - low + literal.len());
            if low == high {
                let found = match way {
                    Way::Forward => starts(octets, *low, literal),
                    Way::Backward => ends(octets, *low, literal),
                };
                if let Some(place) = found {
                    push(&mut self.next, (place, place));
                }
                continue;
            }
            let (first, end) = match way {
                Way::Forward => (*low, high.saturating_add(literal.len())),
                Way::Backward => (low.saturating_sub(literal.len()), *high),
            };
            let window = octets.get(first..end.min(octets.len())).unwrap_or_default();
            let ahead = if way == Way::Forward { literal.len() } else { 0 };
            for found in occurrences(window, literal) {
                let place = first + found + ahead;
                push(&mut self.next, (place, place));
            }
        }
    }

    fn gap(&mut self, least: usize, most: usize, length: usize, way: Way) {
        for (low, high) in &self.now {
            let span = match way {
                Way::Forward => (low.saturating_add(least), high.saturating_add(most).min(length)),
                Way::Backward => match high.checked_sub(least) {
                    Some(high) => (low.saturating_sub(most), high),
                    None => continue,
                },
            };
            if span.0 <= span.1 {
                push(&mut self.next, span);
            }
        }
    }

    fn set(&mut self, code: &mut &[u8], octets: &[u8], way: Way, work: &mut Work) -> Option<()> {
        let is_negated = take(code)? != 0;
        let count = take_varint(code)?;
        let all = *code;
        let mut length = 0;
        for _ in 0..count {
            length = usize::try_from(take_varint(code)?).ok()?;
            let pattern = (take_octets(code, length)?, take_octets(code, length)?);
            if !is_negated {
                self.each(work, length, |place| masked(pattern, octets, place, way));
            }
        }
        if is_negated {
            let cost = length.saturating_mul(usize::try_from(count).ok()?);
            self.each(work, cost, |place| {
                let target = moved(place, length, octets.len(), way)?;
                (!any_of(all, count, octets, place, way)).then_some(target)
            });
        }
        sort(&mut self.next);
        Some(())
    }
}

/// Whether one of the alternatives stands at a place.
fn any_of(mut code: &[u8], count: u64, octets: &[u8], place: usize, way: Way) -> bool {
    (0..count).any(|_| {
        let mut one = || {
            let length = usize::try_from(take_varint(&mut code)?).ok()?;
            Some((take_octets(&mut code, length)?, take_octets(&mut code, length)?))
        };
        one().is_some_and(|pattern| masked(pattern, octets, place, way).is_some())
    })
}

/// Appends a span that begins no earlier than the ones before.
fn push(spans: &mut Vec<Span>, span: Span) {
    match spans.last_mut() {
        Some(last) if span.0 <= last.1.saturating_add(1) && span.0 >= last.0 => {
            last.1 = last.1.max(span.1);
        }
        _ => spans.push(span),
    }
}

fn sort(spans: &mut Vec<Span>) {
    if spans.len() > 1 {
        spans.sort_unstable();
        let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
        spans.iter().for_each(|span| push(&mut merged, *span));
        *spans = merged;
    }
}

/// Every place where a literal stands, overlapping ones as well.
fn occurrences<'o>(octets: &'o [u8], literal: &'o [u8]) -> impl Iterator<Item = usize> + 'o {
    let finder = memmem::Finder::new(literal);
    let mut from = 0;
    std::iter::from_fn(move || {
        let found = from + finder.find(octets.get(from..)?)?;
        from = found + 1;
        Some(found)
    })
}

fn starts(octets: &[u8], place: usize, literal: &[u8]) -> Option<usize> {
    octets.get(place..)?.starts_with(literal).then(|| place + literal.len())
}

fn ends(octets: &[u8], place: usize, literal: &[u8]) -> Option<usize> {
    octets.get(..place)?.ends_with(literal).then(|| place - literal.len())
}

fn moved(place: usize, length: usize, octets: usize, way: Way) -> Option<usize> {
    match way {
        Way::Forward => place.checked_add(length).filter(|place| *place <= octets),
        Way::Backward => place.checked_sub(length),
    }
}

fn masked((values, masks): (&[u8], &[u8]), octets: &[u8], place: usize, way: Way) -> Option<usize> {
    let target = moved(place, values.len(), octets.len(), way)?;
    let seen = octets.get(place.min(target)..place.max(target))?;
    let fits = seen
        .iter()
        .zip(values.iter().zip(masks))
        .all(|(seen, (value, mask))| seen & mask == *value);
    fits.then_some(target)
}

fn class(edge: Edge, octets: &[u8], place: usize, way: Way) -> Option<usize> {
    let target = moved(place, 1, octets.len(), way)?;
    let at = place.min(target);
    // Within a body clamscan takes the octets of both sides of a word.
    let also = edge.kind == EdgeKind::Word
        && octets.get(at).is_some_and(|seen| WORD_STARTS.contains(seen));
    let fits = stands(Edge { is_negated: false, ..edge }, octets, at) || also;
    (fits != edge.is_negated).then_some(target)
}

/// Octets after which a word of mark-up or mail begins, and before which it ends.
const WORD_STARTS: &[u8] = b" -./<@_";
const WORD_ENDS: &[u8] = b"\n\r \"'-/=>_";

/// Whether an edge stands between two octets. The borders of a file are edges of every kind.
fn stands(edge: Edge, octets: &[u8], place: usize) -> bool {
    let back = |steps: usize| place.checked_sub(steps).and_then(|at| octets.get(at));
    let forth = |steps: usize| place.checked_add(steps).and_then(|at| octets.get(at));
    let (seen, second) = if edge.is_end { (forth(0), forth(1)) } else { (back(1), back(2)) };
    let Some(seen) = seen else { return !edge.is_negated };
    let is_edge = match edge.kind {
        EdgeKind::Word if edge.is_end => WORD_ENDS.contains(seen),
        EdgeKind::Word => WORD_STARTS.contains(seen),
        EdgeKind::Line if edge.is_end => {
            *seen == b'\n' || (*seen == b'\r' && second == Some(&b'\n'))
        }
        EdgeKind::Line => *seen == b'\n',
        EdgeKind::NoAlphanumeric | EdgeKind::Full => !seen.is_ascii_alphanumeric(),
        EdgeKind::FullWide if edge.is_end => !(seen.is_ascii_alphanumeric() && second == Some(&0)),
        EdgeKind::FullWide => !(*seen == 0 && second.is_some_and(u8::is_ascii_alphanumeric)),
    };
    is_edge != edge.is_negated
}

fn take(code: &mut &[u8]) -> Option<u8> {
    let (first, rest) = code.split_first()?;
    *code = rest;
    Some(*first)
}

pub(super) fn take_octets<'c>(code: &mut &'c [u8], length: usize) -> Option<&'c [u8]> {
    let (first, rest) = code.split_at_checked(length)?;
    *code = rest;
    Some(first)
}

/// A run with its length in front.
pub(super) fn take_run<'c>(code: &mut &'c [u8]) -> Option<&'c [u8]> {
    let length = usize::try_from(take_varint(code)?).ok()?;
    take_octets(code, length)
}

/// Writes a run with its length in front.
pub(super) fn put_run_of(out: &mut Vec<u8>, run: &[u8]) {
    put_varint(out, run.len() as u64);
    out.extend_from_slice(run);
}

#[cfg(test)]
mod tests;
