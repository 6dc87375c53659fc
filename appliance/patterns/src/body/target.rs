//! Target types of signatures (docs.clamav.net, "Target Types"), and which types of files they are.

use filetype::{Family, FileType, Types};
use unpack::Specimen;

/// A set of target types, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Targets(u16);

/// Any file.
pub(super) const ANY: u8 = 0;
/// Windows programs.
pub(super) const PE: u8 = 1;
/// OLE2 files.
pub(super) const OLE: u8 = 2;
/// HTML, normalised.
pub(super) const HTML: u8 = 3;
/// Mail.
pub(super) const MAIL: u8 = 4;
/// Pictures.
pub(super) const GRAPHICS: u8 = 5;
/// ELF programs.
pub(super) const ELF: u8 = 6;
/// Text, normalised.
pub(super) const TEXT: u8 = 7;
/// Mach-O programs.
pub(super) const MACHO: u8 = 9;
/// PDF.
pub(super) const PDF: u8 = 10;
/// Flash.
pub(super) const FLASH: u8 = 11;
/// Java classes.
pub(super) const JAVA: u8 = 12;

/// Types by name, and their target.
const BY_NAME: &[(&str, u8)] = &[
    ("pe-exe", PE),
    ("pe-dll", PE),
    ("pe-driver", PE),
    ("pe-efi", PE),
    ("elf", ELF),
    ("mach-o", MACHO),
    ("ole", OLE),
    ("pdf", PDF),
    ("swf", FLASH),
    ("java-class", JAVA),
];

/// ClamAV's words for containers, and the names of our types; several for one of theirs.
const CONTAINERS: &[(&str, &[&str])] = &[
    ("CL_TYPE_ZIP", &["zip"]),
    ("CL_TYPE_RAR", &["rar"]),
    ("CL_TYPE_7Z", &["7z"]),
    ("CL_TYPE_ARJ", &["arj"]),
    ("CL_TYPE_MSCAB", &["cab"]),
    ("CL_TYPE_GZ", &["gzip"]),
    ("CL_TYPE_BZ", &["bzip2"]),
    ("CL_TYPE_XZ", &["xz"]),
    ("CL_TYPE_POSIX_TAR", &["tar"]),
    ("CL_TYPE_OLD_TAR", &["tar"]),
    ("CL_TYPE_ISO9660", &["iso"]),
    ("CL_TYPE_MSCHM", &["chm"]),
    ("CL_TYPE_MSOLE2", &["ole"]),
    ("CL_TYPE_PDF", &["pdf"]),
    ("CL_TYPE_RTF", &["rtf"]),
    ("CL_TYPE_HTML", &["html"]),
    ("CL_TYPE_TNEF", &["tnef"]),
    ("CL_TYPE_SWF", &["swf"]),
    ("CL_TYPE_MSEXE", &["pe-exe", "pe-dll", "pe-driver", "pe-efi"]),
    ("CL_TYPE_ELF", &["elf"]),
    ("CL_TYPE_OOXML_WORD", &["docx", "docm"]),
    ("CL_TYPE_OOXML_XL", &["xlsx", "xlsm", "xlsb"]),
    ("CL_TYPE_OOXML_PPT", &["pptx", "pptm"]),
    ("CL_TYPE_ONENOTE", &["onenote"]),
    ("CL_TYPE_DMG", &["dmg"]),
    ("CL_TYPE_EGG", &["egg"]),
    ("CL_TYPE_CPIO_NEWC", &["cpio"]),
    ("CL_TYPE_MAIL", &["eml", "mbox"]),
];

fn is_of(kind: FileType, names: &[&str]) -> bool {
    names.contains(&kind.name()) || names.contains(&kind.base().name())
}

/// Whether the specimen around another one is what ClamAV calls by a word. Around a part of a
/// message is the message.
fn is_container(around: Option<&Specimen<'_>>, word: &str) -> bool {
    let Some(around) = around else { return word == "CL_TYPE_MAIL" };
    let names = CONTAINERS.iter().find(|row| row.0 == word).map(|row| row.1).unwrap_or_default();
    around.types.iter().any(|kind| is_of(kind, names))
}

/// Whether a specimen lies in the containers that a signature asks for; empty: in any.
pub(super) fn is_inside(specimen: &Specimen<'_>, container: &str, intermediates: &str) -> bool {
    let fits = match container {
        "" => true,
        // Of a container this word means that there is none.
        "CL_TYPE_ANY" => specimen.parent.is_none(),
        word => is_container(specimen.parent, word),
    };
    let mut inner = specimen;
    let mut layers = intermediates.rsplit('>').filter(|word| !word.is_empty());
    fits && layers.all(|word| {
        let around = inner.parent;
        inner = around.unwrap_or(inner);
        (word == "CL_TYPE_ANY" && around.is_some()) || is_container(around, word)
    })
}

impl Targets {
    /// Whether a target type is in the set.
    pub(super) fn has(self, target: u8) -> bool {
        1_u16.checked_shl(target.into()).is_some_and(|bit| self.0 & bit != 0)
    }

    fn of(list: &[u8]) -> Targets {
        Targets(list.iter().fold(0, |set, target| set | 1 << target))
    }

    /// What a normalised text is.
    pub(super) fn normalised(target: u8) -> Targets {
        Targets::of(&[ANY, target])
    }

    /// What a file of these types is, as it stands. HTML and texts have targets of their own for
    /// what becomes of them.
    pub(super) fn raw(types: &Types, octets: &[u8]) -> Targets {
        let mut set = Targets::of(&[ANY]);
        for kind in types.iter() {
            let rows = BY_NAME.iter().filter(|row| is_of(kind, &[row.0]));
            set.0 |= rows.fold(0, |set, row| set | 1 << row.1);
            set.0 |= match kind.family() {
                Family::Image => 1 << GRAPHICS,
                Family::Email => 1 << MAIL,
                _ => 0,
            };
        }
        // A text of one type may be a program all the same: its first octets decide as well.
        set.0 |= match octets.first_chunk::<4>() {
            Some([b'M', b'Z', ..]) => 1 << PE,
            Some([0x7f, b'E', b'L', b'F']) => 1 << ELF,
            Some([0xd0, 0xcf, 0x11, 0xe0]) => 1 << OLE,
            _ => 0,
        };
        set
    }
}

/// Target types that exist.
pub(super) fn is_known(target: u8) -> bool {
    target <= JAVA && target != 8
}

#[cfg(test)]
mod tests {
    use unpack::Origin;

    use super::*;

    fn types(name: &str) -> Types {
        Types::of(FileType::named(name).unwrap_or(filetype::kinds::UNKNOWN))
    }

    #[test]
    fn types_have_their_targets() {
        let cases = [("pe-dll", PE), ("elf", ELF), ("doc", OLE), ("pdf", PDF), ("png", GRAPHICS)];
        for (name, target) in cases {
            let set = Targets::raw(&types(name), b"");
            assert!(set.has(target) && set.has(ANY) && !set.has(JAVA), "{name}");
        }
        assert!(Targets::raw(&types("text"), b"MZ..").has(PE));
        assert!(!Targets::raw(&types("unknown"), b"").has(255));
    }

    #[test]
    fn containers_are_asked_from_the_inside_out() {
        let (zip, gzip, text) = (types("zip"), types("gzip"), types("text"));
        let specimen = |types, parent| Specimen {
            place: "1",
            name: "",
            origin: Origin::Part,
            types,
            octets: b"",
            depth: 0,
            parent,
        };
        let outer = specimen(&gzip, None);
        let middle = specimen(&zip, Some(&outer));
        let inner = specimen(&text, Some(&middle));
        assert!(is_inside(&inner, "CL_TYPE_ZIP", "") && !is_inside(&inner, "CL_TYPE_GZ", ""));
        assert!(is_inside(&outer, "CL_TYPE_ANY", "") && !is_inside(&inner, "CL_TYPE_ANY", ""));
        assert!(is_inside(&outer, "CL_TYPE_MAIL", ""));
        assert!(is_inside(&inner, "", "CL_TYPE_GZ>CL_TYPE_ZIP"));
        assert!(is_inside(&inner, "", "CL_TYPE_ANY>CL_TYPE_ZIP"));
        assert!(!is_inside(&inner, "", "CL_TYPE_ZIP>CL_TYPE_GZ"));
        assert!(!is_inside(&inner, "CL_TYPE_UNHEARD_OF", ""));
    }
}
