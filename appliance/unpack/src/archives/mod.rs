//! Archives and other containers, one file per format.
//!
//! [`formats`] says as what a specimen is opened: as everything that it could be, by its types and
//! by the first octets of each format, so that a wrong guess at a type hides nothing. Start with
//! [`Format`].

mod ar;
mod arj;
mod binhex;
mod bzip2;
mod cab;
mod carve;
mod chm;
mod compress;
mod cpio;
mod gzip;
mod inflate;
mod iso9660;
mod lha;
mod lzma;
mod lzma_window;
mod mail;
mod rar;
mod rpm;
mod seven_zip;
mod sis;
mod szdd;
mod tar;
mod xz;
mod zip;
mod zip_data;
mod zip_directory;
mod zip_single;
mod zstd;

use filetype::{FileType, kinds};

use crate::octets::{u16_le, u32_le};
use crate::specimen::{Origin, Specimen};
use crate::walk::{Stop, Walk};

/// A format that can be opened, or that is known to stay closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Zip,
    SevenZip,
    Rar,
    Tar,
    Gzip,
    Zlib,
    Bzip2,
    Xz,
    Lzma,
    Lzip,
    Zstd,
    Compress,
    Cab,
    Chm,
    Lha,
    Arj,
    Iso9660,
    Cpio,
    Ar,
    Rpm,
    BinHex,
    Szdd,
    Sis,
    Eml,
    Mbox,
    /// An archive that begins somewhere inside of something else.
    Behind,
    /// Recognised, and not opened.
    Closed,
}

impl Format {
    /// Takes a specimen apart.
    ///
    /// # Errors
    /// See [`Stop`].
    pub(crate) fn unpack(
        self,
        specimen: &Specimen<'_>,
        walk: &mut Walk<'_, '_>,
    ) -> Result<(), Stop> {
        match self {
            Format::Zip => zip::unpack(specimen, walk),
            Format::SevenZip => seven_zip::unpack(specimen, walk),
            Format::Rar => rar::unpack(specimen, walk),
            Format::Tar => tar::unpack(specimen, walk),
            Format::Gzip => gzip::unpack(specimen, walk),
            Format::Zlib => gzip::unpack_zlib(specimen, walk),
            Format::Bzip2 => bzip2::unpack(specimen, walk),
            Format::Xz => xz::unpack(specimen, walk),
            Format::Lzma => lzma::unpack(specimen, walk),
            Format::Lzip => lzma::unpack_lzip(specimen, walk),
            Format::Zstd => zstd::unpack(specimen, walk),
            Format::Compress => compress::unpack(specimen, walk),
            Format::Cab => cab::unpack(specimen, walk),
            Format::Chm => chm::unpack(specimen, walk),
            Format::Lha => lha::unpack(specimen, walk),
            Format::Arj => arj::unpack(specimen, walk),
            Format::Iso9660 => iso9660::unpack(specimen, walk),
            Format::Cpio => cpio::unpack(specimen, walk),
            Format::Ar => ar::unpack(specimen, walk),
            Format::Rpm => rpm::unpack(specimen, walk),
            Format::BinHex => binhex::unpack(specimen, walk),
            Format::Szdd => szdd::unpack(specimen, walk),
            Format::Sis => sis::unpack(specimen, walk),
            Format::Eml => mail::unpack(specimen, walk),
            Format::Mbox => mail::unpack_mbox(specimen, walk),
            Format::Behind => carve::unpack(specimen, walk),
            Format::Closed => closed(walk),
        }
    }
}

fn closed(walk: &Walk<'_, '_>) -> Result<(), Stop> {
    Err(Stop::unsupported(format!("{}: not opened here", walk.container().title())))
}

impl Format {
    /// Whether it is one that can only begin at the first octet.
    fn is_at_the_beginning(self) -> bool {
        use Format::{Arj, Bzip2, Cab, Gzip, Lha, SevenZip, Xz};
        matches!(self, SevenZip | Cab | Gzip | Bzip2 | Xz | Arj | Lha)
    }
}

/// As what a specimen is opened.
#[derive(Debug, Default)]
pub(crate) struct Formats {
    list: Vec<(Format, FileType)>,
}

impl Formats {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Format, FileType)> {
        self.list.iter().copied()
    }

    fn add(&mut self, format: Format, kind: FileType) {
        if self.list.iter().all(|(known, _)| *known != format) {
            self.list.push((format, kind));
        }
    }
}

/// Every format that fits.
pub(crate) fn formats(specimen: &Specimen<'_>) -> Formats {
    let mut formats = Formats::default();
    if matches!(specimen.origin, Origin::Text(_)) {
        return formats;
    }
    let beginning = by_first_octets(specimen.octets);
    for kind in specimen.types.iter() {
        let Some(format) = of_type(kind) else { continue };
        if !format.is_at_the_beginning() || beginning.is_some_and(|(first, _)| first == format) {
            formats.add(format, kind);
        } else if !is_held(specimen) {
            // An archive in a program or picture is looked for; one in another archive is a member
            // of that.
            formats.add(Format::Behind, kind);
        }
    }
    if let Some((format, kind)) = beginning {
        formats.add(format, kind);
    }
    formats
}

/// Whether a specimen is a container that holds its members as they are: what looks like an archive
/// inside of it is a member, and comes out as one.
pub(crate) fn is_held(specimen: &Specimen<'_>) -> bool {
    use Format::{Ar, Arj, Cab, Cpio, Eml, Iso9660, Lha, Mbox, Rar, SevenZip, Tar, Zip};
    let main = of_type(specimen.types.main());
    let holders = [Zip, SevenZip, Rar, Tar, Cpio, Ar, Iso9660, Cab, Lha, Arj, Eml, Mbox];
    main.is_some_and(|main| holders.contains(&main))
}

fn of_type(kind: FileType) -> Option<Format> {
    Some(match kind.base() {
        kinds::ZIP => Format::Zip,
        kinds::SEVEN_ZIP => Format::SevenZip,
        kinds::RAR => Format::Rar,
        kinds::TAR => Format::Tar,
        kinds::GZIP => Format::Gzip,
        kinds::ZLIB => Format::Zlib,
        kinds::BZIP2 => Format::Bzip2,
        kinds::XZ => Format::Xz,
        kinds::LZMA => Format::Lzma,
        kinds::LZIP => Format::Lzip,
        kinds::ZSTD => Format::Zstd,
        kinds::COMPRESS_Z => Format::Compress,
        kinds::CAB => Format::Cab,
        kinds::CHM => Format::Chm,
        kinds::LHA => Format::Lha,
        kinds::ARJ => Format::Arj,
        kinds::ISO9660 => Format::Iso9660,
        kinds::CPIO => Format::Cpio,
        kinds::AR => Format::Ar,
        kinds::RPM => Format::Rpm,
        kinds::BINHEX => Format::BinHex,
        kinds::SZDD => Format::Szdd,
        kinds::EML => Format::Eml,
        kinds::MBOX => Format::Mbox,
        _ => return of_closed_type(kind),
    })
}

/// Containers that people send and that stay closed: reported, never passed over.
fn of_closed_type(kind: FileType) -> Option<Format> {
    const CLOSED: &[FileType] = &[
        kinds::LZOP,
        kinds::LRZIP,
        kinds::LZ4,
        kinds::LZFSE,
        kinds::SNAPPY,
        kinds::PACK_Z,
        kinds::INSTALLSHIELD_CAB,
        kinds::ARC,
        kinds::ACE,
        kinds::ZOO,
        kinds::ALZ,
        kinds::EGG,
        kinds::STUFFIT,
        kinds::XAR,
        kinds::WIM,
        kinds::KGB,
        kinds::PEA,
        kinds::ZPAQ,
        kinds::FREEARC,
        kinds::UHARC,
        kinds::KWAJ,
        kinds::SQUASHFS,
        kinds::CRAMFS,
        kinds::ASAR,
        kinds::BROTLI,
        kinds::NSIS,
        kinds::INNO_SETUP,
        kinds::UDF,
        kinds::VHD,
        kinds::VHDX,
        kinds::VMDK,
        kinds::VDI,
        kinds::QCOW,
        kinds::DMG,
        kinds::FAT_IMAGE,
        kinds::NTFS_IMAGE,
        kinds::MBR_IMAGE,
        kinds::GPT_IMAGE,
        kinds::EXT_IMAGE,
        kinds::LUKS,
        kinds::NERO_IMAGE,
        kinds::ALCOHOL_IMAGE,
        kinds::PST,
        kinds::DBX,
    ];
    CLOSED.contains(&kind).then_some(Format::Closed)
}

/// A format by the octets that it begins with.
fn by_first_octets(octets: &[u8]) -> Option<(Format, FileType)> {
    const BEGINNINGS: &[(&[u8], Format, FileType)] = &[
        (b"PK\x03\x04", Format::Zip, kinds::ZIP),
        (b"PK\x05\x06", Format::Zip, kinds::ZIP),
        (b"PK00PK\x03\x04", Format::Zip, kinds::ZIP),
        (b"PK\x07\x08PK\x03\x04", Format::Zip, kinds::ZIP),
        (b"7z\xbc\xaf\x27\x1c", Format::SevenZip, kinds::SEVEN_ZIP),
        (b"Rar!\x1a\x07", Format::Rar, kinds::RAR),
        (b"RE~^", Format::Rar, kinds::RAR),
        (b"\x1f\x8b\x08", Format::Gzip, kinds::GZIP),
        (b"BZh", Format::Bzip2, kinds::BZIP2),
        (b"\xfd7zXZ\0", Format::Xz, kinds::XZ),
        (b"LZIP\x01", Format::Lzip, kinds::LZIP),
        (b"\x28\xb5\x2f\xfd", Format::Zstd, kinds::ZSTD),
        (b"\x1f\x9d", Format::Compress, kinds::COMPRESS_Z),
        (b"MSCF\0\0\0\0", Format::Cab, kinds::CAB),
        (b"ITSF\x02\0\0\0", Format::Chm, kinds::CHM),
        (b"ITSF\x03\0\0\0", Format::Chm, kinds::CHM),
        (b"\x60\xea", Format::Arj, kinds::ARJ),
        (b"070701", Format::Cpio, kinds::CPIO),
        (b"070702", Format::Cpio, kinds::CPIO),
        (b"070707", Format::Cpio, kinds::CPIO),
        (b"!<arch>\n", Format::Ar, kinds::AR),
        (b"\xed\xab\xee\xdb", Format::Rpm, kinds::RPM),
        (b"SZDD\x88\xf0\x27\x33", Format::Szdd, kinds::SZDD),
        (b"SZ \x88\xf0\x27\x33\xd1", Format::Szdd, kinds::SZDD),
    ];
    let begins = |(start, ..): &&(&[u8], _, _)| octets.starts_with(start);
    if let Some((_, format, kind)) = BEGINNINGS.iter().find(begins) {
        return Some((*format, *kind));
    }
    if octets.get(257..262) == Some(b"ustar") {
        return Some((Format::Tar, kinds::TAR));
    }
    if octets.get(32769..32774) == Some(b"CD001") {
        return Some((Format::Iso9660, kinds::ISO9660));
    }
    if is_lha(octets) {
        return Some((Format::Lha, kinds::LHA));
    }
    if sis::is_sis(octets) {
        return Some((Format::Sis, kinds::SIS));
    }
    let zstd_frame_to_skip = u32_le(octets, 0).is_some_and(|magic| magic >> 4 == 0x0184_D2A5);
    let follows = || memchr::memmem::find(octets, b"\x28\xb5\x2f\xfd").is_some();
    if zstd_frame_to_skip && follows() {
        return Some((Format::Zstd, kinds::ZSTD));
    }
    (u16_le(octets, 0) == Some(0o070_707)).then_some((Format::Cpio, kinds::CPIO))
}

fn is_lha(octets: &[u8]) -> bool {
    let Some(method) = octets.get(2..7) else { return false };
    matches!(method, [b'-', b'l' | b'p', b'h' | b'z' | b'm', _, b'-'])
}
