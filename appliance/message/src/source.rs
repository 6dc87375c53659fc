//! Octets in which a message lies: the raw message itself, or what was decoded out of it; and what
//! their line ends are like.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

use memchr::{memchr, memchr_iter};

/// Octets in which a message lies. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) enum Source<'a> {
    /// The raw message.
    Raw(&'a [u8]),
    /// Octets that were decoded or changed.
    Made(Rc<Vec<u8>>),
}

impl<'a> Source<'a> {
    /// All of it.
    pub fn all(&self) -> &[u8] {
        match self {
            Source::Raw(octets) => octets,
            Source::Made(octets) => octets,
        }
    }

    /// A range of it; empty when it does not lie inside.
    pub fn get(&self, range: &Range<usize>) -> &[u8] {
        self.all().get(range.clone()).unwrap_or_default()
    }

    /// A range of it that outlives this.
    pub fn keep(&self, range: &Range<usize>) -> Cow<'a, [u8]> {
        match self {
            Source::Raw(octets) => Cow::Borrowed(octets.get(range.clone()).unwrap_or_default()),
            Source::Made(_) => Cow::Owned(self.get(range).to_vec()),
        }
    }

    /// The range as one of the raw message.
    pub fn span(&self, range: &Range<usize>) -> Option<Range<usize>> {
        matches!(self, Source::Raw(_)).then(|| range.clone())
    }
}

/// The line ends of a message and what disturbs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LineEnds {
    /// CR LF.
    pub pairs: usize,
    /// LF without CR.
    pub lone_feeds: usize,
    /// CR without LF.
    pub lone_returns: usize,
    /// Whether there is a NUL.
    pub has_nul: bool,
    /// Octets of the longest line, its end included.
    pub longest: usize,
}

impl LineEnds {
    /// Counts.
    pub fn of(octets: &[u8]) -> Self {
        let mut found = LineEnds { has_nul: memchr(0, octets).is_some(), ..LineEnds::default() };
        let mut start = 0;
        for at in memchr_iter(b'\n', octets) {
            let is_pair = at > 0 && octets.get(at - 1) == Some(&b'\r');
            found.pairs += usize::from(is_pair);
            found.lone_feeds += usize::from(!is_pair);
            found.longest = found.longest.max(at + 1 - start);
            start = at + 1;
        }
        found.longest = found.longest.max(octets.len() - start);
        found.lone_returns = memchr_iter(b'\r', octets).count() - found.pairs;
        found
    }

    /// Whether some lines end in CR LF and some in LF.
    pub fn are_mixed(&self) -> bool {
        self.pairs > 0 && self.lone_feeds > 0
    }
}

/// The octets as readers see them for whom a lone CR ends a line, too.
pub(crate) fn with_returns_as_ends(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() + octets.len() / 16);
    let mut rest = octets;
    while let Some(at) = memchr(b'\r', rest) {
        let (line, after) = rest.split_at_checked(at + 1).unwrap_or((rest, &[]));
        out.extend_from_slice(line);
        out.push(b'\n');
        rest = after.strip_prefix(b"\n").unwrap_or(after);
    }
    out.extend_from_slice(rest);
    out
}

/// The octets without NULs.
pub(crate) fn without_nuls(octets: &[u8]) -> Vec<u8> {
    octets.iter().copied().filter(|octet| *octet != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_counted() {
        let found = LineEnds::of(b"a\r\nbc\nd\re\0\r\n");
        let expected =
            LineEnds { pairs: 2, lone_feeds: 1, lone_returns: 1, has_nul: true, longest: 6 };
        assert_eq!(found, expected);
        assert!(found.are_mixed() && !LineEnds::of(b"a\nb\n").are_mixed());
    }

    #[test]
    fn lone_returns_become_line_ends() {
        assert_eq!(with_returns_as_ends(b"a\rb\r\nc\r"), b"a\r\nb\r\nc\r\n");
        assert_eq!(without_nuls(b"a\0b"), b"ab");
    }

    #[test]
    fn what_lies_in_the_raw_message_is_borrowed() {
        let raw = Source::Raw(b"abc");
        assert!(matches!(raw.keep(&(1..2)), Cow::Borrowed(b"b")));
        assert_eq!((raw.span(&(1..2)), raw.get(&(2..9))), (Some(1..2), &b""[..]));
        let made = Source::Made(Rc::new(b"abc".to_vec()));
        assert_eq!((made.span(&(1..2)), made.get(&(1..2))), (None, &b"b"[..]));
    }
}
