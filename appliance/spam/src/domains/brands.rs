//! Names worth imitating and the domains that are truly theirs.

use std::collections::HashMap;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::{endings, label, lines, registrable, suffix};
use crate::text::fold;

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
    domains: HashMap<&'static str, Vec<usize>>,
    anywhere: HashMap<&'static str, Vec<usize>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table {
        brands: Vec::new(),
        names: Vec::new(),
        domains: HashMap::new(),
        anywhere: HashMap::new(),
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

/// Finds all names in folded text.
static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let names = TABLE.names.iter().map(|name| name.text.as_str());
    AhoCorasick::builder().match_kind(MatchKind::Standard).build(names).ok()
});

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
    let found = FINDER.as_ref().map(|finder| finder.find_overlapping_iter(folded));
    found.into_iter().flatten().filter_map(move |one| {
        let name = TABLE.names.get(one.pattern().as_usize())?;
        let mention = Mention { name, start: one.start(), end: one.end() };
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
    fn hosts_belong_to_their_owners() {
        let name = |text: &str| names().iter().find(|name| name.text == text).unwrap();
        assert!(owns(name("paypal"), "www.paypal.com") && owns(name("paypal"), "paypal.co.uk"));
        assert!(owns(name("amazon"), "marketplace.amazon.de"));
        assert!(!owns(name("paypal"), "paypal.com.evil.example"));
        assert!(!owns(name("paypal"), "paypal.tk") && !owns(name("paypal"), "paypal-secure.com"));
        assert!(is_known("impots.gouv.fr") && !is_known("example.com"));
    }
}
