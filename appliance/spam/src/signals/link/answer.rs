//! Where an answer is asked for when there is nothing to click: another mailbox, a telephone.

use std::ops::RangeInclusive;

use mail::SpamClass;

use crate::domains::{are_kin, is_free_mail};
use crate::said::{Group, Say, Signal, Toward};
use crate::sight::Sight;
use crate::standing::Clicks;

pub(in crate::signals) const ELSEWHERE: Signal = Signal {
    name: "link-answer-elsewhere",
    group: Group::Link,
    toward: Toward::Unwanted(Some(SpamClass::Spam)),
    prior: 1.0,
    words: "an answer is asked for at a free mailbox that is not the sender's",
};
pub(in crate::signals) const CALLBACK: Signal = Signal {
    name: "link-callback",
    group: Group::Link,
    toward: Toward::Unwanted(Some(SpamClass::Phishing)),
    prior: 0.3,
    words: "there is a telephone number and nothing to click",
};

/// Octets of text that are looked at.
const OCTETS: usize = 6000;
/// Digits of a telephone number.
const DIGITS: RangeInclusive<usize> = 9..=14;

pub(super) fn look(sight: &Sight<'_>, clicks: &Clicks<'_>, say: &mut Say) {
    let text = &sight.body.shown;
    let text = text.get(..text.floor_char_boundary(OCTETS)).unwrap_or_default();
    let is_answer = sight.headers.has("In-Reply-To") || sight.headers.has("References");
    if !is_answer && text.contains('@') {
        elsewhere(sight, text, say);
    }
    if clicks.strange().next().is_none() {
        callback(text, say);
    }
}

/// A free mailbox in the text that is nobody's in the header.
fn elsewhere(sight: &Sight<'_>, text: &str, say: &mut Say) {
    let headers = &sight.headers;
    let known = |address: &str| {
        let mut all = headers.from().iter().chain(headers.to());
        all.any(|one| one.address == address)
    };
    let from = headers.from().first().map_or("", |from| from.local());
    let home = headers.from().first().map_or("", |from| from.domain());
    let spoken = text.lines().filter(|line| !line.starts_with('>') && !line.contains("wrote"));
    for word in spoken.flat_map(str::split_whitespace).filter(|word| word.contains('@')).take(20) {
        let word = word.trim_matches(|one: char| !one.is_alphanumeric()).to_lowercase();
        let word = word.trim_start_matches("mailto:");
        let Some((local, domain)) = word.rsplit_once('@') else { continue };
        if is_free_mail(domain)
            && !known(word)
            && (is_free_mail(home) || !are_kin(domain, home))
            && !shares_a_word(local, from)
        {
            let is_short = text.len() < 2500;
            let strength = if is_short { 1.0 } else { 0.6 };
            say.that(&ELSEWHERE, strength, format!("the text asks to write to {word}"));
        }
    }
}

/// Whether two local parts have a word of four letters in common.
fn shares_a_word(one: &str, other: &str) -> bool {
    let words = one.split(|one: char| !one.is_alphabetic()).filter(|word| word.len() >= 4);
    words.into_iter().any(|word| other.contains(word))
}

fn callback(text: &str, say: &mut Say) {
    let numbers = numbers(text);
    let Some(first) = numbers.first() else { return };
    let is_toll_free = |number: &String| {
        let digits = number.trim_start_matches('1');
        let codes = ["800", "833", "844", "855", "866", "877", "888", "808", "0800", "0808"];
        codes.iter().any(|code| digits.starts_with(code))
    };
    let is_again = numbers.iter().skip(1).any(|number| number == first);
    let strength = if is_again || numbers.iter().any(is_toll_free) { 1.0 } else { 0.5 };
    say.that(&CALLBACK, strength, format!("the number {first}"));
}

/// Telephone numbers in a text, as digits.
pub(super) fn numbers(text: &str) -> Vec<String> {
    let mut numbers = Vec::new();
    let mut run = String::new();
    for one in text.chars().chain(['\n']) {
        let is_part = one.is_ascii_digit()
            || matches!(
                one,
                '+' | '-' | '.' | '(' | ')' | ' ' | '\u{a0}' | '\u{2011}' | '\u{2013}'
            );
        if is_part && run.len() < 40 {
            run.push(one);
            continue;
        }
        numbers.extend(number(&run));
        run.clear();
        if numbers.len() >= 20 {
            break;
        }
    }
    numbers
}

/// The digits of a run that reads as a telephone number: parted, or with a plus.
fn number(run: &str) -> Option<String> {
    let run = run.trim();
    let digits: String = run.chars().filter(char::is_ascii_digit).collect();
    let groups =
        run.split(|one: char| !one.is_ascii_digit()).filter(|group| !group.is_empty()).count();
    let is_parted = (3..=7).contains(&groups) || run.starts_with('+') || run.starts_with('(');
    let is_amount = run.matches('.').count() == 1 && groups == 2;
    (DIGITS.contains(&digits.len()) && is_parted && !is_amount).then_some(digits)
}
