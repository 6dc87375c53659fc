//! One scanner per worker: specimens in, hits out. The same specimen gives the same hits whatever
//! was scanned before.
//!
//! Every family of signatures is a [`Matcher`] over its own sections of the pack. A matcher is given
//! a [`Look`] (the specimen, and what several matchers want to know of it, worked out once) and puts
//! numbers of names into [`Hits`].

use std::cell::OnceCell;

use unpack::Specimen;

use crate::body;
use crate::executables::Layout;
use crate::families;
use crate::hashes::GoodFiles;
use crate::limits;
use crate::names::{self, Class};
use crate::pack::{Pack, PackError};

/// One signature that matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Name of the signature.
    pub name: String,
    /// What it means. [`Class::Undecided`]: a limit was reached, and the specimen is not clean.
    pub class: Class,
    /// Where: the path of the specimen.
    pub place: String,
    /// Where the signature comes from: `daily.ldb:117`.
    pub source: String,
    /// What was seen, in words a person can check.
    pub evidence: String,
}

/// One specimen, and what matchers want to know of it.
pub struct Look<'s> {
    /// The specimen.
    pub specimen: &'s Specimen<'s>,
    /// The day, in days since 1970-01-01; 0 when it is not known.
    pub day: u32,
    layout: OnceCell<Option<Layout>>,
}

impl<'s> Look<'s> {
    /// A look at a specimen on a day.
    #[must_use]
    pub fn new(specimen: &'s Specimen<'s>, day: u32) -> Self {
        Look { specimen, day, layout: OnceCell::new() }
    }

    /// The layout of an executable, read once; `None` for what is none.
    #[must_use]
    pub fn layout(&self) -> Option<&Layout> {
        self.layout.get_or_init(|| Layout::read(self.specimen.octets)).as_ref()
    }
}

/// Collects what matchers find in one specimen.
#[derive(Debug, Default)]
pub struct Hits {
    found: Vec<(u32, String)>,
    undecided: Option<String>,
}

impl Hits {
    /// The signature of this number matched.
    pub fn hit(&mut self, name: u32, evidence: impl Into<String>) {
        if self.found.len() < limits::HITS && !self.found.iter().any(|(known, _)| *known == name) {
            self.found.push((name, evidence.into()));
        }
    }

    /// It could not be decided within limits whether some signature matches.
    pub fn undecided(&mut self, why: impl Into<String>) {
        self.undecided.get_or_insert_with(|| why.into());
    }
}

/// A family of signatures, over its own sections of the pack.
pub trait Matcher {
    /// Looks at one specimen.
    fn look(&mut self, look: &Look<'_>, hits: &mut Hits);
}

/// Looks at specimens with one pack.
pub struct Scanner {
    pack: Pack,
    matchers: Vec<Box<dyn Matcher>>,
    good: GoodFiles,
    day: u32,
    hits_left: usize,
}

impl Scanner {
    /// A scanner over a pack.
    ///
    /// # Errors
    /// When a section cannot be used.
    pub fn new(pack: Pack) -> Result<Self, PackError> {
        let mut matchers: Vec<Box<dyn Matcher>> = vec![Box::new(body::BodyMatcher::new(&pack)?)];
        matchers.extend(families::matchers(&pack)?);
        let good = GoodFiles::new(&pack);
        Ok(Scanner { pack, matchers, good, day: 0, hits_left: limits::HITS })
    }

    /// Begins a message: everything that was remembered of the one before is forgotten.
    pub fn begin(&mut self) {
        self.hits_left = limits::HITS;
        self.good.begin();
    }

    /// Says which day it is, in days since 1970-01-01, so that entries of lists may end. Without it
    /// none does.
    pub fn set_day(&mut self, day: u32) {
        self.day = day;
    }

    /// Looks at one specimen.
    pub fn scan(&mut self, specimen: &Specimen<'_>, hits: &mut Vec<Hit>) {
        let look = Look::new(specimen, self.day);
        let mut found = Hits::default();
        for matcher in &mut self.matchers {
            matcher.look(&look, &mut found);
        }
        if !found.found.is_empty() && self.good.has(specimen) {
            found.found.clear();
        }
        self.tell(specimen, found, hits);
    }

    fn tell(&mut self, specimen: &Specimen<'_>, found: Hits, hits: &mut Vec<Hit>) {
        for (number, evidence) in found.found.into_iter().take(self.hits_left) {
            let named = names::name(&self.pack, number);
            let (name, class, source) = (named.name, named.class, named.source);
            hits.push(Hit { name, class, place: specimen.place.to_owned(), source, evidence });
            self.hits_left -= 1;
        }
        if let Some(evidence) = found.undecided {
            hits.push(Hit {
                name: "Patterns.Undecided".to_owned(),
                class: Class::Undecided,
                place: specimen.place.to_owned(),
                source: String::new(),
                evidence,
            });
        }
    }
}
