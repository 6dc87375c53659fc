//! Excel 5 to 2003 (MS-XLS): cell text and numbers, sheets and names of Excel 4.0 macros, and the
//! formulas of macro sheets in words.
//!
//! Records are read one after another; a count in the file never makes a loop longer than its
//! octets. Start with [`read`].

use super::cursor::{Cursor, code_page, u16_at, utf16};
use super::gathered::Gathered;
use super::office_crypto::{self, Opened};
use crate::fact::FactKind;

const BOF: u16 = 0x0809;
const FILE_PASS: u16 = 0x002f;
const INTERFACE: u16 = 0x00e1;
const BOUND_SHEET: u16 = 0x0085;
const CONTINUE: u16 = 0x003c;

/// One record.
#[derive(Debug, Clone, Copy)]
struct Record<'a> {
    kind: u16,
    data: &'a [u8],
    at: usize,
}

fn records(stream: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let mut cursor = Cursor::new(stream);
    std::iter::from_fn(move || {
        let at = stream.len().saturating_sub(cursor.len());
        let (kind, length) = (cursor.u16()?, cursor.u16()?);
        Some(Record { kind, data: cursor.take_most(usize::from(length)), at })
    })
}

/// How a workbook is closed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lock {
    /// Not at all.
    Open,
    /// It was opened: the stream in clear.
    Opened(Opened, Vec<u8>),
    /// No password opened it.
    Closed,
}

/// Tries the passwords on an encrypted workbook.
pub(crate) fn unlock(stream: &[u8], passwords: &[String]) -> Lock {
    let Some(pass) = records(stream).take(16).find(|record| record.kind == FILE_PASS) else {
        return Lock::Open;
    };
    match office_crypto::legacy_key(pass.data, passwords) {
        Some(key) => Lock::Opened(key.opened, clear(stream, &key)),
        None => Lock::Closed,
    }
}

/// The stream in clear: the heads of records and some records never were encrypted (MS-XLS
/// 2.2.10).
fn clear(stream: &[u8], key: &office_crypto::LegacyKey) -> Vec<u8> {
    let mut out = stream.to_vec();
    key.apply(&mut out, 1024);
    for record in records(stream) {
        let plain = match record.kind {
            BOF | FILE_PASS | INTERFACE => record.data.len().saturating_add(4),
            BOUND_SHEET => 8,
            _ => 4,
        };
        let range = record.at..record.at.saturating_add(plain).min(stream.len());
        if let (Some(to), Some(from)) = (out.get_mut(range.clone()), stream.get(range)) {
            to.copy_from_slice(from);
        }
    }
    out
}

/// Reads the stream `Workbook` or `Book`, in clear.
pub(crate) fn read(stream: &[u8], gathered: &mut Gathered<'_>) {
    let mut sheet = Sheet::default();
    let mut all = records(stream).peekable();
    while let Some(record) = all.next() {
        if record.kind == 0x00fc {
            let mut parts = vec![record.data];
            while let Some(more) = all.next_if(|next| next.kind == CONTINUE) {
                parts.push(more.data);
            }
            shared_strings(&parts, gathered);
            continue;
        }
        sheet.take(record, gathered);
    }
}

#[derive(Default)]
struct Sheet {
    is_old: bool,
    is_macro: bool,
    row: Option<u16>,
}

impl Sheet {
    fn take(&mut self, record: Record<'_>, gathered: &mut Gathered<'_>) {
        let data = record.data;
        match record.kind {
            BOF | 0x0009 | 0x0209 | 0x0409 => {
                self.is_old = u16_at(data, 0).is_some_and(|version| version < 0x0600);
                self.is_macro = u16_at(data, 2) == Some(0x0040);
            }
            BOUND_SHEET => self.bound(data, gathered),
            0x0018 => self.name(data, gathered),
            0x0204 | 0x00d6 => {
                let text = self.string(Cursor::at(data, 6)).unwrap_or_default();
                self.cell(data, &text, gathered);
            }
            0x0207 => {
                let text = self.string(Cursor::new(data)).unwrap_or_default();
                self.cell(data, &text, gathered);
            }
            0x0203 => {
                if let Some(number) = Cursor::at(data, 6).u64() {
                    self.cell(data, &number_text(f64::from_bits(number)), gathered);
                }
            }
            0x027e => {
                if let Some(packed) = Cursor::at(data, 6).u32() {
                    self.cell(data, &number_text(unpacked(packed)), gathered);
                }
            }
            0x00bd => self.many(data, gathered),
            0x0006 | 0x0206 | 0x0406 => self.formula(data, gathered),
            _ => {}
        }
    }

    fn bound(&self, data: &[u8], gathered: &mut Gathered<'_>) {
        let mut cursor = Cursor::at(data, 4);
        let (Some(state), Some(kind)) = (cursor.u8(), cursor.u8()) else { return };
        let name = self.short_string(cursor).unwrap_or_default();
        let state = match state & 3 {
            1 => "hidden ",
            2 => "very hidden ",
            _ => "",
        };
        match kind {
            1 => gathered.fact(FactKind::XlmMacro, format!("{state}macro sheet {name}")),
            _ if !state.is_empty() => {
                gathered.fact(FactKind::HiddenText, format!("{state}sheet {name}"));
            }
            _ => {}
        }
    }

    /// A defined name: Excel runs some of them when the file opens or closes (MS-XLS 2.4.150).
    fn name(&self, data: &[u8], gathered: &mut Gathered<'_>) {
        let mut cursor = Cursor::new(data);
        let (Some(flags), Some(_), Some(length)) = (cursor.u16(), cursor.u8(), cursor.u8()) else {
            return;
        };
        let Some(()) = cursor.skip(10) else { return };
        let text = self.characters(&mut cursor, usize::from(length)).unwrap_or_default();
        let lower = text.to_ascii_lowercase();
        let runs = match (flags & 0x20 != 0, text.chars().next()) {
            (true, Some('\u{1}')) => Some("Auto_Open"),
            (true, Some('\u{2}')) => Some("Auto_Close"),
            (true, Some('\u{a}')) => Some("Auto_Activate"),
            (true, Some('\u{b}')) => Some("Auto_Deactivate"),
            _ if lower.starts_with("auto_open") => Some("Auto_Open"),
            _ if lower.starts_with("auto_close") => Some("Auto_Close"),
            _ => None,
        };
        if let Some(runs) = runs {
            gathered
                .fact(FactKind::AutoMacro, format!("the name {runs} starts an Excel 4.0 macro"));
        }
    }

    fn many(&mut self, data: &[u8], gathered: &mut Gathered<'_>) {
        let mut cursor = Cursor::at(data, 4);
        while cursor.len() >= 8 {
            let (Some(()), Some(packed)) = (cursor.skip(2), cursor.u32()) else { return };
            self.cell(data, &number_text(unpacked(packed)), gathered);
        }
    }

    fn cell(&mut self, data: &[u8], text: &str, gathered: &mut Gathered<'_>) {
        let row = u16_at(data, 0);
        if row != self.row {
            gathered.visible.end_line();
            self.row = row;
        }
        gathered.visible.space();
        gathered.visible.push(text);
        if self.is_macro {
            gathered.script.push(text);
            gathered.script.end_line();
        }
    }

    fn formula(&self, data: &[u8], gathered: &mut Gathered<'_>) {
        let head = if self.is_old { 18 } else { 20 };
        let mut cursor = Cursor::at(data, head);
        let Some(length) = cursor.u16() else { return };
        let mut formula = Formula::default();
        formula.read(Cursor::new(cursor.take_most(usize::from(length))), self);
        if formula.is_dde(data) {
            gathered.fact(FactKind::Dde, formula.text.clone());
        }
        if !self.is_macro {
            return;
        }
        for call in &formula.calls {
            gathered.fact(FactKind::MacroCall, format!("an Excel 4.0 macro calls {call}"));
        }
        gathered.script.push(&formula.text);
        gathered.script.end_line();
    }

    fn string(&self, mut cursor: Cursor<'_>) -> Option<String> {
        let length = usize::from(cursor.u16()?);
        self.characters(&mut cursor, length)
    }

    fn short_string(&self, mut cursor: Cursor<'_>) -> Option<String> {
        let length = usize::from(cursor.u8()?);
        self.characters(&mut cursor, length)
    }

    /// Characters: Excel 97 and later say with an octet whether they are one or two octets wide.
    fn characters(&self, cursor: &mut Cursor<'_>, length: usize) -> Option<String> {
        if self.is_old {
            return Some(code_page(cursor.take_most(length), 1252));
        }
        let is_wide = cursor.u8()? & 1 != 0;
        Some(match is_wide {
            true => utf16(cursor.take_most(length.saturating_mul(2))),
            false => code_page(cursor.take_most(length), 1252),
        })
    }
}

/// A number as a person would type it.
fn number_text(number: f64) -> String {
    if number.is_finite() { format!("{number}") } else { String::new() }
}

/// The packed form of numbers (MS-XLS 2.5.217).
fn unpacked(packed: u32) -> f64 {
    let number = if packed & 2 != 0 {
        f64::from(packed.cast_signed() >> 2)
    } else {
        f64::from_bits(u64::from(packed & 0xffff_fffc) << 32)
    };
    if packed & 1 != 0 { number / 100.0 } else { number }
}

/// The table of strings that cells share; a string may run over into the next record, whose first
/// octet says anew how wide its characters are (MS-XLS 2.5.293).
fn shared_strings(parts: &[&[u8]], gathered: &mut Gathered<'_>) {
    let mut parts = parts.iter();
    let mut cursor = Cursor::at(parts.next().copied().unwrap_or_default(), 8);
    loop {
        if cursor.is_empty() {
            let Some(next) = parts.next() else { return };
            cursor = Cursor::new(next);
            continue;
        }
        let (Some(length), Some(flags)) = (cursor.u16(), cursor.u8()) else { return };
        let runs = if flags & 8 != 0 { cursor.u16().unwrap_or_default() } else { 0 };
        let phonetic = if flags & 4 != 0 { cursor.length().unwrap_or_default() } else { 0 };
        let (mut left, mut is_wide) = (usize::from(length), flags & 1 != 0);
        while left > 0 {
            let wanted = if is_wide { left.saturating_mul(2) } else { left };
            let octets = cursor.take_most(wanted);
            let text = if is_wide { utf16(octets) } else { code_page(octets, 1252) };
            gathered.visible.push(&text);
            left =
                left.saturating_sub(if is_wide { octets.len().div_ceil(2) } else { octets.len() });
            if left == 0 {
                break;
            }
            let Some(next) = parts.next() else { return };
            cursor = Cursor::new(next);
            is_wide = cursor.u8().is_some_and(|flags| flags & 1 != 0);
        }
        gathered.visible.end_line();
        let mut behind = usize::from(runs).saturating_mul(4).saturating_add(phonetic);
        while behind > 0 {
            behind = behind.saturating_sub(cursor.take_most(behind).len());
            if behind > 0 {
                let Some(next) = parts.next() else { return };
                cursor = Cursor::new(next);
            }
        }
    }
}

/// A formula in words, in the order of its tokens.
#[derive(Default)]
struct Formula {
    text: String,
    calls: Vec<&'static str>,
    number: Option<u16>,
}

impl Formula {
    fn read(&mut self, mut cursor: Cursor<'_>, sheet: &Sheet) {
        while let Some(token) = cursor.u8() {
            if self.token(token, &mut cursor, sheet).is_none() {
                return;
            }
        }
    }

    /// One token (MS-XLS 2.5.198.25): what tells something is kept, the others are stepped over.
    fn token(&mut self, token: u8, cursor: &mut Cursor<'_>, sheet: &Sheet) -> Option<()> {
        let base = if token >= 0x40 { token & 0x1f | 0x20 } else { token };
        match base {
            0x03..=0x16 => Some(()),
            0x17 => {
                let length = usize::from(cursor.u8()?);
                let text = sheet.characters(cursor, length)?;
                self.add(&format!("\"{text}\""));
                Some(())
            }
            0x19 => {
                let kind = cursor.u8()?;
                let count = usize::from(cursor.u16()?);
                if kind & 4 != 0 {
                    cursor.skip(count.saturating_add(1).saturating_mul(2))
                } else {
                    Some(())
                }
            }
            0x1e => {
                self.number = Some(cursor.u16()?);
                Some(())
            }
            0x21 => {
                let id = cursor.u16()?;
                self.call(id);
                Some(())
            }
            0x22 => {
                cursor.skip(1)?;
                let id = cursor.u16()?;
                self.call(id & 0x7fff);
                Some(())
            }
            _ => cursor.skip(token_octets(base)?),
        }
    }

    fn call(&mut self, id: u16) {
        if id == 111 {
            let one = self.number.take().and_then(|code| char::from_u32(u32::from(code)));
            self.text.extend(one);
            return;
        }
        if let Some(name) = function(id) {
            self.add(name);
            if !self.calls.contains(&name) && id != 96 && id != 54 {
                self.calls.push(name);
            }
        }
    }

    fn add(&mut self, word: &str) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(word);
    }

    /// A formula that starts a program by DDE keeps it as text: `cmd|'/c calc'!A0`.
    fn is_dde(&self, _data: &[u8]) -> bool {
        self.text.contains("|'") && self.text.contains("'!")
    }
}

fn token_octets(base: u8) -> Option<usize> {
    Some(match base {
        0x1c | 0x1d => 1,
        0x29 => 2,
        0x01 | 0x02 | 0x23 | 0x24 | 0x2a | 0x2c => 4,
        0x18 => 5,
        0x26..=0x28 | 0x39 | 0x3a | 0x3c => 6,
        0x20 => 7,
        0x1f | 0x25 | 0x2b | 0x2d => 8,
        0x3b | 0x3d => 10,
        _ => return None,
    })
}

/// Functions of macro sheets that reach out, write or decide (MS-XLS 2.5.198.17).
fn function(id: u16) -> Option<&'static str> {
    Some(match id {
        17 => "RUN",
        54 => "HALT",
        88 => "SET.NAME",
        96 => "FORMULA",
        110 => "EXEC",
        132 => "FOPEN",
        136 => "FREAD",
        137 => "FWRITELN",
        138 => "FWRITE",
        149 => "REGISTER",
        150 => "CALL",
        186 => "GET.WORKSPACE",
        _ => return None,
    })
}

/// By what a file opened, in words that do not tell the password.
pub(crate) fn opened_words(opened: Opened) -> &'static str {
    match opened {
        Opened::Default => "opened with the password that Office tries by itself",
        Opened::Given => "opened with a password that was found",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u16, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len()).unwrap();
        [kind.to_le_bytes().as_slice(), &length.to_le_bytes(), data].concat()
    }

    #[test]
    fn a_very_hidden_macro_sheet_that_starts_a_program_is_told() {
        let mut formula = vec![0; 20];
        let mut tokens = vec![0x17, 4, 0];
        tokens.extend(b"calc");
        tokens.extend([0x42, 1, 110, 0]);
        formula.extend(u16::try_from(tokens.len()).unwrap().to_le_bytes());
        formula.extend(tokens);
        let name = [vec![0x20, 0, 0, 1], vec![0; 10], vec![0, 1]].concat();
        let stream = [
            record(BOF, &[0, 6, 5, 0]),
            record(BOUND_SHEET, &[0, 0, 0, 0, 2, 1, 2, 0, b'M', b'1']),
            record(0x18, &name),
            record(BOF, &[0, 6, 0x40, 0]),
            record(6, &formula),
        ]
        .concat();
        let mut gathered = Gathered::default();
        read(&stream, &mut gathered);
        let kinds: Vec<FactKind> = gathered.facts.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [FactKind::XlmMacro, FactKind::AutoMacro, FactKind::MacroCall]);
        assert_eq!(gathered.facts[0].1, "very hidden macro sheet M1");
        assert!(gathered.script.as_str().contains("\"calc\" EXEC"));
    }

    #[test]
    fn characters_put_together_one_by_one_are_read_as_text() {
        let mut formula = vec![0; 20];
        let tokens = [0x1e, b'h', 0, 0x41, 111, 0, 0x1e, b'i', 0, 0x41, 111, 0, 0x08];
        formula.extend(u16::try_from(tokens.len()).unwrap().to_le_bytes());
        formula.extend(tokens);
        let stream = [record(BOF, &[0, 6, 0x40, 0]), record(6, &formula)].concat();
        let mut gathered = Gathered::default();
        read(&stream, &mut gathered);
        assert_eq!(gathered.script.as_str(), "hi\n");
    }

    #[test]
    fn a_shared_string_that_runs_over_into_the_next_record_is_whole() {
        let mut first = vec![1, 0, 0, 0, 1, 0, 0, 0, 6, 0, 0];
        first.extend(b"abc");
        let second = [1, b'd', 0, b'e', 0, b'f', 0];
        let stream =
            [record(BOF, &[0, 6, 5, 0]), record(0xfc, &first), record(CONTINUE, &second)].concat();
        let mut gathered = Gathered::default();
        read(&stream, &mut gathered);
        assert_eq!(gathered.visible.as_str(), "abcdef\n");
    }

    #[test]
    fn numbers_are_text_for_the_rules_on_content() {
        assert_eq!(number_text(unpacked(2 | (4111 << 2))), "4111");
        assert_eq!(number_text(4_111_111_111_111_111.0), "4111111111111111");
        assert_eq!(number_text(unpacked(3 | (1050 << 2))), "10.5");
    }
}
