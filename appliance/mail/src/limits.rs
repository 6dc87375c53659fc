//! Every bound of this crate in one place.

/// Octets of a local part (RFC 5321 section 4.5.3.1.1).
pub const LOCAL_PART_OCTETS: usize = 64;
/// Octets of a domain (RFC 5321 section 4.5.3.1.2).
pub const DOMAIN_OCTETS: usize = 255;
/// Octets of one DNS label (RFC 1035 section 2.3.4).
pub const LABEL_OCTETS: usize = 63;
/// Octets of a path, angle brackets included (RFC 5321 section 4.5.3.1.3).
pub const PATH_OCTETS: usize = 256;
/// Octets of one reply line that we write, code and line end included (RFC 5321 section 4.5.3.1.5).
pub const REPLY_LINE_OCTETS: usize = 512;
/// Octets kept of any text that came from outside (a remote reply, a file name, evidence).
pub const QUOTED_OCTETS: usize = 1024;
