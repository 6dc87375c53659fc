//! Files of more than one type report every one.

use super::packages::{ole, zip};
use super::samples::{placed, portable};
use crate::kinds::*;
use crate::{FileType, identify};

const PNG_HEAD: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

fn both(octets: &[u8], first: FileType, second: FileType) {
    let types = identify(octets);
    assert!(types.main() == first && types.has(second), "{first:?} {second:?}: {types:?}");
    assert!(types.is_polyglot());
}

#[test]
fn a_zip_archive_behind_anything_is_seen() {
    let archive = zip(&[("a.txt", b"a")]);
    let elf = placed(200, &[(0, b"\x7fELF")]);
    let starts: [(&[u8], FileType); 5] = [
        (PNG_HEAD, PNG),
        (b"GIF89a\x01\0\x01\0\0\0\0;", GIF),
        (b"%PDF-1.4\n%%EOF\n", PDF),
        (&elf, ELF),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", JPEG),
    ];
    for (start, kind) in starts {
        both(&[start, &archive].concat(), kind, ZIP);
    }
    both(&[portable(0x0102, 2), archive.clone()].concat(), PE_EXE, ZIP);
    let document = zip(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<x/>")]);
    both(&[PNG_HEAD, &document].concat(), PNG, DOCX);
    assert!(identify(&[b"just words\n", &archive[..]].concat()).has(ZIP));
    let trailing = [PNG_HEAD, &archive, &[0; 300]].concat();
    both(&trailing, PNG, ZIP);
}

#[test]
fn other_archives_behind_a_program_or_a_picture_are_seen() {
    for (mark, kind) in
        [(&b"Rar!\x1a\x07\x01\0"[..], RAR), (b"7z\xbc\xaf\x27\x1c\0\x04", SEVEN_ZIP)]
    {
        both(&[portable(0x0102, 2), mark.to_vec()].concat(), PE_EXE, kind);
        both(&[PNG_HEAD, mark].concat(), PNG, kind);
    }
    let cabinet = placed(64, &[(0, b"MSCF\0\0\0\0"), (8, &[64])]);
    both(&[portable(0x0102, 2), cabinet].concat(), PE_EXE, CAB);
    let installer = placed(100, &[(4, b"\xef\xbe\xad\xdeNullsoftInst")]);
    both(&[portable(0x0102, 2), installer].concat(), PE_EXE, NSIS);
}

#[test]
fn a_pdf_behind_junk_is_a_pdf() {
    assert!(identify(&[&[0x80; 500][..], b"%PDF-1.7\n"].concat()).has(PDF));
    both(&[PNG_HEAD, b"%PDF-1.7\n"].concat(), PNG, PDF);
    let far = [&[0x80; 5000][..], b"%PDF-1.7\n"].concat();
    assert!(!identify(&far).has(PDF));
    assert!(identify(b"junk\n\n%PDF-1.7\n").has(PDF));
}

#[test]
fn pages_and_programs_in_pictures_are_seen() {
    both(b"GIF89a<script>alert(1)</script>", GIF, HTML);
    both(&[PNG_HEAD, b"tEXt<?php system($_GET[0]); ?>"].concat(), PNG, PHP);
    both(b"GIF89a/*\0\0*/=1;alert(1)", GIF, JS);
    both(&[b"\xff\xd8\xff\xfe".as_slice(), b"<HTML><body>"].concat(), JPEG, HTML);
}

#[test]
fn signatures_at_different_places_are_all_told() {
    let tar = placed(1024, &[(0, b"%PDF-1.4\n"), (257, b"ustar\x0000")]);
    both(&tar, PDF, TAR);
    let disk = placed(40_000, &[(0, b"MZ\x90\0"), (32_769, b"CD001")]);
    both(&disk, MZ_DOS, ISO9660);
    let image = placed(40_000, &[(32_769, b"BEA01"), (34_817, b"NSR02")]);
    assert!(identify(&image).has(UDF));
}

#[test]
fn documents_with_parts_inside_are_of_one_type() {
    let picture = PNG_HEAD.to_vec();
    let document = zip(&[("word/document.xml", b"<x/>"), ("word/media/a.png", &picture)]);
    assert!(!identify(&document).is_polyglot());
    assert!(!identify(&ole(&["WordDocument", "1Table"], &[])).is_polyglot());
    assert!(!identify(b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n").is_polyglot());
}
