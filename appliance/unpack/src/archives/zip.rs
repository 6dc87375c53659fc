//! zip, read twice: by its central directory and by its local headers. What the two say
//! differently is a fact, and members of both views are told, so that no unpacker can see a file
//! that was not looked at.

use std::collections::BTreeMap;

use super::zip_data;
use super::zip_directory::{
    Central, Described, centrals, descriptor_octets, local, next_header, next_local,
};
use crate::fact::FactKind;
use crate::octets::{length, run_or_rest};
use crate::specimen::Specimen;
use crate::walk::{Stop, Walk};

/// A member with the octets that are its data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<'a> {
    pub described: Described<'a>,
    pub data: &'a [u8],
    /// Where the data begins and ends.
    begins_at: usize,
    ends_at: usize,
}

/// One reading of a zip.
struct Reading<'a> {
    zip: &'a [u8],
    /// Members by where their local header is: those told already.
    told: BTreeMap<usize, Placed<'a>>,
    disagreement: Option<String>,
}

/// Takes a zip apart in every way that it can be read.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let zip = specimen.octets;
    let centrals = centrals(zip);
    let mut reading = Reading { zip, told: BTreeMap::new(), disagreement: None };
    for (number, central) in centrals.iter().enumerate() {
        // A zip that is stored in this one is opened as the member that it is.
        if number > 0 && reading.is_in_a_stored_member(central.end_at) {
            continue;
        }
        if number > 0 {
            reading.disagree("more than one central directory");
        }
        by_central(&mut reading, central, specimen, walk)?;
    }
    by_local_headers(&mut reading, &centrals, specimen, walk)?;
    reading.look_at_gaps(&centrals, specimen);
    if let Some(words) = &reading.disagreement {
        walk.fact(specimen, FactKind::Disagreement, words);
    }
    let Some(central) = centrals.first() else {
        return Err(Stop::broken("no central directory"));
    };
    if central.is_too_long {
        let most = u32::try_from(crate::limits::ZIP_ENTRIES).unwrap_or(u32::MAX);
        return Err(Stop::Limit(crate::Exceeded::Members(most)));
    }
    match central.broken {
        Some(words) => Err(Stop::broken(words)),
        None => Ok(()),
    }
}

fn by_central<'a>(
    reading: &mut Reading<'a>,
    central: &Central<'a>,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    let zip = reading.zip;
    for entry in &central.entries {
        let Some(header) = local(zip, entry.header_at) else {
            let why = Stop::broken("its local header is missing");
            walk.skip(specimen, &entry.shown_name(), why)?;
            continue;
        };
        let data = run_or_rest(zip, header.data_at, length(entry.packed));
        let placed = Placed {
            described: Described { aes: entry.aes.or(header.described.aes), ..*entry },
            data,
            begins_at: header.data_at,
            ends_at: header.data_at.saturating_add(data.len()),
        };
        let known = reading.told.get(&entry.header_at).map(|one| one.described);
        if known == Some(placed.described) {
            reading.disagree("two entries of the directory for one member");
            continue;
        }
        zip_data::member(specimen, walk, &placed)?;
        if let Some(words) = difference(entry, &header.described) {
            reading.disagree(&words);
            by_local(reading, entry.header_at, specimen, walk)?;
        }
        reading.told.insert(entry.header_at, placed);
    }
    Ok(())
}

/// Walks the local headers from the first on, and tells what the directory does not.
fn by_local_headers(
    reading: &mut Reading<'_>,
    centrals: &[Central<'_>],
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    let zip = specimen.octets;
    let mut from = 0;
    while let Some(at) = next_local(zip, from) {
        if centrals.iter().any(|one| one.begins_at <= at && at < one.end_at) {
            from = at.saturating_add(4);
            continue;
        }
        let placed = match reading.told.get(&at) {
            Some(placed) => Some(*placed),
            None => {
                if !centrals.is_empty() {
                    reading.disagree("a member that the directory does not have");
                }
                by_local(reading, at, specimen, walk)?
            }
        };
        let end = placed.map_or(at.saturating_add(4), |placed| placed.ends_at);
        from = end.max(at.saturating_add(4));
        walk.still_time(specimen)?;
    }
    Ok(())
}

/// Tells a member as its local header says it.
fn by_local<'a>(
    reading: &mut Reading<'a>,
    at: usize,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<Option<Placed<'a>>, Stop> {
    let zip = reading.zip;
    let Some(header) = local(zip, at) else {
        // Four octets that look like a header and are none, or a header that is cut short.
        return Ok(None);
    };
    let mut described = header.described;
    let is_open = described.sizes_follow() && described.packed == 0;
    let data = if is_open {
        let ends_at =
            zip_data::end_of_open(zip, &header).unwrap_or_else(|| next_header(zip, header.data_at));
        let data = zip.get(header.data_at..ends_at).unwrap_or_default();
        described.packed = data.len() as u64;
        data
    } else {
        run_or_rest(zip, header.data_at, length(described.packed))
    };
    let ends_at = header.data_at.saturating_add(data.len());
    let placed = Placed { described, data, begins_at: header.data_at, ends_at };
    zip_data::member(specimen, walk, &placed)?;
    reading.told.entry(at).or_insert(placed);
    Ok(Some(placed))
}

/// What two descriptions of one member say differently.
fn difference(central: &Described<'_>, local: &Described<'_>) -> Option<String> {
    let name = central.shown_name();
    if central.name != local.name {
        return Some(format!("the member {name} is called {} as well", local.shown_name()));
    }
    if central.method != local.method {
        let (one, other) = (central.method, local.method);
        return Some(format!("the member {name} has methods {one} and {other}"));
    }
    if central.is_encrypted() != local.is_encrypted() {
        return Some(format!("the member {name} is encrypted and is not"));
    }
    let is_open = local.sizes_follow() && local.packed == 0 && local.size == 0;
    let same = central.packed == local.packed && central.size == local.size;
    (!is_open && !same).then(|| format!("the member {name} has two sizes"))
}

impl Reading<'_> {
    fn disagree(&mut self, words: &str) {
        self.disagreement.get_or_insert_with(|| words.to_owned());
    }

    /// Whether a place lies in the data of a member that was told and is not compressed.
    fn is_in_a_stored_member(&self, at: usize) -> bool {
        let mut stored = self.told.values().filter(|one| one.described.method == 0);
        stored.any(|one| one.begins_at <= at && at < one.ends_at)
    }

    /// Octets that belong to no member, and members that share octets.
    fn look_at_gaps(&mut self, centrals: &[Central<'_>], specimen: &Specimen<'_>) {
        let Some(central) = centrals.first() else { return };
        let mut spans: Vec<(usize, usize, usize)> =
            self.told.iter().map(|(at, one)| (*at, one.begins_at, one.ends_at)).collect();
        spans.sort_unstable();
        // A self-extracting program, and a zip that is a member of another archive.
        let is_program = specimen.types.has_family(filetype::Family::Executable);
        let is_member =
            specimen.types.main().base() != filetype::kinds::ZIP && super::is_held(specimen);
        if spans.first().is_some_and(|(at, ..)| *at > 4) && !is_program && !is_member {
            self.disagree("octets before the first member");
        }
        let mut end = spans.first().map_or(0, |(at, ..)| *at);
        for (at, _, ends_at) in &spans {
            if *at < end {
                self.disagree("members that share octets");
            } else if !self.is_harmless_gap(end, *at) {
                self.disagree("octets between members");
            }
            end = *ends_at;
        }
        if !spans.is_empty() && !self.is_harmless_gap(end, central.begins_at) {
            self.disagree("octets between the members and the directory");
        }
        let trailing = self.zip.get(self.zip.len().saturating_sub(central.trailing)..);
        let is_filling = |octet: &u8| matches!(octet, 0 | b'\r' | b'\n' | b' ');
        if !is_member && !trailing.unwrap_or_default().iter().all(is_filling) {
            self.disagree("octets after the end");
        }
    }

    fn is_harmless_gap(&self, from: usize, to: usize) -> bool {
        let gap = self.zip.get(from..to).unwrap_or_default();
        let is_descriptor =
            descriptor_octets(self.zip, from) >= gap.len() || gap.len() == 16 || gap.len() == 12;
        // What Android puts before the directory.
        gap.is_empty()
            || is_descriptor && gap.len() <= 24
            || gap.ends_with(b"APK Sig Block 42")
            || gap.iter().all(|octet| *octet == 0)
    }
}
