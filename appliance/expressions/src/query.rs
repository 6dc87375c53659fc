//! A keyword as it is written: words, or words put together with AND, OR, NOT, NEAR and brackets.
//!
//! `wire NEAR5 transfer`: at most five words apart, in any order. NEAR binds closest, then NOT, AND,
//! OR. Words that follow one another are one phrase, as are those in quotes. A star at the start or
//! end of a word stands for any letters. Without an operator the whole is one phrase as it stands.

use crate::limits;

/// One phrase that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    /// What must stand there.
    pub literal: String,
    /// Whether a word may begin in front of it.
    pub open_start: bool,
    /// Whether a word may go on behind it.
    pub open_end: bool,
}

/// What is asked. A phrase is a [`Term`], or the number that [`crate::terms::Terms`] gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Query<T = Term> {
    /// A phrase.
    Term(T),
    /// Two at most so many words apart.
    Near(u32, Box<Query<T>>, Box<Query<T>>),
    /// All of them.
    And(Vec<Query<T>>),
    /// One of them.
    Or(Vec<Query<T>>),
    /// It is not there.
    Not(Box<Query<T>>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Words(String),
    Quoted(String),
    And,
    Or,
    Not,
    Near(u32),
    Open,
    Close,
}

impl Query {
    /// Reads a keyword; `fold` is what is done to its words.
    ///
    /// # Errors
    /// In words.
    pub fn read(text: &str, fold: &dyn Fn(&str) -> String) -> Result<Query, String> {
        if text.len() > limits::PATTERN_OCTETS {
            return Err(format!("it is longer than {} octets", limits::PATTERN_OCTETS));
        }
        let tokens = tokens(text)?;
        let is_plain = tokens.iter().all(|token| {
            matches!(token, Token::Words(_) | Token::Quoted(_) | Token::Open | Token::Close)
        });
        if is_plain {
            let quoted = text.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            return match quoted {
                Some(inner) if !inner.contains('"') => term(inner, true, fold),
                _ => term(text, false, fold),
            };
        }
        let mut reader = Reader { tokens: &tokens, at: 0, fold };
        let query = reader.any(0)?;
        match reader.peek() {
            None => Ok(query),
            Some(Token::Close) => Err("a bracket is closed that was not opened".to_owned()),
            Some(_) => Err("an operator is missing between two parts".to_owned()),
        }
    }

    /// The same with numbers in place of phrases.
    pub fn numbered<N>(self, number: &mut dyn FnMut(Term) -> N) -> Query<N> {
        let mut all = |list: Vec<Query>| list.into_iter().map(|one| one.numbered(number)).collect();
        match self {
            Query::And(list) => Query::And(all(list)),
            Query::Or(list) => Query::Or(all(list)),
            Query::Term(term) => Query::Term(number(term)),
            Query::Not(inner) => Query::Not(Box::new(inner.numbered(number))),
            Query::Near(words, one, two) => {
                let one = Box::new(one.numbered(number));
                Query::Near(words, one, Box::new(two.numbered(number)))
            }
        }
    }
}

impl<T> Query<T> {
    /// Whether it can hold in a text in which none of its words stands.
    pub fn holds_without_words(&self) -> bool {
        match self {
            Query::Term(_) | Query::Near(..) => false,
            Query::And(all) => all.iter().all(Self::holds_without_words),
            Query::Or(all) => all.iter().any(Self::holds_without_words),
            Query::Not(inner) => !inner.holds_without_words(),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, left) = match first {
            '(' => (Token::Open, rest.get(1..)),
            ')' => (Token::Close, rest.get(1..)),
            '"' => {
                let inner = rest.get(1..).unwrap_or_default();
                let Some((quoted, left)) = inner.split_once('"') else {
                    return Err("a quotation mark is not closed".to_owned());
                };
                (Token::Quoted(quoted.to_owned()), Some(left))
            }
            _ => {
                let end = rest.find(|one: char| one.is_whitespace() || "()\"".contains(one));
                let (word, left) =
                    rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, ""));
                (operator(word)?, Some(left))
            }
        };
        rest = left.unwrap_or_default().trim_start();
        tokens.push(token);
        if tokens.len() > limits::TOKENS {
            return Err(format!("it has more than {} words", limits::TOKENS));
        }
    }
    Ok(tokens)
}

fn operator(word: &str) -> Result<Token, String> {
    Ok(match word {
        "AND" => Token::And,
        "OR" => Token::Or,
        "NOT" => Token::Not,
        "NEAR" => Token::Near(limits::NEAR_WORDS),
        _ => {
            match word.strip_prefix("NEAR").filter(|rest| rest.bytes().all(|c| c.is_ascii_digit()))
            {
                Some(number) => {
                    let number =
                        number.parse().ok().filter(|n| (1..=limits::NEAR_MOST).contains(n));
                    let most = limits::NEAR_MOST;
                    Token::Near(number.ok_or(format!("NEAR takes a number from 1 to {most}"))?)
                }
                None => Token::Words(word.to_owned()),
            }
        }
    })
}

/// One phrase. In quotes a star is a star.
fn term(text: &str, is_quoted: bool, fold: &dyn Fn(&str) -> String) -> Result<Query, String> {
    let text = text.trim();
    let (open_start, open_end) = if is_quoted {
        (false, false)
    } else {
        (text.starts_with('*'), text.ends_with('*') && text.len() > 1)
    };
    let inner = if is_quoted { text } else { text.trim_matches('*') };
    if !is_quoted && inner.contains('*') {
        return Err("a star may stand at the start or end of a phrase only".to_owned());
    }
    let literal = fold(inner).trim().to_owned();
    if !literal.chars().any(char::is_alphanumeric) && (literal.is_empty() || open_start || open_end)
    {
        return Err("there is no word in it".to_owned());
    }
    if (open_start || open_end) && literal.chars().count() < 2 && literal.is_ascii() {
        return Err("one letter and a star would match nearly every text".to_owned());
    }
    Ok(Query::Term(Term { literal, open_start, open_end }))
}

struct Reader<'t> {
    tokens: &'t [Token],
    at: usize,
    fold: &'t dyn Fn(&str) -> String,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let is_there = self.peek() == Some(wanted);
        self.at = self.at.saturating_add(usize::from(is_there));
        is_there
    }

    fn any(&mut self, depth: usize) -> Result<Query, String> {
        let mut list = vec![self.all(depth)?];
        while self.take(&Token::Or) {
            list.push(self.all(depth)?);
        }
        Ok(if list.len() == 1 { list.remove(0) } else { Query::Or(list) })
    }

    fn all(&mut self, depth: usize) -> Result<Query, String> {
        let mut list = vec![self.negated(depth)?];
        // "a NOT b" is read as "a AND NOT b".
        while self.take(&Token::And) || self.peek() == Some(&Token::Not) {
            list.push(self.negated(depth)?);
        }
        Ok(if list.len() == 1 { list.remove(0) } else { Query::And(list) })
    }

    fn negated(&mut self, depth: usize) -> Result<Query, String> {
        let mut is_negated = false;
        while self.take(&Token::Not) {
            is_negated = !is_negated;
        }
        let query = self.near(depth)?;
        Ok(if is_negated { Query::Not(Box::new(query)) } else { query })
    }

    fn near(&mut self, depth: usize) -> Result<Query, String> {
        let mut left = self.one(depth)?;
        while let Some(Token::Near(words)) = self.peek() {
            self.at = self.at.saturating_add(1);
            let right = self.one(depth)?;
            if has_not(&left) || has_not(&right) {
                return Err("NEAR cannot tell how near something is that is not there".to_owned());
            }
            left = Query::Near(*words, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn one(&mut self, depth: usize) -> Result<Query, String> {
        if self.take(&Token::Open) {
            if depth >= limits::BRACKETS {
                return Err(format!("more than {} brackets inside one another", limits::BRACKETS));
            }
            let inner = self.any(depth.saturating_add(1))?;
            return if self.take(&Token::Close) {
                Ok(inner)
            } else {
                Err("a bracket is not closed".to_owned())
            };
        }
        if let Some(Token::Quoted(text)) = self.peek() {
            self.at = self.at.saturating_add(1);
            return term(text, true, self.fold);
        }
        let mut words = Vec::new();
        while let Some(Token::Words(word)) = self.peek() {
            words.push(word.as_str());
            self.at = self.at.saturating_add(1);
        }
        if words.is_empty() {
            return Err("an operator has no word beside it".to_owned());
        }
        term(&words.join(" "), false, self.fold)
    }
}

fn has_not(query: &Query) -> bool {
    match query {
        Query::Term(_) => false,
        Query::Near(_, one, two) => has_not(one) || has_not(two),
        Query::And(all) | Query::Or(all) => all.iter().any(has_not),
        Query::Not(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Query, String> {
        Query::read(text, &str::to_lowercase)
    }

    fn word(text: &str) -> Query {
        Query::Term(Term { literal: text.into(), open_start: false, open_end: false })
    }

    #[test]
    fn without_operators_it_is_one_phrase_as_it_stands() {
        assert_eq!(read("Wire  transfer (SWIFT)").unwrap(), word("wire  transfer (swift)"));
        assert_eq!(read("\"this AND that\"").unwrap(), word("this and that"));
        assert_eq!(read("100 %").unwrap(), word("100 %"));
    }

    #[test]
    fn operators_bind_near_not_and_or() {
        let near =
            |n, one: &str, two: &str| Query::Near(n, Box::new(word(one)), Box::new(word(two)));
        assert_eq!(read("wire NEAR5 transfer").unwrap(), near(5, "wire", "transfer"));
        assert_eq!(
            read("a NEAR b AND NOT c d OR e").unwrap(),
            Query::Or(vec![
                Query::And(vec![near(10, "a", "b"), Query::Not(Box::new(word("c d")))]),
                word("e")
            ])
        );
        assert_eq!(
            read("(a OR b) AND c").unwrap(),
            Query::And(vec![Query::Or(vec![word("a"), word("b")]), word("c")])
        );
        assert_eq!(
            read("a NOT b").unwrap(),
            Query::And(vec![word("a"), Query::Not(Box::new(word("b")))])
        );
    }

    #[test]
    fn a_star_opens_a_word() {
        let Query::Term(term) = read("wor*").unwrap() else { panic!() };
        assert_eq!((term.literal.as_str(), term.open_start, term.open_end), ("wor", false, true));
        let Query::Term(term) = read("*ing").unwrap() else { panic!() };
        assert!(term.open_start && !term.open_end);
    }

    #[test]
    fn what_is_none_says_why() {
        for bad in [
            "a AND",
            "AND a",
            "(a OR b",
            "a OR b)",
            "NOT",
            "\"a",
            "wo*rd",
            "*",
            "**",
            "a*",
            "",
            "a NEAR0 b",
            "a NEAR9999 b",
            "NOT a NEAR (b AND NOT c)",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let deep = format!("{}a AND b{}", "(".repeat(50), ")".repeat(50));
        assert!(read(&deep).is_err());
        assert!(read(&"a AND ".repeat(300)).is_err());
    }

    #[test]
    fn only_what_is_negated_holds_without_words() {
        assert!(read("NOT a").unwrap().holds_without_words());
        assert!(read("NOT a OR b").unwrap().holds_without_words());
        assert!(!read("b AND NOT a").unwrap().holds_without_words());
        assert!(!read("a").unwrap().holds_without_words());
    }

    proptest! {
        #[test]
        fn any_text_is_a_keyword_or_says_why_not(text in "([a-c*\"() ]|AND |OR |NOT |NEAR3 ){0,20}") {
            if let Err(why) = read(&text) {
                prop_assert!(!why.is_empty());
            }
        }
    }
}
