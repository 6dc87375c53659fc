//! The import hash of a PE: MD5 over `library.function` of every import, in order, lower case, with
//! commas (Mandiant's "imphash"; checked against `sigtool --imp`).

use md5::{Digest, Md5};

use super::words::Order::Little;
use super::{Format, Layout, ordinals};
use crate::limits;

/// An import hash and the octets it was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportDigest {
    /// The MD5.
    pub md5: [u8; 16],
    /// Octets of the text that was hashed.
    pub octets: u32,
}

/// The import hash; `None` for what is no PE or imports nothing.
#[must_use]
pub fn import_digest(file: &[u8], layout: &Layout) -> Option<ImportDigest> {
    if layout.format != Format::Pe {
        return None;
    }
    let (table, _) = layout.directory(1)?;
    let rows = layout.at(file, table)?;
    let mut text = Text { hash: Md5::new(), octets: 0, functions: 0 };
    for row in rows.chunks_exact(20).take(limits::PE_IMPORTS) {
        let number = |at| Little.u32(row, at).unwrap_or(0);
        let (names, library, bound) = (number(0), number(12), number(16));
        if library == 0 {
            break;
        }
        let Some(library) = layout.at(file, library).map(terminated) else { break };
        let library = without_extension(library.to_ascii_lowercase());
        let functions = if names == 0 { bound } else { names };
        text.library(file, layout, &library, functions);
    }
    let octets = text.octets;
    (octets > 0).then(|| ImportDigest { md5: text.hash.finalize().into(), octets })
}

/// Octets up to the first zero, cut to a bounded length.
fn terminated(octets: &[u8]) -> &[u8] {
    let octets = octets.get(..limits::IMPORT_NAME_OCTETS).unwrap_or(octets);
    octets.split(|octet| *octet == 0).next().unwrap_or_default()
}

fn without_extension(mut library: Vec<u8>) -> Vec<u8> {
    for extension in [b".dll", b".ocx", b".sys"] {
        if let Some(stem) = library.strip_suffix(extension) {
            let length = stem.len();
            library.truncate(length);
            break;
        }
    }
    library
}

struct Text {
    hash: Md5,
    octets: u32,
    functions: usize,
}

impl Text {
    fn library(&mut self, file: &[u8], layout: &Layout, library: &[u8], functions: u32) {
        let width = if layout.is_wide { 8 } else { 4 };
        let Some(thunks) = layout.at(file, functions) else { return };
        for thunk in thunks.chunks_exact(width) {
            let Some(value) = Little.address(thunk, 0, layout.is_wide) else { return };
            self.functions += 1;
            if value == 0 || self.functions > limits::PE_FUNCTIONS {
                return;
            }
            let by_number = value >> (width * 8 - 1) & 1 == 1;
            if by_number {
                self.numbered(library, (value & 0xffff) as u16);
            } else if let Some(named) = u32::try_from(value).ok().and_then(|at| layout.at(file, at))
            {
                let name = terminated(named.get(2..).unwrap_or_default());
                self.put(library, &name.to_ascii_lowercase());
            }
        }
    }

    fn numbered(&mut self, library: &[u8], number: u16) {
        match ordinals::name(library, number) {
            Some(name) => self.put(library, name.as_bytes()),
            None => self.put(library, format!("ord{number}").as_bytes()),
        }
    }

    fn put(&mut self, library: &[u8], function: &[u8]) {
        let comma: &[u8] = if self.octets == 0 { b"" } else { b"," };
        for piece in [comma, library, b".", function] {
            self.hash.update(piece);
            self.octets =
                self.octets.saturating_add(u32::try_from(piece.len()).unwrap_or(u32::MAX));
        }
    }
}
