//! HTML, XML and its many flavours, told by the first element and the declarations before it.

use super::Sheet;
use crate::kind::FileType;
use crate::kinds::*;
use crate::limits;
use crate::reach::{contains, head};

/// Elements that HTML begins with, in lower case.
const HTML_ELEMENTS: &[&[u8]] = &[
    b"html",
    b"head",
    b"body",
    b"script",
    b"style",
    b"title",
    b"meta",
    b"link",
    b"base",
    b"div",
    b"p",
    b"table",
    b"a",
    b"img",
    b"span",
    b"font",
    b"center",
    b"br",
    b"form",
    b"iframe",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"b",
    b"i",
    b"ul",
    b"ol",
    b"pre",
    b"hr",
    b"object",
    b"embed",
    b"frameset",
    b"video",
    b"audio",
    b"input",
    b"button",
    b"section",
    b"article",
    b"main",
    b"header",
    b"nav",
    b"strong",
    b"em",
    b"td",
    b"tr",
    b"blockquote",
    b"noscript",
    b"details",
    b"template",
    b"marquee",
    b"u",
    b"label",
    b"textarea",
    b"area",
    b"map",
    b"tbody",
    b"small",
    b"big",
    b"o:p",
    b"xmp",
];

/// First elements of XML, without prefix, in lower case; with a text that must stand as well.
const ROOTS: &[(&[u8], &[u8], FileType)] = &[
    (b"svg", b"", SVG),
    (b"rss", b"", RSS),
    (b"feed", b"atom", RSS),
    (b"rdf", b"purl.org/rss", RSS),
    (b"kml", b"", KML),
    (b"gpx", b"", GPX),
    (b"collada", b"", COLLADA),
    (b"math", b"", MATHML),
    (b"definitions", b"wsdl", WSDL),
    (b"schema", b"xmlschema", XSD),
    (b"xliff", b"", XLIFF),
    (b"book", b"docbook", DOCBOOK),
    (b"article", b"docbook", DOCBOOK),
    (b"envelope", b"soap", SOAP),
    (b"score-partwise", b"", MUSICXML),
    (b"score-timewise", b"", MUSICXML),
    (b"job", b"script", WSF),
    (b"package", b"<script", WSF),
    (b"scriptlet", b"", WSF),
    (b"component", b"<script", WSF),
    (b"stylesheet", b"xsl", XSL),
    (b"transform", b"xsl", XSL),
    (b"librarydescription", b"", LIBRARY_MS),
    (b"searchconnectordescription", b"", SEARCH_MS),
    (b"persistedquery", b"", SEARCH_MS),
    (b"pcsettings", b"", SETTINGCONTENT),
    (b"mmc_consolefile", b"", MSC),
    (b"jnlp", b"", JNLP),
    (b"fictionbook", b"", FB2),
    (b"xfdf", b"", XFDF),
    (b"xdp", b"", XDP),
    (b"worddocument", b"", WORD_XML),
    (b"package", b"schemas.microsoft.com/office/2006/xmlpackage", WORD_XML),
    (b"workbook", b"office:spreadsheet", EXCEL_XML),
    (b"document", b"opendocument", ODF_FLAT),
    (b"asx", b"", ASX),
    (b"scribusutf8new", b"", SCRIBUS),
    (b"uof", b"", VCXML),
    (b"project", b"msbuild", MSBUILD),
    (b"project", b"sdk=", MSBUILD),
    (b"project", b"<propertygroup", MSBUILD),
];

/// The kind of a text that begins with markup.
pub(super) fn kind(sheet: &Sheet) -> Option<FileType> {
    let text = sheet.start();
    if !text.starts_with(b"<") {
        return inner_html(text);
    }
    if text.starts_with(b"<?php") || text.starts_with(b"<?=") || text.starts_with(b"<?\n") {
        return Some(PHP);
    }
    if text.starts_with(b"<%") {
        let java = contains(text, b"import=\"java") || contains(text, b"language=\"java\"");
        return Some(if java { JSP } else { ASP });
    }
    if contains(text, b"<hta:application") {
        return Some(HTA);
    }
    first_element(text)
}

/// Text that has HTML in the middle is HTML only if it begins with no other words than comments do.
fn inner_html(text: &[u8]) -> Option<FileType> {
    memchr::memchr(b'<', text)?;
    let page = [
        &b"\n<!doctype html"[..],
        b"\n<html",
        b"<html>",
        b"<html ",
        b"<script>",
        b"<script ",
        b"<body",
    ];
    let page = page.iter().any(|mark| contains(text, mark));
    let php = contains(text, b"<?php ") || contains(text, b"<?php\n");
    match (page, php) {
        (_, true) => Some(PHP),
        (true, _) => Some(if contains(text, b"<hta:application") { HTA } else { HTML }),
        _ => None,
    }
}

/// Skips declarations and comments and looks at the first element.
fn first_element(text: &[u8]) -> Option<FileType> {
    let mut rest = text;
    let mut is_xml = false;
    loop {
        rest = rest.trim_ascii_start();
        if rest.starts_with(b"<!--") {
            let Some(end) = memchr::memmem::find(rest, b"-->") else { return Some(HTML) };
            rest = rest.get(end + 3..)?;
        } else if let Some(declaration) = rest.strip_prefix(b"<?") {
            is_xml |= declaration.starts_with(b"xml");
            if let Some(kind) = office_program(declaration) {
                return Some(kind);
            }
            let Some(end) = memchr::memmem::find(rest, b"?>") else { break };
            rest = rest.get(end + 2..)?;
        } else if let Some(kind) = rest.strip_prefix(b"<!doctype") {
            if kind.trim_ascii_start().starts_with(b"html") {
                return Some(HTML);
            }
            is_xml = true;
            rest = rest.get(declared(rest)..)?;
        } else if rest.starts_with(b"<!element")
            || rest.starts_with(b"<!entity")
            || rest.starts_with(b"<!attlist")
        {
            return Some(DTD);
        } else {
            break;
        }
    }
    element(rest, text, is_xml)
}

/// Octets of a document type declaration, its inner part included.
fn declared(rest: &[u8]) -> usize {
    let close = memchr::memchr(b'>', rest).unwrap_or(rest.len());
    match memchr::memchr(b'[', head(rest, close)) {
        Some(_) => memchr::memmem::find(rest, b"]>").map_or(rest.len(), |at| at + 2),
        None => (close + 1).min(rest.len()),
    }
}

/// Office reads XML that names its program.
fn office_program(declaration: &[u8]) -> Option<FileType> {
    let line = head(declaration, 128);
    if !line.starts_with(b"mso-application") {
        return None;
    }
    if contains(line, b"excel.sheet") { Some(EXCEL_XML) } else { Some(WORD_XML) }
}

fn element(rest: &[u8], text: &[u8], is_xml: bool) -> Option<FileType> {
    let name = rest.strip_prefix(b"<").unwrap_or_default();
    let end = name.iter().position(|octet| !is_name(*octet)).unwrap_or(name.len());
    let name = name.get(..end).unwrap_or_default();
    let local = name.rsplit(|octet| *octet == b':').next().unwrap_or_default();
    if local == b"plist" {
        return Some(if contains(text, b"<key>url</key>") { WEBLOC } else { PLIST });
    }
    let root = ROOTS.iter().find(|(root, also, _)| *root == local && contains(text, also));
    if let Some((_, _, kind)) = root {
        return Some(*kind);
    }
    if HTML_ELEMENTS.contains(&name) {
        return Some(HTML);
    }
    if is_xml || (!name.is_empty() && contains(head(rest, 512), b"xmlns")) {
        return Some(XML);
    }
    inner_html(text).or_else(|| balanced(text, name).then_some(XML))
}

/// XML without a declaration: what opens closes.
fn balanced(text: &[u8], name: &[u8]) -> bool {
    let mut close = b"</".to_vec();
    close.extend_from_slice(name);
    !name.is_empty() && contains(text, &close)
}

fn is_name(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b':' | b'-' | b'_' | b'.')
}

/// Markup and script in the beginning of a file that is none: browsers and interpreters that are
/// told by name look past what they do not know.
pub(crate) fn in_binary(octets: &[u8]) -> Option<FileType> {
    const TAGS: &[(&[u8], FileType)] = &[
        (b"<script", HTML),
        (b"<html", HTML),
        (b"<!doctype html", HTML),
        (b"<body", HTML),
        (b"<iframe", HTML),
        (b"<svg", SVG),
        (b"<?php", PHP),
        (b"<hta:", HTA),
        (b"<job", WSF),
    ];
    let window = head(octets, limits::MARKUP_IN_BINARY);
    memchr::memchr_iter(b'<', window).find_map(|at| {
        let rest = head(window.get(at..)?, 16);
        let fits =
            |tag: &[u8]| rest.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
        TAGS.iter().find(|(tag, _)| fits(tag)).map(|(_, kind)| *kind)
    })
}
