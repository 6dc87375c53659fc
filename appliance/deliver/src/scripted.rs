//! A next hop that follows a script, connection by connection, over loopback.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::conversation::Stream;

/// One step of a script.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Says this, exactly.
    Say(String),
    /// Hears one line that begins so.
    Hear(&'static str),
    /// Hears one line that begins so, with nothing after it.
    HearAlone(&'static str),
    /// Hears a message up to its end of data.
    Message,
    /// Reads this many octets and no more.
    Octets(usize),
    /// Does the TLS handshake.
    Tls,
    /// Stays silent until the client leaves.
    Silence,
    /// Says an octet again and again until the client leaves.
    Drip(&'static str),
}

/// What a connection heard: lines and messages in order, and how it ended.
#[derive(Debug, Default, Clone)]
pub(crate) struct Heard {
    pub(crate) lines: Vec<String>,
    pub(crate) messages: Vec<Vec<u8>>,
}

/// The running next hop.
pub(crate) struct NextHopScript {
    pub(crate) address: SocketAddr,
    task: JoinHandle<Vec<Heard>>,
}

/// A certificate for `localhost`, and the server side that shows it.
pub(crate) struct SelfSigned {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) acceptor: TlsAcceptor,
}

pub(crate) fn self_signed() -> SelfSigned {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    SelfSigned { certificate, acceptor: TlsAcceptor::from(Arc::new(config)) }
}

impl NextHopScript {
    /// Plays one script for each connection, in the order they come.
    pub(crate) async fn start(scripts: Vec<Vec<Act>>) -> Self {
        Self::start_with(scripts, None).await
    }

    pub(crate) async fn start_with(scripts: Vec<Vec<Act>>, acceptor: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut connections = Vec::new();
            for script in scripts {
                let (stream, _) = listener.accept().await.unwrap();
                connections.push(tokio::spawn(play(stream, script, acceptor.clone())));
            }
            drop(listener);
            let mut heard = Vec::new();
            for connection in connections {
                heard.push(connection.await.unwrap());
            }
            heard
        });
        NextHopScript { address, task }
    }

    /// What each connection heard, once all scripts have been played.
    pub(crate) async fn heard(self) -> Vec<Heard> {
        self.task.await.unwrap()
    }
}

struct Player {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
    heard: Heard,
}

async fn play(stream: TcpStream, script: Vec<Act>, acceptor: Option<TlsAcceptor>) -> Heard {
    let mut player =
        Player { stream: Box::new(stream), buffer: Vec::new(), heard: Heard::default() };
    for act in script {
        match act {
            Act::Say(text) => {
                let _ = player.stream.write_all(text.as_bytes()).await;
                let _ = player.stream.flush().await;
            }
            Act::Hear(start) => player.hear(start).await,
            Act::HearAlone(start) => {
                player.hear(start).await;
                assert_eq!(player.buffer, b"", "something was said before the reply to {start}");
            }
            Act::Message => player.message().await,
            Act::Octets(count) => {
                let mut octets = vec![0; count];
                player.stream.read_exact(&mut octets).await.unwrap();
            }
            Act::Tls => {
                let acceptor = acceptor.clone().expect("a script with TLS has a certificate");
                match acceptor.accept(player.stream).await {
                    Ok(stream) => player.stream = Box::new(stream),
                    // A client that does not trust us; the heard lines tell.
                    Err(_) => return player.heard,
                }
            }
            Act::Silence => while player.more().await {},
            Act::Drip(octet) => {
                while player.stream.write_all(octet.as_bytes()).await.is_ok() {
                    tokio::task::yield_now().await;
                }
            }
        }
    }
    player.heard
}

impl Player {
    async fn more(&mut self) -> bool {
        matches!(self.stream.read_buf(&mut self.buffer).await, Ok(count) if count > 0)
    }

    async fn hear(&mut self, start: &str) {
        let end = loop {
            if let Some(end) = self.buffer.windows(2).position(|two| two == b"\r\n") {
                break end;
            }
            assert!(
                self.more().await,
                "the client left before {start}; heard {:?}",
                self.heard.lines
            );
        };
        let line: Vec<u8> = self.buffer.drain(..end + 2).take(end).collect();
        let line = String::from_utf8(line).unwrap();
        assert!(
            line.starts_with(start),
            "{line:?} instead of {start}; before {:?}",
            self.heard.lines
        );
        self.heard.lines.push(line);
    }

    async fn message(&mut self) {
        let end = loop {
            if self.buffer.starts_with(b".\r\n") {
                break 0;
            }
            if let Some(at) = self.buffer.windows(5).position(|five| five == b"\r\n.\r\n") {
                break at + 2;
            }
            assert!(self.more().await, "the client left before the end of the message");
        };
        let message: Vec<u8> = self.buffer.drain(..end + 3).take(end).collect();
        self.heard.messages.push(message);
    }
}
