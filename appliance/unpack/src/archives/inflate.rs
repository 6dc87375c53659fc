//! Deflate out of a slice. Unlike most readers it says when the stream ends before its end, and how
//! many octets it took: what comes after is found by that.

use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress, Status};

/// A reader of one deflate stream.
pub(crate) struct Inflate<'a> {
    state: Decompress,
    packed: &'a [u8],
    is_at_end: bool,
}

impl<'a> Inflate<'a> {
    /// A raw stream (RFC 1951).
    pub(crate) fn raw(packed: &'a [u8]) -> Self {
        Inflate { state: Decompress::new(false), packed, is_at_end: false }
    }

    /// A stream with a zlib header (RFC 1950).
    pub(crate) fn zlib(packed: &'a [u8]) -> Self {
        Inflate { state: Decompress::new(true), packed, is_at_end: false }
    }

    /// Octets that belong to the stream, as far as it was read.
    pub(crate) fn taken_octets(&self) -> usize {
        crate::octets::length(self.state.total_in())
    }

    /// Whether the end of the stream was seen.
    pub(crate) fn is_at_end(&self) -> bool {
        self.is_at_end
    }
}

impl Read for Inflate<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.is_at_end || out.is_empty() {
            return Ok(0);
        }
        let (before_in, before_out) = (self.state.total_in(), self.state.total_out());
        let status = self.state.decompress(self.packed, out, FlushDecompress::None)?;
        let taken = crate::octets::length(self.state.total_in() - before_in);
        let given = crate::octets::length(self.state.total_out() - before_out);
        self.packed = self.packed.get(taken..).unwrap_or_default();
        self.is_at_end = status == Status::StreamEnd;
        if given == 0 && !self.is_at_end {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "compressed data cut short"));
        }
        Ok(given)
    }
}
