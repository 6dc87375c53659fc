//! Lines of .ndb, .db and .ldb databases to records, code and the table of grams.

use super::anchor::{Crowd, Part, choose};
use super::element::{Element, Modifiers, parse};
use super::grams::Grams;
use super::logical::Logical;
use super::offset::{Base, Offset};
use super::record::{ALWAYS, BODIES, CODE, LOGICAL, LOGICAL_INDEX, Owner, Record, TARGETS};
use super::segment::Body;
use super::{offset, target};
use crate::names::{Class, Names};
use crate::pack::Writer;
use crate::source::{Kind, LineCompiler, LineProblem, Place};
use crate::{level, limits};

/// Reads lines of body signatures.
#[derive(Default)]
pub(crate) struct BodyCompiler {
    crowd: Crowd,
    grams: Grams,
    records: Vec<u8>,
    code: Vec<u8>,
    bodies: u32,
    logical: Vec<u8>,
    logical_index: Vec<u8>,
    logical_count: u32,
    always: Vec<u8>,
    targets: u16,
}

/// One body with its anchor chosen, not yet written.
struct Ready {
    owner: Owner,
    target: u8,
    offset: Offset,
    code: Vec<u8>,
    width: usize,
    grams: Vec<u32>,
}

fn malformed(reason: impl Into<String>) -> LineProblem {
    LineProblem::Malformed(reason.into())
}

fn class(name: &str, place: Place) -> Class {
    if place.is_unwanted { Class::of_unwanted(name) } else { Class::of(name) }
}

impl BodyCompiler {
    /// Chooses the anchor of a body.
    fn ready(
        &mut self,
        elements: Vec<Element>,
        (owner, target, offset): (Owner, u8, Offset),
        part: Part,
    ) -> Result<Ready, LineProblem> {
        let body = Body::of(elements);
        let anchor = choose(&body, part, &mut self.crowd)
            .or_else(|| choose(&body, Part::Any, &mut self.crowd))
            .ok_or_else(|| malformed("it has no two fixed octets side by side"))?;
        let code = body.encode(anchor.segment, anchor.element);
        Ok(Ready { owner, target, offset, code, width: anchor.width, grams: anchor.grams })
    }

    fn write(&mut self, ready: Ready) -> Result<(), LineProblem> {
        let code =
            u32::try_from(self.code.len()).map_err(|_| malformed("there are too many bodies"))?;
        self.code.extend_from_slice(&ready.code);
        let Ready { owner, target, offset, .. } = ready;
        Record { code, owner, target, offset }.put(&mut self.records);
        for gram in ready.grams {
            self.grams.add(ready.width, gram, self.bodies);
        }
        self.targets |= 1_u16.checked_shl(target.into()).unwrap_or(0);
        self.bodies = self.bodies.saturating_add(1);
        Ok(())
    }

    /// `name:target:offset:body[:least level[:most level]]`.
    fn extended(&mut self, line: &str, place: Place, names: &mut Names) -> Result<(), LineProblem> {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, target, offset, body, levels @ ..] = fields.as_slice() else {
            return Err(malformed("it has not the 4 to 6 fields of an extended signature"));
        };
        if levels.len() > 2 || name.is_empty() {
            return Err(malformed("it has no name, or more than 6 fields"));
        }
        level::check(levels.first().copied(), levels.get(1).copied())?;
        let target: u8 = target.parse().map_err(|_| malformed("its target type is no number"))?;
        if !target::is_known(target) {
            return Err(LineProblem::Unsupported("a target type that is none"));
        }
        let offset = Offset::parse(offset).ok_or_else(|| malformed("its offset is none"))?;
        let needs_program = offset.needs_executable();
        if needs_program && !matches!(target, target::PE | target::ELF | target::MACHO) {
            return Err(malformed("its offset is one of programs and its target type is not"));
        }
        let elements = parse(body, Modifiers::default()).map_err(malformed)?;
        let group = match offset.base {
            Base::Group(group) => Some(group),
            _ => None,
        };
        let owner = group.map_or(Owner::Name(names.count()), Owner::Group);
        let ready = self.ready(elements, (owner, target, offset), Part::Any)?;
        names.add(name, class(name, place), place.source, place.line);
        self.write(ready)
    }

    /// `name=body` of the oldest format: anywhere in any file.
    fn basic(&mut self, line: &str, place: Place, names: &mut Names) -> Result<(), LineProblem> {
        let (name, body) = line.split_once('=').ok_or_else(|| malformed("it is not name=body"))?;
        let elements = parse(body, Modifiers::default()).map_err(malformed)?;
        let owner = Owner::Name(names.count());
        let ready = self.ready(elements, (owner, target::ANY, offset::ANY), Part::Any)?;
        names.add(name, class(name, place), place.source, place.line);
        self.write(ready)
    }

    fn logical(&mut self, line: &str, place: Place, names: &mut Names) -> Result<(), LineProblem> {
        let mut logical = Logical::parse(line)?;
        let number = self.logical_count;
        if number >= limits::LOGICAL {
            return Err(malformed("there are too many logical signatures"));
        }
        let target = logical.conditions.target;
        let part = if logical.expression.counts() { Part::Last } else { Part::Any };
        let mut all = Vec::new();
        for body in std::mem::take(&mut logical.bodies) {
            if body.offset.needs_executable()
                && !matches!(target, target::PE | target::ELF | target::MACHO)
            {
                return Err(malformed("an offset is one of programs and its target type is not"));
            }
            let owner = Owner::Logical(number, body.number);
            all.push(self.ready(body.elements, (owner, target, body.offset), part)?);
        }
        let at = u32::try_from(self.logical.len());
        let at = at.map_err(|_| malformed("there are too many logical signatures"))?;
        let name = names.add(logical.name, class(logical.name, place), place.source, place.line);
        self.logical_index.extend_from_slice(&at.to_le_bytes());
        self.logical.extend_from_slice(&logical.encode(name));
        if logical.holds_without_bodies() {
            self.always.extend_from_slice(&number.to_le_bytes());
            self.targets |= 1_u16.checked_shl(target.into()).unwrap_or(0);
        }
        self.logical_count += 1;
        all.into_iter().try_for_each(|ready| self.write(ready))
    }
}

impl LineCompiler for BodyCompiler {
    fn line(&mut self, line: &str, place: Place, names: &mut Names) -> Result<(), LineProblem> {
        match place.kind {
            Kind::Extended => self.extended(line, place, names),
            Kind::Basic => self.basic(line, place, names),
            _ => self.logical(line, place, names),
        }
    }

    fn finish(mut self: Box<Self>, writer: &mut Writer) -> Vec<(Place, LineProblem)> {
        if self.bodies == 0 && self.logical_count == 0 {
            return Vec::new();
        }
        let end = u32::try_from(self.logical.len()).unwrap_or(u32::MAX);
        self.logical_index.extend_from_slice(&end.to_le_bytes());
        self.grams.finish(writer);
        writer.section(BODIES, self.records);
        writer.section(CODE, self.code);
        writer.section(LOGICAL_INDEX, self.logical_index);
        writer.section(LOGICAL, self.logical);
        writer.section(ALWAYS, self.always);
        writer.section(TARGETS, self.targets.to_le_bytes().to_vec());
        Vec::new()
    }
}
