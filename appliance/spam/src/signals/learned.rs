//! What this gateway was taught by release and report. Bounded by its groups: it never decides
//! alone, whatever it was taught.

use crate::local;
use crate::said::{Group, Say, Signal, Toward};
use crate::sight::Sight;

/// How much of a text must be the same.
const LIKENESS: f32 = 0.5;

const LEARNED_UNWANTED: Signal = Signal {
    name: "learned-unwanted",
    group: Group::Statistics,
    toward: Toward::Unwanted(None),
    prior: 1.5,
    words: "it reads like mail that was called unwanted here",
};

const LEARNED_WANTED: Signal = Signal {
    name: "learned-wanted",
    group: Group::Statistics,
    toward: Toward::Wanted,
    prior: 1.5,
    words: "it reads like mail that was called wanted here",
};

const LEARNED_CAMPAIGN: Signal = Signal {
    name: "learned-campaign",
    group: Group::Campaign,
    toward: Toward::Unwanted(None),
    prior: 2.0,
    words: "the text is like one that was called unwanted here",
};

pub(super) const SIGNALS: &[&Signal] = &[&LEARNED_UNWANTED, &LEARNED_WANTED, &LEARNED_CAMPAIGN];

/// Says what was learnt of mail like this.
pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    let Some(learned) = sight.around.local.and_then(|local| local.of(sight)) else { return };
    let score = learned.score(&local::features(sight));
    let evidence = || format!("{:.0} % of what can be said", score.abs() * 100.0);
    say.that(&LEARNED_UNWANTED, score, evidence());
    say.that(&LEARNED_WANTED, -score, evidence());
    let nearest = local::nearest(learned, sight).filter(|(_, likeness)| *likeness >= LIKENESS);
    if let Some((_, likeness)) = nearest {
        say.that(&LEARNED_CAMPAIGN, likeness, format!("{:.0} % of it", likeness * 100.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::{Learned, Local, Material};
    use crate::made;
    use crate::sight::Around;

    fn raw(text: &str) -> String {
        let words: Vec<String> =
            (0..60).map(|n| format!("{text}{}", char::from(b'a' + n % 26))).collect();
        format!(
            "From: a@b.example\r\nSubject: {text}\r\n\r\n{} {}\r\n",
            words.join(" "),
            words.join(" x ")
        )
    }

    /// Tables by tenant that were taught one text.
    fn taught(tenant: &str, text: &str, weight: i8) -> Local {
        let raw = raw(text);
        let material = made::sighted(raw.as_bytes(), Material::of);
        let weights = vec![weight; material.features.len()];
        let sketches = if weight > 0 { material.sketch } else { Vec::new() };
        let learned = Learned { features: material.features, weights, sketches };
        Local { version: 1, tenants: [(tenant.to_owned(), learned)].into() }
    }

    fn said(local: &Local, to: &str, text: &str, name: &str) -> f32 {
        let recipients = [to.parse().unwrap()];
        let around = Around { local: Some(local), recipients: &recipients, ..Around::default() };
        made::sighted_with(raw(text).as_bytes(), &[], around, |sight| {
            let mut say = Say::default();
            look(sight, &mut say);
            made::strength(&say.into_list(), name)
        })
    }

    #[test]
    fn what_was_taught_is_known_again_and_other_mail_is_not() {
        let local = taught("all", "offer", 20);
        assert!(said(&local, "x@a.example", "offer", "learned-unwanted") > 0.9);
        assert!(said(&local, "x@a.example", "offer", "learned-campaign") > 0.9);
        for name in ["learned-unwanted", "learned-wanted", "learned-campaign"] {
            assert!(said(&local, "x@a.example", "minutes", name) < 0.01, "{name}");
        }
        let wanted = taught("all", "offer", -20);
        assert!(said(&wanted, "x@a.example", "offer", "learned-wanted") > 0.9);
    }

    #[test]
    fn one_tenant_does_not_learn_from_another() {
        let local = taught("a.example", "offer", 20);
        assert!(said(&local, "x@a.example", "offer", "learned-unwanted") > 0.9);
        assert!(said(&local, "x@b.example", "offer", "learned-unwanted") < 0.01);
    }
}
