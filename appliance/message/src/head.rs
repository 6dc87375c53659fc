//! The header section of one entity, as readers see it: where it ends, its fields about content,
//! and what in it readers could see differently. Never decodes a value: see `value.rs`.

use memchr::memchr;

use crate::limits;

/// How a reader finds the lines and the end of a header section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Dialect {
    /// A line of white space ends the header.
    pub ends_at_blank: bool,
    /// A line that is no field, or has white space before its colon, ends the header and belongs to
    /// the body.
    pub ends_at_colonless: bool,
    /// Only CR LF ends a line.
    pub crlf_only: bool,
}

/// What readers could see differently in a header section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Oddities {
    /// A line of white space stands among the fields.
    pub blank_line: bool,
    /// A line that is no field stands among them.
    pub colonless: bool,
    /// White space stands before a colon.
    pub spaced_colon: bool,
    /// A field about content has other octets in its name, or starts with white space.
    pub junk_name: bool,
}

/// Fields that may stand once, apart from those about content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Once {
    /// Subject or From: what a reader shows.
    Shown(&'static str),
    /// Recipients, dates and identifiers.
    Other(&'static str),
}

const ONCE: [(&str, Once); 10] = [
    ("subject", Once::Shown("Subject")),
    ("from", Once::Shown("From")),
    ("sender", Once::Other("Sender")),
    ("reply-to", Once::Other("Reply-To")),
    ("to", Once::Other("To")),
    ("cc", Once::Other("Cc")),
    ("date", Once::Other("Date")),
    ("message-id", Once::Other("Message-ID")),
    ("in-reply-to", Once::Other("In-Reply-To")),
    ("references", Once::Other("References")),
];

/// A header section.
#[derive(Debug, Default)]
pub(crate) struct Head<'s> {
    /// Octets of it, with the empty line.
    pub end: usize,
    /// Whether it has any field.
    pub has_fields: bool,
    /// Values of Content-Type, folded as they are.
    pub types: Vec<&'s [u8]>,
    /// Values of Content-Transfer-Encoding.
    pub encodings: Vec<&'s [u8]>,
    /// Values of Content-Disposition.
    pub dispositions: Vec<&'s [u8]>,
    /// Whether there is a Content-ID.
    pub has_content_id: bool,
    /// Subject, From and Message-ID, whole, with their names.
    pub shown: Vec<&'s [u8]>,
    /// What stands twice and should not.
    pub repeated: Vec<Once>,
    /// What could be seen differently.
    pub oddities: Oddities,
}

enum Line {
    Empty,
    Blank,
    Folded,
    Field,
    Other,
}

impl<'s> Head<'s> {
    /// Reads the header section at the start of `octets`.
    pub fn read(octets: &'s [u8], dialect: Dialect) -> Self {
        let mut head = Head { end: octets.len(), ..Head::default() };
        let mut seen = [false; ONCE.len()];
        let mut at = 0;
        while let Some(rest) = octets.get(at..).filter(|rest| !rest.is_empty()) {
            let length = line_length(rest, dialect.crlf_only);
            let line = rest.get(..length).unwrap_or_default();
            match kind(line, at == 0) {
                Line::Empty => {
                    head.end = at + length;
                    break;
                }
                Line::Blank => {
                    head.oddities.blank_line = true;
                    if dialect.ends_at_blank {
                        head.end = at + length;
                        break;
                    }
                }
                Line::Folded if head.has_fields => {}
                Line::Folded => {
                    head.oddities.junk_name = true;
                    head.field(line, rest, dialect, &mut seen);
                }
                Line::Field if dialect.ends_at_colonless && has_spaced_colon(line) => {
                    head.end = at;
                    break;
                }
                Line::Field => head.field(line, rest, dialect, &mut seen),
                Line::Other if is_envelope(line) => {}
                Line::Other => {
                    let is_field = head.field_beyond_names(line, rest, dialect, &mut seen);
                    let first = !head.has_fields && !is_field;
                    head.oddities.colonless |= !first;
                    head.has_fields |= is_field;
                    if first || dialect.ends_at_colonless {
                        head.end = at;
                        break;
                    }
                }
            }
            at += length;
        }
        head
    }

    /// A line without a proper name may still be a field about content for some reader; true when
    /// it is.
    fn field_beyond_names(
        &mut self,
        line: &'s [u8],
        rest: &'s [u8],
        dialect: Dialect,
        seen: &mut [bool; ONCE.len()],
    ) -> bool {
        let (had_fields, before) = (self.has_fields, self.content_fields());
        if memchr(b':', line).is_some_and(|colon| colon < 100) {
            self.field(line, rest, dialect, seen);
        }
        self.has_fields = had_fields;
        self.content_fields() > before
    }

    /// Whether it has a field about content.
    pub fn has_content_fields(&self) -> bool {
        self.content_fields() > 0
    }

    fn content_fields(&self) -> usize {
        self.types.len() + self.encodings.len() + self.dispositions.len()
    }

    fn field(
        &mut self,
        line: &'s [u8],
        rest: &'s [u8],
        dialect: Dialect,
        seen: &mut [bool; ONCE.len()],
    ) {
        self.has_fields = true;
        let Some(colon) = memchr(b':', line) else { return };
        let raw_name = line.get(..colon).unwrap_or_default();
        let name = raw_name.trim_ascii_end();
        self.oddities.spaced_colon |= name.len() != raw_name.len();
        let Some(first) = name.first() else { return };
        let is_clean = is_name(name);
        if is_clean
            && !matches!(first | 0x20, b'c' | b's' | b'f' | b'r' | b't' | b'd' | b'm' | b'i')
        {
            return;
        }
        if is_clean {
            if name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-")) {
                self.content(name, value(rest, colon, dialect));
            } else {
                self.once(name, seen);
                self.shown(name, rest, dialect);
            }
        } else {
            let letters: Vec<u8> = name.iter().copied().filter(|o| is_name(&[*o])).collect();
            if letters.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"))
                && self.content(&letters, value(rest, colon, dialect))
            {
                self.oddities.junk_name = true;
            }
        }
    }

    fn shown(&mut self, name: &[u8], rest: &'s [u8], dialect: Dialect) {
        let names = [&b"subject"[..], b"from", b"message-id"];
        let is_shown = names.iter().any(|one| name.eq_ignore_ascii_case(one));
        if is_shown && self.shown.len() < limits::FIELDS {
            self.shown.push(whole(rest, dialect));
        }
    }

    fn content(&mut self, name: &[u8], value: &'s [u8]) -> bool {
        let list = match name.get(8..) {
            Some(rest) if rest.eq_ignore_ascii_case(b"type") => &mut self.types,
            Some(rest) if rest.eq_ignore_ascii_case(b"transfer-encoding") => &mut self.encodings,
            Some(rest) if rest.eq_ignore_ascii_case(b"disposition") => &mut self.dispositions,
            Some(rest) if rest.eq_ignore_ascii_case(b"id") => {
                self.has_content_id = true;
                return false;
            }
            _ => return false,
        };
        if list.len() < limits::FIELDS {
            list.push(value);
        }
        true
    }

    fn once(&mut self, name: &[u8], seen: &mut [bool; ONCE.len()]) {
        for ((known, once), seen) in ONCE.iter().zip(seen) {
            if name.eq_ignore_ascii_case(known.as_bytes()) {
                if *seen && !self.repeated.contains(once) {
                    self.repeated.push(*once);
                }
                *seen = true;
            }
        }
    }
}

fn kind(line: &[u8], is_first: bool) -> Line {
    match line {
        b"\r\n" | b"\n" => Line::Empty,
        [b' ' | b'\t', ..] if line.trim_ascii().is_empty() => Line::Blank,
        [b' ' | b'\t', ..] => Line::Folded,
        _ if is_first && line.starts_with(b"From ") => Line::Other,
        _ => match memchr(b':', line) {
            Some(colon) if is_field_name(line.get(..colon).unwrap_or_default()) => Line::Field,
            _ => Line::Other,
        },
    }
}

fn has_spaced_colon(line: &[u8]) -> bool {
    let before = memchr(b':', line).and_then(|colon| line.get(..colon)).unwrap_or_default();
    matches!(before, [.., b' ' | b'\t'])
}

/// The line that mailboxes put before a message, also quoted.
fn is_envelope(line: &[u8]) -> bool {
    line.starts_with(b"From ") || line.starts_with(b">From ")
}

fn is_field_name(name: &[u8]) -> bool {
    let name = name.trim_ascii_end();
    !name.is_empty() && is_name(name)
}

/// Octets of a field name (RFC 5322 section 2.2).
fn is_name(name: &[u8]) -> bool {
    name.iter().all(u8::is_ascii_graphic)
}

/// Octets of the first line, its end included.
pub(crate) fn line_length(rest: &[u8], crlf_only: bool) -> usize {
    if crlf_only {
        memchr::memmem::find(rest, b"\r\n").map_or(rest.len(), |at| at + 2)
    } else {
        memchr(b'\n', rest).map_or(rest.len(), |at| at + 1)
    }
}

/// The field that starts here with its folded lines, bounded.
fn whole(rest: &[u8], dialect: Dialect) -> &[u8] {
    let mut end = line_length(rest, dialect.crlf_only);
    while let Some(after @ [b' ' | b'\t', ..]) = rest.get(end..) {
        if end > limits::SHOWN_FIELD_OCTETS {
            break;
        }
        end += line_length(after, dialect.crlf_only);
    }
    let field = rest.get(..end).unwrap_or_default();
    field.get(..limits::SHOWN_FIELD_OCTETS).unwrap_or(field)
}

/// The value of the field that starts here, folded lines included, bounded.
fn value(rest: &[u8], colon: usize, dialect: Dialect) -> &[u8] {
    let mut end = line_length(rest, dialect.crlf_only);
    while let Some(after @ [b' ' | b'\t', ..]) = rest.get(end..) {
        let length = line_length(after, dialect.crlf_only);
        let blank = after.get(..length).is_some_and(|line| line.trim_ascii().is_empty());
        if end > limits::VALUE_OCTETS || blank && dialect.ends_at_blank {
            break;
        }
        end += length;
    }
    let value = rest.get(colon + 1..end).unwrap_or_default().trim_ascii();
    value.get(..limits::VALUE_OCTETS).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(octets: &[u8]) -> Head<'_> {
        Head::read(octets, Dialect::default())
    }

    #[test]
    fn fields_about_content_are_kept_with_their_folds() {
        let octets =
            b"A: b\r\nContent-Type: text/plain;\r\n charset=x\r\ncontent-id: <1>\r\n\r\nbody";
        let head = head(octets);
        assert_eq!(head.types, [b"text/plain;\r\n charset=x"]);
        assert!(head.has_content_id && head.has_fields);
        assert_eq!(&octets[head.end..], b"body");
        assert_eq!(head.oddities, Oddities::default());
    }

    #[test]
    fn a_line_that_is_no_field_ends_the_header_for_some() {
        let octets = b"A: b\r\nno field\r\nContent-Type: x/y\r\n\r\nbody";
        let first = head(octets);
        assert!(first.oddities.colonless && first.types.len() == 1);
        let other = Head::read(octets, Dialect { ends_at_colonless: true, ..Dialect::default() });
        assert_eq!(&octets[other.end..other.end + 8], b"no field");
        assert!(other.types.is_empty());
    }

    #[test]
    fn a_blank_line_ends_the_header_for_some() {
        let octets = b"A: b\r\n \r\nContent-Type: x/y\r\n\r\nbody";
        assert!(head(octets).oddities.blank_line && head(octets).types.len() == 1);
        let other = Head::read(octets, Dialect { ends_at_blank: true, ..Dialect::default() });
        assert!(other.types.is_empty() && octets[other.end..].starts_with(b"Content"));
    }

    #[test]
    fn lone_line_feeds_end_lines_for_some() {
        let octets = b"A: b\nContent-Type: x/y\r\n\nbody\r\n\r\nrest";
        assert_eq!(head(octets).types.len(), 1);
        let other = Head::read(octets, Dialect { crlf_only: true, ..Dialect::default() });
        assert!(other.types.is_empty() && octets[other.end..].starts_with(b"rest"));
    }

    #[test]
    fn a_disguised_field_about_content_is_seen() {
        for octets in [
            &b"A: b\r\nContent-Type\0: x/y\r\n\r\n"[..],
            b"A: b\r\nCon\x01tent-Type: x/y\r\n\r\n",
            b" Content-Type: x/y\r\nA: b\r\n\r\n",
            b"\xef\xbb\xbfContent-Type: x/y\r\n\r\n",
            b"A: b\r\nContent -Type: x/y\r\n\r\n",
        ] {
            let head = head(octets);
            assert_eq!(head.types, [b"x/y"], "{octets:?}");
            assert!(head.oddities.junk_name, "{octets:?}");
        }
        assert!(head(b"Content-Type : x/y\r\n\r\n").oddities.spaced_colon);
    }

    #[test]
    fn what_may_stand_once_is_counted() {
        let head = head(b"To: a\r\nFrom: b\r\nTo: c\r\nFROM: d\r\nTo: e\r\nX: 1\r\nX: 2\r\n\r\n");
        assert_eq!(head.repeated, [Once::Other("To"), Once::Shown("From")]);
    }

    #[test]
    fn text_without_a_header_is_all_body() {
        assert_eq!(head(b"hello there\r\nA: b\r\n\r\n").end, 0);
        assert_eq!(head(b"\r\nbody").end, 2);
        let mailbox = head(b"From a@b Thu Jan  1 00:00:00 1970\r\nA: b\r\n\r\n");
        assert!(mailbox.has_fields && mailbox.oddities == Oddities::default());
    }

    proptest::proptest! {
        #[test]
        fn no_octets_make_it_panic(octets: Vec<u8>, blank: bool, colonless: bool, crlf: bool) {
            let dialect =
                Dialect { ends_at_blank: blank, ends_at_colonless: colonless, crlf_only: crlf };
            assert!(Head::read(&octets, dialect).end <= octets.len());
        }
    }
}
