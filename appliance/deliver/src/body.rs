//! The message, read from the descriptor that came with the consignment.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use smtp::client::{BareLineEnd, BodyCheck, BodyFacts, BodyWriter, body};

use crate::limits;

/// Why the message cannot be sent, whoever the next hop is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// Our own disk.
    #[error("the message could not be read")]
    Unreadable(#[from] io::Error),
    /// It has a line end that must not be emitted.
    #[error("the message has {0}")]
    Bare(#[from] BareLineEnd),
}

/// A message that was checked and may be sent.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) facts: BodyFacts,
    size: u64,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// In its wire form, end of data included.
    Framed(Vec<u8>),
    /// To be read again while it is sent; the buffer is for the chunks.
    Streamed(Vec<u8>),
}

impl Body {
    /// Reads and checks a message of `size` octets, using `buffer` for it.
    ///
    /// The reads are blocking: the octets were written moments ago, or come from a queue that is
    /// not in a hurry.
    pub(crate) fn load(file: &File, size: u64, mut buffer: Vec<u8>) -> Result<Self, BodyError> {
        if size > limits::WHOLE_MESSAGE_OCTETS {
            let facts = check(file, size, &mut buffer)?;
            return Ok(Body { facts, size, form: Form::Streamed(buffer) });
        }
        buffer.clear();
        // Room for the end of data, so that the common case never moves the message.
        buffer.reserve(size as usize + 5);
        buffer.resize(size as usize, 0);
        file.read_exact_at(&mut buffer, 0)?;
        let facts = body::frame_whole(&mut buffer)?;
        Ok(Body { facts, size, form: Form::Framed(buffer) })
    }

    /// The wire form when it is in memory as a whole.
    pub(crate) fn framed(&self) -> Option<&[u8]> {
        match &self.form {
            Form::Framed(wire) => Some(wire),
            Form::Streamed(_) => None,
        }
    }

    /// Reads the wire form chunk by chunk from the start.
    pub(crate) fn stream<'a>(&mut self, file: &'a File) -> Streaming<'a> {
        let chunk = match &mut self.form {
            Form::Framed(_) => Vec::new(),
            Form::Streamed(buffer) => std::mem::take(buffer),
        };
        Streaming { file, size: self.size, at: 0, chunk, writer: Some(BodyWriter::default()) }
    }

    /// Gives the buffer back, unless it has grown beyond what is worth keeping.
    pub(crate) fn into_buffer(self) -> Vec<u8> {
        let (Form::Framed(buffer) | Form::Streamed(buffer)) = self.form;
        if buffer.capacity() > limits::KEPT_BUFFER_OCTETS { Vec::new() } else { buffer }
    }
}

fn check(file: &File, size: u64, chunk: &mut Vec<u8>) -> Result<BodyFacts, BodyError> {
    let mut check = BodyCheck::default();
    let mut at = 0;
    while at < size {
        at += read_chunk(file, at, size, chunk)?;
        check.feed(chunk)?;
    }
    Ok(check.finish()?)
}

/// Reads the next chunk, all of it or an error; returns its length.
fn read_chunk(file: &File, at: u64, size: u64, chunk: &mut Vec<u8>) -> io::Result<u64> {
    let length = (size - at).min(limits::CHUNK_OCTETS as u64);
    chunk.resize(length as usize, 0);
    file.read_exact_at(chunk, at)?;
    Ok(length)
}

/// A large message on its way.
#[derive(Debug)]
pub(crate) struct Streaming<'a> {
    file: &'a File,
    size: u64,
    at: u64,
    chunk: Vec<u8>,
    writer: Option<BodyWriter>,
}

impl Streaming<'_> {
    /// Appends the next piece of the wire form to `out`; false when there is none left.
    pub(crate) fn next(&mut self, out: &mut Vec<u8>) -> Result<bool, BodyError> {
        if self.at < self.size {
            self.at += read_chunk(self.file, self.at, self.size, &mut self.chunk)?;
            if let Some(writer) = &mut self.writer {
                writer.write(&self.chunk, out)?;
            }
            return Ok(true);
        }
        let Some(writer) = self.writer.take() else { return Ok(false) };
        writer.finish(out)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(octets: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(octets).unwrap();
        file
    }

    fn wire(octets: &[u8]) -> Result<Vec<u8>, BodyError> {
        let file = file(octets);
        let mut body = Body::load(&file, octets.len() as u64, Vec::new())?;
        if let Some(wire) = body.framed() {
            return Ok(wire.to_vec());
        }
        let mut out = Vec::new();
        let mut streaming = body.stream(&file);
        while streaming.next(&mut out)? {}
        Ok(out)
    }

    #[test]
    fn a_small_message_is_framed_in_memory() {
        assert_eq!(wire(b"a\r\n.b\r\n").unwrap(), b"a\r\n..b\r\n.\r\n");
    }

    #[test]
    fn a_large_message_is_streamed_and_the_same_on_the_wire() {
        let mut message = b"0123456789\r\n.dot\r\n".repeat(30_000);
        message.extend_from_slice(b"end");
        assert!(message.len() as u64 > limits::WHOLE_MESSAGE_OCTETS);
        let mut expected = message.clone();
        body::frame_whole(&mut expected).unwrap();
        assert!(wire(&message).unwrap() == expected);
    }

    #[test]
    fn a_bare_line_end_anywhere_stops_it_before_it_is_sent() {
        assert!(matches!(wire(b"a\n.\nb\r\n"), Err(BodyError::Bare(_))));
        let mut large = b"0123456789\r\n".repeat(40_000);
        large.extend_from_slice(b"\n.\r\n");
        let file = file(&large);
        assert!(matches!(
            Body::load(&file, large.len() as u64, Vec::new()),
            Err(BodyError::Bare(_))
        ));
    }

    #[test]
    fn a_message_shorter_than_told_is_unreadable_not_cut() {
        let file = file(b"short\r\n");
        let load = |size| Body::load(&file, size, Vec::new());
        assert!(matches!(load(8), Err(BodyError::Unreadable(_))));
        assert!(matches!(load(10_000_000), Err(BodyError::Unreadable(_))));
    }

    #[test]
    fn a_huge_buffer_is_not_kept() {
        let octets = b"0123456789\r\n".repeat(20_000);
        let file = file(&octets);
        let body = Body::load(&file, octets.len() as u64, Vec::new()).unwrap();
        assert_eq!(body.into_buffer().capacity(), 0);
    }
}
