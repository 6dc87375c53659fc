//! Bombs that lie: sizes, counts, windows and places that are not there, and loops.

use crate::Bomb;
use crate::archives::{CONTAINERS, gzip, lzma, seven_zip_with, xz};
use crate::stored::{
    ZipEntry, arj_header, cpio_newc_entry, crc32, iso_record, iso_with, lha_member, rar5, tar,
    tar_header, tar_member, zip_end, zip_entry, zip_with,
};

/// The bombs.
pub(crate) const BOMBS: &[Bomb] = &[
    Bomb { name: "xz-window-of-4-gib", make: xz_window },
    Bomb { name: "lzma-window-of-4-gib", make: lzma_window },
    Bomb { name: "lzma-size-of-16-eib", make: lzma_size },
    Bomb { name: "zstd-window-of-3-tib", make: || b"\x28\xb5\x2f\xfd\0\xff\x01\0\0".to_vec() },
    Bomb {
        name: "zstd-size-of-16-eib",
        make: || [b"\x28\xb5\x2f\xfd\xe0", &[0xff; 8][..], &[1, 0, 0]].concat(),
    },
    Bomb { name: "7z-window-of-4-gib", make: seven_zip_window },
    Bomb { name: "7z-header-of-16-eib", make: || seven_zip_start(32, u64::MAX) },
    Bomb { name: "7z-header-beyond", make: || seven_zip_start(u64::MAX - 40, 64) },
    Bomb { name: "7z-2-to-the-40-files", make: seven_zip_files },
    Bomb {
        name: "zip-lzma-window-of-4-gib",
        make: || zip_data(14, b"\x09\x14\x05\0\x5d\xff\xff\xff\xff\0\0\0\0\0\0"),
    },
    Bomb { name: "zip-ppmd-memory-of-256-mib", make: || zip_data(98, b"\xff\x0f\0\0\0\0") },
    Bomb { name: "zip-shrunk-of-4-gib", make: || zip_data(1, &[0; 64]) },
    Bomb { name: "zip-reduced-of-4-gib", make: || zip_data(5, &[0; 64]) },
    Bomb { name: "zip-imploded-of-4-gib", make: || zip_data(6, &[0; 64]) },
    Bomb { name: "zip-deflate64-garbage", make: || zip_data(9, &[0; 64]) },
    Bomb { name: "zip-unknown-method", make: || zip_data(77, &[0; 64]) },
    Bomb { name: "zip-wide-lies", make: zip_wide_lies },
    Bomb { name: "zip-directory-in-itself", make: zip_recursive_end },
    Bomb { name: "zip-member-is-the-zip", make: zip_whole },
    Bomb {
        name: "zip-stored-of-4-gib",
        make: || zip_with(&[ZipEntry { size: u32::MAX - 1, ..zip_entry("a", b"x") }]),
    },
    Bomb { name: "zip-aes-garbage", make: zip_aes_garbage },
    Bomb { name: "tar-octal-8-gib", make: || tar(&[tar_header("a", b"77777777777\0", b'0')]) },
    Bomb { name: "tar-binary-16-eib", make: || tar(&[tar_header("a", &[0xff; 12], b'0')]) },
    Bomb {
        name: "tar-binary-9-eib",
        make: || tar(&[tar_header("a", b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", b'0')]),
    },
    Bomb {
        name: "tar-pax-of-an-exabyte",
        make: || {
            tar(&[
                tar_member("p", b'x', b"28 size=1000000000000000000\n"),
                tar_member("a", b'0', b"x"),
            ])
        },
    },
    Bomb {
        name: "tar-pax-record-of-no-length",
        make: || {
            tar(&[tar_member("p", b'x', &b"0 a=b\n".repeat(1000)), tar_member("a", b'0', b"x")])
        },
    },
    Bomb { name: "tar-sparse-tebibyte", make: || tar(&[tar_member("a", b'S', b"x")]) },
    Bomb {
        name: "tar-long-names",
        make: || tar(&vec![tar_member("l", b'L', &[b'n'; 60_000]); 400]),
    },
    Bomb { name: "cpio-name-of-4-gib", make: cpio_name },
    Bomb { name: "cpio-size-of-4-gib", make: || cpio_newc_entry("a", u32::MAX, b"x") },
    Bomb { name: "cpio-no-end", make: || cpio_newc_entry("a", 0, b"").repeat(1000) },
    Bomb {
        name: "lha-size-of-4-gib",
        make: || [lha_member("a", u32::MAX, b"x"), vec![0]].concat(),
    },
    Bomb { name: "lha-method-of-4-gib", make: lha_method },
    Bomb {
        name: "arj-size-of-4-gib",
        make: || {
            [
                arj_header(0, 0, 2, &[], 0, "a"),
                arj_header(0, 1, 0, &[0; 40], u32::MAX, "a"),
                vec![0; 40],
                b"\x60\xea\0\0".to_vec(),
            ]
            .concat()
        },
    },
    Bomb {
        name: "iso-root-in-itself",
        make: || iso_with(&[iso_record(b"A", 20, 2048, 2)], &[], false),
    },
    Bomb { name: "iso-chain-of-folders", make: iso_chain },
    Bomb {
        name: "iso-file-of-4-gib",
        make: || iso_with(&[iso_record(b"A", 21, u32::MAX, 0)], b"x", false),
    },
    Bomb { name: "iso-files-that-share-sectors", make: iso_overlapping },
    Bomb {
        name: "rar5-window-of-1-tib",
        make: || rar5("a", &[0; 100], 1 << 40, 28 << 10 | 1 << 7),
    },
    Bomb { name: "rar5-size-of-16-eib", make: || rar5("a", b"x", u64::MAX, 0) },
    Bomb { name: "rar5-garbage", make: || rar5("a", &[0xff; 4096], 1 << 30, 3 << 10 | 3 << 7) },
    Bomb { name: "gzip-without-end", make: || gzip(&[b'x'; 100_000])[..120].to_vec() },
    Bomb {
        name: "gzip-endless-name",
        make: || [b"\x1f\x8b\x08\x08\0\0\0\0\0\0", &vec![b'n'; 8 << 20][..]].concat(),
    },
    Bomb {
        name: "binhex-of-4-gib",
        make: || {
            b"(This file must be converted with BinHex 4.0)\n\n:!!!!!rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr:".to_vec()
        },
    },
    Bomb {
        name: "szdd-of-4-gib",
        make: || b"SZDD\x88\xf0\x27\x33A\0\xff\xff\xff\xff\xffabc".to_vec(),
    },
    Bomb { name: "rpm-header-of-4-gib", make: rpm_header },
    Bomb { name: "all-containers-in-a-row", make: all_in_a_row },
];

fn xz_window() -> Vec<u8> {
    let mut out = xz(&vec![b'x'; 100_000]);
    // The property of LZMA2 in the first block header, and the sum of that header.
    out[12 + 4] = 40;
    let sum = crc32(&out[12..20]);
    out[20..24].copy_from_slice(&sum.to_le_bytes());
    out
}

fn lzma_window() -> Vec<u8> {
    let mut out = lzma(&vec![b'x'; 100_000]);
    out[1..5].copy_from_slice(&[0xff; 4]);
    out[5..13].copy_from_slice(&[0xff; 8]);
    out
}

fn lzma_size() -> Vec<u8> {
    let mut out = lzma(&vec![b'x'; 100_000]);
    out[5..13].copy_from_slice(&(u64::MAX - 1).to_le_bytes());
    out
}

fn seven_zip_window() -> Vec<u8> {
    let methods = vec![sevenz_rust2::EncoderMethod::LZMA2.into()];
    let mut out = seven_zip_with("a", &[b'x'; 1000], methods, false);
    let offset = usize::try_from(u64::from_le_bytes(out[12..20].try_into().unwrap())).unwrap();
    let at = 32 + offset;
    if let Some(found) = out[at..].windows(3).position(|three| three[..2] == [0x21, 1]) {
        out[at + found + 2] = 40;
    }
    let sum = crc32(&out[at..]);
    out[28..32].copy_from_slice(&sum.to_le_bytes());
    let sum = crc32(&out[12..32]);
    out[8..12].copy_from_slice(&sum.to_le_bytes());
    out
}

fn seven_zip_start(offset: u64, octets: u64) -> Vec<u8> {
    let mut start = [offset.to_le_bytes(), octets.to_le_bytes()].concat();
    start.extend([0; 4]);
    let mut out = b"7z\xbc\xaf\x27\x1c\0\x04".to_vec();
    out.extend(crc32(&start).to_le_bytes());
    out.extend(start);
    out.extend([0; 64]);
    out
}

fn seven_zip_files() -> Vec<u8> {
    // Header, files, and a number of nine octets.
    let header = b"\x01\x05\xff\0\0\0\0\0\x01\0\0\0\0";
    let mut start = [0_u64.to_le_bytes(), (header.len() as u64).to_le_bytes()].concat();
    start.extend(crc32(header).to_le_bytes());
    let mut out = b"7z\xbc\xaf\x27\x1c\0\x04".to_vec();
    out.extend(crc32(&start).to_le_bytes());
    out.extend(start);
    out.extend(header);
    out
}

fn zip_data(method: u16, data: &[u8]) -> Vec<u8> {
    zip_with(&[ZipEntry { method, size: u32::MAX - 1, data: data.to_vec(), ..zip_entry("a", b"") }])
}

fn zip_wide_lies() -> Vec<u8> {
    let entry = zip_entry("a", b"x");
    let mut out = entry.local();
    let central_at = out.len() as u64;
    out.extend(entry.central(0));
    let end_at = out.len() as u64;
    out.extend(b"PK\x06\x06");
    out.extend((1_u64 << 63).to_le_bytes());
    out.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    out.extend((1_u64 << 60).to_le_bytes());
    out.extend((1_u64 << 60).to_le_bytes());
    out.extend(u64::MAX.to_le_bytes());
    out.extend((u64::MAX - central_at).to_le_bytes());
    out.extend(b"PK\x06\x07\0\0\0\0");
    out.extend(end_at.to_le_bytes());
    out.extend([1, 0, 0, 0]);
    out.extend(b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0");
    out
}

fn zip_recursive_end() -> Vec<u8> {
    let entry = zip_entry("a", b"x");
    let mut out = entry.local();
    let at = out.len();
    let central = entry.central(at);
    out.extend(&central);
    out.extend(zip_end(1, central.len(), at));
    out
}

/// A member whose data is all of the zip.
fn zip_whole() -> Vec<u8> {
    let mut entry = zip_entry("a.zip", &[0; 120]);
    entry.crc32 = 0;
    let mut out = entry.local();
    out.truncate(35);
    let at = out.len();
    let central = entry.central(0);
    out.extend(&central);
    out.extend(zip_end(1, central.len(), at));
    out
}

fn zip_aes_garbage() -> Vec<u8> {
    let extra = b"\x01\x99\x07\0\x02\0AE\x03\x08\0".to_vec();
    let entry = ZipEntry {
        method: 99,
        flags: 1,
        extra,
        size: 100,
        data: vec![0x55; 200],
        ..zip_entry("a", b"")
    };
    zip_with(&vec![entry; 50])
}

fn cpio_name() -> Vec<u8> {
    let mut out = cpio_newc_entry("a", 0, b"");
    out[94..102].copy_from_slice(b"FFFFFFFF");
    out
}

fn lha_method() -> Vec<u8> {
    let mut out = lha_member("a", u32::MAX, &[0; 5000]);
    out[5] = b'7';
    out[1] = out[1].wrapping_add(7);
    out.push(0);
    out
}

fn iso_chain() -> Vec<u8> {
    let tail: Vec<u8> = (0..2000_u32)
        .flat_map(|number| {
            let mut sector = iso_record(b"A", 22 + number, 2048, 2);
            sector.resize(2048, 0);
            sector
        })
        .collect();
    iso_with(&[iso_record(b"A", 21, 2048, 2)], &tail, false)
}

fn iso_overlapping() -> Vec<u8> {
    let records: Vec<Vec<u8>> = (0..40_u8)
        .map(|number| iso_record(&[b'A' + number], 21, 20_000_000 - u32::from(number), 0))
        .collect();
    iso_with(&records, &vec![b'x'; 20_000_000], false)
}

fn rpm_header() -> Vec<u8> {
    let mut out = vec![0; 96];
    out[..4].copy_from_slice(b"\xed\xab\xee\xdb");
    out.extend(b"\x8e\xad\xe8\x01\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff");
    out
}

fn all_in_a_row() -> Vec<u8> {
    CONTAINERS.iter().flat_map(|one| (one.make)("a.txt", b"the same payload in each")).collect()
}
