//! The Received line we put on top (RFC 5321 section 4.4), and the watch over those that are there
//! already: a message that goes round in circles is stopped (RFC 5321 section 6.3).
//!
//! The watch reads the header as it streams by. It never changes it and keeps at most one field.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use mail::{Address, MessageId, Reply, Timestamp, TlsFacts};
use memchr::memchr;

use crate::limits;

/// What our Received line says.
#[derive(Debug)]
pub struct Stamp<'a> {
    /// HELO or EHLO.
    pub helo: &'a str,
    /// The peer.
    pub client: SocketAddr,
    /// Our name.
    pub host: &'a str,
    /// ESMTP, ESMTPS ...
    pub protocol: &'a str,
    /// TLS, if any.
    pub tls: Option<&'a TlsFacts>,
    /// The queue id.
    pub id: MessageId,
    /// The recipient, when there is exactly one: more would tell them of each other.
    pub recipient: Option<&'a Address>,
    /// When the body began.
    pub at: Timestamp,
}

impl Stamp<'_> {
    /// The header field, CR LF included.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = String::with_capacity(256);
        line.push_str("Received: from ");
        line.extend(self.helo.chars().map(harmless));
        match self.client.ip().to_canonical() {
            IpAddr::V4(four) => put(&mut line, format_args!(" ([{four}])\r\n")),
            IpAddr::V6(six) => put(&mut line, format_args!(" ([IPv6:{six}])\r\n")),
        }
        put(&mut line, format_args!("\tby {} with {}", self.host, self.protocol));
        if let Some(TlsFacts { version, cipher }) = self.tls {
            put(&mut line, format_args!(" ({version} {cipher})"));
        }
        put(&mut line, format_args!(" id {}", self.id));
        if let Some(recipient) = self.recipient {
            put(&mut line, format_args!("\r\n\tfor <{recipient}>"));
        }
        put(&mut line, format_args!(";\r\n\t{}\r\n", self.at.rfc5322()));
        line
    }
}

fn put(line: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = line.write_fmt(words);
}

/// The client chose the name; it must not be able to end the clause or open a comment.
fn harmless(character: char) -> char {
    let fits = character.is_ascii_alphanumeric() || "-._:[]".contains(character);
    if fits { character } else { '?' }
}

/// Counts the hops in a header that streams by.
#[derive(Debug)]
pub struct HopWatch {
    limit: u32,
    own_name: Vec<u8>,
    reading: Reading,
    /// What of a Received field, or of the start of a line, has come so far.
    kept: Vec<u8>,
    hops: u32,
    own_hops: u32,
    /// Names of the two newest hops.
    names: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// At the start of a line.
    LineStart,
    /// In a line whose start is too short to judge.
    Undecided,
    /// In a line of a Received field.
    Received,
    /// In a line of another field.
    Other,
    /// In the body.
    Past,
}

const FIELD: &[u8] = b"received:";

impl HopWatch {
    /// A watch that stops a message with more than `limit` Received fields, or with
    /// [`limits::OWN_HOPS`] by `own_name`.
    #[must_use]
    pub fn new(limit: u32, own_name: &str) -> Self {
        HopWatch {
            limit,
            own_name: own_name.to_ascii_lowercase().into_bytes(),
            reading: Reading::LineStart,
            kept: Vec::new(),
            hops: 0,
            own_hops: 0,
            names: Vec::new(),
        }
    }

    /// Looks at the next octets.
    ///
    /// # Errors
    /// 554 5.4.6, naming the hops, when the message loops.
    pub fn look(&mut self, octets: &[u8]) -> Result<(), Reply> {
        let mut rest = octets;
        while self.reading != Reading::Past && !rest.is_empty() {
            let length = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (line, after) = rest.split_at(length);
            rest = after;
            self.part(line)?;
        }
        Ok(())
    }

    /// A part of a line: its end is in it if and only if it ends in LF.
    fn part(&mut self, line: &[u8]) -> Result<(), Reply> {
        if self.reading == Reading::LineStart {
            self.start(line)?;
        }
        if matches!(self.reading, Reading::Undecided | Reading::Received) {
            let room = limits::RECEIVED_FIELD_OCTETS.saturating_sub(self.kept.len());
            self.kept.extend_from_slice(line.get(..room).unwrap_or(line));
        }
        let whole = line.ends_with(b"\n");
        if self.reading == Reading::Undecided && (whole || self.kept.len() >= FIELD.len()) {
            self.judge();
        }
        if whole && self.reading != Reading::Past {
            self.reading = match self.reading {
                Reading::Received => Reading::LineStart,
                _ => {
                    self.kept.clear();
                    Reading::LineStart
                }
            };
        }
        Ok(())
    }

    /// The first octet of a line: a blank goes on with the field before.
    fn start(&mut self, line: &[u8]) -> Result<(), Reply> {
        let folded = matches!(line.first(), Some(b' ' | b'\t'));
        if folded {
            let received = !self.kept.is_empty();
            self.reading = if received { Reading::Received } else { Reading::Other };
            return Ok(());
        }
        self.end_field()?;
        self.reading = Reading::Undecided;
        Ok(())
    }

    /// Enough of the line is there to know its field. A line without a colon ends the header.
    fn judge(&mut self) {
        let head = self.kept.get(..FIELD.len()).unwrap_or(&self.kept);
        let empty = self.kept == b"\r\n" || self.kept == b"\n";
        self.reading = if head.eq_ignore_ascii_case(FIELD) {
            Reading::Received
        } else {
            self.kept.clear();
            if empty { Reading::Past } else { Reading::Other }
        };
    }

    /// Counts the Received field that is complete now, if one is.
    fn end_field(&mut self) -> Result<(), Reply> {
        if self.kept.is_empty() {
            return Ok(());
        }
        self.hops += 1;
        let name = by_name(&self.kept);
        if name.eq_ignore_ascii_case(&self.own_name) {
            self.own_hops += 1;
        }
        if self.names.len() < 2 {
            let name = name.get(..limits::HOP_NAME_OCTETS).unwrap_or(name);
            self.names.push(String::from_utf8_lossy(name).into_owned());
        }
        self.kept.clear();
        if self.hops > self.limit || self.own_hops >= limits::OWN_HOPS {
            return Err(self.refusal());
        }
        Ok(())
    }

    fn refusal(&self) -> Reply {
        let newest = self.names.first().map_or("?", String::as_str);
        let before = self.names.get(1).map_or("?", String::as_str);
        let text = format!(
            "Mail loop: {} hops, {} of them here; the last two are {before} and {newest}",
            self.hops, self.own_hops
        );
        Reply::coded(554, 5, 4, 6, &text)
    }
}

/// The name after the word `by` in a Received field; comments are not parsed.
fn by_name(field: &[u8]) -> &[u8] {
    let mut words = field
        .split(|octet| octet.is_ascii_whitespace() || *octet == b';')
        .filter(|word| !word.is_empty());
    words.find(|word| word.eq_ignore_ascii_case(b"by"));
    words.next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(header: &str, cut: usize, limit: u32) -> Result<u32, String> {
        let mut watch = HopWatch::new(limit, "Gate.example.test");
        for part in header.as_bytes().chunks(cut) {
            watch.look(part).map_err(|reply| reply.to_string())?;
        }
        Ok(watch.hops)
    }

    fn hop(by: &str) -> String {
        format!("Received: from a.test ([192.0.2.1])\r\n\tby {by} with ESMTP id X;\r\n date\r\n")
    }

    #[test]
    fn received_fields_are_counted_however_they_are_cut() {
        let header = format!(
            "{}Subject: Received: no\r\nRECEIVED:by x\r\nReceived-SPF: no\r\n\tReceived: folded\r\n{}\r\nReceived: body\r\n\r\n",
            hop("b.test"),
            hop("c.test"),
        );
        for cut in 1..header.len() {
            assert_eq!(watch(&header, cut, 50), Ok(3), "cut {cut}");
        }
    }

    #[test]
    fn a_loop_is_stopped_and_named() {
        let header = format!("{}{}", hop("one.test"), hop("two.test")).repeat(26) + "\r\nbody";
        for cut in [1, 7, 100, header.len()] {
            let refusal = watch(&header, cut, 50).unwrap_err();
            let expected = "554 5.4.6 Mail loop: 51 hops, 0 of them here; the last two are two.test and one.test";
            assert_eq!(refusal, expected, "cut {cut}");
        }
        assert_eq!(watch(&(hop("one.test").repeat(50) + "\r\n"), 64, 50), Ok(50));
    }

    #[test]
    fn our_own_name_three_times_is_a_loop() {
        let twice = hop("gate.example.test").repeat(2) + "\r\n";
        assert_eq!(watch(&twice, 10, 50), Ok(2));
        let thrice = hop("GATE.example.test").repeat(3) + "\r\n";
        assert!(watch(&thrice, 10, 50).unwrap_err().contains("3 of them here"));
    }

    #[test]
    fn a_huge_field_keeps_little() {
        let mut watch = HopWatch::new(50, "gate.test");
        watch.look(b"Received: ").unwrap();
        for _ in 0..1000 {
            watch.look(&[b'x'; 1000]).unwrap();
        }
        assert!(watch.kept.len() <= limits::RECEIVED_FIELD_OCTETS);
    }

    #[test]
    fn the_received_line_says_what_it_must() {
        let recipient = "ann@example.test".parse().unwrap();
        let tls = TlsFacts { version: "TLSv1.3".into(), cipher: "TLS_AES_256_GCM_SHA384".into() };
        let stamp = Stamp {
            helo: "mx.sender.test",
            client: "192.0.2.7:1234".parse().unwrap(),
            host: "gate.example.test",
            protocol: "ESMTPS",
            tls: Some(&tls),
            id: MessageId(1),
            recipient: Some(&recipient),
            at: Timestamp(1_795_283_184_123),
        };
        let expected = "Received: from mx.sender.test ([192.0.2.7])\r\n\tby gate.example.test with ESMTPS \
            (TLSv1.3 TLS_AES_256_GCM_SHA384) id 0000000000001\r\n\tfor <ann@example.test>;\r\n\t\
            Sat, 21 Nov 2026 17:46:24 +0000\r\n";
        assert_eq!(stamp.line(), expected);
    }

    #[test]
    fn a_forged_helo_cannot_break_the_received_line() {
        let stamp = Stamp {
            helo: "x(by;trusted.test)<\"ü",
            client: "[2001:db8::1]:25".parse().unwrap(),
            host: "gate.test",
            protocol: "ESMTP",
            tls: None,
            id: MessageId(1),
            recipient: None,
            at: Timestamp(0),
        };
        assert!(
            stamp
                .line()
                .starts_with("Received: from x?by?trusted.test???? ([IPv6:2001:db8::1])\r\n")
        );
    }
}
