//! Words by what they are about, in many languages, and where a text has them.
//!
//! The words stand in `lexicon/*.txt`, one class a line: `class: word, stem*, two words`. A text is
//! written anew as folded words with one blank around each, links left out, so that whole words and
//! phrases are found where a word begins; `Meaning` keeps which classes each sentence has. Start
//! with [`Meaning::of`].

mod finder;
mod tokens;
mod tongue;

use std::sync::LazyLock;

use crate::text::fold;
use finder::Finder;
use tokens::Writer;

/// Octets of a message's text that are read for meaning.
const TEXT_OCTETS: usize = 24 * 1024;
/// Octets of an attachment's text that are read when the message itself says little.
const ATTACHED_OCTETS: usize = 4 * 1024;
/// A message of fewer words says little.
const LITTLE_WORDS: u32 = 120;
/// Octets of a sentence that are shown.
const SHOWN_OCTETS: usize = 150;

const FILES: &[&str] = &[
    include_str!("lexicon/en.txt"),
    include_str!("lexicon/en_selling.txt"),
    include_str!("lexicon/de.txt"),
    include_str!("lexicon/fr.txt"),
    include_str!("lexicon/es.txt"),
    include_str!("lexicon/it.txt"),
    include_str!("lexicon/pt.txt"),
    include_str!("lexicon/nl.txt"),
    include_str!("lexicon/pl.txt"),
    include_str!("lexicon/ru.txt"),
    include_str!("lexicon/ja.txt"),
    include_str!("lexicon/zh.txt"),
    include_str!("lexicon/others.txt"),
];

macro_rules! classes {
    ($($name:ident $word:literal)*) => {
        /// What a word is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub(crate) enum Class {
            $(
                #[doc = $word]
                $name,
            )*
        }

        const NAMES: &[(&str, Class)] = &[$(($word, Class::$name),)*];
    };
}

classes! {
    Account "account" Password "password" Mailbox "mailbox" Storage "storage" Document "document"
    Payment "payment" Invoice "invoice" Bank "bank" Card "card" Tax "tax" Parcel "parcel" Fee "fee"
    Security "security" Verify "verify" Update "update" Click "click" Login "login"
    Download "download" Suspend "suspend" Expire "expire" Lose "lose" Unusual "unusual" Fail "fail"
    Urgent "urgent" Deadline "deadline" Refund "refund" Win "win" Prize "prize" Gift "gift"
    Survey "survey" Inherit "inherit" Fund "fund" Million "million" Loan "loan" Invest "invest"
    Crypto "crypto" Wallet "wallet" Profit "profit" Video "video" Blackmail "blackmail"
    Secret "secret" Wire "wire" BankChange "bank-change" Payroll "payroll" GiftCard "gift-card"
    Available "available" Busy "busy" Phone "phone" Cancel "cancel" Renewal "renewal"
    Subscription "subscription" Offer "offer" Discount "discount" Cheap "cheap" Free "free"
    Order "order" Pharmacy "pharmacy" Sex "sex" Dating "dating" Casino "casino" Replica "replica"
    Diploma "diploma" Weight "weight" Oem "oem" Stock "stock" Mortgage "mortgage"
    HomeWork "home-work" Seo "seo" WebDesign "web-design" Leads "leads" Enlarge "enlarge"
    Insurance "insurance" Solar "solar" Mlm "mlm" Chain "chain" Unsubscribe "unsubscribe" Qr "qr"
    Mfa "mfa" Voicemail "voicemail" Fax "fax" Shared "shared" Sign "sign" Consent "consent"
    Honest "honest" Never "never" BulkMail "bulk-mail" NotSpam "not-spam" Removal "removal"
    Guarantee "guarantee" Hype "hype" ActNow "act-now" Beneficiary "beneficiary" Lottery "lottery"
    Pity "pity" PrivateReply "private-reply" Trusted "trusted" Job "job" Conference "conference"
    Gadget "gadget" Favour "favour" Mobile "mobile" Attached "attached" Greeting "greeting"
    Team "team" Identity "identity" Technical "technical" Charge "charge" Hold "hold"
    Reward "reward" Open "open" Message "message" Income "income" Credit "credit" Toll "toll"
    Legal "legal" Youth "youth" Supplies "supplies" Travel "travel" Talk "talk" Cold "cold"
    Psychic "psychic"
    Link "computed-link" Email "computed-email" Money "computed-money" Number "computed-number"
    TollFree "computed-toll-free" Coin "computed-coin" Percent "computed-percent"
}

/// How many classes there are.
pub(crate) const CLASSES: usize = NAMES.len();

/// The name of the class at a place.
pub(crate) fn class_name(place: usize) -> &'static str {
    NAMES.get(place).map_or("", |(name, _)| name.trim_start_matches("computed-"))
}

/// A set of classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Set(u128);

impl Set {
    /// These classes.
    pub const fn of(mut classes: &[Class]) -> Self {
        let mut bits = 0;
        while let [first, rest @ ..] = classes {
            bits |= 1_u128 << (*first as u8);
            classes = rest;
        }
        Set(bits)
    }

    /// Whether it has this one.
    pub const fn has(self, one: Class) -> bool {
        self.0 & (1_u128 << (one as u8)) != 0
    }

    /// Whether it has one of these.
    pub const fn meets(self, other: Set) -> bool {
        self.0 & other.0 != 0
    }

    /// Both together.
    pub const fn with(self, other: Set) -> Set {
        Set(self.0 | other.0)
    }

    /// Those of both.
    pub const fn common(self, other: Set) -> Set {
        Set(self.0 & other.0)
    }

    /// How many.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Places of its classes in the order of their declaration.
    pub fn places(self) -> impl Iterator<Item = usize> {
        let mut bits = self.0;
        std::iter::from_fn(move || {
            let place = bits.trailing_zeros();
            bits &= bits.checked_sub(1)?;
            usize::try_from(place).ok()
        })
    }

    /// Whether it has none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// One sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sentence {
    start: usize,
    end: usize,
    /// Its words.
    pub words: u32,
    /// What they are about.
    pub set: Set,
}

/// A word that was written to be read by people and by no filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Disguise {
    /// As it was written.
    pub written: String,
    /// As it reads.
    pub reads: String,
    /// What it is about.
    pub set: Set,
}

/// What a text is about, sentence by sentence.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meaning {
    text: String,
    /// The subject first, when there is one.
    pub sentences: Vec<Sentence>,
    /// Classes of the subject.
    pub subject: Set,
    /// Classes of the whole.
    pub all: Set,
    /// Words of the subject and the text.
    pub words: u32,
    /// Words in disguise.
    pub disguised: Vec<Disguise>,
    /// Its language (ISO 639-1), when it can be told.
    pub tongue: Option<&'static str>,
    distinct: Vec<u8>,
}

impl Meaning {
    /// Reads folded texts: the subject, the body, and what is attached.
    pub fn of(subject: &str, body: &str, attached: &str) -> Self {
        let mut writer = Writer::default();
        writer.text(cut(subject, TEXT_OCTETS));
        writer.end_sentence();
        let has_subject = !writer.sentences.is_empty();
        writer.text(cut(body, TEXT_OCTETS));
        writer.end_sentence();
        if writer.words < LITTLE_WORDS && !attached.is_empty() {
            writer.text(&fold(cut(attached, ATTACHED_OCTETS)));
            writer.end_sentence();
        }
        let mut meaning = writer.done();
        FINDER.read(&mut meaning);
        if has_subject {
            meaning.subject = meaning.sentences.first().map(|one| one.set).unwrap_or_default();
        }
        meaning.tongue = tongue::guess(&meaning.text);
        meaning
    }

    /// How many different words of a class there are.
    pub fn distinct(&self, class: Class) -> u32 {
        self.distinct.get(class as usize).copied().unwrap_or_default().into()
    }

    /// How many different words there are of these classes together.
    pub fn distinct_of(&self, set: Set) -> u32 {
        let of_class = |place| u32::from(self.distinct.get(place).copied().unwrap_or_default());
        set.places().map(of_class).sum()
    }

    /// The words of a sentence.
    pub fn shown(&self, sentence: &Sentence) -> &str {
        cut(self.text.get(sentence.start..sentence.end).unwrap_or_default().trim(), SHOWN_OCTETS)
    }

    /// The words of the first sentence that has one of these classes.
    pub fn shown_with(&self, set: Set) -> &str {
        let first = self.sentences.iter().find(|one| one.set.meets(set));
        first.map_or("", |one| self.shown(one))
    }
}

fn cut(text: &str, octets: usize) -> &str {
    text.get(..text.floor_char_boundary(octets)).unwrap_or_default()
}

static FINDER: LazyLock<Finder> =
    LazyLock::new(|| Finder::of(FILES.iter().flat_map(|file| entries(file))));

/// What a single word is about, when the lexicon knows it whole.
fn classes_of(word: &str) -> Set {
    FINDER.classes_of(word)
}

/// Classes and patterns of a file.
fn entries(file: &str) -> impl Iterator<Item = (Class, String)> + '_ {
    let lines = file.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once(':'));
    pairs.flat_map(|(name, words)| {
        let class = NAMES.iter().find(|(known, _)| *known == name.trim()).map(|(_, class)| *class);
        let patterns = words.split(',').map(pattern).filter(|one| !one.trim().is_empty());
        class.into_iter().flat_map(move |class| patterns.clone().map(move |one| (class, one)))
    })
}

/// A word as it stands in a text that was written anew. Chinese and Japanese have no blanks.
fn pattern(word: &str) -> String {
    let folded = fold(word.trim());
    let is_stem = folded.ends_with('*');
    let mut writer = Writer::default();
    writer.words_of(&folded);
    let plain = writer.text.trim();
    if plain.is_empty() || plain.chars().any(tokens::is_dense) {
        plain.replace(' ', "")
    } else {
        format!(" {plain}{}", if is_stem { "" } else { " " })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Meaning {
        Meaning::of("", &fold(text), "")
    }

    #[test]
    fn every_line_of_the_lexicon_has_a_class_that_is_known_and_used() {
        let mut used = Set::default();
        for file in FILES {
            for line in file.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
                let name = line.split_once(':').expect(line).0;
                assert!(NAMES.iter().any(|(known, _)| *known == name), "{name}");
            }
            entries(file).for_each(|(class, _)| used = used.with(Set::of(&[class])));
        }
        for (name, class) in NAMES.iter().filter(|(name, _)| !name.starts_with("computed")) {
            assert!(used.has(*class), "{name} has no words");
        }
    }

    #[test]
    fn words_count_as_whole_words_and_stems_as_beginnings() {
        assert!(of("Reset your password now").all.has(Class::Password));
        assert!(!of("passwordless compassword").all.has(Class::Password));
        assert!(of("Please verify it").all.has(Class::Verify));
        assert!(of("Ihr Kennwort, bitte!").all.has(Class::Password));
    }

    #[test]
    fn words_of_links_and_addresses_do_not_count() {
        let meaning = of("see https://a.example/password/verify or ask password@example.org");
        assert!(!meaning.all.meets(Set::of(&[Class::Password, Class::Verify])));
        assert!(meaning.all.has(Class::Link) && meaning.all.has(Class::Email));
    }

    #[test]
    fn chinese_and_japanese_need_no_blanks() {
        assert!(of("お客様のパスワードの有効期限が切れました。").all.has(Class::Password));
        assert!(of("您的邮箱密码即将过期").all.has(Class::Password));
    }

    #[test]
    fn each_sentence_has_its_own_classes_and_words() {
        let meaning =
            Meaning::of("hello there", &fold("Your invoice is here. The password is old."), "");
        assert_eq!(meaning.sentences.len(), 3);
        assert!(meaning.sentences[1].set.has(Class::Invoice));
        assert!(!meaning.sentences[1].set.has(Class::Password));
        assert!(meaning.sentences[2].set.has(Class::Password));
        assert_eq!(meaning.shown(&meaning.sentences[2]), "the password is old");
        assert_eq!(meaning.words, 10);
    }

    #[test]
    fn attached_text_is_read_when_the_message_says_little() {
        assert!(Meaning::of("", "see attached", "Your Password").all.has(Class::Password));
        let long = "word ".repeat(200);
        assert!(!Meaning::of("", &long, "Your Password").all.has(Class::Password));
    }

    #[test]
    fn a_great_text_is_cut_and_read_in_bounded_time() {
        let meaning = of(&"password. ".repeat(20_000));
        assert!(meaning.words <= 3_000 && meaning.sentences.len() <= 3_000);
    }
}
