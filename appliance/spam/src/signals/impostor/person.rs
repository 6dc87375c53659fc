//! Names of people that are worth imitating.

use crate::domains::is_free_mail;
use crate::header::Mailbox;
use crate::said::Say;
use crate::settings::Person;
use crate::sight::Sight;
use crate::text::fold;

use super::PERSON;

/// Titles that stand beside names.
const TITLES: &[&str] = &[
    "dr",
    "prof",
    "mr",
    "mrs",
    "ms",
    "ing",
    "dipl",
    "mag",
    "phd",
    "mba",
    "ceo",
    "cfo",
    "coo",
    "cto",
    "president",
    "director",
    "herr",
    "frau",
    "jr",
    "sr",
    "sir",
    "chairman",
    "owner",
    "gf",
];

/// A display name that is a person's, from an address that is not.
pub(super) fn look(sight: &Sight<'_>, from: &Mailbox, say: &mut Say) {
    let shown = words(&from.name);
    if shown.is_empty() {
        return;
    }
    let is_theirs = |person: &Person| {
        person.addresses.iter().any(|one| one.to_string().eq_ignore_ascii_case(&from.address))
    };
    if sight.around.persons.iter().any(is_theirs) {
        return;
    }
    for person in sight.around.persons {
        let names = std::iter::once(&person.name).chain(&person.variants);
        let may_be = names.filter(|name| shares_a_word(name, &shown));
        let likeness = may_be.filter_map(|name| likeness(&shown, &words(name))).reduce(f32::max);
        let Some(likeness) = likeness else { continue };
        let strength = if is_own(sight, from.domain()) { 0.15 } else { likeness };
        let kind = if is_free_mail(from.domain()) { "the free mailbox" } else { "the address" };
        let evidence = format!("\"{}\" writes from {kind} {}", from.name, from.address);
        say.that(&PERSON, strength, evidence);
    }
}

/// Whether it is worth to compare: most of thousands of names are not.
fn shares_a_word(name: &str, shown: &[String]) -> bool {
    let lower = || name.to_ascii_lowercase();
    !name.is_ascii() || {
        let name = lower();
        let has = |word: &String| name.split(' ').any(|part| word.contains(part.trim_matches('.')));
        shown.iter().any(has)
    }
}

/// Whether a domain is the owner's: two people of one name work there, or one has two addresses.
fn is_own(sight: &Sight<'_>, domain: &str) -> bool {
    sight.around.own_domains.iter().any(|own| own == domain)
}

/// The words of a name, folded, without titles and initials, in order of the alphabet.
fn words(name: &str) -> Vec<String> {
    // What follows an at sign or stands in brackets is no name.
    let name = name.split(['@', '(', '[', '|', '<']).next().unwrap_or_default();
    let folded = fold(name);
    let words = folded.split(|one: char| !one.is_alphanumeric());
    let is_name = |word: &&str| word.chars().count() >= 2 && !TITLES.contains(word);
    let mut words: Vec<String> = words.filter(is_name).take(8).map(str::to_owned).collect();
    words.sort();
    words
}

/// How surely a shown name is a person's, when it may be: all words of one are in the other, and at
/// least two.
fn likeness(shown: &[String], name: &[String]) -> Option<f32> {
    let joined = || name.concat();
    if name.len() >= 2 && shown.len() == 1 {
        let one = shown.first()?;
        let is_joined = *one == joined() || *one == name.iter().rev().cloned().collect::<String>();
        return is_joined.then_some(0.8);
    }
    if shown.len() < 2 || name.len() < 2 {
        return None;
    }
    let common = shown.iter().filter(|word| name.contains(word)).count();
    match (common == shown.len(), common == name.len()) {
        (true, true) => Some(1.0),
        (false, true) if shown.len() <= name.len() + 2 => Some(0.8),
        (true, false) => Some(0.7),
        _ => None,
    }
}
