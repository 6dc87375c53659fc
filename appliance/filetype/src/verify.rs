//! Second looks: whether a short signature is more than chance, and which of several types that
//! share a signature it is.

use crate::kind::FileType;
use crate::kinds::*;
use crate::reach::{contains, head, high16, high32, low16, low32, octet, place, stands};
use crate::{media, ole, program, zip};

/// The type that a signature of `kind` really means here; `None` when it is chance.
pub(crate) fn refined(kind: FileType, octets: &[u8]) -> Option<FileType> {
    let fits = match kind {
        ZIP => return Some(zip::kind(octets).unwrap_or(ZIP)),
        OLE => return Some(ole::kind(octets)),
        MZ_DOS => return program::dos(octets),
        JAVA_CLASS => return Some(class_or_fat(octets)),
        OGG if contains(head(octets, 64), b"OpusHead") => return Some(OPUS),
        MATROSKA if contains(head(octets, 64), b"webm") => return Some(WEBM),
        ISO9660 | UDF | DICOM | TAR | INSTALLSHIELD_CAB => true,
        BMP => bitmap(octets),
        ICO | CUR => icon(octets),
        PCX => matches!(head(octets, 4), [_, 0..=5, 0..=1, 1 | 2 | 4 | 8]),
        TTF | OTF => high16(octets, 4).is_some_and(|tables| (1..=64).contains(&tables)),
        LZMA => lzma(octets),
        ARJ => low16(octets, 2).is_some_and(|size| (30..=2600).contains(&size)),
        LHA => lha(octets),
        SWF => octet(octets, 3).is_some_and(|version| (1..=60).contains(&version)),
        FAT_IMAGE | NTFS_IMAGE => stands(octets, 510, b"\x55\xaa"),
        HDF4 | MACHO_FAT | MACHO | ELF => octets.len() >= 16,
        EOT => low32(octets, 0).is_some_and(|size| place(size) == octets.len()),
        TERMINFO => low16(octets, 2).is_some_and(|size| (1..=128).contains(&size)),
        AC3 => octet(octets, 5).is_some_and(|id| id >> 3 <= 10) && octets.len() > 64,
        JXL => octets.len() > 16,
        REG_HIVE => octets.len() >= 64,
        _ => true,
    };
    fits.then_some(kind)
}

/// Both begin with CAFEBABE: a class file goes on with its version (45 and up), a universal program
/// with the number of its architectures.
fn class_or_fat(octets: &[u8]) -> FileType {
    match high32(octets, 4) {
        Some(0..45) => MACHO_FAT,
        _ => JAVA_CLASS,
    }
}

fn bitmap(octets: &[u8]) -> bool {
    let header = low32(octets, 14);
    matches!(header, Some(12 | 16 | 40 | 52 | 56 | 64 | 108 | 124))
        && low32(octets, 10).is_some_and(|at| (26..=0x1_0000).contains(&at))
}

fn icon(octets: &[u8]) -> bool {
    let count = low16(octets, 4).unwrap_or(0);
    let first = low32(octets, 18).map_or(0, place);
    (1..=256).contains(&count) && first >= 22 && first < octets.len() && octet(octets, 9) == Some(0)
}

fn lzma(octets: &[u8]) -> bool {
    let window = low32(octets, 1).unwrap_or(0);
    let round =
        window.is_power_of_two() || window.wrapping_sub(1).count_ones() < 3 || window == u32::MAX;
    let high = low32(octets, 9);
    window >= 4096 && round && matches!(high, Some(0..=0xff | u32::MAX)) && octets.len() > 13
}

fn lha(octets: &[u8]) -> bool {
    // `-lh5-`: the fifth octet closes the method.
    stands(octets, 6, b"-") && octet(octets, 5).is_some_and(|method| method.is_ascii_alphanumeric())
}

/// Types that no signature at a fixed place tells.
pub(crate) fn structural(octets: &[u8]) -> Option<FileType> {
    media::kind(octets)
        .or_else(|| certificate(octets))
        .or_else(|| v7_tar(octets).then_some(TAR))
        .or_else(|| bytecode(octets))
        .or_else(|| table(octets))
        .or_else(|| partitions(octets))
        .or_else(|| program::object(octets))
        .or_else(|| cards(octets).then_some(IGES))
        .or_else(|| zlib(octets).then_some(ZLIB))
}

/// ASN.1 with the beginning of PKCS #7, PKCS #12 or X.509, and binary OpenPGP.
fn certificate(octets: &[u8]) -> Option<FileType> {
    let body = match head(octets, 4) {
        [0x30, 0x82, ..] => octets.get(4..)?,
        [0x30, 0x80, ..] | [0x30, 0x00..=0x7f, ..] => octets.get(2..)?,
        [0x30, 0x83, ..] => octets.get(5..)?,
        [0x30, 0x81, ..] => octets.get(3..)?,
        [0x85, 0x01..=0x04, _, 0x03] | [0x84, _, 0x03, _] | [0xc1, 0xc0..=0xc2, _, 0x03] => {
            return Some(PGP_BINARY);
        }
        [0x99 | 0x95, 0x00..=0x08, _, 0x04] | [0x8c, 0x0d, 0x04, _] | [0xc3, 0x0d, 0x04, _] => {
            return Some(PGP_BINARY);
        }
        _ => return None,
    };
    if body.starts_with(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07") {
        Some(PKCS7)
    } else if body.starts_with(b"\x02\x01\x03\x30") {
        Some(PKCS12)
    } else if contains(head(body, 12), b"\xa0\x03\x02\x01\x02\x02") {
        Some(DER_CERTIFICATE)
    } else {
        None
    }
}

/// A tar archive from before `ustar`: its only signature is the sum of its header.
fn v7_tar(octets: &[u8]) -> bool {
    let Some(header) = octets.get(..512) else { return false };
    let (Some(0x21..=0x7e), Some(sum)) = (octet(header, 0), header.get(148..156)) else {
        return false;
    };
    let digits = sum.iter().skip_while(|octet| **octet == b' ');
    let digits = digits.take_while(|octet| (b'0'..=b'7').contains(octet));
    let told = digits.fold(0_u32, |sum, digit| (sum << 3) | u32::from(digit & 7));
    let whole: u32 = header.iter().map(|octet| u32::from(*octet)).sum();
    let inner: u32 = sum.iter().map(|octet| u32::from(*octet)).sum();
    told > 256 && told == whole.saturating_sub(inner).saturating_add(8 * 0x20)
}

/// Python: a version and CR LF, then flags. Python's pickles: a version and a stop at the end.
fn bytecode(octets: &[u8]) -> Option<FileType> {
    match octets {
        [_, 0x0c..=0x0e | 0xf2 | 0xf3, b'\r', b'\n', ..] if octets.len() > 16 => Some(PYC),
        [0x80, 2..=5, .., b'.'] if octets.len() > 4 => Some(PICKLE),
        _ => None,
    }
}

/// A dBASE table: version, date, and sizes that fit each other.
fn table(octets: &[u8]) -> Option<FileType> {
    let [0x03 | 0x04 | 0x30 | 0x31 | 0x43 | 0x83 | 0x8b | 0xcb | 0xf5, _, 1..=12, 1..=31] =
        head(octets, 4)
    else {
        return None;
    };
    let header = low16(octets, 8)?;
    let record = low16(octets, 10)?;
    let end = octet(octets, usize::from(header).checked_sub(1)?);
    (header >= 65 && record > 0 && matches!(end, Some(0x0d | 0x00))).then_some(DBASE)
}

/// A disk with a master boot record and at least one partition, and file systems in the raw.
fn partitions(octets: &[u8]) -> Option<FileType> {
    if stands(octets, 1080, b"\x53\xef") && octets.len() >= 4096 {
        return Some(EXT_IMAGE);
    }
    if octets.len() <= 1024
        || !octets.len().is_multiple_of(512)
        || !stands(octets, 510, b"\x55\xaa")
    {
        return None;
    }
    let rows = octets.get(446..510)?.chunks_exact(16);
    let mut used = 0;
    for row in rows {
        match (octet(row, 0)?, octet(row, 4)?) {
            (0 | 0x80, 0) => {}
            (0 | 0x80, _) => used += 1,
            _ => return None,
        }
    }
    (used > 0).then_some(MBR_IMAGE)
}

/// IGES is written as cards: column 73 of the first has an `S`, and its number follows.
fn cards(octets: &[u8]) -> bool {
    stands(octets, 72, b"S") && octets.get(73..80).is_some_and(|number| number.trim_ascii() == b"1")
}

/// A zlib stream (RFC 1950): window and check bits in two octets, and a beginning that inflates.
fn zlib(octets: &[u8]) -> bool {
    let [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] = octets else { return false };
    let mut out = [0_u8; 64];
    let mut state = flate2::Decompress::new(true);
    let inflated = state.decompress(octets, &mut out, flate2::FlushDecompress::Sync);
    inflated.is_ok() && state.total_out() > 0
}
