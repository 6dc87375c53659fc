//! One text in the forms in which it is looked at, and the places that the forms have in common.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::lists::Fold;

/// A match: octets of the form of the text in which it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub start: usize,
    pub end: usize,
}

/// The forms of one text. Pieces between white space are counted: the same piece has the same
/// number in each form.
pub(crate) struct Reading<'t> {
    /// As it is shown, lines ended by LF, without those at its end.
    pub shown: Cow<'t, str>,
    fold: Fold,
    folded: OnceCell<String>,
    plain: OnceCell<String>,
    folded_pieces: OnceCell<Vec<usize>>,
    shown_pieces: OnceCell<Vec<usize>>,
    plain_pieces: OnceCell<Vec<usize>>,
}

impl<'t> Reading<'t> {
    pub fn new(text: &'t str, fold: Fold) -> Self {
        let text = text.trim_end_matches(['\r', '\n']);
        let shown = if text.contains('\r') {
            Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
        } else {
            Cow::Borrowed(text)
        };
        Reading {
            shown,
            fold,
            folded: OnceCell::new(),
            plain: OnceCell::new(),
            folded_pieces: OnceCell::new(),
            shown_pieces: OnceCell::new(),
            plain_pieces: OnceCell::new(),
        }
    }

    /// As it reads: see [`Fold`].
    pub fn folded(&self) -> &str {
        self.folded.get_or_init(|| (self.fold)(&self.shown))
    }

    /// As it is shown, with one space between pieces.
    pub fn plain(&self) -> &str {
        self.plain.get_or_init(|| self.shown.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The number of the piece in which an octet of the folded text stands.
    pub fn piece_of_folded(&self, at: usize) -> usize {
        number(self.folded_pieces.get_or_init(|| pieces(self.folded())), at)
    }

    /// As above, of the plain text.
    pub fn piece_of_plain(&self, at: usize) -> usize {
        number(self.plain_pieces.get_or_init(|| pieces(self.plain())), at)
    }

    /// A match in the folded text as one in the shown text: exact to the piece.
    pub fn shown_of_folded(&self, span: Span) -> Span {
        let (start, end) = (self.piece_of_folded(span.start), self.piece_of_folded(last(span)));
        self.shown_of_pieces(start, end)
    }

    /// As above, of the plain text.
    pub fn shown_of_plain(&self, span: Span) -> Span {
        let (start, end) = (self.piece_of_plain(span.start), self.piece_of_plain(last(span)));
        self.shown_of_pieces(start, end)
    }

    fn shown_of_pieces(&self, first: usize, last: usize) -> Span {
        let pieces = self.shown_pieces.get_or_init(|| pieces(&self.shown));
        let all = self.shown.len();
        let start = pieces.get(first).copied().unwrap_or(all);
        let from = pieces.get(last).copied().unwrap_or(all);
        let rest = self.shown.get(from..).unwrap_or_default();
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        Span { start, end: from.saturating_add(length) }
    }
}

fn last(span: Span) -> usize {
    span.end.saturating_sub(1).max(span.start)
}

/// Where each piece starts.
fn pieces(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut is_inside = false;
    for (at, one) in text.char_indices() {
        let is_space = one.is_whitespace();
        if !is_space && !is_inside {
            starts.push(at);
        }
        is_inside = !is_space;
    }
    starts
}

fn number(pieces: &[usize], at: usize) -> usize {
    pieces.partition_point(|start| *start <= at).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_in_the_folded_text_is_found_in_the_shown_one() {
        let reading = Reading::new("  Die  ÜBERWEISUNG\theute\r\n\r\n", str::to_lowercase);
        assert!(reading.shown.ends_with("heute"));
        let at = reading.folded().find("überweisung").unwrap();
        let span = reading.shown_of_folded(Span { start: at, end: at + "überweisung".len() });
        assert_eq!(reading.shown.get(span.start..span.end), Some("ÜBERWEISUNG"));
        let at = reading.plain().find("heute").unwrap();
        let span = reading.shown_of_plain(Span { start: at, end: at + 5 });
        assert_eq!(reading.shown.get(span.start..span.end), Some("heute"));
    }

    #[test]
    fn a_place_outside_is_the_end() {
        let reading = Reading::new("a", str::to_lowercase);
        assert_eq!(reading.shown_of_pieces(7, 9), Span { start: 1, end: 1 });
        assert_eq!(Reading::new("", str::to_lowercase).plain(), "");
    }
}
