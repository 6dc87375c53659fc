//! Every bound of this crate in one place.

/// Octets of a command line without parameters, CR LF included (RFC 5321 section 4.5.3.1.4).
pub const COMMAND_LINE_OCTETS: usize = 512;
/// Octets of a MAIL or RCPT line, CR LF included: room for SMTPUTF8 paths, ORCPT (500) and the rest.
pub const EXTENDED_LINE_OCTETS: usize = 4096;
/// Octets of one line of a reply that we read from a next hop. RFC 5321 says 512; real servers write more.
pub const REMOTE_REPLY_LINE_OCTETS: usize = 4096;
/// Octets of the domain or literal in HELO and EHLO that are kept.
pub const HELO_OCTETS: usize = 255;
/// Octets of an ENVID value (RFC 3461 section 4.4).
pub const ENVID_OCTETS: usize = 100;
/// Octets of an ORCPT value (RFC 3461 section 4.2).
pub const ORCPT_OCTETS: usize = 500;
/// Parameters on one MAIL or RCPT.
pub const PARAMETERS: usize = 16;
/// RCPT commands over the recipient limit that are answered 452 before they count as errors
/// (Postfix: `smtpd_recipient_overshoot_limit`).
pub const RECIPIENT_OVERSHOOT: u32 = 1000;
/// Commands that move no mail (NOOP, RSET, VRFY, HELP, repeated EHLO) between two messages before
/// each one more counts as an error (Postfix: `smtpd_junk_command_limit`).
pub const IDLE_COMMANDS: u32 = 100;
