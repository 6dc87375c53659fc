//! Whether an expression means the same to the linear engine as to PCRE.
//!
//! Some expressions can be read by both and mean something else: `a++` is possessive in PCRE and a
//! repeat of a repeat in the other; `(?R)` is a recursion in PCRE and a flag in the other; `\v`,
//! `\<`, `[[:alpha:]]` and sets in sets differ as well. Whatever is in doubt goes to PCRE.

use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{
    AssertionKind, Ast, ClassSetBinaryOp, ClassSetItem, ClassUnicode, ClassUnicodeKind, Flag,
    Flags, FlagsItemKind, GroupKind, HexLiteralKind, Literal, LiteralKind, SpecialLiteralKind,
    Visitor, visit,
};

use crate::limits;

/// Whether the linear engine can read the expression and gives it the meaning that PCRE gives it.
pub(crate) fn is_common(pattern: &str) -> bool {
    let parsed = ParserBuilder::new().nest_limit(limits::NESTING).build().parse(pattern);
    parsed.is_ok_and(|ast| visit(&ast, Differences { same: true }).unwrap_or(false))
}

/// Looks for what differs.
struct Differences {
    same: bool,
}

impl Differences {
    fn require(&mut self, same: bool) {
        self.same &= same;
    }

    fn flags(&mut self, flags: &Flags) {
        for item in &flags.items {
            let same = !matches!(
                item.kind,
                FlagsItemKind::Flag(Flag::Unicode | Flag::CRLF | Flag::IgnoreWhitespace)
            );
            self.require(same);
        }
    }

    fn literal(&mut self, literal: &Literal) {
        self.require(match &literal.kind {
            LiteralKind::Octal | LiteralKind::Special(SpecialLiteralKind::VerticalTab) => false,
            LiteralKind::HexFixed(kind) | LiteralKind::HexBrace(kind) => *kind == HexLiteralKind::X,
            _ => true,
        });
    }

    /// Names of scripts take in more in PCRE; those of one or two letters are the same.
    fn named_class(&mut self, class: &ClassUnicode) {
        self.require(match &class.kind {
            ClassUnicodeKind::OneLetter(_) => true,
            ClassUnicodeKind::Named(name) => name.len() <= 2,
            ClassUnicodeKind::NamedValue { .. } => false,
        });
    }

    fn assertion(&mut self, kind: &AssertionKind) {
        self.require(matches!(
            kind,
            AssertionKind::StartLine
                | AssertionKind::EndLine
                | AssertionKind::StartText
                | AssertionKind::EndText
                | AssertionKind::WordBoundary
                | AssertionKind::NotWordBoundary
        ));
    }
}

impl Visitor for Differences {
    type Output = bool;
    type Err = ();

    fn finish(self) -> Result<bool, ()> {
        Ok(self.same)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), ()> {
        match ast {
            Ast::Flags(set) => self.flags(&set.flags),
            Ast::Literal(literal) => self.literal(literal),
            Ast::Assertion(assertion) => self.assertion(&assertion.kind),
            Ast::ClassUnicode(class) => self.named_class(class),
            Ast::Repetition(repetition) => {
                let inner = repetition.ast.as_ref();
                self.require(!matches!(inner, Ast::Repetition(_) | Ast::Assertion(_)));
            }
            Ast::Group(group) => {
                if let GroupKind::NonCapturing(flags) = &group.kind {
                    self.flags(flags);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), ()> {
        match item {
            ClassSetItem::Ascii(_) | ClassSetItem::Bracketed(_) => self.require(false),
            ClassSetItem::Literal(literal) => self.literal(literal),
            ClassSetItem::Range(range) => {
                self.literal(&range.start);
                self.literal(&range.end);
            }
            ClassSetItem::Unicode(class) => self.named_class(class),
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_binary_op_pre(&mut self, _: &ClassSetBinaryOp) -> Result<(), ()> {
        self.require(false);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_expressions_are_common() {
        for pattern in [
            "wire transfer",
            r"\bIBAN\s+[A-Z]{2}\d{2}",
            "(?i)a|b",
            "(?:ab)+?c{2,3}",
            r"[^a-z\d_-]\p{Lu}\x41\x{20ac}",
            "^(?m)x$",
            "(?<name>a)(?P<other>b)",
        ] {
            assert!(is_common(pattern), "{pattern}");
        }
    }

    #[test]
    fn what_pcre_reads_otherwise_is_not() {
        for pattern in [
            "a++",
            "a*+",
            "a{2}+",
            "a?+",
            "a{2}{3}",
            "[a&&b]",
            "[a--b]",
            "[a~~b]",
            "[a[bc]]",
            "[[:alpha:]]",
            "(?R)",
            "(?x) a",
            "(?-u)a",
            r"\v",
            r"[\v]",
            r"\<a",
            r"\b{start}a",
            r"\u0041",
            r"\p{Greek}",
            r"\p{sc=Greek}",
            r"^*a",
            r"\b+a",
        ] {
            assert!(!is_common(pattern), "{pattern}");
        }
    }

    #[test]
    fn what_the_linear_engine_cannot_read_is_not() {
        for pattern in [r"(a)\1", "(?=a)b", "(?<!a)b", r"\Qa.b\E", r"\h", r"a\K", r"a\Z", "(?>a)"] {
            assert!(!is_common(pattern), "{pattern}");
        }
        assert!(!is_common(&"(".repeat(200)));
    }
}
