//! Zstandard, any number of frames one after another. The window of every frame is looked at before
//! the decoder makes it.

use std::io::{self, Read};

use ruzstd::decoding::StreamingDecoder;

use super::gzip::inner_name;
use crate::limits;
use crate::octets::{length, u32_le};
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk};

/// What is inside.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    walk.reserve(limits::ZSTD_WINDOW_OCTETS)?;
    let entry = Entry { packed_octets: specimen.octets.len() as u64, ..Entry::default() };
    let mut reader = Frames::new(specimen.octets);
    walk.member(specimen, &inner_name(specimen.name), entry, &mut reader)
}

/// All frames as one run of octets.
pub(crate) struct Frames<'a> {
    rest: &'a [u8],
    frame: Option<Box<StreamingDecoder<&'a [u8], ruzstd::decoding::FrameDecoder>>>,
}

impl<'a> Frames<'a> {
    /// All frames of these octets.
    pub(crate) fn new(octets: &'a [u8]) -> Self {
        Frames { rest: octets, frame: None }
    }

    /// Steps into the next frame that holds something; `false` at the end.
    fn next(&mut self) -> io::Result<bool> {
        while let Some(magic) = u32_le(self.rest, 0) {
            // A frame to be skipped (RFC 8878 section 3.1.2).
            if magic >> 4 != 0x0184_D2A5 {
                let decoder = StreamingDecoder::new_with_max_window_size(
                    self.rest,
                    limits::ZSTD_WINDOW_OCTETS,
                )
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
                self.frame = Some(Box::new(decoder));
                return Ok(true);
            }
            let octets = u32_le(self.rest, 4).ok_or(io::ErrorKind::UnexpectedEof)?;
            let next = length(u64::from(octets)).saturating_add(8);
            self.rest = self.rest.get(next..).ok_or(io::ErrorKind::UnexpectedEof)?;
        }
        if self.rest.is_empty() { Ok(false) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

impl Read for Frames<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            let Some(frame) = self.frame.as_mut() else {
                if self.next()? {
                    continue;
                }
                return Ok(0);
            };
            let came = frame.read(out)?;
            if came > 0 {
                return Ok(came);
            }
            if !frame.decoder.is_finished() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let read = frame.decoder.get_checksum_from_data();
            if read.is_some() && read != frame.decoder.get_calculated_checksum() {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "checksum differs"));
            }
            self.rest = frame.get_ref();
            self.frame = None;
        }
    }
}
