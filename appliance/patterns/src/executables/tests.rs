//! Executables built in code, as they should be and as an attacker writes them.

use super::*;

/// One section of a program to build: address, place in the file, octets said, octets there.
pub(crate) struct Part {
    pub address: u32,
    pub raw: u32,
    pub said: u32,
    pub octets: Vec<u8>,
}

/// A program to build.
pub(crate) struct Program {
    pub parts: Vec<Part>,
    pub unit: u32,
    pub entry: u32,
    pub wide: bool,
    pub imports: u32,
    pub resources: u32,
}

impl Program {
    /// Code at 0x400 and data at 0x800.
    pub(crate) fn plain() -> Program {
        let part = |address, raw, octets: Vec<u8>| Part {
            address,
            raw,
            said: octets.len() as u32,
            octets,
        };
        let parts =
            vec![part(0x1000, 0x400, vec![0xc3; 0x400]), part(0x2000, 0x800, vec![7; 0x200])];
        Program { parts, unit: 0x200, entry: 0x1010, wide: false, imports: 0, resources: 0 }
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let mut file = vec![0; 0x40];
        file[..2].copy_from_slice(b"MZ");
        file[0x3c] = 0x40;
        file.extend_from_slice(b"PE\0\0");
        let optional = if self.wide { 112 } else { 96 } + 16 * 8;
        file.extend_from_slice(&0x14c_u16.to_le_bytes());
        file.extend_from_slice(&(self.parts.len() as u16).to_le_bytes());
        file.extend_from_slice(&[0; 12]);
        file.extend_from_slice(&(optional as u16).to_le_bytes());
        file.extend_from_slice(&[2, 1]);
        file.extend_from_slice(&self.optional(optional));
        for part in &self.parts {
            file.extend_from_slice(b".part\0\0\0");
            for number in [part.said, part.address, part.said, part.raw, 0, 0, 0, 0] {
                file.extend_from_slice(&number.to_le_bytes());
            }
        }
        for part in &self.parts {
            let start = part.raw as usize;
            file.resize(file.len().max(start + part.octets.len()), 0);
            file[start..start + part.octets.len()].copy_from_slice(&part.octets);
        }
        file
    }

    fn optional(&self, octets: usize) -> Vec<u8> {
        let mut header = vec![0; octets];
        let mut put =
            |at: usize, number: u32| header[at..at + 4].copy_from_slice(&number.to_le_bytes());
        put(16, self.entry);
        put(32, 0x1000);
        put(36, self.unit);
        put(60, 0x400);
        let directories = if self.wide { 112 } else { 96 };
        put(directories - 4, 16);
        put(directories + 8, self.imports);
        put(directories + 16, self.resources);
        header[..2].copy_from_slice(&if self.wide { 0x20b_u16 } else { 0x10b }.to_le_bytes());
        header
    }
}

/// A program that imports from libraries: functions are names, or numbers behind a `#`.
pub(crate) fn importing(libraries: &[(&str, &[&str])], wide: bool) -> Vec<u8> {
    const BASE: u32 = 0x2000;
    let mut data = vec![0; 20 * (libraries.len() + 1)];
    let width = if wide { 8 } else { 4 };
    for (row, (library, functions)) in libraries.iter().enumerate() {
        let mut thunks: Vec<u64> = Vec::new();
        for function in *functions {
            thunks.push(match function.strip_prefix('#') {
                Some(number) => 1 << (width * 8 - 1) | number.parse::<u64>().unwrap(),
                None => {
                    let at = BASE as usize + data.len();
                    data.extend_from_slice(&[0, 0]);
                    data.extend_from_slice(function.as_bytes());
                    data.push(0);
                    at as u64
                }
            });
        }
        thunks.push(0);
        let table = BASE + data.len() as u32;
        data.extend(thunks.iter().flat_map(|thunk| thunk.to_le_bytes().into_iter().take(width)));
        let name = BASE + data.len() as u32;
        data.extend_from_slice(library.as_bytes());
        data.push(0);
        for (at, number) in [(0, table), (12, name), (16, table)] {
            data[row * 20 + at..row * 20 + at + 4].copy_from_slice(&number.to_le_bytes());
        }
    }
    let mut program = Program { wide, imports: BASE, ..Program::plain() };
    data.resize(data.len().next_multiple_of(0x200), 0);
    program.parts[1].said = data.len() as u32;
    program.parts[1].octets = data;
    program.build()
}

fn imphash(file: &[u8]) -> (String, u32) {
    let digest = import_digest(file, &Layout::read(file).unwrap()).unwrap();
    (crate::hashes::hex(&digest.md5), digest.octets)
}

#[test]
fn a_program_has_its_sections_and_its_entry() {
    for wide in [false, true] {
        let file = Program { wide, ..Program::plain() }.build();
        let layout = Layout::read(&file).unwrap();
        assert_eq!(layout.format, Format::Pe);
        assert_eq!(layout.entry_point, Some(0x410));
        let places: Vec<_> =
            layout.sections.iter().map(|one| (one.raw_offset, one.raw_octets)).collect();
        assert_eq!(places, [(0x400, 0x400), (0x800, 0x200)]);
        assert_eq!(layout.sections[1].octets(&file).unwrap(), [7; 0x200]);
    }
}

#[test]
fn sections_are_aligned_as_the_loader_does() {
    let mut program = Program::plain();
    (program.parts[0].raw, program.parts[0].said) = (0x410, 0x2f3);
    let layout = Layout::read(&program.build()).unwrap();
    assert_eq!((layout.sections[0].raw_offset, layout.sections[0].raw_octets), (0x400, 0x400));
    // A unit that the table breaks is read as one sector.
    let program = Program { unit: 0x1000, ..Program::plain() };
    let layout = Layout::read(&program.build()).unwrap();
    assert_eq!((layout.sections[1].raw_offset, layout.sections[1].raw_octets), (0x800, 0x200));
    // A unit of nothing aligns nothing.
    let mut program = Program { unit: 0, ..Program::plain() };
    program.parts[0].raw = 0x401;
    assert_eq!(Layout::read(&program.build()).unwrap().sections[0].raw_offset, 0x401);
}

#[test]
fn a_section_that_says_more_than_there_is_is_cut_at_the_end() {
    let mut program = Program::plain();
    program.parts[1].said = 0xffff_ff00;
    let file = program.build();
    let section = Layout::read(&file).unwrap().sections[1];
    assert_eq!(section.raw_octets, 0x200);
    program.parts[1].raw = 0xffff_fe00;
    program.parts[1].octets.clear();
    let mut file = program.build();
    file.truncate(0x800);
    assert_eq!(Layout::read(&file).unwrap().sections[1].octets(&file), None);
}

#[test]
fn an_entry_outside_of_the_file_is_none() {
    for entry in [0x7777_0000, u32::MAX] {
        let file = Program { entry, ..Program::plain() }.build();
        assert_eq!(Layout::read(&file).unwrap().entry_point, None);
    }
}

#[test]
fn imports_hash_as_sigtool_hashes_them() {
    let file = importing(
        &[("KERNEL32.dll", &["CreateFileA", "ExitProcess"]), ("USER32.DLL", &["MessageBoxA"])],
        false,
    );
    assert_eq!(imphash(&file), ("063b67937c4a0795ba1ad02cb376997c".into(), 60));
    let strange: &[(&str, &[&str])] =
        &[("foo.exe", &["Abc"]), ("bar.ocx", &["X", "Y"]), ("noext", &["Z"])];
    assert_eq!(imphash(&importing(strange, true)), ("d078b6e8c0e7b1dcc7f9fe4819aa8e78".into(), 31));
}

#[test]
fn imports_by_number_have_names_where_windows_has_them() {
    let sockets: &[(&str, &[&str])] = &[("WS2_32.dll", &["#1", "#2", "#115", "Q"])];
    assert_eq!(
        imphash(&importing(sockets, false)),
        ("7e81c63f13c89798a4429caf9edf6cf7".into(), 52)
    );
    let automation: &[(&str, &[&str])] = &[("oleaut32.dll", &["#2", "#6"])];
    assert_eq!(
        imphash(&importing(automation, true)),
        ("a157a32c72e018afab4454053ff68d5f".into(), 46)
    );
    let other: &[(&str, &[&str])] = &[("foo.dll", &["#1", "#2", "Q"])];
    assert_eq!(imphash(&importing(other, false)), ("46cb7a36798bcc026845e07383c7539a".into(), 23));
}

#[test]
fn imports_that_never_end_are_bounded() {
    // Every thunk of the table is its own name: the table runs to the end of the file.
    let mut program = Program { imports: 0x2000, ..Program::plain() };
    program.parts[1].octets = 0x2000_u32.to_le_bytes().repeat(0x20_000);
    program.parts[1].said = program.parts[1].octets.len() as u32;
    let file = program.build();
    assert!(import_digest(&file, &Layout::read(&file).unwrap()).is_some());
}

#[test]
fn elf_sections_and_entry_of_both_widths_and_orders() {
    for (wide, big) in [(false, false), (true, false), (false, true), (true, true)] {
        let file = elf(wide, big);
        let layout = Layout::read(&file).unwrap();
        assert_eq!((layout.format, layout.entry_point), (Format::Elf, Some(0x110)), "{wide} {big}");
        assert_eq!((layout.sections[1].raw_offset, layout.sections[1].raw_octets), (0x100, 0x40));
    }
}

struct Octets {
    file: Vec<u8>,
    big: bool,
}

impl Octets {
    fn put(&mut self, at: usize, number: u64, width: usize) {
        let octets = if self.big {
            number.to_be_bytes()[8 - width..].to_vec()
        } else {
            number.to_le_bytes()[..width].to_vec()
        };
        self.file[at..at + width].copy_from_slice(&octets);
    }
}

fn elf(wide: bool, big: bool) -> Vec<u8> {
    let mut octets = Octets { file: vec![0; 0x300], big };
    octets.file[..4].copy_from_slice(b"\x7fELF");
    octets.file[4] = if wide { 2 } else { 1 };
    octets.file[5] = if big { 2 } else { 1 };
    let a = if wide { 8 } else { 4 };
    let head: [(usize, u64, usize); 7] = if wide {
        [
            (24, 0x8010, 8),
            (32, 0x80, 8),
            (40, 0x200, 8),
            (54, 56, 2),
            (56, 1, 2),
            (58, 64, 2),
            (60, 2, 2),
        ]
    } else {
        [
            (24, 0x8010, 4),
            (28, 0x80, 4),
            (32, 0x200, 4),
            (42, 32, 2),
            (44, 1, 2),
            (46, 40, 2),
            (48, 2, 2),
        ]
    };
    let segment: [(usize, u64); 3] = if wide {
        [(8, 0x100), (16, 0x8000), (40, 0x40)]
    } else {
        [(4, 0x100), (8, 0x8000), (20, 0x40)]
    };
    let row = 0x200 + if wide { 64 } else { 40 } + 8;
    let section = [(row + a, 0x8000), (row + 2 * a, 0x100), (row + 3 * a, 0x40)];
    for (at, number, width) in head {
        octets.put(at, number, width);
    }
    for (at, number) in segment.map(|(at, number)| (0x80 + at, number)).into_iter().chain(section) {
        octets.put(at, number, a);
    }
    octets.file
}

#[test]
fn macho_sections_and_entry() {
    let mut octets = Octets { file: vec![0; 0x400], big: false };
    octets.file[..4].copy_from_slice(&[0xcf, 0xfa, 0xed, 0xfe]);
    octets.put(16, 2, 4);
    for (at, number, width) in
        [(32, 0x19, 4), (36, 152, 4), (96, 1, 4), (136, 0x1000, 8), (144, 0x40, 8), (152, 0x300, 4)]
    {
        octets.put(at, number, width);
    }
    for (at, number, width) in [(184, 0x8000_0028, 4), (188, 24, 4), (192, 0x310, 8)] {
        octets.put(at, number, width);
    }
    let layout = Layout::read(&octets.file).unwrap();
    assert_eq!((layout.format, layout.entry_point), (Format::MachO, Some(0x310)));
    assert_eq!((layout.sections[0].raw_offset, layout.sections[0].raw_octets), (0x300, 0x40));
}

#[test]
fn keys_of_the_version_information_are_found() {
    let utf16 = |text: &str| -> Vec<u8> {
        text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
    };
    let node = |key: &str, value_length: u16, inside: &[u8]| {
        let mut octets = [&[0, 0][..], &value_length.to_le_bytes(), &[1, 0], &utf16(key)].concat();
        octets.resize(octets.len().next_multiple_of(4), 0);
        octets.extend_from_slice(inside);
        octets.resize(octets.len().next_multiple_of(4), 0);
        let length = octets.len() as u16;
        octets[..2].copy_from_slice(&length.to_le_bytes());
        octets
    };
    let string = node("CompanyName", 4, &utf16("Bad"));
    let strings = node("StringFileInfo", 0, &node("040904b0", 0, &string));
    let version = node("VS_VERSION_INFO", 52, &[&[0; 52][..], &strings].concat());
    let mut data = Vec::new();
    for (id, target) in [(16_u32, 24_u32 | 1 << 31), (1, 48 | 1 << 31), (0x409, 72)] {
        data.extend_from_slice(&[0; 14]);
        data.extend_from_slice(&[1, 0]);
        data.extend_from_slice(&id.to_le_bytes());
        data.extend_from_slice(&target.to_le_bytes());
    }
    data.extend_from_slice(&(0x2000_u32 + 88).to_le_bytes());
    data.extend_from_slice(&(version.len() as u32).to_le_bytes());
    data.extend_from_slice(&[0; 8]);
    data.extend_from_slice(&version);
    let mut program = Program { resources: 0x2000, ..Program::plain() };
    program.parts[1].octets[..data.len()].copy_from_slice(&data);
    let file = program.build();
    let keys = version_keys(&file, &Layout::read(&file).unwrap());
    let wanted = utf16("CompanyName");
    assert_eq!(keys.len(), 1);
    assert!(file[keys[0] as usize..].starts_with(&wanted));
}

#[test]
fn cut_and_changed_files_never_panic() {
    let imports: &[(&str, &[&str])] = &[("a.dll", &["B", "#3"])];
    for file in
        [importing(imports, false), importing(imports, true), elf(true, false), elf(false, true)]
    {
        for length in (0..file.len()).step_by(7) {
            look(&file[..length]);
        }
        for at in 0..file.len().min(0x400) {
            for value in [0, 0x7f, 0xff] {
                let mut bad = file.clone();
                bad[at] = value;
                look(&bad);
            }
        }
    }
}

fn look(file: &[u8]) {
    if let Some(layout) = Layout::read(file) {
        let _ = (import_digest(file, &layout), version_keys(file, &layout));
        let _: Vec<_> = layout.sections.iter().map(|section| section.octets(file)).collect();
    }
}
