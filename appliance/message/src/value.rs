//! Values of fields about content: their main word and their parameters, in every form that some
//! reader takes them (RFC 2045 section 5.1, RFC 2231, and what is sent in spite of them).

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use crate::encoded::base64_leniently;
use crate::limits;

/// One parameter as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Parameter {
    /// Name without section and star, lower case.
    name: Vec<u8>,
    /// Number of its section (RFC 2231 section 3).
    section: Option<u32>,
    /// Whether it is charset'language'percent-encoded (RFC 2231 section 4).
    is_extended: bool,
    /// Its values, the standard's first.
    values: Vec<Vec<u8>>,
}

/// A value taken apart.
#[derive(Debug, Default)]
pub(crate) struct Value {
    /// Main word, lower case, without comments and quotes.
    pub word: String,
    /// Whether every reader would see that word.
    pub is_plain: bool,
    /// Whether it is longer, or has more parameters, than is read.
    pub is_cut: bool,
    parameters: Vec<Parameter>,
}

/// What a parameter is to different readers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Candidates {
    /// Its values, the likeliest first, all different.
    pub values: Vec<Vec<u8>>,
    /// Whether it is given more than once, in one form or in two that disagree.
    pub is_repeated: bool,
}

impl Value {
    /// Takes a value apart.
    pub fn read(raw: &[u8]) -> Self {
        let unfolded = unfold(raw);
        let text = unfolded.as_ref();
        let (end, is_closed) = segment_end(text, true);
        let main = text.get(..end).unwrap_or_default();
        let mut value = Value { is_cut: raw.len() >= limits::VALUE_OCTETS, ..Value::default() };
        let after = value.read_word(main);
        value.read_loose_parameters(after);
        value.read_parameters(text.get(end..).unwrap_or_default(), is_closed);
        value
    }

    /// The main word; what follows it within its segment is returned.
    fn read_word<'t>(&mut self, main: &'t [u8]) -> &'t [u8] {
        let trimmed = main.trim_ascii();
        let is_plain = trimmed.iter().all(|octet| is_token(*octet) || *octet == b'/');
        if is_plain {
            self.word = lower(trimmed);
            self.is_plain = memchr::memmem::find(trimmed, b"=?").is_none();
            return &[];
        }
        let clean = without_comments(trimmed);
        let first = clean.trim_ascii();
        let end =
            first.iter().position(|o| matches!(o, b' ' | b'\t' | b',')).unwrap_or(first.len());
        let word: Vec<u8> = first
            .get(..end)
            .unwrap_or_default()
            .iter()
            .copied()
            .filter(|octet| is_token(*octet) || *octet == b'/')
            .collect();
        self.word = lower(&word);
        let gap = trimmed.iter().position(|o| matches!(o, b' ' | b'\t' | b','));
        trimmed.get(gap.unwrap_or(trimmed.len())..).unwrap_or_default()
    }

    /// Parameters set off by spaces or commas instead of semicolons.
    fn read_loose_parameters(&mut self, text: &[u8]) {
        if memchr(b'=', text).is_none() {
            return;
        }
        for piece in text.split(|octet| matches!(octet, b' ' | b'\t' | b',')).take(16) {
            if memchr(b'=', piece).is_some() {
                self.read_parameter(piece);
            }
        }
    }

    fn read_parameters(&mut self, text: &[u8], is_closed: bool) {
        let (mut rest, mut by_quotes) = (text, is_closed);
        while let [b';', after @ ..] = rest {
            if self.parameters.len() >= limits::PARAMETERS {
                self.is_cut = true;
                return;
            }
            let (end, is_closed) = segment_end(after, by_quotes);
            by_quotes = is_closed;
            self.read_parameter(after.get(..end).unwrap_or_default());
            rest = after.get(end..).unwrap_or_default();
        }
    }

    fn read_parameter(&mut self, segment: &[u8]) {
        let segment = segment.trim_ascii();
        let Some(equals) = memchr2(b'=', b':', segment) else { return };
        let (name, rest) = segment.split_at_checked(equals).unwrap_or_default();
        let name =
            if memchr(b'(', name).is_some() { without_comments(name) } else { Cow::Borrowed(name) };
        let name = name.trim_ascii();
        let raw = rest.get(1..).unwrap_or_default();
        let (name, is_extended, section) = sections(name);
        let values = values(raw, section.is_some());
        let name = name.trim_ascii().to_ascii_lowercase();
        self.parameters.push(Parameter { name, section, is_extended, values });
    }

    /// All that a parameter may be.
    pub fn candidates(&self, name: &str) -> Candidates {
        let mut found = Candidates::default();
        let mut plain = 0;
        for parameter in self.named(name).filter(|one| one.section.is_none() && !one.is_extended) {
            plain += 1;
            for value in &parameter.values {
                found.add(value);
            }
        }
        let before = found.values.clone();
        let extended = self.extended(name);
        for value in &extended {
            found.add(value);
        }
        let disagree = plain > 0 && extended.iter().any(|value| !before.contains(value));
        found.is_repeated = plain > 1 || disagree || extended.len() > 1;
        found
    }

    /// The first plain value of a parameter, as text.
    pub fn text(&self, name: &str) -> Option<String> {
        let first = self.candidates(name).values.into_iter().next()?;
        Some(String::from_utf8_lossy(&first).into_owned())
    }

    /// Whether it has a parameter in any form.
    pub fn has(&self, name: &str) -> bool {
        self.named(name).next().is_some()
    }

    fn named<'v>(&'v self, name: &'v str) -> impl Iterator<Item = &'v Parameter> {
        self.parameters.iter().filter(move |one| one.name == name.as_bytes())
    }

    /// The values of a parameter in the forms of RFC 2231.
    fn extended(&self, name: &str) -> Vec<Vec<u8>> {
        let mut list = Vec::new();
        for one in self.named(name).filter(|one| one.is_extended && one.section.is_none()) {
            list.extend(one.values.first().map(|value| charset_value(value)));
        }
        let mut sections: Vec<&Parameter> =
            self.named(name).filter(|one| one.section.is_some()).collect();
        if !sections.is_empty() {
            let as_written = joined(&sections);
            sections.sort_by_key(|one| one.section);
            let in_order = joined(&sections);
            sections.dedup_by_key(|one| one.section);
            let once = joined(&sections);
            list.extend([in_order, as_written, once]);
        }
        let mut different: Vec<Vec<u8>> = Vec::new();
        for value in list {
            if !different.contains(&value) {
                different.push(value);
            }
        }
        different
    }
}

impl Candidates {
    fn add(&mut self, value: &[u8]) {
        if self.values.len() < limits::CANDIDATES && !self.values.iter().any(|one| one == value) {
            self.values.push(value.to_vec());
        }
    }
}

/// Joins the sections of a value, each decoded as it says.
fn joined(sections: &[&Parameter]) -> Vec<u8> {
    let mut whole = Vec::new();
    for (number, one) in sections.iter().enumerate() {
        let Some(value) = one.values.first() else { continue };
        match (one.is_extended, number) {
            (true, 0) => whole.extend(charset_value(value)),
            (true, _) => whole.extend(percent_decoded(value)),
            (false, _) => whole.extend_from_slice(value),
        }
        whole.truncate(limits::VALUE_OCTETS);
    }
    whole
}

/// `name*1*` taken apart: name, whether it is extended, section.
fn sections(name: &[u8]) -> (&[u8], bool, Option<u32>) {
    let (name, is_extended) = match name {
        [inner @ .., b'*'] => (inner, true),
        _ => (name, false),
    };
    let Some(star) = memchr(b'*', name) else { return (name, is_extended, None) };
    let (base, digits) = name.split_at_checked(star).unwrap_or((name, &[]));
    let digits = std::str::from_utf8(digits.get(1..).unwrap_or_default()).unwrap_or_default();
    (base, is_extended, Some(digits.trim().parse().unwrap_or(u32::MAX)))
}

/// Every value that a reader may see after the equals sign, the standard's first.
fn values(raw: &[u8], is_section: bool) -> Vec<Vec<u8>> {
    let trimmed = raw.trim_ascii();
    if let Some(simple) = simple(trimmed) {
        return vec![simple.to_vec()];
    }
    let mut list: Vec<Vec<u8>> = Vec::new();
    let mut add = |value: &[u8]| {
        if !list.iter().any(|one| one == value) {
            list.push(value.to_vec());
        }
    };
    let inner = match trimmed {
        [b'"', rest @ ..] => {
            let end = closing_quote(rest);
            let inner = rest.get(..end).unwrap_or_default();
            add(&unescaped(inner));
            inner
        }
        _ => {
            let end = trimmed.iter().position(|octet| !is_token(*octet) && *octet < 0x80);
            add(trimmed.get(..end.unwrap_or(trimmed.len())).unwrap_or_default());
            trimmed
        }
    };
    if is_section {
        return list;
    }
    add(inner);
    add(inner.trim_ascii());
    add(trimmed);
    let unquoted: Vec<u8> = trimmed.iter().copied().filter(|octet| *octet != b'"').collect();
    add(&unquoted);
    add(without_comments(trimmed).trim_ascii());
    if let [b'\'', quoted @ .., b'\''] = trimmed {
        add(quoted);
    }
    for end in [0, b';', b' ', b'\r', b'\n'] {
        if let Some(at) = memchr(end, inner) {
            add(inner.get(..at).unwrap_or_default());
        }
    }
    if let Some(word) = encoded_word(inner) {
        add(&word);
    }
    list.truncate(limits::CANDIDATES);
    list
}

/// The value when all readers agree on it.
fn simple(trimmed: &[u8]) -> Option<&[u8]> {
    let (inner, is_quoted) = match trimmed {
        [b'"', inner @ .., b'"'] => (inner, true),
        _ => (trimmed, false),
    };
    let edge = |octet: Option<&u8>| octet.is_some_and(|octet| *octet == b' ');
    let fits = |octet: &u8| {
        is_token(*octet)
            || *octet >= 0x80
            || is_quoted
                && matches!(
                    octet,
                    b' ' | b'('
                        | b')'
                        | b','
                        | b'/'
                        | b':'
                        | b'='
                        | b'?'
                        | b'@'
                        | b'<'
                        | b'>'
                        | b'['
                        | b']'
                )
            || matches!(octet, b'=' | b':' | b'/' | b'?' | b'@')
    };
    let all = inner.iter().all(fits) && !edge(inner.first()) && !edge(inner.last());
    let is_apostrophed = matches!(inner, [b'\'', .., b'\'']);
    (all && !is_apostrophed && memchr::memmem::find(inner, b"=?").is_none()).then_some(inner)
}

/// Octets of a token (RFC 2045 section 5.1).
fn is_token(octet: u8) -> bool {
    octet.is_ascii_graphic()
        && !matches!(
            octet,
            b'(' | b')'
                | b'<'
                | b'>'
                | b'@'
                | b','
                | b';'
                | b':'
                | b'\\'
                | b'"'
                | b'/'
                | b'['
                | b']'
                | b'?'
                | b'='
        )
}

/// Octets up to the next semicolon outside of quotes and comments, and whether those are closed.
/// Where they are not, most readers go by the semicolons alone.
fn segment_end(text: &[u8], by_quotes: bool) -> (usize, bool) {
    let semicolon = memchr(b';', text).unwrap_or(text.len());
    if !by_quotes || memchr2(b'"', b'(', text).is_none() {
        return (semicolon, by_quotes);
    }
    let (mut is_quoted, mut comments, mut escaped) = (false, 0_u32, false);
    for (at, octet) in text.iter().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if is_quoted || comments > 0 => escaped = true,
            b'"' if comments == 0 => is_quoted = !is_quoted,
            b'(' if !is_quoted => comments += 1,
            b')' if !is_quoted => comments = comments.saturating_sub(1),
            b';' if !is_quoted && comments == 0 => return (at, true),
            _ => {}
        }
    }
    if is_quoted || comments > 0 { (semicolon, false) } else { (text.len(), true) }
}

fn closing_quote(text: &[u8]) -> usize {
    let mut escaped = false;
    for (at, octet) in text.iter().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    text.len()
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut octets = text.iter();
    let mut out = Vec::with_capacity(text.len());
    while let Some(octet) = octets.next() {
        out.extend(if *octet == b'\\' { octets.next() } else { Some(octet) });
    }
    out
}

/// The text without its comments (RFC 5322 section 3.2.2), which nest.
pub(crate) fn without_comments(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'(', text).is_none() {
        return Cow::Borrowed(text);
    }
    let (mut depth, mut is_quoted, mut escaped) = (0_u32, false, false);
    let mut out = Vec::with_capacity(text.len());
    for octet in text {
        let keep = depth == 0;
        match octet {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' if keep => is_quoted = !is_quoted,
            b'(' if !is_quoted => {
                depth += 1;
                continue;
            }
            b')' if depth > 0 => {
                depth -= 1;
                continue;
            }
            _ => {}
        }
        if keep {
            out.push(*octet);
        }
    }
    Cow::Owned(out)
}

/// The value on one line: a line end before white space is taken away (RFC 5322 section 2.2.3).
fn unfold(raw: &[u8]) -> Cow<'_, [u8]> {
    if memchr2(b'\r', b'\n', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut out = Vec::with_capacity(raw.len());
    for line in raw.split_inclusive(|octet| *octet == b'\n') {
        let end = match line {
            [text @ .., b'\r', b'\n'] | [text @ .., b'\n'] => text,
            _ => line,
        };
        out.extend_from_slice(end);
    }
    Cow::Owned(out)
}

/// `charset'language'text`, decoded to UTF-8 as far as the charset is known.
fn charset_value(value: &[u8]) -> Vec<u8> {
    let mut pieces = value.splitn(3, |octet| *octet == b'\'');
    match (pieces.next(), pieces.next(), pieces.next()) {
        (Some(charset), Some(_), Some(text)) => in_utf8(charset, percent_decoded(text)),
        _ => percent_decoded(value),
    }
}

/// Octets of a charset as UTF-8.
pub(crate) fn in_utf8(charset: &[u8], octets: Vec<u8>) -> Vec<u8> {
    let is_utf8 =
        charset.eq_ignore_ascii_case(b"utf-8") || charset.eq_ignore_ascii_case(b"us-ascii");
    if is_utf8 || charset.is_empty() || octets.is_ascii() && !is_stateful(charset) {
        return octets;
    }
    match mail_parser::decoders::charsets::map::charset_decoder(charset) {
        Some(decode) => decode(&octets).into_bytes(),
        None => octets,
    }
}

/// Charsets in which ASCII octets are not always ASCII text.
pub(crate) fn is_stateful(charset: &[u8]) -> bool {
    let lower = charset.to_ascii_lowercase();
    [
        &b"utf-16"[..],
        b"utf16",
        b"utf-7",
        b"utf7",
        b"iso-2022",
        b"iso2022",
        b"csiso2022",
        b"hz",
        b"ucs",
        b"unicode",
        b"utf-32",
    ]
    .iter()
    .any(|start| lower.starts_with(start))
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let pair = (*first == b'%').then(|| after.first_chunk::<2>().and_then(hex_pair)).flatten();
        out.push(pair.unwrap_or(*first));
        rest = if pair.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    out
}

/// The octet that two hexadecimal digits stand for.
pub(crate) fn hex_pair(pair: &[u8; 2]) -> Option<u8> {
    let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? * 16 + low?).ok()
}

/// Text with its encoded words (RFC 2047) decoded; `None` when there is none.
pub(crate) fn encoded_word(text: &[u8]) -> Option<Vec<u8>> {
    memchr::memmem::find(text, b"=?")?;
    let mut out = Vec::new();
    let mut rest = text;
    let mut after_word = false;
    while let Some(at) = memchr::memmem::find(rest, b"=?") {
        let (before, word) = rest.split_at_checked(at)?;
        let Some((decoded, length)) = one_word(word) else {
            out.extend_from_slice(rest.get(..at + 2)?);
            rest = rest.get(at + 2..)?;
            after_word = false;
            continue;
        };
        if !(after_word && before.trim_ascii().is_empty()) {
            out.extend_from_slice(before);
        }
        out.extend(decoded);
        rest = word.get(length..)?;
        after_word = true;
    }
    out.extend_from_slice(rest);
    Some(out)
}

/// One encoded word at the start of the text, and its octets.
fn one_word(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut pieces = text.get(2..)?.splitn(3, |octet| *octet == b'?');
    let (charset, encoding, rest) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let end = memchr::memmem::find(rest, b"?=")?;
    let encoded = rest.get(..end)?;
    let octets = match encoding {
        b"B" | b"b" => base64_leniently(encoded),
        b"Q" | b"q" => quoted_word(encoded),
        _ => return None,
    };
    let charset = charset.split(|octet| *octet == b'*').next().unwrap_or_default();
    Some((in_utf8(charset, octets), 2 + charset_length(text)? + end + 2))
}

/// Octets of `charset?Q?`.
fn charset_length(text: &[u8]) -> Option<usize> {
    let inner = text.get(2..)?;
    let first = memchr(b'?', inner)?;
    let second = memchr(b'?', inner.get(first + 1..)?)?;
    Some(first + second + 2)
}

fn quoted_word(encoded: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((first, after)) = rest.split_first() {
        let pair = (*first == b'=').then(|| after.first_chunk::<2>().and_then(hex_pair)).flatten();
        out.push(pair.unwrap_or(if *first == b'_' { b' ' } else { *first }));
        rest = if pair.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    out
}

fn lower(octets: &[u8]) -> String {
    let kept = octets.get(..octets.len().min(limits::MIME_OCTETS)).unwrap_or_default();
    String::from_utf8_lossy(kept).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(raw: &str, name: &str) -> Vec<String> {
        let found = Value::read(raw.as_bytes()).candidates(name);
        found.values.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect()
    }

    fn boundaries(raw: &str) -> Vec<String> {
        candidates(raw, "boundary")
    }

    #[test]
    fn an_ordinary_boundary_is_one() {
        for raw in [
            "multipart/mixed; boundary=foo",
            "multipart/mixed; boundary=\"foo\"",
            "multipart/mixed;\r\n\tcharset=x;\r\n boundary=\"foo\"",
            "multipart/mixed;boundary = foo;",
            "multipart/mixed; BOUNDARY=\"foo\"; type=\"a;b\"",
        ] {
            assert_eq!(boundaries(raw), ["foo"], "{raw}");
            assert!(Value::read(raw.as_bytes()).is_plain);
        }
        assert_eq!(boundaries("a/b; boundary=\"----=_Part (1):2?x\""), ["----=_Part (1):2?x"]);
    }

    #[test]
    fn a_boundary_that_readers_see_differently_has_all_its_values() {
        let both = |raw: &str, one: &str, other: &str| {
            let found = boundaries(raw);
            assert!(found.contains(&one.to_owned()), "{raw}: {found:?}");
            assert!(found.contains(&other.to_owned()), "{raw}: {found:?}");
        };
        both("m/x; boundary=a; boundary=b", "a", "b");
        both("m/x; boundary=a(c)", "a", "a(c)");
        both("m/x; boundary=\"a\"b", "a", "ab");
        both("m/x; boundary=\"a\\b\"", "ab", "a\\b");
        both("m/x; boundary=\"a", "a", "\"a");
        both("m/x; boundary=\" a\"", " a", "a");
        both("m/x; boundary='a'", "'a'", "a");
        both("m/x; boundary=a b", "a", "a b");
        both("m/x; boundary=\"a\0b\"", "a", "a\0b");
        both("m/x; boundary==?utf-8?B?YQ==?=", "a", "=?utf-8?B?YQ==?=");
        both("m/x; boundary=\"=?utf-8?Q?=61?=\"", "a", "=?utf-8?Q?=61?=");
        both("m/x; boundary=a; boundary*=utf-8''b", "a", "b");
        both("m/x; boundary=x; boundary*0=a; boundary*1=b", "x", "ab");
        both("m/x; boundary*1=b; boundary*0=a", "ab", "ba");
        both("m/x; boundary=\"a;b\"", "a;b", "a");
    }

    #[test]
    fn loose_parameters_are_seen() {
        assert_eq!(boundaries("multipart/mixed boundary=foo"), ["foo"]);
        assert_eq!(boundaries("multipart/mixed, boundary=foo"), ["foo"]);
        assert_eq!(boundaries("multipart/mixed; boundary:foo"), ["foo"]);
        assert!(!Value::read(b"multipart/mixed boundary=foo").is_plain);
    }

    #[test]
    fn the_main_word_is_cleaned_and_that_is_told() {
        for raw in ["text/(x)plain", "\"text/plain\"", "text/plain (yes)", "Text/Plain\0"] {
            let value = Value::read(raw.as_bytes());
            assert_eq!((value.word.as_str(), value.is_plain), ("text/plain", false), "{raw}");
        }
        assert!(Value::read(b"TEXT/Plain").is_plain);
    }

    #[test]
    fn names_in_other_charsets_are_decoded() {
        let raw = "a/b; name*=iso-8859-1'de'Gr%FC%DFe.pdf";
        assert_eq!(candidates(raw, "name"), ["Gr\u{fc}\u{df}e.pdf"]);
        let raw = "a/b; name*0*=utf-8''Gr%C3%BC; name*1=\"e.pdf\"";
        assert_eq!(candidates(raw, "name"), ["Gr\u{fc}e.pdf"]);
        assert_eq!(
            encoded_word(b"=?utf-8?Q?Gr=C3=BC?= =?utf-8?B?w59l?=.pdf").unwrap(),
            "Gr\u{fc}\u{df}e.pdf".as_bytes()
        );
        assert_eq!(encoded_word(b"plain"), None);
    }

    #[test]
    fn what_is_too_long_is_told() {
        let many = format!("a/b{}; name=x", "; a=b".repeat(limits::PARAMETERS));
        assert!(Value::read(many.as_bytes()).is_cut);
        let long = format!("a/b; x={}", "y".repeat(limits::VALUE_OCTETS));
        assert!(Value::read(long.as_bytes()).is_cut);
        assert!(!Value::read(b"a/b; name=x").is_cut);
    }

    #[test]
    fn what_is_repeated_is_told() {
        let repeated = |raw: &str| Value::read(raw.as_bytes()).candidates("name").is_repeated;
        assert!(repeated("a/b; name=x; name=y") && repeated("a/b; name=x; name*=utf-8''y"));
        assert!(!repeated("a/b; name=x; name*=utf-8''x") && !repeated("a/b; name=x"));
        assert!(!repeated("a/b; name*0=x; name*1=y"));
    }

    proptest::proptest! {
        #[test]
        fn no_octets_make_it_panic_and_candidates_are_bounded(octets: Vec<u8>) {
            let raw = [b"m/x; boundary=".as_slice(), &octets].concat();
            assert!(Value::read(&raw).candidates("boundary").values.len() <= limits::CANDIDATES);
            let _ = (Value::read(&octets), encoded_word(&octets));
        }

        #[test]
        fn any_token_is_its_own_only_value(token in "[a-zA-Z0-9_.+-]{1,40}") {
            assert_eq!(boundaries(&format!("m/x; boundary={token}")), [token.as_str()]);
            assert_eq!(boundaries(&format!("m/x; boundary=\"{token}\"")), [token.as_str()]);
        }
    }
}
