//! What matched, in words that a person can check.

use crate::limits;

/// One entry that matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quote {
    /// Where its first match stands in the shown text.
    pub start: usize,
    /// The first match; empty when it holds for what is not there.
    pub text: String,
    /// Matches.
    pub count: usize,
}

/// The matches in their order, the first of them in quotation marks.
pub(crate) fn words(mut quotes: Vec<Quote>) -> String {
    quotes.sort_by_key(|quote| quote.start);
    let more = quotes.len().saturating_sub(limits::QUOTED);
    let mut said: Vec<String> = quotes.iter().take(limits::QUOTED).map(one).collect();
    if more > 0 {
        said.push(format!("{more} more"));
    }
    said.join(", ")
}

fn one(quote: &Quote) -> String {
    let text = short(&quote.text);
    match (text.is_empty(), quote.count) {
        (true, _) => "what must not be there is not there".to_owned(),
        (false, 0 | 1) => format!("{text:?}"),
        (false, count) => format!("{text:?} {count} times"),
    }
}

/// A match on one line, cut.
fn short(text: &str) -> String {
    let pieces: Vec<&str> = text.split_whitespace().collect();
    let text = pieces.join(" ");
    if text.chars().count() <= limits::QUOTED_CHARACTERS {
        return text;
    }
    let start: String = text.chars().take(limits::QUOTED_CHARACTERS).collect();
    format!("{start}...")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(start: usize, text: &str, count: usize) -> Quote {
        Quote { start, text: text.into(), count }
    }

    #[test]
    fn matches_are_quoted_in_their_order_with_counts() {
        let said = words(vec![quote(9, "gift\ncard", 1), quote(2, "wire", 3), quote(0, "", 1)]);
        assert_eq!(said, "what must not be there is not there, \"wire\" 3 times, \"gift card\"");
    }

    #[test]
    fn long_and_many_matches_are_cut() {
        let long = "x".repeat(500);
        let said = words((0..20).map(|number| quote(number, &long, 1)).collect());
        assert!(said.ends_with("12 more") && said.len() < 1000);
    }
}
