//! Mail itself: taken apart without a panic, bounded, and amended without touching what is not
//! amended.

use mail::Amendment;

/// Inspects the input as a cell would, then amends it.
pub fn target(octets: &[u8]) {
    let findings = inspect::examine(octets);
    assert!((0.0..=1.0).contains(&findings.spam.probability));
    assert!(findings.list.len() <= ipc::limits::FINDINGS);
    assert!(findings.leaves.len() <= ipc::limits::LEAVES);
    let header = Amendment::AddHeader { name: "X-Test".to_owned(), value: "value".to_owned() };
    let tag = Amendment::TagSubject { text: "[Spam]".to_owned() };
    let mut with_header = Vec::new();
    let size = message::amend(octets, std::slice::from_ref(&header), &mut with_header).unwrap();
    assert_eq!(size, with_header.len() as u64, "the size is told right");
    assert!(with_header.ends_with(octets), "a field on top leaves the rest as it was");
    let mut tagged = Vec::new();
    message::amend(octets, &[header, tag], &mut tagged).unwrap();
    let body = message::header_end(octets);
    assert!(tagged.ends_with(octets.get(body..).unwrap_or_default()), "the body stays as it was");
}
