//! Addresses of the web as a browser reads them, with every wrapping taken off that can be taken
//! off without asking anybody.

use std::borrow::Cow;

use crate::domains::services::{Service, is_redirector, service};
use crate::domains::{endings, is_top, registrable};

/// Wrappings that are taken off, one in another.
const HOPS: usize = 4;
/// Octets of a text that may be an address in base64.
const CODED_OCTETS: usize = 1500;

/// What kind of address it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scheme {
    /// http or https, or a bare host.
    Web,
    /// A mail address.
    Mail,
    /// A telephone number.
    Phone,
    /// Content that stands in the address itself.
    Data,
    /// A script.
    Script,
    /// Anything else: a part of the message, a place in the page, another program.
    #[default]
    Other,
}

/// Ways in which an address is written so that people or filters misread it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tricks {
    /// The host is a number.
    pub is_number: bool,
    /// The number is written in an unusual way: decimal, hexadecimal, octal, shortened.
    pub odd_number: bool,
    /// The host is written with percent signs.
    pub percent: bool,
    /// There are backslashes, or not two slashes, where slashes belong.
    pub slashes: bool,
    /// The dots or the scheme were written so that no program sees an address.
    pub defanged: bool,
}

/// A service that a link goes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// Its host.
    pub host: String,
    /// What it is; `None` for a site that is not known to redirect.
    pub service: Option<Service>,
    /// Whether it is known to redirect anybody to anywhere.
    pub is_redirector: bool,
}

/// Where a link leads at last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Url {
    /// What kind of address.
    pub scheme: Scheme,
    /// What stands in front of `@` in the authority of a web address; the local part of a mail
    /// address; a telephone number's digits.
    pub user: String,
    /// Host or domain, lower case, as ASCII (punycode).
    pub host: String,
    /// The registrable domain of the host.
    pub domain: String,
    /// The port, when one is written.
    pub port: Option<u16>,
    /// Path, with its slash.
    pub path: String,
    /// What follows `?`.
    pub query: String,
    /// What follows `#`.
    pub fragment: String,
    /// The service that the host belongs to.
    pub service: Option<Service>,
    /// How it was disguised.
    pub tricks: Tricks,
    /// Services that the link goes through before, the first first.
    pub through: Vec<Hop>,
}

impl Url {
    /// Reads an address, and takes off its wrappings.
    #[must_use]
    pub fn read(target: &str) -> Url {
        let mut url = parsed(target);
        let mut through = Vec::new();
        while through.len() < HOPS {
            let Some(next) = unwrapped(&url).map(|next| parsed(&next)) else { break };
            if next.scheme != Scheme::Web || !next.host.contains('.') {
                break;
            }
            let is_redirector = is_redirector(&url.host);
            through.push(Hop { host: url.host, service: url.service, is_redirector });
            url = next;
        }
        url.through = through;
        url
    }

    /// Whether it leads to a host of the web.
    #[must_use]
    pub fn is_web(&self) -> bool {
        self.scheme == Scheme::Web && !self.host.is_empty()
    }

    /// Path and query as they are read, percent signs resolved, lower case.
    #[must_use]
    pub fn tail(&self) -> String {
        let tail = [self.path.as_str(), "?", &self.query].concat();
        percent_decoded(&tail).to_lowercase()
    }
}

/// Reads one address without looking inside.
fn parsed(target: &str) -> Url {
    let target = target.trim();
    let (scheme, rest) = split_scheme(target);
    match scheme.as_deref() {
        Some("http" | "https" | "ftp" | "hxxp" | "hxxps" | "meow") => {
            let mut url = web(rest);
            url.tricks.defanged |= matches!(scheme.as_deref(), Some("hxxp" | "hxxps" | "meow"));
            url.tricks.slashes |= has_odd_slashes(rest);
            url
        }
        Some("mailto") => mail(rest),
        Some("tel" | "callto" | "sms") => Url {
            scheme: Scheme::Phone,
            user: rest.chars().filter(char::is_ascii_digit).take(20).collect(),
            ..Url::default()
        },
        Some("data") => Url { scheme: Scheme::Data, path: head(rest, 100), ..Url::default() },
        Some("javascript" | "vbscript") => {
            Url { scheme: Scheme::Script, path: head(rest, 100), ..Url::default() }
        }
        Some(_) => Url::default(),
        None if rest.starts_with("//") || rest.starts_with("\\\\") || is_bare(rest) => web(rest),
        None => Url::default(),
    }
}

/// The scheme in lower case, and what follows its colon.
fn split_scheme(target: &str) -> (Option<String>, &str) {
    let end = target.find(|one: char| !one.is_ascii_alphanumeric() && !matches!(one, '+' | '-'));
    let (Some(end), true) = (end, target.starts_with(|one: char| one.is_ascii_alphabetic())) else {
        return (None, target);
    };
    match target.split_at_checked(end) {
        Some((scheme, rest)) if scheme.len() <= 12 => match rest.strip_prefix(':') {
            // A host with a port has no scheme: example.com:8080 was split at its dot already.
            Some(after)
                if !after.starts_with(|one: char| one.is_ascii_digit()) || scheme == "tel" =>
            {
                (Some(scheme.to_ascii_lowercase()), after)
            }
            _ => (None, target),
        },
        _ => (None, target),
    }
}

fn has_odd_slashes(rest: &str) -> bool {
    let slashes = rest.bytes().take_while(|octet| matches!(octet, b'/' | b'\\')).count();
    slashes != 2 || rest.get(..slashes).is_some_and(|front| front.contains('\\'))
}

/// Whether a text without scheme begins with a host: `www.example.com`, `example.com/path`.
fn is_bare(text: &str) -> bool {
    let host = text.split(['/', '?', '#', ':', '\\']).next().unwrap_or_default();
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_plain = |one: char| one.is_alphanumeric() || matches!(one, '.' | '-');
    host.contains('.')
        && !host.starts_with('.')
        && host.chars().all(is_plain)
        && is_top(&last.to_ascii_lowercase())
}

fn web(rest: &str) -> Url {
    let rest = rest.trim_start_matches(['/', '\\']);
    let end = rest.find(['/', '\\', '?', '#', '*']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let (user, place) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (host, port) = split_port(place);
    let (before, fragment) = tail.split_once('#').unwrap_or((tail, ""));
    let (path, query) = before.split_once('?').unwrap_or((before, ""));
    let mut tricks = Tricks { percent: host.contains('%'), ..Tricks::default() };
    let host = plain_host(host, &mut tricks);
    let path = path.replace('\\', "/");
    let domain = if tricks.is_number { host.clone() } else { registrable(&host).to_owned() };
    Url {
        scheme: Scheme::Web,
        user: user.to_owned(),
        service: service(&host, &path),
        host,
        domain,
        port,
        path,
        query: query.to_owned(),
        fragment: fragment.to_owned(),
        tricks,
        through: Vec::new(),
    }
}

fn split_port(place: &str) -> (&str, Option<u16>) {
    if place.starts_with('[') {
        let (host, after) = place.split_once(']').unwrap_or((place, ""));
        return (host, after.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match place.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (place, None),
    }
}

/// A host in lower case as ASCII; a number as four octets with dots.
fn plain_host(host: &str, tricks: &mut Tricks) -> String {
    if host.starts_with('[') {
        tricks.is_number = true;
        return host.to_ascii_lowercase();
    }
    let decoded = percent_decoded(host);
    let host = decoded.trim_end_matches('.');
    let is_simple =
        |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_');
    let host = if host.bytes().all(is_simple) {
        host.to_ascii_lowercase()
    } else {
        idna::domain_to_ascii(host).unwrap_or_else(|_| host.to_lowercase())
    };
    match number(&host) {
        Some(number) => {
            tricks.is_number = true;
            tricks.odd_number = number != host;
            number
        }
        None => host,
    }
}

/// An IPv4 address in any of the ways in which browsers take one, as it is usually written.
fn number(host: &str) -> Option<String> {
    if !host.starts_with(|one: char| one.is_ascii_digit()) {
        return None;
    }
    let parts: Vec<u64> = host.split('.').map(part).collect::<Option<_>>()?;
    let (last, front) = parts.split_last()?;
    if front.len() > 3 || front.iter().any(|one| *one > 255) {
        return None;
    }
    let room = 8 * (4 - front.len() as u32);
    if *last >= 1u64.checked_shl(room)? {
        return None;
    }
    let shifted = front.iter().enumerate().map(|(at, one)| one << (24 - 8 * at));
    let all = shifted.fold(*last, |sum, one| sum | one);
    let octet = |at: u32| (all >> (24 - 8 * at)) & 255;
    Some(format!("{}.{}.{}.{}", octet(0), octet(1), octet(2), octet(3)))
}

/// One number of an address: decimal, `0x` hexadecimal or `0` octal.
fn part(text: &str) -> Option<u64> {
    let (digits, radix) = match (text.strip_prefix("0x"), text.strip_prefix('0')) {
        (Some(rest), _) => (rest, 16),
        (None, Some(rest)) if !rest.is_empty() => (rest, 8),
        _ => (text, 10),
    };
    if digits.is_empty() || digits.len() > 12 {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

fn mail(rest: &str) -> Url {
    let address = rest.split(['?', '#', ',', ';']).next().unwrap_or_default();
    let address = percent_decoded(address).trim_start_matches('/').to_lowercase();
    let (user, host) = address.rsplit_once('@').unwrap_or((address.as_str(), ""));
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    Url {
        scheme: Scheme::Mail,
        user: user.trim().to_owned(),
        host: host.trim().to_owned(),
        domain: registrable(host.trim()).to_owned(),
        query: query.to_owned(),
        ..Url::default()
    }
}

fn head(text: &str, octets: usize) -> String {
    text.get(..text.floor_char_boundary(octets)).unwrap_or_default().to_owned()
}

/// Percent signs resolved; what is no UTF-8 then is replaced.
pub(crate) fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'%', [high, low, more @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                octets.push(hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0));
                rest = more;
            }
            _ => octets.push(*first),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&octets).into_owned())
}

fn hex(octet: u8) -> Option<u8> {
    char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Base64 of either alphabet, as much as can be read, when it is text.
pub(crate) fn base64_text(text: &str) -> Option<String> {
    let mut octets = Vec::new();
    let (mut bits, mut held) = (0u32, 0u32);
    for octet in text.bytes().take(CODED_OCTETS) {
        let value = match octet {
            b'A'..=b'Z' => octet - b'A',
            b'a'..=b'z' => octet - b'a' + 26,
            b'0'..=b'9' => octet - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            octets.push(u8::try_from(bits >> held & 255).unwrap_or(0));
        }
    }
    let text = String::from_utf8(octets).ok()?;
    text.chars().all(|one| !one.is_control()).then_some(text)
}

/// The address inside of an address.
fn unwrapped(url: &Url) -> Option<String> {
    if !url.is_web() {
        return None;
    }
    let is = |domain: &str| endings(&url.host).any(|end| end == domain);
    if is("translate.goog") {
        return translated(&url.host).map(|host| ["https://", &host, &url.path].concat());
    }
    if is("ampproject.org") || url.path.starts_with("/amp/") && is_redirector(&url.host) {
        return accelerated(&url.path);
    }
    if is("urldefense.com") || is("urldefense.proofpoint.com") || is("urldefense.us") {
        return defended(url);
    }
    if is_sign_in(url) || is_sharing(url) {
        return None;
    }
    parameter(&url.query)
        .or_else(|| parameter(url.fragment.split_once('?').map_or("", |(_, query)| query)))
        .or_else(|| in_path(&url.path))
        .or_else(|| bare_query(url))
}

/// Hosts of Google Translate: dots are hyphens, hyphens are doubled.
fn translated(host: &str) -> Option<String> {
    let name = host.strip_suffix(".translate.goog")?;
    Some(name.replace("--", "\u{0}").replace('-', ".").replace('\u{0}', "-"))
}

/// Paths of AMP caches: `/c/s/example.com/page`, where `s` means https.
fn accelerated(path: &str) -> Option<String> {
    let rest = path.trim_start_matches('/');
    let rest = rest.split_once('/').map(|(kind, rest)| (kind.len() <= 3).then_some(rest))??;
    let rest = rest.strip_prefix("s/").unwrap_or(rest);
    let has_host = rest.split('/').next().is_some_and(|host| host.contains('.'));
    has_host.then(|| ["https://", rest].concat())
}

/// The three forms of Proofpoint's rewriting.
fn defended(url: &Url) -> Option<String> {
    if let Some((_, rest)) = url.path.split_once("/v3/__") {
        let inner = rest.split("__;").next().unwrap_or(rest);
        let query = if url.query.is_empty() || inner.len() < rest.len() {
            String::new()
        } else {
            ["?", url.query.split("__;").next().unwrap_or_default()].concat()
        };
        return Some([inner, &query].concat());
    }
    let coded = value(&url.query, &["u"])?;
    let plain = if url.path.contains("/v2/") {
        coded.replace('-', "%").replace('_', "/")
    } else {
        coded.to_owned()
    };
    Some(percent_decoded(&plain).into_owned())
}

/// Whether it is a page to sign in, which comes back to somewhere later.
fn is_sign_in(url: &Url) -> bool {
    let path = url.path.to_ascii_lowercase();
    let is_page = ["login", "signin", "oauth", "authorize", "logon", "/saml", "/sso"]
        .iter()
        .any(|word| path.contains(word));
    is_page || url.host.starts_with("login.") || url.host.starts_with("accounts.")
}

/// Whether it offers to share a page with others.
fn is_sharing(url: &Url) -> bool {
    let path = url.path.to_ascii_lowercase();
    ["/share", "/intent", "sharer", "/pin/create", "/submit", "/sharing", "/bookmark", "/post"]
        .iter()
        .any(|word| path.contains(word))
}

/// Names of parameters that tell where to go on.
const PARAMETERS: &[&str] = &[
    "url",
    "u",
    "q",
    "r",
    "to",
    "next",
    "dest",
    "destination",
    "redirect",
    "redir",
    "redirect_uri",
    "redirect_url",
    "redirecturl",
    "return",
    "returnurl",
    "return_url",
    "target",
    "goto",
    "go",
    "link",
    "out",
    "continue",
    "adurl",
    "l",
    "rurl",
    "forward",
    "a",
    "d",
    "murl",
    "ued",
    "clickurl",
    "click",
    "rd",
    "ru",
    "page",
    "uri",
    "z",
    "open",
    "location",
    "loc",
    "jump",
    "exit",
    "event",
    "href",
    "p",
    "event.redirect",
    "redirection",
    "ref_url",
    "dl",
    "landing",
    "lp",
    "t",
    "s",
    "sa_url",
    "pcurl",
    "ds_dest_url",
    "deeplink",
    "web",
    "x",
];

/// The first parameter that holds an address.
fn parameter(query: &str) -> Option<String> {
    let pairs = query.split(['&', ';']).take(40);
    pairs.filter_map(|pair| pair.split_once('=')).find_map(|(name, value)| {
        let name = name.to_ascii_lowercase();
        let name = name.strip_prefix("amp;").unwrap_or(&name);
        PARAMETERS.contains(&name).then(|| address_in(value)).flatten()
    })
}

/// The value of one of these parameters as it stands.
fn value<'q>(query: &'q str, names: &[&str]) -> Option<&'q str> {
    let pairs = query.split('&').take(40).filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, _)| names.contains(name)).map(|(_, value)| value).next()
}

/// An address that is a value, plainly, with percent signs once or twice, or in base64.
fn address_in(value: &str) -> Option<String> {
    let once = percent_decoded(value);
    let twice = percent_decoded(&once);
    for text in [&once, &twice] {
        if is_absolute(text) {
            return Some(text.trim().to_owned());
        }
    }
    let coded = once.strip_prefix("a1").unwrap_or(&once);
    if coded.len() < 12 {
        return None;
    }
    [coded, &once].into_iter().filter_map(base64_text).find(|text| is_absolute(text))
}

fn is_absolute(text: &str) -> bool {
    let head = head(text.trim(), 8).to_ascii_lowercase();
    head.starts_with("http://") || head.starts_with("https://") || head.starts_with("//")
}

/// An address in a path: `/https://example.com`, `/https%3A%2F%2Fexample.com`.
fn in_path(path: &str) -> Option<String> {
    let at = path.get(1..)?.to_ascii_lowercase().find("http")? + 1;
    let decoded = percent_decoded(path.get(at..)?);
    let is_address = decoded.starts_with("http://")
        || decoded.starts_with("https://")
        || decoded.starts_with("http:/")
        || decoded.starts_with("https:/");
    is_address.then(|| decoded.into_owned())
}

/// A query that is an address as a whole: `href.li/?https://example.com`.
fn bare_query(url: &Url) -> Option<String> {
    is_absolute(&percent_decoded(&url.query)).then(|| percent_decoded(&url.query).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::look_alike::look_alike;

    fn host(target: &str) -> String {
        Url::read(target).host
    }

    #[test]
    fn an_address_is_read_as_a_browser_reads_it() {
        let url = Url::read("HTTPS://user:x@Sub.Example.CO.UK:8443/a/b?c=d#e");
        assert_eq!(
            (url.host.as_str(), url.domain.as_str()),
            ("sub.example.co.uk", "example.co.uk")
        );
        assert_eq!((url.user.as_str(), url.port), ("user:x", Some(8443)));
        assert_eq!((&*url.path, &*url.query, &*url.fragment), ("/a/b", "c=d", "e"));
        assert_eq!(host("http:\\\\evil.example\\x"), "evil.example");
        assert_eq!(host("https:/evil.example/x"), "evil.example");
        assert_eq!(host("//evil.example/x"), "evil.example");
        assert_eq!(host("example.com/login"), "example.com");
        assert_eq!(host("hxxps://evil.example/x"), "evil.example");
        assert_eq!(host("http://paypal.com@evil.example/"), "evil.example");
        assert_eq!(host("http://%65vil.example/"), "evil.example");
        assert_eq!(host("http://m\u{fc}nchen.example/"), "xn--mnchen-3ya.example");
    }

    #[test]
    fn other_schemes_are_told_apart() {
        for (target, scheme) in [
            ("mailto:A@B.example?subject=x", Scheme::Mail),
            ("tel:+1-800-555-0100", Scheme::Phone),
            ("data:text/html,x", Scheme::Data),
            ("JavaScript:void(0)", Scheme::Script),
            ("#top", Scheme::Other),
            ("cid:a@b", Scheme::Other),
            ("page.html", Scheme::Other),
            ("", Scheme::Other),
            ("http://", Scheme::Web),
        ] {
            assert_eq!(Url::read(target).scheme, scheme, "{target}");
        }
        assert_eq!(Url::read("tel:+1-800-555-0100").user, "18005550100");
        assert_eq!(Url::read("mailto:A@B.example").host, "b.example");
        assert!(!Url::read("http://").is_web());
    }

    #[test]
    fn numbers_are_read_in_all_spellings() {
        for odd in [
            "3221226219",
            "0xC0000 2eb",
            "0xC00002EB",
            "0300.0.2.235",
            "192.0.747",
            "0xc0.0.0x2.0xeb",
        ] {
            let url = Url::read(&format!("http://{}/", odd.replace(' ', "")));
            assert_eq!(url.host, "192.0.2.235", "{odd}");
            assert!(url.tricks.is_number && url.tricks.odd_number);
        }
        let url = Url::read("http://192.0.2.235:81/x");
        assert!(url.tricks.is_number && !url.tricks.odd_number);
        assert!(!Url::read("http://999.1.1.1/").tricks.is_number);
        assert!(!Url::read("http://1.example/").tricks.is_number);
    }

    #[test]
    fn wrappings_are_taken_off() {
        for target in [
            "https://www.google.com/url?q=https%3A%2F%2Fevil.example%2Fx&sa=D",
            "https://www.google.com/amp/s/evil.example/x",
            "https://evil-example.translate.goog/x?_x_tr_sl=auto",
            "https://www.bing.com/ck/a?!&&p=1&u=a1aHR0cHM6Ly9ldmlsLmV4YW1wbGUveA&ntb=1",
            "https://adclick.g.doubleclick.net/pcs/click?xai=1&adurl=https://evil.example/x",
            "https://www.youtube.com/redirect?event=x&q=https://evil.example/x",
            "https://l.facebook.com/l.php?u=https%3A%2F%2Fevil.example%2Fx&h=1",
            "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.example%2Fx&data=1",
            "https://urldefense.com/v3/__https://evil.example/x__;!!abc$",
            "https://urldefense.proofpoint.com/v2/url?u=https-3A__evil.example_x&d=1",
            "https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fevil.example%2fx&c=E",
            "https://www-evil-example.cdn.ampproject.org/c/s/evil.example/x",
            "https://secure-web.cisco.com/1abc/https%3A%2F%2Fevil.example%2Fx",
            "https://href.li/?https://evil.example/x",
            "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwww.google.com%2Furl%3Fq%3Dhttps%253A%252F%252Fevil.example%252Fx",
        ] {
            let url = Url::read(target);
            assert_eq!((url.host.as_str(), url.path.as_str()), ("evil.example", "/x"), "{target}");
            assert!(!url.through.is_empty());
        }
    }

    #[test]
    fn pages_to_sign_in_and_to_share_are_where_they_lead() {
        assert_eq!(
            host("https://accounts.google.com/ServiceLogin?continue=https://evil.example"),
            "accounts.google.com"
        );
        assert_eq!(
            host("https://www.facebook.com/sharer.php?u=https://news.example/"),
            "www.facebook.com"
        );
        assert_eq!(host("https://example.com/?utm_source=https://x.example"), "example.com");
    }

    #[test]
    fn endless_wrapping_ends() {
        let mut target = "https://evil.example/".to_owned();
        for _ in 0..8 {
            target = format!(
                "https://a.example/?url={}",
                target
                    .replace('%', "%25")
                    .replace('&', "%26")
                    .replace('?', "%3F")
                    .replace('=', "%3D")
                    .replace(':', "%3A")
            );
        }
        assert!(Url::read(&target).through.len() <= HOPS);
        assert_eq!(Url::read(&"%".repeat(2000)).scheme, Scheme::Other);
    }

    #[test]
    fn base64_of_both_alphabets_is_read_and_other_octets_are_none() {
        assert_eq!(base64_text("aHR0cHM6Ly9hLmV4YW1wbGU=").as_deref(), Some("https://a.example"));
        assert_eq!(base64_text("_-7_"), None);
        assert_eq!(base64_text("not base64!"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in "\\PC{0,300}") {
            let _ = Url::read(&text);
            let url = Url::read(&format!("http://{text}"));
            let _ = (look_alike(&url.host), url.tail());
        }
    }
}
