//! Names against contents.

use super::packages::{ole, zip};
use super::samples::portable;
use crate::{Fit, Risk, extension, fit, identify, kinds, risk};

fn told(name: &str, octets: &[u8]) -> Fit {
    fit(name, &identify(octets))
}

#[test]
fn a_name_that_hides_danger_contradicts() {
    let program = portable(0x0102, 2);
    for name in ["invoice.pdf", "photo.jpg", "a.docx", "a.txt", "a.zip", "A.PDF ", "a.pdf."] {
        assert_eq!(told(name, &program), Fit::Contradicts, "{name}");
    }
    assert_eq!(told("photo.jpg", &zip(&[("a", b"a")])), Fit::Contradicts);
    assert_eq!(told("report.pdf", b"<html><body>x</body></html>"), Fit::Contradicts);
    assert_eq!(told("song.mp3", b"#!/bin/sh\necho\n"), Fit::Contradicts);
    assert_eq!(told("a.pdf", &ole(&["WordDocument"], &[])), Fit::Differs);
}

#[test]
fn a_name_that_is_merely_wrong_differs() {
    assert_eq!(told("photo.jpg", b"\x89PNG\r\n\x1a\n\0\0\0\r"), Fit::Differs);
    assert_eq!(told("list.xls", b"<html><table><tr><td>1</table></html>"), Fit::Differs);
    assert_eq!(told("old.docx", &ole(&["WordDocument"], &[])), Fit::Differs);
    assert_eq!(told("setup.exe", b"\x89PNG\r\n\x1a\n\0\0\0\r"), Fit::Differs);
}

#[test]
fn usual_names_fit() {
    for (name, octets) in [
        ("a.doc", b"{\\rtf1 x}".to_vec()),
        ("a.scr", portable(0x0102, 2)),
        ("a.docx", zip(&[("word/document.xml", b"<x/>")])),
        ("a.zip", zip(&[("word/document.xml", b"<x/>")])),
        ("a.js", b"plain words\n".to_vec()),
        ("notes.md", b"plain words\n".to_vec()),
        ("a.txt", b"{\"a\": 1}".to_vec()),
        ("backup.tar.gz", b"\x1f\x8b\x08\0\0\0\0\0".to_vec()),
        ("empty.pdf", Vec::new()),
    ] {
        assert_eq!(told(name, &octets), Fit::Fits, "{name}");
    }
}

#[test]
fn names_that_promise_nothing_are_open() {
    let program = portable(0x0102, 2);
    for name in ["", "a", "a.zzz", "a.", ".", "README", "a.b c"] {
        assert_eq!(told(name, &program), Fit::Open, "{name}");
    }
    assert_eq!(told("a.pdf", &[0x81, 0x02, 0, 0, 0x93, 0x12]), Fit::Unknown);
}

#[test]
fn extensions_are_taken_as_windows_takes_them() {
    for (name, expected) in [
        ("a.EXE", Some("exe")),
        ("a.pdf.exe . .", Some("exe")),
        ("a.exe...", Some("exe")),
        ("dir/a.b/c", None),
        ("..\\a.Bat", Some("bat")),
        ("a", None),
        ("a.", None),
        (".htaccess", Some("htaccess")),
    ] {
        assert_eq!(extension(name).as_deref(), expected, "{name}");
    }
}

#[test]
fn risks_are_ordered() {
    assert!(risk(kinds::PNG) < risk(kinds::PDF) && risk(kinds::PDF) < risk(kinds::ZIP));
    assert_eq!(risk(kinds::LNK), Risk::Runs);
}
