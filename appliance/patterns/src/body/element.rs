//! The body of a signature as it is written: hexadecimal octets and what may stand between them
//! (docs.clamav.net, "Body-based Signature Content Format"), read into elements.

use crate::limits;

/// One piece of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Element {
    /// An octet whose bits under the mask are those of the value. The mask is never 0.
    Octet(u8, u8),
    /// So many octets of any kind; `None`: any number of them.
    Gap(u32, Option<u32>),
    /// One of some runs of octets, or (negated, and all of one length) none of them.
    Set(Box<Set>),
    /// Nothing by itself: what stands before or after.
    Edge(Edge),
    /// One octet of a kind, in the middle of a body.
    Class(EdgeKind, bool),
}

/// Alternatives: runs of octets (value, mask; mask 0 is any octet).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) is_negated: bool,
    pub(super) alternatives: Vec<Vec<(u8, u8)>>,
}

/// What has to stand at one side of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) kind: EdgeKind,
    pub(super) is_end: bool,
    pub(super) is_negated: bool,
}

/// Kinds of edges. The sets of octets were observed at clamscan 1.4.6, octet by octet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EdgeKind {
    /// `(B)`: the border of a word of mark-up or mail.
    Word,
    /// `(L)`: the border of a line.
    Line,
    /// `(W)`: no letter and no digit.
    NoAlphanumeric,
    /// Modifier `f`: as `(W)`.
    Full,
    /// Modifier `f` with `w`: no letter and no digit of two octets.
    FullWide,
}

/// What modifiers of a logical signature change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Modifiers {
    pub(super) ignores_case: bool,
    pub(super) is_wide: bool,
    pub(super) is_full: bool,
}

/// Reads a body.
///
/// # Errors
/// In words, when it is not as the format says.
pub(super) fn parse(text: &str, modifiers: Modifiers) -> Result<Vec<Element>, String> {
    let mut parser = Parser { text: text.trim().as_bytes(), modifiers, list: Vec::new() };
    while !parser.text.is_empty() {
        parser.step()?;
    }
    let list = finish(parser.list, modifiers)?;
    if list.len() > limits::BODY_ELEMENTS { Err("it is too long".to_owned()) } else { Ok(list) }
}

struct Parser<'t> {
    text: &'t [u8],
    modifiers: Modifiers,
    list: Vec<Element>,
}

impl<'t> Parser<'t> {
    fn step(&mut self) -> Result<(), String> {
        match self.text {
            [b'*', rest @ ..] => {
                self.text = rest;
                self.list.push(Element::Gap(0, None));
            }
            [b'{', ..] => {
                let (least, most) = self.until(b'}').and_then(braces)?;
                self.list.push(Element::Gap(least, most));
            }
            [b'[', ..] => {
                let (least, most) = self.until(b']').and_then(braces)?;
                self.list.push(Element::Gap(least, most));
            }
            [b'!', b'(', ..] => {
                self.text = self.text.get(1..).unwrap_or_default();
                self.group(true)?;
            }
            [b'(', ..] => self.group(false)?,
            [high, low, rest @ ..] => {
                let octet = octet(*high, *low).ok_or("it has something that is no octet")?;
                self.text = rest;
                self.octet(octet);
            }
            _ => return Err("its last octet has one digit".to_owned()),
        }
        Ok(())
    }

    /// What stands from the first character to a closing one, without both.
    fn until(&mut self, close: u8) -> Result<&'t str, String> {
        let end = memchr::memchr(close, self.text).ok_or("a bracket is not closed")?;
        let inside = self.text.get(1..end).unwrap_or_default();
        self.text = self.text.get(end + 1..).unwrap_or_default();
        str::from_utf8(inside).map_err(|_| "a bracket holds something odd".to_owned())
    }

    fn octet(&mut self, octet: (u8, u8)) {
        for (value, mask) in self.spread(octet) {
            self.list.push(match mask {
                0 => Element::Gap(1, Some(1)),
                _ => Element::Octet(value, mask),
            });
        }
    }

    /// An octet as the modifiers want it.
    fn spread(&self, octet: (u8, u8)) -> impl Iterator<Item = (u8, u8)> + use<> {
        let octet = if self.modifiers.ignores_case { any_case(octet) } else { octet };
        // Wild cards are not wide (docs.clamav.net, "Subsignature Modifiers").
        let second = (self.modifiers.is_wide && octet.1 != 0).then_some((0, 0xff));
        std::iter::once(octet).chain(second)
    }

    fn group(&mut self, is_negated: bool) -> Result<(), String> {
        let inside = self.until(b')')?;
        let kind = match inside {
            "B" => Some(EdgeKind::Word),
            "L" => Some(EdgeKind::Line),
            "W" => Some(EdgeKind::NoAlphanumeric),
            _ => None,
        };
        self.list.push(match kind {
            Some(kind) => Element::Class(kind, is_negated),
            None => self.alternatives(inside, is_negated)?,
        });
        Ok(())
    }

    fn alternatives(&self, inside: &str, is_negated: bool) -> Result<Element, String> {
        let read = |one: &str| -> Result<Vec<(u8, u8)>, String> {
            let octets = alternative(one)?;
            Ok(octets.into_iter().flat_map(|octet| self.spread(octet)).collect())
        };
        let alternatives = inside.split('|').map(read).collect::<Result<Vec<_>, _>>()?;
        if alternatives.len() > limits::ALTERNATIVES {
            return Err(format!("it has over {} alternatives", limits::ALTERNATIVES));
        }
        let mut lengths = alternatives.iter().map(Vec::len);
        let first = lengths.next().unwrap_or_default();
        if is_negated && lengths.any(|length| length != first) {
            return Err("alternatives that are negated have different lengths".to_owned());
        }
        Ok(Element::Set(Box::new(Set { is_negated, alternatives })))
    }
}

/// One alternative: octets with wild cards, and gaps of a fixed size.
fn alternative(text: &str) -> Result<Vec<(u8, u8)>, String> {
    let mut octets = Vec::new();
    let mut text = text.as_bytes();
    while !text.is_empty() {
        match text {
            [b'{', ..] => {
                let end = memchr::memchr(b'}', text).ok_or("a bracket is not closed")?;
                let inside = str::from_utf8(text.get(1..end).unwrap_or_default());
                let (least, most) = braces(inside.map_err(|_| "a bracket holds something odd")?)?;
                if most != Some(least) || least > limits::ALTERNATIVE_GAP {
                    return Err("an alternative has a gap of no fixed size".to_owned());
                }
                octets.extend((0..least).map(|_| (0, 0)));
                text = text.get(end + 1..).unwrap_or_default();
            }
            [high, low, rest @ ..] => {
                octets.push(octet(*high, *low).ok_or("an alternative is no octets")?);
                text = rest;
            }
            _ => return Err("an alternative has half an octet".to_owned()),
        }
    }
    if octets.is_empty() { Err("an alternative is empty".to_owned()) } else { Ok(octets) }
}

/// The inside of `{}` or `[]`: `n`, `n-`, `-n`, `n-m`.
fn braces(text: &str) -> Result<(u32, Option<u32>), String> {
    let wrong = || format!("the gap {{{text}}} is none");
    let number = |text: &str| text.parse::<u32>().map_err(|_| wrong());
    let (least, most) = match text.split_once('-') {
        None => (number(text)?, Some(number(text)?)),
        Some(("", most)) => (0, Some(number(most)?)),
        Some((least, "")) => (number(least)?, None),
        Some((least, most)) => (number(least)?, Some(number(most)?)),
    };
    if most.is_some_and(|most| most < least) { Err(wrong()) } else { Ok((least, most)) }
}

fn digit(character: u8) -> Option<(u8, u8)> {
    match character {
        b'?' => Some((0, 0)),
        _ => (character as char).to_digit(16).map(|value| (value as u8, 0xf)),
    }
}

fn octet(high: u8, low: u8) -> Option<(u8, u8)> {
    let (high, low) = (digit(high)?, digit(low)?);
    Some((high.0 << 4 | low.0, high.1 << 4 | low.1))
}

/// The same octet as a letter of any case, if it is one: letters differ in one bit from their
/// other case.
fn any_case((value, mask): (u8, u8)) -> (u8, u8) {
    if mask == 0xff && value.is_ascii_alphabetic() { (value & 0xdf, 0xdf) } else { (value, mask) }
}

/// Makes edges of the classes at the sides, and adds those of full words.
fn finish(mut list: Vec<Element>, modifiers: Modifiers) -> Result<Vec<Element>, String> {
    let is_open = |element: Option<&Element>| {
        element.is_none_or(|element| matches!(element, Element::Gap(_, None)))
    };
    let sides: Vec<(bool, bool)> = (0..list.len())
        .map(|at| {
            (is_open(at.checked_sub(1).and_then(|at| list.get(at))), is_open(list.get(at + 1)))
        })
        .collect();
    if sides.is_empty() || is_open(list.first()) || is_open(list.last()) {
        return Err("it begins or ends with a gap without end".to_owned());
    }
    for (element, (at_start, at_end)) in list.iter_mut().zip(sides) {
        if let Element::Class(kind, is_negated) = *element
            && (at_start || at_end)
        {
            *element = Element::Edge(Edge { kind, is_end: at_end, is_negated });
        }
    }
    if modifiers.is_full {
        let kind = if modifiers.is_wide { EdgeKind::FullWide } else { EdgeKind::Full };
        let edge = |is_end| Element::Edge(Edge { kind, is_end, is_negated: false });
        list.insert(0, edge(false));
        list.push(edge(true));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Result<Vec<Element>, String> {
        parse(text, Modifiers::default())
    }

    #[test]
    fn octets_nibbles_and_gaps_are_read() {
        assert_eq!(
            plain("41?b4???{3}{-5}{2-}{2-9}[1-2]ff").unwrap(),
            [
                Element::Octet(0x41, 0xff),
                Element::Octet(0x0b, 0x0f),
                Element::Octet(0x40, 0xf0),
                Element::Gap(1, Some(1)),
                Element::Gap(3, Some(3)),
                Element::Gap(0, Some(5)),
                Element::Gap(2, None),
                Element::Gap(2, Some(9)),
                Element::Gap(1, Some(2)),
                Element::Octet(0xff, 0xff),
            ]
        );
    }

    #[test]
    fn a_class_is_an_edge_at_the_side_and_an_octet_within() {
        let list = plain("(B)41!(W)42(L)").unwrap();
        let edge = |kind, is_end| Element::Edge(Edge { kind, is_end, is_negated: false });
        assert_eq!(list[0], edge(EdgeKind::Word, false));
        assert_eq!(list[2], Element::Class(EdgeKind::NoAlphanumeric, true));
        assert_eq!(list[4], edge(EdgeKind::Line, true));
    }

    #[test]
    fn modifiers_spread_octets() {
        let modifiers = Modifiers { ignores_case: true, is_wide: true, is_full: true };
        let list = parse("6131", modifiers).unwrap();
        assert_eq!(list.len(), 6);
        assert_eq!(list[1], Element::Octet(0x41, 0xdf));
        assert_eq!(list[2], Element::Octet(0, 0xff));
        assert_eq!(list[3], Element::Octet(0x31, 0xff));
    }

    #[test]
    fn what_is_no_body_is_told() {
        for bad in [
            "",
            "4",
            "zz",
            "41{",
            "41{5-2}42",
            "41{x}42",
            "*4142",
            "4142*",
            "(41|4)42",
            "!(41|4243)44",
            "(41",
            "41)",
            "(|41)42",
            "41{99999999999}42",
            "(41{2-3}42|43)44",
        ] {
            assert!(plain(bad).is_err(), "{bad}");
        }
    }
}
