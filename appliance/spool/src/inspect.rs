//! Going through one segment of messages to see what it holds. Touches the disk only, so that it
//! can run while queue works on.

use std::io::ErrorKind;
use std::ops::Range;
use std::path::PathBuf;

use mail::MessageId;

use crate::Place;
use crate::keeper::Ground;
use crate::layout::LARGE;
use crate::record::{HEADER, Header, Kind};
use crate::scan::{Scanned, scan};
use crate::segment::{self, Segment};

/// A message's record, as it lies in a segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SealedRecord {
    pub id: MessageId,
    pub offset: u64,
    pub header: Header,
}

impl SealedRecord {
    /// Its place, if it lies in this segment.
    pub fn place(&self, segment: u64) -> Place {
        let large = if self.header.kind == Kind::LargeMessage { LARGE } else { 0 };
        Place { segment, offset: self.offset | large }
    }

    /// Where its body begins, if it lies in the segment.
    pub fn body_offset(&self) -> u64 {
        self.offset + HEADER as u64 + u64::from(self.header.head_length)
    }
}

/// What a segment holds.
#[derive(Default)]
pub(crate) struct Searched {
    pub segment: Option<Segment>,
    pub messages: Vec<SealedRecord>,
    pub damage: Vec<Range<u64>>,
    pub durable: u64,
    /// It is marked as complete.
    pub closed: bool,
}

/// How a search ended.
pub(crate) enum Found {
    /// It was not searched, or its start is not there: it was never used.
    Nothing,
    /// There is no such file.
    Gone,
    /// It could not be read, for this reason.
    Unreadable(String),
    /// This.
    Records(Searched),
}

/// A search of one segment.
pub(crate) struct Inspection {
    ground: Ground,
    pub number: u64,
    /// It was closed before the search began, so nothing can be missed.
    pub closed: bool,
    pub path: PathBuf,
    pub found: Found,
}

impl Inspection {
    pub fn new(ground: &Ground, number: u64, closed: bool) -> Self {
        let (folder, bare) = ground.layout.segment(number);
        let path = segment::path(&folder, bare);
        Inspection { ground: ground.clone(), number, closed, path, found: Found::Nothing }
    }

    /// Does it.
    pub fn run(&mut self) {
        self.found = match self.search() {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => Found::Gone,
            Err(error) => Found::Unreadable(error.to_string()),
        };
    }

    fn search(&self) -> std::io::Result<Found> {
        let (folder, bare) = self.ground.layout.segment(self.number);
        let Ok(segment) = Segment::open(&*self.ground.disk, &folder, bare)? else {
            return Ok(Found::Nothing);
        };
        // What is found here is acted on: it must not be lost again to a power cut because its
        // writer died before its own sync.
        segment.file.sync_data()?;
        let mut messages = Vec::new();
        let Scanned { damage, durable, closed, .. } =
            scan(&*segment.file, segment.salt, |offset, header, _| {
                if matches!(header.kind, Kind::Message | Kind::LargeMessage) {
                    messages.push(SealedRecord { id: header.id, offset, header: *header });
                }
            })?;
        let segment = Some(segment);
        Ok(Found::Records(Searched { segment, messages, damage, durable, closed }))
    }
}
