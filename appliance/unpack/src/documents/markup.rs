//! A scanner for XML and HTML that no broken markup stops: tags, text and comments in their order.
//!
//! Entities of a document's own are never expanded, nothing external is fetched. It holds no tree;
//! who needs one keeps a stack. Start with [`Markup`] and [`to_text`].

use std::borrow::Cow;

use encoding_rs::Encoding;

use super::cursor::holds;

/// One piece of markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A start tag.
    Open(Tag<'a>),
    /// An end tag's name.
    Close(&'a str),
    /// Text as it stands, entities not resolved.
    Text(&'a str),
    /// Text without entities.
    CData(&'a str),
    /// A comment's text.
    Comment(&'a str),
    /// A declaration such as `!DOCTYPE`, or a processing instruction.
    Declaration(&'a str),
}

/// A start tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    /// Its name with its prefix.
    pub(crate) name: &'a str,
    /// Whether it ends itself, `<a/>`.
    pub(crate) is_empty: bool,
    attributes: &'a str,
}

impl<'a> Tag<'a> {
    /// Its name without a prefix.
    pub(crate) fn local(&self) -> &'a str {
        local(self.name)
    }

    /// Its attributes, values as they stand.
    pub(crate) fn attributes(&self) -> Attributes<'a> {
        Attributes { rest: self.attributes }
    }

    /// The value of an attribute, prefixes aside, entities resolved.
    pub(crate) fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        let mut all = self.attributes();
        all.find(|(own, _)| local(own).eq_ignore_ascii_case(name)).map(|(_, value)| resolved(value))
    }

    /// Whether the attribute stands there, with or without a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.attributes().any(|(own, _)| own.eq_ignore_ascii_case(name))
    }
}

/// A name without its prefix.
pub(crate) fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Attributes one after another.
#[derive(Debug, Clone)]
pub(crate) struct Attributes<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let is_noise =
            |one: char| one.is_ascii_whitespace() || matches!(one, '/' | '"' | '\'' | '=' | '\0');
        self.rest = self.rest.trim_start_matches(is_noise);
        if self.rest.is_empty() {
            return None;
        }
        let is_end = |one: char| one.is_ascii_whitespace() || one == '=' || one == '/';
        let (name, rest) = split(self.rest, self.rest.find(is_end));
        let rest = rest.trim_start();
        let Some(value) = rest.strip_prefix('=') else {
            self.rest = rest;
            return Some((name, ""));
        };
        let value = value.trim_start();
        let quote = value.chars().next().filter(|one| matches!(one, '"' | '\''));
        let (value, rest) = match quote {
            Some(quote) => {
                let inner = value.get(1..).unwrap_or_default();
                let (value, rest) = split(inner, inner.find(quote));
                (value, rest.get(1..).unwrap_or_default())
            }
            None => split(value, value.find(|one: char| one.is_ascii_whitespace())),
        };
        self.rest = rest;
        Some((name, value))
    }
}

fn split(text: &str, at: Option<usize>) -> (&str, &str) {
    text.split_at_checked(at.unwrap_or(text.len())).unwrap_or((text, ""))
}

/// Markup being scanned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Markup<'a> {
    rest: &'a str,
}

impl<'a> Markup<'a> {
    /// At the start.
    pub(crate) fn new(text: &'a str) -> Self {
        Markup { rest: text }
    }

    fn take(&mut self, octets: usize) -> &'a str {
        let (taken, rest) = split(self.rest, Some(octets));
        self.rest = rest;
        taken
    }

    /// The text up to the end tag of `name`, which is stepped over: what stands in `script` and its
    /// like is no markup. To the end of everything when there is no such tag.
    pub(crate) fn raw_until(&mut self, name: &str) -> &'a str {
        let octets = self.rest.as_bytes();
        let mut ends = memchr::memmem::find_iter(octets, b"</");
        let end = ends.find(|at| {
            let found = octets.get(at + 2..at + 2 + name.len()).unwrap_or_default();
            found.eq_ignore_ascii_case(name.as_bytes())
        });
        let text = self.take(end.unwrap_or(octets.len()));
        let tag = self.rest.find('>').map_or(self.rest.len(), |at| at + 1);
        self.take(tag);
        text
    }

    /// A piece that ends with `end`, which is stepped over.
    fn until(&mut self, end: &str) -> &'a str {
        match memchr::memmem::find(self.rest.as_bytes(), end.as_bytes()) {
            Some(at) => {
                let text = self.take(at);
                self.take(end.len());
                text
            }
            None => self.take(self.rest.len()),
        }
    }

    fn comment(&mut self) -> Piece<'a> {
        // Browsers end a comment at `-->`, and at once where it begins `<!-->`.
        for short in [">", "->"] {
            if self.rest.starts_with(short) {
                self.take(short.len());
                return Piece::Comment("");
            }
        }
        Piece::Comment(self.until("-->"))
    }

    fn tag(&mut self) -> Piece<'a> {
        let end = tag_end(self.rest.as_bytes());
        let inner = self.take(end);
        self.take(1);
        let inner = inner.get(1..).unwrap_or_default();
        if let Some(name) = inner.strip_prefix('/') {
            let is_end = |one: char| one.is_ascii_whitespace() || one == '/';
            return Piece::Close(split(name, name.find(is_end)).0);
        }
        let is_end = |one: char| one.is_ascii_whitespace() || one == '/';
        let (name, attributes) = split(inner, inner.find(is_end));
        Piece::Open(Tag { name, attributes, is_empty: attributes.ends_with('/') })
    }
}

/// Where a tag ends: at the first `>` outside of quotes; a quote counts only behind `=`.
fn tag_end(octets: &[u8]) -> usize {
    let mut at = 1;
    let mut is_behind_sign = false;
    while let Some(octet) = octets.get(at) {
        match octet {
            b'>' => return at,
            quote @ (b'"' | b'\'') if is_behind_sign => {
                let rest = octets.get(at + 1..).unwrap_or_default();
                match memchr::memchr(*quote, rest) {
                    Some(length) => at += length + 1,
                    // A quote that never ends: the tag ends where it can.
                    None => {
                        return memchr::memchr(b'>', rest).map_or(octets.len(), |end| at + 1 + end);
                    }
                }
                is_behind_sign = false;
            }
            b'=' => is_behind_sign = true,
            octet if octet.is_ascii_whitespace() => {}
            _ => is_behind_sign = false,
        }
        at += 1;
    }
    octets.len()
}

impl<'a> Iterator for Markup<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let octets = self.rest.as_bytes();
        let first = octets.first()?;
        if *first != b'<' {
            let end = memchr::memchr(b'<', octets).unwrap_or(octets.len());
            return Some(Piece::Text(self.take(end)));
        }
        Some(match octets.get(1) {
            Some(b'!') if self.rest.starts_with("<!--") => {
                self.take(4);
                self.comment()
            }
            Some(b'!') if self.rest.starts_with("<![CDATA[") => {
                self.take(9);
                Piece::CData(self.until("]]>"))
            }
            Some(b'!' | b'?') => {
                self.take(1);
                Piece::Declaration(self.until(">"))
            }
            Some(octet) if octet.is_ascii_alphabetic() || *octet == b'/' || *octet == b'_' => {
                self.tag()
            }
            _ => Piece::Text(self.take(1)),
        })
    }
}

/// Text with its entities resolved: numbers and the names that matter; others stay as they are.
pub(crate) fn resolved(text: &str) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(b'&', text.as_bytes()) else { return Cow::Borrowed(text) };
    let (before, mut rest) = split(text, Some(first));
    let mut out = String::with_capacity(text.len());
    out.push_str(before);
    while let Some(behind) = rest.strip_prefix('&') {
        match entity(behind) {
            Some((one, octets)) => {
                out.push(one);
                rest = behind.get(octets..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = behind;
            }
        }
        let next = memchr::memchr(b'&', rest.as_bytes());
        let (plain, more) = split(rest, next);
        out.push_str(plain);
        rest = more;
    }
    Cow::Owned(out)
}

/// A character and the octets of its entity behind `&`.
fn entity(text: &str) -> Option<(char, usize)> {
    let mut octets = text.len().min(12);
    while !text.is_char_boundary(octets) {
        octets -= 1;
    }
    let text = text.get(..octets)?;
    if let Some(number) = text.strip_prefix('#') {
        let (digits, base, head) = match number.strip_prefix(['x', 'X']) {
            Some(digits) => (digits, 16, 2),
            None => (number, 10, 1),
        };
        let count = digits.bytes().take_while(|one| char::from(*one).is_digit(base)).count();
        let code = u32::from_str_radix(digits.get(..count)?, base).ok()?;
        let ends = usize::from(digits.as_bytes().get(count) == Some(&b';'));
        return Some((char::from_u32(code).unwrap_or('\u{fffd}'), head + count + ends));
    }
    const NAMES: &[(&str, char)] = &[
        ("amp;", '&'),
        ("lt;", '<'),
        ("gt;", '>'),
        ("quot;", '"'),
        ("apos;", '\''),
        ("nbsp;", ' '),
        ("colon;", ':'),
        ("sol;", '/'),
        ("period;", '.'),
        ("lpar;", '('),
        ("rpar;", ')'),
        ("Tab;", '\t'),
        ("NewLine;", '\n'),
        ("zwnj;", '\u{200c}'),
        ("zwj;", '\u{200d}'),
        ("shy;", '\u{ad}'),
        ("auml;", 'ä'),
        ("ouml;", 'ö'),
        ("uuml;", 'ü'),
        ("Auml;", 'Ä'),
        ("Ouml;", 'Ö'),
        ("Uuml;", 'Ü'),
        ("szlig;", 'ß'),
        ("eacute;", 'é'),
        ("egrave;", 'è'),
        ("agrave;", 'à'),
        ("ccedil;", 'ç'),
        ("ntilde;", 'ñ'),
        ("copy;", '©'),
        ("euro;", '€'),
        ("ndash;", '–'),
        ("mdash;", '—'),
        ("hellip;", '…'),
        ("rsquo;", '’'),
        ("lsquo;", '‘'),
        ("rdquo;", '”'),
        ("ldquo;", '“'),
        ("bull;", '•'),
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("nbsp", ' '),
    ];
    NAMES.iter().find(|(name, _)| text.starts_with(name)).map(|(name, one)| (*one, name.len()))
}

/// Octets as text: by their byte order mark, as UTF-16 without one, as UTF-8, by the charset that
/// their head declares, else as Windows-1252.
pub(crate) fn to_text(octets: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(octets) {
        return encoding.decode_without_bom_handling(octets.get(mark..).unwrap_or_default()).0;
    }
    match octets {
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => {
            return encoding_rs::UTF_16LE.decode_without_bom_handling(octets).0;
        }
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => {
            return encoding_rs::UTF_16BE.decode_without_bom_handling(octets).0;
        }
        _ => {}
    }
    if let Ok(text) = std::str::from_utf8(octets) {
        return Cow::Borrowed(text);
    }
    let encoding = declared(octets).unwrap_or(encoding_rs::WINDOWS_1252);
    encoding.decode_without_bom_handling(octets).0
}

fn declared(octets: &[u8]) -> Option<&'static Encoding> {
    let head = octets.get(..octets.len().min(1024))?;
    for word in [b"charset=".as_slice(), b"encoding="] {
        if !holds(head, word) {
            continue;
        }
        let lower = head.to_ascii_lowercase();
        let at = memchr::memmem::find(&lower, word)?.checked_add(word.len())?;
        let label = lower.get(at..)?;
        let quote = |octet: &u8| matches!(octet, b'"' | b'\'' | b' ');
        let label = label.get(label.iter().take_while(|one| quote(one)).count()..)?;
        let is_label = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
        let label = label.get(..label.iter().take_while(|one| is_label(one)).count())?;
        if let Some(encoding) = Encoding::for_label(label) {
            return Some(encoding);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_a_quoted_value_does_not_end_a_tag() {
        let pieces: Vec<Piece<'_>> = Markup::new("<a title='x>y' href=b>t</a >").collect();
        let Piece::Open(tag) = pieces[0] else { panic!() };
        assert_eq!(tag.get("href").as_deref(), Some("b"));
        assert_eq!(pieces[1..], [Piece::Text("t"), Piece::Close("a")]);
    }

    #[test]
    fn a_quote_that_never_ends_hides_nothing_behind_it() {
        let text: Vec<Piece<'_>> = Markup::new("<a href=\"x>visible").collect();
        assert_eq!(text.last(), Some(&Piece::Text("visible")));
    }

    #[test]
    fn entities_of_the_document_are_not_expanded() {
        assert_eq!(resolved("&lol9;&#x41;&#66;&amp;&lt"), "&lol9;AB&<");
    }

    #[test]
    fn text_without_a_mark_is_known_as_utf_16() {
        assert_eq!(to_text(b"<\0a\0>\0"), "<a>");
        assert_eq!(to_text(b"<p>\xe9</p>"), "<p>é</p>");
        assert_eq!(to_text(b"<meta charset=koi8-r>\xc1"), "<meta charset=koi8-r>а");
    }
}
