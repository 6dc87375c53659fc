//! What the text wants of its reader: acts of speech, seen as classes of words that stand together
//! in neighbouring sentences, so that neither wording nor language matters.
//!
//! The acts are a table in `speech/acts.rs`. An act counts for more when it is complete, when the
//! message is short, and when it gives the way to do what it asks. Honest notices ask for the same
//! things with the same words: what they add, and the talk of people who know each other, speaks
//! for wanted mail.

mod acts;

use crate::lexicon::{Class, Meaning, Sentence, Set};
use crate::said::{Group, Say, Signal, Toward};
use crate::sight::{LinkKind, Sight};
use acts::{ACTS, Act, Way};

/// Neighbouring sentences that are read together.
const NEIGHBOURS: usize = 3;
/// Words of neighbouring sentences after which no other is read with them.
const WINDOW_WORDS: u32 = 70;
/// Words of a message that is a short note.
const NOTE_WORDS: u32 = 90;

const PROBE: Signal = Signal {
    name: "availability-probe",
    group: Group::Speech,
    toward: Toward::Unwanted(Some(mail::SpamClass::Impostor)),
    prior: 2.0,
    words: "a short note asks whether its reader is there for a favour, as impostors begin",
};
const HONEST: Signal = Signal {
    name: "honest-notice",
    group: Group::Speech,
    toward: Toward::Wanted,
    prior: 0.6,
    words: "tells its reader that nothing needs to be done",
};
const NEVER: Signal = Signal {
    name: "never-asks",
    group: Group::Speech,
    toward: Toward::Wanted,
    prior: 0.5,
    words: "says that secrets are never asked for",
};
const TALK: Signal = Signal {
    name: "talk",
    group: Group::Speech,
    toward: Toward::Wanted,
    prior: 1.2,
    words: "reads as people write who know each other",
};
const TECHNICAL: Signal = Signal {
    name: "technical-talk",
    group: Group::Speech,
    toward: Toward::Wanted,
    prior: 1.0,
    words: "is about the making of software",
};

pub(super) const SIGNALS: &[&Signal] = &[
    &PROBE,
    &HONEST,
    &NEVER,
    &TALK,
    &TECHNICAL,
    &acts::CREDENTIALS,
    &acts::THREAT,
    &acts::FULL,
    &acts::HELD_MAIL,
    &acts::PAYMENT_FAILED,
    &acts::PARCEL,
    &acts::REFUND,
    &acts::FINE,
    &acts::DOCUMENT,
    &acts::VOICEMAIL,
    &acts::SCAN,
    &acts::RENEW,
    &acts::CALLBACK,
    &acts::GIFT_CARD,
    &acts::SECRET_PAYMENT,
    &acts::BANK_CHANGE,
    &acts::PAYROLL,
    &acts::EXTORTION,
    &acts::ADVANCE,
    &acts::DONATION,
    &acts::LOTTERY,
    &acts::INVESTMENT,
    &acts::JOB,
    &acts::LOAN,
    &acts::REWARD,
    &acts::WALLET,
    &acts::LEGAL,
    &acts::CONSENT,
    &acts::ALARM,
    &acts::PRESSED,
];

pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    let meaning = &sight.meaning;
    let ways = Ways::of(sight);
    let calm = calm(meaning);
    let windows = windows(meaning, ways.marks());
    for act in ACTS {
        if let Some((strength, sentence)) = done(act, meaning, &windows, ways) {
            say.that(act.signal, strength * calm, quoted(meaning, sentence));
        }
    }
    probe(meaning, ways, say);
    wanted(meaning, say);
}

/// What a reader can do.
#[derive(Debug, Clone, Copy)]
struct Ways {
    has_link: bool,
    has_number: bool,
    has_file: bool,
}

impl Ways {
    fn of(sight: &Sight<'_>) -> Self {
        let is_way = |kind| !matches!(kind, LinkKind::Fetched);
        Ways {
            has_link: sight.links.iter().any(|link| is_way(link.kind)),
            has_number: sight.meaning.all.has(Class::Number),
            has_file: sight.mail.parts.iter().any(message::Part::is_attachment),
        }
    }

    /// What every sentence of the message can refer to.
    fn marks(self) -> Set {
        if self.has_link { Set::of(&[Class::Link]) } else { Set::default() }
    }

    /// How well the message offers the way that an act needs.
    fn share(self, way: Way, words: u32) -> f32 {
        match way {
            Way::Link if self.has_link || self.has_file => 1.0,
            Way::Link => 0.3,
            Way::Call if self.has_number => 1.0,
            Way::Call => 0.0,
            Way::Answer if !self.has_link => 1.0,
            Way::Answer if words < NOTE_WORDS * 2 => 0.7,
            Way::Answer => 0.4,
            Way::Any => 1.0,
        }
    }
}

/// Sentences that stand together, and what all of them are about.
struct Window<'m> {
    first: &'m Sentence,
    set: Set,
}

fn windows(meaning: &Meaning, marks: Set) -> Vec<Window<'_>> {
    let mut all = Vec::with_capacity(meaning.sentences.len());
    for (number, first) in meaning.sentences.iter().enumerate() {
        let (mut set, mut words) = (meaning.subject.with(marks), 0);
        for one in meaning.sentences.iter().skip(number).take(NEIGHBOURS) {
            if words > 0 && words + one.words > WINDOW_WORDS {
                break;
            }
            words += one.words;
            set = set.with(one.set);
        }
        all.push(Window { first, set });
    }
    all
}

/// How completely an act is done, and where it begins.
fn done<'m>(
    act: &Act,
    meaning: &'m Meaning,
    windows: &[Window<'m>],
    ways: Ways,
) -> Option<(f32, &'m Sentence)> {
    let can_be = |set: Set| act.needs.iter().all(|need| set.meets(*need));
    let own = act.needs.first().copied().unwrap_or_default();
    let least = if meaning.words < NOTE_WORDS { (act.least - 1).max(3) } else { act.least };
    let all = meaning.all.with(ways.marks());
    if !can_be(all) || meaning.distinct_of(own) < act.own || meaning.distinct_of(act.all()) < least
    {
        return None;
    }
    let is_there = |window: &&Window<'_>| can_be(window.set);
    let here = |window: &&Window<'_>| window.first.set.meets(own);
    let found =
        windows.iter().filter(is_there).find(here).or_else(|| windows.iter().find(is_there));
    let (window, nearness) = match (found, act.is_wide) {
        (Some(window), _) => (window, 1.0),
        (None, true) => (windows.iter().find(here)?, 0.8),
        (None, false) => return None,
    };
    let met = act.more.iter().filter(|more| all.meets(**more)).count();
    let complete = 0.4 + 0.6 * share(met, act.more.len());
    let strength = complete * nearness * scale(meaning.words) * ways.share(act.way, meaning.words);
    Some((strength, window.first))
}

#[expect(clippy::cast_precision_loss, reason = "both are small")]
fn share(part: usize, whole: usize) -> f32 {
    if whole == 0 { 1.0 } else { part as f32 / whole as f32 }
}

/// One sentence says little in a long text.
fn scale(words: u32) -> f32 {
    match words {
        0..=150 => 1.0,
        151..=300 => 0.85,
        301..=500 => 0.65,
        501..=1000 => 0.4,
        _ => 0.2,
    }
}

/// Talk among people who discuss such mail, or answer it; notices that say what honest ones say.
fn calm(meaning: &Meaning) -> f32 {
    const NOTICE: Set = Set::of(&[Class::Honest, Class::Never]);
    let notice = if meaning.all.meets(NOTICE) { 0.65 } else { 1.0 };
    let talk = meaning.distinct(Class::Talk) + meaning.distinct(Class::Technical);
    let talk: f32 = match talk {
        0..=3 => 1.0,
        4..=7 => 0.7,
        _ => 0.4,
    };
    talk * notice
}

fn quoted(meaning: &Meaning, sentence: &Sentence) -> String {
    format!("\u{201c}{}\u{201d}", meaning.shown(sentence))
}

/// A short note that asks for readiness and gives a reason not to call back.
fn probe(meaning: &Meaning, ways: Ways, say: &mut Say) {
    const REASONS: Set =
        Set::of(&[Class::Busy, Class::Secret, Class::Favour, Class::Mobile, Class::Urgent]);
    const EXCUSES: Set = Set::of(&[Class::Busy, Class::Secret, Class::Mobile]);
    let asks = meaning.all.has(Class::Available)
        || meaning.all.has(Class::Favour) && meaning.all.meets(EXCUSES);
    if meaning.words > NOTE_WORDS || ways.has_link || !asks {
        return;
    }
    let strength = match meaning.all.common(REASONS).len() {
        0 => 0.25,
        1 => 0.5,
        2 => 0.8,
        _ => 1.0,
    };
    let calm = if meaning.distinct(Class::Talk) > 1 { 0.5 } else { 1.0 };
    let shown = meaning.shown_with(Set::of(&[Class::Available, Class::Favour]));
    say.that(&PROBE, strength * calm, format!("\u{201c}{shown}\u{201d}"));
}

fn wanted(meaning: &Meaning, say: &mut Say) {
    for (signal, class) in [(&HONEST, Class::Honest), (&NEVER, Class::Never)] {
        if meaning.all.has(class) {
            say.that(signal, scale(meaning.words), meaning.shown_with(Set::of(&[class])));
        }
    }
    let selling = meaning.distinct_of(SELLING);
    let is_odd = selling > 4 || !meaning.disguised.is_empty();
    let talk = meaning.distinct(Class::Talk);
    if talk > 1 && !is_odd {
        say.that(&TALK, count(talk - 1) / 6.0, meaning.shown_with(Set::of(&[Class::Talk])));
    }
    let technical = meaning.distinct(Class::Technical);
    if technical > 3 && !is_odd {
        let strength = count(technical - 3) / 6.0;
        say.that(&TECHNICAL, strength, meaning.shown_with(Set::of(&[Class::Technical])));
    }
}

/// Words that sell.
const SELLING: Set = Set::of(&[
    Class::Offer,
    Class::Discount,
    Class::Order,
    Class::Guarantee,
    Class::Hype,
    Class::ActNow,
    Class::Income,
    Class::Removal,
    Class::Beneficiary,
    Class::Lottery,
    Class::Sex,
    Class::Pharmacy,
]);

#[expect(clippy::cast_precision_loss, reason = "few words")]
fn count(words: u32) -> f32 {
    words as f32
}

#[cfg(test)]
mod tests;
