//! The signals: one file each, independent of the others.

mod attachment;
mod bulk;
mod campaign;
mod dates;
mod history;
mod imitation;
mod impostor;
mod language;
mod link;
mod mailer;
mod page;
mod picture;
mod recipient;
mod route;
mod sender;
mod speech;
mod statistics;
mod subject;
mod together;
mod topic;

use crate::said::{Say, Signal};
use crate::sight::Sight;

/// One file of signals.
struct Look {
    signals: &'static [&'static Signal],
    look: fn(&Sight<'_>, &mut Say),
}

/// Every file of signals. Those whose signals need what others said stand last.
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
    Look { signals: imitation::SIGNALS, look: imitation::look },
    Look { signals: impostor::SIGNALS, look: impostor::look },
    Look { signals: speech::SIGNALS, look: speech::look },
    Look { signals: topic::SIGNALS, look: topic::look },
    Look { signals: language::SIGNALS, look: language::look },
    Look { signals: picture::SIGNALS, look: picture::look },
    Look { signals: statistics::SIGNALS, look: statistics::look },
    Look { signals: campaign::SIGNALS, look: campaign::look },
    Look { signals: history::SIGNALS, look: history::look },
    Look { signals: together::SIGNALS, look: together::look },
];

/// Every signal there is.
pub fn all() -> impl Iterator<Item = &'static Signal> {
    LOOKS.iter().flat_map(|look| look.signals.iter().copied())
}

/// Looks at a message with every signal.
pub(crate) fn look(sight: &Sight<'_>, say: &mut Say) {
    for one in LOOKS {
        (one.look)(sight, say);
    }
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
