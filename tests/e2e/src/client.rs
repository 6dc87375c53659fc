//! A small blocking SMTP client that sends exactly the octets it is told to, and nothing else.
//!
//! It never retries and never repairs: tests need to be wrong on purpose.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

use crate::limits;

/// A reply: its code and its lines without code and line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The three-digit code.
    pub code: u16,
    /// The text of each line.
    pub lines: Vec<String>,
}

impl Reply {
    /// 2xx or 3xx.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.code < 400
    }

    /// 4xx.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// True when an EHLO reply offers `keyword`.
    #[must_use]
    pub fn offers(&self, keyword: &str) -> bool {
        self.lines.iter().skip(1).any(|line| line.split(' ').next() == Some(keyword))
    }

    /// The queue id in the reply to a body: the word of 13 characters of the id alphabet.
    #[must_use]
    pub fn queue_id(&self) -> Option<String> {
        let of_alphabet =
            |c: char| c.is_ascii_digit() || (c.is_ascii_uppercase() && !"ILOU".contains(c));
        let words = self.lines.iter().flat_map(|line| line.split(|c: char| !c.is_alphanumeric()));
        words
            .filter(|word| word.len() == 13 && word.chars().all(of_alphabet))
            .map(str::to_owned)
            .next()
    }
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.read(buffer),
            Stream::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.write(octets),
            Stream::Tls(stream) => stream.write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(stream) => stream.flush(),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}

/// One connection to an SMTP server.
pub struct Client {
    stream: Stream,
    unread: Vec<u8>,
}

impl Client {
    /// Connects and reads the greeting.
    ///
    /// # Errors
    /// When there is no connection or no greeting.
    pub fn connect(address: SocketAddr) -> io::Result<(Self, Reply)> {
        let stream = open(address)?;
        let mut client = Client { stream: Stream::Plain(stream), unread: Vec::new() };
        let greeting = client.reply()?;
        Ok((client, greeting))
    }

    /// Connects under implicit TLS and reads the greeting. Any certificate is taken.
    ///
    /// # Errors
    /// When there is no connection, no handshake or no greeting.
    pub fn connect_tls(address: SocketAddr) -> io::Result<(Self, Reply)> {
        let stream = Stream::Tls(Box::new(encrypt(open(address)?)?));
        let mut client = Client { stream, unread: Vec::new() };
        let greeting = client.reply()?;
        Ok((client, greeting))
    }

    /// Connects and says EHLO, both of which must go well.
    ///
    /// # Errors
    /// When the server is away or refuses.
    pub fn greeted(address: SocketAddr) -> io::Result<Self> {
        let (mut client, greeting) = Client::connect(address)?;
        demand(&greeting, 220)?;
        demand(&client.command("EHLO client.sender.test")?, 250)?;
        Ok(client)
    }

    /// Sends octets as they are.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.write_all(octets)?;
        self.stream.flush()
    }

    /// Sends a command line and reads its reply.
    ///
    /// # Errors
    /// When the connection ends before the reply.
    pub fn command(&mut self, line: &str) -> io::Result<Reply> {
        self.send(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    /// Reads one reply.
    ///
    /// # Errors
    /// `UnexpectedEof` when the server closed, `InvalidData` when this is no reply.
    pub fn reply(&mut self) -> io::Result<Reply> {
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            let code =
                line.get(..3).and_then(|code| code.parse().ok()).ok_or_else(|| odd(&line))?;
            lines.push(line.get(4..).unwrap_or("").to_owned());
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(Reply { code, lines });
            }
        }
    }

    /// Replies until the server closes; for a client that talked too much.
    #[must_use]
    pub fn replies_to_the_end(&mut self) -> Vec<Reply> {
        std::iter::from_fn(|| self.reply().ok()).collect()
    }

    fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|pair| pair == b"\r\n") {
                let line = String::from_utf8_lossy(&self.unread[..end]).into_owned();
                self.unread.drain(..end + 2);
                return Ok(line);
            }
            if self.unread.len() > limits::REPLY_LINE {
                return Err(odd("a reply line without end"));
            }
            let mut chunk = [0; 4096];
            let count = self.stream.read(&mut chunk)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.unread.extend_from_slice(&chunk[..count]);
        }
    }

    /// STARTTLS, then a fresh EHLO under TLS. Any certificate is taken.
    ///
    /// # Errors
    /// When the server refuses or the handshake fails.
    pub fn start_tls(self) -> io::Result<Self> {
        let mut client = self;
        demand(&client.command("STARTTLS")?, 220)?;
        let Stream::Plain(stream) = client.stream else { return Err(odd("TLS inside TLS")) };
        let stream = Stream::Tls(Box::new(encrypt(stream)?));
        client = Client { stream, unread: Vec::new() };
        demand(&client.command("EHLO client.sender.test")?, 250)?;
        Ok(client)
    }

    /// Sends one whole message by DATA and gives the last reply: the first refusal, or the answer
    /// to the body. The connection is ready for the next message afterwards.
    ///
    /// # Errors
    /// When the connection breaks.
    pub fn submit(&mut self, from: &str, to: &[&str], body: &[u8]) -> io::Result<Reply> {
        let mut commands = format!("MAIL FROM:<{from}>\r\n");
        for recipient in to {
            commands.push_str(&format!("RCPT TO:<{recipient}>\r\n"));
        }
        commands.push_str("DATA\r\n");
        self.send(commands.as_bytes())?;
        let mut refusal = None;
        for _ in 0..=to.len() {
            let reply = self.reply()?;
            if !reply.is_positive() {
                refusal.get_or_insert(reply);
            }
        }
        let data = self.reply()?;
        if data.code == 354 {
            self.send(&stuffed(body))?;
            return self.reply();
        }
        let _ = self.command("RSET")?;
        Ok(refusal.unwrap_or(data))
    }
}

/// A body as DATA wants it: dots doubled, CR LF at the end, then the end of data. Line ends within
/// are left as they are.
#[must_use]
pub fn stuffed(body: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(body.len() + 64);
    let mut start_of_line = true;
    for &octet in body {
        if start_of_line && octet == b'.' {
            wire.push(b'.');
        }
        wire.push(octet);
        start_of_line = octet == b'\n' && wire.ends_with(b"\r\n");
    }
    if !body.is_empty() && !wire.ends_with(b"\r\n") {
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, limits::REPLY)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(limits::REPLY))?;
    stream.set_write_timeout(Some(limits::REPLY))?;
    Ok(stream)
}

fn demand(reply: &Reply, code: u16) -> io::Result<()> {
    if reply.code == code { Ok(()) } else { Err(odd(&format!("{code} expected, got {reply:?}"))) }
}

fn odd(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text.to_owned())
}

fn encrypt(stream: TcpStream) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate))
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    let connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

/// Takes every certificate: the gateway under test has made its own.
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_doubled_at_line_starts_only() {
        assert_eq!(stuffed(b".a\r\nb.c\r\n..\r\n"), b"..a\r\nb.c\r\n...\r\n.\r\n");
        assert_eq!(stuffed(b"a"), b"a\r\n.\r\n");
        assert_eq!(stuffed(b"a\n.b"), b"a\n.b\r\n.\r\n");
    }

    #[test]
    fn the_queue_id_is_found_in_a_reply() {
        let reply =
            Reply { code: 250, lines: vec!["2.0.0 Ok: queued as 06DP1X2ZK3V7Q.".to_owned()] };
        assert_eq!(reply.queue_id(), Some("06DP1X2ZK3V7Q".to_owned()));
    }
}
