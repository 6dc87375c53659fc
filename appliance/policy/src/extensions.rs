//! Groups of file name extensions, and the extension of a name as the system that opens it sees it.

schema::choice! {
    /// A group of file name extensions.
    pub enum Group {
        /// Programs, libraries, installers, packages.
        Executables = "executables",
        /// Files that an interpreter runs when they are opened.
        Scripts = "scripts",
        /// Documents, sheets, presentations, drawings, notes.
        Office = "office",
        /// Documents that are meant to hold macros.
        Macros = "macros",
        /// Archives and compressed files.
        Archives = "archives",
        /// Pictures.
        Images = "images",
        /// Shortcuts and files that lead to elsewhere.
        Links = "links",
        /// Images of disks.
        DiskImages = "disk_images",
    }
}

impl Group {
    /// Its extensions, lower case, without the dot. The lists follow what Windows, macOS and
    /// common desktops run or open by a double click.
    pub(crate) fn extensions(self) -> &'static [&'static str] {
        match self {
            Group::Executables => EXECUTABLES,
            Group::Scripts => SCRIPTS,
            Group::Office => OFFICE,
            Group::Macros => MACROS,
            Group::Archives => ARCHIVES,
            Group::Images => IMAGES,
            Group::Links => LINKS,
            Group::DiskImages => DISK_IMAGES,
        }
    }
}

const EXECUTABLES: &[&str] = &[
    "exe",
    "com",
    "scr",
    "pif",
    "cpl",
    "dll",
    "ocx",
    "sys",
    "drv",
    "efi",
    "mui",
    "ax",
    "msi",
    "msp",
    "mst",
    "msu",
    "msix",
    "msixbundle",
    "appx",
    "appxbundle",
    "application",
    "gadget",
    "xll",
    "xpi",
    "crx",
    "jar",
    "class",
    "apk",
    "aab",
    "dex",
    "ipa",
    "app",
    "pkg",
    "mpkg",
    "deb",
    "rpm",
    "snap",
    "flatpak",
    "appimage",
    "run",
    "bin",
    "elf",
    "so",
    "dylib",
    "ko",
    "out",
    "prx",
    "vxd",
    "386",
    "swf",
    "air",
    "wasm",
];

const SCRIPTS: &[&str] = &[
    "bat",
    "cmd",
    "btm",
    "ps1",
    "ps1xml",
    "ps2",
    "ps2xml",
    "psc1",
    "psc2",
    "psm1",
    "psd1",
    "msh",
    "msh1",
    "msh2",
    "mshxml",
    "vb",
    "vbs",
    "vbe",
    "vbscript",
    "js",
    "jse",
    "mjs",
    "cjs",
    "ws",
    "wsc",
    "wsf",
    "wsh",
    "sct",
    "hta",
    "htc",
    "shb",
    "shs",
    "msc",
    "reg",
    "inf",
    "ins",
    "isp",
    "jnlp",
    "py",
    "pyc",
    "pyo",
    "pyw",
    "pyz",
    "pyzw",
    "pl",
    "pm",
    "rb",
    "php",
    "php3",
    "phtml",
    "lua",
    "tcl",
    "ahk",
    "au3",
    "a3x",
    "sh",
    "bash",
    "zsh",
    "csh",
    "ksh",
    "fish",
    "command",
    "applescript",
    "scpt",
    "scptd",
    "osx",
    "workflow",
    "action",
    "mst",
    "diagcab",
    "chm",
    "hlp",
    "iqy",
    "slk",
    "asp",
    "aspx",
    "jsp",
];

const OFFICE: &[&str] = &[
    "doc", "dot", "docx", "dotx", "docm", "dotm", "wbk", "wri", "xls", "xlt", "xlm", "xlw", "xlsx",
    "xltx", "xlsm", "xltm", "xlsb", "xla", "xlam", "ppt", "pot", "pps", "pptx", "potx", "ppsx",
    "pptm", "potm", "ppsm", "ppa", "ppam", "sldx", "sldm", "odt", "ott", "odm", "fodt", "ods",
    "ots", "fods", "odp", "otp", "fodp", "odg", "otg", "odf", "odb", "sxw", "sxc", "sxi", "rtf",
    "pub", "vsd", "vsdx", "vsdm", "vst", "vstx", "vstm", "mpp", "mdb", "mde", "accdb", "accde",
    "one", "onepkg", "onetoc2", "hwp", "hwpx", "wpd", "wps", "pages", "numbers", "key",
];

const MACROS: &[&str] = &[
    "docm", "dotm", "xlsm", "xltm", "xlsb", "xla", "xlam", "xlm", "pptm", "potm", "ppsm", "ppa",
    "ppam", "sldm", "vsdm", "vstm", "vssm", "mdb", "mde", "accdb", "accde", "accda", "ade", "adp",
    "mam", "maq", "mar", "mat", "maf", "mda", "mdt", "mdw", "otm",
];

const ARCHIVES: &[&str] = &[
    "zip", "zipx", "7z", "rar", "r00", "r01", "rev", "tar", "gz", "tgz", "taz", "bz2", "bz", "tbz",
    "tbz2", "xz", "txz", "lzma", "tlz", "zst", "tzst", "lz", "lz4", "lzo", "br", "z", "cab", "lha",
    "lzh", "arj", "ace", "arc", "zoo", "cpio", "ar", "a", "sit", "sitx", "hqx", "uue", "uu", "xxe",
    "b64", "war", "ear", "alz", "egg", "kgb", "wim", "swm", "pea", "xar", "shar",
];

const IMAGES: &[&str] = &[
    "png", "apng", "jpg", "jpeg", "jpe", "jfif", "jp2", "jpx", "jxl", "gif", "bmp", "dib", "tif",
    "tiff", "webp", "svg", "svgz", "ico", "cur", "heic", "heif", "avif", "psd", "xcf", "eps", "ai",
    "wmf", "emf", "pcx", "tga", "ppm", "pgm", "pbm", "raw", "cr2", "nef", "dng",
];

const LINKS: &[&str] = &[
    "lnk",
    "url",
    "website",
    "webloc",
    "desktop",
    "scf",
    "library-ms",
    "search-ms",
    "searchconnector-ms",
    "settingcontent-ms",
    "appref-ms",
    "appcontent-ms",
    "mad",
    "mapimail",
    "rdp",
    "theme",
    "themepack",
    "fileloc",
    "inetloc",
];

const DISK_IMAGES: &[&str] = &[
    "iso",
    "img",
    "ima",
    "udf",
    "vhd",
    "vhdx",
    "avhd",
    "avhdx",
    "vmdk",
    "vdi",
    "qcow",
    "qcow2",
    "ova",
    "ovf",
    "dmg",
    "sparseimage",
    "toast",
    "cdr",
    "nrg",
    "mdf",
    "mds",
    "ccd",
    "cue",
    "daa",
    "isz",
];

/// A name as Windows stores it: without dots and blanks at its end, without the name of a stream.
pub(crate) fn stored(name: &str) -> &str {
    let name = name.split_once("::$").map_or(name, |(file, _)| file);
    name.trim_end_matches(|letter: char| letter == '.' || letter.is_whitespace())
}

/// The extensions of a name, lower case: the last one, and the last two as one (`tar.gz`).
pub(crate) fn of_name(name: &str) -> Vec<String> {
    let lower = stored(name).to_lowercase();
    let dots: Vec<usize> = lower.rmatch_indices('.').take(2).map(|(at, _)| at).collect();
    dots.into_iter()
        .filter_map(|at| lower.get(at + 1..))
        .map(|extension| extension.trim().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_lower_case_and_hold_nothing_twice() {
        for group in [
            Group::Executables,
            Group::Scripts,
            Group::Office,
            Group::Macros,
            Group::Archives,
            Group::Images,
            Group::Links,
            Group::DiskImages,
        ] {
            let mut list = group.extensions().to_vec();
            list.sort_unstable();
            list.dedup();
            assert_eq!(list.len(), group.extensions().len(), "{group}");
            assert!(list.iter().all(|one| *one == one.to_lowercase() && !one.contains('.')));
        }
    }

    #[test]
    fn the_extension_is_the_one_that_windows_sees() {
        assert_eq!(of_name("Invoice.PDF.exe"), ["exe", "pdf.exe"]);
        assert_eq!(of_name("a.exe. . "), ["exe"]);
        assert_eq!(of_name("a.exe::$DATA"), ["exe"]);
        assert_eq!(of_name("backup.tar.gz"), ["gz", "tar.gz"]);
        assert_eq!(of_name("README"), Vec::<String>::new());
        assert_eq!(of_name("..."), Vec::<String>::new());
        assert_eq!(of_name("a.b. exe"), ["exe", "b. exe"]);
    }
}
