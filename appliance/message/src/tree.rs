//! Reading: bytes to a flat list of parts, outermost first, then what other readers would see.
//!
//! [`Walk::entity`] reads one entity: its header, its declaration, then its body by the shape that
//! it declares. What could be read in another way is put off ([`Walk::later`]) and read when the
//! first reading is complete, so that the first one has the limits for itself. mail-parser decodes
//! the header fields that are shown, and no more: its own walk gives one reading only, and on
//! hostile messages its time grows faster than their size. A loop and not a recursion, so that no depth of nesting can exhaust the stack.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hasher};
use std::ops::Range;
use std::rc::Rc;

use mail_parser::{Address, HeaderName, MessageParser};

use crate::declaration::{Declaration, Shape};
use crate::defect::{Defect, DefectKind};
use crate::embedded::Marks;
use crate::head::{Dialect, Head, Once};
use crate::limits;
use crate::part::{Mail, Part, cut};
use crate::source::{LineEnds, Source, with_returns_as_ends, without_nuls};

/// A reader that can be used again and again; making one costs more than reading a small message.
#[derive(Debug, Clone)]
pub struct Reader {
    parser: MessageParser,
    pub(crate) marks: Marks,
}

impl Default for Reader {
    fn default() -> Self {
        let parser = MessageParser::new()
            .with_mime_headers()
            .header_text(HeaderName::Subject)
            .header_address(HeaderName::From)
            .header_id(HeaderName::MessageId)
            .default_header_ignore();
        Reader { parser, marks: Marks::default() }
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
        let mut walk = Walk::new(self, raw);
        walk.message(Source::Raw(raw), Task::root(Source::Raw(raw)));
        walk.run();
        walk.other_dialects(raw);
        walk.run();
        walk.mail
    }
}

/// An entity that is still to be read.
#[derive(Debug, Clone)]
pub(crate) struct Task<'a> {
    pub source: Source<'a>,
    /// Header and body.
    pub range: Range<usize>,
    /// Its path; of a message that is no part, the path in front of its parts.
    pub path: String,
    /// Whether it is a message and not a part of a multipart.
    pub is_message: bool,
    /// Messages around it.
    pub depth: usize,
    /// Where the message ends in which it stands.
    pub message_end: usize,
    /// Multiparts around it in its message.
    pub multiparts: usize,
    /// Whether it stands in a multipart/digest.
    pub is_digest: bool,
    /// Whether only some readers see it.
    pub is_reading: bool,
    pub dialect: Dialect,
}

impl<'a> Task<'a> {
    fn root(source: Source<'a>) -> Self {
        let range = 0..source.all().len();
        Task {
            source,
            message_end: range.end,
            range,
            path: String::new(),
            is_message: true,
            depth: 0,
            multiparts: 0,
            is_digest: false,
            is_reading: false,
            dialect: Dialect::default(),
        }
    }
}

/// An entity whose header is read.
#[derive(Debug, Clone)]
pub(crate) struct Entity<'a> {
    pub task: Task<'a>,
    pub path: String,
    pub body: Range<usize>,
    pub declared: Rc<Declaration>,
    pub way: Way,
}

/// How the body of an entity is read.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// As what it declares.
    Shape(Shape),
    /// As these parts.
    Parts(Vec<Range<usize>>),
}

/// What in the whole message could be read by other rules.
#[derive(Debug, Default)]
struct Dialects {
    blank: bool,
    colonless: bool,
    crlf_only: bool,
    lone_returns: bool,
    nuls: bool,
}

/// Leaves by what they hold, so that a reading that changes nothing is not listed again.
#[derive(Debug, Default)]
struct Seen {
    indexed: usize,
    parts: BTreeMap<u64, Vec<usize>>,
}

pub(crate) struct Walk<'r, 'a> {
    pub reader: &'r Reader,
    pub mail: Mail<'a>,
    pub waiting: Vec<Task<'a>>,
    later: VecDeque<Entity<'a>>,
    readings: usize,
    looked_again: usize,
    decoded: usize,
    dialects: Dialects,
    seen: Seen,
}

impl<'r, 'a> Walk<'r, 'a> {
    fn new(reader: &'r Reader, raw: &'a [u8]) -> Self {
        Walk {
            reader,
            mail: Mail::empty(raw),
            waiting: Vec::new(),
            later: VecDeque::new(),
            readings: 0,
            looked_again: 0,
            decoded: 0,
            dialects: Dialects::default(),
            seen: Seen::default(),
        }
    }

    pub fn stop(&mut self, limit: impl Into<String>) {
        self.mail.limit.get_or_insert_with(|| limit.into());
    }

    pub fn defect(&mut self, kind: DefectKind, place: &str, evidence: &str) {
        // The first of each kind is always kept, so that many harmless ones hide none that matters.
        let is_new = || !self.mail.defects.iter().any(|one| one.kind == kind);
        if self.mail.defects.len() < limits::DEFECTS - DefectKind::ALL.len() || is_new() {
            let evidence = cut(evidence, limits::TEXT_OCTETS);
            self.mail.defects.push(Defect { kind, place: place.to_owned(), evidence });
        }
    }

    /// Takes octets out of the budget for decoded ones; false when it is used up.
    pub fn may_hold(&mut self, octets: usize) -> bool {
        self.decoded = self.decoded.saturating_add(octets);
        let fits = self.decoded <= limits::DECODED_OCTETS;
        if !fits {
            self.stop(format!("more than {} octets after decoding", limits::DECODED_OCTETS));
        }
        fits
    }

    /// Octets that may still be held.
    pub fn room(&self) -> usize {
        limits::DECODED_OCTETS.saturating_sub(self.decoded)
    }

    /// Takes one more look at octets out of the budget; false when it is used up.
    pub fn may_look_again(&mut self, octets: usize) -> bool {
        self.looked_again = self.looked_again.saturating_add(octets);
        let fits = self.looked_again <= limits::READING_OCTETS;
        if !fits {
            self.stop(format!("more than {} octets in other readings", limits::READING_OCTETS));
        }
        fits
    }

    /// Whether a leaf holds exactly this.
    pub fn is_seen(&mut self, octets: &[u8]) -> bool {
        let hash = |octets: &[u8]| {
            let mut hasher = DefaultHasher::new();
            hasher.write(octets);
            hasher.finish()
        };
        for (number, part) in self.mail.parts.iter().enumerate().skip(self.seen.indexed) {
            if let Some(octets) = part.octets() {
                self.seen.parts.entry(hash(octets)).or_default().push(number);
            }
        }
        self.seen.indexed = self.mail.parts.len();
        let same = |number: &usize| {
            self.mail.parts.get(*number).and_then(Part::octets).is_some_and(|one| one == octets)
        };
        self.seen.parts.get(&hash(octets)).is_some_and(|numbers| numbers.iter().any(same))
    }

    fn run(&mut self) {
        loop {
            if let Some(task) = self.waiting.pop() {
                self.entity(task);
            } else if let Some(entity) = self.later.pop_front() {
                self.body(entity);
            } else {
                return;
            }
        }
    }

    /// Puts off an entity that is to be read in another way, under a path of its own.
    pub fn put_off(&mut self, mut entity: Entity<'a>) {
        let Some(path) = self.reading_path(&entity.path) else { return };
        entity.path = path;
        entity.task.is_reading = true;
        self.later.push_back(entity);
    }

    /// The path of one more reading; `None` when there are enough.
    pub fn reading_path(&mut self, path: &str) -> Option<String> {
        if self.readings >= limits::READINGS {
            self.stop(format!("more than {} other readings", limits::READINGS));
            return None;
        }
        self.readings += 1;
        Some(cut(&format!("{path}~{}", self.readings), limits::PATH_OCTETS))
    }

    /// Takes up a message that lies in a source of its own, with the ways in which its line ends can
    /// be read.
    pub fn message(&mut self, source: Source<'a>, task: Task<'a>) {
        let ends = LineEnds::of(source.all());
        if !task.is_reading {
            self.note_ends(&ends, &task.path);
        }
        self.dialects.crlf_only |= ends.are_mixed();
        if task.depth == 0 {
            self.dialects.lone_returns |= ends.lone_returns > 0;
            self.dialects.nuls |= ends.has_nul;
        } else if ends.lone_returns > 0 || ends.has_nul {
            self.normalised(&task, &ends);
        }
        self.waiting.push(task);
    }

    fn note_ends(&mut self, ends: &LineEnds, place: &str) {
        if ends.are_mixed() || ends.lone_returns > 0 {
            let words =
                format!("{} CR LF, {} LF, {} CR", ends.pairs, ends.lone_feeds, ends.lone_returns);
            self.defect(DefectKind::BareLineEnd, place, &words);
        } else if ends.lone_feeds > 1 {
            self.defect(DefectKind::LineFeedsOnly, place, "");
        }
        if ends.has_nul {
            self.defect(DefectKind::NulOctet, place, "");
        }
        if ends.longest > limits::LINE_OCTETS + 2 {
            self.defect(DefectKind::OverlongLine, place, &format!("{} octets", ends.longest));
        }
    }

    /// The same message with lone returns as line ends, and without NULs.
    fn normalised(&mut self, task: &Task<'a>, ends: &LineEnds) {
        let mut add = |octets: Vec<u8>| {
            if !self.may_look_again(octets.len()) {
                return;
            }
            let Some(path) = self.reading_path(&task.path) else { return };
            let source = Source::Made(Rc::new(octets));
            let range = 0..source.all().len();
            let message_end = range.end;
            let task = Task { source, range, message_end, path, is_reading: true, ..task.clone() };
            self.waiting.push(task);
        };
        let octets = task.source.get(&task.range);
        if ends.lone_returns > 0 {
            add(with_returns_as_ends(octets));
        }
        if ends.has_nul {
            add(without_nuls(octets));
        }
        if ends.lone_returns > 0 && ends.has_nul {
            add(without_nuls(&with_returns_as_ends(octets)));
        }
    }

    /// Reads the whole message again by each rule that could change it, and by all of them.
    fn other_dialects(&mut self, raw: &'a [u8]) {
        let Dialects { blank, colonless, crlf_only, lone_returns, nuls } = self.dialects;
        let rule = Dialect::default();
        let each = [
            (blank, Dialect { ends_at_blank: true, ..rule }),
            (colonless, Dialect { ends_at_colonless: true, ..rule }),
            (crlf_only, Dialect { crlf_only: true, ..rule }),
            (
                usize::from(blank) + usize::from(colonless) + usize::from(crlf_only) > 1,
                Dialect { ends_at_blank: blank, ends_at_colonless: colonless, crlf_only },
            ),
        ];
        let task = Task::root(Source::Raw(raw));
        for (_, dialect) in each.into_iter().filter(|(wanted, _)| *wanted) {
            let Some(path) = self.reading_path("") else { return };
            self.waiting.push(Task { path, dialect, is_reading: true, ..task.clone() });
        }
        let ends = LineEnds {
            lone_returns: usize::from(lone_returns),
            has_nul: nuls,
            ..LineEnds::default()
        };
        self.normalised(&task, &ends);
    }

    fn entity(&mut self, task: Task<'a>) {
        if self.mail.parts.len() >= limits::PARTS {
            self.stop(format!("more than {} parts", limits::PARTS));
            self.later.clear();
            return self.waiting.clear();
        }
        if task.is_reading && !self.may_look_again(task.range.len()) {
            return;
        }
        let source = task.source.clone();
        let octets = source.get(&task.range);
        let head = Head::read(octets, task.dialect);
        if head.end > limits::HEADER_OCTETS {
            self.stop(format!("a header over {} octets", limits::HEADER_OCTETS));
        }
        if task.depth == 0 && task.is_message && !task.is_reading {
            self.describe(&head);
        }
        let declared = Rc::new(Declaration::read(&head, task.is_digest));
        let is_single = declared.shapes.first() != Some(&Shape::Multipart);
        let prefix = &task.path;
        let path = if task.is_message && is_single { below(prefix, 1) } else { prefix.clone() };
        self.note_head(&head, &task, &path);
        if !task.is_reading {
            for (kind, evidence) in &declared.doubts {
                self.defect(*kind, &path, evidence);
            }
        }
        let body = task.range.start + head.end..task.range.end;
        if let Some(late) = late_head(&head, octets, task.dialect) {
            self.late_header(&task, &path, &declared, late);
        }
        self.shapes(Entity { task, path, body, declared, way: Way::Shape(Shape::Leaf) });
    }

    /// A header that starts late: some readers skip what stands before it.
    fn late_header(
        &mut self,
        task: &Task<'a>,
        path: &str,
        declared: &Rc<Declaration>,
        late: usize,
    ) {
        if !task.is_reading {
            self.defect(DefectKind::OddHeaderLine, path, "a header after an empty line or words");
        }
        let part = task.range.start + late..task.range.end;
        self.put_off(Entity {
            task: task.clone(),
            path: path.to_owned(),
            body: task.range.clone(),
            declared: Rc::clone(declared),
            way: Way::Parts([part].into()),
        });
    }

    /// Reads an entity by the first of its shapes and puts off the others.
    fn shapes(&mut self, mut entity: Entity<'a>) {
        let declared = Rc::clone(&entity.declared);
        for shape in declared.shapes.iter().skip(1) {
            self.put_off(Entity { way: Way::Shape(*shape), ..entity.clone() });
        }
        entity.way = Way::Shape(declared.shapes.first().copied().unwrap_or(Shape::Leaf));
        self.body(entity);
    }

    fn note_head(&mut self, head: &Head<'_>, task: &Task<'a>, path: &str) {
        let odd = head.oddities;
        self.dialects.blank |= odd.blank_line;
        self.dialects.colonless |= odd.colonless || odd.spaced_colon;
        if task.is_reading {
            return;
        }
        for (seen, what) in [
            (odd.blank_line, "a line of white space"),
            (odd.colonless, "a line without a field name"),
            (odd.junk_name, "a field name with other octets in it"),
        ] {
            if seen {
                self.defect(DefectKind::OddHeaderLine, path, what);
            }
        }
        if odd.spaced_colon {
            // For some readers the body starts there, which matters where fields decide what it is.
            let kind = match head.has_content_fields() {
                true => DefectKind::OddHeaderLine,
                false => DefectKind::LooseHeaderLine,
            };
            self.defect(kind, path, "white space before a colon");
        }
        for repeated in head.repeated.iter().filter(|_| task.is_message) {
            match repeated {
                Once::Shown(name) => self.defect(DefectKind::RepeatedField, &task.path, name),
                Once::Other(name) => self.defect(DefectKind::RepeatedAlike, &task.path, name),
            }
        }
    }

    fn describe(&mut self, head: &Head<'_>) {
        if !head.has_fields {
            return self.defect(DefectKind::NoHeader, "", "");
        }
        let fields = [head.shown.concat(), b"\r\n".to_vec()].concat();
        let Some(message) = self.reader.parser.parse_headers(&fields) else { return };
        self.mail.subject = cut(message.subject().unwrap_or_default(), limits::TEXT_OCTETS);
        self.mail.message_id = cut(message.message_id().unwrap_or_default(), limits::TEXT_OCTETS);
        self.mail.from = message.from().map(displayed).unwrap_or_default();
    }
}

/// Where a header starts within the first lines of an entity that seems to have none.
fn late_head(head: &Head<'_>, octets: &[u8], dialect: Dialect) -> Option<usize> {
    if head.has_fields {
        return None;
    }
    let mut at = 0;
    for _ in 0..limits::LATE_HEADER_LINES {
        let rest = octets.get(at..).filter(|rest| !rest.is_empty())?;
        let starts_field = rest.first().is_some_and(u8::is_ascii_alphabetic);
        if at > 0 && starts_field && Head::read(rest, dialect).has_content_fields() {
            return Some(at);
        }
        at += crate::head::line_length(rest, dialect.crlf_only);
    }
    None
}

pub(crate) fn below(path: &str, number: usize) -> String {
    if path.is_empty() {
        number.to_string()
    } else {
        cut(&format!("{path}/{number}"), limits::PATH_OCTETS)
    }
}

fn displayed(address: &Address<'_>) -> String {
    let shown = address.iter().take(5).map(|one| match (&one.name, &one.address) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (Some(only), None) | (None, Some(only)) => only.to_string(),
        (None, None) => String::new(),
    });
    cut(&shown.collect::<Vec<_>>().join(", "), limits::TEXT_OCTETS)
}

#[cfg(test)]
mod tests;
