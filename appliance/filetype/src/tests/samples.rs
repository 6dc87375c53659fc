//! Binary samples: from the table of signatures, and by hand where a signature alone is not enough.

use crate::FileType;
use crate::kinds::*;
use crate::magic::{INSIDE, STARTS};

type Samples = Vec<(FileType, Vec<u8>)>;

/// Octets with these at their places, zeros elsewhere.
pub fn placed(size: usize, pieces: &[(usize, &[u8])]) -> Vec<u8> {
    let mut octets = vec![0; size];
    for (at, piece) in pieces {
        octets[*at..*at + piece.len()].copy_from_slice(piece);
    }
    octets
}

/// A file for each row of the tables of signatures.
pub fn signatures() -> Samples {
    STARTS
        .iter()
        .chain(INSIDE)
        .map(|row| {
            let size = (row.at + row.octets.len() + 600).max(1200);
            (row.kind, placed(size, &[(row.at, row.octets), (row.then.0, row.then.1)]))
        })
        .collect()
}

/// A Windows program with these flags and this subsystem.
pub fn portable(flags: u16, subsystem: u16) -> Vec<u8> {
    placed(
        1024,
        &[
            (0, b"MZ\x90\0"),
            (0x3c, &[0x80]),
            (0x80, b"PE\0\0\x4c\x01\x01\0"),
            (0x80 + 20, &[0xe0, 0]),
            (0x80 + 22, &flags.to_le_bytes()),
            (0x80 + 24, &[0x0b, 0x01]),
            (0x80 + 24 + 68, &subsystem.to_le_bytes()),
            (0x80 + 24 + 0xe0, b".text\0\0\0"),
            (0x80 + 24 + 0xe0 + 16, &[0, 2, 0, 0, 0, 2, 0, 0]),
        ],
    )
}

fn lzma() -> Vec<u8> {
    let mut octets = b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0\x05\x41".to_vec();
    octets.resize(64, 0x41);
    octets
}

fn v7_tar() -> Vec<u8> {
    let mut octets =
        placed(1024, &[(0, b"name.txt"), (100, b"0000644\0"), (124, b"00000000003\0")]);
    octets[148..156].fill(b' ');
    let sum: u32 = octets[..512].iter().map(|octet| u32::from(*octet)).sum();
    octets[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    octets
}

/// MPEG 1 layer III, 128 kbit/s, 44.1 kHz: a frame has 417 octets.
fn mp3() -> Vec<u8> {
    placed(1024, &[(0, b"\xff\xfb\x90\x00"), (417, b"\xff\xfb\x90\x00")])
}

fn partitioned() -> Vec<u8> {
    placed(2048, &[(446, b"\x80\x01\x01\0\x07"), (510, b"\x55\xaa")])
}

fn packets(skip: usize) -> Vec<u8> {
    let mut octets = vec![0; (188 + skip) * 5];
    (0..5).for_each(|packet| octets[packet * (188 + skip) + skip] = 0x47);
    octets
}

fn riff(form: &[u8]) -> Vec<u8> {
    placed(64, &[(0, b"RIFF"), (8, form)])
}

fn brand(brand: &[u8]) -> Vec<u8> {
    placed(64, &[(3, &[24]), (4, b"ftyp"), (8, brand)])
}

/// Samples of types that take more than a signature.
pub fn structures() -> Samples {
    let footer = |mark: &[u8], from_end: usize| placed(1600, &[(1600 - from_end, mark)]);
    vec![
        (PE_EXE, portable(0x0102, 2)),
        (PE_DLL, portable(0x2102, 2)),
        (PE_DRIVER, portable(0x0102, 1)),
        (PE_EFI, portable(0x0102, 10)),
        (NE_EXE, placed(512, &[(0, b"MZ"), (0x3c, &[0x80]), (0x80, b"NE")])),
        (LE_EXE, placed(512, &[(0, b"MZ"), (0x3c, &[0x80]), (0x80, b"LE")])),
        (MZ_DOS, placed(512, &[(0, b"MZ\x90\x00\x03")])),
        (ELF, placed(64, &[(0, b"\x7fELF\x02\x01\x01")])),
        (MACHO, placed(64, &[(0, b"\xcf\xfa\xed\xfe\x07\0\0\x01")])),
        (MACHO_FAT, placed(64, &[(0, b"\xca\xfe\xba\xbe\0\0\0\x02")])),
        (JAVA_CLASS, placed(64, &[(0, b"\xca\xfe\xba\xbe\0\0\0\x34")])),
        (COFF, placed(200, &[(0, b"\x4c\x01\x02\0"), (8, &[100])])),
        (PYC, placed(64, &[(0, b"\xa7\x0d\x0d\x0a")])),
        (PICKLE, b"\x80\x04\x95\x05\0\0\0\0\0\0\0\x8c\x01a\x94.".to_vec()),
        (SWF, placed(64, &[(0, b"FWS\x09")])),
        (BMP, placed(80, &[(0, b"BM\x50"), (10, &[54]), (14, &[40])])),
        (ICO, placed(400, &[(2, &[1, 0, 1, 0, 16, 16]), (10, &[1]), (18, &[22])])),
        (CUR, placed(400, &[(2, &[2, 0, 1, 0, 16, 16]), (10, &[1]), (18, &[22])])),
        (PCX, placed(200, &[(0, b"\x0a\x05\x01\x08")])),
        (TTF, placed(200, &[(0, b"\0\x01\0\0\0\x0c")])),
        (OTF, placed(200, &[(0, b"OTTO\0\x0c")])),
        (LZMA, lzma()),
        (TAR, v7_tar()),
        (ARJ, placed(200, &[(0, b"\x60\xea\x2c\0")])),
        (LHA, placed(200, &[(2, b"-lh5-")])),
        (FAT_IMAGE, placed(1024, &[(0, b"\xeb\x3c\x90"), (54, b"FAT12   "), (510, b"\x55\xaa")])),
        (NTFS_IMAGE, placed(1024, &[(0, b"\xeb\x52\x90NTFS    "), (510, b"\x55\xaa")])),
        (MBR_IMAGE, partitioned()),
        (EXT_IMAGE, placed(4096, &[(1080, b"\x53\xef")])),
        (DMG, footer(b"koly\0\0\0\x04", 512)),
        (VHD, footer(b"conectix", 512)),
        (TGA, footer(b"TRUEVISION-XFILE.\0", 18)),
        (NERO_IMAGE, footer(b"NER5\0\0\0\0\0\0\x01\0", 12)),
        (WAV, riff(b"WAVE")),
        (AVI, riff(b"AVI ")),
        (WEBP, riff(b"WEBP")),
        (ANI, riff(b"ACON")),
        (CDR, riff(b"CDR9")),
        (AIFF, placed(64, &[(0, b"FORM"), (8, b"AIFF")])),
        (ILBM, placed(64, &[(0, b"FORM"), (8, b"ILBM")])),
        (MP4, brand(b"isom")),
        (M4A, brand(b"M4A ")),
        (QUICKTIME, brand(b"qt  ")),
        (THREE_GPP, brand(b"3gp5")),
        (HEIF, brand(b"heic")),
        (AVIF, brand(b"avif")),
        (CR3, brand(b"crx ")),
        (QUICKTIME, placed(64, &[(3, &[8]), (4, b"moov")])),
        (MP3, mp3()),
        (AAC, placed(64, &[(0, b"\xff\xf1\x50\x80\x04\x1f\xfc"), (32, b"\xff\xf1")])),
        (MPEG_TS, packets(0)),
        (MPEG_TS, packets(4)),
        (OPUS, placed(100, &[(0, b"OggS\0\x02"), (28, b"OpusHead")])),
        (WEBM, placed(100, &[(0, b"\x1a\x45\xdf\xa3"), (24, b"webm")])),
        (EOT, placed(200, &[(0, &[200]), (34, b"LP")])),
        (PKCS7, b"\x30\x82\x01\0\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0".to_vec()),
        (PKCS12, b"\x30\x82\x01\0\x02\x01\x03\x30\x82\0\0\0".to_vec()),
        (DER_CERTIFICATE, b"\x30\x82\x02\0\x30\x82\x01\0\xa0\x03\x02\x01\x02\x02\x10\0".to_vec()),
        (PGP_BINARY, b"\x85\x01\x0c\x03\xa1\xb2\0\0\0\0".to_vec()),
        (DBASE, placed(200, &[(0, &[0x03, 99, 1, 1]), (8, &[65, 0, 10, 0]), (64, &[0x0d])])),
        (VBE, b"#@~^XQAAAA==\x7f&CD".to_vec()),
        (TERMINFO, placed(64, &[(0, b"\x1a\x01\x10\0")])),
        (ZLIB, b"\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\x00\x06\x2c\x02\x15".to_vec()),
        (IGES, [&[b' '; 72][..], b"S      1\n"].concat()),
        (EMPTY, Vec::new()),
    ]
}

#[test]
fn a_signature_at_its_place_is_enough_or_looked_at_twice() {
    // Those that need more than their signature have a sample in `structures`.
    let structural: Vec<FileType> = structures().into_iter().map(|(kind, _)| kind).collect();
    for (kind, octets) in signatures() {
        let types = crate::identify(&octets);
        assert!(types.has(kind) || structural.contains(&kind), "{kind:?}: {types:?}");
    }
}
