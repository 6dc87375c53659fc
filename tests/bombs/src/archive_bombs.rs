//! Bombs that keep their word: what they hold is there, and is too much.

use std::io::Write;

use crate::Bomb;
use crate::archives::{bzip2, gzip, lzma, seven_zip_with, xz, zip_of, zstd};
use crate::stored::{
    ZipEntry, compress, cpio_newc_entry, crc32, iso_record, iso_with, lha_member, tar, tar_member,
    zip_end, zip_entry, zip_with,
};

/// Makes of one thing many.
const MIB: usize = 1024 * 1024;

/// The bombs.
pub(crate) const BOMBS: &[Bomb] = &[
    Bomb { name: "gzip-of-1-gib", make: || gzip_of_zeros(1024) },
    Bomb { name: "gzip-of-10-gib", make: || gzip_of_zeros(10 * 1024) },
    Bomb { name: "gzip-twice", make: || gzip(&gzip_of_zeros(8 * 1024)) },
    Bomb { name: "gzip-three-times", make: || gzip(&gzip(&gzip_of_zeros(8 * 1024))) },
    Bomb { name: "gzip-100-levels", make: || levels(100, |inner| gzip(&inner)) },
    Bomb { name: "gzip-10000-members", make: || gzip(&vec![0; MIB]).repeat(10_000) },
    Bomb { name: "gzip-500000-empty-members", make: || gzip(&[]).repeat(500_000) },
    Bomb { name: "bzip2-of-4-gib", make: || bzip2(&vec![0; 45 * MIB]).repeat(100) },
    Bomb { name: "xz-of-6-gib", make: || xz(&vec![0; 64 * MIB]).repeat(100) },
    Bomb { name: "lzma-of-64-mib", make: || lzma(&vec![0; 64 * MIB]) },
    Bomb { name: "zstd-of-zeros", make: || zstd(&vec![0; 64 * MIB]).repeat(100) },
    Bomb { name: "zstd-runs", make: zstd_runs },
    Bomb { name: "zstd-skipped-frames", make: zstd_skipped },
    Bomb { name: "compress-of-64-mib", make: || compress(&vec![b'a'; 16 * MIB]) },
    Bomb { name: "zip-one-member-of-4-gib", make: || zip_zeros(1, 4095) },
    Bomb { name: "zip-1000-members-of-1-gib", make: || zip_zeros(1000, 1024) },
    Bomb { name: "zip-5-by-16", make: || zip_nested(5, 16) },
    Bomb { name: "zip-9-by-9", make: || zip_nested(9, 9) },
    Bomb { name: "zip-100-levels", make: || levels(100, |inner| zip_of_stored("z.zip", &inner)) },
    Bomb { name: "zip-1000-levels", make: || levels(1000, |inner| zip_of_stored("z.zip", &inner)) },
    Bomb { name: "zip-100000-empty-members", make: || zip_many(100_000, 8) },
    Bomb { name: "zip-names-of-64-kib", make: || zip_many(200, 65_000) },
    Bomb { name: "zip-members-that-share-data", make: zip_overlapping },
    Bomb { name: "zip-one-member-listed-65535-times", make: zip_listed_often },
    Bomb { name: "zip-60-directories", make: zip_many_ends },
    Bomb { name: "zip-local-headers-only", make: || zip_locals(200_000) },
    Bomb { name: "zip-bzip2-method", make: || zip_method(12, &bzip2(&vec![0; 45 * MIB])) },
    Bomb { name: "zip-xz-method", make: || zip_method(95, &xz(&vec![0; 256 * MIB])) },
    Bomb { name: "7z-of-256-mib", make: seven_zip_zeros },
    Bomb { name: "7z-in-zip-in-gzip", make: || gzip(&zip_of_stored("a.7z", &seven_zip_zeros())) },
    Bomb { name: "tar-60000-empty-members", make: || tar_many(60_000) },
    Bomb {
        name: "tar-in-gzip-of-zeros",
        make: || gzip(&tar(&[tar_member("a.gz", b'0', &gzip_of_zeros(4096))])),
    },
    Bomb { name: "tar-gz-many", make: || gzip(&tar_many(200_000)) },
    Bomb { name: "cpio-200000-members", make: || cpio_newc_entry("a", 1, b"x").repeat(200_000) },
    Bomb { name: "ar-300000-members", make: ar_many },
    Bomb { name: "lha-500000-members", make: || lha_member("a", 1, b"x").repeat(500_000) },
    Bomb { name: "cab-65535-files-in-one-run", make: cab_overlapping },
    Bomb { name: "cab-2-gib-of-zeros", make: cab_zeros },
    Bomb { name: "iso-wide-tree", make: iso_tree },
    Bomb { name: "binhex-runs", make: binhex_runs },
    Bomb { name: "szdd-runs", make: szdd_runs },
    Bomb { name: "mbox-1000000-messages", make: || b"From \n\n".repeat(1_000_000) },
    Bomb { name: "eml-200-levels", make: eml_levels },
    Bomb { name: "eml-100000-parts", make: eml_parts },
    Bomb { name: "mixed-levels", make: mixed },
];

/// gzip of so many MiB of zeros: one deflated block again and again.
#[must_use]
pub fn gzip_of_zeros(mib: usize) -> Vec<u8> {
    let mut out = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    out.extend(deflated_zeros(mib));
    // The sum is wrong beyond reach.
    out.extend([0; 8]);
    out
}

fn deflated_zeros(mib: usize) -> Vec<u8> {
    let mut state = flate2::Compress::new(flate2::Compression::best(), false);
    let mut one = Vec::with_capacity(64 * 1024);
    state.compress_vec(&vec![0; MIB], &mut one, flate2::FlushCompress::Full).unwrap();
    let mut out = one.repeat(mib);
    // An empty last block.
    out.extend([1, 0, 0, 0xff, 0xff]);
    out
}

fn levels(count: usize, wrap: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    (0..count).fold(b"the innermost".to_vec(), |inner, _| wrap(inner))
}

fn zip_of_stored(name: &str, data: &[u8]) -> Vec<u8> {
    zip_with(&[zip_entry(name, data)])
}

fn zip_zeros(count: usize, mib: usize) -> Vec<u8> {
    let data = deflated_zeros(mib.min(24 * 1024 / count.min(24)));
    let size = u32::try_from(mib * MIB).unwrap_or(u32::MAX - 1);
    let one = ZipEntry { method: 8, size, data, ..zip_entry("a", b"") };
    let names = (0..count.min(24))
        .map(|number| ZipEntry { name: format!("{number}").into_bytes(), ..one.clone() });
    zip_with(&names.collect::<Vec<_>>())
}

fn zip_nested(levels: usize, wide: usize) -> Vec<u8> {
    let mut inner = zip_of("zeros", &vec![0; MIB], zip::CompressionMethod::Deflated);
    for _level in 0..levels {
        let mut writer =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        writer.write_all(&inner).unwrap();
        let packed = writer.finish().unwrap();
        let one = ZipEntry { method: 8, data: packed, ..zip_entry("z", &inner) };
        let entries: Vec<_> = (0..wide)
            .map(|number| ZipEntry { name: format!("{number}.zip").into_bytes(), ..one.clone() })
            .collect();
        inner = zip_with(&entries);
    }
    inner
}

fn zip_many(count: usize, name_octets: usize) -> Vec<u8> {
    let entries = (0..count).map(|number| {
        let name = format!("{number:0>name_octets$}");
        zip_entry(&name, b"")
    });
    zip_with(&entries.collect::<Vec<_>>())
}

fn zip_locals(count: usize) -> Vec<u8> {
    zip_entry("a", b"x").local().repeat(count)
}

/// Each member's data is the header of the next, as a stored deflate block, and then the next.
fn zip_overlapping() -> Vec<u8> {
    let kernel = deflated_zeros(200);
    let size = u32::try_from(200 * MIB).unwrap();
    let last = ZipEntry { method: 8, size, data: kernel, ..zip_entry("0", b"") };
    let mut tail = last.local();
    let mut offsets = vec![(last, 0_usize)];
    for number in 1..300 {
        let header_octets = 30 + offsets.last().unwrap().0.name.len();
        let quoted = u16::try_from(header_octets).unwrap();
        let mut data = vec![0];
        data.extend(quoted.to_le_bytes());
        data.extend((!quoted).to_le_bytes());
        data.extend(&tail);
        let entry = ZipEntry {
            method: 8,
            size: size + u32::from(quoted) * number,
            data: data.clone(),
            ..zip_entry(&number.to_string(), b"")
        };
        let head = entry.local();
        let own = head.len() - data.len() + 5;
        offsets.iter_mut().for_each(|(_, at)| *at += own);
        tail = head;
        offsets.push((entry, 0));
        if tail.len() > 4 * MIB {
            break;
        }
    }
    let mut out = tail;
    let at = out.len();
    let central: Vec<u8> = offsets.iter().flat_map(|(entry, at)| entry.central(*at)).collect();
    out.extend(&central);
    out.extend(zip_end(offsets.len(), central.len(), at));
    out
}

fn zip_listed_often() -> Vec<u8> {
    let entry =
        ZipEntry { method: 8, size: 64 << 20, data: deflated_zeros(64), ..zip_entry("a", b"") };
    let mut out = entry.local();
    let at = out.len();
    let central: Vec<u8> = (0..65_535)
        .flat_map(|number: u32| ZipEntry { crc32: number, ..entry.clone_without_data() }.central(0))
        .collect();
    out.extend(&central);
    out.extend(zip_end(65_535, central.len(), at));
    out
}

impl ZipEntry {
    fn clone_without_data(&self) -> ZipEntry {
        ZipEntry { name: self.name.clone(), extra: Vec::new(), data: vec![0; 64 * 1024], ..*self }
    }
}

fn zip_many_ends() -> Vec<u8> {
    let one = zip_entry("a", b"x");
    let mut out = one.local();
    for _end in 0..60 {
        let at = out.len();
        let central = one.central(0).repeat(500);
        out.extend(&central);
        out.extend(zip_end(500, central.len(), at));
    }
    out
}

fn zip_method(method: u16, packed: &[u8]) -> Vec<u8> {
    let one = ZipEntry { method, size: u32::MAX - 1, data: packed.to_vec(), ..zip_entry("a", b"") };
    zip_with(&vec![one; 20])
}

fn seven_zip_zeros() -> Vec<u8> {
    let methods = vec![sevenz_rust2::EncoderMethod::LZMA2.into()];
    seven_zip_with("zeros", &vec![0; 256 * MIB], methods, false)
}

fn tar_many(count: usize) -> Vec<u8> {
    let mut out = tar_member("a", b'0', b"").repeat(count);
    out.extend([0; 1024]);
    out
}

fn ar_many() -> Vec<u8> {
    let one = format!("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", "a/", 0, 0, 0, 644, 0);
    [b"!<arch>\n".to_vec(), one.into_bytes().repeat(300_000)].concat()
}

/// Blocks of a run: four octets for 128 KiB.
fn zstd_runs() -> Vec<u8> {
    let mut out = b"\x28\xb5\x2f\xfd\0\x38".to_vec();
    let header = (128_u32 * 1024) << 3 | 1 << 1;
    for _block in 0..50_000 {
        out.extend(&header.to_le_bytes()[..3]);
        out.push(0);
    }
    out.extend([3, 0, 0, 0]);
    out
}

fn zstd_skipped() -> Vec<u8> {
    let mut out = b"\x50\x2a\x4d\x18\0\0\0\0".repeat(1_000_000);
    out.extend(zstd(b"end"));
    out
}

/// A cabinet with one folder: its blocks and its files.
fn cab_with(method: u16, blocks: &[Vec<u8>], files: &[(u32, u32)]) -> Vec<u8> {
    let files: Vec<u8> = files
        .iter()
        .flat_map(|(size, offset)| {
            [&size.to_le_bytes()[..], &offset.to_le_bytes(), &[0; 8], b"a\0"].concat()
        })
        .collect();
    let data_at = u32::try_from(36 + 8 + files.len()).unwrap();
    let count = u16::try_from(files.len() / 18).unwrap();
    let body = blocks.concat();
    let mut out = b"MSCF\0\0\0\0".to_vec();
    out.extend((data_at + u32::try_from(body.len()).unwrap()).to_le_bytes());
    out.extend([0; 4]);
    out.extend(44_u32.to_le_bytes());
    out.extend([0, 0, 0, 0, 3, 1, 1, 0]);
    out.extend(count.to_le_bytes());
    out.extend([0; 6]);
    out.extend(data_at.to_le_bytes());
    out.extend(u16::try_from(blocks.len()).unwrap().to_le_bytes());
    out.extend(method.to_le_bytes());
    out.extend(files);
    out.extend(body);
    out
}

fn cab_zip_block() -> Vec<u8> {
    let mut writer =
        flate2::write::DeflateEncoder::new(b"CK".to_vec(), flate2::Compression::best());
    writer.write_all(&vec![0; 32_768]).unwrap();
    let data = writer.finish().unwrap();
    let octets = u16::try_from(data.len()).unwrap().to_le_bytes();
    [&[0; 4][..], &octets, &32_768_u16.to_le_bytes(), &data].concat()
}

fn cab_overlapping() -> Vec<u8> {
    cab_with(1, &vec![cab_zip_block(); 500], &vec![(16_000_000, 0); 65_535])
}

fn cab_zeros() -> Vec<u8> {
    cab_with(1, &vec![cab_zip_block(); 65_535], &[(u32::MAX >> 1, 0)])
}

/// Folders that all hold the same folders.
fn iso_tree() -> Vec<u8> {
    let children: Vec<Vec<u8>> = (0..20)
        .map(|number: u8| iso_record(&[b'A' + number], 21 + u32::from(number), 2048, 2))
        .collect();
    let mut folder = children.concat();
    folder.resize(2048, 0);
    iso_with(&children, &folder.repeat(20), false)
}

fn binhex_runs() -> Vec<u8> {
    // 0x90 0xff after an octet, in six-bit characters, again and again.
    let mut out = b"(This file must be converted with BinHex 4.0)\n\n:".to_vec();
    out.extend(b"!!3!!".repeat(10));
    out.extend(b"rr@rr".repeat(1_000_000));
    out
}

fn szdd_runs() -> Vec<u8> {
    let mut out = b"SZDD\x88\xf0\x27\x33A\0".to_vec();
    out.extend((u32::MAX - 1).to_le_bytes());
    let mut group = vec![0];
    group.extend([0xf0_u8, 0xff].repeat(8));
    out.extend(group.repeat(1_000_000));
    out
}

fn eml_levels() -> Vec<u8> {
    let mut out = Vec::new();
    for _level in 0..200 {
        out.extend(
            b"From: a@b\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n",
        );
    }
    out
}

fn eml_parts() -> Vec<u8> {
    let mut out =
        b"From: a@b\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=z\r\n\r\n".to_vec();
    out.extend(b"--z\r\n\r\n".repeat(100_000));
    out
}

fn mixed() -> Vec<u8> {
    let mut inner = gzip_of_zeros(512);
    for level in 0..12 {
        inner = match level % 4 {
            0 => zip_of_stored("a.bin", &inner),
            1 => tar(&[tar_member("b.bin", b'0', &inner)]),
            2 => gzip(&inner),
            _ => xz(&inner),
        };
    }
    let _sum = crc32(&inner);
    inner
}
