//! Documents of every format: the walk ends within its budget whatever stands behind a true head.

use gatepost_test_bombs::DOCUMENTS;

use super::archives::open;

/// Documents whose names begin so.
fn seeds_of(formats: &[&str]) -> Vec<Vec<u8>> {
    let is_one = |name: &str| formats.contains(&name.split('-').next().unwrap_or_default());
    let documents = DOCUMENTS.iter().filter(|one| is_one(one.name));
    documents
        .map(|one| (one.make)("letter.txt", b"A letter, a letter, a letter, long enough to count."))
        .collect()
}

macro_rules! documents {
    ($($name:ident: $head:expr, $($format:literal)+;)*) => {
        $(
            /// One format, and what is made of it.
            pub mod $name {
                const HEAD: &[u8] = $head;

                /// Opens the input, under the head of the format.
                pub fn target(octets: &[u8]) {
                    super::open(octets);
                    if !octets.starts_with(HEAD) {
                        super::open(&[HEAD, octets].concat());
                    }
                }

                /// Documents of the format.
                #[must_use]
                pub fn seeds() -> Vec<Vec<u8>> {
                    super::seeds_of(&[$($format),+])
                }
            }
        )*
    };
}

documents! {
    document_ole: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole" "doc" "msg" "mso";
    document_rtf: b"{\\rtf1 ", "rtf";
    document_pdf: b"%PDF-1.7\n", "pdf";
    document_tnef: b"\x78\x9f\x3e\x22", "tnef";
    document_html: b"<html>", "html" "svg";
    document_xml: b"<?mso-application?>", "xml" "docx";
    document_notebook: b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", "one";
    document_shortcut: b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46", "lnk";
}
