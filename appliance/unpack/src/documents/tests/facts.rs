//! What is told of documents, with its evidence.

use super::*;

fn with_macro(source: &str, compiled: &[u8], names: &[u8]) -> Vec<u8> {
    let mut streams = vba_project(source.as_bytes(), compiled);
    streams.push(("/Macros/VBA/_VBA_PROJECT".to_owned(), names.to_vec()));
    let streams: Vec<(&str, &[u8])> =
        streams.iter().map(|(name, data)| (name.as_str(), data.as_slice())).collect();
    ole(&streams)
}

#[test]
fn a_macro_is_told_with_its_module_and_what_it_calls() {
    let source = "Attribute VB_Name = \"ThisDocument\"\r\nSub AutoOpen()\r\nCreateObject(\"WScript.Shell\").Run \"powershell\"\r\nEnd Sub\r\n";
    let seen = look(&with_macro(source, &[0; 500], b""));
    assert_eq!(seen.words(FactKind::Macro), "VBA modules: ThisDocument");
    assert_eq!(
        seen.words(FactKind::AutoMacro),
        "macro AutoOpen in module ThisDocument calls CreateObject, WScript, Shell, powershell"
    );
    assert!(seen.text(Text::Script).contains("WScript.Shell"));
    assert!(!seen.has(FactKind::MacroStomped));
}

#[test]
fn source_that_hides_what_the_compiled_code_calls_is_told() {
    let seen =
        look(&with_macro("Attribute VB_Name = \"m\"\r\n", &[0; 500], b"\x05Shell\0\x08AutoOpen"));
    assert!(seen.words(FactKind::MacroStomped).contains("Shell, AutoOpen"));
}

#[test]
fn a_module_without_source_is_told() {
    let seen = look(&ole(&[
        ("/VBA/dir", &gatepost_test_bombs::vba_literal(&[0x19, 0, 1, 0, 0, 0, b'm'])),
        ("/VBA/m", &[5; 100]),
        ("/VBA/_VBA_PROJECT", b"\xcc\x61"),
    ]));
    assert!(seen.has(FactKind::MacroStomped) && seen.has(FactKind::Broken));
}

#[test]
fn relations_and_text_are_found_in_the_members_of_an_office_file() {
    let relations = b"<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate' Target='http://evil.example/t.dotm' TargetMode='External'/></Relationships>";
    let document = b"<w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'><w:p><w:r><w:t>Invoice</w:t></w:r></w:p></w:document>";
    let seen = look(&office(&[
        ("word/document.xml", document),
        ("word/_rels/settings.xml.rels", relations),
    ]));
    assert_eq!(seen.words(FactKind::ExternalTemplate), "the template http://evil.example/t.dotm");
    assert_eq!(seen.text(Text::Visible), "Invoice\n");
    assert_eq!(seen.text(Text::Links), "http://evil.example/t.dotm");
}

#[test]
fn an_attachment_of_an_outlook_message_keeps_its_name() {
    let message = DOCUMENTS.iter().find(|one| one.name == "msg-attachment").unwrap();
    let seen = look(&(message.make)("Rechnung.exe", b"MZ1234567890"));
    assert!(seen.places.iter().any(|place| place == "1/Rechnung.exe"), "{:?}", seen.places);
    assert_eq!(seen.text(Text::Visible), "hi\nRechnung.exe\n");
}

#[test]
fn a_packaged_program_is_told() {
    for name in ["ole-package", "rtf-package"] {
        let document = DOCUMENTS.iter().find(|one| one.name == name).unwrap();
        let seen = look(&(document.make)("a.exe", b"MZ1234567890"));
        assert_eq!(seen.words(FactKind::EmbeddedExecutable), "the file a.exe", "{name}");
    }
}

#[test]
fn a_pdf_that_acts_by_itself_is_told() {
    let pdf = b"%PDF-1.7\n1 0 obj << /Type /Catalog /OpenAction 2 0 R >> endobj\n2 0 obj << /S /J#61vaScript /JS (app.alert\\(1\\)) >> endobj\n\
        3 0 obj << /S /Launch /Win << /F (cmd.exe) /P (/c calc) >> >> endobj\n4 0 obj << /S /URI /URI (http://a.example/) >> endobj\n\
        5 0 obj << /S /SubmitForm /F << /F (http://b.example/) >> >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF";
    let seen = look(pdf);
    assert_eq!(seen.words(FactKind::PdfOpenAction), "OpenAction JavaScript");
    assert_eq!(seen.words(FactKind::PdfScript), "JavaScript: app.alert(1)");
    assert_eq!(seen.words(FactKind::PdfLaunch), "starts cmd.exe /c calc");
    assert_eq!(seen.words(FactKind::PdfUri), "SubmitForm http://b.example/");
    assert!(seen.text(Text::Links).contains("http://a.example/"));
    assert!(!seen.has(FactKind::Broken));
}

#[test]
fn a_pdf_with_an_unknown_lock_is_encrypted_and_not_clean() {
    let seen = look(b"%PDF-1.7\n1 0 obj << /Filter /Standard /V 9 /R 9 /O (x) /U (y) /P -1 >> endobj\ntrailer << /Encrypt 1 0 R >>\n%%EOF");
    assert!(seen.has(FactKind::Encrypted));
}

#[test]
fn an_encrypted_office_file_of_unknown_kind_is_encrypted_and_not_clean() {
    let seen =
        look(&ole(&[("/EncryptedPackage", &[1; 100]), ("/EncryptionInfo", &[4, 0, 4, 0, 0, 0])]));
    assert!(seen.has(FactKind::Encrypted));
}

#[test]
fn html_of_a_mail_gives_its_text_and_links() {
    let seen = look(b"<p>Hello</p><a href=\"https://example.org/\">there</a><div style=display:none>nobody sees these words</div>");
    assert_eq!(seen.text(Text::Visible), "Hello\nthere\n");
    assert_eq!(seen.text(Text::Links), "https://example.org/");
    assert_eq!(seen.text(Text::Hidden), "nobody sees these words");
    assert!(seen.has(FactKind::HiddenText));
}
