//! The header section of a message, line by line, without changing an octet.

use std::ops::Range;

use memchr::memchr;

/// One field of the header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// The field name.
    pub name: Range<usize>,
    /// What follows the colon, folded lines and the last line end included.
    pub value: Range<usize>,
}

/// Offset of the first octet after the header section's empty line; the whole length when there
/// is no empty line. Lines may end in CR LF or in LF alone.
#[must_use]
pub fn header_end(raw: &[u8]) -> usize {
    let mut start = 0;
    while let Some(rest) = raw.get(start..) {
        let Some(length) = memchr(b'\n', rest) else { return raw.len() };
        start += length + 1;
        if length == 0 || rest.starts_with(b"\r\n") {
            return start;
        }
    }
    raw.len()
}

/// The fields of the header section, in order. Lines that are no field are left out.
pub(crate) fn fields(raw: &[u8]) -> impl Iterator<Item = Field> + '_ {
    let mut start = 0;
    std::iter::from_fn(move || {
        loop {
            let end = field_end(raw, start)?;
            let from = start;
            start = end;
            let line = raw.get(from..end)?;
            if line == b"\r\n" || line == b"\n" {
                return None;
            }
            if let Some(colon) = memchr(b':', line) {
                let name = line.get(..colon)?.trim_ascii_end().len();
                return Some(Field { name: from..from + name, value: from + colon + 1..end });
            }
        }
    })
}

/// End of the field that starts here, folded lines included; `None` at the end.
fn field_end(raw: &[u8], start: usize) -> Option<usize> {
    let mut end = start;
    loop {
        let rest = raw.get(end..).filter(|rest| !rest.is_empty())?;
        let length = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let empty = rest.starts_with(b"\r\n") || rest.starts_with(b"\n");
        end += length;
        let folded = matches!(raw.get(end), Some(b' ' | b'\t'));
        if !folded || empty {
            return Some(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(raw: &[u8]) -> Vec<(String, String)> {
        let text = |range: Range<usize>| String::from_utf8_lossy(&raw[range]).into_owned();
        fields(raw).map(|field| (text(field.name), text(field.value))).collect()
    }

    #[test]
    fn folded_fields_are_one() {
        let found = names(b"A: 1\r\n 2\r\n\t3\r\nB :x\r\n\r\nC: body\r\n");
        let expected = [("A", " 1\r\n 2\r\n\t3\r\n"), ("B", "x\r\n")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn the_header_ends_at_the_first_empty_line() {
        assert_eq!(header_end(b"A: 1\r\n\r\nbody"), 8);
        assert_eq!(header_end(b"A: 1\n\nbody"), 6);
        assert_eq!(header_end(b"\r\nbody"), 2);
        assert_eq!(header_end(b"A: 1\r\n"), 6);
        assert_eq!(header_end(b""), 0);
    }

    proptest::proptest! {
        #[test]
        fn no_octets_make_it_panic(raw: Vec<u8>) {
            let end = header_end(&raw);
            assert!(end <= raw.len());
            for field in fields(&raw) {
                assert!(field.name.end < field.value.start && field.value.end <= raw.len());
            }
        }
    }
}
