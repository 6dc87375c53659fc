//! One record inside sled: a version, a kind, a length, a checksum, the content.
//!
//! The checksum covers the key too, so that a record that a damaged page shows under another key
//! does not pass.

use ring::digest;

const VERSION: u8 = 1;
const INLINE: u8 = 0;
const LARGE: u8 = 1;
const HEAD: usize = 10;
const HASH: usize = 32;

/// SHA-256 of a large content.
pub(crate) type Hash = [u8; HASH];

/// What a record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Record {
    /// The content itself.
    Inline(Vec<u8>),
    /// The content lies in a file of this hash.
    Large(Hash),
}

/// Why octets are no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("it is too short")]
    Short,
    #[error("it has version {0}")]
    Version(u8),
    #[error("its length is wrong")]
    Length,
    #[error("its checksum is wrong")]
    Checksum,
    #[error("its kind is unknown")]
    Kind,
}

/// The hash that names a large content.
pub(crate) fn hash(content: &[u8]) -> Hash {
    let digest = digest::digest(&digest::SHA256, content);
    let mut hash = [0; HASH];
    hash.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    hash
}

/// A hash as a file name.
pub(crate) fn hex(hash: &Hash) -> String {
    hash.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn checksum(key: &[u8], kind: u8, content: &[u8]) -> u32 {
    let start = crc32c::crc32c(&[VERSION, kind]);
    crc32c::crc32c_append(crc32c::crc32c_append(start, key), content)
}

impl Record {
    /// The octets stored under `key`.
    pub(crate) fn encode(&self, key: &[u8]) -> Vec<u8> {
        let (kind, content): (u8, &[u8]) = match self {
            Record::Inline(content) => (INLINE, content),
            Record::Large(hash) => (LARGE, hash),
        };
        let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
        let mut octets = Vec::with_capacity(HEAD + content.len());
        octets.extend([VERSION, kind]);
        octets.extend(length.to_le_bytes());
        octets.extend(checksum(key, kind, content).to_le_bytes());
        octets.extend(content);
        octets
    }

    /// Reads back what [`Record::encode`] made for the same key.
    pub(crate) fn decode(key: &[u8], octets: &[u8]) -> Result<Record, RecordError> {
        let (head, content) = octets.split_first_chunk::<HEAD>().ok_or(RecordError::Short)?;
        let [version, kind, l0, l1, l2, l3, c0, c1, c2, c3] = *head;
        if version != VERSION {
            return Err(RecordError::Version(version));
        }
        if u32::from_le_bytes([l0, l1, l2, l3]) as usize != content.len() {
            return Err(RecordError::Length);
        }
        if u32::from_le_bytes([c0, c1, c2, c3]) != checksum(key, kind, content) {
            return Err(RecordError::Checksum);
        }
        match kind {
            INLINE => Ok(Record::Inline(content.to_vec())),
            LARGE => content.try_into().map(Record::Large).map_err(|_| RecordError::Length),
            _ => Err(RecordError::Kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_record_under_another_key_does_not_pass() {
        let octets = Record::Inline(b"x".to_vec()).encode(b"a");
        assert_eq!(Record::decode(b"b", &octets), Err(RecordError::Checksum));
    }

    proptest! {
        #[test]
        fn a_record_reads_back(key in ".{0,9}", content in proptest::collection::vec(any::<u8>(), 0..99)) {
            for record in [Record::Inline(content.clone()), Record::Large(hash(&content))] {
                let octets = record.encode(key.as_bytes());
                prop_assert_eq!(Record::decode(key.as_bytes(), &octets), Ok(record));
            }
        }

        #[test]
        fn any_changed_octet_and_any_cut_is_found(
            content in proptest::collection::vec(any::<u8>(), 0..99),
            place in any::<prop::sample::Index>(),
            flip in 1u8..=255,
        ) {
            let whole = Record::Inline(content).encode(b"k");
            let mut damaged = whole.clone();
            let at = place.index(whole.len());
            damaged[at] ^= flip;
            prop_assert!(Record::decode(b"k", &damaged).is_err());
            prop_assert!(Record::decode(b"k", &whole[..at]).is_err());
        }
    }
}
