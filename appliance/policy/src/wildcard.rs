//! The one wildcard grammar (features D-16): `*` any run of characters, `?` one character, case
//! does not matter.

use crate::limits;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wildcard {
    pattern: Vec<char>,
}

impl Wildcard {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// The reason in words, when the pattern is empty, too long or has control characters.
    pub fn new(pattern: &str) -> Result<Self, &'static str> {
        if pattern.is_empty() {
            return Err("it is empty");
        }
        if pattern.chars().count() > limits::PATTERN_CHARACTERS {
            return Err("it is longer than any address");
        }
        if pattern.chars().any(char::is_control) {
            return Err("it has a control character");
        }
        Ok(Wildcard { pattern: pattern.to_lowercase().chars().collect() })
    }

    /// Whether `text` as a whole matches. Linear in pattern times text, without recursion.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.to_lowercase().chars().collect();
        self.fits(&text)
    }

    /// As [`Wildcard::matches`], for a text in lower case.
    pub(crate) fn fits(&self, text: &[char]) -> bool {
        let (mut at, mut place) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        while place < text.len() {
            match self.pattern.get(at) {
                Some('*') => {
                    retry = Some((at + 1, place));
                    at += 1;
                }
                Some(wanted) if *wanted == '?' || text.get(place) == Some(wanted) => {
                    at += 1;
                    place += 1;
                }
                _ => match retry {
                    Some((after, from)) => {
                        retry = Some((after, from + 1));
                        at = after;
                        place = from + 1;
                    }
                    None => return false,
                },
            }
        }
        self.pattern.iter().skip(at).all(|rest| *rest == '*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Wildcard::new(pattern).unwrap().matches(text)
    }

    #[test]
    fn forms_that_administrators_write() {
        assert!(matches("*@example.test", "Ann@EXAMPLE.test"));
        assert!(matches("*@*.example.test", "ann@a.b.example.test"));
        assert!(!matches("*@*.example.test", "ann@example.test"));
        assert!(matches("ann@*", "ann@x.test"));
        assert!(matches("*", ""));
        assert!(matches("a?n@x.test", "ann@x.test"));
        assert!(!matches("a?n@x.test", "an@x.test"));
        assert!(!matches("*@example.test", "ann@example.test.evil.test"));
    }

    #[test]
    fn many_stars_stay_fast() {
        let pattern = "*a".repeat(100);
        assert!(!matches(&pattern, &"b".repeat(300)));
    }

    proptest::proptest! {
        #[test]
        fn a_text_without_wildcards_matches_itself_only(a in "[a-z@.]{1,12}", b in "[a-z@.]{1,12}") {
            assert!(matches(&a, &a));
            assert_eq!(matches(&a, &b), a == b);
        }

        #[test]
        fn a_star_stands_for_any_run(a in "[a-z]{0,6}", run in "[a-z@.]{0,8}", b in "[a-z]{0,6}") {
            let (pattern, text) = (format!("{a}*{b}"), format!("{a}{run}{b}"));
            assert!(matches(&pattern, &text));
        }
    }
}
