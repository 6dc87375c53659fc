//! The messages of the loads, as files with LF line ends, which is what smtp-source reads.

use std::io::Write as _;

use gatepost_test_e2e::{Random, corpus, mails};

/// A mail of about 5 KB: a real one where this machine has a corpus, else a made one; and which.
#[must_use]
pub fn five_kilobytes() -> (Vec<u8>, &'static str) {
    let real = corpus::real(4000).unwrap_or_default();
    let near = real
        .into_iter()
        .filter(|mail| mail.iter().all(|octet| octet.is_ascii()))
        .min_by_key(|mail| mail.len().abs_diff(5120));
    match near.filter(|mail| mail.len().abs_diff(5120) < 200) {
        Some(mail) => (lines(&mail), "real"),
        None => (lines(&mails::numbered(5, 5120, &mut Random::new(5))), "made"),
    }
}

/// A mail of about 88 KB: a short text and one attachment in base64.
#[must_use]
pub fn with_attachment() -> Vec<u8> {
    let mut random = Random::new(88);
    let octets: Vec<u8> = (0..63_000).map(|_| random.number() as u8).collect();
    let attachment = mails::base64_lines(&octets);
    let mail = format!(
        "From: Ann Sender <ann@sender.test>\r\nTo: Bob <bob@example.test>\r\n\
         Subject: The plans\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n\
         Message-ID: <plans@sender.test>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"cut-here\"\r\n\r\n--cut-here\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\nHello Bob,\r\n\r\nhere they are.\r\n\r\n\
         --cut-here\r\nContent-Type: application/octet-stream; name=\"plans.bin\"\r\n\
         Content-Disposition: attachment; filename=\"plans.bin\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{attachment}\r\n--cut-here--\r\n"
    );
    lines(mail.as_bytes())
}

/// A mail of about 88 KB with a text, a Word document, a PDF and a ZIP archive, each with its own
/// words for each `number`, as a file with LF line ends.
///
/// # Panics
/// When memory cannot be written to.
#[must_use]
pub fn office(number: u64) -> Vec<u8> {
    let mut random = Random::new(number);
    let text = words(&mut random, 21_000);
    let parts = [
        (
            "report.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            document(&mut random),
        ),
        ("terms.pdf", "application/pdf", pdf(&mut random)),
        ("data.zip", "application/zip", archive(&mut random)),
    ];
    let mut mail = format!(
        "From: Ann Sender <ann@sender.test>\r\nTo: Bob <bob@example.test>\r\n\
         Subject: Report {number}\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n\
         Message-ID: <{number}.report@sender.test>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"cut-here\"\r\n\r\n--cut-here\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    );
    for (name, kind, octets) in parts {
        let encoded = mails::base64_lines(&octets);
        mail.push_str(&format!(
            "--cut-here\r\nContent-Type: {kind}; name=\"{name}\"\r\n\
             Content-Disposition: attachment; filename=\"{name}\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n"
        ));
    }
    mail.push_str("--cut-here--\r\n");
    lines(mail.as_bytes())
}

/// Lines of made words, about `octets` long.
fn words(random: &mut Random, octets: usize) -> String {
    const SYLLABLES: [&str; 16] = [
        "ka", "lo", "min", "ter", "va", "ris", "on", "del", "pa", "sen", "tu", "gra", "ne", "sol",
        "bi", "ez",
    ];
    let mut text = String::with_capacity(octets + 80);
    let mut column = 0;
    while text.len() < octets {
        let draw = random.number();
        let before = text.len();
        for place in 0..2 + draw % 3 {
            text.push_str(SYLLABLES[(draw >> (8 + 4 * place)) as usize % SYLLABLES.len()]);
        }
        column += text.len() - before + 1;
        text.push(if column > 70 { '\n' } else { ' ' });
        if column > 70 {
            column = 0;
        }
    }
    text
}

fn noise(random: &mut Random, octets: usize) -> Vec<u8> {
    (0..octets).map(|_| random.number() as u8).collect()
}

fn zipped(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, octets) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(octets).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn document(random: &mut Random) -> Vec<u8> {
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>";
    let paragraphs: String = words(random, 24_000)
        .lines()
        .map(|line| format!("<w:p><w:r><w:t>{line}</w:t></w:r></w:p>"))
        .collect();
    let kinds = format!(
        "{head}<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"png\" ContentType=\"image/png\"/><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>"
    );
    let links = format!(
        "{head}<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/></Relationships>"
    );
    let main = format!(
        "{head}<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{paragraphs}</w:body></w:document>"
    );
    let picture = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &noise(random, 9000)].concat();
    zipped(&[
        ("[Content_Types].xml", kinds.into_bytes()),
        ("_rels/.rels", links.into_bytes()),
        ("word/document.xml", main.into_bytes()),
        ("word/media/image1.png", picture),
    ])
}

fn pdf(random: &mut Random) -> Vec<u8> {
    let mut out = b"%PDF-1.5\n".to_vec();
    let mut places = Vec::new();
    let mut object = |out: &mut Vec<u8>, body: &[u8]| {
        places.push(out.len());
        out.extend_from_slice(format!("{} 0 obj\n", places.len()).as_bytes());
        out.extend_from_slice(body);
        out.extend_from_slice(b"\nendobj\n");
    };
    object(&mut out, b"<< /Type /Catalog /Pages 2 0 R >>");
    object(&mut out, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
    object(&mut out, b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>");
    let shown: String =
        words(random, 24_000).lines().map(|line| format!("({line}) Tj T*\n")).collect();
    for content in [format!("BT /F1 12 Tf\n{shown}ET\n").into_bytes(), noise(random, 8000)] {
        let mut packer =
            flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(&content).unwrap();
        let packed = packer.finish().unwrap();
        let head = format!("<< /Length {} /Filter /FlateDecode >>\nstream\n", packed.len());
        object(&mut out, &[head.as_bytes(), &packed, b"\nendstream"].concat());
    }
    let table = out.len();
    out.extend_from_slice(
        format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).as_bytes(),
    );
    for place in &places {
        out.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
    }
    out.extend_from_slice(
        format!(
            "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n",
            places.len() + 1
        )
        .as_bytes(),
    );
    out
}

fn archive(random: &mut Random) -> Vec<u8> {
    let rows: String = (0..600)
        .map(|row| format!("{row},{},{}\n", random.number() % 100_000, random.number() % 1000))
        .collect();
    zipped(&[("rows.csv", rows.into_bytes()), ("readings.bin", noise(random, 9000))])
}

fn lines(wire: &[u8]) -> Vec<u8> {
    wire.iter().copied().filter(|octet| *octet != b'\r').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_what_they_are_called() {
        assert!(five_kilobytes().0.len().abs_diff(5120) < 400);
        assert!(office(1).len().abs_diff(88_000) < 6000, "{}", office(1).len());
        assert!(with_attachment().len().abs_diff(88_000) < 2500, "{}", with_attachment().len());
    }
}
