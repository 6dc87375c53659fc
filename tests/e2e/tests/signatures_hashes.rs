//! Signatures by hashes of files, sections and imports, good files, ignored names and members of
//! containers: clamscan and the pack find the same.
//!
//! Known to differ, and therefore not generated: clamscan pays no heed to the checksum of a .cdb
//! line; it takes programs whose entry lies outside of them for broken and hashes no section of
//! them; it knows no hashes of files under 6 octets, nor of HTML as it stands.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

use gatepost_test_e2e::{Random, tool};
use patterns::{CompileOptions, Pack, Scanner, Source, compile};
use unpack::{Budget, Fact, Limits, Passwords, Root, Specimen, Visitor};

type Found = BTreeMap<String, BTreeSet<String>>;

#[derive(Default)]
struct Trial {
    databases: BTreeMap<&'static str, Vec<String>>,
    files: Vec<(String, Vec<u8>)>,
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn hashes(octets: &[u8]) -> [String; 3] {
    use md5::Digest as _;
    let sha1 = <sha1::Sha1 as sha1::Digest>::digest(octets);
    let sha256 = <sha2::Sha256 as sha2::Digest>::digest(octets);
    [hex(&md5::Md5::digest(octets)), hex(&sha1), hex(&sha256)]
}

impl Trial {
    fn line(&mut self, database: &'static str, line: String) {
        self.databases.entry(database).or_default().push(line);
    }

    /// A file with signatures that fit it, and some that nearly do.
    fn file(&mut self, number: usize, random: &mut Random) {
        let length = 40 + random.below(3000) as usize;
        let mut octets = b"\x00\x01plain".to_vec();
        octets.extend((0..length).map(|_| random.number() as u8));
        let size = octets.len();
        for (hash, kind) in hashes(&octets).into_iter().zip(["Md5", "Sha1", "Sha256"]) {
            let name = format!("Hash.{kind}.F{number}");
            match random.below(7) {
                // Of two lines of one hash and size each program tells another one.
                0 | 6 if kind == "Md5" => {}
                0 => self.line("a.hsb", format!("{hash}:{size}:{name}")),
                1 => self.line("a.hsb", format!("{hash}:*:{name}.Any:73")),
                2 => self.line("a.hsb", format!("{hash}:{}:{name}.Size", size + 1)),
                3 => self.line("a.hsb", format!("{hash}:{size}:{name}.Level:1:60")),
                4 => self.line("a.hsb", format!("{hash}:{size}:{name}.New:300")),
                5 => self.line("a.hsb", format!("{}:{size}:{name}.Other", "0".repeat(hash.len()))),
                _ => self.line("a.hsb", format!("{}:{size}:{name}", hash.to_uppercase())),
            }
        }
        let [md5, sha1, _] = hashes(&octets);
        self.line("a.hdb", format!("{md5}:{size}:Plain.F{number}"));
        match random.below(6) {
            0 => self.line("a.fp", format!("{md5}:{size}:Good.F{number}")),
            1 => self.line("a.sfp", format!("{sha1}:{size}:Good.F{number}")),
            2 => self.line("a.ign2", format!("Plain.F{number}")),
            _ => {}
        }
        self.files.push((format!("file{number}"), octets));
    }

    /// A program with signatures on its sections.
    fn program(&mut self, number: usize, random: &mut Random) {
        let unit = *random.one_of(&[0x200_u32, 0x200, 0x1000]);
        let shift = *random.one_of(&[0_u32, 0, 0x10]);
        let text: Vec<u8> = (0..0x400).map(|_| random.number() as u8).collect();
        let data: Vec<u8> = (0..0x200).map(|_| random.number() as u8).collect();
        let said = 0x400 - random.below(2) as u32 * 0x55;
        let file = program(
            unit,
            &[(0x1000, 0x400 + shift, said), (0x2000, 0x800, 0x200)],
            &[&text, &data],
        );
        for (section, start, octets) in [(0, 0x400, 0x400), (1, 0x800, 0x200)] {
            let seen = &file[start..start + octets];
            let [md5, sha1, sha256] = hashes(seen);
            let name = format!("Section.P{number}.S{section}");
            match random.below(5) {
                0 => self.line("a.mdb", format!("{octets}:{md5}:{name}")),
                1 => self.line("a.msb", format!("{octets}:{sha256}:{name}.Sha256")),
                2 => self.line("a.msb", format!("*:{sha1}:{name}.Any:73")),
                3 => self.line("a.mdb", format!("{}:{md5}:{name}.Size", octets - 1)),
                _ => self.line("a.mdb", format!("{octets}:{}:{name}.Other", "1".repeat(32))),
            }
        }
        self.files.push((format!("program{number}.exe"), file));
    }

    /// A ZIP archive with signatures on its members.
    fn archive(&mut self, number: usize, random: &mut Random) {
        let extension = *random.one_of(&["exe", "js", "pdf.scr"]);
        let names = [format!("folder/Invoice{number}.{extension}"), format!("readme{number}.txt")];
        let content: Vec<u8> = (0..random.below(400) + 20).map(|_| random.number() as u8).collect();
        let file = zip(&[(&names[0], &content), (&names[1], b"nothing at all to see here")]);
        let (size, inner) = (file.len(), content.len());
        let fields = [
            format!("CL_TYPE_ZIP:*:^folder/Invoice{number}\\.{extension}$:*:*:*:*:*:*"),
            format!("CL_TYPE_ZIP:{size}:Invoice{number}:*:{inner}:0:1:*:*"),
            format!("CL_TYPE_ZIP:1-{}:Invoice{number}:*:*:*:*:*:*", size - 1),
            format!("CL_TYPE_ZIP:*:invoice{number}\\.:*:*:*:*:*:*"),
            format!("CL_TYPE_ZIP:*:(?i)invoice{number}\\.:{inner}:*:*:*:*:*"),
            format!("CL_TYPE_RAR:*:Invoice{number}:*:*:*:*:*:*"),
            format!("CL_TYPE_ZIP:*:readme{number}\\.txt$:*:*:*:{}:*:*", 1 + random.below(2)),
            format!("*:*:readme{number}\\.(txt|doc)$:*:*:1:*:*:*"),
            format!("*:*:readme{number}\\.(txt|doc)$:*:26:*:*:*:*"),
        ];
        for (which, fields) in fields.iter().enumerate() {
            self.line("a.cdb", format!("Member.Z{number}.{which}:{fields}"));
        }
        self.files.push((format!("archive{number}.zip"), file));
    }
}

/// A program with sections (address, place, octets said) and what stands at 0x400 and 0x800.
fn program(unit: u32, sections: &[(u32, u32, u32)], contents: &[&[u8]]) -> Vec<u8> {
    let mut file = vec![0; 0x40 + 24 + 224];
    let mut put = |at: usize, octets: &[u8]| file[at..at + octets.len()].copy_from_slice(octets);
    put(0, b"MZ");
    put(0x3c, &[0x40]);
    put(0x40, b"PE\0\0\x4c\x01");
    put(0x46, &(sections.len() as u16).to_le_bytes());
    put(0x54, &224_u16.to_le_bytes());
    put(0x56, &0x102_u16.to_le_bytes());
    let optional = 0x58;
    put(optional, &0x10b_u16.to_le_bytes());
    for (at, number) in [
        (16, 0x1000_u32),
        (28, 0x40_0000),
        (32, 0x1000),
        (36, unit),
        (56, 0x10000),
        (60, 0x400),
        (92, 16),
    ] {
        put(optional + at, &number.to_le_bytes());
    }
    put(optional + 68, &2_u16.to_le_bytes());
    for (address, place, said) in sections {
        file.extend_from_slice(b".part\0\0\0");
        for number in [0x1000, *address, *said, *place, 0, 0, 0, 0x6000_0020] {
            file.extend_from_slice(&number.to_le_bytes());
        }
    }
    file.resize(0x400, 0);
    for content in contents {
        file.extend_from_slice(content);
    }
    file.resize(0xc00, 0);
    file
}

fn crc32(octets: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !octets
        .iter()
        .fold(u32::MAX, |crc, octet| (0..8).fold(crc ^ u32::from(*octet), |crc, _| step(crc)))
}

/// A ZIP archive of stored members.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, octets) in members {
        let start = file.len() as u32;
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x5a];
        for number in [crc32(octets), octets.len() as u32, octets.len() as u32] {
            common.extend_from_slice(&number.to_le_bytes());
        }
        common.extend_from_slice(&(name.len() as u16).to_le_bytes());
        common.extend_from_slice(&[0, 0]);
        file.extend_from_slice(b"PK\x03\x04");
        file.extend_from_slice(&common);
        file.extend_from_slice(name.as_bytes());
        file.extend_from_slice(octets);
        directory.extend_from_slice(b"PK\x01\x02\x14\0");
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&start.to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
    }
    let (start, length, count) = (file.len() as u32, directory.len() as u32, members.len() as u16);
    file.append(&mut directory);
    file.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    file.extend_from_slice(&[count.to_le_bytes(), count.to_le_bytes()].concat());
    file.extend_from_slice(&[length.to_le_bytes(), start.to_le_bytes()].concat());
    file.extend_from_slice(&[0, 0]);
    file
}

fn by_clamscan(trial: &Trial) -> Found {
    let folder = tempfile::tempdir().unwrap();
    let (databases, files) = (folder.path().join("databases"), folder.path().join("files"));
    fs::create_dir(&databases).unwrap();
    fs::create_dir(&files).unwrap();
    for (name, lines) in &trial.databases {
        fs::write(databases.join(name), lines.join("\n") + "\n").unwrap();
    }
    for (name, octets) in &trial.files {
        fs::write(files.join(name), octets).unwrap();
    }
    let (databases, files) = (databases.to_string_lossy(), files.to_string_lossy());
    let arguments = ["--no-summary", "--allmatch", "--infected", "--recursive", "--stdout", "-d"];
    let output = tool::run("clamscan", &[&arguments[..], &[&databases, &files]].concat());
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.code().is_some_and(|code| code < 2), "clamscan: {text}");
    let mut found = Found::new();
    for line in text.lines() {
        let line = line.strip_suffix(" FOUND").and_then(|line| line.rsplit_once(": "));
        let Some((path, name)) = line else { continue };
        let file = path.rsplit('/').next().unwrap_or_default().to_owned();
        found.entry(file).or_default().insert(name.trim_end_matches(".UNOFFICIAL").to_owned());
    }
    found
}

/// Scans everything that comes out of one file.
struct Everything<'s> {
    scanner: &'s mut Scanner,
    names: BTreeSet<String>,
}

impl Visitor for Everything<'_> {
    fn specimen(&mut self, specimen: &Specimen<'_>) {
        let mut hits = Vec::new();
        self.scanner.scan(specimen, &mut hits);
        self.names.extend(hits.into_iter().map(|hit| hit.name));
    }

    fn fact(&mut self, _: Fact) {}
}

fn by_pack(trial: &Trial) -> Found {
    let source =
        |(name, lines): (&&str, &Vec<String>)| Source::new(*name, lines.join("\n").into_bytes());
    let sources: Vec<Source> = trial.databases.iter().map(source).collect();
    let compiled = compile(&sources, &CompileOptions::default()).unwrap();
    assert_eq!(compiled.report.problems, [], "every line can be used");
    let mut scanner = Scanner::new(Pack::open(Arc::new(compiled.octets)).unwrap()).unwrap();
    let mut found = Found::new();
    for (name, octets) in &trial.files {
        scanner.begin();
        let mut visitor = Everything { scanner: &mut scanner, names: BTreeSet::new() };
        let root = Root { place: name, name, mime: "", octets, is_reading: false };
        let mut budget = Budget::new(Limits::default(), &());
        unpack::open(&root, &Passwords::default(), &mut budget, &mut visitor);
        if !visitor.names.is_empty() {
            found.insert(name.clone(), visitor.names);
        }
    }
    found
}

#[test]
fn clamscan_and_the_pack_agree_on_hashes_and_members() {
    assert!(tool::is_installed("clamscan"), "clamscan is missing: install Debian's clamav");
    let mut random = Random::new(20_261_122);
    let mut trial = Trial::default();
    for number in 0..150 {
        trial.file(number, &mut random);
        trial.program(number, &mut random);
    }
    for number in 0..40 {
        trial.archive(number, &mut random);
    }
    let (theirs, ours) = (by_clamscan(&trial), by_pack(&trial));
    let hits = theirs.values().map(BTreeSet::len).sum::<usize>();
    let lines = trial.databases.values().map(Vec::len).sum::<usize>();
    println!("{lines} lines, {} files, {hits} hits of clamscan", trial.files.len());
    assert!(hits > 300, "the trial tries something: {hits}");
    let mut differences = Vec::new();
    for (file, _) in &trial.files {
        if theirs.get(file) != ours.get(file) {
            differences.push(format!(
                "{file}: clamscan {:?}, the pack {:?}",
                theirs.get(file),
                ours.get(file)
            ));
        }
    }
    let shown = differences.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} files differ:\n{shown}", differences.len());
}
