//! Types: every content has at least one, the same each time, whatever stands in it.

use filetype::{extension, fit, identify, is_managed, packed};

/// Identifies the input, compares it with a name made of its own start, and looks for packers.
pub fn target(octets: &[u8]) {
    let types = identify(octets);
    assert!(types.iter().count() >= 1);
    assert_eq!(types, identify(octets), "the same octets are of the same types");
    let name = String::from_utf8_lossy(&octets[..octets.len().min(40)]);
    let _any = (extension(&name), fit(&name, &types), packed(octets), is_managed(octets));
}

/// Beginnings of the formats that are looked into.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut program = b"MZ".to_vec();
    program.resize(0x3c, 0);
    program.extend([0x40, 0, 0, 0]);
    program.extend(b"PE\0\0\x4c\x01\x01\0");
    program.resize(600, 0);
    let mut compound = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    compound.resize(30, 0);
    compound.extend([9, 0]);
    compound.resize(2048, 0);
    let mut archive =
        b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x11\0\0\0word/document.xml"
            .to_vec();
    archive.extend(b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    let texts: [&[u8]; 4] = [
        b"<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"c\">]><svg></svg>",
        b"{\"a\": [1, 2]}\n",
        b"From: a@b.test\r\nSubject: c\r\n\r\nbegin 644 a\n#0V%T\n`\nend\n",
        b"\xff\xfea\0b\0c\0d\0",
    ];
    [vec![program, compound, archive], texts.iter().map(|text| text.to_vec()).collect()].concat()
}
