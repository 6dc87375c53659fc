//! Mail addresses and domains (RFC 5321 section 4.1.2, RFC 6531 for UTF-8).
//!
//! A [`Domain`] is lower case and in one form (A-labels), so that two equal domains compare equal.
//! A local part keeps its case: only the receiving host may fold it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::limits;

/// Why a text is not an address or a domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing was given.
    #[error("the address is empty")]
    Empty,
    /// There is no `@` between local part and domain.
    #[error("the address has no @domain")]
    NoDomain,
    /// The part before the `@` breaks RFC 5321.
    #[error("the part before the @ is not valid: {0}")]
    LocalPart(&'static str),
    /// The part after the `@` is no domain and no address literal.
    #[error("the domain is not valid: {0}")]
    Domain(&'static str),
}

/// A domain name in lower-case A-label form, or an address literal such as `[192.0.2.1]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(String);

impl Domain {
    /// The domain as text, for example `example.test` or `[192.0.2.1]`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address inside an address literal, if this is one.
    #[must_use]
    pub fn literal(&self) -> Option<IpAddr> {
        let inner = self.0.strip_prefix('[')?.strip_suffix(']')?;
        match inner.strip_prefix("ipv6:") {
            Some(six) => six.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            None => inner.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        }
    }

    /// True when this is a name with at least one dot (a fully qualified name in mail's sense).
    #[must_use]
    pub fn is_qualified(&self) -> bool {
        self.literal().is_none() && self.0.contains('.')
    }

    /// True when this domain is a strict subdomain of `parent`.
    #[must_use]
    pub fn is_below(&self, parent: &Domain) -> bool {
        self.0
            .strip_suffix(parent.as_str())
            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Domain {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.len() > limits::DOMAIN_OCTETS {
            return Err(AddressError::Domain("longer than 255 octets"));
        }
        if text.starts_with('[') {
            return parse_literal(text);
        }
        let ascii = to_ascii(text)?;
        check_labels(&ascii)?;
        Ok(Domain(ascii))
    }
}

impl TryFrom<String> for Domain {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> String {
        domain.0
    }
}

fn to_ascii(text: &str) -> Result<String, AddressError> {
    if text.is_ascii() {
        return Ok(text.to_ascii_lowercase());
    }
    let ascii = idna::domain_to_ascii(text)
        .map_err(|_| AddressError::Domain("not a valid internationalised name"))?;
    if ascii.len() > limits::DOMAIN_OCTETS {
        return Err(AddressError::Domain("longer than 255 octets"));
    }
    Ok(ascii)
}

fn check_labels(name: &str) -> Result<(), AddressError> {
    for label in name.split('.') {
        if label.is_empty() {
            return Err(AddressError::Domain("an empty label"));
        }
        if label.len() > limits::LABEL_OCTETS {
            return Err(AddressError::Domain("a label longer than 63 octets"));
        }
        // The underscore is no host name character, yet real mail domains carry it.
        let allowed = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
        if !label.bytes().all(allowed) {
            return Err(AddressError::Domain("a character that no host name has"));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(AddressError::Domain("a label that starts or ends with a hyphen"));
        }
    }
    Ok(())
}

fn parse_literal(text: &str) -> Result<Domain, AddressError> {
    let lower = text.to_ascii_lowercase();
    let domain = Domain(lower);
    if domain.literal().is_some() {
        Ok(domain)
    } else {
        Err(AddressError::Domain("not a valid address literal"))
    }
}

/// A mailbox: local part and domain, both valid.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    local: String,
    domain: Domain,
}

impl Address {
    /// Puts an address together from its two halves. The local part may be quoted (`"a b"`).
    ///
    /// # Errors
    /// [`AddressError::LocalPart`] when the local part breaks RFC 5321 section 4.1.2.
    pub fn new(local: &str, domain: Domain) -> Result<Self, AddressError> {
        let local = check_local(local)?;
        Ok(Address { local, domain })
    }

    /// The local part as written, quotes included where they are needed.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// True when the address can only travel under SMTPUTF8 (RFC 6531).
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.local, self.domain)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::NoDomain)?;
        Address::new(local, domain.parse()?)
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> String {
        address.to_string()
    }
}

fn check_local(local: &str) -> Result<String, AddressError> {
    if local.is_empty() {
        return Err(AddressError::LocalPart("empty"));
    }
    if local.len() > limits::LOCAL_PART_OCTETS {
        return Err(AddressError::LocalPart("longer than 64 octets"));
    }
    match local.strip_prefix('"') {
        Some(rest) => check_quoted(local, rest),
        None => check_dotted(local),
    }
}

fn check_dotted(local: &str) -> Result<String, AddressError> {
    if local.split('.').any(str::is_empty) {
        return Err(AddressError::LocalPart("a dot at an end, or two in a row"));
    }
    let allowed = |c: char| {
        c.is_ascii_alphanumeric()
            || "!#$%&'*+-/=?^_`{|}~.".contains(c)
            || (!c.is_ascii() && !c.is_control())
    };
    if local.chars().all(allowed) {
        Ok(local.to_owned())
    } else {
        Err(AddressError::LocalPart("a character that needs quotes"))
    }
}

fn check_quoted(whole: &str, rest: &str) -> Result<String, AddressError> {
    let inner = rest.strip_suffix('"').ok_or(AddressError::LocalPart("an open quote"))?;
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        let quoted = match character {
            '"' => return Err(AddressError::LocalPart("a quote inside quotes")),
            '\\' => characters.next().ok_or(AddressError::LocalPart("an open escape"))?,
            other => other,
        };
        if quoted.is_control() {
            return Err(AddressError::LocalPart("a control character"));
        }
    }
    Ok(whole.to_owned())
}

/// The envelope sender (reverse-path): a mailbox, or the null path `<>` of notifications.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sender {
    /// `<>`: a delivery status notification or the like; never answered with another one.
    Null,
    /// An ordinary mailbox.
    Mailbox(Address),
}

impl Sender {
    /// The mailbox, unless this is the null path.
    #[must_use]
    pub fn mailbox(&self) -> Option<&Address> {
        match self {
            Sender::Null => None,
            Sender::Mailbox(address) => Some(address),
        }
    }

    /// The domain, unless this is the null path.
    #[must_use]
    pub fn domain(&self) -> Option<&Domain> {
        self.mailbox().map(Address::domain)
    }
}

impl fmt::Display for Sender {
    /// The bare address; nothing for the null path.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sender::Null => Ok(()),
            Sender::Mailbox(address) => address.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_compare_in_one_form() {
        let upper: Domain = "EXAMPLE.Test".parse().unwrap();
        assert_eq!(upper.as_str(), "example.test");
        let unicode: Domain = "bücher.example".parse().unwrap();
        assert_eq!(unicode.as_str(), "xn--bcher-kva.example");
    }

    #[test]
    fn address_literals_are_kept_and_read() {
        let four: Domain = "[192.0.2.1]".parse().unwrap();
        assert_eq!(four.literal(), Some("192.0.2.1".parse().unwrap()));
        let six: Domain = "[IPv6:2001:db8::1]".parse().unwrap();
        assert_eq!(six.literal(), Some("2001:db8::1".parse().unwrap()));
        assert!("[300.1.1.1]".parse::<Domain>().is_err());
    }

    #[test]
    fn subdomains_are_strict() {
        let parent: Domain = "example.test".parse().unwrap();
        assert!("a.example.test".parse::<Domain>().unwrap().is_below(&parent));
        assert!(!"example.test".parse::<Domain>().unwrap().is_below(&parent));
        assert!(!"badexample.test".parse::<Domain>().unwrap().is_below(&parent));
    }

    #[test]
    fn bad_domains_say_why() {
        for bad in ["", "a..b", "-a.test", "a b.test", "a\r\n.test", "a\0.test"] {
            assert!(bad.parse::<Domain>().is_err(), "{bad:?}");
        }
        let long = format!("{}.test", "a".repeat(64));
        assert_eq!(
            long.parse::<Domain>(),
            Err(AddressError::Domain("a label longer than 63 octets"))
        );
    }

    #[test]
    fn addresses_keep_the_case_of_the_local_part() {
        let address: Address = "Ann.Lee@EXAMPLE.test".parse().unwrap();
        assert_eq!(address.to_string(), "Ann.Lee@example.test");
    }

    #[test]
    fn quoted_local_parts() {
        let address: Address = "\"a b\\\"@c\"@example.test".parse().unwrap();
        assert_eq!(address.local(), "\"a b\\\"@c\"");
        for bad in ["\"a@x.test", "\"a\"b\"@x.test", "\"a\\\"@x.test", "\"a\rb\"@x.test"] {
            assert!(bad.parse::<Address>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn bad_addresses_say_why() {
        for bad in
            ["", "ann", "@x.test", ".a@x.test", "a..b@x.test", "a b@x.test", "a@", "a\n@x.test"]
        {
            assert!(bad.parse::<Address>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn smtputf8_is_needed_for_a_local_part_alone() {
        assert!("jörg@example.test".parse::<Address>().unwrap().needs_smtputf8());
        assert!(!"jorg@bücher.example".parse::<Address>().unwrap().needs_smtputf8());
    }
}
