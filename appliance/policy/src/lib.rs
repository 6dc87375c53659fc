//! Rules: what findings mean for each recipient.
//!
//! [`Policy::compile`] makes a policy out of settings; [`Policy::decide`] judges one message. Both
//! are pure: same input, same verdict. A verdict has exactly one fate per recipient, with the rule
//! that decided and the evidence. One condition is one file under `conditions/`, one action one
//! file under `actions/`.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod actions;
mod conditions;
mod decide;
pub mod limits;
mod patterns;
mod settings;
mod wildcard;

pub use decide::{DEFAULT_RULE, Policy};
pub use settings::{Action, RouteDirection, Rule, Rules, When};
pub use wildcard::Wildcard;
