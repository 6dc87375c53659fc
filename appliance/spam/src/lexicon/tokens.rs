//! A folded text written anew: words between single blanks, links and addresses left out, sentences
//! noted; numbers and disguised words seen on the way.

use super::{Class, Disguise, Meaning, Sentence, Set, classes_of};

/// Words after which a sentence ends even without a full stop.
const SENTENCE_WORDS: u32 = 40;
/// Characters of CJK writing that count as one word together.
const DENSE_WORD: u32 = 2;
/// Sentences that are kept.
const SENTENCES: usize = 1500;
/// Disguised words that are kept, and how many tokens are tried.
const DISGUISES: usize = 20;
const TRIALS: u32 = 400;
/// Longest word that is tried as a disguise.
const TRIAL_OCTETS: usize = 40;
/// Digits of a telephone number.
const PHONE_DIGITS: std::ops::RangeInclusive<u32> = 10..=15;
/// Digits of a million.
const MILLION_DIGITS: u32 = 7;

/// What a disguise is worth looking through for.
const HIDEABLE: Set = Set::of(&[
    Class::Pharmacy,
    Class::Sex,
    Class::Enlarge,
    Class::Casino,
    Class::Weight,
    Class::Replica,
    Class::Mortgage,
    Class::Oem,
    Class::Password,
    Class::Account,
    Class::Verify,
    Class::Crypto,
    Class::Lottery,
    Class::Win,
    Class::Free,
    Class::Invoice,
    Class::Payment,
    Class::Urgent,
    Class::Income,
    Class::Hype,
]);

/// Writing without blanks between words.
pub(super) fn is_dense(one: char) -> bool {
    matches!(u32::from(one), 0x0e00..=0x0e7f | 0x3005 | 0x3040..=0x30ff | 0x3400..=0x9fff
        | 0x2_0000..=0x3_ffff)
}

/// Writes a text anew.
#[derive(Debug, Default)]
pub(super) struct Writer {
    pub text: String,
    pub sentences: Vec<Sentence>,
    pub words: u32,
    sentence: Sentence,
    dense: u32,
    disguised: Vec<Disguise>,
    trials: u32,
    spelled: String,
    number_digits: u32,
    number_head: String,
}

impl Writer {
    /// A folded text.
    pub fn text(&mut self, folded: &str) {
        self.begin();
        for token in folded.split(' ').filter(|token| !token.is_empty()) {
            self.token(token);
        }
        self.end_number();
        self.end_spelled();
    }

    fn begin(&mut self) {
        if self.text.is_empty() {
            self.text.push(' ');
        }
        self.sentence.start = self.text.len().saturating_sub(1);
    }

    fn token(&mut self, token: &str) {
        if token.len() > 1 && token.bytes().all(|one| one.is_ascii_lowercase()) {
            self.plain_word(token);
            return;
        }
        self.numbers(token);
        self.spelling(token);
        if is_link(token) {
            self.mark(Class::Link);
        } else if token.contains('@') && is_address(token) {
            self.mark(Class::Email);
        } else {
            self.disguise(token);
            self.words_of(token);
        }
        if ends_sentence(token) || self.sentence.words >= SENTENCE_WORDS {
            self.end_sentence();
        }
    }

    /// A word of letters, as nearly all tokens are.
    fn plain_word(&mut self, word: &str) {
        if self.number_digits > 0 {
            self.end_number();
        }
        if !self.spelled.is_empty() {
            self.end_spelled();
        }
        self.text.push_str(word);
        self.end_word();
        if self.sentence.words >= SENTENCE_WORDS {
            self.end_sentence();
        }
    }

    /// The words of a token.
    pub fn words_of(&mut self, token: &str) {
        if self.text.is_empty() {
            self.text.push(' ');
        }
        for one in token.chars() {
            if is_dense(one) {
                self.dense(one);
            } else if one.is_alphanumeric() {
                self.text.push(one);
            } else if matches!(one, '。' | '！' | '？' | '｡') {
                self.end_sentence();
            } else {
                self.end_word();
            }
        }
        self.end_word();
    }

    fn dense(&mut self, one: char) {
        self.text.push(one);
        self.dense += 1;
        if self.dense >= DENSE_WORD {
            self.dense = 0;
            self.words += 1;
            self.sentence.words += 1;
        }
    }

    fn end_word(&mut self) {
        if !self.text.ends_with(' ') {
            self.text.push(' ');
            self.words += 1;
            self.sentence.words += 1;
        }
    }

    fn mark(&mut self, class: Class) {
        self.sentence.set = self.sentence.set.with(Set::of(&[class]));
    }

    /// Ends a sentence; phrases do not reach over its end.
    pub fn end_sentence(&mut self) {
        self.end_word();
        let sentence = std::mem::take(&mut self.sentence);
        let end = self.text.len().saturating_sub(1);
        if sentence.words > 0 || !sentence.set.is_empty() {
            if self.sentences.len() < SENTENCES {
                self.sentences.push(Sentence { end, ..sentence });
            } else if let Some(last) = self.sentences.last_mut() {
                last.end = end;
            }
            self.text.push_str("\n ");
        }
        self.sentence.start = self.text.len().saturating_sub(1);
    }

    /// Money, shares, telephone numbers and addresses of coins.
    fn numbers(&mut self, token: &str) {
        let digits = count(token, |one| one.is_ascii_digit());
        if digits == 0 {
            if !token.chars().all(|one| matches!(one, '(' | ')' | '-' | '+' | '.')) {
                self.end_number();
            }
            return;
        }
        if token.contains(['$', '€', '£', '¥', '₹', '₽']) {
            self.mark(Class::Money);
            let whole =
                token.split(['.', ',']).filter(|part| part.len() > 2 || !part.ends_with('0'));
            let whole: u32 = whole.map(|part| count(part, |one| one.is_ascii_digit())).sum();
            if whole >= MILLION_DIGITS {
                self.mark(Class::Million);
            }
        } else if token.contains('%') {
            self.mark(Class::Percent);
        } else if is_coin(token.trim_matches(|one: char| !one.is_ascii_alphanumeric())) {
            self.mark(Class::Coin);
        }
        self.phone(token, digits);
    }

    fn phone(&mut self, token: &str, digits: u32) {
        let is_part = |one: char| {
            one.is_ascii_digit() || matches!(one, '(' | ')' | '+' | '-' | '.' | '/' | ',' | ':')
        };
        if !token.chars().all(is_part) {
            self.end_number();
            return;
        }
        self.number_digits = self.number_digits.saturating_add(digits);
        if self.number_head.len() < 4 {
            self.number_head.extend(token.chars().filter(char::is_ascii_digit).take(4));
        }
        if token.ends_with([',', ':']) {
            self.end_number();
        }
    }

    fn end_number(&mut self) {
        let digits = std::mem::take(&mut self.number_digits);
        let head = std::mem::take(&mut self.number_head);
        if !PHONE_DIGITS.contains(&digits) {
            return;
        }
        self.mark(Class::Number);
        let head = head.strip_prefix('1').unwrap_or(&head);
        if ["800", "888", "877", "866", "855", "844", "833"].iter().any(|one| head.starts_with(one))
        {
            self.mark(Class::TollFree);
        }
    }

    /// Words written letter by letter with blanks between.
    fn spelling(&mut self, token: &str) {
        let mut letters = token.chars().filter(|one| one.is_alphanumeric());
        match (letters.next(), letters.next()) {
            (Some(letter), None) if token.len() < 4 && letter.is_ascii() => {
                if self.spelled.len() < TRIAL_OCTETS {
                    self.spelled.push(letter);
                }
            }
            (None, _) if token.len() < 3 => {}
            _ => self.end_spelled(),
        }
    }

    fn end_spelled(&mut self) {
        let word = std::mem::take(&mut self.spelled);
        if word.len() > 3 {
            let written: Vec<String> = word.chars().map(String::from).collect();
            self.try_disguise(&written.join(" "), &word);
        }
    }

    /// Words with signs between their letters, or with digits and signs for letters.
    fn disguise(&mut self, token: &str) {
        let word = token.trim_matches(|one: char| !one.is_ascii_alphanumeric() && one != '$');
        if word.len() < 5 || word.len() > TRIAL_OCTETS || !word.is_ascii() {
            return;
        }
        let letters = count(word, |one| one.is_ascii_alphabetic());
        let others = word.len() - letters as usize;
        if others == 0 || letters < 3 || others > letters as usize {
            return;
        }
        let is_stuffed =
            |one: char| matches!(one, '.' | '*' | '_' | '-' | '~' | '^' | '|' | '\'' | '`');
        if word.chars().all(|one| one.is_ascii_alphabetic() || is_stuffed(one)) {
            let plain: String = word.chars().filter(char::is_ascii_alphabetic).collect();
            if is_torn(word) {
                self.try_disguise(word, &plain);
            }
        } else if !is_at_only(word) {
            for one_is in ['i', 'l'] {
                let plain = without_leet(word, one_is);
                if plain.is_some_and(|plain| self.try_disguise(word, &plain)) {
                    break;
                }
            }
        }
    }

    fn try_disguise(&mut self, written: &str, reads: &str) -> bool {
        self.trials += 1;
        if self.trials > TRIALS || self.disguised.len() >= DISGUISES {
            return false;
        }
        let set = classes_of(reads).common(HIDEABLE);
        if set.is_empty() {
            return false;
        }
        let disguise = Disguise { written: written.to_owned(), reads: reads.to_owned(), set };
        self.disguised.push(disguise);
        true
    }

    /// What was written.
    pub fn done(self) -> Meaning {
        Meaning {
            text: self.text,
            sentences: self.sentences,
            words: self.words,
            disguised: self.disguised,
            ..Meaning::default()
        }
    }
}

fn count(text: &str, is_it: fn(&char) -> bool) -> u32 {
    u32::try_from(text.chars().filter(is_it).count()).unwrap_or(u32::MAX)
}

fn is_link(token: &str) -> bool {
    token.contains("://") || token.trim_start_matches(['(', '<', '[', '"']).starts_with("www.")
}

fn is_address(token: &str) -> bool {
    token.rsplit_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.split_once('.').is_some_and(|(_, rest)| rest.len() > 1)
    })
}

fn ends_sentence(token: &str) -> bool {
    let bare = token.trim_end_matches(['"', '\'', ')', ']', '\u{201d}', '\u{2019}', '»']);
    bare.ends_with(['!', '?', '؟', '…']) || bare.ends_with('.') && bare.len() > 3
}

/// Whether signs tear a word apart where no hyphen or abbreviation would: between single letters,
/// or with signs that stand in no word.
fn is_torn(word: &str) -> bool {
    let pieces =
        || word.split(|one: char| !one.is_ascii_alphabetic()).filter(|one| !one.is_empty());
    let single = pieces().filter(|one| one.len() == 1).count();
    word.contains(['*', '_', '~', '^', '|', '`']) || (single > 2 && single * 2 > pieces().count())
}

/// A word with letters in place of digits and signs; `None` when it has others.
fn without_leet(word: &str, one_is: char) -> Option<String> {
    let letter = |one: char| match one {
        '0' => Some('o'),
        '1' | '!' | '|' => Some(one_is),
        '3' => Some('e'),
        '4' | '@' => Some('a'),
        '5' | '$' => Some('s'),
        '7' => Some('t'),
        _ if one.is_ascii_alphabetic() => Some(one),
        _ => None,
    };
    word.chars().map(letter).collect()
}

/// Names such as Cl@ve and words for both sexes have one `@` for a letter.
fn is_at_only(word: &str) -> bool {
    let others = || word.chars().filter(|one| !one.is_ascii_alphabetic());
    others().count() == 1 && others().all(|one| one == '@')
}

/// Whether a word looks like an address of Bitcoin, Ethereum or Tron after folding.
fn is_coin(word: &str) -> bool {
    let digits = count(word, |one| one.is_ascii_digit());
    let least = if word.starts_with("bc1") { 1 } else { 3 };
    if digits < least || !word.chars().all(|one| one.is_ascii_alphanumeric()) {
        return false;
    }
    let letters = count(word, |one| one.is_ascii_alphabetic());
    let is_hex = || word.chars().skip(2).all(|one| one.is_ascii_hexdigit());
    let has_beyond_hex = || word.chars().any(|one| matches!(one, 'g'..='z'));
    match word.len() {
        42 if word.starts_with("0x") => is_hex(),
        42..=62 if word.starts_with("bc1") => letters > 5,
        26..=35 if word.starts_with(['1', '3', 't']) => letters > 8 && has_beyond_hex(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fold;

    fn of(text: &str) -> Meaning {
        Meaning::of("", &fold(text), "")
    }

    #[test]
    fn money_shares_and_millions_are_seen() {
        assert!(of("only $49.95 today").all.has(Class::Money));
        assert!(of("the sum of $12,500,000.00").all.has(Class::Million));
        assert!(!of("only $49,500.00 today").all.has(Class::Million));
        assert!(of("save 40% now").all.has(Class::Percent));
        assert!(
            !of("version 4.0 and 12 files").all.meets(Set::of(&[Class::Money, Class::Percent]))
        );
    }

    #[test]
    fn telephone_numbers_are_seen_in_pieces() {
        assert!(of("call +1 (808) 555-0134 today").all.has(Class::Number));
        assert!(of("call 1-888-555-0134").all.has(Class::TollFree));
        assert!(!of("on 2002-08-12 at 11:30").all.has(Class::Number));
        assert!(!of("call 1-212-555-0134").all.has(Class::TollFree));
    }

    #[test]
    fn addresses_of_coins_are_told_from_identifiers() {
        assert!(of("to 1BoatSLRHtKNngkdXEeobR76b53LETtpyT now").all.has(Class::Coin));
        assert!(of("to bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 now").all.has(Class::Coin));
        assert!(!of("commit 1f3a5c7e9b1d3f5a7c9e1b3d5f7a9c1e").all.has(Class::Coin));
    }

    #[test]
    fn words_written_with_signs_digits_or_blanks_are_seen_through() {
        for text in [
            "buy v1agra here",
            "buy v.i.a.g.r.a here",
            "buy V I A G R A here",
            "buy V*i*a*gra here",
        ] {
            let meaning = of(text);
            assert!(meaning.all.has(Class::Pharmacy), "{text} {:?}", meaning.disguised);
            assert_eq!(meaning.disguised.len(), 1, "{text}");
        }
        assert_eq!(of("your passw0rd").disguised[0].reads, "password");
    }

    #[test]
    fn hyphens_abbreviations_and_part_numbers_are_no_disguise() {
        for text in [
            "e-mail and log-in",
            "the U.S.A. and e.g. that",
            "a1b2c3 mp3 win2k",
            "plan A B C D",
            "pre-paid free-form",
        ] {
            assert!(of(text).disguised.is_empty(), "{text}");
        }
    }
}
