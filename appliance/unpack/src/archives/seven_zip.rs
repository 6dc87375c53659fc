//! 7z. The crate `sevenz-rust2` reads it; before a block is decoded the memory that its coders ask
//! for is looked at here.

use std::io::{Cursor, Read};

use sevenz_rust2::{Archive, ArchiveEntry, Block, BlockDecoder, EncoderMethod, Error, Password};

use super::lzma_window;
use crate::fact::FactKind;
use crate::limits;
use crate::octets::u32_le;
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk, crc32, guarded};

/// What is known of a 7z before its blocks are decoded.
struct Opened<'a> {
    archive: Archive,
    /// The password that opened the directory.
    password: Password,
    octets: &'a [u8],
}

/// Takes a 7z apart.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    walk.reserve(limits::DIRECTORY_OCTETS)?;
    let opened = open(specimen, walk)?;
    for number in 0..opened.archive.blocks.len() {
        let mark = walk.resident();
        let ended = block(&opened, number, specimen, walk);
        walk.release_to(mark);
        match ended {
            Ok(()) => {}
            Err(Stop::Over) => return Err(Stop::Over),
            Err(stop) => {
                let name = first_name(&opened.archive, number);
                walk.skip(specimen, &name, stop)?;
            }
        }
    }
    if opened.archive.blocks.is_empty() && !opened.archive.files.is_empty() {
        let is_folder = |file: &ArchiveEntry| file.is_directory || file.size == 0;
        if !opened.archive.files.iter().all(is_folder) {
            return Err(Stop::broken("members without data"));
        }
    }
    Ok(())
}

fn open<'a>(specimen: &Specimen<'a>, walk: &mut Walk<'_, '_>) -> Result<Opened<'a>, Stop> {
    let octets = specimen.octets;
    let read = |password: &Password| Archive::read(&mut Cursor::new(octets), password);
    let password = Password::empty();
    match guarded(|| Ok::<_, Stop>(read(&password)))? {
        Ok(archive) => return Ok(Opened { archive, password, octets }),
        Err(Error::PasswordRequired | Error::MaybeBadPassword(_)) => {}
        Err(error) => return Err(stop(&error)),
    }
    for words in walk.passwords().iter().take(limits::SLOW_PASSWORDS) {
        walk.still_time(specimen)?;
        let password = Password::from(words.as_str());
        if let Ok(archive) = guarded(|| read(&password).map_err(|error| stop(&error))) {
            walk.fact(specimen, FactKind::Opened, "with a password that was tried");
            return Ok(Opened { archive, password, octets });
        }
    }
    Err(Stop::Encrypted("no password opened its directory".to_owned()))
}

fn first_name(archive: &Archive, block: usize) -> String {
    let mut files = archive.files.iter().zip(&archive.stream_map.file_block_index);
    let found = files.find(|(_, number)| **number == Some(block));
    found.map(|(file, _)| file.name.clone()).unwrap_or_default()
}

fn block(
    opened: &Opened<'_>,
    number: usize,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    let Some(block) = opened.archive.blocks.get(number) else { return Ok(()) };
    walk.reserve(memory(block))?;
    let has = |id: &[u8]| block.coders.iter().any(|coder| coder.encoder_method_id() == id);
    if !has(EncoderMethod::ID_AES256_SHA256) {
        return tell(opened, number, &opened.password, false, specimen, walk);
    }
    let Some(password) = password(opened, number, specimen, walk)? else {
        return closed(opened, number, specimen, walk);
    };
    walk.fact_of_member(
        specimen,
        &first_name(&opened.archive, number),
        FactKind::Opened,
        "with a password that was tried",
    );
    tell(opened, number, &password, true, specimen, walk)
}

/// Memory that the coders of a block ask for.
fn memory(block: &Block) -> u64 {
    let coders = block.coders.iter().map(|coder| {
        let properties = coder.properties();
        match coder.encoder_method_id() {
            EncoderMethod::ID_LZMA => lzma_window::properties(properties)
                .map_or(0, |(octet, dictionary)| lzma_window::memory(u64::from(dictionary), octet)),
            EncoderMethod::ID_LZMA2 => properties
                .first()
                .map_or(0, |octet| lzma_window::memory(lzma_window::lzma2_dictionary(*octet), 0)),
            EncoderMethod::ID_PPMD => u32_le(properties, 1).map_or(0, u64::from),
            EncoderMethod::ID_BZIP2 => limits::BZIP2_OCTETS,
            _ => limits::LEGACY_ZIP_OCTETS,
        }
    });
    coders.fold(0, u64::saturating_add)
}

/// The password of a block: the one under which its first member comes out right.
fn password(
    opened: &Opened<'_>,
    number: usize,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<Option<Password>, Stop> {
    let of_directory = Some(opened.password.clone()).filter(|known| !known.is_empty());
    let listed = walk.passwords().iter().take(limits::SLOW_PASSWORDS);
    for password in of_directory.into_iter().chain(listed.map(|one| Password::from(one.as_str()))) {
        walk.still_time(specimen)?;
        let mark = walk.resident();
        let mut is_right = false;
        let mut over = None;
        let mut source = Cursor::new(opened.octets);
        let decoder = BlockDecoder::new(1, number, &opened.archive, &password, &mut source);
        // What a wrong password makes of the data is no damage.
        let _wrong = guarded(|| {
            decoder
                .for_each_entries(&mut |file, reader| {
                    if file.size == 0 {
                        return Ok(true);
                    }
                    match walk.take(specimen, entry(file, opened, true), reader) {
                        Ok(taken) => {
                            is_right = taken.end.is_none()
                                && taken.octets.len() as u64 == file.size
                                && (!file.has_crc || u64::from(crc32(&taken.octets)) == file.crc);
                        }
                        Err(stop) => over = Some(stop),
                    }
                    Ok(false)
                })
                .map_err(|error| stop(&error))
        });
        walk.release_to(mark);
        if let Some(stop) = over {
            return Err(stop);
        }
        if is_right {
            return Ok(Some(password));
        }
    }
    Ok(None)
}

fn closed(
    opened: &Opened<'_>,
    number: usize,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    let files = opened.archive.files.iter().zip(&opened.archive.stream_map.file_block_index);
    for (file, _) in files.filter(|(file, block)| **block == Some(number) && file.size > 0) {
        let entry = entry(file, opened, true);
        walk.closed_member(specimen, &file.name, entry, "no password opened it")?;
    }
    Ok(())
}

fn entry(file: &ArchiveEntry, opened: &Opened<'_>, is_encrypted: bool) -> Entry {
    Entry {
        packed_octets: opened.octets.len() as u64,
        declared_octets: Some(file.size),
        crc32: file.has_crc.then(|| u32::try_from(file.crc).unwrap_or_default()),
        is_encrypted,
    }
}

/// Tells the members of a block.
fn tell(
    opened: &Opened<'_>,
    number: usize,
    password: &Password,
    is_encrypted: bool,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    let mut source = Cursor::new(opened.octets);
    let decoder = BlockDecoder::new(1, number, &opened.archive, password, &mut source);
    let mut over = None;
    let ended = guarded(|| {
        decoder
            .for_each_entries(&mut |file, reader| {
                if file.size == 0 {
                    return Ok(true);
                }
                let mut counted = Counted { reader, count: 0 };
                let entry = entry(file, opened, is_encrypted);
                let told = walk.member(specimen, &file.name, entry, &mut counted);
                // What was not read is not worth decoding: it is over a limit or damaged.
                let is_whole = counted.count >= file.size;
                if let Err(stop) = told {
                    over = Some(stop);
                    return Ok(false);
                }
                Ok(is_whole)
            })
            .map_err(|error| stop(&error))
    });
    if let Some(stop) = over {
        return Err(stop);
    }
    match ended? {
        true => Ok(()),
        false => Err(Stop::broken("what follows in the same block was not seen")),
    }
}

struct Counted<'a> {
    reader: &'a mut dyn Read,
    count: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = self.reader.read(out)?;
        self.count = self.count.saturating_add(count as u64);
        Ok(count)
    }
}

fn stop(error: &Error) -> Stop {
    match error {
        Error::UnsupportedCompressionMethod(_)
        | Error::UnsupportedVersion { .. }
        | Error::ExternalUnsupported
        | Error::Unsupported(_) => Stop::unsupported(error.to_string()),
        Error::PasswordRequired | Error::MaybeBadPassword(_) => {
            Stop::Encrypted("no password opened it".to_owned())
        }
        _ => Stop::broken(error.to_string()),
    }
}
