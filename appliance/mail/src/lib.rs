//! The nouns of Gatepost: values that exist only if they are valid.
//!
//! Every other crate speaks in these types. Nothing here reads a file, a socket, a clock or the
//! environment. Start with [`Envelope`] (who sends what to whom), then [`Finding`] (what was seen),
//! [`Verdict`] (what was decided) and [`MailEvent`] (what is told about it).

mod address;
mod day;
mod envelope;
mod event;
mod finding;
mod id;
pub mod limits;
mod reply;
mod spam;
mod verdict;

pub use address::{Address, AddressError, Domain, Sender};
pub use day::Day;
pub use envelope::{
    BodyKind, Client, Direction, Envelope, Listener, Notify, Recipient, Return, TlsFacts,
};
pub use event::{Deed, MailEvent, Outcome};
pub use finding::{
    EngineName, Finding, FindingKind, Findings, Grayware, Leaf, Properties, Unscannable,
};
pub use id::{IdError, IdSource, MessageId, SessionId, Timestamp};
pub use reply::{Enhanced, Reply, ReplyError};
pub use spam::{SpamClass, SpamJudgement, SpamLevel, SpamTerm};
pub use verdict::{Amendment, Fate, Ruling, Step, Verdict};
