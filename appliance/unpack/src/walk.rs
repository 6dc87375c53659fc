//! The walk: depth first, each specimen told once and then forgotten.
//!
//! [`open`] tells the root; [`Walk`] is what a format gets: it charges the budget while octets come
//! out of a decompressor, never after. A format tells members with [`Walk::member`] (octets from a
//! reader) or [`Walk::member_octets`] (octets that are there), extracted text with [`Walk::text`]
//! and what it met with [`Walk::fact`]. It ends early with a [`Stop`]; all of them but
//! [`Stop::Over`] end that one container only.

use std::io::{self, Read};

use filetype::{FileType, Types};
use thiserror::Error;

use crate::archives;
use crate::budget::{Budget, Exceeded};
use crate::fact::{Fact, FactKind};
use crate::page::Page;
use crate::passwords::Passwords;
use crate::specimen::{Member, Origin, Specimen, Text};
use crate::{documents, limits, place};

/// Who is told.
pub trait Visitor {
    /// One specimen. A container is told before its members.
    fn specimen(&mut self, specimen: &Specimen<'_>);

    /// One fact.
    fn fact(&mut self, fact: Fact);

    /// What a page of HTML is made of, told before its texts. `specimen` is the page.
    fn page(&mut self, specimen: &Specimen<'_>, page: &Page) {
        let _not_everybody_judges_pages = (specimen, page);
    }
}

/// What the walk begins with: a part of a message, decoded.
#[derive(Debug, Clone, Copy)]
pub struct Root<'a> {
    /// Its path in the message.
    pub place: &'a str,
    /// Its file name, decoded; empty when it has none.
    pub name: &'a str,
    /// Declared MIME type; empty when it has none.
    pub mime: &'a str,
    /// Its octets.
    pub octets: &'a [u8],
    /// Whether this is another reading of a part that was told already.
    pub is_reading: bool,
}

/// Takes one part apart, to the bottom or to the end of the budget.
pub fn open(
    root: &Root<'_>,
    passwords: &Passwords,
    budget: &mut Budget<'_>,
    visitor: &mut dyn Visitor,
) {
    let types = filetype::identify(root.octets);
    let origin = if root.is_reading { Origin::Reading } else { Origin::Part };
    let specimen = Specimen {
        place: root.place,
        name: root.name,
        origin,
        types: &types,
        octets: root.octets,
        depth: 0,
        parent: None,
    };
    budget.open_root(root.octets.len());
    let mut walk = Walk {
        passwords,
        budget,
        visitor,
        container: types.main(),
        number: 0,
        mime: root.mime,
        last_limit: None,
    };
    // All that can end a whole walk was told where it happened.
    let _told = walk.look(&specimen);
}

/// Why a format stopped before the end of its container.
#[derive(Debug, Error)]
pub(crate) enum Stop {
    /// Damaged; the text says what was seen.
    #[error("{0}")]
    Broken(String),
    /// Of a kind or variant that cannot be opened here; the text names it.
    #[error("{0}")]
    Unsupported(String),
    /// Closed, and no password opened it.
    #[error("{0}")]
    Encrypted(String),
    /// A limit that ends this container only.
    #[error("{0}")]
    Limit(Exceeded),
    /// The walk is over, and that was told.
    #[error("the walk is over")]
    Over,
}

impl Stop {
    /// Damaged, in these words.
    pub(crate) fn broken(words: impl Into<String>) -> Self {
        Stop::Broken(words.into())
    }

    /// Cannot be opened, in these words.
    pub(crate) fn unsupported(words: impl Into<String>) -> Self {
        Stop::Unsupported(words.into())
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Broken(error.to_string())
    }
}

/// What a container says of a member, as far as it says it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Entry {
    /// Octets in the container, compressed; those that are there and not those declared.
    pub packed_octets: u64,
    /// Octets that it should have.
    pub declared_octets: Option<u64>,
    /// CRC-32 that it should have; the walk compares.
    pub crc32: Option<u32>,
    /// Whether it is encrypted.
    pub is_encrypted: bool,
}

/// Octets of a member that came out, and how that ended.
#[derive(Debug)]
pub(crate) struct Taken {
    /// What came out: all of it, or what was there before damage or a limit.
    pub octets: Vec<u8>,
    /// Why it is not whole.
    pub end: Option<Stop>,
}

/// What a format works with.
pub(crate) struct Walk<'w, 'b> {
    passwords: &'w Passwords,
    budget: &'w mut Budget<'b>,
    visitor: &'w mut dyn Visitor,
    /// The type as which the container at hand is opened.
    container: FileType,
    /// Members told of the container at hand.
    number: u32,
    /// Declared MIME type of the root.
    mime: &'w str,
    last_limit: Option<(std::mem::Discriminant<Exceeded>, String)>,
}

impl<'w> Walk<'w, '_> {
    /// Tells a member whose octets come from a reader, and takes it apart. Reads no further than
    /// the budget. A member that is damaged or over a limit is told as far as it came, with a fact
    /// of its own, and the next one can follow.
    ///
    /// # Errors
    /// [`Stop::Over`] alone.
    pub(crate) fn member(
        &mut self,
        parent: &Specimen<'_>,
        name: &str,
        entry: Entry,
        reader: &mut dyn Read,
    ) -> Result<(), Stop> {
        let mark = self.budget.resident();
        let taken = self.take(parent, entry, reader)?;
        let told = self.give(parent, name, entry, taken);
        self.budget.release_to(mark);
        told
    }

    /// Tells octets that are there as a member or stream of `parent`, and takes them apart. Octets
    /// of the parent itself may be lent: only a `Vec` made for them is memory of its own, which the
    /// format reserves with [`Walk::reserve`] before making it when it can be large.
    ///
    /// # Errors
    /// [`Stop::Over`] alone.
    pub(crate) fn member_octets(
        &mut self,
        parent: &Specimen<'_>,
        name: &str,
        origin: Origin,
        octets: &[u8],
    ) -> Result<(), Stop> {
        self.count(parent)?;
        self.charge_total(parent, octets.len())?;
        self.descend(parent, name, origin, octets, true)
    }

    /// Tells octets that lie in the parent as they are: a stored member.
    ///
    /// # Errors
    /// [`Stop::Over`] alone.
    pub(crate) fn member_stored(
        &mut self,
        parent: &Specimen<'_>,
        name: &str,
        entry: Entry,
        octets: &[u8],
    ) -> Result<(), Stop> {
        self.count(parent)?;
        self.charge_total(parent, octets.len())?;
        let origin = Origin::Member(self.member_of(parent, &entry));
        let place = place::below(parent.place, name);
        self.descend(parent, name, origin, octets, true)?;
        if entry.declared_octets.is_some_and(|size| size > octets.len() as u64) {
            self.fact_at(&place, FactKind::Broken, "cut short");
        } else if let Some(words) = wrong_sum(entry.crc32, octets) {
            self.fact_at(&place, FactKind::Broken, &words);
        }
        Ok(())
    }

    /// Octets of a member, as far as they come and the budget lets them; the memory stays charged
    /// until the format returns or [`Walk::release_to`].
    ///
    /// # Errors
    /// [`Stop::Over`] alone.
    pub(crate) fn take(
        &mut self,
        parent: &Specimen<'_>,
        entry: Entry,
        reader: &mut dyn Read,
    ) -> Result<Taken, Stop> {
        let mut octets = Vec::new();
        let end = match self.fill(&mut octets, parent, entry, reader) {
            Ok(()) => None,
            Err(Stop::Over) => return Err(Stop::Over),
            Err(end) => Some(end),
        };
        Ok(Taken { octets, end })
    }

    /// Tells what [`Walk::take`] took.
    ///
    /// # Errors
    /// [`Stop::Over`] alone.
    pub(crate) fn give(
        &mut self,
        parent: &Specimen<'_>,
        name: &str,
        entry: Entry,
        taken: Taken,
    ) -> Result<(), Stop> {
        self.count(parent)?;
        let Taken { octets, end } = taken;
        let origin = Origin::Member(self.member_of(parent, &entry));
        let place = place::below(parent.place, name);
        let is_limit = matches!(end, Some(Stop::Limit(_)));
        self.descend(parent, name, origin, &octets, !is_limit)?;
        if let Some(end) = end {
            return self.tell_stop(&place, end);
        }
        let size = octets.len() as u64;
        if entry.declared_octets.is_some_and(|declared| declared != size) {
            let words = format!("{size} bytes came out, the directory says another number");
            self.fact_at(&place, FactKind::Broken, &words);
        } else if let Some(words) = wrong_sum(entry.crc32, &octets) {
            self.fact_at(&place, FactKind::Broken, &words);
        }
        Ok(())
    }

    /// Tells a member that an unpacker wrote into memory by itself, within [`Walk::member_room`].
    ///
    /// # Errors
    /// [`Stop::Over`] alone.
    pub(crate) fn give_unpacked(
        &mut self,
        parent: &Specimen<'_>,
        name: &str,
        entry: Entry,
        mut taken: Taken,
    ) -> Result<(), Stop> {
        self.charge_total(parent, taken.octets.len())?;
        if let Err(stop) = self.reserve(taken.octets.capacity() as u64) {
            taken.end.get_or_insert(stop);
        }
        self.give(parent, name, entry, taken)
    }

    /// Octets that a member may have at most.
    pub(crate) fn member_room(&self, entry: Entry) -> u64 {
        let resident = self.limits().resident_octets.saturating_sub(self.resident());
        self.budget.member_room(0, entry.packed_octets).min(resident)
    }

    /// Which limit ended a member at `octets`.
    pub(crate) fn why_no_room(&self, entry: Entry, octets: usize) -> Exceeded {
        if self.budget.member_room(octets, entry.packed_octets) > 0 {
            return Exceeded::ResidentOctets(self.limits().resident_octets);
        }
        self.budget.why_no_room(octets)
    }

    /// Tells text that was taken out of `parent`.
    ///
    /// # Errors
    /// [`Stop::Over`] alone.
    pub(crate) fn text(
        &mut self,
        parent: &Specimen<'_>,
        text: Text,
        words: &str,
    ) -> Result<(), Stop> {
        if words.is_empty() {
            return Ok(());
        }
        self.charge_total(parent, words.len())?;
        let types = Types::of(filetype::kinds::UNKNOWN);
        self.visitor.specimen(&Specimen {
            place: parent.place,
            name: "",
            origin: Origin::Text(text),
            types: &types,
            octets: words.as_bytes(),
            depth: parent.depth,
            parent: Some(parent),
        });
        Ok(())
    }

    /// Tells what a page is made of.
    pub(crate) fn page(&mut self, specimen: &Specimen<'_>, page: &Page) {
        self.visitor.page(specimen, page);
    }

    /// Tells a fact about `parent`.
    pub(crate) fn fact(&mut self, parent: &Specimen<'_>, kind: FactKind, evidence: &str) {
        self.fact_at(parent.place, kind, evidence);
    }

    /// Tells a fact about a member of `parent` that is not told itself.
    pub(crate) fn fact_of_member(
        &mut self,
        parent: &Specimen<'_>,
        name: &str,
        kind: FactKind,
        evidence: &str,
    ) {
        self.fact_at(&place::below(parent.place, name), kind, evidence);
    }

    /// Tells why a member of `parent` was not seen.
    ///
    /// # Errors
    /// [`Stop::Over`] alone.
    pub(crate) fn skip(
        &mut self,
        parent: &Specimen<'_>,
        name: &str,
        why: Stop,
    ) -> Result<(), Stop> {
        self.count(parent)?;
        self.tell_stop(&place::below(parent.place, name), why)
    }

    /// Tells that a member is there and stays closed.
    ///
    /// # Errors
    /// [`Stop::Over`] alone.
    pub(crate) fn closed_member(
        &mut self,
        parent: &Specimen<'_>,
        name: &str,
        entry: Entry,
        why: &str,
    ) -> Result<(), Stop> {
        self.count(parent)?;
        let origin = Origin::Member(self.member_of(parent, &entry));
        self.descend(parent, name, origin, &[], false)?;
        self.tell_stop(&place::below(parent.place, name), Stop::Encrypted(why.to_owned()))
    }

    /// The type as which the container at hand is opened.
    pub(crate) fn container(&self) -> FileType {
        self.container
    }

    /// Takes memory that a format needs beside the octets of members: windows, dictionaries,
    /// decoded streams. It is given back when the format returns, or at [`Walk::release_to`].
    ///
    /// # Errors
    /// [`Stop::Limit`].
    pub(crate) fn reserve(&mut self, octets: u64) -> Result<(), Stop> {
        self.budget.reserve(octets).map_err(Stop::Limit)
    }

    /// Memory in use, for [`Walk::release_to`].
    pub(crate) fn resident(&self) -> u64 {
        self.budget.resident()
    }

    /// Gives back all memory taken since [`Walk::resident`] said `mark`.
    pub(crate) fn release_to(&mut self, mark: u64) {
        self.budget.release_to(mark);
    }

    /// For loops that tell no member: ends the walk when its time is over.
    ///
    /// # Errors
    /// [`Stop::Over`].
    pub(crate) fn still_time(&mut self, parent: &Specimen<'_>) -> Result<(), Stop> {
        if self.budget.is_time_over() {
            return Err(self.over(parent.place, Exceeded::Time));
        }
        Ok(())
    }

    /// The owner's limits.
    pub(crate) fn limits(&self) -> &crate::Limits {
        self.budget.limits()
    }

    /// Declared MIME type of the root.
    pub(crate) fn root_mime(&self) -> &'w str {
        self.mime
    }

    /// Passwords to try, the likeliest first.
    pub(crate) fn passwords(&self) -> &'w [String] {
        &self.passwords.list
    }

    /// Tells a specimen and takes it apart as every type that it has.
    fn look(&mut self, specimen: &Specimen<'_>) -> Result<(), Stop> {
        self.visitor.specimen(specimen);
        self.take_apart(specimen)
    }

    fn take_apart(&mut self, specimen: &Specimen<'_>) -> Result<(), Stop> {
        let formats = archives::formats(specimen);
        if let Some(exceeded) = self.budget.ended() {
            if !formats.is_empty() {
                self.fact_at(specimen.place, FactKind::Limit, &exceeded.to_string());
            }
            return Err(Stop::Over);
        }
        self.within(specimen, specimen.types.main(), documents::unpack)?;
        for (format, kind) in formats.iter() {
            let most = self.limits().depth;
            if specimen.depth >= most {
                self.tell_limit(specimen.place, Exceeded::Depth(most));
                return Ok(());
            }
            self.within(specimen, kind, |specimen, walk| format.unpack(specimen, walk))?;
        }
        Ok(())
    }

    /// Runs one format over one specimen and tells how it ended.
    fn within(
        &mut self,
        specimen: &Specimen<'_>,
        kind: FileType,
        unpack: impl FnOnce(&Specimen<'_>, &mut Self) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let (container, number) = (self.container, self.number);
        let mark = self.budget.resident();
        (self.container, self.number) = (kind, 0);
        let ended = unpack(specimen, self);
        (self.container, self.number) = (container, number);
        self.budget.release_to(mark);
        match ended {
            Ok(()) => Ok(()),
            Err(stop) => self.tell_stop(specimen.place, stop),
        }
    }

    fn descend(
        &mut self,
        parent: &Specimen<'_>,
        name: &str,
        origin: Origin,
        octets: &[u8],
        is_to_be_opened: bool,
    ) -> Result<(), Stop> {
        let types = filetype::identify(octets);
        let place = place::below(parent.place, name);
        let name = place::clean(name);
        let specimen = Specimen {
            place: &place,
            name: &name,
            origin,
            types: &types,
            octets,
            depth: parent.depth.saturating_add(1),
            parent: Some(parent),
        };
        self.visitor.specimen(&specimen);
        let most = self.limits().document_depth;
        if origin == Origin::Stream && streams_around(&specimen) > most {
            self.tell_limit(&place, Exceeded::DocumentDepth(most));
            return Ok(());
        }
        if is_to_be_opened { self.take_apart(&specimen) } else { Ok(()) }
    }

    fn member_of(&self, parent: &Specimen<'_>, entry: &Entry) -> Member {
        Member {
            container: self.container,
            container_octets: parent.octets.len() as u64,
            packed_octets: entry.packed_octets,
            declared_octets: entry.declared_octets.unwrap_or_default(),
            crc32: entry.crc32,
            number: self.number,
            is_encrypted: entry.is_encrypted,
        }
    }

    /// Reads to the end or to a limit, and charges what comes.
    fn fill(
        &mut self,
        octets: &mut Vec<u8>,
        parent: &Specimen<'_>,
        entry: Entry,
        reader: &mut dyn Read,
    ) -> Result<(), Stop> {
        let packed = entry.packed_octets.min(parent.octets.len() as u64);
        let mut step = first_step(entry, packed);
        loop {
            self.still_time(parent)?;
            let most = self.budget.member_room(octets.len(), packed);
            // One octet over the limit tells a member that fits from one that does not.
            let wanted = step.min(most.saturating_add(1));
            self.grow(octets, wanted)?;
            let before = octets.len();
            let ended = guarded(|| reader.take(wanted).read_to_end(octets));
            let came = octets.len().saturating_sub(before);
            self.charge_total(parent, came)?;
            if came as u64 > most {
                octets.truncate(octets.len().saturating_sub(1));
                return Err(Stop::Limit(self.budget.why_no_room(octets.len())));
            }
            ended?;
            if (came as u64) < wanted {
                return Ok(());
            }
            step = step.saturating_mul(2).min(limits::STEP_OCTETS);
        }
    }

    fn grow(&mut self, octets: &mut Vec<u8>, wanted: u64) -> Result<(), Stop> {
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        let room = octets.capacity().saturating_sub(octets.len());
        if room >= wanted {
            return Ok(());
        }
        let more = wanted.max(octets.len() / 2);
        let before = octets.capacity();
        self.reserve(more.saturating_sub(room) as u64)?;
        octets.try_reserve_exact(more).map_err(|_| {
            Stop::Limit(Exceeded::ResidentOctets(self.budget.limits().resident_octets))
        })?;
        let grown = octets.capacity().saturating_sub(before);
        // What an allocator rounds up is not worth an end.
        let _rounded = self.budget.reserve((grown + room).saturating_sub(more) as u64);
        Ok(())
    }

    fn count(&mut self, parent: &Specimen<'_>) -> Result<(), Stop> {
        self.number = self.number.saturating_add(1);
        match self.budget.take_member() {
            Ok(()) => Ok(()),
            Err(exceeded) => Err(self.over(parent.place, exceeded)),
        }
    }

    fn charge_total(&mut self, parent: &Specimen<'_>, octets: usize) -> Result<(), Stop> {
        match self.budget.take_octets(octets as u64) {
            Ok(()) => Ok(()),
            Err(exceeded) => Err(self.over(parent.place, exceeded)),
        }
    }

    fn over(&mut self, place: &str, exceeded: Exceeded) -> Stop {
        self.budget.end(exceeded);
        self.tell_limit(place, exceeded);
        Stop::Over
    }

    fn tell_stop(&mut self, place: &str, stop: Stop) -> Result<(), Stop> {
        match stop {
            Stop::Over => return Err(Stop::Over),
            Stop::Limit(exceeded) => self.tell_limit(place, exceeded),
            Stop::Broken(words) => self.fact_at(place, FactKind::Broken, &words),
            Stop::Unsupported(words) => self.fact_at(place, FactKind::Unsupported, &words),
            Stop::Encrypted(words) => self.fact_at(place, FactKind::Encrypted, &words),
        }
        Ok(())
    }

    /// One fact for each kind of limit and place.
    fn tell_limit(&mut self, place: &str, exceeded: Exceeded) {
        let key = (std::mem::discriminant(&exceeded), place.to_owned());
        if self.last_limit.as_ref() != Some(&key) {
            self.fact_at(place, FactKind::Limit, &exceeded.to_string());
            self.last_limit = Some(key);
        }
    }

    fn fact_at(&mut self, place: &str, kind: FactKind, evidence: &str) {
        let (kind, evidence) = match self.budget.take_fact() {
            crate::budget::Room::Left => (kind, evidence),
            crate::budget::Room::Last => (FactKind::Limit, "more facts than are kept"),
            crate::budget::Room::None => return,
        };
        let evidence = place::cut(evidence, limits::EVIDENCE_OCTETS);
        self.visitor.fact(Fact { kind, place: place.to_owned(), evidence });
    }
}

/// Runs code of an unpacker that is not ours; a panic in it is damage, and not the end of the cell.
pub(crate) fn guarded<T, E: Into<Stop>>(run: impl FnOnce() -> Result<T, E>) -> Result<T, Stop> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
        Ok(result) => result.map_err(Into::into),
        Err(_) => Err(Stop::broken("the unpacker gave up")),
    }
}

/// CRC-32 of the IEEE polynomial, as zip, gzip, 7z and rar use it.
pub(crate) fn crc32(octets: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(octets);
    sum.sum()
}

fn wrong_sum(declared: Option<u32>, octets: &[u8]) -> Option<String> {
    let declared = declared?;
    let sum = crc32(octets);
    (sum != declared).then(|| format!("checksum {sum:08x}, the directory says {declared:08x}"))
}

fn streams_around(specimen: &Specimen<'_>) -> u32 {
    let parents = std::iter::successors(Some(specimen), |one| one.parent);
    let streams = parents.filter(|one| one.origin == Origin::Stream).count();
    u32::try_from(streams).unwrap_or(u32::MAX)
}

/// What to ask for first: what is declared, as far as that can be believed.
fn first_step(entry: Entry, packed: u64) -> u64 {
    let believable = packed.saturating_mul(limits::BELIEVED_RATIO);
    let declared = entry.declared_octets.unwrap_or(believable).min(believable);
    declared.saturating_add(1).clamp(limits::FIRST_STEP_OCTETS, limits::STEP_OCTETS)
}
