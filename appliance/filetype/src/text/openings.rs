//! Texts that their first words tell: magic words, shebangs, messages, encodings.

use super::Sheet;
use crate::kind::FileType;
use crate::kinds::*;
use crate::reach::contains;

/// First words in lower case.
const OPENINGS: &[(&[u8], FileType)] = &[
    (b"begin:vcalendar", ICS),
    (b"begin:vcard", VCF),
    (b"windows registry editor version", REG),
    (b"regedit4", REG),
    (b"[internetshortcut", URL_SHORTCUT),
    (b"[{000214a0-0000-0000-c000-000000000046}]", URL_SHORTCUT),
    (b"[shell]", SCF),
    (b"[desktop entry]", DESKTOP_ENTRY),
    (b"[playlist]", PLS),
    (b"[version]", INF),
    (b"[wfclient]", ICA),
    (b"[encoding]\n[wfclient]", ICA),
    (b"[theme]", THEME),
    (b"[autorun]", INF),
    (b"screen mode id:i:", RDP),
    (b"full address:s:", RDP),
    (b"web\n1\n", IQY),
    (b"id;p", SLK),
    (b"#extm3u", M3U),
    (b"webvtt", WEBVTT),
    (b"-----begin pgp ", PGP_ARMOURED),
    (b"-----begin openssh private", SSH_KEY),
    (b"-----begin age encrypted", AGE),
    (b"-----begin ", PEM),
    (b"bag attributes", PEM),
    (b"putty-user-key-file-", SSH_KEY),
    (b"ssh-rsa aaaa", SSH_KEY),
    (b"ssh-ed25519 aaaa", SSH_KEY),
    (b"ecdsa-sha2-nistp256 aaaa", SSH_KEY),
    (b"%!ps", POSTSCRIPT),
    (b"%pdf-", PDF),
    (b"solid ", STL),
    (b"dn: ", LDIF),
    (b"version: 1\ndn: ", LDIF),
    (b"/* xpm */", XPM),
    (b"@article{", BIBTEX),
    (b"@book{", BIBTEX),
    (b"@inproceedings{", BIBTEX),
    (b"@misc{", BIBTEX),
    (b"diff --git ", DIFF),
    (b"index: ", DIFF),
    (b"<<<oobj>>>", TEXT),
    (b"msgid \"\"", PO),
    (b"0\nsection\n", DXF),
    (b"999\n", DXF),
    (b"# this is a shell archive", SHAR),
    (b"%yaml", YAML),
    (b"---\n", YAML),
    (b"p1\n", PNM),
    (b"p2\n", PNM),
    (b"p3\n", PNM),
    (b"p4\n", PNM),
    (b"p5\n", PNM),
    (b"p6\n", PNM),
    (b"p7\n", PNM),
    (b"p1 ", PNM),
    (b"p2 ", PNM),
    (b"p3 ", PNM),
    (b"p5 ", PNM),
    (b"p6 ", PNM),
    (b"p4 ", PNM),
    (b"; autoit", AUTOIT),
    (b"#autoit3wrapper", AUTOIT),
    (b"x5o!p%@ap", COM),
];

/// Interpreters of `#!` lines.
const INTERPRETERS: &[(&[u8], FileType)] = &[
    (b"python", PYTHON),
    (b"perl", PERL),
    (b"php", PHP),
    (b"ruby", RUBY),
    (b"lua", LUA),
    (b"tclsh", TCL),
    (b"wish", TCL),
    (b"expect", TCL),
    (b"awk", AWK),
    (b"node", NODE_SCRIPT),
    (b"osascript", APPLESCRIPT),
    (b"pwsh", PS1),
    (b"make", MAKEFILE),
    (b"sh", SH),
];

/// The kind that the opening of a text tells.
pub(super) fn kind(sheet: &Sheet) -> Option<FileType> {
    let start = sheet.start();
    if start.starts_with(b"#!") {
        return Some(shebang(start));
    }
    if start.starts_with(b"{\\rt") {
        return Some(RTF);
    }
    let opening = OPENINGS.iter().find(|(words, _)| start.starts_with(words));
    match opening {
        Some((_, STL)) if !contains(start, b"facet normal") => None,
        Some((_, YAML)) if contains(start, b"\n+++ ") => Some(DIFF),
        Some((_, PNM)) => pixmap(start).then_some(PNM),
        Some((_, DIFF)) if !contains(start, b"\n--- ") => None,
        Some((_, kind)) => Some(*kind),
        None => message(sheet).or_else(|| opened_later(sheet)),
    }
}

fn shebang(start: &[u8]) -> FileType {
    let line = start.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let known = INTERPRETERS.iter().find(|(name, _)| contains(line, name));
    match known {
        Some((_, SH)) if contains(start, b"shell archive") => SHAR,
        Some((_, kind)) => *kind,
        None => SH,
    }
}

/// After its number a pixmap has its size, or a comment.
fn pixmap(start: &[u8]) -> bool {
    matches!(start.get(3), Some(b'0'..=b'9' | b'#' | b'w'))
}

/// Kinds whose mark may stand at the start of any line.
const LATER: &[(&[u8], FileType)] = &[
    (b"[internetshortcut]", URL_SHORTCUT),
    (b"[desktop entry]", DESKTOP_ENTRY),
    (b"[autorun]", INF),
    (b"signature=\"$windows nt$\"", INF),
    (b"signature=\"$chicago$\"", INF),
    (b"full address:s:", RDP),
    (b"(this file must be converted with binhex", BINHEX),
    (b"begin:vcard", VCF),
    (b"-----begin pgp ", PGP_ARMOURED),
    (b"-----begin certificate", PEM),
    (b"/* xpm */", XPM),
    (b"msgid \"\"\n", PO),
];

fn opened_later(sheet: &Sheet) -> Option<FileType> {
    let start = sheet.start();
    let mut starts = memchr::memchr_iter(b'\n', &sheet.lower);
    let later = starts.find_map(|at| {
        let line = sheet.lower.get(at + 1..)?;
        LATER.iter().find(|(words, _)| line.starts_with(words)).map(|(_, kind)| *kind)
    });
    if later.is_some() {
        return later;
    }
    if start.starts_with(b"#define ") && contains(start, b"_bits[] = {") {
        return Some(XBM);
    }
    let is_vpn = start.starts_with(b"client\n") || contains(start, b"\ndev tun");
    (is_vpn && contains(start, b"\nremote ")).then_some(OPENVPN)
}

/// Files inside text: uuencode and yEnc may stand after any other text.
pub(super) fn encoded(sheet: &Sheet) -> Option<FileType> {
    let lower = &sheet.lower;
    if memchr::memmem::find_iter(lower, b"\nbegin ").any(|at| is_uuencode(lower, at + 7)) {
        return Some(UUENCODE);
    }
    if contains(lower, b"\nbegin-base64 ") {
        return Some(UUENCODE);
    }
    let yenc = contains(lower, b"\n=ybegin ") && contains(lower, b" name=");
    yenc.then_some(YENC)
}

/// `begin`, three or four octal digits, a name, and a line whose length its first octet tells.
fn is_uuencode(lower: &[u8], at: usize) -> bool {
    let mut lines = lower.get(at..).unwrap_or_default().splitn(3, |octet| *octet == b'\n');
    let (Some(first), Some(second)) = (lines.next(), lines.next()) else { return false };
    let digits = first.iter().take_while(|octet| (b'0'..=b'7').contains(octet)).count();
    let named = first.get(digits) == Some(&b' ');
    // Lower case has no place in uuencode, so the length is taken from the octet as it was.
    let length = second
        .first()
        .map_or(0, |octet| usize::from(octet.to_ascii_uppercase().saturating_sub(32) & 63));
    let wanted = length.div_ceil(3) * 4;
    (3..=4).contains(&digits) && named && (length == 0 || second.len() >= wanted.min(61))
}

/// Fields that hardly any other text begins with.
const FIELDS: &[&[u8]] = &[
    b"received",
    b"return-path",
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"mime-version",
    b"content-type",
    b"content-transfer-encoding",
    b"delivered-to",
    b"dkim-signature",
    b"reply-to",
    b"sender",
    b"cc",
    b"x-mailer",
    b"x-originating-ip",
    b"authentication-results",
    b"arc-seal",
    b"x-unsent",
    b"thread-topic",
    b"envelope-to",
    b"user-agent",
    b"list-id",
    b"newsgroups",
    b"path",
];

/// A message, a mailbox of them, or a web archive in the form of one.
fn message(sheet: &Sheet) -> Option<FileType> {
    let start = sheet.start();
    let mut lines = start.split(|octet| *octet == b'\n');
    if start.starts_with(b"from ") {
        let postmark = lines
            .next()
            .is_some_and(|line| line.iter().filter(|octet| **octet == b':').count() >= 2);
        return (postmark && is_header(lines)).then_some(MBOX);
    }
    let digits = start.iter().take_while(|octet| octet.is_ascii_digit()).count();
    if digits > 0
        && start.get(digits..).is_some_and(|rest| rest.trim_ascii_start().len() < rest.len())
    {
        lines.next();
        return is_header(lines).then_some(EMLX);
    }
    if !is_header(lines) {
        return None;
    }
    let page = contains(start, b"multipart/related") && !contains(start, b"\nreceived:");
    let located = contains(start, b"content-location:") || contains(start, b"single file web page");
    Some(if page && located { OFFICE_MHTML } else { EML })
}

/// Two known fields before the first line that is no field.
fn is_header<'a>(lines: impl Iterator<Item = &'a [u8]>) -> bool {
    let mut known = 0;
    for line in lines.take(60) {
        if line.first().is_some_and(|octet| matches!(octet, b' ' | b'\t')) {
            continue;
        }
        let Some(colon) = memchr::memchr(b':', line) else { break };
        let name = line.get(..colon).unwrap_or_default().trim_ascii_end();
        if name.is_empty() || !name.iter().all(|octet| matches!(octet, 33..=57 | 59..=126)) {
            break;
        }
        known += usize::from(FIELDS.contains(&name));
    }
    known >= 2
}
