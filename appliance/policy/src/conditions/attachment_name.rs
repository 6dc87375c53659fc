//! An attachment has a name that is, or is not, on a list (features D-18).

use super::{Answer, Subject, wanted};
use crate::Wildcard;
use crate::condition::{Condition, Listing};
use crate::extensions::stored;

/// The names asked for.
#[derive(Debug, Clone)]
pub(super) struct Names {
    patterns: Vec<Wildcard>,
    listing: Listing,
    inside: bool,
}

impl Names {
    pub(super) fn of(condition: &Condition) -> Self {
        Names {
            patterns: condition.names.iter().filter_map(|text| Wildcard::new(text).ok()).collect(),
            listing: condition.listing,
            inside: condition.inside_archives,
        }
    }

    pub(super) fn ask(&self, subject: &Subject<'_>) -> Answer {
        let found = subject
            .places(self.inside, |one| wanted(self.listing, one, self.lists(&one.leaf.name)));
        match (found, self.listing) {
            (Some(found), Listing::Listed) => {
                Answer::yes(format!("the name of {found} is on the list"))
            }
            (Some(found), Listing::AllButListed) => {
                Answer::yes(format!("the name of {found} is not on the list"))
            }
            (None, Listing::Listed) => Answer::no("no attachment has a name on the list"),
            (None, Listing::AllButListed) => {
                Answer::no("no attachment has a name that is not on the list")
            }
        }
    }

    /// As it is written, or as Windows stores it.
    fn lists(&self, name: &str) -> bool {
        let lower: Vec<char> = name.to_lowercase().chars().collect();
        let plain: Vec<char> = stored(name).to_lowercase().chars().collect();
        let fits = |pattern: &Wildcard| pattern.fits(&lower) || pattern.fits(&plain);
        !name.is_empty() && self.patterns.iter().any(fits)
    }
}
