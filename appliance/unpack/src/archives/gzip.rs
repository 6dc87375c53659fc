//! gzip (RFC 1952), any number of members one after another, and zlib streams (RFC 1950).

use std::io::Read;

use super::inflate::Inflate;
use crate::fact::FactKind;
use crate::octets::{run, u16_le, u32_le, until_zero};
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk};
use crate::{limits, place};

/// Octets of the fixed part of a header.
const HEADER_OCTETS: usize = 10;
/// CRC-32 and size modulo 2^32.
const TRAILER_OCTETS: usize = 8;

struct Header {
    name: String,
    octets: usize,
}

/// All members; they make one file, as gunzip reads them, and each is told alone as well only when
/// there is more than one.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let header = header(specimen.octets).ok_or_else(|| Stop::broken("gzip header cut short"))?;
    let name = if header.name.is_empty() { inner_name(specimen.name) } else { header.name };
    let entry = Entry { packed_octets: specimen.octets.len() as u64, ..Entry::default() };
    let mut members = Members { rest: specimen.octets, current: None, trailing: 0 };
    walk.member(specimen, &name, entry, &mut members)?;
    if members.trailing > 0 {
        let words = format!("{} bytes after the end", members.trailing);
        walk.fact(specimen, FactKind::Disagreement, &words);
    }
    Ok(())
}

/// A bare zlib stream.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack_zlib(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let entry = Entry { packed_octets: specimen.octets.len() as u64, ..Entry::default() };
    let mut inflate = Inflate::zlib(specimen.octets);
    walk.member(specimen, &inner_name(specimen.name), entry, &mut inflate)
}

/// The name of what is inside of a compressed file, when that does not say it: without its last
/// extension, and `.tgz` is a `.tar`.
pub(crate) fn inner_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((stem, extension)) => match extension.to_ascii_lowercase().as_str() {
            "tgz" | "tbz" | "tbz2" | "txz" | "tlz" | "tzst" | "taz" => format!("{stem}.tar"),
            "svgz" => format!("{stem}.svg"),
            _ => stem.to_owned(),
        },
        None => name.to_owned(),
    }
}

fn header(octets: &[u8]) -> Option<Header> {
    let fixed = run(octets, 0, HEADER_OCTETS)?;
    let flags = *fixed.get(3)?;
    let mut at = HEADER_OCTETS;
    if flags & 0b100 != 0 {
        at += 2 + usize::from(u16_le(octets, at)?);
    }
    let mut name = String::new();
    for flag in [0b1000, 0b1_0000] {
        if flags & flag != 0 {
            let text = until_zero(octets.get(at..)?);
            at = at.checked_add(text.len())?.checked_add(1)?;
            if flag == 0b1000 {
                name = place::decode(text.get(..limits::NAME_OCTETS).unwrap_or(text));
            }
        }
    }
    if flags & 0b10 != 0 {
        at += 2;
    }
    octets.get(at..).map(|_| Header { name, octets: at })
}

struct Member<'a> {
    inflate: Inflate<'a>,
    sum: flate2::Crc,
}

/// All members of a file as one run of octets.
struct Members<'a> {
    rest: &'a [u8],
    current: Option<Member<'a>>,
    trailing: usize,
}

impl Members<'_> {
    /// Steps into the next member; `false` at the end.
    fn next(&mut self) -> std::io::Result<bool> {
        if !self.rest.starts_with(b"\x1f\x8b") {
            let is_padding = self.rest.iter().all(|octet| *octet == 0);
            self.trailing = if is_padding { 0 } else { self.rest.len() };
            return Ok(false);
        }
        let header = header(self.rest).ok_or_else(|| short("gzip header cut short"))?;
        if self.rest.get(2) != Some(&8) {
            return Err(short("gzip with an unknown method"));
        }
        self.rest = self.rest.get(header.octets..).unwrap_or_default();
        let inflate = Inflate::raw(self.rest);
        self.current = Some(Member { inflate, sum: flate2::Crc::new() });
        Ok(true)
    }

    fn close(&mut self, member: &Member<'_>) -> std::io::Result<()> {
        let trailer_at = member.inflate.taken_octets();
        let sum = u32_le(self.rest, trailer_at);
        let size = u32_le(self.rest, trailer_at.saturating_add(4));
        let next = trailer_at.saturating_add(TRAILER_OCTETS);
        self.rest = self.rest.get(next..).unwrap_or_default();
        match (sum, size) {
            (Some(sum), Some(size)) if sum == member.sum.sum() && size == member.sum.amount() => {
                Ok(())
            }
            (Some(_), Some(_)) => Err(short("checksum or size differs")),
            _ => Err(short("gzip trailer cut short")),
        }
    }
}

fn short(words: &'static str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, words)
}

impl Read for Members<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            let Some(mut member) = self.current.take() else {
                if self.next()? {
                    continue;
                }
                return Ok(0);
            };
            let came = member.inflate.read(out)?;
            if came > 0 {
                member.sum.update(out.get(..came).unwrap_or_default());
                self.current = Some(member);
                return Ok(came);
            }
            self.close(&member)?;
        }
    }
}
