//! The records of all messages, in memory: there may be a million, and most of them say the same.
//!
//! What differs between two messages that wait for the same dead host is the time of their next
//! attempt. It is kept beside, and equal rests share their octets.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use mail::{MessageId, Timestamp};

use crate::limits;
use crate::record::Record;

/// Records by message.
#[derive(Debug, Default)]
pub(crate) struct Records {
    entries: BTreeMap<MessageId, (Timestamp, Arc<[u8]>)>,
    /// Every rest in use, and some that are not any more.
    rests: HashSet<Arc<[u8]>>,
}

impl Records {
    /// Holds the record of a message, in place of an earlier one.
    pub(crate) fn insert(&mut self, id: MessageId, record: &Record) {
        let next = record.next;
        let rest = Record { next: Timestamp(0), ..record.clone() }.encode();
        let shared = match self.rests.get(rest.as_slice()) {
            Some(shared) => shared.clone(),
            None => self.share(rest.into()),
        };
        self.entries.insert(id, (next, shared));
    }

    /// The record of a message; a fresh one when there is none.
    pub(crate) fn get(&self, id: MessageId) -> Record {
        let entry = self.entries.get(&id);
        entry.map_or_else(Record::default, |(next, rest)| Record {
            next: *next,
            ..Record::decode(rest)
        })
    }

    /// Drops the record of a message.
    pub(crate) fn remove(&mut self, id: MessageId) {
        self.entries.remove(&id);
    }

    fn share(&mut self, rest: Arc<[u8]>) -> Arc<[u8]> {
        if self.rests.len() >= limits::SHARED_RECORDS {
            self.rests.retain(|rest| Arc::strong_count(rest) > 1);
        }
        // Where nearly all differ, sharing would only cost: they are then held by their entry alone.
        if self.rests.len() < limits::SHARED_RECORDS {
            self.rests.insert(rest.clone());
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deferred(next: u64, reason: &str) -> Record {
        Record { next: Timestamp(next), reason: reason.into(), attempts: 1, ..Record::default() }
    }

    #[test]
    fn records_come_back_as_they_were() {
        let mut records = Records::default();
        assert_eq!(records.get(MessageId(1)), Record::default());
        for number in 0..100 {
            records.insert(MessageId(number), &deferred(number, "451 later"));
        }
        for number in 0..100 {
            assert_eq!(records.get(MessageId(number)), deferred(number, "451 later"));
        }
        records.remove(MessageId(5));
        assert_eq!(records.get(MessageId(5)), Record::default());
    }

    #[test]
    fn equal_rests_share_their_octets() {
        let mut records = Records::default();
        for number in 0..1000 {
            records.insert(MessageId(number), &deferred(number, "451 later"));
        }
        assert_eq!(records.rests.len(), 1);
        records.insert(MessageId(7), &deferred(7, "452 full"));
        assert_eq!(records.get(MessageId(7)).reason, "452 full");
        assert_eq!(records.get(MessageId(8)).reason, "451 later");
    }

    #[test]
    fn rests_that_nobody_uses_are_forgotten() {
        let mut records = Records::default();
        for number in 0..3 * limits::SHARED_RECORDS as u64 {
            records.insert(MessageId(1), &deferred(0, &number.to_string()));
        }
        assert!(records.rests.len() <= limits::SHARED_RECORDS);
    }
}
