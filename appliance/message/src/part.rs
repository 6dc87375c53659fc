//! What reading a message gives: the message, its parts, and what can be asked of them.

use std::borrow::Cow;
use std::ops::Range;

use crate::defect::{Defect, Grade};

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

/// What Content-Disposition says (RFC 2183).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Disposition {
    /// Nothing.
    #[default]
    None,
    /// To be shown inside the text.
    Inline,
    /// To be offered as a file.
    Attachment,
}

/// Whether a part says that it is signed or encrypted, by S/MIME or OpenPGP. Nothing is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protection {
    /// Neither.
    #[default]
    None,
    /// Signed, or a signature.
    Signed,
    /// Encrypted.
    Encrypted,
}

/// How a part came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// It stands in the message as most readers see it.
    #[default]
    Mime,
    /// It stands there for some readers only.
    Reading,
    /// A file encoded in the text of the part whose path this one's starts with.
    Embedded,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    /// Numbers of the parts from the outside in, then the name: `2/1/invoice.zip`. A part that only
    /// some readers see has `~` and a number in its path, one from a text has `+`.
    pub path: String,
    /// Declared MIME type, lower case.
    pub mime: String,
    /// Declared file name: the one most readers show.
    pub name: Option<String>,
    /// All declared file names when they differ; empty otherwise.
    pub names: Vec<String>,
    /// Where its body lies in the raw message, still encoded; `None` inside an encoded message.
    pub span: Option<Range<usize>>,
    /// What it holds.
    pub content: Content<'a>,
    /// A text leaf after charset decoding, where that differs from its octets.
    pub text: Option<String>,
    /// Other readings of a leaf that declares its encoding wrongly or twice, or breaks it.
    pub readings: Vec<Vec<u8>>,
    /// Declared disposition.
    pub disposition: Disposition,
    /// Whether it has a Content-ID, by which HTML refers to it.
    pub has_content_id: bool,
    /// Signed or encrypted, by its own word.
    pub protection: Protection,
    /// How it came to be.
    pub origin: Origin,
}

impl Part<'_> {
    /// Whether mail readers list it as an attachment: it says so, or it has a name and is not shown
    /// inside the text, or it is of a type that is not shown.
    #[must_use]
    pub fn is_attachment(&self) -> bool {
        let is_leaf = matches!(self.content, Content::Leaf(_) | Content::Message);
        let is_shown = self.mime.starts_with("text/") || self.mime.starts_with("image/");
        is_leaf
            && match self.disposition {
                Disposition::Attachment => true,
                Disposition::Inline => !is_shown,
                Disposition::None if self.has_content_id && self.mime.starts_with("image/") => {
                    false
                }
                Disposition::None => self.name.is_some() || !self.mime.starts_with("text/"),
            }
    }

    /// Whether it is meant to be shown inside the text: it says so, or it has a Content-ID and does
    /// not say that it is an attachment.
    #[must_use]
    pub fn is_inline(&self) -> bool {
        self.disposition == Disposition::Inline
            || self.has_content_id && self.disposition != Disposition::Attachment
    }

    /// Its file names: one, all those that readers may show, or none.
    pub fn all_names(&self) -> impl Iterator<Item = &str> {
        let one = self.name.iter().filter(|_| self.names.is_empty());
        one.chain(&self.names).map(String::as_str)
    }

    /// Its octets, when it is a leaf.
    #[must_use]
    pub fn octets(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Leaf(octets) => Some(octets),
            Content::Multipart | Content::Message => None,
        }
    }
}

/// A message taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail<'a> {
    /// As received.
    pub raw: &'a [u8],
    /// The parts, each before those inside it; those of other readings last.
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

impl<'a> Mail<'a> {
    /// A message of which nothing is known yet.
    pub(crate) fn empty(raw: &'a [u8]) -> Self {
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
        self.parts.iter().filter_map(|part| Some((part, part.octets()?)))
    }

    /// Every run of octets that some reader may see, with its part: each leaf and all of its
    /// readings, but not the charset-decoded texts.
    pub fn readings(&self) -> impl Iterator<Item = (&Part<'a>, &[u8])> {
        self.leaves().flat_map(|(part, octets)| {
            let others = part.readings.iter().map(move |other| (part, other.as_slice()));
            std::iter::once((part, octets)).chain(others)
        })
    }

    /// The text of every text part as its reader sees it, for passwords that it may name. HTML is
    /// given as it stands, with its marks.
    pub fn text_parts(&self) -> impl Iterator<Item = (&Part<'a>, Cow<'_, str>)> {
        self.leaves().filter(|(part, _)| part.mime.starts_with("text/")).map(|(part, octets)| {
            let text = match &part.text {
                Some(text) => Cow::Borrowed(text.as_str()),
                None => String::from_utf8_lossy(octets),
            };
            (part, text)
        })
    }

    /// The worst that is wrong with it; `None` when nothing is.
    #[must_use]
    pub fn grade(&self) -> Option<Grade> {
        self.defects.iter().map(|defect| defect.kind.grade()).max()
    }

    /// Whether two readers may see two different messages.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        self.defects.iter().any(|defect| defect.kind.is_ambiguous())
    }
}

/// What a type says of signatures and encryption (RFC 8551 section 3.2, RFC 3156, RFC 1847).
pub(crate) fn declared_protection(
    mime: &str,
    parameter: &dyn Fn(&str) -> Option<String>,
) -> Protection {
    match mime {
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => {
            let kind = parameter("smime-type").unwrap_or_default().to_lowercase();
            match kind.as_str() {
                "signed-data" | "certs-only" => Protection::Signed,
                "compressed-data" => Protection::None,
                _ => Protection::Encrypted,
            }
        }
        "multipart/encrypted" | "application/pgp-encrypted" => Protection::Encrypted,
        "multipart/signed"
        | "application/pgp-signature"
        | "application/pkcs7-signature"
        | "application/x-pkcs7-signature" => Protection::Signed,
        _ => Protection::None,
    }
}

/// The extension of a file name, lower case, without its dot; trailing dots and spaces do not count,
/// as they do not on Windows.
pub(crate) fn extension(name: &str) -> String {
    let name = name.trim_end_matches(['.', ' ']);
    name.rsplit_once('.').map(|(_, extension)| extension.to_lowercase()).unwrap_or_default()
}

/// The text up to a number of octets, never through a character, with control characters blanked.
pub(crate) fn cut(text: &str, octets: usize) -> String {
    let kept = text.get(..text.floor_char_boundary(octets)).unwrap_or_default();
    kept.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(header: &str) -> bool {
        let raw = format!("{header}\r\n\r\nx");
        crate::read(raw.as_bytes()).parts[0].is_attachment()
    }

    #[test]
    fn attachments_are_told_as_readers_list_them() {
        for (header, expected) in [
            ("Content-Type: text/plain", false),
            ("Content-Type: text/plain; name=a.txt", true),
            ("Content-Type: text/html\r\nContent-Disposition: attachment", true),
            ("Content-Type: image/png\r\nContent-ID: <x>", false),
            ("Content-Type: image/png\r\nContent-ID: <x>\r\nContent-Disposition: attachment", true),
            ("Content-Type: image/png\r\nContent-Disposition: inline; filename=a.png", false),
            ("Content-Type: application/pdf\r\nContent-Disposition: inline", true),
            ("Content-Type: application/pdf", true),
        ] {
            assert_eq!(parts(header), expected, "{header}");
        }
    }

    #[test]
    fn extensions_are_compared_without_tricks() {
        assert_eq!(extension("a.EXE. . "), "exe");
        assert_eq!(extension("a.tar.gz"), "gz");
        assert_eq!(extension("none"), "");
    }

    #[test]
    fn text_parts_are_those_a_person_reads() {
        let raw = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\
            Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe\r\n--a\r\n\
            Content-Type: a/b\r\n\r\nx\r\n--a--\r\n";
        let mail = crate::read(raw);
        let texts: Vec<String> = mail.text_parts().map(|(_, text)| text.into_owned()).collect();
        assert_eq!(texts, ["Gr\u{fc}\u{df}e"]);
    }
}
