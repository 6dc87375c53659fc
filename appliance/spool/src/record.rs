//! One record: the unit that is there whole or not at all. Pure; decodes any octets.
//!
//! ```text
//! octets   0..4   "GPr1"            24..28  octets of the head
//!          4      kind              28..32  CRC32C of the head
//!          5      1 = first of its  32..36  CRC32C of the body
//!                 group commit      36..40  CRC32C of salt, offset and octets 0..36
//!          6..8   0                 40..    head, then body (unless it has its own file)
//!          8..16  message id        16..24  octets of the body
//! ```
//! All numbers are little-endian. The salt is the segment's own secret: a mail whose text looks
//! like a record is not taken for one, and neither is a record at a place where it was not written.

use mail::MessageId;

use crate::limits;

/// Octets of a header.
pub const HEADER: usize = 40;
/// What every record begins with.
pub const MAGIC: &[u8; 4] = b"GPr1";

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A message: envelope in the head, then the body.
    Message,
    /// A message whose body is a file of its own.
    LargeMessage,
    /// The segment is complete; nothing follows.
    Close,
    /// Journal: the message is live, and lies at the place in the head.
    Adopt,
    /// Journal: the latest state of a message.
    State,
    /// Journal: the message is finished.
    Finish,
    /// Journal: every message of a segment is in the journal.
    Complete,
}

impl Kind {
    fn number(self) -> u8 {
        match self {
            Kind::Message => 1,
            Kind::LargeMessage => 2,
            Kind::Close => 3,
            Kind::Adopt => 16,
            Kind::State => 17,
            Kind::Finish => 18,
            Kind::Complete => 19,
        }
    }

    fn of(number: u8) -> Option<Kind> {
        let kinds = [
            Kind::Message,
            Kind::LargeMessage,
            Kind::Close,
            Kind::Adopt,
            Kind::State,
            Kind::Finish,
            Kind::Complete,
        ];
        kinds.into_iter().find(|kind| kind.number() == number)
    }
}

/// Why octets are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Fewer octets than a header, or than the header announces.
    #[error("the record is cut short")]
    Short,
    /// It does not begin like one.
    #[error("there is no record")]
    Magic,
    /// The header was not written here, or was changed.
    #[error("the header does not match its checksum")]
    Header,
    /// A kind or a size that no version has written.
    #[error("the header makes no sense")]
    Nonsense,
    /// The head was changed.
    #[error("the head does not match its checksum")]
    Head,
}

/// A record's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What it is.
    pub kind: Kind,
    /// It was the first of its group: everything before it was durable when it was written.
    pub first: bool,
    /// The message.
    pub id: MessageId,
    /// Octets of the body, wherever it is.
    pub body_length: u64,
    /// Octets of the head.
    pub head_length: u32,
    /// CRC32C of the head.
    pub head_crc: u32,
    /// CRC32C of the body.
    pub body_crc: u32,
}

/// The checksum of a body (CRC32C).
#[must_use]
pub fn checksum(body: &[u8]) -> u32 {
    crc32c::crc32c(body)
}

/// Four octets as a number; 0 beyond the end.
pub(crate) fn number32(octets: &[u8], at: usize) -> u32 {
    let part = octets.get(at..at + 4).and_then(|part| part.try_into().ok());
    part.map_or(0, u32::from_le_bytes)
}

/// Eight octets as a number; 0 beyond the end.
pub(crate) fn number64(octets: &[u8], at: usize) -> u64 {
    let part = octets.get(at..at + 8).and_then(|part| part.try_into().ok());
    part.map_or(0, u64::from_le_bytes)
}

fn put(target: &mut [u8], at: usize, octets: &[u8]) {
    if let Some(part) = target.get_mut(at..at + octets.len()) {
        part.copy_from_slice(octets);
    }
}

fn header_crc(octets: &[u8], salt: u64, offset: u64) -> u32 {
    let start = crc32c::crc32c(&salt.to_le_bytes());
    let place = crc32c::crc32c_append(start, &offset.to_le_bytes());
    crc32c::crc32c_append(place, octets.get(..36).unwrap_or_default())
}

impl Header {
    /// The header of a record without a body.
    #[must_use]
    pub fn new(kind: Kind, id: MessageId, head: &[u8]) -> Self {
        Header {
            kind,
            first: false,
            id,
            body_length: 0,
            head_length: u32::try_from(head.len()).unwrap_or(u32::MAX),
            head_crc: crc32c::crc32c(head),
            body_crc: 0,
        }
    }

    /// Octets of the whole record in its segment.
    #[must_use]
    pub fn length(&self) -> u64 {
        let inline = if self.kind == Kind::LargeMessage { 0 } else { self.body_length };
        (HEADER as u64 + u64::from(self.head_length)).saturating_add(inline)
    }

    /// The octets of the header for a record at `offset` of the segment with this salt.
    #[must_use]
    pub fn encode(&self, salt: u64, offset: u64) -> [u8; HEADER] {
        let mut octets = [0; HEADER];
        put(&mut octets, 0, MAGIC);
        put(&mut octets, 4, &[self.kind.number(), u8::from(self.first)]);
        put(&mut octets, 8, &self.id.0.to_le_bytes());
        put(&mut octets, 16, &self.body_length.to_le_bytes());
        put(&mut octets, 24, &self.head_length.to_le_bytes());
        put(&mut octets, 28, &self.head_crc.to_le_bytes());
        put(&mut octets, 32, &self.body_crc.to_le_bytes());
        let crc = header_crc(&octets, salt, offset);
        put(&mut octets, 36, &crc.to_le_bytes());
        octets
    }

    /// Reads the header of a record at `offset`.
    ///
    /// # Errors
    /// [`RecordError`], when these octets were not written here.
    pub fn decode(octets: &[u8], salt: u64, offset: u64) -> Result<Self, RecordError> {
        let octets = octets.get(..HEADER).ok_or(RecordError::Short)?;
        if !octets.starts_with(MAGIC) {
            return Err(RecordError::Magic);
        }
        if number32(octets, 36) != header_crc(octets, salt, offset) {
            return Err(RecordError::Header);
        }
        Header::read(octets)
    }

    /// Reads the fields, the checksum left aside.
    fn read(octets: &[u8]) -> Result<Self, RecordError> {
        let octet = |at: usize| octets.get(at).copied().unwrap_or_default();
        let header = Header {
            kind: Kind::of(octet(4)).ok_or(RecordError::Nonsense)?,
            first: octet(5) == 1,
            id: MessageId(number64(octets, 8)),
            body_length: number64(octets, 16),
            head_length: number32(octets, 24),
            head_crc: number32(octets, 28),
            body_crc: number32(octets, 32),
        };
        if header.head_length as usize > limits::HEAD_OCTETS {
            return Err(RecordError::Nonsense);
        }
        Ok(header)
    }

    /// Checks the head that was read after the header.
    ///
    /// # Errors
    /// [`RecordError::Head`] or [`RecordError::Short`].
    pub fn check_head(&self, head: &[u8]) -> Result<(), RecordError> {
        if head.len() != self.head_length as usize {
            return Err(RecordError::Short);
        }
        if crc32c::crc32c(head) != self.head_crc {
            return Err(RecordError::Head);
        }
        Ok(())
    }
}

/// Decodes one record from the start of `octets`: its header and its head.
///
/// # Errors
/// [`RecordError`], when these octets were not written at `offset` under this salt.
pub fn decode(octets: &[u8], salt: u64, offset: u64) -> Result<(Header, &[u8]), RecordError> {
    let header = Header::decode(octets, salt, offset)?;
    let end = HEADER + header.head_length as usize;
    let head = octets.get(HEADER..end).ok_or(RecordError::Short)?;
    header.check_head(head)?;
    Ok((header, head))
}

/// Appends a record without a body to a buffer; [`stamp`] gives it its place later.
pub(crate) fn push(buffer: &mut Vec<u8>, kind: Kind, id: MessageId, head: &[&[u8]]) {
    let length: usize = head.iter().map(|part| part.len()).sum();
    let crc = head.iter().fold(0, |crc, part| crc32c::crc32c_append(crc, part));
    let header = Header {
        kind,
        first: false,
        id,
        body_length: 0,
        head_length: u32::try_from(length).unwrap_or(u32::MAX),
        head_crc: crc,
        body_crc: 0,
    };
    buffer.extend_from_slice(&header.encode(0, 0));
    for part in head {
        buffer.extend_from_slice(part);
    }
}

/// Gives the records of a buffer made by [`push`] their place: it will be written at `offset`.
pub(crate) fn stamp(buffer: &mut [u8], salt: u64, mut offset: u64) {
    let mut rest = buffer;
    let mut first = true;
    while let Some((octets, _)) = rest.split_at_mut_checked(HEADER) {
        let Ok(mut header) = Header::read(octets) else { break };
        header.first = first;
        first = false;
        put(octets, 0, &header.encode(salt, offset));
        let length = header.length();
        offset += length;
        let Some((_, after)) = std::mem::take(&mut rest).split_at_mut_checked(length as usize)
        else {
            break;
        };
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_at_its_place_only() {
        let header = Header::new(Kind::State, MessageId(7), b"state");
        let mut octets = header.encode(11, 640).to_vec();
        octets.extend_from_slice(b"state");
        assert_eq!(decode(&octets, 11, 640), Ok((header, b"state".as_slice())));
        assert_eq!(decode(&octets, 12, 640), Err(RecordError::Header));
        assert_eq!(decode(&octets, 11, 641), Err(RecordError::Header));
        assert_eq!(decode(&octets[..44], 11, 640), Err(RecordError::Short));
        assert_eq!(decode(b"", 11, 640), Err(RecordError::Short));
        assert_eq!(decode(&[0; 64], 11, 640), Err(RecordError::Magic));
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let header = Header::new(Kind::Adopt, MessageId(0x0102_0304_0506_0708), b"0123456789");
        let mut octets = header.encode(5, 64).to_vec();
        octets.extend_from_slice(b"0123456789");
        for bit in 0..octets.len() * 8 {
            octets[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&octets, 5, 64).is_err(), "bit {bit}");
            octets[bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn a_header_that_announces_too_much_is_nonsense() {
        let mut header = Header::new(Kind::State, MessageId(7), b"");
        header.head_length = u32::MAX;
        assert_eq!(decode(&header.encode(1, 2), 1, 2), Err(RecordError::Nonsense));
    }

    #[test]
    fn stamped_buffers_decode_and_only_the_first_is_marked() {
        let mut buffer = Vec::new();
        push(&mut buffer, Kind::State, MessageId(1), &[b"ab", b"cd"]);
        push(&mut buffer, Kind::Finish, MessageId(2), &[]);
        stamp(&mut buffer, 9, 100);
        let (one, head) = decode(&buffer, 9, 100).unwrap();
        assert_eq!((one.first, head), (true, b"abcd".as_slice()));
        let (two, _) = decode(&buffer[44..], 9, 144).unwrap();
        assert_eq!((two.first, two.kind, two.id), (false, Kind::Finish, MessageId(2)));
    }

    #[test]
    fn a_large_body_takes_no_room_in_the_segment() {
        let mut header = Header::new(Kind::LargeMessage, MessageId(7), b"head");
        header.body_length = u64::MAX;
        assert_eq!(header.length(), 44);
        header.kind = Kind::Message;
        assert_eq!(header.length(), u64::MAX);
    }
}
