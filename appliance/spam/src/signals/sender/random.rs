//! How unlike any language a word is: names that a program made up.

use std::sync::LazyLock;

/// How rare a letter is after another, 0 to 9 in halvings of its share: a row for each first letter.
/// Of words of many languages written in Latin letters.
static RARE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    include_str!("bigrams.txt").bytes().filter(u8::is_ascii_digit).map(|one| one - b'0').collect()
});

/// How likely a program made this word up, 0 to 1. Short words say nothing: abbreviations look the
/// same.
pub(in crate::signals) fn oddness(word: &str) -> f32 {
    unspeakable(word).max(mixture(word))
}

/// The same by letters alone, that do not follow each other in any language.
pub(in crate::signals) fn unspeakable(word: &str) -> f32 {
    let runs = word.split(|one: char| !one.is_ascii_alphabetic());
    runs.map(|run| odd_letters(run.as_bytes())).fold(0.0, f32::max)
}

fn odd_letters(run: &[u8]) -> f32 {
    let pairs = run.len().saturating_sub(1);
    if pairs < 6 {
        return 0.0;
    }
    let sum: u32 = run.iter().zip(run.iter().skip(1)).map(|(one, two)| rare(*one, *two)).sum();
    let mean = sum as f32 / pairs as f32;
    // What one word in a thousand of true languages reaches, by length.
    let usual = if pairs < 9 { 5.9 } else { 5.5 };
    ((mean - usual) / 0.6).clamp(0.0, 1.0)
}

fn rare(one: u8, two: u8) -> u32 {
    let row = usize::from(one.to_ascii_lowercase().wrapping_sub(b'a'));
    let column = usize::from(two.to_ascii_lowercase().wrapping_sub(b'a'));
    RARE.get(row * 26 + column).map_or(5, |rare| u32::from(*rare))
}

/// By digits strewn between letters.
fn mixture(word: &str) -> f32 {
    let kinds = || word.bytes().filter(u8::is_ascii_alphanumeric).map(|one| one.is_ascii_digit());
    let changes = kinds().zip(kinds().skip(1)).filter(|(one, two)| one != two).count();
    match (kinds().count(), changes) {
        (0..8, _) | (_, 0..3) => 0.0,
        (_, 3) => 0.5,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_languages_and_names_of_people_and_firms_are_not_odd() {
        for word in [
            "information",
            "schwarzschild",
            "krzysztof",
            "venkatesh",
            "hsbc",
            "postbank",
            "newsletter",
            "dhlparcel",
            "btinternet",
            "john.smith",
            "gutenachricht",
            "m.szczepanski",
            "rbcroyalbank",
            "xiaoqiang",
            "tshabalala",
            "jsmith1985",
            "qwerty",
            "info2024",
        ] {
            assert!(oddness(word) < 0.3, "{word} {}", oddness(word));
        }
    }

    #[test]
    fn made_up_words_are_odd() {
        for word in ["xkqzvwpt", "pxtrbnmwq", "tqxkvmzjd", "a8x3k9f2q", "nqvxzhwkjb", "k3j9dk2mz0"]
        {
            assert!(oddness(word) > 0.5, "{word} {}", oddness(word));
        }
    }
}
