//! Texts as signatures for text and HTML see them: lower case, white space squeezed, mark-up in one
//! spelling. What becomes of a text was observed at clamscan and sigtool 1.4.6; that scripts are
//! rewritten with new names of variables there is left out.

use memchr::{memchr, memchr2};

use crate::limits;

/// A text (target type 7): printable ASCII in lower case, every run of white space one space,
/// everything else left out.
pub(super) fn text(octets: &[u8]) -> Vec<u8> {
    let mut out = Squeezed::new(octets.len());
    octets.iter().for_each(|octet| out.put(*octet));
    out.list
}

/// UTF-16 as far as it is ASCII, so that [`text`] can see it.
pub(super) fn narrow(octets: &[u8]) -> Vec<u8> {
    let is_big = octets.starts_with(&[0xfe, 0xff]);
    let low = |pair: &[u8]| match *pair {
        [0, low] if is_big => Some(low),
        [low, 0] if !is_big => Some(low),
        _ => None,
    };
    octets.chunks_exact(2).filter_map(low).collect()
}

struct Squeezed {
    list: Vec<u8>,
}

impl Squeezed {
    fn new(octets: usize) -> Self {
        Squeezed { list: Vec::with_capacity(octets.min(limits::NORMALISED_OCTETS)) }
    }

    fn put(&mut self, octet: u8) {
        match octet {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => self.space(),
            b'!'..=b'~' => self.list.push(octet.to_ascii_lowercase()),
            _ => {}
        }
    }

    fn space(&mut self) {
        if self.list.last() != Some(&b' ') {
            self.list.push(b' ');
        }
    }
}

/// HTML (target type 3) in two views: with its tags and without its comments, and its words and
/// links alone.
pub(super) struct Html {
    pub(super) tags: Vec<u8>,
    pub(super) words: Vec<u8>,
}

/// Both views of a page.
pub(super) fn html(octets: &[u8]) -> Html {
    let octets = octets.get(..limits::NORMALISED_OCTETS).unwrap_or(octets);
    let mut page = Page {
        html: Html { tags: Vec::with_capacity(octets.len()), words: Vec::new() },
        is_after_space: true,
        in_script: false,
    };
    let mut rest = octets;
    while let Some(first) = rest.first() {
        rest = match first {
            b'<' => page.mark_up(rest),
            b'&' => page.entity(rest),
            _ => {
                let end = memchr2(b'<', b'&', rest).unwrap_or(rest.len()).max(1);
                let (run, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
                page.run(run);
                behind
            }
        };
    }
    page.html
}

struct Page {
    html: Html,
    is_after_space: bool,
    in_script: bool,
}

impl Page {
    fn run(&mut self, run: &[u8]) {
        for octet in run {
            self.character(*octet);
        }
    }

    fn character(&mut self, octet: u8) {
        if octet.is_ascii_whitespace() || octet == 0 {
            if !self.is_after_space && !self.in_script {
                self.html.tags.push(b' ');
            }
            self.is_after_space = true;
            self.word_space();
            return;
        }
        self.is_after_space = false;
        self.html.tags.push(octet.to_ascii_lowercase());
        if !self.in_script {
            self.html.words.push(octet.to_ascii_lowercase());
        }
    }

    fn word_space(&mut self) {
        if self.html.words.last() != Some(&b' ') {
            self.html.words.push(b' ');
        }
    }

    /// A tag or comment; gives what follows.
    fn mark_up<'o>(&mut self, rest: &'o [u8]) -> &'o [u8] {
        if rest.starts_with(b"<!--") {
            let end = memchr::memmem::find(rest, b"-->").map_or(rest.len(), |end| end + 3);
            return rest.get(end..).unwrap_or_default();
        }
        let is_tag =
            rest.get(1).is_some_and(|octet| octet.is_ascii_alphabetic() || b"/!?".contains(octet));
        let closes_script =
            rest.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"</script"));
        if !is_tag || (self.in_script && !closes_script) {
            self.character(b'<');
            return rest.get(1..).unwrap_or_default();
        }
        let end = memchr(b'>', rest).map_or(rest.len(), |end| end + 1);
        let (tag, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        self.tag(tag);
        self.in_script = !closes_script
            && tag.get(..7).is_some_and(|start| start.eq_ignore_ascii_case(b"<script"));
        behind
    }

    /// A tag: lower case, one space between attributes, none around `=`, double quotes.
    fn tag(&mut self, tag: &[u8]) {
        let mut quote = None;
        let mut gap = false;
        for octet in tag {
            match (*octet, quote) {
                (b'"' | b'\'', None) => {
                    self.tag_gap(&mut gap, b'"');
                    quote = Some(*octet);
                    self.html.tags.push(b'"');
                }
                (octet, Some(open)) if octet == open => {
                    quote = None;
                    self.html.tags.push(b'"');
                }
                (octet, None) if octet.is_ascii_whitespace() => gap = true,
                (octet, _) => {
                    self.tag_gap(&mut gap, octet);
                    self.html.tags.push(octet.to_ascii_lowercase());
                }
            }
        }
        self.links(tag);
        self.is_after_space = true;
        self.word_space();
    }

    fn tag_gap(&mut self, gap: &mut bool, next: u8) {
        let is_needed = next != b'=' && next != b'>' && self.html.tags.last() != Some(&b'=');
        if *gap && is_needed {
            self.html.tags.push(b' ');
        }
        *gap = false;
    }

    /// The links of a tag stand among the words.
    fn links(&mut self, tag: &[u8]) {
        for attribute in tag.split(|octet| octet.is_ascii_whitespace()) {
            let name = attribute.split(|octet| *octet == b'=').next().unwrap_or_default();
            let is_link = [&b"href"[..], b"src"].iter().any(|one| name.eq_ignore_ascii_case(one));
            let Some(value) = attribute.get(name.len() + 1..).filter(|_| is_link) else { continue };
            self.word_space();
            let value = value.iter().filter(|octet| !b"\"'>".contains(octet));
            self.html.words.extend(value);
            self.word_space();
        }
    }

    /// A character reference; gives what follows.
    fn entity<'o>(&mut self, rest: &'o [u8]) -> &'o [u8] {
        let end = rest.iter().take(12).position(|octet| *octet == b';');
        let name = end.and_then(|end| rest.get(1..end)).unwrap_or_default();
        match (referred(name), end) {
            (Some(octet), Some(end)) if !self.in_script => {
                self.is_after_space = false;
                self.html.tags.push(octet.to_ascii_lowercase());
                rest.get(end + 1..).unwrap_or_default()
            }
            _ => {
                self.character(b'&');
                rest.get(1..).unwrap_or_default()
            }
        }
    }
}

/// The octet that a character reference stands for.
fn referred(name: &[u8]) -> Option<u8> {
    let name = str::from_utf8(name).ok()?.to_ascii_lowercase();
    let number = match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix('x') {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => number.parse().ok(),
        },
        None => return NAMED.iter().find(|row| row.0 == name).map(|row| row.1),
    };
    number.and_then(|number| u8::try_from(number).ok())
}

const NAMED: &[(&str, u8)] =
    &[("amp", b'&'), ("lt", b'<'), ("gt", b'>'), ("quot", b'"'), ("apos", b'\''), ("nbsp", 0xa0)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_squeezed_as_by_sigtool() {
        let raw = b"Hello World  This\tis   a\r\n\r\n  TEST \x80\xe9 Doc & <b> \"x\" \x00 y\n";
        assert_eq!(text(raw), b"hello world this is a test doc & <b> \"x\" y ");
        assert_eq!(narrow(b"\xff\xfeA\0b\0"), b"Ab");
        assert_eq!(narrow(b"\xfe\xff\0A\0b"), b"Ab");
    }

    #[test]
    fn a_page_is_spelled_as_by_sigtool() {
        let raw = b"<html><head><title>My   Title</title></head><body BGCOLOR=\"RED\">\n\
            <!-- Hidden COMMENT -->Hello&nbsp;&amp; <B>World</B>   Big\n\
            Text &#65;&#x42; %41 <a HREF=\"http://Example.COM/Path?X=%41\">Link   Text</a>\
            <IMG SRC='a.GIF' ALT=Foo  Width = 10><br/><p>after\n  \n  two</p></body></html>\n";
        let page = html(raw);
        assert_eq!(
            String::from_utf8_lossy(&page.tags),
            "<html><head><title>my title</title></head><body bgcolor=\"red\">hello\u{fffd}& \
             <b>world</b>big text ab %41 <a href=\"http://example.com/path?x=%41\">link text</a>\
             <img src=\"a.gif\" alt=foo width=10><br/><p>after two</p></body></html>"
        );
        let words = String::from_utf8_lossy(&page.words).into_owned();
        assert!(
            words.contains("hello world big text %41 http://Example.COM/Path?X=%41 link text"),
            "{words}"
        );
    }

    #[test]
    fn the_inside_of_a_script_is_no_mark_up() {
        let page = html(b"<script>if (a < b) { X = \"<p>\" }</script><P>y");
        assert_eq!(page.tags, b"<script>if(a<b){x=\"<p>\"}</script><p>y");
    }

    #[test]
    fn broken_pages_end_where_they_end() {
        for raw in
            [&b"<"[..], b"<!--", b"<a href=", b"&", b"&#", b"&#x", b"<script", b"</", b"<a '"]
        {
            html(raw);
        }
    }
}
