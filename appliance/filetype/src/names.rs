//! File names against contents.
//!
//! A name contradicts a content when who trusts the name is led into more danger than it shows: a
//! program called `invoice.pdf`, an archive called `photo.jpg`, a page called `report.pdf`. A name
//! that is merely wrong (`photo.jpg` that is a PNG, `list.xls` that is a table in HTML, which Excel
//! opens all the same) differs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::kind::{Family, FileType, Types};
use crate::kinds::*;

/// How a file name goes with the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// The extension is usual for one of the types, or for the format it is built on.
    Fits,
    /// There is no extension, or one that no type of the table has.
    Open,
    /// The content is of no known type.
    Unknown,
    /// The extension belongs to other types only, none of them less dangerous than the content.
    Differs,
    /// The extension belongs to other types only, and the content is more dangerous than any.
    Contradicts,
}

/// What a file of a type can do to who opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// Shown or played; does nothing by itself.
    Inert,
    /// Shown, but may hold scripts, macros or links that act.
    Active,
    /// Holds other files, which may be anything.
    Carrier,
    /// Runs when it is opened.
    Runs,
}

/// The risk of a type.
#[must_use]
pub fn risk(kind: FileType) -> Risk {
    match kind {
        CHM | SLK | DEX => return Risk::Runs,
        SVG | HTML | XML | TNEF => return Risk::Active,
        NUPKG | PY_ZIP => return Risk::Carrier,
        DESKTOP_ENTRY | REG | INF => return Risk::Runs,
        _ => {}
    }
    match kind.family() {
        Family::Executable | Family::Script => Risk::Runs,
        Family::Archive | Family::DiskImage | Family::Email => Risk::Carrier,
        Family::Document | Family::Database => Risk::Active,
        Family::Image | Family::Media | Family::Font | Family::Text | Family::Data => Risk::Inert,
        Family::Unknown => Risk::Inert,
    }
}

/// The extension of a file name as Windows takes it: lower case, without the dot, trailing dots and
/// blanks left out. `None` when there is none.
#[must_use]
pub fn extension(name: &str) -> Option<String> {
    let name = name.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let (stem, extension) = name.rsplit_once('.')?;
    let _any_stem = stem;
    (!extension.is_empty() && extension.chars().count() <= 20)
        .then(|| extension.trim().to_lowercase())
}

/// Extensions that Office opens whatever of its formats is inside.
const OFFICE: &[&str] =
    &["doc", "dot", "rtf", "xls", "xlt", "csv", "ppt", "pps", "mht", "mhtml", "wps", "wpd"];

/// The types that each extension is usual for.
static BY_EXTENSION: LazyLock<BTreeMap<&str, Vec<FileType>>> = LazyLock::new(|| {
    let mut index: BTreeMap<&str, Vec<FileType>> = BTreeMap::new();
    for kind in FileType::all() {
        for extension in kind.extensions() {
            index.entry(extension).or_default().push(kind);
        }
    }
    index
});

/// Compares a file name with the types of its content.
#[must_use]
pub fn fit(name: &str, types: &Types) -> Fit {
    let main = types.main();
    if main == UNKNOWN {
        return Fit::Unknown;
    }
    let Some(extension) = extension(name) else { return Fit::Open };
    let Some(usual) = BY_EXTENSION.get(extension.as_str()) else { return Fit::Open };
    if main == EMPTY
        || types.iter().any(|kind| usual.contains(&kind) || usual.contains(&kind.base()))
    {
        return Fit::Fits;
    }
    if is_plain(main) && usual.iter().any(|kind| is_textual(*kind)) {
        return Fit::Fits;
    }
    let is_worse =
        !(OFFICE.contains(&extension.as_str()) && is_office(main)) && is_worse(types, usual);
    if is_worse { Fit::Contradicts } else { Fit::Differs }
}

/// Whether the content can do more than a name promises that is usual for these types.
fn is_worse(types: &Types, usual: &[FileType]) -> bool {
    let main = types.main();
    let promised = usual.iter().copied().map(risk).max().unwrap_or(Risk::Inert);
    let found = types.iter().map(risk).max().unwrap_or(Risk::Inert);
    let is_other = usual.iter().all(|kind| kind.family() != main.family());
    let is_page = matches!(main, HTML | SVG | HTA) && promised == Risk::Active;
    found > promised || is_page || (found == promised && is_other && found == Risk::Active)
}

/// Text without marks: it may be the beginning of any text format.
fn is_plain(kind: FileType) -> bool {
    matches!(kind.family(), Family::Text) && !matches!(kind, HTML | XML)
}

/// Types that are written as text.
fn is_textual(kind: FileType) -> bool {
    match kind.family() {
        Family::Text => true,
        Family::Script => !matches!(kind, LNK | APPLESCRIPT_COMPILED),
        _ => matches!(
            kind,
            ICS | VCF | LDIF | PEM | SSH_KEY | PGP_ARMOURED | EML | MBOX | SVG | UUENCODE | PLIST
        ),
    }
}

/// Formats that Word, Excel and `PowerPoint` open under any of their extensions.
fn is_office(kind: FileType) -> bool {
    matches!(
        kind,
        DOC | XLS
            | PPT
            | RTF
            | HTML
            | WORD_XML
            | EXCEL_XML
            | OFFICE_MHTML
            | EML
            | CSV
            | TSV
            | TEXT
            | UTF16_TEXT
            | XML
            | DOCX
            | XLSX
            | PPTX
            | DOCM
            | XLSM
            | XLSB
            | PPTM
            | DOTX
            | DOTM
            | WORD2
            | XLS_STREAM
            | WORKS
            | OLE
            | ENCRYPTED_OFFICE
            | OOXML
            | SLK
    )
}
