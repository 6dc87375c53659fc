//! The leaves of a message as they are met, found again by their path.

use std::collections::BTreeMap;

use filetype::{Family, Fit, Types, kinds};
use mail::{Leaf, Properties};
use message::{Part, Protection};
use unpack::{Origin, Specimen};

use crate::limits;

/// What is true of whatever holds a thing for which it is true.
const ALL_AROUND: Properties = Properties(
    Properties::EXECUTABLE.0
        | Properties::MACRO.0
        | Properties::AUTO_MACRO.0
        | Properties::SIGNED_MACRO.0
        | Properties::ENCRYPTED.0,
);

/// What is true of the document around a part of a document.
const DOCUMENT_AROUND: Properties = Properties(
    Properties::EXTERNAL_LINK.0
        | Properties::EMBEDDED_OBJECT.0
        | Properties::HIDDEN_TEXT.0
        | Properties::ACTIVE_CONTENT.0
        | Properties::SIGNED.0,
);

/// The leaves.
#[derive(Debug, Default)]
pub(crate) struct Leaves {
    list: Vec<Leaf>,
    by_path: BTreeMap<String, usize>,
    /// Leaves beyond [`limits::LEAVES`].
    pub dropped: usize,
}

impl Leaves {
    /// Adds what was met. Another reading of a leaf, or a second member of the same path, adds its
    /// types to the first.
    pub fn add(&mut self, specimen: &Specimen<'_>, part: &Part<'_>) {
        match specimen.origin {
            Origin::Text(_) | Origin::Stream => {}
            Origin::Reading => self.merge(specimen),
            Origin::Part | Origin::Member(_) => self.push(specimen, part),
        }
    }

    fn merge(&mut self, specimen: &Specimen<'_>) {
        let at = self.by_path.get(specimen.place).copied();
        if let Some(leaf) = at.and_then(|at| self.list.get_mut(at)) {
            for kind in specimen
                .types
                .iter()
                .filter(|kind| *kind != kinds::UNKNOWN && *kind != kinds::EMPTY)
            {
                let known = leaf.types.iter().any(|name| name == kind.name());
                if !known && leaf.types.len() < filetype::limits::TYPES {
                    leaf.types.push(kind.name().to_owned());
                }
            }
        }
        self.mark(specimen.place, of_types(specimen.types));
    }

    fn push(&mut self, specimen: &Specimen<'_>, part: &Part<'_>) {
        if self.list.len() >= limits::LEAVES {
            self.dropped += 1;
            return;
        }
        let is_part = matches!(specimen.origin, Origin::Part);
        let mime = if is_part { part.mime.clone() } else { String::new() };
        let types = specimen.types.iter().map(|kind| kind.name().to_owned()).collect();
        self.by_path.insert(specimen.place.to_owned(), self.list.len());
        self.list.push(Leaf {
            path: specimen.place.to_owned(),
            name: specimen.name.to_owned(),
            mime,
            size: specimen.octets.len() as u64,
            types,
            properties: Properties::default(),
            depth: u8::try_from(specimen.depth).unwrap_or(u8::MAX),
        });
        let mut properties = of_types(specimen.types);
        if is_part {
            properties.add(of_part(part));
        }
        if filetype::fit(specimen.name, specimen.types) == Fit::Contradicts {
            properties.add(Properties::TYPE_MISMATCH);
        }
        self.mark(specimen.place, properties);
    }

    /// Marks the leaf of a path, and what is around it as far as that is true of it too.
    pub fn mark(&mut self, path: &str, properties: Properties) {
        let mut path = path;
        let mut rest = properties;
        let mut is_own = true;
        while rest.0 != 0 {
            if let Some(leaf) = self.by_path.get(path).copied().and_then(|at| self.list.get_mut(at))
            {
                if !is_own && !is_document(leaf) {
                    rest = Properties(rest.0 & ALL_AROUND.0);
                }
                leaf.properties.add(rest);
                is_own = false;
                rest = Properties(rest.0 & (ALL_AROUND.0 | DOCUMENT_AROUND.0));
            }
            let Some((around, _)) = path.rsplit_once('/') else { break };
            path = around;
        }
    }

    /// The leaf of a path.
    pub fn at(&self, path: &str) -> Option<&Leaf> {
        self.by_path.get(path).and_then(|at| self.list.get(*at))
    }

    /// The outermost document that a path is, or is in; the path itself when it is in none.
    pub fn document_around<'p>(&self, path: &'p str) -> &'p str {
        let mut found = path;
        let mut at = path;
        while let Some((around, _)) = at.rsplit_once('/') {
            at = around;
            if self.at(at).is_some_and(is_document) {
                found = at;
            }
        }
        found
    }

    /// All of them.
    pub fn into_list(self) -> Vec<Leaf> {
        self.list
    }
}

/// Whether its likeliest type is a document, which may be an archive inside.
pub(crate) fn is_document(leaf: &Leaf) -> bool {
    let main = leaf.types.first().and_then(|name| filetype::FileType::named(name));
    main.is_some_and(|kind| kind.family() == Family::Document)
}

/// What the types alone say.
fn of_types(types: &Types) -> Properties {
    let mut properties = Properties::default();
    let mut add = |is: bool, what: Properties| {
        if is {
            properties.add(what);
        }
    };
    add(types.has_family(Family::Executable), Properties::EXECUTABLE);
    add(types.main() == kinds::UNKNOWN, Properties::UNKNOWN_TYPE);
    add(types.is_polyglot(), Properties::POLYGLOT);
    let is_mail = |kind: filetype::FileType| kind.family() == Family::Email && kind != kinds::PST;
    add(types.iter().any(is_mail), Properties::NESTED_MESSAGE);
    add(types.has(kinds::ENCRYPTED_OFFICE), Properties::ENCRYPTED);
    let signature = [kinds::PKCS7, kinds::PGP_BINARY];
    add(signature.iter().any(|kind| types.has(*kind)), Properties::SIGNED);
    properties
}

/// What the part says of itself.
fn of_part(part: &Part<'_>) -> Properties {
    let mut properties = match part.protection {
        Protection::None => Properties::default(),
        Protection::Signed => Properties::SIGNED,
        Protection::Encrypted => Properties::ENCRYPTED,
    };
    if part.is_inline() {
        properties.add(Properties::INLINE);
    }
    if part.is_attachment() {
        properties.add(Properties::ATTACHMENT);
    }
    properties
}
