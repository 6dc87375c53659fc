//! Body signatures: octets that stand in a specimen (.ndb, .db, .ldb).
//!
//! Compilation reads each body into elements, chooses an anchor (four rare octets) and writes code
//! around it. A scan makes one pass over the octets for all anchors of all signatures, walks the
//! code where an anchor stands, and then decides the logical signatures of which something
//! matched. Start with `element.rs` (what is written), `segment.rs` (what is kept), `matcher.rs`.

mod anchor;
mod code;
mod compare;
mod compiler;
mod element;
mod expression;
mod grams;
mod logic;
mod logical;
mod matcher;
mod normalise;
mod offset;
mod record;
mod segment;
mod target;
#[cfg(test)]
mod tests;

pub(crate) use compiler::BodyCompiler;
pub(crate) use matcher::BodyMatcher;
