//! PDF: scripts, actions, embedded files, links and text.
//!
//! The cross reference table is not believed: every object in the file is found by its own head,
//! in all its versions, and those in object streams with them. Start with [`read`].

mod filter;
mod lock;
mod picture;
mod text;
mod value;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::cursor::{holds, shown};
use super::gathered::{Gathered, Words, is_program};
use crate::fact::FactKind;
use crate::limits;
use crate::walk::Stop;
use lock::Lock;
use text::Characters;
use value::{Lexer, Value};

/// Whether a PDF begins in the first 1024 octets, as readers want it.
pub(crate) fn is_pdf(octets: &[u8]) -> bool {
    let head = octets.get(..octets.len().min(1024)).unwrap_or_default();
    memchr::memmem::find(head, b"%PDF-").is_some()
}

/// How the file is closed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Not at all.
    Clear,
    /// Encrypted, and opened.
    Opened,
    /// Encrypted, and not opened.
    Closed,
}

struct Object<'a> {
    number: u32,
    generation: u32,
    value: Value,
    stream: Option<&'a [u8]>,
    /// Whether the end of its stream is there.
    is_whole: bool,
}

/// A stream of a PDF behind its filters, for who looks at it: its name and its octets.
pub(crate) type Look<'l> = &'l mut dyn FnMut(&str, &[u8]) -> Result<(), Stop>;

/// Reads a PDF. Streams are shown one after another and not kept.
///
/// # Errors
/// What `look` ends with.
pub(crate) fn read<'a>(
    octets: &'a [u8],
    passwords: &[String],
    look: Look<'_>,
) -> Result<(Gathered<'a>, State), Stop> {
    let mut file = File::default();
    file.scan(octets);
    let state = file.unlock(passwords);
    if state == State::Closed {
        file.judge_all();
        // Strings of a closed file are noise.
        file.gathered.script = Words::default();
        return Ok((file.gathered, state));
    }
    file.expand();
    file.index();
    file.judge_all();
    file.streams(look)?;
    file.pages();
    file.drawings(look)?;
    Ok((file.gathered, state))
}

#[derive(Default)]
struct File<'a> {
    objects: Vec<Object<'a>>,
    /// The last object of each number.
    last: HashMap<u32, usize>,
    trailers: Vec<Value>,
    lock: Option<Lock>,
    gathered: Gathered<'a>,
    /// Names of files by the number of their stream.
    names: HashMap<u32, String>,
    scripts: HashSet<u32>,
    contents: HashSet<u32>,
    decoded: HashMap<u32, Vec<u8>>,
}

/// Words in the file in ascending order, so that each search costs little.
fn all(octets: &[u8], word: &[u8]) -> Vec<usize> {
    memchr::memmem::find_iter(octets, word).collect()
}

impl<'a> File<'a> {
    /// Finds every `12 0 obj`. The work is bounded by a multiple of the file's octets, however its
    /// objects lie inside one another.
    fn scan(&mut self, octets: &'a [u8]) {
        let ends = all(octets, b"endstream");
        let mut work = octets.len().saturating_mul(4).saturating_add(1024 * 1024);
        let mut values = limits::PDF_VALUES;
        for at in memchr::memmem::find_iter(octets, b"obj") {
            let Some((number, generation)) = head(octets.get(..at).unwrap_or_default()) else {
                continue;
            };
            let mut lexer = Lexer::new(octets, at + 3);
            lexer.left = values;
            let value = lexer.value(0).unwrap_or(Value::Null);
            values = lexer.left;
            lexer.space();
            let (stream, is_whole) = stream(octets, &lexer, &value, &ends);
            let used = lexer.at.saturating_sub(at).saturating_add(stream.map_or(0, <[u8]>::len));
            self.objects.push(Object { number, generation, value, stream, is_whole });
            let Some(left) = work.checked_sub(used).filter(|_| values > 0) else {
                self.gathered.over = Some("more objects inside one another than are read");
                break;
            };
            work = left;
            if self.objects.len() >= limits::PDF_OBJECTS {
                self.gathered.over = Some("more objects than are read");
                break;
            }
        }
        for at in memchr::memmem::find_iter(octets, b"trailer").take(64) {
            let mut lexer = Lexer::new(octets, at + 7);
            lexer.left = 1000;
            self.trailers.extend(lexer.value(0));
        }
        if self.objects.is_empty() {
            self.gathered.damage = Some("there is no object in the PDF");
        } else if memchr::memmem::rfind(octets, b"%%EOF").is_none() {
            self.gathered.damage = Some("the end of the PDF is missing");
        }
        self.index();
    }

    fn index(&mut self) {
        self.last =
            self.objects.iter().enumerate().map(|(at, object)| (object.number, at)).collect();
    }

    fn object(&self, number: u32) -> Option<&Object<'a>> {
        self.last.get(&number).and_then(|at| self.objects.get(*at))
    }

    /// The value itself, or that of the object it refers to.
    fn resolve<'v>(&'v self, value: &'v Value) -> &'v Value {
        let mut value = value;
        for _ in 0..8 {
            match value {
                Value::Reference(number) => match self.object(*number) {
                    Some(object) => value = &object.value,
                    None => return &Value::Null,
                },
                _ => break,
            }
        }
        value
    }

    fn unlock(&mut self, passwords: &[String]) -> State {
        let tables = self
            .objects
            .iter()
            .map(|object| &object.value)
            .filter(|value| value.is("Type", "XRef"));
        let all: Vec<&Value> = self.trailers.iter().chain(tables).collect();
        let Some(encrypt) = all.iter().rev().find_map(|one| one.get("Encrypt")) else {
            return State::Clear;
        };
        let id = all.iter().rev().find_map(|one| one.get("ID")).map(|id| self.resolve(id).each());
        let id = match id.and_then(<[Value]>::first) {
            Some(Value::Text(id)) => id.clone(),
            _ => Vec::new(),
        };
        let encrypt = self.resolve(encrypt).clone();
        self.lock = Lock::open(&encrypt, &id, passwords);
        let Some(lock) = &self.lock else { return State::Closed };
        for object in &mut self.objects {
            // The dictionary of the encryption itself is in clear.
            if object.value != encrypt {
                open_strings(&mut object.value, lock, object.number, object.generation);
            }
        }
        State::Opened
    }

    /// The octets of a stream behind its lock and its filters.
    fn content(&self, object: &Object<'a>) -> Option<filter::Decoded<'a>> {
        let raw = object.stream?;
        let is_plain = object.value.is("Type", "XRef");
        let raw = match &self.lock {
            Some(lock) if !is_plain => {
                Cow::Owned(lock.stream(raw, object.number, object.generation))
            }
            _ => Cow::Borrowed(raw),
        };
        let mut dictionary = Cow::Borrowed(&object.value);
        // Filters may stand in an object of their own.
        for key in ["Filter", "DecodeParms"] {
            if let Some(Value::Reference(_)) = object.value.get(key) {
                let value = object.value.get(key).map(|value| self.resolve(value).clone());
                if let (Value::Dictionary(list), Some(value)) = (dictionary.to_mut(), value) {
                    list.push((key.as_bytes().to_vec(), value));
                }
            }
        }
        Some(filter::decode(raw, &dictionary))
    }

    /// Objects of object streams.
    fn expand(&mut self) {
        let mut found = Vec::new();
        let mut values = limits::PDF_VALUES;
        for object in self.objects.iter().filter(|object| object.value.is("Type", "ObjStm")) {
            let Some(decoded) = self.content(object) else { continue };
            let size = |key: &str| {
                object.value.get(key).map(|value| self.resolve(value)).and_then(Value::size)
            };
            let (count, first) = (size("N").unwrap_or_default(), size("First").unwrap_or_default());
            let mut heads = Lexer::new(&decoded.octets, 0);
            for _ in 0..count.min(limits::PDF_OBJECTS.saturating_sub(found.len())) {
                let (Some(number), Some(offset)) = (heads.value(0), heads.value(0)) else { break };
                let (Some(number), Some(offset)) = (number.size(), offset.size()) else { break };
                let mut lexer = Lexer::new(&decoded.octets, first.saturating_add(offset));
                lexer.left = values;
                let value = lexer.value(0).unwrap_or(Value::Null);
                values = lexer.left;
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                found.push(Object { number, generation: 0, value, stream: None, is_whole: true });
                if values == 0 {
                    break;
                }
            }
            if !decoded.is_whole {
                self.gathered.damage = Some("an object stream is damaged");
            }
        }
        if values == 0 || found.len() >= limits::PDF_OBJECTS {
            self.gathered.over = Some("more objects than are read");
        }
        self.objects.extend(found);
    }

    /// Looks at every dictionary of every object.
    fn judge_all(&mut self) {
        let objects = std::mem::take(&mut self.objects);
        let mut gathered = std::mem::take(&mut self.gathered);
        // For look-ups while judging; the objects are put back behind it.
        self.objects = objects;
        let mut names = HashMap::new();
        let mut scripts = HashSet::new();
        let mut contents = HashSet::new();
        for object in &self.objects {
            let mut waiting: Vec<&Value> = vec![&object.value];
            while let Some(value) = waiting.pop() {
                match value {
                    Value::Array(list) => waiting.extend(list),
                    Value::Dictionary(list) => {
                        let mut judge = Judge {
                            file: self,
                            gathered: &mut gathered,
                            names: &mut names,
                            scripts: &mut scripts,
                        };
                        judge.dictionary(value);
                        waiting.extend(list.iter().map(|(_, value)| value));
                    }
                    _ => {}
                }
            }
            if object.value.is("Type", "Page") {
                let list = object.value.get("Contents").map(|value| match value {
                    Value::Reference(_) => match self.resolve(value) {
                        list @ Value::Array(_) => list.each(),
                        _ => std::slice::from_ref(value),
                    },
                    other => other.each(),
                });
                contents.extend(list.unwrap_or_default().iter().filter_map(number));
            }
        }
        (self.gathered, self.names, self.scripts, self.contents) =
            (gathered, names, scripts, contents);
    }

    /// Shows every stream that is no page, no object stream and no table.
    fn streams(&mut self, look: Look<'_>) -> Result<(), Stop> {
        let mut gathered = std::mem::take(&mut self.gathered);
        let mut kept = HashMap::new();
        let mut kept_octets = 0_usize;
        let mut pictures = limits::PDF_PICTURES_OCTETS;
        for object in &self.objects {
            let value = &object.value;
            if object.stream.is_none() || value.is("Type", "XRef") || value.is("Type", "ObjStm") {
                continue;
            }
            let Some(decoded) = self.content(object) else { continue };
            note(object, &decoded, &mut gathered);
            self.picture(object, &decoded.octets, &mut pictures, look)?;
            if self.scripts.contains(&object.number) {
                gathered.script.push(&value::text(&decoded.octets));
                gathered.script.end_line();
            }
            let is_last = self.object(object.number).is_some_and(|last| std::ptr::eq(last, object));
            let is_text = self.contents.contains(&object.number) || is_table(&decoded.octets);
            if is_last && is_text {
                kept_octets = kept_octets.saturating_add(decoded.octets.len());
                if kept_octets > limits::STREAM_OCTETS {
                    gathered.over = Some("more text than is read");
                    continue;
                }
                kept.insert(object.number, decoded.octets.into_owned());
            } else {
                let name = self.names.get(&object.number).cloned();
                let name = name.unwrap_or_else(|| format!("stream-{}", object.number));
                look(&name, &decoded.octets)?;
            }
        }
        self.gathered = gathered;
        self.decoded = kept;
        Ok(())
    }

    /// Shows a picture of raw samples, or what a form draws, as a bitmap beside its stream.
    fn picture(
        &self,
        object: &Object<'_>,
        octets: &[u8],
        left: &mut usize,
        look: Look<'_>,
    ) -> Result<(), Stop> {
        if *left == 0 {
            return Ok(());
        }
        let made = match &object.value {
            value if value.is("Subtype", "Image") => {
                picture::bitmap(value, octets, &|value| self.resolve(value))
            }
            value if value.is("Subtype", "Form") => picture::drawing(octets),
            _ => None,
        };
        let Some(made) = made else { return Ok(()) };
        *left = left.saturating_sub(made.len());
        look(&format!("picture-{}.bmp", object.number), &made)
    }

    /// Shows what pages draw with filled shapes, where that can be a code.
    fn drawings(&self, look: Look<'_>) -> Result<(), Stop> {
        let mut numbers: Vec<&u32> =
            self.decoded.keys().filter(|number| self.contents.contains(number)).collect();
        numbers.sort();
        for number in numbers.into_iter().take(limits::PDF_DRAWINGS) {
            let drawn = self.decoded.get(number).and_then(|content| picture::drawing(content));
            if let Some(drawn) = drawn {
                look(&format!("drawing-{number}.bmp"), &drawn)?;
            }
        }
        Ok(())
    }

    /// Text of the pages in the order of the file.
    fn pages(&mut self) {
        let tables: HashMap<u32, Characters> = self
            .decoded
            .iter()
            .filter(|(number, octets)| !self.contents.contains(number) && is_table(octets))
            .map(|(number, octets)| (*number, Characters::read(octets)))
            .collect();
        let mut words = std::mem::take(&mut self.gathered.visible);
        for object in self.objects.iter().filter(|object| object.value.is("Type", "Page")) {
            let fonts = self.fonts(&object.value, &tables);
            let contents = object.value.get("Contents").map(|value| match self.resolve(value) {
                list @ Value::Array(_) => list.each(),
                _ => std::slice::from_ref(value),
            });
            for number in contents.unwrap_or_default().iter().filter_map(number) {
                if let Some(content) = self.decoded.get(&number) {
                    text::read(content, &fonts, &mut words);
                }
            }
            words.end_line();
        }
        self.gathered.visible = words;
    }

    fn fonts<'t>(&self, page: &Value, tables: &'t HashMap<u32, Characters>) -> text::Fonts<'t> {
        let mut fonts = text::Fonts::new();
        let mut at = page;
        for _ in 0..8 {
            if let Some(resources) = at.get("Resources") {
                let list = self.resolve(resources).get("Font").map(|value| self.resolve(value));
                if let Some(Value::Dictionary(list)) = list {
                    for (name, font) in list.iter().take(256) {
                        let table = self.resolve(font).get("ToUnicode").and_then(number);
                        if let Some(table) = table.and_then(|number| tables.get(&number)) {
                            fonts.insert(name.clone(), table);
                        }
                    }
                }
                break;
            }
            match at.get("Parent") {
                Some(parent) => at = self.resolve(parent),
                None => break,
            }
        }
        fonts
    }
}

/// What is wrong with a stream, and scripts of forms in it.
fn note(object: &Object<'_>, decoded: &filter::Decoded<'_>, gathered: &mut Gathered<'_>) {
    if decoded.is_over {
        gathered.over = Some("a stream that becomes too large");
    } else if !object.is_whole || !decoded.is_whole {
        gathered.damage = Some("a stream is cut off or damaged");
    }
    if let Some(unknown) = &decoded.unknown {
        gathered.fact(FactKind::Unsupported, format!("the filter {}", shown(unknown, 60)));
    }
    let is_form = holds(
        decoded.octets.get(..decoded.octets.len().min(limits::SNIFF_OCTETS)).unwrap_or_default(),
        b"xfa",
    );
    if is_form && holds(&decoded.octets, b"<script") {
        gathered.fact(FactKind::PdfScript, "a script in a form (XFA)");
    }
}

fn is_table(octets: &[u8]) -> bool {
    let head = octets.get(..octets.len().min(2048)).unwrap_or_default();
    memchr::memmem::find(head, b"begincmap").is_some()
}

fn number(value: &Value) -> Option<u32> {
    match value {
        Value::Reference(number) => Some(*number),
        _ => None,
    }
}

/// Number and generation in front of `obj`.
fn head(before: &[u8]) -> Option<(u32, u32)> {
    let tail = before.get(before.len().saturating_sub(24)..)?;
    let text = tail.trim_ascii_end();
    let (rest, generation) = last_number(text)?;
    let trimmed = rest.trim_ascii_end();
    (trimmed.len() < rest.len()).then_some(())?;
    let (_, number) = last_number(trimmed)?;
    Some((number, generation))
}

fn last_number(text: &[u8]) -> Option<(&[u8], u32)> {
    let digits = text.iter().rev().take_while(|octet| octet.is_ascii_digit()).count();
    let (rest, digits) = text.split_at_checked(text.len().checked_sub(digits)?)?;
    Some((rest, std::str::from_utf8(digits).ok()?.parse().ok()?))
}

/// The raw octets of a stream: by its length where that leads to its end, else to the next end.
fn stream<'a>(
    octets: &'a [u8],
    lexer: &Lexer<'_>,
    value: &Value,
    ends: &[usize],
) -> (Option<&'a [u8]>, bool) {
    if !lexer.sees(b"stream") {
        return (None, true);
    }
    let mut start = lexer.at.saturating_add(6);
    if octets.get(start) == Some(&b'\r') {
        start += 1;
    }
    if octets.get(start) == Some(&b'\n') {
        start += 1;
    }
    let by_length =
        value.get("Length").and_then(Value::size).and_then(|length| start.checked_add(length));
    let is_end = |at: &usize| {
        octets.get(*at..).is_some_and(|rest| {
            let rest = rest.get(..rest.len().min(16)).unwrap_or_default();
            rest.trim_ascii_start().starts_with(b"endstream")
        })
    };
    let next = ends.get(ends.partition_point(|end| *end < start)).copied();
    let end = by_length.filter(is_end).or(next);
    let data = octets.get(start..end.unwrap_or(octets.len()));
    (Some(data.unwrap_or_default()), end.is_some())
}

fn open_strings(value: &mut Value, lock: &Lock, number: u32, generation: u32) {
    match value {
        Value::Text(octets) => *octets = lock.string(octets, number, generation),
        Value::Array(list) => {
            list.iter_mut().for_each(|one| open_strings(one, lock, number, generation));
        }
        Value::Dictionary(list) => {
            list.iter_mut().for_each(|(_, one)| open_strings(one, lock, number, generation));
        }
        _ => {}
    }
}

/// Says what one dictionary does.
struct Judge<'j, 'a> {
    file: &'j File<'a>,
    gathered: &'j mut Gathered<'a>,
    names: &'j mut HashMap<u32, String>,
    scripts: &'j mut HashSet<u32>,
}

impl Judge<'_, '_> {
    fn dictionary(&mut self, value: &Value) {
        let kind = value.get("S").and_then(Value::name).unwrap_or_default();
        if kind == b"JavaScript" || value.get("JS").is_some() {
            self.script(value.get("JS"));
        }
        match kind {
            b"Launch" => {
                let evidence = format!("starts {}", self.targets(value));
                self.gathered.fact(FactKind::PdfLaunch, evidence);
            }
            b"SubmitForm" | b"GoToR" | b"GoToE" | b"ImportData" => {
                let kind = String::from_utf8_lossy(kind).into_owned();
                let targets = self.targets(value);
                if super::fields::is_remote(&targets) {
                    self.gathered.link(&targets);
                }
                self.gathered.fact(FactKind::PdfUri, format!("{kind} {targets}"));
            }
            _ => {}
        }
        if let Some(address) = value.get("URI").and_then(|one| self.file.resolve(one).text()) {
            self.gathered.link(&address);
        }
        self.actions(value);
        self.files(value);
        self.others(value);
    }

    fn script(&mut self, code: Option<&Value>) {
        let mut evidence = "JavaScript".to_owned();
        match code {
            Some(Value::Reference(number)) => {
                self.scripts.insert(*number);
                if let Some(text) = self.file.object(*number).and_then(|object| object.value.text())
                {
                    self.source(&text, &mut evidence);
                }
            }
            Some(value) => {
                if let Some(text) = value.text() {
                    self.source(&text, &mut evidence);
                }
            }
            None => {}
        }
        self.gathered.fact(FactKind::PdfScript, evidence);
    }

    fn source(&mut self, text: &str, evidence: &mut String) {
        *evidence = format!("JavaScript: {}", shown(text, 120));
        self.gathered.script.push(text);
        self.gathered.script.end_line();
        super::script::payloads(text.as_bytes(), self.gathered);
    }

    /// Strings by which an action names its target.
    fn targets(&self, value: &Value) -> String {
        let mut found = Vec::new();
        let mut waiting = vec![value];
        while let Some(value) = waiting.pop() {
            for key in ["F", "UF", "P", "D", "URL"] {
                let inner = value.get(key).map(|one| self.file.resolve(one));
                match inner {
                    Some(Value::Text(text)) => found.push(value::text(text)),
                    Some(inner @ Value::Dictionary(_)) if waiting.len() < 8 && found.len() < 8 => {
                        waiting.push(inner)
                    }
                    _ => {}
                }
            }
            if let Some(inner) =
                value.get("Win").or_else(|| value.get("Unix")).or_else(|| value.get("Mac"))
            {
                waiting.push(self.file.resolve(inner));
            }
            if found.len() >= 8 {
                break;
            }
        }
        shown(&found.join(" "), 200)
    }

    fn actions(&mut self, value: &Value) {
        if let Some(action) = value.get("OpenAction").map(|one| self.file.resolve(one)) {
            let kind = action.get("S").and_then(Value::name).unwrap_or_default();
            // An array, or GoTo, only says which page is shown first.
            if matches!(action, Value::Dictionary(_)) && kind != b"GoTo" {
                let kind = String::from_utf8_lossy(kind).into_owned();
                self.gathered.fact(FactKind::PdfOpenAction, format!("OpenAction {kind}"));
            }
        }
        if let Some(Value::Dictionary(list)) = value.get("AA").map(|one| self.file.resolve(one)) {
            let events: Vec<Cow<'_, str>> =
                list.iter().take(8).map(|(event, _)| String::from_utf8_lossy(event)).collect();
            let evidence = format!("actions at the events {}", shown(&events.join(", "), 60));
            self.gathered.fact(FactKind::PdfOpenAction, evidence);
        }
    }

    fn files(&mut self, value: &Value) {
        let Some(files) = value.get("EF").map(|one| self.file.resolve(one)) else { return };
        let name = ["UF", "F", "Desc"]
            .iter()
            .find_map(|key| value.get(key).and_then(|one| self.file.resolve(one).text()));
        let name = name.unwrap_or_else(|| "file".to_owned());
        self.gathered.fact(FactKind::PdfEmbeddedFile, format!("the file {}", shown(&name, 200)));
        if is_program(&name, b"") {
            self.gathered
                .fact(FactKind::EmbeddedExecutable, format!("the file {}", shown(&name, 200)));
        }
        if let Value::Dictionary(list) = files {
            for number in list.iter().filter_map(|(_, value)| number(value)) {
                self.names.insert(number, name.clone());
            }
        }
    }

    fn others(&mut self, value: &Value) {
        if value.is("Type", "Sig") || value.is("FT", "Sig") && value.get("V").is_some() {
            self.gathered.fact(FactKind::Signed, "a signature");
        }
        for kind in ["RichMedia", "Movie", "Sound", "3D", "Screen"] {
            if value.is("Subtype", kind) {
                self.gathered.fact(FactKind::EmbeddedObject, format!("an annotation {kind}"));
            }
        }
        if value.is("Type", "EmbeddedFile") {
            self.gathered.fact(FactKind::PdfEmbeddedFile, "an embedded file");
        }
    }
}
