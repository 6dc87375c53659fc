//! What the walk does with every archive: whole, nested, closed, damaged, and larger than allowed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bombs;
mod containers;
mod damage;
mod limits;
mod zips;

use gatepost_unpack::{
    Budget, Fact, FactKind, Limits, Origin, Passwords, Root, Specimen, Stopwatch, Visitor, open,
};

/// What was told.
#[derive(Default)]
pub struct Seen {
    /// What is looked for.
    wanted: Vec<u8>,
    /// Places where it was.
    pub found: Vec<String>,
    /// Places, origins and octets of all specimens.
    pub specimens: Vec<(String, bool, usize)>,
    /// All facts.
    pub facts: Vec<Fact>,
    /// Octets of all specimens together.
    pub octets: u64,
}

impl Visitor for Seen {
    fn specimen(&mut self, specimen: &Specimen<'_>) {
        let is_member = matches!(specimen.origin, Origin::Member(_) | Origin::Stream);
        self.specimens.push((specimen.place.to_owned(), is_member, specimen.octets.len()));
        self.octets += specimen.octets.len() as u64;
        if is_member && has(specimen.octets, &self.wanted) {
            self.found.push(specimen.place.to_owned());
        }
    }

    fn fact(&mut self, fact: Fact) {
        self.facts.push(fact);
    }
}

fn has(octets: &[u8], wanted: &[u8]) -> bool {
    !wanted.is_empty() && octets.windows(wanted.len()).any(|window| window == wanted)
}

impl Seen {
    /// Whether a fact of this kind was told.
    pub fn has(&self, kind: FactKind) -> bool {
        self.facts.iter().any(|fact| fact.kind == kind)
    }

    /// Whether a message with this is anything but clean.
    pub fn is_never_clean(&self) -> bool {
        use FactKind::{Broken, Disagreement, Encrypted, Limit, Unsupported};
        [Broken, Disagreement, Encrypted, Limit, Unsupported].iter().any(|kind| self.has(*kind))
    }
}

/// What every container here holds: long enough for two cuts, and it packs well.
pub fn payload() -> Vec<u8> {
    let text = "What is in the container, and no other text. ".repeat(8);
    format!("{text}{}end", "0123456789".repeat(20)).into_bytes()
}

/// Opens octets within limits, with a list of passwords.
pub fn look_with(
    octets: &[u8],
    wanted: &[u8],
    passwords: &Passwords,
    limits: Limits,
    watch: &dyn Stopwatch,
) -> Seen {
    let mut seen = Seen { wanted: wanted.to_vec(), ..Seen::default() };
    let mut budget = Budget::new(limits, watch);
    let root =
        Root { place: "1", name: "a", mime: "application/octet-stream", octets, is_reading: false };
    open(&root, passwords, &mut budget, &mut seen);
    seen
}

/// Opens octets within the usual limits.
pub fn look(octets: &[u8]) -> Seen {
    look_with(octets, &payload(), &Passwords::default(), Limits::default(), &())
}
