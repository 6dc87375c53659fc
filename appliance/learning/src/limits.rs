//! Every bound of this crate in one place.

/// Features of one lesson.
pub const FEATURES: usize = 2000;
/// Octets of a name in a lesson: who, sender, tenant, message id.
pub const NAME_OCTETS: usize = 320;
/// Octets of one record of the journal.
pub const RECORD_OCTETS: usize = 32 * 1024;
/// Octets of the journal at which its oldest lessons are dropped, down to half of it.
pub const JOURNAL_OCTETS: u64 = 64 * 1024 * 1024;
/// Lessons that one person gives on one day.
pub const LESSONS_A_DAY: usize = 500;
/// Days in which a lesson loses half of its weight.
pub const HALF_LIFE_DAYS: f64 = 90.0;
/// Independent messages that a feature must have been seen in before it has a say.
pub const MESSAGES: usize = 3;
/// Senders, or people who taught, that they must come from.
pub const SOURCES: usize = 2;
/// Lessons of each kind, wanted and unwanted, that a tenant needs: of one kind alone everything
/// that is common would look like it.
pub const LESSONS_OF_EACH: usize = 10;
/// Tenants that have a table of their own; those with most lessons, when there are more.
pub const TENANTS: usize = 150;
/// Rows that a listing shows.
pub const LISTED: usize = 1000;
