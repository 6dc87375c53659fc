//! A next hop that takes every message, remembers every octet, and never lies about what it took.
//!
//! It is strict: a bare CR or LF from the gateway is recorded as a violation. What it recorded is
//! written down before its 250 is sent, so a message counts as taken from the moment the reply may
//! be in flight.

use std::collections::HashMap;
use std::io::{self, BufWriter, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// One message as it was taken.
#[derive(Debug, Clone)]
pub struct Taken {
    /// MAIL FROM, without brackets.
    pub sender: String,
    /// RCPT TO, without brackets.
    pub recipients: Vec<String>,
    /// The content, dots undone, end of data left out. Empty when the sink keeps numbers only.
    pub content: Vec<u8>,
    /// The value of `X-Number`, if the content has that header field.
    pub number: Option<u64>,
}

#[derive(Default)]
struct Record {
    messages: Vec<Taken>,
    counts: HashMap<u64, u32>,
    total: u64,
    violations: Vec<String>,
}

struct Shared {
    record: Mutex<Record>,
    changed: Condvar,
    keep: Keep,
    stopped: AtomicBool,
}

/// How much a sink remembers of each message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Everything.
    Content,
    /// Its number alone; for long loads.
    Numbers,
}

/// The sink. It stops when it is dropped.
pub struct Sink {
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl Sink {
    /// A sink on a free loopback port that remembers everything.
    #[must_use]
    pub fn start() -> Self {
        Sink::on(0, Keep::Content)
    }

    /// A sink on a given loopback port (0: a free one).
    #[must_use]
    pub fn on(port: u16, keep: Keep) -> Self {
        let listener = crate::wait_for("the sink's port", crate::limits::START, || {
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()
        });
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            record: Mutex::default(),
            changed: Condvar::new(),
            keep,
            stopped: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || serve(&listener, &serving));
        Sink { shared, address }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many messages were taken.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.record().total
    }

    /// The messages taken so far, in order.
    #[must_use]
    pub fn messages(&self) -> Vec<Taken> {
        self.record().messages.clone()
    }

    /// How often each number was taken.
    #[must_use]
    pub fn counts(&self) -> HashMap<u64, u32> {
        self.record().counts.clone()
    }

    /// What the gateway did that no client may do.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.record().violations.clone()
    }

    /// Waits until `enough` holds for the record; false when it does not within `within`.
    #[must_use]
    pub fn wait(&self, within: Duration, mut enough: impl FnMut(&Self) -> bool) -> bool {
        let end = Instant::now() + within;
        loop {
            let before = self.total();
            if enough(self) {
                return true;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let record = self.record();
            if record.total == before {
                drop(self.shared.changed.wait_timeout(record, left).unwrap());
            }
        }
    }

    /// Waits until `count` messages were taken in all, and panics when they are not.
    pub fn expect(&self, count: u64) {
        let there = self.wait(crate::limits::DELIVERY, |sink| sink.total() >= count);
        assert!(there, "{count} messages expected at the next hop, {} came", self.total());
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.shared.record.lock().unwrap()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Release);
        // Wakes the accepting thread, which then sees that it should end.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopped.load(Ordering::Acquire) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        // An error means that the peer went away, which is the peer's right.
        std::thread::spawn(move || Session::new(stream, shared).and_then(Session::run));
    }
}

struct Session {
    input: TcpStream,
    output: BufWriter<TcpStream>,
    buffer: Vec<u8>,
    start: usize,
    shared: Arc<Shared>,
    sender: String,
    recipients: Vec<String>,
}

impl Session {
    fn new(stream: TcpStream, shared: Arc<Shared>) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Session {
            output: BufWriter::new(stream.try_clone()?),
            input: stream,
            buffer: Vec::new(),
            start: 0,
            shared,
            sender: String::new(),
            recipients: Vec::new(),
        })
    }

    fn run(mut self) -> io::Result<()> {
        self.say("220 sink.example.test ESMTP")?;
        loop {
            let line = String::from_utf8_lossy(&self.line()?).into_owned();
            let verb = line.get(..4).unwrap_or("").to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => {
                    let offer =
                        "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 DSN";
                    self.say(offer)?;
                }
                "MAIL" => {
                    self.sender = path(&line);
                    self.recipients.clear();
                    self.say("250 ok")?;
                }
                "RCPT" => {
                    self.recipients.push(path(&line));
                    self.say("250 ok")?;
                }
                "DATA" => self.data()?,
                "QUIT" => {
                    self.say("221 bye")?;
                    return self.output.flush();
                }
                "HELO" | "RSET" | "NOOP" => self.say("250 ok")?,
                _ => {
                    self.violation(format!("a command that is none: {line:?}"));
                    self.say("500 what")?;
                }
            }
        }
    }

    fn data(&mut self) -> io::Result<()> {
        self.say("354 go")?;
        let mut content = Vec::new();
        loop {
            let line = self.line()?;
            match line.as_slice() {
                b"." => break,
                [b'.', rest @ ..] => content.extend_from_slice(rest),
                whole => content.extend_from_slice(whole),
            }
            content.extend_from_slice(b"\r\n");
        }
        self.take(content);
        self.say("250 2.0.0 taken")
    }

    fn take(&mut self, content: Vec<u8>) {
        let number = number_of(&content);
        let mut record = self.shared.record.lock().unwrap();
        record.total += 1;
        if let Some(number) = number {
            *record.counts.entry(number).or_default() += 1;
        }
        if self.shared.keep == Keep::Content {
            record.messages.push(Taken {
                sender: self.sender.clone(),
                recipients: self.recipients.clone(),
                content,
                number,
            });
        }
        drop(record);
        self.shared.changed.notify_all();
    }

    /// One line without its CR LF. Bare CR and LF are violations and stay in the line.
    fn line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            let unread = &self.buffer[self.start..];
            if let Some(end) = unread.windows(2).position(|pair| pair == b"\r\n") {
                let line = unread[..end].to_vec();
                self.start += end + 2;
                if line.iter().any(|octet| matches!(octet, b'\r' | b'\n')) {
                    self.violation("a bare CR or LF".to_owned());
                }
                return Ok(line);
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.output.flush()?;
        self.buffer.drain(..self.start);
        self.start = 0;
        let mut chunk = [0; 65_536];
        let count = self.input.read(&mut chunk)?;
        if count == 0 || self.shared.stopped.load(Ordering::Acquire) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.buffer.extend_from_slice(&chunk[..count]);
        Ok(())
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        self.output.write_all(text.as_bytes())?;
        self.output.write_all(b"\r\n")
    }

    fn violation(&self, what: String) {
        self.shared.record.lock().unwrap().violations.push(what);
    }
}

fn path(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map(|(path, _)| path.to_owned()).unwrap_or_default()
}

/// The value of the header field `X-Number`.
fn number_of(content: &[u8]) -> Option<u64> {
    let header_end =
        content.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(content.len());
    let header = String::from_utf8_lossy(&content[..header_end]);
    let value = header.split("\r\n").find_map(|line| line.strip_prefix("X-Number: "))?;
    value.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Client;

    #[test]
    fn what_was_sent_is_what_was_taken() {
        let sink = Sink::start();
        let mut client = Client::greeted(sink.address()).unwrap();
        let body = b"X-Number: 17\r\nSubject: a\r\n\r\n.dot\r\n\xff\xfe\r\n";
        let reply = client.submit("a@b.test", &["c@d.test", "e@f.test"], body).unwrap();
        assert_eq!(reply.code, 250);
        sink.expect(1);
        let taken = sink.messages().remove(0);
        assert_eq!(taken.content, body);
        assert_eq!(taken.sender, "a@b.test");
        assert_eq!(taken.recipients, ["c@d.test", "e@f.test"]);
        assert_eq!(sink.counts()[&17], 1);
        assert!(sink.violations().is_empty());
    }

    #[test]
    fn bare_line_ends_are_violations() {
        let sink = Sink::start();
        let mut client = Client::greeted(sink.address()).unwrap();
        client.submit("a@b.test", &["c@d.test"], b"a\nb\rc\r\n").unwrap();
        assert_eq!(sink.violations(), ["a bare CR or LF"]);
    }
}
