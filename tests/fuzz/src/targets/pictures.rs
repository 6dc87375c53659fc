//! Pictures and drawn codes: whatever they hold, reading ends, and reads the same twice.

use spam::{Around, Sights};

/// Takes the input as a picture that a message carries, and as its text.
pub fn target(octets: &[u8]) {
    let first = codes(octets);
    assert_eq!(codes(octets), first, "the same picture says the same");
}

fn codes(octets: &[u8]) -> Vec<String> {
    let mail = message::read(b"From: a@example.org\r\n\r\n");
    let mut sights = Sights::default();
    sights.picture(octets, &filetype::identify(octets));
    sights.plain(&String::from_utf8_lossy(octets));
    sights.sight(&mail, &[], Around::default()).codes
}
