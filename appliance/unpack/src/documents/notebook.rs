//! OneNote sections (MS-ONESTORE): the files that lie in them as they are.
//!
//! Only the stores of files are read; pages are not laid out. Start with [`read`].

use std::borrow::Cow;

use super::cursor::{Cursor, shown};
use super::gathered::{Gathered, is_program};
use crate::fact::FactKind;
use crate::limits;

/// Type of a section, the first 16 octets (MS-ONESTORE 2.3.1).
pub(crate) const MAGIC: [u8; 16] = [
    0xe4, 0x52, 0x5c, 0x7b, 0x8c, 0xd8, 0xa7, 0x4d, 0xae, 0xb1, 0x53, 0x78, 0xd0, 0x29, 0x96, 0xd3,
];
/// Head of the store of a file (MS-ONESTORE 2.6.13).
const STORE: [u8; 16] = [
    0xe7, 0x16, 0xe3, 0xbd, 0x65, 0x26, 0x11, 0x45, 0xa4, 0xc4, 0x8d, 0x4d, 0x0b, 0x7a, 0x9e, 0xac,
];

/// Where the header says how long the file is (MS-ONESTORE 2.3.1, `cbExpectedFileLength`).
const EXPECTED_LENGTH: usize = 196;

/// Reads a section.
pub(crate) fn read(octets: &[u8]) -> Gathered<'_> {
    let mut gathered = Gathered::default();
    let names = names(octets);
    let expected = Cursor::at(octets, EXPECTED_LENGTH).u64();
    if expected.is_none_or(|expected| expected > octets.len() as u64) {
        gathered.damage = Some("the section is cut off");
    }
    for (number, at) in memchr::memmem::find_iter(octets, &STORE).enumerate() {
        if number >= limits::PAYLOADS {
            gathered.over = Some("more files than are looked at");
            break;
        }
        let mut cursor = Cursor::at(octets, at.saturating_add(STORE.len()));
        let Some(size) = cursor.u64().and_then(|size| usize::try_from(size).ok()) else {
            gathered.damage = Some("a file in the section is cut off");
            break;
        };
        let Some(()) = cursor.skip(12) else { break };
        if cursor.len() < size {
            gathered.damage = Some("a file in the section is cut off");
        }
        let data = cursor.take_most(size);
        let name = names.get(number).cloned().unwrap_or_else(|| format!("file-{}", number + 1));
        gathered.fact(FactKind::EmbeddedObject, format!("a file of {} bytes", data.len()));
        if is_program("", data) {
            gathered.fact(FactKind::EmbeddedExecutable, format!("the file {name}"));
        }
        gathered.payload(name, Cow::Borrowed(data));
    }
    for name in names.iter().filter(|name| is_program(name, b"")) {
        gathered.fact(FactKind::EmbeddedExecutable, format!("a file is called {name}"));
    }
    gathered
}

/// Names with the extension of a file, as they stand in UTF-16 in the pages.
fn names(octets: &[u8]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut run = String::new();
    // Both alignments: properties begin at any octet.
    for start in 0..2 {
        let pairs = octets.get(start..).unwrap_or_default().chunks_exact(2);
        for pair in pairs {
            match pair {
                [low @ 0x20..=0x7e, 0] if run.len() < limits::NAME_OCTETS => {
                    run.push(char::from(*low))
                }
                _ => keep(&mut run, &mut names),
            }
            if names.len() >= limits::LINKS {
                return names;
            }
        }
        keep(&mut run, &mut names);
    }
    names
}

fn keep(run: &mut String, names: &mut Vec<String>) {
    if run.len() >= 5 {
        let is_name = run.rsplit_once('.').is_some_and(|(stem, extension)| {
            let is_short = (2..=4).contains(&extension.len());
            !stem.is_empty() && is_short && extension.bytes().all(|one| one.is_ascii_alphanumeric())
        });
        let name = shown(run, limits::NAME_OCTETS);
        if is_name
            && !names.contains(&name)
            && !run.contains(['/', '<', '>', '|', '?', '*'])
            && names.len() < 64
        {
            names.push(name);
        }
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(data: &[u8], size: u64) -> Vec<u8> {
        let name: Vec<u8> = "open me.hta".encode_utf16().flat_map(u16::to_le_bytes).collect();
        [&MAGIC, [0; 200].as_slice(), &name, &[0; 8], &STORE, &size.to_le_bytes(), &[0; 12], data]
            .concat()
    }

    #[test]
    fn a_file_in_a_section_comes_out_under_its_name() {
        let made = sample(b"<script>x", 9);
        let gathered = read(&made);
        assert_eq!(gathered.payloads[0].name, "open me.hta");
        assert_eq!(gathered.payloads[0].octets.as_ref(), b"<script>x");
        assert!(gathered.facts.iter().any(|(kind, _)| *kind == FactKind::EmbeddedExecutable));
    }

    #[test]
    fn a_size_beyond_the_file_gives_what_is_there_and_the_damage() {
        let made = sample(b"abc", u64::MAX);
        let gathered = read(&made);
        assert!(gathered.damage.is_some());
    }
}
