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
