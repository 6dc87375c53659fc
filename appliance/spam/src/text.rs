//! Text as it reads, whatever it is written with, and what had to be undone for that.
//!
//! One pass. A word is what stands between characters that are neither letters, digits nor
//! invisible. Only a word that mixes scripts is taken for a disguise: Russian stays Russian.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Octets of the example that is kept of a disguised word.
const EXAMPLE_OCTETS: usize = 60;

/// The text in lower case, without marks on letters, without invisible characters, with look-alike
/// letters as the ASCII letters that they look like, and each run of white space as one space.
#[must_use]
pub fn fold(text: &str) -> String {
    read(text).0
}

/// Letters by script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Scripts {
    pub latin: u32,
    pub cyrillic: u32,
    pub greek: u32,
    pub han: u32,
    pub kana: u32,
    pub hangul: u32,
    pub arabic: u32,
    pub hebrew: u32,
    pub thai: u32,
    pub other: u32,
}

impl Scripts {
    /// Letters of every script.
    pub fn all(&self) -> u32 {
        self.latin
            + self.cyrillic
            + self.greek
            + self.asian()
            + self.arabic
            + self.hebrew
            + self.thai
            + self.other
    }

    /// Letters of Chinese, Japanese and Korean.
    pub fn asian(&self) -> u32 {
        self.han + self.kana + self.hangul
    }

    fn count(&mut self, one: char) {
        let place = match u32::from(one) {
            0x0000..=0x024f | 0x1e00..=0x1eff => &mut self.latin,
            0x0370..=0x03ff | 0x1f00..=0x1fff => &mut self.greek,
            0x0400..=0x052f => &mut self.cyrillic,
            0x0590..=0x05ff => &mut self.hebrew,
            0x0600..=0x077f | 0xfb50..=0xfdff | 0xfe70..=0xfefc => &mut self.arabic,
            0x0e00..=0x0e7f => &mut self.thai,
            0x3040..=0x30ff => &mut self.kana,
            0x3400..=0x9fff | 0x2_0000..=0x3_ffff => &mut self.han,
            0x1100..=0x11ff | 0xac00..=0xd7af => &mut self.hangul,
            _ => &mut self.other,
        };
        *place = place.saturating_add(1);
    }
}

/// What was undone to make a text readable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Facts {
    /// Letters by script, as the text was written.
    pub scripts: Scripts,
    /// Capital letters of ASCII.
    pub capitals: u32,
    /// Letters of ASCII.
    pub ascii: u32,
    /// Digits of ASCII.
    pub digits: u32,
    /// Words.
    pub words: u32,
    /// Characters that are not seen, anywhere.
    pub invisible: u32,
    /// Words with characters inside that are not seen.
    pub split: u32,
    /// Characters that turn the direction of writing.
    pub turned: u32,
    /// Words of Latin letters with letters of other scripts that look the same.
    pub mixed: u32,
    /// Words of letters that are made as mathematics, badges or broad letters.
    pub styled: u32,
    /// The first disguised word as it reads.
    pub example: String,
}

/// The folded text, and what was undone.
pub(crate) fn read(text: &str) -> (String, Facts) {
    let mut folder = Folder { out: String::with_capacity(text.len()), ..Folder::default() };
    let mut rest = text;
    while let Some(one) = rest.chars().next() {
        let run = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (head, tail) = rest.split_at_checked(run.max(one.len_utf8())).unwrap_or((rest, ""));
        match (run, one.is_ascii()) {
            (0, true) => folder.ascii(one),
            (0, false) => folder.beyond(one),
            _ => folder.letters(head),
        }
        rest = tail;
    }
    folder.end_word();
    let kept = folder.out.trim_end().len();
    folder.out.truncate(kept);
    (folder.out, folder.facts)
}

/// The word that is being read.
#[derive(Debug, Default, Clone, Copy)]
struct Word {
    start: usize,
    is_open: bool,
    latin: u32,
    foreign: u32,
    styled: u32,
    has_gap: bool,
    is_split: bool,
}

#[derive(Debug, Default)]
struct Folder {
    out: String,
    facts: Facts,
    word: Word,
}

impl Folder {
    /// A run of letters of ASCII, as nearly all text is.
    fn letters(&mut self, run: &str) {
        let count = u32::try_from(run.len()).unwrap_or(u32::MAX);
        let capitals = run.bytes().filter(u8::is_ascii_uppercase).count();
        self.facts.ascii = self.facts.ascii.saturating_add(count);
        self.facts.scripts.latin = self.facts.scripts.latin.saturating_add(count);
        self.facts.capitals += u32::try_from(capitals).unwrap_or(u32::MAX);
        self.letter_begins();
        self.word.latin = self.word.latin.saturating_add(count);
        let start = self.out.len();
        self.out.push_str(run);
        if let Some(added) = self.out.get_mut(start..) {
            added.make_ascii_lowercase();
        }
    }

    fn ascii(&mut self, one: char) {
        if one.is_ascii_digit() {
            self.facts.digits += 1;
            self.open();
            self.out.push(one);
        } else if one.is_ascii_whitespace() {
            self.space();
        } else if one.is_ascii_graphic() {
            self.end_word();
            self.out.push(one);
        } else {
            self.end_word();
        }
    }

    fn beyond(&mut self, one: char) {
        if is_invisible(one) {
            self.facts.invisible += 1;
            self.facts.turned += u32::from(is_turning(one));
            self.word.has_gap |= self.word.is_open && one != '\u{ad}';
        } else if one.is_whitespace() {
            self.space();
        } else if let Some(letter) = enclosed(one) {
            self.styled_letter(letter);
        } else if has_forms(one) {
            self.decomposed(one);
        } else {
            self.plain(one);
        }
    }

    /// A character that stands for others.
    fn decomposed(&mut self, one: char) {
        let is_style = is_styled(one);
        decompose_compatible(one, |part| {
            if is_combining_mark(part) {
            } else if is_style && part.is_ascii_alphabetic() {
                self.styled_letter(part);
            } else if part.is_ascii() {
                self.counted_ascii(part);
            } else {
                self.plain(part);
            }
        });
    }

    /// A letter with its mark taken away, or a part of a ligature.
    fn counted_ascii(&mut self, one: char) {
        if one.is_ascii_alphabetic() {
            self.facts.scripts.latin += 1;
            self.letter_begins();
            self.word.latin += 1;
            self.out.push(one.to_ascii_lowercase());
        } else if one != ' ' {
            self.out.push(one);
        }
    }

    fn styled_letter(&mut self, one: char) {
        self.open();
        self.word.latin += 1;
        self.word.styled += 1;
        self.facts.scripts.latin += 1;
        self.out.push(one.to_ascii_lowercase());
    }

    fn plain(&mut self, one: char) {
        if is_combining_mark(one) {
            // Marks of Indic and Arabic writing are part of the word.
            if !matches!(u32::from(one), 0x300..=0x36f) {
                self.out.push(one);
            }
            return;
        }
        if !one.is_alphabetic() {
            self.end_word();
            self.out.push(one);
            return;
        }
        self.facts.scripts.count(one);
        self.letter_begins();
        for lower in one.to_lowercase() {
            match without_stroke(lower) {
                Some(ascii) => {
                    self.word.latin += 1;
                    self.out.push_str(ascii);
                }
                None => {
                    self.word.foreign += u32::from(has_lookalikes(lower));
                    self.out.push(lower);
                }
            }
        }
    }

    fn open(&mut self) {
        if !self.word.is_open {
            self.word = Word { start: self.out.len(), is_open: true, ..Word::default() };
        }
    }

    /// A letter follows: was something unseen in front of it inside the same word?
    fn letter_begins(&mut self) {
        self.open();
        self.word.is_split |= self.word.has_gap && self.word.latin + self.word.foreign > 0;
        self.word.has_gap = false;
    }

    fn space(&mut self) {
        self.end_word();
        if !self.out.is_empty() && !self.out.ends_with(' ') {
            self.out.push(' ');
        }
    }

    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        if !word.is_open {
            return;
        }
        self.facts.words = self.facts.words.saturating_add(1);
        let is_mixed = word.latin > 0 && word.foreign > 0 && self.unmix(&word);
        let is_split = word.is_split && word.latin + word.foreign > 2;
        let is_styled = word.styled > 2;
        self.facts.mixed += u32::from(is_mixed);
        self.facts.split += u32::from(is_split);
        self.facts.styled += u32::from(is_styled);
        if (is_mixed || is_split || is_styled) && self.facts.example.is_empty() {
            let text = self.out.get(word.start..).unwrap_or_default();
            let end = text.floor_char_boundary(EXAMPLE_OCTETS);
            self.facts.example = text.get(..end).unwrap_or_default().to_owned();
        }
    }

    /// Writes a word of two scripts in Cyrillic when most of it is and all of it looks it, in ASCII
    /// when every letter of it looks like one.
    fn unmix(&mut self, word: &Word) -> bool {
        let text = self.out.get(word.start..).unwrap_or_default();
        let cyrillic = || text.chars().map(to_cyrillic).collect::<Option<String>>();
        let latin = || text.chars().map(to_ascii).collect::<Option<String>>();
        let made = if word.foreign > word.latin { cyrillic().or_else(latin) } else { latin() };
        let Some(made) = made.filter(|_| word.foreign + word.latin > 2) else { return false };
        self.out.truncate(word.start);
        self.out.push_str(&made);
        true
    }
}

/// Characters that take no room: joiners, marks of direction, fillers, selectors, tags.
fn is_invisible(one: char) -> bool {
    matches!(u32::from(one), 0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5
        | 0x180b..=0x180e | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0x3164
        | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff9..=0xfffb | 0xe_0000..=0xe_0fff)
}

fn is_turning(one: char) -> bool {
    matches!(u32::from(one), 0x202d | 0x202e)
}

/// Whether a character can stand for others. Kana and Hangul have parts that nobody writes alone.
fn has_forms(one: char) -> bool {
    matches!(u32::from(one), 0xa0..=0x24f | 0x370..=0x52f | 0x1e00..=0x1fff | 0x2100..=0x214f
        | 0x2160..=0x2188 | 0x249c..=0x24ff | 0x2070..=0x209c | 0xfb00..=0xfb17
        | 0xff01..=0xff5e | 0x1_d400..=0x1_d7ff)
}

fn is_styled(one: char) -> bool {
    matches!(u32::from(one), 0x249c..=0x24ff | 0xff21..=0xff5a | 0x1_d400..=0x1_d7ff)
}

/// Letters in boxes and circles that no decomposition reaches.
fn enclosed(one: char) -> Option<char> {
    let code = u32::from(one);
    let first = match code {
        0x1_f130..=0x1_f149 => 0x1_f130,
        0x1_f150..=0x1_f169 => 0x1_f150,
        0x1_f170..=0x1_f189 => 0x1_f170,
        _ => return None,
    };
    char::from_u32(u32::from('a') + (code - first))
}

/// Letters that have a stroke or are two in one, which is no decomposition.
fn without_stroke(one: char) -> Option<&'static str> {
    Some(match one {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ı' => "i",
        _ => return None,
    })
}

static LOOKALIKES: LazyLock<BTreeMap<char, char>> = LazyLock::new(|| {
    let mut table = BTreeMap::new();
    for line in include_str!("text/lookalikes.txt").lines() {
        let Some((ascii, others)) = line.split_once(": ") else { continue };
        let Some(ascii) = ascii.chars().next().filter(char::is_ascii_lowercase) else { continue };
        for other in others.split(' ').flat_map(str::chars).flat_map(char::to_lowercase) {
            table.entry(other).or_insert(ascii);
        }
    }
    table
});

/// Whether a letter stands where letters that look like ASCII come from.
fn has_lookalikes(one: char) -> bool {
    matches!(u32::from(one), 0x180..=0x2af | 0x370..=0x52f | 0x531..=0x587 | 0x13a0..=0x13ff
        | 0xab70..=0xabbf | 0x1d00..=0x1d2b | 0xa4d0..=0xa4ff | 0x10d0..=0x10ff | 0xd20)
}

fn to_ascii(one: char) -> Option<char> {
    if one.is_ascii() { Some(one) } else { LOOKALIKES.get(&one).copied() }
}

fn to_cyrillic(one: char) -> Option<char> {
    Some(match one {
        'a' => 'а',
        'b' => 'в',
        'c' => 'с',
        'e' => 'е',
        'h' => 'н',
        'i' => 'і',
        'k' => 'к',
        'm' => 'м',
        'o' => 'о',
        'p' => 'р',
        't' => 'т',
        'x' => 'х',
        'y' => 'у',
        '0'..='9' => one,
        _ if matches!(u32::from(one), 0x400..=0x52f) => one,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_marks_and_white_space_go() {
        assert_eq!(
            fold("  \u{c9}t\u{e9} \r\n\t Stra\u{df}e  \u{141}\u{f3}d\u{17a} "),
            "ete strasse lodz"
        );
        assert_eq!(fold("\u{130}stanbul e\u{301}"), "istanbul e");
        assert_eq!(fold("\u{fb01}le \u{a0}x"), "file x");
        assert_eq!(fold(""), "");
    }

    #[test]
    fn a_word_with_letters_of_another_script_reads_as_it_looks() {
        let (text, facts) = read("\u{440}\u{430}ypal and \u{410}m\u{430}zon, micr\u{3bf}soft");
        assert_eq!(text, "paypal and amazon, microsoft");
        assert_eq!((facts.mixed, facts.example.as_str()), (3, "paypal"));
    }

    #[test]
    fn russian_and_greek_stay_as_they_are() {
        let (text, facts) = read("Привет, оса! Ёлка. Καλημέρα 5 kΩ");
        assert_eq!(text, "привет, оса! елка. καλημερα 5 kω");
        assert_eq!(facts.mixed, 0);
    }

    #[test]
    fn a_latin_letter_in_a_russian_word_is_read_as_russian() {
        let (text, facts) = read("cчёт oплата");
        assert_eq!((text.as_str(), facts.mixed), ("счет оплата", 2));
    }

    #[test]
    fn unseen_characters_inside_words_are_left_out_and_counted() {
        let (text, facts) = read("pass\u{200b}word ver\u{2060}i\u{200c}fy");
        assert_eq!((text.as_str(), facts.split, facts.invisible), ("password verify", 2, 3));
    }

    #[test]
    fn hyphenation_preheader_fillers_and_emoji_are_no_split_words() {
        let text = "Donau\u{ad}dampf\u{ad}schiff \u{200c}\u{a0}\u{200c}\u{a0}\u{200c} \u{2764}\u{fe0f} x.\u{200b}com";
        let (text, facts) = read(text);
        assert_eq!(facts.split, 0, "{text}");
        assert!(text.starts_with("donaudampfschiff"));
    }

    #[test]
    fn letters_made_as_mathematics_or_badges_read_as_letters() {
        let (text, facts) = read(
            "\u{1d400}\u{1d401}\u{1d402} \u{ff26}\u{ff32}\u{ff25}\u{ff25} \u{1f130}\u{1f131}\u{1f132}",
        );
        assert_eq!((text.as_str(), facts.styled), ("abc free abc", 3));
    }

    #[test]
    fn japanese_and_korean_are_not_taken_apart() {
        assert_eq!(fold("パスワードが 가나다 有効期限"), "パスワードが 가나다 有効期限");
    }

    #[test]
    fn letters_are_counted_by_script() {
        let facts = read("AB cd Привет 日本 カナ 12").1;
        let scripts = facts.scripts;
        assert_eq!((scripts.latin, scripts.cyrillic, scripts.han, scripts.kana), (4, 6, 2, 2));
        assert_eq!((facts.capitals, facts.digits, scripts.all()), (2, 2, 14));
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for text in ["\u{440}aypal \u{1d400} É ß ﬁ", "Привет мир", "a\u{200b}b ç"] {
            assert_eq!(fold(&fold(text)), fold(text));
        }
    }
}
