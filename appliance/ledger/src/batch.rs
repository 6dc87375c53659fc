//! Events in memory on their way to the database: grouped by message, so that the common message,
//! which lives for less than the gathering time, costs one row in each table.

use std::collections::{BTreeMap, HashMap};

use mail::{Deed, MailEvent, MessageId, Timestamp};

use crate::limits;
use crate::summary::Summary;
use crate::words::Words;

/// One life of one sending role; its events are numbered from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source {
    /// The role.
    pub role: ipc::Role,
    /// Its incarnation.
    pub incarnation: u64,
}

/// What is written in one transaction.
#[derive(Debug, Default)]
pub struct Batch {
    messages: HashMap<MessageId, Vec<MailEvent>>,
    sessions: Vec<MailEvent>,
    counters: BTreeMap<Source, u64>,
    events: usize,
}

/// One row for `parts` and `words`, with the summary for `messages` where it has a message.
#[derive(Debug)]
pub struct Part {
    /// The message and its summary; `None` for a session without a message.
    pub message: Option<(MessageId, Summary)>,
    /// Time of its latest event.
    pub at: Timestamp,
    /// The events, encoded by [`encode`].
    pub events: Vec<u8>,
    /// Search words, separated by spaces.
    pub words: String,
}

impl Batch {
    /// Takes the events of a frame that are not known yet. `first` is the number of the first one,
    /// `next` the lowest number that this source has not told before. Returns the new `next`.
    pub fn take(&mut self, source: Source, first: u64, events: Vec<MailEvent>, next: u64) -> u64 {
        let after = first.saturating_add(events.len() as u64).max(next);
        let known = usize::try_from(next.saturating_sub(first)).unwrap_or(usize::MAX);
        for event in events.into_iter().skip(known) {
            self.add(event);
        }
        self.counters.insert(source, after);
        after
    }

    fn add(&mut self, mut event: MailEvent) {
        self.events += 1;
        if let Deed::Inspected(findings) = &mut event.deed {
            keep_some(&mut findings.leaves);
        }
        match event.message {
            Some(id) => {
                self.messages.entry(id).or_insert_with(|| Vec::with_capacity(8)).push(event);
            }
            None => self.sessions.push(event),
        }
    }

    /// How many events are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events
    }

    /// True when there is nothing to write, not even a counter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counters.is_empty()
    }

    /// The lowest number each source has not told yet.
    #[must_use]
    pub fn counters(&self) -> &BTreeMap<Source, u64> {
        &self.counters
    }

    /// The rows, oldest message first so that the tables grow at their end.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        let mut ids: Vec<(&MessageId, &Vec<MailEvent>)> = self.messages.iter().collect();
        ids.sort_unstable_by_key(|(id, _)| **id);
        let messages = ids.into_iter().map(|(id, events)| {
            let summary = Summary::of(events);
            Part { at: summary.last, message: Some((*id, summary)), ..part(events) }
        });
        let sessions = self.sessions.iter().map(|event| part(std::slice::from_ref(event)));
        messages.chain(sessions).collect()
    }
}

/// The attachments themselves before what lies in them: a document of many parts must not push the
/// next attachment off the record.
fn keep_some(leaves: &mut Vec<mail::Leaf>) {
    if leaves.len() > limits::KEPT_LEAVES {
        leaves.sort_by_key(|leaf| leaf.depth);
        leaves.truncate(limits::KEPT_LEAVES);
    }
}

fn part(events: &[MailEvent]) -> Part {
    let at = events.last().map(|event| event.at).unwrap_or_default();
    Part { message: None, at, events: encode(events), words: Words::of(events) }
}

/// The form of the encoding, its first octet; a reader that meets another one says so.
const FORM: u8 = 2;

/// Some events as octets: the form, then postcard.
#[must_use]
pub fn encode(events: &[MailEvent]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(64 + 128 * events.len());
    octets.push(FORM);
    // Encoding to memory fails for no MailEvent; were it to, the record reads as damaged.
    postcard::to_extend(events, octets).unwrap_or_default()
}

/// The events again; `None` when the octets are damaged or of another form.
#[must_use]
pub fn decode(octets: &[u8]) -> Option<Vec<MailEvent>> {
    let (form, rest) = octets.split_first()?;
    if *form == FORM { postcard::from_bytes(rest).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made;

    const SOURCE: Source = Source { role: ipc::Role::Queue, incarnation: 9 };

    #[test]
    fn one_message_is_one_part_however_its_events_come() {
        let mut batch = Batch::default();
        let mut next = 0;
        for (a, b) in made::delivered(2).into_iter().zip(made::delivered(1)) {
            next = batch.take(SOURCE, next, vec![a, b], next);
        }
        let parts = batch.parts();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].message.as_ref().unwrap().0, MessageId(1));
        assert_eq!(decode(&parts[1].events), Some(made::delivered(2)));
        assert_eq!(batch.counters().get(&SOURCE), Some(&12));
    }

    #[test]
    fn repeated_events_are_dropped_and_new_ones_of_the_same_frame_kept() {
        let mut batch = Batch::default();
        let events = made::delivered(1);
        let next = batch.take(SOURCE, 0, events[..3].to_vec(), 0);
        assert_eq!(batch.take(SOURCE, 0, events.clone(), next), 6);
        assert_eq!(batch.take(SOURCE, 2, events[2..4].to_vec(), 6), 6);
        assert_eq!(batch.len(), 6);
        assert_eq!(decode(&batch.parts()[0].events), Some(events));
    }

    #[test]
    fn a_gap_in_the_numbers_is_taken_as_it_is() {
        let mut batch = Batch::default();
        assert_eq!(batch.take(SOURCE, 100, made::delivered(1), 0), 106);
        assert_eq!(batch.take(SOURCE, u64::MAX, made::delivered(1), 106), u64::MAX);
    }

    #[test]
    fn damaged_records_are_told_apart() {
        let mut octets = encode(&made::delivered(1));
        assert!(decode(&octets).is_some());
        octets.truncate(octets.len() - 1);
        assert!(decode(&octets).is_none());
        assert!(decode(&[]).is_none());
        assert!(decode(&[99, 0]).is_none());
    }

    #[test]
    fn hostile_numbers_of_leaves_are_cut() {
        let mut event = made::inspected(1, Vec::new());
        if let Deed::Inspected(findings) = &mut event.deed {
            let leaf = findings.leaves[0].clone();
            findings.leaves = vec![mail::Leaf { depth: 1, ..leaf.clone() }; 5000];
            findings.leaves.push(leaf);
        }
        let mut batch = Batch::default();
        batch.take(SOURCE, 0, vec![event], 0);
        let kept = decode(&batch.parts()[0].events).unwrap();
        let Deed::Inspected(findings) = &kept[0].deed else { panic!("{kept:?}") };
        assert_eq!(findings.leaves.len(), limits::KEPT_LEAVES);
        assert_eq!(findings.leaves[0].depth, 0, "the attachment itself is kept");
    }
}
