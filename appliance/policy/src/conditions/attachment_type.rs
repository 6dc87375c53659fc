//! An attachment is by its content of a type or family on a list (features D-21). Every type that
//! fits a file counts.

use std::collections::HashSet;

use filetype::FileType;
use mail::Leaf;

use super::{Answer, Subject};
use crate::condition::{Condition, TypeFamily};

/// The types asked for.
#[derive(Debug, Clone)]
pub(super) struct Kinds {
    names: HashSet<String>,
    /// A leaf without any type is of an unknown one.
    unknown: bool,
    inside: bool,
}

impl Kinds {
    pub(super) fn of(condition: &Condition) -> Self {
        let wanted = |kind: &FileType| {
            condition.families.iter().any(|family| family.family() == kind.family())
        };
        let families = FileType::all().filter(wanted).map(|kind| kind.name().to_owned());
        Kinds {
            names: families.chain(condition.types.iter().cloned()).collect(),
            unknown: condition.families.contains(&TypeFamily::Unknown),
            inside: condition.inside_archives,
        }
    }

    pub(super) fn ask(&self, subject: &Subject<'_>) -> Answer {
        match subject.places(self.inside, |one| self.fits(one.leaf)) {
            Some(found) => Answer::yes(format!("the true type of {found} is on the list")),
            None => Answer::no("no attachment has a true type on the list"),
        }
    }

    fn fits(&self, leaf: &Leaf) -> bool {
        (self.unknown && leaf.types.is_empty())
            || leaf.types.iter().any(|name| self.names.contains(name))
    }
}
