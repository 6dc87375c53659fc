//! What a text is about, read by what was learned: each class of words of the lexicon and each plain
//! fact of the message's form, alone and two together, with a learned weight.
//!
//! Classes mean the same in every language that the lexicon knows, so what is learned of one serves
//! all. A message's features share one say: each counts the square root of their number less, so
//! that a long text says no more than a short one. [`Table`] holds the weights in place.

use crate::domains::{cheapness, is_free_mail, registrable};
use crate::lexicon::{CLASSES, Meaning, Set, class_name};
use crate::said::{Group, Said, Toward};
use crate::sight::Sight;
use crate::standing::{Clicks, Standing};

/// Classes and facts that there is room for.
const SENSES: usize = 192;
/// Where facts begin.
const FACTS: usize = 128;
const _: () = assert!(CLASSES <= FACTS);
const _: () = assert!(FACTS + Fact::NAMES.len() <= SENSES);

/// Octets of a table: the intercept, then one weight for each two senses.
pub const OCTETS: usize = 4 + SENSES * SENSES;
/// Quantised weights are log-odds times this.
pub const STEPS: f32 = 16.0;
/// Log-odds at which a reading is as strong as it gets.
const FULL: f32 = 4.0;
/// Neighbouring sentences whose classes stand together, and how many of them are looked at.
const NEIGHBOURS: usize = 3;
const SENTENCES: usize = 80;
/// Words of the shortest message that is read.
const LEAST_WORDS: u32 = 4;
/// Features that are named as evidence.
const NAMED: usize = 3;

macro_rules! facts {
    ($($name:ident $words:literal)*) => {
        /// What the form of a message is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        enum Fact { $($name,)* }

        impl Fact {
            const NAMES: &[&str] = &[$($words,)*];
        }
    };
}

facts! {
    Line "one line" Note "a note" Letter "a letter" Page "a page" Book "a long text"
    NoLink "no link" OneLink "one link" SomeLinks "some links" ManyLinks "many links"
    Strange "a stranger's link" Own "the sender's links" Hosted "a link to free room"
    Short "a short link" Known "a known site's link"
    Html "HTML" Plain "plain text" File "a file" Picture "a picture"
    FreeSender "free mail" RoleSender "a machine's address" CheapSender "a cheap domain"
    Elsewhere "answers elsewhere" ElsewhereFree "answers to free mail"
    Quoted "a quoted letter" Reply "an answer" Forward "a forwarded letter" NoSubject "no subject"
    OddHeader "a made-up header" OddSender "an odd sender" OddRecipient "an odd recipient"
    OddLink "an odd link" Worn "a worn name" OddPage "an odd page" OddPicture "an odd picture"
    OddFile "an odd file" OddLetters "odd letters" Loud "capitals" Calling "exclamation marks" English "English" Foreign "another language"
}

/// Learned weights, read in place.
#[derive(Debug, Clone, Copy, Default)]
pub struct Table<'a> {
    intercept: f32,
    weights: &'a [u8],
}

impl<'a> Table<'a> {
    /// Opens a table; empty octets are an empty one. `None` when it is damaged.
    #[must_use]
    pub fn open(octets: &'a [u8]) -> Option<Self> {
        if octets.is_empty() {
            return Some(Table::default());
        }
        let (intercept, weights) = octets.split_first_chunk()?;
        let intercept = f32::from_le_bytes(*intercept);
        let is_whole = octets.len() == OCTETS && intercept.abs() <= 20.0;
        is_whole.then_some(Table { intercept, weights })
    }

    /// Puts a table together: the intercept and the weights by feature, in log-odds.
    #[must_use]
    pub fn put_together(intercept: f32, weights: &[(u16, f32)]) -> Vec<u8> {
        let mut octets = vec![0; OCTETS];
        let (head, body) = octets.split_at_mut(4);
        head.copy_from_slice(&intercept.to_le_bytes());
        for (feature, weight) in weights {
            if let Some(octet) = body.get_mut(usize::from(*feature)) {
                // Clamped to what fits.
                #[expect(clippy::cast_possible_truncation, reason = "clamped")]
                let step = (weight * STEPS).round().clamp(-127.0, 127.0) as i8;
                *octet = step.cast_unsigned();
            }
        }
        octets
    }

    /// Whether it knows nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    fn weight(&self, feature: u16) -> f32 {
        let octet = self.weights.get(usize::from(feature)).copied().unwrap_or_default();
        f32::from(octet.cast_signed()) / STEPS
    }

    /// Reads the features of a message.
    #[must_use]
    pub fn read(&self, features: &[u16]) -> Reading {
        if self.is_empty() || features.is_empty() {
            return Reading::default();
        }
        let share = share(features.len());
        let sum: f32 = features.iter().map(|one| self.weight(*one)).sum();
        let log_odds = self.intercept + sum * share;
        let mut parts: Vec<(u16, f32)> = features
            .iter()
            .map(|one| (*one, self.weight(*one) * log_odds.signum()))
            .filter(|(_, part)| *part > 0.0)
            .collect();
        parts.sort_by(|one, two| two.1.total_cmp(&one.1).then(one.0.cmp(&two.0)));
        let names = parts.iter().take(NAMED).map(|(one, _)| name(*one)).collect();
        Reading { score: (log_odds / FULL).clamp(-1.0, 1.0), names }
    }
}

/// What each of `count` features counts.
#[must_use]
pub fn share(count: usize) -> f32 {
    let count = u16::try_from(count).unwrap_or(u16::MAX);
    f32::from(count).max(1.0).sqrt().recip()
}

/// What a table makes of a message.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// From -1, as wanted mail is, to 1, as unwanted mail is.
    pub score: f32,
    /// What weighed most.
    pub names: Vec<String>,
}

/// A feature's name in words.
fn name(feature: u16) -> String {
    let (one, two) = (usize::from(feature) / SENSES, usize::from(feature) % SENSES);
    let name = |sense: usize| match sense.checked_sub(FACTS) {
        Some(fact) => Fact::NAMES.get(fact).copied().unwrap_or_default(),
        None => class_name(sense),
    };
    if one == two { name(one).to_owned() } else { format!("{} with {}", name(one), name(two)) }
}

/// The features of a message of which this was said, each once, in order.
#[must_use]
pub(crate) fn features(sight: &Sight<'_>, said: &[Said]) -> Vec<u16> {
    let meaning = &sight.meaning;
    // A message without words is about nothing.
    if meaning.words < LEAST_WORDS {
        return Vec::new();
    }
    let facts = facts(sight, said);
    let classes: Vec<usize> = meaning.all.places().collect();
    let mut all = Vec::with_capacity((classes.len() + 1) * (facts.len() + 2));
    for (number, one) in facts.iter().enumerate() {
        all.push(feature(*one, *one));
        all.extend(facts.iter().skip(number + 1).map(|two| feature(*one, *two)));
        all.extend(classes.iter().map(|class| feature(*class, *one)));
    }
    all.extend(classes.iter().map(|class| feature(*class, *class)));
    for set in together(meaning) {
        let near: Vec<usize> = set.places().collect();
        for (number, one) in near.iter().enumerate() {
            all.extend(near.iter().skip(number + 1).map(|two| feature(*one, *two)));
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether a feature is two senses together.
#[must_use]
pub fn is_pair(feature: u16) -> bool {
    usize::from(feature) / SENSES != usize::from(feature) % SENSES
}

fn feature(one: usize, two: usize) -> u16 {
    let (least, most) = if one <= two { (one, two) } else { (two, one) };
    u16::try_from(least * SENSES + most).unwrap_or_default()
}

/// Classes of neighbouring sentences, the subject's with each, equal neighbours once.
fn together(meaning: &Meaning) -> Vec<Set> {
    let sentences = meaning.sentences.get(..meaning.sentences.len().min(SENTENCES));
    let sentences = sentences.unwrap_or_default();
    let near = |number: usize| {
        let few = sentences.iter().skip(number).take(NEIGHBOURS);
        few.fold(meaning.subject, |set, one| set.with(one.set))
    };
    let mut sets: Vec<Set> = (0..sentences.len()).map(near).collect();
    sets.dedup();
    sets
}

/// What a signal must weigh by its prior to be a fact.
const TELLING: f32 = 0.6;

/// The fact that a signal of a group stands for.
fn fact_of(group: Group) -> Option<Fact> {
    Some(match group {
        Group::Header => Fact::OddHeader,
        Group::Sender => Fact::OddSender,
        Group::Recipient => Fact::OddRecipient,
        Group::Link => Fact::OddLink,
        Group::Imitation => Fact::Worn,
        Group::Page => Fact::OddPage,
        Group::Picture => Fact::OddPicture,
        Group::Attachment => Fact::OddFile,
        Group::Language => Fact::OddLetters,
        _ => return None,
    })
}

/// The facts of a message, as places, each once.
fn facts(sight: &Sight<'_>, said: &[Said]) -> Vec<usize> {
    let mut all = vec![length(sight.meaning.words)];
    let telling = said.iter().filter(|one| {
        matches!(one.signal.toward, Toward::Unwanted(_))
            && one.strength * one.signal.prior >= TELLING
    });
    for fact in telling.filter_map(|one| fact_of(one.signal.group)) {
        if !all.contains(&fact) {
            all.push(fact);
        }
    }
    of_links(sight, &mut all);
    of_sender(sight, &mut all);
    of_form(sight, &mut all);
    all.into_iter().map(|fact| FACTS + usize::from(fact as u8)).collect()
}

fn length(words: u32) -> Fact {
    match words {
        0..=24 => Fact::Line,
        25..=79 => Fact::Note,
        80..=199 => Fact::Letter,
        200..=499 => Fact::Page,
        _ => Fact::Book,
    }
}

fn of_links(sight: &Sight<'_>, all: &mut Vec<Fact>) {
    let clicks = Clicks::of(sight);
    all.push(match clicks.calls().count() {
        0 => Fact::NoLink,
        1 => Fact::OneLink,
        2..=5 => Fact::SomeLinks,
        _ => Fact::ManyLinks,
    });
    let has = |is: fn(&Standing) -> bool| clicks.calls().any(|click| is(&click.standing));
    let pairs = [
        (Fact::Strange, has(|one| matches!(one, Standing::Foreign | Standing::Number))),
        (Fact::Own, clicks.all_are_own()),
        (Fact::Hosted, has(|one| matches!(one, Standing::Hosted(_)))),
        (Fact::Short, has(|one| matches!(one, Standing::Short))),
        (Fact::Known, has(|one| matches!(one, Standing::Known))),
    ];
    all.extend(pairs.into_iter().filter(|(_, is)| *is).map(|(fact, _)| fact));
}

/// Local parts of addresses that nobody reads.
const ROLES: &[&str] = &[
    "noreply",
    "no-reply",
    "donotreply",
    "do-not-reply",
    "notif",
    "alert",
    "info",
    "news",
    "mail",
];

fn of_sender(sight: &Sight<'_>, all: &mut Vec<Fact>) {
    let Some(from) = sight.headers.from().first() else { return };
    let elsewhere = sight.headers.reply_to().iter().find(|one| {
        !one.address.is_empty() && registrable(one.domain()) != registrable(from.domain())
    });
    let is_role = ROLES.iter().any(|role| from.local().starts_with(role));
    let pairs = [
        (Fact::FreeSender, is_free_mail(from.domain())),
        (Fact::RoleSender, is_role),
        (Fact::CheapSender, cheapness(from.domain()) > 0.4),
        (Fact::Elsewhere, elsewhere.is_some()),
        (Fact::ElsewhereFree, elsewhere.is_some_and(|one| is_free_mail(one.domain()))),
    ];
    all.extend(pairs.into_iter().filter(|(_, is)| *is).map(|(fact, _)| fact));
}

fn of_form(sight: &Sight<'_>, all: &mut Vec<Fact>) {
    let subject = sight.subject_folded.as_str();
    let begins = |marks: &[&str]| marks.iter().any(|mark| subject.starts_with(mark));
    let text = &sight.body.shown;
    let is_quoted = text.lines().any(|line| line.starts_with('>'))
        || ["-----Original", " wrote:", "\u{a0}wrote:", "schrieb:", "a \u{e9}crit"]
            .iter()
            .any(|mark| text.contains(mark));
    let facts = &sight.shown_facts;
    let tongue = sight.meaning.tongue;
    let pairs = [
        (Fact::Html, sight.body.has_html),
        (Fact::Plain, !sight.body.has_html),
        (Fact::File, sight.mail.parts.iter().any(message::Part::is_attachment)),
        (Fact::Picture, !sight.pictures.is_empty()),
        (Fact::Quoted, is_quoted),
        (Fact::Reply, begins(&["re:", "aw:", "sv:", "antw:", "odp:"])),
        (Fact::Forward, begins(&["fw:", "fwd:", "wg:", "tr:", "rv:"])),
        (Fact::NoSubject, subject.is_empty()),
        (Fact::Loud, facts.ascii > 60 && facts.capitals * 3 > facts.ascii),
        (Fact::Calling, text.bytes().filter(|octet| *octet == b'!').take(3).count() == 3),
        (Fact::English, tongue == Some("en")),
        (Fact::Foreign, tongue.is_some_and(|tongue| tongue != "en")),
    ];
    all.extend(pairs.into_iter().filter(|(_, is)| *is).map(|(fact, _)| fact));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made::sighted;

    const LURE: &[u8] = b"From: a <a@gmail.com>\r\nSubject: hello\r\n\r\nPlease verify your password now. It expires today.\r\n";

    fn named(raw: &[u8]) -> Vec<String> {
        sighted(raw, |sight| features(sight, &[]).into_iter().map(name).collect())
    }

    #[test]
    fn classes_and_facts_stand_alone_and_together() {
        let all = named(LURE);
        for wanted in ["password", "free mail", "password with free mail", "one line with no link"]
        {
            assert!(all.iter().any(|one| one == wanted), "{wanted} in {all:?}");
        }
        assert!(all.iter().any(|one| one == "password with verify"), "{all:?}");
        assert!(!all.iter().any(|one| one.contains("HTML")));
    }

    #[test]
    fn every_language_has_the_same_features() {
        let german = "From: a <a@gmail.com>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nBitte \u{e4}ndern Sie Ihr Kennwort.\r\n";
        assert!(named(german.as_bytes()).iter().any(|one| one == "password with free mail"));
    }

    #[test]
    fn a_reading_is_bounded_names_what_weighed_and_has_the_sign_of_the_weights() {
        let features = sighted(LURE, |sight| features(sight, &[]));
        let of = |weight: f32| {
            let weights: Vec<_> = features.iter().map(|one| (*one, weight)).collect();
            Table::open(&Table::put_together(0.5, &weights)).unwrap().read(&features)
        };
        let (bad, good) = (of(5.0), of(-5.0));
        assert!((bad.score - 1.0).abs() < 1e-6 && (good.score + 1.0).abs() < 1e-6);
        assert_eq!((bad.names.len(), good.names.len()), (NAMED, NAMED));
        assert_eq!(Table::default().read(&features), Reading::default());
    }

    #[test]
    fn a_damaged_table_is_none() {
        let whole = Table::put_together(0.0, &[]);
        assert!(Table::open(&whole).is_some() && Table::open(&[]).is_some());
        assert!(Table::open(&whole[..whole.len() - 1]).is_none());
        let mut endless = whole;
        endless[..4].copy_from_slice(&f32::NAN.to_le_bytes());
        assert!(Table::open(&endless).is_none());
    }

    #[test]
    fn a_great_text_has_bounded_features() {
        let mut raw = b"Subject: x\r\n\r\n".to_vec();
        raw.extend("verify password. win casino free. bank wire! ".repeat(3000).bytes());
        assert!(sighted(&raw, |sight| features(sight, &[])).len() < 2_000);
    }
}
