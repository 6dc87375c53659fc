//! What the spool keeps of a message beside envelope and body: how far its recipients are.
//!
//! A record is written when something is left to do after a first attempt; a message without one
//! has not been judged yet, or was being handled when the machine stopped, and is scanned again.

use mail::{Amendment, Timestamp};
use serde::{Deserialize, Serialize};

/// What is left to do for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Left {
    /// Nothing.
    Nothing,
    /// Delivery, with the changes of this entry of [`Record::amendments`].
    Delivery {
        /// Index.
        amendments: u32,
    },
    /// Delivery to a host that policy chose.
    HandOff {
        /// Host.
        host: String,
        /// Port.
        port: u16,
    },
    /// To be kept in this quarantine area.
    Quarantine {
        /// Area.
        area: String,
        /// Rule.
        rule: String,
        /// Evidence.
        because: String,
    },
}

impl Left {
    /// True when it is to be sent somewhere.
    #[must_use]
    pub fn is_delivery(&self) -> bool {
        matches!(self, Left::Delivery { .. } | Left::HandOff { .. })
    }
}

/// The record of one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// One for each recipient of the envelope. Empty: not judged yet.
    pub left: Vec<Left>,
    /// The distinct lists of changes.
    pub amendments: Vec<Vec<Amendment>>,
    /// Attempts so far.
    pub attempts: u32,
    /// When the next one is due.
    pub next: Timestamp,
    /// The sender was told of the delay.
    pub told_late: bool,
    /// An operator holds it.
    pub held: bool,
    /// The rule a release from quarantine skips.
    pub skip_rule: Option<String>,
    /// The quarantine item that this message was released from, until vault has confirmed that it
    /// will not release it again.
    pub unconfirmed: Option<String>,
    /// The last remote answer, cut.
    pub reason: String,
    /// Workers that ended on it.
    pub strikes: u8,
    /// Who released it from quarantine, until what that teaches was learned.
    pub released_by: Option<String>,
}

impl Default for Record {
    fn default() -> Self {
        Record {
            left: Vec::new(),
            amendments: Vec::new(),
            attempts: 0,
            next: Timestamp(0),
            told_late: false,
            held: false,
            skip_rule: None,
            unconfirmed: None,
            reason: String::new(),
            strikes: 0,
            released_by: None,
        }
    }
}

impl Record {
    /// The octets for the spool.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Plain data into memory: postcard has no way to fail here.
        postcard::to_stdvec(self).unwrap_or_default()
    }

    /// Reads what [`Record::encode`] wrote. Octets that are no record count as none: the message is
    /// judged anew, which loses nothing.
    #[must_use]
    pub fn decode(octets: &[u8]) -> Self {
        // A record of before there was a last field reads as one without it.
        let octets = [octets, &[0]].concat();
        postcard::from_bytes(&octets).unwrap_or_default()
    }

    /// True when nothing is left for any recipient and it was judged.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        !self.left.is_empty() && self.left.iter().all(|left| *left == Left::Nothing)
    }

    /// Index of a list of changes, added when it is new.
    pub fn amendments_index(&mut self, amendments: &[Amendment]) -> u32 {
        let at = self.amendments.iter().position(|known| known == amendments);
        let at = at.unwrap_or_else(|| {
            self.amendments.push(amendments.to_vec());
            self.amendments.len() - 1
        });
        at as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_back() {
        let mut record = Record { attempts: 3, reason: "451 later".into(), ..Record::default() };
        let tag = [Amendment::TagSubject { text: "[Spam]".into() }];
        assert_eq!(record.amendments_index(&[]), 0);
        assert_eq!(record.amendments_index(&tag), 1);
        assert_eq!(record.amendments_index(&[]), 0);
        record.left = vec![Left::Nothing, Left::Delivery { amendments: 1 }];
        assert_eq!(Record::decode(&record.encode()), record);
        assert!(!record.is_finished());
        record.left = vec![Left::Nothing];
        assert!(record.is_finished());
    }

    #[test]
    fn a_record_of_before_releases_taught_is_read() {
        let skip_rule = Some("Spam".to_owned());
        let record = Record { skip_rule, held: true, strikes: 1, ..Record::default() };
        let octets = record.encode();
        assert_eq!(Record::decode(&octets[..octets.len() - 1]), record);
        let record = Record { released_by: Some("ann".to_owned()), ..record };
        assert_eq!(Record::decode(&record.encode()), record);
    }

    #[test]
    fn a_broken_record_means_judge_again() {
        assert_eq!(Record::decode(b"\xff\xff\xff"), Record::default());
        assert!(!Record::default().is_finished());
    }
}
