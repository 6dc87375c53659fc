//! Regular expressions in logical signatures (docs.clamav.net, "PCRE subsignatures").
//!
//! They are written for PCRE and run by `regex`, which takes linear time. What `regex` does not have
//! (look-around, back references), and what it takes but understands in another way (possessive
//! repeats, set operations in classes, a `$` with flags in between), is refused at compilation and
//! counted: a pattern that means something else is worse than none.

use regex::bytes::Regex;
use regex_syntax::ast::{self, Ast};

use super::code::{put_run_of, take_run};
use super::logic::Expression;
use super::offset::{Base, OCTETS, Offset};
use crate::expressions;
use crate::source::LineProblem;

/// One expression: `[offset:]trigger/pattern/flags`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pcre {
    offset: Offset,
    /// Postfix code over the subsignatures before.
    pub(super) trigger: Vec<u8>,
    flags: u8,
    /// For `regex`.
    pub(super) pattern: String,
}

const GLOBAL: u8 = 1;
const ROLLING: u8 = 2;
const ENCOMPASS: u8 = 4;

fn malformed(reason: &str) -> LineProblem {
    LineProblem::Malformed(reason.to_owned())
}

impl Pcre {
    /// Whether a subsignature is one of these.
    pub(super) fn is_one(text: &str) -> bool {
        text.contains('/')
    }

    /// Reads one.
    ///
    /// # Errors
    /// When it is not as the format says, or means something that cannot be matched here.
    pub(super) fn parse(text: &str) -> Result<Pcre, LineProblem> {
        let wrong = || malformed("its PCRE subsignature is none");
        let (head, rest) = text.split_once('/').ok_or_else(wrong)?;
        let (body, flags) = rest.rsplit_once('/').ok_or_else(wrong)?;
        let (offset, trigger) = match head.split_once(':') {
            Some((offset, trigger)) => (Offset::parse(offset).ok_or_else(wrong)?, trigger),
            None => (super::offset::ANY, head),
        };
        if body.is_empty() {
            return Err(malformed("its PCRE subsignature is empty"));
        }
        let mut code = Vec::new();
        Expression::parse(trigger).map_err(LineProblem::Malformed)?.encode(&mut code);
        let (flags, inline) = read_flags(flags)?;
        Ok(Pcre { offset, trigger: code, flags, pattern: translate(body, &inline)? })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.offset.encode());
        out.push(self.flags);
        put_run_of(out, &self.trigger);
        put_run_of(out, self.pattern.as_bytes());
    }

    pub(super) fn decode(code: &mut &[u8]) -> Option<Pcre> {
        let (offset, rest) = code.split_at_checked(OCTETS)?;
        let (flags, rest) = rest.split_first()?;
        *code = rest;
        let trigger = take_run(code)?.to_vec();
        let pattern = String::from_utf8(take_run(code)?.to_vec()).ok()?;
        Some(Pcre { offset: Offset::decode(offset)?, trigger, flags: *flags, pattern })
    }

    /// How often it matches: at most once without the flag `g`.
    pub(super) fn count(
        &self,
        regex: &Regex,
        octets: &[u8],
        places: impl Fn(Offset) -> Option<(usize, usize)>,
    ) -> u32 {
        let Some((first, last)) = places(self.offset) else { return 0 };
        if first > octets.len() {
            return 0;
        }
        let is_anywhere = self.offset.base == Base::Any;
        let last = match self.flags & ROLLING != 0 && self.offset.shift == 0 {
            true => octets.len(),
            false => last,
        };
        let confines = self.flags & ENCOMPASS != 0 && !is_anywhere;
        let end = if confines { last } else { octets.len() };
        let seen = octets.get(..end).unwrap_or(octets);
        let most = if self.flags & GLOBAL != 0 { usize::MAX } else { 1 };
        let mut from = first;
        let matches = std::iter::from_fn(|| {
            let found = regex.find_at(seen, from.min(seen.len()))?;
            from = found.end().max(found.start() + 1);
            (found.start() <= last && from <= seen.len() + 1).then_some(())
        });
        u32::try_from(matches.take(most).count()).unwrap_or(u32::MAX)
    }
}

/// ClamAV's own flags, and the ones that stand in the pattern.
fn read_flags(text: &str) -> Result<(u8, String), LineProblem> {
    let (mut flags, mut inline) = (0, String::new());
    for flag in text.chars() {
        match flag {
            'g' => flags |= GLOBAL,
            'r' => flags |= ROLLING,
            'e' => flags |= ENCOMPASS,
            'i' | 's' | 'm' | 'x' | 'U' | 'A' | 'E' => inline.push(flag),
            _ => return Err(malformed("its PCRE subsignature has a flag that is none")),
        }
    }
    Ok((flags, inline))
}

/// The pattern as `regex` has to see it.
fn translate(body: &str, inline: &str) -> Result<String, LineProblem> {
    let unsupported = || LineProblem::Unsupported("a regular expression of PCRE only");
    let body = literal_braces(body);
    let extended = inline.contains('x');
    let parse = |text: &str| {
        let mut parser = ast::parse::ParserBuilder::new().ignore_whitespace(extended).build();
        parser.parse(text).map_err(|_| unsupported())
    };
    let tree = parse(&body)?;
    let ends = ast::visit(&tree, Review { ends: Vec::new() }).map_err(|()| unsupported())?;
    let is_multiline = inline.contains('m');
    if !ends.is_empty() && changes_flags(&body) {
        return Err(unsupported());
    }
    let mut body = body;
    if !is_multiline && !inline.contains('E') {
        // A dollar sign of PCRE also stands before the last line feed of a file.
        for at in ends.iter().rev() {
            body.replace_range(*at..at + 1, r"(?:\n?\z)");
        }
    }
    let flags: String = inline.chars().filter(|flag| "ismxU".contains(*flag)).collect();
    let flags = if flags.is_empty() { flags } else { format!("(?{flags})") };
    let close = if extended { "\n)" } else { ")" };
    let anchor = if inline.contains('A') { r"\A" } else { "" };
    let pattern = format!("{flags}{anchor}(?:{body}{close}");
    expressions::build(&pattern).map_err(|_| unsupported())?;
    Ok(pattern)
}

/// Whether flags change inside of the pattern, as in `(?m)`.
fn changes_flags(body: &str) -> bool {
    body.match_indices("(?").any(|(at, _)| {
        let next = body.as_bytes().get(at + 2);
        next.is_some_and(|next| b"imsxU-".contains(next))
    })
}

/// A brace that begins no repeat is itself in PCRE and a mistake in `regex`; `\<` and `\>` are
/// themselves in PCRE and borders of words in `regex`.
fn literal_braces(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(first) = rest.chars().next() {
        let mut length = first.len_utf8();
        match first {
            '\\' => {
                let second = rest.chars().nth(1);
                match second {
                    Some('<') => out.push_str(r"\x3C"),
                    Some('>') => out.push_str(r"\x3E"),
                    _ => out
                        .push_str(rest.get(..1 + second.map_or(0, char::len_utf8)).unwrap_or(rest)),
                }
                length = 1 + second.map_or(0, char::len_utf8);
                // `\x{41}` and `\p{..}` have braces of their own.
                if matches!(second, Some('x' | 'p' | 'P'))
                    && rest.get(2..).is_some_and(|rest| rest.starts_with('{'))
                {
                    let end = rest.find('}').map_or(rest.len(), |end| end + 1);
                    out.push_str(rest.get(2..end).unwrap_or_default());
                    length = end;
                }
            }
            '{' if !is_repeat(rest) => out.push_str(r"\{"),
            other => out.push(other),
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

fn is_repeat(text: &str) -> bool {
    let inside = text.strip_prefix('{').and_then(|text| text.split_once('}')).map(|pair| pair.0);
    inside.is_some_and(|inside| {
        let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
        let digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
        !least.is_empty() && digits(least) && digits(most)
    })
}

/// Looks for what `regex` would understand in another way than PCRE.
struct Review {
    /// Places of `$`.
    ends: Vec<usize>,
}

impl ast::Visitor for Review {
    type Output = Vec<usize>;
    type Err = ();

    fn finish(self) -> Result<Vec<usize>, ()> {
        Ok(self.ends)
    }

    fn visit_pre(&mut self, tree: &Ast) -> Result<(), ()> {
        match tree {
            Ast::Repetition(repeat) if matches!(*repeat.ast, Ast::Repetition(_)) => Err(()),
            Ast::Assertion(assertion) => {
                use ast::AssertionKind as Kind;
                match assertion.kind {
                    Kind::EndLine => self.ends.push(assertion.span.start.offset),
                    Kind::StartLine | Kind::StartText | Kind::EndText => {}
                    Kind::WordBoundary | Kind::NotWordBoundary => {}
                    _ => return Err(()),
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn visit_class_set_binary_op_pre(&mut self, _: &ast::ClassSetBinaryOp) -> Result<(), ()> {
        Err(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str, octets: &[u8]) -> u32 {
        let pcre = Pcre::parse(text).unwrap();
        let mut code = Vec::new();
        pcre.encode(&mut code);
        let pcre = Pcre::decode(&mut code.as_slice()).unwrap();
        let regex = expressions::build(&pcre.pattern).unwrap();
        pcre.count(&regex, octets, |offset| offset.places(octets.len(), None))
    }

    #[test]
    fn flags_mean_what_they_mean_to_clamscan() {
        let octets = b"--TAG abc1 abc2\nabc3 abcabc";
        assert_eq!(count("0/abc/", octets), 1);
        assert_eq!(count("0/abc/g", octets), 5);
        assert_eq!(count("0/ABC/gi", octets), 5);
        assert_eq!(count("0/^abc/", octets), 0);
        assert_eq!(count("0/^abc/m", octets), 1);
        assert_eq!(count("0/2.abc/", octets), 0);
        assert_eq!(count("0/2.abc/s", octets), 1);
        assert_eq!(count("0/a b c/x", octets), 1);
        assert_eq!(count("0/abc/A", octets), 0);
        assert_eq!(count("0/--/A", octets), 1);
    }

    #[test]
    fn offsets_pin_roll_and_confine() {
        let octets = b"------abc---abc";
        assert_eq!(count("6:0/abc/", octets), 1);
        assert_eq!(count("5:0/abc/", octets), 0);
        assert_eq!(count("5:0/abc/r", octets), 1);
        assert_eq!(count("7:0/abc/r", octets), 1);
        assert_eq!(count("2,4:0/abc/", octets), 1);
        assert_eq!(count("2,3:0/abc/", octets), 0);
        assert_eq!(count("2,7:0/abc/e", octets), 1);
        assert_eq!(count("2,6:0/abc/e", octets), 0);
        assert_eq!(count("99:0/abc/r", octets), 0);
    }

    #[test]
    fn a_dollar_sign_stands_before_the_last_line_feed_too() {
        assert_eq!(count("0/abc$/", b"-abc\n"), 1);
        assert_eq!(count("0/abc$/E", b"-abc\n"), 0);
        assert_eq!(count("0/abc$/", b"-abc"), 1);
        assert_eq!(count("0/abc$/", b"-abc\n-"), 0);
        assert_eq!(count("0/abc$/m", b"-abc\n-"), 1);
    }

    #[test]
    fn braces_and_angles_are_themselves() {
        assert_eq!(count(r"0/f\(\){x{2}\}\<\x{41}/", b"f(){xx}<A"), 1);
        assert_eq!(count(r"0/\x80[\x00-\x7f]/", b"\x80a"), 1);
        assert_eq!(count(r"0/a\/b/", b"a/b"), 1);
    }

    #[test]
    fn what_another_engine_would_understand_otherwise_is_refused() {
        for other in [r"0/(a)\1/", "0/a(?=b)/", "0/a++b/", "0/[a-z&&[b]]/", "0/a(?<!b)/", r"0/\Ra/"]
        {
            assert_eq!(
                Pcre::parse(other),
                Err(LineProblem::Unsupported("a regular expression of PCRE only")),
                "{other}"
            );
        }
        for bad in ["0/abc", "/abc/", "0//", "0/abc/q", "x:0/abc/", "0"] {
            assert!(matches!(Pcre::parse(bad), Err(LineProblem::Malformed(_))), "{bad}");
        }
    }
}
