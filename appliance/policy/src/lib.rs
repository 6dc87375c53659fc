//! Rules: what findings mean for each recipient.
//!
//! [`Policy::compile`] makes a policy out of settings; [`Policy::decide`] judges one message. Both
//! are pure: same input, same verdict. A verdict has exactly one fate per recipient, with the rule
//! that decided and the evidence. One question is one file under `conditions/`, one action one file
//! under `actions/`; what could not be scanned is judged by `exceptions.rs` besides.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod actions;
mod attachments;
mod condition;
mod conditions;
mod decide;
mod exceptions;
mod extensions;
pub mod limits;
#[cfg(test)]
mod made;
mod patterns;
mod senders;
mod settings;
mod standing;
#[cfg(test)]
mod tests;
mod wildcard;

pub use condition::{
    CatchRate, Comparison, Condition, GraywareClass, Listing, MailClass, MimeSource, Property,
    Question, TextTarget, TypeFamily,
};
pub use decide::{DEFAULT_RULE, Policy};
pub use exceptions::{Exception, Exceptions, Handling};
pub use extensions::Group;
pub use senders::{ApprovedSender, BlockedSender, SenderPart, Senders};
pub use settings::{Action, Combine, RouteDirection, Rule, Rules};
pub use wildcard::Wildcard;
