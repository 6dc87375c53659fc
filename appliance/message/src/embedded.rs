//! Files that stand encoded in a text: uuencode, yEnc, `BinHex` and bare base64. Also the marks of
//! OpenPGP, and what in a preamble or epilogue is more than words.

use memchr::memmem::{self, Finder};

use crate::limits;
use crate::lines::{self, Block};

/// What is looked for, made once.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    uu: Finder<'static>,
    yenc: Finder<'static>,
    binhex: Finder<'static>,
    armour: Finder<'static>,
}

impl Default for Marks {
    fn default() -> Self {
        Marks {
            uu: Finder::new("begin "),
            yenc: Finder::new("=ybegin "),
            binhex: Finder::new("with BinHex"),
            armour: Finder::new("-----BEGIN PGP "),
        }
    }
}

/// Which mark of OpenPGP a text has (RFC 9580 section 6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Armour {
    /// An encrypted message.
    Message,
    /// A signed text, or a signature.
    Signed,
}

impl Marks {
    /// The files in a text, in their order of kind; bounded.
    pub fn files(&self, text: &[u8]) -> Vec<Block> {
        let mut found = Vec::new();
        self.blocks(text, &self.uu, lines::uu, &mut found);
        self.blocks(text, &self.yenc, lines::yenc, &mut found);
        self.blocks(text, &self.binhex, after_binhex_line, &mut found);
        found
    }

    fn blocks(
        &self,
        text: &[u8],
        mark: &Finder<'_>,
        read: fn(&[u8]) -> Option<Block>,
        found: &mut Vec<Block>,
    ) {
        let mut from = 0;
        while let Some(at) = text.get(from..).and_then(|rest| mark.find(rest)) {
            let start = line_start(text, from + at, mark.needle());
            let block = start.and_then(|start| text.get(start..)).and_then(read);
            let end = from + at + block.as_ref().map_or(1, |block| block.length.max(1));
            found.extend(block);
            if is_full(found) {
                return;
            }
            from = end;
        }
    }

    /// The mark of OpenPGP in a text.
    pub fn armour(&self, text: &[u8]) -> Option<Armour> {
        let text = text.get(..limits::ARMOUR_OCTETS).unwrap_or(text);
        let at = self.armour.find(text)?;
        let what = text.get(at + self.armour.needle().len()..)?;
        if what.starts_with(b"MESSAGE") {
            Some(Armour::Message)
        } else if what.starts_with(b"SIGN") {
            Some(Armour::Signed)
        } else {
            None
        }
    }
}

/// Whether no more files are looked for in a text that has these.
pub(crate) fn is_full(found: &[Block]) -> bool {
    let octets: usize = found.iter().map(|block| block.octets.len()).sum();
    found.len() >= limits::EMBEDDED || octets > limits::EMBEDDED_OCTETS
}

/// Where the block starts: at its line, or for `BinHex` right after the mark.
fn line_start(text: &[u8], at: usize, mark: &[u8]) -> Option<usize> {
    if mark == b"with BinHex" {
        return Some(at);
    }
    matches!(text.get(..at), Some([] | [.., b'\n' | b'\r'])).then_some(at)
}

fn after_binhex_line(text: &[u8]) -> Option<Block> {
    let near = text.get(..limits::EMBEDDED_LINE_OCTETS).unwrap_or(text);
    let colon = memmem::find(near, b"\n:")? + 1;
    let mut block = lines::binhex(text.get(colon..)?)?;
    block.length += colon;
    Some(block)
}

/// Runs of lines of nothing but base64, decoded: files that someone pasted.
pub(crate) fn bare_base64(text: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut run: Option<(usize, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive(|octet| *octet == b'\n') {
        let inner = line.trim_ascii_end();
        let (dense, least) = (is_base64_line(inner), if run.is_some() { 1 } else { 40 });
        let ends = inner.ends_with(b"=");
        if dense && inner.len() >= least {
            let start = run.map_or(at, |(start, _)| start);
            run = Some((start, at + inner.len()));
        }
        if !dense || ends || inner.len() < least {
            close(text, &mut run, &mut found);
        }
        at += line.len();
        if found.len() >= limits::EMBEDDED {
            return found;
        }
    }
    close(text, &mut run, &mut found);
    found
}

fn close(text: &[u8], run: &mut Option<(usize, usize)>, found: &mut Vec<Vec<u8>>) {
    let Some((start, end)) = run.take() else { return };
    if end - start >= limits::BARE_BASE64_OCTETS {
        found.extend(text.get(start..end).map(crate::encoded::base64_leniently));
    }
}

fn is_base64_line(line: &[u8]) -> bool {
    let body = line.strip_suffix(b"=").unwrap_or(line);
    let body = body.strip_suffix(b"=").unwrap_or(body);
    !body.is_empty() && body.iter().all(|o| o.is_ascii_alphanumeric() || matches!(o, b'+' | b'/'))
}

/// Whether text that no reader should show looks like a part or a file all the same.
pub(crate) fn hides_content(text: &[u8], marks: &Marks) -> bool {
    if text.len() < 20 {
        return false;
    }
    let has_files = || !marks.files(text).is_empty() || !bare_base64(text).is_empty();
    has_program(text) || looks_like_part(text) || has_files()
}

/// The first octets of a program or an archive at the start of a line.
fn has_program(text: &[u8]) -> bool {
    text.split(|octet| *octet == b'\n').any(|line| {
        line.starts_with(b"PK\x03\x04")
            || line.starts_with(b"MZ") && line.iter().take(64).any(|octet| *octet < 9)
            || line.starts_with(b"\x7fELF")
            || line.starts_with(b"Rar!\x1a")
            || line.starts_with(b"%PDF-")
    })
}

/// A field about content at the start of a line.
fn looks_like_part(text: &[u8]) -> bool {
    text.split(|octet| *octet == b'\n').any(|line| {
        line.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"))
            && line.iter().take(40).any(|octet| *octet == b':')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::tests::{binhex_block, uu_block, yenc_block};

    fn names(text: &[u8]) -> Vec<String> {
        Marks::default().files(text).into_iter().map(|block| block.name).collect()
    }

    #[test]
    fn files_in_text_are_found_among_words() {
        let octets = [7; 300];
        let hex = binhex_block(&octets, "d.hqx");
        let text = [
            b"begin here, he said\r\nHello\r\n".to_vec(),
            uu_block(&octets, "a.exe").into_bytes(),
            b"words\r\n".to_vec(),
            uu_block(&octets, "b.exe").into_bytes(),
            yenc_block(&octets, "c.zip"),
            format!("(This file must be converted with BinHex 4.0)\r\n\r\n{hex}\r\nbye")
                .into_bytes(),
        ];
        let files = Marks::default().files(&text.concat());
        assert!(
            files
                .iter()
                .all(|block| block.octets == octets && block.fit == crate::transfer::Fit::Exact)
        );
        assert_eq!(names(&text.concat()), ["a.exe", "b.exe", "c.zip", "d.hqx"]);
    }

    #[test]
    fn words_hold_no_files() {
        assert_eq!(
            names(b"begin 100 meters ahead\r\nor not\r\nI begin 644 x\r\n"),
            Vec::<String>::new()
        );
        assert!(bare_base64(b"Hello\r\nhttp://example.test/abc\r\nword\r\n").is_empty());
        assert!(!hides_content(
            b"This is a multi-part message in MIME format.\r\n",
            &Marks::default()
        ));
    }

    #[test]
    fn bare_base64_is_decoded() {
        let octets: Vec<u8> = (0..200).collect();
        let text = crate::encoded::base64(&octets);
        let lines: Vec<&str> =
            text.as_bytes().chunks(60).map(|l| std::str::from_utf8(l).unwrap()).collect();
        let page = format!("Look:\r\n{}\r\nBye, all of you.\r\n", lines.join("\r\n"));
        assert_eq!(bare_base64(page.as_bytes()), [octets]);
    }

    #[test]
    fn hidden_content_is_told_from_words() {
        let marks = Marks::default();
        for text in [
            "words\r\nContent-Type: text/html\r\n\r\n<p>",
            "MZ\u{0}\u{0}\u{1}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}",
            "some words here PK\r\nPK\u{3}\u{4}aaaaaaaaaaaaaaaaa",
        ] {
            assert!(hides_content(text.as_bytes(), &marks), "{text}");
        }
    }

    #[test]
    fn the_marks_of_openpgp_are_seen() {
        let marks = Marks::default();
        assert_eq!(marks.armour(b"x\r\n-----BEGIN PGP MESSAGE-----"), Some(Armour::Message));
        assert_eq!(marks.armour(b"-----BEGIN PGP SIGNED MESSAGE-----"), Some(Armour::Signed));
        assert_eq!(marks.armour(b"-----BEGIN PGP PUBLIC KEY BLOCK-----"), None);
    }
}
