//! Line ends, the strict way: a line ends in CR LF, and a CR or LF anywhere else is an error.
//!
//! Everything that frames SMTP by lines stands here, for reading and for writing, so that what we
//! accept and what we emit follow one grammar: whoever disagrees about where a message ends can
//! smuggle one (RFC 5321 section 2.3.8). Nothing here copies what it reads or keeps a buffer: the
//! caller holds the octets and drops what was consumed. Start with [`take`] for commands and
//! replies, [`DataReader`] for the body after DATA, [`ChunkCheck`] for BDAT, [`DataWriter`] for
//! sending.

use memchr::{memchr, memchr2};

/// Octets that break the rule about line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// A CR that no LF follows.
    #[error("a carriage return without a line feed")]
    BareCr,
    /// An LF that no CR precedes.
    #[error("a line feed without a carriage return")]
    BareLf,
    /// More octets than the limit without a line end.
    #[error("a line longer than {0} octets")]
    TooLong(usize),
}

/// One line without its CR LF. Can only be made by [`take`], from octets that were ended by CR LF
/// and hold no other CR or LF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a>(&'a [u8]);

impl<'a> Line<'a> {
    /// The octets, without the CR LF.
    #[must_use]
    pub fn octets(self) -> &'a [u8] {
        self.0
    }

    /// Octets that the line took from the input: its own and the CR LF.
    #[must_use]
    pub fn consumed(self) -> usize {
        self.0.len() + 2
    }
}

/// The first line of `input`, or `None` when its end has not come yet. `limit` counts the CR LF.
///
/// # Errors
/// [`LineError`]: the connection cannot be trusted to agree about line ends and must be closed.
pub fn take(input: &[u8], limit: usize) -> Result<Option<Line<'_>>, LineError> {
    let window = input.get(..limit).unwrap_or(input);
    let Some(at) = memchr2(b'\r', b'\n', window) else {
        return incomplete(input, limit);
    };
    match (input.get(at), input.get(at + 1)) {
        (Some(b'\n'), _) => Err(LineError::BareLf),
        (_, Some(b'\n')) if at + 2 > limit => Err(LineError::TooLong(limit)),
        (_, Some(b'\n')) => Ok(input.get(..at).map(Line)),
        (_, Some(_)) => Err(LineError::BareCr),
        (_, None) => incomplete(input, limit),
    }
}

fn incomplete(input: &[u8], limit: usize) -> Result<Option<Line<'_>>, LineError> {
    if input.len() >= limit { Err(LineError::TooLong(limit)) } else { Ok(None) }
}

/// What [`DataReader::read`] found at the start of its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Octets of the body, dots already unstuffed. May be empty.
    pub body: &'a [u8],
    /// Octets to drop from the input. When nothing was consumed and `end` is false, more input is
    /// needed.
    pub consumed: usize,
    /// The end-of-data line was consumed: the body is complete.
    pub end: bool,
}

/// Reads the body after DATA (RFC 5321 section 4.5.2) as slices of the input.
///
/// Octets that cannot be understood yet (a CR, a dot at the start of a line) are left unconsumed,
/// at most two of them, so there is no state but whether a line starts here.
#[derive(Debug, Clone, Copy)]
pub struct DataReader {
    line_start: bool,
}

impl Default for DataReader {
    fn default() -> Self {
        DataReader { line_start: true }
    }
}

impl DataReader {
    /// The next piece of `input`. Call again with the rest until nothing is consumed.
    ///
    /// # Errors
    /// A bare CR or LF; the connection must be closed.
    pub fn read<'a>(&mut self, input: &'a [u8]) -> Result<Piece<'a>, LineError> {
        if self.line_start
            && let [b'.', rest @ ..] = input
        {
            return self.read_dot(rest);
        }
        self.read_run(input)
    }

    /// `rest` follows a dot at the start of a line.
    fn read_dot<'a>(&mut self, rest: &'a [u8]) -> Result<Piece<'a>, LineError> {
        match rest {
            [b'\r', b'\n', ..] => {
                self.line_start = true;
                Ok(Piece { body: &[], consumed: 3, end: true })
            }
            [] | [b'\r'] => Ok(Piece { body: &[], consumed: 0, end: false }),
            [b'\r', ..] => Err(LineError::BareCr),
            [b'\n', ..] => Err(LineError::BareLf),
            _ => {
                // A stuffed dot. At least one octet follows, so the line no longer starts here.
                self.line_start = false;
                let piece = self.read_run(rest)?;
                Ok(Piece { consumed: piece.consumed + 1, ..piece })
            }
        }
    }

    /// Lines up to the next one that starts with a dot.
    fn read_run<'a>(&mut self, input: &'a [u8]) -> Result<Piece<'a>, LineError> {
        let mut from = 0;
        loop {
            let rest = input.get(from..).unwrap_or_default();
            if self.line_start && (rest.is_empty() || rest.first() == Some(&b'.')) {
                return Ok(piece(input, from));
            }
            let Some(at) = memchr2(b'\r', b'\n', rest) else {
                self.line_start &= rest.is_empty();
                return Ok(piece(input, input.len()));
            };
            match (rest.get(at), rest.get(at + 1)) {
                (Some(b'\n'), _) => return Err(LineError::BareLf),
                (_, Some(b'\n')) => self.line_start = true,
                (_, Some(_)) => return Err(LineError::BareCr),
                (_, None) => {
                    self.line_start &= at == 0;
                    return Ok(piece(input, from + at));
                }
            }
            from += at + 2;
        }
    }
}

fn piece(input: &[u8], length: usize) -> Piece<'_> {
    let body = input.get(..length).unwrap_or(input);
    Piece { body, consumed: body.len(), end: false }
}

/// Checks the octets of BDAT chunks (RFC 3030) for bare CR and LF. A CR LF may be cut by the end
/// of a chunk, so the check runs over the whole message.
#[derive(Debug, Clone, Copy, Default)]
pub struct ChunkCheck {
    after_cr: bool,
}

impl ChunkCheck {
    /// Looks at the next octets.
    ///
    /// # Errors
    /// A bare CR or LF; the connection must be closed.
    pub fn check(&mut self, input: &[u8]) -> Result<(), LineError> {
        let mut rest = input;
        if self.after_cr {
            rest = match input {
                [] => return Ok(()),
                [b'\n', rest @ ..] => rest,
                _ => return Err(LineError::BareCr),
            };
            self.after_cr = false;
        }
        while let Some(at) = memchr2(b'\r', b'\n', rest) {
            match (rest.get(at), rest.get(at + 1)) {
                (Some(b'\n'), _) => return Err(LineError::BareLf),
                (_, Some(b'\n')) => rest = rest.get(at + 2..).unwrap_or_default(),
                (_, Some(_)) => return Err(LineError::BareCr),
                (_, None) => {
                    self.after_cr = true;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The message ends here.
    ///
    /// # Errors
    /// [`LineError::BareCr`] when the last octet was a CR.
    pub fn finish(self) -> Result<(), LineError> {
        if self.after_cr { Err(LineError::BareCr) } else { Ok(()) }
    }
}

/// Writes a body for DATA: dots stuffed, ended by `CR LF . CR LF`. Refuses to emit a bare CR or LF.
#[derive(Debug, Clone, Copy)]
pub struct DataWriter {
    line_start: bool,
    check: ChunkCheck,
}

impl Default for DataWriter {
    fn default() -> Self {
        DataWriter { line_start: true, check: ChunkCheck::default() }
    }
}

impl DataWriter {
    /// Appends the next octets of the body to `out`. Call as often as the body has pieces; they may
    /// be cut anywhere.
    ///
    /// # Errors
    /// The body holds a bare CR or LF: it must not be sent, since the next hop may see another end.
    pub fn write(&mut self, body: &[u8], out: &mut Vec<u8>) -> Result<(), LineError> {
        self.check.check(body)?;
        out.reserve(body.len() + 8);
        let mut rest = body;
        while !rest.is_empty() {
            if self.line_start && rest.first() == Some(&b'.') {
                out.push(b'.');
            }
            // After the check every LF ends a line.
            let length = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (line, after) = rest.split_at(length);
            out.extend_from_slice(line);
            self.line_start = line.last() == Some(&b'\n');
            rest = after;
        }
        Ok(())
    }

    /// Appends the end-of-data line, after a CR LF where the body did not end in one.
    ///
    /// # Errors
    /// [`LineError::BareCr`] when the body ended in a CR.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<(), LineError> {
        self.check.finish()?;
        if !self.line_start {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Taken<'a> = Result<Option<&'a [u8]>, LineError>;

    fn decode(wire: &[u8], cut: usize) -> Result<(Vec<u8>, Option<usize>), LineError> {
        let mut reader = DataReader::default();
        let (mut body, mut start, mut seen) = (Vec::new(), 0, 0);
        while seen < wire.len() {
            seen = (seen + cut).min(wire.len());
            loop {
                let piece = reader.read(&wire[start..seen])?;
                body.extend_from_slice(piece.body);
                start += piece.consumed;
                if piece.end {
                    return Ok((body, Some(start)));
                }
                if piece.consumed == 0 {
                    break;
                }
            }
        }
        Ok((body, None))
    }

    #[test]
    fn lines_end_in_cr_lf_only() {
        let cases: &[(&[u8], Taken<'_>)] = &[
            (b"", Ok(None)),
            (b"QUIT", Ok(None)),
            (b"QUIT\r", Ok(None)),
            (b"QUIT\r\n", Ok(Some(b"QUIT"))),
            (b"QUIT\r\nNOOP\r\n", Ok(Some(b"QUIT"))),
            (b"\r\n", Ok(Some(b""))),
            (b"QUIT\n", Err(LineError::BareLf)),
            (b"\nQUIT\r\n", Err(LineError::BareLf)),
            (b"QUIT\rX\r\n", Err(LineError::BareCr)),
            (b"QUIT\r\r\n", Err(LineError::BareCr)),
            (b"A\0B\r\n", Ok(Some(b"A\0B"))),
        ];
        for (input, expected) in cases {
            let taken = take(input, 512).map(|line| line.map(Line::octets));
            assert_eq!(taken, *expected, "{:?}", String::from_utf8_lossy(input));
        }
    }

    #[test]
    fn the_limit_of_a_line_counts_its_end() {
        for length in 0..12usize {
            let mut wire = vec![b'x'; length];
            wire.extend_from_slice(b"\r\n");
            let taken = take(&wire, 10);
            assert_eq!(taken.is_ok(), length + 2 <= 10, "{length}");
        }
        assert_eq!(take(&[b'x'; 10], 10), Err(LineError::TooLong(10)));
        assert_eq!(take(&[b'x'; 9], 10), Ok(None));
        assert_eq!(take(b"xxxxxxxxx\r", 10), Err(LineError::TooLong(10)));
    }

    #[test]
    fn bodies_are_unstuffed_however_they_are_cut() {
        let cases: &[(&[u8], &[u8])] = &[
            (b".\r\n", b""),
            (b"a\r\n.\r\n", b"a\r\n"),
            (b"..\r\n.\r\n", b".\r\n"),
            (b"...\r\n.\r\n", b"..\r\n"),
            (b".a\r\n.\r\n", b"a\r\n"),
            (b"a.b\r\n\r\n..\r\n..x\r\n.\r\n", b"a.b\r\n\r\n.\r\n.x\r\n"),
            (b"\r\n\r\n.\r\n", b"\r\n\r\n"),
            (b"a \0 \xff\r\n.\r\n", b"a \0 \xff\r\n"),
        ];
        for (wire, body) in cases {
            for cut in 1..=wire.len() {
                let decoded = decode(wire, cut).unwrap();
                assert_eq!(decoded, (body.to_vec(), Some(wire.len())), "{wire:?} cut {cut}");
            }
        }
    }

    #[test]
    fn what_follows_the_end_of_data_is_left_alone() {
        let wire = b"a\r\n.\r\nMAIL FROM:<x@y.test>\r\n";
        assert_eq!(decode(wire, wire.len()).unwrap(), (b"a\r\n".to_vec(), Some(6)));
    }

    #[test]
    fn smuggled_ends_of_data_are_refused_however_they_are_cut() {
        let ends: &[&[u8]] = &[
            b"\n.\n",
            b"\n.\r\n",
            b"\r\n.\n",
            b"\r.\r",
            b"\r\n.\r",
            b"\r.\r\n",
            b"\n.\r",
            b"\r.\n",
            b"\r\r\n.\r\n",
            b"\r\n.\r\r\n",
            b"\n\n.\r\n",
            b"\n\r.\n\r",
            b"\r\n.\n\r\n",
            b"\r\n.\r \n",
            b"\n\r\n.\r\n",
            b"\r\n\n.\r\n",
            b"\r\n\r.\r\n",
            b"\r\n.\r\0\n",
            b"\r\0\n.\r\n",
        ];
        for end in ends {
            let mut wire = b"body".to_vec();
            wire.extend_from_slice(end);
            wire.extend_from_slice(b"MAIL FROM:<smuggled@x.test>\r\n.\r\n");
            for cut in 1..=wire.len() {
                assert!(decode(&wire, cut).is_err(), "{end:?} cut {cut}");
            }
        }
    }

    #[test]
    fn near_ends_of_data_are_body() {
        for middle in ["\r\n. \r\n", "\r\n.\0\r\n", "\r\n.\t\r\n", "\r\n .\r\n", "\r\n..\r\n"] {
            let wire = format!("a{middle}b\r\n.\r\n");
            let (body, end) = decode(wire.as_bytes(), wire.len()).unwrap();
            assert_eq!(end, Some(wire.len()), "{middle:?}");
            assert!(body.ends_with(b"b\r\n"), "{middle:?}");
        }
    }

    #[test]
    fn chunks_may_cut_a_line_end_but_not_break_it() {
        let mut check = ChunkCheck::default();
        for chunk in [&b"a\r"[..], b"", b"\nb\r\n", b"\r", b"\n"] {
            assert_eq!(check.check(chunk), Ok(()));
        }
        assert_eq!(check.finish(), Ok(()));
        for bad in [&b"a\nb"[..], b"\n", b"a\rb", b"\r\r\n", b"\r\n\n"] {
            for cut in 0..=bad.len() {
                let mut check = ChunkCheck::default();
                let (one, two) = bad.split_at(cut);
                let result = check.check(one).and_then(|()| check.check(two));
                assert!(result.is_err(), "{bad:?} cut {cut}");
            }
        }
        let mut check = ChunkCheck::default();
        assert_eq!(check.check(b"a\r"), Ok(()));
        assert_eq!(check.finish(), Err(LineError::BareCr));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let bodies: &[&[u8]] =
            &[b"", b".", b".\r\n", b"a", b"..\r\n.a\r\n\r\n.", b"\r\n.\r\nMAIL FROM:<>\r\n"];
        for body in bodies {
            for cut in 1..=body.len().max(1) {
                let (mut writer, mut wire) = (DataWriter::default(), Vec::new());
                for part in body.chunks(cut) {
                    writer.write(part, &mut wire).unwrap();
                }
                writer.finish(&mut wire).unwrap();
                let (mut back, end) = decode(&wire, wire.len()).unwrap();
                assert_eq!(end, Some(wire.len()));
                if !body.ends_with(b"\r\n") && back.len() == body.len() + 2 {
                    back.truncate(body.len());
                }
                assert_eq!(back, *body, "cut {cut}");
            }
        }
    }

    #[test]
    fn no_bare_line_end_is_ever_written() {
        for bad in [&b"a\nb"[..], b"a\rb", b"\r\n.\n", b"\n.\r\n", b"\r.\r\n"] {
            let mut out = Vec::new();
            assert!(DataWriter::default().write(bad, &mut out).is_err());
        }
        let (mut writer, mut out) = (DataWriter::default(), Vec::new());
        writer.write(b"a\r", &mut out).unwrap();
        assert!(writer.finish(&mut out).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_cut_reads_the_same(wire in "[ab.\r\n]{0,40}", cut in 1usize..10) {
            let whole = decode(wire.as_bytes(), wire.len().max(1));
            let pieces = decode(wire.as_bytes(), cut);
            match (whole, pieces) {
                (Ok(one), Ok(two)) => proptest::prop_assert_eq!(one, two),
                // What comes after the end of data is not looked at, whatever it is.
                (one, two) => proptest::prop_assert_eq!(one.is_err(), two.is_err()),
            }
        }
    }
}
