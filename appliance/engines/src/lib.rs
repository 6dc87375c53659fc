//! The engines: specimens in, findings out. Facts with evidence and no opinions; policy decides.
//!
//! One file per engine, each a struct that is built once and scans by `&self`. Nothing here reads
//! a file, a socket or a clock. Start with [`Specimens`], then `virus.rs` as the pattern to copy.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod limits;
mod spam;
mod specimen;
mod structure;
mod virus;

pub use spam::{Spam, gtube};
pub use specimen::{Specimen, Specimens};
pub use virus::{Virus, eicar};

use mail::Finding;
use message::Mail;

/// What all engines together say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// The facts.
    pub findings: Vec<Finding>,
    /// Probability of spam, 0 to 1.
    pub spam_probability: f64,
}

/// All engines, ready to scan.
#[derive(Debug, Default)]
pub struct Engines {
    virus: Virus,
    spam: Spam,
}

impl Engines {
    /// Runs every engine over a message.
    #[must_use]
    pub fn scan(&self, mail: &Mail<'_>) -> Facts {
        let specimens = Specimens::of(mail);
        let mut findings = self.virus.scan(&specimens);
        let spam = self.spam.scan(&specimens);
        let spam_probability = if spam.is_empty() { 0.0 } else { 1.0 };
        findings.extend(spam);
        findings.extend(structure::scan(mail));
        Facts { findings, spam_probability }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_message_has_no_findings() {
        let mail = message::read(b"Subject: hello\r\n\r\nHello\r\n");
        assert_eq!(Engines::default().scan(&mail), Facts::default());
    }
}
