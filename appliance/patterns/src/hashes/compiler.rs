//! Lines of hash databases (docs.clamav.net, "File hash signatures", "Allow list databases") and of
//! the owner's hash lists.

use std::collections::BTreeMap;

use super::table::{ANY_SIZE, Builder};
use super::{Algorithm, Purpose, octets_of_hex, tag};
use crate::level;
use crate::names::{Class, Names};
use crate::pack::Writer;
use crate::source::{Kind, LineCompiler, LineProblem, Place};

/// Reads lines of hashes.
#[derive(Debug, Default)]
pub(crate) struct HashCompiler {
    tables: BTreeMap<(Purpose, Algorithm), Builder>,
}

/// One line that stands.
struct Row<'l> {
    purpose: Purpose,
    hash: Vec<u8>,
    size: u32,
    name: &'l str,
}

fn malformed<T>(reason: impl Into<String>) -> Result<T, LineProblem> {
    Err(LineProblem::Malformed(reason.into()))
}

impl LineCompiler for HashCompiler {
    fn line(&mut self, line: &str, place: Place, names: &mut Names) -> Result<(), LineProblem> {
        let row =
            if place.kind == Kind::HashList { listed(line)? } else { signature(line, place)? };
        let Some(algorithm) = Algorithm::of_width(row.hash.len()) else {
            return malformed("its hash is no MD5, SHA-1 or SHA-256 in hexadecimal");
        };
        let class =
            if place.is_unwanted { Class::of_unwanted(row.name) } else { Class::of(row.name) };
        let name = names.add(row.name, class, place.source, place.line);
        self.tables.entry((row.purpose, algorithm)).or_default().add(row.size, row.hash, name);
        Ok(())
    }

    fn finish(self: Box<Self>, writer: &mut Writer) -> Vec<(Place, LineProblem)> {
        for ((purpose, algorithm), table) in
            self.tables.into_iter().filter(|(_, table)| !table.is_empty())
        {
            writer.section(tag(purpose, algorithm), table.finish(algorithm));
        }
        Vec::new()
    }
}

fn signature(line: &str, place: Place) -> Result<Row<'_>, LineProblem> {
    let fields: Vec<&str> = line.split(':').collect();
    let (first, second, name, levels) = match fields.as_slice() {
        [first, second, name, levels @ ..] if levels.len() <= 2 => (*first, *second, *name, levels),
        _ => return malformed("it has not the 3 to 5 fields of a hash signature"),
    };
    let sections = matches!(place.kind, Kind::SectionMd5 | Kind::SectionHash);
    let (hash, size) = if sections { (second, first) } else { (first, second) };
    level::check(levels.first().copied(), levels.get(1).copied())?;
    let size = match size {
        "*" if levels.first().and_then(|text| text.parse().ok()).unwrap_or(0) < level::ANY_SIZE => {
            return malformed("a hash for any size needs a functionality level of 73 at least");
        }
        "*" => ANY_SIZE,
        digits => file_size(digits)?,
    };
    let purpose = match place.kind {
        Kind::SectionMd5 | Kind::SectionHash => Purpose::Section,
        Kind::ImportHash => Purpose::Imports,
        Kind::GoodMd5 | Kind::GoodHash => Purpose::Good,
        _ => Purpose::File,
    };
    let hash = hash_of(hash)?;
    if purpose == Purpose::Imports && hash.len() != Algorithm::Md5.width() {
        return malformed("a hash of imports is an MD5");
    }
    if name.is_empty() {
        return malformed("it has no name");
    }
    Ok(Row { purpose, hash, size, name })
}

fn file_size(digits: &str) -> Result<u32, LineProblem> {
    match digits.parse::<u32>() {
        Ok(size) if size != ANY_SIZE => Ok(size),
        _ => malformed("its size is no number below 4294967295, nor *"),
    }
}

fn hash_of(text: &str) -> Result<Vec<u8>, LineProblem> {
    match octets_of_hex(text) {
        Some(hash) if Algorithm::of_width(hash.len()).is_some() => Ok(hash),
        _ => malformed("its hash is no MD5, SHA-1 or SHA-256 in hexadecimal"),
    }
}

/// A line of an owner's list: hash, and after white space its name.
fn listed(line: &str) -> Result<Row<'_>, LineProblem> {
    let (hash, name) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let name = name.split('#').next().unwrap_or_default().trim();
    let name = if name.is_empty() { "Listed.File" } else { name };
    Ok(Row { purpose: Purpose::File, hash: hash_of(hash)?, size: ANY_SIZE, name })
}
