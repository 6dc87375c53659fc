//! Side by side with the peers: how many messages a second go in at one end and out at the other.
//!
//! Every subject stands between the same two programs, Postfix's smtp-source and smtp-sink, on
//! loopback, with its queue on the same disk and fsync on. Subjects take turns within each round,
//! so that a slow minute of the machine hits all of them; the median of the rounds counts. Peers
//! are configured in private folders and are never run as system services.
//!
//! Start with [`plan`] (what is measured), then [`subject`] (what is measured on).

// A measuring program that cannot measure ends loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod gatepost;
pub mod judging;
pub mod mails;
pub mod peers;
pub mod plan;
pub mod processes;
pub mod reload;
pub mod report;
pub mod rspamd;
pub mod scanning;
pub mod signatures;
pub mod subject;

pub use plan::Plan;
pub use report::Report;
pub use subject::Subject;
