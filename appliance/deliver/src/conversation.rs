//! One SMTP connection to a next hop: the machines of `smtp::client` with a socket and a clock.

use std::fs::File;
use std::io;
use std::time::Duration;

use mail::{Outcome, TlsFacts};
use rustls::pki_types::ServerName;
use smtp::client::{
    Begun, Extensions, Garbage, Next, Opening, Order, Progress, Refusal, RemoteReply, ReplyReader,
    TlsWish, Transaction,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::body::{Body, BodyError};
use crate::{limits, tls};

/// What SMTP runs over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The connection is of no more use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("the connection to the next hop was lost: {0}")]
    Lost(#[from] io::Error),
    #[error("the next hop closed the connection")]
    Closed,
    #[error("the next hop did not answer within {} s", .0.as_secs())]
    Silent(Duration),
    #[error(transparent)]
    Garbage(#[from] Garbage),
    #[error("the next hop answered the message before it was sent")]
    OutOfTurn,
    #[error("the message could not be sent to its end: {0}")]
    Body(#[from] BodyError),
}

/// Why a connection did not get as far as taking mail.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    Trouble(#[from] Trouble),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("TLS failed: {0}")]
    Tls(String),
}

/// How to encrypt, where it is wished and offered.
pub(crate) struct Encryption<'a> {
    pub(crate) connector: &'a TlsConnector,
    pub(crate) name: ServerName<'static>,
}

/// How one message ended.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) after: After,
    /// The next hop said 421.
    pub(crate) busy: bool,
}

/// What the connection is good for afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// It takes the next message.
    Keep,
    /// It must be closed.
    Close,
    /// It must be closed, and had failed before the next hop answered anything of this message: on
    /// a reused connection that is no answer at all.
    Stale,
}

/// A connection that takes mail.
pub(crate) struct Conversation {
    stream: Box<dyn Stream>,
    reader: ReplyReader,
    input: Box<[u8]>,
    out: Vec<u8>,
    offered: Extensions,
    /// The transaction before was left open.
    reset: bool,
    command_timeout: Duration,
    tls: Option<TlsFacts>,
}

impl Conversation {
    fn new(stream: Box<dyn Stream>, command_timeout: Duration) -> Self {
        Conversation {
            stream,
            reader: ReplyReader::new(),
            input: vec![0; limits::READ_OCTETS].into_boxed_slice(),
            out: Vec::new(),
            offered: Extensions::default(),
            reset: false,
            command_timeout,
            tls: None,
        }
    }

    /// Goes from the greeting to readiness.
    pub(crate) async fn open(
        stream: Box<dyn Stream>,
        name: &str,
        wish: TlsWish,
        encryption: Encryption<'_>,
        command_timeout: Duration,
    ) -> Result<Self, OpenError> {
        let mut this = Conversation::new(stream, command_timeout);
        let mut opening = Opening::new(name, wish);
        let mut encryption = Some(encryption);
        loop {
            let reply = this.ask().await?;
            match opening.reply(&reply, &mut this.out) {
                Progress::Wait(next) => opening = next,
                Progress::Ready(offered) => {
                    this.offered = offered;
                    return Ok(this);
                }
                Progress::Refused(refusal) => {
                    this.quit().await;
                    return Err(refusal.into());
                }
                Progress::StartTls(encrypting) => {
                    let Some(encryption) = encryption.take() else {
                        return Err(OpenError::Tls("TLS was to start twice".to_owned()));
                    };
                    this = this.encrypt(encryption).await?;
                    opening = encrypting.done(&mut this.out);
                }
            }
        }
    }

    /// Says what is to be said and reads one reply. A connection that breaks after the handshake has
    /// broken TLS: under TLS 1.3 our side may end first, and the host's refusal comes later.
    async fn ask(&mut self) -> Result<RemoteReply, OpenError> {
        let asked = match self.flush().await {
            Ok(()) => self.reply(self.command_timeout).await,
            Err(trouble) => Err(trouble),
        };
        match asked {
            Err(trouble) if self.tls.is_some() => Err(OpenError::Tls(trouble.to_string())),
            asked => Ok(asked?),
        }
    }

    /// Nothing of the clear-text part is kept but the time-outs.
    async fn encrypt(self, encryption: Encryption<'_>) -> Result<Self, OpenError> {
        if !self.reader.is_empty() {
            let text = "the next hop sent something in clear text after its answer to STARTTLS";
            return Err(OpenError::Tls(text.to_owned()));
        }
        let limit = Duration::from_secs(limits::HANDSHAKE_SECONDS).min(self.command_timeout);
        let handshake = encryption.connector.connect(encryption.name, self.stream);
        let stream = match timeout(limit, handshake).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(OpenError::Tls(error.to_string())),
            Err(_) => return Err(OpenError::Tls("the handshake took too long".to_owned())),
        };
        let facts = tls::facts(stream.get_ref().1);
        let mut encrypted = Conversation::new(Box::new(stream), self.command_timeout);
        encrypted.tls = facts;
        Ok(encrypted)
    }

    /// TLS, if it is in use.
    pub(crate) fn tls(&self) -> Option<&TlsFacts> {
        self.tls.as_ref()
    }

    /// Whether the next hop takes over the duty to tell of success (RFC 3461 section 5.2.2).
    pub(crate) fn speaks_dsn(&self) -> bool {
        self.offered.dsn
    }

    /// Sends one message to all recipients of the order.
    pub(crate) async fn deliver(&mut self, order: Order<'_>, body: &mut Body, file: &File) -> Sent {
        let begun = Transaction::begin(order, self.offered, self.reset, &mut self.out);
        let mut transaction = match begun {
            Begun::Open(transaction) => transaction,
            Begun::Unfit(outcomes) => return Sent { outcomes, after: After::Keep, busy: false },
        };
        let driven = self.drive(&mut transaction, body, file).await;
        let busy = transaction.is_busy();
        let unusable = driven.is_err() || transaction.must_close() || !self.reader.is_empty();
        let after = match (unusable, transaction.is_untouched()) {
            (false, _) => After::Keep,
            (true, true) => After::Stale,
            (true, false) => After::Close,
        };
        self.reset = transaction.needs_reset();
        let outcomes = match driven {
            Ok(()) => transaction.outcomes(),
            Err(trouble) => transaction.lost(&trouble.to_string()),
        };
        Sent { outcomes, after, busy }
    }

    async fn drive(
        &mut self,
        transaction: &mut Transaction<'_>,
        body: &mut Body,
        file: &File,
    ) -> Result<(), Trouble> {
        loop {
            self.flush().await?;
            let wait = if transaction.body_is_out() {
                self.command_timeout.max(Duration::from_secs(limits::END_OF_DATA_SECONDS))
            } else {
                self.command_timeout
            };
            let reply = self.reply(wait).await?;
            match transaction.reply(&reply, &mut self.out) {
                Next::Wait => {}
                Next::Ended => return Ok(()),
                Next::Body if !self.reader.is_empty() => return Err(Trouble::OutOfTurn),
                Next::Body => {
                    if let Err(trouble) = self.send_body(body, file).await {
                        return self.last_words(transaction, trouble).await;
                    }
                }
            }
        }
    }

    /// The next hop stopped reading the message. If it said why, that is the outcome; a 2xx for a
    /// message that was not sent in full is not.
    async fn last_words(
        &mut self,
        transaction: &mut Transaction<'_>,
        trouble: Trouble,
    ) -> Result<(), Trouble> {
        if matches!(trouble, Trouble::Body(_)) {
            return Err(trouble);
        }
        match self.reply(Duration::from_secs(limits::LAST_WORDS_SECONDS)).await {
            Ok(reply) if reply.code() >= 400 => {
                let _ = transaction.reply(&reply, &mut self.out);
                Err(trouble)
            }
            _ => Err(trouble),
        }
    }

    async fn send_body(&mut self, body: &mut Body, file: &File) -> Result<(), Trouble> {
        if let Some(wire) = body.framed() {
            return write(&mut self.stream, wire, self.command_timeout).await;
        }
        let mut streaming = body.stream(file);
        while streaming.next(&mut self.out)? {
            self.flush().await?;
        }
        Ok(())
    }

    /// Writes what the machine has said.
    async fn flush(&mut self) -> Result<(), Trouble> {
        if self.out.is_empty() {
            return Ok(());
        }
        write(&mut self.stream, &self.out, self.command_timeout).await?;
        self.out.clear();
        Ok(())
    }

    async fn reply(&mut self, wait: Duration) -> Result<RemoteReply, Trouble> {
        if let Some(reply) = self.reader.next_reply()? {
            return Ok(reply);
        }
        // One clock for the whole reply: a host that sends an octet a minute gets no more time.
        match timeout(wait, self.read_reply()).await {
            Ok(result) => result,
            Err(_) => Err(Trouble::Silent(wait)),
        }
    }

    async fn read_reply(&mut self) -> Result<RemoteReply, Trouble> {
        loop {
            let count = self.stream.read(&mut self.input).await?;
            if count == 0 {
                return Err(Trouble::Closed);
            }
            self.reader.feed(self.input.get(..count).unwrap_or_default());
            if let Some(reply) = self.reader.next_reply()? {
                return Ok(reply);
            }
        }
    }

    /// Resolves when the next hop says anything, or leaves, while nothing is asked of it. Either
    /// way the connection is to be closed. May be dropped and called again.
    pub(crate) async fn disturbed(&mut self) {
        let _ = self.stream.read(&mut self.input).await;
    }

    /// Says QUIT and waits a moment for the answer, which nothing depends on.
    pub(crate) async fn quit(mut self) {
        let limit = Duration::from_secs(limits::QUIT_SECONDS);
        if write(&mut self.stream, b"QUIT\r\n", limit).await.is_ok() {
            let _ = self.reply(limit).await;
        }
        let _ = timeout(limit, self.stream.shutdown()).await;
    }
}

async fn write(
    stream: &mut Box<dyn Stream>,
    octets: &[u8],
    limit: Duration,
) -> Result<(), Trouble> {
    let written = timeout(limit, async {
        stream.write_all(octets).await?;
        stream.flush().await
    });
    match written.await {
        Ok(result) => Ok(result?),
        Err(_) => Err(Trouble::Silent(limit)),
    }
}
