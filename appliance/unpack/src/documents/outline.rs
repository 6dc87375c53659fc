//! What a page is made of, taken down on the way through its markup: see [`Page`].

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use super::cursor::shown;
use super::html::has_scheme;
use super::markup::Tag;
use super::style::Look;
use crate::limits;
use crate::page::{Anchor, Page, Picture};

/// The elements of HTML, old ones and those of SVG in mail too.
const NAMES: &str = "a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big \
    blink blockquote body br button canvas caption center circle cite code col colgroup data \
    datalist dd defs del details dfn dialog dir div dl dt ellipse em embed fieldset figcaption \
    figure font footer form frame frameset g h1 h2 h3 h4 h5 h6 head header hgroup hr html i \
    iframe image img input ins kbd keygen label layer legend li line link listing main map mark \
    marquee math menu meta meter multicol nav nobr noembed noframes noscript object ol optgroup \
    option output p param path picture plaintext polygon pre progress q rect rp rt ruby s samp \
    script search section select slot small source span strike strong style sub summary sup svg \
    symbol table tbody td template text textarea tfoot th thead time title tr track tspan tt u \
    ul use var video wbr xml xmp";

static ELEMENTS: LazyLock<HashSet<&str>> = LazyLock::new(|| NAMES.split(' ').collect());

/// The page so far.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) page: Page,
    /// The anchor whose words are being read.
    anchor: Option<usize>,
    is_title: bool,
}

impl Outline {
    /// Takes an element down for the page.
    pub(super) fn open(&mut self, lower: &str, tag: &Tag<'_>, look: Look, base: &str) {
        let page = &mut self.page;
        page.elements = page.elements.saturating_add(1);
        match lower {
            "a" | "area" => self.anchor(tag, look, base),
            "img" => self.picture(tag, base),
            "table" => page.tables = page.tables.saturating_add(1),
            "script" => page.scripts = page.scripts.saturating_add(1),
            "input" | "textarea" | "select" if look.hidden_by().is_none() => {
                let kind = tag.get("type").unwrap_or_default().to_ascii_lowercase();
                match kind.as_str() {
                    "password" => page.password_fields = page.password_fields.saturating_add(1),
                    "hidden" | "submit" | "button" | "image" | "reset" => {}
                    _ => page.fields = page.fields.saturating_add(1),
                }
            }
            "title" => self.is_title = true,
            _ if lower.contains(['-', ':', '!', '?']) => {}
            _ if !ELEMENTS.contains(lower) => {
                page.unknown_elements = page.unknown_elements.saturating_add(1);
            }
            _ => {}
        }
    }

    fn anchor(&mut self, tag: &Tag<'_>, look: Look, base: &str) {
        self.anchor = None;
        let Some(target) = tag.get("href") else { return };
        let target = resolve(base, target.trim()).into_owned();
        if target.is_empty()
            || target.starts_with('#')
            || self.page.anchors.len() >= limits::ANCHORS
        {
            return;
        }
        self.anchor = Some(self.page.anchors.len());
        self.page.anchors.push(Anchor {
            target: shown(&target, limits::LINK_OCTETS),
            words: String::new(),
            has_picture: false,
            is_hidden: look.hidden_by().is_some(),
        });
    }

    fn picture(&mut self, tag: &Tag<'_>, base: &str) {
        if let Some(anchor) = self.anchor.and_then(|at| self.page.anchors.get_mut(at)) {
            anchor.has_picture = true;
        }
        if self.page.pictures.len() >= limits::PAGE_PICTURES {
            return;
        }
        let source = tag.get("src").unwrap_or_default();
        let target = match has_scheme(source.trim(), "data:") {
            true => "data:".to_owned(),
            false => shown(&resolve(base, source.trim()), limits::LINK_OCTETS),
        };
        let pixels = |name| tag.get(name).and_then(|value| pixels(&value));
        let alternative = tag.get("alt").unwrap_or_default();
        self.page.pictures.push(Picture {
            target,
            width: pixels("width"),
            height: pixels("height"),
            alternative: shown(&alternative, limits::ANCHOR_WORDS),
        });
    }

    /// Text of an anchor, of the title, and how much of it is seen.
    pub(super) fn words(&mut self, text: &str, is_seen: bool) {
        let count = u32::try_from(letters(text)).unwrap_or(u32::MAX);
        if self.is_title {
            add_words(&mut self.page.title, text);
        } else if is_seen {
            self.page.visible_letters = self.page.visible_letters.saturating_add(count);
        } else {
            self.page.hidden_letters = self.page.hidden_letters.saturating_add(count);
        }
        if let Some(anchor) = self.anchor.and_then(|at| self.page.anchors.get_mut(at)) {
            add_words(&mut anchor.words, text);
        }
    }

    /// An element ends.
    pub(super) fn close(&mut self, name: &str) {
        if name.eq_ignore_ascii_case("a") {
            self.anchor = None;
        } else if name.eq_ignore_ascii_case("title") {
            self.is_title = false;
        }
    }

    /// Text before its character references are resolved.
    pub(super) fn raw_text(&mut self, text: &str) {
        self.page.disguised_letters = self.page.disguised_letters.saturating_add(disguised(text));
    }

    /// A comment.
    pub(super) fn comment(&mut self, text: &str) {
        let octets = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.page.comment_octets = self.page.comment_octets.saturating_add(octets);
    }

    /// A form.
    pub(super) fn form(&mut self, action: &str, base: &str) {
        if self.page.forms.len() < limits::FACTS_OF_KIND {
            let target = resolve(base, action.trim());
            self.page.forms.push(shown(&target, limits::LINK_OCTETS));
        }
    }
}

/// Where a target leads, seen from a base.
pub(super) fn resolve<'t>(base: &str, target: &'t str) -> Cow<'t, str> {
    let clean = without_controls(target);
    let is_absolute = clean.contains(':') || clean.starts_with("//") || clean.starts_with('#');
    if is_absolute || base.is_empty() || clean.is_empty() {
        return clean;
    }
    let base = base.trim_end_matches('/');
    Cow::Owned(format!("{base}/{}", clean.trim_start_matches('/')))
}

/// White space at the ends goes; control characters do not count, as in browsers.
pub(super) fn without_controls(target: &str) -> Cow<'_, str> {
    match target.contains(char::is_control) {
        true => Cow::Owned(target.chars().filter(|one| !one.is_control()).collect()),
        false => Cow::Borrowed(target),
    }
}

/// A length in pixels: digits, with or without a unit that is no share of the page.
fn pixels(value: &str) -> Option<u32> {
    let value = value.trim();
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    match value.get(digits..)?.trim() {
        "" | "px" | "PX" => value.get(..digits)?.parse().ok(),
        _ => None,
    }
}

/// Letters and digits.
fn letters(text: &str) -> usize {
    text.chars().filter(|one| one.is_alphanumeric()).count()
}

/// Adds words with single spaces between them, up to a bound.
fn add_words(all: &mut String, text: &str) {
    for word in text.split_whitespace() {
        if all.len().saturating_add(word.len()) >= limits::ANCHOR_WORDS {
            return;
        }
        if !all.is_empty() {
            all.push(' ');
        }
        all.push_str(word);
    }
}

/// Character references that stand for plain letters or digits: nobody needs to write those so.
fn disguised(text: &str) -> u32 {
    let mut count: u32 = 0;
    let mut rest = text;
    while let Some(at) = rest.find("&#") {
        rest = rest.get(at.saturating_add(2)..).unwrap_or_default();
        let (digits, radix) = match rest.strip_prefix(['x', 'X']) {
            Some(digits) => (digits, 16),
            None => (rest, 10),
        };
        let end = digits.find(|one: char| !one.is_digit(radix)).unwrap_or(digits.len());
        let number = digits.get(..end.min(8)).and_then(|one| u32::from_str_radix(one, radix).ok());
        let is_plain =
            number.and_then(char::from_u32).is_some_and(|one| one.is_ascii_alphanumeric());
        count = count.saturating_add(u32::from(is_plain));
    }
    count
}

#[cfg(test)]
mod tests {
    use super::super::html::read;

    #[test]
    fn a_page_is_told_as_its_reader_meets_it() {
        let page = read(
            "<title>T  1</title><base href=http://b.example/><a href='x?&amp;y'>to <b>my</b>\nbank<img src=cid:1 \
             width=10px height='50%' alt=logo></a> <a href=#top>no</a><div hidden><a href=http://h.example>h</a></div>\
             <form action=//f.example><input><input type=Password><input type=hidden></form>\
             &#65;&#x62;&#160;<gizmo><o:p><!-- 1234 --><table>",
        );
        let page = page.page.unwrap();
        assert_eq!(page.title, "T 1");
        let first = &page.anchors[0];
        assert_eq!(
            (first.target.as_str(), first.words.as_str()),
            ("http://b.example/x?&y", "to my bank")
        );
        assert!(first.has_picture && !first.is_hidden && page.anchors[1].is_hidden);
        let picture = &page.pictures[0];
        assert_eq!(
            (picture.target.as_str(), picture.width, picture.height),
            ("cid:1", Some(10), None)
        );
        assert_eq!(
            (page.forms.as_slice(), page.password_fields, page.fields),
            (&["//f.example".to_owned()][..], 1, 1)
        );
        assert_eq!(
            (page.disguised_letters, page.unknown_elements, page.tables, page.comment_octets),
            (2, 1, 1, 6)
        );
        assert_eq!((page.anchors.len(), page.hidden_letters), (2, 1));
    }
}
