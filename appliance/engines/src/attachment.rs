//! Attachments: names that deceive, contents that are not what the name says, files that carry
//! programs past their reader, programs in archives.

use std::collections::BTreeMap;

use filetype::{Family, FileType, Fit, Packed, Risk, Types, kinds};
use mail::{EngineName, Finding, FindingKind, Properties};
use message::Part;
use unpack::{Origin, Specimen};

use crate::look::Gathered;
use crate::{limits, names};

/// Types that run, mount or fetch something when they are opened: name of the finding, percent.
const CARRIERS: &[(FileType, &str, u8)] = &[
    (kinds::LNK, "carrier-lnk", 65),
    (kinds::HTA, "carrier-hta", 75),
    (kinds::SCF, "carrier-scf", 75),
    (kinds::LIBRARY_MS, "carrier-library-ms", 75),
    (kinds::SEARCH_MS, "carrier-search-ms", 75),
    (kinds::SETTINGCONTENT, "carrier-settingcontent", 80),
    (kinds::URL_SHORTCUT, "carrier-url", 30),
    (kinds::DESKTOP_ENTRY, "carrier-desktop", 50),
    (kinds::WEBLOC, "carrier-webloc", 30),
    (kinds::WSF, "carrier-wsf", 70),
    (kinds::JSE, "carrier-encoded-script", 70),
    (kinds::VBE, "carrier-encoded-script", 70),
    (kinds::MSC, "carrier-msc", 70),
    (kinds::IQY, "carrier-iqy", 60),
    (kinds::SLK, "carrier-slk", 40),
    (kinds::CHM, "carrier-chm", 50),
    (kinds::JNLP, "carrier-jnlp", 50),
    (kinds::REG, "carrier-reg", 50),
    (kinds::RDP, "carrier-rdp", 45),
    (kinds::ICA, "carrier-ica", 20),
    (kinds::APPLESCRIPT_COMPILED, "carrier-applescript", 40),
    (kinds::ISO9660, "carrier-disk-image", 40),
    (kinds::UDF, "carrier-disk-image", 40),
    (kinds::VHD, "carrier-disk-image", 50),
    (kinds::VHDX, "carrier-disk-image", 50),
    (kinds::VMDK, "carrier-disk-image", 30),
    (kinds::DMG, "carrier-disk-image", 30),
    (kinds::WIM, "carrier-disk-image", 30),
    (kinds::ONENOTE, "carrier-onenote", 25),
    (kinds::SWF, "carrier-flash", 30),
    (kinds::AUTOIT, "carrier-autoit", 50),
];

/// The same by the end of the name, for contents that cannot be told: extensions, name, percent.
const CARRYING_NAMES: &[(&[&str], &str, u8)] = &[
    (&["scf"], "carrier-scf", 75),
    (&["hta"], "carrier-hta", 75),
    (&["lnk"], "carrier-lnk", 65),
    (&["library-ms"], "carrier-library-ms", 75),
    (&["search-ms", "searchconnector-ms"], "carrier-search-ms", 75),
    (&["settingcontent-ms"], "carrier-settingcontent", 80),
    (&["jse", "vbe"], "carrier-encoded-script", 70),
    (&["vbs", "vb", "wsf", "wsh", "wsc", "sct"], "carrier-script", 60),
    (&["js", "bat", "cmd", "ps1"], "carrier-script", 45),
    (&["xll"], "carrier-xll", 75),
    (&["scr", "pif", "cpl", "gadget"], "carrier-program", 65),
    (&["appref-ms", "application", "xbap"], "carrier-clickonce", 60),
    (&["diagcab", "msu"], "carrier-package", 60),
    (&["msc"], "carrier-msc", 70),
];

/// Names and percents of the other heuristics.
const PROGRAM_IN_ARCHIVE: (&str, u8, u8) = ("program-in-archive", 40, 65);
const PROGRAM_ATTACHED: (&str, u8, u8) = ("program-attached", 40, 65);
const SCRIPT_IN_ARCHIVE: (&str, u8) = ("script-in-archive", 45);
const ONLY_PROGRAM: (&str, u8) = ("archive-of-one-program", 70);
const IMAGE_OF_PROGRAM: (&str, u8) = ("disk-image-with-program", 75);
const PROGRAM_IN_DOCUMENT: (&str, u8) = ("program-in-document", 75);
const PACKED_IN_ARCHIVE: (&str, u8) = ("packed-program-in-archive", 60);
const PACKED: (&str, u8) = ("packed-program", 35);
const NESTED: (&str, u8) = ("archives-nested", 40);
const POLYGLOT: (&str, u8) = ("polyglot", 50);
const SELF_EXTRACTING: (&str, u8) = ("self-extracting", 20);
const OPENED_WITH_PROGRAM: (&str, u8) = ("password-and-program", 60);
const URL_TO_FILE: (&str, u8) = ("shortcut-to-file-share", 70);

/// What an archive or disk image holds, itself and not in archives inside.
#[derive(Debug, Default)]
struct Archive {
    files: usize,
    programs: Vec<String>,
    scripts: Vec<String>,
    is_image: bool,
}

/// What was seen of attachments.
#[derive(Debug, Default)]
pub(crate) struct Attachments {
    archives: BTreeMap<String, Archive>,
    /// Programs that are parts of the message themselves.
    attached: Vec<(String, String)>,
    findings: Vec<Finding>,
    marks: Vec<(String, Properties)>,
}

impl Attachments {
    /// Looks at one file.
    pub fn look(&mut self, specimen: &Specimen<'_>, part: &Part<'_>) {
        self.content(specimen);
        match specimen.origin {
            Origin::Member(_) => {
                self.name(specimen.name, specimen.place);
                self.member(specimen);
                self.misnamed(specimen.name, specimen);
            }
            Origin::Part => self.part(specimen, part),
            Origin::Reading => self.misnamed(specimen.name, specimen),
            Origin::Stream | Origin::Text(_) => {}
        }
        self.in_document(specimen);
    }

    /// Looks at one file name.
    pub fn name(&mut self, name: &str, place: &str) {
        for sign in names::signs(name) {
            self.marks.push((place.to_owned(), sign.property));
            let words = format!("{}: {}", sign.words, shown(name));
            self.tell(sign.name, sign.weight, place, words);
        }
        let Some(extension) = filetype::extension(name) else { return };
        let row = CARRYING_NAMES.iter().find(|(known, _, _)| known.contains(&extension.as_str()));
        if let Some((_, finding, weight)) = row {
            self.tell(finding, *weight, place, format!("a file with the extension {extension}"));
        }
    }

    fn part(&mut self, specimen: &Specimen<'_>, part: &Part<'_>) {
        // Readers may show any of its names.
        for name in part.all_names() {
            self.misnamed(name, specimen);
        }
        if let Some(what) = program(specimen)
            && (part.is_attachment() || specimen.types.has_family(Family::Executable))
        {
            self.attached.push((specimen.place.to_owned(), what));
        }
    }

    /// What the content alone says.
    fn content(&mut self, specimen: &Specimen<'_>) {
        let types = specimen.types;
        let is_file = !matches!(specimen.origin, Origin::Text(_));
        for (kind, name, weight) in
            CARRIERS.iter().filter(|(kind, _, _)| is_file && types.has(*kind))
        {
            self.tell(name, *weight, specimen.place, kind.title().to_owned());
        }
        if types.has(kinds::URL_SHORTCUT) && leads_to_share(specimen.octets) {
            let words = "an Internet shortcut to a file share".to_owned();
            self.tell(URL_TO_FILE.0, URL_TO_FILE.1, specimen.place, words);
        }
        if types.is_polyglot() {
            self.polyglot(specimen);
        }
        if types.has_family(Family::Executable) {
            self.packed(specimen);
        }
        let around = parents(specimen).filter(|one| is_archive(one.types)).count();
        if is_archive(types) && around + 1 >= limits::NESTED_ARCHIVES {
            let words = format!("{} archives inside one another", around + 1);
            self.tell(NESTED.0, NESTED.1, specimen.place, words);
        }
    }

    fn polyglot(&mut self, specimen: &Specimen<'_>) {
        let types: Vec<&str> = specimen.types.iter().map(FileType::title).collect();
        let words = types.join(" and ");
        let main = specimen.types.main();
        let others = || specimen.types.iter().skip(1);
        let (name, weight) = if main.family() == Family::Executable {
            SELF_EXTRACTING
        } else if others().any(|other| is_turned_into(main, other)) {
            POLYGLOT
        } else {
            return;
        };
        self.tell(name, weight, specimen.place, words);
    }

    fn packed(&mut self, specimen: &Specimen<'_>) {
        let words = match filetype::packed(specimen.octets) {
            None => return,
            Some(Packed::By(packer)) => format!("packed with {packer}"),
            Some(Packed::Even(bits)) => {
                format!("its code has {}.{:02} bits an octet", bits / 100, bits % 100)
            }
        };
        let in_archive = parents(specimen).any(|one| is_archive(one.types));
        let (name, weight) = if in_archive { PACKED_IN_ARCHIVE } else { PACKED };
        self.tell(name, weight, specimen.place, words);
    }

    /// A name that leads its reader into more danger than it shows.
    fn misnamed(&mut self, name: &str, specimen: &Specimen<'_>) {
        if filetype::fit(name, specimen.types) != Fit::Contradicts {
            return;
        }
        let worst = specimen.types.iter().map(filetype::risk).max();
        let weight = match worst {
            Some(Risk::Runs) => 65,
            Some(Risk::Carrier) => 35,
            _ => 30,
        };
        let words = format!("{} is {}", shown(name), specimen.types.main().title());
        self.tell("name-contradicts-content", weight, specimen.place, words);
    }

    /// Counts a member for its archive.
    fn member(&mut self, specimen: &Specimen<'_>) {
        let Some(parent) = specimen.parent.filter(|parent| is_archive(parent.types)) else {
            return;
        };
        if specimen.name.ends_with('/') {
            return;
        }
        if self.archives.len() >= limits::FACTS && !self.archives.contains_key(parent.place) {
            return;
        }
        let archive = self.archives.entry(parent.place.to_owned()).or_default();
        archive.files += 1;
        archive.is_image |= parent.types.has_family(Family::DiskImage);
        let list = if let Some(what) = program(specimen) {
            Some((&mut archive.programs, what))
        } else {
            script(specimen).map(|what| (&mut archive.scripts, what))
        };
        if let Some((list, what)) = list
            && list.len() < limits::QUOTED
        {
            list.push(format!("{} ({what})", shown(specimen.name)));
        }
    }

    /// A program right inside of a document.
    fn in_document(&mut self, specimen: &Specimen<'_>) {
        let Some(parent) = specimen.parent else { return };
        let in_document = std::iter::once(parent)
            .chain(parents(parent))
            .take_while(|one| !is_archive(one.types))
            .any(|one| {
                one.types.main().family() == Family::Document && one.types.main() != kinds::CHM
            });
        let is_file = !matches!(specimen.origin, Origin::Text(_));
        if let Some(what) = program(specimen)
            && in_document
            && is_file
        {
            self.tell(PROGRAM_IN_DOCUMENT.0, PROGRAM_IN_DOCUMENT.1, specimen.place, what);
        }
    }

    fn tell(&mut self, name: &str, weight: u8, place: &str, words: String) {
        if self.findings.len() >= limits::FACTS {
            return;
        }
        let (engine, kind) = (EngineName::Attachment, FindingKind::Suspicious);
        self.findings.push(Finding::new(engine, kind, name, place, words).weighing(weight));
    }

    /// Tells what all files say together.
    pub fn judge(mut self, is_known_sender: Option<bool>, gathered: &mut Gathered) {
        let is_new = is_known_sender == Some(false);
        for (place, what) in std::mem::take(&mut self.attached) {
            let (name, known, new) = PROGRAM_ATTACHED;
            self.tell(name, if is_new { new } else { known }, &place, what);
        }
        for (place, archive) in std::mem::take(&mut self.archives) {
            let opened = gathered.leaves.at(&place);
            let is_opened = opened.is_some_and(|leaf| leaf.properties.any(Properties::OPENED));
            self.archive(&place, &archive, is_new, is_opened);
        }
        for (place, properties) in self.marks {
            gathered.leaves.mark(&place, properties);
        }
        for finding in self.findings {
            gathered.find(finding);
        }
    }

    fn archive(&mut self, place: &str, archive: &Archive, is_new: bool, is_opened: bool) {
        let both = || {
            archive.programs.iter().chain(&archive.scripts).cloned().collect::<Vec<_>>().join(", ")
        };
        let any = archive.programs.len() + archive.scripts.len();
        if any == 0 {
            return;
        }
        if is_opened {
            self.tell(OPENED_WITH_PROGRAM.0, OPENED_WITH_PROGRAM.1, place, both());
        }
        if archive.is_image {
            self.tell(IMAGE_OF_PROGRAM.0, IMAGE_OF_PROGRAM.1, place, both());
        } else if archive.files == 1 {
            self.tell(ONLY_PROGRAM.0, ONLY_PROGRAM.1, place, both());
        }
        if !archive.programs.is_empty() {
            let (name, known, new) = PROGRAM_IN_ARCHIVE;
            self.tell(name, if is_new { new } else { known }, place, archive.programs.join(", "));
        } else if archive.files <= limits::FEW_FILES {
            self.tell(SCRIPT_IN_ARCHIVE.0, SCRIPT_IN_ARCHIVE.1, place, archive.scripts.join(", "));
        }
    }
}

/// The specimens around one, the nearest first.
fn parents<'s>(specimen: &Specimen<'s>) -> impl Iterator<Item = &'s Specimen<'s>> + use<'s> {
    std::iter::successors(specimen.parent, |one| one.parent)
}

fn is_archive(types: &Types) -> bool {
    matches!(types.main().family(), Family::Archive | Family::DiskImage)
        || (types.is_polyglot() && types.has_family(Family::Archive))
}

/// A program that runs on a double click, by content or by name; libraries, classes and packages of
/// developers are none.
fn program(specimen: &Specimen<'_>) -> Option<String> {
    const KINDS: &[FileType] = &[
        kinds::PE_EXE,
        kinds::NE_EXE,
        kinds::LE_EXE,
        kinds::MZ_DOS,
        kinds::COM,
        kinds::MSI,
        kinds::MSIX,
        kinds::ELF,
        kinds::MACHO,
        kinds::MACHO_FAT,
        kinds::PE_DRIVER,
    ];
    const EXTENSIONS: &[&str] = &["exe", "scr", "com", "pif", "cpl", "msi", "msp", "xll"];
    if let Some(kind) = KINDS.iter().find(|kind| specimen.types.has(**kind)) {
        return Some(kind.title().to_owned());
    }
    let extension = filetype::extension(specimen.name)?;
    // A closed member shows its name only; text that is called `.com` is an address.
    let is_plausible = specimen.types.main().family() != Family::Text && !specimen.place.is_empty();
    (is_plausible && EXTENSIONS.contains(&extension.as_str()))
        .then(|| format!("a file with the extension {extension}"))
}

/// A script or shortcut that runs on a double click on Windows.
fn script(specimen: &Specimen<'_>) -> Option<String> {
    const KINDS: &[FileType] = &[
        kinds::LNK,
        kinds::HTA,
        kinds::WSF,
        kinds::JSE,
        kinds::VBE,
        kinds::VBS,
        kinds::SCF,
        kinds::BAT,
        kinds::PS1,
        kinds::URL_SHORTCUT,
        kinds::JAR,
    ];
    const EXTENSIONS: &[&str] = &[
        "js", "jse", "vbs", "vbe", "wsf", "wsh", "hta", "bat", "cmd", "ps1", "lnk", "scf", "jar",
        "url",
    ];
    if let Some(kind) = KINDS.iter().find(|kind| specimen.types.has(**kind)) {
        return Some(kind.title().to_owned());
    }
    let extension = filetype::extension(specimen.name)?;
    EXTENSIONS
        .contains(&extension.as_str())
        .then(|| format!("a file with the extension {extension}"))
}

/// Whether one type beside the first makes more of a file than it shows: an archive or a program in
/// a picture, a page in anything that is shown. A document in an archive format is no such thing.
fn is_turned_into(main: FileType, other: FileType) -> bool {
    let page = matches!(other, kinds::HTML | kinds::SVG | kinds::HTA | kinds::JS | kinds::PHP);
    let shown = matches!(
        main.family(),
        Family::Image | Family::Media | Family::Font | Family::Document | Family::Text
    );
    let archive =
        matches!(other.family(), Family::Archive | Family::DiskImage | Family::Executable);
    let document = other.family() == Family::Document;
    let worse = filetype::risk(other) > filetype::risk(main);
    // uuencode and its like in a text are what mail is made of.
    let is_encoding = matches!(other, kinds::UUENCODE | kinds::YENC | kinds::BINHEX);
    let two_documents =
        document && main.family() == Family::Document && other.base() != main.base();
    !is_encoding
        && ((shown && archive)
            || (page && main.family() != Family::Text && worse)
            || (document && worse)
            || two_documents)
}

/// An address of a file share, where Windows signs in by itself.
fn leads_to_share(octets: &[u8]) -> bool {
    let lower = octets.get(..4096).unwrap_or(octets).to_ascii_lowercase();
    let marks: [&[u8]; 5] = [b"=file:", b"=\\\\", b"iconfile=\\\\", b"davwwwroot", b"@ssl"];
    marks.iter().any(|mark| memchr::memmem::find(&lower, mark).is_some())
}

/// A name in quotes, short, with what cannot be seen made visible.
fn shown(name: &str) -> String {
    let visible = |c: char| match c {
        '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{200b}'
        | '\u{feff}'
        | '\u{2060}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    let name: String = name.chars().take(120).map(visible).collect();
    format!("\u{201c}{name}\u{201d}")
}
