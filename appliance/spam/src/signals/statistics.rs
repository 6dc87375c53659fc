//! Statistics over words. What they say is bounded: they know the mail of other years.

use crate::model::Model;
use crate::osb;
use crate::said::{Group, Say, Signal, Toward};
use crate::sight::Sight;

pub(super) const WORDS_OF_SPAM: Signal = Signal {
    name: "words-of-unwanted-mail",
    group: Group::Statistics,
    toward: Toward::Unwanted(None),
    prior: 1.2,
    words: "words stand together as they do in unwanted mail",
};

pub(super) const WORDS_OF_HAM: Signal = Signal {
    name: "words-of-wanted-mail",
    group: Group::Statistics,
    toward: Toward::Wanted,
    prior: 0.7,
    words: "words stand together as they do in wanted mail",
};

pub(super) const SIGNALS: &[&Signal] = &[&WORDS_OF_SPAM, &WORDS_OF_HAM];

/// Says what the model's table makes of the words.
pub(super) fn look(sight: &Sight<'_>, model: &Model, say: &mut Say) {
    let table = model.table();
    if table.is_empty() {
        return;
    }
    let reading = osb::read(sight, &table);
    let words = || reading.words.join(", ");
    say.that(&WORDS_OF_SPAM, reading.score, words());
    say.that(&WORDS_OF_HAM, -reading.score, words());
}
