//! The message as it goes over the wire after 354: lines ended by CR LF, dots doubled, one end.
//!
//! The writer proves what it emits: a CR without LF, or an LF without CR, stops it. So no receiver,
//! however it reads line ends, can see the end of the data where we did not write it (SMTP
//! smuggling; promise S5). Such a message is refused before its first octet is sent.

/// Why a message cannot be sent as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BareLineEnd {
    /// A CR that no LF follows.
    #[error("a carriage return without line feed at octet {0}")]
    CarriageReturn(u64),
    /// An LF that no CR precedes.
    #[error("a line feed without carriage return at octet {0}")]
    LineFeed(u64),
}

/// What the check found out about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BodyFacts {
    /// Some octet is above 127.
    pub eight_bit: bool,
    /// Lines that begin with a dot.
    pub dots: u64,
    /// The last line has no end of its own; one is added on the wire.
    pub open_end: bool,
}

/// Where the last chunk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    LineStart,
    Inside,
    AfterCr,
}

#[derive(Debug)]
struct Scanner {
    edge: Edge,
    seen: u64,
}

impl Scanner {
    fn new() -> Self {
        Scanner { edge: Edge::LineStart, seen: 0 }
    }

    /// Goes over a chunk; `dot` is told the offset of every dot that begins a line.
    fn scan(&mut self, chunk: &[u8], mut dot: impl FnMut(usize)) -> Result<(), BareLineEnd> {
        let Some(first) = chunk.first() else { return Ok(()) };
        let mut at = 0;
        if self.edge == Edge::AfterCr {
            if *first != b'\n' {
                return Err(BareLineEnd::CarriageReturn(self.seen.saturating_sub(1)));
            }
            at = 1;
            self.edge = Edge::LineStart;
        }
        while let Some(rest) = chunk.get(at..).filter(|rest| !rest.is_empty()) {
            if self.edge == Edge::LineStart && rest.first() == Some(&b'.') {
                dot(at);
            }
            self.edge = Edge::Inside;
            let Some(hit) = memchr::memchr2(b'\r', b'\n', rest) else { break };
            let place = self.seen + (at + hit) as u64;
            match (rest.get(hit), rest.get(hit + 1)) {
                (Some(b'\r'), Some(b'\n')) => self.edge = Edge::LineStart,
                (Some(b'\r'), None) => self.edge = Edge::AfterCr,
                (Some(b'\r'), Some(_)) => return Err(BareLineEnd::CarriageReturn(place)),
                _ => return Err(BareLineEnd::LineFeed(place)),
            }
            at += hit + 2;
        }
        self.seen += chunk.len() as u64;
        Ok(())
    }

    fn finish(&self) -> Result<Edge, BareLineEnd> {
        match self.edge {
            Edge::AfterCr => Err(BareLineEnd::CarriageReturn(self.seen.saturating_sub(1))),
            edge => Ok(edge),
        }
    }
}

/// Checks a message chunk by chunk, without writing anything.
#[derive(Debug)]
pub struct BodyCheck {
    scanner: Scanner,
    facts: BodyFacts,
}

impl Default for BodyCheck {
    fn default() -> Self {
        BodyCheck { scanner: Scanner::new(), facts: BodyFacts::default() }
    }
}

impl BodyCheck {
    /// Takes the next chunk.
    ///
    /// # Errors
    /// [`BareLineEnd`]: the message must not be sent.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<(), BareLineEnd> {
        let facts = &mut self.facts;
        facts.eight_bit |= !chunk.is_ascii();
        self.scanner.scan(chunk, |_| facts.dots += 1)
    }

    /// The facts, once all chunks were seen.
    ///
    /// # Errors
    /// [`BareLineEnd`] when the message ends in a CR.
    pub fn finish(self) -> Result<BodyFacts, BareLineEnd> {
        let open_end = self.scanner.finish()? == Edge::Inside;
        Ok(BodyFacts { open_end, ..self.facts })
    }
}

/// Writes a message chunk by chunk with its dots doubled, checking it on the way.
#[derive(Debug)]
pub struct BodyWriter {
    scanner: Scanner,
}

impl Default for BodyWriter {
    fn default() -> Self {
        BodyWriter { scanner: Scanner::new() }
    }
}

impl BodyWriter {
    /// Appends the wire form of the next chunk to `out`.
    ///
    /// # Errors
    /// [`BareLineEnd`]; the connection must then be dropped without an end of data. Messages are
    /// checked before they are sent, so this is a file that changed under us.
    pub fn write(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), BareLineEnd> {
        let mut copied = 0;
        self.scanner.scan(chunk, |dot| {
            out.extend_from_slice(chunk.get(copied..dot).unwrap_or_default());
            out.push(b'.');
            copied = dot;
        })?;
        out.extend_from_slice(chunk.get(copied..).unwrap_or_default());
        Ok(())
    }

    /// Appends the end of data.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn finish(self, out: &mut Vec<u8>) -> Result<(), BareLineEnd> {
        if self.scanner.finish()? == Edge::Inside {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
        Ok(())
    }
}

/// Turns a whole message in memory into its wire form, end of data included, copying it only when
/// some line begins with a dot.
///
/// # Errors
/// [`BareLineEnd`]: the message must not be sent.
pub fn frame_whole(message: &mut Vec<u8>) -> Result<BodyFacts, BareLineEnd> {
    let mut check = BodyCheck::default();
    check.feed(message)?;
    let facts = check.finish()?;
    if facts.dots == 0 {
        let end: &[u8] = if facts.open_end { b"\r\n.\r\n" } else { b".\r\n" };
        message.extend_from_slice(end);
        return Ok(facts);
    }
    let mut framed = Vec::with_capacity(message.len() + facts.dots as usize + 5);
    let mut writer = BodyWriter::default();
    writer.write(message, &mut framed)?;
    writer.finish(&mut framed)?;
    *message = framed;
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framed(message: &[u8]) -> Result<Vec<u8>, BareLineEnd> {
        let mut octets = message.to_vec();
        frame_whole(&mut octets)?;
        Ok(octets)
    }

    fn framed_in_pieces(message: &[u8], piece: usize) -> Result<Vec<u8>, BareLineEnd> {
        let mut out = Vec::new();
        let mut writer = BodyWriter::default();
        for chunk in message.chunks(piece) {
            writer.write(chunk, &mut out)?;
        }
        writer.finish(&mut out)?;
        Ok(out)
    }

    /// What a strict receiver reads: lines until a lone dot, dots undone, and what is left over.
    fn received(wire: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let mut message = Vec::new();
        let mut rest = wire;
        loop {
            let end = rest.windows(2).position(|two| two == b"\r\n").unwrap() + 2;
            let (line, after) = rest.split_at(end);
            rest = after;
            if line == b".\r\n" {
                return (message, rest.to_vec());
            }
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        }
    }

    #[test]
    fn lines_with_dots_are_doubled() {
        assert_eq!(framed(b".\r\n..a\r\nb.\r\n").unwrap(), b"..\r\n...a\r\nb.\r\n.\r\n");
        assert_eq!(framed(b"").unwrap(), b".\r\n");
        assert_eq!(framed(b"a").unwrap(), b"a\r\n.\r\n");
        assert_eq!(framed(b".").unwrap(), b"..\r\n.\r\n");
    }

    #[test]
    fn smuggled_ends_of_data_are_never_emitted() {
        for variant in [
            &b"a\n.\nMAIL FROM:<x@y.test>\r\n"[..],
            b"a\n.\r\nMAIL FROM:<x@y.test>\r\n",
            b"a\r\n.\nMAIL FROM:<x@y.test>\r\n",
            b"a\r.\rMAIL FROM:<x@y.test>\r\n",
            b"a\r.\r\nMAIL\r\n",
            b"a\r\n.\rMAIL\r\n",
            b"a\r\r\n.\r\r\nMAIL\r\n",
            b"a\n\r\n.\r\n",
            b"\n.\r\n",
            b"\r.\r\n",
            b"a\r\n\n.\r\n",
            b"a\r\0\n.\r\n",
            b"a\r",
            b"a\n",
        ] {
            assert!(framed(variant).is_err(), "{variant:?}");
            for piece in 1..variant.len() {
                assert!(framed_in_pieces(variant, piece).is_err(), "{variant:?} by {piece}");
            }
        }
    }

    #[test]
    fn the_place_of_a_bare_line_end_is_told() {
        assert_eq!(framed(b"ab\ncd\r\n"), Err(BareLineEnd::LineFeed(2)));
        assert_eq!(framed(b"ab\rcd\r\n"), Err(BareLineEnd::CarriageReturn(2)));
        assert_eq!(framed_in_pieces(b"ab\rcd\r\n", 3), Err(BareLineEnd::CarriageReturn(2)));
        assert_eq!(framed(b"ab\r"), Err(BareLineEnd::CarriageReturn(2)));
    }

    #[test]
    fn eight_bit_octets_are_noticed() {
        let mut octets = "gr\u{fc}n\r\n".as_bytes().to_vec();
        assert!(frame_whole(&mut octets).unwrap().eight_bit);
        assert!(!frame_whole(&mut b"green\r\n".to_vec()).unwrap().eight_bit);
    }

    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let octet = prop_oneof![Just(b'.'), Just(b'\r'), Just(b'\n'), Just(b'a'), Just(0xffu8)];
        proptest::collection::vec(octet, 0..40)
    }

    fn strict() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![Just("\r\n"), Just("."), Just("a"), Just("..b")];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
    }

    proptest! {
        #[test]
        fn nothing_bare_is_ever_emitted(message in hostile(), piece in 1usize..8) {
            let whole = framed(&message);
            prop_assert_eq!(&whole, &framed_in_pieces(&message, piece));
            if let Ok(wire) = whole {
                let text = String::from_utf8_lossy(&wire).replace("\r\n", "");
                prop_assert!(!text.contains(['\r', '\n']));
                prop_assert!(received(&wire).1.is_empty());
            }
        }

        #[test]
        fn what_is_received_is_what_was_given(message in strict(), piece in 1usize..8) {
            let wire = framed_in_pieces(&message, piece).unwrap();
            let (mut got, rest) = received(&wire);
            prop_assert!(rest.is_empty());
            if !message.is_empty() && !message.ends_with(b"\r\n") {
                got.truncate(got.len() - 2);
            }
            prop_assert_eq!(got, message);
        }
    }
}
