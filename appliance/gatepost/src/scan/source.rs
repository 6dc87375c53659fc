//! Where messages come from: files, folders, standard input; and what is done with a file that is
//! no message.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine as _;

use super::ScanArguments;

/// Octets of one message at most.
const MESSAGE_OCTETS: u64 = 256 * 1024 * 1024;
/// Lines from the start in which the header of a message shows itself.
const HEADER_LINES: usize = 100;
/// Octets of base64 in one line (RFC 2045 section 6.8).
const BASE64_LINE: usize = 76;

/// One message to scan.
#[derive(Debug)]
pub struct Source {
    /// As given, for people.
    pub path: String,
    /// The message, or the message made around the file.
    pub octets: Vec<u8>,
    /// The file is no message, so one was made around it.
    pub is_raw: bool,
}

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be read ({error})", path.display())]
pub struct Unread {
    /// As given.
    pub path: PathBuf,
    /// Why.
    pub error: std::io::Error,
}

/// Adds the files of a path; those of folders in the order of their names.
pub fn gather(path: &Path, files: &mut VecDeque<PathBuf>) -> std::io::Result<()> {
    if path.as_os_str() != "-" && std::fs::metadata(path)?.is_dir() {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(path)?
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<_>>()?;
        entries.sort();
        return entries.iter().try_for_each(|entry| gather(entry, files));
    }
    files.push_back(path.to_owned());
    Ok(())
}

/// Reads one.
pub fn read(path: &Path, arguments: &ScanArguments) -> std::io::Result<Source> {
    let octets = content(path)?;
    let named = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("eml"));
    let is_raw = arguments.raw || !(arguments.message || named || looks_like_a_message(&octets));
    let octets = if is_raw { around(&name_of(path), &octets) } else { octets };
    Ok(Source { path: path.display().to_string(), octets, is_raw })
}

/// The messages of a file: itself, or those of a mailbox, in which each begins with a line `From `
/// behind an empty one (RFC 4155).
pub fn messages(path: &Path) -> Vec<Result<Source, Unread>> {
    let unread = |error| Err(Unread { path: path.to_owned(), error });
    let octets = match content(path) {
        Ok(octets) => octets,
        Err(error) => return vec![unread(error)],
    };
    let named = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("eml"));
    let pieces = split_mailbox(&octets);
    let several = pieces.len() > 1;
    let source = |(number, piece): (usize, &[u8])| {
        if !(looks_like_a_message(piece) || named) {
            return unread(std::io::Error::other("it is no message"));
        }
        let number = if several { format!(" message {}", number + 1) } else { String::new() };
        let path = format!("{}{number}", path.display());
        Ok(Source { path, octets: piece.to_vec(), is_raw: false })
    };
    pieces.into_iter().enumerate().map(source).collect()
}

fn split_mailbox(octets: &[u8]) -> Vec<&[u8]> {
    if !octets.starts_with(b"From ") {
        return vec![octets];
    }
    let (mut pieces, mut rest, mut at, mut is_empty) = (Vec::new(), octets, 0_usize, false);
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        if is_empty && line.starts_with(b"From ") {
            let begun = octets.len() - rest.len();
            let (piece, after) = rest.split_at(at - begun);
            pieces.push(piece);
            rest = after;
        }
        at += line.len();
        is_empty = line.trim_ascii().is_empty();
    }
    pieces.push(rest);
    pieces
}

fn content(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(MESSAGE_OCTETS + 1).read_to_end(&mut octets)?
    } else {
        std::fs::File::open(path)?.take(MESSAGE_OCTETS + 1).read_to_end(&mut octets)?
    };
    if read as u64 > MESSAGE_OCTETS {
        return Err(std::io::Error::other("it is larger than 256 MiB"));
    }
    Ok(octets)
}

fn name_of(path: &Path) -> String {
    match path.file_name() {
        Some(name) if path.as_os_str() != "-" => name.to_string_lossy().into_owned(),
        _ => "standard-input".to_owned(),
    }
}

/// Fields of which every real message has one.
const USUAL_FIELDS: [&str; 13] = [
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "received",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "return-path",
    "delivered-to",
    "x-mailer",
];

/// Whether octets begin with a header block: only fields and their folded lines up to the first
/// empty line, one of them a usual one.
fn looks_like_a_message(octets: &[u8]) -> bool {
    let mut usual = false;
    let lines = octets.split(|octet| *octet == b'\n').take(HEADER_LINES);
    for (number, line) in lines.enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match field_name(line) {
            _ if line.is_empty() => return usual,
            Some(name) => usual |= USUAL_FIELDS.contains(&name.as_str()),
            None if number == 0 && line.starts_with(b"From ") => {}
            None if number > 0 && line.starts_with(b" ") || line.starts_with(b"\t") => {}
            // A header block with a line that does not belong there is one all the same, once it
            // has shown itself.
            None => return usual,
        }
    }
    usual
}

/// The name of a header field, lower case (letters, digits and hyphens: what mail programs write).
fn field_name(line: &[u8]) -> Option<String> {
    let name = line.split(|octet| *octet == b':').next().filter(|name| name.len() < line.len())?;
    let plain = |octet: &u8| octet.is_ascii_alphanumeric() || *octet == b'-';
    let is_name = !name.is_empty() && name.iter().all(plain);
    is_name.then(|| String::from_utf8_lossy(name).to_ascii_lowercase())
}

/// A message with the file as its one attachment.
fn around(name: &str, octets: &[u8]) -> Vec<u8> {
    let mut spelt = String::new();
    for octet in name.bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => {
                spelt.push(char::from(octet));
            }
            // Writing to a String cannot fail.
            _ => drop(write!(spelt, "%{octet:02X}")),
        }
    }
    let mut message = format!(
        "MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n\
         Content-Disposition: attachment; filename*=UTF-8''{spelt}\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n"
    )
    .into_bytes();
    let encoded = base64::engine::general_purpose::STANDARD.encode(octets);
    for line in encoded.as_bytes().chunks(BASE64_LINE) {
        message.extend_from_slice(line);
        message.extend_from_slice(b"\r\n");
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_from_files() {
        for message in [
            "From: a@b.test\r\n\r\nx",
            "X-Odd: y\nSubject: z\n\nx",
            "From somebody Sat Nov 21\nReceived: by x\n\twith y\n\nx",
            "Subject: only a header",
            "To: x\r\nthis line is damaged\r\n\r\n",
        ] {
            assert!(looks_like_a_message(message.as_bytes()), "{message:?}");
        }
        for file in [
            "PK\u{3}\u{4}zip",
            "%PDF-1.7\n",
            "{\"subject\": 1}\n",
            "",
            "\n\nSubject: too late",
            "http://example.test/\n",
            "#!/bin/sh\nSubject: no\n\n",
            "MZ\u{90}",
        ] {
            assert!(!looks_like_a_message(file.as_bytes()), "{file:?}");
        }
    }

    #[test]
    fn a_mailbox_is_split_where_messages_begin_and_a_message_is_not() {
        let one = "From a@b.test Sat Nov 21\nSubject: x\n\nText\nFrom here on\n\n";
        let two = "From c@d.test Sat Nov 21\r\nSubject: y\r\n\r\nText\r\n\r\n";
        let whole = format!("{one}{two}{one}");
        let pieces = split_mailbox(whole.as_bytes());
        assert_eq!(pieces, [one.as_bytes(), two.as_bytes(), one.as_bytes()]);
        let message = "Subject: x\n\n\nFrom here on\n";
        assert_eq!(split_mailbox(message.as_bytes()), [message.as_bytes()]);
        assert_eq!(split_mailbox(b""), [b""]);
    }

    #[test]
    fn a_file_becomes_the_one_attachment_under_its_own_name() {
        let message = around("R\u{fc}ck \"x\".exe", b"MZ");
        let text = String::from_utf8(message).unwrap();
        assert!(text.contains("filename*=UTF-8''R%C3%BCck%20%22x%22.exe\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\nTVo=\r\n"));
        assert!(looks_like_a_message(text.as_bytes()));
    }
}
