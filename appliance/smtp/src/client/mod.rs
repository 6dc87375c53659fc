//! The client side of SMTP: what we say to a next hop, and what its answers mean.
//!
//! Machines without I/O: octets and replies go in, octets to write and outcomes come out; whoever
//! holds the socket obeys. The remote host is presumed hostile: every reply is bounded
//! ([`limits`]), and nothing it says can make us send an octet that the message does not contain.
//!
//! Never done here: connecting, looking up names, reading a clock, deciding when to try again.
//!
//! Start with [`Opening`] (greeting to readiness), then [`Transaction`] (one message), fed by
//! [`ReplyReader`]; [`body`] writes the message itself.

pub mod body;
mod extensions;
pub mod limits;
mod opening;
mod reply;
mod transaction;

pub use body::{BareLineEnd, BodyCheck, BodyFacts, BodyWriter};
pub use extensions::Extensions;
pub use opening::{Encrypting, Opening, Progress, Refusal, TlsWish};
pub use reply::{Garbage, RemoteReply, ReplyReader};
pub use transaction::{Begun, Next, Order, Transaction};
