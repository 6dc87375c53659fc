//! What only the source of a page shows: words broken by marks, and sentences in comments. One pass.

/// What was seen in the source.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Markup {
    /// Places inside words where something stands that shows nothing: a comment, an element that
    /// holds nothing, an element that nobody knows.
    pub broken: u32,
    /// Single letters inside words that stand in an element of their own.
    pub apart: u32,
    /// Letters in comments that are sentences.
    pub prose: u32,
    /// The first broken place.
    pub example: String,
}

/// Elements that stand inside words without dividing them.
const INSIDE: &[&str] = &[
    "b", "i", "u", "em", "strong", "span", "font", "a", "big", "small", "s", "tt", "code", "sub",
    "sup", "mark", "ins", "del", "abbr", "wbr", "bdo", "bdi", "strike",
];

/// Elements that divide words, or stand in none.
const DIVIDES: &[&str] = &[
    "br",
    "p",
    "div",
    "td",
    "tr",
    "th",
    "table",
    "tbody",
    "thead",
    "li",
    "ul",
    "ol",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "img",
    "center",
    "blockquote",
    "pre",
    "style",
    "script",
    "head",
    "body",
    "html",
    "title",
    "meta",
    "link",
    "form",
    "input",
    "option",
    "select",
    "button",
    "dl",
    "dt",
    "dd",
    "section",
    "article",
    "header",
    "footer",
    "nav",
    "label",
    "address",
    "map",
    "area",
    "col",
    "colgroup",
    "caption",
    "tfoot",
    "base",
    "object",
    "embed",
    "iframe",
    "noscript",
    "svg",
    "path",
    "video",
    "audio",
    "source",
    "figure",
    "figcaption",
    "main",
    "aside",
    "textarea",
    "fieldset",
];

/// What marks between two letters are.
#[derive(Debug, Default)]
struct Between {
    has_inside: bool,
    has_unknown: bool,
    has_comment: bool,
    divides: bool,
    tags: u32,
}

impl Markup {
    /// Reads the source of a page.
    pub fn read(source: &str) -> Markup {
        let mut found = Markup::default();
        let bytes = source.as_bytes();
        let mut at = 0;
        let mut run = 0;
        while let Some(open) = memchr::memchr(b'<', bytes.get(at..).unwrap_or_default()) {
            let text_start = at;
            let start = at + open;
            let before = start.checked_sub(1).and_then(|last| bytes.get(last)).copied();
            let mut between = Between::default();
            let end = found.marks(source, start, &mut between);
            let after = bytes.get(end).copied();
            let is_letter = |one: Option<u8>| one.is_some_and(|one| one.is_ascii_alphabetic());
            let joins = start > text_start || text_start == 0;
            if joins && is_letter(before) && is_letter(after) && !between.divides {
                run = if start - text_start == 1 && run > 0 { run + 1 } else { 1 };
                found.inside(source, start, end, run, &between);
            } else {
                run = 0;
            }
            at = end.max(start + 1);
        }
        found
    }

    /// Reads all marks that follow each other from a place; gives where they end.
    fn marks(&mut self, source: &str, start: usize, between: &mut Between) -> usize {
        let mut at = start;
        while let Some(rest) = source.get(at..).filter(|rest| rest.starts_with('<')) {
            let length = if rest.starts_with("<!--") {
                let length = rest.find("-->").map_or(rest.len(), |end| end + 3);
                self.comment(rest.get(..length).unwrap_or_default());
                between.has_comment = true;
                length
            } else {
                let length =
                    memchr::memchr(b'>', rest.as_bytes()).map_or(rest.len(), |end| end + 1);
                between.tag(rest.get(1..length).unwrap_or_default());
                length
            };
            at += length;
            // Style and scripts are no text.
            let lower = rest.get(..8.min(rest.len())).unwrap_or_default().to_ascii_lowercase();
            for (open, close) in [("<style", "</style"), ("<script", "</script")] {
                if lower.starts_with(open) {
                    at += skipped(source.get(at..).unwrap_or_default(), close);
                }
            }
        }
        at
    }

    fn inside(&mut self, source: &str, start: usize, end: usize, run: u32, between: &Between) {
        // An element that opens and closes again at once shows nothing.
        let is_empty =
            between.tags >= 2 && between.has_inside && is_same_element(source.get(start..end));
        if between.has_comment || between.has_unknown || is_empty {
            self.broken = self.broken.saturating_add(1);
        } else if run >= 2 {
            self.apart = self.apart.saturating_add(1);
        } else {
            return;
        }
        if self.example.is_empty() {
            let from = source.floor_char_boundary(start.saturating_sub(12));
            let to = source.floor_char_boundary(end.saturating_add(12));
            source.get(from..to).unwrap_or_default().clone_into(&mut self.example);
        }
    }

    /// Counts the letters of a comment that is sentences: not conditional, no marks, no styles.
    fn comment(&mut self, comment: &str) {
        let inner = comment.trim_start_matches("<!--").trim_end_matches("-->");
        if inner.contains(['<', '{', '[', ';', '=']) || !inner.contains(' ') {
            return;
        }
        let letters = inner.bytes().filter(u8::is_ascii_alphabetic).count();
        if letters >= 40 {
            self.prose = self.prose.saturating_add(u32::try_from(letters).unwrap_or(u32::MAX));
        }
    }
}

impl Between {
    fn tag(&mut self, inner: &str) {
        let inner = inner.trim_start_matches('/');
        let end = inner.find(|one: char| !one.is_ascii_alphanumeric()).unwrap_or(inner.len());
        let name = inner.get(..end).unwrap_or_default().to_ascii_lowercase();
        self.tags = self.tags.saturating_add(1);
        // Names with marks in them are those of office programs and of makers.
        let is_own = inner.get(end..).is_some_and(|rest| rest.starts_with([':', '-', '!', '?']));
        if INSIDE.contains(&name.as_str()) {
            self.has_inside = true;
        } else if DIVIDES.contains(&name.as_str()) || is_own || name.is_empty() {
            self.divides = true;
        } else {
            self.has_unknown = true;
        }
    }
}

/// Whether marks open an element and close it again: `<b></b>`.
fn is_same_element(marks: Option<&str>) -> bool {
    let marks = marks.unwrap_or_default();
    !marks.starts_with("</") && marks.contains("></")
}

fn skipped(rest: &str, close: &str) -> usize {
    let mut at = 0;
    while let Some(open) = rest.get(at..).and_then(|rest| rest.find("</")) {
        let start = at + open;
        let name = rest.get(start..(start + close.len()).min(rest.len())).unwrap_or_default();
        if name.eq_ignore_ascii_case(close) {
            return start;
        }
        at = start + 2;
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_words_are_counted_and_styled_words_are_not() {
        let found = Markup::read("<p>pa<!-- x -->ss a<zz>b</zz>c d<b></b>e</p>");
        assert_eq!((found.broken, found.apart), (4, 0), "{}", found.example);
        let found = Markup::read("<p><b>T</b>his is <i>fi</i>ne, a<br>b, x<o:p></o:p>y</p>");
        assert_eq!((found.broken, found.apart), (0, 0), "{}", found.example);
    }

    #[test]
    fn single_letters_in_elements_are_counted() {
        let found = Markup::read("<p>w<span>o</span>r<span>d</span>s</p>");
        assert!(found.apart >= 3, "{found:?}");
    }

    #[test]
    fn sentences_in_comments_are_prose_and_conditions_are_not() {
        let prose = "<!-- once upon a time there was a miller who had three sons and a mill -->";
        assert!(Markup::read(prose).prose > 40);
        assert_eq!(Markup::read("<!--[if mso]> a b c <![endif]-->").prose, 0);
        assert_eq!(Markup::read("<style><!-- p { color: red } a b c --></style>").prose, 0);
    }

    #[test]
    fn hostile_sources_end() {
        for source in [
            "<",
            "<!--",
            "<style>",
            "<b",
            &"<b>a".repeat(20_000),
            &"<!--".repeat(20_000),
            &"</".repeat(30_000),
        ] {
            let _read = Markup::read(source);
            let _read = Markup::read(&format!("<style>{source}"));
        }
    }
}
