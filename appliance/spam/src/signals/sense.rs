//! What was learned of the things that wanted and unwanted mail is about, in any language.

use crate::model::Model;
use crate::said::{Group, Say, Signal, Toward};
use crate::sense;
use crate::sight::Sight;

const UNWANTED: Signal = Signal {
    name: "sense-of-unwanted-mail",
    group: Group::Sense,
    toward: Toward::Unwanted(None),
    prior: 3.0,
    words: "is about what unwanted mail is about, in the form that it has",
};

const WANTED: Signal = Signal {
    name: "sense-of-wanted-mail",
    group: Group::Sense,
    toward: Toward::Wanted,
    prior: 1.2,
    words: "is about what wanted mail is about, in the form that it has",
};

pub(super) const SIGNALS: &[&Signal] = &[&UNWANTED, &WANTED];

/// Says what the model's table makes of classes and facts.
pub(super) fn look(sight: &Sight<'_>, model: &Model, say: &mut Say) {
    let table = model.senses();
    if table.is_empty() {
        return;
    }
    let reading = table.read(&sense::features(sight, say.so_far()));
    let names = || reading.names.join(", ");
    say.that(&UNWANTED, reading.score, names());
    say.that(&WANTED, -reading.score, names());
}
