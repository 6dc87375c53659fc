//! The messages of the loads, as files with LF line ends, which is what smtp-source reads.

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

fn lines(wire: &[u8]) -> Vec<u8> {
    wire.iter().copied().filter(|octet| *octet != b'\r').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_what_they_are_called() {
        assert!(five_kilobytes().0.len().abs_diff(5120) < 400);
        assert!(with_attachment().len().abs_diff(88_000) < 2500, "{}", with_attachment().len());
    }
}
