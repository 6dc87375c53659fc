//! Formats written by hand: members as they are, or packed by a few lines.

/// CRC-32 of the IEEE polynomial.
pub(crate) fn crc32(octets: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(octets);
    sum.sum()
}

/// What one zip member says, twice.
#[derive(Clone)]
pub struct ZipEntry {
    /// Name.
    pub name: Vec<u8>,
    /// Method.
    pub method: u16,
    /// CRC-32.
    pub crc32: u32,
    /// Octets out.
    pub size: u32,
    /// Data as it stands.
    pub data: Vec<u8>,
    /// General purpose flags.
    pub flags: u16,
    /// Extra field.
    pub extra: Vec<u8>,
}

/// A stored member.
#[must_use]
pub fn zip_entry(name: &str, data: &[u8]) -> ZipEntry {
    ZipEntry {
        name: name.as_bytes().to_vec(),
        method: 0,
        crc32: crc32(data),
        size: u32::try_from(data.len()).unwrap(),
        data: data.to_vec(),
        flags: 0,
        extra: Vec::new(),
    }
}

impl ZipEntry {
    fn common(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(20_u16.to_le_bytes());
        out.extend(self.flags.to_le_bytes());
        out.extend(self.method.to_le_bytes());
        out.extend([0, 0, 0x21, 0]);
        out.extend(self.crc32.to_le_bytes());
        out.extend(u32::try_from(self.data.len()).unwrap().to_le_bytes());
        out.extend(self.size.to_le_bytes());
        out.extend(u16::try_from(self.name.len()).unwrap().to_le_bytes());
        out.extend(u16::try_from(self.extra.len()).unwrap().to_le_bytes());
        out
    }

    /// Local header, name, extra field and data.
    #[must_use]
    pub fn local(&self) -> Vec<u8> {
        [b"PK\x03\x04", &self.common()[..], &self.name, &self.extra, &self.data].concat()
    }

    /// Entry of the central directory for a local header at a place.
    #[must_use]
    pub fn central(&self, at: usize) -> Vec<u8> {
        let mut out = [b"PK\x01\x02\x14\0", &self.common()[..]].concat();
        out.extend([0; 10]);
        out.extend(u32::try_from(at).unwrap().to_le_bytes());
        out.extend(&self.name);
        out.extend(&self.extra);
        out
    }
}

/// The end record of a directory.
pub(crate) fn zip_end(count: usize, octets: usize, at: usize) -> Vec<u8> {
    let count = u16::try_from(count.min(0xffff)).unwrap().to_le_bytes();
    let mut out = b"PK\x05\x06\0\0\0\0".to_vec();
    out.extend(count);
    out.extend(count);
    out.extend(u32::try_from(octets).unwrap().to_le_bytes());
    out.extend(u32::try_from(at).unwrap().to_le_bytes());
    out.extend([0, 0]);
    out
}

/// A zip of these entries.
pub(crate) fn zip_with(entries: &[ZipEntry]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut central = Vec::new();
    for entry in entries {
        central.extend(entry.central(out.len()));
        out.extend(entry.local());
    }
    let at = out.len();
    out.extend(&central);
    out.extend(zip_end(entries.len(), central.len(), at));
    out
}

/// A header of a tar, its checksum right.
#[must_use]
pub fn tar_header(name: &str, size_field: &[u8; 12], kind: u8) -> Vec<u8> {
    let mut out = vec![0; 512];
    let count = name.len().min(100);
    out[..count].copy_from_slice(&name.as_bytes()[..count]);
    out[100..108].copy_from_slice(b"0000644\0");
    out[124..136].copy_from_slice(size_field);
    out[148..156].copy_from_slice(b"        ");
    out[156] = kind;
    out[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = out.iter().map(|octet| u32::from(*octet)).sum();
    out[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    out
}

pub(crate) fn tar_size(size: usize) -> [u8; 12] {
    format!("{size:011o}\0").into_bytes().try_into().unwrap()
}

pub(crate) fn tar_member(name: &str, kind: u8, data: &[u8]) -> Vec<u8> {
    let mut out = tar_header(name, &tar_size(data.len()), kind);
    out.extend(data);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

pub(crate) fn tar(members: &[Vec<u8>]) -> Vec<u8> {
    let mut out = members.concat();
    out.extend([0; 1024]);
    out
}

pub(crate) fn cpio_newc_entry(name: &str, size: u32, data: &[u8]) -> Vec<u8> {
    let mut out = b"070701".to_vec();
    let fields =
        [1, 0o100_644, 0, 0, 1, 0, size, 0, 0, 0, 0, u32::try_from(name.len() + 1).unwrap(), 0];
    for field in fields {
        out.extend(format!("{field:08X}").bytes());
    }
    out.extend(name.bytes());
    out.push(0);
    out.resize(out.len().next_multiple_of(4), 0);
    out.extend(data);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

pub(crate) fn cpio_newc(name: &str, data: &[u8]) -> Vec<u8> {
    let size = u32::try_from(data.len()).unwrap();
    [cpio_newc_entry(name, size, data), cpio_newc_entry("TRAILER!!!", 0, &[])].concat()
}

pub(crate) fn cpio_odc(name: &str, data: &[u8]) -> Vec<u8> {
    let entry = |name: &str, data: &[u8]| {
        let head = format!(
            "070707{:06o}{:06o}{:06o}{:06o}{:06o}{:06o}{:06o}{:011o}{:06o}{:011o}",
            1,
            1,
            0o100_644,
            0,
            0,
            1,
            0,
            0,
            name.len() + 1,
            data.len()
        );
        [head.as_bytes(), name.as_bytes(), &[0], data].concat()
    };
    [entry(name, data), entry("TRAILER!!!", &[])].concat()
}

pub(crate) fn cpio_binary(name: &str, data: &[u8]) -> Vec<u8> {
    let entry = |name: &str, data: &[u8]| {
        let mut out = Vec::new();
        let words = [0o070_707, 1, 1, 0o100_644, 0, 0, 1, 0, 0, 0];
        words.iter().for_each(|word: &u16| out.extend(word.to_le_bytes()));
        out.extend(u16::try_from(name.len() + 1).unwrap().to_le_bytes());
        out.extend(u16::try_from(data.len() >> 16).unwrap().to_le_bytes());
        out.extend(u16::try_from(data.len() & 0xffff).unwrap().to_le_bytes());
        out.extend(name.bytes());
        out.push(0);
        out.resize(out.len().next_multiple_of(2), 0);
        out.extend(data);
        out.resize(out.len().next_multiple_of(2), 0);
        out
    };
    [entry(name, data), entry("TRAILER!!!", &[])].concat()
}

/// An ar of one member, its name before its data as BSD has it.
pub(crate) fn ar(name: &str, data: &[u8]) -> Vec<u8> {
    let mut out = b"!<arch>\n".to_vec();
    let (field, size) = (format!("#1/{}", name.len()), name.len() + data.len());
    out.extend(format!("{field:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n", 0, 0, 0, 644).bytes());
    out.extend(name.bytes());
    out.extend(data);
    out.resize(out.len().next_multiple_of(2), b'\n');
    out
}

/// An rpm with empty headers before a payload.
pub(crate) fn rpm(payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 96];
    out[..6].copy_from_slice(b"\xed\xab\xee\xdb\x03\0");
    for _header in 0..2 {
        out.extend(b"\x8e\xad\xe8\x01\0\0\0\0\0\0\0\0\0\0\0\0");
    }
    out.extend(payload);
    out
}

/// An LHA member, level 0, stored.
pub(crate) fn lha_member(name: &str, size: u32, data: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    head.extend(b"-lh0-");
    head.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    head.extend(size.to_le_bytes());
    head.extend([0, 0, 0x21, 0x20, 0x20, 0]);
    head.push(u8::try_from(name.len()).unwrap());
    head.extend(name.bytes());
    head.extend(crc16(data).to_le_bytes());
    let sum = head.iter().fold(0_u8, |sum, octet| sum.wrapping_add(*octet));
    let mut out = vec![u8::try_from(head.len()).unwrap(), sum];
    out.extend(head);
    out.extend(data);
    out
}

pub(crate) fn lha(name: &str, data: &[u8]) -> Vec<u8> {
    let size = u32::try_from(data.len()).unwrap();
    [lha_member(name, size, data), vec![0]].concat()
}

fn crc16(octets: &[u8]) -> u16 {
    octets.iter().fold(0, |sum, octet| {
        (0..8).fold(sum ^ u16::from(*octet), |sum, _| {
            if sum & 1 == 1 { sum >> 1 ^ 0xa001 } else { sum >> 1 }
        })
    })
}

pub(crate) fn arj_header(
    flags: u8,
    method: u8,
    kind: u8,
    packed: &[u8],
    size: u32,
    name: &str,
) -> Vec<u8> {
    let mut basic = vec![30, 11, 1, 0, flags, method, kind, 0, 0, 0, 0x21, 0];
    basic.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
    basic.extend(size.to_le_bytes());
    basic.extend(crc32(packed).to_le_bytes());
    basic.extend([0; 6]);
    basic.extend(name.bytes());
    basic.extend([0, 0]);
    arj_framed(&basic)
}

fn arj_framed(basic: &[u8]) -> Vec<u8> {
    let mut out = b"\x60\xea".to_vec();
    out.extend(u16::try_from(basic.len()).unwrap().to_le_bytes());
    out.extend(basic);
    out.extend(crc32(basic).to_le_bytes());
    out.extend([0, 0]);
    out
}

/// An ARJ of one stored member.
pub(crate) fn arj(name: &str, data: &[u8]) -> Vec<u8> {
    let main = arj_header(0, 0, 2, &[], 0, "a.arj");
    let size = u32::try_from(data.len()).unwrap();
    let member = arj_header(0, 0, 0, data, size, name);
    [&main, &member, data, b"\x60\xea\0\0"].concat()
}

/// A record of a folder of an ISO 9660 image.
pub(crate) fn iso_record(name: &[u8], extent: u32, size: u32, flags: u8) -> Vec<u8> {
    let mut out = vec![0, 0];
    out.extend(extent.to_le_bytes());
    out.extend(extent.to_be_bytes());
    out.extend(size.to_le_bytes());
    out.extend(size.to_be_bytes());
    out.extend([0; 7]);
    out.extend([flags, 0, 0, 1, 0, 0, 1]);
    out.push(u8::try_from(name.len()).unwrap());
    out.extend(name);
    out.resize(out.len().next_multiple_of(2), 0);
    out[0] = u8::try_from(out.len()).unwrap();
    out
}

/// An image whose root is at sector 20 and has these records; `tail` lies from sector 21 on.
pub(crate) fn iso_with(records: &[Vec<u8>], tail: &[u8], is_joliet: bool) -> Vec<u8> {
    let root = iso_record(&[0], 20, 2048, 2);
    let descriptor = |kind: u8, escape: &[u8]| {
        let mut out = vec![0; 2048];
        out[0] = kind;
        out[1..7].copy_from_slice(b"CD001\x01");
        out[88..88 + escape.len()].copy_from_slice(escape);
        out[156..156 + root.len()].copy_from_slice(&root);
        out
    };
    let mut out = vec![0; 16 * 2048];
    out.extend(descriptor(1, b""));
    out.extend(if is_joliet { descriptor(2, b"%/E") } else { descriptor(0, b"") });
    out.extend(descriptor(255, b""));
    out.resize(20 * 2048, 0);
    let folder: Vec<u8> = [root.clone(), iso_record(&[1], 20, 2048, 2)]
        .into_iter()
        .chain(records.to_vec())
        .flatten()
        .collect();
    out.extend(&folder[..folder.len().min(2048)]);
    out.resize(21 * 2048, 0);
    out.extend(tail);
    out.resize(out.len().next_multiple_of(2048), 0);
    out
}

/// A file that COMPRESS.EXE could have made, literals only.
pub(crate) fn szdd(data: &[u8]) -> Vec<u8> {
    let mut out = b"SZDD\x88\xf0\x27\x33A\0".to_vec();
    out.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    for eight in data.chunks(8) {
        out.push(0xff);
        out.extend(eight);
    }
    out
}

/// BinHex of a file with a data fork.
pub(crate) fn binhex(name: &str, data: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] =
        b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
    let mut plain = vec![u8::try_from(name.len()).unwrap()];
    plain.extend(name.bytes());
    plain.extend(b"\0TEXTgate\0\0");
    plain.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
    plain.extend([0; 4]);
    plain.extend(ccitt(&plain).to_be_bytes());
    plain.extend(data);
    plain.extend(ccitt(data).to_be_bytes());
    plain.extend([0, 0]);
    let spelt: Vec<u8> = plain
        .iter()
        .flat_map(|octet| if *octet == 0x90 { vec![0x90, 0] } else { vec![*octet] })
        .collect();
    let mut out = b"(This file must be converted with BinHex 4.0)\n\n:".to_vec();
    for three in spelt.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, octet| bits << 8 | u32::from(*octet))
            << (8 * (3 - three.len()));
        for place in 0..=three.len() {
            out.push(ALPHABET[(bits >> (18 - 6 * place) & 63) as usize]);
        }
    }
    out.extend(b":\n");
    out
}

fn ccitt(octets: &[u8]) -> u16 {
    octets.iter().chain(&[0, 0]).fold(0_u16, |sum, octet| {
        (0..8).rev().fold(sum, |sum, place| {
            let next = sum << 1 | u16::from(octet >> place & 1);
            if sum & 0x8000 == 0 { next } else { next ^ 0x1021 }
        })
    })
}

/// Unix compress, with a table that grows to codes of 16 bits.
pub(crate) fn compress(data: &[u8]) -> Vec<u8> {
    use std::collections::HashMap;
    let mut out = vec![0x1f, 0x9d, 0x90];
    let mut table: HashMap<Vec<u8>, u32> =
        (0..=255).map(|one: u8| (vec![one], u32::from(one))).collect();
    let (mut next, mut bits) = (257_u32, 9_u32);
    let mut writer = Vec::new();
    let mut group: Vec<(u32, u32)> = Vec::new();
    let flush = |group: &mut Vec<(u32, u32)>, out: &mut Vec<u8>, is_full: bool| {
        let Some((_, width)) = group.first().copied() else { return };
        let mut pending = 0_u128;
        for (place, (code, _)) in group.iter().enumerate() {
            pending |= u128::from(*code) << (place as u32 * width);
        }
        let octets = if is_full { width } else { (group.len() as u32 * width).div_ceil(8) };
        out.extend(&pending.to_le_bytes()[..octets as usize]);
        group.clear();
    };
    let mut last: Vec<u8> = Vec::new();
    let mut codes = Vec::new();
    for octet in data {
        last.push(*octet);
        if table.contains_key(&last) {
            continue;
        }
        codes.push(table[&last[..last.len() - 1]]);
        if next < 1 << 16 {
            table.insert(std::mem::take(&mut last), next);
        }
        next += 1;
        last = vec![*octet];
    }
    if !last.is_empty() {
        codes.push(table[&last]);
    }
    // The reader's table has one entry less: the first code adds none.
    let mut size = 257_u32;
    for (place, code) in codes.iter().enumerate() {
        if bits < 16 && size > (1 << bits) - 1 {
            flush(&mut group, &mut writer, true);
            bits += 1;
        }
        group.push((*code, bits));
        if group.len() == 8 {
            flush(&mut group, &mut writer, true);
        }
        if place > 0 && size < 1 << 16 {
            size += 1;
        }
    }
    flush(&mut group, &mut writer, false);
    out.extend(writer);
    out
}

/// A RAR 4 archive of one stored member.
pub(crate) fn rar4(name: &str, data: &[u8]) -> Vec<u8> {
    let block = |kind: u8, flags: u16, body: &[u8]| {
        let mut head = vec![kind];
        head.extend(flags.to_le_bytes());
        head.extend(u16::try_from(7 + body.len()).unwrap().to_le_bytes());
        head.extend(body);
        let sum = (crc32(&head) & 0xffff) as u16;
        [&sum.to_le_bytes()[..], &head].concat()
    };
    let size = u32::try_from(data.len()).unwrap().to_le_bytes();
    let mut file = [size, size].concat();
    file.push(3);
    file.extend(crc32(data).to_le_bytes());
    file.extend([0, 0, 0x21, 0x20, 20, 0x30]);
    file.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    file.extend([0x20, 0, 0, 0]);
    file.extend(name.bytes());
    let main = block(0x73, 0, &[0; 6]);
    [b"Rar!\x1a\x07\0", &main[..], &block(0x74, 0x8000, &file), data, &block(0x7b, 0x4000, &[])]
        .concat()
}

/// A RAR 5 archive of one stored member.
pub(crate) fn rar5(name: &str, data: &[u8], declared: u64, information: u64) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend(vint(2));
    file.extend(vint(2));
    file.extend(vint(data.len() as u64));
    file.extend(vint(4));
    file.extend(vint(declared));
    file.extend(vint(0x20));
    file.extend(crc32(data).to_le_bytes());
    file.extend(vint(information));
    file.extend(vint(1));
    file.extend(vint(name.len() as u64));
    file.extend(name.bytes());
    let main = rar5_block(&[1, 0, 0]);
    [b"Rar!\x1a\x07\x01\0", &main[..], &rar5_block(&file), data, &rar5_block(&[5, 0, 0])].concat()
}

fn rar5_block(body: &[u8]) -> Vec<u8> {
    let sized = [vint(body.len() as u64), body.to_vec()].concat();
    [&crc32(&sized).to_le_bytes()[..], &sized].concat()
}

fn vint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            out.push(low);
            return out;
        }
        out.push(low | 0x80);
    }
}
