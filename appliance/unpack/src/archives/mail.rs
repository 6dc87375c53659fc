//! Messages and mailboxes inside of other files: every leaf of the message is a member.

use message::Mail;

use crate::fact::FactKind;
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk};

/// Takes a message apart.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    // Attached messages were read with the message itself.
    let is_read = matches!(walk.root_mime(), "message/rfc822" | "message/global");
    if specimen.depth == 0 && is_read {
        return Ok(());
    }
    // Decoded parts together are no larger than the message, and its reader keeps its own list.
    walk.reserve(specimen.octets.len() as u64)?;
    let mail = message::read(specimen.octets);
    tell(&mail, specimen, walk)
}

fn tell(mail: &Mail<'_>, specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    for (part, octets) in mail.leaves() {
        let entry = Entry { packed_octets: octets.len() as u64, ..Entry::default() };
        walk.member_stored(specimen, &part.path, entry, octets)?;
        for reading in &part.readings {
            walk.member_stored(specimen, &part.path, entry, reading)?;
        }
    }
    for defect in mail.defects.iter().filter(|defect| defect.kind.is_ambiguous()) {
        walk.fact(specimen, FactKind::Disagreement, defect.kind.name());
    }
    if let Some(limit) = &mail.limit {
        walk.fact(specimen, FactKind::Limit, limit);
    }
    Ok(())
}

/// Takes a mailbox apart: each message is a member.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack_mbox(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let mbox = specimen.octets;
    let mut begins = Vec::new();
    if mbox.starts_with(b"From ") {
        begins.push(0);
    }
    let most = crate::octets::length(u64::from(walk.limits().members)).saturating_add(1);
    let lines = memchr::memmem::find_iter(mbox, b"\nFrom ").map(|at| at.saturating_add(1));
    begins.extend(lines.take(most));
    let ends = begins.iter().skip(1).copied().chain([mbox.len()]);
    for (number, (begin, end)) in begins.iter().zip(ends).enumerate() {
        let whole = mbox.get(*begin..end).unwrap_or_default();
        let line = memchr::memchr(b'\n', whole).map_or(0, |at| at.saturating_add(1));
        let octets = whole.get(line..).unwrap_or_default();
        let entry = Entry { packed_octets: octets.len() as u64, ..Entry::default() };
        walk.member_stored(specimen, &format!("{}.eml", number.saturating_add(1)), entry, octets)?;
    }
    Ok(())
}
