//! The group commit of intake, without threads: give it messages, get receipts.
//!
//! Only here is a [`Receipt`] made, and only after the sync that covers it has returned.

use std::io::IoSlice;
use std::path::Path;
use std::sync::Arc;

use mail::MessageId;
use world::{Disk, DiskFile, Open};

use crate::error::During;
use crate::layout::{LARGE, Layout, Options, large_name};
use crate::record::{HEADER, Header, Kind};
use crate::segment::{self, Appender, START};
use crate::{Place, SpoolError, limits};

/// Proof that a message is on stable storage. Cannot be made outside this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    id: MessageId,
    place: Place,
}

impl Receipt {
    /// The message.
    #[must_use]
    pub fn id(&self) -> MessageId {
        self.id
    }

    /// Where it lies.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }
}

/// A message's body on its way into a segment.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// To be written behind the head.
    Inline(&'a [u8]),
    /// In a file of its own that is durable already; its octets.
    Large(u64),
}

impl Content<'_> {
    fn octets(&self) -> &[u8] {
        match self {
            Content::Inline(octets) => octets,
            Content::Large(_) => &[],
        }
    }
}

/// One message to commit.
#[derive(Debug, Clone, Copy)]
pub struct Submission<'a> {
    /// The message.
    pub id: MessageId,
    /// From [`crate::encode_head`].
    pub head: &'a [u8],
    /// The body.
    pub content: Content<'a>,
    /// CRC32C of the body.
    pub body_crc: u32,
}

impl Submission<'_> {
    fn header(&self) -> Header {
        let kind = match self.content {
            Content::Inline(_) => Kind::Message,
            Content::Large(_) => Kind::LargeMessage,
        };
        let body_length = match self.content {
            Content::Inline(octets) => octets.len() as u64,
            Content::Large(octets) => octets,
        };
        Header { body_length, body_crc: self.body_crc, ..Header::new(kind, self.id, self.head) }
    }

    fn place(&self, segment: u64, offset: u64) -> Place {
        let large = matches!(self.content, Content::Large(_));
        Place { segment, offset: if large { offset | LARGE } else { offset } }
    }

    /// Octets of the record.
    pub(crate) fn length(&self) -> u64 {
        (HEADER + self.head.len() + self.content.octets().len()) as u64
    }
}

/// How many of the first messages go into one write: as many as the segment and the group hold,
/// one at least where the segment is empty.
fn group_length(submissions: &[Submission<'_>], position: u64, segment_octets: u64) -> usize {
    let mut octets = 0;
    let mut count = 0;
    for submission in submissions.iter().take(limits::GROUP_MESSAGES) {
        octets += submission.length();
        let fits = position + octets <= segment_octets && octets <= limits::GROUP_OCTETS;
        let alone = count == 0 && position == START;
        if !(fits || alone) {
            break;
        }
        count += 1;
    }
    count
}

/// Appends messages to a segment as one group, not yet durable; the place of each.
pub(crate) fn append_group(
    appender: &mut Appender,
    submissions: &[Submission<'_>],
    ahead: u64,
) -> std::io::Result<Vec<Place>> {
    let start = appender.position;
    let mut headers = Vec::with_capacity(submissions.len());
    let mut places = Vec::with_capacity(submissions.len());
    let mut offset = start;
    for submission in submissions {
        let header = Header { first: offset == start, ..submission.header() };
        headers.push(header.encode(appender.salt, offset));
        places.push(submission.place(appender.number, offset));
        offset += header.length();
    }
    let mut parts = Vec::with_capacity(submissions.len() * 3 + 1);
    for (header, submission) in headers.iter().zip(submissions) {
        parts.push(IoSlice::new(header));
        parts.push(IoSlice::new(submission.head));
        parts.push(IoSlice::new(submission.content.octets()));
    }
    appender.append(&mut parts, offset - start, ahead)?;
    Ok(places)
}

/// A sequence of segments in one folder, of which the last is appended to.
pub(crate) struct Segments {
    folder: std::path::PathBuf,
    pub current: Option<Appender>,
    pub next: u64,
    /// Segments that are complete since this was last emptied.
    pub closed: Vec<u64>,
    /// Segments begun since this was last emptied.
    pub begun: Vec<u64>,
}

impl Segments {
    pub fn new(folder: std::path::PathBuf, next: u64) -> Self {
        Segments { folder, current: None, next, closed: Vec::new(), begun: Vec::new() }
    }

    /// Gives up the segment in use: nothing is ever written to it again.
    pub fn poison(&mut self) {
        if let Some(appender) = self.current.take() {
            tracing::error!(segment = appender.number, folder = %self.folder.display(), "segment abandoned");
            self.closed.push(appender.number);
        }
    }

    fn begin(&mut self, disk: &dyn Disk, options: &Options) -> Result<(), SpoolError> {
        let number = self.next;
        self.next += 1;
        self.begun.push(number);
        let made = Appender::create(disk, &self.folder, number, options.entropy.number());
        if made.is_err() {
            self.closed.push(number);
        }
        self.current = Some(made.during("begin a segment in", &self.folder)?);
        Ok(())
    }

    /// Makes sure that there is a segment with room; `full` tells when there is not.
    pub fn ready(
        &mut self,
        disk: &dyn Disk,
        options: &Options,
        full: impl FnOnce(u64) -> bool,
    ) -> Result<&mut Appender, SpoolError> {
        if let Some(appender) = self.current.take_if(|appender| full(appender.position)) {
            self.closed.push(appender.number);
            appender.close();
        }
        if self.current.is_none() {
            self.begin(disk, options)?;
        }
        self.current.as_mut().ok_or(SpoolError::Stopped)
    }

    /// Writes the first of these messages as one group; the places of those written, durable
    /// after [`Segments::sync`] only.
    pub fn write_group(
        &mut self,
        disk: &dyn Disk,
        options: &Options,
        submissions: &[Submission<'_>],
    ) -> Result<Vec<Place>, SpoolError> {
        let octets = options.segment_octets;
        let full = |position| group_length(submissions, position, octets) == 0;
        let appender = self.ready(disk, options, full)?;
        let count = group_length(submissions, appender.position, octets).max(1);
        let group = submissions.get(..count).unwrap_or(submissions);
        let written = append_group(appender, group, options.ahead_octets);
        if written.is_err() {
            self.poison();
        }
        written.during("write to a segment in", &self.folder)
    }

    /// Makes the segment in use durable.
    pub fn sync(&mut self) -> Result<(), SpoolError> {
        let synced = self.current.as_ref().map_or(Ok(()), Appender::sync);
        if synced.is_err() {
            self.poison();
        }
        synced.during("sync a segment in", &self.folder)
    }
}

/// intake's side of the spool: appends messages, group by group.
pub struct Committer {
    disk: Arc<dyn Disk>,
    layout: Layout,
    options: Options,
    segments: Segments,
    first: u64,
}

impl Committer {
    /// Starts behind every segment that is there. Makes no segment before the first message.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(disk: Arc<dyn Disk>, folder: &Path, options: Options) -> Result<Self, SpoolError> {
        let layout = Layout::new(folder);
        layout.make(&*disk)?;
        let intake = layout.intake();
        let numbers = segment::numbers(&*disk, &intake).during("list the folder", &intake)?;
        // Behind the left-over large bodies as well, so that they can be told from its own.
        let large = layout.large();
        let entries = disk.list(&large).during("list the folder", &large)?;
        let bodies = entries.iter().filter_map(|entry| large_name(&entry.name));
        let last = numbers.into_iter().chain(bodies.map(|(first, _)| first)).max();
        let first = last.map_or(1, |last| last + 1);
        Ok(Committer { disk, layout, options, segments: Segments::new(intake, first), first })
    }

    /// The number of the first segment that this one writes.
    #[must_use]
    pub fn first_segment(&self) -> u64 {
        self.first
    }

    /// Segments that are complete since this was last called.
    pub fn closed_segments(&mut self) -> Vec<u64> {
        self.segments.begun.clear();
        std::mem::take(&mut self.segments.closed)
    }

    /// Commits messages: one write and one sync for each group that fits a segment. After a
    /// failure the segment is given up and the messages of that group are not kept; those of the
    /// next group go to a new segment.
    pub fn commit(
        &mut self,
        mut submissions: &[Submission<'_>],
    ) -> Vec<Result<Receipt, SpoolError>> {
        let mut results = Vec::with_capacity(submissions.len());
        while !submissions.is_empty() {
            let written = self.commit_group(submissions);
            let count = match &written {
                Ok(places) => places.len(),
                // How many shared the failed write is not known here: fail what one group holds.
                Err(_) => group_length(submissions, START, u64::MAX).max(1),
            };
            let (group, rest) = submissions.split_at_checked(count).unwrap_or((submissions, &[]));
            match written {
                Ok(places) => results.extend(
                    group
                        .iter()
                        .zip(places)
                        .map(|(submission, place)| Ok(Receipt { id: submission.id, place })),
                ),
                Err(error) => results.extend(group.iter().map(|_| Err(error.clone()))),
            }
            submissions = rest;
        }
        results
    }

    fn commit_group(&mut self, submissions: &[Submission<'_>]) -> Result<Vec<Place>, SpoolError> {
        let places = self.segments.write_group(&*self.disk, &self.options, submissions)?;
        self.segments.sync()?;
        Ok(places)
    }

    /// Begins the file of a large body.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn large(&self, id: MessageId) -> Result<LargeBody, SpoolError> {
        LargeBody::begin(&self.disk, &self.layout, self.first, id)
    }
}

/// The body of one message in a file of its own.
pub struct LargeBody {
    disk: Arc<dyn Disk>,
    folder: std::path::PathBuf,
    path: std::path::PathBuf,
    file: Arc<dyn DiskFile>,
    size: u64,
}

impl LargeBody {
    pub(crate) fn begin(
        disk: &Arc<dyn Disk>,
        layout: &Layout,
        first: u64,
        id: MessageId,
    ) -> Result<Self, SpoolError> {
        let path = layout.large_body(first, id);
        let file = disk.open(&path, Open::New).during("make", &path)?;
        Ok(LargeBody { disk: Arc::clone(disk), folder: layout.large(), path, file, size: 0 })
    }

    /// Appends octets.
    ///
    /// # Errors
    /// When they cannot be written; the body is then of no use.
    pub fn write(&mut self, octets: &[u8]) -> Result<(), SpoolError> {
        self.file.write_at(self.size, &[IoSlice::new(octets)]).during("write", &self.path)?;
        self.size += octets.len() as u64;
        Ok(())
    }

    /// Octets so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Makes content and name durable; the record that names this body may be written only then.
    ///
    /// # Errors
    /// When they cannot be; the body is then of no use.
    pub fn make_durable(&self) -> Result<(), SpoolError> {
        self.file.sync_data().during("sync", &self.path)?;
        self.disk.sync_folder(&self.folder).during("sync the folder", &self.folder)
    }

    /// A descriptor that reads it and cannot write it.
    pub(crate) fn reopen(&self) -> Result<std::os::fd::OwnedFd, SpoolError> {
        let opened = self.disk.open(&self.path, Open::Read).and_then(|file| file.descriptor());
        opened.during("open", &self.path)
    }

    /// Removes it: the message was not kept.
    pub fn remove(self) {
        // A file that stays is swept away by queue after the next start of intake.
        self.disk.remove(&self.path).ok();
    }
}
