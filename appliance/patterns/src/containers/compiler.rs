//! Lines of .cdb databases.

use super::{Holder, SECTION, Signature, Span};
use crate::names::{Class, Names};
use crate::pack::Writer;
use crate::source::{Kind, LineCompiler, LineProblem, Place};
use crate::{expressions, level};

/// Names of ClamAV's file types, and of ours. What a container of a type that is not here holds is
/// never told with the facts of a member.
const HOLDERS: &[(&str, &str)] = &[
    ("CL_TYPE_ZIP", "zip"),
    ("CL_TYPE_RAR", "rar"),
    ("CL_TYPE_ARJ", "arj"),
    ("CL_TYPE_MSCAB", "cab"),
    ("CL_TYPE_7Z", "7z"),
    ("CL_TYPE_POSIX_TAR", "tar"),
    ("CL_TYPE_OLD_TAR", "tar"),
    ("CL_TYPE_CPIO_OLD", "cpio"),
    ("CL_TYPE_CPIO_ODC", "cpio"),
    ("CL_TYPE_CPIO_NEWC", "cpio"),
    ("CL_TYPE_CPIO_CRC", "cpio"),
    ("CL_TYPE_ISO9660", "iso"),
    ("CL_TYPE_MSCHM", "chm"),
];

/// Reads lines on members of containers.
#[derive(Debug, Default)]
pub(crate) struct ContainerCompiler {
    signatures: Vec<Signature>,
}

fn malformed<T>(reason: impl Into<String>) -> Result<T, LineProblem> {
    Err(LineProblem::Malformed(reason.into()))
}

impl LineCompiler for ContainerCompiler {
    fn line(&mut self, line: &str, place: Place, names: &mut Names) -> Result<(), LineProblem> {
        if place.kind != Kind::Container {
            return Err(LineProblem::Unsupported(
                "member signatures of the obsolete formats .zmd and .rmd",
            ));
        }
        let (name, mut signature) = signature(line)?;
        signature.name = names.add(name, Class::of(name), place.source, place.line);
        self.signatures.push(signature);
        Ok(())
    }

    fn finish(self: Box<Self>, writer: &mut Writer) -> Vec<(Place, LineProblem)> {
        if !self.signatures.is_empty() {
            // Plain data: there is nothing in it that could not be written.
            writer.section(SECTION, postcard::to_stdvec(&self.signatures).unwrap_or_default());
        }
        Vec::new()
    }
}

fn signature(line: &str) -> Result<(&str, Signature), LineProblem> {
    let fields: Vec<&str> = line.split(':').collect();
    let [
        name,
        kind,
        holder_octets,
        pattern,
        packed,
        real,
        encrypted,
        number,
        crc32,
        _,
        levels @ ..,
    ] = fields.as_slice()
    else {
        return malformed("it has not the 10 to 12 fields of a container signature");
    };
    if levels.len() > 2 || name.is_empty() {
        return malformed("it has no name, or more than 12 fields");
    }
    level::check(levels.first().copied(), levels.get(1).copied())?;
    let (pattern, needed) = expression(pattern)?;
    let holder = holder(kind)?;
    let signature = Signature {
        name: 0,
        holder_octets: span(holder_octets)?,
        pattern,
        needed,
        packed: span(packed)?,
        real: span(real)?,
        encrypted: flag(encrypted)?,
        number: span(number)?,
        crc32: crc32_of(crc32, &holder)?,
        holder,
    };
    Ok((name, signature))
}

fn holder(text: &str) -> Result<Holder, LineProblem> {
    match text {
        "*" | "CL_TYPE_ANY" => Ok(Holder::Any),
        "CL_TYPE_MAIL" => Ok(Holder::Mail),
        other => match HOLDERS.iter().find(|(known, _)| *known == other) {
            Some((_, ours)) => Ok(Holder::Named((*ours).to_owned())),
            None if other.starts_with("CL_TYPE_") => {
                Err(LineProblem::Unsupported("container signatures for types without members"))
            }
            None => malformed(format!("{other:?} is no container type")),
        },
    }
}

fn expression(text: &str) -> Result<(String, Vec<u8>), LineProblem> {
    if text == "*" {
        return Ok(Default::default());
    }
    match expressions::build(text) {
        Ok(_) => Ok((text.to_owned(), expressions::needed(text))),
        Err(reason) => malformed(reason),
    }
}

fn span(text: &str) -> Result<Span, LineProblem> {
    if text == "*" {
        return Ok(Span::ANY);
    }
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    match (from.parse(), to.parse()) {
        (Ok(from), Ok(to)) => Ok(Span(from, to)),
        _ => malformed(format!("{text:?} is no number, no range and no *")),
    }
}

fn flag(text: &str) -> Result<Option<bool>, LineProblem> {
    match text {
        "*" => Ok(None),
        "0" => Ok(Some(false)),
        "1" => Ok(Some(true)),
        _ => malformed("its field for encryption is not 0, 1 or *"),
    }
}

fn crc32_of(text: &str, holder: &Holder) -> Result<Option<u32>, LineProblem> {
    let counts = matches!(holder, Holder::Named(kind) if kind == "zip" || kind == "rar");
    if text == "*" || !counts {
        return Ok(None);
    }
    match u32::from_str_radix(text, 16) {
        Ok(sum) => Ok(Some(sum)),
        Err(_) => malformed("its checksum is no hexadecimal number"),
    }
}
