//! File names that deceive: two extensions, turned writing, hidden ends.

use mail::Properties;

use crate::limits;

/// Extensions that Windows, macOS or an office program runs or follows on a double click.
const RUNS: &[&str] = &[
    "ade",
    "adp",
    "app",
    "application",
    "appref-ms",
    "appx",
    "appxbundle",
    "bat",
    "chm",
    "cmd",
    "com",
    "command",
    "cpl",
    "desktop",
    "diagcab",
    "exe",
    "gadget",
    "hta",
    "htc",
    "ica",
    "inf",
    "ins",
    "iqy",
    "isp",
    "jar",
    "jnlp",
    "js",
    "jse",
    "lib",
    "library-ms",
    "lnk",
    "mam",
    "maw",
    "mcf",
    "mda",
    "mde",
    "mht",
    "msc",
    "msh",
    "msh1",
    "msh2",
    "mshxml",
    "msi",
    "msix",
    "msixbundle",
    "msp",
    "mst",
    "one",
    "osd",
    "pif",
    "pl",
    "ps1",
    "ps1xml",
    "ps2",
    "psc1",
    "psd1",
    "psm1",
    "py",
    "pyw",
    "rdp",
    "reg",
    "scf",
    "scpt",
    "scr",
    "sct",
    "search-ms",
    "searchconnector-ms",
    "settingcontent-ms",
    "sh",
    "shb",
    "shs",
    "slk",
    "svg",
    "sys",
    "terminal",
    "theme",
    "url",
    "vb",
    "vbe",
    "vbp",
    "vbs",
    "vhd",
    "vhdx",
    "vmdk",
    "vxd",
    "wcx",
    "webloc",
    "website",
    "wfs",
    "workflow",
    "ws",
    "wsc",
    "wsf",
    "wsh",
    "xbap",
    "xll",
    "xnk",
    "iso",
    "img",
    "html",
    "htm",
    "shtml",
    "xhtml",
    "ace",
    "msu",
    "gz",
    "z",
    "cab",
    "dll",
];

/// Of those, the ones that are dangerous at the end of a second extension only when they run: an
/// archive or a page behind another extension is common (`report.xlsx.gz`, `page.php.html`).
const NOT_RUNNING: &[&str] = &[
    "gz", "z", "html", "htm", "shtml", "xhtml", "svg", "mht", "one", "py", "pl", "sh", "cab",
    "ica", "theme", "lib",
];

/// Extensions of files that people open without a thought.
const HARMLESS: &[&str] = &[
    "pdf", "doc", "docx", "docm", "xls", "xlsx", "xlsm", "ppt", "pptx", "txt", "rtf", "csv", "jpg",
    "jpeg", "png", "gif", "bmp", "tif", "tiff", "mp3", "mp4", "wav", "avi", "mov", "zip", "rar",
    "7z", "html", "htm", "xml", "eml", "msg", "odt", "ods", "jfif", "webp", "heic", "pptm", "log",
    "p7m", "p7s",
];

/// One sign that a name deceives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sign {
    /// Name of the finding.
    pub name: &'static str,
    /// Percent.
    pub weight: u8,
    pub words: &'static str,
    pub property: Properties,
}

const DOUBLE: Sign = Sign {
    name: "double-extension",
    weight: 60,
    words: "two extensions, the last of which runs",
    property: Properties::DOUBLE_EXTENSION,
};
const TURNED: Sign = Sign {
    name: "turned-name",
    weight: 80,
    words: "characters that turn the direction of writing",
    property: Properties::DISGUISED_NAME,
};
const CONTROL: Sign = Sign {
    name: "control-characters-in-name",
    weight: 80,
    words: "control characters in the name",
    property: Properties::DISGUISED_NAME,
};
const HIDDEN: Sign = Sign {
    name: "hidden-extension",
    weight: 75,
    words: "many blanks before the extension",
    property: Properties::DISGUISED_NAME,
};
const TRAILING: Sign = Sign {
    name: "trailing-dots",
    weight: 60,
    words: "dots or blanks after an extension that runs",
    property: Properties::DISGUISED_NAME,
};

/// Whether a file of this extension runs or is followed on a double click.
pub(crate) fn runs(extension: &str) -> bool {
    RUNS.contains(&extension) && !NOT_RUNNING.contains(&extension)
}

/// What deceives in a file name.
pub(crate) fn signs(name: &str) -> Vec<Sign> {
    let mut signs = Vec::new();
    if name.chars().any(is_turning) {
        signs.push(TURNED);
    }
    if name.chars().any(|c| c.is_control() || is_invisible(c)) {
        signs.push(CONTROL);
    }
    if hides_extension(name) {
        signs.push(HIDDEN);
    }
    if !filetype::extension(name).is_some_and(|last| runs(&last)) {
        return signs;
    }
    if name.trim_end_matches(is_end).len() < name.len() {
        signs.push(TRAILING);
    }
    if is_harmless(before(name)) {
        signs.push(DOUBLE);
    }
    signs
}

/// The extension before the last one.
fn before(name: &str) -> Option<String> {
    let name = name.trim_end_matches(is_end);
    let (stem, _) = name.rsplit_once('.')?;
    filetype::extension(stem)
}

fn is_harmless(extension: Option<String>) -> bool {
    extension.is_some_and(|extension| HARMLESS.contains(&extension.trim()))
}

fn is_end(c: char) -> bool {
    c == '.' || c.is_whitespace() || is_invisible(c)
}

/// Overrides and embeddings of direction (Unicode annex 9); marks, which Arabic and Hebrew names
/// have, do not turn anything.
fn is_turning(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters without width.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{00ad}' | '\u{180e}' | '\u{e0000}'..='\u{e007f}'
    )
}

fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{2800}' | '\u{3164}' | '\u{115f}' | '\u{1160}' | '\u{ffa0}' | '_')
}

/// A run of blanks somewhere before the last dot.
fn hides_extension(name: &str) -> bool {
    let Some((stem, _)) = name.trim_end_matches(is_end).rsplit_once('.') else { return false };
    let mut run = 0;
    let mut only_lines = true;
    for c in stem.chars() {
        if is_blank(c) {
            run += 1;
            only_lines &= c == '_';
            if run >= limits::HIDING_BLANKS && !only_lines {
                return true;
            }
        } else {
            run = 0;
            only_lines = true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str) -> Vec<&'static str> {
        signs(name).into_iter().map(|sign| sign.name).collect()
    }

    #[test]
    fn two_extensions_deceive_when_the_last_one_runs() {
        for name in [
            "invoice.pdf.exe",
            "Photo.JPG.scr",
            "a.docx.lnk",
            "b.xls.js",
            "c.zip.iso",
            "p.pdf.EXE ",
        ] {
            assert!(told(name).contains(&"double-extension"), "{name}");
        }
        for name in [
            "a.tar.gz",
            "report.2024.pdf",
            "v1.2.exe",
            "jquery.min.js",
            "a.pdf.p7s",
            "site.php.html",
            "x.csv.gz",
            "setup-1.0.msi",
            "lib.so.1",
            "mail.txt.pdf",
        ] {
            assert!(!told(name).contains(&"double-extension"), "{name}");
        }
    }

    #[test]
    fn turned_writing_deceives_and_marks_do_not() {
        assert_eq!(told("invoice\u{202e}fdp.exe"), ["turned-name"]);
        assert!(told("\u{5e9}\u{5dc}\u{5d5}\u{5dd}\u{200f}.pdf").is_empty());
        assert!(told("\u{645}\u{631}\u{62d}\u{628}\u{627}.docx").is_empty());
    }

    #[test]
    fn control_characters_deceive() {
        assert_eq!(told("a\u{0}.txt"), ["control-characters-in-name"]);
        assert_eq!(told("a\r\n.txt"), ["control-characters-in-name"]);
        assert_eq!(told("in\u{200b}voice.pdf"), ["control-characters-in-name"]);
    }

    #[test]
    fn blanks_that_push_the_extension_out_of_sight_deceive() {
        assert!(told("invoice.pdf                      .exe").contains(&"hidden-extension"));
        assert!(
            told("invoice.pdf\u{2800}\u{2800}\u{2800}\u{2800}\u{2800}\u{2800}\u{2800}\u{2800}.exe")
                .contains(&"hidden-extension")
        );
        assert!(told("a name with  two blanks.pdf").is_empty());
        assert!(told("form___________.pdf").is_empty());
    }

    #[test]
    fn ends_that_windows_drops_deceive_after_what_runs() {
        assert_eq!(told("setup.exe."), ["trailing-dots"]);
        assert_eq!(told("setup.exe . ."), ["trailing-dots"]);
        assert!(told("Letter of Mr. Smith, jr.").is_empty());
        assert!(told("report.pdf ").is_empty());
    }

    #[test]
    fn plain_names_are_plain() {
        for name in ["", "a", "a.pdf", "Angebot 12.docx", ".bashrc", "a.b.c.d", "run.exe", "x.js"] {
            assert!(told(name).is_empty(), "{name}");
        }
    }
}
