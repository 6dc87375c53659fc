//! The signals: one file each, independent of the others.

mod attachment;
mod bulk;
mod campaign;
mod dates;
mod history;
mod imitation;
mod impostor;
mod language;
mod learned;
mod link;
mod listed;
mod mailer;
mod page;
mod picture;
mod recipient;
mod route;
mod sender;
mod sense;
mod speech;
mod statistics;
mod subject;
mod together;
mod topic;

use crate::model::Model;
use crate::said::{Say, Signal};
use crate::sight::Sight;

/// One file of signals.
struct Look {
    signals: &'static [&'static Signal],
    look: fn(&Sight<'_>, &mut Say),
}

/// One file of signals that need the model.
struct LookWith {
    signals: &'static [&'static Signal],
    look: fn(&Sight<'_>, &Model, &mut Say),
}

/// Every file of signals that need neither a model nor what others said.
const LOOKS: &[Look] = &[
    Look { signals: sender::SIGNALS, look: sender::look },
    Look { signals: mailer::SIGNALS, look: mailer::look },
    Look { signals: dates::SIGNALS, look: dates::look },
    Look { signals: route::SIGNALS, look: route::look },
    Look { signals: recipient::SIGNALS, look: recipient::look },
    Look { signals: subject::SIGNALS, look: subject::look },
    Look { signals: bulk::SIGNALS, look: bulk::look },
    Look { signals: page::SIGNALS, look: page::look },
    Look { signals: attachment::SIGNALS, look: attachment::look },
    Look { signals: link::SIGNALS, look: link::look },
    Look { signals: listed::SIGNALS, look: listed::look },
    Look { signals: imitation::SIGNALS, look: imitation::look },
    Look { signals: impostor::SIGNALS, look: impostor::look },
    Look { signals: speech::SIGNALS, look: speech::look },
    Look { signals: topic::SIGNALS, look: topic::look },
    Look { signals: language::SIGNALS, look: language::look },
    Look { signals: picture::SIGNALS, look: picture::look },
    Look { signals: history::SIGNALS, look: history::look },
    Look { signals: learned::SIGNALS, look: learned::look },
];

/// Those that need the model.
const WITH_MODEL: &[LookWith] = &[
    LookWith { signals: sense::SIGNALS, look: sense::look },
    LookWith { signals: statistics::SIGNALS, look: statistics::look },
    LookWith { signals: campaign::SIGNALS, look: campaign::look },
];

/// The one that needs what all others said.
const LAST: Look = Look { signals: together::SIGNALS, look: together::look };

/// Every signal there is.
pub fn all() -> impl Iterator<Item = &'static Signal> {
    let plain = LOOKS.iter().chain([&LAST]).map(|look| look.signals);
    plain.chain(WITH_MODEL.iter().map(|look| look.signals)).flat_map(|all| all.iter().copied())
}

/// Looks at a message with every signal that needs neither a model nor what others said.
pub(crate) fn look_plainly(sight: &Sight<'_>, say: &mut Say) {
    for one in LOOKS {
        (one.look)(sight, say);
    }
}

/// Looks at a message with every signal.
pub(crate) fn look(sight: &Sight<'_>, model: &Model, say: &mut Say) {
    look_plainly(sight, say);
    for one in WITH_MODEL {
        (one.look)(sight, model, say);
    }
    (LAST.look)(sight, say);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_signal_has_a_name_of_its_own_and_a_bounded_prior() {
        let mut names = BTreeSet::new();
        for signal in all() {
            assert!(names.insert(signal.name), "{} twice", signal.name);
            assert!((0.0..=4.0).contains(&signal.prior), "{}", signal.name);
            assert!(!signal.words.is_empty() && !signal.words.ends_with('.'), "{}", signal.name);
        }
    }
}
