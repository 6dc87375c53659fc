//! Every bound of this crate in one place.

/// Rules in one policy.
pub const RULES: usize = 10_000;
/// Patterns in one list of senders or recipients of a rule.
pub const PATTERNS: usize = 1_000_000;
/// Characters of one address pattern.
pub const PATTERN_CHARACTERS: usize = 320;
/// Characters of a text that a rule adds to mail or to a reply.
pub const TEXT_CHARACTERS: usize = 400;
/// Findings quoted in the reason of a ruling.
pub const QUOTED_FINDINGS: usize = 5;
/// Problems that one check of a section tells.
pub const PROBLEMS: usize = 1000;
/// Patterns of one list of senders that must be tried one by one.
pub const SLOW_PATTERNS: usize = 10_000;
/// Characters of a sender quoted in a reason.
pub const QUOTED_CHARACTERS: usize = 200;
