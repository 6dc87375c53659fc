//! Every bound of this crate in one place.

use std::time::Duration;

/// Orders that wait for the keeper; who finds no room waits.
pub const WAITING_ORDERS: usize = 256;
/// Messages stored with one index transaction.
pub const STORE_BATCH: usize = 256;
/// Files that are synced one by one; more are synced by one call for the file system.
pub const SINGLE_SYNCS: usize = 8;
/// Octets copied at a time.
pub const COPY_OCTETS: usize = 256 * 1024;
/// Octets of a sidecar: an envelope with very many recipients, and findings, fit.
pub const SIDECAR_OCTETS: u64 = 64 * 1024 * 1024;
/// Octets of a text column such as the subject.
pub const TEXT_OCTETS: usize = 300;
/// Recipients shown in one line of a list.
pub const LISTED_RECIPIENTS: usize = 5;
/// Rows in one INSERT statement, far below SQLite's 32,766 binds.
pub const STATEMENT_ROWS: usize = 500;
/// Rows read at a time by a list.
pub const PAGE: i64 = 500;
/// Lines of one list at most.
pub const LINES: u32 = 1_000_000;
/// Lines of a list when nothing is said.
pub const DEFAULT_LINES: u32 = 100;
/// Octets of the raw message in one line of `quarantine.message`, before base64.
pub const MESSAGE_LINE_OCTETS: usize = 48 * 1024;
/// Items that expire in one piece.
pub const EXPIRY_ITEMS: i64 = 200;
/// How often the vault looks for what is over its days.
pub const EXPIRY_PERIOD: Duration = Duration::from_secs(60);
/// How long the row of a deleted or expired item stays.
pub const TOMBSTONE_DAYS: u64 = 30;
/// How long a release waits for the queue's answer before it says that it goes on by itself.
pub const RELEASE_WAIT: Duration = Duration::from_secs(15);
/// How long accepting rests after it failed.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
