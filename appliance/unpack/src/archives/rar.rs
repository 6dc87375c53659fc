//! RAR of all generations, by the crate `rars`, whose own limits are set to what the budget leaves.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use rars::{
    Archive, ArchiveMember, ArchiveReadOptions, ArchiveReader, Error, ErrorKind,
    ExtractionDecision, ExtractionErrorAction,
};

use crate::budget::Exceeded;
use crate::fact::FactKind;
use crate::limits;
use crate::octets::length;
use crate::place;
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Taken, Walk, guarded};

/// Where the unpacker writes a member, bounded.
#[derive(Default)]
struct Sink {
    octets: Vec<u8>,
    room: usize,
    is_full: bool,
    error: Option<Error>,
}

#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Sink>>);

impl Write for Shared {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let mut sink = self.0.borrow_mut();
        let room = sink.room.saturating_sub(sink.octets.len());
        let kept = octets.get(..room).unwrap_or(octets);
        sink.octets.extend_from_slice(kept);
        if kept.len() < octets.len() {
            sink.is_full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The member that is being written.
struct Current {
    name: String,
    entry: Entry,
}

/// Takes a RAR apart.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    // The crate keeps a copy of the archive.
    walk.reserve(specimen.octets.len() as u64)?;
    let (archive, password) = open(specimen, walk)?;
    if archive.members().any(|one| one.meta.is_split_before || one.meta.is_split_after) {
        walk.fact(specimen, FactKind::Broken, "a part of an archive in several files");
    }
    let is_encrypted = archive.members().any(|one| one.meta.is_encrypted);
    let password = match password {
        None if is_encrypted => right_password(&archive, specimen, walk)?,
        known => known,
    };
    if is_encrypted && password.is_none() {
        for member in archive.members().filter(|one| one.meta.is_encrypted) {
            let name = place::decode(&member.meta.name);
            walk.closed_member(specimen, &name, entry(&member, specimen), "no password opened it")?;
        }
    } else if is_encrypted {
        walk.fact(specimen, FactKind::Opened, "with a password that was tried");
    }
    extract(&archive, password, specimen, walk)
}

fn options<'a>(password: Option<&'a str>, walk: &Walk<'_, '_>) -> ArchiveReadOptions<'a> {
    ArchiveReadOptions::with_optional_password(password.map(str::as_bytes))
        .with_max_header_count(u64::from(walk.limits().members).saturating_mul(2))
        .with_max_header_bytes(limits::DIRECTORY_OCTETS)
        .with_rar50_dictionary_size_limit(limits::RAR_DICTIONARY_OCTETS)
        .with_rar50_buffered_decode_limit(limits::RAR_BUFFERED_OCTETS)
        .with_max_reader_workspace_bytes(limits::RAR_WORKSPACE_OCTETS)
}

fn open<'w>(
    specimen: &Specimen<'_>,
    walk: &mut Walk<'w, '_>,
) -> Result<(Archive, Option<&'w str>), Stop> {
    let read = |password, walk: &Walk<'_, '_>| {
        let options = options(password, walk);
        guarded(|| Ok::<_, Stop>(ArchiveReader::read_with_options(specimen.octets, options)))
    };
    match read(None, walk)? {
        Ok(archive) => return Ok((archive, None)),
        Err(error) if is_closed(&error) => {}
        Err(error) => return Err(stop(&error)),
    }
    for password in walk.passwords().iter().take(limits::SLOW_PASSWORDS) {
        walk.still_time(specimen)?;
        if let Ok(archive) = read(Some(password), walk)? {
            return Ok((archive, Some(password)));
        }
    }
    Err(Stop::Encrypted("no password opened its directory".to_owned()))
}

/// The password under which the smallest encrypted member comes out right.
fn right_password<'w>(
    archive: &Archive,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'w, '_>,
) -> Result<Option<&'w str>, Stop> {
    for password in walk.passwords().iter().take(limits::SLOW_PASSWORDS) {
        walk.still_time(specimen)?;
        let sink = Shared::default();
        let mut is_first = true;
        let options =
            options(Some(password), walk).with_max_total_output_bytes(limits::MEMBER_OCTETS);
        let attempt = guarded(|| {
            Ok::<_, Stop>(archive.extract_with_control_and_errors(
                options,
                |member| {
                    if !is_first {
                        return Ok(ExtractionDecision::Stop);
                    }
                    is_first = !member.meta.is_encrypted || member.meta.is_directory;
                    sink.0.borrow_mut().octets.clear();
                    sink.0.borrow_mut().room = length(limits::MEMBER_OCTETS);
                    Ok(ExtractionDecision::Extract(Box::new(sink.clone())))
                },
                |_, _| Ok(ExtractionErrorAction::Abort),
            ))
        })?;
        if attempt.is_ok() {
            return Ok(Some(password));
        }
    }
    Ok(None)
}

fn extract(
    archive: &Archive,
    password: Option<&str>,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    walk.reserve(limits::RAR_WORKSPACE_OCTETS)?;
    let shared = Shared::default();
    let errors = shared.clone();
    let mut current: Option<Current> = None;
    let mut over = None;
    let options = options(password, walk);
    let ended = guarded(|| {
        Ok::<_, Stop>(archive.extract_with_control_and_errors(
            options,
            |member| {
                if let Err(stop) = finish(&mut current, &shared, specimen, walk) {
                    over = Some(stop);
                    return Ok(ExtractionDecision::Stop);
                }
                if member.meta.is_encrypted && password.is_none() && !member.is_solid() {
                    return Ok(ExtractionDecision::Skip);
                }
                let entry = entry(member, specimen);
                begin(&shared, entry, walk);
                if !member.meta.is_directory && !member.meta.is_redirection {
                    current = Some(Current { name: place::decode(&member.meta.name), entry });
                }
                Ok(ExtractionDecision::Extract(Box::new(shared.clone())))
            },
            |_, error| {
                errors.0.borrow_mut().error = Some(error.clone());
                Ok(ExtractionErrorAction::Continue)
            },
        ))
    });
    if let Some(stop) = over {
        return Err(stop);
    }
    let outcome = match ended {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => {
            let is_full = shared.0.borrow().is_full;
            shared.0.borrow_mut().error.get_or_insert(error.clone());
            if is_full { Ok(()) } else { Err(stop(&error)) }
        }
        Err(stop) => Err(stop),
    };
    finish(&mut current, &shared, specimen, walk)?;
    outcome
}

fn entry(member: &ArchiveMember, specimen: &Specimen<'_>) -> Entry {
    let solid = member.is_solid();
    let there = specimen.octets.len() as u64;
    Entry {
        packed_octets: if solid { there } else { member.meta.packed_size.min(there) },
        declared_octets: Some(member.meta.unpacked_size),
        crc32: None,
        is_encrypted: member.meta.is_encrypted,
    }
}

fn begin(shared: &Shared, entry: Entry, walk: &Walk<'_, '_>) {
    let mut sink = shared.0.borrow_mut();
    *sink = Sink { room: length(walk.member_room(entry)), ..Sink::default() };
}

/// Tells the member that was written last.
fn finish(
    current: &mut Option<Current>,
    shared: &Shared,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    let Some(Current { name, entry }) = current.take() else { return Ok(()) };
    let sink = std::mem::take(&mut *shared.0.borrow_mut());
    let mark = walk.resident();
    let mut end = sink.error.as_ref().map(stop);
    if sink.is_full {
        end = Some(Stop::Limit(walk.why_no_room(entry, sink.octets.len())));
    }
    let told = walk.give_unpacked(specimen, &name, entry, Taken { octets: sink.octets, end });
    walk.release_to(mark);
    told
}

fn is_closed(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::PasswordRequired | ErrorKind::BadPassword)
}

fn stop(error: &Error) -> Stop {
    match error.kind() {
        ErrorKind::PasswordRequired | ErrorKind::BadPassword => {
            Stop::Encrypted("no password opened it".to_owned())
        }
        ErrorKind::UnsupportedFormat | ErrorKind::UnsupportedFeature => {
            Stop::unsupported(error.to_string())
        }
        ErrorKind::ResourceLimit => {
            Stop::Limit(Exceeded::ResidentOctets(limits::RAR_WORKSPACE_OCTETS))
        }
        _ => Stop::broken(error.to_string()),
    }
}
