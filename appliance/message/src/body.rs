//! Reading the body of one entity: parts, a message, or octets.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

use mail_parser::decoders::charsets::map::charset_decoder;

use crate::declaration::Shape;
use crate::defect::DefectKind;
use crate::embedded::{Armour, bare_base64, hides_content, is_full};
use crate::lines::Block;
use crate::part::{Content, Origin, Part, Protection, cut};
use crate::source::Source;
use crate::split::{Rule, Split, guessed_boundary, split};
use crate::transfer::{Decoded, Fit, Transfer, decode, readings};
use crate::tree::{Entity, Task, Walk, Way, below};
use crate::value::is_stateful;
use crate::{limits, part};

impl<'a> Walk<'_, 'a> {
    /// Reads the body of an entity in the way that it says.
    pub(crate) fn body(&mut self, entity: Entity<'a>) {
        match &entity.way {
            Way::Shape(Shape::Multipart) => self.multipart(entity),
            Way::Shape(Shape::Message) => self.nested(entity),
            Way::Shape(Shape::Leaf) => self.leaf(entity),
            Way::Parts(parts) => self.children(&entity, parts),
        }
    }

    fn multipart(&mut self, entity: Entity<'a>) {
        if entity.task.multiparts >= limits::MULTIPART_DEPTH {
            self.stop(format!("multiparts nested over {} deep", limits::MULTIPART_DEPTH));
            return self.leaf(entity);
        }
        let source = entity.task.source.clone();
        let body = source.get(&entity.body);
        let rule = Rule { crlf_only: entity.task.dialect.crlf_only, ..Rule::default() };
        let boundaries = &entity.declared.boundaries;
        let mut splits = boundaries.iter().map(|one| (one, split(body, one, rule)));
        let splits: Vec<(&Vec<u8>, Split)> =
            splits.by_ref().filter(|(_, split)| !split.parts.is_empty()).collect();
        self.decoded_multipart(&entity, !splits.is_empty());
        let mut splits = splits.into_iter();
        let Some((boundary, first)) = splits.next() else {
            return self.without_parts(entity, body);
        };
        if first.is_cut {
            self.stop(format!("more than {} parts", limits::PARTS));
        }
        for (_, other) in splits.filter(|(_, other)| other.parts != first.parts) {
            self.put_off_parts(&entity, &other.parts);
        }
        self.note_split(&entity, &first, body.len());
        self.other_splits(&entity, body, boundary, &first, rule);
        self.beyond_its_end(&entity, boundary, &first, rule);
        self.hidden(&entity, body, &first);
        if !entity.task.is_reading {
            self.list(&entity, Content::Multipart);
        }
        self.children(&entity, &absolute(&first.parts, entity.body.start));
    }

    fn put_off_parts(&mut self, entity: &Entity<'a>, parts: &[Range<usize>]) {
        let way = Way::Parts(absolute(parts, entity.body.start));
        self.put_off(Entity { way, ..entity.clone() });
    }

    fn note_split(&mut self, entity: &Entity<'a>, split: &Split, octets: usize) {
        if entity.task.is_reading {
            return;
        }
        if split.odd.is_some() {
            self.defect(DefectKind::OddDelimiter, &entity.path, "");
        }
        if split.goes_on {
            self.defect(DefectKind::PartsAfterEnd, &entity.path, "");
        }
        let ends_with_all = entity.body.start + octets >= entity.task.message_end;
        if !split.is_closed && ends_with_all {
            self.defect(DefectKind::UnclosedMultipart, &entity.path, "");
        } else if !split.is_closed {
            self.defect(DefectKind::CutMultipart, &entity.path, "");
        }
    }

    /// The parts that readers see who take more lines for delimiters, or no closing for an end.
    fn other_splits(
        &mut self,
        entity: &Entity<'a>,
        body: &[u8],
        boundary: &[u8],
        first: &Split,
        rule: Rule,
    ) {
        let (odd, goes_on) = (first.odd.is_some(), first.goes_on);
        let ways = [
            (odd, Rule { longer: true, ..rule }),
            (odd, Rule { anywhere: true, ..rule }),
            (goes_on, Rule { never_closes: true, ..rule }),
            (odd || goes_on, Rule { anywhere: true, never_closes: true, ..rule }),
        ];
        for (_, rule) in ways.into_iter().filter(|(wanted, _)| *wanted) {
            if !self.may_look_again(body.len()) {
                return;
            }
            let other = split(body, boundary, rule);
            if other.parts != first.parts {
                self.put_off_parts(entity, &other.parts);
            }
        }
    }

    /// The parts of a multipart that is cut off by another boundary, for readers who look for its own
    /// boundary only.
    fn beyond_its_end(&mut self, entity: &Entity<'a>, boundary: &[u8], first: &Split, rule: Rule) {
        let source = entity.task.source.clone();
        let end = entity.task.message_end;
        let is_cut = !first.is_closed && entity.body.end < end;
        if !is_cut || !self.may_look_again(end - entity.body.end) {
            return;
        }
        let beyond = split(source.get(&(entity.body.start..end)), boundary, rule);
        self.put_off_parts(entity, &beyond.parts);
    }

    /// A multipart that says it is encoded: some readers ignore that, some do not.
    fn decoded_multipart(&mut self, entity: &Entity<'a>, has_parts: bool) {
        let transfers = &entity.declared.transfers;
        for transfer in transfers.iter().filter(|one| **one != Transfer::Identity) {
            let body = entity.task.source.get(&entity.body);
            if !self.may_look_again(body.len()) {
                return;
            }
            let decoded = decode(body, *transfer).octets.into_owned();
            let found =
                entity.declared.boundaries.iter().map(|one| split(&decoded, one, Rule::default()));
            let Some(found) = found.into_iter().find(|split| !split.parts.is_empty()) else {
                continue;
            };
            let is_text = *transfer == Transfer::Quoted;
            if !entity.task.is_reading {
                let kind = if has_parts && !is_text {
                    DefectKind::EncodedContainer
                } else {
                    DefectKind::LooseEncoding
                };
                self.defect(kind, &entity.path, "a multipart with a transfer encoding");
            }
            if self.may_hold(decoded.len()) {
                let mut other = entity.clone();
                other.body = 0..decoded.len();
                other.task.message_end = decoded.len();
                other.task.source = Source::Made(Rc::new(decoded));
                other.way = Way::Parts(found.parts);
                self.put_off(other);
            }
        }
    }

    /// A multipart in whose body its boundary does not stand.
    fn without_parts(&mut self, entity: Entity<'a>, body: &[u8]) {
        let is_empty = body.trim_ascii().is_empty();
        if !entity.task.is_reading && is_empty {
            // As in the report of a mail server that returns the header only.
            self.defect(DefectKind::UnclosedMultipart, &entity.path, "no body");
        } else if !entity.task.is_reading {
            let boundary =
                entity.declared.boundaries.first().map(Vec::as_slice).unwrap_or_default();
            let words = String::from_utf8_lossy(boundary);
            self.defect(DefectKind::BrokenMultipart, &entity.path, &words);
        }
        for boundary in &entity.declared.boundaries {
            let first = split(body, boundary, Rule::default());
            self.other_splits(&entity, body, boundary, &first, Rule::default());
        }
        let guessed = guessed_boundary(body).map(|one| split(body, one, Rule::default()));
        if let Some(found) = guessed.filter(|split| !split.parts.is_empty()) {
            self.put_off_parts(&entity, &found.parts);
        }
        self.leaf(entity);
    }

    /// What stands before the first part and after the last, when it is more than words.
    fn hidden(&mut self, entity: &Entity<'a>, body: &[u8], split: &Split) {
        for (range, words) in
            [(&split.preamble, "before the parts"), (&split.epilogue, "after the parts")]
        {
            let text = body.get(range.clone()).unwrap_or_default();
            if !hides_content(text, &self.reader.marks) {
                continue;
            }
            if !entity.task.is_reading {
                self.defect(DefectKind::HiddenContent, &entity.path, words);
            }
            let mut parts = vec![range.clone()];
            parts.extend(field_about_content(text).map(|at| range.start + at..range.end));
            self.put_off_parts(entity, &parts);
        }
    }

    fn children(&mut self, entity: &Entity<'a>, parts: &[Range<usize>]) {
        let is_digest = entity.declared.mime == "multipart/digest";
        // Each that waits will be a part, so that more could never be listed.
        let listed = self.mail.parts.len().saturating_add(self.waiting.len());
        let room = (2 * limits::PARTS).saturating_sub(listed);
        if parts.len() > room {
            self.stop(format!("more than {} parts", limits::PARTS));
        }
        for (number, range) in parts.iter().take(room).enumerate().rev() {
            self.waiting.push(Task {
                range: range.clone(),
                path: below(&entity.path, number + 1),
                is_message: false,
                multiparts: entity.task.multiparts + 1,
                is_digest,
                ..entity.task.clone()
            });
        }
    }

    /// A message inside: where it lies, or decoded.
    fn nested(&mut self, entity: Entity<'a>) {
        let is_plain = entity.declared.transfers.first() == Some(&Transfer::Identity);
        if !is_plain
            || entity.declared.is_encoding_doubtful
            || entity.task.depth >= limits::MESSAGE_DEPTH
        {
            return self.leaf(entity);
        }
        if !entity.task.is_reading {
            self.list(&entity, Content::Message);
        }
        let (source, range) = (entity.task.source.clone(), entity.body.clone());
        self.inside(&entity, source, range, entity.path.clone(), entity.task.is_reading);
    }

    /// Takes up the message that lies in a range of a source.
    fn inside(
        &mut self,
        entity: &Entity<'a>,
        source: Source<'a>,
        range: Range<usize>,
        path: String,
        is_reading: bool,
    ) {
        if entity.task.depth >= limits::MESSAGE_DEPTH {
            return self.stop(format!("messages nested over {} deep", limits::MESSAGE_DEPTH));
        }
        let task = Task {
            source: source.clone(),
            message_end: range.end,
            range,
            path,
            is_message: true,
            depth: entity.task.depth + 1,
            multiparts: 0,
            is_digest: false,
            is_reading,
            dialect: entity.task.dialect,
        };
        let is_new = matches!((&source, &entity.task.source), (Source::Made(new), Source::Made(old)) if !Rc::ptr_eq(new, old))
            || matches!((&source, &entity.task.source), (Source::Made(_), Source::Raw(_)));
        if is_new {
            self.message(source, task);
        } else {
            self.waiting.push(task);
        }
    }

    /// An entity of octets.
    fn leaf(&mut self, entity: Entity<'a>) {
        let source = entity.task.source.clone();
        let encoded = source.get(&entity.body);
        let transfer = entity.declared.transfers.first().copied().unwrap_or(Transfer::Identity);
        let Decoded { octets, fit } = decode(encoded, transfer);
        if entity.task.is_reading && (octets.trim_ascii().is_empty() || self.is_seen(&octets)) {
            return self.seen_reading(&entity, encoded, &octets, fit);
        }
        self.note_fit(&entity, transfer, fit);
        let octets: Cow<'a, [u8]> = match octets {
            Cow::Owned(octets) => Cow::Owned(octets),
            Cow::Borrowed(_) => source.keep(&entity.body),
        };
        if matches!(octets, Cow::Owned(_)) && !self.may_hold(octets.len()) {
            return;
        }
        let others = self.other_readings(&entity, encoded, &octets, fit);
        let mut part = self.part(&entity);
        part.text = self.charset_text(&entity, &octets);
        part.readings = others;
        self.look_inside(&entity, &mut part, &octets);
        part.content = Content::Leaf(octets);
        self.mail.parts.push(part);
    }

    /// A leaf that is listed already may have been listed without these other readings.
    fn seen_reading(&mut self, entity: &Entity<'a>, encoded: &[u8], octets: &[u8], fit: Fit) {
        let others = self.other_readings(entity, encoded, octets, fit);
        let others: Vec<Vec<u8>> = others.into_iter().filter(|one| !self.is_seen(one)).collect();
        if !others.is_empty() {
            let mut part = self.part(entity);
            part.readings = others;
            part.content = Content::Leaf(Cow::Borrowed(&[]));
            self.mail.parts.push(part);
        }
    }

    fn note_fit(&mut self, entity: &Entity<'a>, transfer: Transfer, fit: Fit) {
        if entity.task.is_reading {
            return;
        }
        let is_text = entity.declared.mime.starts_with("text/") && transfer == Transfer::Quoted;
        // As in the report of a mail server that returns the start of a message.
        let is_returned = entity.task.depth > 0 && entity.body.end >= entity.task.message_end;
        let kind = match fit {
            Fit::Exact => return,
            Fit::Broken if !is_text && !is_returned => DefectKind::BrokenEncoding,
            Fit::GoesOn => DefectKind::EncodingGoesOn,
            Fit::Loose | Fit::Broken => DefectKind::LooseEncoding,
        };
        self.defect(kind, &entity.path, "");
    }

    /// What other readers make of the same encoded octets.
    fn other_readings(
        &mut self,
        entity: &Entity<'a>,
        encoded: &[u8],
        first: &[u8],
        fit: Fit,
    ) -> Vec<Vec<u8>> {
        let is_broken = entity.way_is_broken();
        let declared = &entity.declared;
        let doubtful = declared.transfers.len() > 1 || is_broken;
        if fit == Fit::Exact && !doubtful {
            return Vec::new();
        }
        let mut transfers = declared.transfers.clone();
        if is_broken {
            transfers.extend([Transfer::Base64, Transfer::Quoted]);
        }
        if fit == Fit::Broken && !transfers.contains(&Transfer::Identity) {
            transfers.push(Transfer::Identity);
        }
        if !self.may_look_again(encoded.len().saturating_mul(transfers.len())) {
            return Vec::new();
        }
        let found = readings(encoded, first, &transfers, self.room());
        let octets = found.list.iter().map(Vec::len).sum();
        if found.is_cut {
            self.stop("more readings of one part than may be held");
        }
        if self.may_hold(octets) { found.list } else { Vec::new() }
    }

    /// The text by its charset, where that is not what the octets say.
    fn charset_text(&mut self, entity: &Entity<'a>, octets: &[u8]) -> Option<String> {
        let charset = entity.declared.charset.as_deref().filter(|_| is_text(entity))?;
        let is_plain =
            charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("us-ascii");
        if is_plain || octets.is_ascii() && !is_stateful(charset.as_bytes()) {
            return None;
        }
        let text = charset_decoder(charset.as_bytes())?(octets);
        let differs = text.as_bytes() != octets;
        (differs && self.may_hold(text.len())).then_some(text)
    }

    /// Messages and files inside a leaf.
    // The Cow tells whether the octets lie in the source.
    #[allow(clippy::ptr_arg)]
    fn look_inside(&mut self, entity: &Entity<'a>, part: &mut Part<'a>, octets: &Cow<'a, [u8]>) {
        if is_text(entity) {
            self.look_inside_text(entity, part, octets);
        }
        if !is_message(entity) {
            return;
        }
        match octets {
            Cow::Borrowed(_) => {
                let (source, range) = (entity.task.source.clone(), entity.body.clone());
                self.inside(entity, source, range, entity.path.clone(), entity.task.is_reading);
            }
            Cow::Owned(octets) => self.decoded_message(entity, octets, entity.task.is_reading),
        }
        for reading in &part.readings {
            self.decoded_message(entity, reading, true);
        }
    }

    fn decoded_message(&mut self, entity: &Entity<'a>, octets: &[u8], is_reading: bool) {
        if octets.is_empty() || !self.may_hold(octets.len()) {
            return;
        }
        let path = match is_reading {
            true => self.reading_path(&entity.path),
            false => Some(entity.path.clone()),
        };
        let Some(path) = path else { return };
        let range = 0..octets.len();
        self.inside(entity, Source::Made(Rc::new(octets.to_vec())), range, path, is_reading);
    }

    fn look_inside_text(&mut self, entity: &Entity<'a>, part: &mut Part<'a>, octets: &[u8]) {
        part.protection = match self.reader.marks.armour(octets) {
            Some(Armour::Message) => Protection::Encrypted,
            Some(Armour::Signed) if part.protection == Protection::None => Protection::Signed,
            _ => part.protection,
        };
        let files = self.reader.marks.files(octets);
        if entity.declared.mime != "text/html" {
            let bare = bare_base64(octets);
            self.stop_if(bare.len() >= limits::EMBEDDED);
            if self.may_hold(bare.iter().map(Vec::len).sum()) {
                part.readings.extend(bare);
            }
        }
        self.stop_if(is_full(&files));
        if !files.is_empty() && !entity.task.is_reading {
            self.defect(DefectKind::EncodedText, &entity.path, "");
        }
        for (number, file) in files.into_iter().enumerate() {
            self.embedded(entity, number + 1, file);
        }
    }

    /// Files in a text are looked for up to a number; more may stand there.
    fn stop_if(&mut self, is_full: bool) {
        if is_full {
            self.stop(format!("{} files in one text, or more", limits::EMBEDDED));
        }
    }

    fn embedded(&mut self, entity: &Entity<'a>, number: usize, file: Block) {
        if self.mail.parts.len() >= limits::PARTS {
            return self.stop(format!("more than {} parts", limits::PARTS));
        }
        if entity.task.is_reading && self.is_seen(&file.octets) || !self.may_hold(file.octets.len())
        {
            return;
        }
        let path = format!("{}+{number}", entity.path);
        if file.fit == Fit::Broken && !entity.task.is_reading {
            self.defect(DefectKind::BrokenEncoding, &path, &file.name);
        }
        let name = Some(cut(&file.name, limits::TEXT_OCTETS)).filter(|name| !name.is_empty());
        self.mail.parts.push(Part {
            path: with_name(&path, name.as_deref()),
            mime: "application/octet-stream".to_owned(),
            name,
            names: Vec::new(),
            span: None,
            content: Content::Leaf(Cow::Owned(file.octets)),
            text: None,
            readings: Vec::new(),
            disposition: part::Disposition::Attachment,
            has_content_id: false,
            protection: Protection::None,
            origin: Origin::Embedded,
        });
    }

    fn list(&mut self, entity: &Entity<'a>, content: Content<'a>) {
        let part = Part { content, ..self.part(entity) };
        self.mail.parts.push(part);
    }

    fn part(&self, entity: &Entity<'a>) -> Part<'a> {
        let declared = &entity.declared;
        let name = declared.names.first().cloned();
        let has_more = declared.names.len() > 1;
        Part {
            path: with_name(&entity.path, name.as_deref()),
            mime: cut(&declared.mime, limits::MIME_OCTETS),
            name,
            names: if has_more { declared.names.clone() } else { Vec::new() },
            span: entity.task.source.span(&entity.body),
            content: Content::Multipart,
            text: None,
            readings: Vec::new(),
            disposition: declared.disposition,
            has_content_id: declared.has_content_id,
            protection: declared.protection,
            origin: if entity.task.is_reading { Origin::Reading } else { Origin::Mime },
        }
    }
}

impl Entity<'_> {
    /// Whether it is read as octets although it says it is a multipart.
    fn way_is_broken(&self) -> bool {
        matches!(self.way, Way::Shape(Shape::Multipart))
    }
}

fn absolute(parts: &[Range<usize>], start: usize) -> Vec<Range<usize>> {
    parts.iter().map(|part| start + part.start..start + part.end).collect()
}

/// Where the first line starts that is a field about content, when that is not the first line.
fn field_about_content(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive(|octet| *octet == b'\n') {
        if line.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-")) {
            return Some(at).filter(|at| *at > 0);
        }
        at += line.len();
    }
    None
}

fn is_text(entity: &Entity<'_>) -> bool {
    let mime = entity.declared.mime.as_str();
    mime.starts_with("text") || mime.starts_with("multipart/") || !mime.contains('/')
}

/// A leaf that is a message or the start of one: it says so, or its name does.
fn is_message(entity: &Entity<'_>) -> bool {
    let file = |name: &String| name.len() > 4 && part::extension(name) == "eml";
    entity.declared.shapes.contains(&Shape::Message)
        || entity.declared.mime == "message/partial"
        || entity.declared.names.iter().any(file)
}

fn with_name(path: &str, name: Option<&str>) -> String {
    let Some(name) = name else { return path.to_owned() };
    let clean = |c: char| if c.is_control() || c == '/' || c == '\\' { '_' } else { c };
    let name: String = cut(name, limits::NAME_OCTETS).chars().map(clean).collect();
    if path.is_empty() { name } else { format!("{path}/{name}") }
}
