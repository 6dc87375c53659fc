//! An item: one message in one area, for some recipients, and what was done with it. It lies as
//! JSON beside the body; the index is made from it and can be made again.

use mail::{Address, Envelope, Findings, MessageId, Timestamp};
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

/// The form of the sidecar, raised when a build writes what an older one cannot read.
pub const FORM: u32 = 1;

/// One item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// [`FORM`].
    pub form: u32,
    /// Its number.
    pub number: Number,
    /// The area.
    pub area: String,
    /// The rule that holds it.
    pub rule: String,
    /// The evidence.
    pub because: String,
    /// When it was stored.
    pub stored: Timestamp,
    /// Octets of the body.
    pub size: u64,
    /// SHA-256 of the body, in hexadecimal.
    pub sha256: String,
    /// The envelope, with the quarantined recipients only.
    pub envelope: Envelope,
    /// What inspection found.
    pub findings: Findings,
    /// Releases that were asked, oldest first.
    #[serde(default)]
    pub releases: Vec<Release>,
}

/// One release of an item for some recipients. Written before the queue is told, so that whatever
/// happens the queue is told the same id again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The queue id under which it goes on.
    pub id: MessageId,
    /// For whom.
    pub recipients: Vec<Address>,
    /// Who asked.
    pub actor: String,
    /// When.
    pub at: Timestamp,
    /// Whether the queue has it on stable storage.
    pub done: bool,
}

impl Item {
    /// The release that the queue has not taken yet.
    #[must_use]
    pub fn pending(&self) -> Option<&Release> {
        self.releases.iter().find(|release| !release.done)
    }

    /// Recipients for whom no release was asked.
    #[must_use]
    pub fn held(&self) -> Vec<&Address> {
        let released = |address: &Address| {
            self.releases.iter().any(|release| release.recipients.contains(address))
        };
        let all = self.envelope.recipients.iter().map(|recipient| &recipient.address);
        all.filter(|address| !released(address)).collect()
    }

    /// `held`, `releasing`, `partly released` or `released`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        if self.pending().is_some() {
            "releasing"
        } else if self.releases.is_empty() {
            "held"
        } else if self.held().is_empty() {
            "released"
        } else {
            "partly released"
        }
    }

    /// The envelope for one release.
    #[must_use]
    pub fn envelope_for(&self, release: &Release) -> Envelope {
        let mut envelope = self.envelope.clone();
        envelope.recipients.retain(|it| release.recipients.contains(&it.address));
        envelope
    }
}

/// Number of an item: the queue id of its message, then eight digits made from the area and the
/// recipients. The same message for the same area and recipients always has the same number, so
/// storing it twice is storing it once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Number(String);

/// Why a text is not an item's number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an item's number is a queue id, a hyphen and eight digits of 0-9 and a-f")]
pub struct NumberError;

impl Number {
    /// The number of this message in this area.
    #[must_use]
    pub fn of(envelope: &Envelope, area: &str) -> Self {
        let mut names: Vec<String> =
            envelope.recipients.iter().map(|it| it.address.to_string()).collect();
        names.sort_unstable();
        let mut digest = Context::new(&SHA256);
        digest.update(area.as_bytes());
        for name in names {
            // No address and no area holds a line feed.
            digest.update(b"\n");
            digest.update(name.as_bytes());
        }
        let folded = hexadecimal(digest.finish().as_ref());
        Number(format!("{}-{}", envelope.id, folded.get(..8).unwrap_or_default()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The queue id of its message.
    #[must_use]
    pub fn message(&self) -> Option<MessageId> {
        self.0.split_once('-').and_then(|(id, _)| id.parse().ok())
    }

    /// The folder it lies in: two digits of the queue id that change every 8 seconds. So what is
    /// stored together lies together, and 1,024 folders fill evenly over the hours.
    #[must_use]
    pub fn shard(&self) -> &str {
        self.0.get(4..6).unwrap_or_default()
    }
}

impl std::str::FromStr for Number {
    type Err = NumberError;
    /// Takes only what [`Number::of`] makes: the number becomes part of a file name.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let (id, digits) = text.trim().split_once('-').ok_or(NumberError)?;
        let id: MessageId = id.parse().map_err(|_| NumberError)?;
        let digits = digits.to_ascii_lowercase();
        if digits.len() != 8 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(NumberError);
        }
        Ok(Number(format!("{id}-{digits}")))
    }
}

impl TryFrom<String> for Number {
    type Error = NumberError;
    fn try_from(text: String) -> Result<Self, NumberError> {
        text.parse()
    }
}

impl From<Number> for String {
    fn from(number: Number) -> String {
        number.0
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Octets as hexadecimal digits.
#[must_use]
pub fn hexadecimal(octets: &[u8]) -> String {
    use std::fmt::Write as _;
    octets.iter().fold(String::with_capacity(2 * octets.len()), |mut text, octet| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{octet:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made;

    #[test]
    fn a_number_is_the_same_for_the_same_message_area_and_recipients() {
        let one = made::envelope(7, &["ann@example.test", "bob@example.test"]);
        let other_order = made::envelope(7, &["bob@example.test", "ann@example.test"]);
        let fewer = made::envelope(7, &["ann@example.test"]);
        assert_eq!(Number::of(&one, "Spam"), Number::of(&other_order, "Spam"));
        assert_ne!(Number::of(&one, "Spam"), Number::of(&one, "Malware"));
        assert_ne!(Number::of(&one, "Spam"), Number::of(&fewer, "Spam"));
        let number = Number::of(&one, "Spam");
        assert_eq!(number.to_string().parse(), Ok(number.clone()));
        assert_eq!(number.shard().len(), 2);
        assert_eq!(number.message(), Some(one.id));
    }

    #[test]
    fn no_number_leads_out_of_the_folder() {
        for bad in
            ["", "../../etc/passwd", "0000000000007-../../../", "0000000000007-0123456g", "-"]
        {
            assert_eq!(bad.parse::<Number>(), Err(NumberError), "{bad}");
        }
    }

    #[test]
    fn the_word_follows_the_releases() {
        let mut item = made::item(7, "Spam", &["ann@example.test", "bob@example.test"]);
        assert_eq!((item.word(), item.held().len()), ("held", 2));
        item.releases.push(Release {
            id: MessageId(8),
            recipients: vec!["ann@example.test".parse().unwrap()],
            actor: "root".to_owned(),
            at: Timestamp(1),
            done: false,
        });
        assert_eq!((item.word(), item.held().len()), ("releasing", 1));
        item.releases[0].done = true;
        assert_eq!(item.word(), "partly released");
        assert_eq!(item.envelope_for(&item.releases[0]).recipients.len(), 1);
        let rest = Release {
            recipients: vec!["bob@example.test".parse().unwrap()],
            ..item.releases[0].clone()
        };
        item.releases.push(rest);
        assert_eq!(item.word(), "released");
    }
}
