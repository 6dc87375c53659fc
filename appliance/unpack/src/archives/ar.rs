//! ar, as Debian packages and static libraries use it.

use crate::octets::{length, number, run, run_or_rest, until_zero};
use crate::place;
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk};

const HEADER_OCTETS: usize = 60;

/// Takes an ar apart.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let ar = specimen.octets;
    let mut long_names: &[u8] = &[];
    let mut at = 8_usize;
    while at < ar.len() {
        let header = run(ar, at, HEADER_OCTETS).ok_or_else(|| Stop::broken("header cut short"))?;
        if !header.ends_with(b"`\n") {
            return Err(Stop::broken("header damaged"));
        }
        let size = header.get(48..58).and_then(|field| number(field, 10));
        let size = size.map(length).ok_or_else(|| Stop::broken("a size that is no number"))?;
        at += HEADER_OCTETS;
        let data = run_or_rest(ar, at, size);
        let name = header.get(..16).unwrap_or_default().trim_ascii_end();
        if name == b"//" {
            long_names = data;
        }
        let (name, data) = named(name, data, long_names);
        let entry = Entry {
            packed_octets: data.len() as u64,
            // A name inside of the data is part of the size.
            declared_octets: (data.len() > size || at.saturating_add(size) > ar.len())
                .then_some(size as u64),
            ..Entry::default()
        };
        walk.member_stored(specimen, &name, entry, data)?;
        at = at.saturating_add(size).saturating_add(size & 1);
    }
    Ok(())
}

/// The name of a member: in its header, in the table of long names (GNU), or before its data (BSD).
fn named<'a>(name: &[u8], data: &'a [u8], long_names: &[u8]) -> (String, &'a [u8]) {
    let offset = name.strip_prefix(b"/").and_then(|digits| number(digits, 10)).map(length);
    if let Some(long) = offset.and_then(|at| long_names.get(at..)) {
        let end = memchr::memchr(b'\n', long).unwrap_or(long.len());
        let long = long.get(..end).unwrap_or_default();
        return (place::decode(long.strip_suffix(b"/").unwrap_or(long)), data);
    }
    let octets = name.strip_prefix(b"#1/").and_then(|digits| number(digits, 10)).map(length);
    if let Some((long, data)) = octets.and_then(|octets| data.split_at_checked(octets)) {
        return (place::decode(until_zero(long)), data);
    }
    (place::decode(name.strip_suffix(b"/").unwrap_or(name)), data)
}
