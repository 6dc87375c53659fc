//! Scripts in HTML and in files of their own: words that build a file out of text, and the files
//! that stand in them as base64, as numbers or percent-encoded.
//!
//! Nothing is run. Start with [`Scripts`] and [`payloads`].

use std::borrow::Cow;

use super::base64;
use super::cursor::holds;
use super::gathered::Gathered;
use crate::fact::FactKind;
use crate::limits;

/// Words that turn text into octets. Lower case.
const DECODES: &[&[u8]] = &[
    b"atob",
    b"fromcharcode",
    b"uint8array",
    b"decodeuricomponent",
    b"unescape(",
    b"charcodeat",
    b"base64",
    b"fetch(\"data:",
    b"fetch('data:",
    b"textdecoder",
];
/// Words that hand octets to the reader as a file. Lower case.
const HANDS_OVER: &[&[u8]] = &[
    b"createobjecturl",
    b"mssaveblob",
    b"mssaveoropenblob",
    b"new blob",
    b"new file(",
    b"showsavefilepicker",
    b".download",
    b"application/octet-stream",
    b"\"download\"",
    b"'download'",
    b"saveas(",
];

/// What scripts of one document do together.
#[derive(Debug, Default)]
pub(crate) struct Scripts {
    decodes: Vec<&'static [u8]>,
    hands_over: Vec<&'static [u8]>,
    /// Whether a link of the document has the attribute `download`.
    pub(crate) downloads_by_link: bool,
}

impl Scripts {
    /// Looks through one script and keeps its source.
    pub(crate) fn add<'a>(&mut self, code: &str, gathered: &mut Gathered<'a>) {
        if code.trim().is_empty() {
            return;
        }
        gathered.script.push(code);
        gathered.script.end_line();
        note(&mut self.decodes, DECODES, code.as_bytes());
        note(&mut self.hands_over, HANDS_OVER, code.as_bytes());
        payloads(code.as_bytes(), gathered);
    }

    /// Says what they do.
    pub(crate) fn judge(self, gathered: &mut Gathered<'_>) {
        let is_handing = !self.hands_over.is_empty() || self.downloads_by_link;
        if self.decodes.is_empty() || !is_handing {
            return;
        }
        let words = self.decodes.iter().chain(&self.hands_over);
        let words: Vec<String> =
            words.map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        gathered.fact(FactKind::HtmlSmuggling, format!("a script uses {}", words.join(", ")));
    }
}

fn note(found: &mut Vec<&'static [u8]>, words: &[&'static [u8]], code: &[u8]) {
    for word in words {
        if !found.contains(word) && holds(code, word) {
            found.push(word);
        }
    }
}

/// Takes out the files that stand in a script as text.
pub(crate) fn payloads(code: &[u8], gathered: &mut Gathered<'_>) {
    digits_of_base64(code, gathered);
    numbers(code, gathered);
    percents(code, gathered);
}

/// Runs of base64, also when they are put together out of pieces, `"aa" + "bb"`.
fn digits_of_base64(code: &[u8], gathered: &mut Gathered<'_>) {
    let mut at = 0;
    while let Some(rest) = code.get(at..).filter(|rest| !rest.is_empty()) {
        let run = run(rest);
        if run >= limits::SCRIPT_DIGITS {
            let (text, used) = joined(rest);
            let octets = base64::decode(&text);
            if octets.len() >= limits::PAYLOAD_OCTETS {
                gathered.payload("script.bin", Cow::Owned(octets));
            }
            at += used.max(1);
        } else {
            let skipped = rest.get(run..).unwrap_or_default();
            let other = skipped.iter().take_while(|octet| base64::digit(**octet).is_none()).count();
            at += (run + other).max(1);
        }
    }
}

fn run(octets: &[u8]) -> usize {
    octets.iter().take_while(|octet| base64::digit(**octet).is_some() || **octet == b'=').count()
}

/// The digits of a run and of the runs that are joined to it, and how much of the code they take.
fn joined(octets: &[u8]) -> (Vec<u8>, usize) {
    let mut text = Vec::new();
    let mut used = 0;
    loop {
        let rest = octets.get(used..).unwrap_or_default();
        let length = run(rest);
        text.extend_from_slice(rest.get(..length).unwrap_or_default());
        used += length;
        let rest = octets.get(used..).unwrap_or_default();
        let is_glue = |octet: &u8| {
            octet.is_ascii_whitespace() || matches!(octet, b'"' | b'\'' | b'`' | b'+' | b'\\')
        };
        let glue = rest.iter().take(32).take_while(|octet| is_glue(octet)).count();
        let glued = rest.get(..glue).unwrap_or_default();
        let next = rest.get(glue).copied().and_then(base64::digit);
        let quotes = glued.iter().filter(|octet| matches!(octet, b'"' | b'\'' | b'`')).count();
        let is_joined =
            glue > 0 && (quotes == 2 || (quotes == 0 && glued.iter().all(|one| *one != b'+')));
        if length == 0 || !is_joined || next.is_none() {
            return (text, used);
        }
        used += glue;
    }
}

/// Runs of numbers below 256, `[77, 90, 0x90]`.
fn numbers(code: &[u8], gathered: &mut Gathered<'_>) {
    if memchr::memchr(b',', code).is_none() {
        return;
    }
    for list in code.split(|octet| {
        matches!(octet, b'[' | b']' | b'(' | b')' | b';' | b'"' | b'\'' | b'{' | b'}')
    }) {
        if list.len() < limits::PAYLOAD_OCTETS * 2 {
            continue;
        }
        let values: Option<Vec<u8>> = list.split(|octet| *octet == b',').map(number).collect();
        if let Some(values) = values.filter(|values| values.len() >= limits::PAYLOAD_OCTETS) {
            gathered.payload("script.bin", Cow::Owned(values));
        }
    }
}

fn number(text: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(text.trim_ascii()).ok()?;
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("&H")) {
        Some(digits) => u8::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Script that is mostly percent-encoded, or escaped as `\x41`.
fn percents(code: &[u8], gathered: &mut Gathered<'_>) {
    for sign in [b"%".as_slice(), br"\x"] {
        let count = memchr::memmem::find_iter(code, sign).take(limits::SCRIPT_ESCAPES).count();
        if count < limits::SCRIPT_ESCAPES {
            continue;
        }
        let decoded = unescaped(code, sign);
        if decoded.len() < code.len() {
            gathered.payload("unescaped.html", Cow::Owned(decoded));
        }
    }
}

fn unescaped(code: &[u8], sign: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = memchr::memmem::find(rest, sign) {
        let (before, behind) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(before);
        let digits = behind.get(sign.len()..).unwrap_or_default();
        match hex(digits) {
            Some(value) => {
                out.push(value);
                rest = digits.get(2..).unwrap_or_default();
            }
            None => {
                out.extend_from_slice(sign);
                rest = digits;
            }
        }
    }
    out.extend_from_slice(rest);
    out
}

fn hex(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits.get(..2)?).ok()?;
    u8::from_str_radix(text, 16).ok()
}

/// Text with its percent signs resolved.
pub(crate) fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let octets = unescaped(text.as_bytes(), b"%");
    Cow::Owned(match String::from_utf8(octets) {
        Ok(text) => text,
        Err(error) => {
            encoding_rs::WINDOWS_1252.decode_without_bom_handling(error.as_bytes()).0.into_owned()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(code: &str) -> Vec<Vec<u8>> {
        let mut gathered = Gathered::default();
        payloads(code.as_bytes(), &mut gathered);
        gathered.payloads.iter().map(|payload| payload.octets.to_vec()).collect()
    }

    #[test]
    fn base64_in_pieces_is_put_together() {
        let piece = "QUFB".repeat(20);
        let code = format!("x = \"{piece}\" +\n '{piece}'; y");
        assert_eq!(found(&code), [vec![b'A'; 120]]);
    }

    #[test]
    fn numbers_in_a_list_are_octets() {
        let list = vec!["65"; 100].join(", ");
        assert_eq!(found(&format!("new Uint8Array([{list}])")), [vec![b'A'; 100]]);
    }

    #[test]
    fn escaped_markup_is_read_as_markup() {
        let code: String = "<script>alert('hello world, hello')</script>"
            .bytes()
            .map(|one| format!("%{one:02x}"))
            .collect();
        let found = found(&format!("document.write(unescape('{code}'))"));
        assert!(found.iter().any(|one| String::from_utf8_lossy(one).contains("<script>alert")));
    }

    #[test]
    fn ordinary_code_has_no_payload() {
        assert!(
            found("function aVeryLongNameIndeedButOnlyAName(x) { return x + 'text', 1, 2, 3 }")
                .is_empty()
        );
    }
}
