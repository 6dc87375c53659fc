//! The body: DATA and BDAT framing, and the swallowing of bodies that are refused.

use mail::Reply;

use super::states::{Asked, Calm, Chunking, Draining, Framing, Open, Receiving, Skipping, State};
use super::{Action, Session, Step, replies, too_big};
use crate::line::{ChunkCheck, DataReader, LineError};

impl Session {
    /// The shell has no room for the body that was announced.
    pub(super) fn refuse_body(&mut self, receiving: Receiving, reply: &Reply) -> State {
        let greeted = receiving.open.greeted;
        self.record.sender = Some(receiving.open.transaction.sender);
        match receiving.framing {
            // No 354 was said, so no body comes.
            Framing::Dotted(_) => {
                self.refuse_kindly(reply);
                State::Calm(Calm::Greeted(greeted))
            }
            Framing::Chunked { left, .. } => {
                State::Skipping(Skipping { greeted: Some(greeted), left, reply: reply.clone() })
            }
        }
    }

    /// The body cannot be kept: the rest is swallowed.
    pub(super) fn fail_receiving(&mut self, receiving: Receiving, reply: Reply) -> State {
        let greeted = receiving.open.greeted;
        self.record.sender = Some(receiving.open.transaction.sender);
        match receiving.framing {
            Framing::Dotted(reader) => State::Draining(Draining { greeted, reader, reply }),
            Framing::Chunked { left, .. } => {
                State::Skipping(Skipping { greeted: Some(greeted), left, reply })
            }
        }
    }

    pub(super) fn read_body<'a>(&mut self, receiving: Receiving, input: &'a [u8]) -> Step<'a> {
        let Receiving { open, framing } = receiving;
        let parts = match framing {
            Framing::Dotted(reader) => read_dotted(reader, input),
            Framing::Chunked { check, size, left, last } => {
                read_chunk(check, size, left, last, input)
            }
        };
        match parts {
            Ok(part) => self.keep(open, part),
            Err(error) => {
                self.leave(&Calm::Open(open));
                Step { consumed: 0, action: self.break_off(error) }
            }
        }
    }

    /// Hands on what was read and decides the state after it.
    fn keep<'a>(&mut self, mut open: Open, part: Part<'a>) -> Step<'a> {
        let Part { body, consumed, framing, end } = part;
        open.transaction.octets = open.transaction.octets.saturating_add(body.len() as u64);
        let octets = open.transaction.octets;
        let receiving = Receiving { open, framing };
        if too_big(&self.rules, octets) {
            let reply = replies::too_big(self.rules.maximum_size);
            self.state = self.fail_receiving(receiving, reply);
            return Step { consumed, action: Action::BodyAbandoned };
        }
        let action = match end {
            End::Message => self.complete(receiving),
            End::Chunk(size) => {
                replies::chunk_ok(&mut self.replies, size);
                self.state = State::Chunking(Chunking(receiving));
                Action::Continue
            }
            End::No => {
                self.state = State::Receiving(receiving);
                if consumed == 0 { Action::More } else { Action::Body(body) }
            }
        };
        Step { consumed, action }
    }

    fn complete(&mut self, receiving: Receiving) -> Action<'static> {
        let open = receiving.open;
        self.state = State::Asked(Asked::Answer(open.greeted));
        Action::BodyEnd(open.transaction)
    }

    /// Swallows a refused body up to its end-of-data line.
    pub(super) fn drain<'a>(&mut self, mut draining: Draining, input: &'a [u8]) -> Step<'a> {
        match draining.reader.read(input) {
            Err(error) => Step { consumed: 0, action: self.break_off(error) },
            Ok(piece) if piece.end => {
                self.state = State::Calm(Calm::Greeted(draining.greeted));
                self.refuse_kindly(&draining.reply);
                self.close_if_421(&draining.reply);
                Step { consumed: piece.consumed, action: Action::Continue }
            }
            Ok(piece) => {
                self.state = State::Draining(draining);
                let action = if piece.consumed == 0 { Action::More } else { Action::Continue };
                Step { consumed: piece.consumed, action }
            }
        }
    }

    /// Swallows a refused chunk.
    pub(super) fn skip<'a>(&mut self, mut skipping: Skipping, input: &'a [u8]) -> Step<'a> {
        let consumed = bounded(skipping.left, input).len();
        skipping.left = skipping.left.saturating_sub(consumed as u64);
        if skipping.left > 0 {
            self.state = State::Skipping(skipping);
            return Step { consumed, action: Action::More };
        }
        self.state = State::Calm(skipping.greeted.into());
        self.complain(&skipping.reply);
        Step { consumed, action: Action::Continue }
    }
}

#[derive(Debug)]
enum End {
    No,
    /// Of a chunk of this many octets that is not the last.
    Chunk(u64),
    Message,
}

/// What one look at the input gave. A piece of body and an end never come together.
struct Part<'a> {
    body: &'a [u8],
    consumed: usize,
    framing: Framing,
    end: End,
}

fn read_dotted(mut reader: DataReader, input: &[u8]) -> Result<Part<'_>, LineError> {
    let piece = reader.read(input)?;
    let end = if piece.end { End::Message } else { End::No };
    Ok(Part { body: piece.body, consumed: piece.consumed, framing: Framing::Dotted(reader), end })
}

fn read_chunk(
    mut check: ChunkCheck,
    size: u64,
    left: u64,
    last: bool,
    input: &[u8],
) -> Result<Part<'_>, LineError> {
    if left == 0 {
        let end = if last { End::Message } else { End::Chunk(size) };
        if last {
            check.finish()?;
        }
        let framing = Framing::Chunked { check, size, left, last };
        return Ok(Part { body: &[], consumed: 0, framing, end });
    }
    let body = bounded(left, input);
    check.check(body)?;
    let left = left.saturating_sub(body.len() as u64);
    let framing = Framing::Chunked { check, size, left, last };
    Ok(Part { body, consumed: body.len(), framing, end: End::No })
}

/// At most `limit` octets of `input`.
fn bounded(limit: u64, input: &[u8]) -> &[u8] {
    let length = usize::try_from(limit).unwrap_or(usize::MAX).min(input.len());
    input.get(..length).unwrap_or(input)
}
