//! The table of all types, and a constant for each.
//!
//! A row: constant, the format it is built on (`: ZIP`), short name, title, family, usual
//! extensions, MIME types. A number is a place in this table and may change with any version; names
//! are what is kept and sent. A file that is built on another format has the special type only
//! (`docx`, not `docx` and `zip`): who opens containers asks for [`FileType::base`].

use crate::kind::{Family, FileType, Row};

/// Stands for a number outside of the table.
pub(crate) const NO_ROW: Row = Row {
    name: "unknown",
    title: "unknown",
    family: Family::Unknown,
    base: 0,
    extensions: &[],
    mimes: &[],
};

macro_rules! kinds {
    ($($konst:ident $(: $base:ident)? = $name:literal $title:literal $family:ident
        [$($extension:literal)*] [$($mime:literal)*];)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[repr(u16)]
        enum Number { $($konst),* }

        $(#[doc = $title] pub const $konst: FileType = FileType(Number::$konst as u16);)*

        /// All types.
        pub(crate) const TABLE: &[Row] = &[$(Row {
            name: $name,
            title: $title,
            family: Family::$family,
            base: [$(Number::$base as u16,)? Number::$konst as u16][0],
            extensions: &[$($extension),*],
            mimes: &[$($mime),*],
        }),*];
    };
}

kinds! {
    UNKNOWN = "unknown" "unknown" Unknown [] [];
    EMPTY = "empty" "empty file" Data [] ["application/x-empty"];

    // Archives and compressed files.
    ZIP = "zip" "ZIP archive" Archive ["zip" "zipx"] ["application/zip" "application/x-zip-compressed"];
    SEVEN_ZIP = "7z" "7-Zip archive" Archive ["7z" "s7z"] ["application/x-7z-compressed"];
    RAR = "rar" "RAR archive" Archive ["rar" "r00" "rev"] ["application/vnd.rar" "application/x-rar-compressed"];
    TAR = "tar" "tar archive" Archive ["tar"] ["application/x-tar"];
    GZIP = "gzip" "gzip compressed" Archive ["gz" "tgz" "gzip"] ["application/gzip" "application/x-gzip"];
    BZIP2 = "bzip2" "bzip2 compressed" Archive ["bz2" "tbz2" "tbz" "bz"] ["application/x-bzip2"];
    XZ = "xz" "xz compressed" Archive ["xz" "txz"] ["application/x-xz"];
    LZMA = "lzma" "LZMA compressed" Archive ["lzma" "tlz"] ["application/x-lzma"];
    LZIP = "lzip" "lzip compressed" Archive ["lz"] ["application/x-lzip"];
    LZOP = "lzop" "lzop compressed" Archive ["lzo"] ["application/x-lzop"];
    LRZIP = "lrzip" "lrzip compressed" Archive ["lrz"] ["application/x-lrzip"];
    ZSTD = "zstd" "Zstandard compressed" Archive ["zst" "tzst"] ["application/zstd"];
    LZ4 = "lz4" "LZ4 compressed" Archive ["lz4"] ["application/x-lz4"];
    LZFSE = "lzfse" "LZFSE compressed" Archive ["lzfse"] ["application/x-lzfse"];
    SNAPPY = "snappy" "Snappy framed" Archive ["sz"] ["application/x-snappy-framed"];
    COMPRESS_Z = "compress" "Unix compress" Archive ["z" "taz"] ["application/x-compress"];
    PACK_Z = "pack" "Unix pack" Archive ["z"] ["application/x-pack"];
    CAB = "cab" "Microsoft cabinet" Archive ["cab"] ["application/vnd.ms-cab-compressed"];
    INSTALLSHIELD_CAB = "installshield-cab" "InstallShield cabinet" Archive ["cab" "hdr"] [];
    LHA = "lha" "LHA archive" Archive ["lzh" "lha" "lzs"] ["application/x-lzh-compressed"];
    ARJ = "arj" "ARJ archive" Archive ["arj"] ["application/x-arj"];
    ARC = "arc" "ARC archive" Archive ["arc"] ["application/x-arc"];
    ACE = "ace" "ACE archive" Archive ["ace"] ["application/x-ace-compressed"];
    ZOO = "zoo" "ZOO archive" Archive ["zoo"] ["application/x-zoo"];
    ALZ = "alz" "ALZip archive" Archive ["alz"] ["application/x-alz-compressed"];
    EGG = "egg" "ALZip EGG archive" Archive ["egg"] ["application/x-egg"];
    STUFFIT = "stuffit" "StuffIt archive" Archive ["sit" "sitx"] ["application/x-stuffit"];
    XAR = "xar" "XAR archive" Archive ["xar" "pkg" "xip"] ["application/x-xar"];
    WIM = "wim" "Windows image" Archive ["wim" "esd" "swm"] ["application/x-ms-wim"];
    KGB = "kgb" "KGB archive" Archive ["kgb"] [];
    PEA = "pea" "PeaZip archive" Archive ["pea"] [];
    ZPAQ = "zpaq" "ZPAQ archive" Archive ["zpaq"] [];
    FREEARC = "freearc" "FreeARC archive" Archive ["arc"] ["application/x-freearc"];
    UHARC = "uharc" "UHARC archive" Archive ["uha"] [];
    CPIO = "cpio" "cpio archive" Archive ["cpio"] ["application/x-cpio"];
    AR = "ar" "ar archive" Archive ["a" "ar" "lib"] ["application/x-archive"];
    DEB: AR = "deb" "Debian package" Archive ["deb" "udeb"] ["application/vnd.debian.binary-package"];
    RPM = "rpm" "RPM package" Archive ["rpm"] ["application/x-rpm"];
    SZDD = "szdd" "Microsoft compressed (SZDD)" Archive ["ex_" "dl_" "sy_"] ["application/x-ms-compress-szdd"];
    KWAJ = "kwaj" "Microsoft compressed (KWAJ)" Archive ["ex_" "dl_"] [];
    BINHEX = "binhex" "BinHex encoded" Archive ["hqx"] ["application/mac-binhex40"];
    APPLEDOUBLE = "appledouble" "AppleDouble" Archive [] ["multipart/appledouble" "application/applefile"];
    APPLESINGLE = "applesingle" "AppleSingle" Archive [] ["application/applefile"];
    UUENCODE = "uuencode" "uuencoded" Archive ["uu" "uue"] ["text/x-uuencode"];
    YENC = "yenc" "yEnc encoded" Archive ["yenc" "ync"] [];
    XXENCODE = "xxencode" "xxencoded" Archive ["xxe"] [];
    SHAR = "shar" "shell archive" Script ["shar"] ["application/x-shar"];
    PAR2 = "par2" "Parity archive" Archive ["par2"] [];
    SQUASHFS = "squashfs" "SquashFS image" Archive ["sqsh" "squashfs" "sfs"] ["application/vnd.squashfs"];
    CRAMFS = "cramfs" "CramFS image" Archive ["cramfs"] [];
    TORRENT = "torrent" "BitTorrent file" Data ["torrent"] ["application/x-bittorrent"];
    MSZ = "msdelta" "Windows delta (PA30)" Archive ["pa30"] [];
    ASAR = "asar" "Electron archive" Archive ["asar"] [];
    BROTLI = "brotli" "Brotli compressed" Archive ["br"] [];
    ZLIB = "zlib" "zlib compressed" Archive ["zz"] ["application/zlib"];
    NSIS = "nsis" "NSIS installer data" Archive [] [];
    SIS = "sis" "Symbian installer" Archive ["sis" "sisx"] ["application/vnd.symbian.install"];
    INNO_SETUP = "inno-setup" "Inno Setup installer data" Archive [] [];
    MULTI_ZIP: ZIP = "zip-part" "ZIP archive in parts" Archive ["z01"] [];

    // Images of disks.
    ISO9660 = "iso" "ISO 9660 image" DiskImage ["iso" "img"] ["application/x-iso9660-image"];
    UDF = "udf" "UDF image" DiskImage ["iso" "img" "udf"] [];
    VHD = "vhd" "Virtual PC disk" DiskImage ["vhd"] ["application/x-vhd"];
    VHDX = "vhdx" "Hyper-V disk" DiskImage ["vhdx"] ["application/x-vhdx"];
    VMDK = "vmdk" "VMware disk" DiskImage ["vmdk"] ["application/x-vmdk"];
    VDI = "vdi" "VirtualBox disk" DiskImage ["vdi"] ["application/x-virtualbox-vdi"];
    QCOW = "qcow2" "QEMU disk" DiskImage ["qcow2" "qcow"] ["application/x-qemu-disk"];
    DMG = "dmg" "Apple disk image" DiskImage ["dmg"] ["application/x-apple-diskimage"];
    FAT_IMAGE = "fat-image" "FAT file system" DiskImage ["img" "ima" "vfd" "flp"] [];
    NTFS_IMAGE = "ntfs-image" "NTFS file system" DiskImage ["img"] [];
    MBR_IMAGE = "mbr-image" "disk with a partition table" DiskImage ["img" "bin" "raw"] [];
    GPT_IMAGE = "gpt-image" "disk with a GUID partition table" DiskImage ["img" "raw"] [];
    EXT_IMAGE = "ext-image" "ext2, ext3 or ext4 file system" DiskImage ["img" "ext4"] [];
    LUKS = "luks" "LUKS encrypted disk" DiskImage ["img" "luks"] [];
    NERO_IMAGE = "nrg" "Nero image" DiskImage ["nrg"] [];
    ALCOHOL_IMAGE = "mds" "Alcohol 120% image" DiskImage ["mds"] [];

    // Programs.
    PE_EXE = "pe-exe" "Windows program" Executable ["exe" "scr" "com" "pif" "mui"] ["application/vnd.microsoft.portable-executable" "application/x-msdownload" "application/x-dosexec"];
    PE_DLL = "pe-dll" "Windows library" Executable ["dll" "ocx" "cpl" "xll" "ax" "mui" "acm" "drv" "tsp" "node" "pyd" "wll"] ["application/vnd.microsoft.portable-executable" "application/x-msdownload"];
    PE_DRIVER = "pe-driver" "Windows driver" Executable ["sys"] ["application/vnd.microsoft.portable-executable"];
    PE_EFI = "pe-efi" "UEFI program" Executable ["efi"] ["application/vnd.microsoft.portable-executable"];
    NE_EXE = "ne-exe" "16-bit Windows program" Executable ["exe" "dll" "fon" "drv"] ["application/x-dosexec"];
    LE_EXE = "le-exe" "OS/2 or VxD program" Executable ["exe" "vxd" "386"] ["application/x-dosexec"];
    MZ_DOS = "dos-exe" "DOS program" Executable ["exe" "com"] ["application/x-dosexec"];
    COM = "dos-com" "DOS command file" Executable ["com"] ["application/x-dosexec"];
    ELF = "elf" "ELF program" Executable ["elf" "so" "o" "bin" "ko" "axf" "prx"] ["application/x-elf" "application/x-executable" "application/x-sharedlib"];
    MACHO = "mach-o" "macOS program" Executable ["dylib" "bundle" "o"] ["application/x-mach-binary"];
    MACHO_FAT = "mach-o-fat" "macOS universal program" Executable ["dylib"] ["application/x-mach-binary"];
    COFF = "coff" "COFF object" Executable ["obj" "o"] ["application/x-coff"];
    AOUT = "a-out" "a.out program" Executable ["out"] [];
    JAVA_CLASS = "java-class" "Java class" Executable ["class"] ["application/java-vm" "application/x-java-applet"];
    JAR: ZIP = "jar" "Java archive" Executable ["jar" "war" "ear"] ["application/java-archive"];
    JNLP: XML = "jnlp" "Java Web Start file" Script ["jnlp"] ["application/x-java-jnlp-file"];
    APK: ZIP = "apk" "Android package" Executable ["apk" "xapk" "aab" "apks"] ["application/vnd.android.package-archive"];
    IPA: ZIP = "ipa" "iOS package" Executable ["ipa"] [];
    DEX = "dex" "Android bytecode" Executable ["dex" "odex"] ["application/vnd.android.dex"];
    ART = "android-art" "Android runtime image" Executable ["art"] [];
    WASM = "wasm" "WebAssembly" Executable ["wasm"] ["application/wasm"];
    LLVM_BC = "llvm-bc" "LLVM bitcode" Executable ["bc"] [];
    PYC = "pyc" "Python bytecode" Executable ["pyc" "pyo"] ["application/x-python-code"];
    LUA_BYTECODE = "luac" "Lua bytecode" Executable ["luac"] [];
    SWF = "swf" "Flash film" Executable ["swf"] ["application/x-shockwave-flash" "application/vnd.adobe.flash.movie"];
    MSI: OLE = "msi" "Windows Installer package" Executable ["msi" "msp" "mst" "msm"] ["application/x-msi" "application/x-ms-installer"];
    MSIX: ZIP = "msix" "Windows app package" Executable ["msix" "appx" "msixbundle" "appxbundle"] ["application/msix"];
    XPI: ZIP = "xpi" "Firefox extension" Executable ["xpi"] ["application/x-xpinstall"];
    CRX = "crx" "Chrome extension" Executable ["crx"] ["application/x-chrome-extension"];
    VSIX: ZIP = "vsix" "Visual Studio extension" Executable ["vsix"] ["application/vsix"];
    NUPKG: ZIP = "nupkg" "NuGet package" Archive ["nupkg"] [];
    PY_ZIP: ZIP = "python-wheel" "Python wheel" Archive ["whl"] [];
    CHM = "chm" "Windows help (CHM)" Document ["chm"] ["application/vnd.ms-htmlhelp"];
    HLP = "hlp" "Windows help (HLP)" Document ["hlp"] ["application/winhelp"];

    // Shortcuts and scripts.
    LNK = "lnk" "Windows shortcut" Script ["lnk"] ["application/x-ms-shortcut"];
    URL_SHORTCUT = "url-shortcut" "Internet shortcut" Script ["url" "website"] ["application/internet-shortcut"];
    SCF = "scf" "Explorer command file" Script ["scf"] [];
    DESKTOP_ENTRY = "desktop-entry" "Linux desktop entry" Script ["desktop"] ["application/x-desktop"];
    LIBRARY_MS: XML = "library-ms" "Windows library description" Script ["library-ms"] ["application/windows-library+xml"];
    SEARCH_MS: XML = "search-ms" "Windows saved search" Script ["search-ms" "searchconnector-ms"] ["application/windows-search-connector+xml"];
    SETTINGCONTENT: XML = "settingcontent-ms" "Windows settings shortcut" Script ["settingcontent-ms"] [];
    HTA: HTML = "hta" "HTML application" Script ["hta"] ["application/hta"];
    WSF: XML = "wsf" "Windows script file" Script ["wsf" "wsc" "sct"] [];
    JS = "javascript" "JavaScript" Script ["js" "mjs" "cjs" "jse" "jsx"] ["text/javascript" "application/javascript" "application/x-javascript"];
    JSE = "jscript-encoded" "encoded JScript" Script ["jse"] [];
    TYPESCRIPT = "typescript" "TypeScript" Script ["ts" "tsx"] ["application/typescript"];
    VBS = "vbscript" "VBScript" Script ["vbs" "vb" "bas" "vba" "cls" "frm" "wsc"] ["text/vbscript"];
    VBE = "vbscript-encoded" "encoded VBScript" Script ["vbe"] [];
    PS1 = "powershell" "PowerShell script" Script ["ps1" "psm1" "psd1"] ["application/x-powershell"];
    BAT = "batch" "Windows batch file" Script ["bat" "cmd" "nt"] ["application/bat" "application/x-bat"];
    REG = "reg" "Windows registry file" Script ["reg"] ["text/x-ms-regedit"];
    INF = "inf" "Windows set-up file" Script ["inf"] ["application/inf"];
    SH = "shell" "Unix shell script" Script ["sh" "bash" "zsh" "ksh" "run" "command"] ["application/x-sh" "text/x-shellscript"];
    PYTHON = "python" "Python source" Script ["py" "pyw" "pyi"] ["text/x-python"];
    PERL = "perl" "Perl source" Script ["pl" "pm" "cgi"] ["text/x-perl"];
    PHP = "php" "PHP source" Script ["php" "phtml" "php5" "phar" "inc"] ["application/x-httpd-php" "text/x-php"];
    RUBY = "ruby" "Ruby source" Script ["rb" "gemspec" "rake"] ["text/x-ruby"];
    LUA = "lua" "Lua source" Script ["lua"] ["text/x-lua"];
    TCL = "tcl" "Tcl source" Script ["tcl" "tk"] ["text/x-tcl"];
    AWK = "awk" "AWK source" Script ["awk"] ["text/x-awk"];
    NODE_SCRIPT = "node-script" "Node.js script" Script ["js" "mjs"] ["text/javascript"];
    APPLESCRIPT = "applescript" "AppleScript" Script ["applescript" "scpt"] ["text/x-applescript"];
    APPLESCRIPT_COMPILED = "scpt" "compiled AppleScript" Script ["scpt"] [];
    AUTOIT = "autoit" "AutoIt script" Script ["au3" "a3x"] [];
    AHK = "autohotkey" "AutoHotkey script" Script ["ahk"] [];
    XSL: XML = "xsl" "XSL style sheet" Script ["xsl" "xslt"] ["application/xslt+xml"];
    MSC: XML = "msc" "Management console file" Script ["msc"] [];
    RDP = "rdp" "Remote desktop file" Script ["rdp"] ["application/x-rdp"];
    ICA = "ica" "Citrix connection file" Script ["ica"] ["application/x-ica"];
    IQY = "iqy" "Excel web query" Script ["iqy"] ["text/x-ms-iqy"];
    SLK = "slk" "SYLK spreadsheet" Document ["slk" "sylk"] ["application/x-sylk"];
    MAKEFILE = "makefile" "Makefile" Script ["mk" "mak"] ["text/x-makefile"];
    DOCKERFILE = "dockerfile" "Dockerfile" Script ["dockerfile"] [];

    // Office documents.
    OLE = "ole" "OLE compound file" Document ["ole" "db"] ["application/x-ole-storage"];
    DOC: OLE = "doc" "Word 97 document" Document ["doc" "dot" "wbk" "wiz"] ["application/msword"];
    XLS: OLE = "xls" "Excel 97 workbook" Document ["xls" "xlt" "xla" "xlm" "xlw"] ["application/vnd.ms-excel"];
    PPT: OLE = "ppt" "PowerPoint 97 presentation" Document ["ppt" "pps" "pot" "ppa"] ["application/vnd.ms-powerpoint"];
    MSG: OLE = "msg" "Outlook message" Email ["msg" "oft"] ["application/vnd.ms-outlook"];
    VISIO: OLE = "vsd" "Visio drawing" Document ["vsd" "vst" "vss"] ["application/vnd.visio"];
    PUBLISHER: OLE = "pub" "Publisher document" Document ["pub"] ["application/x-mspublisher"];
    PROJECT: OLE = "mpp" "Project plan" Document ["mpp" "mpt"] ["application/vnd.ms-project"];
    WORKS: OLE = "wps" "Works document" Document ["wps" "wks"] ["application/vnd.ms-works"];
    HWP: OLE = "hwp" "Hangul document" Document ["hwp"] ["application/x-hwp"];
    HWPX: ZIP = "hwpx" "Hangul document (XML)" Document ["hwpx"] ["application/hwp+zip"];
    THUMBS_DB: OLE = "thumbs-db" "Windows thumbnails" Image ["db"] [];
    ENCRYPTED_OFFICE: OLE = "ooxml-encrypted" "encrypted Office document" Document ["docx" "xlsx" "pptx" "docm" "xlsm" "xlsb" "pptm"] ["application/encrypted"];
    XLS_STREAM = "xls-biff" "Excel workbook without container" Document ["xls"] ["application/vnd.ms-excel"];
    WORD2 = "word2" "Word 2 document" Document ["doc"] ["application/msword"];
    WRITE = "wri" "Windows Write document" Document ["wri"] ["application/x-mswrite"];
    ONENOTE = "onenote" "OneNote section" Document ["one"] ["application/onenote"];
    ONETOC = "onetoc2" "OneNote table of contents" Document ["onetoc2" "onetoc"] ["application/onenote"];
    OOXML: ZIP = "ooxml" "Office Open XML package" Document ["docx" "xlsx" "pptx" "glox" "thmx"] ["application/vnd.openxmlformats-officedocument"];
    DOCX: ZIP = "docx" "Word document" Document ["docx"] ["application/vnd.openxmlformats-officedocument.wordprocessingml.document"];
    DOCM: ZIP = "docm" "Word document with macros" Document ["docm"] ["application/vnd.ms-word.document.macroenabled.12"];
    DOTX: ZIP = "dotx" "Word template" Document ["dotx"] ["application/vnd.openxmlformats-officedocument.wordprocessingml.template"];
    DOTM: ZIP = "dotm" "Word template with macros" Document ["dotm"] ["application/vnd.ms-word.template.macroenabled.12"];
    XLSX: ZIP = "xlsx" "Excel workbook" Document ["xlsx"] ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"];
    XLSM: ZIP = "xlsm" "Excel workbook with macros" Document ["xlsm"] ["application/vnd.ms-excel.sheet.macroenabled.12"];
    XLSB: ZIP = "xlsb" "Excel binary workbook" Document ["xlsb"] ["application/vnd.ms-excel.sheet.binary.macroenabled.12"];
    XLTX: ZIP = "xltx" "Excel template" Document ["xltx"] ["application/vnd.openxmlformats-officedocument.spreadsheetml.template"];
    XLTM: ZIP = "xltm" "Excel template with macros" Document ["xltm"] ["application/vnd.ms-excel.template.macroenabled.12"];
    XLAM: ZIP = "xlam" "Excel add-in" Document ["xlam"] ["application/vnd.ms-excel.addin.macroenabled.12"];
    PPTX: ZIP = "pptx" "PowerPoint presentation" Document ["pptx"] ["application/vnd.openxmlformats-officedocument.presentationml.presentation"];
    PPTM: ZIP = "pptm" "PowerPoint presentation with macros" Document ["pptm"] ["application/vnd.ms-powerpoint.presentation.macroenabled.12"];
    PPSX: ZIP = "ppsx" "PowerPoint show" Document ["ppsx"] ["application/vnd.openxmlformats-officedocument.presentationml.slideshow"];
    PPSM: ZIP = "ppsm" "PowerPoint show with macros" Document ["ppsm"] ["application/vnd.ms-powerpoint.slideshow.macroenabled.12"];
    POTX: ZIP = "potx" "PowerPoint template" Document ["potx"] ["application/vnd.openxmlformats-officedocument.presentationml.template"];
    POTM: ZIP = "potm" "PowerPoint template with macros" Document ["potm"] ["application/vnd.ms-powerpoint.template.macroenabled.12"];
    PPAM: ZIP = "ppam" "PowerPoint add-in" Document ["ppam"] ["application/vnd.ms-powerpoint.addin.macroenabled.12"];
    VSDX: ZIP = "vsdx" "Visio drawing (XML)" Document ["vsdx" "vstx" "vssx"] ["application/vnd.ms-visio.drawing.main+xml"];
    VSDM: ZIP = "vsdm" "Visio drawing with macros" Document ["vsdm" "vstm"] ["application/vnd.ms-visio.drawing.macroenabled.main+xml"];
    XPS: ZIP = "xps" "XPS document" Document ["xps" "oxps"] ["application/vnd.ms-xpsdocument"];
    WORD_XML: XML = "word-xml" "Word XML document" Document ["xml" "doc"] ["application/msword"];
    EXCEL_XML: XML = "excel-xml" "Excel XML workbook" Document ["xml" "xls"] ["application/vnd.ms-excel"];
    OFFICE_MHTML: EML = "mhtml" "Web archive (MHTML)" Document ["mht" "mhtml" "doc" "xls"] ["multipart/related"];
    ACTIVEMIME = "activemime" "ActiveMime object" Document ["mso"] ["application/x-mso"];
    ODF: ZIP = "odf" "OpenDocument file" Document ["odf" "odc" "odi" "odm"] ["application/vnd.oasis.opendocument"];
    ODT: ZIP = "odt" "OpenDocument text" Document ["odt" "ott"] ["application/vnd.oasis.opendocument.text"];
    ODS: ZIP = "ods" "OpenDocument spreadsheet" Document ["ods" "ots"] ["application/vnd.oasis.opendocument.spreadsheet"];
    ODP: ZIP = "odp" "OpenDocument presentation" Document ["odp" "otp"] ["application/vnd.oasis.opendocument.presentation"];
    ODG: ZIP = "odg" "OpenDocument drawing" Document ["odg" "otg"] ["application/vnd.oasis.opendocument.graphics"];
    ODB: ZIP = "odb" "OpenDocument database" Database ["odb"] ["application/vnd.oasis.opendocument.database"];
    ODF_FLAT: XML = "odf-flat" "OpenDocument in one XML file" Document ["fodt" "fods" "fodp" "fodg"] [];
    SXW: ZIP = "sxw" "StarOffice document" Document ["sxw" "sxc" "sxi" "sxd"] ["application/vnd.sun.xml.writer"];
    IWORK: ZIP = "iwork" "Apple iWork document" Document ["pages" "numbers" "key"] ["application/vnd.apple.pages"];
    RTF = "rtf" "Rich Text document" Document ["rtf" "doc"] ["application/rtf" "text/rtf"];
    PDF = "pdf" "PDF document" Document ["pdf" "fdf"] ["application/pdf"];
    FDF = "fdf" "PDF form data" Document ["fdf"] ["application/vnd.fdf"];
    XFDF: XML = "xfdf" "PDF form data (XML)" Document ["xfdf"] ["application/vnd.adobe.xfdf"];
    XDP: XML = "xdp" "XML data package" Document ["xdp"] ["application/vnd.adobe.xdp+xml"];
    POSTSCRIPT = "postscript" "PostScript document" Document ["ps" "eps" "ai"] ["application/postscript"];
    EPS_BINARY = "eps-binary" "EPS with preview" Image ["eps"] ["image/x-eps"];
    DJVU = "djvu" "DjVu document" Document ["djvu" "djv"] ["image/vnd.djvu"];
    EPUB: ZIP = "epub" "EPUB book" Document ["epub"] ["application/epub+zip"];
    MOBI = "mobi" "Mobipocket book" Document ["mobi" "azw" "prc" "azw3"] ["application/x-mobipocket-ebook"];
    FB2: XML = "fb2" "FictionBook" Document ["fb2"] ["application/x-fictionbook+xml"];
    LIT = "lit" "Microsoft Reader book" Document ["lit"] ["application/x-ms-reader"];
    WORDPERFECT = "wpd" "WordPerfect document" Document ["wpd" "wp5" "wp"] ["application/vnd.wordperfect"];
    LOTUS = "lotus-123" "Lotus 1-2-3 sheet" Document ["wk1" "wks" "wk3" "wk4" "123"] ["application/vnd.lotus-1-2-3"];
    LOTUS_WORD = "lwp" "Lotus Word Pro document" Document ["lwp"] ["application/vnd.lotus-wordpro"];
    INDESIGN = "indd" "InDesign document" Document ["indd" "indt"] ["application/x-indesign"];
    IDML: ZIP = "idml" "InDesign markup" Document ["idml"] [];
    QUARK = "qxd" "QuarkXPress document" Document ["qxd" "qxp"] [];
    SCRIBUS: XML = "scribus" "Scribus document" Document ["sla"] [];
    DVI = "dvi" "TeX DVI" Document ["dvi"] ["application/x-dvi"];
    PCL = "pcl" "printer commands" Document ["pcl" "prn" "pjl"] ["application/vnd.hp-pcl"];
    TNEF = "tnef" "Outlook winmail.dat" Email ["dat" "tnef"] ["application/ms-tnef" "application/vnd.ms-tnef"];

    // Text and markup.
    TEXT = "text" "plain text" Text ["txt" "log" "asc" "text" "readme" "md" "nfo" "lst" "cfg" "conf"] ["text/plain"];
    UTF16_TEXT = "text-utf16" "UTF-16 text" Text ["txt" "log"] ["text/plain"];
    UTF32_TEXT = "text-utf32" "UTF-32 text" Text ["txt"] ["text/plain"];
    HTML = "html" "HTML page" Text ["html" "htm" "xhtml" "shtml" "xht"] ["text/html" "application/xhtml+xml"];
    XML = "xml" "XML document" Text ["xml" "xsd" "config" "manifest" "props" "plist"] ["application/xml" "text/xml"];
    SVG: XML = "svg" "SVG picture" Image ["svg"] ["image/svg+xml"];
    RSS: XML = "rss" "RSS or Atom feed" Text ["rss" "atom" "xml"] ["application/rss+xml" "application/atom+xml"];
    PLIST: XML = "plist" "Apple property list" Data ["plist" "mobileconfig" "webloc"] ["application/x-plist"];
    WEBLOC: XML = "webloc" "macOS web shortcut" Script ["webloc"] [];
    KML: XML = "kml" "map data (KML)" Data ["kml"] ["application/vnd.google-earth.kml+xml"];
    KMZ: ZIP = "kmz" "map data (KMZ)" Data ["kmz"] ["application/vnd.google-earth.kmz"];
    GPX: XML = "gpx" "GPS track" Data ["gpx"] ["application/gpx+xml"];
    COLLADA: XML = "collada" "COLLADA model" Data ["dae"] ["model/vnd.collada+xml"];
    MATHML: XML = "mathml" "MathML" Text ["mml"] ["application/mathml+xml"];
    WSDL: XML = "wsdl" "Web service description" Text ["wsdl"] ["application/wsdl+xml"];
    XSD: XML = "xsd" "XML schema" Text ["xsd"] ["application/xml"];
    XLIFF: XML = "xliff" "XLIFF translations" Text ["xlf" "xliff"] ["application/x-xliff+xml"];
    DOCBOOK: XML = "docbook" "DocBook" Text ["dbk" "xml"] ["application/docbook+xml"];
    SOAP: XML = "soap" "SOAP message" Text ["xml"] ["application/soap+xml"];
    MUSICXML: XML = "musicxml" "MusicXML" Data ["musicxml" "xml"] ["application/vnd.recordare.musicxml+xml"];
    MSBUILD: XML = "msbuild" "MSBuild project" Script ["csproj" "vbproj" "vcxproj" "proj" "targets"] [];
    VCXML: XML = "uof" "Uniform Office document" Document ["uof"] [];
    XFA: XML = "xfa" "XML form" Document ["xfa"] [];
    EML = "eml" "e-mail message" Email ["eml" "nws" "mht" "mhtml" "mime"] ["message/rfc822" "message/global"];
    MBOX = "mbox" "mailbox" Email ["mbox" "mbx"] ["application/mbox"];
    PST = "pst" "Outlook mailbox" Email ["pst" "ost"] ["application/vnd.ms-outlook-pst"];
    DBX = "dbx" "Outlook Express mailbox" Email ["dbx"] [];
    EMLX = "emlx" "Apple Mail message" Email ["emlx"] [];
    ICS = "ics" "calendar" Data ["ics" "ical" "ifb" "vcs"] ["text/calendar"];
    VCF = "vcf" "address card" Data ["vcf" "vcard"] ["text/vcard" "text/x-vcard"];
    LDIF = "ldif" "LDIF" Data ["ldif"] ["text/x-ldif"];
    CSV = "csv" "comma-separated table" Text ["csv" "tsv"] ["text/csv"];
    TSV = "tsv" "tab-separated table" Text ["tsv" "tab"] ["text/tab-separated-values"];
    JSON = "json" "JSON" Text ["json" "map" "geojson" "webmanifest" "har"] ["application/json"];
    JSONL = "jsonl" "JSON lines" Text ["jsonl" "ndjson"] ["application/jsonl"];
    IPYNB: JSON = "ipynb" "Jupyter notebook" Script ["ipynb"] ["application/x-ipynb+json"];
    GEOJSON: JSON = "geojson" "GeoJSON" Data ["geojson" "json"] ["application/geo+json"];
    YAML = "yaml" "YAML" Text ["yaml" "yml"] ["application/yaml"];
    TOML = "toml" "TOML" Text ["toml"] ["application/toml"];
    INI = "ini" "INI settings" Text ["ini" "inf" "cfg" "conf" "properties"] [];
    DIFF = "diff" "difference of texts" Text ["diff" "patch"] ["text/x-diff"];
    TEX = "tex" "TeX or LaTeX source" Text ["tex" "ltx" "sty" "cls"] ["text/x-tex"];
    BIBTEX = "bibtex" "BibTeX" Text ["bib"] ["text/x-bibtex"];
    MARKDOWN = "markdown" "Markdown" Text ["md" "markdown"] ["text/markdown"];
    RST = "rst" "reStructuredText" Text ["rst"] ["text/x-rst"];
    CSS = "css" "style sheet" Text ["css" "scss" "less"] ["text/css"];
    SQL = "sql" "SQL" Text ["sql"] ["application/sql"];
    SRT = "srt" "subtitles" Text ["srt"] ["application/x-subrip"];
    WEBVTT = "vtt" "web subtitles" Text ["vtt"] ["text/vtt"];
    PO = "po" "translations (gettext)" Text ["po" "pot"] ["text/x-gettext-translation"];
    M3U = "m3u" "playlist" Text ["m3u" "m3u8"] ["audio/x-mpegurl"];
    PLS = "pls" "playlist (PLS)" Text ["pls"] ["audio/x-scpls"];
    ASX: XML = "asx" "playlist (ASX)" Text ["asx" "wax" "wvx"] ["video/x-ms-asf"];
    C_SOURCE = "c" "C source" Text ["c" "h"] ["text/x-c"];
    CPP_SOURCE = "c++" "C++ source" Text ["cpp" "cc" "cxx" "hpp" "h"] ["text/x-c++"];
    CSHARP_SOURCE = "c-sharp" "C# source" Text ["cs"] ["text/x-csharp"];
    JAVA_SOURCE = "java" "Java source" Text ["java"] ["text/x-java"];
    GO_SOURCE = "go" "Go source" Text ["go"] ["text/x-go"];
    RUST_SOURCE = "rust" "Rust source" Text ["rs"] ["text/x-rust"];
    SWIFT_SOURCE = "swift" "Swift source" Text ["swift"] ["text/x-swift"];
    KOTLIN_SOURCE = "kotlin" "Kotlin source" Text ["kt" "kts"] ["text/x-kotlin"];
    SCALA_SOURCE = "scala" "Scala source" Text ["scala"] ["text/x-scala"];
    PASCAL_SOURCE = "pascal" "Pascal source" Text ["pas" "pp" "dpr"] ["text/x-pascal"];
    FORTRAN_SOURCE = "fortran" "Fortran source" Text ["f" "f90" "for"] ["text/x-fortran"];
    LISP_SOURCE = "lisp" "Lisp source" Text ["lisp" "el" "cl" "scm" "clj"] ["text/x-lisp"];
    ERLANG_SOURCE = "erlang" "Erlang source" Text ["erl" "hrl"] ["text/x-erlang"];
    HASKELL_SOURCE = "haskell" "Haskell source" Text ["hs"] ["text/x-haskell"];
    VERILOG_SOURCE = "verilog" "Verilog source" Text ["v" "sv" "vhd"] ["text/x-verilog"];
    VHDL_SOURCE = "vhdl" "VHDL source" Text ["vhd" "vhdl"] ["text/x-vhdl"];
    ASM_SOURCE = "assembly" "assembly source" Text ["asm" "s"] ["text/x-asm"];
    DTD = "dtd" "document type definition" Text ["dtd"] ["application/xml-dtd"];
    JSP = "jsp" "Java server page" Script ["jsp"] [];
    ASP = "asp" "Active server page" Script ["asp" "aspx" "ascx"] [];

    // Keys and certificates.
    PEM = "pem" "PEM certificate or key" Data ["pem" "crt" "cer" "key" "csr" "p7b"] ["application/x-pem-file"];
    SSH_KEY = "ssh-key" "SSH key" Data ["pub" "key" "ppk"] [];
    PGP_ARMOURED = "pgp-armoured" "PGP, armoured" Data ["asc" "pgp" "gpg" "sig"] ["application/pgp-encrypted" "application/pgp-signature" "application/pgp-keys"];
    PGP_BINARY = "pgp-binary" "PGP, binary" Data ["pgp" "gpg" "sig"] ["application/octet-stream"];
    PKCS7 = "pkcs7" "PKCS #7 or CMS" Data ["p7s" "p7m" "p7c" "p7b"] ["application/pkcs7-signature" "application/pkcs7-mime" "application/x-pkcs7-signature"];
    PKCS12 = "pkcs12" "PKCS #12 keys" Data ["p12" "pfx"] ["application/x-pkcs12"];
    DER_CERTIFICATE = "x509" "certificate (DER)" Data ["cer" "crt" "der"] ["application/pkix-cert"];
    AGE = "age" "age encrypted" Data ["age"] [];
    JKS = "jks" "Java key store" Data ["jks"] [];
    KEEPASS = "keepass" "KeePass database" Data ["kdbx" "kdb"] [];

    // Pictures.
    PNG = "png" "PNG picture" Image ["png" "apng"] ["image/png"];
    JPEG = "jpeg" "JPEG picture" Image ["jpg" "jpeg" "jpe" "jfif"] ["image/jpeg" "image/jpg" "image/pjpeg"];
    GIF = "gif" "GIF picture" Image ["gif"] ["image/gif"];
    BMP = "bmp" "Windows bitmap" Image ["bmp" "dib"] ["image/bmp" "image/x-ms-bmp"];
    TIFF = "tiff" "TIFF picture" Image ["tif" "tiff" "nef" "dng" "arw"] ["image/tiff"];
    BIGTIFF = "bigtiff" "BigTIFF picture" Image ["tif" "tiff"] ["image/tiff"];
    CR2: TIFF = "cr2" "Canon raw picture" Image ["cr2"] ["image/x-canon-cr2"];
    RAF = "raf" "Fujifilm raw picture" Image ["raf"] ["image/x-fuji-raf"];
    ORF = "orf" "Olympus raw picture" Image ["orf"] ["image/x-olympus-orf"];
    RW2 = "rw2" "Panasonic raw picture" Image ["rw2"] ["image/x-panasonic-rw2"];
    WEBP = "webp" "WebP picture" Image ["webp"] ["image/webp"];
    HEIF = "heif" "HEIF picture" Image ["heic" "heif"] ["image/heic" "image/heif"];
    AVIF = "avif" "AVIF picture" Image ["avif"] ["image/avif"];
    CR3 = "cr3" "Canon raw picture (CR3)" Image ["cr3"] ["image/x-canon-cr3"];
    JP2 = "jp2" "JPEG 2000 picture" Image ["jp2" "jpx" "jpm"] ["image/jp2"];
    J2K = "j2k" "JPEG 2000 code stream" Image ["j2k" "j2c" "jpc"] ["image/x-jp2-codestream"];
    JXL = "jxl" "JPEG XL picture" Image ["jxl"] ["image/jxl"];
    JXR = "jxr" "JPEG XR picture" Image ["jxr" "wdp" "hdp"] ["image/jxr"];
    JBIG2 = "jbig2" "JBIG2 picture" Image ["jb2"] ["image/jbig2"];
    ICO = "ico" "Windows icon" Image ["ico"] ["image/vnd.microsoft.icon" "image/x-icon"];
    CUR = "cur" "Windows cursor" Image ["cur"] ["image/x-win-cursor"];
    ANI = "ani" "animated cursor" Image ["ani"] ["application/x-navi-animation"];
    ICNS = "icns" "Apple icon" Image ["icns"] ["image/icns"];
    PSD = "psd" "Photoshop picture" Image ["psd" "psb"] ["image/vnd.adobe.photoshop"];
    XCF = "xcf" "GIMP picture" Image ["xcf"] ["image/x-xcf"];
    KRITA: ZIP = "kra" "Krita picture" Image ["kra"] ["application/x-krita"];
    ORA: ZIP = "ora" "OpenRaster picture" Image ["ora"] ["image/openraster"];
    WMF = "wmf" "Windows metafile" Image ["wmf"] ["image/wmf"];
    EMF = "emf" "enhanced metafile" Image ["emf"] ["image/emf"];
    PCX = "pcx" "PCX picture" Image ["pcx"] ["image/x-pcx"];
    TGA = "tga" "TGA picture" Image ["tga"] ["image/x-tga"];
    DDS = "dds" "DirectDraw surface" Image ["dds"] ["image/vnd.ms-dds"];
    EXR = "exr" "OpenEXR picture" Image ["exr"] ["image/x-exr"];
    HDR = "hdr" "Radiance picture" Image ["hdr"] ["image/vnd.radiance"];
    PNM = "pnm" "portable pixmap" Image ["pbm" "pgm" "ppm" "pnm" "pam"] ["image/x-portable-anymap"];
    XPM = "xpm" "X pixmap" Image ["xpm"] ["image/x-xpixmap"];
    XBM = "xbm" "X bitmap" Image ["xbm"] ["image/x-xbitmap"];
    QOI = "qoi" "QOI picture" Image ["qoi"] ["image/qoi"];
    FLIF = "flif" "FLIF picture" Image ["flif"] ["image/flif"];
    BPG = "bpg" "BPG picture" Image ["bpg"] ["image/bpg"];
    FITS = "fits" "FITS picture" Image ["fits" "fit"] ["image/fits"];
    DICOM = "dicom" "DICOM picture" Image ["dcm" "dicom"] ["application/dicom"];
    SGI = "sgi" "SGI picture" Image ["sgi" "rgb" "bw"] ["image/sgi"];
    SUN_RASTER = "ras" "Sun raster" Image ["ras"] ["image/x-cmu-raster"];
    MNG = "mng" "MNG animation" Image ["mng" "jng"] ["video/x-mng"];
    ILBM = "iff" "IFF picture" Image ["iff" "lbm"] ["image/x-ilbm"];
    CDR = "cdr" "CorelDRAW drawing" Image ["cdr"] ["application/vnd.corel-draw"];
    DWG = "dwg" "AutoCAD drawing" Image ["dwg"] ["image/vnd.dwg"];
    DXF = "dxf" "AutoCAD exchange" Image ["dxf"] ["image/vnd.dxf"];
    DWF = "dwf" "design web format" Image ["dwf"] ["model/vnd.dwf"];
    KTX = "ktx" "KTX texture" Image ["ktx" "ktx2"] ["image/ktx"];
    SKETCH: ZIP = "sketch" "Sketch drawing" Image ["sketch"] [];
    FIGMA = "fig" "Figma drawing" Image ["fig"] [];

    // Sound and film.
    MP3 = "mp3" "MP3 sound" Media ["mp3" "mp2"] ["audio/mpeg"];
    AAC = "aac" "AAC sound" Media ["aac"] ["audio/aac"];
    WAV = "wav" "WAVE sound" Media ["wav"] ["audio/wav" "audio/x-wav"];
    RF64 = "rf64" "WAVE sound (64 bit)" Media ["wav" "rf64"] ["audio/wav"];
    AIFF = "aiff" "AIFF sound" Media ["aif" "aiff" "aifc"] ["audio/aiff"];
    AU = "au" "AU sound" Media ["au" "snd"] ["audio/basic"];
    FLAC = "flac" "FLAC sound" Media ["flac"] ["audio/flac"];
    OGG = "ogg" "Ogg media" Media ["ogg" "oga" "ogv" "ogx"] ["audio/ogg" "video/ogg" "application/ogg"];
    OPUS: OGG = "opus" "Opus sound" Media ["opus"] ["audio/opus"];
    MIDI = "midi" "MIDI music" Media ["mid" "midi" "kar"] ["audio/midi"];
    AMR = "amr" "AMR sound" Media ["amr" "awb"] ["audio/amr"];
    APE = "ape" "Monkey's Audio" Media ["ape"] ["audio/x-ape"];
    WAVPACK = "wavpack" "WavPack sound" Media ["wv"] ["audio/wavpack"];
    AC3 = "ac3" "Dolby AC-3 sound" Media ["ac3"] ["audio/ac3"];
    DTS = "dts" "DTS sound" Media ["dts"] ["audio/vnd.dts"];
    CAF = "caf" "Core Audio" Media ["caf"] ["audio/x-caf"];
    DSF = "dsf" "DSD sound" Media ["dsf"] ["audio/x-dsf"];
    MUSEPACK = "mpc" "Musepack sound" Media ["mpc"] ["audio/x-musepack"];
    TTA = "tta" "True Audio" Media ["tta"] ["audio/x-tta"];
    XM_MODULE = "xm" "FastTracker module" Media ["xm"] ["audio/xm"];
    IT_MODULE = "it" "Impulse Tracker module" Media ["it"] ["audio/it"];
    S3M_MODULE = "s3m" "Scream Tracker module" Media ["s3m"] ["audio/s3m"];
    MOD_MODULE = "mod" "tracker module" Media ["mod"] ["audio/x-mod"];
    MP4 = "mp4" "MP4 film" Media ["mp4" "m4v" "m4p" "f4v"] ["video/mp4"];
    M4A = "m4a" "MP4 sound" Media ["m4a" "m4b" "m4r"] ["audio/mp4" "audio/x-m4a"];
    QUICKTIME = "mov" "QuickTime film" Media ["mov" "qt"] ["video/quicktime"];
    THREE_GPP = "3gp" "3GPP film" Media ["3gp" "3g2"] ["video/3gpp" "video/3gpp2"];
    MATROSKA = "mkv" "Matroska film" Media ["mkv" "mka" "mks"] ["video/x-matroska"];
    WEBM = "webm" "WebM film" Media ["webm"] ["video/webm" "audio/webm"];
    AVI = "avi" "AVI film" Media ["avi"] ["video/x-msvideo"];
    ASF = "asf" "Windows Media" Media ["wmv" "wma" "asf"] ["video/x-ms-asf" "video/x-ms-wmv" "audio/x-ms-wma"];
    FLV = "flv" "Flash video" Media ["flv"] ["video/x-flv"];
    MPEG_PS = "mpeg" "MPEG film" Media ["mpg" "mpeg" "vob"] ["video/mpeg"];
    MPEG_TS = "mpeg-ts" "MPEG transport stream" Media ["ts" "mts" "m2ts"] ["video/mp2t"];
    REALMEDIA = "rm" "RealMedia" Media ["rm" "rmvb" "ra"] ["application/vnd.rn-realmedia"];
    REALAUDIO = "ra" "RealAudio" Media ["ra"] ["audio/x-realaudio"];
    MXF = "mxf" "MXF film" Media ["mxf"] ["application/mxf"];
    DV = "dv" "digital video" Media ["dv"] ["video/x-dv"];
    IVF = "ivf" "IVF film" Media ["ivf"] [];

    // Fonts.
    TTF = "ttf" "TrueType font" Font ["ttf"] ["font/ttf"];
    OTF = "otf" "OpenType font" Font ["otf"] ["font/otf"];
    TTC = "ttc" "font collection" Font ["ttc" "otc"] ["font/collection"];
    WOFF = "woff" "web font" Font ["woff"] ["font/woff"];
    WOFF2 = "woff2" "web font 2" Font ["woff2"] ["font/woff2"];
    EOT = "eot" "embedded font" Font ["eot" "fntdata"] ["application/vnd.ms-fontobject"];
    TYPE1 = "pfb" "Type 1 font" Font ["pfb" "pfa"] ["application/x-font-type1"];
    BDF = "bdf" "bitmap font" Font ["bdf"] ["application/x-font-bdf"];
    PCF = "pcf" "X font" Font ["pcf"] ["application/x-font-pcf"];

    // Databases.
    SQLITE = "sqlite" "SQLite database" Database ["sqlite" "sqlite3" "db" "db3"] ["application/vnd.sqlite3"];
    ACCESS = "mdb" "Access database" Database ["mdb" "mde"] ["application/x-msaccess"];
    ACCESS_2007 = "accdb" "Access 2007 database" Database ["accdb" "accde"] ["application/x-msaccess"];
    DBASE = "dbf" "dBASE table" Database ["dbf"] ["application/x-dbf"];
    BERKELEY_DB = "berkeley-db" "Berkeley DB" Database ["db"] [];
    GDBM = "gdbm" "GDBM database" Database ["gdbm" "db"] [];
    PARQUET = "parquet" "Parquet table" Database ["parquet"] ["application/vnd.apache.parquet"];
    AVRO = "avro" "Avro table" Database ["avro"] ["application/avro"];
    ORC = "orc" "ORC table" Database ["orc"] [];
    ARROW = "arrow" "Arrow table" Database ["arrow" "feather"] ["application/vnd.apache.arrow.file"];
    HDF5 = "hdf5" "HDF5 data" Database ["h5" "hdf5"] ["application/x-hdf5"];
    HDF4 = "hdf4" "HDF4 data" Database ["hdf"] ["application/x-hdf"];
    NETCDF = "netcdf" "NetCDF data" Database ["nc"] ["application/x-netcdf"];
    MATLAB = "mat" "MATLAB data" Database ["mat"] ["application/x-matlab-data"];
    SPSS = "sav" "SPSS data" Database ["sav"] ["application/x-spss-sav"];
    STATA = "dta" "Stata data" Database ["dta"] ["application/x-stata-dta"];
    SAS = "sas7bdat" "SAS data" Database ["sas7bdat"] ["application/x-sas-data"];
    NUMPY = "npy" "NumPy array" Data ["npy"] [];
    R_DATA = "rdata" "R data" Database ["rdata" "rda" "rds"] [];
    NSF = "nsf" "Notes database" Database ["nsf"] ["application/vnd.lotus-notes"];
    ESE = "edb" "ESE database" Database ["edb" "dat"] [];
    MYSQL_FRM = "frm" "MySQL table definition" Database ["frm"] [];

    // Anything else.
    PICKLE = "pickle" "Python pickle" Data ["pkl" "pickle"] [];
    JAVA_SERIALISED = "java-serialised" "serialised Java objects" Data ["ser"] ["application/x-java-serialized-object"];
    BPLIST = "bplist" "binary property list" Data ["plist"] ["application/x-bplist"];
    PCAP = "pcap" "network capture" Data ["pcap" "cap"] ["application/vnd.tcpdump.pcap"];
    PCAPNG = "pcapng" "network capture (ng)" Data ["pcapng"] ["application/x-pcapng"];
    EVTX = "evtx" "Windows event log" Data ["evtx"] ["application/x-ms-evtx"];
    REG_HIVE = "reg-hive" "Windows registry hive" Data ["dat" "hve" "hiv"] [];
    MINIDUMP = "minidump" "Windows crash dump" Data ["dmp" "mdmp"] ["application/x-dmp"];
    PREFETCH = "prefetch" "Windows prefetch" Data ["pf"] [];
    PDB_SYMBOLS = "pdb" "program debug data" Data ["pdb"] [];
    ICC = "icc" "colour profile" Data ["icc" "icm"] ["application/vnd.iccprofile"];
    GETTEXT_MO = "mo" "compiled translations" Data ["mo"] ["application/x-gettext-translation"];
    TERMINFO = "terminfo" "terminal description" Data [] [];
    TZIF = "tzif" "time zone" Data [] ["application/tzif"];
    GIT_PACK = "git-pack" "Git pack" Data ["pack"] [];
    GIT_BUNDLE = "git-bundle" "Git bundle" Data ["bundle"] [];
    STL = "stl" "STL model" Data ["stl"] ["model/stl"];
    GLB = "glb" "glTF model" Data ["glb"] ["model/gltf-binary"];
    FBX = "fbx" "FBX model" Data ["fbx"] [];
    BLENDER = "blend" "Blender scene" Data ["blend"] ["application/x-blender"];
    PLY = "ply" "PLY model" Data ["ply"] ["model/ply"];
    STEP = "step" "STEP model" Data ["stp" "step"] ["model/step"];
    IGES = "iges" "IGES model" Data ["igs" "iges"] ["model/iges"];
    THREE_MF: ZIP = "3mf" "3D manufacturing model" Data ["3mf"] ["model/3mf"];
    THREE_DS = "3ds" "3D Studio model" Data ["3ds"] [];
    SHAPEFILE = "shp" "shape file" Data ["shp" "shx"] ["application/vnd.shp"];
    NES_ROM = "nes" "NES cartridge" Data ["nes"] [];
    UNITY = "unity" "Unity assets" Data ["unity3d"] [];
    ONNX_GGUF = "gguf" "GGUF model" Data ["gguf"] [];
    SAFETENSORS = "safetensors" "tensors" Data ["safetensors"] [];
    THEME: INI = "theme" "Windows theme" Data ["theme" "themepack"] [];
    OPENVPN = "ovpn" "OpenVPN settings" Data ["ovpn"] [];
}
