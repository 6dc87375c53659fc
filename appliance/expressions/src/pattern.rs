//! One expression with the meaning that PCRE gives it.
//!
//! The linear engine comes first: no text makes it slow. What it cannot read, or reads otherwise
//! (`dialect.rs`), goes to PCRE2, interpreted, with limits on steps, depth and memory in front of
//! the expression. A limit that is reached is [`Undecided`], never "no match".

use regex::{Regex, RegexBuilder};

use crate::{dialect, limits, needed, trial};

/// Verbs that may stand in front of an expression. Any other one could undo the limits: of two the
/// later wins.
const VERBS: [&str; 9] = [
    "(*UTF)",
    "(*UCP)",
    "(*CR)",
    "(*LF)",
    "(*CRLF)",
    "(*ANYCRLF)",
    "(*ANY)",
    "(*BSR_ANYCRLF)",
    "(*BSR_UNICODE)",
];

/// Which engine an expression uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matcher {
    /// The linear one: `regex`.
    Linear,
    /// The backtracking one: `pcre2`.
    Backtracking,
}

impl Matcher {
    /// Its name for faces.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Matcher::Linear => "regex",
            Matcher::Backtracking => "pcre2",
        }
    }
}

/// Why an expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is longer than [`limits::PATTERN_OCTETS`].
    #[error("it is longer than {} octets", limits::PATTERN_OCTETS)]
    TooLong,
    /// It starts with a verb that could undo the limits.
    #[error("it starts with {0}; only (*UTF), (*UCP) and those for line ends may stand there")]
    Verb(String),
    /// It looks at single octets of characters.
    #[error("\\C would cut characters in two")]
    Octets,
    /// It is none.
    #[error("it does not compile: {0}")]
    Syntax(String),
    /// It would take too much memory.
    #[error("it is too large when compiled")]
    TooLarge,
    /// It matches nothing at all, everywhere.
    #[error("it matches the empty text, so it would match every mail")]
    Empty,
    /// It is too slow on the texts that expressions are tried on.
    #[error(
        "it cannot keep to 10 ms a megabyte: {0}. Bound its repeats, as {{0,100}}, or write it \
         without look-around and back-references"
    )]
    Slow(String),
}

/// Why nobody knows whether an expression matches a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// A limit of the engine ended it.
    #[error("it tried more than {} ways from one place of the text", limits::MATCH_STEPS)]
    Steps,
    /// It left too many choices open, or took too much memory.
    #[error("it left more choices open than it may")]
    Depth,
    /// The text is longer than it may be for this engine.
    #[error("the text is longer than {} octets", limits::BACKTRACKING_OCTETS)]
    Long,
    /// Any other error.
    #[error("the engine gave up: {0}")]
    Other(String),
}

/// An expression that can be looked for.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    case_sensitive: bool,
    engine: Engine,
    needed: Vec<u8>,
}

#[derive(Debug, Clone)]
enum Engine {
    Linear(Regex),
    Backtracking(pcre2::bytes::Regex),
}

impl Pattern {
    /// Compiles an expression.
    ///
    /// # Errors
    /// [`PatternError`], in words.
    pub fn compile(text: &str, case_sensitive: bool) -> Result<Self, PatternError> {
        if text.len() > limits::PATTERN_OCTETS {
            return Err(PatternError::TooLong);
        }
        check_verbs(text)?;
        check_octets(text)?;
        let linear = if dialect::is_common(text) { linear(text, case_sensitive)? } else { None };
        let (engine, needed) = match linear {
            Some(regex) => (Engine::Linear(regex), needed::needed(text, case_sensitive)),
            None => {
                let engine = backtracking(text, case_sensitive, limits::MATCH_STEPS)?;
                (Engine::Backtracking(engine), Vec::new())
            }
        };
        let pattern = Pattern { text: text.to_owned(), case_sensitive, engine, needed };
        match pattern.first("", 0) {
            Ok(None) => Ok(pattern),
            Ok(Some(_)) => Err(PatternError::Empty),
            Err(why) => Err(PatternError::Slow(why.to_string())),
        }
    }

    /// Which engine it uses.
    #[must_use]
    pub fn matcher(&self) -> Matcher {
        match self.engine {
            Engine::Linear(_) => Matcher::Linear,
            Engine::Backtracking(_) => Matcher::Backtracking,
        }
    }

    /// Tries it on texts that make expressions slow, by counted steps: the same on every machine.
    ///
    /// # Errors
    /// [`PatternError::Slow`], or [`PatternError::Empty`] when it matches between characters.
    pub fn try_out(&self) -> Result<(), PatternError> {
        if matches!(self.first(trial::PROSE, 0), Ok(Some((start, end))) if start == end) {
            return Err(PatternError::Empty);
        }
        if self.matcher() == Matcher::Linear {
            return Ok(());
        }
        let engine = backtracking(&self.text, self.case_sensitive, limits::TRIAL_STEPS)?;
        let small = Pattern { engine: Engine::Backtracking(engine), ..self.clone() };
        for text in trial::texts(&self.text) {
            if small.find(&text, limits::TRIAL_MATCHES).is_err() {
                let shown: String = text.chars().take(12).collect();
                return Err(PatternError::Slow(format!(
                    "on a text such as {shown:?}, repeated, it tries more than {} ways from one \
                     place, or leaves too many choices open",
                    limits::TRIAL_STEPS
                )));
            }
        }
        Ok(())
    }

    /// Where it matches, at most `most` times, from the start on. Matches of no characters are left
    /// out. The text is taken as it is; see [`crate::Lists::look`] for what is done to it before.
    ///
    /// # Errors
    /// [`Undecided`].
    pub fn find(&self, text: &str, most: usize) -> Result<Vec<(usize, usize)>, Undecided> {
        let mut found = Vec::new();
        let mut from = 0;
        while found.len() < most && from <= text.len() {
            let Some((start, end)) = self.first(text, from)? else { break };
            if end > start {
                found.push((start, end));
                from = end;
            } else {
                let next = end.max(from).saturating_add(1);
                if next > text.len() {
                    break;
                }
                from = text.ceil_char_boundary(next);
            }
        }
        Ok(found)
    }

    fn first(&self, text: &str, from: usize) -> Result<Option<(usize, usize)>, Undecided> {
        match &self.engine {
            Engine::Linear(regex) => {
                Ok(regex.find_at(text, from).map(|found| (found.start(), found.end())))
            }
            Engine::Backtracking(_) if text.len() > limits::BACKTRACKING_OCTETS => {
                Err(Undecided::Long)
            }
            Engine::Backtracking(regex) => {
                let found = regex.find_at(text.as_bytes(), from).map_err(|error| undecided(&error));
                Ok(found?.map(|found| (found.start(), found.end())))
            }
        }
    }

    /// What must stand in a text, in any case of its ASCII letters, for it to match; empty when
    /// nothing is sure.
    pub(crate) fn needed(&self) -> &[u8] {
        &self.needed
    }
}

fn check_verbs(text: &str) -> Result<(), PatternError> {
    let mut rest = text;
    while rest.starts_with("(*") {
        if let Some(verb) = VERBS.iter().find(|verb| rest.starts_with(**verb)) {
            rest = rest.get(verb.len()..).unwrap_or_default();
        } else if rest.chars().nth(2).is_some_and(|one| one.is_ascii_lowercase()) {
            // A look-around with its name in letters.
            break;
        } else {
            let end = rest.find(')').map_or(rest.len(), |at| at.saturating_add(1));
            let verb: String = rest.get(..end).unwrap_or(rest).chars().take(40).collect();
            return Err(PatternError::Verb(verb));
        }
    }
    Ok(())
}

/// PCRE2 leaves it undefined what follows a character that `\C` has cut.
fn check_octets(text: &str) -> Result<(), PatternError> {
    let mut characters = text.chars();
    while let Some(one) = characters.next() {
        if one == '\\' && characters.next() == Some('C') {
            return Err(PatternError::Octets);
        }
    }
    // Inside \Q..\E a backslash is a letter, so that the C after it could be taken for half a pair
    // or the other way round; nobody needs that.
    let quoted = text.contains("\\Q") && text.contains("\\C");
    if quoted { Err(PatternError::Octets) } else { Ok(()) }
}

/// The linear engine's expression; `None` when it cannot read this one after all.
fn linear(text: &str, case_sensitive: bool) -> Result<Option<Regex>, PatternError> {
    let built = RegexBuilder::new(text)
        .case_insensitive(!case_sensitive)
        .nest_limit(limits::NESTING)
        .size_limit(limits::EXPRESSION_OCTETS)
        .dfa_size_limit(limits::EXPRESSION_OCTETS)
        .build();
    match built {
        Ok(regex) => Ok(Some(regex)),
        Err(regex::Error::CompiledTooBig(_)) => Err(PatternError::TooLarge),
        Err(_) => Ok(None),
    }
}

fn backtracking(
    text: &str,
    case_sensitive: bool,
    steps: u32,
) -> Result<pcre2::bytes::Regex, PatternError> {
    let (depth, heap) = (limits::MATCH_DEPTH, limits::MATCH_HEAP);
    let bounds = format!("(*LIMIT_MATCH={steps})(*LIMIT_DEPTH={depth})(*LIMIT_HEAP={heap})");
    // Just-in-time compilation is off unless asked for: it needs memory that is writable and runs.
    pcre2::bytes::RegexBuilder::new()
        .utf(true)
        .ucp(true)
        .caseless(!case_sensitive)
        .build(&format!("{bounds}{text}"))
        .map_err(|error| PatternError::Syntax(in_words(&error, bounds.len())))
}

/// What PCRE2 says, with the place in the owner's own text.
fn in_words(error: &pcre2::Error, before: usize) -> String {
    let text = error.to_string();
    let reason = text.rsplit_once(": ").map_or(text.as_str(), |(_, reason)| reason);
    match error.offset() {
        Some(offset) => format!("{reason}, at octet {}", offset.saturating_sub(before)),
        None => reason.to_owned(),
    }
}

fn undecided(error: &pcre2::Error) -> Undecided {
    match error.code() {
        -47 => Undecided::Steps,
        -53 | -63 => Undecided::Depth,
        _ => Undecided::Other(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::compile(text, true).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn found(text: &str, subject: &str) -> Vec<(usize, usize)> {
        pattern(text).find(subject, 10).unwrap()
    }

    #[test]
    fn the_linear_engine_takes_what_it_reads_as_pcre_does() {
        assert_eq!(pattern(r"IBAN\s+\w+").matcher(), Matcher::Linear);
        for text in
            [r"(a)\1", "a(?=b)", "(?<!x)a", "a++b", r"\Qa.b\E", "(?>ab)c", r"a\h", "[[:alpha:]]"]
        {
            assert_eq!(pattern(text).matcher(), Matcher::Backtracking, "{text}");
        }
    }

    #[test]
    fn possessive_repeats_are_possessive() {
        assert_eq!(found("a++a", "aaa"), []);
        assert_eq!(found("a+a", "aaa"), [(0, 3)]);
        assert_eq!(found(r"(ab)\1", "xababx"), [(1, 5)]);
        assert_eq!(found(r"\Qa.b\E", "axb a.b"), [(4, 7)]);
        assert_eq!(found(r"pay(?= now)", "pay later, pay now"), [(11, 14)]);
    }

    #[test]
    fn letters_of_any_language_are_letters_and_fold() {
        let caseless = Pattern::compile("ÜBER(?=w)", false).unwrap();
        assert_eq!(caseless.find("überweisung", 1).unwrap(), [(0, 5)]);
        let caseless = Pattern::compile(r"\bÜBER\w+", false).unwrap();
        assert_eq!(caseless.find("eine überweisung", 1).unwrap().len(), 1);
    }

    #[test]
    fn a_verb_that_would_undo_the_limits_is_refused() {
        for text in [
            "(*LIMIT_MATCH=99999999)(a+)+$",
            "(*UTF)(*LIMIT_DEPTH=99999999)a",
            "(*NO_START_OPT)a",
            "(*NO_JIT)a",
            "(*NOTEMPTY)a",
            "(*ACCEPT)a",
        ] {
            assert!(matches!(Pattern::compile(text, true), Err(PatternError::Verb(_))), "{text}");
        }
        assert!(Pattern::compile("(*UCP)(*UTF)(*ANYCRLF)a(?=b)", true).is_ok());
        assert!(Pattern::compile("(*pla:a)a", true).is_ok());
        // Behind anything else it is no verb for the start any more.
        assert!(Pattern::compile("(*pla:a)(*LIMIT_MATCH=9)a", true).is_err());
    }

    #[test]
    fn half_characters_are_refused() {
        for text in [r"a\C", r"\\\C(?=a)", r"\Q\\E\C"] {
            assert_eq!(Pattern::compile(text, true).unwrap_err(), PatternError::Octets, "{text}");
        }
        assert!(Pattern::compile(r"a\\C", true).is_ok());
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        let error = Pattern::compile("a(b", true).unwrap_err().to_string();
        assert!(error.contains("does not compile") && error.contains("octet 3"), "{error}");
        assert_eq!(Pattern::compile("a*", true).unwrap_err(), PatternError::Empty);
        assert_eq!(Pattern::compile("(?=a)|(?!a)", true).unwrap_err(), PatternError::Empty);
        assert_eq!(Pattern::compile(r"\b", true).unwrap().try_out(), Err(PatternError::Empty));
        let large = r"((\w{50}){50}){50}";
        assert_eq!(Pattern::compile(large, true).unwrap_err(), PatternError::TooLarge);
        assert_eq!(Pattern::compile(&"a".repeat(5000), true).unwrap_err(), PatternError::TooLong);
    }

    #[test]
    fn a_limit_is_undecided_and_never_no_match() {
        let evil = pattern(r"(?=(a+)+$)a");
        assert_eq!(evil.find(&"a".repeat(40).replace("aaaa", "aaa!"), 1), Ok(Vec::new()));
        let text = format!("{}!", "a".repeat(60));
        assert_eq!(evil.find(&text, 1), Err(Undecided::Steps));
        assert_eq!(
            evil.find(&"x".repeat(limits::BACKTRACKING_OCTETS + 1), 1),
            Err(Undecided::Long)
        );
    }

    #[test]
    fn an_expression_that_would_be_slow_is_refused_when_it_is_saved() {
        for slow in [r"(?=(a+)+$)a", r"(x+x+)+y(?=z)", "(?s)(?=.*foo).*bar", r"(\w+\s?)+(?<=q)@"] {
            let tried = pattern(slow).try_out();
            assert!(matches!(tried, Err(PatternError::Slow(_))), "{slow}: {tried:?}");
        }
        for good in [r"\bgift\s?cards?(?!\w)", r"(['\x22])\w{1,20}\1", "(?<!no )refund", "a++b"] {
            assert_eq!(pattern(good).try_out(), Ok(()), "{good}");
        }
    }

    #[test]
    fn matches_of_no_characters_are_left_out() {
        assert_eq!(found("x?(?<=é)|b", "éab"), [(3, 4)]);
    }

    /// Expressions that both engines read, out of few letters so that they match.
    fn common() -> impl Strategy<Value = String> {
        let atom = prop_oneof![
            "[abc ]",
            Just(".".to_owned()),
            Just("[ab]".to_owned()),
            Just("[^a]".to_owned()),
            Just(r"\w".to_owned()),
            Just(r"\s".to_owned()),
            Just(r"\b".to_owned()),
            Just(r"\d".to_owned()),
            Just("^".to_owned()),
            Just("$".to_owned()),
        ];
        atom.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                (inner.clone(), "[*+?]|\\{1,2\\}")
                    .prop_map(|(one, times)| format!("(?:{one}){times}")),
                proptest::collection::vec(inner.clone(), 1..4).prop_map(|all| all.concat()),
                (inner.clone(), inner).prop_map(|(one, two)| format!("({one}|{two})")),
            ]
        })
    }

    proptest! {
        #[test]
        fn both_engines_agree_where_both_are_asked(text in common(), subject in "[abc1é \n]{0,12}") {
            prop_assume!(dialect::is_common(&text));
            let subject = subject.trim_end_matches('\n');
            let linear = linear(&text, false).unwrap().unwrap();
            let other = backtracking(&text, false, limits::MATCH_STEPS).unwrap();
            let one = linear.find(subject).map(|found| (found.start(), found.end()));
            let two = other.find(subject.as_bytes()).unwrap().map(|found| (found.start(), found.end()));
            prop_assert_eq!(one, two);
        }

        #[test]
        fn what_is_needed_stands_in_every_match(text in common(), subject in "[abcABC1é \n]{0,12}") {
            let needed = needed::needed(&text, false);
            if let Ok(pattern) = Pattern::compile(&text, false)
                && !pattern.find(&subject, 1).unwrap_or_default().is_empty()
            {
                let lower = subject.to_ascii_lowercase();
                let needed = String::from_utf8(needed).unwrap();
                prop_assert!(lower.contains(&needed.to_ascii_lowercase()));
            }
        }

        #[test]
        fn any_text_as_an_expression_ends_in_an_answer(text in ".{0,40}", subject in ".{0,40}") {
            if let Ok(pattern) = Pattern::compile(&text, true) {
                for (start, end) in pattern.find(&subject, 10).unwrap_or_default() {
                    prop_assert!(start < end && subject.get(start..end).is_some());
                }
            }
        }
    }
}
