//! Every bound of this crate in one place.

use std::time::Duration;

/// Messages whose envelope and body descriptor are held in memory at a time. What comes beyond
/// this waits in the spool, and each destination's line is cut to what can start soon.
pub const LOADED_MESSAGES: usize = 4096;
/// Octets of bodies held in memory for them; the same holds beyond.
pub const LOADED_OCTETS: u64 = 64 << 20;
/// Groups that wait in hand in one destination's line. What comes beyond is put down, to the spool,
/// until the line has shrunk to [`LINE_LOW`].
pub const LINE_MESSAGES: usize = 1024;
/// See [`LINE_MESSAGES`].
pub const LINE_LOW: usize = 512;
/// Messages in hand that vault was asked to keep and has not answered; the same holds beyond.
pub const TICKETS: usize = 512;
/// Messages woken in one go before other work gets its turn.
pub const WAKE_PAGE: usize = 128;
/// Lines looked at in one go for messages that may be taken in hand again.
pub const LINES_PAGE: usize = 16;
/// Open files that queue asks for: two for each message in hand, and as many again on their way to
/// peers.
pub const DESCRIPTORS: u64 = 65_536;
/// Rows of a listing made in one go before other work gets its turn.
pub const LIST_PAGE: usize = 256;
/// Milliseconds after which a page ends even if it has fewer rows (goal R15: nothing waits 50 ms).
pub const LIST_PAGE_MILLISECONDS: u64 = 10;
/// Octets of a listing that its reader has not taken yet, beyond which no page is made.
pub const LIST_BACKLOG_OCTETS: usize = 256 << 10;
/// Destinations named in one row of a listing.
pub const ROW_DESTINATIONS: usize = 10;
/// Octets kept of a remote reply in the record of a message, and of a cell's reason.
pub const REASON_OCTETS: usize = 200;
/// Octets by which the changes that policy orders may make a message longer.
pub const AMENDED_OCTETS: u64 = 1 << 20;
/// Answers of one cell that were not looked at yet.
pub const UNHEARD_ANSWERS: usize = 4;
/// Workers that may end on one mail before it is unscannable (features B-13).
pub const STRIKES: u8 = 2;
/// Workers that may end while they take over an outfit before it is blamed.
pub const OUTFIT_STRIKES: u8 = 3;
/// Lessons that wait for the disk.
pub const LESSONS_WAITING: usize = 64;
/// Octets of one lesson as a question of the command line.
pub const LESSON_OCTETS: usize = 128 << 10;
/// Least time between two tables of what was taught: each is taken over by every cell.
pub const TABLE_PAUSE: Duration = Duration::from_secs(2);
/// A table that took long to make is not made anew before so many times as long.
pub const TABLE_SHARE: u32 = 5;
/// How often the table is made anew when nobody teaches: old lessons fade.
pub const TABLE_REFRESH: Duration = Duration::from_secs(86_400);
/// Longest wait that a retry schedule may name, in seconds.
pub const WAIT_SECONDS: u64 = 86_400;
/// Seconds until a message that the spool does not give back is tried again.
pub const UNREADABLE_SECONDS: u64 = 300;
/// Seconds between tries to have mail kept in quarantine whose lifetime is over.
pub const KEEP_TRYING_SECONDS: u64 = 3600;
/// Destinations with a queue of their own in memory; idle ones are forgotten beyond this.
pub const DESTINATIONS: usize = 10_000;
/// Steps of making room that the spool takes in one go.
pub const CHORES: usize = 16;
/// Seconds that the last sync may take when the role is told to stop.
pub const STOP_SECONDS: u64 = 5;
/// Distinct records that are held once for all messages that have them.
pub const SHARED_RECORDS: usize = 10_000;
