//! Which program wrote it, and whether its Message-ID, boundary and header fields are those of that
//! program.

mod forms;

use memchr::memmem;
use message::Part;

use super::sender::domain::{is_free_mail, is_same};
use super::sender::random::{oddness, unspeakable};
use crate::said::{Group, Say, Signal, Toward};
use crate::sight::Sight;
use forms::Program;

const fn signal(name: &'static str, prior: f32, words: &'static str) -> Signal {
    Signal { name, group: Group::Header, toward: Toward::Unwanted(None), prior, words }
}

const NO_ID: Signal = signal("no-message-id", 1.3, "there is no Message-ID");
const ODD_ID: Signal = signal("odd-message-id", 1.0, "the Message-ID is none");
const RANDOM_ID_HOST: Signal =
    signal("random-message-id-host", 1.3, "a program made up the host of the Message-ID");
const BARE_ID_HOST: Signal =
    signal("bare-message-id-host", 0.2, "the host of the Message-ID is no domain");
const ID_OF_RECIPIENT: Signal = signal(
    "message-id-of-recipient",
    1.0,
    "the Message-ID names the recipient's domain, and the sender is elsewhere",
);
const ID_NOT_OF_PROVIDER: Signal = signal(
    "message-id-not-of-provider",
    1.0,
    "the sender is at a provider of free mail, and the Message-ID was not made there",
);
pub(super) const FORGED_PROGRAM: Signal = signal(
    "forged-mail-program",
    2.2,
    "the mail names a program whose Message-IDs have another form",
);
const FORGED_BOUNDARY: Signal = signal(
    "forged-boundary",
    1.6,
    "the mail names a program whose parts are divided in another form",
);
const NO_ALTERNATIVE: Signal = signal(
    "html-alone-of-program",
    1.6,
    "the mail names a program that writes plain text beside HTML, and there is none",
);
const HALF_OUTLOOK: Signal = signal(
    "half-of-outlook",
    1.2,
    "the mail has one field of Outlook and lacks those that come with it",
);
const BULK_PROGRAM: Signal =
    signal("bulk-mail-program", 2.5, "it was written by a program for mail that nobody asked for");
const RANDOM_PROGRAM: Signal =
    signal("random-mail-program", 2.3, "the name of the mail program is made up");
const PROGRAM_IN_VALUE: Signal = signal(
    "field-name-in-value",
    2.0,
    "a field repeats its own name in its value, as broken bulk programs do",
);
const SCRIPT: Signal = signal("sent-by-web-script", 0.9, "a script of a web site sent it");
const EVALUATED_SCRIPT: Signal =
    signal("sent-by-injected-script", 3.0, "a script that was injected into a web site sent it");
const RANDOM_FIELD: Signal =
    signal("random-field-name", 1.3, "a header field has a name that is made up");
const REPEATED_FIELD: Signal =
    signal("repeated-field", 1.0, "a header field that may stand once stands twice");
const RAW_OCTETS: Signal =
    signal("raw-octets-in-header", 0.7, "the header has octets that are no text of mail");
const HIDDEN_ASCII: Signal =
    signal("base64-of-plain-text", 0.9, "plain text of ASCII is written as base64");
const NO_MIME_VERSION: Signal =
    signal("no-mime-version", 0.6, "there are MIME parts and no MIME-Version");
const ODD_MIME_VERSION: Signal = signal("odd-mime-version", 0.8, "MIME-Version is not 1.0");
const ODD_CHARSET: Signal =
    signal("odd-charset", 0.8, "the text has a charset that does not exist");
const URGENT_MARK: Signal = signal("urgent-mark", 0.5, "the mail calls itself urgent");
const HANDWORK: Signal = Signal {
    name: "handwork-program",
    group: Group::Header,
    toward: Toward::Wanted,
    prior: 0.8,
    words: "it was written with a program of people who write by hand",
};
const PROGRAM_FITS: Signal = Signal {
    name: "mail-program-fits",
    group: Group::Header,
    toward: Toward::Wanted,
    prior: 0.4,
    words: "the forms of the mail are those of the program that it names",
};

pub(super) const SIGNALS: &[&Signal] = &[
    &NO_ID,
    &ODD_ID,
    &RANDOM_ID_HOST,
    &BARE_ID_HOST,
    &ID_OF_RECIPIENT,
    &ID_NOT_OF_PROVIDER,
    &FORGED_PROGRAM,
    &FORGED_BOUNDARY,
    &NO_ALTERNATIVE,
    &HALF_OUTLOOK,
    &BULK_PROGRAM,
    &RANDOM_PROGRAM,
    &PROGRAM_IN_VALUE,
    &SCRIPT,
    &EVALUATED_SCRIPT,
    &RANDOM_FIELD,
    &REPEATED_FIELD,
    &RAW_OCTETS,
    &HIDDEN_ASCII,
    &NO_MIME_VERSION,
    &ODD_MIME_VERSION,
    &ODD_CHARSET,
    &URGENT_MARK,
    &HANDWORK,
    &PROGRAM_FITS,
];

pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    let claim = claim(sight);
    let program = forms::program(claim);
    let id = message_id(sight);
    message_ids(sight, id, program, say);
    programs(sight, claim, program, say);
    contradictions(sight, claim, program, id, say);
    fields(sight, say);
    mime(sight, say);
    for part in sight.mail.parts.iter().take(8) {
        part_forms(part, sight.mail.raw, say);
    }
}

/// What the mail calls its program.
fn claim<'s>(sight: &'s Sight<'_>) -> &'s str {
    let headers = &sight.headers;
    headers.first("X-Mailer").or_else(|| headers.first("User-Agent")).unwrap_or_default()
}

/// The Message-ID without its brackets, in two halves.
fn message_id<'s>(sight: &'s Sight<'_>) -> Option<(&'s str, &'s str)> {
    let raw = sight.headers.first("Message-ID")?;
    let id = raw.trim_start_matches('<').split('>').next().unwrap_or_default();
    id.rsplit_once('@')
}

fn message_ids(sight: &Sight<'_>, id: Option<(&str, &str)>, program: Program, say: &mut Say) {
    let Some(raw) = sight.headers.first("Message-ID") else {
        say.that(&NO_ID, 1.0, "no Message-ID");
        return;
    };
    let Some((local, host)) = id.filter(|(local, host)| !local.is_empty() && !host.is_empty())
    else {
        say.that(&ODD_ID, 1.0, raw);
        return;
    };
    if raw.contains(char::is_whitespace) || local.contains('@') && program == Program::Other {
        say.that(&ODD_ID, 0.5, raw);
    }
    let host = host.to_ascii_lowercase();
    // Computers in homes have names of any kind, and old Outlooks told them; so do the machines of a
    // service for bulk mail.
    let is_old =
        matches!(program, Program::Express | Program::Outlook) || host.starts_with("geopod-ismtpd");
    if !host.contains(['.', ':', '[']) && !is_old {
        say.that(&RANDOM_ID_HOST, unspeakable(&host), raw);
        say.that(&BARE_ID_HOST, 1.0, raw);
    }
    let host_is_free = is_free_mail(&host);
    for from in sight.headers.from().iter().take(1) {
        let is_elsewhere = !is_same(&host, from.domain());
        let of_recipient = |to: &&crate::Mailbox| {
            is_same(to.domain(), &host) && !is_same(to.domain(), from.domain())
        };
        let to = sight.headers.to().iter().take(5).find(of_recipient);
        if to.is_some() && !host_is_free && host.contains('.') {
            say.that(&ID_OF_RECIPIENT, 1.0, format!("{raw}, from {}", from.address));
        }
        if is_free_mail(from.domain()) && is_elsewhere && !is_provider(&host) && host.contains('.')
        {
            let strength = if program == Program::Other { 1.0 } else { 0.4 };
            say.that(&ID_NOT_OF_PROVIDER, strength, format!("{raw}, from {}", from.address));
        }
    }
}

/// Hosts of large providers' own servers, whose mailboxes have other domains.
fn is_provider(host: &str) -> bool {
    const ENDS: &[&str] = &[
        "phx.gbl",
        "outlook.com",
        "google.com",
        "gmail.com",
        "yahoo.com",
        "yahoo.net",
        "aol.com",
        "aol.net",
        "apple.com",
        "icloud.com",
        "me.com",
        "mac.com",
        "mail.ru",
        "yandex.ru",
        "yandex.net",
        "hotmail.com",
        "gmx.net",
        "mailapp",
        "local",
        "localdomain",
        "localhost",
        "lan",
        "home",
        "kundenserver.de",
        "msn.com",
        "live.com",
        "mx.aol.com",
        "yahoogroups.com",
        "egroups.com",
        "pm.me",
        "proton.ch",
        "uol.com.br",
        "163.com",
        "qq.com",
        "orange.fr",
        "smtp.163.com",
        "netease.com",
        "naver.com",
        "onmail.com",
        "ui-dom.com",
        "1and1.com",
        "ionos.com",
        "web.de",
        "t-online.de",
        "libero.it",
        "wanadoo.fr",
        "comcast.net",
        "att.net",
    ];
    is_free_mail(host) || ENDS.iter().any(|end| host.ends_with(end))
}

fn programs(sight: &Sight<'_>, claim: &str, program: Program, say: &mut Say) {
    match program {
        Program::Bulk => say.that(&BULK_PROGRAM, 1.0, claim),
        Program::Handwork => say.that(&HANDWORK, 1.0, claim),
        Program::Script => say.that(&SCRIPT, 0.5, claim),
        _ => {}
    }
    if !claim.contains([' ', '.', '/']) && claim.len() >= 10 {
        say.that(&RANDOM_PROGRAM, capitals_inside(claim).max(oddness(claim)), claim);
    }
    for name in ["X-Mailer", "Subject", "From", "To", "Message-ID", "Date", "Reply-To"] {
        let value = sight.headers.first(name).unwrap_or_default();
        let start = value.get(..name.len()).unwrap_or_default();
        if start.eq_ignore_ascii_case(name) && value.as_bytes().get(name.len()) == Some(&b':') {
            say.that(&PROGRAM_IN_VALUE, 1.0, format!("{name}: {value}"));
        }
    }
    scripts(sight, say);
}

/// How a word changes between large and small letters and digits more than names do, 0 to 1.
fn capitals_inside(word: &str) -> f32 {
    let kind = |one: u8| (one.is_ascii_uppercase(), one.is_ascii_digit());
    let bytes = || word.bytes().map(kind);
    let changes = bytes().zip(bytes().skip(1)).filter(|(one, two)| one != two).count();
    if changes * 2 > word.len() { 1.0 } else { 0.0 }
}

/// Fields that web hosts add so that the script can be found.
fn scripts(sight: &Sight<'_>, say: &mut Say) {
    const FIELDS: &[&str] = &[
        "X-PHP-Originating-Script",
        "X-PHP-Script",
        "X-PHP-Filename",
        "X-Script-Name",
        "X-Source-Dir",
        "X-Mailer-Script",
    ];
    for name in FIELDS {
        if let Some(value) = sight.headers.first(name) {
            let is_injected = value.contains("eval()") || value.contains("runtime-created");
            let signal = if is_injected { &EVALUATED_SCRIPT } else { &SCRIPT };
            say.that(signal, 1.0, format!("{name}: {value}"));
        }
    }
}

fn contradictions(
    sight: &Sight<'_>,
    claim: &str,
    program: Program,
    id: Option<(&str, &str)>,
    say: &mut Say,
) {
    let host = id.map_or("", |(_, host)| host).to_ascii_lowercase();
    // Such services give every mail a Message-ID of their own.
    let is_list = id.is_some_and(|(local, _)| local.starts_with("LYRIS-"));
    let is_given =
        is_list || host.ends_with("amazonses.com") || is_provider(&host) && host.contains('.');
    let fits = id.and_then(|(local, _)| forms::fits(program, local));
    let raw = sight.headers.first("Message-ID").unwrap_or_default();
    if fits == Some(false) && !is_given {
        say.that(&FORGED_PROGRAM, 1.0, format!("{claim}, Message-ID {raw}"));
    }
    let boundary = boundary(sight);
    let divides = boundary.and_then(|one| forms::boundary_fits(program, one));
    if divides == Some(false) {
        let boundary = boundary.unwrap_or_default();
        say.that(&FORGED_BOUNDARY, 1.0, format!("{claim}, boundary {boundary}"));
    }
    if fits == Some(true) && divides != Some(false) {
        say.that(&PROGRAM_FITS, 1.0, claim);
    }
    let is_html = sight.mail.parts.first().is_some_and(|part| part.mime == "text/html");
    if is_html && matches!(program, Program::Express | Program::Outlook) {
        say.that(&NO_ALTERNATIVE, 1.0, format!("{claim}, text/html alone"));
    }
    half_outlook(sight, program, say);
}

/// Bulk programs copy one field of Outlook and forget what it brings along.
fn half_outlook(sight: &Sight<'_>, program: Program, say: &mut Say) {
    let headers = &sight.headers;
    let has_priority = headers.has("X-MSMail-Priority");
    let has_engine = headers.has("X-MimeOLE");
    if has_priority && !has_engine && program != Program::Outlook {
        let strength = if headers.has("X-Mailer") { 1.0 } else { 0.7 };
        say.that(&HALF_OUTLOOK, strength, "X-MSMail-Priority without X-MimeOLE");
    } else if program == Program::Express && !has_engine {
        say.that(&HALF_OUTLOOK, 0.7, "Outlook Express without X-MimeOLE");
    }
}

fn boundary<'s>(sight: &'s Sight<'_>) -> Option<&'s str> {
    let value = sight.headers.first("Content-Type")?;
    let at = memmem::find(value.to_ascii_lowercase().as_bytes(), b"boundary=")?;
    let rest = value.get(at + 9..)?.trim_start();
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split([';', ' ', '\r', '\n', '\t']).next(),
    }
}

/// Fields by their names.
fn fields(sight: &Sight<'_>, say: &mut Say) {
    const ONCE: &[&str] = &[
        "from",
        "subject",
        "date",
        "message-id",
        "to",
        "mime-version",
        "content-type",
        "reply-to",
    ];
    let mut seen = [0_u8; 8];
    for field in sight.headers.fields() {
        let once = ONCE.iter().position(|name| field.name.eq_ignore_ascii_case(name));
        if let Some(count) = once.and_then(|at| seen.get_mut(at)) {
            *count = count.saturating_add(1);
            if *count == 2 {
                say.that(&REPEATED_FIELD, 1.0, format!("{} twice", field.name));
            }
        } else {
            field_name(field.name, say);
        }
        let is_read =
            ["subject", "from", "to"].iter().any(|one| field.name.eq_ignore_ascii_case(one));
        if is_read && !field.raw.is_ascii() {
            // UTF-8 may stand there by RFC 6532; anything else may not.
            let strength = if field.raw.contains('\u{fffd}') { 1.0 } else { 0.4 };
            say.that(&RAW_OCTETS, strength, format!("in {}", field.name));
        }
    }
    let urgent =
        ["X-Priority", "Importance", "X-MSMail-Priority", "Priority"].iter().find_map(|name| {
            let value = sight.headers.first(name)?.to_ascii_lowercase();
            let is_urgent =
                value.starts_with('1') || value.contains("high") || value.contains("urgent");
            is_urgent.then(|| format!("{name}: {value}"))
        });
    if let Some(evidence) = urgent {
        say.that(&URGENT_MARK, 1.0, evidence);
    }
}

/// Names without any mark inside that no language and no maker of programs would choose.
fn field_name(name: &str, say: &mut Say) {
    let plain = name.strip_prefix("X-").or_else(|| name.strip_prefix("x-")).unwrap_or(name);
    if plain.len() >= 8 && !plain.contains(['-', '_']) {
        let is_marked = name.len() != plain.len();
        say.that(&RANDOM_FIELD, if is_marked { 0.7 } else { 1.0 } * odd_name(plain), name);
    }
}

/// Names of fields run words together, so only what is very odd counts.
fn odd_name(name: &str) -> f32 {
    let oddness = oddness(name);
    if oddness >= 0.8 { oddness } else { 0.0 }
}

fn mime(sight: &Sight<'_>, say: &mut Say) {
    let has_parts =
        sight.mail.parts.first().is_some_and(|part| part.mime.starts_with("multipart/"));
    match sight.headers.first("MIME-Version") {
        None if has_parts => say.that(&NO_MIME_VERSION, 1.0, "multipart without MIME-Version"),
        None if sight.headers.has("Content-Type") && sight.body.has_html => {
            say.that(&NO_MIME_VERSION, 0.7, "HTML without MIME-Version");
        }
        Some(value) if !value.trim_start().starts_with("1.0") && !value.starts_with('(') => {
            say.that(&ODD_MIME_VERSION, 1.0, value);
        }
        _ => {}
    }
}

/// The declaration of one text part.
fn part_forms(part: &Part<'_>, raw: &[u8], say: &mut Say) {
    if !part.mime.starts_with("text/") || part.is_attachment() {
        return;
    }
    let Some(header) = part.span.as_ref().and_then(|span| declaration(raw, span.start)) else {
        return;
    };
    let octets = part.octets().unwrap_or_default();
    let is_base64 = memmem::find(&header, b"base64").is_some();
    if is_base64 && octets.len() > 20 && octets.is_ascii() && part.mime != "text/calendar" {
        // Libraries that write everything as base64 declare UTF-8; who declares ASCII hides it.
        let is_wide = memmem::find(&header, b"utf-8").is_some();
        say.that(&HIDDEN_ASCII, if is_wide { 0.25 } else { 1.0 }, part.mime.as_str());
    }
    if let Some(charset) = charset(&header).filter(|one| !is_charset(one)) {
        say.that(&ODD_CHARSET, 1.0, charset);
    }
}

/// The header in front of a body, lower case: at most what a header of a part takes.
fn declaration(raw: &[u8], start: usize) -> Option<Vec<u8>> {
    const OCTETS: usize = 600;
    let before = raw.get(start.saturating_sub(OCTETS)..start)?;
    let end = before.trim_ascii_end();
    let blank = |ends: &[u8]| memmem::rfind(end, ends);
    let from = blank(b"\n\n").or_else(|| blank(b"\r\n\r\n")).unwrap_or(0);
    Some(end.get(from..)?.to_ascii_lowercase())
}

fn charset(header: &[u8]) -> Option<&str> {
    let at = memmem::find(header, b"charset=")?;
    let rest = std::str::from_utf8(header.get(at + 8..)?).ok()?;
    let rest = rest.trim_start_matches(['"', '\'', ' ']);
    rest.split(['"', '\'', ';', ' ', '\r', '\n', '\t', '(']).next()
}

/// Whether a name is like those of charsets.
fn is_charset(name: &str) -> bool {
    const STARTS: &[&str] = &[
        "utf", "us-ascii", "ascii", "iso", "windows-", "cp", "koi8", "gb", "big5", "euc-", "shift",
        "sjis", "x-", "ks_c", "tis-", "mac", "ansi", "latin", "unicode", "ibm", "hz-", "viscii",
        "johab", "default", "unknown", "8859", "dos-", "utf8", "tcvn", "armscii", "georgian",
        "binary",
    ];
    name.is_empty() || name.starts_with("%") || STARTS.iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made;

    fn said(raw: &str, name: &str) -> f32 {
        made::strength(&made::said_by(look, raw), name)
    }

    const OE: &str = "X-Mailer: Microsoft Outlook Express 6.00.2800.1106\r\nX-MimeOLE: Produced By Microsoft MimeOLE V6.00\r\n";

    /// Each hostile header with its honest twin.
    #[test]
    fn hostile_forms_are_said_and_their_honest_twins_are_not() {
        let oe = |rest: &str| format!("{OE}{rest}");
        for (name, hostile, honest) in [
            ("no-message-id", String::new(), "Message-ID: <a@example.org>\r\n".into()),
            (
                "odd-message-id",
                "Message-ID: <1234>\r\n".into(),
                "Message-ID: <1@a.example>\r\n".into(),
            ),
            (
                "random-message-id-host",
                "Message-ID: <1@qzxkvwptjr>\r\n".into(),
                "Message-ID: <1@workstation>\r\n".into(),
            ),
            (
                "bare-message-id-host",
                "Message-ID: <1@workstation>\r\n".into(),
                oe("Message-ID: <000001c2d6a1$d6a1b2c0$0200a8c0@workstation>\r\n"),
            ),
            (
                "message-id-of-recipient",
                "To: a@example.com\r\nFrom: b@example.org\r\nMessage-ID: <1@mx.example.com>\r\n"
                    .into(),
                "To: a@example.com\r\nFrom: b@example.org\r\nMessage-ID: <1@mx.example.org>\r\n"
                    .into(),
            ),
            (
                "message-id-not-of-provider",
                "From: a@yahoo.com\r\nMessage-ID: <1@host.example>\r\n".into(),
                "From: a@yahoo.com\r\nMessage-ID: <1@mail.yahoo.com>\r\n".into(),
            ),
            (
                "forged-mail-program",
                oe("Message-ID: <abc123xyz@example.org>\r\n"),
                oe("Message-ID: <000001c2d6a1$d6a1b2c0$0200a8c0@pc>\r\n"),
            ),
            (
                "forged-boundary",
                oe("Content-Type: multipart/alternative; boundary=\"xyz\"\r\n"),
                oe(
                    "Content-Type: multipart/alternative;\r\n boundary=\"----=_NextPart_000_0001\"\r\n",
                ),
            ),
            (
                "html-alone-of-program",
                oe("Content-Type: text/html\r\n"),
                "X-Mailer: Other\r\nContent-Type: text/html\r\n".into(),
            ),
            (
                "half-of-outlook",
                "X-MSMail-Priority: Normal\r\n".into(),
                oe("X-MSMail-Priority: Normal\r\n"),
            ),
            (
                "bulk-mail-program",
                "X-Mailer: Advanced Mass Sender\r\n".into(),
                "X-Mailer: Mailchimp Mailer\r\n".into(),
            ),
            (
                "random-mail-program",
                "X-Mailer: fN4thRC9yReSVXvvrmu9pAEY\r\n".into(),
                "X-Mailer: SquirrelMail\r\n".into(),
            ),
            (
                "field-name-in-value",
                "X-Mailer: X-Mailer: Microsoft Outlook\r\n".into(),
                "Subject: Date: a fruit\r\n".into(),
            ),
            (
                "sent-by-web-script",
                "X-PHP-Originating-Script: 1001:mailer.php\r\n".into(),
                "X-Mailer: Apple Mail (2.3)\r\n".into(),
            ),
            (
                "sent-by-injected-script",
                "X-PHP-Originating-Script: 0:a.php(118) : eval()'d code\r\n".into(),
                "X-PHP-Originating-Script: 1001:mailer.php\r\n".into(),
            ),
            ("random-field-name", "xqzkvwptjr: 1\r\n".into(), "Organization: 1\r\n".into()),
            ("repeated-field", "Subject: a\r\nSubject: b\r\n".into(), "Subject: a\r\n".into()),
            ("raw-octets-in-header", "Subject: J\u{f6}rg\r\n".into(), "Subject: Jorg\r\n".into()),
            (
                "no-mime-version",
                "Content-Type: multipart/mixed; boundary=a\r\n".into(),
                "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n".into(),
            ),
            (
                "odd-mime-version",
                "MIME-Version: 7.1\r\n".into(),
                "MIME-Version: 1.0 (Apple Message framework v1)\r\n".into(),
            ),
            (
                "odd-charset",
                "Content-Type: text/plain; charset=\"DEF-QZX\"\r\n".into(),
                "Content-Type: text/plain; charset=Windows-1252\r\n".into(),
            ),
            ("urgent-mark", "X-Priority: 1 (Highest)\r\n".into(), "X-Priority: 3\r\n".into()),
        ] {
            let mail = |header: &str| format!("{header}\r\nx\r\n");
            assert!(said(&mail(&hostile), name) > 0.3, "{name}: {hostile}");
            assert!(said(&mail(&honest), name) < 0.01, "{name}: {honest}");
        }
    }

    #[test]
    fn text_of_ascii_in_base64_is_said_and_text_that_needs_it_is_not() {
        let mail = |body: &str| {
            format!(
                "Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n"
            )
        };
        let name = "base64-of-plain-text";
        assert!(said(&mail("WW91ciBwYXNzd29yZCBleHBpcmVzIHRvZGF5LCBwbGVhc2U="), name) > 0.9);
        assert!(said(&mail("0JLQsNGIINC/0LDRgNC+0LvRjCDQuNGB0YLQtdC60LDQtdGC"), name) < 0.01);
    }

    #[test]
    fn the_part_inside_is_judged_by_its_own_declaration() {
        let raw = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\
            Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n\
            PGI+WW91ciBwYXNzd29yZCBleHBpcmVzIHRvZGF5PC9iPg==\r\n--a--\r\n";
        assert!(said(raw, "base64-of-plain-text") > 0.9);
    }

    #[test]
    fn what_people_write_with_speaks_for_the_mail() {
        let raw = "User-Agent: Mutt/1.5.20i\r\nMessage-ID: <1@example.org>\r\n\r\nx\r\n";
        assert!(said(raw, "handwork-program") > 0.9);
        let raw = format!("{OE}Message-ID: <000001c2d6a1$d6a1b2c0$0200a8c0@pc>\r\n\r\nx\r\n");
        assert!(said(&raw, "mail-program-fits") > 0.9);
    }
}
