//! Records of the spool as a crash, a bad disk or a stranger may leave them.

use mail::MessageId;
use spool::record::{self, Header, Kind};
use spool::{decode_head, note, scan, segment};

const SALT: u64 = 3;

/// Scans the input as a segment, and reads it as a record and as a head.
pub fn target(octets: &[u8]) {
    let salt = segment::decode_start(octets, 1).unwrap_or(SALT);
    let mut last = 0;
    let scanned = scan::scan(octets, salt, |offset, header, head| {
        assert!(offset >= last, "records are shown in order");
        assert_eq!(head.len(), header.head_length as usize);
        last = offset;
        let _ = note(header, head);
    })
    .expect("memory can be read");
    for damage in &scanned.damage {
        assert!(damage.start < damage.end && damage.end <= octets.len() as u64, "{damage:?}");
    }
    let _ = record::decode(octets, salt, 0);
    let _ = decode_head(octets);
}

/// A segment with two groups of records.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut whole = segment::encode_start(1, SALT);
    for (number, first) in [(1, true), (2, false), (3, true)] {
        let (head, body) = (format!("head {number}"), "body of a message\r\n");
        let mut header = Header::new(Kind::Message, MessageId(number), head.as_bytes());
        header.first = first;
        header.body_length = body.len() as u64;
        let encoded = header.encode(SALT, whole.len() as u64);
        whole.extend_from_slice(&encoded);
        whole.extend_from_slice(head.as_bytes());
        whole.extend_from_slice(body.as_bytes());
    }
    let torn = whole[..whole.len() - 9].to_vec();
    let record = whole[segment::START as usize..].to_vec();
    vec![whole, torn, record]
}
