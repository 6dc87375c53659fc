//! What an entity says it is, in every way that some reader may understand it.

use crate::defect::DefectKind;
use crate::head::Head;
use crate::part::{Disposition, Protection};
use crate::transfer::Transfer;
use crate::value::{Candidates, Value, encoded_word, without_comments};
use crate::{limits, part};

/// What a reader makes of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Parts at a boundary.
    Multipart,
    /// A message.
    Message,
    /// Octets.
    Leaf,
}

/// What an entity says it is.
#[derive(Debug, Clone)]
pub(crate) struct Declaration {
    /// MIME type, lower case.
    pub mime: String,
    /// What it is, the likeliest first, all different.
    pub shapes: Vec<Shape>,
    /// Boundaries, the likeliest first, all different.
    pub boundaries: Vec<Vec<u8>>,
    /// Transfer encodings, the likeliest first, all different.
    pub transfers: Vec<Transfer>,
    /// Whether readers may differ about the encoding.
    pub is_encoding_doubtful: bool,
    /// File names, the likeliest first, all different.
    pub names: Vec<String>,
    /// Declared charset.
    pub charset: Option<String>,
    /// Declared disposition.
    pub disposition: Disposition,
    /// Whether it has a Content-ID.
    pub has_content_id: bool,
    /// Signed or encrypted, by its type.
    pub protection: Protection,
    /// What is wrong, with what was seen.
    pub doubts: Vec<(DefectKind, String)>,
}

impl Declaration {
    /// What a header section declares. `is_digest`: the entity stands in a multipart/digest.
    pub fn read(head: &Head<'_>, is_digest: bool) -> Self {
        let mut declared = Declaration::plain(is_digest);
        declared.repeated(&head.types, "Content-Type");
        declared.repeated(&head.encodings, "Content-Transfer-Encoding");
        declared.repeated(&head.dispositions, "Content-Disposition");
        let types: Vec<Value> = head.types.iter().map(|raw| Value::read(raw)).collect();
        declared.has_content_id = head.has_content_id;
        declared.read_types(&types, is_digest);
        declared.read_boundaries(&types);
        declared.read_encodings(head);
        declared.read_dispositions(head, &types);
        declared
    }

    fn plain(is_digest: bool) -> Self {
        Declaration {
            mime: if is_digest { "message/rfc822" } else { "text/plain" }.to_owned(),
            shapes: Vec::new(),
            boundaries: Vec::new(),
            transfers: Vec::new(),
            is_encoding_doubtful: false,
            names: Vec::new(),
            charset: None,
            disposition: Disposition::None,
            has_content_id: false,
            protection: Protection::None,
            doubts: Vec::new(),
        }
    }

    fn doubt(&mut self, kind: DefectKind, evidence: impl Into<String>) {
        if self.doubts.len() < 16 {
            self.doubts.push((kind, evidence.into()));
        }
    }

    /// Notes a field that stands more than once.
    fn repeated(&mut self, values: &[&[u8]], name: &str) {
        let Some((first, others)) = values.split_first().filter(|(_, others)| !others.is_empty())
        else {
            return;
        };
        let alike = others.iter().all(|one| one.eq_ignore_ascii_case(first));
        let kind = if alike { DefectKind::RepeatedAlike } else { DefectKind::RepeatedField };
        self.doubt(kind, name);
    }

    fn read_types(&mut self, types: &[Value], is_digest: bool) {
        if let Some(first) = types.first() {
            self.mime.clone_from(&first.word);
            if first.word.is_empty() {
                self.mime.push_str("text/plain");
            }
            self.charset = first.text("charset");
            self.protection = part::declared_protection(&self.mime, &|name| first.text(name));
        }
        for value in types {
            self.shape(shape(&value.word));
            let is_disguised =
                shape(&value.word) == Shape::Leaf && value.word.contains("multipart");
            if !value.is_plain || !is_type(&value.word) || is_disguised {
                self.odd_type(value);
            } else if shape(&value.word) == Shape::Leaf && value.has("boundary") {
                self.shape(Shape::Multipart);
            }
        }
        if types.iter().any(|value| value.is_cut) {
            self.doubt(DefectKind::OddType, "longer, or of more parameters, than is read");
        }
        if types.is_empty() {
            self.shape(if is_digest { Shape::Message } else { Shape::Leaf });
        }
        match self.mime.as_str() {
            "message/partial" => self.doubt(DefectKind::PartialMessage, ""),
            "message/external-body" => self.doubt(DefectKind::ExternalBody, ""),
            _ => {}
        }
    }

    fn odd_type(&mut self, value: &Value) {
        let has_boundary = value.has("boundary");
        // A lone word such as `text` is text to every reader.
        let is_lone = value.is_plain && !value.word.contains('/') && !value.word.contains("multi");
        if !is_lone || has_boundary {
            self.doubt(DefectKind::OddType, value.word.clone());
        }
        if has_boundary {
            self.shape(Shape::Multipart);
        }
        self.shape(Shape::Leaf);
    }

    fn shape(&mut self, shape: Shape) {
        if !self.shapes.contains(&shape) {
            self.shapes.push(shape);
        }
    }

    fn read_boundaries(&mut self, types: &[Value]) {
        if !self.shapes.contains(&Shape::Multipart) {
            return;
        }
        let found: Vec<Candidates> =
            types.iter().map(|value| value.candidates("boundary")).collect();
        for candidate in found.iter().flat_map(|one| &one.values) {
            let known = self.boundaries.contains(candidate);
            let fits = candidate.len() <= limits::LONGEST_BOUNDARY_OCTETS;
            if fits && !known && self.boundaries.len() < limits::CANDIDATES {
                self.boundaries.push(candidate.clone());
            }
        }
        if found.iter().any(|one| one.is_repeated) {
            self.doubt(DefectKind::RepeatedParameter, "boundary");
        } else if self.boundaries.len() > 1 {
            self.doubt(DefectKind::AmbiguousBoundary, "");
        }
        let odd = |value: &Vec<u8>| {
            value.is_empty()
                || value.len() > limits::BOUNDARY_OCTETS
                || value.iter().any(|octet| !(b' '..=b'~').contains(octet))
        };
        if found.iter().flat_map(|one| &one.values).any(odd) {
            self.doubt(DefectKind::OddBoundary, "");
        }
    }

    fn read_encodings(&mut self, head: &Head<'_>) {
        for raw in &head.encodings {
            let text = String::from_utf8_lossy(raw).to_lowercase();
            let text = text.trim_end_matches(';').trim();
            match Transfer::named(text) {
                Some(transfer) => self.transfer(transfer),
                None => self.odd_encoding(raw, text),
            }
        }
        self.is_encoding_doubtful |= self.transfers.len() > 1;
        if self.transfers.is_empty() {
            self.transfers.push(Transfer::Identity);
        }
    }

    fn odd_encoding(&mut self, raw: &[u8], text: &str) {
        // Declaring nothing, or a number of bits, is understood by all as no encoding.
        if text.is_empty()
            || matches!(text, "7-bit" | "8-bit" | "7bits" | "8bits" | "7 bit" | "8 bit" | "none")
        {
            return self.transfer(Transfer::Identity);
        }
        self.doubt(DefectKind::UnknownEncoding, text);
        self.is_encoding_doubtful = true;
        let bare = String::from_utf8_lossy(&without_comments(raw)).trim().to_lowercase();
        let decoded = encoded_word(raw).map(|word| String::from_utf8_lossy(&word).to_lowercase());
        let first_word = text.split_ascii_whitespace().next().unwrap_or_default();
        let likely = Transfer::named(&bare)
            .or_else(|| Transfer::named(first_word))
            .or_else(|| decoded.as_deref().and_then(Transfer::named))
            .or_else(|| Transfer::resembling(text));
        self.transfers_of_doubt(likely);
    }

    fn transfers_of_doubt(&mut self, likely: Option<Transfer>) {
        if let Some(likely) = likely {
            self.transfer(likely);
        }
        for transfer in [Transfer::Identity, Transfer::Base64, Transfer::Quoted, Transfer::Uu] {
            self.transfer(transfer);
        }
    }

    fn transfer(&mut self, transfer: Transfer) {
        if !self.transfers.contains(&transfer) {
            self.transfers.push(transfer);
        }
    }

    fn read_dispositions(&mut self, head: &Head<'_>, types: &[Value]) {
        let dispositions: Vec<Value> =
            head.dispositions.iter().map(|raw| Value::read(raw)).collect();
        if dispositions.iter().any(|value| value.is_cut) {
            self.doubt(DefectKind::ConflictingNames, "more parameters than are read");
        }
        if let Some(first) = dispositions.first() {
            self.disposition = match first.word.as_str() {
                "inline" => Disposition::Inline,
                "attachment" => Disposition::Attachment,
                "" => Disposition::None,
                // RFC 2183 section 2.8: unrecognised ones are attachments.
                _ => Disposition::Attachment,
            };
        }
        let file_names = dispositions.iter().map(|value| value.candidates("filename"));
        let also_names = dispositions.iter().map(|value| value.candidates("name"));
        let names = types.iter().map(|value| value.candidates("name"));
        let also_file_names = types.iter().map(|value| value.candidates("filename"));
        for one in file_names.chain(names).chain(also_names).chain(also_file_names) {
            one.values.iter().for_each(|value| self.name(value));
        }
        if self.names.len() > 1 {
            let mut extensions = self.names.iter().map(|name| part::extension(name));
            let first = extensions.next();
            let same = extensions.all(|extension| Some(extension) == first);
            let kind = if same { DefectKind::VariantNames } else { DefectKind::ConflictingNames };
            self.doubt(kind, self.names.join(" | "));
        }
    }

    fn name(&mut self, value: &[u8]) {
        let shown = encoded_word(value);
        let text = part::cut(
            &String::from_utf8_lossy(shown.as_deref().unwrap_or(value)),
            limits::TEXT_OCTETS,
        );
        let text = text.trim_matches(|c: char| c == '"' || c.is_whitespace()).to_owned();
        if !text.is_empty() && self.names.len() < limits::NAMES && !self.names.contains(&text) {
            self.names.push(text);
        }
    }
}

fn shape(word: &str) -> Shape {
    match word {
        "message/rfc822" | "message/global" | "message/news" => Shape::Message,
        _ if word.starts_with("multipart/") || word == "multipart" => Shape::Multipart,
        _ => Shape::Leaf,
    }
}

/// `type/subtype`.
fn is_type(word: &str) -> bool {
    let mut halves = word.split('/');
    let mut half = || halves.next().is_some_and(|half| !half.is_empty());
    half() && half() && halves.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::Dialect;

    fn declared(header: &str) -> Declaration {
        let raw = format!("{header}\r\n\r\n");
        Declaration::read(&Head::read(raw.as_bytes(), Dialect::default()), false)
    }

    fn doubts(header: &str) -> Vec<DefectKind> {
        declared(header).doubts.into_iter().map(|(kind, _)| kind).collect()
    }

    #[test]
    fn ordinary_declarations_are_without_doubt() {
        for header in [
            "Subject: x",
            "Content-Type: multipart/mixed; boundary=\"=_x 1\"",
            "Content-Type: text/plain; charset=utf-8; format=flowed\r\nContent-Transfer-Encoding: 8BIT",
            "Content-Type: a/b; name=\"x y.zip\"\r\nContent-Disposition: attachment; filename=\"x y.zip\"",
            "Content-Type: a/b; name=x.zip\r\nContent-Disposition: attachment; filename*=utf-8''x.zip",
            "Content-Type: text",
        ] {
            assert_eq!(doubts(header), [], "{header}");
        }
    }

    #[test]
    fn names_are_told_in_all_forms_and_conflicts_by_extension() {
        let both =
            "Content-Type: a/b; name=x.txt\r\nContent-Disposition: attachment; filename=x.exe";
        assert_eq!(declared(both).names, ["x.exe", "x.txt"]);
        assert_eq!(doubts(both), [DefectKind::ConflictingNames]);
        let variants = "Content-Type: a/b; name=Gr_e.pdf\r\n\
            Content-Disposition: attachment; filename*=utf-8''Gr%C3%BC.pdf";
        assert_eq!(doubts(variants), [DefectKind::VariantNames]);
        let words = "Content-Type: a/b; name=\"=?utf-8?Q?=C3=BC.pdf?=\"";
        assert!(declared(words).names.contains(&"\u{fc}.pdf".to_owned()));
    }

    #[test]
    fn two_types_are_two_shapes() {
        let two = declared("Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=a");
        assert_eq!(two.shapes, [Shape::Leaf, Shape::Multipart]);
        assert_eq!(two.boundaries, [b"a"]);
        assert_eq!(two.doubts[0].0, DefectKind::RepeatedField);
    }

    #[test]
    fn odd_encodings_are_read_in_every_way() {
        for text in ["base64 (x)", "x-base64", "=?utf-8?Q?base64?=", "\"base64\"", "foo base64"] {
            let one = declared(&format!("Content-Transfer-Encoding: {text}"));
            assert_eq!(one.transfers[0], Transfer::Base64, "{text}");
            assert!(one.is_encoding_doubtful && one.transfers.len() >= 4);
        }
        assert!(!declared("Content-Transfer-Encoding: 8-bit").is_encoding_doubtful);
    }

    #[test]
    fn dispositions_and_protection_are_told() {
        let one = declared(
            "Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n\
            Content-Disposition: inline\r\nContent-ID: <x>",
        );
        assert_eq!((one.disposition, one.protection), (Disposition::Inline, Protection::Signed));
        assert!(one.has_content_id);
        assert_eq!(declared("Content-Disposition: strange").disposition, Disposition::Attachment);
    }
}
