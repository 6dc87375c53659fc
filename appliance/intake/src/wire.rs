//! A connection's octets: the socket, in clear or under TLS, and the one read buffer.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use mail::TlsFacts;
use nix::sys::socket::{MsgFlags, recv, send};
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::limits;

/// The socket.
pub enum Wire {
    /// In clear.
    Clear(TcpStream),
    /// Under TLS.
    Secured(Box<TlsStream<TcpStream>>),
    /// Lost in a failed handshake.
    Lost,
}

impl Wire {
    /// Reads once into `room`.
    ///
    /// # Errors
    /// The socket's or TLS's.
    pub async fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Wire::Clear(stream) => stream.read(room).await,
            Wire::Secured(stream) => stream.read(room).await,
            Wire::Lost => Ok(0),
        }
    }

    /// Writes all of `octets`.
    ///
    /// # Errors
    /// The socket's or TLS's.
    pub async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        match self {
            Wire::Clear(stream) => stream.write_all(octets).await,
            Wire::Secured(stream) => {
                stream.write_all(octets).await?;
                stream.flush().await
            }
            Wire::Lost => Ok(()),
        }
    }

    /// Says that no more comes from us.
    ///
    /// # Errors
    /// The socket's or TLS's.
    pub async fn finish(&mut self) -> io::Result<()> {
        match self {
            Wire::Clear(stream) => stream.shutdown().await,
            Wire::Secured(stream) => stream.shutdown().await,
            Wire::Lost => Ok(()),
        }
    }

    /// Starts TLS on a clear connection.
    ///
    /// # Errors
    /// The handshake's.
    pub async fn secure(&mut self, config: Arc<ServerConfig>) -> io::Result<TlsFacts> {
        let Wire::Clear(stream) = std::mem::replace(self, Wire::Lost) else {
            return Err(io::Error::other("TLS is up already"));
        };
        let stream = TlsAcceptor::from(config).accept(stream).await?;
        let facts = tls_facts(stream.get_ref().1);
        *self = Wire::Secured(Box::new(stream));
        Ok(facts)
    }
}

fn tls_facts(connection: &rustls::ServerConnection) -> TlsFacts {
    let version = match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
        _ => "TLS",
    };
    let suite = connection.negotiated_cipher_suite();
    let suite = suite.and_then(|suite| suite.suite().as_str()).unwrap_or_default();
    // rustls marks the suites of TLS 1.3 in its names; IANA does not.
    let cipher = match suite.strip_prefix("TLS13_") {
        Some(rest) => format!("TLS_{rest}"),
        None => suite.to_owned(),
    };
    TlsFacts { version: version.to_owned(), cipher }
}

/// Writes to a fresh socket without waiting for its first event. Gives the octets that went.
pub fn write_at_once(stream: &TcpStream, octets: &[u8]) -> usize {
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    send(stream.as_raw_fd(), octets, flags).unwrap_or(0)
}

/// True when the client has sent something already.
pub fn has_input(stream: &TcpStream) -> bool {
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_PEEK;
    recv(stream.as_raw_fd(), &mut [0; 1], flags).is_ok_and(|octets| octets > 0)
}

/// The read buffer of one connection. Starts small, so that idle connections cost little, and grows
/// with what the client sends at once, up to [`limits::BUFFER_OCTETS`].
#[derive(Debug)]
pub struct ReadBuffer {
    octets: Vec<u8>,
    start: usize,
    end: usize,
}

impl Default for ReadBuffer {
    fn default() -> Self {
        ReadBuffer { octets: vec![0; limits::BUFFER_START_OCTETS], start: 0, end: 0 }
    }
}

impl ReadBuffer {
    /// What was read and not consumed.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.octets.get(self.start..self.end).unwrap_or_default()
    }

    /// Drops octets at the front.
    pub fn consume(&mut self, octets: usize) {
        self.start = (self.start + octets).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        self.consume(self.end);
    }

    /// Room for the next read.
    pub fn room(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.octets.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        self.octets.get_mut(self.end..).unwrap_or_default()
    }

    /// So many octets were read into the room. A read that filled it asks for a larger one.
    pub fn filled(&mut self, octets: usize) {
        self.end = (self.end + octets).min(self.octets.len());
        if self.end == self.octets.len() {
            self.grow(self.octets.len() * 4);
        }
    }

    /// Makes the buffer at least so large, within its limit.
    pub fn grow(&mut self, octets: usize) {
        let wanted = octets.min(limits::BUFFER_OCTETS);
        if self.octets.len() < wanted {
            self.octets.resize(wanted, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_grows_to_its_limit_and_no_further() {
        let mut buffer = ReadBuffer::default();
        for _ in 0..10 {
            let room = buffer.room().len();
            buffer.filled(room);
        }
        assert_eq!(buffer.octets().len(), limits::BUFFER_OCTETS);
        assert!(buffer.room().is_empty());
        buffer.consume(limits::BUFFER_OCTETS - 2);
        assert_eq!(buffer.room().len(), limits::BUFFER_OCTETS - 2);
        assert_eq!(buffer.octets().len(), 2);
    }

    #[test]
    fn consuming_keeps_the_rest() {
        let mut buffer = ReadBuffer::default();
        buffer.room()[..6].copy_from_slice(b"abcdef");
        buffer.filled(6);
        buffer.consume(4);
        buffer.room()[..2].copy_from_slice(b"gh");
        buffer.filled(2);
        assert_eq!(buffer.octets(), b"efgh");
        buffer.clear();
        assert!(buffer.octets().is_empty());
    }
}
