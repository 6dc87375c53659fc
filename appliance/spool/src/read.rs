//! Reading messages back, with every checksum checked.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mail::{Envelope, MessageId};
use world::{DiskFile, Open};

use crate::error::During;
use crate::inspect::SealedRecord;
use crate::keeper::Ground;
use crate::layout::{LARGE, decode_head};
use crate::record::{HEADER, Header, Kind};
use crate::segment::{self, Segment};
use crate::sync::Outgoing;
use crate::writer::Body;
use crate::{Place, SpoolError, limits};

/// Read with the header, so that most heads need no second call.
const FIRST_READ: usize = 2048;

/// Segments open for reading.
#[derive(Default)]
pub(crate) struct Readers {
    open: BTreeMap<u64, Segment>,
}

impl Readers {
    /// Where a message can be read.
    pub fn locate(
        &mut self,
        ground: &Ground,
        id: MessageId,
        place: Place,
    ) -> Result<Located, SpoolError> {
        let (folder, number) = ground.layout.segment(place.segment);
        let path = segment::path(&folder, number);
        let segment = match self.open.get(&place.segment) {
            Some(segment) => segment.clone(),
            None => {
                let opened = Segment::open(&*ground.disk, &folder, number).during("open", &path)?;
                let segment = opened.map_err(|error| SpoolError::Damaged {
                    id,
                    place,
                    because: error.to_string(),
                })?;
                if self.open.len() >= limits::OPEN_SEGMENTS {
                    self.open.pop_first();
                }
                self.open.insert(place.segment, segment.clone());
                segment
            }
        };
        let ground = ground.clone();
        Ok(Located { id, place, source: From::Segment(segment, path), ground })
    }

    /// Forgets a segment that is being removed.
    pub fn forget(&mut self, segment: u64) {
        self.open.remove(&segment);
    }
}

enum From {
    Segment(Segment, PathBuf),
    Memory(Arc<Outgoing>),
}

/// A live message that can be read: the disk is touched by its methods, not in finding it.
pub struct Located {
    id: MessageId,
    place: Place,
    source: From,
    ground: Ground,
}

impl Located {
    pub(crate) fn unplaced(ground: &Ground, outgoing: Arc<Outgoing>) -> Self {
        let (id, place) = (outgoing.id, outgoing.from);
        Located { id, place, source: From::Memory(outgoing), ground: ground.clone() }
    }

    fn damaged(&self, because: impl ToString) -> SpoolError {
        SpoolError::Damaged { id: self.id, place: self.place, because: because.to_string() }
    }

    /// The envelope.
    ///
    /// # Errors
    /// [`SpoolError::Damaged`], or when the disk cannot be read.
    pub fn envelope(&self) -> Result<Envelope, SpoolError> {
        let decoded = match &self.source {
            From::Memory(outgoing) => decode_head(&outgoing.head),
            From::Segment(segment, path) => decode_head(&self.head(segment, path)?.1),
        };
        let (_, envelope) = decoded.map_err(|error| self.damaged(error))?;
        if envelope.id == self.id { Ok(envelope) } else { Err(self.damaged("it has another id")) }
    }

    /// The body. One of its own file is not read here: only its size is checked.
    ///
    /// # Errors
    /// [`SpoolError::Damaged`], or when the disk cannot be read.
    pub fn body(&self) -> Result<Body, SpoolError> {
        match &self.source {
            From::Memory(outgoing) => Ok(Body::Memory(outgoing.body.clone())),
            From::Segment(segment, path) => {
                let (header, head) = self.head(segment, path)?;
                match header.kind {
                    Kind::LargeMessage => self.large_body(&header, &head),
                    _ => self.inline_body(segment, path, &header).map(Body::Memory),
                }
            }
        }
    }

    fn head(&self, segment: &Segment, path: &Path) -> Result<(Header, Vec<u8>), SpoolError> {
        let offset = self.place.offset & !LARGE;
        let mut octets = vec![0; FIRST_READ];
        let count = segment.file.read_at(offset, &mut octets).during("read", path)?;
        octets.truncate(count);
        let header =
            Header::decode(&octets, segment.salt, offset).map_err(|error| self.damaged(error))?;
        let whole = HEADER + header.head_length as usize;
        if let Some(rest) = whole.checked_sub(count).filter(|rest| *rest > 0) {
            let mut more = vec![0; rest];
            let count =
                segment.file.read_at(offset + count as u64, &mut more).during("read", path)?;
            more.truncate(count);
            octets.append(&mut more);
        }
        octets.truncate(whole);
        octets.drain(..HEADER.min(octets.len()));
        header.check_head(&octets).map_err(|error| self.damaged(error))?;
        if header.id != self.id {
            return Err(self.damaged("another message lies there"));
        }
        Ok((header, octets))
    }

    fn inline_body(
        &self,
        segment: &Segment,
        path: &Path,
        header: &Header,
    ) -> Result<Vec<u8>, SpoolError> {
        let offset = self.place.offset & !LARGE;
        let start = offset + HEADER as u64 + u64::from(header.head_length);
        let body = read_body(&*segment.file, start, header).during("read", path)?;
        body.ok_or_else(|| self.damaged("its body does not match its checksum"))
    }

    fn large_body(&self, header: &Header, head: &[u8]) -> Result<Body, SpoolError> {
        let (first, _) = decode_head(head).map_err(|error| self.damaged(error))?;
        let path = self.ground.layout.large_body(first, self.id);
        let file = match self.ground.disk.open(&path, Open::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(self.damaged("the file of its body is gone"));
            }
            opened => opened.during("open", &path)?,
        };
        if file.size().during("ask the size of", &path)? != header.body_length {
            return Err(self.damaged("the file of its body has another size"));
        }
        match file.descriptor() {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                let body = read_body(&*file, 0, header).during("read", &path)?;
                let because = "its body does not match its checksum";
                body.map(Body::Memory).ok_or_else(|| self.damaged(because))
            }
            descriptor => Ok(Body::File(descriptor.during("share", &path)?)),
        }
    }

    /// The file of a large body; `None` for others and for damaged records.
    pub(crate) fn large_path(&self) -> Option<PathBuf> {
        let From::Segment(segment, path) = &self.source else { return None };
        let (header, head) = self.head(segment, path).ok()?;
        let (first, _) = decode_head(&head).ok()?;
        let large = header.kind == Kind::LargeMessage;
        large.then(|| self.ground.layout.large_body(first, self.id))
    }

    /// The record, to be written again elsewhere.
    pub(crate) fn copy(&self) -> Result<Outgoing, SpoolError> {
        let From::Segment(segment, path) = &self.source else {
            return Err(self.damaged("it lies nowhere yet"));
        };
        let (header, head) = self.head(segment, path)?;
        let large = (header.kind == Kind::LargeMessage).then_some(header.body_length);
        let body = match large {
            Some(_) => Vec::new(),
            None => self.inline_body(segment, path, &header)?,
        };
        Ok(Outgoing { id: self.id, head, body, large, crc: header.body_crc, from: self.place })
    }
}

/// Reads a body; `None` when it does not match its checksum.
fn read_body(file: &dyn DiskFile, start: u64, header: &Header) -> io::Result<Option<Vec<u8>>> {
    // The length is under the header's checksum, and never more than the file has.
    let rest = file.size()?.saturating_sub(start);
    if header.body_length > rest {
        return Ok(None);
    }
    let mut body = vec![0; usize::try_from(header.body_length).map_err(io::Error::other)?];
    let count = file.read_at(start, &mut body)?;
    let whole = count == body.len() && crc32c::crc32c(&body) == header.body_crc;
    Ok(whole.then_some(body))
}

/// Whether the body of a record reads back; a large one by its presence and size. An error when
/// that cannot be told.
pub(crate) fn body_is_whole(
    ground: &Ground,
    segment: &Segment,
    sealed: &SealedRecord,
) -> Result<bool, String> {
    if sealed.header.kind == Kind::Message {
        let body = read_body(&*segment.file, sealed.body_offset(), &sealed.header);
        return body.map(|body| body.is_some()).map_err(|error| error.to_string());
    }
    let mut readers = Readers::default();
    readers.open.insert(0, segment.clone());
    let place = Place { segment: 0, offset: sealed.offset };
    match readers.locate(ground, sealed.id, place).and_then(|located| located.body()) {
        Ok(_) => Ok(true),
        Err(SpoolError::Damaged { .. }) => Ok(false),
        Err(error) => Err(error.to_string()),
    }
}
