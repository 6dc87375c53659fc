//! Where things lie in the spool folder, and how a message's head is spelt.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mail::{Envelope, MessageId};
use world::{Disk, Entropy, RealEntropy};

use crate::error::During;
use crate::record::number64;
use crate::{Place, SpoolError, limits};

/// Marks a segment number as one of queue's own.
pub(crate) const OWN: u64 = 1 << 63;
/// Marks the offset of a message whose body is a file of its own.
pub(crate) const LARGE: u64 = 1 << 63;
/// The place of a message that no sync has written yet.
pub(crate) const UNPLACED: Place = Place { segment: u64::MAX, offset: 0 };

/// The folders of a spool.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub fn new(root: &Path) -> Self {
        Layout { root: root.to_owned() }
    }

    /// Segments that intake writes and queue removes.
    pub fn intake(&self) -> PathBuf {
        self.root.join("intake")
    }

    /// Bodies of their own: intake writes, queue removes.
    pub fn large(&self) -> PathBuf {
        self.root.join("large")
    }

    /// Segments of queue's own: notices, releases, and messages that outlive their segment.
    pub fn own(&self) -> PathBuf {
        self.root.join("queue")
    }

    /// queue's journal.
    pub fn journal(&self) -> PathBuf {
        self.root.join("journal")
    }

    /// The folder and the bare number of a segment.
    pub fn segment(&self, segment: u64) -> (PathBuf, u64) {
        if segment & OWN == 0 { (self.intake(), segment) } else { (self.own(), segment & !OWN) }
    }

    /// The file of a large body that an intake whose first segment was `first` wrote.
    pub fn large_body(&self, first: u64, id: MessageId) -> PathBuf {
        self.large().join(format!("{first:016x}-{id}"))
    }

    /// Makes the folders, durably.
    pub fn make(&self, disk: &dyn Disk) -> Result<(), SpoolError> {
        for folder in [self.intake(), self.large(), self.own(), self.journal()] {
            disk.make_folder(&folder).during("make the folder", &folder)?;
        }
        disk.sync_folder(&self.root).during("sync the folder", &self.root)
    }
}

/// The parts of a large body's file name.
pub(crate) fn large_name(name: &str) -> Option<(u64, MessageId)> {
    let (first, id) = name.split_once('-').filter(|(first, _)| first.len() == 16)?;
    Some((u64::from_str_radix(first, 16).ok()?, id.parse().ok()?))
}

/// How a spool is kept. The defaults are for the appliance; tests use smaller ones.
#[derive(Clone)]
pub struct Options {
    /// Octets that must stay free on the disk for new drafts to be taken; `None` for 5 % of the
    /// disk or 2 GiB, whichever is less.
    pub reserve_octets: Option<u64>,
    /// Octets of a segment, about.
    pub segment_octets: u64,
    /// Octets of a journal segment, about.
    pub journal_octets: u64,
    /// Octets of zeros written ahead of the records, at most 1 MiB.
    pub ahead_octets: u64,
    /// Octets of a body kept inside a segment.
    pub inline_octets: usize,
    /// Octets of all drafts together in memory.
    pub draft_memory_octets: usize,
    /// Gives each segment its salt.
    pub entropy: Arc<dyn Entropy>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            reserve_octets: None,
            segment_octets: limits::SEGMENT_OCTETS,
            journal_octets: limits::JOURNAL_OCTETS,
            ahead_octets: limits::AHEAD_OCTETS,
            inline_octets: limits::INLINE_OCTETS,
            draft_memory_octets: limits::DRAFT_MEMORY_OCTETS,
            entropy: Arc::new(RealEntropy),
        }
    }
}

/// Spells the head of a message record: the first segment of the intake that wrote a large body
/// (0 for others), then the envelope.
///
/// # Errors
/// [`SpoolError::TooLarge`], when the envelope is larger than a head may be.
pub fn encode_head(first: u64, envelope: &Envelope) -> Result<Vec<u8>, SpoolError> {
    let head = first.to_le_bytes().to_vec();
    let too_large = |octets| SpoolError::TooLarge {
        what: "the envelope",
        octets,
        limit: limits::HEAD_OCTETS as u64,
    };
    let head = postcard::to_extend(envelope, head).map_err(|_| too_large(u64::MAX))?;
    if head.len() > limits::HEAD_OCTETS { Err(too_large(head.len() as u64)) } else { Ok(head) }
}

/// Reads the head of a message record.
///
/// # Errors
/// The decoder's, when these octets are no head.
pub fn decode_head(head: &[u8]) -> Result<(u64, Envelope), postcard::Error> {
    let rest = head.get(8..).ok_or(postcard::Error::DeserializeUnexpectedEnd)?;
    Ok((number64(head, 0), postcard::from_bytes(rest)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_large_bodies_are_read_back() {
        let layout = Layout::new(Path::new("/s"));
        let path = layout.large_body(0xab, MessageId(77));
        let name = path.file_name().and_then(|name| name.to_str()).unwrap();
        assert_eq!(large_name(name), Some((0xab, MessageId(77))));
        for stranger in ["", "-", "ab-0000000000000", "00000000000000ab-x"] {
            assert_eq!(large_name(stranger), None);
        }
    }

    #[test]
    fn own_segments_are_kept_apart() {
        let layout = Layout::new(Path::new("/s"));
        assert_eq!(layout.segment(7), (PathBuf::from("/s/intake"), 7));
        assert_eq!(layout.segment(OWN | 7), (PathBuf::from("/s/queue"), 7));
    }

    #[test]
    fn any_octets_are_decoded_as_a_head_without_harm() {
        for length in 0..64 {
            assert!(decode_head(&vec![0xff; length]).is_err());
        }
    }
}
