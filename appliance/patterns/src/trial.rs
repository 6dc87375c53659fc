//! For tests: sources to hits in one step.

use std::sync::Arc;

use filetype::{Types, kinds};
use unpack::{Member, Origin, Specimen, Text};

use crate::{CompileOptions, Hit, Pack, Report, Scanner, Source, compile};

/// A pack of sources, by name and text.
pub(crate) fn pack(sources: &[(&str, &str)]) -> (Pack, Report) {
    let sources: Vec<Source> =
        sources.iter().map(|(name, text)| Source::new(*name, text.as_bytes())).collect();
    let compiled = compile(&sources, &CompileOptions::default()).unwrap();
    (Pack::open(Arc::new(compiled.octets)).unwrap(), compiled.report)
}

/// A scanner of sources that have no bad line.
pub(crate) fn scanner(sources: &[(&str, &str)]) -> Scanner {
    let (pack, report) = pack(sources);
    assert_eq!(report.problems, [], "no line is bad");
    Scanner::new(pack).unwrap()
}

/// What is found in octets of an origin, with their name and what they came out of.
pub(crate) fn hits_in(
    scanner: &mut Scanner,
    octets: &[u8],
    origin: Origin,
    name: &str,
    parent: Option<&Specimen<'_>>,
) -> Vec<Hit> {
    let types = Types::of(kinds::UNKNOWN);
    let place = parent.map_or(name.to_owned(), |parent| format!("{}/{name}", parent.place));
    let depth = parent.map_or(0, |parent| parent.depth + 1);
    let specimen = Specimen { place: &place, name, origin, types: &types, octets, depth, parent };
    let mut hits = Vec::new();
    scanner.begin();
    scanner.scan(&specimen, &mut hits);
    hits
}

fn names(hits: Vec<Hit>) -> Vec<String> {
    hits.into_iter().map(|hit| hit.name).collect()
}

/// Names of what is found in a part of a message.
pub(crate) fn found(scanner: &mut Scanner, octets: &[u8]) -> Vec<String> {
    names(hits_in(scanner, octets, Origin::Part, "file.bin", None))
}

/// Names of what is found in the links of a text.
pub(crate) fn found_in_links(scanner: &mut Scanner, links: &str) -> Vec<String> {
    names(hits_in(scanner, links.as_bytes(), Origin::Text(Text::Links), "", None))
}

/// Names of what is found in a member of a container at `1/a.zip`.
pub(crate) fn found_in_member(scanner: &mut Scanner, member: Member, name: &str) -> Vec<String> {
    let types = Types::of(kinds::UNKNOWN);
    let parent = Specimen {
        place: "1/a.zip",
        name: "a.zip",
        origin: Origin::Part,
        types: &types,
        octets: b"",
        depth: 0,
        parent: None,
    };
    names(hits_in(scanner, b"content", Origin::Member(member), name, Some(&parent)))
}
