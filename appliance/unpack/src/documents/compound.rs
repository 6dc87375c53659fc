//! Compound files taken apart: what kind of document it is, its macros, its embedded objects, and
//! every stream as octets to look at.
//!
//! Never lets a stream go unseen: those that a kind explains are told by it, all others as they
//! are. Start with [`unpack`].

use super::cursor::{holds, shown, utf16};
use super::gathered::{Gathered, is_program};
use super::macros::{self, Words};
use super::ole::{Entry, Ole};
use super::{excel, msg, native, office_crypto, powerpoint, vba, word};
use crate::fact::FactKind;
use crate::limits;
use crate::specimen::{Origin, Specimen, Text};
use crate::walk::{Stop, Walk};

/// Class of the equation editor, version 3 (0002CE02-0000-0000-C000-000000000046), and of its
/// predecessor 2.
const EQUATIONS: [[u8; 16]; 2] = [
    [0x02, 0xce, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46],
    [0x03, 0x00, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46],
];

/// Takes a compound file apart.
///
/// # Errors
/// [`Stop::Over`], or what is wrong with the file when all that can be seen was told.
pub(crate) fn unpack(specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let Some(ole) = Ole::read(specimen.octets) else {
        return Err(Stop::broken("the header of the compound file is cut off"));
    };
    let mut end = ole.damage().map_or(Ok(()), |words| Err(Stop::broken(words)));
    for told in [encrypted(&ole, specimen, walk), document(&ole, specimen, walk)] {
        keep(&mut end, told)?;
    }
    projects(&ole, specimen, walk)?;
    storages(&ole, specimen, walk);
    let is_message = ole.child(0, msg::PROPERTIES).is_some();
    if is_message {
        keep(&mut end, msg::unpack(&ole, specimen, walk))?;
    }
    for (number, entry) in ole.streams() {
        let is_told = is_message && msg::is_property(&ole, entry);
        if !is_told && Ole::size(entry) > 0 {
            keep(&mut end, stream(&ole, number, entry, specimen, walk))?;
        }
    }
    end
}

/// The first thing that is wrong is the one that is told; the end of the walk ends everything.
fn keep(end: &mut Result<(), Stop>, new: Result<(), Stop>) -> Result<(), Stop> {
    match new {
        Err(Stop::Over) => Err(Stop::Over),
        Err(stop) => {
            if end.is_ok() {
                *end = Err(stop);
            }
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// A stream as it is, or the file that it wraps.
fn stream(
    ole: &Ole<'_>,
    number: usize,
    entry: &Entry,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    let content = ole.content(entry);
    let name = name(&ole.path(number));
    if entry.name.eq_ignore_ascii_case("\u{1}Ole10Native") {
        walk.fact(specimen, FactKind::EmbeddedObject, &format!("a packaged file in {name}"));
        wrapped(content.octets.get(4..).unwrap_or_default(), specimen, walk)?;
    }
    if entry.name.eq_ignore_ascii_case("\u{1}Ole") {
        link(&content.octets, specimen, walk);
    }
    walk.member_octets(specimen, &name, Origin::Stream, &content.octets)?;
    match content.is_whole {
        true => Ok(()),
        false => Err(Stop::Broken(format!("the stream {name} is cut off"))),
    }
}

/// Tells the file of a package.
///
/// # Errors
/// [`Stop::Over`] alone.
pub(crate) fn wrapped(
    octets: &[u8],
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    let Some(package) = native::package(octets) else {
        walk.fact(specimen, FactKind::Broken, "a package cannot be read");
        return Ok(());
    };
    if is_program(&package.name, package.octets) {
        walk.fact(specimen, FactKind::EmbeddedExecutable, &format!("the file {}", package.name));
    }
    if !package.is_whole {
        walk.fact(specimen, FactKind::Broken, "a package is cut off");
    }
    walk.member_octets(specimen, &package.name, Origin::Stream, package.octets)
}

/// The stream `\x01Ole` of a linked object holds a moniker with its target.
fn link(octets: &[u8], specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) {
    let is_linked = super::cursor::u32_at(octets, 4).is_some_and(|flags| flags & 1 != 0);
    let narrow: Vec<u8> = octets.iter().copied().filter(|octet| *octet != 0).collect();
    if is_linked && (holds(&narrow, b"http") || memchr::memmem::find(&narrow, br"\\").is_some()) {
        let at = memchr::memmem::find(octets, b"h\0t\0t\0p\0").unwrap_or_default();
        let target =
            shown(&utf16(octets.get(at..).unwrap_or_default()), limits::EVIDENCE_OCTETS / 4);
        walk.fact(specimen, FactKind::ExternalLink, &format!("a linked object: {target}"));
    }
}

/// A path fit to be a name: MSI packs names of streams into characters of its own.
fn name(path: &str) -> String {
    path.chars().flat_map(unpacked).filter(|one| !one.is_control()).collect()
}

/// One or two letters of a packed MSI name: digits, capitals, small letters, dot, underscore.
fn unpacked(one: char) -> impl Iterator<Item = char> {
    const LETTERS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";
    let letter = |at: u32| {
        let at = usize::try_from(at & 0x3f).unwrap_or_default();
        LETTERS.get(at).map(|octet| char::from(*octet))
    };
    let code = u32::from(one);
    let (first, second) = match code {
        0x3800..=0x47ff => (letter(code - 0x3800), letter((code - 0x3800) >> 6)),
        0x4800..=0x483f => (letter(code - 0x4800), None),
        0x4840 => (None, None),
        _ => (Some(one), None),
    };
    first.into_iter().chain(second)
}

/// Encrypted Office files of 2007 and later are a compound file with two streams.
fn encrypted(ole: &Ole<'_>, specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let Some((_, package)) = ole.child(0, "EncryptedPackage") else { return Ok(()) };
    let Some((_, info)) = ole.child(0, "EncryptionInfo") else {
        return Err(Stop::Encrypted("an encrypted Office file without its description".to_owned()));
    };
    let (info, package) = (ole.content(info), ole.content(package));
    walk.reserve(package.octets.len() as u64)?;
    match office_crypto::open_package(&info.octets, &package.octets, walk.passwords()) {
        Some((opened, clear)) => {
            walk.fact(specimen, FactKind::Opened, excel::opened_words(opened));
            walk.member_octets(specimen, "Package", Origin::Stream, &clear)
        }
        None => Err(Stop::Encrypted("an encrypted Office file".to_owned())),
    }
}

/// Text and facts by the kind of document.
fn document(ole: &Ole<'_>, specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let mut end = Ok(());
    if let Some((_, entry)) = ole.child(0, "WordDocument") {
        let told = word_document(ole, entry, specimen, walk);
        keep(&mut end, told)?;
    }
    for name in ["Workbook", "Book"] {
        if let Some((_, entry)) = ole.child(0, name) {
            let told = workbook(&ole.content(entry).octets, specimen, walk);
            keep(&mut end, told)?;
        }
    }
    if let Some((_, entry)) = ole.child(0, "PowerPoint Document") {
        let content = ole.content(entry);
        let mut gathered = Gathered::default();
        powerpoint::read(&content.octets, &mut gathered);
        let told = gathered.tell(specimen, walk);
        keep(&mut end, told)?;
        if ole.child(0, "EncryptedSummary").is_some() {
            keep(&mut end, Err(Stop::Encrypted("an encrypted presentation".to_owned())))?;
        }
    }
    end
}

fn word_document(
    ole: &Ole<'_>,
    entry: &Entry,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    let main = ole.content(entry);
    if word::is_encrypted(&main.octets) {
        return Err(Stop::Encrypted("an encrypted document of Word 97 to 2003".to_owned()));
    }
    let name = if word::uses_first_table(&main.octets) { "1Table" } else { "0Table" };
    let table = ole.child(0, name).map(|(_, entry)| ole.content(entry));
    let table = table.as_ref().map(|content| content.octets.as_ref()).unwrap_or_default();
    let mut gathered = Gathered::default();
    word::read(&main.octets, table, &mut gathered);
    gathered.tell(specimen, walk)
}

fn workbook(stream: &[u8], specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let mut gathered = Gathered::default();
    match excel::unlock(stream, walk.passwords()) {
        excel::Lock::Open => excel::read(stream, &mut gathered),
        excel::Lock::Opened(opened, clear) => {
            walk.reserve(clear.len() as u64)?;
            walk.fact(specimen, FactKind::Opened, excel::opened_words(opened));
            excel::read(&clear, &mut gathered);
            walk.member_octets(specimen, "Workbook (decrypted)", Origin::Stream, &clear)?;
        }
        excel::Lock::Closed => {
            return Err(Stop::Encrypted("an encrypted workbook of Excel 97 to 2003".to_owned()));
        }
    }
    gathered.tell(specimen, walk)
}

/// All VBA projects: a storage with a stream `dir` or `_VBA_PROJECT`.
fn projects(ole: &Ole<'_>, specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let mut storages: Vec<usize> = Vec::new();
    for (_, entry) in ole.streams() {
        let is_one =
            ["dir", "_VBA_PROJECT"].iter().any(|name| entry.name.eq_ignore_ascii_case(name));
        if is_one && !storages.contains(&entry.parent) {
            if storages.len() >= limits::VBA_PROJECTS {
                walk.fact(specimen, FactKind::Limit, "more VBA projects than are read");
                break;
            }
            storages.push(entry.parent);
        }
    }
    for storage in storages {
        walk.still_time(specimen)?;
        project(&vba::read(ole, storage), specimen, walk)?;
    }
    Ok(())
}

fn project(
    project: &vba::Project,
    specimen: &Specimen<'_>,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Stop> {
    let names: Vec<&str> = project.modules.iter().map(|module| module.name.as_str()).collect();
    let listed = shown(&names.join(", "), limits::EVIDENCE_OCTETS / 2);
    walk.fact(specimen, FactKind::Macro, &format!("VBA modules: {listed}"));
    for module in &project.modules {
        let words = Words::of(&module.source);
        let calls = words.calls.join(", ");
        for name in &words.auto_run {
            let does = if calls.is_empty() { String::new() } else { format!(" calls {calls}") };
            let evidence = format!("macro {name} in module {}{does}", module.name);
            walk.fact(specimen, FactKind::AutoMacro, &evidence);
        }
        if !calls.is_empty() {
            let evidence = format!("module {} calls {calls}", module.name);
            walk.fact(specimen, FactKind::MacroCall, &evidence);
        }
        walk.text(specimen, Text::Script, &module.source)?;
        if !module.is_whole {
            let evidence = format!("the source of module {} is cut off", module.name);
            walk.fact(specimen, FactKind::Broken, &evidence);
        }
    }
    let sources: Vec<&str> = project.modules.iter().map(|module| module.source.as_str()).collect();
    let only = macros::compiled_only(&project.names, &sources);
    if !only.is_empty() {
        let evidence = format!("compiled code names {}, no source does", only.join(", "));
        walk.fact(specimen, FactKind::MacroStomped, &evidence);
    } else if !project.names.is_empty() && sources.iter().all(|source| source.is_empty()) {
        walk.fact(specimen, FactKind::MacroStomped, "there is compiled code and no source");
    }
    if let Some(damage) = project.damage {
        walk.fact(specimen, FactKind::Broken, damage);
    }
    Ok(())
}

/// Facts that names and classes tell.
fn storages(ole: &Ole<'_>, specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) {
    let entries = || ole.entries().iter();
    let has = |name: &str| entries().any(|entry| entry.name.eq_ignore_ascii_case(name));
    if entries().any(|entry| EQUATIONS.contains(&entry.class)) || has("Equation Native") {
        walk.fact(specimen, FactKind::RtfExploit, "an object of the equation editor");
    }
    if has("ObjectPool") && entries().any(|entry| entry.name.starts_with('_') && !entry.is_stream) {
        walk.fact(specimen, FactKind::EmbeddedObject, "objects inside the document");
    }
    if entries().any(|entry| entry.name.starts_with("MBD") && !entry.is_stream) {
        walk.fact(specimen, FactKind::EmbeddedObject, "objects inside the workbook");
    }
    if has("\u{5}DigitalSignature") || has("_signatures") || has("_xmlsignatures") {
        walk.fact(specimen, FactKind::Signed, "the file holds a digital signature");
    }
    if has("\u{3}OCXNAME") || has("OCXDATA") || has("\u{3}OCXDATA") {
        walk.fact(specimen, FactKind::ActiveX, "a control inside the document");
    }
    if entries().any(|entry| entry.is_orphan && entry.is_stream) {
        walk.fact(specimen, FactKind::Disagreement, "a stream that no directory tree leads to");
    }
}
