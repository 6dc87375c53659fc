//! Names worth imitating and the domains that are truly theirs.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::{endings, label, lines, registrable, suffix};
use crate::text::fold;
use crate::word_list::{FixedMap, Head, WordList};

/// One name of a brand.
#[derive(Debug)]
pub(crate) struct Name {
    /// As it reads, folded.
    pub text: String,
    /// The same with letters and digits alone, as it stands in a host.
    pub compact: String,
    /// Whether it is an ordinary word too.
    pub is_ordinary: bool,
    /// Whose it is.
    pub brand: usize,
}

/// A brand.
#[derive(Debug)]
pub(crate) struct Brand {
    /// Its name as shown to people.
    pub name: &'static str,
    /// What it is in.
    pub kind: &'static str,
}

/// A mention of a brand in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mention {
    /// The name.
    pub name: &'static Name,
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

struct Table {
    brands: Vec<Brand>,
    names: Vec<Name>,
    domains: FixedMap<&'static str, Vec<usize>>,
    anywhere: FixedMap<&'static str, Vec<usize>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table {
        brands: Vec::new(),
        names: Vec::new(),
        domains: FixedMap::default(),
        anywhere: FixedMap::default(),
    };
    for line in lines(include_str!("brands.txt")) {
        let mut columns = line.splitn(3, '|').map(str::trim);
        let (Some(kind), Some(names), Some(domains)) =
            (columns.next(), columns.next(), columns.next())
        else {
            continue;
        };
        let brand = table.brands.len();
        let mut names = names.split(',').map(str::trim).filter(|name| !name.is_empty()).peekable();
        let shown = names.peek().map_or("", |name| name.trim_start_matches('~'));
        table.brands.push(Brand { name: shown, kind });
        table.names.extend(names.map(|name| named(name, brand)));
        for domain in domains.split_whitespace() {
            let (key, of) = match domain.strip_suffix(".*") {
                Some(label) => (label, &mut table.anywhere),
                None => (domain, &mut table.domains),
            };
            of.entry(key).or_default().push(brand);
        }
    }
    table
});

fn named(name: &'static str, brand: usize) -> Name {
    let is_ordinary = name.starts_with('~');
    let text = fold(name.trim_start_matches('~'));
    let compact = text.chars().filter(char::is_ascii_alphanumeric).collect();
    Name { text, compact, is_ordinary, brand }
}

/// Finds all names in folded text: those that begin with a letter or digit of ASCII where such a
/// word begins, the others anywhere.
struct Finder {
    plain: WordList,
    plain_places: Vec<usize>,
    others: Option<AhoCorasick>,
    other_places: Vec<usize>,
}

static FINDER: LazyLock<Finder> = LazyLock::new(|| {
    let (plain, others): (Vec<_>, Vec<_>) = TABLE
        .names
        .iter()
        .enumerate()
        .partition(|(_, name)| name.text.is_ascii() && head(&name.text) > 0);
    let automaton = AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .match_kind(MatchKind::Standard)
        .build(others.iter().map(|(_, name)| name.text.as_str()));
    Finder {
        plain: WordList::of(plain.iter().map(|(_, name)| (name.text.as_str(), head(&name.text)))),
        plain_places: plain.into_iter().map(|(place, _)| place).collect(),
        others: automaton.ok(),
        other_places: others.into_iter().map(|(place, _)| place).collect(),
    }
});

/// Octets of the letters and digits of ASCII that a text begins with.
fn head(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_alphanumeric).count()
}

impl Finder {
    /// Places of names with where they begin and end, whatever stands next to them.
    fn find(&self, text: &str) -> Vec<(usize, usize, usize)> {
        let mut found = Vec::new();
        let (mut start, mut head) = (0, Head::EMPTY);
        for (at, octet) in text.bytes().chain([b' ']).enumerate() {
            if octet.is_ascii_alphanumeric() {
                head = head.with(octet);
                continue;
            }
            if head.octets > 0 {
                let rest = text.get(start..).unwrap_or_default();
                let here = self.plain.under(head).filter(|(_, name)| rest.starts_with(name));
                found.extend(here.filter_map(|(number, name)| {
                    Some((start + name.len(), start, *self.plain_places.get(number)?))
                }));
            }
            (start, head) = (at + 1, Head::EMPTY);
        }
        if let Some(others) = self.others.as_ref().filter(|_| !text.is_ascii() || self.has_signs())
        {
            found.extend(others.find_overlapping_iter(text).filter_map(|one| {
                let place = self.other_places.get(one.pattern().as_usize())?;
                Some((one.end(), one.start(), *place))
            }));
        }
        // In the order of their ends, the longest first.
        found.sort_unstable();
        found
    }

    /// Whether a name begins with a sign of ASCII.
    fn has_signs(&self) -> bool {
        let name = |place: &usize| TABLE.names.get(*place);
        self.other_places.iter().filter_map(name).any(|name| name.text.is_ascii())
    }
}

/// Suffixes under which a well-known label is its owner's, as far as one can tell.
fn is_costly(suffix: &str) -> bool {
    let last = suffix.rsplit('.').next().unwrap_or(suffix);
    matches!(suffix, "com" | "net" | "org" | "eu")
        || last.len() == 2 && super::cheapness(suffix) <= 0.0
}

/// All names.
pub(crate) fn names() -> &'static [Name] {
    &TABLE.names
}

/// What a brand is in: the first column of the table.
pub(crate) fn kind(brand: usize) -> &'static str {
    TABLE.brands.get(brand).map_or("", |brand| brand.kind)
}

/// The brand that a host belongs to.
pub(crate) fn owner(host: &str) -> Option<&'static Brand> {
    owners(host).next().and_then(|brand| TABLE.brands.get(brand))
}

/// The brands whose domain a host is under.
pub(crate) fn owners(host: &str) -> impl Iterator<Item = usize> + '_ {
    let named = endings(host).filter_map(|end| TABLE.domains.get(end)).flatten();
    let domain = registrable(host);
    let anywhere = TABLE.anywhere.get(label(domain)).filter(|_| is_costly(suffix(domain)));
    named.chain(anywhere.into_iter().flatten()).copied()
}

/// Whether a host is under a domain of any brand.
pub(crate) fn is_known(host: &str) -> bool {
    owners(host).next().is_some()
}

/// Whether a host is under a domain of one of the brands that bear this name.
pub(crate) fn owns(name: &Name, host: &str) -> bool {
    let bears = |brand: usize| {
        brand == name.brand
            || TABLE.names.iter().any(|one| one.brand == brand && one.text == name.text)
    };
    owners(host).any(bears)
}

/// Every mention of a brand in folded text, at the edges of words.
pub(crate) fn mentions(folded: &str) -> impl Iterator<Item = Mention> + '_ {
    FINDER.find(folded).into_iter().filter_map(move |(end, start, place)| {
        let mention = Mention { name: TABLE.names.get(place)?, start, end };
        stands_alone(folded, &mention).then_some(mention)
    })
}

/// Whether no letter or digit is next to a mention. Scripts without spaces need none.
fn stands_alone(folded: &str, mention: &Mention) -> bool {
    if !mention.name.text.is_ascii() {
        return true;
    }
    let before = folded.get(..mention.start).and_then(|text| text.chars().next_back());
    let after = folded.get(mention.end..).and_then(|text| text.chars().next());
    let is_word =
        |one: Option<char>| one.is_some_and(|one| one.is_alphanumeric() && one.is_ascii());
    !is_word(before) && !is_word(after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn there_are_many_brands_and_each_has_names_and_domains() {
        assert!(TABLE.brands.len() >= 350, "{}", TABLE.brands.len());
        assert!(TABLE.brands.iter().all(|brand| !brand.name.is_empty()));
        assert!(TABLE.names.iter().all(|name| !name.text.is_empty()));
        for line in lines(include_str!("brands.txt")) {
            let columns: Vec<&str> = line.split('|').map(str::trim).collect();
            assert!(columns.len() == 3 && columns.iter().all(|one| !one.is_empty()), "{line}");
            for domain in columns[2].split_whitespace() {
                assert!(domain.contains('.') || domain == "localhost", "{line}");
            }
        }
    }

    #[test]
    fn names_are_found_as_words_alone() {
        let found =
            |text: &str| mentions(&fold(text)).map(|one| one.name.text.clone()).collect::<Vec<_>>();
        assert!(found("Your PayPal account").contains(&"paypal".to_owned()));
        assert!(found("三井住友カードのお知らせ").iter().any(|name| name.contains("三井住友")));
        assert!(found("pineapples and dhling").is_empty());
    }

    #[test]
    fn every_name_is_found_in_the_order_of_ends() {
        for name in names() {
            let text = format!("x {} y \u{e4}", name.text);
            let found: Vec<_> = mentions(&text).map(|one| (one.end, one.start)).collect();
            let at = (2 + name.text.len(), 2);
            assert!(found.contains(&at) && found.is_sorted(), "{text} {found:?}");
        }
    }

    #[test]
    fn names_that_begin_with_a_sign_would_be_looked_for_in_any_text() {
        assert!(!FINDER.has_signs(), "they cost time in every mail: write them otherwise");
    }

    proptest! {
        #[test]
        fn looking_up_words_finds_what_one_automaton_over_all_names_finds(
            picks in prop::collection::vec((0..10_000_usize, "[ a1.&\u{e4}-]{0,3}"), 1..12)
        ) {
            let pieces = picks.iter().map(|(pick, between)| {
                [names()[pick % names().len()].text.as_str(), between].concat()
            });
            let text = pieces.collect::<String>();
            let finder = AhoCorasick::new(names().iter().map(|name| name.text.as_str())).unwrap();
            let all = finder.find_overlapping_iter(&text).map(|one| Mention {
                name: &names()[one.pattern().as_usize()],
                start: one.start(),
                end: one.end(),
            });
            let told = |one: &Mention| (one.start, one.end, one.name.text.clone(), one.name.brand);
            let wanted: Vec<_> =
                all.filter(|one| stands_alone(&text, one)).map(|one| told(&one)).collect();
            let found: Vec<_> = mentions(&text).map(|one| told(&one)).collect();
            prop_assert_eq!(found, wanted);
        }
    }

    #[test]
    fn hosts_belong_to_their_owners() {
        let name = |text: &str| names().iter().find(|name| name.text == text).unwrap();
        assert!(owns(name("paypal"), "www.paypal.com") && owns(name("paypal"), "paypal.co.uk"));
        assert!(owns(name("amazon"), "marketplace.amazon.de"));
        assert!(!owns(name("paypal"), "paypal.com.evil.example"));
        assert!(!owns(name("paypal"), "paypal.tk") && !owns(name("paypal"), "paypal-secure.com"));
        assert!(is_known("impots.gouv.fr") && !is_known("example.com"));
    }
}
