//! Who the sender says to be: the forms of From, Sender and Reply-To.

use crate::said::{Group, Say, Signal, Toward};
use crate::sight::Sight;

const NO_FROM: Signal = Signal {
    name: "no-from",
    group: Group::Sender,
    toward: Toward::Unwanted(None),
    prior: 1.5,
    words: "there is no sender in the header",
};

pub(super) const SIGNALS: &[&Signal] = &[&NO_FROM];

pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    if sight.headers.from().iter().all(|one| one.address.is_empty()) {
        say.that(&NO_FROM, 1.0, sight.headers.first("From").unwrap_or("no From"));
    }
}
