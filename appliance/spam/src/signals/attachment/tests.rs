use super::*;
use crate::made;

const HEAD: &str = "From: x@example.org\r\nTo: john.doe@example.com\r\nMIME-Version: 1.0\r\n";

/// A mail with text and one attachment.
fn mail(text: &str, mime: &str, name: &str, content: &str) -> String {
    format!(
        "{HEAD}Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain\r\n\r\n{text}\r\n\
         --a\r\nContent-Type: {mime}\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\n{content}\r\n--a--\r\n"
    )
}

fn said(raw: &str, name: &str) -> f32 {
    made::strength(&made::said_by(look, raw), name)
}

const TEXT: &str =
    "Dear Mr Doe, please find the minutes of our meeting attached. Best regards, Ann";

/// Each hostile attachment with its honest twin.
#[test]
fn hostile_attachments_are_said_and_their_honest_twins_are_not() {
    for (name, hostile, honest) in [
        ("page-attached", ("text/html", "a.htm", "<p>x</p>"), ("text/plain", "a.txt", "x")),
        (
            "attached-page-asks",
            ("text/html", "a.html", "<form><input type=\"password\"></form>"),
            ("text/html", "a.html", "<p>Minutes</p>"),
        ),
        (
            "attached-page-with-script",
            (
                "application/octet-stream",
                "a.shtml",
                "<script>document.write(atob('PGI+'))</script>",
            ),
            ("text/html", "a.html", "<p>Minutes</p>"),
        ),
        (
            "attached-page-with-script",
            ("image/svg+xml", "a.svg", "<svg onload=\"window.location='http://a.example'\"></svg>"),
            ("image/svg+xml", "logo.svg", "<svg><path d='M0'/></svg>"),
        ),
        (
            "attached-page-lure",
            ("text/html", "VoiceMail_0045.html", "<p>x</p>"),
            ("text/html", "minutes.html", "<p>x</p>"),
        ),
        ("attachment-runs", ("application/x", "a.js", "x"), ("application/x", "a.json", "x")),
        (
            "attachment-double-extension",
            ("application/x", "Invoice.pdf.html", "x"),
            ("application/pdf", "v1.2.pdf", "x"),
        ),
        ("disk-image-attached", ("application/x", "a.iso", "x"), ("application/zip", "a.zip", "x")),
        (
            "attachment-name-disguised",
            ("application/x", "=?utf-8?Q?a=E2=80=AEfdp.exe?=", "x"),
            ("application/x", "=?utf-8?Q?J=C3=B6rg.pdf?=", "x"),
        ),
        (
            "recipient-in-attachment-name",
            ("application/pdf", "john.doe@example.com.pdf", "x"),
            ("application/pdf", "Doe.pdf", "x"),
        ),
        ("attachment-odd-declaration", ("audio/wav", "a.html", "x"), ("audio/wav", "a.wav", "x")),
    ] {
        let raw = |(mime, file, content): (&str, &str, &str)| mail(TEXT, mime, file, content);
        assert!(said(&raw(hostile), name) > 0.3, "{name}: {hostile:?}");
        assert!(said(&raw(honest), name) < 0.01, "{name}: {honest:?}");
    }
}

#[test]
fn an_attachment_without_words_is_said() {
    assert!(said(&mail("", "application/pdf", "a.pdf", "x"), "attachment-without-words") > 0.9);
    assert!(said(&mail(TEXT, "application/pdf", "a.pdf", "x"), "attachment-without-words") < 0.01);
}

fn with_leaf(text: &str, leaf: Leaf, name: &str) -> f32 {
    let raw = mail(text, "application/zip", "a.zip", "x");
    made::sighted_with(raw.as_bytes(), &[leaf], crate::Around::default(), |sight| {
        let mut say = Say::default();
        look(sight, &mut say);
        made::strength(&say.into_list(), name)
    })
}

fn leaf(name: &str, depth: u8, properties: Properties) -> Leaf {
    Leaf {
        path: format!("2/a.zip/{name}"),
        name: name.into(),
        depth,
        properties,
        ..Leaf::default()
    }
}

#[test]
fn what_archives_hold_is_seen() {
    let none = Properties::default();
    assert!(with_leaf(TEXT, leaf("a.vbs", 1, none), "archive-with-what-runs") > 0.9);
    assert!(with_leaf(TEXT, leaf("a.pdf", 1, none), "archive-with-what-runs") < 0.01);
    assert!(with_leaf(TEXT, leaf("a.xlsm", 0, Properties::AUTO_MACRO), "macro-attached") > 0.9);
}

#[test]
fn a_lock_with_its_key_beside_it_is_said() {
    let name = "locked-attachment-with-password";
    let lock = || leaf("a.zip", 0, Properties::ENCRYPTED);
    assert!(with_leaf("See the file. Password: 4411", lock(), name) > 0.9);
    assert!(with_leaf("I will call you with the key", lock(), name) < 0.01);
}

fn invitation(organizer: &str) -> String {
    format!(
        "From: ann@example.org\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n\
         ORGANIZER;CN=Ann:mailto:{organizer}\r\nDTSTART:20240513T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

#[test]
fn invitations_are_of_their_sender_or_of_strangers() {
    assert!(said(&invitation("ann@example.org"), "calendar-invitation") > 0.9);
    assert!(said(&invitation("x@example.net"), "calendar-invitation") < 0.01);
    assert!(said(&invitation("x@example.net"), "strange-calendar-entry") > 0.9);
}
