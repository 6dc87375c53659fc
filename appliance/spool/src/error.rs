//! Why mail cannot be kept or read back.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mail::MessageId;

use crate::Place;

/// Failures of the spool. Cheap to clone: one failed sync fails every message of its group.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SpoolError {
    /// The disk has less room than the reserve. Say 452; it passes when room is made.
    #[error("{free} octets are free on the spool's disk, below the reserve of {reserve}")]
    Reserve {
        /// Octets free.
        free: u64,
        /// The reserve.
        reserve: u64,
    },
    /// The disk failed. Nothing is acknowledged; the segment in use is abandoned. Say 451.
    #[error("cannot {deed} {}: {source}", path.display())]
    Disk {
        /// What was being done.
        deed: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// More than a record can hold.
    #[error("{what} has {octets} octets, more than {limit}")]
    TooLarge {
        /// An envelope, a state or a body.
        what: &'static str,
        /// Its size.
        octets: u64,
        /// The limit.
        limit: u64,
    },
    /// No live message has this id.
    #[error("no message {0} is kept")]
    Unknown(MessageId),
    /// What was kept does not read back. The message itself is at fault, not the spool.
    #[error("message {id} at {place:?} is damaged: {because}")]
    Damaged {
        /// The message.
        id: MessageId,
        /// Where it should be.
        place: Place,
        /// What is wrong.
        because: String,
    },
    /// The writing thread has ended.
    #[error("the spool is closed")]
    Stopped,
}

impl SpoolError {
    /// True when the disk is full or below its reserve: 452 rather than 451.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            SpoolError::Reserve { .. } => true,
            SpoolError::Disk { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            _ => false,
        }
    }
}

/// Turns an [`io::Error`] into a [`SpoolError`] that says what was being done to what.
pub(crate) trait During<T> {
    fn during(self, deed: &'static str, path: &Path) -> Result<T, SpoolError>;
}

impl<T> During<T> for io::Result<T> {
    fn during(self, deed: &'static str, path: &Path) -> Result<T, SpoolError> {
        self.map_err(|error| SpoolError::Disk {
            deed,
            path: path.to_owned(),
            source: Arc::new(error),
        })
    }
}
