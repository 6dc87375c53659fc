//! queue's journal: what is live, where it lies, its latest state, and what is finished.
//!
//! Of several records about one message the last one holds. The journal is cleaned from its oldest
//! end only, so a record that ends something always outlives the records that it ends.

use std::collections::{BTreeMap, BTreeSet};

use mail::MessageId;

use crate::Place;
use crate::layout::UNPLACED;
use crate::record::{self, Header, Kind, number64};

/// Appends: the message is live and lies there.
pub(crate) fn push_adopt(buffer: &mut Vec<u8>, id: MessageId, place: Place) {
    let (segment, offset) = (place.segment.to_le_bytes(), place.offset.to_le_bytes());
    record::push(buffer, Kind::Adopt, id, &[&segment, &offset]);
}

/// Appends: the latest state.
pub(crate) fn push_state(buffer: &mut Vec<u8>, id: MessageId, sequence: u64, state: &[u8]) {
    record::push(buffer, Kind::State, id, &[&sequence.to_le_bytes(), state]);
}

/// Appends: the message is finished; intake's record of it lies in segment `origin`.
pub(crate) fn push_finish(buffer: &mut Vec<u8>, id: MessageId, origin: u64) {
    record::push(buffer, Kind::Finish, id, &[&origin.to_le_bytes()]);
}

/// Appends: every message of the segment (with this salt) is in the journal.
pub(crate) fn push_complete(buffer: &mut Vec<u8>, segment: u64, salt: u64) {
    record::push(
        buffer,
        Kind::Complete,
        MessageId(0),
        &[&segment.to_le_bytes(), &salt.to_le_bytes()],
    );
}

/// One record of the journal, decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note<'a> {
    /// The message is live and lies there.
    Adopt(MessageId, Place),
    /// Its latest state, with the number of this note.
    State(MessageId, u64, &'a [u8]),
    /// It is finished; intake's record of it lies in this segment.
    Finish(MessageId, u64),
    /// Every message of the segment with this number and salt is in the journal.
    Complete(u64, u64),
}

/// Reads a record of the journal; `None` for records that do not belong there.
#[must_use]
pub fn note<'a>(header: &Header, head: &'a [u8]) -> Option<Note<'a>> {
    let first = number64(head, 0);
    match (header.kind, head.len()) {
        (Kind::Adopt, 16) => {
            Some(Note::Adopt(header.id, Place { segment: first, offset: number64(head, 8) }))
        }
        (Kind::State, 8..) => {
            Some(Note::State(header.id, first, head.get(8..).unwrap_or_default()))
        }
        (Kind::Finish, 8) => Some(Note::Finish(header.id, first)),
        (Kind::Complete, 16) => Some(Note::Complete(first, number64(head, 8))),
        _ => None,
    }
}

/// What the journal says about one message that is not finished.
/// Small: there may be a million.
#[derive(Debug)]
pub(crate) struct Replayed {
    /// [`UNPLACED`] until it is known.
    pub place: Place,
    /// Number of the state; 0 for none.
    pub sequence: u64,
    pub state: Option<Box<[u8]>>,
}

impl Default for Replayed {
    fn default() -> Self {
        Replayed { place: UNPLACED, sequence: 0, state: None }
    }
}

/// Something whose latest word stands in a group commit that is not known to be durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Doubt {
    Message(MessageId),
    Segment(u64),
}

impl Doubt {
    /// What a record is about.
    pub fn of(header: &Header, head: &[u8]) -> Option<Doubt> {
        match note(header, head)? {
            Note::Adopt(id, _) | Note::State(id, ..) | Note::Finish(id, _) => {
                Some(Doubt::Message(id))
            }
            Note::Complete(segment, _) => Some(Doubt::Segment(segment)),
        }
    }
}

/// The journal, gone through from its oldest record on.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    pub live: BTreeMap<MessageId, Replayed>,
    pub finished: BTreeMap<u64, BTreeSet<MessageId>>,
    pub complete: BTreeMap<u64, u64>,
    /// What the last group of each segment that is not marked as complete says something about.
    pub doubtful: BTreeSet<Doubt>,
    /// The highest number of a state.
    pub sequence: u64,
}

impl Replay {
    /// Takes one record in.
    pub fn apply(&mut self, header: &Header, head: &[u8]) {
        match note(header, head) {
            Some(Note::Adopt(id, place)) => self.live.entry(id).or_default().place = place,
            Some(Note::State(id, sequence, state)) => {
                self.sequence = self.sequence.max(sequence);
                let live = self.live.entry(id).or_default();
                live.sequence = sequence;
                live.state = Some(state.into());
            }
            Some(Note::Finish(id, origin)) => {
                self.live.remove(&id);
                self.finished.entry(origin).or_default().insert(id);
            }
            Some(Note::Complete(segment, salt)) => {
                self.complete.insert(segment, salt);
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replay(buffer: &[u8]) -> Replay {
        let mut buffer = buffer.to_vec();
        record::stamp(&mut buffer, 1, 0);
        let mut replay = Replay::default();
        let mut at = 0;
        while let Ok((header, head)) = record::decode(&buffer[at..], 1, at as u64) {
            replay.apply(&header, head);
            at += header.length() as usize;
        }
        assert_eq!(at, buffer.len());
        replay
    }

    #[test]
    fn the_last_record_holds() {
        let mut buffer = Vec::new();
        let (one, two) = (MessageId(1), MessageId(2));
        push_state(&mut buffer, one, 1, b"early");
        push_adopt(&mut buffer, one, Place { segment: 1, offset: 64 });
        push_adopt(&mut buffer, two, Place { segment: 1, offset: 99 });
        push_state(&mut buffer, one, 5, b"late");
        push_adopt(&mut buffer, one, Place { segment: 9, offset: 70 });
        push_finish(&mut buffer, two, 1);
        push_complete(&mut buffer, 1, 42);
        let replay = replay(&buffer);
        assert_eq!(replay.live.len(), 1);
        let live = &replay.live[&one];
        assert_eq!(live.place, Place { segment: 9, offset: 70 });
        assert_eq!((live.sequence, live.state.as_deref()), (5, Some(b"late".as_slice())));
        assert!(replay.finished[&1].contains(&two));
        assert_eq!((replay.complete[&1], replay.sequence), (42, 5));
    }

    #[test]
    fn heads_of_the_wrong_size_are_no_notes() {
        for kind in [Kind::Adopt, Kind::State, Kind::Finish, Kind::Complete, Kind::Message] {
            let header = Header::new(kind, MessageId(1), b"1234567");
            assert_eq!(note(&header, b"1234567"), None);
        }
    }
}
