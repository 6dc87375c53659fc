//! Every bound of this crate in one place.

/// Types of one run of octets at most.
pub const TYPES: usize = 8;
/// Octets before the header of a PDF that readers accept (Adobe's implementation note 13 to PDF
/// 1.7).
pub const PDF_JUNK: usize = 1024;
/// Octets of text that are looked at for its kind.
pub const TEXT_HEAD: usize = 3072;
/// Octets in which control characters tell data from text.
pub const TEXT_PROBE: usize = 2048;
/// The end record of a zip archive stands in so many last octets: 22, and the longest comment.
pub const ZIP_END: usize = 22 + 65_535;
/// End records that are tried.
pub const ZIP_ENDS: usize = 16;
/// Members of a zip archive whose names are looked at.
pub const ZIP_NAMES: usize = 512;
/// Octets of `[Content_Types].xml` that are decompressed.
pub const CONTENT_TYPES: usize = 32 * 1024;
/// Sectors of an OLE directory that are read.
pub const OLE_SECTORS: usize = 64;
/// Entries of an OLE directory that are read.
pub const OLE_ENTRIES: usize = 512;
/// Sections of a program that are read (the loader of Windows takes 96).
pub const PE_SECTIONS: usize = 96;
/// Octets in which an archive behind a foreign start is searched.
pub const EMBEDDED: usize = 1024 * 1024;
/// Octets of a picture or sound in which markup is searched.
pub const MARKUP_IN_BINARY: usize = 4096;
/// Octets of a section whose evenness is measured.
pub const EVENNESS: usize = 64 * 1024;
/// Octets behind a program in which the data of an installer is searched.
pub const INSTALLER: usize = 64 * 1024;
