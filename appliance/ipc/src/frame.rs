//! Framing: `length: u32 LE, descriptors: u8, payload`, the payload a postcard value.
//!
//! Decoding is strict: a length over the limit, a payload with octets left over, or a value that
//! is not valid is an error, and the connection ends.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits;

/// Octets before the payload.
pub const HEAD_OCTETS: usize = 5;

/// Why bytes are not a frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The announced length is over the limit of this connection.
    #[error("a frame of {length} octets is over the limit of {limit}")]
    TooLong {
        /// As announced.
        length: usize,
        /// As allowed.
        limit: usize,
    },
    /// More descriptors than any contract has.
    #[error("a frame with {0} descriptors")]
    TooManyDescriptors(u8),
    /// The payload is no value of the expected type.
    #[error("a frame that cannot be read: {0}")]
    Payload(#[from] postcard::Error),
    /// The payload has octets after the value.
    #[error("a frame with {0} octets after its value")]
    Trailing(usize),
}

/// Appends one frame to `buffer`.
///
/// # Errors
/// [`FrameError::TooLong`] or an encoding error; `buffer` is then as before.
pub fn encode<T: Serialize>(
    buffer: &mut Vec<u8>,
    value: &T,
    descriptors: usize,
) -> Result<(), FrameError> {
    let start = buffer.len();
    let count = u8::try_from(descriptors).unwrap_or(u8::MAX);
    if usize::from(count) > limits::DESCRIPTORS {
        return Err(FrameError::TooManyDescriptors(count));
    }
    buffer.extend_from_slice(&[0, 0, 0, 0, count]);
    let written = postcard::to_extend(value, Tail(buffer));
    if let Err(error) = written {
        buffer.truncate(start);
        return Err(error.into());
    }
    let length = buffer.len() - start - HEAD_OCTETS;
    if length > limits::FRAME_OCTETS {
        buffer.truncate(start);
        return Err(FrameError::TooLong { length, limit: limits::FRAME_OCTETS });
    }
    if let Some(head) = buffer.get_mut(start..start + 4) {
        head.copy_from_slice(&(length as u32).to_le_bytes());
    }
    Ok(())
}

/// Lets postcard append to a borrowed vector.
struct Tail<'a>(&'a mut Vec<u8>);

impl Extend<u8> for Tail<'_> {
    fn extend<I: IntoIterator<Item = u8>>(&mut self, octets: I) {
        self.0.extend(octets);
    }
}

/// One frame found at the start of a buffer.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// Octets of the whole frame.
    pub octets: usize,
    /// Descriptors that belong to it.
    pub descriptors: usize,
}

/// Looks for a whole frame at the start of `buffer`; `None` when more octets are needed.
///
/// # Errors
/// A length over `limit`, or too many descriptors.
pub fn find(buffer: &[u8], limit: usize) -> Result<Option<Found>, FrameError> {
    let Some((head, rest)) = buffer.split_first_chunk::<HEAD_OCTETS>() else {
        return Ok(None);
    };
    let [a, b, c, d, count] = *head;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length > limit {
        return Err(FrameError::TooLong { length, limit });
    }
    if usize::from(count) > limits::DESCRIPTORS {
        return Err(FrameError::TooManyDescriptors(count));
    }
    if rest.len() < length {
        return Ok(None);
    }
    Ok(Some(Found { octets: HEAD_OCTETS + length, descriptors: usize::from(count) }))
}

/// Reads the payload of one whole frame.
///
/// # Errors
/// A payload that is no `T`, or has octets left over.
pub fn decode<T: DeserializeOwned>(frame: &[u8]) -> Result<T, FrameError> {
    let payload = frame.get(HEAD_OCTETS..).unwrap_or_default();
    let (value, rest) = postcard::take_from_bytes(payload)?;
    if rest.is_empty() { Ok(value) } else { Err(FrameError::Trailing(rest.len())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contracts::{IntakeToQueue, Request};

    #[test]
    fn frames_are_read_back() {
        let mut buffer = Vec::new();
        encode(&mut buffer, &IntakeToQueue::Closed(7), 0).unwrap();
        encode(&mut buffer, &IntakeToQueue::FirstSegment(9), 1).unwrap();
        let first = find(&buffer, 100).unwrap().unwrap();
        assert_eq!(first.descriptors, 0);
        let value: IntakeToQueue = decode(&buffer[..first.octets]).unwrap();
        assert_eq!(value, IntakeToQueue::Closed(7));
        let second = find(&buffer[first.octets..], 100).unwrap().unwrap();
        assert_eq!(second.descriptors, 1);
    }

    #[test]
    fn a_frame_in_pieces_waits() {
        let mut buffer = Vec::new();
        let request = Request { verb: "a".into(), argument: "{}".into(), actor: "x".into() };
        encode(&mut buffer, &request, 0).unwrap();
        for end in 0..buffer.len() {
            assert_eq!(find(&buffer[..end], 100).unwrap(), None);
        }
    }

    #[test]
    fn hostile_lengths_are_refused() {
        assert!(matches!(find(&[255, 255, 255, 255, 0], 100), Err(FrameError::TooLong { .. })));
        assert!(matches!(find(&[0, 0, 0, 0, 9], 100), Err(FrameError::TooManyDescriptors(9))));
    }

    #[test]
    fn octets_after_the_value_are_refused() {
        let mut buffer = Vec::new();
        encode(&mut buffer, &IntakeToQueue::Closed(7), 0).unwrap();
        buffer.push(0);
        assert!(matches!(decode::<IntakeToQueue>(&buffer), Err(FrameError::Trailing(1))));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_decoder_panic(bytes: Vec<u8>) {
            let _ = find(&bytes, 1000);
            let _ = decode::<crate::contracts::Answer>(&bytes);
            let _ = decode::<IntakeToQueue>(&bytes);
        }
    }
}
