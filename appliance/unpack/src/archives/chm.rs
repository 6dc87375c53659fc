//! Windows help files (CHM): the ITSF container, its listing chunks, members that are stored
//! (section 0) and members that lie in one LZX stream (all other sections).
//!
//! An LZX stream is cut into frames, and its decoder begins anew every few of them: a member is read
//! from the nearest of these places, so that damage in one place spoils only what lies around it.
//! Nothing is believed of the directory: the octets that come out are those that are there. Start
//! with [`unpack`]; offsets are those of M. Russotto's public description of the format.

use std::io::{self, Read};

use lzxd::{Lzxd, WindowSize};

use super::cab;
use crate::budget::Exceeded;
use crate::fact::FactKind;
use crate::limits;
use crate::octets::{length, run, run_or_rest, u16_le, u32_le, u64_le};
use crate::place;
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk, guarded};

/// Octets of a frame, decoded.
const FRAME: u64 = 32 * 1024;
/// Octets of a frame at most, compressed ([MS-CAB] section 2.4 has the same bound).
const PACKED_FRAME: usize = 32 * 1024 + 6144;
/// Octets before the first name in a listing chunk.
const LISTING_HEAD: usize = 0x14;
const STORAGE: &str = "::DataSpace/Storage";
/// The transform that is LZX.
const LZX: &str = "{7FC28940-9D31-11D0-9B27-00A0C91E9C7C}";

/// Takes a help file apart.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    walk.reserve((limits::CHM_FILES * size_of::<File<'_>>()) as u64 * 2)?;
    let directory = Directory::read(specimen.octets)?;
    let mut order: Vec<&File<'_>> = directory.files.iter().filter(|one| one.is_told()).collect();
    order.sort_by_key(|file| (file.section, file.offset));
    let mark = walk.resident();
    let mut open: Option<(u64, Result<Compressed<'_>, Stop>)> = None;
    for file in order {
        if file.section == 0 || file.length == 0 {
            stored(file, &directory, specimen, walk)?;
            continue;
        }
        if open.as_ref().is_none_or(|(section, _)| *section != file.section) {
            walk.release_to(mark);
            let opened = Compressed::open(&directory, file.section);
            let opened = opened.and_then(|one| walk.reserve(one.memory()).map(|()| one));
            open = Some((file.section, opened));
        }
        match open.as_mut() {
            Some((_, Ok(stream))) => member(file, stream, specimen, walk)?,
            Some((_, Err(why))) => walk.skip(specimen, &file.shown(), again(why))?,
            None => {}
        }
    }
    directory.end.map_or(Ok(()), Err)
}

/// The same for one more member.
fn again(why: &Stop) -> Stop {
    match why {
        Stop::Unsupported(words) => Stop::unsupported(words.as_str()),
        Stop::Limit(exceeded) => Stop::Limit(*exceeded),
        other => Stop::broken(other.to_string()),
    }
}

fn stored(
    file: &File<'_>,
    directory: &Directory<'_>,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    let octets = directory.octets(file);
    let entry = Entry {
        packed_octets: octets.len() as u64,
        declared_octets: Some(file.length),
        ..Entry::default()
    };
    walk.member_stored(specimen, &file.shown(), entry, octets)
}

fn member(
    file: &File<'_>,
    stream: &mut Compressed<'_>,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    if file.offset < stream.at {
        stream.rewinds = stream.rewinds.saturating_add(1);
        walk.fact(specimen, FactKind::Disagreement, "members that share octets");
        if stream.rewinds > limits::CHM_REWINDS {
            return Err(Stop::broken("too many members that share octets"));
        }
    }
    match stream.seek(file.offset, || walk.still_time(specimen)) {
        Ok(()) => {}
        Err(Stop::Over) => return Err(Stop::Over),
        Err(why) => return walk.skip(specimen, &file.shown(), why),
    }
    let entry = Entry {
        packed_octets: stream.content.len() as u64,
        declared_octets: Some(file.length),
        ..Entry::default()
    };
    walk.member(specimen, &file.shown(), entry, &mut stream.take(file.length))
}

/// One line of the directory.
#[derive(Debug)]
struct File<'a> {
    name: &'a [u8],
    section: u64,
    offset: u64,
    length: u64,
}

impl File<'_> {
    fn shown(&self) -> String {
        let name = self.name.get(..limits::PLACE_OCTETS).unwrap_or(self.name);
        place::decode(name).trim_start_matches('/').to_owned()
    }

    /// Whether it is a member, and neither a folder nor what the container itself is made of; that
    /// lies in it uncompressed and was looked at with the whole.
    fn is_told(&self) -> bool {
        const OWN: &[u8] = b"::DataSpace/";
        let is_folder = self.length == 0 && self.name.ends_with(b"/");
        let start = self.name.get(..OWN.len()).unwrap_or_default();
        let is_own = self.section == 0 && start.eq_ignore_ascii_case(OWN);
        !is_folder && !is_own
    }
}

/// All listing chunks together.
struct Directory<'a> {
    /// The octets that offsets of section 0 count in.
    content: &'a [u8],
    files: Vec<File<'a>>,
    /// Why not all of it was seen.
    end: Option<Stop>,
}

impl<'a> Directory<'a> {
    fn read(chm: &'a [u8]) -> Result<Self, Stop> {
        let short = || Stop::broken("head damaged or cut short");
        let version = u32_le(chm, 4).ok_or_else(short)?;
        let at = u64_le(chm, 0x48).ok_or_else(short)?;
        let octets = u64_le(chm, 0x50).ok_or_else(short)?;
        let content_at = match version {
            // The content follows the directory, without a word about where.
            2 => at.saturating_add(octets),
            3 => u64_le(chm, 0x58).ok_or_else(short)?,
            other => return Err(Stop::unsupported(format!("version {other} of the container"))),
        };
        let all = chm.get(length(at)..).filter(|all| all.starts_with(b"ITSP"));
        let chunks = Chunks::of(all.ok_or_else(short)?, octets).ok_or_else(short)?;
        let content = chm.get(length(content_at)..).unwrap_or_default();
        let mut directory = Directory { content, files: Vec::new(), end: None };
        directory.list(&chunks);
        Ok(directory)
    }

    /// Reads every listing chunk in its place, those too that no other one leads to.
    fn list(&mut self, chunks: &Chunks<'a>) {
        for (number, chunk) in chunks.all.chunks(chunks.size).enumerate() {
            let is_listing = chunk.starts_with(b"PMGL");
            let is_known = is_listing || chunk.starts_with(b"PMGI");
            if number >= chunks.count && !is_known {
                return;
            }
            if !is_known || is_listing && !self.read_listing(chunk, chunks.size) {
                self.end.get_or_insert(Stop::broken("directory damaged or cut short"));
            }
            if self.files.len() >= limits::CHM_FILES {
                let most = u32::try_from(limits::CHM_FILES).unwrap_or(u32::MAX);
                self.end = Some(Stop::Limit(Exceeded::Members(most)));
                return;
            }
        }
        if chunks.all.len().div_ceil(chunks.size) < chunks.count {
            self.end.get_or_insert(Stop::broken("directory cut short"));
        }
    }

    /// Adds what one chunk lists; `false` when it is damaged.
    fn read_listing(&mut self, chunk: &'a [u8], size: usize) -> bool {
        let Some(free) = u32_le(chunk, 4) else { return false };
        let end = size.saturating_sub(length(u64::from(free)));
        // The chunk ends with the number of its lines: a free area that covers some of them hides
        // nothing.
        let count = size.checked_sub(2).and_then(|at| u16_le(chunk, at)).map_or(0, usize::from);
        let (mut at, mut seen) = (LISTING_HEAD, 0);
        while at < end || seen < count {
            if self.files.len() >= limits::CHM_FILES {
                return true;
            }
            let Some((file, next)) = line(chunk, at) else { break };
            if at >= end && file.name.is_empty() {
                break;
            }
            self.files.push(file);
            at = next;
            seen = seen.saturating_add(1);
        }
        end >= LISTING_HEAD && at >= end
    }

    /// The octets of a file of section 0.
    fn octets(&self, file: &File<'_>) -> &'a [u8] {
        run_or_rest(self.content, length(file.offset), length(file.length))
    }

    /// What the container keeps under a name for itself.
    fn own(&self, name: &str) -> Result<&'a [u8], Stop> {
        let is_it = |file: &&File<'_>| file.name.eq_ignore_ascii_case(name.as_bytes());
        let mut files = self.files.iter().filter(is_it);
        let file = files.next().ok_or_else(|| Stop::broken(format!("no {name}")))?;
        let place = |file: &File<'_>| (file.section, file.offset, file.length);
        if files.any(|other| place(other) != place(file)) {
            return Err(Stop::broken(format!("{name} is there twice")));
        }
        if file.section != 0 {
            return Err(Stop::broken(format!("{name} is compressed")));
        }
        Ok(self.octets(file))
    }

    /// What a section is called: the container has a list of them.
    fn section_name(&self, section: u64) -> String {
        let named = self.own("::DataSpace/NameList").ok().and_then(|list| name(list, section));
        named.unwrap_or_else(|| "MSCompressed".to_owned())
    }
}

/// The grid of the directory.
struct Chunks<'a> {
    all: &'a [u8],
    size: usize,
    count: usize,
}

impl<'a> Chunks<'a> {
    /// From the head of the directory on; `octets` is how long it should be.
    fn of(all: &'a [u8], octets: u64) -> Option<Self> {
        let head = length(u64::from(u32_le(all, 8)?));
        let size = length(u64::from(u32_le(all, 0x10)?));
        let count = length(u64::from(u32_le(all, 0x2c)?));
        let by_length = length(octets).saturating_sub(head).checked_div(size)?;
        let fits = size > LISTING_HEAD;
        fits.then_some(Chunks { all: all.get(head..)?, size, count: count.max(by_length) })
    }
}

/// A line of a listing chunk, and where the next one begins.
fn line(chunk: &[u8], at: usize) -> Option<(File<'_>, usize)> {
    let (octets, at) = number(chunk, at)?;
    let name = run(chunk, at, length(octets))?;
    let (section, at) = number(chunk, at.checked_add(name.len())?)?;
    let (offset, at) = number(chunk, at)?;
    let (length, at) = number(chunk, at)?;
    Some((File { name, section, offset, length }, at))
}

/// A number in groups of seven bits, the high ones first; the top bit says that more follow.
fn number(chunk: &[u8], mut at: usize) -> Option<(u64, usize)> {
    let mut value: u64 = 0;
    loop {
        let octet = *chunk.get(at)?;
        at = at.checked_add(1)?;
        value = value.checked_mul(0x80)? | u64::from(octet & 0x7f);
        if octet & 0x80 == 0 {
            return Some((value, at));
        }
    }
}

/// One name out of the list of sections: two numbers, then for each its length in characters,
/// UTF-16 and a zero.
fn name(list: &[u8], section: u64) -> Option<String> {
    let mut at: usize = 4;
    for _ in 0..section.min(u64::from(u16::MAX)) {
        let octets = usize::from(u16_le(list, at)?).checked_mul(2)?;
        at = at.checked_add(octets)?.checked_add(4)?;
    }
    let octets = usize::from(u16_le(list, at)?).checked_mul(2)?;
    Some(place::decode_utf16(run(list, at.checked_add(2)?, octets)?, true))
}

/// How an LZX stream is made, by its control data.
#[derive(Debug, Clone, Copy)]
struct Control {
    window: WindowSize,
    window_octets: u64,
    /// Frames from one beginning of the decoder to the next.
    interval: u64,
}

impl Control {
    fn read(data: &[u8]) -> Result<Self, Stop> {
        let bad = || Stop::broken("control data of LZX damaged");
        if run(data, 4, 4) != Some(b"LZXC") {
            return Err(Stop::unsupported("another compression than LZX"));
        }
        let unit = match u32_le(data, 8).ok_or_else(bad)? {
            1 => 1,
            2 => FRAME,
            other => return Err(Stop::unsupported(format!("version {other} of LZX"))),
        };
        let in_octets = |at| u32_le(data, at).and_then(|units| u64::from(units).checked_mul(unit));
        let interval = in_octets(0xc).ok_or_else(bad)?;
        let window_octets = in_octets(0x10).ok_or_else(bad)?;
        let bits = window_octets.is_power_of_two().then(|| window_octets.trailing_zeros());
        let window = bits.and_then(|bits| cab::window(u16::try_from(bits).ok()?));
        let window = window.ok_or_else(|| Stop::broken("LZX window of no known size"))?;
        if interval == 0 || interval % FRAME != 0 {
            return Err(bad());
        }
        Ok(Control { window, window_octets, interval: interval / FRAME })
    }
}

/// An LZX stream, decoded as far as members ask for it.
struct Compressed<'a> {
    content: &'a [u8],
    /// Where frames begin in the content, eight octets each.
    frames: &'a [u8],
    /// Octets of the whole, decoded, as the table says.
    declared: u64,
    control: Control,
    decoder: Option<Box<Lzxd>>,
    next_frame: u64,
    frame: Vec<u8>,
    at_in_frame: usize,
    /// Octets before the next one that is read.
    at: u64,
    /// What ended the decoder that is at work.
    damage: Option<String>,
    rewinds: u32,
}

impl<'a> Compressed<'a> {
    fn open(directory: &Directory<'a>, section: u64) -> Result<Self, Stop> {
        if section >= limits::CHM_SECTIONS {
            return Err(Stop::unsupported(format!("section {section}")));
        }
        let name = directory.section_name(section);
        let own = |what: &str| directory.own(&format!("{STORAGE}/{name}/{what}"));
        let control = Control::read(own("ControlData")?)?;
        let content = own("Content")?;
        let table = own(&format!("Transform/{LZX}/InstanceData/ResetTable"))?;
        let bad = || Stop::broken("table of frames damaged or cut short");
        let head = length(u64::from(u32_le(table, 0xc).ok_or_else(bad)?));
        let declared = u64_le(table, 0x10).ok_or_else(bad)?;
        if u32_le(table, 8) != Some(8) || u64_le(table, 0x20) != Some(FRAME) {
            return Err(bad());
        }
        Ok(Compressed {
            content,
            frames: table.get(head..).ok_or_else(bad)?,
            declared,
            control,
            decoder: None,
            next_frame: 0,
            frame: Vec::new(),
            at_in_frame: 0,
            at: 0,
            damage: None,
            rewinds: 0,
        })
    }

    fn memory(&self) -> u64 {
        self.control.window_octets.saturating_add(limits::LEGACY_ZIP_OCTETS)
    }

    /// Goes to an octet; `still_time` is asked between frames.
    fn seek(
        &mut self,
        to: u64,
        mut still_time: impl FnMut() -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let first = self.first_of_interval(to / FRAME);
        if to < self.at || first != self.first_of_interval(self.at / FRAME) {
            self.start(first);
        }
        while self.at < to {
            still_time()?;
            if self.is_empty() && !self.load()? {
                return Err(Stop::broken("a member lies outside"));
            }
            let there = self.frame.len().saturating_sub(self.at_in_frame);
            let count = length(to.saturating_sub(self.at)).min(there);
            self.advance(count);
        }
        Ok(())
    }

    fn start(&mut self, frame: u64) {
        (self.decoder, self.damage) = (None, None);
        self.frame.clear();
        (self.next_frame, self.at_in_frame) = (frame, 0);
        self.at = frame.saturating_mul(FRAME);
    }

    fn first_of_interval(&self, frame: u64) -> u64 {
        frame.saturating_sub(frame % self.control.interval)
    }

    fn is_empty(&self) -> bool {
        self.at_in_frame >= self.frame.len()
    }

    fn advance(&mut self, count: usize) {
        self.at_in_frame = self.at_in_frame.saturating_add(count);
        self.at = self.at.saturating_add(count as u64);
    }

    /// Decodes the next frame; `false` at the end.
    fn load(&mut self) -> io::Result<bool> {
        if let Some(words) = &self.damage {
            return Err(io::Error::other(words.clone()));
        }
        // A frame that is not whole is the last one.
        let is_last = !self.frame.is_empty() && (self.frame.len() as u64) < FRAME;
        if is_last || self.frame_at(self.next_frame).is_none() {
            return Ok(false);
        }
        match self.frame_or_remainder(self.next_frame) {
            Ok(frame) => self.frame = frame,
            Err(stop) => {
                self.damage = Some(stop.to_string());
                return Err(io::Error::other(stop.to_string()));
            }
        }
        self.at_in_frame = 0;
        self.next_frame = self.next_frame.saturating_add(1);
        Ok(true)
    }

    /// A whole frame. The last one is filled up by some writers and cut by others: where it does
    /// not come out whole, it is decoded again and as long as the table says.
    fn frame_or_remainder(&mut self, frame: u64) -> Result<Vec<u8>, Stop> {
        let why = match self.decode(frame, FRAME) {
            Ok(octets) => return Ok(octets),
            Err(why) => why,
        };
        let remainder = self.declared.saturating_sub(frame.saturating_mul(FRAME));
        if remainder == 0 || remainder >= FRAME {
            return Err(why);
        }
        for before in self.first_of_interval(frame)..frame {
            self.decode(before, FRAME)?;
        }
        self.decode(frame, remainder)
    }

    fn decode(&mut self, frame: u64, octets: u64) -> Result<Vec<u8>, Stop> {
        let packed = self.packed(frame)?;
        if frame == self.first_of_interval(frame) {
            self.decoder = Some(Box::new(Lzxd::new(self.control.window)));
        }
        let decoder = self.decoder.as_mut().ok_or_else(|| Stop::broken("no start of LZX"))?;
        guarded(|| match decoder.decompress_next(packed, length(octets)) {
            Ok(decoded) => Ok(decoded.to_vec()),
            Err(error) => Err(Stop::broken(error.to_string())),
        })
    }

    fn frame_at(&self, frame: u64) -> Option<usize> {
        u64_le(self.frames, length(frame.checked_mul(8)?)).map(length)
    }

    /// The octets of a frame, compressed.
    fn packed(&self, frame: u64) -> Result<&'a [u8], Stop> {
        let bad = || Stop::broken("a frame lies outside");
        let start = self.frame_at(frame).ok_or_else(bad)?;
        let next = self.frame_at(frame.saturating_add(1)).filter(|next| *next >= start);
        let end = next.unwrap_or(usize::MAX).min(self.content.len());
        let packed = self.content.get(start..end).ok_or_else(bad)?;
        if packed.len() > PACKED_FRAME {
            return Err(Stop::broken(format!("a frame of over {PACKED_FRAME} bytes")));
        }
        Ok(packed)
    }
}

impl Read for Compressed<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.is_empty() {
            if !self.load()? {
                return Ok(0);
            }
        }
        let mut rest = self.frame.get(self.at_in_frame..).unwrap_or_default();
        let count = rest.read(out)?;
        self.advance(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{Budget, Limits};
    use crate::fact::Fact;
    use crate::passwords::Passwords;
    use crate::specimen::Origin;
    use crate::walk::{Root, Visitor, open};

    const CHUNK: usize = 1024;
    /// Head of the file, head of the directory.
    const HEADS: (usize, usize) = (0x60, 0x54);

    #[derive(Default)]
    struct Seen {
        members: Vec<(String, Vec<u8>)>,
        facts: Vec<(FactKind, String)>,
    }

    impl Visitor for Seen {
        fn specimen(&mut self, specimen: &Specimen<'_>) {
            if matches!(specimen.origin, Origin::Member(_)) && specimen.depth == 1 {
                self.members.push((specimen.name.to_owned(), specimen.octets.to_vec()));
            }
        }

        fn fact(&mut self, fact: Fact) {
            self.facts.push((fact.kind, fact.evidence));
        }
    }

    impl Seen {
        fn of(chm: &[u8]) -> Seen {
            let mut seen = Seen::default();
            let root = Root { place: "1", name: "a.chm", mime: "", octets: chm, is_reading: false };
            let mut budget = Budget::new(Limits::default(), &());
            open(&root, &Passwords::default(), &mut budget, &mut seen);
            seen
        }

        fn member(&self, name: &str) -> Option<&[u8]> {
            let found = self.members.iter().find(|(known, _)| known == name);
            found.map(|(_, octets)| octets.as_slice())
        }

        fn has(&self, kind: FactKind) -> bool {
            self.facts.iter().any(|(known, _)| *known == kind)
        }
    }

    fn encoded(mut value: u64) -> Vec<u8> {
        let mut octets = vec![(value & 0x7f) as u8];
        while value > 0x7f {
            value >>= 7;
            octets.insert(0, (value & 0x7f) as u8 | 0x80);
        }
        octets
    }

    /// Lines of a directory and the content that they point to.
    #[derive(Default)]
    struct Sample {
        lines: Vec<u8>,
        count: u16,
        content: Vec<u8>,
    }

    impl Sample {
        fn line(&mut self, name: &str, section: u64, offset: u64, length: u64) {
            self.lines.extend(encoded(name.len() as u64));
            self.lines.extend(name.as_bytes());
            for value in [section, offset, length] {
                self.lines.extend(encoded(value));
            }
            self.count += 1;
        }

        fn store(&mut self, name: &str, octets: &[u8]) {
            self.line(name, 0, self.content.len() as u64, octets.len() as u64);
            self.content.extend(octets);
        }

        /// A section of frames that begin anew every other one.
        fn compress(&mut self, storage: &str, frames: &[Vec<u8>], declared: u64) {
            let words = |words: &[u32]| words.iter().flat_map(|w| w.to_le_bytes()).collect();
            let control: Vec<u8> = words(&[6, u32::from_le_bytes(*b"LZXC"), 2, 2, 2, 1, 0]);
            let count = frames.len() as u32;
            let mut table: Vec<u8> = words(&[2, count, 8, 0x28, declared as u32, 0]);
            let packed = frames.concat();
            table.extend((packed.len() as u64).to_le_bytes());
            table.extend(FRAME.to_le_bytes());
            let mut at: u64 = 0;
            for frame in frames {
                table.extend(at.to_le_bytes());
                at += frame.len() as u64;
            }
            let root = format!("{STORAGE}/{storage}");
            self.store(&format!("{root}/Content"), &packed);
            self.store(&format!("{root}/ControlData"), &control);
            self.store(&format!("{root}/Transform/{LZX}/InstanceData/ResetTable"), &table);
        }

        fn build(&self) -> Vec<u8> {
            let free = CHUNK - LISTING_HEAD - self.lines.len();
            let directory = HEADS.1 + CHUNK;
            let mut chm = vec![0; HEADS.0 + HEADS.1];
            chm[..4].copy_from_slice(b"ITSF");
            chm[HEADS.0..HEADS.0 + 4].copy_from_slice(b"ITSP");
            let values = [
                (4, 3),
                (8, HEADS.0),
                (0x48, HEADS.0),
                (0x50, directory),
                (0x58, HEADS.0 + directory),
                (HEADS.0 + 4, 1),
                (HEADS.0 + 8, HEADS.1),
                (HEADS.0 + 0x10, CHUNK),
                (HEADS.0 + 0x2c, 1),
            ];
            for (at, value) in values {
                chm[at..at + 4].copy_from_slice(&(value as u32).to_le_bytes());
            }
            chm.extend(b"PMGL");
            chm.extend((free as u32).to_le_bytes());
            chm.extend([0; 4]);
            chm.extend([0xff; 8]);
            chm.extend(&self.lines);
            chm.resize(HEADS.0 + directory - 2, 0);
            chm.extend(self.count.to_le_bytes());
            chm.extend(&self.content);
            chm
        }
    }

    /// The start of an LZX block that is not compressed, with no translation of calls.
    fn block(octets: usize) -> Vec<u8> {
        let words = [0x3000 | (octets >> 12) as u16, ((octets & 0xfff) << 4) as u16];
        let mut start: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        start.extend([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
        start
    }

    fn payload() -> Vec<u8> {
        (0..2 * FRAME as usize + 1000).map(|at| (at * 7 + at / 251) as u8).collect()
    }

    /// Two frames of one block, then a decoder begun anew for a third that is not whole.
    fn frames() -> Vec<Vec<u8>> {
        let frame = FRAME as usize;
        let payload = payload();
        let first = [block(2 * frame), payload[..frame].to_vec()].concat();
        let third = [block(1000), payload[2 * frame..].to_vec()].concat();
        vec![first, payload[frame..2 * frame].to_vec(), third]
    }

    fn compressed(storage: &str) -> Sample {
        let mut sample = Sample::default();
        sample.compress(storage, &frames(), payload().len() as u64);
        sample.line("/straddles.txt", 1, FRAME - 10, 20);
        sample.line("/last.txt", 1, 2 * FRAME + 100, 900);
        sample.line("/first.txt", 1, 0, 50);
        sample
    }

    fn stored() -> Sample {
        let mut sample = Sample::default();
        sample.line("/", 0, 0, 0);
        sample.line("/empty.txt", 0, 0, 0);
        sample.store("/a/first.txt", b"the octets of one file");
        sample.store("/second.txt", b"those of another");
        sample
    }

    #[test]
    fn stored_members_come_out_and_folders_are_none() {
        let seen = Seen::of(&stored().build());
        assert_eq!(seen.member("a/first.txt"), Some(&b"the octets of one file"[..]));
        assert_eq!(seen.member("second.txt"), Some(&b"those of another"[..]));
        assert_eq!(seen.member("empty.txt"), Some(&b""[..]));
        assert_eq!((seen.members.len(), seen.facts.len()), (3, 0));
    }

    #[test]
    fn a_file_cut_anywhere_gives_its_members_or_is_told_broken() {
        let whole = stored().build();
        for cut in 8..whole.len() {
            let seen = Seen::of(&whole[..cut]);
            assert!(seen.has(FactKind::Broken), "cut at {cut}: {:?}", seen.facts);
        }
    }

    #[test]
    fn an_octet_changed_anywhere_is_no_panic() {
        for sample in [stored(), compressed("MSCompressed")] {
            let whole = sample.build();
            // The directory and the first block; control data and table are the last 92 octets.
            let start = HEADS.0 + HEADS.1 + CHUNK + 20;
            for at in (4..start).chain(whole.len() - 92..whole.len()) {
                let mut changed = whole.clone();
                changed[at] ^= 0xff;
                let _seen = Seen::of(&changed);
            }
        }
    }

    #[test]
    fn compressed_members_come_out_of_frames_and_of_decoders_begun_anew() {
        let seen = Seen::of(&compressed("MSCompressed").build());
        let (payload, frame) = (payload(), FRAME as usize);
        assert_eq!(seen.member("first.txt"), Some(&payload[..50]));
        assert_eq!(seen.member("straddles.txt"), Some(&payload[frame - 10..frame + 10]));
        assert_eq!(seen.member("last.txt"), Some(&payload[2 * frame + 100..]));
        assert_eq!(seen.facts, []);
    }

    #[test]
    fn a_section_that_its_list_calls_by_another_name_hides_nothing() {
        let mut sample = compressed("Other");
        let mut list = vec![0, 0, 2, 0];
        for name in ["Uncompressed", "Other"] {
            list.extend((name.len() as u16).to_le_bytes());
            list.extend(name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
        }
        sample.store("::DataSpace/NameList", &list);
        let seen = Seen::of(&sample.build());
        assert_eq!(seen.member("first.txt"), Some(&payload()[..50]));
    }

    #[test]
    fn damage_in_one_interval_leaves_the_next_one_readable() {
        let mut frames = frames();
        frames[0][1] = 0xff;
        let mut sample = Sample::default();
        sample.compress("MSCompressed", &frames, payload().len() as u64);
        sample.line("/first.txt", 1, 0, 50);
        sample.line("/last.txt", 1, 2 * FRAME, 1000);
        let seen = Seen::of(&sample.build());
        assert_eq!(seen.member("last.txt"), Some(&payload()[2 * FRAME as usize..]));
        assert!(seen.has(FactKind::Broken), "{:?}", seen.facts);
    }

    #[test]
    fn members_that_share_octets_are_told_and_not_decoded_for_ever() {
        let mut sample = Sample::default();
        sample.compress("MSCompressed", &frames(), payload().len() as u64);
        for _ in 0..limits::CHM_REWINDS + 4 {
            sample.line("/a", 1, 5, 50);
        }
        let seen = Seen::of(&sample.build());
        assert_eq!(seen.members.len() as u32, limits::CHM_REWINDS + 1);
        assert!(seen.has(FactKind::Disagreement) && seen.has(FactKind::Broken));
    }

    #[test]
    fn lines_under_a_free_area_are_not_hidden() {
        let mut chm = stored().build();
        let free_at = HEADS.0 + HEADS.1 + 4;
        chm[free_at..free_at + 4].copy_from_slice(&((CHUNK - LISTING_HEAD) as u32).to_le_bytes());
        assert!(Seen::of(&chm).member("second.txt").is_some());
    }

    #[test]
    fn a_stream_described_twice_or_not_at_all_is_broken() {
        let mut twice = compressed("MSCompressed");
        twice.store(&format!("{STORAGE}/mscompressed/content"), b"another");
        let mut none = Sample::default();
        none.line("/a.txt", 1, 0, 9);
        none.line("/b.txt", 0, u64::MAX, u64::MAX);
        for sample in [twice, none] {
            assert!(Seen::of(&sample.build()).has(FactKind::Broken));
        }
    }

    #[test]
    fn a_help_file_of_the_help_compiler_gives_its_program() {
        let Ok(chm) = std::fs::read("/usr/share/clamav-testfiles/clam.chm") else {
            println!("skipped: no /usr/share/clamav-testfiles");
            return;
        };
        let seen = Seen::of(&chm);
        let program = seen.member("clam.exe.txt").unwrap_or_default();
        assert!(program.starts_with(b"MZP") && program.len() == 544, "{:?}", seen.facts);
        assert_eq!(seen.members.len(), 15);
        assert!(!seen.has(FactKind::Broken), "{:?}", seen.facts);
        for cut in (8..chm.len()).step_by(5) {
            let seen = Seen::of(&chm[..cut]);
            let is_whole = seen.member("clam.exe.txt").is_some_and(|octets| octets.len() == 544);
            assert!(is_whole || seen.has(FactKind::Broken), "cut at {cut}");
        }
    }
}
