//! Replies of a next hop (RFC 5321 section 4.2), read from octets and bounded.

use mail::{Enhanced, Reply};

use super::limits;

/// What a next hop sent is no reply. The connection is of no more use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Garbage {
    /// A line without three digits and a separator in front.
    #[error("the next hop answered with a line that is no SMTP reply")]
    NoReply,
    /// A line over [`limits::REPLY_LINE_OCTETS`].
    #[error("the next hop answered with a line longer than {} octets", limits::REPLY_LINE_OCTETS)]
    LongLine,
    /// More lines than [`limits::REPLY_LINES`].
    #[error("the next hop answered with more than {} lines", limits::REPLY_LINES)]
    ManyLines,
    /// The lines of one reply carry different codes.
    #[error("the next hop changed the code within one reply")]
    CodeChanged,
}

/// One whole reply as the next hop gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteReply {
    code: u16,
    /// The texts of the lines, each ended by a line feed.
    text: String,
}

impl RemoteReply {
    /// The code, 200 to 599.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The lines without code and line end.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines()
    }

    /// 2xx.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.code < 300
    }

    /// As one line for records and notices: enhanced code taken from the first line, the texts
    /// joined, control characters gone.
    #[must_use]
    pub fn to_reply(&self) -> Reply {
        let mut enhanced = None;
        let mut joined = String::with_capacity(self.text.len());
        for line in self.lines() {
            let (found, rest) = split_enhanced(self.code, line);
            enhanced = enhanced.or(found);
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(rest);
        }
        Reply::new(self.code, enhanced, joined.trim())
    }
}

/// Parts `5.1.1 text` into code and text. A class that contradicts the reply code is no enhanced
/// code (RFC 2034 section 4).
fn split_enhanced(code: u16, line: &str) -> (Option<Enhanced>, &str) {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match parse_enhanced(word) {
        Some(enhanced) if u16::from(enhanced.0) == code / 100 => (Some(enhanced), rest),
        _ => (None, line),
    }
}

fn parse_enhanced(word: &str) -> Option<Enhanced> {
    let mut parts = word.split('.');
    let class = parts.next()?;
    let subject = parts.next()?;
    let detail = parts.next()?;
    let plain =
        |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if parts.next().is_some() || ![class, subject, detail].into_iter().all(plain) {
        return None;
    }
    Some(Enhanced(class.parse().ok()?, subject.parse().ok()?, detail.parse().ok()?))
}

/// Collects octets into replies. Holds at most one reply and what came after it in the same read.
#[derive(Debug, Default)]
pub struct ReplyReader {
    buffer: Vec<u8>,
    taken: usize,
    code: Option<u16>,
    lines: usize,
    text: String,
}

impl ReplyReader {
    /// A reader that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        ReplyReader::default()
    }

    /// Takes octets from the connection. Call [`Self::next_reply`] until it has none before more
    /// are given, so that memory stays bounded by the size of one read.
    pub fn feed(&mut self, octets: &[u8]) {
        if self.taken == self.buffer.len() {
            self.buffer.clear();
        } else {
            self.buffer.drain(..self.taken);
        }
        self.taken = 0;
        self.buffer.extend_from_slice(octets);
    }

    /// True when nothing is left over and no reply is half read. After STARTTLS anything left over
    /// was put in by somebody in the middle (RFC 3207 section 6).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.taken == self.buffer.len() && self.code.is_none()
    }

    /// The next whole reply, if one is there.
    ///
    /// # Errors
    /// [`Garbage`]: what came is no reply or breaks a limit.
    pub fn next_reply(&mut self) -> Result<Option<RemoteReply>, Garbage> {
        loop {
            let rest = self.buffer.get(self.taken..).unwrap_or_default();
            let Some(end) = memchr::memchr(b'\n', rest) else {
                let long = rest.len() >= limits::REPLY_LINE_OCTETS;
                return if long { Err(Garbage::LongLine) } else { Ok(None) };
            };
            if end >= limits::REPLY_LINE_OCTETS {
                return Err(Garbage::LongLine);
            }
            let line = rest.get(..end).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let (code, last, text) = split_line(line)?;
            if self.code.is_some_and(|before| before != code) {
                return Err(Garbage::CodeChanged);
            }
            self.code = Some(code);
            self.lines += 1;
            if self.lines > limits::REPLY_LINES {
                return Err(Garbage::ManyLines);
            }
            push_text(&mut self.text, text);
            self.taken += end + 1;
            if last {
                return Ok(Some(self.complete(code)));
            }
        }
    }

    fn complete(&mut self, code: u16) -> RemoteReply {
        self.code = None;
        self.lines = 0;
        RemoteReply { code, text: std::mem::take(&mut self.text) }
    }
}

/// Code, whether this is the last line, and the text.
fn split_line(line: &[u8]) -> Result<(u16, bool, &[u8]), Garbage> {
    let (digits, rest) = line.split_at_checked(3).ok_or(Garbage::NoReply)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(Garbage::NoReply);
    }
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    if !(200..600).contains(&code) {
        return Err(Garbage::NoReply);
    }
    match rest.split_first() {
        None => Ok((code, true, &[])),
        Some((b' ', text)) => Ok((code, true, text)),
        Some((b'-', text)) => Ok((code, false, text)),
        Some(_) => Err(Garbage::NoReply),
    }
}

/// Adds one line. Control characters become spaces here, so that `lines` cannot be misled.
fn push_text(to: &mut String, text: &[u8]) {
    let readable = String::from_utf8_lossy(text);
    to.extend(readable.chars().map(|c| if c.is_control() { ' ' } else { c }));
    to.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(octets: &[u8]) -> Result<Option<RemoteReply>, Garbage> {
        let mut reader = ReplyReader::new();
        reader.feed(octets);
        reader.next_reply()
    }

    #[test]
    fn a_reply_arrives_octet_by_octet() {
        let mut reader = ReplyReader::new();
        for octet in b"250-one\r\n250 two\r" {
            reader.feed(&[*octet]);
            assert_eq!(reader.next_reply(), Ok(None));
            assert!(!reader.is_empty());
        }
        reader.feed(b"\n");
        let reply = reader.next_reply().unwrap().unwrap();
        assert_eq!(reply.lines().collect::<Vec<_>>(), ["one", "two"]);
        assert!(reader.is_empty());
    }

    #[test]
    fn pipelined_replies_come_one_by_one() {
        let mut reader = ReplyReader::new();
        reader.feed(b"250 2.1.0 ok\r\n550 5.1.1 no such user\r\n354");
        assert_eq!(reader.next_reply().unwrap().unwrap().code(), 250);
        let refused = reader.next_reply().unwrap().unwrap().to_reply();
        assert_eq!(refused, Reply::coded(550, 5, 1, 1, "no such user"));
        assert_eq!(reader.next_reply(), Ok(None));
        reader.feed(b"\r\n");
        assert_eq!(reader.next_reply().unwrap().unwrap().code(), 354);
    }

    #[test]
    fn many_lines_become_one_text() {
        let reply = read(b"550-5.7.1 Not\r\n550-5.7.1 wanted\r\n550 5.7.1 here\r\n").unwrap();
        assert_eq!(reply.unwrap().to_reply(), Reply::coded(550, 5, 7, 1, "Not wanted here"));
    }

    #[test]
    fn an_enhanced_code_of_another_class_is_text() {
        let reply = read(b"550 2.0.0 odd\r\n").unwrap().unwrap().to_reply();
        assert_eq!(reply.enhanced(), None);
        assert_eq!(reply.text(), "2.0.0 odd");
        let reply = read(b"550 5.1.2.3 odd\r\n").unwrap().unwrap().to_reply();
        assert_eq!(reply.enhanced(), None);
    }

    #[test]
    fn a_code_alone_is_a_reply() {
        assert_eq!(read(b"250\r\n").unwrap().unwrap().code(), 250);
        assert_eq!(read(b"250\n").unwrap().unwrap().code(), 250);
    }

    #[test]
    fn what_is_no_reply_is_garbage() {
        for garbage in [
            &b"\r\n"[..],
            b"HTTP/1.1 400 Bad Request\r\n",
            b"25\r\n",
            b"25x ok\r\n",
            b"250_ok\r\n",
            b"150 wait\r\n",
            b"600 what\r\n",
            b"000 nil\r\n",
        ] {
            assert_eq!(read(garbage), Err(Garbage::NoReply), "{garbage:?}");
        }
        assert_eq!(read(b"250-a\r\n550 b\r\n"), Err(Garbage::CodeChanged));
    }

    #[test]
    fn a_line_without_end_is_cut_off() {
        let mut reader = ReplyReader::new();
        let mut fed = 0;
        let ended = loop {
            reader.feed(b"2500000000000000");
            fed += 16;
            if let Err(garbage) = reader.next_reply() {
                break garbage;
            }
            assert!(fed <= limits::REPLY_LINE_OCTETS);
        };
        assert_eq!(ended, Garbage::LongLine);
    }

    #[test]
    fn a_reply_without_end_is_cut_off() {
        let mut reader = ReplyReader::new();
        for _ in 0..limits::REPLY_LINES {
            reader.feed(b"250-more\r\n");
            assert_eq!(reader.next_reply(), Ok(None));
        }
        reader.feed(b"250-more\r\n");
        assert_eq!(reader.next_reply(), Err(Garbage::ManyLines));
    }

    #[test]
    fn text_cannot_forge_lines() {
        let reply = read(b"250-a\x0b\xc2\x85PIPELINING\x00\r\n250 b\xff\r\n").unwrap().unwrap();
        assert_eq!(reply.lines().count(), 2);
        assert!(!reply.to_reply().text().chars().any(char::is_control));
    }

    proptest::proptest! {
        #[test]
        fn any_octets_are_read_without_panic_and_without_growth(
            chunks in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 0..200), 0..40)
        ) {
            let mut reader = ReplyReader::new();
            'all: for chunk in chunks {
                reader.feed(&chunk);
                loop {
                    match reader.next_reply() {
                        Ok(Some(_)) => {}
                        Ok(None) => break,
                        Err(_) => break 'all,
                    }
                }
                proptest::prop_assert!(reader.buffer.len() <= limits::REPLY_LINE_OCTETS + 200);
            }
        }
    }
}
