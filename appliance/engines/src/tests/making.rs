//! Messages and files for tests, made by code.

use std::io::Write;

use mail::{FindingKind, Leaf, Properties};

use crate::{Context, Engines, Facts};

pub fn scan(raw: &[u8]) -> Facts {
    scan_with(raw, &Context::default())
}

pub fn scan_with(raw: &[u8], context: &Context<'_>) -> Facts {
    Engines::default().scan(&message::read(raw), context)
}

/// A message with attachments.
pub struct Mailing {
    text: String,
    parts: Vec<String>,
}

impl Mailing {
    pub fn new() -> Self {
        Mailing { text: "Hello\r\n".to_owned(), parts: Vec::new() }
    }

    pub fn text(mut self, text: &str) -> Self {
        text.clone_into(&mut self.text);
        self
    }

    /// Attaches octets under a name, which is encoded (RFC 2231) so that it may have anything.
    pub fn attach(mut self, name: &str, octets: &[u8]) -> Self {
        let name: String = name.bytes().map(|octet| format!("%{octet:02X}")).collect();
        let body = base64(octets);
        self.parts.push(format!(
            "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename*=utf-8''{name}\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n"
        ));
        self
    }

    pub fn done(self) -> Vec<u8> {
        let text = format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n", self.text);
        let parts: String = std::iter::once(text)
            .chain(self.parts)
            .map(|part| format!("--limit\r\n{part}"))
            .collect();
        let head = "From: a@b.test\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=limit\r\n\r\n";
        format!("{head}{parts}--limit--\r\n").into_bytes()
    }

    pub fn scan(self) -> Facts {
        scan(&self.done())
    }
}

pub fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (at, chunk) in octets.chunks(3).enumerate() {
        let group =
            (0..3).fold(0_u32, |sum, at| sum << 8 | u32::from(*chunk.get(at).unwrap_or(&0)));
        for digit in 0..4 {
            let value = (group >> (18 - 6 * digit)) as usize & 63;
            text.push(if digit <= chunk.len() { DIGITS[value] as char } else { '=' });
        }
        if at % 19 == 18 {
            text.push_str("\r\n");
        }
    }
    text
}

/// A zip archive of stored members.
pub fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    for (name, octets) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(octets).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A Windows program of one section with this name and these octets.
pub fn program_of(section: &str, code: &[u8]) -> Vec<u8> {
    let mut octets = b"MZ".to_vec();
    octets.resize(0x3c, 0);
    octets.extend(0x80_u32.to_le_bytes());
    octets.resize(0x80, 0);
    octets.extend(b"PE\0\0\x4c\x01\x01\x00");
    octets.resize(0x80 + 20, 0);
    octets.extend(0xe0_u16.to_le_bytes());
    octets.extend(0x0102_u16.to_le_bytes());
    octets.extend(0x10b_u16.to_le_bytes());
    octets.resize(0x80 + 24 + 68, 0);
    octets.extend(2_u16.to_le_bytes());
    octets.resize(0x80 + 24 + 0xe0, 0);
    let mut name = section.as_bytes().to_vec();
    name.resize(8, 0);
    octets.extend(name);
    let size = u32::try_from(code.len()).unwrap();
    for number in [size, 0x1000, size, 0x200, 0, 0, 0, 0x6000_0020] {
        octets.extend(number.to_le_bytes());
    }
    octets.resize(0x200, 0);
    octets.extend(code);
    octets
}

pub fn program() -> Vec<u8> {
    program_of(".text", &[0x90; 600])
}

/// Names of the heuristics that fired, sorted.
pub fn suspicions(facts: &Facts) -> Vec<&str> {
    let mut names: Vec<&str> = facts
        .findings
        .iter()
        .filter(|finding| finding.kind == FindingKind::Suspicious)
        .map(|finding| finding.name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

pub fn weight(facts: &Facts, name: &str) -> u8 {
    facts.findings.iter().filter(|one| one.name == name).map(|one| one.weight).max().unwrap_or(0)
}

pub fn leaf<'f>(facts: &'f Facts, end: &str) -> &'f Leaf {
    facts.leaves.iter().find(|leaf| leaf.path.ends_with(end)).unwrap()
}

pub fn has(facts: &Facts, end: &str, property: Properties) -> bool {
    leaf(facts, end).properties.any(property)
}
