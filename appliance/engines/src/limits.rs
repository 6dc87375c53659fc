//! Every bound of this crate in one place.

/// Findings of one engine in one message; a thousand infected parts are as bad as a hundred.
pub const FINDINGS: usize = 100;
