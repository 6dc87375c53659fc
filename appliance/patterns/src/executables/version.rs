//! The version information of a PE: where its keys stand (offset `VI` of body signatures).

use super::words::Order::Little;
use super::{Format, Layout};
use crate::limits;

/// Number of the resource type of version information (`RT_VERSION`).
const VERSION: u32 = 16;

/// The places in the file of the keys (UTF-16) of the version information, in order. A signature
/// with offset `VI` begins at one of them.
#[must_use]
pub fn version_keys(file: &[u8], layout: &Layout) -> Vec<u64> {
    let mut keys = Vec::new();
    if layout.format == Format::Pe {
        let resources = layout.directory(2).and_then(|(at, _)| layout.file_offset(u64::from(at)));
        if let Some(base) = resources {
            for data in data_of(file, layout, base) {
                keys_of(file, data, &mut keys);
            }
        }
    }
    keys
}

/// The rows of one level of the resource tree: number or name, and where it leads.
fn level(file: &[u8], at: u64) -> Vec<(u32, u32)> {
    let named = Little.u16(file, at.saturating_add(12)).unwrap_or(0);
    let numbered = Little.u16(file, at.saturating_add(14)).unwrap_or(0);
    let count = (u64::from(named) + u64::from(numbered)).min(limits::PE_RESOURCES);
    let row = |number: u64| {
        let at = at.checked_add(16 + 8 * number)?;
        Some((Little.u32(file, at)?, Little.u32(file, at + 4)?))
    };
    (0..count).map_while(row).collect()
}

/// A row that leads to another level has its highest bit set.
fn deeper(base: u64, target: u32) -> Option<u64> {
    (target >> 31 == 1).then(|| base.saturating_add(u64::from(target & 0x7fff_ffff)))
}

/// Places of the version data: type, then name, then language.
fn data_of(file: &[u8], layout: &Layout, base: u64) -> Vec<u64> {
    let mut found = Vec::new();
    let kinds = level(file, base).into_iter().filter(|row| row.0 == VERSION);
    for names in kinds.filter_map(|row| deeper(base, row.1)) {
        for languages in level(file, names).iter().filter_map(|row| deeper(base, row.1)) {
            for (_, leaf) in level(file, languages) {
                let address = Little.u32(file, base.saturating_add(u64::from(leaf)));
                let place = address.and_then(|at| layout.file_offset(u64::from(at)));
                found.extend(place.filter(|_| found.len() < limits::PE_VERSIONS));
            }
        }
    }
    found
}

/// One node of the version data: all are built alike (VS_VERSIONINFO, Microsoft).
struct Node {
    /// Where its key stands.
    key: u64,
    /// Where its value stands.
    value: u64,
    /// Octets of the value: of text they are counted in characters.
    value_length: u64,
    /// Where it ends.
    end: u64,
}

fn aligned(at: u64) -> u64 {
    at.saturating_add(3) & !3
}

fn node(file: &[u8], at: u64, end: u64) -> Option<Node> {
    let length = u64::from(Little.u16(file, at)?);
    if length < 6 {
        return None;
    }
    let key = at.checked_add(6)?;
    let most = usize::try_from(end.checked_sub(key)?).ok()?;
    let text = file.get(usize::try_from(key).ok()?..)?;
    let characters = text.get(..most).unwrap_or(text).chunks_exact(2);
    let key_octets = characters.take_while(|pair| *pair != [0, 0]).count() as u64 * 2 + 2;
    Some(Node {
        key,
        value: aligned(key.checked_add(key_octets)?),
        value_length: u64::from(Little.u16(file, at + 2)?),
        end: at.saturating_add(length).min(end),
    })
}

/// The nodes between two places.
fn nodes(file: &[u8], mut at: u64, end: u64) -> Vec<Node> {
    let mut found = Vec::new();
    while at < end && found.len() < limits::PE_VERSION_KEYS {
        let Some(node) = node(file, at, end) else { break };
        at = aligned(node.end);
        found.push(node);
    }
    found
}

fn keys_of(file: &[u8], data: u64, keys: &mut Vec<u64>) {
    let Some(root) = node(file, data, file.len() as u64) else { return };
    let first = aligned(root.value.saturating_add(root.value_length));
    for part in nodes(file, first, root.end) {
        let is_strings = super::words::slice(file, part.key, 8) == Some(b"S\0t\0r\0i\0");
        for table in nodes(file, part.value, part.end).into_iter().filter(|_| is_strings) {
            let strings = nodes(file, table.value, table.end);
            let room = limits::PE_VERSION_KEYS.saturating_sub(keys.len());
            keys.extend(strings.iter().take(room).map(|string| string.key));
        }
    }
}
