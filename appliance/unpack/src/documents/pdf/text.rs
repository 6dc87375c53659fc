//! Text of PDF pages: the strings of the content stream, by the ToUnicode table of their font where
//! there is one, else as Windows-1252.
//!
//! No layout: a move to another line ends the line. Start with [`read`].

use std::collections::HashMap;

use super::super::cursor::code_page;
use super::super::gathered::Words;
use super::value::{Lexer, Value};
use crate::limits;

/// What the codes of a font mean.
#[derive(Debug, Default)]
pub(crate) struct Characters {
    /// Octets of a code.
    width: usize,
    map: HashMap<u32, String>,
}

impl Characters {
    /// Reads a ToUnicode table (ISO 32000-1, 9.10.3).
    pub(crate) fn read(table: &[u8]) -> Characters {
        let mut characters = Characters { width: 1, map: HashMap::new() };
        let mut lexer = Lexer::new(table, 0);
        let mut list: Vec<Value> = Vec::new();
        while let Some(value) = lexer.value(0) {
            let Value::Word(word) = &value else {
                list.push(value);
                continue;
            };
            match word.as_slice() {
                b"endcodespacerange" => characters.width(&list),
                b"endbfchar" => characters.single(&list),
                b"endbfrange" => characters.ranges(&list),
                _ => {}
            }
            list.clear();
        }
        characters
    }

    fn width(&mut self, list: &[Value]) {
        if let Some(Value::Text(first)) = list.first() {
            self.width = first.len().clamp(1, 4);
        }
    }

    fn add(&mut self, code: u32, text: String) {
        if self.map.len() < limits::PDF_CHARACTERS {
            self.map.insert(code, text);
        }
    }

    fn single(&mut self, list: &[Value]) {
        for pair in list.chunks_exact(2) {
            if let [Value::Text(code), Value::Text(text)] = pair {
                self.add(number(code), big_utf16(text));
            }
        }
    }

    fn ranges(&mut self, list: &[Value]) {
        for row in list.chunks_exact(3) {
            let [Value::Text(from), Value::Text(until), to] = row else { continue };
            let (from, until) = (number(from), number(until));
            let room = u32::try_from(limits::PDF_CHARACTERS.saturating_sub(self.map.len()));
            let until =
                until.min(from.saturating_add(room.unwrap_or(0)).min(from.saturating_add(0xffff)));
            match to {
                Value::Text(first) => {
                    let first = big_utf16(first);
                    let last = first.chars().last().map(u32::from).unwrap_or_default();
                    let head: String =
                        first.chars().take(first.chars().count().saturating_sub(1)).collect();
                    for code in from..=until {
                        let one =
                            char::from_u32(last.saturating_add(code - from)).unwrap_or('\u{fffd}');
                        self.add(code, format!("{head}{one}"));
                    }
                }
                Value::Array(texts) => {
                    for (code, text) in (from..=until).zip(texts) {
                        if let Value::Text(text) = text {
                            self.add(code, big_utf16(text));
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn text(&self, octets: &[u8], words: &mut Words) {
        for code in octets.chunks(self.width.max(1)) {
            if let Some(text) = self.map.get(&number(code)) {
                words.push(text);
            } else if self.width == 1 {
                words.push(&code_page(code, 1252));
            }
        }
    }
}

fn number(octets: &[u8]) -> u32 {
    octets.iter().take(4).fold(0, |sum, octet| sum << 8 | u32::from(*octet))
}

fn big_utf16(octets: &[u8]) -> String {
    encoding_rs::UTF_16BE.decode_without_bom_handling(octets).0.into_owned()
}

/// Fonts of a page by their names.
pub(crate) type Fonts<'c> = HashMap<Vec<u8>, &'c Characters>;

/// Where text stands: how much is drawn larger, and a place. Turned text is read as if it were not.
#[derive(Debug, Clone, Copy)]
struct Place {
    scale: f64,
    x: f64,
    y: f64,
}

impl Place {
    const START: Place = Place { scale: 1.0, x: 0.0, y: 0.0 };

    /// By the six numbers of a matrix.
    fn of(numbers: &[f64]) -> Place {
        match numbers {
            [a, b, _, _, x, y] => Place { scale: a.abs().max(b.abs()), x: *x, y: *y },
            _ => Place::START,
        }
    }

    /// A place inside of this one.
    fn with(self, inner: Place) -> Place {
        Place {
            scale: self.scale * inner.scale,
            x: self.x + inner.x * self.scale,
            y: self.y + inner.y * self.scale,
        }
    }
}

/// A page being read.
struct Page<'p, 'c> {
    fonts: &'p Fonts<'c>,
    font: Option<&'c Characters>,
    size: f64,
    leading: f64,
    paper: Place,
    kept: Vec<Place>,
    line: Place,
    /// Where text was shown last, and how many characters.
    before: Option<(f64, f64, usize)>,
    /// Whether the place was given anew since, as writers do for a word.
    is_anew: bool,
}

/// Reads a content stream.
pub(crate) fn read(content: &[u8], fonts: &Fonts<'_>, words: &mut Words) {
    let mut page = Page {
        fonts,
        font: None,
        size: 1.0,
        leading: 0.0,
        paper: Place::START,
        kept: Vec::new(),
        line: Place::START,
        before: None,
        is_anew: true,
    };
    let mut lexer = Lexer::new(content, 0);
    let mut operands: Vec<Value> = Vec::new();
    loop {
        let before = lexer.at;
        let Some(value) = lexer.value(0) else {
            // A bracket that closes nothing is stepped over.
            lexer.at = lexer.at.max(before).saturating_add(1);
            if lexer.left == 0 || lexer.at >= content.len() {
                break;
            }
            continue;
        };
        match value {
            Value::Word(word) if word == b"ID" => {
                // A picture inside the content: its octets are no operators.
                let rest = content.get(lexer.at..).unwrap_or_default();
                lexer.at += memchr::memmem::find(rest, b"EI").unwrap_or(rest.len());
                operands.clear();
            }
            Value::Word(word) => {
                page.act(&word, &operands, words);
                operands.clear();
            }
            other if operands.len() < 64 => operands.push(other),
            _ => {}
        }
    }
    words.end_line();
}

impl Page<'_, '_> {
    fn act(&mut self, word: &[u8], operands: &[Value], words: &mut Words) {
        let numbers: Vec<f64> = operands.iter().filter_map(number_of).collect();
        match word {
            b"q" if self.kept.len() < limits::PDF_DEPTH => self.kept.push(self.paper),
            b"Q" => self.paper = self.kept.pop().unwrap_or(self.paper),
            b"cm" => self.paper = self.paper.with(Place::of(&numbers)),
            b"BT" => self.line = Place::START,
            b"Tm" => {
                self.line = Place::of(&numbers);
                self.is_anew = true;
            }
            b"TL" => self.leading = numbers.first().copied().unwrap_or_default(),
            b"Td" | b"TD" => {
                if let [x, y, ..] = numbers.as_slice() {
                    self.line = self.line.with(Place { scale: 1.0, x: *x, y: *y });
                }
            }
            b"T*" => self.next_line(),
            b"Tf" => {
                let name = operands.first().and_then(Value::name);
                self.font = name.and_then(|name| self.fonts.get(name).copied());
                self.size = numbers.last().copied().unwrap_or(1.0);
            }
            b"Tj" | b"TJ" => self.show(operands.last(), words),
            b"'" | b"\"" => {
                self.next_line();
                self.show(operands.last(), words);
            }
            _ => {}
        }
    }

    fn next_line(&mut self) {
        let down = if self.leading.abs() > 0.0 { self.leading } else { self.size };
        self.line = self.line.with(Place { scale: 1.0, x: 0.0, y: -down });
    }

    /// Shows text: on a new line or behind a gap when it stands there. Widths of characters are not
    /// known; a single one is at most as wide as high, words are half as wide.
    fn show(&mut self, value: Option<&Value>, words: &mut Words) {
        let place = self.paper.with(self.line);
        let height = (self.size * place.scale).abs().max(0.01);
        if let Some((x, y, count)) = self.before {
            let wide = match count {
                0 | 1 if self.is_anew => 0.5,
                0 | 1 => 0.95,
                count => f64::from(u32::try_from(count).unwrap_or(u32::MAX)) * 0.45,
            };
            let step = place.x - x;
            if (place.y - y).abs() > 0.4 * height {
                words.end_line();
            } else if step > wide * height || step < 0.0 {
                words.space();
            }
        }
        let start = words.as_str().len();
        show(value, self.font, words);
        let count = words.as_str().get(start..).map_or(0, |shown| shown.chars().count());
        self.before = Some((place.x, place.y, count));
        self.is_anew = false;
    }
}

fn number_of(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        _ => None,
    }
}

fn show(value: Option<&Value>, font: Option<&Characters>, words: &mut Words) {
    for one in value.map(Value::each).unwrap_or_default() {
        match one {
            Value::Text(octets) => match font {
                Some(font) => font.text(octets, words),
                None => words.push(&code_page(octets, 1252)),
            },
            Value::Number(gap) if *gap < -180.0 => words.space(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_put_together_by_its_operators() {
        let mut words = Words::default();
        let content = b"BT /F1 12 Tf (Hel) Tj [(lo) -300 (wor) 20 (ld)] TJ 0 -14 Td (next) Tj 40 0 Td (word) Tj ET";
        read(content, &Fonts::new(), &mut words);
        assert_eq!(words.as_str(), "Hello world\nnext word\n");
    }

    #[test]
    fn characters_placed_one_by_one_are_one_word() {
        let mut words = Words::default();
        let content = b"q .75 0 0 .75 72 90 cm BT /F1 10 Tf 1 0 0 -1 0 5 Tm (w) Tj 7 0 Td (o) Tj 5 0 Td (rd) Tj ET \
            BT 1 0 0 -1 40 5 Tm (two) Tj ET Q q .75 0 0 .75 72 60 cm BT (line) Tj ET Q";
        read(content, &Fonts::new(), &mut words);
        assert_eq!(words.as_str(), "word two\nline\n");
    }

    #[test]
    fn a_table_gives_codes_their_characters() {
        let table = b"1 begincodespacerange <0000> <ffff> endcodespacerange 1 beginbfchar <0003> <0048> endbfchar \
            1 beginbfrange <0004> <0006> <0061> endbfrange";
        let characters = Characters::read(table);
        let fonts = Fonts::from([(b"F1".to_vec(), &characters)]);
        let mut words = Words::default();
        read(b"/F1 9 Tf <0003000400050006> Tj", &fonts, &mut words);
        assert_eq!(words.as_str(), "Habc\n");
    }

    #[test]
    fn a_range_of_four_thousand_million_codes_ends_at_the_bound() {
        let characters = Characters::read(b"<00000000> <ffffffff> <0041> endbfrange");
        assert!(characters.map.len() <= limits::PDF_CHARACTERS);
    }
}
