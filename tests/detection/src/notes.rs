//! Short hand-made mail in a compact form (`tests/cases/notes`): what is said, by whom and by which
//! way, without a header's detail. Made into messages here, all by the same program, so that nothing
//! but what they say tells them apart.

use std::fmt::Write;

use anyhow::{Context, Result, bail};

use crate::corpus::{Class, Message, project};

/// All notes in order of their files.
///
/// # Errors
/// When a file cannot be read or is not in the form.
pub fn notes() -> Result<Vec<Message>> {
    let folder = project().join("tests/cases/notes");
    let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "txt"));
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        all.extend(read(&name, &text)?);
    }
    Ok(all)
}

/// The notes of one file.
fn read(file: &str, text: &str) -> Result<Vec<Message>> {
    let blocks = text.split("\n== ").map(|block| block.trim_start_matches("== "));
    let blocks = blocks.filter(|block| !block.trim().is_empty());
    let message = |(number, block): (usize, &str)| {
        let name = format!("notes/{file}#{}", number + 1);
        let note = Note::read(block).with_context(|| name.clone())?;
        Ok(Message { class: note.class, raw: note.message(&name), name })
    };
    blocks.enumerate().map(message).collect()
}

struct Note<'t> {
    class: Class,
    fields: Vec<(&'t str, &'t str)>,
    body: &'t str,
}

impl<'t> Note<'t> {
    fn read(block: &'t str) -> Result<Self> {
        let (first, rest) = block.split_once('\n').context("no line of fields")?;
        let word = first.split_whitespace().next().unwrap_or_default();
        let class = Class::ALL.into_iter().find(|class| class.word() == word);
        let class = class.with_context(|| format!("no class {word:?}"))?;
        let (head, body) = rest.split_once("\n\n").context("no empty line after the fields")?;
        let field = |line: &'t str| line.split_once(':').map(|(name, value)| (name, value.trim()));
        let fields: Vec<_> = head.lines().filter_map(field).collect();
        let note = Note { class, fields, body: body.trim() };
        if note.field("From").is_none() || note.body.is_empty() {
            bail!("no From, or no body");
        }
        Ok(note)
    }

    fn field(&self, name: &str) -> Option<&'t str> {
        self.fields.iter().find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    fn message(&self, name: &str) -> Vec<u8> {
        let number = name.bytes().fold(7_u32, |sum, one| sum.wrapping_mul(31) + u32::from(one));
        let host = self.field("From").map(host).unwrap_or_default();
        let day = number % 28 + 1;
        let (hour, minute) = (number / 28 % 24, number / 700 % 60);
        let mut text = format!("Date: {day} Mar 2025 {hour:02}:{minute:02}:07 +0000\r\n");
        for field in ["From", "Reply-To", "To", "Subject"] {
            if let Some(value) = self.field(field).filter(|value| !value.is_empty()) {
                let _ = write!(text, "{field}: {}\r\n", encoded(field, value));
            }
        }
        let _ = write!(text, "Message-ID: <{number:08x}.{day}{minute}@{host}>\r\n");
        text.push_str("MIME-Version: 1.0\r\n");
        let is_html = self.field("Html").is_some_and(|value| value.starts_with('y'));
        let (kind, body) =
            if is_html { ("html", page(self.body)) } else { ("plain", self.body.to_owned()) };
        let body = body.replace('\n', "\r\n");
        let _ = write!(
            text,
            "Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n"
        );
        text.into_bytes()
    }
}

/// The host of the Message-ID of mail from an address.
fn host(from: &str) -> String {
    let domain = from.rsplit_once('@').map_or("example.net", |(_, domain)| domain);
    let domain = domain.trim_end_matches(['>', ' ', '"']).to_lowercase();
    match domain.as_str() {
        "gmail.com" => "mail.gmail.com".to_owned(),
        "outlook.com" | "hotmail.com" | "live.com" => "am9pr01mb1.eurprd01.prod.outlook.com".into(),
        "yahoo.com" => "mail.yahoo.com".to_owned(),
        _ => domain,
    }
}

/// A value with its text as encoded words (RFC 2047) where it is not ASCII.
fn encoded(field: &str, value: &str) -> String {
    if value.is_ascii() {
        return value.to_owned();
    }
    let word = |text: &str| {
        let octets = text.bytes().fold(String::new(), |mut all, octet| {
            let _ = write!(all, "={octet:02X}");
            all
        });
        format!("=?utf-8?Q?{octets}?=")
    };
    if field == "Subject" {
        return word(value);
    }
    let (name, address) = value.rsplit_once('<').unwrap_or((value, ""));
    let name = name.trim().trim_matches('"');
    if address.is_empty() { name.to_owned() } else { format!("{} <{address}", word(name)) }
}

/// A body as a page: paragraphs, and links as `[words](target)`.
fn page(body: &str) -> String {
    let mut page = String::from("<html><body>\n");
    for paragraph in body.split("\n\n") {
        let mut rest = paragraph;
        page.push_str("<p>");
        while let Some((before, words, target, after)) = next_link(rest) {
            let _ = write!(page, "{}<a href=\"{target}\">{}</a>", escaped(before), escaped(words));
            rest = after;
        }
        let _ = writeln!(page, "{}</p>", escaped(rest).replace('\n', "<br>\n"));
    }
    page + "</body></html>\n"
}

fn next_link(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (head, rest) = text.split_once("](")?;
    let (target, after) = rest.split_once(')')?;
    let (before, words) = head.rsplit_once('[')?;
    Some((before, words, target, after))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "== phishing de\nFrom: \"J\u{f6}rg\" <a@gmail.com>\nTo: b@example.org\nSubject: \
                       Gr\u{fc}n\nHtml: yes\n\nBitte [hier](https://a.example/x) <klicken>.\n\n== legit \
                       en\nFrom: a@b.example\nTo: b@example.org\nSubject: hi\n\nIt is\nhere.\n";

    #[test]
    fn notes_become_messages_that_can_be_read() {
        let all = read("x-01", TWO).unwrap();
        assert_eq!((all.len(), all[0].class, all[1].class), (2, Class::Phishing, Class::Legit));
        let mail = message::read(&all[0].raw);
        assert_eq!(mail.subject, "Gr\u{fc}n");
        let text = String::from_utf8_lossy(&all[0].raw).into_owned();
        assert!(
            text.contains("<a href=\"https://a.example/x\">hier</a> &lt;klicken&gt;"),
            "{text}"
        );
        assert!(text.contains("@mail.gmail.com>"));
        assert!(all[1].raw.ends_with(b"\r\n\r\nIt is\r\nhere.\r\n"));
    }

    #[test]
    fn a_file_out_of_form_says_what_is_wrong() {
        for text in ["== what en\nFrom: a\n\nb", "== legit en\nTo: a\n\nb", "== legit en\nFrom: a"]
        {
            assert!(read("x", text).is_err(), "{text}");
        }
    }
}
