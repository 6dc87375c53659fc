//! Delivery status notifications (RFC 3464 in a multipart/report of RFC 6522; RFC 6533 where
//! addresses or headers are internationalised).
//!
//! [`compose`] is pure: identifiers and times are given. It writes strict lines only, whatever the
//! original message or the remote reply held. Never done here: deciding whether a notice may be
//! sent at all, and to whom.

mod words;

use mail::{Address, Enhanced, MessageId, Recipient, Reply, Timestamp};

/// Octets of the original header that a notice returns at most; longer ones are cut at a line.
pub const RETURNED_HEADER_OCTETS: usize = 64 * 1024;
/// Octets of a whole message that a notice returns at most (RET=FULL); of a longer one the header
/// is returned.
pub const RETURNED_MESSAGE_OCTETS: usize = 256 * 1024;
/// Octets of one line of a notice (RFC 5322 section 2.1.1: 998 and the line end).
const LINE_OCTETS: usize = 998;

/// What became of the message for one recipient (RFC 3464 section 2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Handed to a host that does not speak DSN; nothing more will be told.
    Relayed,
    /// Handed on to several addresses.
    Expanded,
    /// Delivered.
    Delivered,
    /// Not delivered yet; it will be tried further.
    Delayed,
    /// Not delivered, and it will not be tried again.
    Failed,
}

impl Action {
    /// The word in the Action field and in our records.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Action::Relayed => "relayed",
            Action::Expanded => "expanded",
            Action::Delivered => "delivered",
            Action::Delayed => "delayed",
            Action::Failed => "failed",
        }
    }
}

/// Who said the reply that a notice quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker<'a> {
    /// The next hop, as `name[address]:port`.
    Remote(&'a str),
    /// We ourselves (no connection, a policy, the end of the lifetime).
    Gateway,
}

/// One recipient's part of a notice.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The recipient, with ORCPT as given.
    pub recipient: &'a Recipient,
    /// What became of it.
    pub action: Action,
    /// The last reply.
    pub reply: &'a Reply,
    /// Who said it.
    pub speaker: Speaker<'a>,
    /// When the last attempt ended.
    pub last_attempt: Timestamp,
    /// Until when it will be tried; for [`Action::Delayed`].
    pub retry_until: Option<Timestamp>,
}

/// How much of the original is returned (RFC 3461 section 4.3). The octets are the message from
/// its start; only the part that is asked for needs to be there.
#[derive(Debug, Clone, Copy)]
pub enum Original<'a> {
    /// Its header; anything after the first empty line is left out.
    Headers(&'a [u8]),
    /// All of it (RET=FULL, for failures only).
    Full(&'a [u8]),
}

/// Everything a notice says.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'a> {
    /// Queue id of the notice itself.
    pub id: MessageId,
    /// When it is written.
    pub at: Timestamp,
    /// Our host name: the Reporting-MTA, and the domain of the notice's own addresses.
    pub host: &'a str,
    /// The sender of the original, who gets the notice (under the null reverse-path).
    pub to: &'a Address,
    /// Queue id of the original.
    pub original_id: MessageId,
    /// When the original arrived.
    pub arrived: Timestamp,
    /// ENVID in xtext, as given.
    pub envid: Option<&'a str>,
    /// The original was received under SMTPUTF8.
    pub smtputf8: bool,
    /// The recipients that the notice is about; at least one.
    pub reports: &'a [Report<'a>],
    /// The original.
    pub original: Original<'a>,
}

impl Notice<'_> {
    /// The gravest action among the recipients: it names the notice.
    #[must_use]
    pub fn action(&self) -> Action {
        self.reports.iter().map(|report| report.action).max().unwrap_or(Action::Failed)
    }

    /// True when the notice itself must be sent under SMTPUTF8: its own header names an
    /// internationalised address. Other 8-bit content needs 8BITMIME alone.
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        self.to.needs_smtputf8()
    }

    /// True when the forms of RFC 6533 are used.
    #[must_use]
    pub fn is_international(&self) -> bool {
        self.to.needs_smtputf8()
            || self.reports.iter().any(|report| report.recipient.address.needs_smtputf8())
            || (self.smtputf8 && !returned(self).octets.is_ascii())
    }
}

/// The notice as a message, lines ended by CR LF.
#[must_use]
pub fn compose(notice: &Notice<'_>) -> Vec<u8> {
    let utf8 = notice.is_international();
    let returned = returned(notice);
    let text = words::text(notice, returned.whole);
    let status = status_part(notice, utf8);
    let boundary = boundary(notice.id, &[text.as_bytes(), status.as_bytes(), &returned.octets]);
    let mut out = Vec::with_capacity(text.len() + status.len() + returned.octets.len() + 2048);
    push_header(&mut out, notice, &boundary);
    push_text(&mut out, &boundary, &text);
    let kind = if utf8 { "message/global-delivery-status" } else { "message/delivery-status" };
    push_part_head(&mut out, &boundary, kind, "Delivery report", !status.is_ascii());
    out.extend_from_slice(status.as_bytes());
    let kind = match (returned.whole, utf8) {
        (true, false) => "message/rfc822",
        (true, true) => "message/global",
        (false, false) => "text/rfc822-headers",
        (false, true) => "message/global-headers",
    };
    let title = if returned.whole { "Your message" } else { "Header of your message" };
    push_part_head(&mut out, &boundary, kind, title, !returned.octets.is_ascii());
    out.extend_from_slice(&returned.octets);
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    out
}

fn push_header(out: &mut Vec<u8>, notice: &Notice<'_>, boundary: &str) {
    let host = host_name(notice.host);
    let lines = format!(
        "From: Mail Delivery System <MAILER-DAEMON@{host}>\r\n\
         To: <{to}>\r\n\
         Subject: {subject}\r\n\
         Date: {date}\r\n\
         Message-ID: <{id}.notice@{host}>\r\n\
         Auto-Submitted: auto-replied\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type={report_type};\r\n\tboundary=\"{boundary}\"\r\n\
         {encoding}\r\n\
         This is a delivery report in several parts (RFC 3464).\r\n",
        to = notice.to,
        subject = words::subject(notice.action()),
        date = notice.at.rfc5322(),
        id = notice.id,
        report_type =
            if notice.is_international() { "global-delivery-status" } else { "delivery-status" },
        encoding = if is_eight_bit(notice) { "Content-Transfer-Encoding: 8bit\r\n" } else { "" },
    );
    out.extend_from_slice(lines.as_bytes());
}

/// Whether any part goes out as 8bit, so that the whole must say so (RFC 2045 section 6.4).
fn is_eight_bit(notice: &Notice<'_>) -> bool {
    notice.is_international() || !returned(notice).octets.is_ascii()
}

fn push_part_head(out: &mut Vec<u8>, boundary: &str, kind: &str, title: &str, eight_bit: bool) {
    let encoding = if eight_bit { "Content-Transfer-Encoding: 8bit\r\n" } else { "" };
    let head = format!(
        "\r\n--{boundary}\r\nContent-Type: {kind}\r\nContent-Description: {title}\r\n{encoding}\r\n"
    );
    out.extend_from_slice(head.as_bytes());
}

fn push_text(out: &mut Vec<u8>, boundary: &str, text: &str) {
    let plain = text.is_ascii() && text.split("\r\n").all(|line| line.len() <= LINE_OCTETS);
    let encoding = if plain { "7bit" } else { "quoted-printable" };
    let head = format!(
        "\r\n--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Description: Explanation\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    );
    out.extend_from_slice(head.as_bytes());
    if plain {
        out.extend_from_slice(text.as_bytes());
    } else {
        push_quoted_printable(out, text);
    }
}

/// RFC 2045 section 6.7, lines of at most 76 characters.
fn push_quoted_printable(out: &mut Vec<u8>, text: &str) {
    for (number, line) in text.split("\r\n").enumerate() {
        if number > 0 {
            out.extend_from_slice(b"\r\n");
        }
        let mut column = 0;
        for octet in line.bytes() {
            let literal = matches!(octet, b' '..=b'<' | b'>'..=b'~');
            if column + 3 > 75 {
                out.extend_from_slice(b"=\r\n");
                column = 0;
            }
            if literal {
                out.push(octet);
                column += 1;
            } else {
                out.extend_from_slice(format!("={octet:02X}").as_bytes());
                column += 3;
            }
        }
        // A space before a line end would be lost on the way.
        if out.last() == Some(&b' ') {
            out.pop();
            out.extend_from_slice(b"=20");
        }
    }
}

/// The machine-readable part: one group for the message, one for each recipient.
fn status_part(notice: &Notice<'_>, utf8: bool) -> String {
    let mut fields = String::new();
    if let Some(envid) = notice.envid {
        field(&mut fields, utf8, "Original-Envelope-Id", &decode_xtext(envid));
    }
    field(&mut fields, utf8, "Reporting-MTA", &format!("dns; {}", host_name(notice.host)));
    field(&mut fields, utf8, "X-Gatepost-Queue-Id", &notice.original_id.to_string());
    field(&mut fields, utf8, "Arrival-Date", &notice.arrived.rfc5322());
    for report in notice.reports {
        fields.push_str("\r\n");
        recipient_fields(&mut fields, report, utf8);
    }
    fields
}

fn recipient_fields(fields: &mut String, report: &Report<'_>, utf8: bool) {
    let address = &report.recipient.address;
    if let Some(original) = report.recipient.original.as_deref() {
        let (kind, value) = original.split_once(';').unwrap_or(("rfc822", original));
        field(fields, utf8, "Original-Recipient", &format!("{kind}; {}", decode_xtext(value)));
    }
    let kind = if address.needs_smtputf8() { "utf-8" } else { "rfc822" };
    field(fields, utf8, "Final-Recipient", &format!("{kind}; {address}"));
    field(fields, utf8, "Action", report.action.word());
    field(fields, utf8, "Status", &status(report).to_string());
    if let Speaker::Remote(host) = report.speaker {
        field(fields, utf8, "Remote-MTA", &format!("dns; {}", remote_name(host)));
        field(fields, utf8, "Diagnostic-Code", &format!("smtp; {}", report.reply));
    } else {
        field(fields, utf8, "Diagnostic-Code", &format!("x-gatepost; {}", report.reply));
    }
    field(fields, utf8, "Last-Attempt-Date", &report.last_attempt.rfc5322());
    if let (Action::Delayed, Some(until)) = (report.action, report.retry_until) {
        field(fields, utf8, "Will-Retry-Until", &until.rfc5322());
    }
}

/// The enhanced code of the reply, or the class alone (RFC 3464 section 2.3.4). A success is never
/// told with a class of failure.
fn status(report: &Report<'_>) -> Enhanced {
    let class = (report.reply.code() / 100) as u8;
    match (report.action, report.reply.enhanced()) {
        (_, Some(enhanced)) => enhanced,
        (Action::Delivered | Action::Relayed | Action::Expanded, None) => Enhanced(2, 0, 0),
        (Action::Failed | Action::Delayed, None) => Enhanced(class, 0, 0),
    }
}

/// One field on one line: control characters go, and what is not ASCII too unless utf8 is allowed.
fn field(to: &mut String, utf8: bool, name: &str, value: &str) {
    to.push_str(name);
    to.push_str(": ");
    let room = LINE_OCTETS - name.len() - 2;
    let mut length = 0;
    for character in value.chars() {
        let character = match character {
            c if c.is_control() => ' ',
            c if !utf8 && !c.is_ascii() => '?',
            c => c,
        };
        length += character.len_utf8();
        if length > room {
            break;
        }
        to.push(character);
    }
    to.push_str("\r\n");
}

/// Undoes `+XX` (RFC 3461 section 4). What is not xtext is passed as it is.
fn decode_xtext(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = (*first == b'+').then(|| after.split_at_checked(2)).flatten();
        let decoded = pair.and_then(|(hex, after)| {
            let hex = std::str::from_utf8(hex).ok()?;
            let digits = hex.bytes().all(|digit| digit.is_ascii_hexdigit());
            Some((u8::from_str_radix(hex, 16).ok().filter(|_| digits)?, after))
        });
        let (octet, after) = decoded.unwrap_or((*first, after));
        octets.push(octet);
        rest = after;
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// `mx.example.test[192.0.2.1]:25` without what follows the name.
fn remote_name(host: &str) -> &str {
    match host.split_once('[') {
        Some(("", _)) | None => host,
        Some((name, _)) => name,
    }
}

/// The host name as it may stand in a header field.
fn host_name(name: &str) -> String {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || "-._[]:".contains(*c);
    let kept: String = name.chars().filter(allowed).take(mail::limits::DOMAIN_OCTETS).collect();
    if kept.is_empty() { "localhost".to_owned() } else { kept }
}

struct Returned {
    octets: Vec<u8>,
    whole: bool,
}

/// The part of the original that goes back.
fn returned(notice: &Notice<'_>) -> Returned {
    match notice.original {
        Original::Full(octets)
            if octets.len() <= RETURNED_MESSAGE_OCTETS && notice.action() == Action::Failed =>
        {
            Returned { octets: strict_lines(octets), whole: true }
        }
        Original::Full(octets) | Original::Headers(octets) => {
            Returned { octets: strict_lines(header_of(octets)), whole: false }
        }
    }
}

/// The header with the end of its last line, cut at a line when it is over the limit.
fn header_of(message: &[u8]) -> &[u8] {
    if message.starts_with(b"\r\n") {
        return &[];
    }
    let end = memchr::memmem::find(message, b"\r\n\r\n").map_or(message.len(), |at| at + 2);
    let header = message.get(..end).unwrap_or(message);
    let Some(kept) = header.get(..RETURNED_HEADER_OCTETS) else { return header };
    let cut = memchr::memmem::rfind(kept, b"\r\n").map_or(0, |at| at + 2);
    kept.get(..cut).unwrap_or_default()
}

/// Every CR, LF or CR LF as CR LF, so that a notice can always be sent.
fn strict_lines(octets: &[u8]) -> Vec<u8> {
    let mut strict = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some(at) = memchr::memchr2(b'\r', b'\n', rest) {
        let (line, ended) = rest.split_at(at);
        strict.extend_from_slice(line);
        strict.extend_from_slice(b"\r\n");
        let end = if ended.starts_with(b"\r\n") { 2 } else { 1 };
        rest = ended.get(end..).unwrap_or_default();
    }
    strict.extend_from_slice(rest);
    strict
}

/// A boundary that stands in none of the parts.
fn boundary(id: MessageId, parts: &[&[u8]]) -> String {
    let mut number = 0u32;
    loop {
        let boundary = format!("=_{id}_{number}");
        let taken = |part: &&[u8]| memchr::memmem::find(part, boundary.as_bytes()).is_some();
        if !parts.iter().any(taken) {
            return boundary;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests;
