//! The fixed record of each body in a pack, and who owns a body.

use super::offset::{OCTETS, Offset};
use crate::pack::u32_at;

/// Section of the records of bodies.
pub(super) const BODIES: [u8; 4] = *b"BREC";
/// Section of the code of bodies.
pub(super) const CODE: [u8; 4] = *b"BCOD";
/// Section of the places of logical signatures in [`LOGICAL`].
pub(super) const LOGICAL_INDEX: [u8; 4] = *b"BLGI";
/// Section of logical signatures.
pub(super) const LOGICAL: [u8; 4] = *b"BLOG";
/// Section of the numbers of logical signatures that are asked in every file.
pub(super) const ALWAYS: [u8; 4] = *b"BLGA";
/// Section of the set of target types that there are, a bit each.
pub(super) const TARGETS: [u8; 4] = *b"BTRG";

/// Octets of one record.
const RECORD: usize = 12 + OCTETS;

/// Whose body it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// A signature on its own, by the number of its name.
    Name(u32),
    /// A subsignature of a logical signature.
    Logical(u32, u8),
    /// A member of a macro group.
    Group(u8),
}

impl Owner {
    fn encode(self) -> u32 {
        match self {
            Owner::Name(name) => name & 0x3fff_ffff,
            Owner::Logical(number, sub) => 0x8000_0000 | number << 6 | u32::from(sub),
            Owner::Group(group) => 0x4000_0000 | u32::from(group),
        }
    }

    fn decode(number: u32) -> Owner {
        let low = (number & 0x3f) as u8;
        match number >> 30 {
            0 => Owner::Name(number),
            1 => Owner::Group(low),
            _ => Owner::Logical(number >> 6 & 0x00ff_ffff, low),
        }
    }
}

/// One record: place of the code, owner, target type, offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) code: u32,
    pub(super) owner: Owner,
    pub(super) target: u8,
    pub(super) offset: Offset,
}

impl Record {
    pub(super) fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.code.to_le_bytes());
        out.extend_from_slice(&self.owner.encode().to_le_bytes());
        out.extend_from_slice(&[self.target, 0, 0, 0]);
        out.extend_from_slice(&self.offset.encode());
    }

    /// The record of a number; none behind the last one.
    pub(super) fn at(records: &[u8], number: u32) -> Option<Record> {
        let octets = records.get((number as usize).checked_mul(RECORD)?..)?;
        Some(Record {
            code: u32_at(octets, 0)?,
            owner: Owner::decode(u32_at(octets, 4)?),
            target: *octets.get(8)?,
            offset: Offset::decode(octets.get(12..)?)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::offset::Base;

    #[test]
    fn records_come_back() {
        let owners = [
            Owner::Name(7),
            Owner::Name(0x3fff_ffff),
            Owner::Logical(0xff_ffff, 63),
            Owner::Group(31),
        ];
        let mut records = Vec::new();
        let offset = Offset { base: Base::Entry(-9), shift: 4 };
        for owner in owners {
            Record { code: 5, owner, target: 9, offset }.put(&mut records);
        }
        for (owner, at) in owners.into_iter().zip(0..) {
            let record = Record::at(&records, at).unwrap();
            assert_eq!(record, Record { code: 5, owner, target: 9, offset });
        }
        assert_eq!(Record::at(&records, 4), None);
        assert_eq!(Record::at(&records, u32::MAX), None);
    }
}
