//! Which language a text is written in, by its script and its commonest words.

use std::sync::LazyLock;

use super::tokens::is_dense;
use crate::word_list::FixedMap;

/// Words that are looked at.
const WORDS: usize = 300;
/// Least share of a language's commonest words.
const SHARE: usize = 12;

static COMMON: LazyLock<FixedMap<&'static str, Vec<usize>>> = LazyLock::new(|| {
    let mut table: FixedMap<&'static str, Vec<usize>> = FixedMap::default();
    for (number, (_, words)) in LANGUAGES.iter().enumerate() {
        for word in words.split_ascii_whitespace() {
            table.entry(word).or_default().push(number);
        }
    }
    table
});

static LANGUAGES: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    let lines = include_str!("stopwords.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(": ")).collect()
});

/// The language (ISO 639-1) of folded words, when enough of them say so.
pub(super) fn guess(text: &str) -> Option<&'static str> {
    // Nearly all text is ASCII, and such a text is in no other script.
    if !text.is_ascii()
        && let Some(name) = by_script(text)
    {
        return Some(name);
    }
    let mut scores = vec![0_usize; LANGUAGES.len()];
    let mut words = 0;
    for word in text.split_ascii_whitespace().take(WORDS) {
        words += 1;
        for number in COMMON.get(word).into_iter().flatten() {
            if let Some(score) = scores.get_mut(*number) {
                *score += 1;
            }
        }
    }
    let (best, score) = scores
        .iter()
        .enumerate()
        .max_by_key(|(number, score)| (**score, std::cmp::Reverse(*number)))?;
    let is_clear = *score >= 3 && score * 100 >= words * SHARE;
    LANGUAGES.get(best).filter(|_| is_clear).map(|(name, _)| *name)
}

fn by_script(text: &str) -> Option<&'static str> {
    let (mut kana, mut han, mut hangul, mut greek, mut arabic, mut hebrew, mut thai) =
        (0, 0, 0, 0, 0, 0, 0);
    let mut letters = 0;
    for one in text.chars().filter(|one| one.is_alphabetic()).take(WORDS * 4) {
        letters += 1;
        match u32::from(one) {
            0x3040..=0x30ff => kana += 1,
            0x0e00..=0x0e7f => thai += 1,
            _ if is_dense(one) => han += 1,
            0xac00..=0xd7af => hangul += 1,
            0x0370..=0x03ff => greek += 1,
            0x0600..=0x06ff => arabic += 1,
            0x0590..=0x05ff => hebrew += 1,
            _ => {}
        }
    }
    let most = |count: usize| count * 10 > letters * 4 && count > 3;
    let names = [(greek, "el"), (arabic, "ar"), (hebrew, "he"), (thai, "th"), (hangul, "ko")];
    if most(kana + han) {
        return Some(if kana * 10 > han { "ja" } else { "zh" });
    }
    names.into_iter().find(|(count, _)| most(*count)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fold;

    #[test]
    fn languages_are_told_by_their_commonest_words() {
        for (text, name) in [
            ("The meeting is on Monday and we will send you the notes", "en"),
            ("Die Besprechung ist am Montag und wir schicken Ihnen die Notizen", "de"),
            ("La réunion est lundi et nous vous enverrons les notes dans la semaine", "fr"),
            ("La reunión es el lunes y le enviaremos las notas por correo", "es"),
            ("La riunione è lunedì e le manderemo gli appunti per posta", "it"),
            ("A reunião é na segunda e não enviaremos as notas para você", "pt"),
            ("De vergadering is op maandag en we sturen u het verslag", "nl"),
            ("Spotkanie jest w poniedziałek i wyślemy do Państwa notatki", "pl"),
            ("Встреча будет в понедельник и мы не отправим вам заметки", "ru"),
            ("会議は月曜日です。メモをお送りします", "ja"),
            ("会议在星期一，我们会把记录发给您", "zh"),
            ("Το συνέδριο είναι τη Δευτέρα", "el"),
        ] {
            assert_eq!(guess(&fold(text)), Some(name), "{text}");
        }
        assert_eq!(guess("xkq zzv qwrt"), None);
    }
}
