//! The engines: a message in, findings out. Facts with evidence and no opinions; policy decides.
//!
//! One file per engine. [`Engines::scan`] takes every part of the message apart, with every reading
//! of it, and shows each specimen to each engine once; what is damaged, closed, unsupported or over
//! a limit is a finding and never the same as clean. Nothing here reads a file, a socket or a
//! clock, and nothing is remembered from one message to the next. Start with `look.rs`, then
//! `virus.rs` as the pattern to copy.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod attachment;
mod container;
mod document;
mod expressions;
mod leaves;
pub mod limits;
mod look;
mod names;
mod script;
mod structure;
mod unwanted;
mod virus;

pub use unwanted::gtube;
pub use virus::eicar;

use ::expressions::Lists;
use mail::{Finding, Leaf, SpamJudgement, Unscannable};
use message::Mail;
use patterns::{Pack, PackError};
use unpack::{Limits, Stopwatch};

use look::Look;
use script::Scripts;
use unwanted::Unwanted;
use virus::Virus;

/// What is known of a message beside its octets, and what it may cost.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// What may be unpacked.
    pub limits: Limits,
    /// The owner's passwords for encrypted files.
    pub passwords: &'a [String],
    /// Ends the look at a message in time.
    pub stopwatch: &'a dyn Stopwatch,
    /// Whether the sender wrote before; `None` when nobody knows.
    pub is_known_sender: Option<bool>,
    /// What judges of unwanted mail know beside the message.
    pub around: spam::Around<'a>,
}

impl Default for Context<'_> {
    fn default() -> Self {
        Context {
            limits: Limits::default(),
            passwords: &[],
            stopwatch: &(),
            is_known_sender: None,
            around: spam::Around::default(),
        }
    }
}

/// What all engines together say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// The facts, those of the virus engine first.
    pub findings: Vec<Finding>,
    /// What is said of unwanted mail.
    pub spam: SpamJudgement,
    /// The parts and the members of containers, at most [`limits::LEAVES`], outermost first.
    pub leaves: Vec<Leaf>,
    /// Why the message could not be seen whole, if it could not: the first reason met.
    pub unscannable: Option<Unscannable>,
}

/// All engines, ready to scan. Says the same of a message whatever was scanned before.
#[derive(Default)]
pub struct Engines {
    virus: Virus,
    unwanted: Unwanted,
    scripts: Scripts,
    lists: Lists,
}

impl Engines {
    /// Engines with a pattern pack; without one only what is built in is found.
    ///
    /// # Errors
    /// When a section of the pack cannot be used.
    pub fn new(pack: Option<Pack>) -> Result<Self, PackError> {
        Ok(Engines { virus: Virus::new(pack)?, ..Engines::default() })
    }

    /// The same with the owner's lists of keywords and expressions.
    #[must_use]
    pub fn with_lists(self, lists: Lists) -> Self {
        Engines { lists, ..self }
    }

    /// Runs every engine over a message.
    #[must_use]
    pub fn scan(&mut self, mail: &Mail<'_>, context: &Context<'_>) -> Facts {
        self.virus.begin();
        let mut look =
            Look::new(&mut self.virus, &self.unwanted, &self.scripts, &self.lists, context);
        look.mail(mail);
        look.facts(mail)
    }

    /// Takes a message apart as [`Engines::scan`] does and hands it over as judges of unwanted mail
    /// see it: for training and for measuring.
    pub fn sighted<T>(
        &mut self,
        mail: &Mail<'_>,
        context: &Context<'_>,
        then: impl FnOnce(&spam::Sight<'_>) -> T,
    ) -> T {
        let mut look =
            Look::new(&mut self.virus, &self.unwanted, &self.scripts, &self.lists, context);
        look.mail(mail);
        look.sighted(mail, then)
    }
}

/// The text up to a number of octets, never through a character, without control characters.
pub(crate) fn cut(text: &str, octets: usize) -> String {
    let kept = text.get(..text.floor_char_boundary(octets)).unwrap_or_default();
    kept.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
