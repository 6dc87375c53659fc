//! Logical signatures: one line of `.ldb` read, and how it stands in a pack.

use super::code::{put_run_of, take_run};
use super::compare::Compare;
use super::element::{Element, Modifiers, parse};
use super::expression::Pcre;
use super::logic::Expression;
use super::offset::{ANY, Base, Offset};
use super::target;
use crate::limits;
use crate::pack::{put_varint, take_varint};
use crate::source::LineProblem;

/// Least and most.
pub(super) type Range = (u64, u64);

const ALL: Range = (0, u64::MAX);

/// What a file has to be, beside its target type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conditions {
    pub(super) target: u8,
    pub(super) octets: Range,
    pub(super) entry_point: Range,
    pub(super) sections: Range,
    /// Type of the container in ClamAV's words; empty for any.
    pub(super) container: String,
    /// Types of containers, the innermost last.
    pub(super) intermediates: Vec<String>,
}

/// A subsignature that is no body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Special {
    Compare(Compare),
    Pcre(Pcre),
    /// A member of a macro group, so far behind a match of the subsignature before.
    Macro {
        group: u8,
        least: u64,
        most: u64,
    },
}

/// A body of a logical signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SubBody {
    pub(super) number: u8,
    pub(super) offset: Offset,
    pub(super) elements: Vec<Element>,
}

/// A logical signature, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Logical<'l> {
    pub(super) name: &'l str,
    pub(super) conditions: Conditions,
    pub(super) expression: Expression,
    pub(super) bodies: Vec<SubBody>,
    pub(super) specials: Vec<(u8, Special)>,
    pub(super) subsignatures: u8,
}

fn malformed(reason: impl Into<String>) -> LineProblem {
    LineProblem::Malformed(reason.into())
}

impl<'l> Logical<'l> {
    /// Reads a line: name, conditions, expression, subsignatures.
    ///
    /// # Errors
    /// When it is not as the format says, is meant for another engine, or needs what is not here.
    pub(super) fn parse(line: &'l str) -> Result<Self, LineProblem> {
        let mut fields = line.split(';');
        let mut field =
            |what: &str| fields.next().ok_or_else(|| malformed(format!("it has no {what}")));
        let name = field("name")?;
        let conditions = conditions(field("target description")?)?;
        let expression = Expression::parse(field("logical expression")?).map_err(malformed)?;
        let subs: Vec<&str> = fields.collect();
        if name.is_empty() {
            return Err(malformed("it has no name"));
        }
        if subs.len() != usize::from(expression.highest()) + 1 {
            let text = format!(
                "it has {} subsignatures and speaks of {}",
                subs.len(),
                expression.highest() + 1
            );
            return Err(malformed(text));
        }
        let subsignatures = expression.highest() + 1;
        let (bodies, specials) = (Vec::new(), Vec::new());
        let mut logical = Logical { name, conditions, expression, bodies, specials, subsignatures };
        for (number, sub) in (0..).zip(subs) {
            logical.subsignature(number, sub)?;
        }
        Ok(logical)
    }

    fn subsignature(&mut self, number: u8, text: &str) -> Result<(), LineProblem> {
        if text.starts_with("fuzzy_img#") {
            return Err(LineProblem::Unsupported("a fuzzy hash of a picture"));
        }
        let special = if text.starts_with("${") {
            macro_of(text).ok_or_else(|| malformed("its macro is none"))?
        } else if Pcre::is_one(text) {
            Special::Pcre(Pcre::parse(text)?)
        } else if text.contains('#') {
            Special::Compare(Compare::parse(text).map_err(malformed)?)
        } else {
            return self.body(number, text);
        };
        if matches!(special, Special::Macro { .. }) && number == 0 {
            return Err(malformed("its first subsignature is a macro"));
        }
        self.specials.push((number, special));
        Ok(())
    }

    fn body(&mut self, number: u8, text: &str) -> Result<(), LineProblem> {
        let (offset, text) = match text.split_once(':') {
            Some((offset, rest)) if !rest.starts_with(':') && !offset.is_empty() => {
                (Offset::parse(offset).ok_or_else(|| malformed("an offset is none"))?, rest)
            }
            _ => (ANY, text),
        };
        let (text, flags) = text.split_once("::").unwrap_or((text, ""));
        if flags.chars().any(|flag| !"iwfa".contains(flag)) || matches!(offset.base, Base::Group(_))
        {
            return Err(malformed("a subsignature has a modifier or offset that is none"));
        }
        let has = |flag| flags.contains(flag);
        let mut variants = vec![has('w')];
        if has('w') && has('a') {
            variants.push(false);
        }
        for is_wide in variants {
            let modifiers = Modifiers { ignores_case: has('i'), is_wide, is_full: has('f') };
            let elements = parse(text, modifiers).map_err(malformed)?;
            self.bodies.push(SubBody { number, offset, elements });
        }
        Ok(())
    }

    /// Its record in the pack, with the number of its name.
    pub(super) fn encode(&self, name: u32) -> Vec<u8> {
        let mut out = Vec::new();
        let conditions = &self.conditions;
        put_varint(&mut out, name.into());
        out.extend([conditions.target, self.subsignatures]);
        for range in [conditions.octets, conditions.entry_point, conditions.sections] {
            put_varint(&mut out, range.0);
            put_varint(&mut out, range.1);
        }
        put_run_of(&mut out, conditions.container.as_bytes());
        put_run_of(&mut out, conditions.intermediates.join(">").as_bytes());
        let mut code = Vec::new();
        self.expression.encode(&mut code);
        put_run_of(&mut out, &code);
        put_varint(&mut out, self.specials.len() as u64);
        for (number, special) in &self.specials {
            out.push(*number);
            encode_special(special, &mut out);
        }
        out
    }

    /// Whether it can hold in a file in which none of its bodies stands.
    pub(super) fn holds_without_bodies(&self) -> bool {
        let mut code = Vec::new();
        self.expression.encode(&mut code);
        let mut counts = vec![0; usize::from(self.subsignatures)];
        let mut hold = super::logic::evaluate(&code, &counts).unwrap_or(true);
        for (number, special) in &self.specials {
            let asks = match special {
                Special::Pcre(pcre) => {
                    super::logic::evaluate(&pcre.trigger, &counts).unwrap_or(true)
                }
                _ => false,
            };
            if asks && let Some(count) = counts.get_mut(usize::from(*number)) {
                *count = 1;
                hold = true;
            }
        }
        hold
    }
}

fn encode_special(special: &Special, out: &mut Vec<u8>) {
    match special {
        Special::Compare(compare) => {
            out.push(1);
            compare.encode(out);
        }
        Special::Pcre(pcre) => {
            out.push(2);
            pcre.encode(out);
        }
        Special::Macro { group, least, most } => {
            out.extend([3, *group]);
            put_varint(out, *least);
            put_varint(out, *most);
        }
    }
}

fn decode_special(code: &mut &[u8]) -> Option<Special> {
    Some(match take(code)? {
        1 => Special::Compare(Compare::decode(code)?),
        2 => Special::Pcre(Pcre::decode(code)?),
        3 => {
            let group = take(code)?;
            Special::Macro { group, least: take_varint(code)?, most: take_varint(code)? }
        }
        _ => return None,
    })
}

fn take(code: &mut &[u8]) -> Option<u8> {
    let (first, rest) = code.split_first()?;
    *code = rest;
    Some(*first)
}

fn macro_of(text: &str) -> Option<Special> {
    let (range, group) = text.strip_prefix("${")?.strip_suffix('$')?.split_once('}')?;
    let (least, most) = range.split_once('-')?;
    let group = group.parse().ok().filter(|group| *group < 32)?;
    let (least, most): (u32, u32) = (least.parse().ok()?, most.parse().ok()?);
    Some(Special::Macro { group, least: least.into(), most: most.into() })
}

fn conditions(text: &str) -> Result<Conditions, LineProblem> {
    let mut conditions = Conditions {
        target: u8::MAX,
        octets: ALL,
        entry_point: ALL,
        sections: ALL,
        container: String::new(),
        intermediates: Vec::new(),
    };
    for (at, pair) in text.split(',').enumerate() {
        let (key, value) =
            pair.split_once(':').ok_or_else(|| malformed("its target description is none"))?;
        let range = || range(value).ok_or_else(|| malformed(format!("its {key} is no range")));
        match key {
            "Engine" if at > 0 => return Err(malformed("its Engine does not stand first")),
            "Engine" => {
                let (least, most) = range()?;
                if !(least..=most).contains(&u64::from(limits::ENGINE_LEVEL)) {
                    return Err(LineProblem::OtherLevel);
                }
            }
            "Target" => {
                let number = if value.is_empty() { Some(0) } else { value.parse().ok() };
                conditions.target = number.ok_or_else(|| malformed("its Target is no number"))?;
            }
            "FileSize" => conditions.octets = range()?,
            "EntryPoint" => conditions.entry_point = range()?,
            "NumberOfSections" => conditions.sections = range()?,
            "Container" => conditions.container = value.to_owned(),
            "Intermediates" => {
                conditions.intermediates = value.split('>').map(str::to_owned).collect()
            }
            "HandlerType" => return Err(LineProblem::Unsupported("a handler type")),
            "IconGroup1" | "IconGroup2" => {
                return Err(LineProblem::Unsupported("a group of icons"));
            }
            _ => return Err(LineProblem::Unsupported("an unknown word of a target description")),
        }
    }
    match conditions.target {
        u8::MAX => Err(malformed("it has no Target")),
        known if target::is_known(known) => Ok(conditions),
        _ => Err(LineProblem::Unsupported("a target type that is none")),
    }
}

fn range(text: &str) -> Option<Range> {
    let (least, most) = text.split_once('-')?;
    Some((least.parse().ok()?, most.parse().ok()?))
}

/// A logical signature as it stands in a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record<'p> {
    pub(super) name: u32,
    pub(super) target: u8,
    pub(super) subsignatures: u8,
    pub(super) octets: Range,
    pub(super) entry_point: Range,
    pub(super) sections: Range,
    pub(super) container: &'p str,
    pub(super) intermediates: &'p str,
    pub(super) expression: &'p [u8],
    specials: &'p [u8],
}

impl<'p> Record<'p> {
    /// Reads a record; none when it is damaged.
    pub(super) fn read(mut code: &'p [u8]) -> Option<Self> {
        let code = &mut code;
        let name = u32::try_from(take_varint(code)?).ok()?;
        let (target, subsignatures) = (take(code)?, take(code)?);
        let mut range = || Some((take_varint(code)?, take_varint(code)?));
        let (octets, entry_point, sections) = (range()?, range()?, range()?);
        let container = str::from_utf8(take_run(code)?).ok()?;
        let intermediates = str::from_utf8(take_run(code)?).ok()?;
        let expression = take_run(code)?;
        Some(Record {
            name,
            target,
            subsignatures,
            octets,
            entry_point,
            sections,
            container,
            intermediates,
            expression,
            specials: code,
        })
    }

    /// Its subsignatures that are no bodies, with their numbers.
    pub(super) fn specials(&self) -> Option<Vec<(u8, Special)>> {
        let mut code = self.specials;
        let count = take_varint(&mut code)?;
        (0..count).map(|_| Some((take(&mut code)?, decode_special(&mut code)?))).collect()
    }

    /// Whether it has a macro.
    pub(super) fn has_specials(&self) -> bool {
        !self.specials.starts_with(&[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: &str) -> LineProblem {
        Logical::parse(line).unwrap_err()
    }

    #[test]
    fn a_signature_comes_back_from_its_record() {
        let line = "A;Engine:81-255,Target:1,FileSize:5-10,EntryPoint:1-2,NumberOfSections:3-4,\
                    Container:CL_TYPE_ZIP;0&1&2&3;EP+0:6162;0(>>1#d2#=12);${1-2}7$;0/abc/i";
        let logical = Logical::parse(line).unwrap();
        assert_eq!(logical.bodies.len(), 1);
        let octets = logical.encode(77);
        let record = Record::read(&octets).unwrap();
        assert_eq!((record.name, record.target, record.subsignatures), (77, 1, 4));
        assert_eq!((record.octets, record.entry_point, record.sections), ((5, 10), (1, 2), (3, 4)));
        assert_eq!(record.container, "CL_TYPE_ZIP");
        assert_eq!(record.specials().unwrap(), logical.specials);
        assert!(record.has_specials());
    }

    #[test]
    fn wide_and_ascii_are_two_bodies_of_one_subsignature() {
        let logical = Logical::parse("A;Target:0;0;6162::wa").unwrap();
        assert_eq!(logical.bodies.iter().map(|body| body.number).collect::<Vec<_>>(), [0, 0]);
        assert_eq!(logical.bodies[0].elements.len(), 4);
    }

    #[test]
    fn what_clamscan_calls_malformed_is_malformed() {
        for line in [
            "A",
            "A;Target:0",
            "A;Target:0;0",
            "A;Target:0;0;6162;",
            "A;Target:0;0;6162;6364",
            "A;Target:0;0&1;6162",
            "A;;0;6162",
            "A;Engine:81-255;0;6162",
            ";Target:0;0;6162",
            "A;Target:0,Engine:81-255;0;6162",
            "A;Target:0,FileSize:5;0;6162",
            "A;Target:0;0;${6-7}12$",
            "A;Target:0;0&1;6162;${-7}12$",
            "A;Target:0;0;6162::q",
        ] {
            assert!(matches!(problem(line), LineProblem::Malformed(_)), "{line}");
        }
        assert_eq!(problem("A;Engine:217-255,Target:0;0;6162"), LineProblem::OtherLevel);
        assert!(matches!(problem("A;Target:0;0;fuzzy_img#00#0"), LineProblem::Unsupported(_)));
        assert!(matches!(
            problem("A;Target:0,HandlerType:CL_TYPE_ZIP;0;6162"),
            LineProblem::Unsupported(_)
        ));
    }

    #[test]
    fn a_signature_that_holds_without_any_body_is_known() {
        let holds = |line: &str| Logical::parse(line).unwrap().holds_without_bodies();
        assert!(holds("A;Target:0;0=0;6162") && holds("A;Target:0;0<2;6162"));
        assert!(holds("A;Target:0;1;6162;0=0/x/") && !holds("A;Target:0;1;6162;0/x/"));
        assert!(!holds("A;Target:0;0=0&1;6162;6364"));
    }

    #[test]
    fn damaged_records_are_none() {
        let octets = Logical::parse("A;Target:0;0&1;6162;0/abc/").unwrap().encode(1);
        for length in 0..octets.len() {
            let whole = Record::read(&octets[..length]).and_then(|record| record.specials());
            assert_eq!(whole, None, "{length}");
        }
    }
}
