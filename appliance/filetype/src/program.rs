//! Programs: DOS, Windows (NE, LE, PE), objects; and the marks of packers.

use crate::kind::FileType;
use crate::kinds::*;
use crate::limits;
use crate::reach::{contains, head, low16, low32, place, stands};

/// The type of what begins with `MZ`: always a program, since DOS runs anything that does.
pub(crate) fn dos(octets: &[u8]) -> Option<FileType> {
    let header = low32(octets, 0x3c).map_or(0, place);
    if stands(octets, header, b"PE\0\0") && header > 0 {
        return Some(portable(octets, header));
    }
    match octets.get(header..).map(|rest| head(rest, 2)) {
        Some(b"NE") if header >= 0x40 => Some(NE_EXE),
        Some(b"LE" | b"LX") if header >= 0x40 => Some(LE_EXE),
        _ if octets.len() >= 28 || octets.starts_with(b"MZ\x90\x00") => plausible_dos(octets),
        _ => None,
    }
}

/// A DOS header is plausible unless the whole is text.
fn plausible_dos(octets: &[u8]) -> Option<FileType> {
    let text =
        head(octets, 64).iter().all(|octet| matches!(octet, b'\t' | b'\r' | b'\n' | 0x20..=0x7e));
    (!text).then_some(MZ_DOS)
}

fn portable(octets: &[u8], header: usize) -> FileType {
    const DLL: u16 = 0x2000;
    let flags = low16(octets, header.saturating_add(22)).unwrap_or(0);
    // The subsystem stands at octet 68 of both optional headers (PE format, "Optional Header").
    let subsystem = low16(octets, header.saturating_add(24 + 68)).unwrap_or(0);
    match subsystem {
        1 => PE_DRIVER,
        10..=13 => PE_EFI,
        _ if flags & DLL != 0 => PE_DLL,
        _ => PE_EXE,
    }
}

/// A COFF object: a known machine, few sections, no optional header, symbols inside of the file.
pub(crate) fn object(octets: &[u8]) -> Option<FileType> {
    let (0x014c | 0x8664 | 0x01c4 | 0xaa64, Some(1..=200)) = (low16(octets, 0)?, low16(octets, 2))
    else {
        return None;
    };
    let symbols = low32(octets, 8).map_or(0, place);
    (low16(octets, 16) == Some(0) && symbols >= 20 && symbols < octets.len()).then_some(COFF)
}

/// One section of a Windows program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Section {
    name: [u8; 8],
    raw_at: usize,
    raw_octets: usize,
    /// May be executed (flag 0x2000_0000).
    runs: bool,
}

/// Where the sections of a Windows program are.
fn sections(octets: &[u8]) -> impl Iterator<Item = Section> {
    let header = low32(octets, 0x3c).map_or(usize::MAX, place);
    let is_portable = stands(octets, header, b"PE\0\0");
    let count = low16(octets, header.saturating_add(6)).filter(|_| is_portable).unwrap_or(0);
    let optional = low16(octets, header.saturating_add(20)).unwrap_or(0);
    let table = header.saturating_add(24).saturating_add(usize::from(optional));
    let rows = octets.get(table..).unwrap_or_default().chunks_exact(40);
    rows.take(usize::from(count).min(limits::PE_SECTIONS)).filter_map(section)
}

fn section(row: &[u8]) -> Option<Section> {
    Some(Section {
        name: *row.first_chunk::<8>()?,
        raw_octets: place(low32(row, 16)?),
        raw_at: place(low32(row, 20)?),
        runs: low32(row, 36)? & 0x2000_0000 != 0,
    })
}

/// Where the octets begin that no section of a Windows program holds; `None` when it is none.
pub(crate) fn overlay(octets: &[u8]) -> Option<usize> {
    sections(octets)
        .filter(|one| one.raw_octets > 0)
        .map(|one| one.raw_at.saturating_add(one.raw_octets))
        .max()
        .filter(|end| *end < octets.len())
}

/// What speaks for a packer in a Windows or Linux program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packed {
    /// A packer that names itself.
    By(&'static str),
    /// Its code is as even as compressed or encrypted octets are: so many hundredths of a bit an
    /// octet, of 800.
    Even(u16),
}

/// Names of sections that packers leave, and the packers.
const PACKERS: &[(&[u8], &str)] = &[
    (b"UPX0", "UPX"),
    (b"UPX1", "UPX"),
    (b"UPX2", "UPX"),
    (b"UPX!", "UPX"),
    (b".aspack", "ASPack"),
    (b".adata", "ASPack"),
    (b"ASPack", "ASPack"),
    (b".ASPack", "ASPack"),
    (b"MPRESS1", "MPRESS"),
    (b".MPRESS1", "MPRESS"),
    (b".MPRESS2", "MPRESS"),
    (b"PEC2", "PECompact"),
    (b"PECompac", "PECompact"),
    (b"pec1", "PECompact"),
    (b"PELOCKnt", "PELock"),
    (b".petite", "Petite"),
    (b"petite", "Petite"),
    (b".nsp0", "NsPack"),
    (b".nsp1", "NsPack"),
    (b"nsp0", "NsPack"),
    (b"FSG!", "FSG"),
    (b".MEW", "MEW"),
    (b"MEW", "MEW"),
    (b".Upack", "Upack"),
    (b"BitArts", "Crunch"),
    (b".vmp0", "VMProtect"),
    (b".vmp1", "VMProtect"),
    (b".vmp2", "VMProtect"),
    (b".themida", "Themida"),
    (b"Themida", "Themida"),
    (b".winlice", "WinLicense"),
    (b".enigma1", "Enigma"),
    (b".enigma2", "Enigma"),
    (b".yP", "Y0da"),
    (b".y0da", "Y0da"),
    (b"!EPack", "EPack"),
    (b".ccg", "CCG"),
    (b".boom", "Boomerang"),
    (b"kkrunchy", "kkrunchy"),
    (b"RLPack", "RLPack"),
    (b".RLPack", "RLPack"),
    (b".perplex", "Perplex"),
    (b"ProCrypt", "ProCrypt"),
    (b".svkp", "SVKP"),
    (b".taz", "PESpin"),
    (b"WWPACK", "WWPack"),
    (b".packed", "RLPack"),
    (b"DAStub", "DAStub"),
    (b"PEPACK!!", "PEPack"),
];

/// Evenness from which code counts as packed: plain code has 550 to 680 hundredths of a bit.
const EVEN: u16 = 730;

/// Octets of a section below which evenness says nothing.
const EVEN_FROM: usize = 4096;

/// What speaks for a packer, if anything does.
#[must_use]
pub fn packed(octets: &[u8]) -> Option<Packed> {
    if octets.starts_with(b"\x7fELF") {
        return contains(head(octets, 1024), b"UPX!").then_some(Packed::By("UPX"));
    }
    let named = |one: &Section| {
        let name = one.name;
        PACKERS.iter().find(|(mark, _)| name.starts_with(mark)).map(|(_, packer)| *packer)
    };
    if let Some(packer) = sections(octets).find_map(|one| named(&one)) {
        return Some(Packed::By(packer));
    }
    let code = sections(octets).filter(|one| one.runs && one.raw_octets >= EVEN_FROM);
    let even = code.filter_map(|one| {
        let end = one.raw_at.saturating_add(one.raw_octets).min(octets.len());
        octets.get(one.raw_at..end).map(evenness)
    });
    even.max().filter(|most| *most >= EVEN).map(Packed::Even)
}

/// Whether a Windows program runs on .NET: it has the directory of the common language runtime
/// (data directory 14).
#[must_use]
pub fn is_managed(octets: &[u8]) -> bool {
    let Some(header) = low32(octets, 0x3c).map(place) else { return false };
    let optional = header.saturating_add(24);
    let directories = match low16(octets, optional) {
        Some(0x10b) => 96,
        Some(0x20b) => 112,
        _ => return false,
    };
    let entry = optional.saturating_add(directories + 14 * 8);
    stands(octets, header, b"PE\0\0") && low32(octets, entry).is_some_and(|at| at != 0)
}

/// Entropy in hundredths of a bit an octet; at most [`limits::EVENNESS`] octets are looked at.
#[must_use]
pub fn evenness(octets: &[u8]) -> u16 {
    let octets = head(octets, limits::EVENNESS);
    let mut counts = [0_u32; 256];
    for octet in octets {
        if let Some(count) = counts.get_mut(usize::from(*octet)) {
            *count += 1;
        }
    }
    // Exact enough: counts are far below 2^52.
    #[allow(clippy::cast_precision_loss)]
    let whole = octets.len().max(1) as f64;
    let share = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / whole);
    let bits: f64 = share.map(|share| -share * share.log2()).sum();
    // Between 0 and 800 by construction.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let hundredths = (bits * 100.0).round() as u16;
    hundredths
}

/// Installers whose data lies behind a Windows program.
pub(crate) fn installer(octets: &[u8]) -> Option<FileType> {
    let overlay = octets.get(overlay(octets)?..)?;
    let window = head(overlay, limits::INSTALLER);
    if contains(window, b"\xef\xbe\xad\xdeNullsoftInst") {
        return Some(NSIS);
    }
    let inno = [b"Inno Setup Setup Data".as_slice(), b"idska32\x1a", b"zlb\x1a"];
    inno.iter().any(|mark| contains(window, mark)).then_some(INNO_SETUP)
}
