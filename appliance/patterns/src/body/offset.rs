//! Where a body may begin: the offsets of extended signatures (docs.clamav.net, "Extended signature
//! format").

use crate::executables::Layout;

/// Where a body may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset {
    pub(super) base: Base,
    /// How far behind the base it may begin as well.
    pub(super) shift: u32,
}

/// From where an offset counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// Anywhere.
    Any,
    /// The start of the file.
    Start(u32),
    /// The end of the file, backwards.
    End(u32),
    /// The entry point.
    Entry(i32),
    /// The start of a section.
    Section(u16, u32),
    /// Anywhere in a section.
    WholeSection(u16),
    /// The start of the last section.
    LastSection(u32),
    /// The start of a key of the version information.
    Version,
    /// A member of a macro group: no signature of its own.
    Group(u8),
}

/// Anywhere.
pub(super) const ANY: Offset = Offset { base: Base::Any, shift: 0 };

/// Octets of an offset in a pack.
pub(super) const OCTETS: usize = 12;

impl Offset {
    /// Reads an offset: `*`, `n`, `EOF-n`, `EP+n`, `EP-n`, `Sx+n`, `SEx`, `SL+n`, `VI`, `$n`; each
    /// but `*` and `VI` with `,shift`.
    pub(super) fn parse(text: &str) -> Option<Offset> {
        let (place, shift) = match text.split_once(',') {
            Some((place, shift)) => (place, shift.parse().ok()?),
            None => (text, 0),
        };
        let digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
        let number = |text: &str| text.parse::<u32>().ok().filter(|_| digits(text));
        let base = if place == "*" {
            Base::Any
        } else if place == "VI" {
            Base::Version
        } else if let Some(group) = place.strip_prefix('$') {
            Base::Group(number(group).filter(|group| *group < 32)? as u8)
        } else if let Some(back) = place.strip_prefix("EOF-") {
            Base::End(number(back)?)
        } else if let Some(forth) = place.strip_prefix("EP+") {
            Base::Entry(i32::try_from(number(forth)?).ok()?)
        } else if let Some(back) = place.strip_prefix("EP-") {
            Base::Entry(i32::try_from(number(back)?).ok()?.checked_neg()?)
        } else if let Some(section) = place.strip_prefix("SE") {
            Base::WholeSection(section.parse().ok()?)
        } else if let Some(forth) = place.strip_prefix("SL+") {
            Base::LastSection(number(forth)?)
        } else if let Some(section) = place.strip_prefix('S') {
            let (section, forth) = section.split_once('+')?;
            Base::Section(section.parse().ok()?, number(forth)?)
        } else {
            Base::Start(number(place)?)
        };
        Some(Offset { base, shift })
    }

    /// Whether only an executable has it.
    pub(super) fn needs_executable(self) -> bool {
        !matches!(self.base, Base::Any | Base::Start(_) | Base::End(_) | Base::Group(_))
    }

    pub(super) fn encode(self) -> [u8; OCTETS] {
        let (kind, section, number) = match self.base {
            Base::Any => (0, 0, 0),
            Base::Start(number) => (1, 0, number),
            Base::End(number) => (2, 0, number),
            Base::Entry(number) => (3, 0, number.cast_unsigned()),
            Base::Section(section, number) => (4, section, number),
            Base::WholeSection(section) => (5, section, 0),
            Base::LastSection(number) => (6, 0, number),
            Base::Version => (7, 0, 0),
            Base::Group(group) => (8, u16::from(group), 0),
        };
        let mut octets = [0; OCTETS];
        let parts =
            [&[kind, 0][..], &u16::to_le_bytes(section), &u32::to_le_bytes(number)].concat();
        let all = parts.into_iter().chain(self.shift.to_le_bytes());
        octets.iter_mut().zip(all).for_each(|(to, from)| *to = from);
        octets
    }

    /// The offset of [`Offset::encode`]; none for octets of no offset.
    pub(super) fn decode(octets: &[u8]) -> Option<Offset> {
        let section = crate::pack::u16_at(octets, 2)?;
        let number = crate::pack::u32_at(octets, 4)?;
        let shift = crate::pack::u32_at(octets, 8)?;
        let base = match octets.first()? {
            0 => Base::Any,
            1 => Base::Start(number),
            2 => Base::End(number),
            3 => Base::Entry(number.cast_signed()),
            4 => Base::Section(section, number),
            5 => Base::WholeSection(section),
            6 => Base::LastSection(number),
            7 => Base::Version,
            8 => Base::Group(u8::try_from(section).ok()?),
            _ => return None,
        };
        Some(Offset { base, shift })
    }

    /// The first and the last place of a file of this many octets where the body may begin; none
    /// when there is no such place.
    pub(super) fn places(self, octets: usize, layout: Option<&Layout>) -> Option<(usize, usize)> {
        let length = octets as u64;
        let section = |number: usize| layout.and_then(|layout| layout.sections.get(number));
        let (first, width) = match self.base {
            Base::Any | Base::Version | Base::Group(_) => return Some((0, octets)),
            Base::Start(number) => (Some(u64::from(number)), self.shift),
            Base::End(number) => (length.checked_sub(u64::from(number)), self.shift),
            Base::Entry(number) => {
                let entry = layout.and_then(|layout| layout.entry_point);
                (entry.and_then(|entry| entry.checked_add_signed(i64::from(number))), self.shift)
            }
            Base::Section(number, forth) => {
                let start = section(usize::from(number)).map(|section| section.raw_offset);
                (start.and_then(|start| start.checked_add(u64::from(forth))), self.shift)
            }
            Base::LastSection(forth) => {
                let start = layout.and_then(|layout| layout.sections.last());
                let start = start.map(|section| section.raw_offset);
                (start.and_then(|start| start.checked_add(u64::from(forth))), self.shift)
            }
            Base::WholeSection(number) => {
                let section = section(usize::from(number))?;
                let width = u32::try_from(section.raw_octets).unwrap_or(u32::MAX);
                (Some(section.raw_offset), width.saturating_add(self.shift))
            }
        };
        let first = usize::try_from(first?).ok()?;
        Some((first, first.saturating_add(width as usize).min(octets)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_kept() {
        let cases = [
            ("*", Base::Any, 0),
            ("12", Base::Start(12), 0),
            ("12,5", Base::Start(12), 5),
            ("EOF-100,3", Base::End(100), 3),
            ("EP+0", Base::Entry(0), 0),
            ("EP-8", Base::Entry(-8), 0),
            ("S2+78", Base::Section(2, 78), 0),
            ("SE1", Base::WholeSection(1), 0),
            ("SL+7,2", Base::LastSection(7), 2),
            ("VI", Base::Version, 0),
            ("$12", Base::Group(12), 0),
        ];
        for (text, base, shift) in cases {
            let offset = Offset::parse(text).unwrap();
            assert_eq!(offset, Offset { base, shift }, "{text}");
            assert_eq!(Offset::decode(&offset.encode()), Some(offset), "{text}");
        }
        for bad in ["", "x", "EP", "S+1", "Sx+1", "1,", "1,x", "EOF", "EP--1", "$99", "-1"] {
            assert_eq!(Offset::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn places_never_lie_behind_the_end_and_never_overflow() {
        let place = |text: &str| Offset::parse(text).unwrap().places(100, None);
        assert_eq!(place("10,5"), Some((10, 15)));
        assert_eq!(place("10,4294967295"), Some((10, 100)));
        assert_eq!(place("EOF-10"), Some((90, 90)));
        assert_eq!(place("EOF-101"), None);
        assert_eq!(place("EP+0"), None);
        assert_eq!(place("S0+0"), None);
    }
}
