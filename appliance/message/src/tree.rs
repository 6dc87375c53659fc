//! Reading: bytes to a flat list of parts, outermost first.
//!
//! mail-parser does the MIME grammar. Around it: limits, nested messages to any allowed depth
//! (mail-parser stops at three encoded ones), the transfer-decoded octets of text parts (it gives
//! charset-decoded text only), and every second reading of a part that declares itself twice.

use std::borrow::Cow;
use std::ops::Range;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{
    Address, ContentType, Encoding, HeaderName, Message, MessageParser, MessagePart, MimeHeaders,
    PartType,
};

use crate::encoded::base64_leniently;
use crate::{header_end, limits};

/// What a part holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content<'a> {
    /// Octets after transfer decoding, borrowed where nothing had to be decoded.
    Leaf(Cow<'a, [u8]>),
    /// Other parts, which follow in the list.
    Multipart,
    /// A message, whose parts follow in the list.
    Message,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    /// Numbers of the parts from the outside in, then the name: `2/1/invoice.zip`.
    pub path: String,
    /// Declared MIME type, lower case.
    pub mime: String,
    /// Declared file name.
    pub name: Option<String>,
    /// Where its body lies in the raw message, still encoded; `None` inside an encoded message.
    pub span: Option<Range<usize>>,
    /// What it holds.
    pub content: Content<'a>,
    /// A text leaf after charset decoding, where that differs from its octets.
    pub text: Option<String>,
    /// Other readings of a leaf that declares its encoding wrongly or twice.
    pub readings: Vec<Vec<u8>>,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefectKind {
    /// There is no header.
    NoHeader,
    /// A field that may stand once stands twice (RFC 5322 section 3.6, RFC 2045 section 3).
    RepeatedField,
    /// The transfer encoding is none of RFC 2045's.
    UnknownEncoding,
    /// The body breaks its transfer encoding.
    BrokenEncoding,
    /// A multipart without its parts.
    BrokenMultipart,
}

impl DefectKind {
    /// True when two mail readers may see two different messages.
    #[must_use]
    pub fn is_ambiguous(self) -> bool {
        matches!(self, DefectKind::RepeatedField | DefectKind::UnknownEncoding)
    }

    /// Its name in findings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            DefectKind::NoHeader => "no-header",
            DefectKind::RepeatedField => "repeated-field",
            DefectKind::UnknownEncoding => "unknown-encoding",
            DefectKind::BrokenEncoding => "broken-encoding",
            DefectKind::BrokenMultipart => "broken-multipart",
        }
    }
}

/// One defect with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// What.
    pub kind: DefectKind,
    /// Path of the part; empty for the message itself.
    pub place: String,
    /// What was seen, cut.
    pub evidence: String,
}

/// A message taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail<'a> {
    /// As received.
    pub raw: &'a [u8],
    /// The parts, each before those inside it.
    pub parts: Vec<Part<'a>>,
    /// Subject, decoded (RFC 2047), cut.
    pub subject: String,
    /// From as displayed, cut.
    pub from: String,
    /// Message-ID without angle brackets, cut.
    pub message_id: String,
    /// What is wrong with it.
    pub defects: Vec<Defect>,
    /// The limit that stopped the reading, with its value; the parts are then not all.
    pub limit: Option<String>,
}

/// A reader that can be used again and again; making one costs more than reading a small message.
#[derive(Debug, Clone)]
pub struct Reader {
    parser: MessageParser,
}

impl Default for Reader {
    fn default() -> Self {
        let parser = MessageParser::new()
            .with_mime_headers()
            .header_text(HeaderName::Subject)
            .header_address(HeaderName::From)
            .header_id(HeaderName::MessageId)
            .default_header_ignore();
        Reader { parser }
    }
}

/// Reads one message with a reader of its own; see [`Reader::read`].
#[must_use]
pub fn read(raw: &[u8]) -> Mail<'_> {
    Reader::default().read(raw)
}

impl Reader {
    /// Reads a message. It never fails: see [`Mail::defects`] and [`Mail::limit`].
    #[must_use]
    pub fn read<'a>(&self, raw: &'a [u8]) -> Mail<'a> {
        let mut walk = Walk { parser: &self.parser, mail: Mail::empty(raw), waiting: Vec::new() };
        if header_end(raw) > limits::HEADER_OCTETS {
            walk.stop(format!("a header over {} octets", limits::HEADER_OCTETS));
            return walk.mail;
        }
        match self.parser.parse(raw) {
            Some(message) => {
                walk.describe(&message);
                walk.waiting.push(Nested {
                    message,
                    base: Some(0),
                    prefix: String::new(),
                    depth: 0,
                });
                walk.run();
            }
            None => walk.without_header(),
        }
        walk.mail
    }
}

impl<'a> Mail<'a> {
    fn empty(raw: &'a [u8]) -> Self {
        Mail {
            raw,
            parts: Vec::new(),
            subject: String::new(),
            from: String::new(),
            message_id: String::new(),
            defects: Vec::new(),
            limit: None,
        }
    }

    /// The parts that hold octets of their own.
    pub fn leaves(&self) -> impl Iterator<Item = (&Part<'a>, &[u8])> {
        self.parts.iter().filter_map(|part| match &part.content {
            Content::Leaf(octets) => Some((part, octets.as_ref())),
            _ => None,
        })
    }
}

/// A message whose parts are still to be listed.
struct Nested<'a> {
    message: Message<'a>,
    /// Where its octets start in the raw message, when they lie there as they are.
    base: Option<usize>,
    prefix: String,
    depth: usize,
}

/// Where one part stands.
struct Place<'p, 'a> {
    source: &'p Cow<'a, [u8]>,
    base: Option<usize>,
    path: String,
    depth: usize,
}

struct Walk<'p, 'a> {
    parser: &'p MessageParser,
    mail: Mail<'a>,
    waiting: Vec<Nested<'a>>,
}

impl<'a> Walk<'_, 'a> {
    fn stop(&mut self, limit: String) {
        self.mail.limit.get_or_insert(limit);
    }

    fn defect(&mut self, kind: DefectKind, place: &str, evidence: &str) {
        if self.mail.defects.len() < limits::DEFECTS {
            let evidence = cut(evidence, limits::TEXT_OCTETS);
            self.mail.defects.push(Defect { kind, place: place.to_owned(), evidence });
        }
    }

    fn describe(&mut self, message: &Message<'a>) {
        self.mail.subject = cut(message.subject().unwrap_or_default(), limits::TEXT_OCTETS);
        self.mail.message_id = cut(message.message_id().unwrap_or_default(), limits::TEXT_OCTETS);
        self.mail.from = message.from().map(displayed).unwrap_or_default();
        for name in [HeaderName::Subject, HeaderName::From] {
            if count(message.headers(), &name) > 1 {
                self.defect(DefectKind::RepeatedField, "", name.as_str());
            }
        }
    }

    fn without_header(&mut self) {
        self.defect(DefectKind::NoHeader, "", "");
        self.mail.parts.push(Part {
            path: "1".to_owned(),
            mime: "text/plain".to_owned(),
            name: None,
            span: Some(0..self.mail.raw.len()),
            content: Content::Leaf(Cow::Borrowed(self.mail.raw)),
            text: None,
            readings: Vec::new(),
        });
    }

    /// Lists all waiting messages. A loop and not a recursion, and each message is emptied before it
    /// is dropped, so that no depth of nesting can exhaust the stack.
    fn run(&mut self) {
        while let Some(mut nested) = self.waiting.pop() {
            let source = std::mem::take(&mut nested.message.raw_message);
            let parts = std::mem::take(&mut nested.message.parts);
            if nested.depth > limits::MESSAGE_DEPTH {
                self.stop(format!("messages nested over {} deep", limits::MESSAGE_DEPTH));
                self.dismantle(parts, nested.depth);
                continue;
            }
            let paths = paths(&parts, &nested.prefix);
            for (part, path) in parts.into_iter().zip(paths) {
                let base = nested.base;
                self.part(part, Place { source: &source, base, path, depth: nested.depth });
            }
        }
    }

    fn dismantle(&mut self, parts: Vec<MessagePart<'a>>, depth: usize) {
        let inner = parts.into_iter().filter_map(|part| match part.body {
            PartType::Message(message) => Some(message),
            _ => None,
        });
        let nested = |message| Nested { message, base: None, prefix: String::new(), depth };
        self.waiting.extend(inner.map(nested));
    }

    fn part(&mut self, mut part: MessagePart<'a>, place: Place<'_, 'a>) {
        if self.mail.parts.len() >= limits::PARTS {
            self.stop(format!("more than {} parts", limits::PARTS));
            return self.dismantle(vec![part], limits::MESSAGE_DEPTH + 1);
        }
        let doubtful = self.look_at_declaration(&part, &place.path);
        let span =
            part.offset_body as usize..(part.offset_end as usize).max(part.offset_body as usize);
        let name = part.attachment_name().map(|name| cut(name, limits::TEXT_OCTETS));
        let mut listed = Part {
            path: with_name(&place.path, name.as_deref()),
            mime: mime(part.content_type()),
            name,
            span: place.base.map(|base| base + span.start..base + span.end),
            content: Content::Multipart,
            text: None,
            readings: Vec::new(),
        };
        match std::mem::take(&mut part.body) {
            PartType::Multipart(_) => self.mail.parts.push(listed),
            PartType::Message(message) => {
                listed.content = Content::Message;
                self.mail.parts.push(listed);
                let base = place.base.filter(|_| part.encoding == Encoding::None);
                let (prefix, depth) = (place.path, place.depth + 1);
                self.waiting.push(Nested { message, base, prefix, depth });
            }
            PartType::Text(text) | PartType::Html(text) => {
                let (octets, text) = text_octets(text, &part, place.source, &span);
                listed.text = text;
                self.leaf(listed, octets, &place, doubtful.then_some(span));
            }
            PartType::Binary(octets) | PartType::InlineBinary(octets) => {
                self.leaf(listed, octets, &place, doubtful.then_some(span));
            }
        }
    }

    /// Adds a leaf, with every reading of it when its declaration is in doubt (`doubt`: its encoded
    /// octets), and the message inside it when it is one.
    fn leaf(
        &mut self,
        mut part: Part<'a>,
        octets: Cow<'a, [u8]>,
        place: &Place<'_, 'a>,
        doubt: Option<Range<usize>>,
    ) {
        if let Some(encoded) = doubt.and_then(|span| place.source.get(span)) {
            part.readings.push(base64_leniently(encoded));
            part.readings.extend(quoted_printable_decode(encoded));
        }
        if is_message(&part) {
            self.message_inside(&octets, &part, place);
        }
        part.content = Content::Leaf(octets);
        self.mail.parts.push(part);
    }

    // The Cow tells whether the octets outlive this walk.
    #[allow(clippy::ptr_arg)]
    fn message_inside(&mut self, octets: &Cow<'a, [u8]>, part: &Part<'a>, place: &Place<'_, 'a>) {
        if place.depth >= limits::MESSAGE_DEPTH {
            return self.stop(format!("messages nested over {} deep", limits::MESSAGE_DEPTH));
        }
        let (message, base) = match octets {
            Cow::Borrowed(octets) => {
                (self.parser.parse(*octets), part.span.as_ref().map(|s| s.start))
            }
            Cow::Owned(octets) => (self.parser.parse(octets).map(Message::into_owned), None),
        };
        if let Some(message) = message {
            let (prefix, depth) = (place.path.clone(), place.depth + 1);
            self.waiting.push(Nested { message, base, prefix, depth });
        }
    }

    /// Records what is wrong with a part's declaration; true when its encoding is in doubt.
    fn look_at_declaration(&mut self, part: &MessagePart<'a>, path: &str) -> bool {
        let mut doubtful = part.is_encoding_problem;
        if part.is_encoding_problem {
            self.defect(DefectKind::BrokenEncoding, path, "");
        }
        for name in [HeaderName::ContentTransferEncoding, HeaderName::ContentType] {
            if count(&part.headers, &name) > 1 {
                self.defect(DefectKind::RepeatedField, path, name.as_str());
                doubtful = true;
            }
        }
        if let Some(encoding) = part.content_transfer_encoding().filter(|name| !is_known(name)) {
            self.defect(DefectKind::UnknownEncoding, path, encoding);
            doubtful = true;
        }
        let kind = part.content_type().map(ContentType::ctype);
        if kind.is_some_and(|kind| kind.eq_ignore_ascii_case("multipart"))
            && !matches!(part.body, PartType::Multipart(_))
        {
            self.defect(DefectKind::BrokenMultipart, path, "");
            doubtful = true;
        }
        doubtful
    }
}

fn count(headers: &[mail_parser::Header<'_>], name: &HeaderName<'_>) -> usize {
    headers.iter().filter(|header| header.name == *name).count()
}

fn is_known(encoding: &str) -> bool {
    let known = ["7bit", "8bit", "binary", "base64", "quoted-printable"];
    known.iter().any(|name| name.eq_ignore_ascii_case(encoding))
}

/// A leaf that is a message although it was not read as one: nested beyond mail-parser's own
/// depth, or attached as a file.
fn is_message(part: &Part<'_>) -> bool {
    let file = |name: &String| name.len() > 4 && name.to_ascii_lowercase().ends_with(".eml");
    matches!(part.mime.as_str(), "message/rfc822" | "message/global")
        || part.name.as_ref().is_some_and(file)
}

/// The transfer-decoded octets of a text part, and its charset-decoded text where that differs.
fn text_octets<'a>(
    text: Cow<'a, str>,
    part: &MessagePart<'a>,
    source: &Cow<'a, [u8]>,
    span: &Range<usize>,
) -> (Cow<'a, [u8]>, Option<String>) {
    let octets: Cow<'a, [u8]> = match part.encoding {
        Encoding::None => slice(source, span),
        _ if is_exact(&text, part) => return (into_octets(text), None),
        Encoding::Base64 => decoded(base64_decode, source, span, &text),
        Encoding::QuotedPrintable => decoded(quoted_printable_decode, source, span, &text),
    };
    let differs = octets.as_ref() != text.as_bytes();
    (octets, differs.then(|| text.into_owned()))
}

fn into_octets(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// Whether charset decoding left the octets as they were.
fn is_exact(text: &str, part: &MessagePart<'_>) -> bool {
    let charset = part.content_type().and_then(|declared| declared.attribute("charset"));
    let same = ["utf-8", "us-ascii"];
    let plain =
        charset.is_none_or(|name| same.iter().any(|known| known.eq_ignore_ascii_case(name)));
    plain && memchr::memmem::find(text.as_bytes(), "\u{fffd}".as_bytes()).is_none()
}

fn slice<'a>(source: &Cow<'a, [u8]>, span: &Range<usize>) -> Cow<'a, [u8]> {
    match source {
        Cow::Borrowed(octets) => Cow::Borrowed(octets.get(span.clone()).unwrap_or_default()),
        Cow::Owned(octets) => Cow::Owned(octets.get(span.clone()).unwrap_or_default().to_vec()),
    }
}

fn decoded<'a>(
    decode: fn(&[u8]) -> Option<Vec<u8>>,
    source: &Cow<'a, [u8]>,
    span: &Range<usize>,
    text: &str,
) -> Cow<'a, [u8]> {
    let octets = source.get(span.clone()).and_then(decode);
    Cow::Owned(octets.unwrap_or_else(|| text.as_bytes().to_vec()))
}

/// The path of each part of one message: its number within its multipart, below `prefix`.
fn paths(parts: &[MessagePart<'_>], prefix: &str) -> Vec<String> {
    let mut paths = vec![String::new(); parts.len()];
    if let (Some(first), Some(part)) = (paths.first_mut(), parts.first()) {
        let single = !matches!(part.body, PartType::Multipart(_));
        *first = if single { below(prefix, 1) } else { prefix.to_owned() };
    }
    for (id, part) in parts.iter().enumerate() {
        if let PartType::Multipart(children) = &part.body {
            let own = paths.get(id).cloned().unwrap_or_default();
            for (number, child) in children.iter().enumerate().filter(|(_, c)| **c as usize > id) {
                if let Some(path) = paths.get_mut(*child as usize) {
                    *path = below(&own, number + 1);
                }
            }
        }
    }
    paths
}

fn below(path: &str, number: usize) -> String {
    if path.is_empty() {
        number.to_string()
    } else {
        cut(&format!("{path}/{number}"), limits::PATH_OCTETS)
    }
}

fn with_name(path: &str, name: Option<&str>) -> String {
    let Some(name) = name else { return path.to_owned() };
    let clean = |c: char| if c.is_control() || c == '/' || c == '\\' { '_' } else { c };
    let name: String = cut(name, limits::NAME_OCTETS).chars().map(clean).collect();
    if path.is_empty() { name } else { format!("{path}/{name}") }
}

fn mime(declared: Option<&ContentType<'_>>) -> String {
    let Some(declared) = declared else { return "text/plain".to_owned() };
    let whole = match declared.subtype() {
        Some(subtype) => format!("{}/{subtype}", declared.ctype()),
        None => declared.ctype().to_owned(),
    };
    cut(&whole.to_lowercase(), limits::MIME_OCTETS)
}

fn displayed(address: &Address<'_>) -> String {
    let shown = address.iter().take(5).map(|one| match (&one.name, &one.address) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (Some(only), None) | (None, Some(only)) => only.to_string(),
        (None, None) => String::new(),
    });
    cut(&shown.collect::<Vec<_>>().join(", "), limits::TEXT_OCTETS)
}

/// The text up to a number of octets, never through a character, with control characters blanked.
fn cut(text: &str, octets: usize) -> String {
    let mut end = text.len().min(octets);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let kept = text.get(..end).unwrap_or_default();
    kept.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
