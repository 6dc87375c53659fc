//! What the hops say of where it came from. Hints only: hops may be stripped, and those below the
//! first foreign one may be invented.

use super::sender::domain::{is_same, organisation};
use super::sender::random::oddness;
use crate::said::{Group, Say, Signal, Toward};
use crate::sight::Sight;

const fn signal(name: &'static str, prior: f32, words: &'static str) -> Signal {
    Signal { name, group: Group::Header, toward: Toward::Unwanted(None), prior, words }
}

const FROM_HOME: Signal = signal(
    "sent-from-home-line",
    1.3,
    "it came straight from a line for homes, not from a mail server",
);
const FALSE_GREETING: Signal = signal(
    "false-server-greeting",
    1.7,
    "the server called itself by a large provider's name, and its address is elsewhere",
);
const ODD_GREETING: Signal =
    signal("odd-server-greeting", 0.8, "the server called itself by a name that no server has");
const NO_REVERSE: Signal = signal("no-reverse-name", 0.5, "the server that sent it has no name");
const FROM_WEB_USER: Signal = signal("sent-by-web-user", 0.8, "the web server's own user sent it");

pub(super) const SIGNALS: &[&Signal] =
    &[&FROM_HOME, &FALSE_GREETING, &ODD_GREETING, &NO_REVERSE, &FROM_WEB_USER];

/// Providers whose names are borrowed.
const LARGE: &[&str] = &[
    "yahoo.com",
    "hotmail.com",
    "aol.com",
    "gmail.com",
    "google.com",
    "outlook.com",
    "msn.com",
    "microsoft.com",
    "excite.com",
    "lycos.com",
    "mail.com",
    "netscape.net",
    "earthlink.net",
    "paypal.com",
    "ebay.com",
    "amazon.com",
    "mail.ru",
    "yandex.ru",
    "gmx.net",
    "web.de",
    "qq.com",
    "163.com",
    "compuserve.com",
    "juno.com",
    "msn.net",
    "usa.net",
    "apple.com",
    "icloud.com",
];

pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    for raw in sight.headers.all("Received").take(12) {
        let lower = raw.to_ascii_lowercase();
        web_user(raw, &lower, say);
    }
    let hops = sight.headers.all("Received").take(12);
    if let Some((raw, hop)) = hops.filter_map(|raw| Some((raw, Hop::read(raw)?))).find(is_foreign) {
        greeting(raw, &hop, say);
    }
}

/// From whom a server took the mail.
#[derive(Debug, PartialEq, Eq)]
struct Hop {
    /// What the other side called itself.
    greeting: String,
    /// The name that its address has; empty when none is told.
    reverse: String,
    /// Its address.
    address: String,
    /// Who took it.
    by: String,
}

impl Hop {
    /// Reads `from greeting (reverse [address]) by host`, and `from greeting ([address]) by host`.
    fn read(raw: &str) -> Option<Hop> {
        let rest = raw.trim_start().strip_prefix("from ")?;
        let (from, by) = rest.split_once(" by ").or_else(|| rest.split_once("\tby "))?;
        let word = |text: &str| -> String {
            text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase()
        };
        let (greeting, comment) = from.split_once('(').unwrap_or((from, ""));
        let mut greeting = word(greeting);
        if let Some((_, helo)) = comment.split_once("HELO ").or_else(|| comment.split_once("helo="))
        {
            greeting = word(helo).trim_end_matches(')').to_owned();
        }
        let (name, address) = comment.split_once('[').unwrap_or((comment, ""));
        let address = address.split(']').next().unwrap_or_default().to_owned();
        let name = word(name);
        let is_name = name.contains('.') && !name.starts_with("helo");
        let reverse =
            if is_name { name.trim_matches(['(', ')']).to_owned() } else { String::new() };
        Some(Hop { greeting, reverse, address, by: word(by) })
    }

    /// Whether the address is one that only houses use inside.
    fn is_inside(&self) -> bool {
        let address = self.address.trim_start_matches("IPv6:");
        let private = ["127.", "10.", "192.168.", "169.254.", "::1", "fe80:", "fc", "fd"];
        let middle = address.strip_prefix("172.").and_then(|rest| rest.split('.').next());
        let is_middle = middle
            .and_then(|one| one.parse::<u8>().ok())
            .is_some_and(|one| (16..32).contains(&one));
        self.address.is_empty()
            || is_middle
            || private.iter().any(|start| address.starts_with(start))
    }
}

/// Whether it is the first hop from one house to another.
fn is_foreign((_, hop): &(&str, Hop)) -> bool {
    !(hop.is_inside() || hop.reverse.contains('.') && is_same(&hop.reverse, &hop.by))
}

fn greeting(raw: &str, hop: &Hop, say: &mut Say) {
    let named = organisation(&hop.greeting);
    if LARGE.contains(&named) && !hop.reverse.is_empty() && !of_large(named, &hop.reverse) {
        say.that(&FALSE_GREETING, 1.0, raw);
    }
    if is_home(&hop.reverse) {
        say.that(&FROM_HOME, 1.0, raw);
    } else if is_home(&hop.greeting) {
        say.that(&FROM_HOME, 0.5, raw);
    }
    let is_address = hop.greeting.bytes().all(|one| one.is_ascii_digit() || b".[]".contains(&one));
    if is_address && !hop.greeting.is_empty() {
        say.that(&ODD_GREETING, 0.8, raw);
    } else if !hop.greeting.contains('.') {
        say.that(&ODD_GREETING, 0.4_f32.max(oddness(&hop.greeting)), raw);
    }
    if hop.reverse.is_empty() && raw.contains("unknown") {
        say.that(&NO_REVERSE, 1.0, raw);
    }
}

/// Whether a server's name is of a large provider, under any name that it has.
fn of_large(named: &str, reverse: &str) -> bool {
    const HOUSES: &[&[&str]] = &[
        &["gmail.com", "google.com", "googlemail.com", "1e100.net"],
        &["hotmail.com", "outlook.com", "msn.com", "microsoft.com", "live.com", "msn.net"],
        &["yahoo.com", "aol.com", "yahoo.net", "yahoodns.net", "aol.net", "netscape.net"],
        &["gmx.net", "web.de", "mail.com", "gmx.com", "ui-dom.com", "kundenserver.de"],
        &["apple.com", "icloud.com", "me.com", "mac.com"],
    ];
    let reverse = organisation(reverse);
    reverse == named
        || named.split('.').next() == reverse.split('.').next()
        || HOUSES.iter().any(|house| house.contains(&named) && house.contains(&reverse))
}

/// Whether a name is one that providers give to lines of homes: a word for it, and the line's
/// number.
fn is_home(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "dsl",
        "dial",
        "dhcp",
        "dyn",
        "pool",
        "ppp",
        "cable",
        "client",
        "broadband",
        "cpe",
        "catv",
        "modem",
        "user",
        "host-",
        "customer",
        "home",
        "res-",
        "pppoe",
        "wireless",
        "mobile",
        "fibre",
        "fiber",
        "rev.",
        "static-ip",
        "docsis",
        "ip-",
    ];
    const SERVERS: &[&str] = &["mail", "smtp", "mx", "relay", "outbound", "mta", "server"];
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let groups =
        name.split(|one: char| !one.is_ascii_digit()).filter(|group| !group.is_empty()).count();
    digits >= 5
        && groups >= 3
        && WORDS.iter().any(|word| name.contains(word))
        && !SERVERS.iter().any(|word| name.contains(word))
}

fn web_user(raw: &str, lower: &str, say: &mut Say) {
    const USERS: &[&str] = &[
        "(from www-data@",
        "(from apache@",
        "(from nobody@",
        "(from httpd@",
        "(from wwwrun@",
        "(from web@",
        "from userid 33)",
        "from userid 48)",
        "from userid 30)",
        "from userid 99)",
        "by uid 48",
        "by uid 33",
        "invoked by web",
        "www-data with local",
        "apache with local",
        "nobody with local",
    ];
    if USERS.iter().any(|user| lower.contains(user)) {
        say.that(&FROM_WEB_USER, 1.0, raw);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made;

    fn said(hop: &str) -> Vec<&'static str> {
        let raw = format!("Received: {hop}\r\n\r\nx\r\n");
        made::said_by(look, &raw).iter().map(|one| one.signal.name).collect()
    }

    #[test]
    fn hops_of_homes_and_borrowed_names_are_said() {
        for (hop, expected) in [
            (
                "from hotmail.com (200-168-162-123.dsl.telesp.example [200.168.162.123])\r\n\tby mx.example.com (Postfix)",
                &["false-server-greeting", "sent-from-home-line"][..],
            ),
            (
                "from [198.51.100.7] (unknown [198.51.100.7]) by mx.example.com",
                &["no-reverse-name", "odd-server-greeting"],
            ),
            ("by web1.example (Postfix, from userid 33) id 1", &["sent-by-web-user"]),
            ("from qzxkvwptjr ([198.51.100.7]) by mx.example.com", &["odd-server-greeting"]),
        ] {
            assert_eq!(said(hop), expected, "{hop}");
        }
    }

    #[test]
    fn hops_of_mail_servers_are_not_said() {
        for hop in [
            "from mail-wr1-f87.google.com (mail-wr1-f87.google.com [209.85.183.196]) by mx.example.com",
            "from NAM12.outbound.protection.outlook.com (mail-db8eur05.outbound.protection.outlook.com [52.101.80.19]) by mx1.example.com",
            "from localhost (localhost [127.0.0.1]) by mx.example.com",
            "from pc7 (pc7.example.com [203.0.113.9]) by mx.example.com",
            "from o16.sgmail.outbound-mail.sendgrid.net (o16.sgmail7345.outbound-mail.sendgrid.net [168.245.192.90]) by mx.example.org",
            "by recvd-iu4zgf5q with SMTP id recvd-1; Mon, 13 May 2024 10:00:00 +0000",
        ] {
            assert!(said(hop).is_empty(), "{hop} {:?}", said(hop));
        }
    }
}
