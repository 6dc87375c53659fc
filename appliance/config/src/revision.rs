//! One committed revision, and its form as a file.

use mail::Timestamp;
use schema::{Difference, Sections};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::record::{hash, hex};

/// Who commits, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Who.
    pub author: String,
    /// When.
    pub time: Timestamp,
    /// Why, in the author's words.
    pub reason: String,
}

/// One committed revision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// Its number; the first is 1.
    pub number: u64,
    /// When it was committed.
    pub time: Timestamp,
    /// By whom.
    pub author: String,
    /// Why.
    pub reason: String,
    /// What it changed. Secrets are in it.
    pub differences: Vec<Difference>,
    /// The whole value, sparse. Secrets are in it.
    pub value: Sections,
}

/// Why the content of a file is no revision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RevisionError {
    #[error("it is no JSON: {0}")]
    Syntax(String),
    #[error("it is of another format")]
    Format,
    #[error("its checksum is wrong")]
    Checksum,
    #[error("it holds revision {0}")]
    Number(u64),
}

const FORMAT: &str = "gatepost revision 1";

fn checksum(revision: &Value) -> String {
    hex(&hash(revision.to_string().as_bytes()))
}

impl Revision {
    /// The content of the revision file: pretty JSON for people, with the SHA-256 of the compact
    /// form of `revision`.
    pub(crate) fn to_file(&self) -> Vec<u8> {
        let revision = json!(self);
        let file = json!({ "format": FORMAT, "sha256": checksum(&revision), "revision": revision });
        format!("{file:#}\n").into_bytes()
    }

    /// Reads a revision file back.
    pub(crate) fn from_file(content: &[u8], number: u64) -> Result<Revision, RevisionError> {
        let file: Value = serde_json::from_slice(content)
            .map_err(|error| RevisionError::Syntax(error.to_string()))?;
        if file.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(RevisionError::Format);
        }
        let revision = file.get("revision").ok_or(RevisionError::Format)?;
        if file.get("sha256").and_then(Value::as_str) != Some(checksum(revision).as_str()) {
            return Err(RevisionError::Checksum);
        }
        let revision = Revision::deserialize(revision);
        let revision = revision.map_err(|error| RevisionError::Syntax(error.to_string()))?;
        if revision.number == number {
            Ok(revision)
        } else {
            Err(RevisionError::Number(revision.number))
        }
    }

    /// The same as the content of a record.
    pub(crate) fn to_record(&self) -> Vec<u8> {
        json!(self).to_string().into_bytes()
    }

    /// Reads the content of a record back.
    pub(crate) fn from_record(content: &[u8]) -> Result<Revision, String> {
        serde_json::from_slice(content).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision() -> Revision {
        let Value::Object(value) = json!({"receiving": {"port": 26}}) else { panic!() };
        let difference = Difference {
            path: "receiving.port".into(),
            old: Some(json!(25)),
            new: Some(json!(26)),
        };
        Revision {
            number: 7,
            time: Timestamp(1_700_000_000_000),
            author: "ann".into(),
            reason: "a \"reason\"\n\u{1F600}".into(),
            differences: vec![difference],
            value,
        }
    }

    #[test]
    fn a_revision_reads_back_from_its_file_and_its_record() {
        assert_eq!(Revision::from_file(&revision().to_file(), 7), Ok(revision()));
        assert_eq!(Revision::from_record(&revision().to_record()), Ok(revision()));
    }

    #[test]
    fn a_file_under_another_number_is_refused() {
        assert_eq!(Revision::from_file(&revision().to_file(), 8), Err(RevisionError::Number(7)));
    }

    #[test]
    fn every_cut_of_a_file_is_found() {
        let file = revision().to_file();
        // The last octet is the line end, which carries nothing.
        for length in 0..file.len() - 1 {
            assert!(Revision::from_file(&file[..length], 7).is_err(), "{length}");
        }
    }

    #[test]
    fn a_flipped_bit_is_found_or_changes_nothing() {
        let file = revision().to_file();
        for place in 0..file.len() {
            for bit in 0..8 {
                let mut damaged = file.clone();
                damaged[place] ^= 1 << bit;
                if let Ok(read) = Revision::from_file(&damaged, 7) {
                    assert_eq!(read, revision(), "{place}");
                }
            }
        }
    }
}
