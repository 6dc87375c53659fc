//! Languages, scripts and letters: words that are written for people and against filters, text that
//! is no language, and writing that its reader would not expect.

use mail::SpamClass;

use crate::lexicon::{Class, Disguise, Set};
use crate::said::{Group, Say, Signal, Toward};
use crate::sight::Sight;
use crate::text::{Facts, Scripts};

const fn signal(name: &'static str, prior: f32, words: &'static str) -> Signal {
    Signal { name, group: Group::Language, toward: Toward::Unwanted(None), prior, words }
}

const SPLIT: Signal = signal("unseen-in-words", 2.2, "words have unseen characters inside");
const MIXED: Signal =
    signal("mixed-scripts", 2.5, "words mix letters of several scripts that look alike");
const STYLED: Signal =
    signal("styled-letters", 1.2, "words are made of mathematical or boxed letters");
const TURNED: Signal =
    signal("turned-writing", 1.8, "text is written backwards with marks that turn it");
const DISGUISED: Signal =
    signal("disguised-words", 2.2, "words are spelled so that no filter reads them");
const SALAD: Signal =
    signal("hidden-prose", 2.0, "hidden text tells something else than the shown text");
const TAIL: Signal = signal("random-tail", 1.5, "ends in words that no language has");
const GIBBERISH: Signal = signal("gibberish", 1.2, "has many words that no language has");
const SHOUTED: Signal = signal("shouted", 1.2, "is written in capital letters");
const FOREIGN: Signal = Signal {
    name: "foreign-script",
    group: Group::Language,
    toward: Toward::Unwanted(Some(SpamClass::Spam)),
    prior: 0.5,
    words: "is written in a script that its names are not written in",
};
const EXCLAIMED: Signal = signal("exclaimed", 0.8, "has many exclamation marks and currency signs");

pub(super) const SIGNALS: &[&Signal] = &[
    &SPLIT, &MIXED, &STYLED, &TURNED, &DISGUISED, &SALAD, &TAIL, &GIBBERISH, &SHOUTED, &FOREIGN,
    &EXCLAIMED,
];

/// Words of hidden text that are more than a preheader.
const SALAD_WORDS: usize = 40;
/// Letters of a text that is long enough to be judged by their kinds.
const LETTERS: u32 = 120;

pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    letters(&sight.subject_facts, 2, say);
    letters(&sight.shown_facts, 1, say);
    disguised(&sight.meaning.disguised, say);
    salad(sight, say);
    gibberish(&sight.body.folded, &sight.shown_facts, say);
    shouted(&sight.shown_facts, say);
    foreign(sight, say);
    exclaimed(sight, say);
}

/// Letters that are not what they seem; in a subject each counts for more.
fn letters(facts: &Facts, weight: u32, say: &mut Say) {
    let told = |count: u32, what: &str| format!("{count} {what}, first {:?}", facts.example);
    let is_asian = facts.scripts.asian() > 4;
    if facts.split > 0 {
        say.that(&SPLIT, few(facts.split * weight, 3), told(facts.split, "words"));
    }
    if facts.mixed > 0 {
        say.that(&MIXED, few(facts.mixed * weight, 3), told(facts.mixed, "words"));
    }
    if facts.styled > 1 && !is_asian {
        say.that(&STYLED, few(facts.styled * weight, 6), told(facts.styled, "words"));
    }
    let writes_left = facts.scripts.arabic + facts.scripts.hebrew > 0;
    if facts.turned > 0 && !writes_left {
        say.that(&TURNED, few(facts.turned * weight, 4), format!("{} marks", facts.turned));
    }
}

fn few(count: u32, full: u32) -> f32 {
    (float(count) / float(full)).clamp(0.3, 1.0)
}

fn disguised(words: &[Disguise], say: &mut Say) {
    /// Words that honest people write so in fun or to be polite.
    const MILD: Set = Set::of(&[Class::Free, Class::Win, Class::Hype]);
    let Some(first) = words.first() else { return };
    let hard = words.iter().filter(|one| !one.set.common(MILD).eq(&one.set)).count();
    let strength = match (hard, words.len()) {
        (0, 1) => 0.2,
        (0, _) => 0.4,
        (1, _) => 0.7,
        _ => 1.0,
    };
    say.that(&DISGUISED, strength, format!("{:?} reads {}", first.written, first.reads));
}

/// Hidden prose that shares few words with what is shown. Preheaders are short, and hidden versions
/// for narrow screens say the same again.
fn salad(sight: &Sight<'_>, say: &mut Say) {
    let hidden = crate::text::fold(&sight.body.hidden);
    let words: Vec<&str> = hidden.split(' ').filter(|word| word.len() > 4).take(400).collect();
    if words.len() < SALAD_WORDS {
        return;
    }
    let shown: std::collections::HashSet<&str> = sight.body.folded.split(' ').collect();
    let strange = words.iter().filter(|word| !shown.contains(**word)).count();
    let share = float(u32::try_from(strange * 100 / words.len()).unwrap_or(0)) / 100.0;
    if share < 0.6 {
        return;
    }
    let long = (float(u32::try_from(words.len()).unwrap_or(400)) / 120.0).min(1.0);
    let first: Vec<&str> = hidden.split(' ').take(12).collect();
    say.that(&SALAD, share * long.max(0.4), format!("hidden: {}", first.join(" ")));
}

/// Words of letters that nobody could pronounce. Identifiers have digits and are not counted.
fn gibberish(folded: &str, facts: &Facts, say: &mut Say) {
    if facts.scripts.latin < facts.scripts.all() / 2 {
        return;
    }
    let all: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
    let is_odd = |word: &&&str| is_unspeakable(word);
    let odd = all.iter().take(2000).filter(is_odd).count();
    if odd > 3 && odd * 25 > all.len() {
        let strength = few(u32::try_from(odd).unwrap_or(8), 8);
        let example = all.iter().find(is_odd).copied().unwrap_or_default();
        say.that(&GIBBERISH, strength, format!("{odd} words, first {example:?}"));
    }
    let last: Vec<&&str> = all.iter().rev().take(6).collect();
    let odd_last = last.iter().filter(|word| is_unspeakable(word)).count();
    let ends_odd = last.first().is_some_and(|word| is_unspeakable(word));
    if ends_odd || odd_last > 1 {
        let strength = if odd_last > 1 { 1.0 } else { 0.6 };
        say.that(
            &TAIL,
            strength,
            last.iter().rev().map(|word| **word).collect::<Vec<_>>().join(" "),
        );
    }
}

/// Seven or more ASCII letters with hardly a vowel among them, or many consonants in a row.
fn is_unspeakable(word: &str) -> bool {
    if word.len() < 7 {
        return false;
    }
    let word = word.trim_matches(|one: char| !one.is_ascii_alphabetic());
    if !(7..=40).contains(&word.len()) || !word.bytes().all(|one| one.is_ascii_lowercase()) {
        return false;
    }
    let is_vowel = |one: u8| matches!(one, b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
    let (mut vowels, mut row, mut longest) = (0_usize, 0_usize, 0_usize);
    for one in word.bytes() {
        row = if is_vowel(one) { 0 } else { row + 1 };
        vowels += usize::from(is_vowel(one));
        longest = longest.max(row);
    }
    let is_of_one_letter = word.bytes().all(|one| word.starts_with(char::from(one)));
    (vowels * 8 < word.len() || longest > 8) && !is_of_one_letter
}

/// Capitals all over a text of some length.
fn shouted(facts: &Facts, say: &mut Say) {
    if facts.ascii < LETTERS || facts.ascii * 2 < facts.scripts.all() {
        return;
    }
    let share = facts.capitals.saturating_mul(100) / facts.ascii.max(1);
    if share > 40 {
        say.that(
            &SHOUTED,
            float(share - 30) / 50.0,
            format!("{share} % of the letters are capitals"),
        );
    }
}

/// A script that neither the sender's nor the recipients' names share is a small hint.
fn foreign(sight: &Sight<'_>, say: &mut Say) {
    let scripts = sight.shown_facts.scripts;
    let Some(name) = main_script(&scripts).filter(|_| scripts.all() > LETTERS) else { return };
    let names: String = sight.headers.to().iter().map(|one| one.name.as_str()).collect();
    let facts = crate::text::read(&names).1;
    if facts.scripts.all() > 3 && main_script(&facts.scripts).is_none() {
        say.that(&FOREIGN, 1.0, format!("the text is {name}, the recipient's name Latin"));
    }
}

/// The script of most letters, unless that is Latin.
fn main_script(scripts: &Scripts) -> Option<&'static str> {
    let named = [
        (scripts.cyrillic, "Cyrillic"),
        (scripts.greek, "Greek"),
        (scripts.han + scripts.kana, "Chinese or Japanese"),
        (scripts.hangul, "Korean"),
        (scripts.arabic, "Arabic"),
        (scripts.hebrew, "Hebrew"),
        (scripts.thai, "Thai"),
    ];
    named.into_iter().find(|(count, _)| *count * 2 > scripts.all()).map(|(_, name)| name)
}

/// Exclamation and currency signs in little text.
fn exclaimed(sight: &Sight<'_>, say: &mut Say) {
    let is_loud = |one: &char| matches!(one, '!' | '$' | '€' | '£' | '！');
    let count = sight.body.folded.chars().filter(is_loud).count();
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let words = sight.meaning.words.max(80);
    if count > 5 && count.saturating_mul(100) / words > 4 {
        let strength = float(count.min(words)) * 10.0 / float(words);
        say.that(&EXCLAIMED, strength, format!("{count} in {} words", sight.meaning.words));
    }
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn float(count: u32) -> f32 {
    count as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made::{said_by, strength};

    fn mail(subject: &str, kind: &str, text: &str) -> Vec<crate::said::Said> {
        let raw = format!(
            "From: a@example.org\r\nTo: \"Mary Miller\" <m@example.com>\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
        );
        said_by(look, &raw)
    }

    fn of(name: &str, text: &str) -> f32 {
        strength(&mail("hello", "text/plain", text), name)
    }

    #[test]
    fn words_against_filters_are_seen() {
        assert!(of("mixed-scripts", "your \u{440}\u{430}ypal \u{430}ccount") > 0.5);
        assert!(
            of("unseen-in-words", "your pass\u{200b}word is o\u{200b}ld and in\u{200b}valid") > 0.9
        );
        assert!(
            of(
                "styled-letters",
                "\u{1d400}\u{1d401}\u{1d402} \u{1d403}\u{1d404}\u{1d405}\u{1d406}"
            ) > 0.2
        );
        assert!(of("turned-writing", "open \u{202e}fdp.exe") > 0.2);
        assert!(of("disguised-words", "buy v1agra and c.i.a.l.i.s") > 0.9);
    }

    #[test]
    fn honest_writing_is_no_disguise() {
        for text in [
            "Δt is 5 µs, and the resistor has 10 kΩ",
            "Donaudampf\u{ad}schiff\u{ad}fahrt und mehr",
            "Привет, это письмо на русском языке от отдела IT",
            "می\u{200c}خواهم \u{202b}متن\u{202c}",
            "ＦＲＥＥ 無料のお知らせです。ＡＢＣの件",
            "the U.S.A., e.g. W3C and mp3, part no. 4A5T0",
        ] {
            let said = mail("hello", "text/plain", text);
            for name in [
                "mixed-scripts",
                "unseen-in-words",
                "styled-letters",
                "turned-writing",
                "disguised-words",
            ] {
                assert!(strength(&said, name) == 0.0, "{name} in {text}");
            }
        }
    }

    #[test]
    fn a_subject_counts_for_more() {
        let said = mail("=?utf-8?q?Your_p=D0=B0yp=D0=B0l?=", "text/plain", "hello");
        assert!(strength(&said, "mixed-scripts") > 0.6);
    }

    #[test]
    fn hidden_prose_that_tells_something_else_is_salad_and_a_preheader_is_not() {
        let salad: String =
            (0..80).map(|number| format!("novel{number} chapter{number} ")).collect();
        let html = format!("<p>Click here</p><div style=\"display:none\">{salad}</div>");
        assert!(strength(&mail("x", "text/html", &html), "hidden-prose") > 0.5);
        let html = "<div style=\"display:none\">Your order is on its way to you</div><p>Your order is on its way</p>";
        assert!(strength(&mail("x", "text/html", html), "hidden-prose") == 0.0);
    }

    #[test]
    fn random_words_at_the_end_are_seen_and_names_are_not() {
        assert!(of("random-tail", "Buy this today\n\nxkqzvbt wqrtplk") > 0.9);
        assert!(of("random-tail", "See you there\n\nWojciech Brzęczyszczykiewicz") == 0.0);
        assert!(of("random-tail", "Bis bald, Angstschweiß und Durchschnitt") == 0.0);
        assert!(of("gibberish", "xkqzvbt wqrtplk zzvbkwt kdjfhgk sdkfjhg buy it") > 0.4);
    }

    #[test]
    fn capitals_all_over_shout() {
        let loud = "I AM THE SON OF THE LATE MINISTER AND I NEED YOUR ASSISTANCE TO MOVE THIS MONEY OUT OF MY COUNTRY AND INTO YOUR ACCOUNT PLEASE ANSWER QUICKLY MY DEAR FRIEND";
        assert!(of("shouted", loud) > 0.9);
        assert!(of("shouted", &loud.to_lowercase()) == 0.0);
        assert!(of("shouted", "ETA: 5 PM, OK?") == 0.0);
    }

    #[test]
    fn a_script_that_the_recipient_is_not_written_in_is_a_hint() {
        let text =
            "Предлагаем вам наши услуги по продвижению сайтов и рекламе в интернете ".repeat(3);
        assert!(of("foreign-script", &text) > 0.9);
        assert!(of("foreign-script", &"We offer our services ".repeat(10)) == 0.0);
    }
}
