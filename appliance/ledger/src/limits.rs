//! Every bound of this crate in one place.

use std::time::Duration;

/// How long events gather in memory before they are written, when fewer than [`GATHER_EVENTS`] come.
pub const GATHER: Duration = Duration::from_millis(400);
/// Events gathered at most before they are written.
pub const GATHER_EVENTS: usize = 40_000;
/// Frames of events that wait for the writer; a sender whose frame finds no room waits.
pub const WAITING_FRAMES: usize = 64;
/// Rows in one INSERT statement: 12 columns each stay far below SQLite's 32,766 binds.
pub const STATEMENT_ROWS: usize = 200;
/// Octets of a text column such as the subject.
pub const TEXT_OCTETS: usize = 300;
/// Recipients shown in one line of a list.
pub const LISTED_RECIPIENTS: usize = 5;
/// Search words of one message in one batch. Recipients come first.
pub const WORDS: usize = 20_000;
/// Octets of one search word.
pub const WORD_OCTETS: usize = 120;
/// Words of one subject that are searched.
pub const SUBJECT_WORDS: usize = 40;
/// Leaves of a message kept in its record.
pub const KEPT_LEAVES: usize = 100;
/// Findings told in one line of a timeline; the event in full has them all.
pub const TOLD_FINDINGS: usize = 8;
/// Signals of unwanted mail told in one line of a timeline.
pub const TOLD_TERMS: usize = 5;
/// Log-odds from which a signal is told.
pub const TOLD_LOG_ODDS: f32 = 0.3;
/// Words of one query.
pub const QUERY_WORDS: usize = 10;
/// Lines of one answer at most.
pub const LINES: u32 = 100_000;
/// Lines of an answer when nothing is said.
pub const DEFAULT_LINES: u32 = 100;
/// Rows read at a time while searching.
pub const PAGE: i64 = 500;
/// Events of one message that a timeline shows, newest dropped.
pub const TIMELINE_EVENTS: usize = 20_000;
/// Parts of one message that are read for its timeline.
pub const TIMELINE_PARTS: i64 = 5_000;
/// Messages or sessions deleted in one transaction when their days are over.
pub const DELETE_ROWS: i64 = 500;
/// How often the ledger looks for what is over its days.
pub const EXPIRY_PERIOD: Duration = Duration::from_secs(30);
/// How long a sender's counter is remembered after its last event.
pub const SENDER_DAYS: u64 = 7;
/// How long a question waits for events that are still in memory.
pub const FLUSH_WAIT: Duration = Duration::from_secs(5);
/// How long the writer waits after a failed write before it tries again.
pub const RETRY: Duration = Duration::from_secs(1);
/// Recipients named in one clause of the answer sentence.
pub const SENTENCE_RECIPIENTS: usize = 3;
/// Clauses of the answer sentence.
pub const SENTENCE_CLAUSES: usize = 5;
/// How long accepting rests after it failed.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
