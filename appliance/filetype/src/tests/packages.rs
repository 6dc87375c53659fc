//! Files that are zip archives or OLE compound files inside.

use super::samples::placed;
use crate::FileType;
use crate::identify;
use crate::kinds::*;

/// A zip archive of stored members, with its directory.
pub fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut directory = Vec::new();
    for (name, data) in members {
        let at = u32::try_from(octets.len()).unwrap();
        let size = u32::try_from(data.len()).unwrap().to_le_bytes();
        let length = u16::try_from(name.len()).unwrap().to_le_bytes();
        let shared =
            [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &size, &size, &length, &[0, 0]]
                .concat();
        octets.extend([b"PK\x03\x04", &shared[..], name.as_bytes(), data].concat());
        directory.extend(
            [b"PK\x01\x02\x14\0", &shared[..], &[0; 10], &at.to_le_bytes(), name.as_bytes()]
                .concat(),
        );
    }
    let at = u32::try_from(octets.len()).unwrap().to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    octets.extend(directory);
    octets.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &size, &at, &[0, 0]].concat());
    octets
}

/// A compound file whose root has streams of these names, and this class.
pub fn ole(names: &[&str], class: &[u8]) -> Vec<u8> {
    let mut octets =
        placed(512, &[(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), (30, &[9, 0]), (48, &[0])]);
    octets[76..512].fill(0xff);
    let entry = |name: &str, right: u32, child: u32, class: &[u8]| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let length = u16::try_from(wide.len() + 2).unwrap().to_le_bytes();
        let none = u32::MAX.to_le_bytes();
        placed(
            128,
            &[
                (0, &wide),
                (64, &length),
                (68, &none),
                (72, &right.to_le_bytes()),
                (76, &child.to_le_bytes()),
                (80, class),
            ],
        )
    };
    octets.extend(entry(
        "Root Entry",
        u32::MAX,
        if names.is_empty() { u32::MAX } else { 1 },
        class,
    ));
    for (at, name) in names.iter().enumerate() {
        let next = if at + 1 < names.len() { u32::try_from(at + 2).unwrap() } else { u32::MAX };
        octets.extend(entry(name, next, u32::MAX, &[]));
    }
    octets.resize(octets.len().max(1024).next_multiple_of(512), 0);
    octets
}

fn office(main: &str, kind: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    let types = format!(
        "<Types><Override PartName=\"/{main}\" ContentType=\"application/x.{kind}+xml\"/></Types>"
    );
    zip(&[
        &[("[Content_Types].xml", types.as_bytes()), ("_rels/.rels", b"<a/>"), (main, b"<x/>")],
        more,
    ]
    .concat())
}

pub fn samples() -> Vec<(FileType, Vec<u8>)> {
    let word = "word/document.xml";
    let excel = "xl/workbook.xml";
    let point = "ppt/presentation.xml";
    let macros: &[(&str, &[u8])] = &[("word/vbaProject.bin", b"x")];
    let typed = |mime: &str| zip(&[("mimetype", mime.as_bytes()), ("content.xml", b"<a/>")]);
    let with = |name: &str| zip(&[(name, b"x"), ("other", b"y")]);
    let mut list = vec![
        (ZIP, zip(&[("a.txt", b"a")])),
        (ZIP, zip(&[])),
        (DOCX, office(word, "document.main", &[])),
        (DOCM, office(word, "document.macroEnabled.main", macros)),
        (DOCM, office(word, "document.main", macros)),
        (DOTX, office(word, "template.main", &[])),
        (DOTM, office(word, "template.macroEnabledTemplate.main", macros)),
        (XLSX, office(excel, "sheet.main", &[])),
        (XLSM, office(excel, "sheet.macroEnabled.main", &[])),
        (XLTX, office(excel, "template.main", &[])),
        (XLTM, office(excel, "template.macroEnabled.main", &[("xl/vbaProject.bin", b"x")])),
        (XLAM, office(excel, "addin.macroEnabled.main", &[])),
        (XLSB, with("xl/workbook.bin")),
        (PPTX, office(point, "presentation.main", &[])),
        (PPTM, office(point, "presentation.macroEnabled.main", &[])),
        (PPSX, office(point, "slideshow.main", &[])),
        (PPSM, office(point, "slideshow.macroEnabled.main", &[])),
        (POTX, office(point, "template.main", &[])),
        (POTM, office(point, "template.macroEnabled.main", &[])),
        (PPAM, office(point, "addin.macroEnabled.main", &[])),
        (VSDX, office("visio/document.xml", "drawing.main", &[])),
        (VSDM, office("visio/document.xml", "drawing.macroEnabled.main", &[])),
        (OOXML, zip(&[("[Content_Types].xml", b"<Types/>"), ("other/a.xml", b"<a/>")])),
        (ODT, typed("application/vnd.oasis.opendocument.text")),
        (ODS, typed("application/vnd.oasis.opendocument.spreadsheet")),
        (ODP, typed("application/vnd.oasis.opendocument.presentation")),
        (ODG, typed("application/vnd.oasis.opendocument.graphics")),
        (ODB, typed("application/vnd.oasis.opendocument.base")),
        (ODF, typed("application/vnd.oasis.opendocument.formula")),
        (SXW, typed("application/vnd.sun.xml.writer")),
        (EPUB, typed("application/epub+zip")),
        (KRITA, typed("application/x-krita")),
        (ORA, typed("image/openraster")),
        (HWPX, typed("application/hwp+zip")),
        (JAR, zip(&[("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0"), ("a/B.class", b"x")])),
    ];
    let names = [
        (APK, "AndroidManifest.xml"),
        (IPA, "Payload/a.app/Info.plist"),
        (MSIX, "AppxManifest.xml"),
        (XPI, "install.rdf"),
        (VSIX, "extension.vsixmanifest"),
        (NUPKG, "a.nuspec"),
        (PY_ZIP, "a-1.0.dist-info/WHEEL"),
        (XPS, "FixedDocSeq.fdseq"),
        (THREE_MF, "3D/3dmodel.model"),
        (IWORK, "Index/Document.iwa"),
        (KMZ, "doc.kml"),
        (IDML, "designmap.xml"),
        (SKETCH, "document.json"),
    ];
    list.extend(names.iter().map(|(kind, name)| (*kind, with(name))));
    let msi = b"\x84\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
    let streams = [
        (DOC, "WordDocument"),
        (XLS, "Workbook"),
        (XLS, "Book"),
        (PPT, "PowerPoint Document"),
        (MSG, "__properties_version1.0"),
        (VISIO, "VisioDocument"),
        (PUBLISHER, "Quill"),
        (ENCRYPTED_OFFICE, "EncryptedPackage"),
        (WORKS, "MatOST"),
        (HWP, "\u{5}HwpSummaryInformation"),
        (THUMBS_DB, "Catalog"),
        (PROJECT, "   114"),
        (OLE, "Anything"),
    ];
    list.extend(
        streams.iter().map(|(kind, name)| (*kind, ole(&["\u{5}SummaryInformation", name], &[]))),
    );
    list.push((MSI, ole(&["x"], msi)));
    list
}

#[test]
fn a_document_is_known_by_its_base_too() {
    for (kind, base) in [(DOCX, ZIP), (DOC, OLE), (DEB, AR), (SVG, XML), (ZIP, ZIP)] {
        assert_eq!(kind.base(), base);
    }
    let types = identify(&zip(&[("xl/workbook.bin", b"")]));
    assert!(types.has_base(ZIP) && !types.has(ZIP) && !types.is_polyglot());
}

#[test]
fn a_document_that_is_also_a_workbook_is_both() {
    let types = identify(&ole(&["WordDocument", "Workbook"], &[]));
    assert!(types.has(DOC) && types.has(XLS));
}

#[test]
fn a_circle_in_a_directory_ends() {
    let mut octets = ole(&["WordDocument"], &[]);
    octets[512 + 128 + 72..512 + 128 + 76].copy_from_slice(&1_u32.to_le_bytes());
    octets[76..80].copy_from_slice(&0_u32.to_le_bytes());
    assert_eq!(identify(&octets).main(), DOC);
}

#[test]
fn a_package_without_its_directory_is_told_by_its_members() {
    let whole = office("word/document.xml", "document.main", &[]);
    let end = whole.len() - 60;
    assert_eq!(identify(&whole[..end]).main(), DOCX);
}
