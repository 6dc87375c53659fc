//! Links out of extracted text, and the keys under which lists know them.
//!
//! A line of `unpack::Text::Links` is `target`, or `target TAB text`: where the link leads, and what
//! its reader sees. Addresses are cut into keys as lists of addresses on the web do (Google Safe
//! Browsing v4, "Suffix/prefix expressions"): some suffixes of the host, some prefixes of the path.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use crate::limits;

/// One link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Link<'t> {
    pub target: &'t str,
    /// What the reader sees; empty when that is the target.
    pub text: &'t str,
}

/// The links of a text, one a line.
pub(crate) fn links(octets: &[u8]) -> impl Iterator<Item = Link<'_>> {
    let lines = octets.split(|octet| *octet == b'\n');
    lines.filter_map(|line| str::from_utf8(line).ok()).filter_map(|line| {
        let (target, text) = line.trim_end().split_once('\t').unwrap_or((line.trim_end(), ""));
        (!target.is_empty()).then_some(Link { target, text: text.trim() })
    })
}

/// An address of the web in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// Scheme, lower case; empty when none was given.
    pub scheme: String,
    /// Host, lower case, without the dot at its end.
    pub host: String,
    /// Path, from its slash on, without query.
    pub path: String,
    /// Query, without its question mark.
    pub query: Option<String>,
}

impl Address {
    /// Reads an address, with or without a scheme; `None` when there is no host in it.
    pub(crate) fn read(text: &str) -> Option<Address> {
        let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
        let text = text.replace('\\', "/");
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
            _ => (String::new(), text.strip_prefix("//").unwrap_or(&text)),
        };
        let rest = rest.trim_start_matches('/').split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at_checked(end)?;
        let host = host(authority)?;
        let (path, query) =
            tail.split_once('?').map_or((tail, None), |(path, query)| (path, Some(query)));
        let path = if path.is_empty() { "/" } else { path };
        Some(Address { scheme, host, path: unescape(path), query: query.map(ToOwned::to_owned) })
    }

    /// The host as a number of the internet.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        self.host.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    /// Suffixes of the host that lists may have: itself, then with fewer and fewer labels.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = &str> {
        let whole = (!self.host.is_empty()).then_some(self.host.as_str());
        let parents = std::iter::successors(whole, |host| {
            let rest = host.split_once('.')?.1;
            (self.ip().is_none() && rest.contains('.')).then_some(rest)
        });
        parents.take(limits::HOST_SUFFIXES)
    }

    /// The keys of the address: each suffix of the host with each prefix of the path.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut paths = Vec::new();
        paths.extend(self.query.as_ref().map(|query| format!("{}?{query}", self.path)));
        paths.push(self.path.clone());
        let slashes = self.path.match_indices('/').map(|(at, _)| at + 1);
        for end in slashes.take(limits::PATH_PREFIXES) {
            paths.extend(self.path.get(..end).map(ToOwned::to_owned));
        }
        paths.dedup();
        self.hosts()
            .flat_map(|host| paths.iter().map(move |path| format!("{host}{path}")))
            .collect()
    }
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"+-.".contains(&octet))
}

fn host(authority: &str) -> Option<String> {
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let host = unescape(host).trim_matches('.').to_lowercase();
    let fits = host.contains(['.', ':'])
        && host.len() <= limits::HOST_OCTETS
        && host.chars().all(|c| c.is_alphanumeric() || ".-_:".contains(c));
    fits.then_some(host)
}

/// Text with `%XX` resolved until none is left, as the lists do; what is no UTF-8 then stays.
fn unescape(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..limits::ESCAPE_ROUNDS {
        let Some(plain) = unescape_once(&text) else { break };
        text = plain;
    }
    text
}

fn unescape_once(text: &str) -> Option<String> {
    let mut pieces = text.split('%');
    let mut octets = pieces.next()?.as_bytes().to_vec();
    let mut changed = false;
    for piece in pieces {
        let code = piece.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        match code {
            Some(octet) => {
                octets.push(octet);
                octets.extend_from_slice(piece.as_bytes().get(2..).unwrap_or_default());
                changed = true;
            }
            None => {
                octets.push(b'%');
                octets.extend_from_slice(piece.as_bytes());
            }
        }
    }
    changed.then(|| String::from_utf8(octets).ok())?
}

/// The SHA-256 of a key.
pub(crate) fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// The first 8 octets of the SHA-256 of a key: what tables are ordered by.
pub(crate) fn short_digest(key: &str) -> u64 {
    digest(key).first_chunk().map_or(0, |head| u64::from_be_bytes(*head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_and_without_scheme_port_and_password() {
        let address = Address::read("HTTP://user:pw@WWW.Example.COM.:8080/a%2Fb?x#y").unwrap();
        assert_eq!((address.scheme.as_str(), address.host.as_str()), ("http", "www.example.com"));
        assert_eq!((address.path.as_str(), address.query.as_deref()), ("/a/b", Some("x")));
        assert_eq!(Address::read("www.example.com").unwrap().path, "/");
        assert_eq!(Address::read("click here"), None);
        assert_eq!(Address::read("mailto:a"), None);
    }

    #[test]
    fn escapes_inside_escapes_and_back_slashes_hide_nothing() {
        let address = Address::read("http:\\\\e%2576il.example\\x").unwrap();
        assert_eq!((address.host.as_str(), address.path.as_str()), ("evil.example", "/x"));
        assert_eq!(unescape("%zz%4"), "%zz%4");
    }

    #[test]
    fn keys_are_suffixes_of_the_host_with_prefixes_of_the_path() {
        let keys = Address::read("http://a.b.example/1/2.html?p=1").unwrap().keys();
        for key in
            ["a.b.example/1/2.html?p=1", "a.b.example/1/2.html", "a.b.example/", "b.example/1/"]
        {
            assert!(keys.iter().any(|one| one == key), "{key} in {keys:?}");
        }
        assert!(!keys.iter().any(|key| key.starts_with("example/")));
    }

    #[test]
    fn numbers_of_the_internet_have_no_parents() {
        let address = Address::read("http://192.0.2.1/").unwrap();
        assert_eq!(address.hosts().collect::<Vec<_>>(), ["192.0.2.1"]);
        assert_eq!(
            Address::read("http://[2001:db8::1]:80/").unwrap().ip(),
            "2001:db8::1".parse().ok()
        );
    }

    #[test]
    fn a_line_is_a_target_and_its_text() {
        let found: Vec<Link<'_>> = links(b"http://a.b/\tClick\r\nhttp://c.d\n\n\xff\n").collect();
        assert_eq!(
            found,
            [
                Link { target: "http://a.b/", text: "Click" },
                Link { target: "http://c.d", text: "" }
            ]
        );
    }
}
