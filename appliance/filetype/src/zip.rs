//! Zip archives: where one ends, and what its members' names make of it.

use crate::kind::FileType;
use crate::kinds::*;
use crate::limits;
use crate::reach::{contains, head, low16, low32, low64, place, stands, tail};

const END: &[u8] = b"PK\x05\x06";
const CENTRAL: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";

/// The directory of a zip archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Directory {
    /// Where its first entry stands.
    pub at: usize,
    /// Where the archive begins: its places count from here.
    pub base: usize,
}

/// Finds the directory by the end record, wherever the archive begins. Junk after the end record
/// is allowed, as unpackers allow it.
pub(crate) fn directory(octets: &[u8]) -> Option<Directory> {
    let (from, last) = tail(octets, limits::ZIP_END);
    let ends = memchr::memmem::find_iter(last, END).take(limits::ZIP_ENDS);
    ends.filter_map(|end| at_end(octets, from + end)).last()
}

fn at_end(octets: &[u8], end: usize) -> Option<Directory> {
    let size = place(low32(octets, end + 12)?);
    let offset = place(low32(octets, end + 16)?);
    let wide = end.checked_sub(20).filter(|at| stands(octets, *at, b"PK\x06\x07"));
    if let Some(locator) = wide {
        return at_wide_end(octets, locator);
    }
    if size == 0 {
        let empty = low16(octets, end + 10) == Some(0) && octets.len() <= end + 22 + 0xffff;
        return empty.then_some(Directory { at: end, base: end.saturating_sub(offset) });
    }
    let at = end.checked_sub(size).filter(|at| stands(octets, *at, CENTRAL));
    let at = at.or_else(|| Some(offset).filter(|at| stands(octets, *at, CENTRAL)))?;
    Some(Directory { at, base: at.saturating_sub(offset) })
}

/// Zip64: the locator before the end record leads to a wide end record.
fn at_wide_end(octets: &[u8], locator: usize) -> Option<Directory> {
    let wide = locator.checked_sub(56).filter(|at| stands(octets, *at, b"PK\x06\x06"))?;
    let size = usize::try_from(low64(octets, wide + 40)?).ok()?;
    let offset = usize::try_from(low64(octets, wide + 48)?).ok()?;
    let at = wide.checked_sub(size).filter(|at| stands(octets, *at, CENTRAL))?;
    Some(Directory { at, base: at.saturating_sub(offset) })
}

/// Names of the members, with where the local header stands where that is known.
fn names<'a>(
    octets: &'a [u8],
    directory: Option<Directory>,
    mut tell: impl FnMut(&'a [u8], usize),
) {
    if let Some(directory) = directory {
        let mut at = directory.at;
        for _ in 0..limits::ZIP_NAMES {
            let Some((name, local, next)) = central(octets, at, directory.base) else { break };
            tell(name, local);
            at = next;
        }
    }
    let mut at = directory.map_or(0, |directory| directory.base);
    for _ in 0..limits::ZIP_NAMES {
        let Some((name, next)) = local(octets, at) else { break };
        tell(name, at);
        at = next;
    }
}

fn central(octets: &[u8], at: usize, base: usize) -> Option<(&[u8], usize, usize)> {
    if !stands(octets, at, CENTRAL) {
        return None;
    }
    let name = usize::from(low16(octets, at + 28)?);
    let extra = usize::from(low16(octets, at + 30)?);
    let comment = usize::from(low16(octets, at + 32)?);
    let local = base.saturating_add(place(low32(octets, at + 42)?));
    let text = octets.get(at + 46..at + 46 + name)?;
    Some((text, local, at + 46 + name + extra + comment))
}

/// A local header's name, and where the next one stands when the sizes are told.
fn local(octets: &[u8], at: usize) -> Option<(&[u8], usize)> {
    if !stands(octets, at, LOCAL) {
        return None;
    }
    let start = at.checked_add(30)?;
    let name = usize::from(low16(octets, at + 26)?);
    let extra = usize::from(low16(octets, at + 28)?);
    let text = octets.get(start..start.checked_add(name)?)?;
    let packed = place(low32(octets, at + 18)?);
    let told = low16(octets, at + 6)? & 8 == 0;
    let data = start + name + extra;
    let next = if told { data.checked_add(packed)? } else { following(octets, data)? };
    Some((text, next))
}

/// The next local header after a member of untold size.
fn following(octets: &[u8], data: usize) -> Option<usize> {
    let window = head(octets.get(data..)?, limits::EMBEDDED);
    memchr::memmem::find(window, LOCAL).map(|at| data + at)
}

/// What the names tell, gathered in one pass.
#[derive(Default)]
struct Seen {
    types_at: Option<usize>,
    mimetype_at: Option<usize>,
    has_macros: bool,
    has_manifest: bool,
    has_class: bool,
    kind: Option<FileType>,
}

impl Seen {
    fn name(&mut self, name: &[u8], at: usize) {
        match name {
            b"[Content_Types].xml" => self.types_at = self.types_at.or(Some(at)),
            b"mimetype" => self.mimetype_at = self.mimetype_at.or(Some(at)),
            b"META-INF/MANIFEST.MF" => self.has_manifest = true,
            _ if name.ends_with(b"vbaProject.bin") => self.has_macros = true,
            _ if name.ends_with(b".class") => self.has_class = true,
            _ => {
                if let Some(kind) = member(name)
                    && self.kind.is_none_or(|known| rank(kind) < rank(known))
                {
                    self.kind = Some(kind);
                }
            }
        }
    }
}

/// Packages within packages: the outer one decides.
fn rank(kind: FileType) -> u8 {
    match kind {
        APK | IPA | MSIX | VSIX | NUPKG | XPI => 0,
        DOCX | XLSX | XLSB | PPTX | VSDX | XPS => 1,
        _ => 2,
    }
}

/// What one member's name says.
fn member(name: &[u8]) -> Option<FileType> {
    match name {
        b"AndroidManifest.xml" | b"classes.dex" | b"BundleConfig.pb" => Some(APK),
        b"AppxManifest.xml" | b"AppxBlockMap.xml" | b"AppxMetadata/AppxBundleManifest.xml" => {
            Some(MSIX)
        }
        b"extension.vsixmanifest" => Some(VSIX),
        b"install.rdf" | b"META-INF/mozilla.rsa" | b"META-INF/cose.sig" => Some(XPI),
        b"word/document.xml" | b"word/document2.xml" | b"word/_rels/document.xml.rels" => {
            Some(DOCX)
        }
        b"xl/workbook.xml" => Some(XLSX),
        b"xl/workbook.bin" => Some(XLSB),
        b"ppt/presentation.xml" => Some(PPTX),
        b"visio/document.xml" => Some(VSDX),
        b"FixedDocSeq.fdseq" | b"FixedDocumentSequence.fdseq" => Some(XPS),
        b"3D/3dmodel.model" => Some(THREE_MF),
        b"Index/Document.iwa" | b"Index.zip" | b"index.apxl" => Some(IWORK),
        b"Contents/content.hpf" => Some(HWPX),
        b"doc.kml" => Some(KMZ),
        b"designmap.xml" => Some(IDML),
        b"META-INF/container.xml" => Some(EPUB),
        b"document.json" => Some(SKETCH),
        _ if name.ends_with(b".nuspec") && !name.contains(&b'/') => Some(NUPKG),
        _ if name.ends_with(b".dist-info/WHEEL") => Some(PY_ZIP),
        _ if name.starts_with(b"Payload/") && contains(name, b".app/") => Some(IPA),
        _ => None,
    }
}

/// What a zip archive is beside an archive; `None` when it is just that.
pub(crate) fn kind(octets: &[u8]) -> Option<FileType> {
    let mut seen = Seen::default();
    names(octets, directory(octets), |name, at| seen.name(name, at));
    let by_mimetype = seen.mimetype_at.and_then(|at| mimetype(octets, at));
    if by_mimetype.is_some() {
        return by_mimetype;
    }
    match seen.kind {
        Some(kind) if rank(kind) == 1 => Some(office(octets, kind, &seen)),
        Some(kind) => Some(kind),
        None if seen.types_at.is_some() => Some(OOXML),
        None if seen.has_manifest || seen.has_class => Some(JAR),
        None => None,
    }
}

/// The stored member `mimetype` of OpenDocument, EPUB and their kind.
fn mimetype(octets: &[u8], at: usize) -> Option<FileType> {
    let content = content(octets, at, 128)?;
    let content = content.trim_ascii();
    let kind = |name: &[u8]| match name {
        b"application/epub+zip" => Some(EPUB),
        b"application/x-krita" => Some(KRITA),
        b"image/openraster" => Some(ORA),
        b"application/hwp+zip" => Some(HWPX),
        _ if name.starts_with(b"application/vnd.sun.xml.") => Some(SXW),
        _ => None,
    };
    let Some(open) = content.strip_prefix(b"application/vnd.oasis.opendocument.") else {
        return kind(content);
    };
    let families = [
        (&b"text"[..], ODT),
        (b"spreadsheet", ODS),
        (b"presentation", ODP),
        (b"graphics", ODG),
        (b"base", ODB),
        (b"database", ODB),
    ];
    let family = families.into_iter().find(|(name, _)| open.starts_with(name));
    Some(family.map_or(ODF, |(_, kind)| kind))
}

/// Document, template or add-in, with macros or without: the main part's content type tells; the
/// macros themselves count whatever it tells.
fn office(octets: &[u8], kind: FileType, seen: &Seen) -> FileType {
    let types = seen.types_at.and_then(|at| content(octets, at, limits::CONTENT_TYPES));
    let types = types.unwrap_or_default();
    let says = |text: &str| contains(&types, text.as_bytes());
    let template = says("template.main+xml") || says("template.macroEnabled");
    let show = says("slideshow.main+xml") || says("slideshow.macroEnabled");
    let addin = says("addin.macroEnabled");
    let macros = seen.has_macros || says("macroEnabled.main+xml");
    match (kind, template, macros) {
        (DOCX, false, true) => DOCM,
        (DOCX, true, false) => DOTX,
        (DOCX, true, true) => DOTM,
        (XLSX, _, _) if addin => XLAM,
        (XLSX, false, true) => XLSM,
        (XLSX, true, false) => XLTX,
        (XLSX, true, true) => XLTM,
        (PPTX, _, _) if addin => PPAM,
        (PPTX, _, true) if show => PPSM,
        (PPTX, _, false) if show => PPSX,
        (PPTX, false, true) => PPTM,
        (PPTX, true, false) => POTX,
        (PPTX, true, true) => POTM,
        (VSDX, _, true) => VSDM,
        (kind, _, _) => kind,
    }
}

/// The first octets of a member that is stored or deflated.
fn content(octets: &[u8], at: usize, most: usize) -> Option<Vec<u8>> {
    if !stands(octets, at, LOCAL) {
        return None;
    }
    let name = usize::from(low16(octets, at + 26)?);
    let extra = usize::from(low16(octets, at + 28)?);
    let data = octets.get(at + 30 + name + extra..)?;
    match low16(octets, at + 8)? {
        0 => {
            let size = low32(octets, at + 22).map_or(0, place);
            Some(head(data, size.min(most)).to_vec())
        }
        8 => Some(inflate(data, most)),
        _ => None,
    }
}

fn inflate(data: &[u8], most: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(most);
    let mut state = flate2::Decompress::new(false);
    // What came out before damage is still what it says.
    let _damaged = state.decompress_vec(data, &mut out, flate2::FlushDecompress::Sync);
    out
}
