//! VBA projects (MS-OVBA): the source of every module, and what the compiled code names although no
//! source does.
//!
//! Never runs anything and never trusts an offset: a module whose place is wrong is looked for.
//! Start with [`read`].

use super::cursor::{Cursor, code_page, u16_at};
use super::ole::Ole;
use crate::limits;

/// One module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Module {
    /// Its name.
    pub(crate) name: String,
    /// Its source; empty when there is none.
    pub(crate) source: String,
    /// Octets of compiled code in front of the source.
    pub(crate) compiled_octets: usize,
    /// Whether the source was read to its end.
    pub(crate) is_whole: bool,
}

/// One project.
#[derive(Debug, Default)]
pub(crate) struct Project {
    /// Its modules.
    pub(crate) modules: Vec<Module>,
    /// What the compiled code calls, as it stands in the table of names.
    pub(crate) names: Vec<u8>,
    /// What could not be read.
    pub(crate) damage: Option<&'static str>,
}

/// What `dir` says of one module.
#[derive(Debug, Default, Clone)]
struct Listed {
    name: String,
    stream: String,
    offset: usize,
}

/// Reads the project whose streams lie in the storage `storage`.
pub(crate) fn read(ole: &Ole<'_>, storage: usize) -> Project {
    let mut project = Project::default();
    let dir = ole.child(storage, "dir").map(|(_, entry)| ole.content(entry));
    let dir = dir.and_then(|content| decompress(&content.octets));
    let listed = dir.as_ref().map(|dir| list(&dir.octets)).unwrap_or_default();
    if listed.1.is_empty() {
        project.damage = Some("the list of modules cannot be read");
    }
    if let Some((_, entry)) = ole.child(storage, "_VBA_PROJECT") {
        project.names = ole.content(entry).octets.into_owned();
    }
    let (page, listed) = listed;
    for (_, entry) in ole.streams().filter(|(_, entry)| entry.parent == storage) {
        if is_bookkeeping(&entry.name) {
            continue;
        }
        let of = listed.iter().find(|one| one.stream.eq_ignore_ascii_case(&entry.name));
        let content = ole.content(entry);
        let name = of.map_or(&entry.name, |one| &one.name);
        if let Some(module) = module(name, &content.octets, of.map(|one| one.offset), page) {
            project.modules.push(module);
        } else if of.is_some() {
            project.damage = Some("a module has no source");
            project.modules.push(Module {
                name: name.clone(),
                source: String::new(),
                compiled_octets: content.octets.len(),
                is_whole: false,
            });
        }
        if project.modules.len() >= limits::VBA_MODULES {
            project.damage = Some("more modules than are read");
            break;
        }
    }
    project
}

fn is_bookkeeping(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "dir" || name == "_vba_project" || name.starts_with("__srp_")
}

fn module(name: &str, stream: &[u8], offset: Option<usize>, page: u16) -> Option<Module> {
    let told = offset.and_then(|at| Some((at, decompress(stream.get(at..)?)?)));
    let (at, source) = told.filter(|(_, text)| !text.octets.is_empty()).or_else(|| find(stream))?;
    Some(Module {
        name: name.to_owned(),
        source: code_page(&source.octets, page),
        compiled_octets: at,
        is_whole: source.is_whole,
    })
}

/// Looks for compressed source in a stream: a container whose text begins `Attribut`, which no
/// compressor can shorten.
fn find(stream: &[u8]) -> Option<(usize, Text)> {
    memchr::memmem::find_iter(stream, b"\0Attribut").take(limits::VBA_MODULES).find_map(|at| {
        let start = at.checked_sub(3)?;
        Some((start, decompress(stream.get(start..)?)?))
    })
}

/// Code page and modules by the records of the `dir` stream (MS-OVBA 2.3.4.2).
fn list(dir: &[u8]) -> (u16, Vec<Listed>) {
    let (mut page, mut modules) = (1252, Vec::new());
    let mut current: Option<Listed> = None;
    let mut cursor = Cursor::new(dir);
    while let (Some(id), Some(size)) = (cursor.u16(), cursor.length()) {
        // The version record is two octets longer than it says.
        let size = if id == 0x09 { size.saturating_add(2) } else { size };
        let data = cursor.take_most(size);
        match id {
            0x03 => page = u16_at(data, 0).unwrap_or(page),
            0x19 => {
                modules.extend(current.take());
                let name = code_page(data, page);
                current = Some(Listed { stream: name.clone(), name, offset: 0 });
            }
            0x1a => set(&mut current, |module| module.stream = code_page(data, page)),
            0x31 => set(&mut current, |module| {
                module.offset = Cursor::new(data).length().unwrap_or_default();
            }),
            _ => {}
        }
        if modules.len() >= limits::VBA_MODULES {
            break;
        }
    }
    modules.extend(current);
    (page, modules)
}

fn set(current: &mut Option<Listed>, change: impl FnOnce(&mut Listed)) {
    if let Some(module) = current {
        change(module);
    }
}

/// What came out of a compressed container.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Text {
    /// The octets.
    pub(crate) octets: Vec<u8>,
    /// Whether the container was whole.
    pub(crate) is_whole: bool,
}

/// Decompresses a container (MS-OVBA 2.4.1), up to [`limits::VBA_SOURCE_OCTETS`]. `None` when it is
/// none.
pub(crate) fn decompress(octets: &[u8]) -> Option<Text> {
    let mut cursor = Cursor::new(octets);
    (cursor.u8()? == 1).then_some(())?;
    let mut out = Vec::new();
    let mut is_whole = true;
    while let Some(header) = cursor.u16() {
        // What follows the last chunk is not part of it; the first one must be a chunk.
        if header & 0x7000 != 0x3000 {
            if out.is_empty() {
                return None;
            }
            break;
        }
        let size = usize::from(header & 0x0fff).saturating_add(1);
        let chunk = cursor.take_most(size);
        let is_compressed = header & 0x8000 != 0;
        is_whole &= chunk.len() == size || !is_compressed;
        if is_compressed {
            is_whole &= inflate(chunk, &mut out);
        } else {
            out.extend_from_slice(chunk);
        }
        if out.len() >= limits::VBA_SOURCE_OCTETS {
            return Some(Text { octets: out, is_whole: false });
        }
    }
    Some(Text { octets: out, is_whole })
}

/// One compressed chunk; false when a copy reaches before its start.
fn inflate(chunk: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let mut cursor = Cursor::new(chunk);
    while let Some(flags) = cursor.u8() {
        for bit in 0..8 {
            if flags & (1 << bit) == 0 {
                let Some(octet) = cursor.u8() else { return true };
                out.push(octet);
                continue;
            }
            let Some(token) = cursor.u16() else { return cursor.is_empty() };
            if !copy(token, start, out) {
                return false;
            }
        }
        if out.len().saturating_sub(start) > 2 * limits::VBA_CHUNK_OCTETS {
            return false;
        }
    }
    true
}

/// A copy token: how its bits are split depends on how much came out of the chunk (MS-OVBA
/// 2.4.1.3.19.1).
fn copy(token: u16, start: usize, out: &mut Vec<u8>) -> bool {
    let done = out.len().saturating_sub(start);
    let bits = usize::BITS - done.saturating_sub(1).leading_zeros();
    let bits = bits.clamp(4, 12);
    let length = usize::from(token & (0xffff >> bits)).saturating_add(3);
    let offset = usize::from(token >> (16 - bits)).saturating_add(1);
    if offset > done {
        return false;
    }
    let from = out.len() - offset;
    for at in from..from.saturating_add(length) {
        let octet = out.get(at).copied().unwrap_or_default();
        out.push(octet);
    }
    true
}
