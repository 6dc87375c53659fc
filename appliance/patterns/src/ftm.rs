//! File type magic (.ftm): read for its report only.
//!
//! True types come from `filetype`, which knows more of them than ClamAV; a line for a type that it
//! knows is therefore taken as read, one for another type is counted as unsupported.

use crate::names::Names;
use crate::pack::Writer;
use crate::source::{LineCompiler, LineProblem, Place};
use crate::{hashes, level};

/// ClamAV's names of types whose content `filetype` tells under a name of its own.
const KNOWN: &[&str] = &[
    "TEXT_ASCII",
    "TEXT_UTF8",
    "TEXT_UTF16LE",
    "TEXT_UTF16BE",
    "MSEXE",
    "ELF",
    "MACHO",
    "MACHO_UNIBIN",
    "POSIX_TAR",
    "OLD_TAR",
    "CPIO_OLD",
    "CPIO_ODC",
    "CPIO_NEWC",
    "CPIO_CRC",
    "GZ",
    "ZIP",
    "BZ",
    "RAR",
    "ARJ",
    "MSSZDD",
    "MSOLE2",
    "MSCAB",
    "MSCHM",
    "SIS",
    "GRAPHICS",
    "GIF",
    "PNG",
    "JPEG",
    "TIFF",
    "BMP",
    "RIFF",
    "BINHEX",
    "TNEF",
    "CRYPTFF",
    "PDF",
    "UUENCODED",
    "SWF",
    "RTF",
    "7Z",
    "HTML",
    "MAIL",
    "ISO9660",
    "DMG",
    "XZ",
    "XDP",
    "XML_WORD",
    "XML_XL",
    "OOXML_WORD",
    "OOXML_PPT",
    "OOXML_XL",
    "EGG",
    "ONENOTE",
    "LNK",
    "ALZ",
    "LHA_LZH",
    "UDF",
    "MHTML",
    "SCRENC",
    "JAVA",
    "INTERNAL",
];

/// Reads lines of file type magic.
#[derive(Debug, Default)]
pub(crate) struct MagicCompiler;

impl LineCompiler for MagicCompiler {
    fn line(&mut self, line: &str, _: Place, _: &mut Names) -> Result<(), LineProblem> {
        let fields: Vec<&str> = line.split(':').collect();
        let [magic, _, octets, name, _, kind, levels @ ..] = fields.as_slice() else {
            return Err(LineProblem::Malformed(
                "it has not the 6 to 8 fields of a file type".to_owned(),
            ));
        };
        level::check(levels.first().copied(), levels.get(1).copied())?;
        let is_hex = *magic == "1" || hashes::octets_of_hex(octets).is_some();
        if !["0", "1", "4"].contains(magic) || !is_hex || name.is_empty() {
            return Err(LineProblem::Malformed(
                "its kind of magic or its octets are not valid".to_owned(),
            ));
        }
        let kind = kind.strip_prefix("CL_TYPE_").unwrap_or(kind);
        if KNOWN.contains(&kind) {
            Ok(())
        } else {
            Err(LineProblem::Unsupported("file types of ClamAV without a type of ours"))
        }
    }

    fn finish(self: Box<Self>, _: &mut Writer) -> Vec<(Place, LineProblem)> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Kind;

    fn read(line: &str) -> Result<(), LineProblem> {
        let place = Place { kind: Kind::TypeMagic, source: 0, line: 1, is_unwanted: false };
        MagicCompiler.line(line, place, &mut Names::default())
    }

    #[test]
    fn known_types_are_taken_and_others_are_counted() {
        assert_eq!(read("0:0:504b0304:ZIP:CL_TYPE_ANY:CL_TYPE_ZIP"), Ok(()));
        assert_eq!(read("1:*:3c{-5}68:HTML:CL_TYPE_ANY:CL_TYPE_HTML:50:255"), Ok(()));
        assert!(matches!(
            read("0:0:4142:X:CL_TYPE_ANY:CL_TYPE_IGNORED"),
            Err(LineProblem::Unsupported(_))
        ));
        assert!(matches!(read("0:0:zz:X:CL_TYPE_ANY:CL_TYPE_ZIP"), Err(LineProblem::Malformed(_))));
        assert!(matches!(read("ZIP"), Err(LineProblem::Malformed(_))));
    }
}
