//! One member of a zip, dressed as a zip of its own: the crate `zip` then decodes rare methods and
//! encryption, and cannot see anything that `zip_directory.rs` did not give it.

use std::io::{self, Read, Seek, SeekFrom};

use zip::ZipArchive;
use zip::read::{ZipFile, ZipReadOptions};
use zip::result::ZipError;

use super::zip_directory::Described;
use crate::walk::Stop;

/// Sizes follow the data.
const SIZES_FOLLOW: u16 = 1 << 3;
/// The name that the member gets.
const NAME: &[u8] = b"x";
/// Version needed to extract: any.
const VERSION: u16 = 63;

/// A member dressed as a zip.
pub(super) struct Single<'a> {
    before: Vec<u8>,
    data: &'a [u8],
    after: Vec<u8>,
}

impl<'a> Single<'a> {
    pub(super) fn of(described: &Described<'_>, data: &'a [u8]) -> Self {
        let common = common(described, data);
        let extra = aes_extra(described);
        let extra_octets = u16::try_from(extra.len()).unwrap_or(0).to_le_bytes();
        let before = [b"PK\x03\x04", common.as_slice(), &extra_octets, NAME, &extra].concat();
        let central_at = (before.len() + data.len()) as u64;
        let mut after = b"PK\x01\x02".to_vec();
        after.extend(VERSION.to_le_bytes());
        after.extend([common.as_slice(), &extra_octets].concat());
        // No comment, first disk, no attributes, local header at 0.
        after.extend([0; 14]);
        after.extend([NAME, &extra].concat());
        let central_octets = after.len() as u64;
        after.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        after.extend(four(central_octets));
        after.extend(four(central_at));
        after.extend([0; 2]);
        Single { before, data, after }
    }

    pub(super) fn archive(&self) -> Result<ZipArchive<Spliced<'_>>, Stop> {
        let parts = [self.before.as_slice(), self.data, self.after.as_slice()];
        ZipArchive::new(Spliced { parts, at: 0 }).map_err(stop)
    }
}

/// A reader of the one member; `None` when the password is wrong.
pub(super) fn member<'r, 'a>(
    archive: &'r mut ZipArchive<Spliced<'a>>,
    password: Option<&'r [u8]>,
) -> Result<Option<ZipFile<'r, Spliced<'a>>>, Stop> {
    let options = ZipReadOptions::new().password(password).ignore_crc32(true);
    match archive.by_index_with_options(0, options) {
        Ok(member) => Ok(Some(member)),
        Err(ZipError::InvalidPassword) => Ok(None),
        Err(error) => Err(stop(error)),
    }
}

fn stop(error: ZipError) -> Stop {
    match error {
        ZipError::CompressionMethodNotSupported(_) | ZipError::UnsupportedArchive(_) => {
            Stop::unsupported(error.to_string())
        }
        other => Stop::broken(other.to_string()),
    }
}

/// The fields that both headers have, from the version to the length of the name.
fn common(described: &Described<'_>, data: &[u8]) -> Vec<u8> {
    let mut common = Vec::with_capacity(24);
    common.extend(VERSION.to_le_bytes());
    common.extend(described.flags.to_le_bytes());
    common.extend(described.method.to_le_bytes());
    common.extend(described.time.to_le_bytes());
    common.extend(0x21_u16.to_le_bytes());
    common.extend(described.crc32.to_le_bytes());
    common.extend(four(data.len() as u64));
    let size = if described.flags & SIZES_FOLLOW != 0 && described.size == 0 {
        u64::from(u32::MAX) - 1
    } else {
        described.size
    };
    common.extend(four(size));
    common.extend(u16::try_from(NAME.len()).unwrap_or_default().to_le_bytes());
    common
}

fn aes_extra(described: &Described<'_>) -> Vec<u8> {
    let Some(aes) = described.aes else { return Vec::new() };
    let octets = u16::try_from(aes.len()).unwrap_or_default().to_le_bytes();
    [&0x9901_u16.to_le_bytes(), &octets, aes].concat()
}

/// A size in four octets; one that does not fit is as large as can be.
fn four(value: u64) -> [u8; 4] {
    u32::try_from(value).unwrap_or(u32::MAX - 1).to_le_bytes()
}

/// Three runs of octets as one file.
#[derive(Clone)]
pub(super) struct Spliced<'a> {
    parts: [&'a [u8]; 3],
    at: u64,
}

impl Read for Spliced<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut skip = crate::octets::length(self.at);
        for part in self.parts {
            let Some(mut rest) = part.get(skip..).filter(|rest| !rest.is_empty()) else {
                skip = skip.saturating_sub(part.len());
                continue;
            };
            let count = rest.read(out)?;
            self.at = self.at.saturating_add(count as u64);
            return Ok(count);
        }
        Ok(0)
    }
}

impl Seek for Spliced<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let all: usize = self.parts.iter().map(|part| part.len()).sum();
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => (all as u64).checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
