//! What a message looks like to its reader: header, texts, links, pictures, attachments, all
//! normalised once. [`Sights`] gathers it while the message is taken apart.

use std::borrow::Cow;

use filetype::Types;
use mail::{Address, Leaf, Timestamp};
use message::Mail;
use unpack::{Page, Text};

use crate::header::Headers;
use crate::limits;
use crate::settings::Person;
use crate::text::fold;

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
    /// Its text.
    pub body: Body,
    /// Text out of attachments.
    pub attached: String,
    /// Its links, each once, in the order met.
    pub links: Vec<Link>,
    /// Its HTML pages: that of the body first, those of attachments after it.
    pub pages: Vec<Page>,
    /// Its parts and the members of containers.
    pub leaves: &'a [Leaf],
    /// What was read in codes in its pictures (QR).
    pub codes: Vec<String>,
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
}

impl Sights {
    /// A text of a text/plain part that is shown.
    pub fn plain(&mut self, text: &str) {
        append(&mut self.plain, text);
    }

    /// A text that was taken out of a page (`is_body`) or of an attachment.
    pub fn text(&mut self, text: &str, kind: Text, is_body: bool) {
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
            self.pictures.push(Picture { octets: octets.len(), width: 0, height: 0 });
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
        let body = Body { folded: fold(&shown), shown, plain, hidden: self.hidden, has_html };
        let mut links = Links::default();
        for page in &self.body_pages {
            links.page(page);
        }
        links.written(&body.shown);
        links.written(&body.plain);
        for code in &self.codes {
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
        Sight {
            mail,
            headers: Headers::read(mail.raw),
            subject: &mail.subject,
            subject_folded: fold(&mail.subject),
            body,
            attached: self.attached,
            links: links.list,
            pages,
            leaves,
            codes: self.codes,
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

    /// Addresses that are written out: with a scheme, or with `www.` in front.
    fn written(&mut self, text: &str) {
        for word in text.split(|one: char| one.is_whitespace() || matches!(one, '<' | '>' | '"')) {
            let word = word.trim_start_matches(['(', '[', '{', '\'', '*', '_']);
            let head: Cow<'_, str> =
                word.get(..8.min(word.len())).unwrap_or(word).to_ascii_lowercase().into();
            if head.starts_with("http://")
                || head.starts_with("https://")
                || head.starts_with("www.")
            {
                let end = [')', ']', '}', '.', ',', ';', ':', '!', '?', '\'', '*', '_'];
                self.add(word.trim_end_matches(end), "", LinkKind::Written, false);
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
