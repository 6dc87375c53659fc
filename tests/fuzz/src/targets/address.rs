//! Addresses and domains: what is read is written the same and read again.

use mail::{Address, Domain, MessageId};

/// Reads the input as an address, a domain and a queue id.
pub fn target(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    if let Ok(address) = text.parse::<Address>() {
        let written = address.to_string();
        assert!(!written.contains(['\r', '\n', '\0']), "{written:?} would break a command");
        assert_eq!(written.parse::<Address>().as_ref(), Ok(&address));
    }
    if let Ok(domain) = text.parse::<Domain>() {
        assert_eq!(domain.to_string().parse::<Domain>().as_ref(), Ok(&domain));
    }
    if let Ok(id) = text.parse::<MessageId>() {
        assert_eq!(id.to_string().parse(), Ok(id));
    }
}
