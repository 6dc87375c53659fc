//! The header as signals see it: every field in order, decoded when somebody asks.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::LazyLock;

use mail_parser::{Address, HeaderName, HeaderValue, MessageParser};

use crate::limits;

/// One field.
#[derive(Debug)]
pub struct Field<'a> {
    /// Its name as it stands.
    pub name: &'a str,
    /// What follows the colon as it stands, folds included, without the last line end. Octets that
    /// are no UTF-8 are U+FFFD.
    pub raw: Cow<'a, str>,
}

/// Reads single fields; making one for each costs more than the reading.
static PARSER: LazyLock<MessageParser> = LazyLock::new(|| {
    MessageParser::new()
        .header_address(HeaderName::From)
        .header_text(HeaderName::Subject)
        .default_header_ignore()
});

/// A mailbox of an address field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mailbox {
    /// Display name, decoded (RFC 2047); empty when there is none.
    pub name: String,
    /// The address as it stands, lower case; empty when there is none.
    pub address: String,
}

impl Mailbox {
    /// The part in front of the last `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        self.address.rsplit_once('@').map_or(self.address.as_str(), |(local, _)| local)
    }

    /// The domain, lower case; empty when there is none.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

/// All fields of a header.
#[derive(Debug, Default)]
pub struct Headers<'a> {
    fields: Vec<Field<'a>>,
    from: OnceCell<Vec<Mailbox>>,
    reply_to: OnceCell<Vec<Mailbox>>,
    to: OnceCell<Vec<Mailbox>>,
}

impl<'a> Headers<'a> {
    /// Reads a header section, or a message that begins with one.
    #[must_use]
    pub fn read(raw: &'a [u8]) -> Self {
        let end = message::header_end(raw);
        let mut fields = Vec::new();
        let mut rest = without_envelope_line(raw.get(..end).unwrap_or_default());
        while let Some(field) = next_field(&mut rest) {
            if fields.len() >= limits::FIELDS {
                break;
            }
            fields.extend(field);
        }
        Headers { fields, ..Headers::default() }
    }

    /// The fields in order.
    #[must_use]
    pub fn fields(&self) -> &[Field<'a>] {
        &self.fields
    }

    /// The values of a field as they stand, the topmost first. The name's case does not matter.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> + 's {
        let wanted = move |field: &&Field<'a>| field.name.eq_ignore_ascii_case(name);
        self.fields.iter().filter(wanted).map(|field| field.raw.as_ref())
    }

    /// The first value of a field as it stands.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        let mut wanted = self.fields.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
        wanted.next().map(|field| field.raw.as_ref())
    }

    /// Whether a field is there.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// The first value of a field, unfolded and decoded (RFC 2047).
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.first(name).map(decoded)
    }

    /// Mailboxes of From.
    pub fn from(&self) -> &[Mailbox] {
        self.from.get_or_init(|| self.mailboxes("From"))
    }

    /// Mailboxes of Reply-To.
    pub fn reply_to(&self) -> &[Mailbox] {
        self.reply_to.get_or_init(|| self.mailboxes("Reply-To"))
    }

    /// Mailboxes of To and Cc.
    pub fn to(&self) -> &[Mailbox] {
        self.to.get_or_init(|| {
            let mut all = self.mailboxes("To");
            all.extend(self.mailboxes("Cc"));
            all
        })
    }

    /// Mailboxes of any address field.
    #[must_use]
    pub fn mailboxes(&self, name: &str) -> Vec<Mailbox> {
        self.all(name).take(4).flat_map(mailboxes).take(limits::MAILBOXES).collect()
    }
}

/// The next field; `Some(None)` for a line that is none.
fn next_field<'a>(rest: &mut &'a [u8]) -> Option<Option<Field<'a>>> {
    let all = *rest;
    if all.is_empty() {
        return None;
    }
    let mut end = 0;
    loop {
        let line = all.get(end..).unwrap_or_default();
        end += memchr::memchr(b'\n', line).map_or(line.len(), |at| at + 1);
        if !matches!(all.get(end), Some(b' ' | b'\t')) {
            break;
        }
    }
    let (octets, more) = all.split_at_checked(end).unwrap_or((all, &[]));
    *rest = more;
    let Some(colon) = memchr::memchr(b':', octets) else { return Some(None) };
    let (name, value) = octets.split_at_checked(colon)?;
    let value = value.get(1..).unwrap_or_default();
    let value = value.get(..value.len().min(limits::VALUE_OCTETS)).unwrap_or_default();
    let name = std::str::from_utf8(name).ok().map(str::trim_end);
    let name = name.filter(|name| !name.contains([' ', '\t']));
    Some(name.map(|name| Field { name, raw: String::from_utf8_lossy(value.trim_ascii()) }))
}

/// What follows the `From ` line that mailbox files have in front of each message.
fn without_envelope_line(header: &[u8]) -> &[u8] {
    let Some(rest) = header.strip_prefix(b"From ") else { return header };
    memchr::memchr(b'\n', rest).and_then(|end| rest.get(end + 1..)).unwrap_or_default()
}

/// A value unfolded and decoded (RFC 2047).
#[must_use]
pub(crate) fn decoded(raw: &str) -> String {
    if !raw.contains("=?") {
        return raw.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let line = format!("Subject: {raw}\r\n\r\n");
    let parsed = PARSER.parse_headers(line.as_bytes());
    parsed.and_then(|one| one.subject().map(str::to_owned)).unwrap_or_default()
}

fn mailboxes(raw: &str) -> Vec<Mailbox> {
    let line = format!("From: {raw}\r\n\r\n");
    let Some(parsed) = PARSER.parse_headers(line.as_bytes()) else { return Vec::new() };
    let value = parsed.header(HeaderName::From);
    let Some(HeaderValue::Address(address)) = value else { return Vec::new() };
    let mailbox = |one: &mail_parser::Addr<'_>| Mailbox {
        name: one.name.as_deref().unwrap_or_default().trim().to_owned(),
        address: one.address.as_deref().unwrap_or_default().trim().to_lowercase(),
    };
    match address {
        Address::List(list) => list.iter().map(mailbox).collect(),
        Address::Group(groups) => {
            groups.iter().flat_map(|group| group.addresses.iter()).map(mailbox).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_folded_and_decoded() {
        let raw = b"From: =?UTF-8?Q?J=C3=B6rg?= <J@Example.ORG>\r\nno field\r\nSubject: a\r\n b\r\nTO: x@a.example, \"Y, Z\" <y@b.example>\r\n\r\nSubject: body";
        let headers = Headers::read(raw);
        assert_eq!(headers.text("subject").unwrap(), "a b");
        assert_eq!(headers.from()[0].name, "J\u{f6}rg");
        assert_eq!((headers.from()[0].domain(), headers.from()[0].local()), ("example.org", "j"));
        assert_eq!(headers.to()[1].name, "Y, Z");
        assert!(headers.reply_to().is_empty() && !headers.has("Date"));
    }

    #[test]
    fn an_address_after_a_name_in_no_charset_is_not_lost() {
        let raw = b"From someone@example.org  Thu Aug  8 14:37:07 2002\nFrom: J\xf6rg <j@example.org>\n\n";
        let headers = Headers::read(raw);
        assert_eq!((headers.fields().len(), headers.from().len()), (1, 1));
        assert_eq!(headers.from()[0].address, "j@example.org");
    }

    #[test]
    fn the_first_of_many_is_the_topmost() {
        let headers = Headers::read(b"Received: a\nreceived: b\n\n");
        assert_eq!(headers.all("RECEIVED").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(headers.first("Received"), Some("a"));
    }
}
