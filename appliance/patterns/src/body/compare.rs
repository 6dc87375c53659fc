//! Byte compare subsignatures: a number that stands near the last match of another subsignature
//! (docs.clamav.net, "Byte Compare Subsignatures"). What the documentation leaves open was observed
//! at clamscan 1.4.6.

use crate::pack::{put_varint, take_varint};

/// One byte compare subsignature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Compare {
    pub(super) trigger: u8,
    /// From the start of the match, in octets.
    offset: i64,
    /// `h`, `d`, `a` or `i`.
    kind: u8,
    /// `l`, `b`, or 0 for neither.
    order: u8,
    is_exact: bool,
    octets: u64,
    /// Sign and number.
    tests: Vec<(u8, i64)>,
}

impl Compare {
    /// Reads `trigger(offset#options#comparisons)`.
    ///
    /// # Errors
    /// In words.
    pub(super) fn parse(text: &str) -> Result<Compare, String> {
        let wrong = || "its byte compare subsignature is none".to_owned();
        let (trigger, rest) = text.split_once('(').ok_or_else(wrong)?;
        let inside = rest.strip_suffix(')').ok_or_else(wrong)?;
        let mut fields = inside.split('#');
        let (offset, options, tests) = (fields.next(), fields.next(), fields.next());
        let trigger = trigger.parse().map_err(|_| wrong())?;
        let offset = offset.and_then(offset_of).ok_or_else(wrong)?;
        let tests = tests.and_then(tests_of).ok_or_else(wrong)?;
        let mut options = options.unwrap_or_default();
        let mut flag = |known: &[u8]| {
            let first = options.bytes().next().filter(|first| known.contains(first));
            if first.is_some() {
                options = options.get(1..).unwrap_or_default();
            }
            first
        };
        let kind = flag(b"hdai").ok_or_else(wrong)?;
        let order = flag(b"lb").unwrap_or(0);
        let is_exact = flag(b"e").is_some() || kind == b'i';
        let octets = integer(options).filter(|octets| *octets > 0).ok_or_else(wrong)?;
        let octets = octets.cast_unsigned();
        let fits = match kind {
            b'i' => matches!(octets, 1 | 2 | 4 | 8),
            b'd' => order != b'l',
            _ => true,
        };
        if !fits || fields.next().is_some() {
            return Err(wrong());
        }
        Ok(Compare { trigger, offset, kind, order, is_exact, octets, tests })
    }

    pub(super) fn encode(&self, code: &mut Vec<u8>) {
        code.extend([self.trigger, self.kind, self.order, u8::from(self.is_exact)]);
        put_varint(code, self.offset.cast_unsigned());
        put_varint(code, self.octets);
        put_varint(code, self.tests.len() as u64);
        for (sign, number) in &self.tests {
            code.push(*sign);
            put_varint(code, number.cast_unsigned());
        }
    }

    pub(super) fn decode(code: &mut &[u8]) -> Option<Compare> {
        let (head, rest) = code.split_first_chunk::<4>()?;
        *code = rest;
        let [trigger, kind, order, is_exact] = *head;
        let offset = take_varint(code)?.cast_signed();
        let octets = take_varint(code)?;
        let mut tests = Vec::new();
        for _ in 0..take_varint(code)? {
            let (sign, rest) = code.split_first()?;
            *code = rest;
            tests.push((*sign, take_varint(code)?.cast_signed()));
        }
        Some(Compare { trigger, offset, kind, order, is_exact: is_exact != 0, octets, tests })
    }

    /// Whether it holds for a match of its trigger that begins at a place.
    pub(super) fn holds(&self, octets: &[u8], start: usize) -> bool {
        let number = self.number(octets, start);
        number.is_some_and(|number| {
            self.tests.iter().all(|(sign, other)| match sign {
                b'=' => number == *other,
                b'<' => number < *other,
                _ => number > *other,
            })
        })
    }

    fn number(&self, octets: &[u8], start: usize) -> Option<i64> {
        let place = usize::try_from(i64::try_from(start).ok()?.checked_add(self.offset)?).ok()?;
        let wanted = usize::try_from(self.octets).ok()?;
        let seen = octets.get(place..)?;
        let seen = match seen.get(..wanted) {
            Some(seen) => seen,
            None if self.is_exact => return None,
            None => seen,
        };
        match (self.kind, self.order) {
            (b'i', b'l') => Some(raw(seen.iter().rev())),
            (b'i', b'b') => Some(raw(seen.iter())),
            (b'd', _) => digits(seen, 10, self.is_exact),
            (b'h', b'b') => digits(seen, 16, self.is_exact),
            (b'h', b'l') => swapped(seen, self.is_exact),
            (b'a', b'b') if has_prefix(seen) => digits(seen, 16, self.is_exact),
            (b'a', b'l') if has_prefix(seen) => swapped(seen, self.is_exact),
            (b'a', b'b') => digits(seen, 10, self.is_exact),
            // Without an order of octets clamscan never finds it.
            _ => None,
        }
    }
}

fn offset_of(text: &str) -> Option<i64> {
    let number = |text: &str| integer(text).filter(|number| *number >= 0);
    match (text.strip_prefix(">>"), text.strip_prefix("<<")) {
        (Some(forth), _) => number(forth),
        (_, Some(back)) => number(back)?.checked_neg(),
        _ => None,
    }
}

fn tests_of(text: &str) -> Option<Vec<(u8, i64)>> {
    let test = |text: &str| {
        let sign = text.bytes().next().filter(|sign| b"<>=".contains(sign))?;
        Some((sign, integer(text.get(1..)?)?))
    };
    let tests: Vec<(u8, i64)> = text.split(',').map(test).collect::<Option<_>>()?;
    (tests.len() <= 2).then_some(tests)
}

/// A decimal number, or a hexadecimal one after `0x`.
fn integer(text: &str) -> Option<i64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok().map(u64::cast_signed),
        None => text.parse().ok(),
    }
}

fn raw<'o>(octets: impl Iterator<Item = &'o u8>) -> i64 {
    octets.fold(0_u64, |sum, octet| sum << 8 | u64::from(*octet)).cast_signed()
}

fn has_prefix(seen: &[u8]) -> bool {
    matches!(seen.trim_ascii_start(), [b'0', b'x' | b'X', ..])
}

/// A number in digits as C's `strtol` reads it: white space, a sign, digits as far as they go.
/// Exact: nothing may follow.
fn digits(seen: &[u8], radix: u32, is_exact: bool) -> Option<i64> {
    let text = seen.trim_ascii_start();
    let (is_negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let text = match text {
        [b'0', b'x' | b'X', rest @ ..] if radix == 16 && first_digit(rest, 16).is_some() => rest,
        _ => text,
    };
    first_digit(text, radix)?;
    let mut number = 0_i64;
    let mut rest = text;
    while let Some(digit) = first_digit(rest, radix) {
        number = number.checked_mul(radix.into())?.checked_add(digit.into())?;
        rest = rest.get(1..).unwrap_or_default();
    }
    let number = if is_negative { -number } else { number };
    (!is_exact || rest.is_empty()).then_some(number)
}

fn first_digit(text: &[u8], radix: u32) -> Option<u32> {
    text.first().and_then(|octet| char::from(*octet).to_digit(radix))
}

/// Hexadecimal digits, two for an octet, the lowest octet first; of an odd number of digits the
/// first stands alone.
fn swapped(seen: &[u8], is_exact: bool) -> Option<i64> {
    let text = match seen {
        [b'0', b'x' | b'X', rest @ ..] => rest,
        _ => seen,
    };
    let (alone, even) = text.split_at_checked(text.len() % 2)?;
    let pair = |pair: &[u8]| {
        let digit = |octet: &u8| char::from(*octet).to_digit(16);
        pair.iter().map(digit).try_fold(0, |sum, digit| Some(sum << 4 | u64::from(digit?)))
    };
    let first = (!alone.is_empty()).then_some(alone).into_iter();
    let pairs: Vec<u64> = first.chain(even.chunks(2)).map_while(pair).collect();
    let whole = pairs.len().saturating_mul(2) >= text.len();
    if pairs.is_empty() || pairs.len() > 8 || (is_exact && !whole) {
        return None;
    }
    Some(pairs.iter().rev().fold(0_u64, |sum, octet| sum << 8 | octet).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, octets: &[u8]) -> bool {
        let compare = Compare::parse(&format!("0(>>3#{text})")).unwrap();
        let mut code = Vec::new();
        compare.encode(&mut code);
        assert_eq!(Compare::decode(&mut code.as_slice()), Some(compare.clone()));
        compare.holds(octets, 0)
    }

    /// Each row was observed at clamscan 1.4.6.
    #[test]
    fn numbers_are_read_as_clamscan_reads_them() {
        for (text, octets, expected) in [
            ("d2#=12", &b"TAG12zz"[..], true),
            ("d4#=12", b"TAG12zz", true),
            ("de4#=12", b"TAG12zz", false),
            ("d3#=12", b"TAG 12zzz", true),
            ("d3#=-12", b"TAG-12zzz", true),
            ("d3#=12", b"TAG+12zz", true),
            ("d10#=123456789", b"TAG0123456789", true),
            ("hb2#=18", b"TAG12zzzzzz", true),
            ("h2#=18", b"TAG12zzzzzz", false),
            ("hb4#=0xff", b"TAG00ffzzzz", true),
            ("hl4#=0xff00", b"TAG00ffzzzz", true),
            ("hb4#=0x12", b"TAG0x12zzzz", true),
            ("hl4#=0x12", b"TAG0x12zzzz", true),
            ("hl4#=0x12", b"TAG12zzzzzz", true),
            ("hl4#=0x12", b"TAG123zz", true),
            ("hl3#=0x2301", b"TAG123zz", true),
            ("hl8#=0x78563412", b"TAG12345678zz", true),
            ("hb9#=0x12345678", b"TAG12345678zz", true),
            ("hbe4#=0x123", b"TAG123zz", false),
            ("hbe4#=0x123", b"TAG0123zz", true),
            ("ab4#=18", b"TAG0x12zzzz", true),
            ("al4#=18", b"TAG0x12zzzz", true),
            ("ib1#=1", b"TAG\x01\x02\x03\x04", true),
            ("il2#=0x201", b"TAG\x01\x02\x03\x04", true),
            ("ib4#>0x1000000,<0x1020305", b"TAG\x01\x02\x03\x04", true),
            ("ib4#=0x01020304", b"TAG\x01\x02\x03", false),
            ("i2#=0x102", b"TAG\x01\x02", false),
        ] {
            assert_eq!(holds(text, octets), expected, "{text} in {octets:?}");
        }
    }

    #[test]
    fn an_offset_outside_of_the_file_holds_nothing() {
        let back = Compare::parse("0(<<5#d2#=12)").unwrap();
        assert!(!back.holds(b"12TAG", 2));
        let far = Compare::parse("0(>>9999999999#ib1#=1)").unwrap();
        assert!(!far.holds(b"TAG", 0));
    }

    #[test]
    fn bad_ones_are_told() {
        for bad in [
            "0(>>3#il3#=1)",
            "0(>>3#dl2#=1)",
            "0(3#d2#=1)",
            "0(>>3#d2#!=1)",
            "0(>>3#d2#=1,)",
            "0(>>3#d0#=0)",
            "x(>>3#d2#=1)",
            "0(>>3#d2)",
            "0(>>3#d2#=1",
            "0(>>3#d2#=1,=2,=3)",
        ] {
            assert!(Compare::parse(bad).is_err(), "{bad}");
        }
    }
}
