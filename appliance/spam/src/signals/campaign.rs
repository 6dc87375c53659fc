//! Known campaigns: texts that were reported as unwanted, known again by their sketches.

use crate::model::Model;
use crate::said::{Group, Say, Signal, Toward};
use crate::shingle::Sketch;
use crate::sight::Sight;

/// How much of a text must be the same.
const LIKENESS: f32 = 0.5;

pub(super) const KNOWN_CAMPAIGN: Signal = Signal {
    name: "known-campaign",
    group: Group::Campaign,
    toward: Toward::Unwanted(None),
    prior: 2.0,
    words: "the text is like one that was reported as unwanted",
};

pub(super) const SIGNALS: &[&Signal] = &[&KNOWN_CAMPAIGN];

/// Says whether the text is like one of the model's campaigns.
pub(super) fn look(sight: &Sight<'_>, model: &Model, say: &mut Say) {
    let campaigns = model.campaigns();
    if campaigns.is_empty() {
        return;
    }
    let nearest = Sketch::of(&sight.body.folded).and_then(|sketch| campaigns.nearest(&sketch));
    if let Some((at, likeness)) = nearest.filter(|(_, likeness)| *likeness >= LIKENESS) {
        let evidence = format!("{:.0} % of it is that of campaign {}", likeness * 100.0, at + 1);
        say.that(&KNOWN_CAMPAIGN, likeness, evidence);
    }
}
