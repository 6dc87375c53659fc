//! Logical expressions over subsignatures (docs.clamav.net, "Logical signatures"): read at
//! compilation, kept in postfix form, evaluated over counts of matches.
//!
//! `&` and `|` bind alike, as was observed at clamscan 1.4.6: to the right on their own (`0&1|2` is
//! `0&(1|2)`), and to the left inside brackets (`(0&1|2)` is `((0&1)|2)`).

use crate::limits;
use crate::pack::{put_varint, take_varint};

const NUMBER: u8 = 1;
const AND: u8 = 2;
const OR: u8 = 3;
const COMPARE: u8 = 4;

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    Number(u8),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    /// Operand, comparison (`=`, `<`, `>`), with how many matches, of at least how many different
    /// subsignatures.
    Compare(Box<Expression>, u8, u32, u32),
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// In words.
    pub(super) fn parse(text: &str) -> Result<Expression, String> {
        let text: Vec<u8> = text.bytes().filter(|octet| !octet.is_ascii_whitespace()).collect();
        let mut parser = Parser { text: &text };
        let expression = parser.chain(0)?;
        match parser.text {
            [] => Ok(expression),
            _ => Err("its logical expression has something behind its end".to_owned()),
        }
    }

    /// The highest number of a subsignature.
    pub(super) fn highest(&self) -> u8 {
        match self {
            Expression::Number(number) => *number,
            Expression::And(one, other) | Expression::Or(one, other) => {
                one.highest().max(other.highest())
            }
            Expression::Compare(one, ..) => one.highest(),
        }
    }

    /// Whether it asks how often, and not only whether.
    pub(super) fn counts(&self) -> bool {
        match self {
            Expression::Number(_) => false,
            Expression::And(one, other) | Expression::Or(one, other) => {
                one.counts() || other.counts()
            }
            Expression::Compare(one, sign, number, _) => {
                let only_whether = *number == 0 && *sign != b'<';
                !only_whether || one.counts()
            }
        }
    }

    /// Postfix form.
    pub(super) fn encode(&self, code: &mut Vec<u8>) {
        match self {
            Expression::Number(number) => code.extend([NUMBER, *number]),
            Expression::And(one, other) => {
                one.encode(code);
                other.encode(code);
                code.push(AND);
            }
            Expression::Or(one, other) => {
                one.encode(code);
                other.encode(code);
                code.push(OR);
            }
            Expression::Compare(one, sign, number, different) => {
                one.encode(code);
                code.extend([COMPARE, *sign]);
                put_varint(code, u64::from(*number));
                put_varint(code, u64::from(*different));
            }
        }
    }
}

struct Parser<'t> {
    text: &'t [u8],
}

impl Parser<'_> {
    fn chain(&mut self, depth: usize) -> Result<Expression, String> {
        if depth > limits::EXPRESSION_DEPTH {
            return Err("its logical expression is too deep".to_owned());
        }
        let one = self.operand(depth)?;
        match self.sign() {
            Some(sign) => Ok(joined(sign, one, self.chain(depth + 1)?)),
            None => Ok(one),
        }
    }

    /// The inside of brackets.
    fn block(&mut self, depth: usize) -> Result<Expression, String> {
        if depth > limits::EXPRESSION_DEPTH {
            return Err("its logical expression is too deep".to_owned());
        }
        let mut all = self.operand(depth)?;
        for _ in 0..limits::EXPRESSION_DEPTH {
            let Some(sign) = self.sign() else { return Ok(all) };
            all = joined(sign, all, self.operand(depth)?);
        }
        Err("its logical expression is too deep".to_owned())
    }

    fn sign(&mut self) -> Option<u8> {
        let (sign, rest) = self.text.split_first().filter(|(sign, _)| b"&|".contains(sign))?;
        self.text = rest;
        Some(*sign)
    }

    fn operand(&mut self, depth: usize) -> Result<Expression, String> {
        let operand = match self.text {
            [b'(', rest @ ..] => {
                self.text = rest;
                let inside = self.block(depth + 1)?;
                let Some(rest) = self.text.strip_prefix(b")") else {
                    return Err("a bracket of its logical expression is not closed".to_owned());
                };
                self.text = rest;
                inside
            }
            _ => {
                let number = u8::try_from(self.number()?).ok();
                let fits = number.filter(|number| usize::from(*number) < limits::SUBSIGNATURES);
                Expression::Number(fits.ok_or("it has too many subsignatures")?)
            }
        };
        self.comparison(operand)
    }

    fn comparison(&mut self, operand: Expression) -> Result<Expression, String> {
        let sign = match self.text {
            [sign @ (b'=' | b'<' | b'>'), rest @ ..] => {
                self.text = rest;
                *sign
            }
            _ => return Ok(operand),
        };
        let number = self.number()?;
        let different = match self.text {
            [b',', rest @ ..] => {
                self.text = rest;
                self.number()?
            }
            _ => 0,
        };
        Ok(Expression::Compare(Box::new(operand), sign, number, different))
    }

    fn number(&mut self) -> Result<u32, String> {
        let digits = self.text.iter().take_while(|octet| octet.is_ascii_digit()).count();
        let (number, rest) = self.text.split_at_checked(digits).unwrap_or_default();
        self.text = rest;
        let number = str::from_utf8(number).ok().and_then(|number| number.parse().ok());
        number.ok_or_else(|| "its logical expression lacks a number".to_owned())
    }
}

fn joined(sign: u8, one: Expression, other: Expression) -> Expression {
    let (one, other) = (Box::new(one), Box::new(other));
    if sign == b'&' { Expression::And(one, other) } else { Expression::Or(one, other) }
}

/// What an expression comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Value {
    holds: bool,
    matches: u64,
    /// Which subsignatures matched, a bit each.
    different: u64,
}

/// Evaluates postfix code over the number of matches of each subsignature; none for damaged code.
pub(super) fn evaluate(mut code: &[u8], counts: &[u32]) -> Option<bool> {
    let mut stack: Vec<Value> = Vec::new();
    while let Some((operation, rest)) = code.split_first() {
        code = rest;
        let value = match *operation {
            NUMBER => {
                let (number, rest) = code.split_first()?;
                code = rest;
                number_value(*number, counts)?
            }
            AND => {
                let (other, one) = (stack.pop()?, stack.pop()?);
                if one.holds && other.holds { sum(one, other) } else { Value::default() }
            }
            OR => {
                let (other, one) = (stack.pop()?, stack.pop()?);
                match (one.holds, other.holds) {
                    (true, true) => sum(one, other),
                    (true, false) => one,
                    (false, true) => other,
                    (false, false) => Value::default(),
                }
            }
            COMPARE => {
                let (sign, rest) = code.split_first()?;
                code = rest;
                let (number, different) = (take_varint(&mut code)?, take_varint(&mut code)?);
                compare(stack.pop()?, *sign, number, different)
            }
            _ => return None,
        };
        stack.push(value);
    }
    stack.pop().map(|value| value.holds)
}

fn number_value(number: u8, counts: &[u32]) -> Option<Value> {
    let matches = u64::from(*counts.get(usize::from(number))?);
    let different = if matches > 0 { 1_u64.checked_shl(number.into())? } else { 0 };
    Some(Value { holds: matches > 0, matches, different })
}

fn sum(one: Value, other: Value) -> Value {
    let matches = one.matches.saturating_add(other.matches);
    Value { holds: true, matches, different: one.different | other.different }
}

fn compare(value: Value, sign: u8, number: u64, different: u64) -> Value {
    let fits = match sign {
        b'=' => value.matches == number,
        b'<' => value.matches < number,
        _ => value.matches > number,
    };
    let holds = fits && u64::from(value.different.count_ones()) >= different;
    if holds { Value { holds, ..value } } else { Value::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, counts: &[u32]) -> bool {
        let mut code = Vec::new();
        Expression::parse(text).unwrap().encode(&mut code);
        evaluate(&code, counts).unwrap()
    }

    #[test]
    fn and_and_or_bind_alike_to_the_right_and_in_brackets_to_the_left() {
        assert!(holds("0|1&2|3", &[1, 0, 0, 0]));
        assert!(holds("0|1&2|3", &[0, 1, 0, 1]));
        assert!(!holds("0|1&2|3", &[0, 0, 1, 1]));
        assert!(!holds("0&1|2", &[0, 0, 1]));
        assert!(holds("0&1|2", &[1, 0, 1]));
        assert!(holds("(0&1)|2", &[0, 0, 1]));
        assert!(holds("(0&1|2)>1", &[0, 0, 2]) && holds("(0|1&2)>3", &[2, 0, 2]));
    }

    #[test]
    fn counts_are_compared_for_single_signatures_and_blocks() {
        assert!(holds("0=2", &[2]) && !holds("0=2", &[3]));
        assert!(holds("0=0", &[0]) && !holds("0=0", &[1]));
        assert!(holds("0<2", &[0]) && holds("0<2", &[1]) && !holds("0<2", &[2]));
        assert!(holds("(0|1)=2", &[2, 0]) && holds("(0|1)=2", &[1, 1]));
        assert!(!holds("(0|1)=2,2", &[2, 0]) && holds("(0|1)=2,2", &[1, 1]));
        assert!(!holds("(0&1)=2", &[2, 0]) && holds("(0&1)>2", &[1, 2]));
        assert!(holds("(0&1)=0", &[2, 0]) && holds("(0|1)=0", &[0, 0]));
        assert!(!holds("(0|1)=0,1", &[0, 0]) && !holds("(0|1)<3,1", &[0, 0]));
        assert!(holds("(0=1|1=2)=1", &[1, 3]) && !holds("(0=1|1=2)=1", &[1, 2]));
    }

    #[test]
    fn what_asks_only_whether_does_not_count() {
        for (text, counts) in
            [("0&1", false), ("0=0&1>0", false), ("0>1", true), ("(0|1)=2", true), ("0<1", true)]
        {
            assert_eq!(Expression::parse(text).unwrap().counts(), counts, "{text}");
        }
    }

    #[test]
    fn bad_expressions_are_told_and_deep_ones_refused() {
        for bad in ["", "&", "0&", "0&&1", "(0", "0)", "a", "0=", "0=1,", "64", "999"] {
            assert!(Expression::parse(bad).is_err(), "{bad}");
        }
        assert!(Expression::parse(&"(".repeat(10_000)).is_err());
        assert!(Expression::parse(&"0&".repeat(10_000)).is_err());
    }

    #[test]
    fn damaged_code_has_no_value() {
        for code in [&[AND][..], &[NUMBER], &[NUMBER, 9], &[COMPARE, b'='], &[77], &[]] {
            assert_eq!(evaluate(code, &[1]), None);
        }
    }
}
