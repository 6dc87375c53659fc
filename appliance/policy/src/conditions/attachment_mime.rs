//! A part has a MIME type on a list: the one it declares, or that of its content (features D-20).

use std::collections::HashSet;

use filetype::FileType;
use mail::Leaf;

use super::{Answer, Subject};
use crate::Wildcard;
use crate::condition::{Condition, MimeSource};

/// The MIME types asked for.
#[derive(Debug, Clone)]
pub(super) struct Mimes {
    patterns: Vec<Wildcard>,
    /// Names of the true types that have such a MIME type.
    types: HashSet<&'static str>,
    source: MimeSource,
    inside: bool,
}

impl Mimes {
    pub(super) fn of(condition: &Condition) -> Self {
        let patterns: Vec<Wildcard> =
            condition.mimes.iter().filter_map(|text| Wildcard::new(text).ok()).collect();
        let fits = |mime: &&&str| patterns.iter().any(|pattern| pattern.matches(mime));
        let types = FileType::all().filter(|kind| kind.mimes().iter().find(fits).is_some());
        Mimes {
            types: types.map(FileType::name).collect(),
            patterns,
            source: condition.mime_source,
            inside: condition.inside_archives,
        }
    }

    pub(super) fn ask(&self, subject: &Subject<'_>) -> Answer {
        match subject.places(self.inside, |one| self.fits(one.leaf)) {
            Some(found) => Answer::yes(format!("the MIME type of {found} is on the list")),
            None => Answer::no("no attachment has a MIME type on the list"),
        }
    }

    fn fits(&self, leaf: &Leaf) -> bool {
        let declared = || {
            let mime: Vec<char> = leaf.mime.to_lowercase().chars().collect();
            !mime.is_empty() && self.patterns.iter().any(|pattern| pattern.fits(&mime))
        };
        let detected = || leaf.types.iter().any(|name| self.types.contains(name.as_str()));
        match self.source {
            MimeSource::Declared => declared(),
            MimeSource::Detected => detected(),
            MimeSource::Either => declared() || detected(),
        }
    }
}
