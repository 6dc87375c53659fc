//! The body of a multipart cut at its delimiters (RFC 2046 section 5.1.1), the way the standard
//! says or the ways of readers that take more lines for delimiters, or fewer.

use std::ops::Range;

use memchr::memmem::Finder;

use crate::limits;

/// Which lines a reader takes for delimiters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Rule {
    /// The boundary counts at the start of a line whatever follows it, as a note in RFC 2046
    /// section 5.1.1 allows.
    pub longer: bool,
    /// The boundary counts wherever it stands, and whatever follows it.
    pub anywhere: bool,
    /// The closing delimiter is one like all others.
    pub never_closes: bool,
    /// Only CR LF starts and ends a line.
    pub crlf_only: bool,
}

/// A body cut in pieces.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Split {
    /// What stands before the first delimiter.
    pub preamble: Range<usize>,
    /// The parts.
    pub parts: Vec<Range<usize>>,
    /// What stands after the closing delimiter.
    pub epilogue: Range<usize>,
    /// Whether there is a closing delimiter.
    pub is_closed: bool,
    /// Whether there are more parts than may be.
    pub is_cut: bool,
    /// A line that only some readers take for a delimiter: where it starts.
    pub odd: Option<usize>,
    /// Whether delimiters follow after the closing one.
    pub goes_on: bool,
}

/// What stands at one place of the boundary.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Delimiter,
    Closing,
    /// For some readers only.
    Odd,
}

/// Cuts a body at a boundary.
pub(crate) fn split(body: &[u8], boundary: &[u8], rule: Rule) -> Split {
    let mut found = Split { preamble: 0..body.len(), ..Split::default() };
    let needle = [b"--", boundary].concat();
    let finder = Finder::new(&needle);
    let mut start = None;
    let mut from = 0;
    while let Some(hit) = body.get(from..).and_then(|rest| finder.find(rest)) {
        let at = from + hit;
        from = at + needle.len();
        let (place, next) = look(body, at, needle.len(), rule);
        if place == Place::Odd {
            found.odd.get_or_insert(at);
            let counts = rule.anywhere || rule.longer && starts_line(body, at, rule);
            if !counts {
                continue;
            }
        }
        if found.is_closed {
            found.goes_on = true;
            break;
        }
        let end = before_line_end(body, at);
        match start {
            None => found.preamble = 0..end,
            Some(start) => found.parts.push(start..end.max(start)),
        }
        start = Some(next);
        from = next.max(from);
        if found.parts.len() > limits::PARTS {
            found.is_cut = true;
            return found;
        }
        if place == Place::Closing && !rule.never_closes {
            found.is_closed = true;
            found.epilogue = next..body.len();
            start = None;
            if rule.anywhere || rule.longer {
                break;
            }
        }
    }
    found.parts.extend(start.filter(|_| !found.is_closed).map(|start| start..body.len()));
    found
}

/// What stands at `at`, where the needle was found, and where the next part would start.
fn look(body: &[u8], at: usize, needle: usize, rule: Rule) -> (Place, usize) {
    let after = body.get(at + needle..).unwrap_or_default();
    let starts_line = starts_line(body, at, rule);
    if !starts_line && !rule.anywhere {
        return (Place::Odd, at + needle);
    }
    let length = crate::head::line_length(after, rule.crlf_only);
    let line = after.get(..length).unwrap_or_default();
    let next = at + needle + length;
    let is_blank = |text: &[u8]| text.iter().all(u8::is_ascii_whitespace);
    let place = match line.strip_prefix(b"--") {
        _ if !starts_line => Place::Odd,
        None if is_blank(line) => Place::Delimiter,
        Some(rest) if is_blank(rest) => Place::Closing,
        _ => Place::Odd,
    };
    if (rule.anywhere || rule.longer) && place == Place::Odd {
        // Such a reader takes the closing for what it starts with, and the rest of the line for
        // the part unless it is blank.
        return match line.strip_prefix(b"--") {
            Some(_) => (Place::Closing, next),
            None => (Place::Odd, next),
        };
    }
    (place, next)
}

fn starts_line(body: &[u8], at: usize, rule: Rule) -> bool {
    match body.get(..at).unwrap_or_default() {
        [] | [.., b'\r', b'\n'] => true,
        [.., b'\n'] => !rule.crlf_only,
        _ => false,
    }
}

/// The line end before a delimiter belongs to the delimiter.
fn before_line_end(body: &[u8], at: usize) -> usize {
    match body.get(..at).unwrap_or_default() {
        [.., b'\r', b'\n'] => at - 2,
        [.., b'\n'] => at - 1,
        _ => at,
    }
}

/// The boundary that the first line starting with two hyphens would make, for a multipart that
/// does not say its own.
pub(crate) fn guessed_boundary(body: &[u8]) -> Option<&[u8]> {
    let at = if body.starts_with(b"--") { 0 } else { memchr::memmem::find(body, b"\n--")? + 1 };
    let rest = body.get(at + 2..)?;
    let line = rest.get(..crate::head::line_length(rest, false))?.trim_ascii_end();
    let fits = !line.is_empty() && line.len() <= limits::LONGEST_BOUNDARY_OCTETS;
    (fits && line.iter().any(|octet| *octet != b'-')).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts<'b>(body: &'b str, found: &Split) -> Vec<&'b str> {
        found.parts.iter().map(|range| &body[range.clone()]).collect()
    }

    fn cut(body: &str, rule: Rule) -> (Vec<&str>, Split) {
        let found = split(body.as_bytes(), b"a", rule);
        (parts(body, &found), found)
    }

    #[test]
    fn a_body_is_cut_at_its_delimiters() {
        let body = "before\r\n--a\r\none\r\n--a  \r\n\r\ntwo\r\n\r\n--a--\r\nafter";
        let (parts, found) = cut(body, Rule::default());
        assert_eq!(parts, ["one", "\r\ntwo\r\n"]);
        assert_eq!((&body[found.preamble], &body[found.epilogue]), ("before", "after"));
        assert!(found.is_closed && found.odd.is_none() && !found.goes_on);
    }

    #[test]
    fn an_unclosed_body_ends_with_its_last_part() {
        let (parts, found) = cut("--a\none\n--a\ntwo\n", Rule::default());
        assert_eq!((parts, found.is_closed), (vec!["one", "two\n"], false));
        assert_eq!(cut("no parts", Rule::default()).0.len(), 0);
        assert_eq!(cut("--a", Rule::default()).0, [""]);
    }

    #[test]
    fn odd_delimiters_are_told_and_count_for_some() {
        for body in [
            "--a\r\none\r\n --a\r\ntwo\r\n--a--",
            "--a\r\none\r\n--ab\r\ntwo\r\n--a--",
            "--a\r\none--a\r\ntwo\r\n--a--",
        ] {
            let (strict, found) = cut(body, Rule::default());
            assert_eq!((strict.len(), found.odd.is_some()), (1, true), "{body}");
            let (loose, _) = cut(body, Rule { anywhere: true, ..Rule::default() });
            assert_eq!((loose.len(), loose[1]), (2, "two"), "{body}");
        }
    }

    #[test]
    fn parts_after_the_end_are_told_and_count_for_some() {
        let body = "--a\r\none\r\n--a--\r\nx\r\n--a\r\ntwo\r\n--a--\r\n";
        let (strict, found) = cut(body, Rule::default());
        assert_eq!((strict.len(), found.goes_on), (1, true));
        let (loose, _) = cut(body, Rule { never_closes: true, ..Rule::default() });
        assert_eq!(loose, ["one", "x", "two", ""]);
    }

    #[test]
    fn lone_line_feeds_make_delimiters_for_some() {
        let body = "--a\r\none\n--a\ntwo\r\n--a--\r\n";
        assert_eq!(cut(body, Rule::default()).0.len(), 2);
        let (strict, _) = cut(body, Rule { crlf_only: true, ..Rule::default() });
        assert_eq!(strict, ["one\n--a\ntwo"]);
    }

    #[test]
    fn a_boundary_is_guessed_from_the_first_line_of_its_kind() {
        assert_eq!(guessed_boundary(b"x\r\n--b c \r\n--d"), Some(&b"b c"[..]));
        assert_eq!(guessed_boundary(b"x\r\n-- \r\n"), None);
        assert_eq!(guessed_boundary(b"-----\r\n"), None);
    }

    proptest::proptest! {
        #[test]
        fn pieces_lie_inside_in_order(
            pieces in proptest::collection::vec(proptest::sample::select(vec![
                "--a", "--", "a", "\r\n", "\n", "\r", " ", "x",
            ]), 0..40),
            longer: bool, anywhere: bool, never_closes: bool, crlf_only: bool,
        ) {
            let body = pieces.concat();
            let found = split(body.as_bytes(), b"a", Rule { longer, anywhere, never_closes, crlf_only });
            let mut last = found.preamble.end;
            for part in &found.parts {
                assert!(last <= part.start && part.start <= part.end && part.end <= body.len());
                last = part.end;
            }
        }
    }
}
