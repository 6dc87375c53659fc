//! Heuristics on attachments: each firing, and not firing for what merely looks like it.

use mail::Properties;

use super::making::{Mailing, has, leaf, program, program_of, scan_with, suspicions, weight, zip};
use crate::Context;

fn one(name: &str, octets: &[u8]) -> Vec<String> {
    let facts = Mailing::new().attach(name, octets).scan();
    suspicions(&facts).into_iter().map(str::to_owned).collect()
}

#[test]
fn a_program_in_an_archive_weighs_more_from_a_new_sender() {
    let raw = Mailing::new()
        .attach("a.zip", &zip(&[("readme.txt", b"read me"), ("setup.exe", &program())]))
        .done();
    for (known, expected) in [(None, 40), (Some(true), 40), (Some(false), 65)] {
        let facts = scan_with(&raw, &Context { is_known_sender: known, ..Context::default() });
        assert_eq!(weight(&facts, "program-in-archive"), expected);
        assert!(has(&facts, "/a.zip", Properties::EXECUTABLE));
        assert!(!has(&facts, "/readme.txt", Properties::EXECUTABLE));
    }
}

#[test]
fn an_archive_of_nothing_but_a_program_or_script_stands_out() {
    assert!(
        one("a.zip", &zip(&[("a.exe", &program())])).contains(&"archive-of-one-program".to_owned())
    );
    let script = b"var a = new ActiveXObject('x'); a.y();";
    assert!(
        one("a.zip", &zip(&[("invoice.js", script)]))
            .contains(&"archive-of-one-program".to_owned())
    );
    assert!(one("a.zip", &zip(&[("a.pdf", b"%PDF-1.4\n%%EOF\n")])).is_empty());
}

#[test]
fn scripts_among_the_files_of_a_program_source_are_usual() {
    let names = ["a.js", "b.js", "c.js", "d.py", "README.md", "LICENSE", "package.json"];
    let members: Vec<(&str, &[u8])> =
        names.iter().map(|name| (*name, b"function a() { return 1; }\n".as_slice())).collect();
    let fired = one("source.zip", &zip(&members));
    assert!(
        !fired.iter().any(|name| name.starts_with("script-in") || name.starts_with("program")),
        "{fired:?}"
    );
}

#[test]
fn a_java_library_is_no_program_in_an_archive() {
    let class = [b"\xca\xfe\xba\xbe\0\0\0\x34".as_slice(), &[0; 40]].concat();
    let jar = zip(&[("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\n"), ("a/B.class", &class)]);
    let fired = one("library.jar", &jar);
    assert!(fired.is_empty(), "{fired:?}");
}

#[test]
fn names_that_deceive_are_told_with_their_property() {
    let facts = Mailing::new().attach("invoice.pdf.exe", &program()).scan();
    assert_eq!(weight(&facts, "double-extension"), 60);
    assert!(facts.leaves.iter().any(|leaf| leaf.properties.any(Properties::DOUBLE_EXTENSION)));
    let facts = Mailing::new().attach("invoice\u{202e}fdp.exe", &program()).scan();
    assert_eq!(weight(&facts, "turned-name"), 80);
    assert!(facts.leaves.iter().any(|leaf| leaf.properties.any(Properties::DISGUISED_NAME)));
    let inside = zip(&[("a.pdf.scr", &program())]);
    assert!(one("a.zip", &inside).contains(&"double-extension".to_owned()));
    assert!(one("backup.tar.gz", b"\x1f\x8b\x08\0").iter().all(|name| name != "double-extension"));
}

#[test]
fn a_program_that_is_called_a_document_contradicts_its_name() {
    let facts = Mailing::new().attach("invoice.pdf", &program()).scan();
    assert_eq!(weight(&facts, "name-contradicts-content"), 65);
    assert!(has(&facts, "invoice.pdf", Properties::TYPE_MISMATCH));
    let facts = Mailing::new().attach("photo.jpg", &zip(&[("a.txt", b"a")])).scan();
    assert_eq!(weight(&facts, "name-contradicts-content"), 35);
}

#[test]
fn a_wrong_name_without_danger_is_let_be() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
    assert!(one("photo.jpg", png).is_empty());
    assert!(one("letter.doc", b"{\\rtf1\\ansi Hello}").is_empty());
    assert!(
        one("list.xls", b"<html><body><table><tr><td>1</td></tr></table></body></html>").is_empty()
    );
    assert!(one("notes.log", b"plain words\n").is_empty());
}

#[test]
fn packed_programs_are_told_by_their_sections_or_their_evenness() {
    let packed = program_of("UPX0", &[0x90; 600]);
    assert!(
        one("a.zip", &zip(&[("a.exe", &packed), ("b.txt", b"b")]))
            .contains(&"packed-program-in-archive".to_owned())
    );
    let mut seed = 1_u32;
    let noise: Vec<u8> = (0..20_000)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        })
        .collect();
    assert!(one("a.exe", &program_of(".text", &noise)).contains(&"packed-program".to_owned()));
    assert!(!one("a.exe", &program()).contains(&"packed-program".to_owned()));
}

#[test]
fn carriers_are_told_by_content_or_name() {
    let lnk =
        [b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46".as_slice(), &[0; 60]].concat();
    for (name, octets, expected) in [
        ("a.txt.lnk", lnk.as_slice(), "carrier-lnk"),
        ("a.hta", b"<html><hta:application id=x></html>", "carrier-hta"),
        ("a.scf", b"[Shell]\r\nCommand=2\r\nIconFile=\\\\evil\\a.ico\r\n", "carrier-scf"),
        (
            "a.library-ms",
            b"<?xml version=\"1.0\"?><libraryDescription xmlns=\"x\"></libraryDescription>",
            "carrier-library-ms",
        ),
        ("a.url", b"[InternetShortcut]\r\nURL=file://evil/a.exe\r\n", "shortcut-to-file-share"),
        ("a.vbe", b"#@~^abcdef==", "carrier-encoded-script"),
        ("a.wsf", b"<job><script language=\"JScript\">x()</script></job>", "carrier-wsf"),
        (
            "a.settingcontent-ms",
            b"<PCSettings><SearchableContent/></PCSettings>",
            "carrier-settingcontent",
        ),
        ("a.iqy", b"WEB\r\n1\r\nhttps://evil.example/a\r\n", "carrier-iqy"),
        ("a.xll", &program(), "carrier-xll"),
        ("a.reg", b"Windows Registry Editor Version 5.00\r\n\r\n[HKEY_X]\r\n", "carrier-reg"),
    ] {
        let fired = one(name, octets);
        assert!(fired.iter().any(|one| one == expected), "{name}: {fired:?}");
    }
}

#[test]
fn a_web_shortcut_weighs_little_and_plain_files_nothing() {
    let facts =
        Mailing::new().attach("a.url", b"[InternetShortcut]\r\nURL=https://a.example/\r\n").scan();
    assert_eq!(weight(&facts, "shortcut-to-file-share"), 0);
    for (name, octets) in [
        ("a.csv", b"a,b\n1,2\n3,4\n5,6\n".as_slice()),
        ("a.ics", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"),
        ("a.json", b"{\"a\": 1}"),
        ("a.gif", b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff;"),
    ] {
        assert!(one(name, octets).is_empty(), "{name}");
    }
}

#[test]
fn archives_in_archives_are_told_from_the_fourth_on() {
    let mut archive = zip(&[("a.txt", b"a")]);
    for depth in 2..=5 {
        archive = zip(&[("b.zip", &archive)]);
        let fired = one("c.zip", &archive).contains(&"archives-nested".to_owned());
        assert_eq!(fired, depth >= 4, "{depth}");
    }
}

#[test]
fn two_types_in_one_file_are_told_when_they_lead_somewhere_worse() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
    let hidden = [png.as_slice(), &zip(&[("a.txt", b"a")])].concat();
    let facts = Mailing::new().attach("a.png", &hidden).scan();
    assert!(suspicions(&facts).contains(&"polyglot"));
    assert!(has(&facts, "a.png", Properties::POLYGLOT));
    assert!(facts.leaves.iter().any(|leaf| leaf.name == "a.txt"));
    let page = b"GIF89a/*<script>alert(1)</script>*/";
    assert!(one("a.gif", page).contains(&"polyglot".to_owned()));
    let extracting = [program(), zip(&[("a.txt", b"a")])].concat();
    assert!(one("a.exe", &extracting).contains(&"self-extracting".to_owned()));
}

#[test]
fn leaves_say_what_they_are() {
    let facts = Mailing::new().attach("a.zip", &zip(&[("dir/b.pdf", b"%PDF-1.4\n")])).scan();
    let inner = leaf(&facts, "b.pdf");
    assert_eq!((inner.depth, inner.types[0].as_str(), inner.mime.as_str()), (1, "pdf", ""));
    let outer = leaf(&facts, "a.zip");
    assert_eq!((outer.depth, outer.types[0].as_str()), (0, "zip"));
    assert_eq!(outer.mime, "application/octet-stream");
    assert!(outer.properties.any(Properties::ATTACHMENT));
}
