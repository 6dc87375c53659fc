//! Every bound of this crate in one place.

/// Octets of one expression or keyword.
pub const PATTERN_OCTETS: usize = 4096;
/// Octets that an expression may take when it is compiled for the linear engine, and that its
/// states may take while it runs.
pub const EXPRESSION_OCTETS: usize = 1024 * 1024;
/// Groups of an expression inside one another.
pub const NESTING: u32 = 100;
/// Ways that the backtracking engine tries from one place of a text.
pub const MATCH_STEPS: u32 = 100_000;
/// Ways that it may try from one place of the texts on which an expression is tried when it is
/// saved: with more, a megabyte would take far longer than 10 ms.
pub const TRIAL_STEPS: u32 = 1000;
/// Choices that it may leave open.
pub const MATCH_DEPTH: u32 = 1000;
/// Memory that it may take, in KiB.
pub const MATCH_HEAP: u32 = 4096;
/// Octets of a text that it looks at; a longer text is undecided.
pub const BACKTRACKING_OCTETS: usize = 1024 * 1024;
/// Octets of each text on which an expression is tried.
pub const TRIAL_OCTETS: usize = 2048;
/// Different characters of an expression of which trial texts are made.
pub const TRIAL_CHARACTERS: usize = 12;
/// Matches that are looked for in one trial text.
pub const TRIAL_MATCHES: usize = 20;
/// Matches of one entry that are counted in one text. Each match of an expression may cost a whole
/// pass over the text.
pub const MATCHES: usize = 50;
/// Matches of one expression that are looked for where their places count.
pub const PLACED_MATCHES: usize = 200;
/// Places at which one word is noted in one text. Who floods a text with a word to hide where it
/// matters needs more of them than anybody reads.
pub const PLACES: usize = 10_000;
/// Words and signs of one keyword with operators.
pub const TOKENS: usize = 200;
/// Brackets of a keyword inside one another.
pub const BRACKETS: usize = 20;
/// Words between the sides of NEAR without a number.
pub const NEAR_WORDS: u32 = 10;
/// The largest number of NEAR.
pub const NEAR_MOST: u32 = 1000;
/// Expressions of all lists together.
pub const EXPRESSIONS: usize = 5000;
/// Matches that evidence quotes.
pub const QUOTED: usize = 8;
/// Characters of one quoted match.
pub const QUOTED_CHARACTERS: usize = 60;
/// Problems that are told at once.
pub const PROBLEMS: usize = 100;
