//! Text: is it text at all, in which characters, and of which kind.
//!
//! The first [`limits::TEXT_HEAD`] octets decide. Start with [`kinds_of`].

mod language;
mod markup;
mod openings;
mod shape;

use std::borrow::Cow;

use crate::kind::FileType;
use crate::kinds::*;
use crate::limits;
use crate::reach::head;

pub(crate) use markup::in_binary;

/// How the characters of a text are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    /// ASCII, UTF-8 or any 8-bit set.
    Octets,
    /// Pairs, low octet first.
    PairsLow,
    /// Pairs, high octet first.
    PairsHigh,
    /// Four octets a character.
    Quads,
}

/// The beginning of a text, ready to be looked at: one octet a character, in lower case, without
/// carriage returns and leading blanks, with a line end before it.
pub(crate) struct Sheet {
    pub lower: Vec<u8>,
}

impl Sheet {
    fn new(head: &[u8]) -> Self {
        let head = head.trim_ascii_start();
        let mut lower = Vec::with_capacity(head.len() + 1);
        lower.push(b'\n');
        let mut from = 0;
        for at in memchr::memchr_iter(b'\r', head).chain([head.len()]) {
            lower.extend_from_slice(head.get(from..at).unwrap_or_default());
            from = at + 1;
        }
        lower.make_ascii_lowercase();
        Sheet { lower }
    }

    /// The lines in lower case, empty ones left out.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.lower.split(|octet| *octet == b'\n').filter(|line| !line.trim_ascii().is_empty())
    }

    /// The text in lower case from its first character on.
    pub fn start(&self) -> &[u8] {
        self.lower.get(1..).unwrap_or_default()
    }
}

/// The kinds of a text, the likeliest first; none when this is no text.
pub(crate) fn kinds_of(octets: &[u8]) -> Vec<FileType> {
    let Some((coding, skip)) = coding(octets) else { return Vec::new() };
    let body = octets.get(skip..).unwrap_or_default();
    let plain = match coding {
        Coding::Octets => TEXT,
        Coding::PairsLow | Coding::PairsHigh => UTF16_TEXT,
        Coding::Quads => UTF32_TEXT,
    };
    let mut found = of_sheet(&Sheet::new(&narrow(body, coding)));
    if found.is_empty() {
        found.push(plain);
    }
    found
}

fn of_sheet(sheet: &Sheet) -> Vec<FileType> {
    let mut found: Vec<FileType> = openings::kind(sheet).into_iter().collect();
    found.extend(markup::kind(sheet));
    found.extend(openings::encoded(sheet));
    if found.is_empty() {
        let data = shape::data(sheet);
        let code = language::kind(&sheet.lower);
        // A script that looks like data is told as both; other source is not.
        let is_script = code.is_some_and(|kind| kind.family() == crate::Family::Script);
        found.extend(data);
        found.extend(code.filter(|_| found.is_empty() || is_script));
    }
    if found.is_empty() {
        found.extend(shape::rows(sheet));
    }
    found
}

/// One octet a character; what is beyond ASCII becomes `?`.
fn narrow(body: &[u8], coding: Coding) -> Cow<'_, [u8]> {
    let one = |high: u8, low: u8| if high == 0 { low } else { b'?' };
    let pairs = head(body, 2 * limits::TEXT_HEAD).chunks_exact(2);
    match coding {
        Coding::Octets => Cow::Borrowed(head(body, limits::TEXT_HEAD)),
        Coding::PairsLow => {
            Cow::Owned(pairs.filter_map(|pair| Some(one(*pair.last()?, *pair.first()?))).collect())
        }
        Coding::PairsHigh => {
            Cow::Owned(pairs.filter_map(|pair| Some(one(*pair.first()?, *pair.last()?))).collect())
        }
        Coding::Quads => {
            let quads = head(body, 4 * limits::TEXT_HEAD).chunks_exact(4);
            let narrow = quads.map(|quad| quad.iter().copied().find(|octet| *octet != 0));
            Cow::Owned(narrow.map(|octet| octet.unwrap_or(b'?')).collect())
        }
    }
}

/// How the text is written, and the octets of its byte order mark; `None` when it is no text.
fn coding(octets: &[u8]) -> Option<(Coding, usize)> {
    match octets {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some((Coding::Quads, 4)),
        [0xff, 0xfe, rest @ ..] => marked(rest, Coding::PairsLow),
        [0xfe, 0xff, rest @ ..] => marked(rest, Coding::PairsHigh),
        [0xef, 0xbb, 0xbf, rest @ ..] => is_text(rest).then_some((Coding::Octets, 3)),
        _ if is_text(octets) => Some((Coding::Octets, 0)),
        _ => unmarked_pairs(octets).map(|coding| (coding, 0)),
    }
}

/// After a byte order mark of UTF-16. Octets that are plain text as they stand are that: command
/// interpreters run a batch file with such a mark before it all the same.
fn marked(rest: &[u8], coding: Coding) -> Option<(Coding, usize)> {
    let ascii = head(rest, 128).iter().filter(|octet| matches!(octet, 9..=13 | 32..=126)).count();
    if !rest.is_empty() && ascii == head(rest, 128).len() {
        return Some((Coding::Octets, 2));
    }
    Some((coding, 2))
}

fn unmarked_pairs(octets: &[u8]) -> Option<Coding> {
    let pairs = head(octets, 256).chunks_exact(2);
    let (mut low, mut high, mut all) = (0_usize, 0_usize, 0_usize);
    for pair in pairs {
        all += 1;
        match pair {
            [9..=13 | 32..=126, 0] => low += 1,
            [0, 9..=13 | 32..=126] => high += 1,
            _ => {}
        }
    }
    let most = all.saturating_mul(9) / 10;
    match all {
        0..4 => None,
        _ if low > most => Some(Coding::PairsLow),
        _ if high > most => Some(Coding::PairsHigh),
        _ => None,
    }
}

/// Text has no NUL and next to no control characters; a mark of the end of a DOS file is allowed.
fn is_text(octets: &[u8]) -> bool {
    let probe = head(octets, limits::TEXT_PROBE);
    let mut controls = 0_usize;
    for octet in probe {
        match octet {
            0 => return false,
            1..=6 | 14..=25 | 28..=31 | 127 => controls += 1,
            _ => {}
        }
    }
    controls <= probe.len() / 128 && !probe.is_empty()
}
