//! Values of PDF (ISO 32000-1, 7.3), read from any place and in any disorder.
//!
//! Nesting is bounded by [`limits::PDF_DEPTH`]; what is deeper is no value. Start with
//! [`Lexer::value`].

use crate::limits;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// `null`, or something that cannot be read.
    Null,
    /// A number.
    Number(f64),
    /// A name, its `#xx` resolved.
    Name(Vec<u8>),
    /// A string.
    Text(Vec<u8>),
    /// An array.
    Array(Vec<Value>),
    /// A dictionary, in its order.
    Dictionary(Vec<(Vec<u8>, Value)>),
    /// The number of an object.
    Reference(u32),
    /// Anything else: an operator, `true`.
    Word(Vec<u8>),
}

impl Value {
    /// The value of a key of a dictionary; the last one counts, as in readers.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Dictionary(list) => {
                list.iter().rev().find(|(own, _)| own == key.as_bytes()).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The name.
    pub(crate) fn name(&self) -> Option<&[u8]> {
        match self {
            Value::Name(name) => Some(name),
            _ => None,
        }
    }

    /// Whether a key has this name as its value.
    pub(crate) fn is(&self, key: &str, name: &str) -> bool {
        self.get(key).and_then(Value::name) == Some(name.as_bytes())
    }

    /// The number as a size.
    pub(crate) fn size(&self) -> Option<usize> {
        match self {
            Value::Number(number) if (0.0..4e9).contains(number) => {
                // Between 0 and 4e9 by the guard.
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let size = *number as usize;
                Some(size)
            }
            _ => None,
        }
    }

    /// A string as text: UTF-16 by its mark, else one octet a character.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Value::Text(octets) => Some(text(octets)),
            _ => None,
        }
    }

    /// The elements of an array, or the value itself.
    pub(crate) fn each(&self) -> &[Value] {
        match self {
            Value::Array(list) => list,
            Value::Null => &[],
            other => std::slice::from_ref(other),
        }
    }
}

/// A string of PDF as text.
pub(crate) fn text(octets: &[u8]) -> String {
    if let Some((encoding, mark)) = encoding_rs::Encoding::for_bom(octets) {
        let rest = octets.get(mark..).unwrap_or_default();
        return encoding.decode_without_bom_handling(rest).0.into_owned();
    }
    super::super::cursor::code_page(octets, 1252)
}

/// A reading head over PDF syntax.
#[derive(Debug, Clone)]
pub(crate) struct Lexer<'a> {
    octets: &'a [u8],
    /// Where it stands.
    pub(crate) at: usize,
    /// Values that may still be read.
    pub(crate) left: usize,
}

fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n' | 0 | 0x0c)
}

fn is_delimiter(octet: u8) -> bool {
    matches!(octet, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl<'a> Lexer<'a> {
    /// At a place.
    pub(crate) fn new(octets: &'a [u8], at: usize) -> Self {
        Lexer { octets, at, left: limits::PDF_VALUES }
    }

    fn peek(&self) -> Option<u8> {
        self.octets.get(self.at).copied()
    }

    /// Whether these octets stand here.
    pub(crate) fn sees(&self, word: &[u8]) -> bool {
        self.octets.get(self.at..).is_some_and(|rest| rest.starts_with(word))
    }

    /// Steps over white space and comments.
    pub(crate) fn space(&mut self) {
        while let Some(octet) = self.peek() {
            if octet == b'%' {
                let rest = self.octets.get(self.at..).unwrap_or_default();
                self.at += memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
            } else if is_space(octet) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    /// The next value. `None` at the end, at a bracket that closes, or when there were too many.
    pub(crate) fn value(&mut self, depth: usize) -> Option<Value> {
        self.space();
        self.left = self.left.checked_sub(1)?;
        match self.peek()? {
            b'/' => Some(Value::Name(self.name())),
            b'(' => Some(Value::Text(self.literal())),
            b'<' if self.sees(b"<<") => self.dictionary(depth),
            b'<' => Some(Value::Text(self.hexadecimal())),
            b'[' => self.array(depth),
            b']' | b'>' => None,
            b')' | b'{' | b'}' => {
                self.at += 1;
                Some(Value::Null)
            }
            _ => Some(self.word()),
        }
    }

    fn name(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut name = Vec::new();
        while let Some(octet) = self.peek() {
            if is_space(octet) || is_delimiter(octet) {
                break;
            }
            self.at += 1;
            let high = self.octets.get(self.at).copied().and_then(digit);
            let low = self.octets.get(self.at + 1).copied().and_then(digit);
            match (octet, high, low) {
                (b'#', Some(high), Some(low)) => {
                    name.push(high << 4 | low);
                    self.at += 2;
                }
                _ => name.push(octet),
            }
        }
        name
    }

    fn literal(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut text = Vec::new();
        let mut open = 1_u32;
        while let Some(octet) = self.peek() {
            self.at += 1;
            match octet {
                b'(' => open = open.saturating_add(1),
                b')' => {
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                }
                b'\\' => {
                    self.escaped(&mut text);
                    continue;
                }
                _ => {}
            }
            text.push(octet);
        }
        text
    }

    fn escaped(&mut self, text: &mut Vec<u8>) {
        let Some(octet) = self.peek() else { return };
        self.at += 1;
        match octet {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.at += 1;
                }
            }
            b'\n' => {}
            b'0'..=b'7' => {
                let mut value = u32::from(octet - b'0');
                for _ in 0..2 {
                    let Some(next @ b'0'..=b'7') = self.peek() else { break };
                    value = value * 8 + u32::from(next - b'0');
                    self.at += 1;
                }
                text.push(u8::try_from(value & 0xff).unwrap_or_default());
            }
            other => text.push(other),
        }
    }

    fn hexadecimal(&mut self) -> Vec<u8> {
        self.at += 1;
        let rest = self.octets.get(self.at..).unwrap_or_default();
        let end = memchr::memchr(b'>', rest).unwrap_or(rest.len());
        self.at += (end + 1).min(rest.len());
        from_hexadecimal(rest.get(..end).unwrap_or_default())
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        let mut list = Vec::new();
        self.at += 1;
        if depth >= limits::PDF_DEPTH {
            return None;
        }
        loop {
            self.space();
            match self.peek() {
                None => break,
                Some(b']') => {
                    self.at += 1;
                    break;
                }
                Some(b'>') => break,
                Some(_) => list.push(self.value(depth + 1)?),
            }
            reference(&mut list);
        }
        Some(Value::Array(list))
    }

    fn dictionary(&mut self, depth: usize) -> Option<Value> {
        let mut list = Vec::new();
        self.at += 2;
        if depth >= limits::PDF_DEPTH {
            return None;
        }
        loop {
            self.space();
            if self.sees(b">>") {
                self.at += 2;
                break;
            }
            match self.peek() {
                None => break,
                Some(b'/') => list.push(Value::Name(self.name())),
                Some(b'>' | b']') => {
                    self.at += 1;
                    continue;
                }
                // An object that ends inside of its dictionary.
                Some(b'e') if self.sees(b"endobj") => break,
                Some(_) => list.push(self.value(depth + 1)?),
            }
            self.left = self.left.checked_sub(1)?;
            reference(&mut list);
        }
        Some(Value::Dictionary(pairs(list)))
    }

    fn word(&mut self) -> Value {
        let rest = self.octets.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|one| !is_space(**one) && !is_delimiter(**one)).count();
        let word = rest.get(..length.max(1)).unwrap_or_default();
        self.at += length.max(1);
        let first = word.first().copied().unwrap_or_default();
        if first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.') {
            let number = std::str::from_utf8(word).ok().and_then(|text| text.parse::<f64>().ok());
            return number.map_or(Value::Null, Value::Number);
        }
        Value::Word(word.to_vec())
    }
}

/// Keys and values: a name is a key unless it stands behind one.
fn pairs(list: Vec<Value>) -> Vec<(Vec<u8>, Value)> {
    let mut pairs = Vec::with_capacity(list.len() / 2);
    let mut key: Option<Vec<u8>> = None;
    for value in list {
        match (key.take(), value) {
            (Some(key), value) => pairs.push((key, value)),
            (None, Value::Name(name)) => key = Some(name),
            (None, _) => {}
        }
    }
    pairs
}

/// `12 0 R` at the end of a list becomes a reference.
fn reference(list: &mut Vec<Value>) {
    let [.., number, Value::Number(_), Value::Word(word)] = list.as_slice() else { return };
    if word != b"R" {
        return;
    }
    let Some(number) = number.size().and_then(|number| u32::try_from(number).ok()) else { return };
    list.truncate(list.len().saturating_sub(3));
    list.push(Value::Reference(number));
}

fn digit(octet: u8) -> Option<u8> {
    char::from(octet).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Hexadecimal digits to octets; anything else among them is stepped over.
pub(crate) fn from_hexadecimal(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 2 + 1);
    let mut half = None;
    for value in text.iter().take_while(|one| **one != b'>').copied().filter_map(digit) {
        match half.take() {
            Some(high) => out.push(high << 4 | value),
            None => half = Some(value),
        }
    }
    out.extend(half.map(|high| high << 4));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<Value> {
        Lexer::new(text.as_bytes(), 0).value(0)
    }

    #[test]
    fn names_hide_nothing_behind_number_signs() {
        assert_eq!(value("/J#61va#53cript"), Some(Value::Name(b"JavaScript".to_vec())));
    }

    #[test]
    fn strings_of_all_kinds_are_read() {
        assert_eq!(value("(a(b)\\)\\101\\n)"), Some(Value::Text(b"a(b))A\n".to_vec())));
        assert_eq!(value("<48 65 6>"), Some(Value::Text(b"He`".to_vec())));
    }

    #[test]
    fn references_stand_in_dictionaries_and_arrays() {
        let found = value("<< /A 3 0 R /B [1 2 0 R] /C >>").unwrap();
        assert_eq!(found.get("A"), Some(&Value::Reference(3)));
        assert_eq!(
            found.get("B"),
            Some(&Value::Array(vec![Value::Number(1.0), Value::Reference(2)]))
        );
    }

    #[test]
    fn nesting_ends_at_its_bound() {
        assert_eq!(value(&"[".repeat(100_000)), None);
        assert_eq!(value(&"<</A".repeat(100_000)), None);
    }
}
