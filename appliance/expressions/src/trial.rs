//! Texts on which a backtracking expression is tried when it is saved.
//!
//! What makes such an expression slow is a long run of what it repeats, with an end that it does
//! not want. So the texts are runs of common characters and of the expression's own characters and
//! words, each with such an end, and a line of prose.

use crate::limits;

/// A line as people write it.
pub(crate) const PROSE: &str =
    "Dear Ms Keller, please find the offer no. 4711 of 12 May attached; it holds for 30 days. ";

/// The texts for one expression.
pub(crate) fn texts(pattern: &str) -> Vec<String> {
    let mut pieces = vec![PROSE.to_owned()];
    let mut characters: Vec<char> = "a0 -x\n".chars().collect();
    for one in pattern.chars().filter(|one| !characters_of_syntax(*one)) {
        if characters.len() < limits::TRIAL_CHARACTERS && !characters.contains(&one) {
            characters.push(one);
        }
    }
    pieces.extend(characters.iter().map(char::to_string));
    let words = words(pattern);
    pieces.extend(words.iter().cloned());
    pieces.extend(words.iter().map(|word| format!("{word} ")));
    pieces.push("a b ".to_owned());
    // Without every character that it needs somewhere an engine may not even begin; backwards, so
    // that none of its words stands there.
    let end: String = pattern.chars().rev().take(limits::TRIAL_OCTETS / 4).collect();
    pieces.iter().map(|piece| run(piece, &end)).collect()
}

/// The piece again and again, then a sign that nothing wants, then the end.
fn run(piece: &str, end: &str) -> String {
    let times = limits::TRIAL_OCTETS / piece.len().max(1);
    format!("{}\u{1}!{end}", piece.repeat(times))
}

/// Signs that mean something in an expression; letters behind a backslash count as letters, which
/// costs a text too many and misses nothing.
fn characters_of_syntax(one: char) -> bool {
    "\\()[]{}|*+?^$.".contains(one)
}

/// Runs of letters and digits in the expression.
fn words(pattern: &str) -> Vec<String> {
    let words = pattern.split(|one: char| !one.is_alphanumeric()).filter(|word| word.len() > 1);
    words.take(limits::TRIAL_CHARACTERS / 2).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_are_made_of_what_the_expression_repeats() {
        let all = texts(r"(zq+)+foo(?=,)");
        for start in ["zzzz", "qqqq", "foofoo", ",,,,", "aaaa"] {
            assert!(all.iter().any(|text| text.starts_with(start)), "{start}");
        }
        assert!(all.len() < 40 && all.iter().all(|text| text.len() <= limits::TRIAL_OCTETS + 20));
    }
}
