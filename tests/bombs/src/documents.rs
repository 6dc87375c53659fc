//! Documents with a payload inside, and documents that are bombs.

use std::io::{Cursor, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::{Bomb, Container};

const fn open(name: &'static str, make: fn(&str, &[u8]) -> Vec<u8>) -> Container {
    Container { name, make, is_encrypted: false }
}

/// All documents that can carry a payload.
pub const DOCUMENTS: &[Container] = &[
    open("ole-small-stream", |_, data| ole(&[("/data", data)])),
    open("ole-large-stream", |_, data| ole(&[("/data", &[data, &[b' '; 9000]].concat())])),
    open("ole-package", |name, data| ole(&[("/\u{1}Ole10Native", &native(name, data))])),
    open("doc-text", |_, data| word(data)),
    open("doc-macro", |_, data| ole_with_macro(data)),
    open("msg-attachment", message),
    open("docx-embedded", docx),
    open("xml-flat", |_, data| flat_xml(data)),
    open("rtf-object", |_, data| rtf(&hex(&ole1("x", data)))),
    open("rtf-package", |name, data| rtf(&hex(&ole1("Package", &native(name, data)[4..])))),
    open("rtf-split-digits", |_, data| rtf(&split(&hex(&ole1("x", data))))),
    open("rtf-bin", rtf_bin),
    open("pdf-embedded", |name, data| {
        pdf(&[embedded(name, data, "/FlateDecode", &zlib(data))].concat())
    }),
    open("pdf-filter-chain", pdf_chain),
    open("pdf-object-stream", |_, data| pdf_object_stream(data)),
    open("pdf-without-table", |name, data| {
        [
            b"%PDF-1.4\n".to_vec(),
            embedded(name, data, "/FlateDecode", &zlib(data)),
            b"%%EOF".to_vec(),
        ]
        .concat()
    }),
    open("pdf-text", |_, data| pdf_text(data)),
    open("tnef-attachment", tnef),
    open("html-data-address", |_, data| {
        html(&format!(
            "<a download=x href='data:application/zip;base64,{}'>x</a>",
            STANDARD.encode(data)
        ))
    }),
    open("html-script", |_, data| {
        html(&format!("<script>var a=atob(\"{}\");new Blob([a])</script>", STANDARD.encode(data)))
    }),
    open("html-pieces", |_, data| {
        let text = STANDARD.encode(data);
        let pieces: Vec<String> = text
            .as_bytes()
            .chunks(70)
            .map(|one| format!("'{}'", String::from_utf8_lossy(one)))
            .collect();
        html(&format!("<script>x={}</script>", pieces.join(" + ")))
    }),
    open("html-numbers", |_, data| {
        let numbers: Vec<String> = data.iter().map(u8::to_string).collect();
        html(&format!("<script>new Uint8Array([{}])</script>", numbers.join(",")))
    }),
    open("html-utf16", |_, data| {
        let text =
            format!("<html><a href=\"data:application/x;base64,{}\">", STANDARD.encode(data));
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }),
    open("svg-script", |_, data| {
        format!(
            "<svg xmlns='http://www.w3.org/2000/svg'><script>x='{}'</script></svg>",
            STANDARD.encode(data)
        )
        .into_bytes()
    }),
    open("one-file", |_, data| notebook(data)),
    open("lnk-appended", |_, data| shortcut(data)),
    open("mso-active-mime", |_, data| {
        [b"ActiveMime".to_vec(), vec![0; 40], zlib(&ole(&[("/data", data)]))].concat()
    }),
];

/// Documents that hold, or say they hold, far too much.
pub const DOCUMENT_BOMBS: &[Bomb] = &[
    Bomb {
        name: "pdf-flate-of-zeros",
        make: || pdf(&object(1, "/Filter /FlateDecode", &zlib(&vec![0; 64 * MIB]))),
    },
    Bomb {
        name: "pdf-flate-twice",
        make: || {
            pdf(&object(1, "/Filter [/FlateDecode /FlateDecode]", &zlib(&zlib(&vec![0; 64 * MIB]))))
        },
    },
    Bomb {
        name: "pdf-1000-filters",
        make: || pdf(&object(1, &format!("/Filter [{}]", "/ASCIIHexDecode ".repeat(1000)), b"00")),
    },
    Bomb {
        name: "pdf-run-length",
        make: || pdf(&object(1, "/Filter /RunLengthDecode", &[0x81, 0].repeat(4 * MIB))),
    },
    Bomb {
        name: "pdf-many-flate-streams",
        make: || {
            let zeros = zlib(&vec![0; 4 * MIB]);
            pdf(&(1..200)
                .flat_map(|number| object(number, "/Filter /FlateDecode", &zeros))
                .collect::<Vec<u8>>())
        },
    },
    Bomb {
        name: "pdf-nested-arrays",
        make: || pdf(&[b"1 0 obj".to_vec(), vec![b'['; 8 * MIB]].concat()),
    },
    Bomb {
        name: "pdf-nested-dictionaries",
        make: || pdf(&[b"1 0 obj".to_vec(), b"<</A".repeat(MIB)].concat()),
    },
    Bomb { name: "pdf-objects-inside-one-another", make: || pdf(&b"1 0 obj [".repeat(MIB / 4)) },
    Bomb {
        name: "pdf-streams-inside-one-another",
        make: || pdf(&b"1 0 obj <<>> stream\n".repeat(MIB / 4)),
    },
    Bomb { name: "pdf-open-strings", make: || pdf(&b"1 0 obj (".repeat(MIB / 8)) },
    Bomb { name: "pdf-250000-objects", make: || pdf(&b"1 0 obj 0 endobj\n".repeat(MIB / 4)) },
    Bomb {
        name: "pdf-references-in-a-ring",
        make: || {
            pdf(b"1 0 obj 2 0 R endobj 2 0 obj 1 0 R endobj 3 0 obj <</Type/Page/Contents 1 0 R/Parent 3 0 R/OpenAction 1 0 R>> endobj")
        },
    },
    Bomb {
        name: "pdf-object-stream-of-itself",
        make: || pdf(&object(1, "/Type /ObjStm /N 4000000000 /First 0", &b"1 0 ".repeat(MIB))),
    },
    Bomb {
        name: "pdf-character-table",
        make: || {
            let table = b"begincmap <00000000> <ffffffff> <0041> endbfrange ".repeat(10_000);
            pdf(&[
                object(2, "", &table),
                b"3 0 obj <</Type/Page/Resources<</Font<</F<</ToUnicode 2 0 R>> >> >> >> endobj"
                    .to_vec(),
            ]
            .concat())
        },
    },
    Bomb { name: "rtf-a-million-groups", make: || [b"{\\rtf1".to_vec(), vec![b'{'; MIB]].concat() },
    Bomb {
        name: "rtf-10000-objects",
        make: || {
            [
                b"{\\rtf1".to_vec(),
                format!("{{\\*\\objdata {}}}", "00".repeat(64)).repeat(10_000).into_bytes(),
            ]
            .concat()
        },
    },
    Bomb {
        name: "rtf-in-rtf",
        make: || (0..12).fold(b"{\\rtf1 end}".to_vec(), |inner, _| rtf(&hex(&ole1("x", &inner)))),
    },
    Bomb {
        name: "rtf-bin-of-4-gib",
        make: || b"{\\rtf1{\\*\\objdata\\bin4294967295 }}".repeat(100_000),
    },
    Bomb {
        name: "rtf-fields",
        make: || [b"{\\rtf1".to_vec(), b"{\\field{\\*\\fldinst DDE a".repeat(50_000)].concat(),
    },
    Bomb { name: "ole-table-ring", make: || ole_ring(0) },
    Bomb { name: "ole-directory-ring", make: || ole_ring(1) },
    Bomb { name: "ole-streams-that-share-a-chain", make: ole_shared },
    Bomb { name: "ole-16000-empty-entries", make: ole_entries },
    Bomb {
        name: "ole-in-ole",
        make: || (0..40).fold(b"end".to_vec(), |inner, _| ole(&[("/data", &inner)])),
    },
    Bomb {
        name: "vba-copies",
        make: || ole(&[("/VBA/dir", &vba_copies()), ("/VBA/m", &vba_copies())]),
    },
    Bomb {
        name: "xml-entities",
        make: || {
            let mut xml = "<?mso-application?><!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\">".to_owned();
            for level in 0..30 {
                xml.push_str(&format!("<!ENTITY a{level} \"{}\">", "&a;".repeat(10)));
            }
            xml.push_str("]><w:t>&a29;</w:t>");
            xml.into_bytes()
        },
    },
    Bomb {
        name: "xml-depth",
        make: || [b"<?mso-application?>".to_vec(), b"<a>".repeat(MIB / 4)].concat(),
    },
    Bomb {
        name: "xml-attributes",
        make: || [b"<?mso-application?><a ".to_vec(), b"b='c' ".repeat(MIB / 4)].concat(),
    },
    Bomb { name: "html-depth", make: || b"<div>".repeat(MIB / 4) },
    Bomb {
        name: "html-attributes",
        make: || [b"<html><a ".to_vec(), b"href=a ".repeat(MIB / 8)].concat(),
    },
    Bomb {
        name: "html-open-quotes",
        make: || [b"<html>".to_vec(), b"<a href=\"".repeat(MIB / 4)].concat(),
    },
    Bomb {
        name: "html-open-comments",
        make: || [b"<html>".to_vec(), b"<!--[if".repeat(MIB / 2)].concat(),
    },
    Bomb {
        name: "html-open-scripts",
        make: || [b"<html>".to_vec(), b"<script>".repeat(MIB / 4)].concat(),
    },
    Bomb {
        name: "html-50000-links",
        make: || {
            (0..50_000).fold(b"<html>".to_vec(), |mut html, number| {
                html.extend(format!("<a href=http://x/{number}>").into_bytes());
                html
            })
        },
    },
    Bomb {
        name: "html-in-html",
        make: || {
            (0..24).fold(b"<html>end".to_vec(), |inner, _| {
                html(&format!("<a href='data:text/html;base64,{}'>", STANDARD.encode(inner)))
            })
        },
    },
    Bomb {
        name: "html-many-files",
        make: || {
            let one = format!("<a href='data:application/x;base64,{}'>", "A".repeat(80));
            html(&one.repeat(20_000))
        },
    },
    Bomb {
        name: "tnef-properties",
        make: || {
            let list =
                [vec![0xff; 4], vec![3, 0x10, 1, 0], vec![0xff; 4], vec![0; 8 * MIB]].concat();
            [vec![0x78, 0x9f, 0x3e, 0x22, 1, 0], attribute(0x0006_9003, &list)].concat()
        },
    },
    Bomb {
        name: "tnef-in-tnef",
        make: || (0..5000).fold(b"end".to_vec(), |inner, _| tnef("a.dat", &inner)),
    },
    Bomb { name: "one-files", make: || notebook(b"x").repeat(10_000) },
    Bomb {
        name: "pdf-in-pdf",
        make: || (0..2000).fold(b"end".to_vec(), |inner, _| pdf(&object(1, "", &inner))),
    },
];

const MIB: usize = 1024 * 1024;

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn hex(data: &[u8]) -> String {
    data.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn split(digits: &str) -> String {
    digits.chars().flat_map(|digit| [digit, '\n', '{', '}', '\t']).collect()
}

fn size(data: &[u8]) -> [u8; 4] {
    u32::try_from(data.len()).unwrap().to_le_bytes()
}

/// A compound file of these streams; storages are made as they are named.
#[must_use]
pub fn ole(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file =
        cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new())).unwrap();
    for (path, data) in streams {
        if let Some((storage, _)) = path.rsplit_once('/').filter(|(storage, _)| !storage.is_empty())
        {
            file.create_storage_all(storage).unwrap();
        }
        file.create_stream(path).unwrap().write_all(data).unwrap();
    }
    file.flush().unwrap();
    file.into_inner().into_inner()
}

/// The stream of a packaged file.
fn native(name: &str, data: &[u8]) -> Vec<u8> {
    let mut made = vec![2, 0];
    made.extend(format!("{name}\0C:\\{name}\0").bytes());
    made.extend([0, 0, 3, 0, 4, 0, 0, 0]);
    made.extend(b"C:\\\0");
    made.extend(size(data));
    made.extend(data);
    [size(&made).to_vec(), made].concat()
}

/// An embedded object as OLE 1 keeps it.
fn ole1(class: &str, data: &[u8]) -> Vec<u8> {
    let class = format!("{class}\0");
    let mut made = vec![1, 5, 0, 0, 2, 0, 0, 0];
    made.extend(size(class.as_bytes()));
    made.extend(class.bytes());
    made.extend([0; 8]);
    made.extend(size(data));
    made.extend(data);
    made
}

fn word(text: &[u8]) -> Vec<u8> {
    let mut main = vec![0; 0x400];
    main[..2].copy_from_slice(&[0xec, 0xa5]);
    main[0x1a6..0x1aa].copy_from_slice(&21_u32.to_le_bytes());
    main.extend(text);
    main.resize(main.len().max(4200), 0);
    let mut table = vec![2, 16, 0, 0, 0, 0, 0, 0, 0];
    table.extend(size(text));
    table.extend([0, 0]);
    table.extend((0x4000_0000_u32 | 0x800).to_le_bytes());
    table.extend([0, 0]);
    table.resize(5000, 0);
    ole(&[("/WordDocument", &main), ("/0Table", &table)])
}

/// VBA's compression without a single copy.
#[must_use]
pub fn vba_literal(text: &[u8]) -> Vec<u8> {
    let mut made = vec![1];
    for chunk in text.chunks(3600) {
        let body: Vec<u8> = chunk.chunks(8).flat_map(|eight| [&[0], eight].concat()).collect();
        let head = 0xb000 | u16::try_from(body.len() - 1).unwrap();
        made.extend(head.to_le_bytes());
        made.extend(body);
    }
    made
}

/// Each chunk copies its first octet four thousand times.
fn vba_copies() -> Vec<u8> {
    let mut made = vec![1];
    for _ in 0..20_000 {
        made.extend([3, 0xb0, 2, b'a', 0xff, 0x0f]);
    }
    made
}

/// A VBA project of one module `ThisDocument`, as the streams below `VBA`.
#[must_use]
pub fn vba_project(source: &[u8], compiled: &[u8]) -> Vec<(String, Vec<u8>)> {
    let record = |id: u16, data: &[u8]| [id.to_le_bytes().as_slice(), &size(data), data].concat();
    let name = b"ThisDocument";
    let dir = [
        record(3, &1252_u16.to_le_bytes()),
        [9, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0].to_vec(),
        record(0x19, name),
        record(0x1a, name),
        record(0x31, &size(compiled)),
        record(0x2b, &[]),
    ]
    .concat();
    vec![
        ("/Macros/VBA/dir".to_owned(), vba_literal(&dir)),
        ("/Macros/VBA/ThisDocument".to_owned(), [compiled, &vba_literal(source)].concat()),
    ]
}

fn ole_with_macro(payload: &[u8]) -> Vec<u8> {
    let source =
        [b"Attribute VB_Name = \"ThisDocument\"\r\nSub AutoOpen()\r\nShell \"x\"\r\n' ", payload]
            .concat();
    let streams = vba_project(&source, &[0; 700]);
    let streams: Vec<(&str, &[u8])> =
        streams.iter().map(|(name, data)| (name.as_str(), data.as_slice())).collect();
    ole(&streams)
}

fn message(name: &str, data: &[u8]) -> Vec<u8> {
    let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let attachment = "/__attach_version1.0_#00000000/__substg1.0_";
    ole(&[
        ("/__properties_version1.0", &[0; 32]),
        ("/__substg1.0_0037001F", &[b'h', 0, b'i', 0]),
        (&format!("{attachment}37010102"), data),
        (&format!("{attachment}3707001F"), &name),
    ])
}

/// An Office document of these members.
#[must_use]
pub fn office(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, data) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(data).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn docx(name: &str, data: &[u8]) -> Vec<u8> {
    let types = b"<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>";
    let document = b"<w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'><w:p><w:r><w:t>x</w:t></w:r></w:p></w:document>";
    let object = ole(&[("/\u{1}Ole10Native", &native(name, data))]);
    office(&[
        ("[Content_Types].xml", types),
        ("word/document.xml", document),
        ("word/embeddings/oleObject1.bin", &object),
    ])
}

fn flat_xml(data: &[u8]) -> Vec<u8> {
    let text = STANDARD.encode(data);
    format!("<?xml version='1.0'?><pkg:package xmlns:pkg='http://schemas.microsoft.com/office/2006/xmlPackage'><pkg:part><pkg:binaryData>{text}</pkg:binaryData></pkg:part></pkg:package>").into_bytes()
}

fn rtf(digits: &str) -> Vec<u8> {
    format!("{{\\rtf1\\ansi x{{\\object\\objemb{{\\*\\objdata {digits}}}}}}}").into_bytes()
}

fn rtf_bin(_: &str, data: &[u8]) -> Vec<u8> {
    let object = ole1("x", data);
    let head = format!("{{\\rtf1{{\\object{{\\*\\objdata\\bin{} ", object.len());
    [head.as_bytes(), &object, b"}}}"].concat()
}

fn object(number: u32, keys: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("{number} 0 obj\n<< {keys} /Length {} >>\nstream\n", data.len());
    [head.as_bytes(), data, b"\nendstream\nendobj\n"].concat()
}

fn pdf(objects: &[u8]) -> Vec<u8> {
    [b"%PDF-1.7\n", objects, b"\ntrailer << /Root 1 0 R >>\n%%EOF\n"].concat()
}

fn embedded(name: &str, _: &[u8], filter: &str, packed: &[u8]) -> Vec<u8> {
    let catalog = format!(
        "1 0 obj << /Type /Catalog /Names << /EmbeddedFiles << /Names [({name}) << /Type /Filespec /F ({name}) /EF << /F 2 0 R >> >>] >> >> >> endobj\n"
    );
    [catalog.as_bytes(), &object(2, &format!("/Type /EmbeddedFile /Filter {filter}"), packed)]
        .concat()
}

fn pdf_chain(name: &str, data: &[u8]) -> Vec<u8> {
    let packed = hex(&zlib(hex(data).as_bytes()));
    let filters = "[/ASCIIHexDecode /Fl#61teDecode /AHx]";
    pdf(&embedded(name, data, filters, packed.as_bytes()))
}

fn pdf_object_stream(data: &[u8]) -> Vec<u8> {
    let script = format!("<< /S /JavaScript /JS <{}> >>", hex(data));
    let body = format!("7 0 {script}");
    pdf(&object(3, "/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", &zlib(body.as_bytes())))
}

fn pdf_text(data: &[u8]) -> Vec<u8> {
    let content = format!("BT /F1 12 Tf <{}> Tj ET", hex(data));
    let page = b"1 0 obj << /Type /Page /Contents 2 0 R >> endobj\n";
    pdf(&[page.as_slice(), &object(2, "/Filter /FlateDecode", &zlib(content.as_bytes()))].concat())
}

fn attribute(id: u32, data: &[u8]) -> Vec<u8> {
    let sum = data.iter().fold(0_u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
    [&[2], id.to_le_bytes().as_slice(), &size(data), data, &sum.to_le_bytes()].concat()
}

fn tnef(name: &str, data: &[u8]) -> Vec<u8> {
    [
        vec![0x78, 0x9f, 0x3e, 0x22, 1, 0],
        attribute(0x0006_9002, &[0; 14]),
        attribute(0x0001_8010, format!("{name}\0").as_bytes()),
        attribute(0x0006_800f, data),
    ]
    .concat()
}

fn html(body: &str) -> Vec<u8> {
    format!("<html><body>{body}</body></html>").into_bytes()
}

fn notebook(data: &[u8]) -> Vec<u8> {
    let magic = [
        0xe4, 0x52, 0x5c, 0x7b, 0x8c, 0xd8, 0xa7, 0x4d, 0xae, 0xb1, 0x53, 0x78, 0xd0, 0x29, 0x96,
        0xd3,
    ];
    let store = [
        0xe7, 0x16, 0xe3, 0xbd, 0x65, 0x26, 0x11, 0x45, 0xa4, 0xc4, 0x8d, 0x4d, 0x0b, 0x7a, 0x9e,
        0xac,
    ];
    let whole = (16 + 180 + 8 + 52 + 36 + data.len()) as u64;
    let head = [[0; 180].as_slice(), &whole.to_le_bytes(), &[0; 52]].concat();
    [&magic, head.as_slice(), &store, &(data.len() as u64).to_le_bytes(), &[0; 12], data].concat()
}

fn shortcut(data: &[u8]) -> Vec<u8> {
    let magic = [0x4c, 0, 0, 0, 1, 0x14, 2, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];
    [&magic, [0; 60].as_slice(), data].concat()
}

/// A compound file whose table leads back to its start: of a stream, or of the directory.
fn ole_ring(what: usize) -> Vec<u8> {
    let mut file = ole(&[("/data", &[7; 9000])]);
    let table = 512
        + 512 * usize::try_from(u32::from_le_bytes(file[0x4c..0x50].try_into().unwrap())).unwrap();
    for number in 0..128 {
        let at = table + number * 4;
        let next = u32::try_from(if what == 0 { number } else { (number + 1) % 20 }).unwrap();
        file[at..at + 4].copy_from_slice(&next.to_le_bytes());
    }
    file
}

/// Hundreds of streams that all are the same octets.
fn ole_shared() -> Vec<u8> {
    let names: Vec<String> = (0..500).map(|number| format!("/s{number}")).collect();
    let mut streams: Vec<(&str, &[u8])> =
        names.iter().map(|name| (name.as_str(), [1_u8].as_slice())).collect();
    let data = vec![7; 4 * MIB];
    streams.push(("/big", &data));
    let mut file = ole(&streams);
    let big: Vec<u8> = "big".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let at = file.windows(6).rposition(|run| run == big).unwrap();
    let place: Vec<u8> = file[at + 116..at + 128].to_vec();
    for start in (512..file.len()).step_by(128) {
        let is_stream = file[start] == b's' && file[start + 1] == 0 && file[start + 66] == 2;
        if is_stream {
            file[start + 116..start + 128].copy_from_slice(&place);
        }
    }
    file
}

fn ole_entries() -> Vec<u8> {
    let names: Vec<String> = (0..16_000).map(|number| format!("/{number}")).collect();
    let streams: Vec<(&str, &[u8])> =
        names.iter().map(|name| (name.as_str(), [].as_slice())).collect();
    ole(&streams)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> = DOCUMENTS.iter().map(|one| one.name).collect();
        names.extend(DOCUMENT_BOMBS.iter().map(|one| one.name));
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
