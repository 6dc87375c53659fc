//! What a message looks like to its reader: header, texts, links, pictures, attachments, all
//! normalised once. [`Sights`] gathers it while the message is taken apart.

use std::borrow::Cow;

use filetype::Types;
use mail::{Address, Leaf, Timestamp};
use message::Mail;
use unpack::{Page, Text};

use crate::address::Url;
use crate::domains::is_top;
use crate::header::Headers;
use crate::lexicon::Meaning;
use crate::limits;
use crate::listed::LinkLists;
use crate::local::Local;
use crate::picture::{self, Reader, Told};
use crate::settings::Person;
use crate::standing::Stand;
use crate::text::{self, Facts, fold};

/// How a link was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkKind {
    /// An anchor of HTML that can be clicked.
    Anchor,
    /// Where a form is sent.
    Form,
    /// A picture or style that is fetched by itself.
    Fetched,
    /// Written out in text.
    Written,
    /// In a code in a picture.
    Code,
    /// In an attached document.
    Attached,
}

/// One link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The target as written, white space and control characters left out, cut.
    pub target: String,
    /// What its reader sees of it; empty when it shows no text.
    pub words: String,
    /// How it was written.
    pub kind: LinkKind,
    /// Whether it is around a picture.
    pub has_picture: bool,
}

/// The text of the message itself, attachments not counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Body {
    /// What most readers see: the HTML when there is any, the plain text otherwise.
    pub shown: String,
    /// The same folded; see [`crate::fold`].
    pub folded: String,
    /// The plain text that stands beside HTML; empty when there is none.
    pub plain: String,
    /// What HTML hides from its reader.
    pub hidden: String,
    /// Whether there is HTML.
    pub has_html: bool,
}

/// Results of the checks of who sent it. None is known until sender authentication runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Authentication {
    /// SPF passed for the envelope sender's domain; `None` when it was not checked or is neutral.
    pub spf: Option<bool>,
    /// A DKIM signature of the domain in From, or of its organisation, is valid.
    pub dkim: Option<bool>,
    /// DMARC (RFC 7489).
    pub dmarc: Option<bool>,
}

/// What is known of the sender from before, decayed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct History {
    /// Messages from this sender to this organisation that were wanted.
    pub wanted: f32,
    /// That were not.
    pub unwanted: f32,
    /// Messages from this organisation to this sender.
    pub written_to: f32,
}

/// What is known beside the message. All of it may be missing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Around<'a> {
    /// Envelope sender; `None` for the null sender and where there is no envelope.
    pub sender: Option<&'a Address>,
    /// Envelope recipients.
    pub recipients: &'a [Address],
    /// When it was received.
    pub received: Option<Timestamp>,
    /// Checks of who sent it.
    pub authentication: Option<Authentication>,
    /// What is known of the sender.
    pub history: Option<History>,
    /// The owner's domains, lower case.
    pub own_domains: &'a [String],
    /// People whose names are worth imitating.
    pub persons: &'a [Person],
    /// The owner's lists of links.
    pub links: Option<&'a LinkLists>,
    /// What this gateway was taught.
    pub local: Option<&'a Local>,
}

/// The view.
#[derive(Debug)]
pub struct Sight<'a> {
    /// The message.
    pub mail: &'a Mail<'a>,
    /// Its header.
    pub headers: Headers<'a>,
    /// Its subject, decoded.
    pub subject: &'a str,
    /// The subject folded.
    pub subject_folded: String,
    /// How the subject is written.
    pub(crate) subject_facts: Facts,
    /// Its text.
    pub body: Body,
    /// How the shown text is written.
    pub(crate) shown_facts: Facts,
    /// What subject and text are about.
    pub(crate) meaning: Meaning,
    /// Text out of attachments.
    pub attached: String,
    /// Its links, each once, in the order met.
    pub links: Vec<Link>,
    /// What each of its links leads to, in the same order.
    pub urls: Vec<Url>,
    /// How they stand to the sender, in the same order.
    pub(crate) stands: Vec<Option<Stand>>,
    /// Its HTML pages: that of the body first, those of attachments after it.
    pub pages: Vec<Page>,
    /// Its parts and the members of containers.
    pub leaves: &'a [Leaf],
    /// What was read in codes in its pictures (QR).
    pub codes: Vec<String>,
    /// Whether codes are drawn with characters, too.
    pub are_codes_drawn: bool,
    /// Pictures that were looked at: octets, width and height in pixels where known.
    pub pictures: Vec<Picture>,
    /// What is known beside the message.
    pub around: Around<'a>,
}

/// One picture that the message carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture {
    /// Its octets.
    pub octets: usize,
    /// Width in pixels; 0 when not known.
    pub width: u32,
    /// Height in pixels; 0 when not known.
    pub height: u32,
    /// Whether codes were looked for in it; not in those that are too small or too large.
    pub is_read: bool,
}

/// Gathers a [`Sight`] while a message is taken apart.
#[derive(Debug, Default)]
pub struct Sights {
    html: String,
    plain: String,
    hidden: String,
    attached: String,
    attached_links: Vec<String>,
    body_pages: Vec<Page>,
    attached_pages: Vec<Page>,
    codes: Vec<String>,
    pictures: Vec<Picture>,
    are_codes_drawn: bool,
    reader: Reader,
}

impl Sights {
    /// A text of a text/plain part that is shown.
    pub fn plain(&mut self, text: &str) {
        self.drawn(text);
        append(&mut self.plain, text);
    }

    /// A text that was taken out of a page (`is_body`) or of an attachment.
    pub fn text(&mut self, text: &str, kind: Text, is_body: bool) {
        if kind == Text::Visible {
            self.drawn(text);
        }
        match (kind, is_body) {
            (Text::Visible, true) => append(&mut self.html, text),
            (Text::Hidden, true) => append(&mut self.hidden, text),
            (Text::Visible, false) => append(&mut self.attached, text),
            (Text::Links, false) => {
                let room = limits::LINKS.saturating_sub(self.attached_links.len());
                let links = text.lines().take(room);
                self.attached_links.extend(links.map(|one| cut(one, limits::LINK_OCTETS)));
            }
            _ => {}
        }
    }

    /// Reads codes that are drawn with characters.
    fn drawn(&mut self, text: &str) {
        let before = self.codes.len();
        self.reader.text(text, &mut self.codes);
        self.are_codes_drawn |= self.codes.len() > before;
    }

    /// What a page is made of.
    pub fn page(&mut self, page: &Page, is_body: bool) {
        let pages = if is_body { &mut self.body_pages } else { &mut self.attached_pages };
        if pages.len() < limits::PAGES {
            pages.push(page.clone());
        }
    }

    /// A picture: its size is noted, and codes in it are read.
    pub fn picture(&mut self, octets: &[u8], _types: &Types) {
        if self.pictures.len() < limits::PICTURES {
            let Told { width, height, is_read } = self.reader.picture(octets, &mut self.codes);
            self.pictures.push(Picture { octets: octets.len(), width, height, is_read });
        }
    }

    /// Puts everything together.
    #[must_use]
    pub fn sight<'a>(
        self,
        mail: &'a Mail<'a>,
        leaves: &'a [Leaf],
        around: Around<'a>,
    ) -> Sight<'a> {
        let has_html = !self.body_pages.is_empty() || !self.html.is_empty();
        let (shown, plain) =
            if has_html { (self.html, self.plain) } else { (self.plain, String::new()) };
        let (folded, shown_facts) = text::read(&shown);
        let (subject_folded, subject_facts) = text::read(&mail.subject);
        let plain_folded = if folded.is_empty() { fold(&plain) } else { String::new() };
        let told = if folded.is_empty() { &plain_folded } else { &folded };
        let meaning = Meaning::of(&subject_folded, told, &self.attached);
        let body = Body { folded, shown, plain, hidden: self.hidden, has_html };
        let mut links = Links::default();
        for page in &self.body_pages {
            links.page(page);
        }
        links.written(&body.shown);
        links.written(&body.plain);
        for code in self.codes.iter().filter_map(|code| picture::link(code)) {
            links.add(code, "", LinkKind::Code, false);
        }
        for page in &self.attached_pages {
            links.page(page);
        }
        for link in &self.attached_links {
            links.add(link, "", LinkKind::Attached, false);
        }
        let mut pages = self.body_pages;
        pages.extend(self.attached_pages);
        let headers = Headers::read(mail.raw);
        let urls: Vec<Url> = links.list.iter().map(|link| Url::read(&link.target)).collect();
        let from = headers.from().first().map_or("", |from| from.domain());
        let stand = |(link, url)| Stand::of(link, url, from, &around);
        let stands = links.list.iter().zip(&urls).map(stand).collect();
        Sight {
            mail,
            headers,
            subject: &mail.subject,
            subject_folded,
            subject_facts,
            body,
            shown_facts,
            meaning,
            attached: self.attached,
            urls,
            stands,
            links: links.list,
            pages,
            leaves,
            codes: self.codes,
            are_codes_drawn: self.are_codes_drawn,
            pictures: self.pictures,
            around,
        }
    }
}

/// Links, each once.
#[derive(Debug, Default)]
struct Links {
    list: Vec<Link>,
}

impl Links {
    fn page(&mut self, page: &Page) {
        for anchor in &page.anchors {
            self.add(&anchor.target, &anchor.words, LinkKind::Anchor, anchor.has_picture);
        }
        for form in &page.forms {
            self.add(form, "", LinkKind::Form, false);
        }
        for picture in &page.pictures {
            self.add(&picture.target, "", LinkKind::Fetched, false);
        }
    }

    /// Addresses that are written out: with a scheme, with `www.` in front, as a domain with a path,
    /// or made unreadable for programs (`hxxp`, `[.]`).
    fn written(&mut self, text: &str) {
        for word in text.split(|one: char| one.is_whitespace() || matches!(one, '<' | '>' | '"')) {
            if !word.contains(['.', ':']) {
                continue;
            }
            let word = word.trim_start_matches(['(', '[', '{', '\'', '*', '_']);
            let plain = with_dots(word);
            let end = [')', ']', '}', '.', ',', ';', ':', '!', '?', '\'', '*', '_'];
            let target = plain.trim_end_matches(end);
            if is_address(target) {
                self.add(target, "", LinkKind::Written, false);
            }
        }
    }

    fn add(&mut self, target: &str, words: &str, kind: LinkKind, has_picture: bool) {
        if target.is_empty() || self.list.len() >= limits::LINKS {
            return;
        }
        let target: String =
            target.chars().filter(|one| !one.is_control() && !one.is_whitespace()).collect();
        let target = cut(&target, limits::LINK_OCTETS);
        let words = cut(words.trim(), limits::LINK_WORDS);
        let same =
            |one: &&mut Link| one.target == target && (one.words == words || words.is_empty());
        match self.list.iter_mut().find(same) {
            Some(known) => known.has_picture |= has_picture,
            None => self.list.push(Link { target, words, kind, has_picture }),
        }
    }
}

/// Beginnings of what a person reads as an address.
const BEGINNINGS: &[&str] =
    &["http://", "https://", "www.", "hxxp://", "hxxps://", "http:\\\\", "tel:+"];

/// Whether a word is an address of the web: by its beginning, or as a domain with a path.
fn is_address(word: &str) -> bool {
    let head = word.get(..word.floor_char_boundary(8)).unwrap_or(word).to_ascii_lowercase();
    if BEGINNINGS.iter().any(|beginning| head.starts_with(beginning)) {
        return true;
    }
    let Some((host, path)) = word.split_once('/') else { return false };
    let (name, top) = host.rsplit_once('.').unwrap_or(("", ""));
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-');
    let is_name = name.len() >= 2 && name.bytes().any(|octet| octet.is_ascii_alphabetic());
    is_name && !path.is_empty() && host.bytes().all(is_plain) && is_top(&top.to_ascii_lowercase())
}

/// A word with its dots, where they were written so that no program sees them.
fn with_dots(word: &str) -> Cow<'_, str> {
    if !word.contains(['[', '(', '{']) {
        return Cow::Borrowed(word);
    }
    let mut plain = word.to_owned();
    for written in ["[.]", "(.)", "{.}", "[dot]", "(dot)", "[:]"] {
        if plain.contains(written) {
            plain = plain.replace(written, if written == "[:]" { ":" } else { "." });
        }
    }
    Cow::Owned(plain)
}

fn append(all: &mut String, text: &str) {
    let room = limits::TEXT_OCTETS.saturating_sub(all.len());
    if room > 0 && !text.is_empty() {
        if !all.is_empty() {
            all.push('\n');
        }
        all.push_str(&cut(text, room));
    }
}

fn cut(text: &str, octets: usize) -> String {
    text.get(..text.floor_char_boundary(octets)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(text: &str) -> Vec<String> {
        let mut links = Links::default();
        links.written(text);
        links.list.into_iter().map(|link| link.target).collect()
    }

    #[test]
    fn written_addresses_are_found_in_every_form() {
        let text =
            "(http://a.example/x). www.b.example, shop.com/login hxxp://c[.]example/y dd[.]net/z";
        let all = [
            "http://a.example/x",
            "www.b.example",
            "shop.com/login",
            "hxxp://c.example/y",
            "dd.net/z",
        ];
        assert_eq!(targets(text), all);
    }

    #[test]
    fn words_that_are_no_addresses_are_left_alone() {
        for text in ["and/or", "e.g. this", "3.5/10", "a@b.com", "file.txt", "1/2", "x.y", "../a"] {
            assert!(targets(text).is_empty(), "{text}");
        }
    }
}
