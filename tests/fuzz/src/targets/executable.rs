//! Headers of programs (PE, ELF, Mach-O): whatever they say, sections stay inside of the file.

use patterns::executables::{Layout, import_digest, version_keys};

/// Reads everything that is read of a program.
pub fn target(octets: &[u8]) {
    let Some(layout) = Layout::read(octets) else { return };
    let length = octets.len() as u64;
    assert!(layout.entry_point.is_none_or(|entry| entry < length), "the entry is in the file");
    for section in &layout.sections {
        let seen = section.octets(octets).map_or(0, <[u8]>::len);
        assert!(seen <= octets.len(), "a section is part of the file");
    }
    let _ = import_digest(octets, &layout);
    assert!(version_keys(octets, &layout).iter().all(|key| *key <= length));
}

/// One short program of each format.
pub fn seeds() -> Vec<Vec<u8>> {
    vec![pe(), elf(), macho()]
}

fn written(length: usize, fields: &[(usize, &[u8])]) -> Vec<u8> {
    let mut file = vec![0; length];
    for (at, octets) in fields {
        file[*at..at + octets.len()].copy_from_slice(octets);
    }
    file
}

fn pe() -> Vec<u8> {
    written(
        0x600,
        &[
            (0, b"MZ"),
            (0x3c, &[0x40]),
            (0x40, b"PE\0\0\x4c\x01\x01\0"),
            (0x54, &[0xe0, 0]),
            (0x58, &[0x0b, 1]),
            (0x58 + 16, &[0, 0x10]),
            (0x58 + 33, &[0x10, 0, 0, 0, 2]),
            (0x58 + 61, &[4]),
            (0x58 + 92, &[16]),
            (0x58 + 105, &[0x10]),
            (0x58 + 113, &[0x10]),
            (0x138 + 8, &[0, 2, 0, 0, 0, 0x10, 0, 0, 0, 2, 0, 0, 0, 4]),
            (0x400, &[0x28, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x10, 0, 0, 0x28, 0x10]),
            (0x428, &[0x50, 0x10, 0, 0, 3, 0, 0, 0x80]),
            (0x440, b"ws2_32.dll\0\0\0\0\0\0\0\0send"),
        ],
    )
}

fn elf() -> Vec<u8> {
    written(
        0x200,
        &[
            (0, b"\x7fELF\x02\x01"),
            (24, &[0x10]),
            (32, &[0x40]),
            (40, &[0x80]),
            (54, &[56, 0, 1, 0, 64, 0, 2]),
            (0x40 + 40, &[0x40]),
            (0xc0 + 24, &[0x40, 0, 0, 0, 0, 0, 0, 0, 0x20]),
        ],
    )
}

fn macho() -> Vec<u8> {
    written(
        0x200,
        &[
            (0, &[0xcf, 0xfa, 0xed, 0xfe]),
            (16, &[2]),
            (32, &[0x19, 0, 0, 0, 152]),
            (96, &[1]),
            (136, &[0, 1, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0x80, 1]),
            (184, &[0x28, 0, 0, 0x80, 24, 0, 0, 0, 0x10]),
        ],
    )
}
