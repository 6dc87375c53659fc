//! Reverse-path and forward-path (RFC 5321 section 4.1.2).
//!
//! Source routes are read and dropped, as the RFC asks. An address without angle brackets is taken
//! where it is one word: printers and scripts write it so.

use mail::{Address, AddressError, Sender};

/// Where a RCPT points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForwardPath {
    /// A mailbox.
    Mailbox(Address),
    /// `<Postmaster>` without a domain, which every host must take (RFC 5321 section 4.5.1).
    Postmaster,
}

/// Splits a path, brackets taken off, from the parameters after it. `None` when there is no path.
pub(super) fn cut(text: &str) -> Option<(&str, &str)> {
    let Some(inner) = text.strip_prefix('<') else {
        let (path, rest) = text.split_once(' ').unwrap_or((text, ""));
        let one_word = !path.is_empty() && !path.contains(['<', '>', '"']);
        return one_word.then_some((path, rest));
    };
    let end = closing_bracket(inner)?;
    let (path, rest) = inner.split_at_checked(end)?;
    let rest = rest.strip_prefix('>')?;
    (rest.is_empty() || rest.starts_with(' ')).then_some((path, rest))
}

/// The first `>` outside quotes.
fn closing_bracket(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, octet) in text.bytes().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// Drops a source route (`@a.test,@b.test:`), which must be ignored (RFC 5321 appendix C).
fn without_route(path: &str) -> &str {
    if path.starts_with('@') {
        path.split_once(':').map_or(path, |(_, mailbox)| mailbox)
    } else {
        path
    }
}

/// Reads the text between the brackets of MAIL FROM. Empty is the null path.
///
/// # Errors
/// [`AddressError`] when it is neither empty nor a mailbox.
pub fn reverse_path(path: &str) -> Result<Sender, AddressError> {
    if path.is_empty() {
        return Ok(Sender::Null);
    }
    within_limit(path)?.parse().map(Sender::Mailbox)
}

/// Reads the text between the brackets of RCPT TO.
///
/// # Errors
/// [`AddressError`] when it is neither a mailbox nor `Postmaster`.
pub fn forward_path(path: &str) -> Result<ForwardPath, AddressError> {
    if path.eq_ignore_ascii_case("postmaster") {
        return Ok(ForwardPath::Postmaster);
    }
    within_limit(path)?.parse().map(ForwardPath::Mailbox)
}

fn within_limit(path: &str) -> Result<&str, AddressError> {
    let mailbox = without_route(path);
    // The limit counts the brackets; UTF-8 paths are held to the same octets. A local part and a
    // domain that are each at their limit exceed it together, yet such addresses exist.
    let room = mail::limits::LOCAL_PART_OCTETS + 1 + mail::limits::DOMAIN_OCTETS;
    if mailbox.len() > room {
        return Err(AddressError::Domain("the path is too long"));
    }
    Ok(mailbox)
}
