//! Looks specimens up by hash.

use unpack::{Origin, Specimen};

use super::digests::{Digests, Wanted};
use super::table::{Rows, Table};
use super::{Algorithm, Purpose, hex, tag};
use crate::executables::{Layout, import_digest};
use crate::limits;
use crate::pack::{Pack, Part};
use crate::scanner::{Hits, Look, Matcher};

/// The tables of one purpose, in the order of [`Algorithm::ALL`].
struct Tables([Option<Part>; 3]);

/// Rows of each table for one size.
type Candidates = [Rows; 3];

impl Tables {
    fn open(pack: &Pack, purpose: Purpose) -> Self {
        Tables(Algorithm::ALL.map(|algorithm| {
            let part = pack.part(tag(purpose, algorithm));
            Table::open(part.octets(), algorithm).is_some().then_some(part)
        }))
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Each algorithm with its table.
    fn each(&self) -> impl Iterator<Item = (usize, Algorithm, Table<'_>)> {
        let parts = self.0.iter().zip(Algorithm::ALL).enumerate();
        parts.filter_map(|(at, (part, algorithm))| {
            Some((at, algorithm, Table::open(part.as_ref()?.octets(), algorithm)?))
        })
    }

    /// Rows for so many octets; `None` when no hash could match.
    fn candidates(&self, octets: &[u8]) -> Option<Candidates> {
        let size = u32::try_from(octets.len()).ok()?;
        let mut candidates = Candidates::default();
        for (at, _, table) in self.each() {
            if let Some(rows) = candidates.get_mut(at) {
                *rows = table.rows(size);
            }
        }
        candidates.iter().any(|rows| !rows.is_empty()).then_some(candidates)
    }

    /// Every row that these octets match: number of the name, algorithm and hash.
    fn matches(&self, octets: &[u8], mut found: impl FnMut(u32, Algorithm, &[u8])) {
        let Some(candidates) = self.candidates(octets) else { return };
        let wanted: Wanted =
            std::array::from_fn(|at| candidates.get(at).is_some_and(|rows| !rows.is_empty()));
        let digests = Digests::of(octets, wanted);
        for (at, algorithm, table) in self.each() {
            let rows = candidates.get(at).zip(digests.get(algorithm));
            if let Some((rows, hash)) = rows {
                table.find(rows, hash).for_each(|name| found(name, algorithm, hash));
            }
        }
    }
}

/// Looks for hashes of files, of sections and of imports.
pub(crate) struct HashMatcher {
    files: Tables,
    sections: Tables,
    imports: Tables,
}

impl HashMatcher {
    pub(crate) fn new(pack: &Pack) -> Self {
        HashMatcher {
            files: Tables::open(pack, Purpose::File),
            sections: Tables::open(pack, Purpose::Section),
            imports: Tables::open(pack, Purpose::Imports),
        }
    }

    fn sections(&self, file: &[u8], layout: &Layout, hits: &mut Hits) {
        // Sections may overlap: without a bound one file would be hashed a hundred times.
        let mut left = file.len().saturating_mul(limits::SECTION_HASH_ROUNDS);
        for (number, section) in layout.sections.iter().enumerate() {
            let Some(octets) = section.octets(file) else { continue };
            if self.sections.candidates(octets).is_none() {
                continue;
            }
            let Some(rest) = left.checked_sub(octets.len()) else {
                hits.undecided("the sections of a program overlap too often");
                return;
            };
            left = rest;
            self.sections.matches(octets, |name, algorithm, hash| {
                let (title, hash) = (algorithm.title(), hex(hash));
                hits.hit(
                    name,
                    format!("{title} {hash} of section {number}, {} bytes", octets.len()),
                );
            });
        }
    }

    fn imports(&self, file: &[u8], layout: &Layout, hits: &mut Hits) {
        let Some(digest) = import_digest(file, layout) else { return };
        for (_, _, table) in self.imports.each() {
            for name in table.find(&table.rows(digest.octets), &digest.md5) {
                hits.hit(name, format!("MD5 {} of its imports", hex(&digest.md5)));
            }
        }
    }
}

impl Matcher for HashMatcher {
    fn look(&mut self, look: &Look<'_>, hits: &mut Hits) {
        let octets = look.specimen.octets;
        if matches!(look.specimen.origin, Origin::Text(_)) || octets.is_empty() {
            return;
        }
        self.files.matches(octets, |name, algorithm, hash| {
            hits.hit(name, format!("{} {}, {} bytes", algorithm.title(), hex(hash), octets.len()));
        });
        let wants_layout = !self.sections.is_empty() || !self.imports.is_empty();
        if wants_layout
            && octets.starts_with(b"MZ")
            && let Some(layout) = look.layout()
        {
            self.sections(octets, layout, hits);
            self.imports(octets, layout, hits);
        }
    }
}

/// Files that are known to be good: what is found in one, or in what came out of one, is no hit.
pub(crate) struct GoodFiles {
    tables: Tables,
    octets_left: u64,
}

impl GoodFiles {
    pub(crate) fn new(pack: &Pack) -> Self {
        let tables = Tables::open(pack, Purpose::Good);
        GoodFiles { tables, octets_left: limits::GOOD_HASH_OCTETS }
    }

    /// Begins a message.
    pub(crate) fn begin(&mut self) {
        self.octets_left = limits::GOOD_HASH_OCTETS;
    }

    /// Whether the specimen, or something that it came out of, is known to be good. To be asked
    /// only when something was found; past [`limits::GOOD_HASH_OCTETS`] nothing is good any more.
    pub(crate) fn has(&mut self, specimen: &Specimen<'_>) -> bool {
        if self.tables.is_empty() {
            return false;
        }
        let mut next = Some(specimen);
        while let Some(one) = next {
            if self.is_good(one.octets) {
                return true;
            }
            next = one.parent;
        }
        false
    }

    fn is_good(&mut self, octets: &[u8]) -> bool {
        if self.tables.candidates(octets).is_none() {
            return false;
        }
        let Some(left) = self.octets_left.checked_sub(octets.len() as u64) else { return false };
        self.octets_left = left;
        let mut good = false;
        self.tables.matches(octets, |_, _, _| good = true);
        good
    }
}
