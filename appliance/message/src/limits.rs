//! Every bound of this crate in one place.

/// Parts of one message, nested messages included.
pub const PARTS: usize = 5000;
/// Messages inside messages (promise S4).
pub const MESSAGE_DEPTH: usize = 10;
/// Octets of the header of the outermost message.
pub const HEADER_OCTETS: usize = 256 * 1024;
/// Defects kept of one message.
pub const DEFECTS: usize = 100;
/// Octets of a decoded subject, sender or message id, and of a part's name.
pub const TEXT_OCTETS: usize = mail::limits::QUOTED_OCTETS;
/// Octets of a part's name inside its path.
pub const NAME_OCTETS: usize = 200;
/// Octets of a part's path.
pub const PATH_OCTETS: usize = 512;
/// Octets of a MIME type.
pub const MIME_OCTETS: usize = 100;
/// Octets of a header line that we write, without its end (RFC 5322 section 2.1.1: must).
pub const LINE_OCTETS: usize = 998;
/// Octets of a header line that we prefer (RFC 5322 section 2.1.1: should).
pub const PREFERRED_LINE_OCTETS: usize = 78;
/// Octets of text in one encoded word: 75 less `=?UTF-8?B?` and `?=`, in base64 (RFC 2047 section 2).
pub const ENCODED_WORD_TEXT_OCTETS: usize = 45;
/// Octets of one value that we add to a header.
pub const ADDED_VALUE_OCTETS: usize = 8000;
/// Multiparts inside multiparts, within one message.
pub const MULTIPART_DEPTH: usize = 50;
/// Octets that transfer decoding may make of one message, all its parts and readings together. What
/// unpacking holds comes on top of it within the memory of a cell.
pub const DECODED_OCTETS: usize = 80 * 1024 * 1024;
/// Octets looked at again for other readings of a message, all together.
pub const READING_OCTETS: usize = 256 * 1024 * 1024;
/// Other splits and declarations of a message that are followed.
pub const READINGS: usize = 200;
/// Other readings of one leaf's octets.
pub const LEAF_READINGS: usize = 24;
/// Values that one parameter may have for different readers.
pub const CANDIDATES: usize = 8;
/// Parameters of one field.
pub const PARAMETERS: usize = 128;
/// Fields of one kind that are looked at in one header section.
pub const FIELDS: usize = 8;
/// Octets of the value of a field about content that are looked at.
pub const VALUE_OCTETS: usize = 16 * 1024;
/// Octets of a boundary (RFC 2046 section 5.1.1).
pub const BOUNDARY_OCTETS: usize = 70;
/// Octets of a boundary that is looked for all the same.
pub const LONGEST_BOUNDARY_OCTETS: usize = 8192;
/// File names of one part, for different readers.
pub const NAMES: usize = 4;
/// Files encoded inside the text of one leaf.
pub const EMBEDDED: usize = 100;
/// Octets of one file in `BinHex`, the only encoding here that makes much of little.
pub const BINHEX_OCTETS: usize = 32 * 1024 * 1024;
/// Octets that `BinHex` may make of one.
pub const BINHEX_RATIO: usize = 16;
/// Octets of all files encoded inside the text of one leaf; the last may go beyond.
pub const EMBEDDED_OCTETS: usize = 32 * 1024 * 1024;
/// Octets of the first line of a file encoded in text.
pub const EMBEDDED_LINE_OCTETS: usize = 1000;
/// Octets of base64 in text that are taken for an encoded file.
pub const BARE_BASE64_OCTETS: usize = 80;
/// Octets of text in which the marks of OpenPGP are looked for.
pub const ARMOUR_OCTETS: usize = 64 * 1024;
/// Octets of one field that is shown to people.
pub const SHOWN_FIELD_OCTETS: usize = 32 * 1024;
/// Lines in which the header of an entity may start that seems to have none.
pub const LATE_HEADER_LINES: usize = 5;
