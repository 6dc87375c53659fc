//! Symbian installation files of the old kind (EPOC release 6 and before): a table of files, each one
//! zlib stream for each language. The later kind is recognised and stays closed.

use flate2::bufread::ZlibDecoder;

use crate::octets::{run, u16_le, u32_le};
use crate::specimen::Specimen;
use crate::walk::{Entry, Stop, Walk};

/// The third identifier in the head, by which the format is known.
const IDENTIFIER: u32 = 0x1000_0419;
/// Octets of the record of a file, and what each language adds.
const RECORD: usize = 36;
const LANGUAGE: usize = 12;
/// Flag in the head: members are stored.
const IS_STORED: u16 = 1 << 3;

/// Whether octets begin as such a file does.
pub(super) fn is_sis(octets: &[u8]) -> bool {
    u32_le(octets, 8) == Some(IDENTIFIER) || octets.starts_with(b"\x7a\x1a\x20\x10")
}

/// What is inside.
///
/// # Errors
/// See [`Stop`].
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let octets = specimen.octets;
    if u32_le(octets, 8) != Some(IDENTIFIER) {
        return Err(Stop::unsupported("Symbian installation file of the later kind"));
    }
    let short = || Stop::broken("head cut short");
    let languages = usize::from(u16_le(octets, 0x12).ok_or_else(short)?).max(1);
    let files = u16_le(octets, 0x14).ok_or_else(short)?;
    let is_stored = u16_le(octets, 0x18).ok_or_else(short)? & IS_STORED != 0;
    let mut at = u32_le(octets, 0x34).ok_or_else(short)? as usize;
    for _ in 0..files {
        let record = octets.get(at..).filter(|rest| rest.len() >= RECORD);
        let record = record.ok_or_else(|| Stop::broken("table of files cut short"))?;
        // Conditions and options of the installer: what they hold is not known to be files.
        if u32_le(record, 0) != Some(0) {
            return Err(Stop::unsupported("installer conditions between its files"));
        }
        let name = name_of(octets, record);
        for language in 0..languages {
            file(specimen, walk, record, (language, languages), &name, is_stored)?;
        }
        at = at.saturating_add(RECORD + LANGUAGE * languages);
    }
    Ok(())
}

/// One file in one language. After the names stand the packed lengths of all languages, then the
/// places, then the lengths.
fn file(
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
    record: &[u8],
    (language, languages): (usize, usize),
    name: &str,
    is_stored: bool,
) -> Result<(), Stop> {
    let column = |row: usize| u32_le(record, 28 + 4 * (row * languages + language));
    let (Some(packed), Some(place), Some(size)) = (column(0), column(1), column(2)) else {
        return Err(Stop::broken("table of files cut short"));
    };
    // The packed length of some writers leaves out the head of the stream: it ends by itself.
    let start = place as usize;
    let rest = specimen.octets.get(start..).ok_or_else(|| Stop::broken("a file lies outside"))?;
    let entry = Entry {
        packed_octets: u64::from(packed).min(rest.len() as u64),
        declared_octets: Some(u64::from(size)),
        ..Entry::default()
    };
    if is_stored {
        let octets = run(rest, 0, size as usize).unwrap_or(rest);
        return walk.member_stored(specimen, name, entry, octets);
    }
    walk.member(specimen, name, entry, &mut ZlibDecoder::new(rest))
}

/// The name that the file gets: UTF-16, or the old code page.
fn name_of(octets: &[u8], record: &[u8]) -> String {
    let length = u32_le(record, 20).unwrap_or(0) as usize;
    let place = u32_le(record, 24).unwrap_or(0) as usize;
    let name = run(octets, place, length.min(1024)).unwrap_or_default();
    let units = name.chunks_exact(2).filter_map(|pair| pair.first_chunk::<2>());
    char::decode_utf16(units.map(|pair| u16::from_le_bytes(*pair)))
        .map(|unit| unit.unwrap_or('\u{fffd}'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Fact, FactKind, Passwords, Root, Visitor};
    use std::io::Write;

    #[derive(Debug, Default)]
    struct Told {
        members: Vec<(String, Vec<u8>)>,
        facts: Vec<FactKind>,
    }

    impl Visitor for Told {
        fn specimen(&mut self, specimen: &Specimen<'_>) {
            self.members.push((specimen.place.to_owned(), specimen.octets.to_vec()));
        }

        fn fact(&mut self, fact: Fact) {
            self.facts.push(fact.kind);
        }
    }

    fn told(octets: &[u8]) -> Told {
        let mut told = Told::default();
        let root = Root { place: "1/a.sis", name: "a.sis", mime: "", octets, is_reading: false };
        let mut budget = Budget::new(crate::Limits::default(), &());
        crate::open(&root, &Passwords::default(), &mut budget, &mut told);
        told
    }

    /// One file in one language.
    fn sample(payload: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(payload).unwrap();
        let packed = packer.finish().unwrap();
        let name: Vec<u8> = "a.com".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut octets = vec![0; 0x44];
        octets[8..12].copy_from_slice(&IDENTIFIER.to_le_bytes());
        octets[0x12] = 1;
        octets[0x14] = 1;
        octets[0x34] = 0x44;
        let name_at = 0x44 + RECORD + LANGUAGE;
        let data_at = name_at + name.len();
        let fields =
            [0, 0, 0, 0, 0, name.len(), name_at, packed.len(), data_at, payload.len(), 0, 0];
        for field in fields {
            octets.extend((field as u32).to_le_bytes());
        }
        octets.extend(name);
        octets.extend(packed);
        octets
    }

    #[test]
    fn it_is_known_by_its_third_identifier() {
        assert!(is_sis(&sample(b"x")) && !is_sis(b"nothing of the kind"));
    }

    #[test]
    fn its_file_comes_out_with_its_name() {
        let told = told(&sample(b"the octets of a program"));
        let member = ("1/a.sis/a.com".to_owned(), b"the octets of a program".to_vec());
        assert!(told.members.contains(&member), "{told:?}");
        assert!(told.facts.is_empty(), "{told:?}");
    }

    #[test]
    fn a_cut_one_is_never_clean() {
        let whole = sample(b"the octets of a program");
        for end in 12..whole.len() - 1 {
            let told = told(&whole[..end]);
            assert!(!told.facts.is_empty(), "{end}");
        }
    }

    #[test]
    fn the_later_kind_stays_closed() {
        let told = told(b"\x7a\x1a\x20\x10 and more of it, whatever it is");
        assert_eq!(told.facts, [FactKind::Unsupported]);
    }
}
