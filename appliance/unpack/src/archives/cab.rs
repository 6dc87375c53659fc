//! Microsoft cabinets: stored, MSZIP and LZX folders ([MS-CAB]).

use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress, Status};
use lzxd::{Lzxd, WindowSize};

use crate::fact::FactKind;
use crate::limits;
use crate::octets::{length, run, u16_le, u32_le, until_zero};
use crate::place;
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk};

const HEADER_OCTETS: usize = 36;
const FOLDER_OCTETS: usize = 8;
const FILE_OCTETS: usize = 16;
const BLOCK_OCTETS: usize = 8;
/// What a block holds at most, decoded ([MS-CAB] section 2.4).
const DECODED_OCTETS: usize = 32 * 1024;
const RESERVE: u16 = 4;
const PREVIOUS: u16 = 1;
const NEXT: u16 = 2;

#[derive(Debug, Clone, Copy)]
struct Folder {
    data_at: usize,
    blocks: u16,
    method: u16,
}

#[derive(Debug)]
struct File {
    name: String,
    size: u32,
    offset: u32,
    folder: u16,
}

struct Directory {
    folders: Vec<Folder>,
    files: Vec<File>,
    /// Octets before the data of each block.
    reserved: usize,
    is_whole: bool,
    is_cut: bool,
}

/// Takes a cabinet apart.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let cab = specimen.octets;
    let mut directory =
        directory(cab).ok_or_else(|| Stop::broken("directory damaged or cut short"))?;
    directory.files.sort_by_key(|file| (file.folder, file.offset));
    let mut open: Option<(u16, FolderReader<'_>)> = None;
    let mut rewinds = 0;
    for file in &directory.files {
        let Some(folder) = directory.folders.get(usize::from(file.folder)) else {
            let why = Stop::broken("continued in another cabinet");
            walk.skip(specimen, &file.name, why)?;
            continue;
        };
        let at = u64::from(file.offset);
        let is_ahead = |reader: &FolderReader<'_>| reader.at <= at;
        if !open.as_ref().is_some_and(|(number, one)| *number == file.folder && is_ahead(one)) {
            if open.as_ref().is_some_and(|(number, _)| *number == file.folder) {
                rewinds += 1;
                walk.fact(specimen, FactKind::Disagreement, "members that share octets");
            }
            if rewinds > limits::CAB_REWINDS {
                return Err(Stop::broken("too many members that share octets"));
            }
            match FolderReader::new(cab, *folder, directory.reserved) {
                Ok(reader) => open = Some((file.folder, reader)),
                Err(stop) => {
                    walk.skip(specimen, &file.name, stop)?;
                    continue;
                }
            }
        }
        if let Some((_, reader)) = open.as_mut() {
            member(file, reader, specimen, walk)?;
        }
    }
    if !directory.is_whole {
        return Err(Stop::broken("a part of a set of cabinets"));
    }
    if directory.is_cut {
        return Err(Stop::broken("cut short"));
    }
    Ok(())
}

fn member(
    file: &File,
    reader: &mut FolderReader<'_>,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    let mark = walk.resident();
    if let Err(stop) = walk.reserve(reader.memory()).and_then(|()| reader.skip_to(file.offset)) {
        walk.release_to(mark);
        return walk.skip(specimen, &file.name, stop);
    }
    let entry = Entry {
        packed_octets: specimen.octets.len() as u64,
        declared_octets: Some(u64::from(file.size)),
        ..Entry::default()
    };
    let told = walk.member(specimen, &file.name, entry, &mut reader.take(u64::from(file.size)));
    walk.release_to(mark);
    told
}

fn directory(cab: &[u8]) -> Option<Directory> {
    let header = run(cab, 0, HEADER_OCTETS)?;
    let flags = u16_le(header, 30)?;
    let mut at = HEADER_OCTETS;
    let (mut of_folder, mut of_block) = (0, 0);
    if flags & RESERVE != 0 {
        let of_header = usize::from(u16_le(cab, at)?);
        of_folder = usize::from(*cab.get(at + 2)?);
        of_block = usize::from(*cab.get(at + 3)?);
        at += 4 + of_header;
    }
    for flag in [PREVIOUS, PREVIOUS, NEXT, NEXT] {
        if flags & flag != 0 {
            at += until_zero(cab.get(at..)?).len() + 1;
        }
    }
    let mut folders = Vec::new();
    for _ in 0..u16_le(header, 26)? {
        folders.push(Folder {
            data_at: length(u64::from(u32_le(cab, at)?)),
            blocks: u16_le(cab, at + 4)?,
            method: u16_le(cab, at + 6)?,
        });
        at += FOLDER_OCTETS + of_folder;
    }
    let files = files(cab, length(u64::from(u32_le(header, 16)?)), u16_le(header, 28)?);
    let size = length(u64::from(u32_le(header, 8)?));
    let is_whole = flags & (PREVIOUS | NEXT) == 0;
    let is_cut = size > cab.len() || files.1;
    Some(Directory { folders, files: files.0, reserved: of_block, is_whole, is_cut })
}

/// The files of the directory, and whether it is cut short.
fn files(cab: &[u8], mut at: usize, count: u16) -> (Vec<File>, bool) {
    let mut files = Vec::new();
    for _ in 0..count {
        let Some((file, next)) = file(cab, at) else { return (files, true) };
        files.push(file);
        at = next;
    }
    (files, false)
}

fn file(cab: &[u8], at: usize) -> Option<(File, usize)> {
    let fixed = run(cab, at, FILE_OCTETS)?;
    let name = until_zero(cab.get(at + FILE_OCTETS..)?);
    let file = File {
        name: place::decode(name.get(..256).unwrap_or(name)),
        size: u32_le(fixed, 0)?,
        offset: u32_le(fixed, 4)?,
        folder: u16_le(fixed, 8)?,
    };
    Some((file, at + FILE_OCTETS + name.len() + 1))
}

/// How the blocks of a folder are decoded.
enum Decoder {
    Stored,
    /// Each block is deflated with the last one as its dictionary.
    MsZip(Box<Decompress>),
    Lzx(Box<Lzxd>, u64),
}

/// The octets of a folder, one block after another.
struct FolderReader<'a> {
    cab: &'a [u8],
    next_block_at: usize,
    blocks: u16,
    reserved: usize,
    decoder: Decoder,
    block: Vec<u8>,
    at_in_block: usize,
    /// Octets read.
    at: u64,
}

impl<'a> FolderReader<'a> {
    fn new(cab: &'a [u8], folder: Folder, reserved: usize) -> Result<Self, Stop> {
        let decoder = match folder.method & 0xf {
            0 => Decoder::Stored,
            1 => Decoder::MsZip(Box::new(Decompress::new(false))),
            3 => {
                let bits = folder.method >> 8 & 0x1f;
                let size =
                    window(bits).ok_or_else(|| Stop::broken("LZX window of no known size"))?;
                Decoder::Lzx(Box::new(Lzxd::new(size)), 1 << bits)
            }
            2 => return Err(Stop::unsupported("Quantum compression")),
            other => return Err(Stop::unsupported(format!("compression method {other}"))),
        };
        Ok(FolderReader {
            cab,
            next_block_at: folder.data_at,
            blocks: folder.blocks,
            reserved,
            decoder,
            block: Vec::new(),
            at_in_block: 0,
            at: 0,
        })
    }

    fn memory(&self) -> u64 {
        match self.decoder {
            Decoder::Lzx(_, window) => window + limits::LEGACY_ZIP_OCTETS,
            _ => limits::LEGACY_ZIP_OCTETS,
        }
    }

    fn skip_to(&mut self, offset: u32) -> Result<(), Stop> {
        let count = u64::from(offset).saturating_sub(self.at);
        let skipped = io::copy(&mut self.take(count), &mut io::sink())?;
        if skipped < count { Err(Stop::broken("cut short")) } else { Ok(()) }
    }

    /// Decodes the next block; `false` at the end.
    fn load(&mut self) -> io::Result<bool> {
        if self.blocks == 0 {
            return Ok(false);
        }
        let short = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let at = self.next_block_at;
        let header = run(self.cab, at, BLOCK_OCTETS).ok_or_else(short)?;
        let packed = u16_le(header, 4).map(usize::from).ok_or_else(short)?;
        let size = u16_le(header, 6).map(usize::from).ok_or_else(short)?;
        let data_at = at.saturating_add(BLOCK_OCTETS).saturating_add(self.reserved);
        let data = run(self.cab, data_at, packed).ok_or_else(short)?;
        if size > DECODED_OCTETS {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a block of over 32768 bytes"));
        }
        match &mut self.decoder {
            Decoder::Stored => self.block = data.to_vec(),
            Decoder::MsZip(state) => {
                let last = std::mem::take(&mut self.block);
                self.block = inflate(state, &last, data, size)?;
            }
            Decoder::Lzx(state, _) => {
                let decoded = state.decompress_next(data, size);
                let decoded = decoded.map_err(|error| io::Error::other(error.to_string()))?;
                self.block = decoded.to_vec();
            }
        }
        if self.block.len() != size {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a block of another size"));
        }
        self.at_in_block = 0;
        self.blocks -= 1;
        self.next_block_at = data_at.saturating_add(packed);
        Ok(true)
    }
}

/// The LZX window of a power of two.
pub(super) fn window(bits: u16) -> Option<WindowSize> {
    Some(match bits {
        15 => WindowSize::KB32,
        16 => WindowSize::KB64,
        17 => WindowSize::KB128,
        18 => WindowSize::KB256,
        19 => WindowSize::KB512,
        20 => WindowSize::MB1,
        21 => WindowSize::MB2,
        _ => return None,
    })
}

fn inflate(
    state: &mut Decompress,
    dictionary: &[u8],
    data: &[u8],
    size: usize,
) -> io::Result<Vec<u8>> {
    let bad = || io::Error::from(io::ErrorKind::InvalidData);
    let data = data.strip_prefix(b"CK").ok_or_else(bad)?;
    state.reset(false);
    if !dictionary.is_empty() {
        state.set_dictionary(dictionary)?;
    }
    let mut out = Vec::with_capacity(size);
    let status = state.decompress_vec(data, &mut out, FlushDecompress::Finish)?;
    if status == Status::StreamEnd || out.len() == size { Ok(out) } else { Err(bad()) }
}

impl Read for FolderReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at_in_block >= self.block.len() {
            if !self.load()? {
                return Ok(0);
            }
        }
        let mut rest = self.block.get(self.at_in_block..).unwrap_or_default();
        let count = rest.read(out)?;
        self.at_in_block += count;
        self.at = self.at.saturating_add(count as u64);
        Ok(count)
    }
}
