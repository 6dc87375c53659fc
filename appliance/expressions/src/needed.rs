//! The text that an expression of the linear engine needs: without it in a text, no look is worth
//! the while.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::limits;

/// The longest run of octets that stands in everything that the expression matches, in any case of
/// its ASCII letters; empty when none is sure.
pub(crate) fn needed(pattern: &str, case_sensitive: bool) -> Vec<u8> {
    let parsed = ParserBuilder::new()
        .nest_limit(limits::NESTING)
        .case_insensitive(!case_sensitive)
        .build()
        .parse(pattern);
    let run = parsed.map(|hir| longest(&hir)).unwrap_or_default();
    // A run of one octet is met nearly everywhere.
    if run.len() < 2 { Vec::new() } else { run }
}

fn longest(hir: &Hir) -> Vec<u8> {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.to_vec(),
        HirKind::Class(class) => letter(class).into_iter().collect(),
        HirKind::Capture(capture) => longest(&capture.sub),
        HirKind::Repetition(repeat) if repeat.min > 0 => longest(&repeat.sub),
        HirKind::Concat(parts) => longest_of(parts),
        _ => Vec::new(),
    }
}

/// The longest run of parts that follow one another: literals and letters side by side are one.
fn longest_of(parts: &[Hir]) -> Vec<u8> {
    let (mut best, mut run) = (Vec::new(), Vec::new());
    for part in parts {
        match part.kind() {
            HirKind::Literal(literal) => run.extend_from_slice(&literal.0),
            HirKind::Class(class) if letter(class).is_some() => run.extend(letter(class)),
            _ => {
                keep(&mut best, std::mem::take(&mut run));
                keep(&mut best, longest(part));
            }
        }
    }
    keep(&mut best, run);
    best
}

fn keep(best: &mut Vec<u8>, other: Vec<u8>) {
    if other.len() > best.len() {
        *best = other;
    }
}

/// The small ASCII letter of a class of one letter in both cases. Letters that other signs fold to
/// (the Kelvin sign, the long s) are classes of three, and break a run.
fn letter(class: &Class) -> Option<u8> {
    let (upper, lower) = match class {
        Class::Unicode(class) => match class.ranges() {
            [upper, lower] if upper.len() == 1 && lower.len() == 1 => {
                (u8::try_from(upper.start()).ok()?, u8::try_from(lower.start()).ok()?)
            }
            _ => return None,
        },
        Class::Bytes(_) => return None,
    };
    (upper.is_ascii_uppercase() && upper.to_ascii_lowercase() == lower).then_some(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_sure_run_is_needed() {
        assert_eq!(needed(r"invoice\s+[0-9]+ due", true), b"invoice");
        assert_eq!(needed("(abcd)+x", true), b"abcd");
        assert_eq!(needed("a|b", true), b"");
        assert_eq!(needed("(abc)?", true), b"");
        assert_eq!(needed("x[0-9]", true), b"");
    }

    #[test]
    fn in_any_case_only_letters_without_other_forms_are_sure() {
        assert_eq!(needed("invoice", false), b"invoice");
        // The long s and the Kelvin sign match s and k.
        assert_eq!(needed("password", false), b"word");
        assert_eq!(needed("kk", false), b"");
    }
}
