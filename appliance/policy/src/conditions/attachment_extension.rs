//! An attachment has an extension that is, or is not, on a list (features D-19).

use std::collections::HashSet;

use super::{Answer, Subject, wanted};
use crate::condition::{Condition, Listing};
use crate::extensions::of_name;

/// The extensions asked for.
#[derive(Debug, Clone)]
pub(super) struct Extensions {
    known: HashSet<String>,
    listing: Listing,
    inside: bool,
}

impl Extensions {
    pub(super) fn of(condition: &Condition) -> Self {
        let groups = condition.groups.iter().flat_map(|group| group.extensions());
        let own = condition.extensions.iter().map(|extension| extension.to_lowercase());
        Extensions {
            known: groups.map(|extension| (*extension).to_owned()).chain(own).collect(),
            listing: condition.listing,
            inside: condition.inside_archives,
        }
    }

    pub(super) fn ask(&self, subject: &Subject<'_>) -> Answer {
        let lists = |name: &str| of_name(name).iter().any(|one| self.known.contains(one));
        let found =
            subject.places(self.inside, |one| wanted(self.listing, one, lists(&one.leaf.name)));
        match (found, self.listing) {
            (Some(found), Listing::Listed) => {
                Answer::yes(format!("the extension of {found} is on the list"))
            }
            (Some(found), Listing::AllButListed) => {
                Answer::yes(format!("the extension of {found} is not on the list"))
            }
            (None, Listing::Listed) => Answer::no("no attachment has an extension on the list"),
            (None, Listing::AllButListed) => {
                Answer::no("no attachment has an extension that is not on the list")
            }
        }
    }
}
