//! Limits of what is looked at for signals. What is over a limit is left out; none of them makes a
//! message clean, since malware scanning has limits of its own.

/// Header fields that are looked at.
pub const FIELDS: usize = 500;
/// Octets of one header value that are decoded.
pub const VALUE_OCTETS: usize = 8 * 1024;
/// Mailboxes of one header field.
pub const MAILBOXES: usize = 100;
/// Octets of text of a message that are looked at, of each kind.
pub const TEXT_OCTETS: usize = 64 * 1024;
/// Links of a message that are looked at.
pub const LINKS: usize = 300;
/// Octets of one link.
pub const LINK_OCTETS: usize = 2048;
/// Octets of the words a link shows.
pub const LINK_WORDS: usize = 300;
/// Pictures of a message that are looked at.
pub const PICTURES: usize = 100;
/// Octets of one piece of evidence.
pub const EVIDENCE_OCTETS: usize = 200;
/// Pages of HTML that are looked at, in the body and in attachments each.
pub const PAGES: usize = 8;
