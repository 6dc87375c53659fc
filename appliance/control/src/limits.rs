//! Every bound of this crate in one place.

/// Sections that one role may subscribe to.
pub const SECTIONS: usize = 100;
/// Connections at a time, of roles and of the command line together.
pub const CONNECTIONS: usize = 200;
/// Revisions that one `settings.history` shows unless it asks for another number.
pub const HISTORY: usize = 50;
