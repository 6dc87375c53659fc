//! bzip2, any number of streams one after another.

use bzip2::bufread::MultiBzDecoder;

use super::gzip::inner_name;
use crate::limits;
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk};

/// What is inside.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    walk.reserve(limits::BZIP2_OCTETS)?;
    let entry = Entry { packed_octets: specimen.octets.len() as u64, ..Entry::default() };
    let mut reader = MultiBzDecoder::new(specimen.octets);
    walk.member(specimen, &inner_name(specimen.name), entry, &mut reader)
}
