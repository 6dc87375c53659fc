//! What the store had to do beside what it was asked, for the log and the console.

use schema::Problem;

/// Something that an administrator may want to know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Incident {
    /// A file that a crash left half-written was removed.
    #[error("{0} was left half-written by a crash and was removed")]
    HalfWritten(String),
    /// A revision file failed its check.
    #[error("the revision file {file} is damaged ({because}) and was set aside")]
    BadRevisionFile {
        /// Its name.
        file: String,
        /// What is wrong with it.
        because: String,
    },
    /// sled did not open as it was, and did without its snapshots.
    #[error("the settings database did not open ({because}); it was opened without its snapshots")]
    WithoutSnapshots {
        /// What it said.
        because: String,
    },
    /// sled was set aside and made anew.
    #[error(
        "the settings database is damaged ({because}); it was set aside and made anew from {revisions} good revisions"
    )]
    Rebuilt {
        /// What was wrong.
        because: String,
        /// Revisions in the new one.
        revisions: usize,
    },
    /// sled lacked revisions that the files had.
    #[error("the settings database lacked {0} revisions, which were taken from their files")]
    Completed(usize),
    /// Revision files were missing and were written again from sled.
    #[error("{0} revision files were missing and were written again")]
    FilesWritten(usize),
    /// The pending change was of an older revision, or could not be read.
    #[error("the pending change was dropped: {0}")]
    PendingDropped(String),
    /// A live value is not known or not allowed in this build and has its default.
    #[error("a stored value is not used: {0}")]
    NotUsed(Problem),
    /// A revision is committed, yet sled could not take it.
    #[error("the settings database could not be written ({0}); it will be opened anew")]
    DatabaseBehind(String),
    /// What is no longer needed could not be removed.
    #[error("old settings files could not be removed: {0}")]
    NotRemoved(String),
}
