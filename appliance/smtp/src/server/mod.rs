//! The side that receives mail (RFC 5321), as a machine without I/O.
//!
//! The shell owns the socket and a read buffer. It calls [`Session::advance`] with what the buffer
//! holds, drops what was consumed, and does what the [`Action`] says: ask policy, keep a piece of
//! the body, start TLS, close. Replies gather in [`Session::replies`] and are written when the
//! machine wants more input, so that a pipelined group is answered by one write (RFC 2920).
//!
//! What it never does: accept a line end other than CR LF, keep anything learnt before STARTTLS,
//! copy the body, or say 250 to a body on its own ([`Session::answer`] is the shell's word).
//!
//! | file | holds |
//! |---|---|
//! | `states.rs` | one struct per state; a transition consumes the old one |
//! | `commands.rs` | what each command does in each state |
//! | `body.rs` | DATA and BDAT framing, swallowing of refused bodies |
//! | `replies.rs` | the words we say |

mod body;
mod commands;
mod replies;
mod states;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use mail::{Address, Reply, Sender};

use crate::limits;
use crate::line::{self, Line, LineError};
use crate::parse::{self, MailParameters};
use states::{Asked, Calm, Chunking, Fresh, State};

pub use replies::write as write_reply;
pub use states::Transaction;

/// What the administrator and the listener lay down for a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Name in the greeting and in EHLO.
    pub host_name: String,
    /// Text after the name in the greeting; empty for none.
    pub greeting: String,
    /// Largest body in octets; 0 for no limit. Announced in SIZE (RFC 1870).
    pub maximum_size: u64,
    /// RCPT per message; announced in LIMITS (RFC 9422).
    pub maximum_recipients: u32,
    /// Messages per connection; announced in LIMITS.
    pub maximum_messages: u32,
    /// Refused commands before the connection is closed.
    pub maximum_errors: u32,
    /// STARTTLS.
    pub start_tls: StartTls,
    /// Where `RCPT TO:<Postmaster>` goes.
    pub postmaster: Option<Address>,
}

/// Whether STARTTLS is offered (RFC 3207).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartTls {
    /// Not offered.
    Off,
    /// Offered.
    Offered,
    /// MAIL is refused before it (RFC 8314 section 3.3, RFC 3207 section 4).
    Required,
}

/// What the shell has to do. Unless it says otherwise, call [`Session::advance`] again after it.
#[derive(Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// Nothing; call again.
    Continue,
    /// Write the replies and read more input.
    More,
    /// May this sender begin a message? [`Session::allow`] or [`Session::refuse`].
    Mail,
    /// May this recipient be added? [`Session::allow`] or [`Session::refuse`].
    Recipient(Address),
    /// A body comes: make room for it. [`Session::allow`] or [`Session::refuse`].
    BodyStart,
    /// Octets of the body. [`Session::fail_body`] when they cannot be kept.
    Body(&'a [u8]),
    /// The body is complete. [`Session::answer`] is due.
    BodyEnd(Box<Transaction>),
    /// Drop what was kept of the body; the machine says why to the client.
    BodyAbandoned,
    /// Write the replies, then start TLS, then [`Session::secured`].
    StartTls,
    /// Write the replies, then close.
    Close,
}

/// One step: drop `consumed` octets of the input, then do the action.
#[derive(Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// Octets to drop.
    pub consumed: usize,
    /// What to do.
    pub action: Action<'a>,
}

/// What is remembered of a connection for the record, should it end without a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// HELO or EHLO.
    pub helo: String,
    /// The last MAIL that led to nothing.
    pub sender: Option<Sender>,
    /// The last RCPT that was refused.
    pub recipient: Option<String>,
    /// The last refusal.
    pub refused: Option<Reply>,
    /// Why we closed, in words; empty when the client ended it.
    pub because: String,
    /// Lines that came.
    pub lines: u64,
    /// Messages that were accepted.
    pub accepted: u32,
}

#[derive(Debug, Default)]
struct Tally {
    errors: u32,
    idle: u32,
    messages: u32,
}

/// One SMTP connection.
#[derive(Debug)]
pub struct Session {
    rules: Arc<Rules>,
    state: State,
    secured: bool,
    tally: Tally,
    record: Record,
    replies: Vec<u8>,
}

impl Session {
    /// A session whose greeting is in [`Session::replies`]. `secured` is true under implicit TLS.
    #[must_use]
    pub fn new(rules: Arc<Rules>, secured: bool) -> Self {
        let mut replies = Vec::with_capacity(256);
        replies::greeting(&mut replies, &rules);
        Session {
            rules,
            state: State::Calm(Calm::Fresh(Fresh)),
            secured,
            tally: Tally::default(),
            record: Record::default(),
            replies,
        }
    }

    /// Looks at the input and says what is to be done. Consumes nothing twice and never blocks.
    pub fn advance<'a>(&mut self, input: &'a [u8]) -> Step<'a> {
        match std::mem::take(&mut self.state) {
            State::Closed => Step { consumed: 0, action: Action::Close },
            State::Asked(asked) => self.unanswered(asked),
            State::Calm(calm) => self.read_line(calm, input),
            State::Chunking(chunking) => self.read_line_between_chunks(chunking, input),
            State::Receiving(receiving) => self.read_body(receiving, input),
            State::Draining(draining) => self.drain(draining, input),
            State::Skipping(skipping) => self.skip(skipping, input),
        }
    }

    /// Replies to be written. The shell clears them once they are.
    pub fn replies(&mut self) -> &mut Vec<u8> {
        &mut self.replies
    }

    /// The transaction under way, if one is.
    #[must_use]
    pub fn transaction(&self) -> Option<&Transaction> {
        self.state.transaction()
    }

    /// The name given in HELO or EHLO since the connection or its TLS began.
    #[must_use]
    pub fn helo(&self) -> &str {
        self.state.greeted().map_or("", |greeted| &greeted.helo)
    }

    /// The word for the Received header (RFC 3848, RFC 6531 section 3.7.3).
    #[must_use]
    pub fn protocol(&self) -> &'static str {
        let extended = self.state.greeted().is_some_and(|greeted| greeted.extended);
        let utf8 = self.transaction().is_some_and(|open| open.parameters.smtputf8);
        match (extended, utf8, self.secured) {
            (false, ..) => "SMTP",
            (_, false, false) => "ESMTP",
            (_, false, true) => "ESMTPS",
            (_, true, false) => "UTF8SMTP",
            (_, true, true) => "UTF8SMTPS",
        }
    }

    /// True while the client is in the middle of a body.
    #[must_use]
    pub fn in_body(&self) -> bool {
        matches!(self.state, State::Receiving(_) | State::Draining(_) | State::Skipping(_))
    }

    /// Yes to what the last action asked.
    pub fn allow(&mut self) {
        self.state = match std::mem::take(&mut self.state) {
            State::Asked(Asked::Mail(open)) => {
                self.say(replies::SENDER_OK);
                State::Calm(Calm::Open(open))
            }
            State::Asked(Asked::Recipient(mut open, recipient)) => {
                open.transaction.recipients.push(recipient);
                self.say(replies::RECIPIENT_OK);
                State::Calm(Calm::Open(open))
            }
            State::Asked(Asked::Body(receiving)) => {
                if receiving.is_dotted() {
                    self.say(replies::START_BODY);
                }
                State::Receiving(receiving)
            }
            other => other,
        };
    }

    /// No to what the last action asked, with the reply for the client. A 421 closes.
    pub fn refuse(&mut self, reply: &Reply) {
        self.state = match std::mem::take(&mut self.state) {
            State::Asked(Asked::Mail(open)) => {
                self.record.sender = Some(open.transaction.sender);
                State::Calm(Calm::Greeted(open.greeted))
            }
            State::Asked(Asked::Recipient(open, recipient)) => {
                self.record.recipient = Some(recipient.address.to_string());
                State::Calm(Calm::Open(open))
            }
            State::Asked(Asked::Body(receiving)) => {
                self.state = self.refuse_body(receiving, reply);
                return;
            }
            other => other,
        };
        self.complain(reply);
    }

    /// The body cannot be kept: the rest of it is swallowed, then the client is told this.
    pub fn fail_body(&mut self, reply: &Reply) {
        self.state = match std::mem::take(&mut self.state) {
            State::Receiving(receiving) => self.fail_receiving(receiving, reply.clone()),
            other => other,
        };
    }

    /// The word on a complete body: a 2xx means that the message is ours now.
    pub fn answer(&mut self, reply: &Reply) {
        if let State::Asked(Asked::Answer(greeted)) = std::mem::take(&mut self.state) {
            self.state = State::Calm(Calm::Greeted(greeted));
        }
        self.tally.messages += 1;
        self.tally.idle = 0;
        if reply.is_positive() {
            self.record.accepted += 1;
        } else {
            self.record.refused = Some(reply.clone());
        }
        replies::write(&mut self.replies, reply);
        self.close_if_421(reply);
    }

    /// TLS is up: a new conversation begins, and nothing said before it counts (RFC 3207 section 4.2).
    pub fn secured(&mut self) {
        self.secured = true;
        self.record.helo.clear();
        self.record.sender = None;
        self.record.recipient = None;
        self.state = State::Calm(Calm::Fresh(Fresh));
    }

    /// Ends the session from outside (time-out, stop, no room) with a last reply.
    pub fn hang_up(&mut self, reply: &Reply, because: &str) {
        replies::write(&mut self.replies, reply);
        self.record.refused = Some(reply.clone());
        because.clone_into(&mut self.record.because);
        self.state = State::Closed;
    }

    /// True when it was us who ended the conversation, against the client's expectation.
    #[must_use]
    pub fn ended_by_us(&self) -> bool {
        matches!(self.state, State::Closed) && !self.record.because.is_empty()
    }

    /// What is to be recorded, at the end.
    #[must_use]
    pub fn into_record(mut self) -> Record {
        if let Some(greeted) = self.state.greeted()
            && self.record.helo.is_empty()
        {
            self.record.helo.clone_from(&greeted.helo);
        }
        if let Some(open) = self.state.transaction() {
            self.record.sender = Some(open.sender.clone());
        }
        self.record
    }

    fn unanswered(&mut self, asked: Asked) -> Step<'static> {
        self.state = State::Asked(asked);
        let reply = replies::not_now();
        match self.state {
            State::Asked(Asked::Answer(_)) => self.answer(&reply),
            _ => self.refuse(&reply),
        }
        Step { consumed: 0, action: Action::Continue }
    }

    fn read_line<'a>(&mut self, calm: Calm, input: &'a [u8]) -> Step<'a> {
        match self.take_line(input) {
            Err(action) => {
                self.leave(&calm);
                Step { consumed: 0, action }
            }
            Ok(None) => {
                self.state = State::Calm(calm);
                Step { consumed: 0, action: Action::More }
            }
            Ok(Some(line)) => {
                let last = line.consumed() == input.len();
                let action = match parse::command(line) {
                    Ok(command) => self.obey(calm, command, last),
                    Err(error) => self.misunderstand(State::Calm(calm), &error),
                };
                Step { consumed: line.consumed(), action }
            }
        }
    }

    fn read_line_between_chunks<'a>(&mut self, chunking: Chunking, input: &'a [u8]) -> Step<'a> {
        match self.take_line(input) {
            Err(action) => {
                self.leave(&Calm::Greeted(chunking.0.open.greeted));
                Step { consumed: 0, action }
            }
            Ok(None) => {
                self.state = State::Chunking(chunking);
                Step { consumed: 0, action: Action::More }
            }
            Ok(Some(line)) => {
                let last = line.consumed() == input.len();
                let action = match parse::command(line) {
                    Ok(command) => self.obey_between_chunks(chunking, command, last),
                    Err(error) => self.misunderstand(State::Chunking(chunking), &error),
                };
                Step { consumed: line.consumed(), action }
            }
        }
    }

    fn take_line<'a>(&mut self, input: &'a [u8]) -> Result<Option<Line<'a>>, Action<'static>> {
        match line::take(input, limits::EXTENDED_LINE_OCTETS) {
            Ok(Some(line)) => {
                self.record.lines += 1;
                Ok(Some(line))
            }
            Ok(None) => Ok(None),
            Err(error) => Err(self.break_off(error)),
        }
    }

    /// Closes over a broken line end.
    fn break_off(&mut self, error: LineError) -> Action<'static> {
        self.hang_up(&replies::line_error(error), &error.to_string());
        Action::Close
    }

    /// Keeps for the record what the state that ends knew.
    fn leave(&mut self, calm: &Calm) {
        if let Some(greeted) = calm.greeted() {
            self.record.helo.clone_from(&greeted.helo);
        }
        if let Calm::Open(open) = calm {
            self.record.sender = Some(open.transaction.sender.clone());
        }
    }

    fn say(&mut self, words: &str) {
        self.replies.extend_from_slice(words.as_bytes());
    }

    /// A refusal that counts as an error.
    fn complain(&mut self, reply: &Reply) {
        self.tally.errors += 1;
        self.refuse_kindly(reply);
        if reply.code() == 421 {
            self.close_if_421(reply);
        } else {
            self.close_after_errors();
        }
    }

    /// A refusal that does not.
    fn refuse_kindly(&mut self, reply: &Reply) {
        replies::write(&mut self.replies, reply);
        self.record.refused = Some(reply.clone());
    }

    fn close_if_421(&mut self, reply: &Reply) {
        if reply.code() == 421 {
            reply.text().clone_into(&mut self.record.because);
            if let State::Calm(calm) = std::mem::take(&mut self.state) {
                self.leave(&calm);
            }
        }
    }

    fn close_after_errors(&mut self) {
        if self.rules.maximum_errors == 0 || self.tally.errors < self.rules.maximum_errors {
            return;
        }
        if let State::Calm(calm) = std::mem::take(&mut self.state) {
            self.leave(&calm);
        }
        // The refusal that led here says more than the one that closes.
        let last_refusal = self.record.refused.take();
        self.hang_up(&replies::too_many_errors(), "too many refused commands");
        self.record.refused = last_refusal;
    }
}

/// True when a body of the declared size is over the limit.
fn too_big(rules: &Rules, octets: u64) -> bool {
    rules.maximum_size != 0 && octets > rules.maximum_size
}

fn declared_too_big(rules: &Rules, parameters: &MailParameters) -> bool {
    parameters.size.is_some_and(|size| too_big(rules, size))
}
