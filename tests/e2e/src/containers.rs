//! Containers made by the programs that people use, and the ways a mail can carry one.
//!
//! Each [`Maker`] packs one file under one name; [`nested`] packs again and again. What a program
//! writes is what it writes: nothing here knows a format.

use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine;
use tempfile::TempDir;

use crate::{mails, tool};

/// A program that packs a file.
#[derive(Debug, Clone, Copy)]
pub struct Maker {
    /// Name of the format, for people.
    pub name: &'static str,
    /// Extension of what comes out.
    pub extension: &'static str,
    /// Program and arguments; `IN` and `OUT` stand for file names in the folder it runs in. With
    /// no `OUT` the result is what the program prints; with no `IN` the file comes in by a pipe.
    pub command: &'static [&'static str],
}

/// Every maker whose format keeps what it packs readable without a password.
pub const MAKERS: &[Maker] = &[
    Maker { name: "zip", extension: "zip", command: &["zip", "-q", "OUT", "IN"] },
    Maker { name: "zip, stored", extension: "zip", command: &["zip", "-q", "-0", "OUT", "IN"] },
    Maker {
        name: "zip, bzip2",
        extension: "zip",
        command: &["zip", "-q", "-Z", "bzip2", "OUT", "IN"],
    },
    Maker {
        name: "zip, deflate64",
        extension: "zip",
        command: &["7z", "a", "-mm=Deflate64", "OUT", "IN"],
    },
    Maker { name: "zip, lzma", extension: "zip", command: &["7z", "a", "-mm=LZMA", "OUT", "IN"] },
    Maker { name: "zip, ppmd", extension: "zip", command: &["7z", "a", "-mm=PPMd", "OUT", "IN"] },
    Maker { name: "7z", extension: "7z", command: &["7z", "a", "OUT", "IN"] },
    Maker { name: "7z, ppmd", extension: "7z", command: &["7z", "a", "-m0=PPMd", "OUT", "IN"] },
    Maker { name: "7z, bzip2", extension: "7z", command: &["7z", "a", "-m0=BZip2", "OUT", "IN"] },
    Maker { name: "7z, stored", extension: "7z", command: &["7z", "a", "-mx0", "OUT", "IN"] },
    Maker { name: "tar", extension: "tar", command: &["tar", "cf", "OUT", "IN"] },
    Maker {
        name: "tar, pax",
        extension: "tar",
        command: &["tar", "--format=pax", "-cf", "OUT", "IN"],
    },
    Maker {
        name: "tar, v7",
        extension: "tar",
        command: &["tar", "--format=v7", "-cf", "OUT", "IN"],
    },
    Maker { name: "tar.gz", extension: "tgz", command: &["tar", "czf", "OUT", "IN"] },
    Maker { name: "tar.xz", extension: "txz", command: &["tar", "cJf", "OUT", "IN"] },
    Maker { name: "gzip", extension: "gz", command: &["gzip", "-c", "IN"] },
    Maker { name: "bzip2", extension: "bz2", command: &["bzip2", "-c", "IN"] },
    Maker { name: "xz", extension: "xz", command: &["xz", "-c", "IN"] },
    Maker { name: "lzma", extension: "lzma", command: &["xz", "--format=lzma", "-c", "IN"] },
    Maker { name: "zstd", extension: "zst", command: &["zstd", "-q", "-c", "IN"] },
    Maker {
        name: "cpio, newc",
        extension: "cpio",
        command: &["sh", "-c", "echo IN | cpio -o -H newc --quiet"],
    },
    Maker {
        name: "cpio, odc",
        extension: "cpio",
        command: &["sh", "-c", "echo IN | cpio -o -H odc --quiet"],
    },
    Maker {
        name: "cpio, binary",
        extension: "cpio",
        command: &["sh", "-c", "echo IN | cpio -o -H bin --quiet"],
    },
    Maker { name: "ar", extension: "a", command: &["ar", "rc", "OUT", "IN"] },
    Maker { name: "arj", extension: "arj", command: &["arj", "a", "-i", "OUT", "IN"] },
    Maker { name: "iso", extension: "iso", command: &["genisoimage", "-quiet", "-o", "OUT", "IN"] },
    Maker {
        name: "iso, Joliet and Rock Ridge",
        extension: "iso",
        command: &["genisoimage", "-quiet", "-J", "-R", "-o", "OUT", "IN"],
    },
];

/// Makers whose result needs a password that no mail tells.
pub const LOCKED: &[Maker] = &[
    Maker {
        name: "zip, ZipCrypto",
        extension: "zip",
        command: &["zip", "-q", "-P", "Xk7!unguessable", "OUT", "IN"],
    },
    Maker {
        name: "zip, AES",
        extension: "zip",
        command: &["7z", "a", "-tzip", "-mem=AES256", "-pXk7!unguessable", "OUT", "IN"],
    },
    Maker {
        name: "7z, AES",
        extension: "7z",
        command: &["7z", "a", "-pXk7!unguessable", "OUT", "IN"],
    },
    Maker {
        name: "7z, AES with names",
        extension: "7z",
        command: &["7z", "a", "-mhe=on", "-pXk7!unguessable", "OUT", "IN"],
    },
];

/// A file: its name and what it holds.
#[derive(Debug, Clone)]
pub struct Packed {
    /// File name.
    pub name: String,
    /// Its octets.
    pub octets: Vec<u8>,
}

impl Maker {
    /// Packs a file.
    #[must_use]
    pub fn pack(&self, file: &Packed) -> Packed {
        let folder = TempDir::with_prefix("gatepost-pack-").unwrap();
        std::fs::write(folder.path().join(&file.name), &file.octets).unwrap();
        let stem = file.name.split('.').next().unwrap_or("file");
        // A name of its own, so that no program packs its own output.
        let name = format!("{stem}x.{}", self.extension);
        let printed = self.run(folder.path(), &file.name, &name);
        let octets = std::fs::read(folder.path().join(&name)).unwrap_or(printed);
        assert!(!octets.is_empty(), "{} packed nothing", self.name);
        Packed { name, octets }
    }

    fn run(&self, folder: &Path, input: &str, output: &str) -> Vec<u8> {
        let [program, arguments @ ..] = self.command else { panic!("no program") };
        let path = tool::find(program)
            .unwrap_or_else(|| panic!("{program} is not installed; `make test` installs it"));
        let spell = |word: &&str| match *word {
            "IN" => input.to_owned(),
            "OUT" => output.to_owned(),
            other => other.replace("IN", input),
        };
        let said = Command::new(path)
            .args(arguments.iter().map(spell))
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(said.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&said.stderr));
        said.stdout
    }
}

/// Packs `depth` times, outermost by `MAKERS[first]`, inwards by the makers that follow it.
#[must_use]
pub fn nested(file: &Packed, first: usize, depth: usize) -> Packed {
    let makers: Vec<&Maker> = MAKERS.iter().cycle().skip(first).take(depth).collect();
    makers.into_iter().rev().fold(file.clone(), |inner, maker| maker.pack(&inner))
}

/// How a part of a mail carries octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// Content-Transfer-Encoding base64.
    Base64,
    /// Content-Transfer-Encoding quoted-printable.
    QuotedPrintable,
    /// Content-Transfer-Encoding binary: as it is.
    Binary,
    /// Content-Transfer-Encoding x-uuencode.
    UuencodePart,
    /// Uuencode in the text of a message without MIME.
    UuencodeText,
    /// yEnc in the text of a message without MIME.
    Yenc,
    /// A base64 part in a message in a message.
    Forwarded,
}

/// All carriers.
pub const CARRIERS: &[Carrier] = &[
    Carrier::Base64,
    Carrier::QuotedPrintable,
    Carrier::Binary,
    Carrier::UuencodePart,
    Carrier::UuencodeText,
    Carrier::Yenc,
    Carrier::Forwarded,
];

/// A mail that carries a file.
#[must_use]
pub fn mail(file: &Packed, carrier: Carrier) -> Vec<u8> {
    let head = "From: <a@sender.test>\r\nTo: <bob@example.test>\r\nSubject: a file\r\n\
                Message-ID: <file@sender.test>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n";
    let plain = |body: Vec<u8>| [head.as_bytes(), b"\r\n", &body, b"\r\n"].concat();
    match carrier {
        Carrier::Base64 => {
            attached(head, &file.name, "base64", mails::base64_lines(&file.octets).as_bytes())
        }
        Carrier::QuotedPrintable => attached(
            head,
            &file.name,
            "quoted-printable",
            quoted_printable(&file.octets).as_bytes(),
        ),
        Carrier::Binary => attached(head, &file.name, "binary", &file.octets),
        Carrier::UuencodePart => attached(head, &file.name, "x-uuencode", &uuencode(file)),
        Carrier::UuencodeText => plain([b"Here it is:\r\n\r\n".to_vec(), uuencode(file)].concat()),
        Carrier::Yenc => plain(yenc(file)),
        Carrier::Forwarded => {
            let inner = mail(file, Carrier::Base64);
            let wrap = format!("{head}MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n");
            [wrap.as_bytes(), &inner].concat()
        }
    }
}

fn attached(head: &str, name: &str, encoding: &str, encoded: &[u8]) -> Vec<u8> {
    let start = format!(
        "{head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"cut\"\r\n\r\n--cut\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\nSee the file.\r\n--cut\r\n\
         Content-Type: application/octet-stream; name=\"{name}\"\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: {encoding}\r\n\r\n"
    );
    [start.as_bytes(), encoded, b"\r\n--cut--\r\n"].concat()
}

fn quoted_printable(octets: &[u8]) -> String {
    let spelt: Vec<String> = octets.iter().map(|octet| format!("={octet:02X}")).collect();
    spelt.chunks(24).map(<[String]>::concat).collect::<Vec<_>>().join("=\r\n")
}

/// Uuencode (POSIX, uuencode utility), 45 octets a line.
fn uuencode(file: &Packed) -> Vec<u8> {
    let digit = |value: u8| if value == 0 { b'`' } else { value + 32 };
    let mut text = format!("begin 644 {}\r\n", file.name).into_bytes();
    for line in file.octets.chunks(45) {
        text.push(digit(u8::try_from(line.len()).unwrap()));
        for group in line.chunks(3) {
            let [a, b, c] = [0, 1, 2].map(|at| group.get(at).copied().unwrap_or(0));
            text.extend([a >> 2, (a & 3) << 4 | b >> 4, (b & 15) << 2 | c >> 6, c & 63].map(digit));
        }
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"`\r\nend\r\n");
    text
}

/// yEnc (yenc.org draft 1.3), 128 octets a line.
fn yenc(file: &Packed) -> Vec<u8> {
    let (size, name) = (file.octets.len(), &file.name);
    let mut text = format!("=ybegin line=128 size={size} name={name}\r\n").into_bytes();
    for line in file.octets.chunks(128) {
        for octet in line {
            let shifted = octet.wrapping_add(42);
            if matches!(shifted, 0 | b'\r' | b'\n' | b'=' | b'.' | b'\t' | b' ') {
                text.extend([b'=', shifted.wrapping_add(64)]);
            } else {
                text.push(shifted);
            }
        }
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(format!("=yend size={size}\r\n").as_bytes());
    text
}

/// A small Word document (OOXML) whose embedded object is the file.
#[must_use]
pub fn in_docx(file: &Packed) -> Packed {
    let folder = TempDir::with_prefix("gatepost-docx-").unwrap();
    let put = |path: &str, octets: &[u8]| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, octets).unwrap();
    };
    let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>";
    put("[Content_Types].xml", format!("{xml}<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"bin\" ContentType=\"application/vnd.openxmlformats-officedocument.oleObject\"/><Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>").as_bytes());
    put("word/document.xml", format!("{xml}<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body><w:p><w:r><w:t>Hello</w:t></w:r></w:p></w:body></w:document>").as_bytes());
    put("word/embeddings/object1.bin", &file.octets);
    let said = Command::new(tool::find("zip").expect("zip is installed by `make test`"))
        .args(["-q", "-r", "out.docx", "[Content_Types].xml", "word"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(said.status.success(), "{said:?}");
    let octets = std::fs::read(folder.path().join("out.docx")).unwrap();
    Packed { name: "letter.docx".to_owned(), octets }
}

/// A web page that offers the file as a `data:` link.
#[must_use]
pub fn in_html(file: &Packed) -> Packed {
    let encoded = base64::engine::general_purpose::STANDARD.encode(&file.octets);
    let page = format!(
        "<html><body><a download=\"{}\" href=\"data:application/octet-stream;base64,{encoded}\">open</a></body></html>",
        file.name
    );
    Packed { name: "page.html".to_owned(), octets: page.into_bytes() }
}
